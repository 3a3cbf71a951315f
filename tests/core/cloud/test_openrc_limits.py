"""Reading an openrc of any size and shape, or refusing it with the line, in little time and memory."""

import pytest
from processor_time import processor_time

from rallycross.cloud.openrc import read_openrc
from rallycross.errors import RallycrossError

PIECES = {
    "words": "a ",
    "commands": "a;",
    "lines": "\n",
    "comments": "#\n",
    "continued lines": "a\\\n",
    "redirections": "a >b ",
    "dollars": "$",
    "tildes": "~:",
    "quotes": "''",
    "double quotes": '"\\$"',
    "values": "${A}",
    "values that are not there": "$B",
    "outputs": "$(a)",
    "nested outputs": "$(",
    "assignments": "A=1 ",
    "appended values": "A+=1 ",
    "conditions": "if true; then ",
    "brackets": "( ",
    "branches": "a; elif ",
    "links": "true && ",
}


def cost(text: str) -> float:
    """Return the seconds of processor time that reading a text takes, whether it is taken or not."""
    said = "line 0"

    def read() -> None:
        nonlocal said
        try:
            read_openrc(text)
        except RallycrossError as error:
            said = str(error)

    took = processor_time(read)
    assert "line " in said
    assert len(said) < 1000
    return took


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
@pytest.mark.parametrize("before", ["A=1\nA=", "A=1\nif false; then "])
def test_time_grows_with_the_length_alone(before: str, piece: str) -> None:
    """Text that is sixteen times as long takes at most sixteen times as long, except for noise."""
    cost(before + piece)
    few = min(cost(before + piece * 500) for _ in range(2))
    many = min(cost(before + piece * 8_000) for _ in range(2))
    assert many < 16 * 5 * few + 0.05  # by squares: 256


@pytest.mark.parametrize("line", ["A=$A$A", "A=$A:$A", "A+=$A", "export A=${A}\"$A\"'x'", "A+=$A$A"])
def test_values_that_double_are_refused(line: str) -> None:
    """Values that grow beyond the limit of a file's size are an error with the line."""
    text = "A=0123456789\n" + f"{line}\n" * 40
    with pytest.raises(
        RallycrossError, match=r"line \d+: makes values of more than 2 MB of other values - .* RALLYCROSS_FILE_LIMIT"
    ):
        read_openrc(text)


def test_a_long_value_is_read_whole() -> None:
    """A value of a megabyte is read, in each kind of quotes."""
    long = "abc d" * 200_000
    assert read_openrc(f"OS_A='{long}'\n").known == {"OS_A": long}
    assert read_openrc(f'OS_A="{long}"\n').known == {"OS_A": long}
    assert read_openrc("OS_A=" + long.replace(" ", "\\ ")).known == {"OS_A": long}


def test_very_many_words_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many words are an error with the line."""
    monkeypatch.setenv("RALLYCROSS_FILE_VALUES", "100")
    assert len(read_openrc("A=1\n" * 100).known) == 1
    with pytest.raises(RallycrossError, match=r"line 51: .* more than 100 words - .* RALLYCROSS_FILE_VALUES"):
        read_openrc("export A=1\n" * 200)


@pytest.mark.parametrize(("opened", "closed"), [("if true; then ", "fi; "), ("{ ", "} ; "), ("( ", " )")])
def test_deep_commands_are_read_or_refused(opened: str, closed: str) -> None:
    """A hundred nested compound commands are read; ten thousand are an error with the line."""
    read_openrc(f"{opened * 100}A=1;{closed * 100}\n")
    with pytest.raises(RallycrossError, match=r"line 1: has `.+` in more than 100 others"):
        read_openrc(f"{opened * 10_000}A=1;{closed * 10_000}\n")
