"""Reading task files."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rallycross import catalogue
from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.task import load
from rallycross.task.flaw import Flaw, by_schema
from rallycross.task.known import ContextSignature, Known, Parameter, Signature
from rallycross.task.plan import Hook, Task

QUICKSTART = "include/recipes/quickstart.yaml"


def read(text: str, **args: Any) -> Task:
    """Read a task file."""
    return load(text, file="task.yaml", args=args, known=catalogue.known())


def complaints(text: str, **args: Any) -> list[str]:
    """Return the complaints about an invalid task file."""
    with pytest.raises(InvalidInput) as caught:
        read(text, **args)
    return [str(complaint) for complaint in caught.value.complaints]


def simple(**more: Any) -> str:
    """Return a file of one simple subtask."""
    subtask = {"title": "Sign in", "scenario": {"Authenticate.keystone": {}}, **more}
    return yaml.safe_dump({"version": 2, "title": "T", "subtasks": [subtask]}, sort_keys=False)


def test_the_quickstart_is_a_task_of_seven_scenarios() -> None:
    """The shipped recipe reads without a complaint and uses seven scenarios of services once."""
    text = (CHECKOUT / QUICKSTART).read_text()
    task = load(text, file=QUICKSTART, known=catalogue.known())
    used = {workload.scenario for workload in task.workloads}
    assert len(used) == 7
    assert all(catalogue.known().scenarios[name].services for name in used)
    assert [workload.position for workload in task.workloads] == list(range(7))
    assert task.source == text
    assert all(workload.sla["failure_rate"] == {"max": 0} for workload in task.workloads)
    assert task.workloads[0].place == f"{QUICKSTART}:{text.splitlines().index('      Authenticate.keystone: {}') + 1}"


def test_task_arguments_fill_in_the_quickstart() -> None:
    """Image and flavor of the recipe can be given as arguments, as a mapping or as text."""
    text = (CHECKOUT / QUICKSTART).read_text()
    for args in ({"image": "debian"}, "image=debian", "image: debian", '{"image": "debian"}'):
        task = load(text, file=QUICKSTART, args=args, known=catalogue.known())
        assert task.workloads[3].args["image"] == {"name": "debian"}


def test_what_is_left_out_has_rallys_defaults() -> None:
    """Defaults are the runner `serial`, an SLA without failures, and the contexts that the scenario needs."""
    [workload] = read(simple()).workloads
    assert (workload.runner, workload.runner_args) == ("serial", {})
    assert workload.sla == {"failure_rate": {"max": 0}}
    assert workload.contexts == {"users": {}}
    assert workload.description == "Get a new token from keystone."


def test_an_empty_sla_is_no_sla() -> None:
    """`sla: {}` means no criteria, unlike a missing `sla`."""
    assert read(simple(sla={})).workloads[0].sla == {}


def test_an_administrators_scenario_needs_no_users() -> None:
    """A scenario that acts only as the administrator gets no users by default."""
    [workload] = read(simple(scenario={"KeystoneBasic.create_delete_user": {}})).workloads
    assert workload.contexts == {"admin_cleanup": ["keystone"]}


def test_names_may_carry_their_platform() -> None:
    """`name@platform` is the same as the name."""
    text = simple(
        scenario={"Authenticate.keystone@openstack": {}},
        runner={"constant@default": {"times": 2}},
        contexts={"users@openstack": {"tenants": 2}},
        sla={"failure_rate@default": {"max": 1}},
    )
    [workload] = read(text).workloads
    assert (workload.scenario, workload.runner) == ("Authenticate.keystone", "constant")
    assert (workload.contexts, workload.sla) == ({"users": {"tenants": 2}}, {"failure_rate": {"max": 1}})
    assert (
        "unknown scenario 'Authenticate.keystone@mars'"
        in complaints(simple(scenario={"Authenticate.keystone@mars": {}}))[0]
    )


def test_a_complex_subtask_has_workloads() -> None:
    """Workloads of all subtasks are numbered in the order in which they run; title, group and tags are kept."""
    text = """
