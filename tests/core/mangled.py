"""Mangles files of every kind that users name, and holds who reads them to their only two ways of ending.

Each is read, or told in a sentence: a `RallycrossError`. What is held is processor time, so that a busy machine changes
nothing. As a program it takes all files of the kinds that it is given, or of all, and writes the table that is in
docs/mangled-files.md; with `--one KIND SEED COUNT` it says as JSON what it has found.
"""

import copy
import json
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import rallycross.task.file
from rallycross import catalogue
from rallycross.cli.commands.plan import described
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.variables import openrc_variables
from rallycross.deployment import load_spec
from rallycross.errors import Complaint, InvalidInput, RallycrossError
from rallycross.exchange.rally_import import read_rally
from rallycross.recipes import general
from rallycross.settings import CHECKOUT
from rallycross.task import load, template_process
from rallycross.task.arguments import arguments
from rallycross.task.template import is_template, render
from rallycross.userfile import decoded
from rallycross.verification import accounts
from rallycross.verification.exporting import subunit
from rallycross.verification.importing import results
from rallycross.verification.lists import check_patterns, read_list
from rallycross.verification.test import TestResult

SECONDS = 5.0  # of processor time that any input may take
MEMORY = 500  # MB that the process may take with it
SEED = 1_000_000  # of the first file of each kind
_MANY = {"task": 10_000, "spec": 15_000, "results": 15_000}
_OTHERS = 7_500
_OWN_PROCESS = 100  # of so many templates one is rendered in a process of its own, the others here: it costs 0.1 s

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
            },
            ONE | {"runner": {"rps": {"times": 9, "rps": {"start": 1, "end": 9, "step": 2}}}},
            ONE | {"runner": {"arrival_rate": {"stages": [{"rate": 1, "to": 5, "duration": 3}]}}},
            ONE | {"runner": {"ramp": {"stages": [{"users": 2, "duration": 3}], "think_time": {"min": 1, "max": 2}}}},
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
_ACTION = {"name": "a", "started_at": 5.0, "finished_at": 6.5, "children": []}
_ITERATION = {"timestamp": 5.0, "duration": 1.5, "idle_duration": 0.0, "error": [], "output": {"additive": []}}
_WORKLOAD = {
    "uuid": "0d9d7d62-2f23-4bc2-a2a8-3c4d5e6f7a8b",
    "scenario": {"Dummy.dummy": {"sleep": 1}},
    "runner": {"constant": {"times": 2}},
    "contexts": {"users": {}},
    "sla_results": {"sla": [{"criterion": "failure_rate", "success": True, "detail": "d"}]},
    "hooks": [{"config": HOOK, "results": [], "summary": {}}],
    "load_duration": 3.0,
    "created_at": "2026-01-02T03:04:05",
    "data": [{**_ITERATION, "atomic_actions": [_ACTION]}, {**_ITERATION, "atomic_actions": []}],
}
RESULTS = {"info": {"format_version": "1.2"}, "tasks": [{"title": "t", "subtasks": [{"workloads": [_WORKLOAD]}]}]}
OLD_RESULTS = [
    {
        "key": {"name": "Dummy.dummy", "pos": 0, "kw": {"args": {}, "runner": {"type": "serial", "times": 1}}},
        "result": [{**_ITERATION, "atomic_actions": {"a": 1.0}}],
        "sla": [],
        "load_duration": 1.5,
        "full_duration": 2.0,
    }
]
JUNIT = b"""<?xml version="1.0"?>
<testsuites><testsuite name="s" timestamp="2026-01-02T03:04:05+00:00">
<testcase classname="a.B" name="test_c" time="1.5"/>
<testcase classname="a.B" name="test_d" time="1,000.5"><failure message="boom">Traceback</failure></testcase>
<testcase classname="a.B" name="test_e"><skipped message="not here"/></testcase>
</testsuite></testsuites>"""
ACCOUNTS = [{"username": "u", "password": "p", "project_name": "x", "roles": ["admin"]}]
CLOUDS = {"clouds": {"c": {"auth": {"auth_url": "http://x/v3", "username": "u"}, "region_name": "r", "verify": False}}}
PIECES = [
    *("{{", "}}", "{%", "%}", "{#", "{{ x }}", "{{ 1/0 }}", "{% include 'a' %}", "{% raw %}", "{{ [] | first }}"),
    *("\t", "- ", ": ", "\n", "---\n", "...", "? ", "&a ", "*a", "<<: *a", "!!set ", "!!python/name:os.x", "!!int ''"),
    *("!!binary a", "!!timestamp x", "| ", "\x00", "\ud7ff", "\u0085", "\N{PILE OF POO}", "'", '"', "[", "]", "{", "}"),
    *(",", "%YAML 9.9\n", "0o7", ".nan", "NaN", "2001-01-01", "\\ud800", "\\u0000", "<", ">", "&lt;", "]]>", "<!--"),
    *("<!DOCTYPE x>", "export ", "=", "$(x)", "`", "(", "*", "\\", "[[", "(?P<"),
]
NUMBERS = [
    *("0", "-1", "1.5", "9223372036854775808", "-9223372036854775809", "1.0e+308", "-1e308", ".inf", "-.inf", ".nan"),
    *("1" + "0" * 500, "0x" + "f" * 400, "1:59:59", "4294967296", "1e-320", "99999999", "NaN", "Infinity"),
]
KEYS = [
    *("version", "title", "subtasks", "workloads", "scenario", "runner", "sla", "contexts", "context", "hooks", "tags"),
    *("args", "type", "times", "name", "trigger", "action", "timing", "users", "serial", "Dummy.dummy", "engine"),
    *("provider", "auth", "clouds", "username", "tasks", "data", "duration", "x" * 5000, "on", 0, 1, 2),
]
VALUES: list[Any] = [
    *(None, True, 0, -1, 2, 1.5, float("nan"), float("inf"), -1e308, 10**30, 2**63, "", "x", "1", "y" * 300),
    *("{{ a }}", b"x", yaml.safe_load("2001-01-01"), "z" * 100_000),
    *({}, [], [None], {"a": {}}, {1: 2}, {None: []}, {"Dummy.dummy": {}}, {"Ceilometer.x": {}}, {"serial": {}}),
    *([HOOK], [V1_HOOK], [1, "a", None, {}], [[[[[[[[[[[[]]]]]]]]]]]]),
]


