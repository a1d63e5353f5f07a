"""Who owes what: a batch in, one line per unit out, for reminders of every kind.

Mails, call lists and notices to the leaders all say the same, because they all ask here.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Requirement, Unit
from pdsfz_xl.states import OWING, UnitStatus

_ORDINAL = re.compile(r"^\s*[(（]\d+[)）]\s*")
"""What the notice prints before an item, and `name` says already."""


class Owed(NamedTuple):
    """What one unit still has to hand in."""

    unit: Unit
    assigned: int
    missing: tuple[Requirement, ...]
    """Unanswered, in master order; also of a unit that is not to be reminded now."""
    deadline: date | None
    """The unit's own."""
    days: int | None
    """From today to the deadline: 0 on its last day, negative when it has passed."""
    status: UnitStatus
    """Of a unit that is MISSING nothing has come at all."""
    excuse: str
    """Why nobody reminds it, in words for people; empty for a unit that is to be reminded."""


def owed(batch: Batch) -> tuple[Owed, ...]:
    """Every unit, in the order of 责任单位."""
    return tuple(_owed(batch))


def reminded(batch: Batch) -> tuple[Owed, ...]:
    """Those that owe something and have no excuse."""
    return tuple(one for one in _owed(batch) if not one.excuse)


def _owed(batch: Batch) -> Iterator[Owed]:
    master, today = batch.master, batch.now.date()
    for standing in batch.standings:
        unit = master.unit[standing.unit]
        deadline = master.deadline(unit)
        yield Owed(
            unit=unit,
            assigned=standing.assigned,
            missing=tuple(master.requirement[key] for key in standing.missing),
            deadline=deadline,
            days=(deadline - today).days if deadline else None,
            status=standing.status,
            excuse=_excuse(standing.status, unit, master.settings.deadline, today),
        )


def _excuse(status: UnitStatus, unit: Unit, deadline: date | None, today: date) -> str:
    if status not in OWING:
        return w.STANDING[status]
    later = unit.extended and (deadline is None or unit.extended > deadline)
    if unit.extended and later and today <= unit.extended:
        return w.postponed(unit.extended)
    return ""


def name(requirement: Requirement) -> str:
    """A requirement as people say it on the phone: 6（2）, or 3 where the notice has only one."""
    return w.spoken(requirement.number, requirement.key)


def brief(requirement: Requirement, limit: int = 30) -> str:
    """What it asks for in at most `limit` characters, without the number the notice prints."""
    said = requirement.material or requirement.text
    return texts.brief(_ORDINAL.sub("", said), limit).rstrip("。；")
