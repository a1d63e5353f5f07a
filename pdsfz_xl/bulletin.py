"""A batch and its findings in, what 通报 says out: who has handed in, who has not, since when.

Values for the PDF and the Word document alike.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pdsfz_xl import companion_wording as cw
from pdsfz_xl import outcome, rules
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Finding, Standing
from pdsfz_xl.owed import Owed, owed
from pdsfz_xl.states import OWING, Grade, UnitStatus

CONFIDENTIAL = frozenset({"P01"})
"""Rules a bulletin is silent about: that a unit has sent what may be classified is reported to
those it concerns, never told to every bureau."""


@dataclass(frozen=True, kw_only=True)
class UnitLine:
    """How one unit stands."""

    name: str
    assigned: int
    answered: int
    said: str
    """未报齐，逾期 3 天."""
    problems: int
    """Unwaived findings of class A."""
    lacking: bool
    """It still has to hand something in."""


@dataclass(frozen=True, kw_only=True)
class Bulletin:
    title: tuple[str, str]
    """In two parts, to be broken between them."""
    opening: str
    units: tuple[UnitLine, ...]
    """Those with something due, in the order of 责任单位."""
    closing: tuple[str, ...]
    """The paragraphs below the table."""
    issuer: str
    day: date


def compose(batch: Batch, findings: Iterable[Finding]) -> Bulletin:
    """What can be said to every unit and to the leaders."""
    settings = batch.master.settings
    told = [f for f in findings if _is_told(f)]
    problems = rules.tally(told)
    due = [(s, o) for s, o in zip(batch.standings, owed(batch), strict=True) if s.assigned]
    return Bulletin(
        title=cw.title(settings.name),
        opening=_opening(batch, [standing for standing, _ in due]),
        units=tuple(_unit_line(batch, s, o, problems[o.unit.name].total()) for s, o in due),
        closing=tuple(_closing(batch, told)),
        issuer=settings.issuer,
        day=batch.now.date(),
    )


def _is_told(finding: Finding) -> bool:
    public = finding.unit and finding.rule not in CONFIDENTIAL
    return bool(public) and finding.grade == Grade.ERROR and not finding.waived


def _opening(batch: Batch, due: list[Standing]) -> str:
    settings, figures = batch.master.settings, outcome.tally(batch)
    statuses = Counter(standing.status for standing in due)
    counted = [(word, statuses[status]) for status, word in w.STANDING.items() if statuses[status]]
    said = cw.opening(
        settings.document_number,
        settings.deadline,
        batch.now,
        len(due),
        figures.assigned,
        figures.answered,
    )
    return f"{said}{cw.counts(counted) if counted else ''}{cw.NOW_TOLD}"


def _closing(batch: Batch, told: list[Finding]) -> Iterator[str]:
    settings = batch.master.settings
    lacking = any(s.status in OWING for s in batch.standings)
    if not lacking and all(s.status != UnitStatus.RECEIVED for s in batch.standings):
        yield cw.COMPLETE
    by_title = Counter(rules.RULES[f.rule].title for f in sorted(told, key=lambda f: f.rule))
    yield cw.problems(by_title) if by_title else cw.NO_PROBLEMS
    idle = [batch.master.unit[s.unit].name for s in batch.standings if not s.assigned]
    if idle:
        yield cw.nothing_due(idle)
    if lacking or by_title:
        yield cw.request(settings.contact, settings.phone)


def _unit_line(batch: Batch, standing: Standing, one: Owed, problems: int) -> UnitLine:
    return UnitLine(
        name=one.unit.name,
        assigned=standing.assigned,
        answered=standing.answered,
        said="，".join(_said(batch, standing, one)),
        problems=problems,
        lacking=standing.status in OWING,
    )


def _said(batch: Batch, standing: Standing, one: Owed) -> Iterator[str]:
    """How it stands, its own deadline where that was moved, and by how many days it is behind."""
    late = _days_late(batch, one)
    in_time = standing.status == UnitStatus.COMPLETE and one.deadline and not late
    yield cw.ON_TIME if in_time else w.STANDING[standing.status]
    if one.unit.extended:
        yield cw.extended(one.unit.extended)
    if standing.status == UnitStatus.RECEIVED:
        if standing.received:
            yield cw.came(standing.received.date())
    elif standing.status != UnitStatus.COMPLETE and one.days is not None and one.days < 0:
        yield cw.overdue(-one.days)
    elif late:
        yield cw.late(late)


def _days_late(batch: Batch, one: Owed) -> int:
    """By how many days its last late answer missed the deadline."""
    mine = (batch.answer[one.unit.code, r.key] for r in batch.master.due(one.unit.code))
    days = [(a.received.date() - one.deadline).days
            for a in mine if a.late and a.received and one.deadline]  # fmt: skip
    return max(days, default=0)
