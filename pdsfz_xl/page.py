"""A document in the making: every table becomes a sheet, what stands beside them one more.

Its reader says what comes next; where a cell stands, and how much is too much, is decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pdsfz_xl import wording as w
from pdsfz_xl.book import COLUMNS, ROWS, Cell, Position, Sheet, Tally
from pdsfz_xl.package import Refused
from pdsfz_xl.states import CellKind

Marked = tuple[int, Position]
"""Which table, from 0, and which cell; -1 for the text beside the tables."""


class _Text:
    """Paragraphs that belong together. `marks` are the comments made there."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.paragraphs: list[str] = []
        self.marks: list[str] = []
        self.length = 0
        self._pieces: list[str] = []
        self._later: list[str] = []

    def add(self, text: str) -> None:
        self.length += len(text)
        if self.length > self.limit:
            raise Refused("F08", "文字过长")
        self._pieces.append(text)

    def add_later(self, text: str) -> None:
        """As paragraphs of its own behind the one at hand, in the midst of which it is."""
        self.length += len(text)
        self._later.append(text)

    def end_paragraph(self) -> None:
        self.paragraphs += ["".join(self._pieces), *self._later]
        self.length += 1
        self._pieces, self._later = [], []

    def take(self) -> str:
        """All of it; line breaks alone are nothing."""
        if self._pieces or self._later:
            self.end_paragraph()
        said = "\n".join(self.paragraphs)
        return said if said.strip("\n") else ""


@dataclass(slots=True)
class _Table:
    row: int = -1
    column: int = 0
    cells: dict[Position, Cell] = field(default_factory=dict)
    merges: dict[Position, tuple[int, int]] = field(default_factory=dict)
    """The first cell of each, and the last row and column."""
    taken: dict[int, int] = field(default_factory=dict)
    """The last row into which a cell above reaches, by column."""
    above: dict[int, Position] = field(default_factory=dict)
    """The last cell that began in a column and was not a continued one."""


