"""The wait for a server that boots: what passes is waited for, and what does not pass is told at once."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import paramiko
import pytest
from sites import a_site
from ssh_server import NoServerError, ssh_server

from rallycross.deployment import Site, booting
from rallycross.deployment.server import Server
from rallycross.errors import RallycrossError


@pytest.fixture(name="account")
def _account(tmp_path: Path) -> Iterator[dict[str, object]]:
    (tmp_path / "ssh").mkdir()
    try:
        with ssh_server(tmp_path / "ssh") as account:
            yield account
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path)
    yield site
    site.close()


@pytest.fixture(name="meanwhile")
def _meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return what says what happens between two attempts; without it there may be no second one."""

    def happens(act: Callable[[], object]) -> None:
        monkeypatch.setattr(booting, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: act()))

    happens(lambda: pytest.fail("it is waited for in vain"))
    return happens


def a_server(account: dict[str, object], key: object) -> Server:
    """Return the server, as one that this key is to let us in to."""
    return Server("mine-1", "127.0.0.1", str(account["username"]), int(str(account["port"])), str(key))


def test_a_key_that_is_not_let_in_yet_is_tried_again(
    account: dict[str, object], site: Site, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """A server that refuses the key at first, as before cloud-init has put it there, is signed in to once it does."""
    allowed = Path(f"{account['key_filename']}.pub")

    def put() -> None:
        allowed.write_text(allowed.read_text() + site.public_key)

    meanwhile(put)
    assert booting.wait_for_sign_in(site, a_server(account, site.key), limit=60).run("echo in").out == "in\n"


def test_what_stays_refused_is_told_in_the_end(
    account: dict[str, object], site: Site, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """After the limit, the last attempt's error is raised: a refusal, or no answer."""
    meanwhile(lambda: None)
    server = a_server(account, site.key)
    with pytest.raises(RallycrossError, match="SSH refuses the key"):
        booting.wait_for_sign_in(site, server, limit=0.1)
    with pytest.raises(RallycrossError, match="cannot be reached"):
        booting.wait_for_sign_in(site, replace(server, port=1), limit=0.1)


def test_what_does_not_pass_is_told_at_once(
    account: dict[str, object], site: Site, tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """A key that cannot be read, and a host key that is another than before, are not waited for."""
    del meanwhile
    os.mkfifo(tmp_path / "pipe")
    for key in (tmp_path / "none", tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(RallycrossError, match="cannot be read"):
            booting.wait_for_sign_in(site, a_server(account, key), limit=60)
    key = paramiko.ECDSAKey.generate(bits=256)
    known = f"[127.0.0.1]:{account['port']} {key.get_name()} {key.get_base64()}\n"
    (tmp_path / "known_hosts").write_text(known)
    with pytest.raises(RallycrossError, match="its host key has changed"):
        booting.wait_for_sign_in(site, a_server(account, account["key_filename"]), limit=60)
