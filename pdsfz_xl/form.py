"""One unit's form: master and, if there are any, answers in; a locked workbook out.

A form is the same whoever asks for it: blank for distribution, with answers in it, or marked with
what the unit has to put right.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pdsfz_xl import form_sheets, form_table, form_texts
from pdsfz_xl import wording as w
from pdsfz_xl.form_hint import hint
from pdsfz_xl.form_pen import Pen
from pdsfz_xl.form_plan import (
    COLUMN,
    FIRST,
    HEADER,
    Filled,
    Mark,
    Marks,
    Plan,
    known,
    locked_texts,
    row_code,
)
from pdsfz_xl.model import Evidence, Master, Unit

__all__ = [
    "COLUMN", "HEADER", "Filled", "Mark", "Marks",
    "build", "hint", "known", "locked_texts", "own_digests", "row_code",
]  # fmt: skip


def build(
    master: Master,
    unit: Unit,
    filled: Mapping[str, Filled] | None = None,
    *,
    prefilled: bool = False,
    marks: Marks | None = None,
    listed: Sequence[Evidence] = (),
    correction: date | None = None,
) -> bytes:
    """The workbook of one unit, `filled` by requirement key. Raises ValueError if Excel could not.

    `prefilled` marks a form whose answers were there before the unit got it: they count only when
    the unit has confirmed or changed them, and the hidden sheet remembers what they said.

    With `marks` it is the form of the next round: 问题清单 comes first, the cells named are red
    and 问题 stands beside the rows; `correction` is its deadline. `listed` is the evidence the
    unit has listed before.
    """
    plan = Plan(
        master=master, unit=unit, filled=filled or {}, prefilled=prefilled,
        marks=marks or {}, listed=listed, correction=correction,
    )  # fmt: skip
    pen = Pen(plan)
    _write(pen)
    return pen.book.bytes()


def own_digests(master: Master, unit: Unit) -> frozenset[str]:
    """Digests of every text a blank form carries, for returns that lost the hidden sheet."""
    return form_texts.digests(Plan(master=master, unit=unit))


def _write(pen: Pen) -> None:
    plan, book = pen.plan, pen.book
    problems = book.sheet(w.FINDINGS_SHEET, grows=True) if plan.marks else None
    table = book.sheet(w.FORM_SHEET, grows=True)
    evidence = book.sheet(w.EVIDENCE_SHEET)
    guide = book.sheet(w.GUIDE_SHEET, grows=True)
    stamp = book.sheet(w.STAMP_SHEET)
    form_table.write(pen, table)
    form_sheets.write_evidence(pen, evidence)
    form_sheets.write_guide(pen, guide)
    if problems:
        form_sheets.write_problems(pen, problems)
    form_sheets.write_stamp(pen, stamp)
    (problems or table).activate()
    row, column = plan.next_to_fill, COLUMN[w.STATUS]
    table.set_selection(row, column, row, column)
    table.freeze_panes(FIRST, COLUMN[w.INDICATOR], row, COLUMN[w.INDICATOR])
