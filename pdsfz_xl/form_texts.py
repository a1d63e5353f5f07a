"""A plan in, every text its form says of its own accord out: written, and remembered as ours.

What a unit or the clerk gave is not among them. The sheets are written from these functions, so
that the digests of a form can be had without its workbook.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from pdsfz_xl import identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form_hint import progress_formula
from pdsfz_xl.form_plan import Plan, locked_texts
from pdsfz_xl.model import Requirement

SIGN_OFF = (w.TOTAL_COUNT, *map(w.label, w.SIGN_OFF))
"""What stands below the table."""


def digests(plan: Plan) -> frozenset[str]:
    """How a form that comes back is told from what was typed in it."""
    sheets = {
        w.FORM_SHEET: chain(
            head(plan),
            [progress_formula(plan)],
            captions(plan.columns),
            *(row(plan, requirement).values() for requirement in plan.due),
            SIGN_OFF,
        ),
        w.EVIDENCE_SHEET: captions(layout.EVIDENCE),
        # 问题清单 has no captions of a table above it, so it is taken for 填写说明, too.
        w.GUIDE_SHEET: chain(
            [w.GUIDE_SHEET, w.GUIDE_EXAMPLE],
            *guide(plan),
            *w.EXAMPLE,
            problems_head(plan) if plan.marks else (),
            captions(layout.PROBLEMS) if plan.marks else (),
            *problems(plan),
        ),
    }
    return frozenset(
        identity.digest(text, sheet) for sheet in sheets for text in sheets[sheet] if text
    )


def captions(columns: Iterable[layout.Column]) -> list[str]:
    return [column.caption for column in columns]


# --- 填报表


def head(plan: Plan) -> tuple[str, ...]:
    """The lines above the table; below them is the progress, a formula."""
    return plan.title, plan.task, plan.sending


def row(plan: Plan, requirement: Requirement) -> dict[str, str]:
    """The locked cells of a row, by caption."""
    said = {w.CODE: plan.code(requirement), **locked_texts(plan.master, requirement)}
    return {**said, w.PROBLEM: plan.problems(requirement)} if plan.marks else said


# --- 问题清单


def problems_head(plan: Plan) -> tuple[str, ...]:
    """The lines above the list."""
    return (
        w.problems_title(plan.master.settings.name, plan.unit.name),
        w.problems_count(sum(map(len, plan.marks.values()))),
        plan.sending,
        w.PROBLEMS_TASK,
    )


def problems(plan: Plan) -> Iterator[tuple[str, ...]]:
    """The cells of each problem, in the order of `plan.marks`: the sixth is a link, then what
    stands where a problem cannot be explained, else its code."""
    numbered = ((key, mark) for key, marks in plan.marks.items() for mark in marks)
    for number, (key, mark) in enumerate(numbered, 1):
        kind = w.problem_class(mark.grade)
        place = " ".join(plan.place(key, mark))
        unexplained = "" if mark.code else w.NO_EXPLANATION
        said = (f"{number}.", kind, _item(plan, key), mark.said, mark.fix, place)
        yield *said, unexplained, mark.code


def _item(plan: Plan, key: str) -> str:
    requirement = plan.master.requirement.get(key)
    if requirement is None:
        return w.WHOLE_FORM
    return f"{w.item(requirement.numbers, key)}\n{texts.brief(requirement.text, 60)}"


# --- 填写说明


def guide(plan: Plan) -> list[tuple[str, str]]:
    """Number and sentence of each line."""
    settings = plan.master.settings
    parts = (settings.contact, settings.phone, settings.email, settings.address)
    contact = "，".join(part for part in parts if part)
    mine = {n for requirement in plan.due for n in requirement.numbers}
    others = w.number_label(tuple(i.number for i in plan.master.indicators if i.number not in mine))
    said = w.guide(contact, w.not_yours(others))
    return [(f"{number}.", line) for number, line in enumerate(said, 1)]
