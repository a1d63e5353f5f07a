"""The other sheets of a form: 问题清单, 佐证材料, 填写说明 and the hidden stamp."""

from collections.abc import Iterable
from typing import Any

from pdsfz_xl import excel, form_texts, identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form_pen import GREY, PALE, Pen
from pdsfz_xl.form_plan import EVIDENCE_COLUMN

SCHEMA = 1

_HEAD = 5
"""0-based row of the captions of 问题清单."""
_GUIDE = 96
"""Characters of a line of 填写说明."""
_EXPLANATION = next(i for i, c in enumerate(layout.PROBLEMS) if c.caption == w.EXPLANATION)
"""Its column there; the code of the problem stands to the right."""


# --- 问题清单


def write_problems(pen: Pen, sheet: excel.Sheet) -> None:
    """What a unit is asked to put right, numbered, each with a link to its cell."""
    plan, last = pen.plan, len(layout.PROBLEMS) - 1
    for i, column in enumerate(layout.PROBLEMS):
        sheet.set_column(i, i, column.width)
    width = sum(column.width for column in layout.PROBLEMS)
    title = pen.book.format(font_name=excel.HEAD_FONT, font_size=16, align="center")
    urgent = pen.book.format(bold=True, font_color="#C00000", text_wrap=True, align="left")
    styles = (title, pen.line, urgent, pen.line)
    for row, (said, style) in enumerate(zip(form_texts.problems_head(plan), styles, strict=True)):
        sheet.merge_range(row, 0, row, last, said, style)
        sheet.set_row(row, excel.height([(said, width)]))
    sheet.set_row(0, 30)
    for i, caption in enumerate(form_texts.captions(layout.PROBLEMS)):
        sheet.write_string(_HEAD, i, caption, pen.caption())
    sheet.set_row(_HEAD, 24)
    _list_problems(pen, sheet)
    sheet.freeze_panes(_HEAD + 1, 0)
    pen.set_page(sheet, _HEAD)
    pen.protect(sheet)


def _list_problems(pen: Pen, sheet: excel.Sheet) -> None:
    plain = pen.book.format(bg_color=GREY, align="left", **pen.body)
    centred = pen.book.format(bg_color=GREY, align="center", **pen.body)
    small = {"bg_color": GREY, "align": "center", "font_color": "#7F7F7F", "font_size": 8}
    narrow = pen.book.format(**small, **pen.body)
    marks = (mark for marks in pen.plan.marks.values() for mark in marks)
    listed = zip(marks, form_texts.problems(pen.plan), strict=True)
    for row, (mark, (*said, place, unexplained, code)) in enumerate(listed, _HEAD + 1):
        painted = pen.book.format(align="center", **pen.paint(mark), **pen.body)
        styles = (centred, painted, plain, plain, plain)
        for column, (text, style) in enumerate(zip(said, styles, strict=True)):
            sheet.write_string(row, column, text, style)
        pen.point(sheet, row, len(said), place)
        if code:
            _open_explanation(pen, sheet, row, mark.explanation)
            sheet.write_string(row, _EXPLANATION + 1, code, narrow)
        else:
            sheet.write_string(row, _EXPLANATION, unexplained, centred)
            sheet.write_blank(row, _EXPLANATION + 1, None, narrow)
        cells = [(t, layout.PROBLEMS[i].width) for i, t in enumerate(said)]
        cells.append((mark.explanation, layout.PROBLEMS[_EXPLANATION].width))
        sheet.set_row(row, excel.height(cells, least=36))


def _open_explanation(pen: Pen, sheet: excel.Sheet, row: int, text: str) -> None:
    """The cell where the unit explains, with what it explained before."""
    style = pen.book.format(locked=False, num_format="@", align="left", bg_color=PALE, **pen.body)
    if text:
        sheet.write_string(row, _EXPLANATION, text, style)
    else:
        sheet.write_blank(row, _EXPLANATION, None, style)
    cell, most = layout.cell_name(row, _EXPLANATION), w.EXPLANATION_LIMIT
    sheet.data_validation(
        cell,
        {
            "validate": "custom",
            "value": excel.limit_formula(cell, most),
            "input_title": w.EXPLANATION,
            "input_message": w.EXPLANATION_PROMPT.format(limit=most),
            "error_title": w.EXPLANATION,
            "error_message": w.EXPLANATION_ERROR.format(limit=most),
        },
    )
    sheet.unprotect_range(cell, f"explanation{row}")


# --- 佐证材料


