"""Tables for any terminal: a row that does not fit is shown as several lines. Nothing is cut off."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ALL = 1_000_000  # columns of a terminal in which any table fits


class Grid:
    """Rows under named columns; columns whose names begin with `>` are right-aligned figures."""

    def __init__(self, *columns: str, title: str = "", header: bool = True) -> None:
        self._columns = [name.removeprefix(">") for name in columns]
        self._figures = [name.startswith(">") for name in columns]
        self._title, self._header = title, header
        self.rows: list[tuple[Sequence[str], str]] = []

    def add_row(self, *cells: str, style: str = "") -> None:
        """Add a row."""
        self.rows.append((cells, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or its rows as lines."""
        table = self._table()
        needed = Measurement.get(console, options.update(width=_ALL), table).maximum
        if not console.is_terminal or needed <= options.max_width:
            yield from console.render(table, options.update(width=needed))
            return
        if self._title:
            yield Text(self._title, style="italic")
        for cells, style in self.rows:
            yield from self._stacked(console, cells, style)

    def _table(self) -> Table:
        table = Table(title=self._title or None, title_justify="left", box=None, show_header=self._header)
        for name, figure in zip(self._columns, self._figures, strict=True):
            table.add_column(name, justify="right" if figure else "left", no_wrap=True)
        for cells, style in self.rows:
            table.add_row(*cells, style=style)
        return table

    def _stacked(self, console: Console, cells: Sequence[str], style: str) -> RenderResult:
        """Yield a row as lines: the first cell, and below it the others with their column names."""
        first, *others = zip(self._columns, cells, strict=True)
        yield Text.assemble(console.render_str(first[1] or "-"), style=style or "bold", overflow="fold", no_wrap=False)
        widest = max((len(name) for name, cell in others if cell), default=0)
        for name, cell in others:
            if cell:
                label = f"  {name:<{widest}}  " if self._header and widest else "  "
                line = Text.assemble((label, "dim"), console.render_str(cell), overflow="fold", no_wrap=False)
                yield line
