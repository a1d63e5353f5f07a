"""What stands: a batch in, one value out for every assignment and for every requirement.

定稿文本 stands, else 修改稿, else the answer, else 代录内容. Where several units' texts are not one
yet, or several versions of one unit are open, all of them stand side by side. Paper, 汇总表,
录入清单, change lists, figures and JSON draw this; nobody else decides it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Requirement, Version
from pdsfz_xl.states import AnswerStatus, ReviewVerdict


class Source(StrEnum):
    """Whose words a text is: the column it was written in."""

    FINAL = w.FINAL_TEXT
    REVISION = w.REVISION
    ANSWER = w.ANSWER
    KEYED = w.KEYED_TEXT


class State(StrEnum):
    """How far a text is, as people read it everywhere."""

    SETTLED = w.SETTLED
    REVISED = w.REVISED
    ORIGINAL = w.ONE_TEXT
    KEYED = w.KEYED
    NOTHING = AnswerStatus.NOTHING
    OVER = w.OVER
    """One text, longer than the limit; nobody has agreed to that."""
    REVIEW_AGAIN = w.REVIEW_AGAIN
    """One text, and the unit's answer has changed since the office judged it."""
    SENT_BACK = ReviewVerdict.SENT_BACK
    """One text, and the office wants another."""
    NOT_OURS = AnswerStatus.NOT_OURS
    UNDECIDED = w.PENDING_CHOICE
    UNMERGED = w.PENDING_TEXT
    UNANSWERED = w.UNANSWERED


READY = frozenset({State.SETTLED, State.REVISED, State.ORIGINAL, State.KEYED, State.NOTHING})
"""One text that can be typed into the platform as it is."""
PENDING = frozenset({State.UNDECIDED, State.UNMERGED})
"""Several texts: the word is said, then every one of them in full."""
SINGLE = READY | {State.OVER, State.REVIEW_AGAIN, State.SENT_BACK}
"""One text, whether it is ready or not."""


