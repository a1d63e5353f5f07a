"""The entries in, the files of out/7-上报 out: the texts by indicator, and the list as data.

Each indicator of the notice has a folder, in the notice's order. In it `06.2.txt` holds nothing but
the text to paste, so that "select all, copy" is right. Where somebody has to look first, the name
says why: `06.2_超字数.txt` is a text too, `06.2_待综合.txt` is that word and every version. What
there is to know beside the text stands in 说明.txt.
"""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

from pdsfz_xl import entries, frames, layout
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Entry, Notes
from pdsfz_xl.model import Batch, Filed, Master, Unit

DOCUMENT = f"{ew.ENTRY_SHEET}.json"
"""Also remembers what was written, so that the next export takes away what is no more."""

PARQUET = (f"{ew.ENTRY_SHEET}.parquet", f"{w.MERGED_SHEET}.parquet")
"""Written where pyarrow is installed, by path in out/7-上报."""

# What a spreadsheet would calculate (OWASP, "CSV Injection"); the wide ones count in East Asia.
_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NAMES = 24
"""Characters of the names of units in the name of a folder: Windows allows 260 for a whole path."""
_STEP = re.compile(r"(?!\.\.?$)[^/\\:\x00]+")


def of_units(master: Master, made: Iterable[Entry], units: Collection[Unit]) -> list[Entry]:
    """The entries of the requirements that any of these units has to answer."""
    due = {requirement.key for unit in units for requirement in master.due(unit.code)}
    return [entry for entry in made if entry.asked and entry.key in due]


def part(units: Sequence[Unit]) -> str:
    """The folder in out/7-上报 of what some units have to answer: others have another."""
    names = "、".join(unit.name for unit in units)
    if len(names) > _NAMES:
        digest = sha256(" ".join(unit.code for unit in units).encode()).hexdigest()
        names = f"{pw.some_units(len(units))}_{digest[:8]}"
    return texts.file_name(ew.part(names))


def files(
    batch: Batch, made: Sequence[Entry], notes: Notes, *, whole: bool = True
) -> dict[str, bytes]:
    """Everything but 录入清单.xlsx and the evidence, by path in the folder it goes to.

    What is not the `whole` has no table of all answers beside it.
    """
    written = {entry.file: texts.for_notepad(entry.text) for entry in made if entry.file}
    for folder, there in groupby(made, key=lambda entry: entry.folder):
        written[f"{folder}/{ew.EXPLANATION}.txt"] = texts.for_notepad(
            "\n".join(_explained(list(there)))
        )
    listed = {f"{ew.ENTRY_SHEET}.csv": table(made, notes)}
    if frames.can_parquet():
        tables = (frames.listed(made, notes), *([frames.merged(batch)] if whole else []))
        listed |= zip(PARQUET, map(frames.parquet, tables), strict=False)
    return {**written, **listed, DOCUMENT: _document(batch, made, notes, written)}


def evidence(made: Iterable[Entry]) -> dict[str, Filed]:
    """Which file is copied where in out/7-上报; one may serve several requirements."""
    return {piece.path: piece.filed for entry in made for piece in entry.evidence}


def written_before(document: bytes) -> dict[str, str]:
    """What the export that wrote this document wrote in folders: sha256 by path.

    It lies where anybody can write, so what leads out of out/7-上报 is not believed.
    """
    try:
        said = json.loads(document)["files"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {p: d for p, d in said if isinstance(d, str) and all(map(_STEP.fullmatch, p.split("/")))}


def _explained(made: list[Entry]) -> Iterator[str]:
    """The facts of one indicator's folder."""
    first = made[0]
    yield ew.indicator_head(first.number, first.indicator)
    if first.method:
        yield f"{w.label(w.METHOD)}{first.method}"
    for entry in made:
        yield ""
        yield ew.entry_head(entry.key, entry.state, entry.count, entry.limit)
        facts = {
            w.MATERIAL: [entry.material],
            w.UNIT: ["、".join(entry.units)],
            ew.ENTRY_TEXT: [entry.file.rpartition("/")[2]],
            w.QUANTITY: entry.quantity.split("\n"),
            w.EVIDENCE_SHEET: list(entries.evidence_names(entry)),
        }
        for name, said in facts.items():
            yield from (f"{w.label(name)}{one}" for one in said if one)


# --- the list as data ----------------------------------------------------------------------


def table(made: Iterable[Entry], notes: Notes) -> bytes:
    """The list for any spreadsheet program: no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(layout.ENTRY_FRAME)
    for entry in made:
        row = entries.values(entry, notes)
        writer.writerow([_guarded(row.get(caption, "")) for caption in layout.ENTRY_FRAME])
    return b"\xef\xbb\xbf" + texts.encoded(out.getvalue())


def _guarded(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _document(
    batch: Batch, made: Iterable[Entry], notes: Notes, written: Mapping[str, bytes]
) -> bytes:
    made = list(made)
    digests = {path: sha256(data).hexdigest() for path, data in written.items()}
    digests |= {path: filed.sha256 for path, filed in evidence(made).items()}
    document = {
        "campaign": batch.master.settings.code,
        "entries": [_json(entry, notes) for entry in made],
        "files": dict(sorted(digests.items())),
    }
    return texts.encoded(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _json(entry: Entry, notes: Notes) -> dict[str, Any]:
    row = entries.values(entry, notes)
    return {
        "indicators": list(entry.numbers),
        "indicator": entry.indicator,
        "requirement": entry.key if entry.asked else None,
        "units": list(entry.units),
        "text": entry.text,
        "ready": entry.ready,
        "state": entry.state,
        "count": entry.count,
        "count_with_blanks": row["字数（计空格）"] or 0,
        "limit": entry.limit,
        "quantity": entry.quantity,
        "evidence": [piece.path for piece in entry.evidence],
        "undelivered": list(entry.undelivered),
        "file": entry.file or None,
        "changed": bool(row["提醒"]),
        "entered": row.get(ew.ENTERED, ""),
        "entered_by": row.get("录入人", ""),
        "entered_at": row.get(ew.ENTERED_AT, ""),
        "note": row.get(w.NOTE, ""),
    }
