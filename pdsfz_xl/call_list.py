"""催报电话单.xlsx: who owes what in, a list to telephone by out; and what the clerk wrote in it.

What stands under the clerk's columns is read back once, when the list is made again, and lives on
in the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import excel, layout, owed, reader
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.ledger import Handed
from pdsfz_xl.model import Batch, Master, Unit
from pdsfz_xl.owed import Owed
from pdsfz_xl.tables import Line
from pdsfz_xl.units import Names

_CLERK = "#FFF9DB"
_HEADER = 2
"""0-based row of the captions."""
_ITEMS = 12
"""Missing items that are named one by one; beyond, a row would get higher than Excel allows."""
_LATE = "#C00000"
_OURS = frozenset(column.caption for column in layout.CALLS if not column.clerk)


# --- writing -------------------------------------------------------------------------------


def build(batch: Batch, everybody: Iterable[Owed], made: Mapping[str, Sequence[str]]) -> bytes:
    """The list of who is to be reminded, and a sheet that says why the others are not.

    `made` are the contacts so far, by unit code.
    """
    everybody = tuple(everybody)
    settings = batch.master.settings
    book = excel.Book(title=hw.calls_title(settings.name), subject=settings.code)
    owing = [one for one in everybody if not one.excuse]
    until = w.day(settings.deadline) if settings.deadline else ""
    head = hw.calls_head(len(owing), until, f"{w.day(batch.now)} {batch.now:%H:%M}")
    sheet = _Writer(book, hw.CALLS_SHEET, settings.name)
    sheet.head(hw.calls_title(settings.name), head)
    sheet.table(layout.CALLS, [_line(one, made.get(one.unit.code, [])) for one in owing])
    if resting := [one for one in everybody if one.excuse]:
        sheet = _Writer(book, hw.RESTING_SHEET, settings.name)
        sheet.head(hw.RESTING_SHEET, "")
        sheet.table(layout.RESTING, [_resting(one) for one in resting])
    return book.bytes()


def _line(one: Owed, made: Sequence[str]) -> Line:
    values = {
        "代码": one.unit.code,
        w.UNIT: one.unit.name,
        "联系人": one.unit.contact,
        "电话": one.unit.phone,
        hw.OWED: _missing(one),
        "截止日期": f"{one.deadline}" if one.deadline else "",
        hw.TIME_LEFT: w.days_left(one.days),
        hw.CONTACTS_MADE: "\n".join(made),
    }
    late = one.days is not None and one.days < 0
    return Line(one.unit.code, values, frozenset({hw.TIME_LEFT} if late else ()))


def _missing(one: Owed) -> str:
    if len(one.missing) > _ITEMS:
        return hw.only_numbers([owed.name(r) for r in one.missing])
    return "\n".join(hw.owed_item(owed.name(r), owed.brief(r, 32)) for r in one.missing)


def _resting(one: Owed) -> Line:
    captions = (column.caption for column in layout.RESTING)
    numbers = (str(one.assigned), str(len(one.missing)))
    values = (one.unit.code, one.unit.name, *numbers, one.excuse)
    return Line(one.unit.code, dict(zip(captions, values, strict=True)))


class _Writer:
    """An open sheet, ready to be printed: the clerk may do with it as they like."""

    def __init__(self, book: excel.Book, name: str, campaign: str) -> None:
        self.sheet = book.sheet(name, grows=True)
        self.footer = f"&L{campaign[:60].replace('&', '&&')}&C{w.PAGE_FOOTER}&R{name}"
        body = {"text_wrap": True, "border": 1, "border_color": "#A6A6A6", "num_format": "@"}
        self.title = book.format(font_name=excel.HEAD_FONT, font_size=16, num_format="@")
        self.said = book.format(font_color="#595959", num_format="@")
        self.left = book.format(align="left", **body)
        self.centre = book.format(align="center", **body)
        self.late = book.format(align="center", bold=True, font_color=_LATE, **body)
        self.open = book.format(align="left", bg_color=_CLERK, **body)
        heading = {**body, "font_name": excel.HEAD_FONT, "align": "center"}
        self.caption = book.format(bg_color="#D9E1F2", **heading)
        self.clerk_caption = book.format(bg_color="#FFE699", **heading)

    def head(self, title: str, said: str) -> None:
        self.sheet.write_string(0, 0, title, self.title)
        self.sheet.set_row(0, 28)
        if said:
            self.sheet.write_string(1, 0, said, self.said)
            self.sheet.set_row(1, 20)

    def table(self, columns: Sequence[layout.Column], lines: Sequence[Line]) -> None:
        for i, column in enumerate(columns):
            self.sheet.set_column(i, i, column.width)
            style = self.clerk_caption if column.clerk else self.caption
            self.sheet.write_string(_HEADER, i, column.caption, style)
        self.sheet.set_row(_HEADER, 24)
        for row, line in enumerate(lines, _HEADER + 1):
            for i, column in enumerate(columns):
                said = line.values.get(column.caption, "")
                style = self.style(column, line)
                if said:
                    self.sheet.write_string(row, i, str(said), style)
                else:
                    self.sheet.write_blank(row, i, None, style)
            shown = [(str(line.values.get(c.caption, "")), c.width) for c in columns]
            self.sheet.set_row(row, excel.height(shown, least=34))
        self.finish(len(columns), _HEADER + max(1, len(lines)))

    def style(self, column: layout.Column, line: Line) -> Any:
        if column.clerk:
            return self.open
        if column.caption in line.alarm:
            return self.late
        return self.left if column.width > 12 else self.centre

    def finish(self, width: int, last: int) -> None:
        self.sheet.freeze_panes(_HEADER + 1, 2)
        self.sheet.autofilter(_HEADER, 0, last, width - 1)
        self.sheet.set_landscape()
        self.sheet.set_paper(excel.A4)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(_HEADER)
        self.sheet.print_area(0, 0, last, width - 1)
        self.sheet.set_footer(self.footer)


# --- reading back --------------------------------------------------------------------------


class Written(NamedTuple):
    """What the clerk wrote in a list: what became of calls, and what fits nowhere."""

    calls: tuple[Handed, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Rows that name no unit, or two: row number and text."""
    differing: tuple[tuple[Unit, str, str], ...] = ()
    """Contacts and phones that are not the master's: unit, caption, what stands there."""


