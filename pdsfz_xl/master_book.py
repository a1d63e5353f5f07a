"""A draft in, the master workbook out: what the clerk checks before anything is sent.

Cells that go on with the row above are merged as in the notice, tinted where it left them blank.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pdsfz_xl import excel, layout
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft
from pdsfz_xl.text import parse_date

_DATES = frozenset({"deadline", "period_start", "period_end"})
_NUMBERS = frozenset({"advised", "limit"})

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
        self.unsure = self.book.format(num_format="@", bg_color="#FCE4D6", **body)
        self.date = self.book.format(num_format=w.DATE_FORMAT, align="center", **body)
        self.number = self.book.format(align="center", **body)
        self.head = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **body
        )

    def build(self) -> bytes:
        self.write_settings(self.book.sheet(w.SETTINGS_SHEET))
        for name, columns in SHEETS.items():
            sheet = self.book.sheet(name)
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
        for i, column in enumerate(columns):
            sheet.set_column(i, i, column.width)
            sheet.write_string(0, i, column.caption, self.head)
            sheet.write_comment(0, i, w.COLUMN_HELP[column.caption], {"x_scale": 1.6})
        sheet.set_row(0, 26)
        sheet.freeze_panes(1, 4 if columns is layout.TABLE else 0)
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer(f"&L{self.draft.settings.name.replace('&', '&&')[:60]}&C{w.PAGE_FOOTER}")

    def write_settings(self, sheet: excel.Sheet) -> None:
        for i, (caption, width) in enumerate(zip(w.SETTING_HEAD, (16, 46, 52), strict=True)):
            sheet.set_column(i, i, width)
            sheet.write_string(0, i, caption, self.head)
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
            else:
                sheet.write_string(row, 1, value, self.text)
            sheet.write_string(row, 2, w.SETTING_HELP[key], self.text)
            sheet.set_row(row, 22)
            if field in _DATES:
                self.allow_dates(sheet, row, row, 1)
            elif field in _NUMBERS:
                self.allow_whole(sheet, row, row, 1)
        sheet.set_paper(excel.A4)
        sheet.fit_to_pages(1, 0)

    def write_table(self, sheet: excel.Sheet) -> None:
        rows = self.draft.rows
        columns = {column.caption: i for i, column in enumerate(layout.TABLE)}
        widths = {column.caption: column.width for column in layout.TABLE}
        for row, drafted in enumerate(rows, 1):
            for caption, column in columns.items():
                said = drafted.cells.get(caption, "")
                if caption in drafted.continued:
                    said = ""
                style = self.unsure if caption in drafted.unsure else self.style(caption)
                self.put(sheet, row, column, said, style)
            shown = [
                (said, widths[caption])
                for caption, said in drafted.cells.items()
                if caption not in drafted.continued and caption not in (w.LEVEL1, w.LEVEL2)
            ]
            sheet.set_row(row, excel.height(shown, least=30))
        for caption in layout.NOTICE_COLUMNS:
            for first, last in self.runs(caption):
                column = columns[caption]
                tinted = any(caption in rows[i - 1].unsure for i in range(first + 1, last + 1))
                style = self.unsure if tinted else self.style(caption)
                said = rows[first - 1].cells.get(caption, "")
                sheet.merge_range(first, column, last, column, said, style)
        legend = self.book.format(bg_color="#FCE4D6")
        sheet.write_string(len(rows) + 2, 3, w.UNSURE_LEGEND, legend)
        self.validate_table(sheet, columns, len(rows) + 100)

    def runs(self, caption: str) -> Iterator[tuple[int, int]]:
        """First and last row of every group of rows that go on with one cell."""
        first = 1
        for row, drafted in enumerate(self.draft.rows, 1):
            if caption not in drafted.continued:
                if row - 1 > first:
                    yield first, row - 1
                first = row
        if len(self.draft.rows) > first:
            yield first, len(self.draft.rows)

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
        self.allow_list(sheet, last, columns["填报类型"], w.KINDS)
        for caption in ("材料起始日期", "材料截止日期"):
            self.allow_dates(sheet, 1, last, columns[caption])
        for caption in ("建议字数", "字数上限", "最少件数"):
            self.allow_whole(sheet, 1, last, columns[caption])

    def write_units(self, sheet: excel.Sheet) -> None:
        for row in range(1, max(len(self.draft.units), 1) + 40):
            unit = self.draft.units[row - 1] if row <= len(self.draft.units) else None
            values = (
                {"代码": unit.code, "单位名称": unit.name, "别名": "、".join(unit.aliases)}
                if unit
                else {}
            )
            for i, column in enumerate(layout.UNITS):
                said = values.get(column.caption, "")
                self.put(sheet, row, i, said, self.style(column.caption))
        last = len(self.draft.units) + 100
        self.allow_list(sheet, last, 7, w.CHANNELS)
        self.allow_dates(sheet, 1, last, 8)
        self.book.name("pdsfz_units", f"={w.UNITS_SHEET}!$B$2:$B${last + 1}")

    def write_waivers(self, sheet: excel.Sheet) -> None:
        for row in range(1, 41):
            for i, column in enumerate(layout.WAIVERS):
                self.put(sheet, row, i, "", self.style(column.caption))
        sheet.data_validation(
            1, 0, 200, 0, {"validate": "list", "source": "=pdsfz_units", "error_type": "warning"}
        )
        self.allow_dates(sheet, 1, 200, 5)

    def write_templates(self, sheet: excel.Sheet) -> None:
        for row, said in enumerate(w.TEMPLATES, 1):
            for i, text in enumerate(said):
                sheet.write_string(row, i, text, self.centre if i == 0 else self.text)
            widths = (column.width for column in layout.TEMPLATES)
            sheet.set_row(row, excel.height(zip(said, widths, strict=True), least=40))
        self.allow_list(sheet, 100, 0, w.NOTICE_KINDS)
        known = " ".join(f"{{{name}}}" for name in w.PLACEHOLDERS)
        sheet.write_string(len(w.TEMPLATES) + 2, 1, known, self.book.format(font_color="#7F7F7F"))

    def allow_list(
        self, sheet: excel.Sheet, last: int, column: int, choices: tuple[str, ...]
    ) -> None:
        rule = {"validate": "list", "source": list(choices), "error_message": w.PICK_ERROR}
        sheet.data_validation(1, column, last, column, rule)

    def allow_dates(self, sheet: excel.Sheet, first: int, last: int, column: int) -> None:
        rule = {
            "validate": "date",
            "criteria": ">=",
            "value": excel.CREATED,
            "error_message": w.DATE_ERROR,
        }
        sheet.data_validation(first, column, last, column, rule)

    def allow_whole(self, sheet: excel.Sheet, first: int, last: int, column: int) -> None:
        rule = {
            "validate": "integer",
            "criteria": ">=",
            "value": 0,
            "error_message": w.WHOLE_ERROR,
        }
        sheet.data_validation(first, column, last, column, rule)
