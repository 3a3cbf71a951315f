"""Everything that waits has a limit, which comes from a setting: found by reading the code."""

import ast
import re
from collections.abc import Iterator

import pytest

from rallycross.settings import CHECKOUT

FOLDERS = ("include/rallycross", "operators", "hooks", "plugins", "dags")
# Calls by the name of their module that take a `timeout`, and may wait for ever without one.
MODULES = {
    "subprocess": {"run", "call", "check_call", "check_output"},
    "socket": {"create_connection"},
    "asyncio": {"wait", "wait_for"},
    "requests": {"request", "get", "post", "put", "patch", "delete", "head", "options"},
    "httpx": {"request", "get", "post", "put", "patch", "delete", "head", "options", "Client", "AsyncClient"},
    "aiohttp": {"ClientSession", "request"},
    "request": {"urlopen"},
    "futures": {"wait", "as_completed"},
    "": {"as_completed", "urlopen", "create_connection"},  # imported by their own names
}
SECOND = {"wait_for", "create_connection"}  # whose limit may be given by its place
# Methods that may wait for ever when they are called with nothing: of processes, threads, events, queues, futures.
METHODS = {"communicate", "wait", "join", "acquire", "result", "exception", "get", "accept"}

DONE = "a future that is done"
KILLED = "it was killed the line before"
ENDED_BY_PARENT = "a child whose parent ends it, and that ends when its parent is gone"
# What has no limit of its own, by the name of its file, and why it needs none.
ALLOWED = {
    "process_pool.py": {
        "self._process.wait()": "its pipe has ended: it ends, or is killed by `end`, which has a deadline",
    },
    "heartbeat.py": {"thread.join()": "it writes to the database, which has a limit, and looks once a second"},
    "load_process.py": {"inbox.get()": ENDED_BY_PARENT},
    "task_run.py": {"future.result()": "workloads side by side, each of which is supervised"},
    "bench.py": {"subprocess.run([sys.executable, ": "figures are taken as long as they take; Ctrl-C ends"},
    "verify_run.py": {"printer.join()": "it was told to end, and looks at that once a second"},
    "client.py": {"asyncio.wait(self._cut_short)": "each is cancelled after RALLYCROSS_CUT_PATIENCE"},
    "retrying.py": {"given_up.get()": "a context variable"},
    "session.py": {"self._timer.join()": "it closes a socket, which waits for nothing"},
    "waiting.py": {"waiter.done.result()": DONE},
    "orphans.py": {"os.wait()": "the tests, as long as they take"},
    "parallel.py": {
        "wait(futures, return_when": "requests, each with its limit",
        "ended.result()": DONE,
        "future.result()": DONE,
    },
    "carry_out.py": {"future.exception()": DONE, "wait(self._running, ": "steps, each with its limit"},
    "compute.py": {"ended.wait()": "a service, to its end"},
    "cloud.py": {"one.result()": "requests, each with its limit, in a step that has one"},
    "program.py": {"fcntl.flock(clouds, fcntl.LOCK_EX)": "in a step, which has a limit"},
    "undo.py": {"future.result()": "a script that has a limit"},
    "drive.py": {"task.exception()": DONE},
    "iteration.py": {"_depth.get()": "a context variable"},
    "measure.py": {
        "asyncio.wait({driving, *beside}, ": "a load, to the end that its runner has, or its operator",
        "task.result()": DONE,
    },
    "hooks.py": {
        "self._timer.join()": "it was told to end, and waits for nothing else",
        "firing.result()": "no future: what came of a hook",
    },
    "discovery.py": {"answer.result()": "requests, each with its limit"},
    "verify.py": {"installing.result()": "an installation that has a limit"},
    "worker_pool.py": {
        "worker.process.wait()": "its pipe has ended, or it was killed",
        "future.result()": DONE,
    },
    "benchmark.py": {"thread.join()": "it was told to end; what it asks the database has a limit"},
}


