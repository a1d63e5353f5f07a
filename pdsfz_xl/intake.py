"""The drop zone in, arrivals out: files are hashed, received, read in a child, then kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import collect, engine, incoming, ledger
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mail_folder import is_facts
from pdsfz_xl.model import Arrival, Batch, Manifest, Withdrawn
from pdsfz_xl.states import NOT_YET, Flag, Reason, Verdict
from pdsfz_xl.workspace import Workspace, digest_of, is_clutter, is_settling

Tell = Callable[[Iterable[Any], int], Iterator[Any]]
"""Shows progress over items of which there are so many."""


def quiet(items: Iterable[Any], _total: int) -> Iterator[Any]:
    """Shows nothing."""
    yield from items


class Intake(NamedTuple):
    """What lies in the drop zone now. `fresh` are the paths whose bytes nobody had seen before."""

    arrivals: tuple[Arrival, ...]
    fresh: tuple[str, ...]
    withdrawn: tuple[Withdrawn, ...] = ()


def take(
    ws: Workspace,
    now: datetime,
    tell: Tell,
    book: ledger.Ledger,
    passwords: tuple[str, ...] = (),
) -> Intake:
    """Every file of the drop zone and of the archives and mails in it, unless it was read before.

    They are read in child processes. Clutter, and what another program holds, is there too but
    was not read.
    """
    found = {path: _digest(path) for path in ws.dropped()}
    aside = {path for path in found if is_clutter(path.name) or is_facts(ws.relative(path))}
    read = {p: digest for p, (digest, _) in found.items() if digest and p not in aside}
    manifests = dict(_manifests(ws, read, tell, passwords))
    arrivals: list[_Found] = []
    for path, (digest, size) in found.items():
        name = ws.relative(path)
        if path in read:
            arrivals += _with_members(name, size, manifests[digest])
        elif path in aside:
            arrivals.append(_Found(name, digest, size, None))
        else:
            arrivals.append(_Found(name, "", 0, _unread("", "F03", Reason.IN_USE)))
    there = [(f.sha256, f.path, f.size) for f in arrivals if f.manifest and f.sha256]
    seen = book.receive(there, now)
    mailed = incoming.arrivals(book)
    outer = {ws.relative(path): digest for path, (digest, _) in found.items()}
    return Intake(
        tuple(
            _arrival(
                one, seen.get(one.sha256), now, mailed.get(outer.get(_outermost(one.path), ""))
            )
            for one in arrivals
        ),
        tuple(path for digest, path, _ in there if seen[digest].new),
        tuple(sorted(_withdrawn(ws, book, {digest for digest, _, _ in there}))),
    )


def _withdrawn(ws: Workspace, book: ledger.Ledger, here: set[str]) -> Iterator[Withdrawn]:
    """The returns that were read before and are not here: what was no form is missed by nobody."""
    for digest, receipt in book.receipts().items():
        if digest not in here and w.INSIDE not in receipt.first_path:
            kept = ws.cached(digest, collect.VERSION)
            manifest = collect.load(kept) if kept else None
            if manifest and _holds_rows(manifest):
                yield Withdrawn(receipt.first_path, receipt.first_seen)


def _holds_rows(manifest: Manifest) -> bool:
    inside = any(_holds_rows(m.manifest) for m in manifest.members if m.manifest)
    ours = Flag.PAPER_COPY in manifest.flags
    return inside or (bool(manifest.rows or manifest.evidence) and not ours)


class _Found(NamedTuple):
    path: str
    sha256: str
    size: int
    manifest: Manifest | None


def _with_members(path: str, size: int, manifest: Manifest) -> Iterator[_Found]:
    """A file, and what lies in it if it is an archive or a mail."""
    yield _Found(path, manifest.sha256, size, manifest)
    for member in manifest.members:
        inside = f"{path}{w.INSIDE}{member.path}"
        if member.manifest:
            yield _Found(inside, member.manifest.sha256, member.size, member.manifest)
        else:
            yield _Found(inside, "", member.size, None)


def _outermost(path: str) -> str:
    return path.partition(w.INSIDE)[0]


def _arrival(
    found: _Found, receipt: ledger.Receipt | None, now: datetime, mailed: datetime | None
) -> Arrival:
    """What came by mail was first seen when the office's mail server took it."""
    path, digest, _, manifest = found
    if receipt is None or manifest is None:
        return Arrival(path, digest, now, True, manifest)
    seen = min(receipt.first_seen, mailed or receipt.first_seen)
    return Arrival(path, digest, seen, receipt.first_path == path, manifest)


