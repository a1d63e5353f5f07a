"""Batch, findings and what was mailed before in; for every unit its next mail, or why none, out.

Nothing is sent or written here: what is planned is shown, drafted or sent by others, and is the
same for all of them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pdsfz_xl import compose, outgoing, owed, template
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.compose import Attachment, Mail
from pdsfz_xl.ledger import Handed
from pdsfz_xl.mailbox import Sender
from pdsfz_xl.model import Batch, Finding, Received, Unit
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.states import NoticeKind, UnitStatus, Verdict

_BETWEEN = timedelta(days=1)
"""The least time between two reminders."""

_MAYBE_OUT = frozenset({outgoing.SENT, outgoing.UNKNOWN, outgoing.SENDING})
_OPEN = frozenset({outgoing.UNKNOWN, outgoing.SENDING})

_ARRIVED = frozenset({Verdict.ACCEPTED, Verdict.EVIDENCE, Verdict.REJECTED})
"""Verdicts a receipt speaks of. A copy says nothing new, and what is held goes in no mail."""


class Letter(NamedTuple):
    """A mail that can go out."""

    unit: Unit
    kind: NoticeKind
    number: int
    mail: Mail
    about: tuple[str, ...]
    """The sha256 of what it carries or answers."""


class Held(NamedTuple):
    """A unit that gets none. `call` says that somebody has to ring it up instead, `unsure` that
    nobody knows whether the last one arrived.
    """

    unit: Unit
    why: str
    call: bool = False
    unsure: bool = False


class Carried(NamedTuple):
    """The workbook a mail carries, and its sha256; `same` are those of others that say the same."""

    attachment: Attachment
    sha256: str
    same: frozenset[str] = frozenset()


class Case(NamedTuple):
    """What the mails of one run are made of.

    `carried` gives the workbook of a unit, or None where there is none: its present form, and for
    退回修改 the marked one. `out` are the units that have their present form, by whatever way, and
    `outdated` those that have one which asks something else; `handed` is what was done by hand.
    `changes` says what is different for a unit in the form that goes out as 更正.
    """

    kind: NoticeKind
    batch: Batch
    findings: tuple[Finding, ...]
    """Those a unit can do something about."""
    posted: tuple[Posted, ...]
    out: Collection[str]
    outdated: Collection[str]
    handed: tuple[Handed, ...]
    sender: Sender
    carried: Callable[[Unit], Carried | None]
    changes: Callable[[Unit, Carried], str]
    deadline: date | None = None
    """Of the corrections asked for, where it is not the unit's."""
    force: bool = False


def latest(
    posted: Iterable[Posted], told: Iterable[Handed], now: datetime
) -> Posted | Handed | None:
    """What of these, each the latest last, was sent or done within a day, if anything.

    Of what was done by hand only the day is known.
    """
    sent = [m for m in posted if m.state == outgoing.SENT]
    if sent and now - _moment(sent[-1]) < _BETWEEN:
        return sent[-1]
    by_hand = list(told)
    return by_hand[-1] if by_hand and by_hand[-1].day >= (now - _BETWEEN).date() else None


def plan(case: Case) -> Iterator[Letter | Held]:
    """One for every unit, in the order of 责任单位, each made only when it is asked for."""
    planner = _Planner(case)
    return map(planner.unit, case.batch.master.units)


