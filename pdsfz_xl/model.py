"""The nouns: what a campaign is made of, what came back, and what is wrong with it.

Everything here is a value. Units are named by their code, requirements by their key,
files by their path relative to the workspace with `/` between the parts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from pdsfz_xl.states import (
    AnswerStatus,
    CellKind,
    CellState,
    CodeCheck,
    FoundBy,
    Grade,
    Reason,
    Reply,
    Role,
    UnitStatus,
    Verdict,
)


class Where(NamedTuple):
    """A place a person can open: empty parts are unknown or do not apply."""

    file: str = ""
    sheet: str = ""
    cell: str = ""

    @property
    def order(self) -> tuple[str, str, int, int, str]:
        """For sorting as people read: A2 stands before A10, and Z1 before AA1."""
        column = self.cell.rstrip("0123456789")
        row = self.cell[len(column) :]
        return (self.file, self.sheet, int(row[:9] or 0), len(column), self.cell)


class Explanation(NamedTuple):
    """What a unit wrote beside a problem of its marked form: why nothing has to be changed."""

    where: Where
    unit: str
    requirement: str
    rule: str
    code: str
    """The `identity.problem_code` of the finding it is about."""
    text: str
    sha256: str
    saved: str
    received: datetime


class Finding(NamedTuple):
    """Something wrong with the data. `unit` is a full name and `requirement` a key, or empty."""

    rule: str
    grade: Grade
    unit: str
    requirement: str
    where: Where
    message: str
    fix: str
    waived: bool = False
    subject: str = ""
    """What it is about, where the rule may speak several times of one answer."""
    explanations: tuple[Explanation, ...] = ()
    """What the unit says to it, the latest first."""
    reply: Reply | None = None
    """What the office says to that."""

    @property
    def explanation(self) -> str:
        return "\n".join(e.text for e in self.explanations)

    @property
    def waits(self) -> bool:
        """Whether it is explained and the office has yet to reply."""
        return bool(self.explanations) and not self.waived and self.reply is None


# --- the master ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """任务设置. What the notice did not say is None or empty."""

    name: str = ""
    code: str = ""
    document_number: str = ""
    issuer: str = ""
    deadline: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    advised: int = 500
    limit: int = 1000
    password: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    trial: str = ""
    """Codes of rules on trial, 、-separated: they only hint in this campaign."""
    smtp_host: str = ""
    smtp_port: int | None = None
    security: str = ""
    """SSL, STARTTLS or 无, as the clerk wrote it."""
    account: str = ""
    """What the office logs in with; blank is `email`."""
    sender: str = ""
    """The name in front of the address; blank is `issuer`."""
    inbox_host: str = ""
    inbox_port: int | None = None
    cc: str = ""
    """Addresses, 、-separated, that get a copy of every mail."""


class Duty(NamedTuple):
    """Who answers a requirement."""

    unit: str
    role: Role = Role.ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing somebody must hand in: a row of 任务分解表 whose 编码 is filled."""

    key: str
    number: int
    """The indicator it stands under."""
    also: tuple[int, ...] = ()
    """Later indicators that left 填报材料 blank and so share this requirement."""
    level1: str = ""
    level2: str = ""
    text: str = ""
    """三级指标."""
    method: str = ""
    material: str = ""
    kind: str = ""
    advised: int = 500
    limit: int = 1000
    start: date | None = None
    end: date | None = None
    pieces: int = 0
    measure: str = ""
    note: str = ""
    duties: tuple[Duty, ...] = ()
    row: int = 0
    """1-based row in 任务分解表."""

    @property
    def numbers(self) -> tuple[int, ...]:
        return (self.number, *self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One 三级指标 in the notice's order, also those nobody need answer."""

    number: int
    level1: str = ""
    level2: str = ""
    text: str = ""
    method: str = ""
    material: str = ""
    """The notice's words where the indicator asks for nothing; else empty."""
    requirements: tuple[str, ...] = ()
    """Its own requirements' keys."""
    joined_to: int = 0
    """The indicator whose requirements it shares, 0 for none."""
    units: tuple[str, ...] = ()
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A bureau. `extended` moves its deadline."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    group: str = ""
    contact: str = ""
    phone: str = ""
    emails: tuple[str, ...] = ()
    channel: str = ""
    extended: date | None = None
    approver: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """The office accepts a finding. `unit` is a code, empty for every unit."""

    unit: str
    requirement: str
    rule: str
    reason: str = ""
    approver: str = ""
    date: str = ""
    row: int = 0

    @property
    def complete(self) -> bool:
        """Whether it says why and when; else it does nothing."""
        return bool(self.reason.strip() and self.date.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text of 通知模板."""

    kind: str
    subject: str
    body: str
    row: int = 0


class Assignment(NamedTuple):
    """Requirement x unit."""

    unit: Unit
    requirement: Requirement
    role: Role


@dataclass(frozen=True, kw_only=True)
class Master:
    """The master workbook as values. `problems` are what reading it already found wrong."""

    path: str = ""
    settings: Settings
    indicators: tuple[Indicator, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    units: tuple[Unit, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    templates: tuple[Template, ...] = ()
    problems: tuple[Finding, ...] = ()
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By sheet: the column letters of a caption; for 任务设置 the cell of a key's value."""

    @cached_property
    def unit(self) -> Mapping[str, Unit]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def unit_code(self) -> Mapping[str, str]:
        """By full name."""
        return {unit.name: unit.code for unit in self.units}

    @cached_property
    def requirement(self) -> Mapping[str, Requirement]:
        return {requirement.key: requirement for requirement in self.requirements}

    @cached_property
    def indicator(self) -> Mapping[int, Indicator]:
        return {indicator.number: indicator for indicator in self.indicators}

    @cached_property
    def by_indicator(self) -> tuple[tuple[Indicator, tuple[Requirement, ...]], ...]:
        """Every indicator in the notice's order with its own requirements.

        A requirement no indicator claims stands under its number all the same: an answer must not
        depend on the table being in order.
        """
        claimed = {key for indicator in self.indicators for key in indicator.requirements}
        strays: dict[int, list[Requirement]] = {}
        for r in self.requirements:
            if r.key not in claimed:
                strays.setdefault(r.number, []).append(r)
        known = [
            (i, (*(self.requirement[key] for key in i.requirements), *strays.pop(i.number, ())))
            for i in self.indicators
        ]
        return (*known, *((_stray(left[0]), tuple(left)) for left in strays.values()))

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """In master order: by requirement, then as the table names the units."""
        return tuple(
            Assignment(self.unit[unit], requirement, role)
            for requirement in self.requirements
            for unit, role in dict(requirement.duties).items()
        )

    def where(self, sheet: str, caption: str, row: int = 0) -> Where:
        """The cell under a caption, wherever the clerk moved its column; or a setting's."""
        place = self.places.get(sheet, {}).get(caption, "A")
        return Where(self.path, sheet, f"{place}{row}" if row else place)

    def due(self, unit: str) -> tuple[Requirement, ...]:
        """The requirements one unit must answer, in master order."""
        return self._due.get(unit, ())

    @cached_property
    def _due(self) -> Mapping[str, tuple[Requirement, ...]]:
        due: dict[str, dict[str, Requirement]] = {}
        for requirement in self.requirements:
            for duty in requirement.duties:
                due.setdefault(duty.unit, {})[requirement.key] = requirement
        return {unit: tuple(found.values()) for unit, found in due.items()}

    def deadline(self, unit: Unit) -> date | None:
        """The last day that is not late for this unit."""
        return unit.extended or self.settings.deadline

    def waived(self, rule: str, unit: str, requirement: str) -> bool:
        """Whether the office accepts what a rule finds at this unit (a code) and requirement."""
        return any(self.waivers_for(rule, unit, requirement))

    def waivers_for(self, rule: str, unit: str, requirement: str) -> Iterator[Waiver]:
        """The complete rows of 同意不改 that cover it."""
        for waiver in self.waivers:
            mine = waiver.unit in ("", unit) and waiver.requirement in ("", requirement)
            if mine and waiver.rule == rule and waiver.complete:
                yield waiver

    def key(self, unit: str, requirement: str) -> str:
        """What the clerk's columns of an assignment hang on: its row code without the check."""
        return f"{self.settings.code}-{unit}-{requirement}"

    def period(self, requirement: Requirement) -> tuple[date | None, date | None]:
        """From when to when the material must be."""
        return (
            requirement.start or self.settings.period_start,
            requirement.end or self.settings.period_end,
        )


def _stray(r: Requirement) -> Indicator:
    """What a requirement says of an indicator that is not in the table."""
    return Indicator(
        number=r.number, level1=r.level1, level2=r.level2, text=r.text, method=r.method
    )


# --- the notice ----------------------------------------------------------------------------


class NoticeCell(NamedTuple):
    """A cell of the notice's table."""

    text: str
    state: CellState = CellState.GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The letter, line by line, and its table."""

    letter: tuple[str, ...] = ()
    rows: tuple[Mapping[str, NoticeCell], ...] = ()
    """By caption: the seven of the notice's own table, and any others it has."""
    after: tuple[str, ...] = ()
    """What follows the table, line by line."""


class DraftRow(NamedTuple):
    """A row of 任务分解表 to be written: `cells` by caption, in full.

    `continued` go on with the cell above, `unsure` are those of them the notice left blank.
    """

    cells: Mapping[str, str]
    continued: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A master to be written, and what has to be said aloud about it."""

    settings: Settings
    rows: tuple[DraftRow, ...]
    units: tuple[Unit, ...]
    said: tuple[str, ...] = ()


# --- what came back ------------------------------------------------------------------------


class Typed(NamedTuple):
    """A non-empty cell of a returned workbook.

    `text` is what a person reads; `ours` says that the form itself carried this text, or that
    one of its counters says it. `value` is the stored number of a NUMBER.
    """

    cell: str
    kind: CellKind
    text: str
    formula: str = ""
    ours: bool = False
    value: float | None = None


class FormRow(NamedTuple):
    """A row of a table with our captions, by caption."""

    sheet: str
    row: int
    cells: Mapping[str, Typed]


class Loose(NamedTuple):
    """A non-empty cell that belongs to no column we know."""

    sheet: str
    typed: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one returned file holds, before anybody asks whose it is.

    `rule` is empty where the file could be read, else the F code, with `detail` for the message.
    `saved` is the save time the file itself names, ISO, or empty.
    """

    sha256: str
    rule: str = ""
    detail: str = ""
    reason: Reason | None = None
    """Why it was not read, where it may be the next time: such a one is never remembered."""
    saved: str = ""
    campaign: str = ""
    unit: str = ""
    prefilled: Mapping[str, str] = field(default_factory=dict)
    """By unit and key, as `04-06.2`: the `identity.prefill` digest of the answer it came with."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Likewise the `identity.fingerprint` of what the form showed where a unit writes."""
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Likewise the fingerprints of the versions it showed or named, and of what those replaced."""
    stamped: bool = False
    """Its hidden sheet is there, so that `Typed.ours` can be relied on."""
    rows: tuple[FormRow, ...] = ()
    evidence: tuple[FormRow, ...] = ()
    problems: tuple[FormRow, ...] = ()
    """The rows of 问题清单."""
    loose: tuple[Loose, ...] = ()
    flags: tuple[str, ...] = ()
    opened: bool = False
    """It is an archive or a mail, and `members` is what lies in it."""
    members: "tuple[Member, ...]" = ()
    senders: Mapping[str, str] = field(default_factory=dict)
    """The address each mail in it came from, by its path in there; its own under an empty one."""


class Member(NamedTuple):
    """A file in an archive or a mail, under its path in there with `!/` between the levels."""

    path: str
    size: int
    manifest: Manifest | None
    """None for clutter, as in `Arrival`."""


class Arrival(NamedTuple):
    """A file of the drop zone before it is judged. `manifest` is None for what is no document.

    `original` marks, among files of the same bytes, the one that was seen first.
    """

    path: str
    sha256: str
    first_seen: datetime
    original: bool
    manifest: Manifest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One file of the drop zone and what became of it."""

    path: str
    sha256: str
    verdict: Verdict
    unit: str = ""
    rule: str = ""
    reason: Reason | None = None
    """Why it has its verdict, where that is not told by `rule` and `message` alone."""
    message: str = ""
    first_seen: datetime
    received: datetime
    """The clerk's 实际收到时间, else `first_seen`."""
    saved: str = ""
    taken: int = 0
    """Answers of this file that count."""
    flags: tuple[str, ...] = ()
    """What the reader found odd in it, as in `Manifest.flags`."""


class Row(NamedTuple):
    """A form row that was matched: whose it is and how we know."""

    where: Where
    unit: str
    requirement: str
    by: FoundBy
    code: str
    """The row code as it stands there, empty where there is none."""
    check: CodeCheck
    assigned: bool
    altered: tuple[tuple[str, str, str], ...]
    """Locked cells that do not say what the master says: caption, address, text found."""
    said: bool = True
    """Whether the unit wrote anything in it."""
    emptied: bool = False
    """The form came with an answer there, and it is gone."""


class Leftover(NamedTuple):
    """A cell somebody typed that ended up nowhere else."""

    where: Where
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one file says for one assignment."""

    unit: str
    requirement: str
    text: str
    choice: str
    """填报情况 as chosen, or empty."""
    number: float | None
    where: Where
    sha256: str
    saved: str
    received: datetime
    kind: CellKind = CellKind.TEXT
    """Of the 情况说明 cell."""
    number_text: str = ""
    """What stood in 数量 when it was no number that can be taken."""
    number_where: Where | None = None
    unconfirmed: bool = False
    """The answer the form came with, which nobody has confirmed or changed."""
    mute: tuple[Leftover, ...] = ()
    """Its cells that are left over unless it counts or is joined to one that does: the choice and
    number of a version without a text, and what may have been changed in an unconfirmed one."""
    fingerprint: str = ""
    """`identity.fingerprint` of the cells as they stand in the file."""
    shown: str = ""
    """The fingerprint its form came with, empty for a blank row."""
    known: frozenset[str] = frozenset()
    """The fingerprints its form knew; of versions that agree, those of them all."""
    first_seen: datetime = datetime.min
    """When these bytes were first seen, whatever the clerk says of when they came."""
    digest: str = ""
    """`identity.version_digest` before numbers that came alone were joined to it: how the clerk's
    采用 knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What counts for one assignment. Unanswered: no text, status 未报, no source."""

    unit: str
    requirement: str
    text: str = ""
    count: int = 0
    number: float | None = None
    status: AnswerStatus
    answered: bool = False
    source: Where | None = None
    received: datetime | None = None
    late: bool = False
    versions: tuple[Version, ...] = ()
    """Every different version that stands, the one that counts last."""
    replaced: tuple[Version, ...] = ()
    """Those that stand no more: a later one knew them, or the clerk chose another."""
    presumed: bool = False
    """A later file went on with an earlier one, though no form proves it."""
    open_conflict: bool = False
    """Different versions and no 采用 yet."""
    decided: bool = False
    """The clerk's 采用 names the version that counts."""
    picked: Version | None = None
    """The version the clerk's 采用 names, if it is there."""
    chosen: str = ""
    """The digest of that version, then of those it was chosen from, `+` between; kept as it is
    when the version is not there any more."""
    unconfirmed: bool = False
    """All there is stood in the form already, and nobody has confirmed it: unanswered."""
    keyed: bool = False
    """Typed in by the office (代录内容)."""
    reviewed: str = ""
    """Which answer the clerk's review was written about, and which review: two digests."""
    stale: bool = False
    """Whether the answer has changed since that review."""

    @property
    def numbered(self) -> tuple[tuple[int, Version], ...]:
        """Every version with its number, the same in the workbook and on paper."""
        every = (*self.versions, *self.replaced)
        ordered = sorted(every, key=lambda v: (v.received, v.sha256, v.where.order))
        return tuple(enumerate(ordered, 1))

    def stands(self, version: Version) -> bool:
        """Whether it is one of those that stand."""
        return any(version is standing for standing in self.versions)


class Unknown(NamedTuple):
    """A row code of this campaign that names no unit or requirement there is."""

    where: Where
    code: str


class Evidence(NamedTuple):
    """A row of 佐证材料."""

    where: Where
    unit: str
    requirement: str
    name: str
    kind: str
    date: str
    pieces: int
    note: str
    file: str = ""
    """The path of the file that was delivered for it, or empty."""


class Filed(NamedTuple):
    """A file to be filed as evidence. `requirement` is empty where nothing says for which."""

    path: str
    sha256: str
    unit: str
    requirement: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one unit stands."""

    unit: str
    assigned: int
    answered: int
    missing: tuple[str, ...]
    status: UnitStatus
    paper: str = ""
    received: datetime | None = None
    late: bool = False
    files: tuple[str, ...] = ()


class Withdrawn(NamedTuple):
    """A return that was read before and lies in the drop zone no more."""

    path: str
    first_seen: datetime


class Change(NamedTuple):
    """An answer that is another one than when its marked workbook went back."""

    unit: str
    requirement: str
    before: str
    after: str


ClerkCells = Mapping[str, Mapping[str, Mapping[str, str]]]
"""What the clerk wrote in the merged workbook: sheet, row key, caption -> text."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """All one round knows: what rules judge, the merged workbook shows and paper prints."""

    master: Master
    now: datetime
    received: tuple[Received, ...] = ()
    rows: tuple[Row, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    withdrawn: tuple["Withdrawn", ...] = ()
    changed: tuple["Change", ...] = ()
    """Since the last marked workbooks went back, in master order."""
    answers: tuple[Answer, ...] = ()
    """One per assignment, in master order."""
    evidence: tuple[Evidence, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    """Of all findings there were, the latest first; what is said again is there once."""
    filed: tuple[Filed, ...] = ()
    leftover: tuple[Leftover, ...] = ()
    standings: tuple[Standing, ...] = ()
    """One per unit, in the order of 责任单位."""
    clerk: ClerkCells = field(default_factory=dict)
    merged_path: str = ""

    @cached_property
    def answer(self) -> Mapping[tuple[str, str], Answer]:
        """By unit code and requirement key."""
        return {(a.unit, a.requirement): a for a in self.answers}

    @cached_property
    def listed(self) -> Mapping[tuple[str, str], tuple[Evidence, ...]]:
        """The evidence listed, by unit code and requirement key."""
        found: dict[tuple[str, str], list[Evidence]] = {}
        for piece in self.evidence:
            found.setdefault((piece.unit, piece.requirement), []).append(piece)
        return {place: tuple(pieces) for place, pieces in found.items()}

    @cached_property
    def explained(self) -> Mapping[tuple[str, str], tuple[Explanation, ...]]:
        """The explanations, by unit code and requirement key."""
        found: dict[tuple[str, str], list[Explanation]] = {}
        for given in self.explanations:
            found.setdefault((given.unit, given.requirement), []).append(given)
        return {place: tuple(mine) for place, mine in found.items()}

    def written(self, sheet: str, key: str, caption: str) -> str:
        """What the clerk wrote there, or empty."""
        return self.clerk.get(sheet, {}).get(key, {}).get(caption, "")
