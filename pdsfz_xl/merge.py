"""Manifests and the clerk's columns in, one batch out: whose each row is, which answer counts.

Nothing typed is dropped: a non-empty cell becomes an answer, a piece of evidence or a leftover.
The order of the files never matters.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from pdsfz_xl import evidence, identity, layout, mail_folder, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.match import Contents, Matcher
from pdsfz_xl.model import (
    Answer,
    Arrival,
    Assignment,
    Batch,
    ClerkCells,
    Evidence,
    Explanation,
    Leftover,
    Manifest,
    Master,
    Received,
    Row,
    Standing,
    Version,
    Where,
    Withdrawn,
)
from pdsfz_xl.states import NOT_YET, AnswerStatus, Flag, Reason, UnitStatus, Verdict
from pdsfz_xl.succession import continuations
from pdsfz_xl.units import is_yes
from pdsfz_xl.versions import Settled, age, settle

Corrections = Mapping[tuple[str, str], date | None]
"""Until when a correction was asked for, by unit and requirement; None where no day was named."""


def batch(
    master: Master,
    arrivals: Iterable[Arrival],
    clerk: ClerkCells,
    now: datetime,
    *,
    merged_path: str = "",
    withdrawn: tuple[Withdrawn, ...] = (),
    corrections: Corrections | None = None,
) -> Batch:
    """All one round knows. `arrivals` may come in any order."""
    arrivals = tuple(arrivals)
    received, contents = _sorted_files(Matcher(master), arrivals, clerk)
    answers, unused = _answers(master, contents, clerk, merged_path, corrections or {})
    senders = {
        f"{a.path}{w.INSIDE}{path}" if path else a.path: sender
        for a in arrivals
        if a.manifest
        for path, sender in a.manifest.senders.items()
    }
    listed = _evidence(e for found in contents for e in found.evidence)
    placed = evidence.place(master, _counted(received, contents, answers), listed, senders)
    received = placed.received
    rows = sorted((r for found in contents for r in found.rows), key=lambda r: r.where.order)
    explanations = _explanations(e for found in contents for e in found.explanations)
    leftover = (*unused, *(x for found in contents for x in found.leftover))
    unknown = (x for found in contents for x in found.unknown)
    return Batch(
        master=master,
        now=now,
        received=tuple(received),
        rows=tuple(rows),
        unknown=tuple(sorted(unknown, key=lambda x: x.where.order)),
        answers=answers,
        evidence=placed.listed,
        explanations=explanations,
        filed=placed.filed,
        leftover=tuple(sorted(leftover, key=lambda x: x.where.order)),
        standings=tuple(
            _standings(master, answers, [*rows, *listed, *explanations], received, clerk)
        ),
        clerk=_without_waiting(master, clerk, answers),
        merged_path=merged_path,
        withdrawn=withdrawn,
    )


# --- files ---------------------------------------------------------------------------------


def _sorted_files(
    matcher: Matcher, arrivals: tuple[Arrival, ...], clerk: ClerkCells
) -> tuple[list[Received], list[Contents]]:
    """The verdict of every file, and what those hold that are this campaign's."""
    received: list[Received] = []
    contents: list[Contents] = []
    for copies, written in _copies(arrivals, clerk):
        file = _register(matcher, copies, written)
        manifest = copies[0].manifest
        if file.verdict == Verdict.ACCEPTED and manifest:
            found = matcher.sort(file, manifest)
            file = _judge(file, found)
            ours = found.units or found.known or found.unknown or _fills_our_columns(manifest)
            if file.verdict == Verdict.ACCEPTED or (ours and not found.foreign):
                contents.append(found)
        received += [file, *(_twin(file, copy) for copy in copies[1:])]
    return list(_held_whole(received)), contents


_Cells = Mapping[str, str]


def _copies(
    arrivals: tuple[Arrival, ...], clerk: ClerkCells
) -> Iterator[tuple[list[Arrival], _Cells]]:
    """Files of the same bytes together, the one seen first at their head, and their register row.

    What the clerk says of an archive or a mail is said of every file in it.
    """
    rows = clerk.get(w.REGISTER_SHEET, {})
    outer = {a.path: a.sha256 for a in arrivals if a.manifest and a.manifest.opened}
    written = {}
    for arrival in arrivals:
        digests = [outer.get(path, "") for path in evidence.containers(arrival.path)]
        cells = [rows.get(digest, {}) for digest in (*digests, arrival.sha256)]
        written[arrival.path] = {c: said for row in cells for c, said in row.items() if said}

    def same(arrival: Arrival) -> tuple[str, str, bool]:
        alone = arrival.manifest is None or not arrival.sha256
        void = is_yes(written[arrival.path].get("作废", ""))
        return arrival.sha256, arrival.path if alone else "", void

    ordered = sorted(arrivals, key=lambda a: (same(a), not a.original, a.path))
    for _, group in groupby(ordered, same):
        copies = list(group)
        yield copies, written[copies[0].path]