class _Planner:
    def __init__(self, case: Case) -> None:
        self.case, self.batch = case, case.batch
        self.now = case.batch.now
        self.owed = {one.unit.code: one for one in owed.owed(case.batch)}
        self.before: Mapping[tuple[str, str], list[Posted]] = defaultdict(list)
        for mail in case.posted:
            self.before[mail.unit, mail.kind].append(mail)
        self.files: Mapping[str, list[Received]] = defaultdict(list)
        for file in case.batch.received:
            if file.unit and file.verdict in _ARRIVED:
                self.files[file.unit].append(file)
        self.wrong: Mapping[str, list[Finding]] = defaultdict(list)
        for finding in case.findings:
            self.wrong[finding.unit].append(finding)

    def unit(self, unit: Unit) -> Letter | Held:
        if why := self.needless(unit):
            return Held(unit, why)
        if self.is_open(unit):
            return Held(unit, mw.OPEN_MAIL, unsure=True)
        if why := _WHY[self.case.kind](self, unit):
            return Held(unit, why)
        if not unit.emails:
            return Held(unit, mw.NO_ADDRESS, call=True)
        letter = self.letter(unit)
        if said := compose.objection(letter.mail):
            where = self.batch.master.where(w.UNITS_SHEET, "邮箱", unit.row)
            return Held(unit, mw.cannot_mail(said, where.sheet, where.cell), call=True)
        return self.not_refused(letter)

    def not_refused(self, letter: Letter) -> Letter | Held:
        """What was refused for good is not tried again as it is."""
        for mail in self.before[letter.unit.code, letter.kind]:
            same = (letter.mail.recipients, letter.mail.subject) == (mail.recipients, mail.subject)
            if mail.key == letter.mail.key and mail.state == outgoing.FAILED_PERM and same:
                return Held(letter.unit, mw.refused_before(mail.reply), call=True)
        return letter

    # --- the mail

    def letter(self, unit: Unit) -> Letter:
        kind, master = self.case.kind, self.batch.master
        number, key = self.number(unit)
        carried = None if kind == w.RECEIPT else self.case.carried(unit)
        said = template.of(master, kind)
        changes = self.case.changes(unit, carried) if carried and kind == w.AMEND else ""
        values = self.values(unit, changes)
        subject = template.fill(" ".join(said.subject.split()), values)
        body = template.body(said.body, values)
        mail = Mail(
            key=key,
            sender=self.case.sender,
            to=unit.emails,
            name=unit.name,
            subject=f"{subject} {self.tag(unit)}",
            body=template.with_changes(body, changes, master.settings.issuer),
            attachments=(carried.attachment,) if carried else (),
            thread=self.thread(unit),
            automatic=kind == w.RECEIPT,
        )
        about = (carried.sha256,) if carried else tuple(f.sha256 for f in self.fresh(unit))
        return Letter(unit, kind, number, mail, about)

    def number(self, unit: Unit) -> tuple[int, str]:
        """The number of the next mail of this kind, which takes the place of one never sent."""
        before = self.before[unit.code, self.case.kind]
        number = max((m.number for m in before if m.state in _MAYBE_OUT), default=0) + 1
        return number, f"{self.batch.master.settings.code}/{unit.code}/{self.case.kind}/{number}"

    def tag(self, unit: Unit) -> str:
        """ASCII at the end of the subject: it survives 回复 and 转发."""
        return f"[{self.batch.master.settings.code}-{unit.code}]"

    def thread(self, unit: Unit) -> tuple[str, ...]:
        """The mail the unit got its form with, so that clients show one conversation."""
        issued = self.before[unit.code, w.ISSUE]
        first = [m.message_id for m in issued if m.state == outgoing.SENT]
        return () if self.case.kind == w.ISSUE else tuple(first[:1])

    def values(self, unit: Unit, changes: str) -> dict[str, str]:
        return template.values(
            self.batch,
            unit,
            self.now.date(),
            self.case.deadline,
            problems=changes or self.problems(unit),
            received=template.numbered(map(_received, self.fresh(unit))),
        )

    def problems(self, unit: Unit) -> str:
        """What is wrong with the answers, but not that some are missing: those are listed."""
        lines = []
        for finding in self.wrong[unit.name]:
            requirement = self.batch.master.requirement.get(finding.requirement)
            item = w.item(requirement.numbers, requirement.key) if requirement else ""
            lines.append(f"{item}{w.beside(finding.message, unit.name, item)}")
        if not lines:
            return ""
        said = template.numbered(lines)
        return mw.please_check(said) if self.case.kind == w.RECEIPT else said

    # --- why a unit gets none

    def needless(self, unit: Unit) -> str:
        """Why there is nothing of this kind to say to a unit, whatever it was sent before."""
        kind = self.case.kind
        if kind == w.RECEIPT:
            return ""
        if kind == w.REMIND:
            return self.owed[unit.code].excuse
        if self.owed[unit.code].status == UnitStatus.NOTHING_DUE:
            return w.NOTHING_DUE
        return mw.NOTHING_WRONG if kind == w.SENT_BACK and not self.case.carried(unit) else ""

    def is_open(self, unit: Unit) -> bool:
        """Nobody knows whether the last mail of this kind arrived."""
        return any(m.state in _OPEN for m in self.before[unit.code, self.case.kind])

    def issued(self, unit: Unit) -> list[Posted]:
        """The mails that brought the unit a form, the latest last."""
        mails = (m for kind in w.BRINGS_FORM for m in self.before[unit.code, kind])
        return sorted((m for m in mails if m.state in _MAYBE_OUT), key=lambda m: m.at)

    def by_hand(self, unit: Unit, kinds: Collection[str]) -> list[Handed]:
        """What the unit was given or told without mail, the latest last."""
        return [h for h in self.case.handed if h.unit == unit.code and h.kind in kinds]

    def bounce(self, unit: Unit) -> str:
        """What came back of the mail with the form, unless it was handed over after that."""
        last, given = self.issued(unit)[-1:], self.by_hand(unit, w.BRINGS_FORM)
        if last and not (given and given[-1].day >= _moment(last[0]).date()):
            return last[0].bounced
        return ""

    def why_no_issue(self, unit: Unit) -> str:
        if unit.code in self.case.outdated:
            return mw.USE_AMEND
        if unit.code in self.case.out:
            if said := self.bounce(unit):
                return mw.has_bounced(said, unit.name, w.ISSUE)
            if issued := self.issued(unit):
                return mw.sent_on(_day(issued[0]))
            if not self.case.force:
                return mw.IS_OUT
        return "" if self.case.carried(unit) else mw.NO_FORM

    def why_no_amendment(self, unit: Unit) -> str:
        if unit.code not in self.case.outdated:
            if said := self.bounce(unit):
                return mw.has_bounced(said, unit.name, self.issued(unit)[-1].kind)
            return mw.SAME_FORM if unit.code in self.case.out else mw.NEVER_ISSUED
        return "" if self.case.carried(unit) else mw.NO_FORM

    def why_no_reminder(self, unit: Unit) -> str:
        if unit.code in self.case.outdated:
            return mw.AMEND_FIRST
        return "" if self.case.force else self.reminded(unit)

    def reminded(self, unit: Unit) -> str:
        """Who did so within a day; of what was done by hand only the day is known."""
        posted, told = self.before[unit.code, w.REMIND], self.by_hand(unit, {w.REMIND})
        last = latest(posted, told, self.now)
        if isinstance(last, Posted):
            return mw.reminded_at(_moment(last))
        return mw.reminded_by(last.day, texts.visible(last.who), last.via) if last else ""

    def why_no_return(self, unit: Unit) -> str:
        carried = self.case.carried(unit)
        sent = [m for m in self.before[unit.code, self.case.kind] if m.state == outgoing.SENT]
        if carried and sent and {carried.sha256, *carried.same}.intersection(sent[-1].about):
            return mw.returned_on(_day(sent[-1]))
        return ""

    def why_no_receipt(self, unit: Unit) -> str:
        return "" if self.fresh(unit) else mw.NOTHING_ARRIVED

    def fresh(self, unit: Unit) -> list[Received]:
        """What came since the last receipt, by its bytes, in the order it came."""
        if self.case.kind != w.RECEIPT:
            return []
        receipts = self.before[unit.code, w.RECEIPT]
        told = {sha for m in receipts if m.state in _MAYBE_OUT for sha in m.about}
        fresh = {f.sha256: f for f in self.files[unit.code] if f.sha256 not in told}
        return sorted(fresh.values(), key=lambda f: (f.received, f.path))


_WHY = {
    w.ISSUE: _Planner.why_no_issue,
    w.REMIND: _Planner.why_no_reminder,
    w.SENT_BACK: _Planner.why_no_return,
    w.RECEIPT: _Planner.why_no_receipt,
    w.AMEND: _Planner.why_no_amendment,
}


def _received(file: Received) -> str:
    """One line of a receipt: the file, when it came, and what of it counts."""
    name = texts.brief(file.path.rpartition("/")[2], 60)
    return mw.received_line(name, file.received, file.verdict, file.taken, file.message)


def _moment(mail: Posted) -> datetime:
    return datetime.fromisoformat(mail.at)


def _day(mail: Posted) -> str:
    return w.day(_moment(mail).date())
