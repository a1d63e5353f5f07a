"""Who owes what in, 催报单 out: whom to call about what, with room for what came of it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pdsfz_xl import companion_wording as cw
from pdsfz_xl import owed as dues
from pdsfz_xl import typeset
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch
from pdsfz_xl.owed import Owed
from pdsfz_xl.typeset import Json, Printed, line

if TYPE_CHECKING:
    from pdsfz_xl.typeset import Fonts

_EXPLAINED = 3
"""So many items are named with what they ask for; more of them by their numbers alone."""


def pdf(batch: Batch, fonts: "Fonts | None" = None) -> Printed:
    """A4 across, a row for each unit that is to be reminded, and below who is not and why."""
    everybody = dues.owed(batch)
    calls = [one for one in everybody if not one.excuse]
    settings, day = batch.master.settings, batch.now.date()
    duties = sum(len(one.missing) for one in calls)
    document = {
        "title": line(cw.calls_title(settings.name)),
        "issuer": line(settings.issuer),
        "summary": cw.calls_count(len(calls), duties, day),
        "columns": cw.CALL_COLUMNS,
        "calls": [_call(one) for one in calls],
        "not_called": cw.NOT_CALLED,
        "others": [line(said) for said in _others(everybody)],
        "day": w.day(day),
        "date": [day.year, day.month, day.day],
    }
    return typeset.typeset("calls.typ", document, fonts)


def _call(one: Owed) -> Json:
    unit = one.unit
    return {
        "unit": line(unit.name),
        "contact": line(unit.contact),
        "phone": line(unit.phone),
        "missing": [line(said) for said in _missing(one)],
        "deadline": w.month_day(one.deadline) if one.deadline else "",
        "left": "" if one.days is None else cw.left(one.days),
    }


def _missing(one: Owed) -> Iterator[str]:
    if len(one.missing) <= _EXPLAINED:
        for requirement in one.missing:
            yield f"{cw.item(dues.name(requirement))}{dues.brief(requirement)}"
    elif len(one.missing) == one.assigned:
        yield cw.all_missing(one.assigned)
    else:
        yield cw.some_missing([dues.name(r) for r in one.missing], one.assigned)


def _others(everybody: Iterable[Owed]) -> Iterator[str]:
    """Each reason not to call, with the units it holds for."""
    by_excuse: dict[str, list[str]] = {}
    for one in everybody:
        if one.excuse:
            by_excuse.setdefault(one.excuse, []).append(one.unit.name)
    for why, units in by_excuse.items():
        yield cw.not_called(why, units)