def read(path: Path, master: Master, today: date) -> Written:
    """Raises OperatorError where the list cannot be read, so that nothing replaces it."""
    if not path.exists():
        return Written()
    rows = list(_rows(path))
    found = [(row, _unit(master, row), row.said) for row in rows]
    return Written(
        tuple(call for _, unit, said in found if unit for call in _call(unit, said, today)),
        tuple(
            hw.unmatched_row(row.number, texts.brief("；".join(said.values()), 80))
            for row, unit, said in found
            if unit is None and not said.keys() <= _OURS
        ),
        tuple(
            (unit, caption, said[caption])
            for _, unit, said in found
            if unit
            for caption, known in (("联系人", unit.contact), ("电话", unit.phone))
            if said.get(caption) and texts.squash(said[caption]) != texts.squash(known)
        ),
    )


class _Row(NamedTuple):
    number: int
    """As Excel counts."""
    said: Mapping[str, str]
    """By caption; what stands in no column of ours under a caption that says where."""


def _rows(path: Path) -> Iterator[_Row]:
    """The rows below the captions of every sheet that has them, also of a copied one."""
    try:
        sheets = reader.read(path).sheets
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}），没有改动；"
            "请用 Excel 打开检查，或把它移到别处后重新运行。"
        ) from refused
    heads = [(sheet, _head(sheet)) for sheet in sheets]
    if not any(head for _, head in heads):
        raise OperatorError(
            f"{path.name} 里找不到标题行（“{hw.RESULT}”等栏目名），没有改动；"
            "请在 Excel 里恢复标题行，或把它移到别处后重新运行。"
        )
    for sheet, head in heads:
        if head:
            yield from _below(sheet, *head)


def _head(sheet: reader.Sheet) -> tuple[int, dict[int, str]] | None:
    ours = {texts.squash(c.caption): c.caption for c in layout.CALLS}
    rows: dict[int, dict[int, str]] = {}
    for (row, column), cell in sheet.cells.items():
        rows.setdefault(row, {})[column] = cell.text
    for row, cells in sorted(rows.items()):
        captions = {i: ours.get(texts.squash(said), said.strip()) for i, said in cells.items()}
        if {"代码", hw.RESULT} <= set(captions.values()):
            return row, captions
    return None


def _below(sheet: reader.Sheet, head: int, captions: Mapping[int, str]) -> Iterator[_Row]:
    rows: dict[int, dict[str, str]] = {}
    for (row, column), cell in sorted(sheet.cells.items()):
        if row > head and (said := texts.tidy(cell.text)):
            caption = captions.get(column) or w.unnamed_column(column + 1)
            rows.setdefault(row, {})[caption] = said
    for (row, column), said in sorted(sheet.comments.items()):
        if row > head and row in rows:
            caption = captions.get(column) or w.unnamed_column(column + 1)
            rows[row][w.comment_on(caption)] = texts.tidy(said)
    for row, said_there in sorted(rows.items()):
        yield _Row(row + 1, said_there)


def _unit(master: Master, row: _Row) -> Unit | None:
    """The unit a row is about; None where code and name disagree, as after half a sort."""
    names = Names(master.units)
    named = {names.unit(row.said.get(c, "")) for c in ("代码", w.UNIT)} - {""}
    return master.unit[named.pop()] if len(named) == 1 else None


def _call(unit: Unit, said: Mapping[str, str], today: date) -> Iterator[Handed]:
    written = {caption: text for caption, text in said.items() if caption not in _OURS}
    if not written:
        return
    when, who, result = (written.pop(c, "") for c in (hw.CALLED_AT, hw.CALLED_BY, hw.RESULT))
    day, rest = texts.past_day(when, today)
    more = (hw.beside_call(caption, text) for caption, text in written.items())
    note = "；".join(part for part in (rest, result, *more) if part)
    yield Handed(unit.code, w.REMIND, day, who, "", note)
