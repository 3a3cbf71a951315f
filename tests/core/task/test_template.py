"""Templates in Rally's dialect."""

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
    """Each variable that nothing gives a value is one complaint, where it is first used."""
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
    """Whatever goes wrong in a template is a complaint with the line, and none reaches into Python or runs for ever."""
    with pytest.raises(InvalidInput) as caught:
        render(text, {}, file="f", folder=tmp_path)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("text", ["a: 1\nb: x", '{"a": 1, "b": "x"}', "a=1,b=x", "a=1, b = x"])
def test_arguments_are_yaml_json_or_pairs(text: str) -> None:
    """The three ways of writing task arguments mean the same."""
    assert arguments(text) == {"a": 1, "b": "x"}


def test_of_pairs_only_whole_numbers_are_more_than_text() -> None:
    """`key=value` keeps a value as it is written, as Rally does, but one can count with a whole number."""
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
    """What is no mapping is a complaint that names the three ways."""
    with pytest.raises(InvalidInput, match="<task arguments>"):
        arguments(text)
    assert arguments("") == {}