def write_evidence(pen: Pen, sheet: excel.Sheet) -> None:
    caption = pen.caption()
    for i, column in enumerate(layout.EVIDENCE):
        sheet.set_column(i, i, column.width, _style(pen, column.caption))
    for i, text in enumerate(form_texts.captions(layout.EVIDENCE)):
        sheet.write_string(0, i, text, caption)
    sheet.set_row(0, 24)
    last = layout.EVIDENCE_ROWS
    pen.book.name("pdsfz_codes", f"={w.STAMP_SHEET}!$D$1:$D${len(pen.plan.codes)}")
    whole = {"validate": "integer", "criteria": ">=", "value": 1}
    day = {"validate": "date", "criteria": ">=", "value": layout.CREATED}
    for i, rule, error in (
        (0, {"validate": "list", "source": "=pdsfz_codes"}, w.CODE_ERROR),
        (2, {"validate": "list", "source": list(layout.EVIDENCE_KINDS)}, w.KIND_ERROR),
        (3, day, w.DATE_ERROR),
        (4, whole, w.PIECES_ERROR),
    ):
        title = layout.EVIDENCE[i].caption
        sheet.data_validation(1, i, last, i, {**rule, "error_title": title, "error_message": error})
    _list_evidence(pen, sheet)
    sheet.unprotect_range(f"A2:{layout.cell_name(last, len(layout.EVIDENCE) - 1)}", "evidence")
    sheet.freeze_panes(1, 0)
    pen.set_page(sheet, 0)
    pen.protect(sheet)


def _style(pen: Pen, caption: str, **colour: str) -> Any:
    if caption == w.DATE:
        return pen.book.format(locked=False, num_format=w.DATE_FORMAT, align="center", **colour)
    if caption == w.PIECES:
        return pen.book.format(locked=False, align="center", **colour)
    return pen.book.format(locked=False, num_format="@", text_wrap=True, **colour)


def _list_evidence(pen: Pen, sheet: excel.Sheet) -> None:
    """What the unit has listed before, so that it need not list it again."""
    plan = pen.plan
    codes = dict(zip((r.key for r in plan.due), plan.codes, strict=True))
    marked = {(m.piece, m.caption): m for marks in plan.marks.values() for m in marks}
    for i, piece in enumerate(plan.listed):
        day = texts.parse_date(piece.date)
        values: dict[str, object] = {
            w.CODE: codes[piece.requirement],
            w.FILE_NAME: piece.name,
            w.KIND: piece.kind,
            w.DATE: day or piece.date,
            w.PIECES: piece.pieces,
            w.NOTE: piece.note,
        }
        for caption, value in values.items():
            colour = pen.paint(marked.get((i, caption)))
            style = _style(pen, caption, **colour)
            at = (1 + i, EVIDENCE_COLUMN[caption])
            if caption == w.DATE and day:
                sheet.write_datetime(*at, day, style)
            elif caption == w.PIECES:
                sheet.write_number(*at, value, style)
            elif value or colour:
                sheet.write_string(*at, value, style)


# --- 填写说明


def write_guide(pen: Pen, sheet: excel.Sheet) -> None:
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, _GUIDE)
    title = pen.book.format(font_name=excel.HEAD_FONT, font_size=14)
    plain = pen.book.format(text_wrap=True, align="left", valign="top")
    label = pen.book.format(align="center", valign="top")
    boxed = pen.book.format(bg_color=GREY, **pen.body)
    sheet.write_string(0, 0, w.GUIDE_SHEET, title)
    sheet.set_row(0, 26)
    lines = form_texts.guide(pen.plan)
    _write_pairs(sheet, 1, lines, label, plain)
    sheet.write_string(len(lines) + 2, 0, w.GUIDE_EXAMPLE, title)
    _write_pairs(sheet, len(lines) + 3, w.EXAMPLE, boxed, boxed)
    pen.set_page(sheet)
    pen.protect(sheet)


def _write_pairs(
    sheet: excel.Sheet, first: int, pairs: Iterable[tuple[str, str]], left: Any, right: Any
) -> None:
    for row, (label, said) in enumerate(pairs, first):
        sheet.write_string(row, 0, label, left)
        sheet.write_string(row, 1, said, right)
        sheet.set_row(row, excel.height([(said, _GUIDE)], least=22))


# --- the stamp


def write_stamp(pen: Pen, sheet: excel.Sheet) -> None:
    """Identity again, and the digests of everything above: what is ours, not typed."""
    plan = pen.plan
    plain = pen.book.format()
    for row, (name, value) in enumerate(
        (
            ("campaign", plan.master.settings.code),
            ("unit", plan.unit.code),
            ("schema", str(SCHEMA)),
            ("prefilled", str(int(plan.prefilled))),
        )
    ):
        sheet.write_string(row, 0, name, plain)
        sheet.write_string(row, 1, value, plain)
        pen.book.note(layout.STAMP + name, value)
    for row, digest in enumerate(sorted(form_texts.digests(plan))):
        sheet.write_string(row, 2, digest, plain)
    for row, (code, requirement) in enumerate(zip(plan.codes, plan.due, strict=True)):
        sheet.write_string(row, 3, code, plain)
        given = plan.given(requirement)
        unconfirmed = plan.prefilled or given.choice.startswith(w.PREVIOUS)
        if unconfirmed and texts.count(given.text):
            sheet.write_string(row, 4, identity.prefill(given.text, given.number), plain)
        if (plan.prefilled or plan.marks) and (shown := identity.fingerprint(*given[:3])):
            sheet.write_string(row, 5, shown, plain)
        if given.known:
            sheet.write_string(row, 6, " ".join(given.known), plain)
    pen.protect(sheet)
    sheet.very_hidden()
