"""What paper says in, the copies beside its PDF out: to print anywhere, and to edit.

A print may be in somebody's hands: what is open is left alone, and what somebody wrote in one is
kept before it is replaced.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import collect, engine, layout, print_book, print_word
from pdsfz_xl import paper_wording as pw
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Manifest
from pdsfz_xl.paper import Paper
from pdsfz_xl.workspace import Workspace, bytes_of

_WRITTEN = "print"
"""What the cache calls the bytes we wrote ourselves."""


def make_way(ws: Workspace, files: Mapping[Path, bytes], now: datetime) -> tuple[Path, ...]:
    """Archive what somebody put where these files go: a signed scan, a text that was edited.

    Gives those, which people must be told of. What we wrote ourselves, and the cache still knows
    of, is made again at any time. Raises OperatorError where one is open.
    """
    theirs = []
    for path, data in files.items():
        ws.require_closed(path)
        before = bytes_of(path)
        if before not in (b"", data) and ws.cached(_digest(before), _WRITTEN) is None:
            ws.archive(before, path.stem, now, path.name)
            theirs.append(path)
    for data in files.values():
        ws.remember(_digest(data), _WRITTEN, b"")
    return tuple(theirs)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


class Copies(NamedTuple):
    """`files` are to be written; the ones `in_use` are not. The `edited` were worked in before."""

    files: Mapping[Path, bytes]
    in_use: tuple[Path, ...]
    edited: tuple[Path, ...]


def make(ws: Workspace, stem: str, paper: Paper, campaign: str, now: datetime) -> Copies:
    """The workbook and the document of a print; what they replace is in the archive then."""
    made = {
        ws.prints / f"{stem}{pw.PRINT_BOOK}.xlsx": print_book.build(paper).data,
        ws.prints / f"{stem}.docx": print_word.build(paper, campaign),
    }
    in_use = tuple(path for path in made if _is_open(ws, path))
    files = {path: data for path, data in made.items() if path not in in_use}
    edited = tuple(path for path, data in files.items() if _set_aside(ws, path, data, now))
    return Copies(files, in_use, edited)


def _is_open(ws: Workspace, path: Path) -> bool:
    """Whether somebody has it open: the PDF is what goes up, and must not wait for a copy."""
    try:
        ws.require_closed(path)
    except OperatorError:
        return True
    return False


def _set_aside(ws: Workspace, path: Path, data: bytes, now: datetime) -> bool:
    """Keep what is about to be replaced; whether somebody worked in it since we wrote it."""
    before = bytes_of(path)
    if before in (b"", data):
        return False
    ws.archive(before, pw.SUMMARY, now, path.name)
    if path.suffix != ".docx":
        return False
    [(_, read)] = engine.run(collect.read_task, [collect.Task(str(path))])
    if not isinstance(read, Manifest) or not read.saved.startswith(layout.CREATED.isoformat()):
        return True
    return any(not typed.ours for row in read.rows for typed in row.cells.values())