version: "2"
title: T
tags: [a]
subtasks:
  - title: both
    group: g
    tags: [b]
    run_in_parallel: true
    workloads:
      - {scenario: {Authenticate.keystone: {}}, description: first}
      - {scenario: {NovaServers.list_servers: {detailed: false}}}
  - {title: third, scenario: {Authenticate.keystone: {}}}
"""
    task = read(text)
    assert [workload.position for workload in task.workloads] == [0, 1, 2]
    assert [subtask.title for subtask in task.subtasks] == ["both", "third"]
    assert (task.tags, task.subtasks[0].group, task.subtasks[0].tags) == (("a",), "g", ("b",))
    assert [workload.description for workload in task.workloads[:2]] == ["first", "List the servers of a project."]


def test_all_complaints_come_at_once_with_place_and_remedy() -> None:
    """All kinds of mistakes in one file are reported in order of place, with file, line, column, key and remedy."""
    text = """\
version: 2
titel: T
subtasks:
  - title: one
    scenario:
      NovaServers.boot_and_delete_servr: {}
    runner:
      constnt: {times: 1}
  - title: two
    scenario:
      NovaServers.boot_and_delete_server:
        image: cirros
        flavour: {name: tiny}
        min_sleep: -1
        meta: {a: 1}
    runner:
      constant: {times: 2, concurrency: 3}
    contexts:
      users: {tenants: none}
    sla:
      max_avg_duration: -3
"""
    boot = "subtasks[1].scenario.NovaServers.boot_and_delete_server"
    wrong = "NovaServers.boot_and_delete_servr"
    meant = (
        "NovaServers.boot_and_delete_server or NovaServers.boot_and_update_server or NovaServers.boot_and_list_server"
    )
    too_many = "3 at a time is more than the 2 iterations in all - lower `concurrency` to 2 or raise `times` to 3"
    assert complaints(text) == [
        "task.yaml:1:1: lacks the key 'title' - add `title:`",
        "task.yaml:2:1: titel: unknown key - did you mean title?",
        f"task.yaml:6:7: subtasks[0].scenario.{wrong}: unknown scenario '{wrong}' - did you mean {meant}?",
        "task.yaml:8:7: subtasks[0].runner.constnt: unknown runner 'constnt' - did you mean constant?",
        f"task.yaml:11:7: {boot}: lacks the argument 'flavor' - add `flavor:`",
        f"task.yaml:12:9: {boot}.image: must be a mapping, not 'cirros'",
        f"task.yaml:13:9: {boot}.flavour: unknown argument - did you mean flavor?",
        f"task.yaml:14:9: {boot}.min_sleep: must be 0 or more, not -1",
        f"task.yaml:15:16: {boot}.meta.a: must be a string, not 1",
        f"task.yaml:17:28: subtasks[1].runner.constant.concurrency: {too_many}",
        "task.yaml:19:15: subtasks[1].contexts.users.tenants: must be a whole number, not 'none'",
        "task.yaml:21:7: subtasks[1].sla.max_avg_duration: must be a number of seconds above 0, not -3",
    ]


def test_what_the_dialect_forbids_hides_nothing_else() -> None:
    """A duplicate key, a merge key and a character that cannot be stored are reported with all other mistakes."""
    text = """\
version: 2
title: T
title: "\\ud800"
subtasks:
  - &one
    title: one
    scenario: {Dummy.dumy: {}}
  - <<: *one
    runner: {serial: {times: 0}}
  - title: date
    scenario: {Dummy.dummy: {sleep: 2001-99-99}}
