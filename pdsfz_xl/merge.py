"""Manifests and the clerk's columns in, one batch out: whose each row is, which answer counts.

Nothing typed is dropped: a non-empty cell becomes an answer, a piece of evidence or a leftover.
The order of the files never matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from pdsfz_xl import identity, layout, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.match import Matcher, Sorted
from pdsfz_xl.model import (
    Answer,
    Arrival,
    Assignment,
    Batch,
    ClerkCells,
    Manifest,
    Master,
    Received,
    Row,
    Standing,
    Version,
    Where,
)


def batch(
    master: Master,
    arrivals: Iterable[Arrival],
    clerk: ClerkCells,
    now: datetime,
    *,
    merged_path: str = "",
) -> Batch:
    """All one round knows. `arrivals` may come in any order."""
    matcher = Matcher(master)
    received: list[Received] = []
    sorted_files: list[Sorted] = []
    for arrival in sorted(arrivals, key=lambda a: (a.sha256, not a.original, a.path)):
        twin = bool(received) and received[-1].sha256 == arrival.sha256 != ""
        file = _register(master, arrival, clerk, twin=twin)
        if file.verdict == "accepted" and arrival.manifest:
            found = matcher.sort(file, arrival.manifest)
            file = _judge(master, file, found)
            if file.verdict == "accepted":
                sorted_files.append(found)
        received.append(file)
    answers = tuple(_answers(master, sorted_files, clerk, merged_path))
    taken = _taken(answers)
    received = [
        replace(f, taken=taken[f.path], message=w.taken(taken[f.path]))
        if f.verdict == "accepted"
        else f
        for f in sorted(received, key=lambda f: f.path)
    ]
    rows = sorted(row for found in sorted_files for row in found.rows)
    return Batch(
        master=master,
        now=now,
        received=tuple(received),
        rows=tuple(rows),
        unknown=tuple(sorted(x for found in sorted_files for x in found.unknown)),
        answers=answers,
        evidence=tuple(sorted(e for found in sorted_files for e in found.evidence)),
        leftover=tuple(sorted(x for found in sorted_files for x in found.leftover)),
        standings=tuple(_standings(master, answers, rows, received, clerk)),
        clerk=clerk,
        merged_path=merged_path,
    )


# --- files ---------------------------------------------------------------------------------


def _register(master: Master, arrival: Arrival, clerk: ClerkCells, *, twin: bool) -> Received:
    """The verdict a file has before its rows are looked at."""
    written = clerk.get(w.REGISTER_SHEET, {}).get(arrival.sha256, {})
    manifest = arrival.manifest
    unit = rules.find_unit(master, written.get("归属单位", ""))
    said_time = texts.parse_moment(written.get("实际收到时间", ""))
    file = Received(
        path=arrival.path,
        sha256=arrival.sha256,
        verdict="accepted",
        unit=unit,
        first_seen=arrival.first_seen,
        received=said_time or arrival.first_seen,
        saved=manifest.saved if manifest else "",
    )
    if manifest is None:
        return replace(file, verdict="ignored", message=w.CLUTTER)
    if twin:
        return replace(file, verdict="duplicate", message=w.TWIN)
    if written.get("作废"):
        return replace(file, verdict="ignored", message=w.VOID)
    mark = _classified(arrival.path, manifest)
    if mark and not rules.waived(master, "P01", unit or manifest.unit, ""):
        return replace(
            file, verdict="held", rule="P01", message=mark, unit=unit or _known(master, manifest)
        )
    if manifest.rule:
        return replace(file, verdict="rejected", rule=manifest.rule, message=manifest.detail)
    return file


def _judge(master: Master, file: Received, found: Sorted) -> Received:
    """The verdict once its rows are known."""
    if found.foreign:
        return replace(file, verdict="rejected", rule="F04", message=found.foreign)
    if not found.rows and not found.units:
        why = w.WHOSE_FORM if found.known else w.NOT_OUR_FORM
        return replace(file, verdict="rejected", rule="F06", message=why)
    unit = next(iter(found.units)) if len(found.units) == 1 else ""
    return replace(file, unit=unit if unit in master.unit else "")


def _classified(path: str, manifest: Manifest) -> str:
    """The first classification mark in the name or in anything typed, or empty."""
    typed = [t for row in (*manifest.rows, *manifest.evidence) for t in row.cells.values()]
    typed += [loose.typed for loose in manifest.loose]
    for said in (path, *(t.text for t in typed if not t.ours)):
        if mark := rules.CLASSIFIED.search(said):
            return mark[0]
    return ""


def _known(master: Master, manifest: Manifest) -> str:
    return manifest.unit if manifest.unit in master.unit else ""


# --- answers -------------------------------------------------------------------------------


def _answers(
    master: Master, files: list[Sorted], clerk: ClerkCells, merged_path: str
) -> Iterator[Answer]:
    versions: dict[tuple[str, str], list[Version]] = defaultdict(list)
    for found in files:
        for version in found.versions:
            versions[version.unit, version.requirement].append(version)
    for index, assignment in enumerate(master.assignments):
        said = versions[assignment.unit.code, assignment.requirement.key]
        yield _answer(master, assignment, said, clerk, index, merged_path)


def _answer(
    master: Master,
    assignment: Assignment,
    said: list[Version],
    clerk: ClerkCells,
    index: int,
    merged_path: str,
) -> Answer:
    unit, requirement, _ = assignment
    key = identity.assignment_key(master.settings.code, unit.code, requirement.key)
    chosen = clerk.get(w.CONFLICT_SHEET, {}).get(key, {}).get(w.CHOSEN_DIGEST, "")
    versions, decided = _settle(_distinct(said), chosen)
    counted = versions[-1] if versions else None
    if counted and counted.text:
        status = counted.choice if counted.choice in w.CHOICES else w.ANSWERED
        deadline = unit.extended or master.settings.deadline
        return Answer(
            unit=unit.code,
            requirement=requirement.key,
            text=counted.text,
            count=texts.count(counted.text),
            number=counted.number,
            status=status,
            answered=True,
            source=counted.where,
            received=counted.received,
            late=_is_late(counted.received, deadline),
            versions=versions,
            open_conflict=len(versions) > 1 and not decided,
        )
    keyed = clerk.get(w.MERGED_SHEET, {}).get(key, {}).get("代录内容", "")
    if texts.count(keyed):
        return Answer(
            unit=unit.code,
            requirement=requirement.key,
            text=texts.tidy(keyed),
            count=texts.count(keyed),
            status=w.ANSWERED,
            answered=True,
            source=Where(merged_path, w.MERGED_SHEET, layout.merged_cell("代录内容", index)),
            versions=versions,
            keyed=True,
        )
    return Answer(
        unit=unit.code, requirement=requirement.key, status=w.UNANSWERED, versions=versions
    )


def _is_late(received: datetime, deadline: date | None) -> bool:
    """After the end of the deadline's day, local time."""
    if deadline is None:
        return False
    return received >= datetime.combine(deadline + timedelta(days=1), time())