class Page:
    """Tables and paragraphs in, sheets out. Raises Refused where a limit is passed."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._texts = [_Text(tally.limits.one_text)]  # the page's own, then a cell's, a box's
        self._tables: list[_Table] = []
        self._open = False
        self._cell: int | None = None  # where among the texts the cell at hand has its own
        self._inner = 0
        self._prose: list[str] = []
        self._marked: dict[str, Marked] = {}

    # Text.

    def add(self, text: str) -> None:
        self._texts[-1].add(text)

    def mark(self, key: str) -> None:
        """Here is what a comment is about."""
        self._texts[-1].marks.append(key)

    def end_paragraph(self) -> None:
        self._texts[-1].end_paragraph()
        if len(self._texts) == 1:
            self._end_prose()

    def start_text(self) -> None:
        """A text of its own, in the midst of another."""
        self._texts.append(_Text(self.tally.limits.one_text))

    def end_text(self) -> str:
        """What stood in it; the marks go to the text around it."""
        ended = self._texts.pop()
        self._texts[-1].marks += ended.marks
        return ended.take()

    def add_later(self, text: str) -> None:
        """Text behind the paragraph at hand."""
        if text:
            self._texts[-1].add_later(text)

    def _end_prose(self) -> None:
        """The page's own text has a row for every paragraph."""
        text = self._texts[0]
        for said in text.paragraphs:
            self.tally.element()
            self._prose.append(said)
        at = (max(len(self._prose) - 1, 0), 0)
        self._marked.update(dict.fromkeys(text.marks, (-1, at)))
        self._texts[0] = _Text(self.tally.limits.one_text)
        if len(self._prose) > ROWS:
            raise Refused("F03", "超出工作表的边界")

    # Tables. One in a cell is part of that cell's text.

    @property
    def inner(self) -> bool:
        """Whether what comes next is in a table in a cell."""
        return self._inner > 0

    @property
    def in_cell(self) -> bool:
        return self._cell is not None

    def start_table(self) -> None:
        if self._open:
            self._inner += 1
            return
        self._open = True
        self._tables.append(_Table())
        if len(self._tables) > self.tally.limits.sheets:
            raise Refused("F08", "表格过多")

    def end_table(self) -> None:
        if self._inner:
            self._inner -= 1
        else:
            self.end_cell()
            self._open = False

    def start_row(self) -> None:
        if self._open and not self._inner:
            self.tally.element()
            table = self._tables[-1]
            table.row += 1
            table.column = 0

    def skip(self, columns: int) -> None:
        """Columns at the beginning of a row which have no cell."""
        if self._open and not self._inner:
            self._tables[-1].column += columns

    def start_cell(self) -> None:
        if self._open and not self._inner and self._cell is None:
            self._cell = len(self._texts)
            self.start_text()

    def end_cell(self, columns: int = 1, rows: int = 1, *, continued: bool = False) -> None:
        """How much it covers is only asked for now. A continued one belongs to the one above."""
        if self._cell is None or self._inner:
            return
        while len(self._texts) > self._cell + 1:  # a box that was never closed
            self.add_later(self.end_text())
        ended = self._texts.pop()
        self._cell = None
        table, said = self._tables[-1], ended.take()
        at = self._place(table, columns, rows)
        end = (min(at[0] + rows, ROWS) - 1, at[1] + columns - 1)
        if continued and at[1] in table.above:
            first = table.above[at[1]]
            table.merges[first] = (end[0], max(end[1], table.merges.get(first, first)[1]))
        else:
            table.above[at[1]] = at
            if end != at:
                table.merges[at] = end
        if said:
            self.tally.item(said)
            table.cells[at] = Cell(CellKind.TEXT, said, said)
        self._marked.update(dict.fromkeys(ended.marks, (len(self._tables) - 1, at)))

    def _place(self, table: _Table, columns: int, rows: int) -> Position:
        """The next free place. Every column counts: a span is a short way to write many cells."""
        row = max(table.row, 0)
        while table.taken.get(table.column, -1) >= row:
            self.tally.element()
            table.column += 1
        at = (row, table.column)
        table.column += columns
        if row >= ROWS or table.column > COLUMNS:
            raise Refused("F03", "超出工作表的边界")
        for column in range(at[1], table.column):
            self.tally.element()
            if rows > 1:
                table.taken[column] = row + rows - 1
        return at

    # The end.

    @property
    def tables(self) -> int:
        return len(self._tables)

    def sheets(self, comments: Mapping[str, str] | None = None) -> tuple[Sheet, ...]:
        """The tables in order, then the text beside them and the comments nobody can place."""
        while self._open:
            self.end_table()
        while len(self._texts) > 1:
            self.add_later(self.end_text())
        if self._texts[0].take():
            self._end_prose()
        said: dict[int, dict[Position, str]] = {}
        lost = []
        for key, comment in (comments or {}).items():
            self.tally.item(comment)
            if key in self._marked:
                number, at = self._marked[key]
                there = said.setdefault(number, {})
                there[at] = f"{there[at]}\n{comment}" if at in there else comment
            else:
                lost.append(comment)
        sheets = [
            self._sheet(table, number, said.get(number, {}))
            for number, table in enumerate(self._tables)
        ]
        if any(self._prose) or -1 in said:
            sheets.append(self._column(w.DOCUMENT_TEXT, self._prose, said.get(-1, {})))
        if lost:
            sheets.append(self._column(w.DOCUMENT_COMMENTS, lost, {}))
        return tuple(sheets)

    def _sheet(self, table: _Table, number: int, comments: Mapping[Position, str]) -> Sheet:
        merges = tuple((*first, *last) for first, last in table.merges.items())
        for _ in merges:
            self.tally.item()
        return Sheet(f"{w.DOCUMENT_TABLE}{number + 1}", True, table.cells, merges, comments)

    def _column(self, name: str, rows: list[str], comments: Mapping[Position, str]) -> Sheet:
        cells = {(row, 0): Cell(CellKind.TEXT, said, said) for row, said in enumerate(rows) if said}
        for cell in cells.values():
            self.tally.item(cell.text)
        return Sheet(name, True, cells, (), comments)