"""
    told = complaints(text.replace("2001-99-99", "-1"))
    assert [one.split(" - ")[0].split(": ", 1)[1] for one in told] == [
        "title: duplicate key",
        "title: the character U+D800, which cannot be stored",
        "subtasks[0].scenario.Dummy.dumy: unknown scenario 'Dummy.dumy'",
        "subtasks[1]: merge key '<<'",
        "subtasks[1].scenario.Dummy.dumy: unknown scenario 'Dummy.dumy'",
        "subtasks[1].runner.serial.times: must be 1 or more, not 0",
        "subtasks[2].scenario.Dummy.dummy.sleep: must be 0 or more, not -1",
    ]
    assert [one.split(": ", 1)[1] for one in complaints(text) if "valid YAML" in one or "duplicate" in one] == [
        "not valid YAML: month must be in 1..12",
        "title: duplicate key - remove one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "task.yaml:1:1: the file is empty"),
        ("# a\n", "task.yaml:1:1: the file has nothing but comments"),
        ("{% if no|d(0) %}x{% endif %}", "task.yaml:1:1: the template renders to nothing"),
        ("null", "task.yaml:1:1: must be a mapping, not null"),
        ("[1, 2]", "task.yaml:1:1: must be a mapping, not a list"),
        ("a: [", "task.yaml:1:5: not valid YAML"),
        ("version: 2\nversion: 2", "task.yaml:2:1: version: duplicate key - remove one of the two"),
        ("a: &a {b: 1}\nc: {<<: *a}", "task.yaml:2:5: c: merge key '<<' - write the keys out"),
        ("version: 3\ntitle: T\nsubtasks: []", "task.yaml:1:1: version: must be 2 or '2', not 3"),
        ("version: 1\ntitle: T", "task.yaml:1:1: version: a file of format v1 has no version - leave it out"),
        ("title: T\nsubtasks: []", "task.yaml:1:1: lacks the key 'version' - add `version:`"),
        ('{"Authenticate.keystone": [null]}', "Authenticate.keystone[0]: must be a mapping, not null"),
        ('{"Authenticate.keystone": null}', "Authenticate.keystone: must be a list, not null"),
        ('{"Authenticate.keystone": [{"contexts": {}}]}', "[0].contexts: unknown key - did you mean context?"),
        ('{"Authenticate.keystone": [{"runner": {"times": 1}}]}', "[0].runner: lacks the key 'type' - add `type:`"),
        ('{"Authenticate.keystone": [{"args": {"a": 1}}]}', "Authenticate.keystone[0].args.a: unknown argument"),
        (
            "Authenticate.keystone: [{hooks: [{name: a, args: 1, trigger: {unit: time, at: [1]}}]}]",  # until 2017
            "Authenticate.keystone[0].hooks[0].trigger: lacks the key 'name'",
        ),
        (simple(tags=["x" * 256]), "subtasks[0].tags[0]: has 256 characters; the limit is 255"),
        (simple(sla={"max_avg_duration": 10**30}), "the number is too large"),
        (simple(runner={"constant": {"times": 4.0}}), "constant.times: must be a whole number, not 4.0"),
        (simple(contexts={"users": {"tenants": 2.0}}), "users.tenants: must be a whole number, not 2.0"),
        ("version: [1]\ntitle: T\nsubtasks: []", "version: must be 2 or '2', not a list"),
        ("version: 2\ntitle: T\nsubtasks: []\ntiming: old", "timing: must be 'intended' or 'rally', not 'old'"),
        (simple(scenario=None), "task.yaml:5:3: subtasks[0].scenario: must be a mapping, not null"),
        (simple(scenario={}), "task.yaml:5:3: subtasks[0].scenario: must have 1 key or more"),
        (simple(scenario={"Authenticate.keystone": None}), "must be a mapping, not null"),
        (simple(scenario={"Authenticate.keystone": {}, "b": {}}), "must have 1 key, not 2: Authenticate.keystone, b"),
        (simple(context={}), "task.yaml:7:3: subtasks[0].context: unknown key - did you mean contexts?"),
        (simple(workloads=[], contexts={}), "subtasks[0].contexts: unknown key"),
        (simple(runner={"constant": None}), "subtasks[0].runner.constant: must be a mapping, not null"),
        (simple(hooks=[{"action": {"a": 1}, "trigger": {"b": {}}}]), "hooks[0].action.a: unknown hook action 'a'"),
        (simple(sla={"failure_rate": {}}), "subtasks[0].sla.failure_rate: must be a mapping with `min`, `max`"),
        (simple(sla={"failure_rate": {"max": 2}, "failure_rate@default": {"max": 1}}), "failure_rate is given twice"),
        (simple(contexts={"api_versions": {"cinder": {"version": 2}}}), "cinder.version: must be 3 or more, not 2"),
        (simple(contexts={"api_versions": {"nova": {"version": 3}}}), "nova.version: must be below 3, not 3"),
        (simple(contexts={"api_versions": {"keystone": {"version": "v3"}}}), r"must match ^3(\.\d+)?$"),
        (simple(title="x" * 129), "subtasks[0].title: has 129 characters; the limit is 128"),
        (simple(contexts={"users": {"user_choice_method": "best"}}), "must be 'random' or 'round_robin', not 'best'"),
        (
            simple(scenario={"CinderVolumes.create_and_delete_volume": {"size": {"min": 1}}}),
            "size: lacks the key 'max'",
        ),
        (
            simple(scenario={"CinderVolumes.create_and_delete_volume": {"size": "1"}}),
            "must be a whole number or a mapping",
        ),
        (
            simple(scenario={"CinderVolumes.create_and_delete_volume": {"size": {"min": 5, "max": 1}}}),
            "size.max: 1 is below `min`, which is 5 - swap the two",
        ),
        (simple(scenario={"CinderVolumes.create_and_delete_volume": {"size": 0}}), "size: must be 1 or more, not 0"),
        (
            simple(sla={"max_avg_duration": dt.date(2001, 1, 1)}),
            "a value of type date - quote it if you mean a string",
        ),
    ],
)
def test_each_mistake_is_told(text: str, complaint: str) -> None:
    """Each invalid file has the expected complaint at the right place."""
    assert any(complaint in told for told in complaints(text)), complaints(text)


V1 = """\
NovaServers.list_servers:
- args: {detailed: false}
  runner: {type: constant, times: 4, concurrency: 2}
  context: {users: {tenants: 2}}
  sla: {}
  description: first
