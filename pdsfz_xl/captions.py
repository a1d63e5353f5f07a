"""A workbook of ours that the clerk works in: its sheets by row, and where their captions stand.

Whatever the clerk sorts, inserts or copies, a cell is known by what its column is called.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError

_LIMITS = reader.Limits(
    file=1 << 30, part=1 << 30, total=2 << 30, cells=40_000_000, strings=20_000_000, text=1 << 31
)
"""Our own workbook grows with the campaign; a form never gets that large."""
_LONGEST = 20
"""Characters of what may be a caption."""

_LONGEST_CODE = 60
"""Characters of a row code with whatever blanks somebody put in."""

Columns = tuple[layout.Column, ...]
_Cells = Mapping[int, str]
"""A row: what stands in it by column, counted from 0, blanks left out."""
_Rows = Mapping[int, _Cells]


_SHEETS = tuple(
    frozenset(texts.squash(column.caption) for column in columns)
    for columns in (layout.MERGED, layout.FINAL, layout.CONFLICT, layout.REGISTER)
)
"""The captions of the sheets that only a merged workbook has."""
_TELLING = frozenset().union(*_SHEETS)
_FINGERPRINTED = frozenset({w.CODE, w.ANSWER_DIGEST, w.REVIEW_DIGEST})
"""What no other workbook has in one row, however many columns were deleted."""


class Table(NamedTuple):
    """A sheet by rows: where its captions stand, and what each column is called."""

    head: int
    """The row of the captions, counted from 0; -1 where there are none."""
    captions: _Cells
    rows: _Rows
    comments: _Rows

    @property
    def numbers(self) -> list[int]:
        """The rows in which something stands, counted from 0."""
        return sorted(self.rows.keys() | self.comments.keys())

    def said(self, row: int) -> dict[str, str]:
        """A row by caption; comments have captions of their own. Of the caption row only those."""
        cells = {} if row == self.head else self.rows.get(row, {})
        said = {self._over(column): text for column, text in cells.items()}
        for column, text in self.comments.get(row, {}).items():
            caption = w.comment_on(self._over(column))
            said[caption] = joined([said.get(caption, ""), text])
        return said

    def _over(self, column: int) -> str:
        return self.captions.get(column) or w.unnamed_column(column + 1)


class Stamp(NamedTuple):
    """What a merged workbook says of itself.

    `words` is the digest of what the clerk had written when run number `run` wrote it.
    """

    campaign: str
    mark: str
    run: int
    words: str


def stamped(book: reader.Book) -> dict[str, str]:
    """What a workbook of ours says of itself by name: hidden sheet over custom properties."""
    stamp = {
        name.removeprefix(layout.STAMP): value
        for name, value in book.properties.items()
        if name.startswith(layout.STAMP)
    }
    for sheet in book.sheets:
        if texts.sheet_key(sheet.name) == w.STAMP_SHEET:
            names = (row for row, column in sheet.cells if row < 4 and column == 0)
            stamp |= {
                sheet.cells[row, 0].text: sheet.cells[row, 1].text
                for row in names
                if (row, 1) in sheet.cells
            }
    return stamp


def stamp_of(book: reader.Book) -> Stamp | None:
    """Of a merged workbook; None for one that was written before there were stamps."""
    values = stamped(book)
    run = values.get("run", "")
    if not (run.isascii() and run.isdecimal() and len(run) < 18):
        return None
    return Stamp(
        values.get("campaign", ""), values.get("mark", ""), int(run), values.get("words", "")
    )


def is_merged(book: reader.Book) -> bool:
    """Whether it is a merged workbook, whatever was done to it: by its stamp, or a sheet of it."""
    return stamp_of(book) is not None or any(map(_is_merged, book.sheets))


def _is_merged(sheet: reader.Sheet) -> bool:
    """Whether a row has most of the captions of such a sheet, or our fingerprints."""
    rows: dict[int, set[str]] = defaultdict(set)
    for (row, _), cell in sheet.cells.items():
        if len(cell.text) <= _LONGEST and (caption := texts.squash(cell.text)) in _TELLING:
            rows[row].add(caption)
    return any(
        there >= _FINGERPRINTED or len(there & known) > 0.6 * len(known)
        for there in rows.values()
        for known in _SHEETS
    )


def campaign(book: reader.Book) -> str:
    """Whose a merged workbook is: by its stamp, else by most of the row codes; empty if none."""
    if stamp := stamp_of(book):
        return stamp.campaign
    found = Counter(
        code.campaign
        for sheet in book.sheets
        if _is_merged(sheet)
        for cell in sheet.cells.values()
        if len(cell.text) <= _LONGEST_CODE and (code := identity.read(cell.text))
    )
    return found.most_common(1)[0][0] if found else ""


def read(path: Path | reader.InMemory) -> reader.Book:
    """The workbook. Raises OperatorError if it cannot be read."""
    try:
        return reader.read(path, limits=_LIMITS)
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}），没有改动；"
            "请用 Excel 打开检查，或从 out/存档 找回上一份放回原处后重新运行。"
        ) from refused
    except OSError as error:
        raise OperatorError(
            f"{path.name} 打不开（可能正被其他程序占用，或没有读取权限），没有改动；"
            "请关闭它或检查权限后重新运行。"
        ) from error


def sheets(path: Path) -> tuple[reader.Sheet, ...]:
    """The sheets of the workbook. Raises OperatorError if it cannot be read."""
    return read(path).sheets


def ours(sheet: reader.Sheet, book: Mapping[str, Columns]) -> str:
    """Which sheet of ours it is: by name, else by captions; empty for one of the clerk's own.

    A copy is known by its captions: 定稿2 may as well be a memo.
    """
    if sheet.name.strip() in book:
        return sheet.name.strip()
    best, share = "", 0.6  # a sheet that borrows a few of our columns is not ours
    for cells in _typed(sheet).values():
        there = _possible(cells)
        for name, columns in book.items():
            found = len(there & _known(columns).keys()) / len(columns)
            if found > share:
                best, share = name, found
    return best


def table(path: Path, sheet: reader.Sheet, columns: Columns, first: str) -> Table:
    """A sheet that has these columns, wherever its caption row is now; `first` must be there.

    Raises OperatorError without that row: reading on would drop every word on the sheet.
    """
    rows, known = _typed(sheet), _known(columns)
    for row, cells in rows.items():
        there = _possible(cells) & known.keys()
        if texts.squash(first) in there and len(there) >= min(3, len(known)):
            return Table(row, _captions(cells, known), rows, _by_row(sheet.comments))
    raise OperatorError(
        f"{path.name} 的“{sheet.name}”里找不到标题行（“{first}”等栏目名），没有改动；"
        "请在 Excel 里恢复标题行，或从 out/存档 找回上一份放回原处后重新运行。"
    )


def foreign(sheet: reader.Sheet) -> dict[str, dict[str, str]]:
    """A sheet of the clerk's own, one text for each row."""
    rows, comments = _typed(sheet), _by_row(sheet.comments)
    return {
        w.unnamed_row(row + 1): {
            w.WHOLE_ROW: "\t".join([*rows.get(row, {}).values(), *comments.get(row, {}).values()])
        }
        for row in sorted(rows.keys() | comments.keys())
    }


