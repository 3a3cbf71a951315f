"""Templates in Rally's dialect."""

import os
from pathlib import Path

import pytest

from rallycross.errors import InvalidInput
from rallycross.task.arguments import arguments
from rallycross.task.template import render


def test_rallys_globals_are_there(tmp_path: Path) -> None:
    """`min`, `max`, `ceil` and a `round` to whole numbers can be called."""
    text = "{{ min(1, 2) }} {{ max([3, 4]) }} {{ ceil(1.2) }} {{ round(2.6) }}"
    assert render(text, {}, file="f", folder=tmp_path) == "1 4 2 3"


def test_files_beside_the_task_can_be_included_and_imported(tmp_path: Path) -> None:
    """`include` and `import` start in the task file's folder; macros work."""
    (tmp_path / "part.yaml").write_text("part {{ n }}")
    (tmp_path / "macros.yaml").write_text("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}")
    text = "{% from 'macros.yaml' import twice %}{% include 'part.yaml' %} {{ twice(n) }}"
    assert render(text, {"n": 3}, file="f", folder=tmp_path) == "part 3 33"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("{{ n|default(4) }}", "4"),
        ("{% set n = n or 4 %}{{ n }}", "4"),
        ("{% set n = 4 %}{{ n }}", "4"),
        ("{% for n in [1, 2] %}{{ n }}{% endfor %}", "12"),
        ("{%- set n = n or 3 %}{{ n }}", "3"),
        ("{{ n | default(4) }}{{ n }}", "4"),
        ("{{ id }}{{ type }}", ""),
        ("{% include 'part.yaml' %}", "part "),
    ],
)
def test_what_has_a_default_need_not_be_given(text: str, out: str, tmp_path: Path) -> None:
    """A variable with a default, set by the template, built into Python, or used in an included file only, is free."""
    (tmp_path / "part.yaml").write_text("part {{ of_the_part }}")
    assert render(text, {}, file="f", folder=tmp_path) == out


def test_all_missing_arguments_are_told_at_their_place(tmp_path: Path) -> None:
    """Each variable without a value is one complaint, at its first use."""
    with pytest.raises(InvalidInput) as caught:
        render("a: {{ one }}\nb: x {{ two + one }}", {}, file="f", folder=tmp_path)
    places = [(complaint.line, complaint.column, complaint.key) for complaint in caught.value.complaints]
    assert places == [(1, 7, "one"), (2, 9, "two")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a\n{% if %}", "f:2: not a valid template"),
        ("a\n{{ 1 / 0 }}", "f:2: the template cannot be rendered: ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", "the template cannot be rendered: SecurityError"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "the template cannot be rendered: OverflowError"),
        ("{% include 'gone.yaml' %}", "the template cannot be rendered: TemplateNotFound: 'gone.yaml'"),
        ("a\n{{ 1 | nofilter }}", "f:2: not a valid template: No filter named 'nofilter'"),
        ("{{ 'a' + 1 }}", "the template cannot be rendered: TypeError"),
    ],
)
def test_what_cannot_be_rendered_is_told(text: str, complaint: str, tmp_path: Path) -> None:
    """Errors in a template are complaints with the line, and a template cannot access Python or run for ever."""
    with pytest.raises(InvalidInput) as caught:
        render(text, {}, file="f", folder=tmp_path)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("text", ["a: 1\nb: x", '{"a": 1, "b": "x"}', "a=1,b=x", "a=1, b = x"])
def test_arguments_are_yaml_json_or_pairs(text: str) -> None:
    """The three forms of task arguments have the same result."""
    assert arguments(text) == {"a": 1, "b": "x"}


def test_of_pairs_only_whole_numbers_are_more_than_text() -> None:
    """In `key=value`, whole numbers are numbers, and other values stay strings, as in Rally."""
    assert arguments("a=3,b=-1,c=1.10,d=on,e=010,f=,g=x=y") == {
        "a": 3,
        "b": -1,
        "c": "1.10",
        "d": "on",
        "e": "010",
        "f": "",
        "g": "x=y",
    }


