"""A workbook of ours that the clerk works in: its sheets by row, and where their captions stand.

Whatever the clerk sorts, inserts or copies, a cell is known by what its column is called.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

from pdsfz_xl import layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError

_LIMITS = reader.Limits(
    file=1 << 30, part=1 << 30, total=2 << 30, cells=40_000_000, strings=20_000_000, text=1 << 31
)
"""Our own workbook grows with the campaign; a form never gets that large."""
_LONGEST = 20
"""Characters of what may be a caption."""

Cells = Mapping[int, str]
"""A row: what stands in it by column, counted from 0, blanks left out."""
Rows = Mapping[int, Cells]
"""Counted from 0 too."""
Columns = tuple[layout.Column, ...]


def sheets(path: Path) -> tuple[reader.Sheet, ...]:
    """The sheets of the workbook. Raises OperatorError if it cannot be read."""
    try:
        return reader.read(path, limits=_LIMITS).sheets
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


def refuse(path: Path, sheet: str, caption: str) -> NoReturn:
    """A sheet of ours without its caption row: reading on would drop every word on it."""
    raise OperatorError(
        f"{path.name} 的“{sheet}”里找不到标题行（“{caption}”等栏目名），没有改动；"
        "请在 Excel 里恢复标题行，或从 out/存档 找回上一份放回原处后重新运行。"
    )


def rows(sheet: reader.Sheet) -> Rows:
    """What stands in the cells of a sheet."""
    return _by_row({at: cell.text for at, cell in sheet.cells.items()})


def comments(sheet: reader.Sheet) -> Rows:
    """What stands in the comments of a sheet."""
    return _by_row(sheet.comments)


def _by_row(cells: Mapping[tuple[int, int], str]) -> Rows:
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for (row, column), said in sorted(cells.items()):
        if text := texts.tidy(said):
            found[row][column] = text
    return dict(found)


@cache
def known(columns: Columns) -> Mapping[str, str]:
    """The captions by what they are compared by."""
    return {texts.squash(column.caption): column.caption for column in columns}


def possible(cells: Cells) -> set[str]:
    """What in a row may be a caption, for comparing."""
    return {texts.squash(text) for text in cells.values() if len(text) <= _LONGEST}


def head(found: Rows, columns: Columns, least: float, first: str = "") -> int | None:
    """The row of the captions, wherever it is now: `least` of them are there, and `first` is."""
    ours = known(columns)
    for row, cells in found.items():
        there = possible(cells) & ours.keys()
        if len(there) >= least and (not first or texts.squash(first) in there):
            return row
    return None


def named(cells: Cells, columns: Columns) -> dict[int, str]:
    """What each column is called; a caption that stands there twice is the clerk's second one."""
    ours = known(columns)
    seen: Counter[str] = Counter()
    found = {}
    for column, text in cells.items():
        caption = ours.get(texts.squash(text), text)
        seen[caption] += 1
        again = seen[caption]
        found[column] = caption if again == 1 else w.same_caption(caption, again)
    return found


def over(captions: Cells, column: int) -> str:
    """What a column is called, if only by its place."""
    return captions.get(column) or w.unnamed_column(column + 1)


def joined(said: Iterable[str]) -> str:
    """Two different texts of one cell, said to be two."""
    return f"\n{w.ALSO_SAID}\n".join(dict.fromkeys(text for text in said if text))
