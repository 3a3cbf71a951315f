"""Output of the command line is safe, and is not cut off."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.cli import main as command_line
from rallycross.cli.console import SafeConsole, styled
from rallycross.cli.display import PlainDisplay, TerminalDisplay, display
from rallycross.cli.grid import Grid
from rallycross.cli.parser import Parser
from rallycross.errors import Complaint, InvalidInput, RallycrossError

EVIL = "\x1b]0;PWN\a\u202eexe[red]\u200b"
SEEN = r"\x1b]0;PWN\x07\u202eexe[red]\u200b"
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)


def _console(width: int = 200, *, terminal: bool = True, **how: object) -> SafeConsole:
    return SafeConsole(file=io.StringIO(), force_terminal=terminal, color_system=None, width=width, **how)


def _written(to: SafeConsole) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def _table(*cells: str) -> Grid:
    grid = Grid("name", "value")
    grid.add_row(*cells)
    return grid


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("what", [EVIL, styled(EVIL, "red"), _table(EVIL, EVIL)], ids=["text", "styled", "table"])
def test_no_text_steers_the_terminal(what: object, *, terminal: bool) -> None:
    """Texts cannot control the terminal, whether plain, styled or in a table, and markup is not interpreted."""
    to = _console(terminal=terminal)
    to.print(what, style="bold")
    assert SEEN in _written(to)
    assert not {"\x1b", "\a", "\u202e", "\u200b"} & set(_written(to))


def test_no_secret_is_written() -> None:
    """A secret is masked even if another program's message quotes it."""
    to = _console()
    to.print("GET http://me:hush-7Xk9@c failed with Authorization: Bearer hush-7Xk9")
    assert "hush" not in _written(to)


@pytest.mark.parametrize(
    "error", [RallycrossError(EVIL), InvalidInput([Complaint(EVIL, 1, 1, EVIL, EVIL, EVIL)]), ValueError(EVIL)]
)
def test_no_error_steers_the_terminal(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors, complaints about files, and uncaught exceptions are printed safely."""

    class Module:
        @staticmethod
        def configure(_: object) -> None: ...

        @staticmethod
        def run(_: object) -> int:
            raise error

    to = _console()
    monkeypatch.setattr(command_line, "import_module", lambda _: Module)
    monkeypatch.setattr(command_line, "progress", to)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    try:
        assert command_line.main(["status"]) == 2
    except ValueError as fault:
        sys.excepthook(type(fault), fault, fault.__traceback__)
    assert SEEN in _written(to)
    assert "\x1b" not in _written(to)
    assert capsys.readouterr().err == ""


def test_a_word_of_the_command_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The message quotes the unknown command safely."""
    with pytest.raises(SystemExit):
        Parser(prog="p").parse_args([EVIL])
    assert SEEN in capsys.readouterr().err


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(20, 90))
def test_no_cell_is_cut_off(rows: list[tuple[str, str, str]], width: int) -> None:
    """On a narrow terminal a row is shown as lines, with every character of every cell in order."""
    grid = Grid("name", ">figure", "path")
    for row in rows:
        grid.add_row(*row)
    to = _console(width)
    to.print(grid)
    seen = "".join(_written(to).split())
    for row in rows:
        for cell in row:
            assert "".join(cell.split()) in seen


def test_a_table_that_fits_is_a_table_and_one_that_does_not_has_no_dots() -> None:
    """A row is one line at 100 columns and several at 40; in a file or a pipe it is always one line."""
    grid = Grid("uuid", ">median", "path")
    grid.add_row("4dd85e21", "0.123", "/home/user/rallycross/.rallycross/reports/report.html")
    lines = {}
    for width, terminal in ((100, True), (40, True), (40, False)):
        to = _console(width, terminal=terminal)
        to.print(grid)
        lines[width, terminal] = _written(to).splitlines()
    assert len(lines[100, True]) == 2
    assert lines[40, True][0] == "4dd85e21"
    assert lines[40, True][1].split() == ["median", "0.123"]
    assert "/home/user/rallycross/.rallycross/reports/report.html" in "".join(
        line.removeprefix("  path    ") for line in lines[40, True]
    )
    assert not any("…" in line or "..." in line for line in lines[40, True])
    assert len(lines[40, False]) == 2


@pytest.mark.parametrize(
    ("term", "no_color", "terminal", "kind"),
    [
        ("xterm", None, True, TerminalDisplay),
        ("dumb", None, True, PlainDisplay),
        ("xterm", "1", True, PlainDisplay),
        ("xterm", None, False, PlainDisplay),
    ],
)
def test_progress_is_lines_where_nothing_can_be_drawn(
    term: str, no_color: str | None, kind: type, *, terminal: bool
) -> None:
    """Progress is plain lines on a dumb terminal, without colours, and in a file; otherwise it is drawn."""
    env = {"TERM": term, **({"NO_COLOR": no_color} if no_color else {})}
    assert type(display(SafeConsole(file=io.StringIO(), force_terminal=terminal, _environ=env))) is kind
