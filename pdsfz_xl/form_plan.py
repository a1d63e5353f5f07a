"""What goes into one unit's form and what its cells say: values and texts, no workbook yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from pdsfz_xl import identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Evidence, Master, Requirement, Unit
from pdsfz_xl.states import URGENT, Grade

HEADER = 4
"""0-based row of the captions: title, task, deadline and progress stand above."""
FIRST = HEADER + 1

COLUMN = {column.caption: i for i, column in enumerate(layout.MARKED_FORM)}
EVIDENCE_COLUMN = {column.caption: i for i, column in enumerate(layout.EVIDENCE)}


class Filled(NamedTuple):
    """What goes into one row's answer cells."""

    choice: str = ""
    text: str = ""
    number: float | None = None
    known: tuple[str, ...] = ()
    """`identity.fingerprint` of the versions this shows or that are named beside it."""


class Mark(NamedTuple):
    """What a unit is asked to put right in one cell.

    `grade` is None where the office asks of its own accord. `caption` is the cell's column in
    填报表; with a `piece`, the place of an `Evidence` among those listed, it is the column in
    佐证材料.
    """

    grade: Grade | None
    said: str
    fix: str
    caption: str = w.ANSWER
    piece: int | None = None
    code: str = ""
    """What an explanation hangs on; empty where nothing can be explained."""
    explanation: str = ""
    """What the unit has explained before."""

    @property
    def urgent(self) -> bool:
        """Whether it has to be changed or explained; the rest is to be verified."""
        return self.grade is None or self.grade in URGENT


Marks = Mapping[str, Sequence[Mark]]
"""By requirement key, empty for the form as a whole; listed for the unit in this order."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One form to be built."""

    master: Master
    unit: Unit
    filled: Mapping[str, Filled] = field(default_factory=dict)
    prefilled: bool = False
    marks: Marks = field(default_factory=dict)
    listed: Sequence[Evidence] = ()
    """What 佐证材料 lists already."""
    correction: date | None = None
    """Until when a marked form is due."""

    @cached_property
    def due(self) -> tuple[Requirement, ...]:
        return self.master.due(self.unit.code)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(map(self.code, self.due))

    def code(self, requirement: Requirement) -> str:
        return row_code(self.master, self.unit.code, requirement)

    @property
    def last(self) -> int:
        return HEADER + len(self.due)

    @property
    def columns(self) -> tuple[layout.Column, ...]:
        return layout.MARKED_FORM if self.marks else layout.FORM

    @property
    def title(self) -> str:
        return w.form_title(self.master.settings.name, self.unit.name)

    @property
    def task(self) -> str:
        return w.MARKED_TASK if self.marks else w.FORM_TASK

    @property
    def deadline(self) -> str:
        """The day as people read it, empty where nobody set one."""
        day = self.correction if self.marks else self.master.deadline(self.unit)
        return w.day(day) if day else ""

    @property
    def sending(self) -> str:
        """Until when and where to send it."""
        settings = self.master.settings
        who = (settings.contact, settings.phone, settings.email)
        return w.form_deadline(self.deadline, *who, marked=bool(self.marks))

    def given(self, requirement: Requirement) -> Filled:
        return self.filled.get(requirement.key, Filled())

    def pieces(self, requirement: Requirement) -> int:
        """How many pieces 佐证材料 lists for it."""
        return sum(e.pieces for e in self.listed if e.requirement == requirement.key)

    def mark(self, requirement: Requirement, caption: str) -> Mark | None:
        """The most urgent of what is asked of a cell of 填报表."""
        marks = self.marks.get(requirement.key, ())
        here = [m for m in marks if m.caption == caption and m.piece is None]
        return max(here, key=lambda mark: mark.urgent, default=None)

    def problems(self, requirement: Requirement) -> str:
        """What stands beside a row of a marked form."""
        marks = self.marks.get(requirement.key, ())
        return "\n".join(w.problem(m.grade, m.said, m.fix) for m in marks)

    def place(self, key: str, mark: Mark) -> tuple[str, str]:
        """The sheet and the cell where a problem is put right."""
        if mark.piece is not None:
            row, column = 1 + mark.piece, EVIDENCE_COLUMN[mark.caption]
            return w.EVIDENCE_SHEET, layout.cell_name(row, column)
        if mark.caption == w.HINT:  # it only says that pieces of evidence lack
            return w.EVIDENCE_SHEET, layout.cell_name(1 + len(self.listed), 0)
        return w.FORM_SHEET, cell(self.row(key), mark.caption)

    def row(self, key: str) -> int:
        return next((i for i, r in enumerate(self.due, FIRST) if r.key == key), FIRST)

    @property
    def next_to_fill(self) -> int:
        """The row in which a unit goes on: the first with a problem, or that is not answered."""
        marked = (i for i, r in enumerate(self.due, FIRST) if self.marks.get(r.key))
        blank = (i for i, r in enumerate(self.due, FIRST) if not is_filled(self.given(r)))
        return next(marked, next(blank, FIRST))

    def runs(self, *fields: str, caption: str = "") -> Iterator[tuple[int, int, Requirement]]:
        """First and last row of neighbours that agree in some fields, with the first of them.

        With a caption, without those whose cell in that column is marked.
        """

        def alike(numbered: tuple[int, Requirement]) -> list[object]:
            marked = self.mark(numbered[1], caption) is not None
            return [marked, *(getattr(numbered[1], f) for f in fields)]

        for (marked, *_), group in groupby(enumerate(self.due, FIRST), alike):
            rows = list(group)
            if not marked:
                yield rows[0][0], rows[-1][0], rows[0][1]


def cell(row: int, caption: str) -> str:
    return layout.cell_name(row, COLUMN[caption])


def known(answer: Answer) -> tuple[str, ...]:
    """The fingerprints a form passes on that shows an answer: of open versions those of all."""
    shown = answer.versions if answer.open_conflict else answer.versions[-1:]
    return tuple(sorted({f for v in shown for f in (v.fingerprint, *v.known)} - {""}))


def is_filled(given: Filled) -> bool:
    return texts.count(given.text) > 0 and not given.choice.startswith(w.PREVIOUS)


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
