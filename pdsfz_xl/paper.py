"""A batch and a selection in, what paper says out: the overview, then every answer by indicator.

Values for the PDF, the printed workbook and the document alike: texts as they were written, without
a layout. Whatever has to be decided or counted is decided and counted here, once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from pdsfz_xl import outcome, rules
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Duty, Finding, Indicator, Requirement, Standing, Version
from pdsfz_xl.outcome import Outcome, Source, State, Statement


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is to be printed; by default all of it."""

    units: frozenset[str] | None = None
    """Codes; None for every unit."""
    missing: bool = False
    """Only what was not answered."""
    raw: bool = False
    """What the units wrote, whatever the office made of it."""

    @property
    def whole(self) -> bool:
        """Whether every indicator is printed, also those nobody need answer."""
        return self.units is None and not self.missing


EVERYTHING = Selection()

NAMED = 3
"""Up to so many selected units are named; of more only their number is said."""


# --- the table -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Part:
    """One text under 情况说明; of a version, `head` and `facts` say which one it is."""

    text: str
    head: str = ""
    facts: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one unit says, or the settled text of a requirement: then `units` are all of its."""

    key: str
    units: tuple[str, ...]
    """Codes."""
    names: tuple[str, ...]
    role: str = ""
    status: str = ""
    blank: bool = False
    """未报: to be printed so that nobody overlooks it."""
    tags: tuple[str, ...] = ()
    """定稿, 修改稿, 代录, 待复审, 退回修改, 迟报."""
    absent: tuple[str, ...] = ()
    """Names of the units that said nothing to a settled text."""
    pending: str = ""
    """待定, where several versions stand and none is chosen; `note` explains it."""
    note: str = ""
    parts: tuple[Part, ...] = ()
    count: int = 0
    over: int = 0
    """Characters beyond the limit that nobody has agreed to."""
    number: str = ""
    """数量 as it is printed; a line for each unit where there are several."""
    evidence: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        return "、".join(self.names)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A requirement: one row per unit, or a single one once the office has settled its text."""

    key: str
    label: str
    """As leaders name it: 6（2）."""
    material: str
    also: str = ""
    """对应指标 18、19, where later indicators share it."""
    pending: str = ""
    """待综合 or 待定, where the texts of several units are not one yet; `note` explains it."""
    note: str = ""
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """An indicator: its blocks, or `instead` why it has none."""

    number: int
    text: str
    method: str = ""
    material: str = ""
    units: tuple[str, ...] = ()
    """Names; with `material` they are said where there are no blocks."""
    instead: str = ""
    """与第18项合并填报 or 无需报送."""
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Band:
    """The indicators of one 一级 and 二级指标 that follow each other."""

    level1: str
    level2: str
    lines: tuple[Line, ...]


# --- the overview --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StandingCount:
    status: str
    word: str
    units: int


@dataclass(frozen=True, kw_only=True)
class GradeCount:
    """Findings of one class: `open` have to be dealt with, `waived` are 同意不改."""

    grade: str
    word: str
    open: int
    waived: int


@dataclass(frozen=True, kw_only=True)
class UnitLine:
    """How one unit stands; `missing` are labels as 6（2）, `over` counts answers too long."""

    code: str
    name: str
    assigned: int
    answered: int
    missing: tuple[str, ...]
    over: int
    status: str
    word: str
    late: bool
    paper: str


