"""Accounts that a user provides for the tests (tempest's accounts.yaml), checked before anything is created.

Tempest itself checks an account only when a test class takes it, and then fails the class.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity.v3 import Password

from rallycross.cloud.errors import ApiError
from rallycross.cloud.session import CloudSession
from rallycross.errors import Complaint, InvalidInput, RallycrossError, did_you_mean
from rallycross.settings import settings
from rallycross.userfile import read_text
from rallycross.verification.facts import Keystone
from rallycross.yamlfile import parse, place

PER_CLASS = 2  # ordinary accounts that a test class may need: one, and an `alt` of another project
AT_ONCE = 4  # accounts that are tried at the same time
SCOPES = ("project_name", "tenant_name", "domain_name", "system")
KEYS = {
    *("username", "password", *SCOPES, "user_domain_name", "project_domain_name"),
    *("user_id", "user_domain_id", "project_id", "project_domain_id", "domain_id", "tenant_id"),
    *("roles", "types", "resources"),
}
_DEFAULT_DOMAIN = "Default"  # where tempest looks for a user without a domain


@dataclass(frozen=True)
class Accounts:
    """The accounts of a file."""

    file: str
    all: tuple[Mapping[str, Any], ...]

    @property
    def ordinary(self) -> int:
        """The number of project accounts that are not administrators, which any test class can use."""
        return sum("admin" not in _roles(account) and "system" not in account for account in self.all)

    @property
    def summary(self) -> str:
        """The number of accounts in all and by role: a test class that needs a missing role fails."""
        roles = Counter(role for account in self.all for role in _roles(account))
        of_roles = ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))
        return f"{len(self.all)} accounts were given{f': {of_roles}' if of_roles else ''}"

    def check_number(self, concurrency: int) -> None:
        """Raise if there are too few accounts for the concurrency: tempest fails a class that finds none."""
        if self.ordinary < PER_CLASS * concurrency:
            raise RallycrossError(
                f"{self.file}: has {self.ordinary} ordinary accounts, and {concurrency} tests at a time take "
                f"{PER_CLASS} each - add accounts, or run fewer tests at a time (--concurrency)"
            )

    def check_sign_in(self, keystone: Keystone) -> None:
        """Sign in with each account; raise if one is refused."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            said = list(pool.map(lambda account: _signed_in(account, keystone), self.all))
        if refused := [one for one in said if one]:
            more = f"; nor with {len(refused) - 1} more" if len(refused) > 1 else ""
            raise RallycrossError(f"{self.file}: cannot sign in with the account {refused[0]}{more} - correct the file")


def read(path: str) -> Accounts:
    """Return the accounts of a file; raise `InvalidInput` with all complaints and their places."""
    found, places = parse(read_text(path, remedy="name an accounts.yaml of tempest's"), path)
    if not isinstance(found, list) or not found:
        what = "not a list of accounts, each with username, password and project_name"
        raise InvalidInput([Complaint(path, 0, 0, "", what, "tempest account-generator makes such a file")])
    complaints = [
        Complaint(path, *place(places, (number, *key)), f"[{number}]{''.join(f'.{one}' for one in key)}", what, remedy)
        for number, account in enumerate(found)
        for key, what, remedy in _wrong(account)
    ]
    if complaints:
        raise InvalidInput(complaints)
    return Accounts(path, tuple(found))


def _roles(account: Mapping[str, Any]) -> set[str]:
    return {*account.get("roles", ()), *account.get("types", ())}


def _wrong(account: Any) -> list[tuple[tuple[str, ...], str, str]]:
    """Return what is wrong with an account: key, problem and remedy."""
    if not isinstance(account, dict):
        return [((), "not a mapping", "write username, password and project_name")]
    wrong: list[tuple[tuple[str, ...], str, str]] = [
        ((str(key),), "unknown key", did_you_mean(str(key), KEYS)) for key in account if key not in KEYS
    ]
    wrong += [
        ((), f"has no {key}", "every account needs it, as text")
        for key in ("username", "password")
        if not isinstance(account.get(key), str) or not account[key]
    ]
    if not any(account.get(key) for key in SCOPES):
        wrong.append(((), "has no project", "write project_name (or domain_name alone, or system: all)"))
    wrong += [
        ((key,), "not a list of names", "write one on each line, with a dash before it")
        for key in ("roles", "types")
        if not _words(account.get(key, []))
    ]
    return wrong


def _words(found: Any) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str) and all(isinstance(one, str) for one in found)


def _signed_in(account: Mapping[str, Any], keystone: Keystone) -> str:
    """Return "", or the name of the account and why the cloud refuses it."""
    domain = account.get("domain_name") or _DEFAULT_DOMAIN
    scope: dict[str, Any] = {"domain_name": account.get("domain_name")}
    if project := account.get("project_name") or account.get("tenant_name"):
        scope = {"project_name": project, "project_domain_name": account.get("project_domain_name") or domain}
    elif account.get("system"):
        scope = {"system_scope": account["system"]}
    password = Password(
        keystone.auth_url,
        username=account["username"],
        password=account["password"],
        user_domain_name=account.get("user_domain_name") or domain,
        **scope,
    )
    try:
        password.get_access(CloudSession(verify=keystone.ca_file or keystone.verify, timeout=settings().sign_in_limit))
    except (ClientException, ApiError) as error:
        return f"{account['username']} ({error})"
    return ""
