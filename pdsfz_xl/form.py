"""One unit's form: master and, if there are any, answers in; a locked workbook out.

A form is the same whoever asks for it: blank for distribution, or with answers in it.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from pdsfz_xl import excel, identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Master, Requirement, Unit

SCHEMA = 1
HEADER = 4
"""0-based row of the captions: title, task, deadline and progress stand above."""

COLUMN = {column.caption: i for i, column in enumerate(layout.FORM)}

_GREY, _YELLOW, _AMBER, _RED = "#F2F2F2", "#FFE066", "#FFC04D", "#E67C73"
"""Each is darker than the one before, so that they differ on a grey printer too."""


class Filled(NamedTuple):
    """What goes into one row's answer cells."""

    choice: str = ""
    text: str = ""
    number: float | None = None


def demand(master: Master, requirement: Requirement) -> str:
    """填报要求 of one requirement: what, how long, from when, how many."""
    start, end = master.period(requirement)
    said = w.demand(
        requirement.kind,
        requirement.advised,
        requirement.limit,
        start.isoformat() if start else "",
        end.isoformat() if end else "",
        requirement.pieces,
        requirement.measure,
    )
    if requirement.also:
        joined = tuple(master.indicator[n].text for n in requirement.also)
        said += w.joined_demand(requirement.also, joined)
    return said


def locked_texts(master: Master, requirement: Requirement) -> dict[str, str]:
    """What the locked columns of a row say, by caption: written here, compared when it returns."""
    return {
        w.LEVEL1: requirement.level1,
        w.LEVEL2: requirement.level2,
        w.NUMBER: w.number_label(requirement.numbers),
        w.INDICATOR: requirement.text,
        w.METHOD: requirement.method,
        w.MATERIAL: requirement.material,
        w.DEMAND: demand(master, requirement),
    }


def row_code(master: Master, unit: str, requirement: Requirement) -> str:
    return str(
        identity.make(
            master.settings.code, unit, requirement.key, requirement.text, requirement.material
        )
    )


def build(
    master: Master,
    unit: Unit,
    filled: Mapping[str, Filled] | None = None,
    *,
    prefilled: bool = False,
) -> bytes:
    """The workbook of one unit, `filled` by requirement key. Raises ValueError if Excel could not.

    `prefilled` marks a form whose answers were there before the unit got it: they count only when
    the unit has confirmed or changed them, and the hidden sheet remembers what they said.
    """
    return _Form(master, unit, filled or {}, prefilled).build()


def own_digests(master: Master, unit: Unit) -> frozenset[str]:
    """Digests of every text a blank form carries, for returns that lost the hidden sheet."""
    form = _Form(master, unit, {}, False)
    form.build()
    return frozenset(form.digests)


def hint(
    requirement: Requirement, count: int, choice: str, number: float | None, pieces: int = 0
) -> str:
    """What 提示 says; `_hint_formula` is the same in the worksheet's words."""
    refused = choice in (w.NOTHING, w.NOT_OURS)
    if not count:
        return w.REASON_HINT if refused else w.BLANK_HINT
    if choice.startswith(w.PREVIOUS):
        return w.PREVIOUS_HINT
    before, after = w.OVER_HINT
    if count > requirement.limit:
        return f"{before}{count - requirement.limit}{after}"
    if requirement.kind == w.FIGURES and number is None and not refused:
        return w.FIGURE_HINT
    if count > requirement.advised:
        said = f"{w.ADVISED_HINT}{requirement.limit - count}"
    else:
        said = f"{w.LEFT_HINT}{requirement.advised - count}"
    listed = ""
    if pieces < requirement.pieces and not refused:
        evidence, of, end = w.EVIDENCE_HINT
        listed = f"\n{evidence}{pieces}{of}{requirement.pieces}{end}"
    return f"{count}/{requirement.advised}{said}{listed}"