def _register(matcher: Matcher, copies: list[Arrival], written: _Cells) -> Received:
    """The verdict a file has before its rows are looked at."""
    arrival = copies[0]
    manifest = arrival.manifest
    unit = matcher.find_unit(written.get("归属单位", ""))
    file = Received(
        path=arrival.path,
        sha256=arrival.sha256,
        verdict=Verdict.ACCEPTED,
        unit=unit,
        first_seen=arrival.first_seen,
        received=texts.parse_moment(written.get("实际收到时间", "")) or arrival.first_seen,
        saved=manifest.saved if manifest else "",
        flags=manifest.flags if manifest else (),
    )
    if manifest is None:
        facts = mail_folder.is_facts(arrival.path)
        return _ignored(file, Reason.MAIL_FACTS if facts else Reason.CLUTTER)
    if is_yes(written.get("作废", "")):
        return _ignored(file, Reason.VOID)
    unit = unit or matcher.unit_of(manifest)
    mark = _classified(manifest, *(copy.path for copy in copies))
    if mark and not matcher.master.waived("P01", unit, ""):
        return replace(file, verdict=Verdict.HELD, rule="P01", message=mark, unit=unit)
    if manifest.reason in NOT_YET:
        return _ignored(file, manifest.reason)
    if Flag.REVIEW_COPY in manifest.flags:
        # It answers for nobody, whatever codes and names it bears.
        if manifest.campaign not in ("", matcher.campaign):
            return _rejected(replace(file, unit=""), "F04", manifest.campaign)
        return _rejected(replace(file, unit=""), "F11", "")
    if Flag.PAPER_COPY in manifest.flags:
        if manifest.campaign != matcher.campaign:
            return _rejected(file, "F04", manifest.campaign)
        return _ignored(replace(file, unit=""), Reason.PAPER_COPY)
    if manifest.opened:
        said = w.opened(len(manifest.members), manifest.detail)
        return replace(file, verdict=Verdict.OPENED, message=said)
    if manifest.rule:
        return _rejected(file, manifest.rule, manifest.detail)
    return file


def _ignored(file: Received, reason: Reason) -> Received:
    return _for(file, Verdict.IGNORED, reason)


def _for(file: Received, verdict: Verdict, reason: Reason) -> Received:
    return replace(file, verdict=verdict, reason=reason, message=w.REASONS[reason])


def _rejected(file: Received, rule: str, detail: str) -> Received:
    return replace(file, verdict=Verdict.REJECTED, rule=rule, message=detail)


def _held_whole(received: list[Received]) -> Iterator[Received]:
    """An archive or a mail is held with what is held in it: its copy would be a copy of that."""
    held = {f.path: f for f in received if f.verdict == Verdict.HELD}
    inside = {outer: f for path, f in held.items() for outer in evidence.containers(path)}
    for file in received:
        member = inside.get(file.path)
        if member and file.verdict == Verdict.OPENED:
            yield replace(file, verdict=Verdict.HELD, rule="P01", message=member.message)
        else:
            yield file


def _fills_our_columns(manifest: Manifest) -> bool:
    """Whether somebody wrote where a form is filled, though no row of it is the master's now."""
    return any(caption in row.cells for row in manifest.rows for caption in layout.TO_FILL)


def _judge(file: Received, found: Contents) -> Received:
    """The verdict once its rows are known."""
    if found.foreign:
        return _rejected(file, "F04", found.foreign)
    unit = next(iter(found.units)) if len(found.units) == 1 else ""
    if found.rows or found.evidence or found.explanations:
        return replace(file, unit=unit)
    if found.units:
        why = w.COLUMNS_GONE
    elif found.unknown:
        why = w.gone(sorted({place.code for place in found.unknown}))
    else:
        why = w.WHOSE_FORM if found.known else w.NOT_OUR_FORM
    return _rejected(replace(file, unit=unit or file.unit), "F06", why)