def keep(ws: Workspace, batch: Batch, intake: Intake) -> None:
    """Archive every original and remember what was read, but of held and void bytes nothing.

    By bytes and not by file: a twin of a held file would be a copy of it. Nothing either of a copy
    of the merged workbook, in which nobody looks for a classification mark. What lies in an archive
    or a mail is kept with that.
    """
    names = {ws.relative(path): path for path in ws.dropped()}
    manifests = {a.path: a.manifest for a in intake.arrivals if a.sha256 and a.manifest}
    files = [f for f in batch.received if f.path in manifests and w.INSIDE not in f.path]
    barred = {
        file.sha256
        for file in files
        if Flag.REVIEW_COPY in file.flags
        or (
            file.verdict in (Verdict.HELD, Verdict.IGNORED)
            and file.reason not in NOT_YET
            and not (file.verdict == Verdict.IGNORED and Flag.PAPER_COPY in file.flags)
        )
    }
    ws.forget(barred)
    for file in files:
        if file.sha256 in barred or file.reason in NOT_YET:
            continue
        if file.path not in names:
            raise OperatorError(f"{file.path} 在读取途中被移走了，没有改动汇总表；请重新运行。")
        unit = batch.master.unit.get(file.unit)
        label = unit.name if unit else w.UNKNOWN
        ws.archive_file(names[file.path], label, file.first_seen, file.sha256)
        manifest = manifests[file.path]
        if _is_settled(manifest):
            ws.remember(file.sha256, collect.VERSION, collect.dump(manifest))


def _is_settled(manifest: Manifest) -> bool:
    """Whether the next reading of these bytes would say the same.

    What is no spreadsheet is told in a moment, and a text becomes one when it is renamed; a
    password may be given next time.
    """
    open_ = manifest.rule in ("F01", "F02") or manifest.reason
    return not open_ and all(_is_settled(m.manifest) for m in manifest.members if m.manifest)


def _manifests(
    ws: Workspace, digests: Mapping[Path, str], tell: Tell, passwords: tuple[str, ...]
) -> Iterator[tuple[str, Manifest]]:
    unread: dict[str, Path] = {}
    for path, digest in digests.items():
        kept = ws.cached(digest, collect.VERSION)
        manifest = collect.load(kept) if kept else None
        if manifest:
            yield digest, manifest
        else:
            unread.setdefault(digest, path)
    tasks = {collect.Task(str(path), passwords): (path, d) for d, path in unread.items()}
    for task, result in tell(engine.run(collect.read_task, list(tasks)), len(tasks)):
        path, digest = tasks[task]
        yield digest, _checked(path, digest, result)


def _checked(path: Path, digest: str, result: Manifest | engine.Failure) -> Manifest:
    """A file that killed its reader, or changed while it was read, costs itself alone."""
    if isinstance(result, engine.Failure):
        return _unread(digest, "F08", result.kind)
    if result.sha256 != digest or (result.rule == "F03" and is_settling(path)):
        return _unread(digest, "F03", Reason.STILL_CHANGING)
    return result


def _unread(digest: str, rule: str, reason: Reason) -> Manifest:
    return Manifest(sha256=digest, rule=rule, detail=w.REASONS[reason], reason=reason)


def _digest(path: Path) -> tuple[str, int]:
    """The file's sha256 and size; no hash while another program keeps it from being read."""
    try:
        return digest_of(path), path.stat().st_size
    except OSError:
        return "", 0
