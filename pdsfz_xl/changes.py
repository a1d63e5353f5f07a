"""Two prints in, what the later one says otherwise; and what came after a text was settled.

A snapshot is a small JSON document, the same bytes for the same content, that is kept with every
print that goes up.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import NamedTuple

from pdsfz_xl import outcome, redline
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Requirement
from pdsfz_xl.outcome import Source
from pdsfz_xl.paper import Block, Paper, Part, Row, label
from pdsfz_xl.redline import Run
from pdsfz_xl.states import Verdict


class Said(NamedTuple):
    """What stood in one row: `text` holds every version there is, `unit` names all its units."""

    units: tuple[str, ...]
    unit: str
    status: str
    blank: bool
    tags: tuple[str, ...]
    text: str
    number: str
    evidence: tuple[str, ...]


class Place(NamedTuple):
    """What stood at one requirement, row by row."""

    key: str
    label: str
    rows: tuple[Said, ...]


KEPT = 0.3
"""The share of both texts that has to be in common for the changes to be marked in them."""

Snapshot = tuple[Place, ...]
"""In the notice's order."""


def snapshot(paper: Paper) -> Snapshot:
    """What a whole print says, place by place."""
    return tuple(
        Place(block.key, block.label, tuple(_said(block, row) for row in block.rows))
        for band in paper.bands
        for line in band.lines
        for block in line.blocks
    )


def _said(block: Block, row: Row) -> Said:
    pending = row.pending or block.pending
    return Said(
        units=row.units,
        unit=row.unit,
        status=row.status,
        blank=row.blank,
        tags=tuple(tag for tag in (*row.tags, pending) if tag),
        text="\n".join(_whole(part) for part in row.parts),
        number=row.number,
        evidence=row.evidence,
    )


def _whole(part: Part) -> str:
    return f"{w.whose(part.head, part.facts)}\n{part.text}" if part.head else part.text


def dump(places: Snapshot) -> bytes:
    rows = [[p.key, p.label, [list(said) for said in p.rows]] for p in places]
    return json.dumps({"format": 1, "places": rows}, ensure_ascii=False).encode()


def load(data: bytes) -> Snapshot:
    return tuple(
        Place(key, label, tuple(_row(*row) for row in rows))
        for key, label, rows in json.loads(data)["places"]
    )


def _row(  # one parameter for each column of the snapshot
    units: list[str],
    unit: str,
    status: str,
    blank: bool,  # likewise
    tags: list[str],
    text: str,
    number: str,
    evidence: list[str],
) -> Said:
    return Said(tuple(units), unit, status, blank, tuple(tags), text, number, tuple(evidence))


# --- what changed --------------------------------------------------------------------------


class Side(NamedTuple):
    """One side of a change, what differs from the other marked."""

    blank: bool
    facts: tuple[Run, ...]
    """填报情况, tags, 数量, evidence."""
    text: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row that says something else than before; a side is None where it was not there."""

    key: str
    label: str
    unit: str
    what: tuple[str, ...]
    """新报, 文字, 填报情况 and so on."""
    before: Side | None
    after: Side | None


def compare(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """Every change in the order of the new print; what is in it no more stands last."""
    was = {place.key: place for place in old}
    now = {place.key for place in new}
    gone = (place for place in old if place.key not in now)
    return (
        *(change for place in new for change in _at(was.get(place.key), place)),
        *(change for place in gone for change in _at(place, None)),
    )


def _at(old: Place | None, new: Place | None) -> Iterator[Change]:
    place = new or old
    assert place is not None
    before, after = old.rows if old else (), new.rows if new else ()
    if before and after and len(before) != len(after) and _settled(before) != _settled(after):
        before, after = (_joined(before),), (_joined(after),)
    was, now = {row.units: row for row in before}, {row.units: row for row in after}
    for units in (*now, *(units for units in was if units not in now)):
        if was.get(units) != now.get(units):
            yield _change(place, was.get(units), now.get(units))


def _settled(rows: tuple[Said, ...]) -> bool:
    return any(pw.FINAL in row.tags for row in rows)


def _joined(rows: tuple[Said, ...]) -> Said:
    """All that the units of one requirement said, to be compared with its settled text."""
    if len(rows) == 1:
        return rows[0]
    spoken = [row for row in rows if not row.blank]
    return Said(
        units=tuple(unit for row in rows for unit in row.units),
        unit="、".join(row.unit for row in rows),
        status="",
        blank=not spoken,
        tags=(w.PENDING_TEXT,) if spoken else (),
        text="\n".join(f"{w.whose(row.unit)}\n{row.text}" for row in spoken),
        number="\n".join(f"{row.unit} {row.number}" for row in rows if row.number),
        evidence=tuple(name for row in rows for name in row.evidence),
    )


def _change(place: Place, old: Said | None, new: Said | None) -> Change:
    row = new or old
    assert row is not None
    before, after = _texts(old, new)
    return Change(
        key=place.key,
        label=place.label,
        unit=row.unit,
        what=tuple(_what(old, new)),
        before=Side(old.blank, _facts(old, new), before) if old else None,
        after=Side(new.blank, _facts(new, old), after) if new else None,
    )


def _texts(old: Said | None, new: Said | None) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Both texts, marked unless next to nothing was kept: then marks would only hide them."""
    was, now = old.text if old else "", new.text if new else ""
    if _reworked(was, now):
        return redline.marked(was, now)
    return (Run(was, changed=False),), (Run(now, changed=False),)


