"""The merged table and the list of entries as data frames, and a data frame as Parquet.

Importing pandas takes longer than most commands, so only the functions here do it.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pdsfz_xl import entries, form, layout, outcome
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Entry, Notes
from pdsfz_xl.model import Answer, Assignment, Batch

if TYPE_CHECKING:
    from pandas import DataFrame


def merged(batch: Batch) -> "DataFrame":
    """The merged table, one row for each assignment in master order."""
    pairs = zip(batch.master.assignments, batch.answers, strict=True)
    return _frame(layout.ANSWER_FRAME, (_row(batch, *pair) for pair in pairs))


def listed(made: Iterable[Entry], notes: Notes) -> "DataFrame":
    """录入清单."""
    rows = (entries.values(entry, notes) for entry in made)
    types = layout.ENTRY_FRAME
    return _frame(types, ([row.get(caption, "") for caption in types] for row in rows))


def can_parquet() -> bool:
    """Whether the extra `export` is installed."""
    return find_spec("pyarrow") is not None


def parquet(data: "DataFrame") -> bytes:
    """The bytes of a .parquet file."""
    out = io.BytesIO()
    data.to_parquet(out, engine="pyarrow", index=False)
    return out.getvalue()


def _row(batch: Batch, assignment: Assignment, answer: Answer) -> list[Any]:
    unit, requirement, role = assignment
    key = batch.master.key(unit.code, requirement.key)
    source, stands = answer.source, outcome.of_assignment(batch, answer)
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
        batch.written(w.MERGED_SHEET, key, w.REVISION),
        stands.state,
        stands.over,
        answer.answered,
        answer.late,
        answer.keyed,
        answer.open_conflict,
        answer.received,
        *((source.file, source.sheet, source.cell) if source else ("", "", "")),
    ]


def _frame(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> "DataFrame":
    import pandas

    cells = [
        [_cell(value, kind) for value, kind in zip(row, types.values(), strict=True)]
        for row in rows
    ]
    return pandas.DataFrame(cells, columns=list(types), dtype=object).astype(dict(types))


def _cell(value: Any, kind: str) -> Any:
    """No figure is no figure, rather than an empty text."""
    if not isinstance(value, str):
        return value
    return texts.encoded(value).decode() if kind == "string" else value or None
