"""A verification that cannot begin says why."""

import fcntl
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from verifiable_cloud import VerifiableCloud

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.verification.cleanup import clean
from rallycross.verification.facts import Facts, Keystone
from rallycross.verification.provisions import provide
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult
from rallycross.verification.verify import VerificationRequest, as_expected, options_of, verify


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Return a bound port that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def cloud(port: int, **auth: str) -> Cloud:
    """Return a cloud at a port of this machine."""
    entry = {"auth_url": f"http://127.0.0.1:{port}", "project_name": "admin", **auth}
    return Cloud("mine", {"auth": entry, "region_name": "RegionOne"})


def refused(cloud: Cloud, chosen: str, workspace: Path) -> str:
    """Return the message of a verification that must not begin."""

    def never(*_: Any) -> None:
        raise AssertionError("it began")

    def no_result(_: TestResult) -> None:
        raise AssertionError("a test was run")

    request = VerificationRequest(Choice(set=chosen), concurrency=1)
    environments = workspace.parent / "environments"
    with pytest.raises(RallycrossError) as told:
        verify(
            cloud,
            request,
            workspace=workspace,
            environments=environments,
            begin=never,
            record=no_result,
            stop=threading.Event(),
        )
    assert not environments.exists()
    return str(told.value)


def test_an_unknown_set_is_refused_before_anything_is_touched(dead_port: int, tmp_path: Path) -> None:
    """An unknown set is refused before cloud and workspace are used."""
    said = refused(cloud(dead_port), "smoek", tmp_path / "w")
    assert "did you mean smoke?" in said
    assert not (tmp_path / "w").exists()


def test_a_cloud_that_does_not_answer_is_named(dead_port: int, tmp_path: Path) -> None:
    """The message has cloud, URL and remedy, and no tempest.conf has been written."""
    said = refused(cloud(dead_port, username="admin", password="secret"), "quick", tmp_path)
    assert "cloud 'mine': cannot sign in" in said
    assert f"http://127.0.0.1:{dead_port}" in said
    assert "secret" not in said
    assert (tmp_path / "tempest.conf").read_text() == ""


def test_a_cloud_that_keeps_silent_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A server that accepts connections and never answers ends the run like a dead one."""
    monkeypatch.setenv("RALLYCROSS_SIGN_IN_LIMIT", "0.5")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = refused(cloud(silent.getsockname()[1], username="admin", password="secret"), "quick", tmp_path)
    assert "cloud 'mine': cannot sign in" in said


def test_two_verifications_do_not_share_a_workspace(dead_port: int, tmp_path: Path) -> None:
    """A second verification is refused while the first runs, and does not end the first one's processes."""
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = refused(cloud(dead_port, username="admin", password="secret"), "quick", tmp_path)
    assert "another verification is running there" in said


def test_cleaning_up_on_a_cloud_that_is_gone_says_what_may_be_left(dead_port: int) -> None:
    """The dead cloud does not hide why the run ended: possible leftovers are in the result, and not raised."""
    cleaned = clean(cloud(dead_port, username="admin", password="secret").connect(), "tempest-1")
    assert cleaned.deleted == 0
    assert len(cleaned.remaining) == 1
    assert "left in the cloud, to be deleted by hand: resources named tempest-1-*" in str(cleaned)


def test_what_bears_the_name_is_deleted_in_anybodys_project() -> None:
    """With given accounts resources of the run are deleted in the projects of these, and nothing else is."""
    with VerifiableCloud() as small:
        small.things["networks"] = {
            number: {"id": number, "name": name, "project_id": "given"}
            for number, name in (("n1", "tempest-1-network"), ("n2", "mine"), ("n3", "tempest-12-network"))
        }
        cleaned = clean(small.cloud().connect(), "tempest-1")
        assert (cleaned.deleted, cleaned.remaining) == (1, [])
        assert set(small.things["networks"]) == {"n2", "n3"}


def test_an_external_network_is_made_where_there_is_none_or_the_reason_is_told() -> None:
    """A cloud that refuses an external network is verified without floating IPs."""
    facts = Facts(Keystone("http://k/v3"), frozenset({"network"}), network_extensions=("external-net", "router"))
    with VerifiableCloud() as small:
        connection = small.cloud().connect()
        found, _, _ = provide(connection, facts, "tempest-1", admin=False)
        assert [(network.name, network.made) for network in found.external_networks] == [("tempest-1-public", True)]
        assert found.no_external_network == ""
        small.refuse["POST network /subnets"] = 403
        found, _, _ = provide(connection, facts, "tempest-1", admin=False)
        assert found.external_networks == ()
        assert "has no external network and refused a new one" in found.no_external_network
        assert "as you wish" in found.no_external_network
        clean(connection, "tempest-1")
        assert small.count("networks") == 0


def test_accounts_are_tempests() -> None:
    """A project with a file of accounts is refused."""
    with pytest.raises(RallycrossError, match="only tempest takes a file of accounts"):
        VerificationRequest(Choice(set="full"), Source("project", "x"), accounts="/etc/accounts.yaml")


def test_a_request_is_kept_whole() -> None:
    """A request survives its JSON form."""
    request = VerificationRequest(
        Choice(tests=("a.b",), skips={"c": "d"}),
        Source("tempest", "46.2.0", ("octavia-tempest-plugin",)),
        concurrency=4,
        options={"compute.image_ref": "x"},
        accounts="/etc/accounts.yaml",
    )
    assert VerificationRequest.of(json.loads(json.dumps(request.data()))) == request


@pytest.mark.parametrize(("status", "becomes"), [("fail", "xfail"), ("success", "uxsuccess"), ("skip", "skip")])
def test_what_was_expected_is_told_as_such(status: Any, becomes: str) -> None:
    """An expected failure is not a failure, an unexpected success is one, and a skip stays a skip."""
    found = as_expected(TestResult("a.b", status, 1.0, 2.0), {"a.b": "a known bug"})
    assert found.status == becomes
    assert found.reason == ("a known bug" if status != "skip" else "")
    assert as_expected(TestResult("a.c", status, 1.0, 2.0), {"a.b": "a known bug"}).status == status


def test_options_are_named_values() -> None:
    """The value of an option may have equals signs; an option without one is refused."""
    assert options_of(["a.b = c=d", "E=f"]) == {"a.b": "c=d", "E": "f"}
    with pytest.raises(RallycrossError, match="'x': not of the form NAME=VALUE"):
        options_of(["x"])
