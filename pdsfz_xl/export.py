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
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pdsfz_xl import entries, form, layout
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Entry, Notes
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Answer, Assignment, Batch, Filed, Master, Unit

if TYPE_CHECKING:
    from pandas import DataFrame

DOCUMENT = f"{ew.ENTRY_SHEET}.json"
"""Also remembers what was written, so that the next export takes away what is no more."""

_SHOWN = tuple(column.caption for column in layout.ENTRY if column.width)
_NUMBERS = ("字数（不计空格）", "字数（计空格）", "字数上限")
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
    if can_parquet():
        listed[f"{ew.ENTRY_SHEET}.parquet"] = parquet(entry_frame(made, notes))
        listed |= {f"{w.MERGED_SHEET}.parquet": parquet(frame(batch))} if whole else {}
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


def _utf8(text: str) -> bytes:
    """Half of a surrogate pair is no character; it is spelt out, not lost."""
    return text.encode("utf-8", "backslashreplace")


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
    writer.writerow(_SHOWN)
    for entry in made:
        row = entries.values(entry, notes)
        writer.writerow([_guarded(row.get(caption, "")) for caption in _SHOWN])
    return b"\xef\xbb\xbf" + _utf8(out.getvalue())


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
    return _utf8(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


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


# --- pandas --------------------------------------------------------------------------------


def can_parquet() -> bool:
    """Whether the extra `export` is installed."""
    return all(find_spec(name) for name in ("pandas", "pyarrow"))


def entry_frame(made: Iterable[Entry], notes: Notes) -> "DataFrame":
    """录入清单 with typed columns."""
    types = {caption: "Int64" if caption in _NUMBERS else "string" for caption in _SHOWN}
    rows = (entries.values(entry, notes) for entry in made)
    return _frame(types, ([row.get(caption, "") for caption in _SHOWN] for row in rows))


def frame(batch: Batch) -> "DataFrame":
    """The merged table with typed columns, one row for each assignment in master order.

    For notebooks: `frame(batch).groupby("单位")["已报"].mean()`. Raises OperatorError where the
    extra `export` is not installed.
    """
    pairs = zip(batch.master.assignments, batch.answers, strict=True)
    return _frame(layout.ANSWER_FRAME, (_row(batch, *pair) for pair in pairs))


def _row(batch: Batch, assignment: Assignment, answer: Answer) -> list[Any]:
    unit, requirement, role = assignment
    key = batch.master.key(unit.code, requirement.key)
    source = answer.source
    return [
        form.row_code(batch.master, unit.code, requirement),
        requirement.key,
        requirement.number,
        requirement.level1,
        requirement.level2,
        requirement.text,
        requirement.material,
        unit.code,
        unit.name,
        role,
        answer.status,
        answer.text,
        answer.count,
        requirement.limit,
        answer.number,
        requirement.measure,
        batch.written(w.MERGED_SHEET, key, "修改稿"),
        answer.answered,
        answer.late,
        answer.keyed,
        answer.open_conflict,
        answer.received,
        *((source.file, source.sheet, source.cell) if source else ("", "", "")),
    ]


def _frame(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> "DataFrame":
    try:
        import pandas
    except ImportError as error:
        raise OperatorError(
            "没有安装 pandas；请运行 pip install pdsfz-xl[export] 后再试。"
        ) from error
    columns = list(types)
    cells = [
        [_cell(value, types[c]) for value, c in zip(row, columns, strict=True)] for row in rows
    ]
    data = pandas.DataFrame(cells, columns=columns, dtype=object)
    return data.astype({caption: types[caption] for caption in columns})


def _cell(value: Any, kind: str) -> Any:
    """No figure is no figure, rather than an empty text."""
    if not isinstance(value, str):
        return value
    return _utf8(value).decode() if kind == "string" else value or None


def parquet(data: "DataFrame") -> bytes:
    """The bytes of a .parquet file."""
    out = io.BytesIO()
    data.to_parquet(out, engine="pyarrow", index=False)
    return out.getvalue()
