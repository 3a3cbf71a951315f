"""Files that are not task files, or have the other format."""

import pytest

from rallycross import catalogue
from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.task import load
from rallycross.userfile import decoded

NO_TASK_FILE = "t.yaml: is not a task file, but "
V2 = "version: 2\ntitle: T\nsubtasks:\n- title: a\n  scenario: {Dummy.dummy: {}}\n"


def complaints(text: str) -> str:
    """Return what is wrong with a text."""
    with pytest.raises(InvalidInput) as caught:
        load(text, file="t.yaml", known=catalogue.known())
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# made by\n[DEFAULT]\ndebug = true\n[auth]\n", "a configuration file with sections, such as a tempest.conf"),
        ("- hosts: all\n  tasks: []\n", "an Ansible playbook"),
        ('{"info": {"format_version": "1.2"}, "tasks": []}', "results of Rally - import them: ./rallycross results"),
        ('[{"key": {"name": "a"}, "result": [], "load_duration": 1}]', "results of Rally"),
        ("#\nexport OS_AUTH_URL=http://x\nexport OS_USERNAME=a\n", "an openrc - name it under `openrc`"),
        ("<!DOCTYPE html><html><body>{{ x }}</body></html>", "an HTML page"),
        ("<testsuite/>", "XML - import test results"),
        ("#!/bin/sh\necho", "a program"),
        ("clouds:\n  a: {}", "a clouds.yaml"),
        ((CHECKOUT / "include" / "clouds" / "embedded.yaml").read_text(), "a cloud spec - deploy it"),
        ('{"existing@openstack": {"auth_url": "x"}}', "a deployment or an environment of Rally"),
        ("heat_template_version: 2013-05-23\n", "a Heat template"),
        ("-----BEGIN CERTIFICATE-----\n", "a key or a certificate"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(text: str, kind: str) -> None:
    """A file of a recognized other kind is one complaint, not twenty about its keys."""
    assert complaints(text).startswith(f"{NO_TASK_FILE}{kind}")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4\n\xe2\xe3", "a PDF document"),
        (b"\x1f\x8b\x08\xff", "compressed by gzip"),
        (b"\xb3\x29", "a subunit"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(content: bytes, kind: str) -> None:
    """A binary file is named by its kind if its first bytes show it."""
    with pytest.raises(InvalidInput, match=f"f: is {kind}.*, not text - name a file of text"):
        decoded(content, "f")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{V2}  runner: {{type: constant, times: 3, concurrency: 2}}\n",
            (
                "t.yaml:6:3: subtasks[0].runner: in format v2 a runner's name is its key, not its `type` - write "
                "`runner: {constant: {times: 3, concurrency: 2}}`"
            ),
        ),
        (
            "Dummy.dummy:\n- runner: {constant: {times: 3}}\n",
            (
                "t.yaml:2:3: Dummy.dummy[0].runner: in format v1 a runner's name is its `type` - write "
                "`runner: {type: constant, times: 3}`"
            ),
        ),
    ],
)
def test_a_runner_of_the_other_format_is_told_how_to_write_it(text: str, said: str) -> None:
    """A runner in the form of the other format is one complaint, with a remedy to copy."""
    assert complaints(text) == said


def test_scenarios_of_plugins_are_told_apart_from_slips_of_the_pen() -> None:
    """For an unknown group of scenarios, plugins are mentioned; for a typing error, what was meant."""
    assert "Rally plugins such as xrally-kubernetes" in complaints("Kubernetes.create_and_delete_pod: [{}]")
    assert "Rally plugins" in complaints("MyCompany.create_everything: [{}]")
    assert "did you mean NovaServers.list_servers" in complaints("NovaServer.list_servers: [{}]")


@pytest.mark.parametrize(
    "scenario",
    [
        "NovaServers.boot_and_delete_server:\n- args: {image: {name: c}, flavor: {name: f}, metaa: 1}",
        "CinderVolumes.create_and_delete_volume:\n- args: {size: 1, metadatum: 1}",
        "KeystoneBasic.create_delete_user:\n- args: {nme_length: 1}",
    ],
)
def test_an_argument_that_rally_passes_on_is_a_warning(scenario: str) -> None:
    """If Rally's scenario accepts any argument, one without effect is a warning."""
    task = load(scenario, file="t.yaml", known=catalogue.known())
    assert [warning.line for warning in task.warnings] == [2]
    assert "has no effect: the scenario has no such argument" in str(task.warnings[0])
    assert not {"metaa", "metadatum", "nme_length"} & task.workloads[0].args.keys()


def test_an_argument_that_rally_refuses_is_refused() -> None:
    """If Rally's scenario does not accept other arguments, one more is an error."""
    assert "args.detaild: unknown argument" in complaints("NovaServers.list_servers: [{args: {detaild: true}}]")
