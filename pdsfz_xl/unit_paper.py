"""What one unit wrote in, its paper to be signed and sealed out.

It signs its own words: never the office's revision, and where its files contradict each other,
every version with the word 待定.
"""

from typing import TYPE_CHECKING

from pdsfz_xl import companion_wording as cw
from pdsfz_xl import form, paper, typeset
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Unit
from pdsfz_xl.paper import Block, Line, Row, Selection
from pdsfz_xl.typeset import Json, Printed, figures, line, paragraphs, part

if TYPE_CHECKING:
    from pdsfz_xl.typeset import Fonts


def signers(batch: Batch) -> tuple[Unit, ...]:
    """The units that wrote something, in the order of 责任单位."""
    spoke = {answer.unit for answer in batch.answers if answer.answered or answer.versions}
    return tuple(unit for unit in batch.master.units if unit.code in spoke)


def name(unit: Unit) -> str:
    """A safe file name without a suffix; the code first, as in 下发."""
    return texts.file_name(cw.unit_file(unit.code, unit.name))


def pdf(batch: Batch, unit: Unit, fonts: "Fonts | None" = None) -> Printed:
    """A4 upright: every item due with the words and their count, then who signs."""
    wanted = Selection(units=frozenset({unit.code}), raw=True)
    bands = paper.compose(batch, (), wanted).bands
    items = [
        _item(batch, unit, found, block, row)
        for band in bands
        for found in band.lines
        for block in found.blocks
        for row in block.rows
    ]
    deadline, day = batch.master.deadline(unit), batch.now.date()
    document = {
        "title": line(cw.unit_title(batch.master.settings.name)),
        "unit": line(unit.name),
        "deadline": w.day(deadline) if deadline else "",
        "progress": _progress(items),
        "items": items,
        "total": sum(item["count"] for item in items if not item["pending"]),
        "undecided": sum(bool(item["pending"]) for item in items),
        "sign_off": w.SIGN_OFF,
        "day": w.day(day),
        "date": [day.year, day.month, day.day],
    }
    return typeset.typeset("unit.typ", document, fonts)


def _progress(items: list[Json]) -> str:
    """The numbers the form itself shows above its table."""
    blank = sum(item["blank"] for item in items)
    over = sum(item["over"] > 0 for item in items)
    return w.progress(len(items), len(items) - blank, blank, over)


def _item(batch: Batch, unit: Unit, indicator: Line, block: Block, row: Row) -> Json:
    requirement = batch.master.requirement[row.key]
    keyed = w.KEYED in row.tags
    source = batch.written(w.MERGED_SHEET, batch.master.key(unit.code, row.key), "代录来源")
    return {
        "place": (texts.visible(unit.name), row.key),
        "label": block.label,
        "also": block.also,
        "code": line(form.row_code(batch.master, unit.code, requirement)),
        "indicator": paragraphs(indicator.text),
        "material": paragraphs(block.material),
        "status": row.status,
        "blank": row.blank,
        "keyed": line(cw.keyed(source)) if keyed else "",
        "pending": row.pending,
        "note": row.note,
        "parts": [part(p.head, p.facts, p.text) for p in row.parts],
        "number": figures(row.number),
        "count": row.count,
        "limit": requirement.limit,
        "over": row.over,
        "evidence": [line(piece) for piece in row.evidence],
    }
