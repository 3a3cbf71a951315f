"""A program that renders one template: the job is read from standard input, text or complaints go to standard output.

It is started by its path, imports nothing of Rallycross, and limits its own resources before it reads the template.
"""

import builtins
import json
import math
import pickle
import re
import resource
import sys
from pathlib import Path
from typing import Any

_MISSING = "the template needs this argument"
_PROVIDED = r"{{%[-+]?\s*set\s+{name}\s*=\s*{name}\W|\b{name}\s*\|\s*d(?:efault)?\("

_Complaint = tuple[str, int, int, str, str, str]  # as in `rallycross.errors`


def main() -> None:
    """Render one template."""
    job = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the parent process
    _bound(job["seconds"], job["memory"])
    try:
        answer: dict[str, Any] = _rendered(job)
    except MemoryError:
        answer = {"complaints": [_too_large(job, "memory")]}
    sys.stdout.write(json.dumps(answer))


def _bound(seconds: int, memory: int) -> None:
    for what, wanted in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hardest = resource.getrlimit(what)[1]
        most = wanted if hardest == resource.RLIM_INFINITY else min(wanted, hardest)
        # At the soft limit the process gets SIGXCPU, which names the cause; at the hard limit, a second later, SIGKILL.
        hard = most + 1 if what == resource.RLIMIT_CPU and hardest == resource.RLIM_INFINITY else most
        resource.setrlimit(what, (most, hard))


def _rendered(job: dict[str, Any]) -> dict[str, Any]:
    from jinja2 import TemplateSyntaxError, meta  # noqa: PLC0415 - within the limits
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    text, args, file = job["text"], job["args"], job["file"]
    environment = SandboxedEnvironment(loader=_loader(job), autoescape=False)
    # Rally's globals; its `round` returns an integer, as `ceil` does.
    rallys = {"min": min, "max": max, "ceil": math.ceil, "round": lambda x: round(x)}  # noqa: PLW0108 - one argument
    environment.globals.update(rallys)
    try:
        # As in Rally, variables with a default (`{{ x|default(1) }}` or `{% set x = x or 1 %}`) need not be given,
        # nor those with the name of a Python built-in.
        free = meta.find_undeclared_variables(environment.parse(text)) - set(dir(builtins))
        wanted = {name for name in free if not re.search(_PROVIDED.format(name=re.escape(name)), text)}
        if missing := sorted(wanted - set(environment.globals) - set(args)):
            return {"complaints": [_lacks(text, name, file) for name in missing]}
        whole = environment.from_string(text).render(args)
    except TemplateSyntaxError as error:
        where = error.filename if error.filename and Path(error.filename).is_absolute() else file
        return {"complaints": [(where, error.lineno, 0, "", f"not a valid template: {error.message}", "")]}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - an expression in a template can raise anything
        said = str(error)
        said = said if len(said) <= 300 else f"{said[:300]} ..."
        what = f"the template cannot be rendered: {type(error).__name__}: {said}"
        return {"complaints": [(file, _line_of(error), 0, "", what, "")]}
    # The YAML parser complains of NUL and of unpaired surrogates.
    return {"text": whole} if len(whole) <= job["most"] else {"complaints": [_too_large(job, "text")]}


def _loader(job: dict[str, Any]) -> Any:
    """Return a loader of templates in a folder; with `folders`, only templates below one of these are loaded."""
    from jinja2 import Environment, FileSystemLoader, TemplateNotFound  # noqa: PLC0415

    class Loader(FileSystemLoader):
        def get_source(self, environment: Environment, template: str) -> Any:
            # The message does not reveal whether a forbidden file exists.
            missing = TemplateNotFound(template, f"{template!r} is not a file that this template may include")
            try:
                found = super().get_source(environment, template)
            except (TemplateNotFound, OSError, UnicodeDecodeError):
                raise missing from None
            file = Path(found[1]).resolve()
            if job["folders"] is not None and not any(file.is_relative_to(one) for one in job["folders"]):
                raise missing
            return found

    return Loader(job["folder"])


def _too_large(job: dict[str, Any], kind: str) -> _Complaint:
    if kind == "text":
        what, setting = f"renders to more than {job['most'] / 1e6:g} MB", "RALLYCROSS_FILE_LIMIT"
    else:
        what = f"takes more than {job['memory'] / 1e6:g} MB of memory to render"
        setting = "RALLYCROSS_TEMPLATE_MEMORY"
    return (job["file"], 1, 0, "", f"the template {what}", f"simplify it, or raise {setting}")


def _lacks(text: str, name: str, file: str) -> _Complaint:
    """Return the complaint about a missing variable, at the first template tag that uses it."""
    remedy = f"give it in the task arguments, or write a default: {{{{ {name}|default(1) }}}}"
    for number, line in enumerate(text.splitlines(), start=1):
        for tag in re.finditer(r"\{[{%].*?[%}]\}", line):
            use = re.search(rf"\b{re.escape(name)}\b", tag.group())
            if use:
                return (file, number, tag.start() + use.start() + 1, name, _MISSING, remedy)
    return (file, 1, 0, name, _MISSING, remedy)


def _line_of(error: BaseException) -> int:
    """Return the line of the template that raised an error, from the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