class Statement(NamedTuple):
    """One of the texts that stand for an assignment.

    `version` is the file's, where it has to be said which one; `number` is its number among those
    that are open, 0 where there is nothing to choose.
    """

    text: str
    source: Source
    version: Version | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What stands for an assignment or for a requirement."""

    state: State
    source: Source | None = None
    """None where nothing was written, and for a requirement while its texts are not one."""
    text: str = ""
    """The one text; of open versions the one that is used for now."""
    count: int = 0
    """Its characters as `text.count` counts them."""
    excess: int = 0
    """How many of them are beyond the limit."""
    waived: bool = False
    """The office agreed to that (同意不改)."""
    statements: tuple[Statement, ...] = ()
    """Of an assignment, all that is printed: the one text, or every version."""

    @property
    def over(self) -> int:
        """Characters beyond the limit that nobody has agreed to."""
        return 0 if self.waived else self.excess


def of_assignment(batch: Batch, answer: Answer, *, raw: bool = False) -> Outcome:
    """What stands for one unit and requirement; `raw` is what the unit wrote, not the office."""
    revision = "" if raw else _written(batch, w.MERGED_SHEET, _key(batch, answer), w.REVISION)
    source = _source(answer, revision)
    text = revision or answer.text
    rule = "L03" if source is Source.REVISION else "L01"
    waived = batch.master.waived(rule, answer.unit, answer.requirement)
    excess = max(0, texts.count(text) - batch.master.requirement[answer.requirement].limit)
    state = _state(answer, revision)
    if state in READY and not raw:
        state = _caution(batch, answer, too_long=excess > 0 and not waived) or state
    return Outcome(
        state=state,
        source=source,
        text=text,
        count=texts.count(text),
        excess=excess,
        waived=waived and excess > 0,
        statements=tuple(_statements(answer, revision)),
    )


def of_requirement(batch: Batch, requirement: Requirement, *, raw: bool = False) -> Outcome:
    """What stands for a requirement, of all its units together."""
    final = "" if raw else _written(batch, w.FINAL_SHEET, requirement.key, w.FINAL_TEXT)
    if final:
        excess = max(0, texts.count(final) - requirement.limit)
        waived = excess > 0 and batch.master.waived("L03", "", requirement.key)
        return Outcome(
            state=State.OVER if excess and not waived else State.SETTLED,
            source=Source.FINAL,
            text=final,
            count=texts.count(final),
            excess=excess,
            waived=waived,
            statements=(Statement(final, Source.FINAL),),
        )
    mine = (batch.answer[duty.unit, requirement.key] for duty in requirement.duties)
    parts = [of_assignment(batch, answer, raw=raw) for answer in mine]
    return parts[0] if len(parts) == 1 else Outcome(state=_together({p.state for p in parts}))


def outstanding(batch: Batch) -> dict[str, tuple[str, ...]]:
    """What the office still has to do before anything is final: requirement keys by word."""
    words = (State.UNMERGED, State.UNDECIDED, w.REVIEW_AGAIN, w.UNSIGNED)
    left: dict[str, dict[str, None]] = {str(word): {} for word in words}
    for requirement in batch.master.requirements:
        state = of_requirement(batch, requirement).state
        if state in PENDING:
            left[state][requirement.key] = None
        elif state is not State.UNANSWERED and not batch.written(
            w.FINAL_SHEET, requirement.key, w.SIGNER
        ):
            left[w.UNSIGNED][requirement.key] = None
    for answer in batch.answers:
        if answer.stale:
            left[w.REVIEW_AGAIN][answer.requirement] = None
    return {word: tuple(keys) for word, keys in left.items() if keys}


# --- figures -------------------------------------------------------------------------------


class Tally(NamedTuple):
    """How many assignments there are, and how many of them stand how."""

    assigned: int = 0
    answered: int = 0
    over: int = 0
    late: int = 0
    undecided: int = 0

    @property
    def unanswered(self) -> int:
        return self.assigned - self.answered


def tallies(batch: Batch) -> Mapping[str, Tally]:
    """By unit code, also of units with nothing due."""
    found = {unit.code: Tally() for unit in batch.master.units}
    for answer in batch.answers:
        stands = of_assignment(batch, answer)
        own = (1, answer.answered, stands.over > 0, answer.late, stands.state is State.UNDECIDED)
        found[answer.unit] = total([found[answer.unit], Tally(*own)])
    return found


def tally(batch: Batch) -> Tally:
    """Of all units together."""
    return total(tallies(batch).values())


def total(tallies: Iterable[Tally]) -> Tally:
    """Of several units together."""
    return Tally(*map(sum, zip(Tally(), *tallies, strict=True)))


# --- how it is decided ---------------------------------------------------------------------


def _written(batch: Batch, sheet: str, key: str, caption: str) -> str:
    """What the office wrote there; blanks are no text."""
    text = batch.written(sheet, key, caption)
    return text if texts.count(text) else ""


def _key(batch: Batch, answer: Answer) -> str:
    return batch.master.key(answer.unit, answer.requirement)


def _source(answer: Answer, revision: str) -> Source | None:
    if revision:
        return Source.REVISION
    if not answer.answered:
        return None
    return Source.KEYED if answer.keyed else Source.ANSWER


def _state(answer: Answer, revision: str) -> State:
    """A revision does not choose between versions, nor is it needed where a unit says nothing."""
    if answer.open_conflict:
        return State.UNDECIDED
    if revision:
        return State.REVISED
    if not answer.answered:
        return State.UNANSWERED
    if answer.status == AnswerStatus.NOT_OURS:
        return State.NOT_OURS  # Why a bureau passes it on is nothing to tell the province.
    if answer.status == AnswerStatus.NOTHING:
        return State.NOTHING
    return State.KEYED if answer.keyed else State.ORIGINAL


def _caution(batch: Batch, answer: Answer, *, too_long: bool) -> State | None:
    """Why the one text there is cannot be typed in yet."""
    if too_long:
        return State.OVER
    if answer.stale:
        return State.REVIEW_AGAIN
    verdict = batch.written(w.MERGED_SHEET, _key(batch, answer), w.VERDICT)
    return State.SENT_BACK if texts.squash(verdict) == ReviewVerdict.SENT_BACK else None


def _together(states: set[State]) -> State:
    """Of several units without a settled text, even if one alone answered."""
    if State.UNDECIDED in states:
        return State.UNDECIDED
    return State.UNMERGED if states - {State.UNANSWERED} else State.UNANSWERED


def _statements(answer: Answer, revision: str) -> Iterator[Statement]:
    """The one text, or the office's and every version there is."""
    open_ = answer.open_conflict
    if revision:
        yield Statement(revision, Source.REVISION)
    elif answer.answered and not open_:
        yield Statement(answer.text, Source.KEYED if answer.keyed else Source.ANSWER)
    if open_ or not answer.answered:
        for number, version in answer.numbered:
            if answer.stands(version):
                yield Statement(version.text, Source.ANSWER, version, number if open_ else 0)