def _twin(file: Received, copy: Arrival) -> Received:
    """A second copy: it is held or void like the first, and never counts."""
    twin = replace(file, path=copy.path, first_seen=copy.first_seen)
    if file.verdict in (Verdict.HELD, Verdict.IGNORED):
        return twin
    return _for(replace(twin, rule="", flags=()), Verdict.DUPLICATE, Reason.TWIN)


def _classified(manifest: Manifest, *paths: str) -> str:
    """The first classification mark in a name or in anything typed, or empty."""
    rows = (*manifest.rows, *manifest.evidence, *manifest.problems)
    typed = [t for row in rows for t in row.cells.values()]
    typed += [loose.typed for loose in manifest.loose]
    for said in (*paths, *(t.text for t in typed if not t.ours)):
        if mark := rules.CLASSIFIED.search(said):
            return mark[0]
    return ""


def _counted(
    received: list[Received], contents: list[Contents], answers: Iterable[Answer]
) -> list[Received]:
    """Every file by path, the accepted ones with how many answers of theirs count."""
    taken: dict[str, int] = defaultdict(int)
    for answer in answers:
        if answer.source and not answer.keyed:
            taken[answer.source.file] += 1
    wrote = {row.where.file for found in contents for row in found.rows if row.said}
    left = Counter(x.where.file for found in contents for x in found.leftover)
    explained = Counter(e.where.file for found in contents for e in found.explanations)

    def message(path: str) -> str:
        return w.taken(taken[path], left[path], explained[path], blank=path not in wrote)

    return [
        replace(f, taken=taken[f.path], message=message(f.path))
        if f.verdict == Verdict.ACCEPTED
        else f
        for f in sorted(received, key=lambda f: f.path)
    ]


def _evidence(listed: Iterable[Evidence]) -> list[Evidence]:
    """The same piece listed in a second file, as in every correction, is listed once."""
    ordered = sorted(listed, key=lambda e: e.where.order)
    once = {e[1:]: e for e in reversed(ordered)}
    return sorted(once.values(), key=lambda e: e.where.order)


def _explanations(given: Iterable[Explanation]) -> tuple[Explanation, ...]:
    """The latest first; the same words to the same finding, as in every correction, once."""
    once: dict[tuple[str, str], Explanation] = {}
    for explanation in sorted(given, key=age, reverse=True):
        once.setdefault((explanation.code, explanation.text), explanation)
    return tuple(once.values())


# --- answers -------------------------------------------------------------------------------


def _answers(
    master: Master,
    files: list[Contents],
    clerk: ClerkCells,
    merged_path: str,
    corrections: Corrections,
) -> tuple[tuple[Answer, ...], list[Leftover]]:
    """What counts for every assignment, and the choices and numbers that went nowhere."""
    versions: dict[tuple[str, str], list[Version]] = defaultdict(list)
    of_unit: dict[str, list[Version]] = defaultdict(list)
    for found in files:
        for version in found.versions:
            versions[version.unit, version.requirement].append(version)
            of_unit[version.unit].append(version)
    later = {unit: continuations(mine) for unit, mine in of_unit.items()}
    answers: list[Answer] = []
    unused: list[Leftover] = []
    for index, assignment in enumerate(master.assignments):
        unit, requirement, _ = assignment
        key = master.key(unit.code, requirement.key)
        chosen = clerk.get(w.CONFLICT_SHEET, {}).get(key, {}).get(w.CHOSEN_DIGEST, "")
        mine = versions[unit.code, requirement.key]
        settled = settle(mine, chosen, later.get(unit.code, ()))
        written = clerk.get(w.MERGED_SHEET, {}).get(key, {})
        keyed_at = Where(merged_path, w.MERGED_SHEET, layout.merged_cell(w.KEYED_TEXT, index))
        answer = _answer(assignment, settled, written.get(w.KEYED_TEXT, ""), keyed_at)
        answer = replace(answer, chosen=chosen, late=_is_late(master, answer, corrections))
        answers.append(_reviewed(answer, written))
        unused += settled.unused
    return tuple(answers), unused


