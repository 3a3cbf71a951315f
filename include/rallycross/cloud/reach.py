"""Checks which services of a catalog answer. A catalog may have unreachable addresses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session

from rallycross.cloud.access import Access
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, BadAnswer, SignInFailed, plain
from rallycross.settings import settings

AT_ONCE = 8  # services that are checked at the same time


def silent_services(cloud: Cloud, access: Access) -> dict[str, str]:
    """Return the services whose endpoint does not answer, or answers with a server error, with the reason."""
    verify, shown = cloud.region().get_requests_verify_args()
    session = Session(verify=verify, cert=shown, timeout=settings().reach_limit)

    def ask(url: str) -> str:
        try:  # any answer will do; a useful one may need a token
            status = session.get(url, authenticated=False, raise_exc=False, log=False).status_code
        except (ClientException, ApiError, BadAnswer) as error:
            return plain(" ".join(str(error).split()))
        return f"{url} answers with {status}" if status >= 500 else ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = pool.map(ask, access.endpoints.values())
        return {kind: what for kind, what in zip(access.endpoints, said, strict=True) if what}


def check_clock(cloud: Cloud, access: Access, now: datetime) -> None:
    """Raise `SignInFailed` if a new token has already expired: every request would be refused or sign in again."""
    if access.expires is not None and access.expires <= now:
        behind = f"{(now - access.issued).total_seconds():.0f} s behind" if access.issued else "behind"
        raise SignInFailed(
            f"cloud {cloud.name}: its new token has already expired: the cloud's clock is {behind} this machine's"
            " - set both clocks (chrony, NTP)"
        )
