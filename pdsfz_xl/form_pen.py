"""How a form is written: its formats and colours, its locks, its pages."""

from functools import cached_property
from typing import Any

from pdsfz_xl import excel, layout
from pdsfz_xl import wording as w
from pdsfz_xl.form_plan import Mark, Plan

GREY, YELLOW, AMBER, RED = "#F2F2F2", "#FFE066", "#FFC04D", "#E67C73"
"""Each is darker than the one before, so that they differ on a grey printer too."""
PALE = "#FFF9DB"
"""Open, but nothing has to stand there."""


class Pen:
    """Writes one workbook."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.book = excel.Book(locked=True, title=plan.title, subject=plan.master.settings.code)
        self.body = {"text_wrap": True, "border": 1, "border_color": "#808080"}
        self.small = {**self.body, "font_size": layout.FORM_SIZE}

    def caption(self, **more: Any) -> Any:
        return self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **{**self.body, **more}
        )

    def paint(self, mark: Mark | None, otherwise: str = "") -> dict[str, str]:
        """The colour of a cell: red for what has to be changed, amber for what is to be verified.

        It is a plain format and stays: only the office can say whether the new text is what it
        asked for, and a colour that went with the first key would promise more than it knows.
        What can be counted (未填, 超出12字) 提示 says while one types.
        """
        colour = otherwise if mark is None else RED if mark.urgent else AMBER
        return {"bg_color": colour} if colour else {}

    @cached_property
    def line(self) -> Any:
        """A sentence above a table."""
        return self.book.format(text_wrap=True, align="left")

    def point(self, sheet: excel.Sheet, row: int, column: int, to: str) -> None:
        """Write a link to a cell of this workbook, as `填报表 I6`."""
        name, _, place = to.rpartition(" ")
        style = self.book.format(
            font_color="#0563C1", underline=1, align="center", bg_color=GREY, **self.body
        )
        sheet.write_url(row, column, f"internal:'{name}'!{place}", style, to)

    def set_page(self, sheet: excel.Sheet, repeated: int | None = None) -> None:
        """A4 across, one page wide, the captions on each."""
        sheet.set_landscape()
        sheet.set_paper(excel.A4)
        sheet.fit_to_pages(1, 0)
        if repeated is not None:
            sheet.repeat_rows(repeated)

    def protect(self, sheet: excel.Sheet) -> None:
        """Footer and lock: heights and widths stay adjustable."""
        settings = self.plan.master.settings
        name, unit = (s.replace("&", "&&")[:60] for s in (settings.name, self.plan.unit.name))
        sheet.set_footer(f"&L{name}　{unit}&C{w.PAGE_FOOTER}&R{settings.code}")
        options = {"format_rows": True, "format_columns": True}
        sheet.protect(settings.password, options)
