"""Whom a message without mail is for: units, what is known of them and a kind in, a choice out."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import handing_wording as hw
from pdsfz_xl import owed
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Form, Handed
from pdsfz_xl.model import Batch, Master, Unit
from pdsfz_xl.states import NotGiven, NoticeKind, UnitStatus
from pdsfz_xl.units import named

_AS_IT_SHOULD_BE = frozenset(
    {NotGiven.NOTHING_DUE, NotGiven.NOTHING_BACK, NotGiven.NOT_CHANGED, NotGiven.NEVER_ISSUED}
)
"""Why a unit gets nothing, and nobody wonders unless the unit was named."""
_NOTHING_OWED = frozenset({UnitStatus.COMPLETE, UnitStatus.NOTHING_DUE})
"""Nor does anybody wonder why these are not reminded."""


class GoesBack(NamedTuple):
    """What `return` made for a unit: its workbook, letter and text, and the workbook's sha256.

    `same` are those of all its workbooks that say the same.
    """

    files: tuple[Path, ...]
    sha256: str
    same: frozenset[str] = frozenset()


class Known(NamedTuple):
    """What is known of forms and hand-overs, by unit code."""

    forms: Mapping[str, Form]
    out: frozenset[str]
    outdated: Mapping[str, str]
    handed: tuple[Handed, ...]
    returns: Mapping[str, GoesBack]

    def digest(self, kind: NoticeKind, unit: str) -> str:
        """The sha256 of the workbook that goes with a kind of message, or empty."""
        if kind == w.SENT_BACK:
            return self.returns[unit].sha256 if unit in self.returns else ""
        return self.forms[unit].sha256 if kind != w.REMIND else ""


class Choice(NamedTuple):
    units: tuple[Unit, ...]
    left: dict[str, list[str]]
    """Why others get nothing: names by reason."""


def is_by_hand(unit: Unit) -> bool:
    """Whether mail does not reach a unit, or is not how it wants to be reached."""
    return not unit.emails or unit.channel not in ("", w.BY_MAIL)


def choose(
    kind: NoticeKind, batch: Batch, known: Known, wanted: str, *, told: bool = False
) -> Choice:
    """Those that are named, else those the kind is for: units without mail, or all that owe.

    `told` is about what was said already: that was said to whoever is named. Raises OperatorError
    for a name nobody has.
    """
    chosen = named(batch.master, wanted)
    owing = {one.unit.code: one for one in owed.owed(batch)}
    left: dict[str, list[str]] = defaultdict(list)
    units = []
    for unit in chosen or batch.master.units:
        if kind == w.REMIND:
            reason = "" if told and chosen else owing[unit.code].excuse
            usual = owing[unit.code].status in _NOTHING_OWED
        else:
            why = _why_not(kind, batch.master, unit, known, by_name=bool(chosen))
            reason, usual = hw.NOT_GIVEN[why] if why else "", why in _AS_IT_SHOULD_BE
        if not reason:
            units.append(unit)
        elif chosen or not usual:
            left[reason].append(unit.name)
    return Choice(tuple(units), left)


def _why_not(
    kind: NoticeKind, master: Master, unit: Unit, known: Known, *, by_name: bool
) -> NotGiven | None:
    """Why a unit gets nothing of this kind, or nothing more unless it is named."""
    code = unit.code
    if kind == w.SENT_BACK:
        if code not in known.returns:
            return NotGiven.NOTHING_BACK
        given = {one.sha256 for one in known.handed if (one.unit, one.kind) == (code, kind)}
        made = known.returns[code]
        if given & {made.sha256, *made.same} and not by_name:
            return NotGiven.ALREADY_GIVEN
    elif code not in known.forms:
        return NotGiven.NO_FORM if master.due(code) else NotGiven.NOTHING_DUE
    elif kind == w.AMEND:
        if code not in known.outdated:
            return NotGiven.NOT_CHANGED if code in known.out else NotGiven.NEVER_ISSUED
    elif code in known.outdated:
        return NotGiven.CHANGED_FORM
    elif code in known.out and not by_name:
        return NotGiven.ALREADY_ISSUED
    return None if by_name or is_by_hand(unit) else NotGiven.GOES_BY_MAIL
