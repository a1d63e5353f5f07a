"""A draft in, the master workbook out: what the clerk checks before anything is sent.

Cells that go on with the row above are merged as in the notice, tinted where it left them blank.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from pdsfz_xl import excel, layout, rules
from pdsfz_xl import master_wording as ms
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft
from pdsfz_xl.text import parse_date

_DATES = frozenset({"deadline", "period_start", "period_end"})
_NUMBERS = frozenset({"advised", "limit", "smtp_port", "inbox_port"})
_UNSURE = "#FCE4D6"

_MERGED = (w.LEVEL1, w.LEVEL2, w.INDICATOR, w.METHOD, w.RESPONSIBLE)
"""Columns in which one cell may stand over several rows."""

SPARE = 200
"""Rows below the written ones that are formatted and validated for rows still to come."""

SHEETS = {
    w.TABLE_SHEET: layout.TABLE,
    w.UNITS_SHEET: layout.UNITS,
    w.WAIVERS_SHEET: layout.WAIVERS,
    w.TEMPLATES_SHEET: layout.TEMPLATES,
}


def write(draft: Draft) -> bytes:
    """The master workbook of a draft."""
    return _Writer(draft).build()


class _Writer:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.book = excel.Book(title=draft.settings.name, subject=draft.settings.code)
        body = {"text_wrap": True, "border": 1, "border_color": "#A6A6A6"}
        self.text = self.book.format(num_format="@", align="left", **body)
        self.centre = self.book.format(num_format="@", align="center", **body)
        self.date = self.book.format(num_format=w.DATE_FORMAT, align="center", **body)
        self.number = self.book.format(align="center", **body)
        self.unsure = {
            self.text: self.book.format(num_format="@", align="left", bg_color=_UNSURE, **body),
            self.centre: self.book.format(num_format="@", align="center", bg_color=_UNSURE, **body),
        }
        self.head = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **body
        )

    def build(self) -> bytes:
        self.write_settings(self.book.sheet(w.SETTINGS_SHEET))
        for name, columns in SHEETS.items():
            sheet = self.book.sheet(name, grows=True)
            self.write_head(sheet, columns)
            if name == w.TABLE_SHEET:
                self.write_table(sheet)
                sheet.activate()
            elif name == w.UNITS_SHEET:
                self.write_units(sheet)
            elif name == w.WAIVERS_SHEET:
                self.write_waivers(sheet)
            else:
                self.write_templates(sheet)
        return self.book.bytes()

    def write_head(self, sheet: excel.Sheet, columns: tuple[layout.Column, ...]) -> None:
        """Captions with what belongs under each; the columns' formats wait for rows to come."""
        for i, column in enumerate(columns):
            sheet.set_column(i, i, column.width, self.waiting(column.caption))
            self.caption(sheet, i, column.caption, ms.COLUMN_HELP[column.caption])
        sheet.set_row(0, 26)
        sheet.freeze_panes(1, 4 if columns is layout.TABLE else 0)
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        self.set_footer(sheet)

    def caption(self, sheet: excel.Sheet, column: int, said: str, help_: str) -> None:
        sheet.write_string(0, column, said, self.head)
        sheet.write_comment(0, column, help_, {"x_scale": 1.6, "font_size": 9})

    def set_footer(self, sheet: excel.Sheet) -> None:
        name = self.draft.settings.name.replace("&", "&&")[:60]
        sheet.set_footer(f"&L{name}&C{w.PAGE_FOOTER}&R{self.draft.settings.code}")

    def waiting(self, caption: str) -> Any:
        """A column's format: Excel must not make numbers or dates of codes typed later."""
        style = self.style(caption)
        if style is self.date:
            return self.book.format(num_format=w.DATE_FORMAT, align="center", text_wrap=True)
        if style is self.number:
            return self.book.format(align="center", text_wrap=True)
        align = "center" if style is self.centre else "left"
        return self.book.format(num_format="@", align=align, text_wrap=True)

    def write_settings(self, sheet: excel.Sheet) -> None:
        for i, (caption, width) in enumerate(zip(ms.SETTING_HEAD, (16, 46, 52), strict=True)):
            sheet.set_column(i, i, width)
            self.caption(sheet, i, caption, ms.SETTING_HEAD_HELP[i])
        sheet.set_row(0, 26)
        sheet.freeze_panes(1, 0)
        for row, (key, field) in enumerate(layout.SETTINGS.items(), 1):
            value = getattr(self.draft.settings, field)
            sheet.write_string(row, 0, key, self.text)
            if isinstance(value, date):
                sheet.write_datetime(row, 1, value, self.date)
            elif isinstance(value, int):
                sheet.write_number(row, 1, value, self.number)
            elif field in _DATES:
                sheet.write_blank(row, 1, None, self.date)
            elif field in _NUMBERS:
                sheet.write_blank(row, 1, None, self.number)
            else:
                sheet.write_string(row, 1, value, self.text)
            sheet.write_string(row, 2, ms.SETTING_HELP[key], self.text)
            sheet.set_row(row, 22)
            if field in _DATES:
                self.allow_dates(sheet, row, row, 1)
            elif field in _NUMBERS:
                self.allow_whole(sheet, row, row, 1)
            elif field == "security":
                self.allow_list(sheet, row, row, 1, w.SECURITIES)
        sheet.set_landscape()
        sheet.set_paper(excel.A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        self.set_footer(sheet)

    def write_table(self, sheet: excel.Sheet) -> None:
        rows = self.draft.rows
        columns = {column.caption: i for i, column in enumerate(layout.TABLE)}
        for row, drafted in enumerate(rows, 1):
            for caption, column in columns.items():
                said = "" if caption in drafted.continued else drafted.cells.get(caption, "")
                style = self.style(caption)
                tinted = self.unsure[style] if caption in drafted.unsure else style
                self.put(sheet, row, column, said, tinted)
        for row, height in enumerate(self.heights(), 1):
            sheet.set_row(row, height)
        for caption in layout.NOTICE_COLUMNS:
            for first, last in self.runs(caption):
                tinted = any(caption in drafted.unsure for drafted in rows[first + 1 : last + 1])
                style = self.unsure[self.style(caption)] if tinted else self.style(caption)
                said = rows[first].cells.get(caption, "")
                column = columns[caption]
                sheet.merge_range(1 + first, column, 1 + last, column, said, style)
        self.write_legend(sheet)
        self.validate_table(sheet, columns, len(rows) + SPARE)

    def write_legend(self, sheet: excel.Sheet) -> None:
        """What the tint means, beside the captions, so that those stay in the first row."""
        column = len(layout.TABLE) + 1
        legend = self.book.format(bg_color=_UNSURE, text_wrap=True)
        sheet.set_column(column, column, 40)
        sheet.write_string(0, column, ms.UNSURE_LEGEND, legend)
        sheet.write_string(1, column, ms.TABLE_HINT, self.book.format(text_wrap=True))
        sheet.print_area(0, 0, len(self.draft.rows), len(layout.TABLE) - 1)

    def heights(self) -> list[float]:
        """Points for every row; a cell over several rows gets what its text needs in all."""
        widths = {column.caption: column.width for column in layout.TABLE}
        heights = [
            excel.height(
                ((said, widths[c]) for c, said in row.cells.items() if c not in row.continued
                 and c not in _MERGED),
                least=30,
            )
            for row in self.draft.rows
        ]  # fmt: skip
        for caption in _MERGED:
            for first, last in self.spans(caption):
                said = self.draft.rows[first].cells.get(caption, "")
                lacking = excel.height([(said, widths[caption])]) - sum(heights[first : last + 1])
                for row in range(first, last + 1):
                    heights[row] += max(0.0, lacking) / (last + 1 - first)
        return [min(height, excel.MAX_HEIGHT) for height in heights]

    def spans(self, caption: str) -> Iterator[tuple[int, int]]:
        """First and last index of every cell of a column, also of those that are not merged."""
        starts = [i for i, row in enumerate(self.draft.rows) if caption not in row.continued]
        yield from ((a, b - 1) for a, b in pairwise([*starts, len(self.draft.rows)]))

    def runs(self, caption: str) -> Iterator[tuple[int, int]]:
        """The cells of a column that stand over several rows."""
        yield from ((first, last) for first, last in self.spans(caption) if last > first)

    def style(self, caption: str) -> Any:
        if "日期" in caption or caption == "延期至":
            return self.date
        if caption in ("建议字数", "字数上限", "最少件数"):
            return self.number
        if caption in (w.NUMBER, w.METHOD, w.RESPONSIBLE, "编码", "填报类型", "计量单位", "代码"):
            return self.centre
        return self.text

    def put(self, sheet: excel.Sheet, row: int, column: int, said: str, style: Any) -> None:
        day = parse_date(said) if style is self.date else None
        if day:
            sheet.write_datetime(row, column, day, style)
        elif said and style is self.number:
            sheet.write_number(row, column, int(said), style)
        elif said:
            sheet.write_string(row, column, said, style)
        else:
            sheet.write_blank(row, column, None, style)

    def validate_table(self, sheet: excel.Sheet, columns: Mapping[str, int], last: int) -> None:
        self.offer_units(sheet, 1, last, columns[w.RESPONSIBLE])
        self.allow_list(sheet, 1, last, columns["填报类型"], w.KINDS)
        for caption in ("材料起始日期", "材料截止日期"):
            self.allow_dates(sheet, 1, last, columns[caption])
        for caption in ("建议字数", "字数上限", "最少件数"):
            self.allow_whole(sheet, 1, last, columns[caption])

    def write_units(self, sheet: excel.Sheet) -> None:
        for row, unit in enumerate(self.draft.units, 1):
            aliases = "、".join(unit.aliases)
            values = {"代码": unit.code, "单位名称": unit.name, "别名": aliases}
            for i, column in enumerate(layout.UNITS):
                said = values.get(column.caption, "")
                self.put(sheet, row, i, said, self.style(column.caption))
            sheet.set_row(row, 22)
        last = len(self.draft.units) + SPARE
        columns = [column.caption for column in layout.UNITS]
        self.allow_list(sheet, 1, last, columns.index("报送方式"), w.CHANNELS)
        self.allow_dates(sheet, 1, last, columns.index("延期至"))
        self.book.name("pdsfz_units", f"={w.UNITS_SHEET}!$B$2:$B${last + 1}")

    def write_waivers(self, sheet: excel.Sheet) -> None:
        columns = [column.caption for column in layout.WAIVERS]
        self.offer_units(sheet, 1, SPARE, columns.index("单位"))
        codes = tuple(code for code in rules.RULES if not code.startswith("M"))
        self.allow_list(sheet, 1, SPARE, columns.index("规则代码"), codes)
        self.allow_dates(sheet, 1, SPARE, columns.index("日期"))

    def write_templates(self, sheet: excel.Sheet) -> None:
        for row, said in enumerate(ms.TEMPLATES, 1):
            for i, text in enumerate(said):
                sheet.write_string(row, i, text, self.centre if i == 0 else self.text)
            widths = (column.width for column in layout.TEMPLATES)
            sheet.set_row(row, excel.height(zip(said, widths, strict=True), least=40))
        self.allow_list(sheet, 1, SPARE, 0, w.NOTICE_KINDS)
        grey = self.book.format(font_color="#7F7F7F")
        sheet.write_string(len(ms.TEMPLATES) + 2, 1, ms.known_placeholders(), grey)

    def offer_units(self, sheet: excel.Sheet, first: int, last: int, column: int) -> None:
        """A list to pick from that refuses nothing: several units and group names are typed."""
        rule = {"validate": "list", "source": "=pdsfz_units", "show_error": False}
        sheet.data_validation(first, column, last, column, rule)

    def allow_list(
        self, sheet: excel.Sheet, first: int, last: int, column: int, choices: tuple[str, ...]
    ) -> None:
        rule = {"validate": "list", "source": list(choices), "error_message": w.PICK_ERROR}
        sheet.data_validation(first, column, last, column, rule)

    def allow_dates(self, sheet: excel.Sheet, first: int, last: int, column: int) -> None:
        rule = {
            "validate": "date",
            "criteria": ">=",
            "value": layout.CREATED,
            "error_message": w.DATE_ERROR,
        }
        sheet.data_validation(first, column, last, column, rule)

    def allow_whole(self, sheet: excel.Sheet, first: int, last: int, column: int) -> None:
        rule = {
            "validate": "integer",
            "criteria": ">=",
            "value": 0,
            "error_message": ms.WHOLE_ERROR,
        }
        sheet.data_validation(first, column, last, column, rule)
