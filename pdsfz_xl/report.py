"""The lines of 汇总表.xlsx in, the workbook out.

Everything a unit wrote is locked; what the clerk writes is open, tinted and carried over by key.
"""

from collections.abc import Iterable, Iterator, Sequence

from pdsfz_xl import excel, layout, tables
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Finding
from pdsfz_xl.tables import MACHINE, Counted, Line

_CLERK, _ALARM = "#FFF9DB", "#F8CBAD"


def build(batch: Batch, findings: Iterable[Finding]) -> bytes:
    """The merged workbook; the same batch gives the same bytes."""
    return _Report(batch, tuple(findings)).build()


class _Report:
    def __init__(self, batch: Batch, findings: tuple[Finding, ...]) -> None:
        self.batch = batch
        self.master = batch.master
        self.findings = findings
        self.book = excel.Book(title=self.master.settings.name, subject=self.master.settings.code)
        self.overflow: list[tuple[str, ...]] = []
        body = {"text_wrap": True, "border": 1, "border_color": "#A6A6A6"}
        self.locked = self.book.format(num_format="@", align="left", **body)
        self.centre = self.book.format(num_format="@", align="center", **body)
        self.number = self.book.format(align="center", **body)
        self.alarm = self.book.format(
            num_format="@", align="center", bold=True, bg_color=_ALARM, **body
        )
        self.open = self.book.format(
            locked=False, num_format="@", bg_color=_CLERK, align="left", **body
        )
        self.head = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **body
        )
        self.clerk_head = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#FFE699", **body
        )
        self.link = self.book.format(
            num_format="@", align="center", font_color="#0563C1", underline=1, **body
        )

    def build(self) -> bytes:
        lines = tables.lines(self.batch, self.findings)
        for name, columns in layout.MERGED_BOOK.items():
            self.write(name, columns, lines[name])
        if lines[w.ORPHAN_SHEET]:
            self.write(w.ORPHAN_SHEET, layout.ORPHAN, lines[w.ORPHAN_SHEET])
        if self.overflow:
            rows = [
                Line("", dict(zip((c.caption for c in layout.OVERFLOW), row, strict=True)))
                for row in self.overflow
            ]
            self.write(w.OVERFLOW_SHEET, layout.OVERFLOW, rows)
        return self.book.bytes()

    # --- writing

    def write(self, name: str, columns: Sequence[layout.Column], lines: list[Line]) -> None:
        columns = (*columns, *self.extra_columns(name, columns))
        sheet = self.book.sheet(name)
        for i, column in enumerate(columns):
            hidden = {} if column.width else {"hidden": True}
            sheet.set_column(i, i, column.width, None, hidden)
            style = self.clerk_head if column.clerk else self.head
            sheet.write_string(layout.MERGED_HEADER, i, column.caption, style)
        sheet.set_row(layout.MERGED_HEADER, 32)
        for row, line in enumerate(lines, layout.MERGED_HEADER + 1):
            self.write_line(sheet, name, columns, row, line)
        self.finish(sheet, columns, len(lines))
        if name == w.OVERVIEW_SHEET:
            self.chart(sheet, len(lines))
        elif name == w.MERGED_SHEET:
            self.choices(sheet, columns, "审核结论", w.REVIEW_VERDICTS, len(lines))
        elif name == w.FINAL_SHEET:
            self.choices(sheet, columns, "已录入平台", (w.YES,), len(lines))
        elif name == w.REGISTER_SHEET:
            self.choices(sheet, columns, "作废", (w.YES,), len(lines))
            self.choices(sheet, columns, "收到方式", w.CHANNELS, len(lines))

    def extra_columns(self, name: str, columns: Sequence[layout.Column]) -> Iterator[layout.Column]:
        """Columns the clerk added: they stand at the right, as open as the others."""
        known = {column.caption for column in columns} | MACHINE
        said = self.batch.clerk.get(name, {})
        added = dict.fromkeys(c for cells in said.values() for c in cells if c not in known)
        for caption in added:
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
            if column.clerk and line.key and not value:
                value = self.batch.written(name, line.key, column.caption)
            if column.caption in line.links:
                sheet.write_url(row, i, line.links[column.caption], self.link, str(value))
            elif isinstance(value, Counted):
                sheet.write_formula(row, i, _formula(value), self.number, value.value)
            elif isinstance(value, int | float):
                sheet.write_number(row, i, value, self.number)
            else:
                text = self.fit(name, line.key, column.caption, str(value))
                style = (
                    self.open
                    if column.clerk
                    else self.alarm
                    if column.caption in line.alarm
                    else self.locked
                    if column.width > 16
                    else self.centre
                )
                if text:
                    sheet.write_string(row, i, text, style)
                else:
                    sheet.write_blank(row, i, None, style)
                shown.append((text, column.width))
        sheet.set_row(row, excel.height(shown))

    def fit(self, sheet: str, key: str, caption: str, text: str) -> str:
        """What one cell can hold; the rest goes to 超长文字, nothing is cut off in silence."""
        if texts.utf16_length(text) <= texts.CELL_LIMIT:
            return text
        room = texts.CELL_LIMIT - 200
        pieces = list(_pieces(text, room))
        for part, piece in enumerate(pieces[1:], 2):
            self.overflow.append((key, sheet, caption, str(part), piece))
        return f"{pieces[0]}\n{w.continued(len(pieces))}"

    def finish(self, sheet: excel.Sheet, columns: Sequence[layout.Column], count: int) -> None:
        last = max(count, 1) + layout.MERGED_HEADER
        frozen = 1 if columns[0].caption == w.CODE else 0
        sheet.freeze_panes(layout.MERGED_HEADER + 1, frozen)
        sheet.autofilter(layout.MERGED_HEADER, 0, last, len(columns) - 1)
        for i, column in enumerate(columns):
            if column.clerk and count:
                first = layout.cell_name(layout.MERGED_HEADER + 1, i)
                sheet.unprotect_range(f"{first}:{layout.cell_name(last, i)}", f"clerk{i}")
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        whole = columns[0].caption == layout.OVERVIEW[0].caption
        sheet.fit_to_pages(1, 1 if whole else 0)
        sheet.repeat_rows(layout.MERGED_HEADER)
        name = self.master.settings.name.replace("&", "&&")[:60]
        sheet.set_footer(f"&L{name}&C{w.PAGE_FOOTER}")
        # Excel sorts only ranges without locked cells, whatever `sort` allows; the filter works.
        sheet.protect(
            "",
            {
                "format_cells": True,
                "format_columns": True,
                "format_rows": True,
                "autofilter": True,
                "insert_columns": True,
            },
        )

    def choices(
        self,
        sheet: excel.Sheet,
        columns: Sequence[layout.Column],
        caption: str,
        allowed: tuple[str, ...],
        count: int,
    ) -> None:
        if not count:
            return
        i = next(i for i, column in enumerate(columns) if column.caption == caption)
        first = layout.MERGED_HEADER + 1
        rule = {"validate": "list", "source": list(allowed), "error_message": w.PICK_ERROR}
        sheet.data_validation(first, i, first + count - 1, i, rule)

    def chart(self, sheet: excel.Sheet, count: int) -> None:
        """Answered and unanswered of every unit, stacked."""
        first, last = layout.MERGED_HEADER + 1, layout.MERGED_HEADER + count - 1
        chart = self.book.chart(type="bar", subtype="stacked")
        for caption, colour in (("已报", "#5B9BD5"), ("未报", "#F4B183")):
            column = next(i for i, c in enumerate(layout.OVERVIEW) if c.caption == caption)
            chart.add_series(
                {
                    "name": caption,
                    "categories": [w.OVERVIEW_SHEET, first, 1, last, 1],
                    "values": [w.OVERVIEW_SHEET, first, column, last, column],
                    "fill": {"color": colour},
                    "gap": 60,
                }
            )
        chart.set_y_axis({"reverse": True})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 760, "height": 120 + 26 * count})
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