@dataclass(frozen=True, kw_only=True)
class Aside:
    """Who answered 无此情况 or 非本单位职责: unit names with the labels of requirements."""

    word: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Where the whole campaign stands, whatever is selected."""

    campaign: str
    issuer: str
    document_number: str
    deadline: date | None
    day: date
    standings: tuple[StandingCount, ...]
    assigned: int
    answered: int
    over: int
    late: int
    open: int
    """Answers with several versions and none chosen."""
    grades: tuple[GradeCount, ...]
    units: tuple[UnitLine, ...]
    asides: tuple[Aside, ...]


@dataclass(frozen=True, kw_only=True)
class Paper:
    overview: Overview
    bands: tuple[Band, ...]
    whole: bool = True
    """Every indicator is in it."""
    scope: tuple[str, ...] = ()
    """In words, what was selected; empty for everything."""


def compose(batch: Batch, findings: Iterable[Finding], selection: Selection = EVERYTHING) -> Paper:
    """All that paper says of a round."""
    return Paper(
        overview=_overview(batch, tuple(findings)),
        bands=tuple(_bands(batch, selection)),
        whole=selection.whole,
        scope=tuple(_scope(batch, selection)),
    )


def _scope(batch: Batch, selection: Selection) -> Iterator[str]:
    if selection.units is not None:
        names = [unit.name for unit in batch.master.units if unit.code in selection.units]
        yield "、".join(names) if len(names) <= NAMED else pw.some_units(len(names))
    if selection.missing:
        yield w.UNANSWERED
    if selection.raw:
        yield pw.RAW


def _overview(batch: Batch, findings: tuple[Finding, ...]) -> Overview:
    settings, units = batch.master.settings, batch.master.unit
    left = rules.total(rules.tally(findings))
    waived = rules.total(rules.tally(findings, waived=True))
    statuses = Counter(s.status for s in batch.standings)
    tallies = outcome.tallies(batch)
    everything = outcome.total(tallies.values())
    return Overview(
        campaign=settings.name,
        issuer=settings.issuer,
        document_number=settings.document_number,
        deadline=settings.deadline,
        day=batch.now.date(),
        standings=tuple(
            StandingCount(status=status, word=word, units=statuses[status])
            for status, word in w.STANDING.items()
        ),
        assigned=everything.assigned,
        answered=everything.answered,
        over=everything.over,
        late=everything.late,
        open=everything.undecided,
        grades=tuple(
            GradeCount(grade=g, word=word, open=left[g], waived=waived[g])
            for g, word in w.GRADES.items()
        ),
        units=tuple(_unit_line(batch, s, tallies[s.unit].over) for s in batch.standings),
        asides=tuple(
            Aside(
                word=choice,
                items=tuple(
                    (units[a.unit].name, label(batch, a.requirement))
                    for a in batch.answers
                    if a.answered and a.status == choice
                ),
            )
            for choice in (w.NOTHING, w.NOT_OURS)
        ),
    )


def _unit_line(batch: Batch, standing: Standing, over: int) -> UnitLine:
    return UnitLine(
        code=standing.unit,
        name=batch.master.unit[standing.unit].name,
        assigned=standing.assigned,
        answered=standing.answered,
        missing=tuple(label(batch, key) for key in standing.missing),
        over=over,
        status=standing.status,
        word=w.STANDING[standing.status],
        late=standing.late,
        paper=standing.paper,
    )


def label(batch: Batch, key: str) -> str:
    """A requirement as leaders name it: 6（2）."""
    return w.spoken(batch.master.requirement[key].number, key)


# --- the table, by indicator ---------------------------------------------------------------


def _bands(batch: Batch, selection: Selection) -> Iterator[Band]:
    """Indicators in the notice's order, those of one 一级 and 二级指标 together."""
    band: Band | None = None
    for indicator, requirements in batch.master.by_indicator:
        line = _line(batch, indicator, requirements, selection)
        if not (line.blocks or selection.whole):
            continue
        if band and (band.level1, band.level2) == (indicator.level1, indicator.level2):
            band = replace(band, lines=(*band.lines, line))
        else:
            if band:
                yield band
            band = Band(level1=indicator.level1, level2=indicator.level2, lines=(line,))
    if band:
        yield band


def _line(
    batch: Batch,
    indicator: Indicator,
    requirements: tuple[Requirement, ...],
    selection: Selection,
) -> Line:
    units = batch.master.unit
    blocks = tuple(_block(batch, requirement, selection) for requirement in requirements)
    return Line(
        number=indicator.number,
        text=indicator.text,
        method=indicator.method,
        material=indicator.material,
        units=tuple(units[code].name for code in indicator.units if code in units),
        instead="" if blocks else _instead(indicator),
        blocks=tuple(block for block in blocks if block.rows or selection.whole),
    )


def _instead(indicator: Indicator) -> str:
    return w.joined(indicator.joined_to) if indicator.joined_to else w.NOTHING_DUE


