"""Thousands of mangled task files: each is a plan or has complaints with their places; none is ever a traceback."""

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rallycross import catalogue
from rallycross.cli.plan import said
from rallycross.errors import Complaint, InvalidInput
from rallycross.task import load
from rallycross.task.known import Known
from rallycross.task.workload import DEFAULT_SLA

BOOT = {"image": {"name": "cirros"}, "flavor": {"regex": "^m1"}, "min_sleep": 1, "meta": {"a": "b"}}
IMAGE = {"container_format": "bare", "disk_format": "raw", "image_location": "~/x.raw"}
HOOK = {"action": {"sys_call": "date"}, "trigger": {"event": {"unit": "iteration", "at": [1, 2]}}}
V1_HOOK = {"name": "sys_call", "args": "date", "trigger": {"name": "event", "args": {"unit": "time", "at": [1]}}}
ONE = {"title": "one", "scenario": {"Authenticate.keystone": {}}}
# The shapes that task files have.
DOCUMENTS: list[Any] = [
    {"version": 2, "title": "T", "subtasks": [ONE | {"runner": {"constant": {"times": 4, "concurrency": 2}}}]},
    {"version": "2", "title": "T", "tags": ["a"], "subtasks": [ONE | {"hooks": [HOOK], "sla": {}, "group": "g"}]},
    {
        "version": 2,
        "title": "T",
        "description": "d",
        "timing": "rally",
        "subtasks": [
            {
                "title": "both",
                "run_in_parallel": True,
                "workloads": [
                    {
                        "scenario": {"NovaServers.boot_and_delete_server@openstack": BOOT},
                        "contexts": {"users@openstack": {"tenants": 2, "users_per_tenant": 3}},
                        "sla": {"failure_rate": {"max": 1}, "max_avg_duration": 3},
                    },
                    {"scenario": {"CinderVolumes.create_and_delete_volume": {"size": {"min": 1, "max": 2}}}},
                ],
            }
        ],
    },
    {"Authenticate.keystone": [{}], "GlanceImages.create_and_delete_image": [{"args": IMAGE}]},
    {
        "NovaServers.boot_and_delete_server": [
            {
                "args": BOOT,
                "runner": {"type": "constant", "times": 3, "concurrency": 1},
                "context": {"users": {"tenants": 1, "user_choice_method": "random"}},
                "sla": {"failure_rate": {"max": 0}},
                "hooks": [V1_HOOK],
            }
        ],
        "KeystoneBasic.create_delete_user": [],
    },
]
TEXTS = [
    *(yaml.safe_dump(document, sort_keys=False) for document in DOCUMENTS[:2]),
    (
        '{% set n = n or 2 %}---\nversion: 2\ntitle: "{{ t|default("T") }}"\nsubtasks:\n'
        "{% for i in range(n) %}  - {title: t{{ i }}, scenario: {Authenticate.keystone: {}}}\n{% endfor %}"
    ),
    '{"NovaServers.list_servers": [{"args": {"detailed": true}, "runner": {"type": "serial", "times": {{ 2 + 3 }}}}]}',
    (
        "{% macro one(title) %}{title: {{ title }}, scenario: {Authenticate.keystone: {}}}{% endmacro %}\n"
        'version: 2\ntitle: T\nsubtasks: [{{ one("a") }}, {{ one("b") }}]\n'
    ),
]
PIECES = [
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "{{ x }}",
        "{{ 1/0 }}",
        "{% include 'a' %}",
        "{% raw %}",
        "{{ [] | first | int(7) }}",
    ),
    *(
        "\t",
        "- ",
        ": ",
        "\n",
        "---\n",
        "...",
        "? ",
        "&a ",
        "*a",
        "<<: *a",
        "!!set ",
        "!!python/name:os.x",
        "!!binary a",
        "| ",
    ),
    *(
        "\x00",
        "\ud7ff",
        "\u0085",
        "\N{PILE OF POO}",
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "%YAML 9.9\n",
        "0o7",
        ".nan",
        "2001-01-01",
    ),
]
KEYS = [
    *("version", "title", "subtasks", "workloads", "scenario", "runner", "sla", "contexts", "context", "hooks", "tags"),
    *(
        "args",
        "type",
        "times",
        "name",
        "trigger",
        "action",
        "timing",
        "users",
        "serial",
        "Dummy.dummy",
        "admin_state_up ",
    ),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        2,
        1.5,
        float("nan"),
        10**30,
        "",
        "x",
        "1",
        "y" * 300,
        "{{ a }}",
        b"x",
        yaml.safe_load("2001-01-01"),
    ),
    *(
        {},
        [],
        [None],
        {"a": {}},
        {1: 2},
        {None: []},
        {"Dummy.dummy": {}},
        {"Ceilometer.x": {}},
        {"serial": {}},
        [HOOK],
        [V1_HOOK],
    ),
]
_numbers = st.integers(0, 400)
_change = st.tuples(
    st.sampled_from(["drop", "set", "rename", "add", "double", "wrap", "swap"]),
    _numbers,
    _numbers,
    st.sampled_from(KEYS) | st.integers(0, 2),
    st.sampled_from(VALUES),
)
_thousands = settings(max_examples=5200)


