"""Evidence out of the drop zone into out/6-材料, a folder for each requirement: hard copies.

The folder can be deleted and is made again; what was filed before and is evidence no more is
taken away, unless somebody changed it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pdsfz_xl import collect, engine, evidence, ledger
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Filed
from pdsfz_xl.workspace import Workspace, digest_of


def file(
    ws: Workspace, batch: Batch, book: ledger.Ledger, passwords: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Copy what is not there yet, and give the paths that were written."""
    places = {ws.evidence / path: filed for filed, path in evidence.places(batch).items()}
    written = copy(ws, places, passwords)
    now = {ws.relative(path): filed.sha256 for path, filed in places.items()}
    for path, digest in book.filed().items():
        if path not in now:
            ws.remove(ws.root / path, digest)
    book.record_filed(now)
    return written


def copy(
    ws: Workspace, places: Mapping[Path, Filed], passwords: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Put each piece where it goes unless it is there, and give the paths that were written."""
    missing = {p: f for p, f in places.items() if not p.exists() or digest_of(p) != f.sha256}
    return (*_copy_files(ws, missing), *_copy_members(ws, missing, passwords))


def _copy_files(ws: Workspace, missing: Mapping[Path, Filed]) -> Iterator[str]:
    sources = {ws.relative(path): path for path in ws.dropped()} if missing else {}
    for path, filed in missing.items():
        if source := sources.get(filed.path):
            ws.copy(source, path)
            yield ws.relative(path)


def _copy_members(
    ws: Workspace, missing: Mapping[Path, Filed], passwords: tuple[str, ...]
) -> Iterator[str]:
    """What lies in an archive or a mail is taken out of it in a child process, as it was read."""
    sources = {ws.relative(path): path for path in ws.dropped()} if missing else {}
    tasks: dict[collect.Task, Path] = {}
    for path, filed in missing.items():
        outer, _, member = filed.path.partition(w.INSIDE)
        if member and outer in sources:
            tasks[collect.Task(str(sources[outer]), passwords, member)] = path
    for task, data in engine.run(collect.read_member, list(tasks)):
        if isinstance(data, bytes):
            ws.write(tasks[task], data)
            yield ws.relative(tasks[task])