def unlimited(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each call that may wait for ever."""
    tree = ast.parse(source)
    limited = {
        inner
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) == ("asyncio", "wait_for") and len(call.args) > 1
        for inner in ast.walk(call.args[0])
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and call not in limited and _waits(call):
            yield call.lineno, ast.unparse(call)


def _waits(call: ast.Call) -> bool:
    module, name = _name(call.func)
    given = {keyword.arg for keyword in call.keywords}
    if None in given or "timeout" in given:  # **options may have one
        return False
    if name in MODULES.get(module, ()):
        return name not in SECOND or len(call.args) < 2
    if (module, name) == ("", "wait"):
        return "return_when" in given  # that of futures
    if name == "flock":
        return "LOCK_EX" in ast.unparse(call) and "LOCK_NB" not in ast.unparse(call)
    if name == "ServerProxy":
        return "transport" not in given
    return name in METHODS and bool(module) and not call.args and not given


def _name(function: ast.expr) -> tuple[str, str]:
    """Return the last two parts of a dotted name."""
    if not isinstance(function, ast.Attribute):
        return "", function.id if isinstance(function, ast.Name) else ""
    inner = function.value
    before = inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else "()"
    return before, function.attr


def test_nothing_waits_for_ever() -> None:
    """Each call that may block has a `timeout` or is in the list above with a reason; no entry is unused."""
    found, used = [], set()
    for folder in FOLDERS:
        for file in sorted((CHECKOUT / folder).rglob("*.py")):
            for line, text in unlimited(file.read_text()):
                known = [start for start in ALLOWED.get(file.name, ()) if text.startswith(start)]
                used |= {(file.name, start) for start in known}
                found += [] if known else [f"{file.relative_to(CHECKOUT)}:{line}: {text}"]
    assert found == []
    assert {(name, start) for name, starts in ALLOWED.items() for start in starts} - used == set()


@pytest.mark.parametrize(
    ("source", "waits"),
    [
        ("subprocess.run(['x'])", True),
        ("subprocess.run(['x'], timeout=1)", False),
        ("urllib.request.urlopen(url)", True),
        ("requests.get(url)", True),
        ("requests.get(url, timeout=1)", False),
        ("self._process.communicate()", True),
        ("process.wait()", True),
        ("process.wait(5)", False),
        ("thread.join()", True),
        ("', '.join(words)", False),
        ("event.wait()", True),
        ("await asyncio.wait_for(event.wait(), 5)", False),
        ("queue.get()", True),
        ("mapping.get('x')", False),
        ("socket.create_connection(place)", True),
        ("socket.create_connection(place, 5)", False),
        ("fcntl.flock(file, fcntl.LOCK_EX)", True),
        ("fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", False),
        ("xmlrpc.client.ServerProxy(url)", True),
        ("aiohttp.ClientSession()", True),
        ("as_completed(futures)", True),
        ("wait(futures, return_when=FIRST_COMPLETED)", True),
        ("subprocess.run(['x'], **options)", False),
    ],
)
def test_what_waits_is_found(source: str, *, waits: bool) -> None:
    """A call without a limit is distinguished from one with a limit."""
    program = f"async def f():\n    {source}"
    assert bool([*unlimited(program)]) is waits


# Folders whose limits of patience are all settings, or come of one.
SET = ("deployment", "load_hooks", "verification", "verification_jobs", "cli", "cloud", "benchmark")
WORDS = re.compile(r"(^|_)(limit|timeout|patience|grace|deadline)(_|$)", re.IGNORECASE)
# Fixed numbers that are none, by the name of their file, and why.
NONE = "none, unless it is given"
LOOK = "of one look of many, until the step's limit"
FIXED = {
    "access.py": {"patience": NONE},
    "client.py": {"patience": NONE},
    "gate.py": {"limit": "of rows: a look"},
    "web.py": {"limit": "of connections: 0 = none"},
    "hooks.py": {"timeout": "0: a look"},
    "control.py": {"LIMIT_S": LOOK},
    "ctl.py": {"timeout": LOOK},
    "stop.py": {"GRACE_S": "in a command that has a limit"},
    "orphans.py": {"_GRACE": "of the project's own tests"},
}


def fixed(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each limit that is a number in the code."""
    for node in ast.walk(ast.parse(source)):
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.Call):
            pairs = [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Assign):
            pairs = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs = [(node.target.id, node.value)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            takes = node.args
            defaults = [None] * (len(takes.args) - len(takes.defaults)) + [*takes.defaults]
            pairs = [(one.arg, value) for one, value in zip(takes.args, defaults, strict=True)]
            pairs += [(one.arg, value) for one, value in zip(takes.kwonlyargs, takes.kw_defaults, strict=True)]
        for name, value in pairs:
            if WORDS.search(name) and isinstance(value, ast.Constant) and type(value.value) in {int, float}:
                yield node.lineno, name


def test_limits_are_settings() -> None:
    """No limit is a number in the code, except for those in the list above."""
    found, used = [], set()
    for folder in SET:
        for file in sorted((CHECKOUT / "include/rallycross" / folder).rglob("*.py")):
            for line, name in fixed(file.read_text()):
                used.add((file.name, name))
                if name not in FIXED.get(file.name, {}):
                    found.append(f"{file.relative_to(CHECKOUT)}:{line}: {name}")
    assert found == []
    assert {(name, one) for name, ones in FIXED.items() for one in ones} - used == set()


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("host.run(script, limit=30)", True),
        ("LOOK_LIMIT = 5.0", True),
        ("def run(*, limit: float = 600): ...", True),
        ("class A:\n    timeout: float = 3", True),
        ("host.run(script, limit=settings().host_limit)", False),
        ("_EVERY = 0.5", False),
    ],
)
def test_a_fixed_limit_is_found(source: str, *, is_one: bool) -> None:
    """A fixed number is distinguished from a setting and from a polling interval."""
    assert bool([*fixed(source)]) is is_one
