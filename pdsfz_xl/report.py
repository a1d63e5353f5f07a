"""The lines of 汇总表.xlsx in, the workbook out.

Everything a unit wrote is locked; what the clerk writes is open, tinted and carried over by key.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from pdsfz_xl import excel, layout, tables
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.captions import Stamp
from pdsfz_xl.model import Batch, Finding
from pdsfz_xl.tables import MACHINE, Counted, Line

_CLERK, _ALARM = "#FFF9DB", "#F8CBAD"
_SHA256 = 64
_SPARE = 8
"""Open columns at the right of every sheet."""
_LIST_LIMIT = 255
"""Characters of a list that stands in the validation itself; XlsxWriter refuses longer ones."""


def build(batch: Batch, findings: Iterable[Finding], stamp: Stamp | None = None) -> bytes:
    """The merged workbook; the same batch and stamp give the same bytes."""
    return _Report(batch, tuple(findings)).build(stamp)


class _Report:
    def __init__(self, batch: Batch, findings: tuple[Finding, ...]) -> None:
        self.batch = batch
        self.master = batch.master
        self.findings = findings
        self.book = excel.Book(title=self.master.settings.name, subject=self.master.settings.code)
        self.overflow: list[tuple[str, ...]] = []

    def dress(self, valign: str) -> None:
        """The shared formats of a sheet."""
        body = {"text_wrap": True, "border": 1, "border_color": "#A6A6A6", "valign": valign}
        text = {**body, "num_format": "@"}
        self.locked = self.book.format(align="left", **text)
        self.centre = self.book.format(align="center", **text)
        self.number = self.book.format(align="center", **body)
        self.alarm = self.book.format(align="center", bold=True, bg_color=_ALARM, **text)
        self.link = self.book.format(align="center", font_color="#0563C1", underline=1, **text)
        self.open = self.book.format(align="left", locked=False, bg_color=_CLERK, **text)
        self.free = self.book.format(locked=False, num_format="@", text_wrap=True, valign=valign)
        small = {**text, "text_wrap": False, "font_size": 8, "font_color": "#7F7F7F"}
        self.narrow = self.book.format(align="left", **small)
        heading = {**body, "valign": "vcenter", "font_name": excel.HEAD_FONT, "align": "center"}
        self.head = self.book.format(bg_color="#D9E1F2", **heading)
        self.clerk_head = self.book.format(bg_color="#FFE699", **heading)

    def build(self, stamp: Stamp | None) -> bytes:
        lines = tables.lines(self.batch, self.findings)
        for name, columns in layout.MERGED_BOOK.items():
            self.write(name, columns, lines[name])
        for name, columns in layout.SOMETIMES.items():
            if lines.get(name):
                self.write(name, columns, lines[name])
        if self.overflow:
            rows = [
                Line("", dict(zip((c.caption for c in layout.OVERFLOW), row, strict=True)))
                for row in self.overflow
            ]
            self.write(w.OVERFLOW_SHEET, layout.OVERFLOW, rows)
        if stamp:
            self.stamp(stamp)
        return self.book.bytes()

    def stamp(self, stamp: Stamp) -> None:
        """Twice: a program that saves the workbook may drop properties, or a hidden sheet."""
        sheet = self.book.sheet(w.STAMP_SHEET)
        for row, (name, value) in enumerate(stamp._asdict().items()):
            sheet.write_string(row, 0, name, self.locked)
            sheet.write_string(row, 1, str(value), self.locked)
            self.book.note(layout.STAMP + name, str(value))
        sheet.protect("")
        sheet.very_hidden()

    # --- writing

    def write(self, name: str, columns: Sequence[layout.Column], lines: list[Line]) -> None:
        columns = (*columns, *self.extra_columns(name, columns, lines))
        sheet = self.book.sheet(name)
        self.dress("top" if name in layout.LONG_TEXTS else "vcenter")
        for i, column in enumerate(columns):
            hidden = {} if column.width else {"hidden": True}
            sheet.set_column(i, i, column.width, None, hidden)
            style = self.clerk_head if column.clerk else self.head
            sheet.write_string(layout.MERGED_HEADER, i, column.caption, style)
        titles = [(column.caption, column.width) for column in columns if column.width]
        sheet.set_row(layout.MERGED_HEADER, excel.height(titles, least=32))
        # Where the clerk may add columns of his own; `extra_columns` takes them in.
        sheet.set_column(len(columns), len(columns) + _SPARE - 1, 16, self.free)
        for row, line in enumerate(lines, layout.MERGED_HEADER + 1):
            self.write_line(sheet, name, columns, row, line)
        self.finish(sheet, name, columns, len(lines))
        if name == w.OVERVIEW_SHEET and self.batch.standings:
            self.chart(sheet, len(lines))
        elif name == w.CONFLICT_SHEET:
            self.version_choices(sheet, lines)
        for i, column in enumerate(columns):
            if column.clerk and lines and name != w.CONFLICT_SHEET:
                self.choices(sheet, i, column.caption, len(lines))

    def extra_columns(
        self, name: str, columns: Sequence[layout.Column], lines: list[Line]
    ) -> Iterator[layout.Column]:
        """Columns the clerk added, in the order they are met: at the right, as open as the others.

        Notes on rows that are gone bring no column: they stand in 失去归属的批注.
        """
        known = {column.caption for column in columns} | MACHINE
        rows = self.batch.clerk.get(name, {})
        said = (rows.get(line.key, {}) for line in lines if line.key)
        for caption in dict.fromkeys(c for cells in said for c in cells if c not in known):
            yield layout.Column(caption, 24, clerk=True)

    def write_line(
        self,
        sheet: excel.Sheet,
        name: str,
        columns: Sequence[layout.Column],
        row: int,
        line: Line,
    ) -> None:
        shown = []
        for i, column in enumerate(columns):
            value = line.values.get(column.caption, "")
            if column.clerk and line.key and column.caption not in line.values:
                value = self.batch.written(name, line.key, column.caption)
            if column.caption in line.links:
                sheet.write_url(row, i, line.links[column.caption], self.link, str(value))
            elif isinstance(value, Counted):
                sheet.write_formula(row, i, _formula(value), self.number, value.value)
            elif isinstance(value, int | float):
                sheet.write_number(row, i, value, self.number)
            else:
                key = str(line.values.get(layout.ROW_KEYS[name][0], ""))
                at = (key, name, layout.cell_name(row, i), column.caption)
                text = self.fit(at, str(value))
                style = self.style(column, text, line.alarm)
                if text:
                    sheet.write_string(row, i, text, style)
                else:
                    sheet.write_blank(row, i, None, style)
                if style is not self.narrow and column.width:
                    shown.append((text, column.width))
        sheet.set_row(row, excel.height(shown))

    def style(self, column: layout.Column, text: str, alarm: frozenset[str]) -> Any:
        if column.clerk:
            return self.open
        if column.caption in alarm and text:
            return self.alarm
        if column.caption == layout.REGISTER[0].caption and len(text) == _SHA256:
            return self.narrow
        return self.locked if column.width > 14 else self.centre

    def fit(self, at: tuple[str, ...], text: str) -> str:
        """What one cell can hold; the rest goes to 超长文字, nothing is cut off in silence."""
        if texts.utf16_length(text) <= texts.CELL_LIMIT:
            return text
        room = texts.CELL_LIMIT - 200
        pieces = list(_pieces(text, room))
        for part, piece in enumerate(pieces[1:], 2):
            self.overflow.append((*at, str(part), piece))
        return f"{pieces[0]}\n{w.continued(len(pieces))}"

    def finish(
        self, sheet: excel.Sheet, name: str, columns: Sequence[layout.Column], count: int
    ) -> None:
        last = max(count, 1) + layout.MERGED_HEADER
        sheet.freeze_panes(layout.MERGED_HEADER + 1, layout.FROZEN.get(name, 0))
        sheet.autofilter(layout.MERGED_HEADER, 0, last, len(columns) - 1)
        for i, column in enumerate(columns):
            if column.clerk and count:
                first = layout.cell_name(layout.MERGED_HEADER + 1, i)
                sheet.unprotect_range(f"{first}:{layout.cell_name(last, i)}", f"clerk{i}")
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(layout.MERGED_HEADER)
        campaign = self.master.settings.name[:60].replace("&", "&&")
        sheet.set_footer(f"&L{campaign}&C{w.PAGE_FOOTER}&R{name}")
        # The filter works under protection. Sorting does not: whatever `sort` allows, Excel sorts
        # only ranges without a locked cell (Microsoft, "Lock or unlock specific areas of a
        # protected worksheet"), and of ours that would be the clerk's columns alone, torn from
        # their rows. So it stays off. `objects` is what lets the clerk write comments.
        sheet.protect(
            "",
            {
                "format_cells": True,
                "format_columns": True,
                "format_rows": True,
                "autofilter": True,
                "insert_columns": True,
                "objects": True,
            },
        )

    def choices(self, sheet: excel.Sheet, column: int, caption: str, count: int) -> None:
        """What Excel offers and says in a column of the clerk's."""
        rule: dict[str, Any] = {"validate": "any"}
        if caption in layout.CHOICES:
            source = list(layout.CHOICES[caption])
            rule = {"validate": "list", "source": source, "error_message": w.PICK_ERROR}
        elif caption in layout.UNIT_CHOICES and self.batch.standings:
            rule = {"validate": "list", "source": self.unit_range(), "error_type": "warning"}
            rule["error_message"] = w.UNIT_ERROR
        if prompt := w.CLERK_PROMPTS.get(caption):
            rule |= {"input_title": caption, "input_message": prompt}
        if len(rule) > 1:
            first = layout.MERGED_HEADER + 1
            sheet.data_validation(first, column, first + count - 1, column, rule)

    def unit_range(self) -> str:
        """The names of the units in 总览: a list of them would soon pass 255 characters."""
        column = layout.column_name(tables.index(layout.OVERVIEW, w.UNIT))
        first = layout.MERGED_HEADER + 2
        last = first + len(self.batch.standings) - 1
        return f"='{w.OVERVIEW_SHEET}'!${column}${first}:${column}${last}"

    def version_choices(self, sheet: excel.Sheet, lines: list[Line]) -> None:
        """采用 offers the numbers of the versions there are."""
        column = tables.index(layout.CONFLICT, "采用")
        row = layout.MERGED_HEADER + 1
        for _, group in groupby(lines, lambda line: line.values[w.CODE]):
            numbers = [str(line.values["版本"]) for line in group]
            rule = {
                "validate": "list",
                "source": numbers,
                "error_type": "warning",
                "error_message": w.PICK_ERROR,
                "input_title": "采用",
                "input_message": w.CLERK_PROMPTS["采用"],
            }
            if len(",".join(numbers)) <= _LIST_LIMIT:
                sheet.data_validation(row, column, row + len(numbers) - 1, column, rule)
            row += len(numbers)

    def chart(self, sheet: excel.Sheet, count: int) -> None:
        """Answered and unanswered of every unit, stacked."""
        first = layout.MERGED_HEADER + 1
        last = layout.MERGED_HEADER + len(self.batch.standings)
        chart = self.book.chart(type="bar", subtype="stacked")
        for caption, colour in (("已报", "#5B9BD5"), ("未报", "#F4B183")):
            column = tables.index(layout.OVERVIEW, caption)
            chart.add_series(
                {
                    "name": caption,
                    "categories": [w.OVERVIEW_SHEET, first, 1, last, 1],
                    "values": [w.OVERVIEW_SHEET, first, column, last, column],
                    "fill": {"color": colour},
                    "gap": 60,
                    "data_labels": {"value": True, "num_format": "0;;"},  # no label for 0
                }
            )
        chart.set_title({"name": w.CHART_TITLE, "name_font": {"size": 12, "bold": False}})
        # The first unit on top; `visible` off takes the numbers away that the labels repeat.
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 760, "height": 146 + 26 * (last - first + 1)})
        sheet.insert_chart(layout.MERGED_HEADER + count + 2, 1, chart)


def _formula(counted: Counted) -> str:
    if counted.blanks:
        return f'=LEN(SUBSTITUTE(SUBSTITUTE({counted.cell},CHAR(10),""),CHAR(13),""))'
    return f"={excel.count_formula(counted.cell)}"


def _pieces(text: str, room: int) -> Iterator[str]:
    """Pieces of at most `room` UTF-16 units; a character is never split."""
    piece: list[str] = []
    length = 0
    for character in text:
        width = 2 if character > "\uffff" else 1
        if length + width > room:
            yield "".join(piece)
            piece, length = [], 0
        piece.append(character)
        length += width
    yield "".join(piece)