def _hint_formula(requirement: Requirement, row: int) -> str:
    status, figure, count = (_cell(row, c) for c in (w.STATUS, w.QUANTITY, w.COUNT))
    before, after = w.OVER_HINT
    advised, limit = requirement.advised, requirement.limit
    refused = f'OR({status}="{w.NOTHING}",{status}="{w.NOT_OURS}")'
    said = (
        f'IF({count}>{advised},{count}&"/{advised}{w.ADVISED_HINT}"&({limit}-{count}),'
        f'{count}&"/{advised}{w.LEFT_HINT}"&({advised}-{count}))'
    )
    if requirement.pieces:
        evidence, of, end = w.EVIDENCE_HINT
        listed = _listed_formula(_cell(row, w.CODE))
        lacking = f'CHAR(10)&"{evidence}"&{listed}&"{of}{requirement.pieces}{end}"'
        said += f'&IF(OR({refused},{listed}>={requirement.pieces}),"",{lacking})'
    if requirement.kind == w.FIGURES:
        said = f'IF(AND({figure}="",NOT({refused})),"{w.FIGURE_HINT}",{said})'
    return (
        f'=IF({count}=0,IF({refused},"{w.REASON_HINT}","{w.BLANK_HINT}"),'
        f'IF({_is_previous(status)},"{w.PREVIOUS_HINT}",'
        f'IF({count}>{limit},"{before}"&({count}-{limit})&"{after}",{said})))'
    )


def _is_previous(status: str) -> str:
    return f'LEFT({status},{len(w.PREVIOUS)})="{w.PREVIOUS}"'


def _listed_formula(code: str) -> str:
    """How many pieces 佐证材料 lists under a code: 件数, or one for a row that does not say."""
    first, last = 2, layout.EVIDENCE_ROWS + 1
    at = {column.caption: layout.column_name(i) for i, column in enumerate(layout.EVIDENCE)}
    codes, names, pieces = (
        f"{w.EVIDENCE_SHEET}!${at[c]}${first}:${at[c]}${last}"
        for c in (w.CODE, w.FILE_NAME, w.PIECES)
    )
    alone = f'COUNTIFS({codes},{code},{names},"<>",{pieces},"")'
    return f"(SUMIF({codes},{code},{pieces})+{alone})"


def _cell(row: int, caption: str) -> str:
    return layout.cell_name(row, COLUMN[caption])