- {}
Authenticate.keystone: []
"""


def test_format_v1_is_read_as_v2() -> None:
    """A scenario of v1 is a subtask with a workload for each item, with v2's defaults; an empty list is one of none."""
    task = read(V1)
    assert task.title == "Task (adopted from task format v1)"
    assert [(subtask.title, len(subtask.workloads)) for subtask in task.subtasks] == [
        ("NovaServers.list_servers", 2),
        ("Authenticate.keystone", 0),
    ]
    first, second = task.workloads
    assert (first.args, first.runner, first.runner_args) == (
        {"detailed": False},
        "constant",
        {"times": 4, "concurrency": 2},
    )
    assert (first.contexts, first.sla, first.description) == ({"users": {"tenants": 2}}, {}, "first")
    assert (second.args, second.runner, second.sla) == ({}, "serial", {"failure_rate": {"max": 0}})
    assert (second.position, first.place, first.key) == (1, "task.yaml:2", "NovaServers.list_servers[0].args")


def test_empty_files_that_rally_takes_are_tasks() -> None:
    """`{}` is an empty task of format v1, and format v2 may have no subtasks."""
    assert read("{}").subtasks == ()
    assert read("{version: 2, title: T, subtasks: []}").subtasks == ()
    assert read("{version: 2, title: T, subtasks: [], description: }").description == ""


V1_HOOK = """
Authenticate.keystone:
- hooks: [{name: sys_call, args: date, trigger: {name: event, args: {unit: time, at: [1]}}}]
"""
HOOKS = Known(
    catalogue.known().scenarios,
    catalogue.known().runners,
    {**catalogue.known().contexts, "network": ContextSignature(lambda _: [])},
    catalogue.known().sla,
    {"event": by_schema({"required": ["unit", "at"]})},
    {"sys_call": by_schema({"type": "string"})},
)


@pytest.mark.parametrize(
    "text",
    [
        simple(hooks=[{"action": {"sys_call": "date"}, "trigger": {"event": {"unit": "time", "at": [1]}}}]),
        simple(hooks=[{"action": {"sys_call@openstack": "date"}, "trigger": {"event": {"unit": "time", "at": [1]}}}]),
        V1_HOOK,
    ],
)
def test_hooks_are_read_in_both_formats(text: str) -> None:
    """Hooks have the same action and trigger in both formats."""
    [workload] = load(text, file="t.yaml", known=HOOKS).workloads
    assert workload.hooks == (Hook("sys_call", "date", "event", {"unit": "time", "at": [1]}),)