def _reworked(old: str, new: str) -> bool:
    """Whether enough of a text was kept to call it the same one."""
    kept = sum(len(run.text) for run in redline.marked(old, new)[0] if not run.changed)
    return 2 * kept >= KEPT * (len(old) + len(new))


def _what(old: Said | None, new: Said | None) -> Iterator[str]:
    if old is None or new is None:
        yield pw.ADDED if old is None else pw.REMOVED
        return
    if old.blank != new.blank:
        yield pw.NEWLY_SAID if old.blank else pw.TAKEN_BACK
    elif old.text != new.text:
        yield pw.REWORDED if _reworked(old.text, new.text) else pw.REWRITTEN
    if old.status and new.status and old.status != new.status and old.blank == new.blank:
        yield w.STATUS
    if (pw.FINAL in new.tags) != (pw.FINAL in old.tags):
        yield pw.FINAL if pw.FINAL in new.tags else pw.NOT_FINAL
    elif old.tags != new.tags and old.blank == new.blank:
        yield pw.MARK
    if old.number != new.number:
        yield w.QUANTITY
    if old.evidence != new.evidence:
        yield w.EVIDENCE_SHEET


def _facts(said: Said, other: Said | None) -> tuple[Run, ...]:
    """What else the row says; each fact that the other side does not say is marked."""
    theirs = set(_told(other)) if other else set()
    return tuple(Run(fact, fact not in theirs) for fact in _told(said))


def _told(said: Said) -> Iterator[str]:
    if said.status and not said.blank:
        yield said.status
    yield from said.tags
    if said.number:
        yield f"{w.QUANTITY}：{said.number}"
    yield from (f"{w.EVIDENCE_SHEET}：{name}" for name in said.evidence)


# --- what came after a text was settled ----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Latecomer:
    """Something that arrived for a requirement whose text had been settled.

    `text` is empty for evidence; `settled` is the moment after which it counts as late.
    """

    key: str
    label: str
    unit: str
    file: str
    received: datetime
    settled: datetime
    text: str = ""


def latecomers(
    batch: Batch, last: Snapshot = (), at: datetime | None = None
) -> tuple[Latecomer, ...]:
    """In the notice's order; `last` is what was handed up last, and when."""
    handed_up = {place.key for place in last if _settled(place.rows)}
    return tuple(
        late
        for requirement in batch.master.requirements
        if (settled := _moment(batch, requirement, at if requirement.key in handed_up else None))
        for late in _after(batch, requirement, settled)
    )


def _moment(batch: Batch, requirement: Requirement, handed_up: datetime | None) -> datetime | None:
    """When the text was settled: 审定日期, a day without a time to its end, or the last print.

    A print that went up on that day is the more exact of the two.
    """
    if outcome.of_requirement(batch, requirement).source is not Source.FINAL:
        return None
    said = batch.written(w.FINAL_SHEET, requirement.key, "审定日期")
    day = texts.parse_date(said)
    signed = datetime.combine(day, time.max) if day else None
    return min((moment for moment in (signed, handed_up) if moment), default=None)


def _after(batch: Batch, requirement: Requirement, settled: datetime) -> Iterator[Latecomer]:
    key, name = requirement.key, batch.master.unit
    for duty in requirement.duties:
        for version in batch.answer[duty.unit, key].versions:
            if version.received > settled:
                yield Latecomer(
                    key=key,
                    label=label(batch, key),
                    unit=name[duty.unit].name,
                    file=version.where.file.rpartition("/")[2],
                    received=version.received,
                    settled=settled,
                    text=version.text,
                )
    received = {f.path: f.received for f in batch.received if f.verdict != Verdict.HELD}
    for filed in batch.filed:
        came = received.get(filed.path)
        if filed.requirement == key and came and came > settled:
            yield Latecomer(
                key=key,
                label=label(batch, key),
                unit=name[filed.unit].name if filed.unit in name else "",
                file=filed.name,
                received=came,
                settled=settled,
            )
