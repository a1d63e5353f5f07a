"""What units explain: a batch and its findings in, the same findings out, explained.

An explanation waits for the office. On its 是 the finding counts as waived, with the explanation
as the reason; on its 退回 it is the unit's turn again. The reply holds as long as the finding, the
explanation and the answer are what they were.
"""

from collections import Counter
from collections.abc import Iterable

from pdsfz_xl import identity, rules
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Finding, Master
from pdsfz_xl.states import Grade, Reply

_GRADES = frozenset({Grade.EXPLAIN, Grade.VERIFY})
_NEVER = frozenset({"X01", "G05"})
"""X01: which version counts the office decides. G05: the reason that lacks is the answer itself."""


def code(master: Master, finding: Finding) -> str:
    """What an explanation of the finding hangs on; empty where it cannot be explained."""
    unit, requirement = master.unit_code.get(finding.unit, ""), finding.requirement
    if not (unit and requirement) or finding.grade not in _GRADES or finding.rule in _NEVER:
        return ""
    campaign = master.settings.code
    return identity.problem_code(campaign, unit, requirement, finding.rule, finding.subject)


def explained(batch: Batch, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with what the units and the office say to them."""
    return tuple(_explained(batch, f) for f in findings)


def _explained(batch: Batch, finding: Finding) -> Finding:
    key = code(batch.master, finding)
    place = batch.master.unit_code.get(finding.unit, ""), finding.requirement
    mine = tuple(e for e in batch.explained.get(place, ()) if e.code == key)
    if not mine:
        return finding
    finding = finding._replace(explanations=mine)
    about, written = (
        batch.written(w.FINDINGS_SHEET, key, caption) for caption in (w.EXPLAINED_DIGEST, w.REPLY)
    )
    reply = rules.reply(written) if about == digest(batch, finding) else None
    return finding._replace(reply=reply, waived=finding.waived or reply is Reply.ACCEPTED)


def digest(batch: Batch, finding: Finding) -> str:
    """What a reply of the clerk's is about; empty without an explanation."""
    if not finding.explanations:
        return ""
    answer = batch.answer[finding.explanations[0].unit, finding.requirement]
    now = identity.answer_digest(answer.text, answer.status, answer.number)
    return identity.exact(finding.message, *(e.text for e in finding.explanations), now)


def waiting(findings: Iterable[Finding]) -> Counter[str]:
    """How many explanations wait for the office, by the unit's name."""
    return Counter(f.unit for f in findings if f.waits)