def plan_or_complaints(text: str) -> None:
    """Hold planning to its only two ways of ending."""
    complaints: list[Complaint] = []
    try:
        planned = load(text, file="task.yaml", known=catalogue.known())
    except InvalidInput as error:
        complaints = error.complaints
        if not complaints:
            raise
    if not complaints:
        assert said(planned)
    for complaint in complaints:
        assert complaint.what
        assert complaint.file.startswith("task.yaml")
        assert complaint.line >= 1


@_thousands
@given(st.sampled_from(DOCUMENTS), st.lists(_change, min_size=1, max_size=3))
def test_any_changed_document_is_a_plan_or_has_complaints(
    document: Any, changes: list[tuple[str, int, int, Any, Any]]
) -> None:
    """A file with keys dropped, renamed, doubled, or values of other types is a plan or has complaints with a place."""
    changed = copy.deepcopy(document)
    for change in changes:
        _apply(changed, change)
    plan_or_complaints(yaml.safe_dump(changed, sort_keys=False))


@_thousands
@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(_numbers, st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=3),
)
@example("version: [1]\ntitle: T\nsubtasks: []\n", [])
@example("a: &a [*a]\n", [])
@example("[" * 3000, [])
@example("{{ " + "(" * 3000, [])
@example("a: !!timestamp x\n", [])
def test_any_mangled_text_is_a_plan_or_has_complaints(text: str, cuts: list[tuple[int, int, str]]) -> None:
    """A text with pieces cut out, odd YAML or broken template tags put in, is a plan or has complaints with a place."""
    for start, length, piece in cuts:
        at = start % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    plan_or_complaints(text)


def test_the_shapes_before_they_are_mangled_are_plans() -> None:
    """What is mangled is, but for hooks, whose registries are made elsewhere, whole to begin with."""
    always = {name: lambda _: [] for name in ("event", "sys_call")}
    known = catalogue.known()
    known = Known(known.scenarios, known.runners, known.contexts, known.sla, always, always)
    for document in DOCUMENTS:
        load(yaml.safe_dump(document, sort_keys=False), file="task.yaml", known=known)
    planned = load(yaml.safe_dump(DOCUMENTS[3], sort_keys=False), file="task.yaml", known=known)
    assert all(workload.sla == DEFAULT_SLA for workload in planned.workloads)
    for text in (TEXTS[0], *TEXTS[2:]):
        assert load(text, file="task.yaml", known=known).workloads


def _apply(document: Any, change: tuple[str, int, int, Any, Any]) -> None:
    """Change one thing in a document."""
    act, where, which, key, value = change
    holders = [node for node in _nodes(document) if node]
    if not holders:
        return
    holder = holders[where % len(holders)]
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    old = keys[which % len(keys)]
    value = copy.deepcopy(value)
    match act, holder:
        case "drop", _:
            del holder[old]
        case "set", _:
            holder[old] = value
        case "wrap", _:
            holder[old] = [holder[old]] if which % 2 else {"a": holder[old]}
        case "swap", _:
            other = keys[(which + 1) % len(keys)]
            holder[old], holder[other] = holder[other], holder[old]
        case "rename", dict():
            holder[key] = holder.pop(old)
        case "add", dict():
            holder[key] = value
        case "double", dict():
            holder[f"{old}@openstack"] = copy.deepcopy(holder[old])
        case _, list():
            holder.append(copy.deepcopy(holder[old]))


def _nodes(node: Any) -> Iterator[Any]:
    """Yield all mappings and lists."""
    if isinstance(node, dict | list):
        yield node
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _nodes(inner)