def _distinct(said: Iterable[Version]) -> list[Version]:
    """Different versions from the earliest to the latest; equal and partial ones collapse.

    Later is: the save time in the file, then our first sight, then sha256. A version whose
    every filled field stands in another one too says nothing of its own.
    """
    ordered = sorted(said, key=lambda v: (v.saved, v.received, v.sha256, v.where))
    kept: list[Version] = []
    for version in ordered:
        for i, other in enumerate(kept):
            if _compatible(version, other):
                kept[i] = _joined(other, version)
                break
        else:
            kept.append(version)
    return kept


def _compatible(one: Version, other: Version) -> bool:
    pairs = ((one.text, other.text), (one.choice, other.choice))
    numbers = (one.number, other.number)
    return all(not a or not b or a == b for a, b in pairs) and (
        None in numbers or numbers[0] == numbers[1]
    )


def _joined(first: Version, later: Version) -> Version:
    """Two that agree: the file that holds the text and came first is the source."""
    holding = [v for v in (first, later) if v.text] or [first, later]
    base = min(holding, key=lambda v: (v.received, v.sha256, v.where))
    other = later if base is first else first
    return replace(
        base,
        choice=base.choice or other.choice,
        number=base.number if base.number is not None else other.number,
        number_text=base.number_text or other.number_text,
        saved=max(base.saved, other.saved),
    )


def _settle(versions: list[Version], chosen: str) -> tuple[tuple[Version, ...], bool]:
    """The version that counts goes last: the clerk's choice, else the latest with a text."""
    for version in versions:
        if chosen and _digest(version) == chosen:
            return (*(v for v in versions if v is not version), version), True
    ordered = sorted(versions, key=lambda v: bool(v.text))
    return tuple(ordered), False


def _digest(version: Version) -> str:
    return identity.version_digest(version.text, version.choice, version.number)


def _taken(answers: Iterable[Answer]) -> dict[str, int]:
    taken: dict[str, int] = defaultdict(int)
    for answer in answers:
        if answer.source and not answer.keyed:
            taken[answer.source.file] += 1
    return taken


# --- units ---------------------------------------------------------------------------------


def _standings(
    master: Master,
    answers: tuple[Answer, ...],
    rows: list[Row],
    received: list[Received],
    clerk: ClerkCells,
) -> Iterator[Standing]:
    files: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        files[row.unit].add(row.where.file)
    times = {file.path: file.received for file in received}
    typed_in = {f.unit for f in received if f.verdict in ("rejected", "held") and f.unit}
    for unit in master.units:
        mine = [a for a in answers if a.unit == unit.code]
        answered = sum(a.answered for a in mine)
        came = sorted(files[unit.code])
        if not mine:
            status = "nothing_due"
        elif answered == len(mine):
            status = "complete"
        elif came or answered:
            status = "partial"
        else:
            status = "received" if unit.code in typed_in else "missing"
        register = clerk.get(w.REGISTER_SHEET, {}).get(unit.code, {})
        yield Standing(
            unit=unit.code,
            assigned=len(mine),
            answered=answered,
            missing=tuple(a.requirement for a in mine if not a.answered),
            status=status,
            paper=register.get("纸质版收到日期", ""),
            received=min((times[path] for path in came), default=None),
            late=any(a.late for a in mine),
            files=tuple(came),
        )