_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _text(document: Any) -> bytes:
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)).encode()


@cache
def _data(content: bytes) -> Any:
    try:
        return yaml.load(content, Loader=_Loader)
    except yaml.YAMLError:  # a template
        return None


def _json(document: Any) -> bytes:
    return json.dumps(document, default=str).encode()


def _files(*patterns: str) -> list[bytes]:
    return [file.read_bytes() for pattern in patterns for file in sorted(CHECKOUT.glob(pattern))]


def _task(content: bytes, chance: random.Random) -> None:
    planned = load(decoded(content, "task.yaml"), file="task.yaml", known=catalogue.known())
    if len(planned.workloads) < 10 and not chance.randrange(20):
        assert described(planned)


def _rally(content: bytes, _: random.Random) -> None:
    for one in read_rally(decoded(content, "r.json"), file="r.json"):
        for workload in one.task.workloads:
            list(one.samples(workload))


def _list(content: bytes, _: random.Random) -> None:
    check_patterns(read_list(decoded(content, "list"), file="list"), file="list")


def _of_a_path(read: Callable[[str], Any]) -> Callable[[bytes, random.Random], None]:
    def take(content: bytes, _: random.Random) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            read(file.name)

    return take


@dataclass(frozen=True)
class Kind:
    """A kind of file: whole ones, how data becomes one, and who reads it."""

    whole: list[bytes]
    take: Callable[[bytes, random.Random], Any]
    dump: Callable[[Any], bytes] | None = None


