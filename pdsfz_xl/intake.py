"""The drop zone in, arrivals out: files are hashed, received, read in a child, then kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import collect, engine, ledger
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Arrival, Batch, Manifest
from pdsfz_xl.workspace import Workspace, digest_of, is_clutter

Tell = Callable[[Iterable[Any], int], Iterator[Any]]
"""Shows progress over items of which there are so many."""

_PASSING = frozenset({w.STILL_CHANGING, *w.FAILURES.values()})
"""Why a file was not read this time: next time it may be, so it is not remembered."""


class Intake(NamedTuple):
    """What lies in the drop zone now. `fresh` are the paths whose bytes nobody had seen before."""

    arrivals: tuple[Arrival, ...]
    fresh: tuple[str, ...]


def take(ws: Workspace, now: datetime, tell: Tell, book: ledger.Ledger) -> Intake:
    """Every file of the drop zone, read in child processes unless it was read before.

    Clutter, and what another program holds, is there too but was not read.
    """
    found = {path: _digest(path) for path in ws.dropped()}
    read = {p: digest for p, (digest, _) in found.items() if digest and not is_clutter(p.name)}
    seen = book.receive([(d, ws.relative(p), found[p][1]) for p, d in read.items()], now)
    manifests = dict(_manifests(ws, read, tell))
    arrivals = []
    for path, (digest, _) in found.items():
        name = ws.relative(path)
        if path in read:
            receipt = seen[digest]
            first = receipt.first_path == name
            arrivals.append(Arrival(name, digest, receipt.first_seen, first, manifests[digest]))
        elif is_clutter(path.name):
            arrivals.append(Arrival(name, digest, now, True, None))
        else:
            busy = Manifest(sha256="", rule="F03", detail=w.IN_USE)
            arrivals.append(Arrival(name, "", now, True, busy))
    return Intake(tuple(arrivals), tuple(ws.relative(p) for p, d in read.items() if seen[d].new))


def keep(ws: Workspace, batch: Batch, intake: Intake) -> None:
    """Archive every original and remember what was read, but of held and void bytes nothing.

    By bytes and not by file: a twin of a held file would be a copy of it.
    """
    names = {ws.relative(path): path for path in ws.dropped()}
    manifests = {a.path: a.manifest for a in intake.arrivals if a.sha256 and a.manifest}
    files = [file for file in batch.received if file.path in manifests]
    barred = {file.sha256 for file in files if file.verdict in ("held", "ignored")}
    ws.forget(barred)
    for file in files:
        if file.sha256 in barred:
            continue
        if file.path not in names:
            raise OperatorError(f"{file.path} 在读取途中被移走了，没有改动汇总表；请重新运行。")
        unit = batch.master.unit.get(file.unit)
        label = unit.name if unit else w.UNKNOWN
        ws.archive_file(names[file.path], label, file.first_seen, file.sha256)
        manifest = manifests[file.path]
        # What is no spreadsheet is told in a moment, and a text becomes one when it is renamed.
        if manifest.detail not in _PASSING and manifest.rule != "F01":
            ws.remember(file.sha256, collect.VERSION, collect.dump(manifest))


def _manifests(
    ws: Workspace, digests: Mapping[Path, str], tell: Tell
) -> Iterator[tuple[str, Manifest]]:
    unread: dict[str, Path] = {}
    for path, digest in digests.items():
        kept = ws.cached(digest, collect.VERSION)
        manifest = collect.load(kept) if kept else None
        if manifest:
            yield digest, manifest
        else:
            unread.setdefault(digest, path)
    expected = {str(path): digest for digest, path in unread.items()}
    for path, result in tell(engine.run(collect.read_return, list(expected)), len(expected)):
        yield expected[path], _checked(expected[path], result)


def _checked(digest: str, result: Manifest | engine.Failure) -> Manifest:
    """A file that killed its reader, or changed while it was read, costs itself alone."""
    if isinstance(result, engine.Failure):
        return Manifest(sha256=digest, rule="F08", detail=w.FAILURES[result.kind])
    if result.sha256 != digest:
        return Manifest(sha256=digest, rule="F03", detail=w.STILL_CHANGING)
    return result


def _digest(path: Path) -> tuple[str, int]:
    """The file's sha256 and size; no hash while another program keeps it from being read."""
    try:
        return digest_of(path), path.stat().st_size
    except OSError:
        return "", 0