def _answer(assignment: Assignment, settled: Settled, keyed: str, keyed_at: Where) -> Answer:
    unit, requirement, _ = assignment
    base = Answer(
        unit=unit.code,
        requirement=requirement.key,
        status=AnswerStatus.UNANSWERED,
        versions=settled.versions,
        replaced=settled.replaced,
        presumed=settled.presumed,
        decided=settled.decided,
        picked=settled.picked,
    )
    counted = settled.versions[-1] if settled.versions else None
    said: dict[str, Any] = {}
    if counted and counted.text and not counted.unconfirmed:
        said = {
            "text": counted.text,
            "number": counted.number,
            "status": _status(counted.choice),
            "source": counted.where,
            "received": counted.received,
            "open_conflict": len(settled.versions) > 1 and not settled.decided,
        }
    elif texts.count(keyed):
        said = {
            "text": texts.tidy(keyed),
            "number": counted.number if counted and not counted.unconfirmed else None,
            "status": _status(counted.choice if counted else ""),
            "source": keyed_at,
            "keyed": True,
        }
    else:
        return replace(base, unconfirmed=counted is not None and counted.unconfirmed)
    return replace(base, answered=True, count=texts.count(said["text"]), **said)


def _status(choice: str) -> AnswerStatus:
    return AnswerStatus(choice) if choice in w.CHOICES else AnswerStatus.ANSWERED


def _is_late(master: Master, answer: Answer, corrections: Corrections) -> bool:
    """After the end of the deadline's day, local time; of a correction its own, if it has one."""
    place = answer.unit, answer.requirement
    corrected = place in corrections and answer.versions and answer.versions[-1].known
    deadline = corrections[place] if corrected else master.deadline(master.unit[answer.unit])
    return bool(answer.received and deadline and answer.received.date() > deadline)


def _reviewed(answer: Answer, written: Mapping[str, str]) -> Answer:
    """Which answer the review was written about stays until the review itself is changed."""
    review = "\x1f".join(written.get(c, "") for c in w.REVIEW)
    if not review.strip("\x1f"):
        return answer
    now = identity.answer_digest(answer.text, answer.status, answer.number)
    before = written.get(w.REVIEW_DIGEST, "")
    seen, _, reviewed = before.partition(".")
    if reviewed != identity.digest(review):
        seen = written.get(w.ANSWER_DIGEST) or now
    return replace(answer, reviewed=f"{seen}.{identity.digest(review)}", stale=seen != now)


def _without_waiting(master: Master, clerk: ClerkCells, answers: Iterable[Answer]) -> ClerkCells:
    """The clerk's words without a choice that has to be made anew: of that only its meaning stays.

    Its cell is shown blank, so that the same number can be typed again.
    """
    waiting = {master.key(a.unit, a.requirement) for a in answers if a.open_conflict and a.picked}
    rows = clerk.get(w.CONFLICT_SHEET, {})
    shown = {
        key: {c: text for c, text in cells.items() if key not in waiting or c != w.CHOSEN}
        for key, cells in rows.items()
    }
    return {**clerk, w.CONFLICT_SHEET: shown} if waiting & rows.keys() else clerk


# --- units ---------------------------------------------------------------------------------


def _standings(
    master: Master,
    answers: tuple[Answer, ...],
    rows: Iterable[Row | Evidence | Explanation],
    received: list[Received],
    clerk: ClerkCells,
) -> Iterator[Standing]:
    mine: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        mine[answer.unit].append(answer)
    files: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        files[row.unit].add(row.where.file)
    came = set(files)
    for file in received:
        # Another campaign's form is nothing this unit has sent for this one.
        if file.unit and file.verdict in (Verdict.REJECTED, Verdict.HELD) and file.rule != "F04":
            files[file.unit].add(file.path)
    times = {file.path: file.received for file in received}
    for unit in master.units:
        due = mine[unit.code]
        answered = sum(a.answered for a in due)
        if not due:
            status = UnitStatus.NOTHING_DUE
        elif answered == len(due):
            status = UnitStatus.COMPLETE
        elif unit.code in came or answered:
            status = UnitStatus.PARTIAL
        else:
            status = UnitStatus.RECEIVED if files[unit.code] else UnitStatus.MISSING
        register = clerk.get(w.REGISTER_SHEET, {}).get(unit.code, {})
        yield Standing(
            unit=unit.code,
            assigned=len(due),
            answered=answered,
            missing=tuple(a.requirement for a in due if not a.answered),
            status=status,
            paper=register.get("纸质版收到日期", ""),
            received=min((times[path] for path in files[unit.code]), default=None),
            late=any(a.late for a in due),
            files=tuple(sorted(files[unit.code])),
        )
