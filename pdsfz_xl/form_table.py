"""The sheet 填报表: one locked row for each requirement, with the cells a unit fills."""

from typing import Any

from pdsfz_xl import excel, form_texts, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form_hint import hint, hint_formula, is_previous, progress, progress_formula
from pdsfz_xl.form_pen import AMBER, GREY, RED, YELLOW, Pen
from pdsfz_xl.form_plan import COLUMN, FIRST, HEADER, Filled, Plan, cell
from pdsfz_xl.model import Requirement


def write(pen: Pen, sheet: excel.Sheet) -> None:
    table = _Table(pen, sheet)
    table.write_head()
    for row, requirement in enumerate(pen.plan.due, FIRST):
        table.write_row(row, requirement)
    table.validate()
    table.open_answers()
    table.colour()
    table.write_sign_off(pen.plan.last + 1)
    table.set_up_page()


class _Table:
    def __init__(self, pen: Pen, sheet: excel.Sheet) -> None:
        self.pen, self.sheet = pen, sheet
        self.plan: Plan = pen.plan
        self.book, self.body, self.small = pen.book, pen.body, pen.small

    def say(self, row: int, caption: str, text: str, style: Any) -> None:
        self.sheet.write_string(row, COLUMN[caption], text, style)

    def write_head(self) -> None:
        pen, sheet, last = self.pen, self.sheet, len(self.plan.columns) - 1
        for i, column in enumerate(self.plan.columns):
            sheet.set_column(i, i, column.width)
        title = self.book.format(font_name=excel.HEAD_FONT, font_size=16, align="center")
        styles = (title, pen.line, pen.line)
        for row, (text, style) in enumerate(zip(form_texts.head(self.plan), styles, strict=True)):
            sheet.merge_range(row, 0, row, last, text, style)
        style = self.book.format(bold=True, font_color="#C00000")
        sheet.merge_range(3, 0, 3, last, "", style)
        sheet.write_formula(3, 0, progress_formula(self.plan), style, progress(self.plan))
        for row, height in enumerate((30, 20, 20, 20)):
            sheet.set_row(row, height)
        style = pen.caption(**self.small)
        for caption in form_texts.captions(self.plan.columns):
            self.say(HEADER, caption, caption, style)
        sheet.set_row(HEADER, 30)

    # --- a row

    def write_row(self, row: int, requirement: Requirement) -> None:
        locked = self.book.format(bg_color=GREY, align="left", **self.small)
        centred = self.book.format(bg_color=GREY, align="center", **self.small)
        narrow = self.book.format(
            font_color="#7F7F7F", font_size=8, bg_color=GREY, align="center", **self.body
        )
        own = form_texts.row(self.plan, requirement)
        styles = {
            w.CODE: narrow, w.NUMBER: centred, w.METHOD: centred,
            w.PROBLEM: self.beside if self.plan.marks else None,
        }  # fmt: skip
        for caption, text in own.items():
            self.say(row, caption, text, styles.get(caption, locked))
        given = self.plan.given(requirement)
        self.write_answer(row, requirement, given)
        count = texts.count(given.text)
        formula = f"={excel.count_formula(cell(row, w.ANSWER))}"
        self.sheet.write_formula(row, COLUMN[w.COUNT], formula, centred, count)
        pieces = self.plan.pieces(requirement)
        said = hint(requirement, count, given.choice, given.number, pieces)
        paint = self.pen.paint(self.plan.mark(requirement, w.HINT), GREY)
        style = self.book.format(align="center", **paint, **self.small)
        self.sheet.write_formula(row, COLUMN[w.HINT], hint_formula(requirement, row), style, said)
        shown = {**own, w.ANSWER: given.text, w.HINT: said}
        cells = [(text, layout.MARKED_FORM[COLUMN[c]].width) for c, text in shown.items()]
        self.sheet.set_row(row, excel.height(cells, least=72, size=layout.FORM_SIZE))

    @property
    def beside(self) -> Any:
        return self.book.format(font_color="#C00000", bg_color=GREY, valign="top", **self.small)

    def write_answer(self, row: int, requirement: Requirement, given: Filled) -> None:
        """The cells the unit fills: text format, so that 00123 and =1+1 stay what was typed."""
        choice, answer, quantity = (
            {**self.small, **self.pen.paint(self.plan.mark(requirement, c))}
            for c in (w.STATUS, w.ANSWER, w.QUANTITY)
        )
        text = self.book.format(locked=False, num_format="@", valign="top", align="left", **answer)
        pick = self.book.format(locked=False, num_format="@", align="center", **choice)
        measure = texts.unit(requirement.measure.replace('"', ""))
        with_measure = {"num_format": f'General"{measure}"'} if measure else {}
        figure = self.book.format(locked=False, align="center", **with_measure, **quantity)
        no_figure = self.book.format(bg_color=GREY, **self.small)
        for caption, said, style in (
            (w.STATUS, given.choice, pick),
            (w.ANSWER, given.text, text),
        ):
            if said:
                self.sheet.write_string(row, COLUMN[caption], said, style)
            else:
                self.sheet.write_blank(row, COLUMN[caption], None, style)
        asked = requirement.kind == w.FIGURES
        column = COLUMN[w.QUANTITY]
        if asked and given.number is not None:
            self.sheet.write_number(row, column, given.number, figure)
        else:
            self.sheet.write_blank(row, column, None, figure if asked else no_figure)

    # --- what cells take, and how they look

    def validate(self) -> None:
        status, answer, figure = (COLUMN[c] for c in (w.STATUS, w.ANSWER, w.QUANTITY))
        self.sheet.data_validation(
            FIRST, status, self.plan.last, status,
            {
                "validate": "list", "source": list(w.CHOICES),
                "input_title": w.STATUS, "input_message": w.STATUS_PROMPT,
                "error_title": w.STATUS, "error_message": w.STATUS_ERROR,
            },
        )  # fmt: skip
        for first, last, requirement in self.plan.runs("advised", "limit"):
            said = {"advised": requirement.advised, "limit": requirement.limit}
            self.sheet.data_validation(
                first, answer, last, answer,
                {
                    "validate": "custom",
                    "value": excel.limit_formula(cell(first, w.ANSWER), requirement.limit),
                    "input_title": w.ANSWER, "input_message": w.ANSWER_PROMPT.format(**said),
                    "error_title": w.ANSWER, "error_message": w.ANSWER_ERROR.format(**said),
                },
            )  # fmt: skip
        for first, last, requirement in self.plan.runs("kind"):
            if requirement.kind == w.FIGURES:
                self.sheet.data_validation(
                    first, figure, last, figure,
                    {
                        "validate": "decimal", "criteria": ">=", "value": 0,
                        "input_title": w.NUMBER_PROMPT_TITLE, "input_message": w.QUANTITY_PROMPT,
                        "error_title": w.QUANTITY, "error_message": w.QUANTITY_ERROR,
                    },
                )  # fmt: skip

    def open_answers(self) -> None:
        """An allow-edit range over the cells to fill.

        Ordinary paste replaces a cell's lock, format and validation; a cell inside such a range
        can still be typed over (LibreOffice 7.4 honours and keeps `protectedRanges`). 数量 is
        inside only where it is asked for: the range would open the grey cells as well.
        """
        asked = [
            f"{cell(first, w.QUANTITY)}:{cell(last, w.QUANTITY)}"
            for first, last, requirement in self.plan.runs("kind")
            if requirement.kind == w.FIGURES
        ]
        texts_to_fill = f"{cell(FIRST, w.STATUS)}:{cell(self.plan.last, w.ANSWER)}"
        areas = " ".join([texts_to_fill, *asked])
        self.sheet.unprotect_range(areas, "answers")
        self.sheet.ignore_errors({"number_stored_as_text": areas})

    def colour(self) -> None:
        """What lacks is yellow, over the recommendation amber, over the limit red and bold."""
        book, sheet = self.book, self.sheet
        for first, last, requirement in self.plan.runs("advised", "limit", caption=w.ANSWER):
            count = f"${cell(first, w.COUNT)}"
            area = (first, COLUMN[w.ANSWER], last, COLUMN[w.ANSWER])
            red = book.condition(bg_color=RED, bold=True)
            choice = f"${cell(first, w.STATUS)}"
            for condition, style in (
                (f"={is_previous(choice)}", book.condition(bg_color=YELLOW)),
                (f"={count}>{requirement.limit}", red),
                (f"={count}>{requirement.advised}", book.condition(bg_color=AMBER)),
                (f"={count}=0", book.condition(bg_color=YELLOW)),
            ):
                sheet.conditional_format(
                    *area,
                    {"type": "formula", "criteria": condition, "format": style,
                     "stop_if_true": True},
                )  # fmt: skip
        blank = book.condition(bg_color=YELLOW)
        status, figure = COLUMN[w.STATUS], COLUMN[w.QUANTITY]
        previous = {"type": "text", "criteria": "begins with", "value": w.PREVIOUS}
        for rule in ({"type": "blanks"}, previous):
            for first, last, _ in self.plan.runs(caption=w.STATUS):
                sheet.conditional_format(first, status, last, status, {**rule, "format": blank})
        for first, last, requirement in self.plan.runs("kind", caption=w.QUANTITY):
            if requirement.kind == w.FIGURES:
                sheet.conditional_format(
                    first, figure, last, figure, {"type": "blanks", "format": blank}
                )

    # --- below the table

    def write_sign_off(self, row: int) -> None:
        label = self.book.format(align="right")
        line = self.book.format(locked=False, num_format="@", bottom=1, align="left")
        total = self.book.format(align="center", bold=True)
        counts = f"{cell(FIRST, w.COUNT)}:{cell(self.plan.last, w.COUNT)}"
        written = sum(texts.count(self.plan.given(r).text) for r in self.plan.due)
        count, *signed = form_texts.SIGN_OFF
        self.say(row, w.ANSWER, count, label)
        self.sheet.write_formula(row, COLUMN[w.COUNT], f"=SUM({counts})", total, written)
        places = (COLUMN[w.INDICATOR], COLUMN[w.DEMAND], COLUMN[w.ANSWER])
        for i, said in enumerate(signed):
            at, column = row + 2 + i // 3, places[i % 3]
            self.sheet.write_string(at, column - 1, said, label)
            self.sheet.write_blank(at, column, None, line)
            self.sheet.set_row(at, 28)
            self.sheet.unprotect_range(layout.cell_name(at, column), f"sign{i}")

    def set_up_page(self) -> None:
        self.pen.set_page(self.sheet, HEADER)
        self.sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        self.sheet.center_horizontally()
        self.sheet.print_area(0, 0, self.plan.last + 4, len(self.plan.columns) - 1)
        self.pen.protect(self.sheet)