_TEST = TestResult("a.B.test_c", "fail", 1.0, 2.0, ("smoke",), traceback="Traceback")
KINDS: dict[str, Kind] = {
    "task": Kind(
        [*map(_text, DOCUMENTS), *(text.encode() for text in TEXTS), *(file.read_bytes() for file in general())],
        _task,
        _text,
    ),
    "arguments": Kind(
        [b"a: 1\nb: x", b'{"a": [1, 2]}', b"a=1,b=x"],
        lambda content, _: arguments(decoded(content, "a")),
        _text,
    ),
    "spec": Kind(
        [
            *_files("include/clouds/*.yaml"),
            _text({"existing@openstack": {"auth_url": "http://x", "admin": {"username": "u", "password": "p"}}}),
            _text({"type": "ExistingCloud", "auth_url": "http://x", "admin": {"username": "u", "tenant_name": "t"}}),
        ],
        lambda content, _: load_spec(decoded(content, "c.yaml"), file="c.yaml"),
        _text,
    ),
    "results": Kind([_json(RESULTS), _json(OLD_RESULTS)], _rally, _json),
    "junit": Kind([JUNIT], lambda content, _: results(content, file="j.xml")),
    "subunit": Kind([subunit([_TEST, _TEST])], lambda content, _: results(content, file="s")),
    "list": Kind([b"a.b.c # why\n# x\nd.e\n", b"a.b: why\nc.d: x\n", b'{"a.b": "why"}'], _list, _text),
    "accounts": Kind([_text(ACCOUNTS)], _of_a_path(accounts.read), _text),
    "openrc": Kind(
        [b"#!/bin/sh\nexport OS_AUTH_URL=\"http://x/v3\"\nexport OS_PASSWORD='p w'\nOS_USERNAME=u # me\n"],
        lambda content, _: openrc_variables(decoded(content, "openrc")),
    ),
    "clouds_yaml": Kind([_text(CLOUDS)], _of_a_path(lambda path: CloudsFile.read(Path(path)).cloud("c")), _text),
    "registered": Kind([_text(CLOUDS)], _of_a_path(lambda path: Cloud.from_file(Path(path), "c")), _text),
}


@dataclass
class Found:
    """What came of many files."""

    slowest: float = 0.0  # seconds of processor time
    failures: list[str] = field(default_factory=list)


def hold(kind: str, seed: int, count: int) -> Found:
    """Mangle so many files, and read each."""
    found = Found()
    of = KINDS[kind]
    rallycross.task.file.render = _render  # see _OWN_PROCESS
    before = signal.signal(signal.SIGPROF, _give_up)
    try:
        for number in range(seed, seed + count):
            chance = random.Random(number)
            content = mangled(of, chance)
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
            try:
                of.take(content, chance)
            except RallycrossError as error:
                _hold_complaints(error, found, number)
            except Exception:  # noqa: BLE001 - each is a finding
                found.failures.append(f"{kind} {number}: {content[:300]!r}\n{traceback.format_exc()[-1500:]}")
            signal.setitimer(signal.ITIMER_PROF, 0)
            took = time.process_time() - began
            found.slowest = max(found.slowest, took)
            if took > SECONDS:
                found.failures.append(f"{kind} {number}: took {took:.1f} s: {content[:300]!r}")
    finally:
        signal.signal(signal.SIGPROF, before)
        rallycross.task.file.render = render
    return found


def _give_up(*_: Any) -> None:
    raise RuntimeError(f"no end after {2 * SECONDS:g} s")


def _hold_complaints(error: RallycrossError, found: Found, number: int) -> None:
    complaints = error.complaints if isinstance(error, InvalidInput) else []
    if not str(error) or len(str(error)) > 50_000 or any(not one.what for one in complaints):
        found.failures.append(f"{number}: says nothing, or very much: {str(error)[:300]}")


def mangled(of: Kind, chance: random.Random) -> bytes:
    """Return one of the whole files, changed: as data, or as text, in one to three places."""
    content = chance.choice(of.whole)
    if of.dump and chance.random() < 0.5:
        document = copy.deepcopy(_data(content))
        if isinstance(document, dict | list):
            for _ in range(chance.randint(1, 3)):
                _change(document, chance)
            return of.dump(document)
    for _ in range(chance.randint(1, 3)):
        content = _cut(content, chance)
    return content