def _block(batch: Batch, requirement: Requirement, selection: Selection) -> Block:
    stands = outcome.of_requirement(batch, requirement, raw=selection.raw)
    rows = tuple(_rows(batch, requirement, selection, stands))
    several = len(rows) > 1 and stands.state in outcome.PENDING
    return Block(
        key=requirement.key,
        label=label(batch, requirement.key),
        material=requirement.material,
        also=pw.also(requirement.numbers) if requirement.also else "",
        pending=stands.state if several else "",
        note=pw.SEVERAL[stands.state] if several else "",
        rows=rows,
    )


def _rows(
    batch: Batch, requirement: Requirement, selection: Selection, stands: Outcome
) -> Iterator[Row]:
    """The settled text is a single row; of chosen units only those that had a part in it."""
    wanted = selection.units
    duties = [d for d in requirement.duties if wanted is None or d.unit in wanted]
    if duties and stands.source is Source.FINAL and not selection.missing:
        yield _settled_row(batch, requirement, stands)
        return
    for duty in duties:
        answer = batch.answer[duty.unit, requirement.key]
        if not (selection.missing and answer.answered):
            yield _row(batch, requirement, duty, answer, raw=selection.raw)


def _settled_row(batch: Batch, requirement: Requirement, stands: Outcome) -> Row:
    answers = [batch.answer[duty.unit, requirement.key] for duty in requirement.duties]
    names = {a.unit: batch.master.unit[a.unit].name for a in answers}
    figures = [(names[a.unit], _number(requirement, a)) for a in answers]
    return Row(
        key=requirement.key,
        units=tuple(names),
        names=tuple(names.values()),
        tags=(pw.FINAL,),
        absent=tuple(names[a.unit] for a in answers if not a.answered),
        parts=(Part(text=stands.text),),
        count=stands.count,
        over=stands.over,
        number="\n".join(
            f"{name} {figure}" if len(names) > 1 else figure for name, figure in figures if figure
        ),
        evidence=tuple(name for a in answers for name in _evidence(batch, a)),
    )


def _row(batch: Batch, requirement: Requirement, duty: Duty, answer: Answer, *, raw: bool) -> Row:
    stands = outcome.of_assignment(batch, answer, raw=raw)
    undecided = stands.state is State.UNDECIDED
    tags: dict[str, bool] = {
        w.REVISION: stands.source is Source.REVISION,
        w.KEYED: answer.keyed,
        State.REVIEW_AGAIN: stands.state is State.REVIEW_AGAIN,
        State.SENT_BACK: stands.state is State.SENT_BACK,
        w.LATE: answer.late,
    }
    return Row(
        key=requirement.key,
        units=(answer.unit,),
        names=(batch.master.unit[answer.unit].name,),
        role=duty.role,
        status=answer.status,
        blank=stands.state is State.UNANSWERED,
        tags=tuple(tag for tag, there in tags.items() if there),
        pending=w.PENDING_CHOICE if undecided else "",
        note=pw.undecided(len(answer.versions)) if undecided else "",
        parts=tuple(_part(requirement, statement) for statement in stands.statements),
        count=stands.count,
        over=stands.over,
        number=_number(requirement, answer),
        evidence=_evidence(batch, answer),
    )


def _part(requirement: Requirement, statement: Statement) -> Part:
    if statement.version is None:
        return Part(text=statement.text)
    head = pw.version_head(statement.number)
    return Part(text=statement.text, head=head, facts=_facts(requirement, statement.version))


def _facts(requirement: Requirement, version: Version) -> str:
    return pw.version_facts(
        file=version.where.file.rpartition("/")[2],
        saved=version.saved.replace("T", " ")[:16],
        choice=version.choice,
        figure=version.number_text or texts.figure(version.number, requirement.measure),
        count=texts.count(version.text),
    )


def _number(requirement: Requirement, answer: Answer) -> str:
    """数量 as a number, else the words that stood in its place."""
    wrong = answer.versions[-1].number_text if answer.versions else ""
    return texts.figure(answer.number, requirement.measure) or wrong


def _evidence(batch: Batch, answer: Answer) -> tuple[str, ...]:
    names = (e.name for e in batch.listed.get((answer.unit, answer.requirement), ()))
    return tuple(name for name in dict.fromkeys(names) if name)
