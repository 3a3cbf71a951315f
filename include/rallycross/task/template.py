"""Task files are Jinja2 templates, in Rally's dialect."""

import builtins
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from rallycross.errors import Complaint, InvalidInput

# Rally's globals; its `round` gives whole numbers, as `ceil` does.
_GLOBALS: dict[str, Any] = {"min": min, "max": max, "ceil": math.ceil, "round": lambda x: round(x)}  # noqa: PLW0108 - one argument, not two


def render(text: str, args: Mapping[str, Any], *, file: str, folder: Path) -> str:
    """Return the text with `args` filled in; includes and imports are looked for in `folder`.

    A template may compute, but neither reach into Python nor, by `range`, run for ever: it may come from a form.
    """
    environment = SandboxedEnvironment(loader=FileSystemLoader(folder), autoescape=False)
    environment.globals.update(_GLOBALS)
    try:
        tree = environment.parse(text)
        missing = sorted(_wanted(tree, text) - set(environment.globals) - set(args))
        if missing:
            raise InvalidInput([_lacks(text, name, file) for name in missing])
        return environment.from_string(text).render(args)
    except TemplateSyntaxError as error:
        where = error.filename if error.filename and Path(error.filename).is_absolute() else file
        raise InvalidInput([Complaint(where, error.lineno, 0, "", f"not a valid template: {error.message}")]) from error
    except (
        TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        AttributeError,
    ) as error:
        # Whatever an expression of the user's can raise.
        what = f"the template cannot be rendered: {type(error).__name__}: {error}"
        raise InvalidInput([Complaint(file, _line_of(error), 0, "", what)]) from error


def _wanted(tree: nodes.Template, text: str) -> set[str]:
    """Return the variables that must be given.

    Rally asks neither for those with a default, be it by `{{ x|default(1) }}` or by `{% set x = x or 1 %}`, nor for
    those that are called as something that Python has built in.
    """
    wanted = meta.find_undeclared_variables(tree) - set(dir(builtins))
    return {name for name in wanted if not re.search(_PROVIDED.format(name=re.escape(name)), text)}


_PROVIDED = r"{{%[-+]?\s*set\s+{name}\s*=\s*{name}\W|\b{name}\s*\|\s*d(?:efault)?\("


def _lacks(text: str, name: str, file: str) -> Complaint:
    """Return the complaint about a missing variable, at the first place where a template tag uses it."""
    for number, line in enumerate(text.splitlines(), start=1):
        for tag in re.finditer(r"\{[{%].*?[%}]\}", line):
            use = re.search(rf"\b{re.escape(name)}\b", tag.group())
            if use:
                return Complaint(file, number, tag.start() + use.start() + 1, name, *_MISSING)
    return Complaint(file, 1, 0, name, *_MISSING)


_MISSING = ("the template needs this argument", "give it in the task arguments, or a default: {{ name|default(1) }}")


def _line_of(error: BaseException) -> int:
    """Return the line of the template in which an error arose, which Jinja2 puts into its traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
