"""What goes back to a unit: batch and findings in, a marked workbook and a covering letter out."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from pdsfz_xl import covering, explaining, form, rules, template
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled, Mark
from pdsfz_xl.model import Answer, Batch, Change, Finding, Requirement, Unit
from pdsfz_xl.states import URGENT, ReviewVerdict

GOES_BACK = frozenset(
    {
        "G02", "G03", "G05", "G06", "G07", "L01", "V01", "V02", "V03", "V04", "V05",
        "T01", "T02", "E01", "E02", "R01", "X01", "S01", "P02",
    }
)  # fmt: skip
"""Rules whose findings only the unit can put right: what it wrote, left blank or listed.

Not the rest. F: a file that cannot be read holds no answer that could be marked. I: the codes of
the marked form are right again. G01: who sent nothing is reminded. G04: what is late cannot be
changed. I04, N01: whose duty it is the office decides. L03, V06, X02: about the clerk's own words.
S02: would show one unit another's text. P01: what may be classified goes nowhere. L02, S03: hints
that ask for nothing would hide what has to be done. M: the master.
"""

_NEVER_ALONE = frozenset({"X01"})
"""Every correction is a second version until the clerk chooses; alone it would go back for ever."""

_CAPTIONS = {
    "G06": w.STATUS,
    "V05": w.STATUS,
    "V01": w.QUANTITY,
    "E01": w.HINT,
    "E02": w.FILE_NAME,
    "T01": w.DATE,
}
"""The column a rule is about, where that is not 情况说明. 提示 stands for 佐证材料 as a whole."""

_OPINION = 500
"""Characters of an opinion that stand beside a row; a cell holds no more than 32 767 in all."""

Place = tuple[str, str]
"""Unit code and requirement key."""


class Return(NamedTuple):
    unit: Unit
    name: str
    """A safe file name without a suffix: workbook, text and letter share it."""
    data: bytes
    """The marked workbook, .xlsx."""
    subject: str
    text: str
    """The covering text, to be pasted into a mail or a chat."""
    letter: bytes
    """The same as a letter, .docx."""
    findings: tuple[Finding, ...]
    """What it is about, besides what the clerk asked for."""
    problems: int
    """How many it lists, with what the clerk asked for."""
    until: date | None
    """The last day that is not late for the corrections."""
    digest: str
    """Of what it asks for and of what the unit says now: the same until one of them changes."""


def returns(
    batch: Batch,
    findings: Iterable[Finding],
    deadline: date | None,
    now: datetime,
    units: Collection[Unit] = (),
) -> tuple[Return, ...]:
    """A workbook and a letter for every unit that has something to put right; of `units`, if any.

    That is an A or B finding of its own answers, an explanation the office sent back, or a
    退回修改 of the clerk's; what is only to be verified goes along, but never alone.
    """
    cases = _cases(batch, findings)
    return tuple(c.give_back(deadline, now) for c in cases if not units or c.unit in units)


def called_for(batch: Batch, findings: Iterable[Finding]) -> tuple[Unit, ...]:
    """The units that have something to put right now."""
    return tuple(case.unit for case in _cases(batch, findings))


def digests(batch: Batch, findings: Iterable[Finding]) -> dict[str, str]:
    """The `Return.digest` of every unit that has something to put right, by code."""
    cases = _cases(batch, findings)
    return {case.unit.code: case.digest(case.lines(case.marks())) for case in cases}


def _cases(batch: Batch, findings: Iterable[Finding]) -> Iterator["_Case"]:
    by_unit: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if is_asked(finding):
            by_unit[finding.unit].append(finding)
    cases = (_Case(batch, unit, by_unit[unit.name]) for unit in batch.master.units)
    return (case for case in cases if case.is_called_for)


def is_asked(finding: Finding) -> bool:
    """Whether it is the unit's turn: nobody waived it, and no explanation waits for the office."""
    return finding.rule in GOES_BACK and not (finding.waived or finding.waits)


