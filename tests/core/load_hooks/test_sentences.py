"""Sentences about faults, and the scripts that they stand for."""

import subprocess
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.catalogue import known
from rallycross.load_hooks.faults.scripts import Supervised, Systemd, network_fault, node_fault
from rallycross.load_hooks.faults.sentence import (
    NODE_ACTS,
    ONE,
    SERVICE_ACTS,
    NotUnderstood,
    Sentence,
    understand,
)

_WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("restart keystone service", Sentence("restart", "keystone")),
        ("kill nova-api service on one node", Sentence("kill", "nova-api", node=ONE)),
        ("Stop  nova-api Service on random node", Sentence("stop", "nova-api", node=ONE)),
        ("terminate nova-api service on all nodes", Sentence("terminate", "nova-api")),
        ("start nova-api service on nodes", Sentence("start", "nova-api")),
        ("freeze mysql service on single node for 5 seconds", Sentence("freeze", "mysql", node=ONE, seconds=5)),
        ("freeze mysql service for 1 second", Sentence("freeze", "mysql", seconds=1)),
        ("unfreeze mysql service on ctl1.example.com node", Sentence("unfreeze", "mysql", node="ctl1.example.com")),
        ("reboot one node", Sentence("reboot", node=ONE)),
        ("reset nodes", Sentence("reset")),
        ("poweroff ctl1 node", Sentence("poweroff", node="ctl1")),
        ("reboot one node with mysql service", Sentence("reboot", "mysql", node=ONE)),
        ("disconnect storage network on ctl1 node", Sentence("disconnect", network="storage", node="ctl1")),
        ("connect br-ex network on nodes with mysql service", Sentence("connect", "mysql", "br-ex")),
    ],
)
def test_a_sentence_is_understood(text: str, meant: Sentence) -> None:
    """Each of os-faults' sentences means what it says; upper case and blanks do not matter."""
    assert understand(text) == meant


@pytest.mark.parametrize(
    "text", ["", "restart", "restart nova", "frob nova service", "kill a service for 5 seconds", "x reboot one node"]
)
def test_what_is_no_sentence_is_refused_by_plan(text: str) -> None:
    """What is not understood is a flaw of the task file, told with all that can be said."""
    [flaw] = known().actions["fault_injection"]({"action": text})
    assert flaw.path == ("action",)
    assert "<service> service" in flaw.what


@given(st.text(max_size=80))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """No text makes the parser do anything else."""
    with suppress(NotUnderstood):
        assert understand(text).act


@given(act=st.sampled_from(SERVICE_ACTS), service=_WORD, node=_WORD)
def test_names_come_through_as_they_are(act: str, service: str, node: str) -> None:
    """A service and a node keep their names, upper case too, unless the node's is a word of the language."""
    found = understand(f"{act} {service} service on {node} nodes")
    assert (found.act, found.service) == (act, service)
    assert found.node == ("" if node == "all" else ONE if node in {"one", "random", "single", "some"} else node)


@pytest.mark.parametrize(
    ("config", "path", "what"),
    [
        ("kill it", (), "must be a mapping, not 'kill it'"),
        ({}, (), "lacks the key 'action'"),
        ({"action": "reboot node", "verifi": True}, ("verifi",), "unknown key"),
        ({"action": "reboot node", "hosts": {"a": {}}}, ("hosts", "a"), "lacks the key 'host'"),
    ],
)
def test_a_bad_configuration_is_told(config: Any, path: tuple[Any, ...], what: str) -> None:
    """What is wrong with a hook's configuration is told with its place."""
    assert (path, what) in [(flaw.path, flaw.what) for flaw in known().actions["fault_injection"](config)]


@pytest.mark.parametrize("command", ["", "   ", "echo 'open", 5])
def test_a_command_that_is_none_is_told(command: Any) -> None:
    """`sys_call` must be a text that can be split into words, one at least."""
    assert known().actions["sys_call"](command)


@pytest.mark.parametrize(
    ("act", "do", "undo"),
    [
        ("restart", "restart u.1", ""),
        ("stop", "stop u.1", "start u.1"),
        ("terminate", "kill --signal=TERM u.1", "start u.1"),
        ("kill", "kill --signal=KILL u.1", "start u.1"),
        ("start", "start u.1", ""),
        ("freeze", "kill --signal=STOP u.1", "kill --signal=CONT u.1"),
        ("unfreeze", "kill --signal=CONT u.1", ""),
    ],
)
def test_acts_on_a_unit_are_systemctls(act: str, do: str, undo: str) -> None:
    """Each act on a service of systemd is one call as root, of the unit that stands for the service."""
    scripts = Systemd({"api": "u.1"}).fault(act, "api")
    assert scripts.do.splitlines()[-1] == f"as_root systemctl {do}"
    assert scripts.undo.splitlines()[-1:] == ([f"as_root systemctl {undo}"] if undo else [])


def test_every_script_is_bash() -> None:
    """Bash can read each script, whatever stands in a service's name."""
    scripts = [
        services.fault(act, "it's; $(here)")
        for services in (Supervised("/a b"), Systemd({"it's": "x"}))
        for act in SERVICE_ACTS
    ]
    scripts += [node_fault(act) for act in NODE_ACTS] + [
        network_fault(act, "eth0", 22) for act in ("disconnect", "connect")
    ]
    texts = [text for one in scripts for text in (one.do, one.undo)]
    for text in [*texts, Supervised("/a b").list(), Systemd({"it's": "x"}).list()]:
        subprocess.run(["bash", "-n"], input=text, text=True, check=True, capture_output=True)
