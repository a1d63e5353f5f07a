"""What `--json` says: a batch and its findings in, plain dicts out. Keys are added, never renamed.

Empty parts are null: a unit or requirement that does not apply, a place without a sheet.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pdsfz_xl import outcome, rules
from pdsfz_xl.incoming import Bounced
from pdsfz_xl.model import Answer, Batch, Finding, Master, Received, Requirement, Standing, Where
from pdsfz_xl.outcome import Outcome

Json = dict[str, Any]


def collected(batch: Batch, findings: Iterable[Finding], outputs: Mapping[str, str]) -> Json:
    """The document `collect --json` prints."""
    return {
        "campaign": batch.master.settings.code,
        "units": [unit(batch, standing) for standing in batch.standings],
        "files": [file(batch, received) for received in batch.received],
        "answers": [answer(batch, said) for said in batch.answers],
        "outcomes": [outcome_of(batch, asked) for asked in batch.master.requirements],
        "findings": [finding(found) for found in findings],
        "leftover": [{**where(left.where), "text": left.text} for left in batch.leftover],
        "outputs": dict(outputs),
    }


def unit(batch: Batch, standing: Standing) -> Json:
    return {
        "code": standing.unit,
        "name": batch.master.unit[standing.unit].name,
        "assigned": standing.assigned,
        "answered": standing.answered,
        "missing": list(standing.missing),
        "status": standing.status,
        "paper": standing.paper or None,
        "received": standing.received.isoformat(timespec="seconds") if standing.received else None,
        "late": standing.late,
        "files": list(standing.files),
    }


def bounce(plan: Master, bounced: Bounced) -> Json:
    return {
        "unit": plan.unit[bounced.unit].name,
        "address": bounced.address,
        "reason": bounced.reason,
        "at": bounced.at,
    }


def file(batch: Batch, received: Received) -> Json:
    return {
        "path": received.path,
        "sha256": received.sha256,
        "verdict": received.verdict,
        "unit": _name(batch, received.unit),
        "rule": received.rule or None,
        "message": rules.file_sentence(received),
    }


def answer(batch: Batch, said: Answer) -> Json:
    number = said.number
    if number is not None and number.is_integer():
        number = int(number)
    return {
        "unit": _name(batch, said.unit),
        "requirement": said.requirement,
        "text": said.text,
        "count": said.count,
        "number": number,
        "status": said.status,
        "source": where(said.source) if said.source else None,
    }


def outcome_of(batch: Batch, requirement: Requirement) -> Json:
    """What stands for a requirement on paper and in the platform, and for each of its units."""
    stands = outcome.of_requirement(batch, requirement)
    mine = [batch.answer[duty.unit, requirement.key] for duty in requirement.duties]
    return {
        "requirement": requirement.key,
        **_stands(stands),
        "text": stands.text if stands.state in outcome.SINGLE else "",
        "units": [
            {"unit": _name(batch, a.unit), **_stands(outcome.of_assignment(batch, a))} for a in mine
        ],
    }


def _stands(result: Outcome) -> Json:
    return {
        "state": result.state,
        "ready": result.state in outcome.READY,
        "written_in": result.source,
        "count": result.count,
        "over": result.over,
        "waived": result.waived,
    }


def finding(found: Finding) -> Json:
    return {
        "rule": found.rule,
        "class": found.grade,
        "unit": found.unit or None,
        "requirement": found.requirement or None,
        "where": where(found.where),
        "message": found.message,
        "fix": found.fix,
        "waived": found.waived,
        "explanation": found.explanation or None,
    }


def where(place: Where) -> Json:
    return {part: said or None for part, said in place._asdict().items()}


def _name(batch: Batch, code: str) -> str | None:
    known = batch.master.unit.get(code)
    return known.name if known else None