def test_what_is_wrong_with_a_hook_is_told() -> None:
    """Arguments of actions and triggers are checked by these."""
    text = simple(hooks=[{"action": {"sys_call": 1}, "trigger": {"event": {"unit": "time"}}}])
    with pytest.raises(InvalidInput) as caught:
        load(text, file="t.yaml", known=HOOKS)
    assert [complaint.what for complaint in caught.value.complaints] == [
        "must be a string, not 1",
        "lacks the key 'at'",
    ]


def test_the_way_of_timing_is_the_files_own() -> None:
    """`timing: rally` applies to the whole task; without it, durations start when iterations were due."""
    assert read("{version: 2, title: T, subtasks: [], timing: rally}").timing == "rally"
    assert read("{version: 2, title: T, subtasks: []}").timing == "intended"


@pytest.mark.parametrize(
    ("args", "contexts", "complaints_"),
    [
        ({}, {}, ["needs the argument image or the context network"]),
        ({"image": "x"}, {}, []),
        ({}, {"network": {"dual": True}}, []),
        ({}, {"network": {}}, ["needs the context network with dual: True"]),
        ({"image": "bad"}, {}, ["image is bad"]),
    ],
)
def test_what_a_scenario_cannot_do_without_is_told(args: Any, contexts: Any, complaints_: list[str]) -> None:
    """Required contexts or arguments, required values of contexts, and contradictions are checked."""
    signature = Signature(
        "S",
        {"image": Parameter({"type": "string"})},
        requires=(("args.image", "network"),),
        context_config={"network": {"dual": True}},
        contradictions=lambda args: [Flaw(("image",), "image is bad")] if args.get("image") == "bad" else [],
    )
    known = Known({"S.s": signature}, HOOKS.runners, HOOKS.contexts, HOOKS.sla)
    found: list[str] = []
    try:
        load(simple(scenario={"S.s": args}, contexts=contexts), file="t.yaml", known=known)
    except InvalidInput as error:
        found = [complaint.what for complaint in error.complaints]
    assert found == complaints_


def test_the_router_context_of_rally_has_a_key_with_a_blank_at_its_end() -> None:
    """Keys reach a context unchanged, including blanks."""
    schema = by_schema({"properties": {"admin_state_up ": {"type": "boolean"}}})
    known = replace(HOOKS, contexts={"router": ContextSignature(schema)})
    task = load(simple(contexts={"router": {"admin_state_up ": True}}), file="t.yaml", known=known)
    assert task.workloads[0].contexts["router"] == {"admin_state_up ": True}


def test_lines_of_a_rendered_text_are_said_to_be_so() -> None:
    """If the template changes the number of lines, complaints refer to the rendered text."""
    loop = "version: 2\ntitle: T\nsubtasks:\n{% for i in [1, 2, 3] %}  - {title: a}\n{% endfor %}"
    assert all(told.startswith("task.yaml (rendered):") for told in complaints(loop))


def test_recipes_read_whatever_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read the same way from any current folder."""
    monkeypatch.chdir(tmp_path)
    assert load((CHECKOUT / QUICKSTART).read_text(), file=QUICKSTART, known=catalogue.known()).title == "Quickstart"


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("1e2", " - write 100, without quotes"),
        ("'4'", " - write 4, without quotes"),
        ("four", ""),
        ("1e999", ""),
        ("'٣'", " - write 3, without quotes"),
    ],
)
def test_a_number_that_yaml_reads_as_a_text_is_told_as_it_is_written(written: str, remedy: str) -> None:
    """A number that is a string in YAML has a remedy with the right form; other strings do not."""
    text = f"Dummy.dummy: [{{runner: {{type: constant, times: {written}}}}}]"
    [told] = complaints(text)
    assert told.endswith(f"times: must be a whole number, not '{written.strip(chr(39))}'{remedy}")
