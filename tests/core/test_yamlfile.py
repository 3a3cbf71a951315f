"""Parsing YAML with the places of keys."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.errors import InvalidInput
from rallycross.yamlfile import parse, place


def test_every_value_has_the_place_of_its_key() -> None:
    """Keys and list items have their line and column; other paths have those of their nearest ancestor."""
    data, places = parse("a:\n  - b: 1\n  - [2, {c: 3}]\n", "f")
    assert data == {"a": [{"b": 1}, [2, {"c": 3}]]}
    assert places["a", 0, "b"] == (2, 5)
    assert places["a", 1, 1, "c"] == (3, 10)
    assert place(places, ("a", 0, "missing")) == (2, 5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: \x07", "f:2:4: not valid YAML: the character U+0007 is not allowed"),
        ("a: &a [*a]", "a[0]: an alias that contains itself"),
        ("a: b: c", "f:1:5: not valid YAML: mapping values are not allowed here"),
        ("--- a\n--- b", "f:2:1: not valid YAML: a second document begins here - remove the line `---`"),
        ("a:\n  on: 1", "f:2:3: a.on: YAML reads the key `on` as true - quote it"),
        ("2001-01-01: 1", "f:1:1: 2001-01-01: YAML reads the key `2001-01-01` as a date - quote it"),
        ("[" * 3000, "f:1:101: nested more than 100 levels deep"),
        ("- " * 3000, "f:1:201: nested more than 100 levels deep"),
        ("a: 1" + "0" * 9000, "f:1:4: a: a number of 9001 digits - quote it"),
        ("a: 1" + ":59" * 9000, "f:1:4: a: a number of 27001 digits"),
        ("[" + "1," * 50001 + "]", "f:1:100000: more than 50000 values"),
        ("a: &a '" + "x" * 1000 + "'\nb: [" + "*a, " * 5000 + "]", "f: is larger than 2 MB"),
        (
            "a: '" + "x" * 50_000_000 + "'",
            "f: is larger than 2 MB - split it into several files, or raise",
        ),
        ("!!bool maybe", "f:1:1: not valid YAML: a value does not fit its tag"),
        ("!!timestamp soon", "f:1:1: not valid YAML: a value does not fit its tag"),
        ("!!int ''", "f:1:1: not valid YAML: a value does not fit its tag"),
        (r'a: "\ud800"', "f:1:4: a: the character U+D800, which cannot be stored - remove it"),
        (r'a: "x\0"', "f:1:4: a: the character U+0000, which cannot be stored"),
        ("a: 2001-99-99", "not valid YAML: month must be in 1..12"),
    ],
)
def test_what_is_no_yaml_is_told_where(text: str, complaint: str) -> None:
    """Invalid YAML is a complaint with its place."""
    with pytest.raises(InvalidInput) as caught:
        parse(text, "f")
    assert complaint in str(caught.value)


def test_aliases_of_aliases_end() -> None:
    """A few lines that expand to billions of values are refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InvalidInput, match="more than 50000 values"):
        parse("\n".join(lines), "f")


# A key of YAML that is not announced by a ? is shorter than 1,024 characters, of which JSON takes 12 for one.
@given(st.dictionaries(st.text(max_size=80), st.text() | st.integers(), max_size=5))
def test_what_json_escapes_is_read_as_it_was(data: dict[str, str | int]) -> None:
    """JSON's surrogate pairs and control characters are read; only NUL and unpaired surrogates are refused."""
    text = json.dumps(data)
    if "\\u0000" in text:
        with pytest.raises(InvalidInput, match=r"U\+0000"):
            parse(text, "f")
    else:
        assert parse(text, "f")[0] == data