class _Form:
    """One workbook being written; every text of its own is remembered as a digest."""

    def __init__(
        self, master: Master, unit: Unit, filled: Mapping[str, Filled], prefilled: bool
    ) -> None:
        self.master, self.unit, self.filled, self.prefilled = master, unit, filled, prefilled
        self.due = master.due(unit.code)
        self.first = HEADER + 1
        self.last = HEADER + len(self.due)
        self.digests: set[str] = set()
        self.title = w.form_title(master.settings.name, unit.name)
        self.codes = [row_code(master, unit.code, r) for r in self.due]
        self.book = excel.Book(locked=True, title=self.title, subject=master.settings.code)
        self.body = {"text_wrap": True, "border": 1, "border_color": "#808080"}
        self.small = {**self.body, "font_size": layout.FORM_SIZE}

    def build(self) -> bytes:
        sheet = self.book.sheet(w.FORM_SHEET, grows=True)
        evidence = self.book.sheet(w.EVIDENCE_SHEET)
        guide = self.book.sheet(w.GUIDE_SHEET, grows=True)
        stamp = self.book.sheet(w.STAMP_SHEET)
        self.write_head(sheet)
        for row, requirement in enumerate(self.due, self.first):
            self.write_row(sheet, row, requirement)
        self.validate(sheet)
        self.colour(sheet)
        self.write_sign_off(sheet, self.last + 1)
        self.set_up_page(sheet)
        self.write_evidence(evidence)
        self.write_guide(guide)
        self.write_stamp(stamp)
        sheet.activate()
        row, column = self.next_to_fill(), COLUMN[w.STATUS]
        sheet.set_selection(row, column, row, column)
        sheet.freeze_panes(self.first, COLUMN[w.INDICATOR], row, COLUMN[w.INDICATOR])
        return self.book.bytes()

    def next_to_fill(self) -> int:
        """The row in which a unit goes on: the first that is not answered."""
        for row, requirement in enumerate(self.due, self.first):
            if not self.is_filled(self.given(requirement)):
                return row
        return self.first

    @staticmethod
    def is_filled(given: Filled) -> bool:
        return texts.count(given.text) > 0 and not given.choice.startswith(w.PREVIOUS)

    def say(self, sheet: excel.Sheet, row: int, column: int, text: str, style: Any) -> None:
        """Write a text of the form's own."""
        self.digests.add(identity.digest(text, sheet.name))
        sheet.write_string(row, column, text, style)

    def span(self, sheet: excel.Sheet, row: int, last: int, text: str, style: Any) -> None:
        self.digests.add(identity.digest(text, sheet.name))
        sheet.merge_range(row, 0, row, last, text, style)

    # --- 填报表

    def write_head(self, sheet: excel.Sheet) -> None:
        settings, last = self.master.settings, len(layout.FORM) - 1
        for i, column in enumerate(layout.FORM):
            sheet.set_column(i, i, column.width)
        title = self.book.format(font_name=excel.HEAD_FONT, font_size=16, align="center")
        line = self.book.format(text_wrap=True, align="left")
        deadline = self.master.deadline(self.unit)
        when = w.day(deadline) if deadline else ""
        send = w.form_deadline(when, settings.contact, settings.phone, settings.email)
        self.span(sheet, 0, last, self.title, title)
        self.span(sheet, 1, last, w.FORM_TASK, line)
        self.span(sheet, 2, last, send, line)
        sheet.merge_range(3, 0, 3, last, "", self.book.format(bold=True, font_color="#C00000"))
        formula, value = self.progress()
        style = self.book.format(bold=True, font_color="#C00000")
        self.digests.add(identity.digest(formula, sheet.name))
        sheet.write_formula(3, 0, formula, style, value)
        for row, height in enumerate((30, 20, 20, 20)):
            sheet.set_row(row, height)
        caption = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **self.small
        )
        for i, column in enumerate(layout.FORM):
            self.say(sheet, HEADER, i, column.caption, caption)
        sheet.set_row(HEADER, 30)

    def progress(self) -> tuple[str, str]:
        """The status line as a formula and as the value it has now."""
        counts, hints, choices = (
            f"{_cell(self.first, c)}:{_cell(self.last, c)}" for c in (w.COUNT, w.HINT, w.STATUS)
        )
        total = len(self.due)
        before, middle, between, after = w.PROGRESS
        done = f'COUNTIFS({counts},">0",{choices},"<>{w.PREVIOUS}*")'
        formula = (
            f'="{before}{total}{middle}"&{done}&"{between}"'
            f'&({total}-{done})&"{after}"&COUNTIF({hints},"{w.OVER_HINT[0]}*")'
        )
        given = [self.given(requirement) for requirement in self.due]
        filled = sum(map(self.is_filled, given))
        over = sum(
            self.is_filled(g) and texts.count(g.text) > r.limit
            for g, r in zip(given, self.due, strict=True)
        )
        return formula, w.progress(total, filled, total - filled, over)

    def given(self, requirement: Requirement) -> Filled:
        return self.filled.get(requirement.key, Filled())

    def write_row(self, sheet: excel.Sheet, row: int, requirement: Requirement) -> None:
        locked = self.book.format(bg_color=_GREY, align="left", **self.small)
        centred = self.book.format(bg_color=_GREY, align="center", **self.small)
        narrow = self.book.format(
            font_color="#7F7F7F", font_size=8, bg_color=_GREY, align="center", **self.body
        )
        code = self.codes[row - self.first]
        self.say(sheet, row, COLUMN[w.CODE], code, narrow)
        own = locked_texts(self.master, requirement)
        for caption, said in own.items():
            style = centred if caption in (w.NUMBER, w.METHOD) else locked
            self.say(sheet, row, COLUMN[caption], said, style)
        given = self.given(requirement)
        self.write_answer(sheet, row, requirement, given)
        number = texts.count(given.text)
        formula = f"={excel.count_formula(_cell(row, w.ANSWER))}"
        sheet.write_formula(row, COLUMN[w.COUNT], formula, centred, number)
        said = hint(requirement, number, given.choice, given.number)
        sheet.write_formula(row, COLUMN[w.HINT], _hint_formula(requirement, row), centred, said)
        widths = {c.caption: c.width for c in layout.FORM}
        cells = [(text, widths[caption]) for caption, text in own.items()]
        cells += [(code, widths[w.CODE]), (given.text, widths[w.ANSWER]), (said, widths[w.HINT])]
        sheet.set_row(row, excel.height(cells, least=72, size=layout.FORM_SIZE))

    def write_answer(
        self, sheet: excel.Sheet, row: int, requirement: Requirement, given: Filled
    ) -> None:
        """The cells the unit fills: text format, so that 00123 and =1+1 stay what was typed."""
        text = self.book.format(
            locked=False, num_format="@", valign="top", align="left", **self.small
        )
        pick = self.book.format(locked=False, num_format="@", align="center", **self.small)
        measure = requirement.measure.replace('"', "")
        with_measure = {"num_format": f'General"{measure}"'} if measure else {}
        figure = self.book.format(locked=False, align="center", **with_measure, **self.small)
        no_figure = self.book.format(bg_color=_GREY, **self.small)
        for caption, said, style in (
            (w.STATUS, given.choice, pick),
            (w.ANSWER, given.text, text),
        ):
            if said:
                sheet.write_string(row, COLUMN[caption], said, style)
            else:
                sheet.write_blank(row, COLUMN[caption], None, style)
        asked = requirement.kind == w.FIGURES
        column = COLUMN[w.QUANTITY]
        if asked and given.number is not None:
            sheet.write_number(row, column, given.number, figure)
        else:
            sheet.write_blank(row, column, None, figure if asked else no_figure)

    def runs(self, *fields: str) -> Iterator[tuple[int, int, Requirement]]:
        """First and last row of neighbours that agree in some fields, with the first of them."""
        numbered = enumerate(self.due, self.first)
        for _, group in groupby(numbered, lambda pair: [getattr(pair[1], f) for f in fields]):
            rows = list(group)
            yield rows[0][0], rows[-1][0], rows[0][1]

    def validate(self, sheet: excel.Sheet) -> None:
        status, answer, figure = (COLUMN[c] for c in (w.STATUS, w.ANSWER, w.QUANTITY))
        sheet.data_validation(
            self.first, status, self.last, status,
            {
                "validate": "list", "source": list(w.CHOICES),
                "input_title": w.STATUS, "input_message": w.STATUS_PROMPT,
                "error_title": w.STATUS, "error_message": w.STATUS_ERROR,
            },
        )  # fmt: skip
        for first, last, requirement in self.runs("advised", "limit"):
            said = {"advised": requirement.advised, "limit": requirement.limit}
            sheet.data_validation(
                first, answer, last, answer,
                {
                    "validate": "custom",
                    "value": excel.limit_formula(_cell(first, w.ANSWER), requirement.limit),
                    "input_title": w.ANSWER, "input_message": w.ANSWER_PROMPT.format(**said),
                    "error_title": w.ANSWER, "error_message": w.ANSWER_ERROR.format(**said),
                },
            )  # fmt: skip
        for first, last, requirement in self.runs("kind"):
            if requirement.kind == w.FIGURES:
                sheet.data_validation(
                    first, figure, last, figure,
                    {
                        "validate": "decimal", "criteria": ">=", "value": 0,
                        "input_title": w.NUMBER_PROMPT_TITLE, "input_message": w.QUANTITY_PROMPT,
                        "error_title": w.QUANTITY, "error_message": w.QUANTITY_ERROR,
                    },
                )  # fmt: skip
        # Ordinary paste replaces a cell's lock, format and validation; a cell inside an allow-edit
        # range can still be typed over (LibreOffice 7.4 honours and keeps `protectedRanges`).
        # 数量 is inside only where it is asked for: the range would open the grey cells as well.
        asked = [
            f"{_cell(first, w.QUANTITY)}:{_cell(last, w.QUANTITY)}"
            for first, last, requirement in self.runs("kind")
            if requirement.kind == w.FIGURES
        ]
        texts_to_fill = f"{_cell(self.first, w.STATUS)}:{_cell(self.last, w.ANSWER)}"
        areas = " ".join([texts_to_fill, *asked])
        sheet.unprotect_range(areas, "answers")
        sheet.ignore_errors({"number_stored_as_text": areas})

    def colour(self, sheet: excel.Sheet) -> None:
        """What lacks is yellow, over the recommendation amber, over the limit red and bold."""
        book = self.book
        for first, last, requirement in self.runs("advised", "limit"):
            count = f"${_cell(first, w.COUNT)}"
            area = (first, COLUMN[w.ANSWER], last, COLUMN[w.ANSWER])
            red = book.condition(bg_color=_RED, bold=True)
            choice = f"${_cell(first, w.STATUS)}"
            for condition, style in (
                (f"={_is_previous(choice)}", book.condition(bg_color=_YELLOW)),
                (f"={count}>{requirement.limit}", red),
                (f"={count}>{requirement.advised}", book.condition(bg_color=_AMBER)),
                (f"={count}=0", book.condition(bg_color=_YELLOW)),
            ):
                sheet.conditional_format(
                    *area,
                    {"type": "formula", "criteria": condition, "format": style,
                     "stop_if_true": True},
                )  # fmt: skip
        blank = book.condition(bg_color=_YELLOW)
        status = COLUMN[w.STATUS]
        previous = {"type": "text", "criteria": "begins with", "value": w.PREVIOUS}
        for rule in ({"type": "blanks"}, previous):
            sheet.conditional_format(
                self.first, status, self.last, status, {**rule, "format": blank}
            )
        for first, last, requirement in self.runs("kind"):
            if requirement.kind == w.FIGURES:
                column = COLUMN[w.QUANTITY]
                sheet.conditional_format(
                    first, column, last, column, {"type": "blanks", "format": blank}
                )

    def write_sign_off(self, sheet: excel.Sheet, row: int) -> None:
        label = self.book.format(align="right")
        line = self.book.format(locked=False, num_format="@", bottom=1, align="left")
        total = self.book.format(align="center", bold=True)
        counts = f"{_cell(self.first, w.COUNT)}:{_cell(self.last, w.COUNT)}"
        written = sum(texts.count(self.given(r).text) for r in self.due)
        self.say(sheet, row, COLUMN[w.ANSWER], w.TOTAL_COUNT, label)
        sheet.write_formula(row, COLUMN[w.COUNT], f"=SUM({counts})", total, written)
        places = (COLUMN[w.INDICATOR], COLUMN[w.DEMAND], COLUMN[w.ANSWER])
        for i, said in enumerate(w.SIGN_OFF):
            at, column = row + 2 + i // 3, places[i % 3]
            self.say(sheet, at, column - 1, w.label(said), label)
            sheet.write_blank(at, column, None, line)
            sheet.set_row(at, 28)
            sheet.unprotect_range(layout.cell_name(at, column), f"sign{i}")

    def set_up_page(self, sheet: excel.Sheet) -> None:
        sheet.set_landscape()
        sheet.set_paper(excel.A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(HEADER)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        sheet.center_horizontally()
        sheet.print_area(0, 0, self.last + 4, len(layout.FORM) - 1)
        self.protect(sheet)

    def protect(self, sheet: excel.Sheet) -> None:
        """Footer and lock: heights and widths stay adjustable."""
        name, unit = (
            said.replace("&", "&&")[:60] for said in (self.master.settings.name, self.unit.name)
        )
        sheet.set_footer(f"&L{name}　{unit}&C{w.PAGE_FOOTER}&R{self.master.settings.code}")
        options = {"format_rows": True, "format_columns": True}
        sheet.protect(self.master.settings.password, options)

    # --- 佐证材料, 填写说明 and the stamp

    def write_evidence(self, sheet: excel.Sheet) -> None:
        caption = self.book.format(
            font_name=excel.HEAD_FONT, align="center", bg_color="#D9E1F2", **self.body
        )
        text = self.book.format(locked=False, num_format="@", text_wrap=True)
        date = self.book.format(locked=False, num_format=w.DATE_FORMAT, align="center")
        number = self.book.format(locked=False, align="center")
        styles = {w.DATE: date, w.PIECES: number}
        for i, column in enumerate(layout.EVIDENCE):
            sheet.set_column(i, i, column.width, styles.get(column.caption, text))
            self.say(sheet, 0, i, column.caption, caption)
        sheet.set_row(0, 24)
        last = layout.EVIDENCE_ROWS
        codes = f"={w.STAMP_SHEET}!$D$1:$D${len(self.codes)}"
        self.book.name("pdsfz_codes", codes)
        whole = {"validate": "integer", "criteria": ">=", "value": 1}
        day = {"validate": "date", "criteria": ">=", "value": layout.CREATED}
        for i, rule, error in (
            (0, {"validate": "list", "source": "=pdsfz_codes"}, w.CODE_ERROR),
            (2, {"validate": "list", "source": list(layout.EVIDENCE_KINDS)}, w.KIND_ERROR),
            (3, day, w.DATE_ERROR),
            (4, whole, w.PIECES_ERROR),
        ):
            title = layout.EVIDENCE[i].caption
            sheet.data_validation(
                1, i, last, i, {**rule, "error_title": title, "error_message": error}
            )
        sheet.unprotect_range(f"A2:{layout.cell_name(last, len(layout.EVIDENCE) - 1)}", "evidence")
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(excel.A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        self.protect(sheet)

    def write_guide(self, sheet: excel.Sheet) -> None:
        settings = self.master.settings
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 96)
        title = self.book.format(font_name=excel.HEAD_FONT, font_size=14)
        plain = self.book.format(text_wrap=True, align="left", valign="top")
        label = self.book.format(align="center", valign="top")
        boxed = self.book.format(bg_color=_GREY, **self.body)
        self.say(sheet, 0, 0, w.GUIDE_TITLE, title)
        sheet.set_row(0, 26)
        parts = (settings.contact, settings.phone, settings.email, settings.address)
        contact = "，".join(part for part in parts if part)
        mine = {n for requirement in self.due for n in requirement.numbers}
        others = w.number_label(
            tuple(i.number for i in self.master.indicators if i.number not in mine)
        )
        row = 1
        for row, said in enumerate(w.guide(contact, w.not_yours(others)), 1):
            self.say(sheet, row, 0, f"{row}.", label)
            self.say(sheet, row, 1, said, plain)
            sheet.set_row(row, excel.height([(said, 96)], least=22))
        self.say(sheet, row + 2, 0, w.GUIDE_EXAMPLE, title)
        for at, (caption, said) in enumerate(w.EXAMPLE, row + 3):
            self.say(sheet, at, 0, caption, boxed)
            self.say(sheet, at, 1, said, boxed)
            sheet.set_row(at, excel.height([(said, 96)], least=22))
        sheet.set_paper(excel.A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        self.protect(sheet)

    def write_stamp(self, sheet: excel.Sheet) -> None:
        """Identity again, and the digests of everything above: what is ours, not typed."""
        plain = self.book.format()
        for row, (name, value) in enumerate(
            (
                ("campaign", self.master.settings.code),
                ("unit", self.unit.code),
                ("schema", str(SCHEMA)),
                ("prefilled", str(int(self.prefilled))),
            )
        ):
            sheet.write_string(row, 0, name, plain)
            sheet.write_string(row, 1, value, plain)
            self.book.note(layout.STAMP + name, value)
        for row, digest in enumerate(sorted(self.digests)):
            sheet.write_string(row, 2, digest, plain)
        for row, (code, requirement) in enumerate(zip(self.codes, self.due, strict=True)):
            sheet.write_string(row, 3, code, plain)
            given = self.given(requirement)
            if self.prefilled and texts.count(given.text):
                sheet.write_string(row, 4, identity.prefill(given.text, given.number), plain)
        self.protect(sheet)
        sheet.very_hidden()