def joined(said: Iterable[str]) -> str:
    """Two different texts of one cell, said to be two."""
    return f"\n{w.ALSO_SAID}\n".join(dict.fromkeys(text for text in said if text))


def _typed(sheet: reader.Sheet) -> _Rows:
    return _by_row({at: cell.text for at, cell in sheet.cells.items()})


def _by_row(cells: Mapping[tuple[int, int], str]) -> _Rows:
    rows: dict[int, dict[int, str]] = defaultdict(dict)
    for (row, column), said in sorted(cells.items()):
        if text := texts.tidy(said):
            rows[row][column] = text
    return dict(rows)


@cache
def _known(columns: Columns) -> Mapping[str, str]:
    """The captions by what they are compared by."""
    return {texts.squash(column.caption): column.caption for column in columns}


def _possible(cells: _Cells) -> set[str]:
    """What in a row may be a caption, for comparing."""
    return {texts.squash(text) for text in cells.values() if len(text) <= _LONGEST}


def _captions(cells: _Cells, known: Mapping[str, str]) -> dict[int, str]:
    """A caption that stands there twice is the clerk's second column of that name."""
    seen: Counter[str] = Counter()
    captions = {}
    for column, text in cells.items():
        caption = known.get(texts.squash(text), text)
        seen[caption] += 1
        again = seen[caption]
        captions[column] = caption if again == 1 else w.same_caption(caption, again)
    return captions
