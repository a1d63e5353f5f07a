"""Marked workbooks in, files in 退回修改 out, and what the units had said until then."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pdsfz_xl import giveback, ledger
from pdsfz_xl import text as texts
from pdsfz_xl.model import Batch
from pdsfz_xl.workspace import Workspace


def keep(
    ws: Workspace,
    book: ledger.Ledger,
    batch: Batch,
    made: Iterable[giveback.Return],
    now: datetime,
) -> Path:
    """Write what goes back to the units into a folder of the day, which is given."""
    made = tuple(made)
    folder = ws.returns / f"{now:%Y-%m-%d}"
    files = {}
    for one in made:
        files[folder / f"{one.name}.xlsx"] = one.data
        files[folder / f"{one.name}.docx"] = one.letter
        files[folder / f"{one.name}.txt"] = texts.for_notepad(f"{one.subject}\n\n{one.text}\n")
    ws.write_all(files)
    for one in made:
        book.record_returned(giveback.said(batch, one.unit.code), now)
        asked = ledger.Asked(one.digest, sha256(one.data).hexdigest())
        book.record_asked(one.unit.code, asked, now)
    return folder