@pytest.mark.parametrize("text", ["[1]", "word", "a: [", "3", "a=1,b"])
def test_arguments_that_are_none_are_told(text: str) -> None:
    """Arguments that are not a mapping are a complaint with the three forms."""
    with pytest.raises(InvalidInput, match="<task arguments>"):
        arguments(text)
    assert arguments("") == {}


@pytest.mark.parametrize(
    "text",
    [
        '{{ "a" * 10**10 }}',
        '{{ "a"|center(10**10) }}',
        '{{ "a".center(10**10) }}',
        '{{ ("a" * 10**6).replace("a", "b" * 10**6) }}',
        '{{ "%099999999999d" % 3 }}',
        '{{ "{:>9999999999}".format(1) }}',
        "{{ [1]|batch(10**9, 0)|list }}",
        '{{ range(99999)|join(range(9999)|join("x")) }}',
        "{% set x = namespace(v='a') %}{% for i in range(99) %}{% set x.v = x.v ~ x.v %}{% endfor %}{{ x.v }}",
    ],
)
def test_a_template_that_wants_all_memory_is_told(text: str, tmp_path: Path) -> None:
    """A short template that needs gigabytes is stopped, with a message that names the setting."""
    with pytest.raises(InvalidInput) as caught:
        render(f"a: 1\n{text}", {}, file="f", folder=tmp_path)
    what = "f:1: the template takes more than 256 MB of memory to render - simplify it, or raise"
    assert str(caught.value) == f"{what} RALLYCROSS_TEMPLATE_MEMORY"


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(9**5) %}{% for j in range(9**5) %}{% for k in range(9**5) %}" + "{% endfor %}" * 3,
        "{{ 3 ** (3 ** 19) ** 2 }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}",
    ],
)
def test_a_template_without_end_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that computes for ever is stopped, with a message that names the setting."""
    monkeypatch.setenv("RALLYCROSS_TEMPLATE_SECONDS", "1")
    with pytest.raises(InvalidInput) as caught:
        render(text, {}, file="f", folder=tmp_path)
    what = "f:1: the template takes more than 1 s to render - simplify it, or raise RALLYCROSS_TEMPLATE_SECONDS"
    assert str(caught.value) == what


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{{ "a" * 2000001 }}', "f:1: the template renders to more than 2 MB - simplify it, or raise"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "f:1: the template cannot be rendered: RecursionError"),
        ("{% for i in [1] %}" * 50 + "{% endfor %}" * 50, "f:1: the template cannot be rendered: SyntaxError"),
        ("{{ " + "(" * 100_000, "f:1: the template cannot be rendered: RecursionError"),
        ("{{ cycler.__init__.__globals__ }}", "SecurityError: access to attribute '__init__'"),
        ("{% include '/dev/zero' %}", "TemplateNotFound: '/dev/zero'"),
        ("{% include 'pipe' %}", "TemplateNotFound: 'pipe'"),
        (
            "{{ n }}{{ m.x }}",
            "f:1:4: n: the template needs this argument - give it in the task arguments, or write a default:",
        ),
    ],
)
def test_what_a_template_must_not_do_is_told(text: str, complaint: str, tmp_path: Path) -> None:
    """Huge texts, deep nesting, access to Python and invalid files each have a message."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput) as caught:
        render(text, {}, file="f", folder=tmp_path)
    assert complaint in str(caught.value)


def test_arguments_of_any_kind_that_yaml_has_are_filled_in(tmp_path: Path) -> None:
    """A date, a set or bytes in the arguments reach the template unchanged."""
    args = arguments("{d: 2001-01-02, s: !!set {a}, b: !!binary YQ==}")
    assert render("{{ d.year }} {{ s|first }} {{ b }}", args, file="f", folder=tmp_path) == "2001 a b'a'"