def _cut(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    match chance.randrange(6):
        case 0:
            return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
        case 1:
            return content[:at] + content[at + chance.randint(0, 40) :]
        case 2:
            return content[:at] + content[max(0, at - chance.randint(0, 60)) :]
        case 3:
            return content[:at] if chance.randrange(4) else content * chance.randint(2, 50)
        case 4 if numbers := list(re.finditer(rb"\d+", content)):
            number = chance.choice(numbers)
            return content[: number.start()] + chance.choice(NUMBERS).encode() + content[number.end() :]
        case _:
            piece = chance.choice(PIECES).encode("utf-8", "surrogatepass") * chance.choice([1, 1, 1, 2, 3000])
            return content[:at] + piece + content[at + chance.randint(0, 12) :]


def _change(document: Any, chance: random.Random) -> None:
    """Change one thing in a document."""
    holders = [node for node in _nodes(document) if node]
    if not holders:
        return
    holder = chance.choice(holders)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    old, value = chance.choice(keys), copy.deepcopy(chance.choice(VALUES))
    match chance.choice(["drop", "set", "rename", "add", "double", "wrap", "swap"]), holder:
        case "drop", _:
            del holder[old]
        case "set", _:
            holder[old] = value
        case "wrap", _:
            holder[old] = [holder[old]] if chance.randrange(2) else {"a": holder[old]}
        case "swap", _:
            other = chance.choice(keys)
            holder[old], holder[other] = holder[other], holder[old]
        case "rename", dict():
            holder[chance.choice(KEYS)] = holder.pop(old)
        case "add", dict():
            holder[chance.choice(KEYS)] = value
        case "double", dict():
            holder[f"{old}@openstack"] = copy.deepcopy(holder[old])
        case _, list():
            holder.extend(copy.deepcopy(holder[old]) for _ in range(chance.choice([1, 1, 2, 300])))


def _nodes(node: Any) -> Iterator[Any]:
    """Yield all mappings and lists."""
    if isinstance(node, dict | list):
        yield node
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _nodes(inner)


def _render(text: str, args: Any, **more: Any) -> str:
    """Render here what is most likely no bomb: the same function, but for its process."""
    if not is_template(text) or not hash(text) % _OWN_PROCESS:
        return render(text, args, **more)
    job = {"text": text, "args": args, "file": more["file"], "folder": str(more["folder"]), "folders": None}
    answer = json.loads(json.dumps(template_process._rendered({**job, "most": 2_000_000})))
    if "complaints" in answer:
        raise InvalidInput(Complaint(*one) for one in answer["complaints"])
    return str(answer["text"])


def count(kind: str) -> int:
    """Return how many files of a kind are mangled in all."""
    return _MANY.get(kind, _OTHERS)


def held(kind: str) -> dict[str, Any]:
    """Hold all files of a kind in a process of its own, whose memory is theirs; return what was found."""
    program = [sys.executable, __file__, "--one", kind, str(SEED), str(count(kind))]
    return dict(json.loads(subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout))


def main() -> None:
    """See the module."""
    if sys.argv[1:2] == ["--one"]:
        _one(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    sys.stdout.write("| kind | files | slowest, s of a processor | most memory, MB | failures |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    for kind in sys.argv[1:] or KINDS:
        found = held(kind)
        slowest, peak, failures = found["slowest"], found["peak"], found["failures"]
        sys.stdout.write(f"| {kind} | {count(kind)} | {slowest:.2f} | {peak:.0f} | {len(failures)} |\n")
        sys.stdout.flush()
        sys.stderr.writelines(f"{failure}\n\n" for failure in failures)


def _one(kind: str, seed: int, count: int) -> None:
    found = hold(kind, seed, count)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    sys.stdout.write(json.dumps({"slowest": found.slowest, "peak": peak, "failures": found.failures[:20]}))


if __name__ == "__main__":
    main()