class _Case:
    """One unit: what it said, and what is wrong with that."""

    def __init__(self, batch: Batch, unit: Unit, findings: Iterable[Finding]) -> None:
        self.batch, self.unit, self.master = batch, unit, batch.master
        self.due = batch.master.due(unit.code)
        self.findings = [f for f in findings if not self.is_settled(f.requirement)]
        places = ((unit.code, r.key) for r in self.due)
        self.listed = [piece for place in places for piece in batch.listed.get(place, ())]

    @property
    def is_called_for(self) -> bool:
        return any(map(self.is_sent_back, self.due)) or any(
            (f.grade in URGENT and f.rule not in _NEVER_ALONE) or f.reply for f in self.findings
        )

    def give_back(self, deadline: date | None, now: datetime) -> Return:
        marks = self.marks()
        problems = list(self.lines(marks))
        until = deadline or self.still_ahead(now.date())
        letter = template.of(self.master, w.SENT_BACK)
        values = template.values(
            self.batch, self.unit, now.date(), until, template.numbered(problems)
        )
        subject, text = (template.fill(said, values) for said in (letter.subject, letter.body))
        settings = self.master.settings
        return Return(
            self.unit,
            texts.file_name(w.marked_file(self.unit.code, self.unit.name, settings.name)),
            form.build(
                self.master, self.unit, self.filled(),
                marks=marks, listed=self.listed, correction=until,
            ),
            " ".join(subject.split()),
            text,
            covering.note(settings, subject, text, now.date()),
            tuple(self.findings),
            len(problems),
            until,
            self.digest(problems),
        )  # fmt: skip

    def digest(self, problems: Iterable[str]) -> str:
        what = repr([*problems, *said(self.batch, self.unit.code).items()])
        return sha256(what.encode("utf-8", "surrogatepass")).hexdigest()

    def still_ahead(self, today: date) -> date | None:
        """The unit's own deadline, unless it is past."""
        day = self.master.deadline(self.unit)
        return day if day and day >= today else None

    # --- the clerk's words

    def reviewed(self, key: str) -> tuple[ReviewVerdict | None, str]:
        """The clerk's verdict and opinion, as long as they are about the answer there is now."""
        answer = self.batch.answer.get((self.unit.code, key))
        if answer is None or answer.stale:
            return None, ""
        row = self.master.key(self.unit.code, key)
        verdict, opinion = (
            self.batch.written(w.MERGED_SHEET, row, caption) for caption in w.REVIEW[:2]
        )
        return rules.review_verdict(verdict), _beside(opinion)

    def is_sent_back(self, requirement: Requirement) -> bool:
        return self.reviewed(requirement.key)[0] == ReviewVerdict.SENT_BACK

    def is_settled(self, key: str) -> bool:
        """Whether the clerk has passed the answer as it is."""
        verdict, _ = self.reviewed(key)
        return verdict not in (None, ReviewVerdict.SENT_BACK)

    # --- what is wrong

    def marks(self) -> dict[str, list[Mark]]:
        """In the order of the form; what is about the whole of it first."""
        found: dict[str, list[Mark]] = {"": []}
        for requirement in self.due:
            found[requirement.key] = []
        for finding in self.findings:
            found.get(finding.requirement, []).append(self.mark(finding))
        for requirement in self.due:
            found[requirement.key][:0] = self.asked(requirement, bool(found[requirement.key]))
        return {key: marks for key, marks in found.items() if marks}

    def mark(self, finding: Finding) -> Mark:
        said = w.beside(finding.message, self.unit.name, self.item(finding.requirement))
        caption = _CAPTIONS.get(finding.rule, w.ANSWER)
        piece = None
        if caption in (w.FILE_NAME, w.DATE):
            piece = next(i for i, e in enumerate(self.listed) if e.where == finding.where)
        fix = w.FIX_FOR_UNIT.get(finding.rule, finding.fix)
        code = explaining.code(self.master, finding)
        if finding.reply:
            remark = self.batch.written(w.FINDINGS_SHEET, code, w.REMARK)
            said = w.not_accepted(said, _beside(remark))
        explanation = next((texts.fitting(e.text) for e in finding.explanations), "")
        return Mark(finding.grade, said, fix, caption, piece, code, explanation)

    def asked(self, requirement: Requirement, wrong: bool) -> Iterator[Mark]:
        """What the clerk says to a row that goes back."""
        verdict, opinion = self.reviewed(requirement.key)
        if verdict == ReviewVerdict.SENT_BACK:
            yield Mark(None, opinion or w.SENT_BACK_BARE, w.SENT_BACK_FIX)
        elif wrong and opinion:
            yield Mark(None, opinion, "")

    # --- what goes out

    def filled(self) -> dict[str, Filled]:
        return {r.key: _as_it_stood(self.batch.answer[self.unit.code, r.key]) for r in self.due}

    def lines(self, marks: form.Marks) -> Iterator[str]:
        """The problems as a letter lists them, numbered as in the workbook."""
        for key, found in marks.items():
            for mark in found:
                said = " ".join(w.problem(mark.grade, mark.said, mark.fix).split())
                yield f"{self.item(key)}{said}"

    def item(self, key: str) -> str:
        requirement = self.master.requirement.get(key)
        return w.item(requirement.numbers, key) if requirement else w.WHOLE_FORM


def _as_it_stood(answer: Answer) -> Filled:
    """The unit's own answer; what it has not confirmed waits for that again."""
    if answer.keyed or not answer.versions:
        return Filled(
            answer.status if answer.answered else "", texts.fitting(answer.text), answer.number
        )
    last = answer.versions[-1]
    choice = w.PREVIOUS if answer.unconfirmed else last.choice
    return Filled(choice, texts.fitting(last.text), last.number, form.known(answer))


def _beside(opinion: str) -> str:
    """What the clerk says to a unit, as it stands beside a row."""
    text = texts.tidy(texts.visible(opinion))
    return text if len(text) <= _OPINION else f"{text[:_OPINION]}…"


# --- what changed since ----------------------------------------------------------------------


def said(batch: Batch, unit: str) -> dict[Place, str]:
    """What a unit says now, answer by answer: to be kept when its workbook goes back."""
    return {(a.unit, a.requirement): _said(batch, a) for a in batch.answers if a.unit == unit}


def changes(before: Mapping[Place, str], batch: Batch) -> tuple[Change, ...]:
    """The answers that are not what they were, in master order."""
    return tuple(
        Change(answer.unit, answer.requirement, before[place], now)
        for answer in batch.answers
        if (place := (answer.unit, answer.requirement)) in before
        and (now := _said(batch, answer)) != before[place]
    )


def _said(batch: Batch, answer: Answer) -> str:
    """An answer as one text: 填报情况 where it is a refusal, 情况说明, 数量."""
    measure = batch.master.requirement[answer.requirement].measure
    return w.whole_answer(answer.status, answer.text, answer.number, measure)
