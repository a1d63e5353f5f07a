"""Marked workbooks in, files in 退回修改 out, and what the units had said until then.

Which of them say the same is told by what a unit reads in them, not by their bytes: a later version
of this program sets a workbook otherwise, and nobody is to get the same letter twice for that.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pdsfz_xl import giveback, ledger, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
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
        book.record_returned(giveback.said(batch, one.unit.code), now, one.until)
        asked = ledger.Asked(one.digest, sha256(one.data).hexdigest())
        book.record_asked(one.unit.code, asked, now)
    return folder


# --- which say the same --------------------------------------------------------------------

_DAY = re.compile(w.DAY)
_ROW = (w.CODE, w.STATUS, w.ANSWER, w.QUANTITY, w.PROBLEM)
_LINE = (w.PROBLEM, w.WHAT_TO_DO)


def same(ws: Workspace, code: str, data: bytes) -> frozenset[str]:
    """The sha256 of every marked workbook in 退回修改 that says what this one of a unit says."""
    wanted = _content(data)
    found = {sha256(data).hexdigest()}
    for path in sorted(ws.returns.glob(f"????-??-??/{code}_*.xlsx")):
        kept = path.read_bytes()
        if (digest := sha256(kept).hexdigest()) not in found and _content(kept) == wanted:
            found.add(digest)
    return frozenset(found)


def _content(data: bytes) -> list[tuple[str, ...]] | None:
    """Answers and problems, row by row, and the days named above them; None where it is unread."""
    try:
        book = reader.read(reader.InMemory("form.xlsx", data))
    except reader.Refused:
        return None
    sheets = {sheet.name: sheet for sheet in book.sheets}
    rows = [*_rows(sheets.get(w.FORM_SHEET), _ROW), *_rows(sheets.get(w.FINDINGS_SHEET), _LINE)]
    return sorted(rows)


def _rows(sheet: reader.Sheet | None, captions: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What stands under some captions; above them, the days."""
    columns: list[int] = []
    lines: dict[int, dict[int, str]] = {}
    for (row, column), cell in sorted(sheet.cells.items()) if sheet else ():
        lines.setdefault(row, {})[column] = cell.text
    for line in lines.values():
        at = {text: column for column, text in line.items()}
        if columns:
            shown = tuple(texts.squash(line.get(column, "")) for column in columns)
            yield shown if any(shown) else ()
        elif at.keys() >= set(captions):
            columns = [at[caption] for caption in captions]
        else:
            yield from ((day,) for text in line.values() for day in _DAY.findall(text))
