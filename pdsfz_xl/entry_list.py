"""The entries of the platform in, 录入清单.xlsx out: what to type, and a place to tick it off.

What the clerk writes is open, tinted and carried over by key; everything else is locked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pdsfz_xl import entries, excel, layout
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Entry, Notes
from pdsfz_xl.model import Settings
from pdsfz_xl.tables import Line

_CLERK, _ALARM = "#FFF9DB", "#F8CBAD"
_SPARE = 8
"""Open columns at the right, for what the clerk adds."""
_FROZEN = 3
_OURS = frozenset(column.caption for column in layout.ENTRY)


def build(settings: Settings, made: Sequence[Entry], notes: Notes) -> bytes:
    """The list, and a sheet for what the clerk wrote in rows that are gone."""
    book = excel.Book(title=settings.name, subject=settings.code)
    lines = [_line(entry, notes) for entry in made]
    columns = (*layout.ENTRY, *_extra_columns(lines))
    _Writer(book, settings, ew.ENTRY_SHEET).write(columns, lines)
    if orphans := list(_orphans(made, notes)):
        _Writer(book, settings, w.ORPHAN_SHEET).write(layout.ORPHAN, orphans)
    return book.bytes()


def _line(entry: Entry, notes: Notes) -> Line:
    values: dict[str, object] = dict(entries.values(entry, notes))
    values[ew.ENTRY_TEXT] = _fit(entry)
    alarm = {"提醒"} if values["提醒"] else set()
    alarm |= set() if entry.ready or not entry.asked else {"状态"}
    if excel.height([(entry.text, layout.WHOLE_ANSWER)]) == excel.MAX_HEIGHT:
        values["提醒"] = "\n".join(filter(None, [str(values["提醒"]), ew.HIGHER_THAN_ROW]))
    links = {"编码": f"external:{entry.file}"} if entry.file else {}
    return Line(entry.key, values, frozenset(alarm), links)


def _fit(entry: Entry) -> str:
    """What one cell can hold; the whole text stands in its own file."""
    if texts.utf16_length(entry.text) <= texts.CELL_LIMIT:
        return entry.text
    room = (texts.CELL_LIMIT - 200) // 2  # so that no character is split, however wide they are
    return f"{entry.text[:room]}\n{ew.goes_on(entry.file)}"


def _extra_columns(lines: Iterable[Line]) -> Iterator[layout.Column]:
    """Columns the clerk added, in the order they are met."""
    for caption in dict.fromkeys(c for line in lines for c in line.values if c not in _OURS):
        yield layout.Column(caption, 24, clerk=True)


def _orphans(made: Iterable[Entry], notes: Notes) -> Iterator[Line]:
    """Notes on rows that are gone: kept here, and taken from here when the row is back."""
    known = {entry.key for entry in made}
    captions = [column.caption for column in layout.ORPHAN]
    for sheet, rows in sorted(notes.items()):
        for key, said in sorted(rows.items()):
            if sheet == ew.ENTRY_SHEET and key in known:
                continue
            digest = said.get(ew.ENTERED_DIGEST, "")
            for caption, text in said.items():
                if caption != ew.ENTERED_DIGEST:
                    values = (sheet, key, caption, text, digest)
                    yield Line("", dict(zip(captions, values, strict=True)))


class _Writer:
    def __init__(self, book: excel.Book, settings: Settings, name: str) -> None:
        self.sheet = book.sheet(name)
        self.footer = f"&L{settings.name[:60].replace('&', '&&')}&C{w.PAGE_FOOTER}&R{name}"
        body = {"text_wrap": True, "border": 1, "border_color": "#A6A6A6", "valign": "top"}
        text = {**body, "num_format": "@"}
        self.left = book.format(align="left", **text)
        self.centre = book.format(align="center", **text)
        self.number = book.format(align="center", **body)
        self.alarm = book.format(align="center", bold=True, bg_color=_ALARM, **text)
        self.link = book.format(align="center", font_color="#0563C1", underline=1, **text)
        self.open = book.format(align="left", locked=False, bg_color=_CLERK, **text)
        self.free = book.format(locked=False, num_format="@", text_wrap=True, valign="top")
        heading = {**body, "valign": "vcenter", "font_name": excel.HEAD_FONT, "align": "center"}
        self.head = book.format(bg_color="#D9E1F2", **heading)
        self.clerk_head = book.format(bg_color="#FFE699", **heading)

    def write(self, columns: Sequence[layout.Column], lines: Sequence[Line]) -> None:
        self.heads(columns)
        for row, line in enumerate(lines, 1):
            self.line(row, columns, line)
        last = max(len(lines), 1)
        for i, column in enumerate(columns):
            if column.clerk:
                self.open_column(i, column.caption, last)
        self.finish(len(columns), last)

    def heads(self, columns: Sequence[layout.Column]) -> None:
        for i, column in enumerate(columns):
            hidden = {} if column.width else {"hidden": True}
            self.sheet.set_column(i, i, column.width, None, hidden)
            style = self.clerk_head if column.clerk else self.head
            self.sheet.write_string(0, i, column.caption, style)
        titles = [(column.caption, column.width) for column in columns if column.width]
        self.sheet.set_row(0, excel.height(titles, least=32))
        self.sheet.set_column(len(columns), len(columns) + _SPARE - 1, 16, self.free)

    def line(self, row: int, columns: Sequence[layout.Column], line: Line) -> None:
        for i, column in enumerate(columns):
            value = line.values.get(column.caption, "")
            style = self.style(column, value, line)
            if column.caption in line.links:
                self.sheet.write_url(row, i, line.links[column.caption], style, str(value))
            elif isinstance(value, int):
                self.sheet.write_number(row, i, value, style)
            elif value:
                self.sheet.write_string(row, i, str(value), style)
            else:
                self.sheet.write_blank(row, i, None, style)
        shown = [(str(line.values.get(c.caption, "")), c.width) for c in columns if c.width]
        self.sheet.set_row(row, excel.height(shown))

    def style(self, column: layout.Column, value: object, line: Line) -> Any:
        if column.clerk:
            return self.open
        if column.caption in line.links:
            return self.link
        if column.caption in line.alarm and value:
            return self.alarm
        if isinstance(value, int):
            return self.number
        return self.left if column.width > 12 else self.centre

    def open_column(self, column: int, caption: str, last: int) -> None:
        """An allow-edit range, so that a paste cannot lock it, and what Excel says there."""
        area = f"{layout.cell_name(1, column)}:{layout.cell_name(last, column)}"
        self.sheet.unprotect_range(area, f"clerk{column}")
        rule: dict[str, Any] = {"validate": "any"}
        if caption == ew.ENTERED:
            rule = {"validate": "list", "source": [w.YES], "error_message": w.PICK_ERROR}
        if prompt := ew.ENTRY_PROMPTS.get(caption):
            rule |= {"input_title": caption, "input_message": prompt}
            self.sheet.data_validation(1, column, last, column, rule)

    def finish(self, width: int, last: int) -> None:
        self.sheet.freeze_panes(1, _FROZEN)
        self.sheet.autofilter(0, 0, last, width - 1)
        self.sheet.set_landscape()
        self.sheet.set_paper(excel.A3)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(0)
        self.sheet.set_footer(self.footer)
        # Without `sort`, as in 汇总表.xlsx: Excel would tear the open columns from their rows.
        formats = ("format_cells", "format_columns", "format_rows")
        allowed = (*formats, "autofilter", "insert_columns", "objects")
        self.sheet.protect("", dict.fromkeys(allowed, True))
