"""What paper says in, the texts of its table and of its overview out, cell by cell.

For the printed workbook and the document: they say the same, and what cannot be seen is spelt out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import typeset
from pdsfz_xl import wording as w
from pdsfz_xl.paper import Band, Block, Line, Overview, Paper, Row
from pdsfz_xl.states import UnitStatus

CAPTIONS = (
    w.NUMBER, w.INDICATOR, w.MATERIAL, w.UNIT, w.STATUS, w.ANSWER, w.COUNT, w.QUANTITY,
    w.EVIDENCE_SHEET,
)  # fmt: skip
LABELS = 3
"""The first columns belong to an indicator and to a requirement, the others to a row."""
SAID = CAPTIONS.index(w.ANSWER)


class Entry(NamedTuple):
    """A line of the table. `cells` are its own, from 单位 on; the last goes on to the last column.

    `row` is what it was made from, None for a line that only says something about its requirement
    or indicator.
    """

    band: str
    number: str
    indicator: str
    block: str
    """The requirement's key, or empty."""
    material: str
    cells: tuple[str, ...]
    row: Row | None = None
    loud: bool = False
    """Whether nobody may overlook it."""


def entries(paper: Paper) -> Iterator[Entry]:
    """The table line by line, as the PDF has it."""
    for band in paper.bands:
        for line in band.lines:
            yield from _of_indicator(band, line)


def _of_indicator(band: Band, line: Line) -> Iterator[Entry]:
    heads = pw.band(*map(seen, (band.level1, band.level2)))
    number, indicator = str(line.number), paragraphs(line.text)
    for block in line.blocks:
        for cells, row, loud in _of_block(block):
            material = "\n".join(p for p in (paragraphs(block.material), block.also) if p)
            yield Entry(heads, number, indicator, block.key, material, cells, row, loud)
    if not line.blocks:
        cells = (seen("、".join(line.units)), line.instead)
        yield Entry(heads, number, indicator, "", paragraphs(line.material), cells)


def figure_width(paper: Paper) -> float:
    """The em that 数量 needs so that no figure in it breaks."""
    blocks = (block for band in paper.bands for line in band.lines for block in line.blocks)
    return typeset.figure_width(row.number for block in blocks for row in block.rows)


def notes() -> Iterator[str]:
    """What the table may say of itself, whatever stands in it now."""
    yield from (f"{word}　{note}" for word, note in pw.SEVERAL.items())
    yield pw.NO_UNITS
    yield w.NOTHING_DUE


def _of_block(block: Block) -> Iterator[tuple[tuple[str, ...], Row | None, bool]]:
    if block.pending:
        yield (f"{block.pending}　{block.note}",), None, True
    for row in block.rows:
        yield _cells(row), row, row.blank or bool(row.pending)
    if not block.rows:
        yield (pw.NO_UNITS,), None, True


def _cells(row: Row) -> tuple[str, ...]:
    over = (pw.over(row.over),) if row.over else ()
    return (
        unit(row),
        "\n".join((*([row.status] if row.status else []), *row.tags)),
        "\n".join(text for text, _ in said(row)),
        "\n".join((str(row.count), *over)) if row.count else "",
        seen(row.number),
        "\n".join(map(seen, row.evidence)),
    )


def unit(row: Row) -> str:
    return w.with_role(seen(row.unit), row.role)


def said(row: Row) -> Iterator[tuple[str, bool]]:
    """What stands under 情况说明: paragraphs, and whether each is a heading and not a text."""
    if row.blank:
        yield w.UNANSWERED, True
    if row.absent:
        yield seen(pw.absent(row.absent)), True
    if row.pending:
        yield f"{row.pending}　{row.note}", True
    for part in row.parts:
        if part.head:
            yield seen(f"{part.head}　{part.facts}"), True
        if text := paragraphs(part.text):
            yield from ((line, False) for line in text.split("\n"))


def seen(text: str) -> str:
    """A text without blanks at its ends, and with what cannot be seen spelt out."""
    return typeset.seen(texts.tidy(text))


def paragraphs(text: str) -> str:
    """The lines of a text that say something, without the blanks that indent them."""
    lines = (seen(line).strip(texts.BLANKS) for line in texts.tidy(text).split("\n"))
    return "\n".join(line for line in lines if line)


# --- the overview --------------------------------------------------------------------------


class Overlines(NamedTuple):
    """The overview as text: what stands on the cover, then headings with their lines."""

    title: str
    below: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    units: tuple[tuple[str, tuple[str, ...]], ...]
    """The section that has a line for each unit."""


def overview(paper: Paper) -> Overlines:
    said = paper.overview
    below: tuple[str, ...] = ("　　".join(part for part in (said.issuer, w.day(said.day)) if part),)
    below += (said.document_number,) if said.document_number else ()
    below = (f"（{'，'.join(paper.scope)}）", *below) if paper.scope else below
    sections = {
        pw.STANDS: tuple(_figures(said)),
        pw.ABSENT: tuple(_absent(said)),
        pw.PROBLEMS: tuple(pw.grade(g.grade, g.word, g.open, g.waived) for g in said.grades),
        pw.ASIDES: tuple(
            pw.listed(a.word, [pw.item(*item) for item in a.items]) for a in said.asides if a.items
        ),
    }
    units = tuple(
        seen(pw.unit_line(u.name, u.assigned, u.answered, u.over, u.word, late=u.late))
        for u in said.units
    )
    return Overlines(
        seen(pw.title(said.campaign)),
        tuple(map(seen, below)),
        tuple((head, tuple(map(seen, lines))) for head, lines in sections.items() if lines),
        ((pw.UNITS, units),) if units else (),
    )


def _figures(said: Overview) -> Iterator[str]:
    deadline = w.day(said.deadline) if said.deadline else ""
    yield pw.until(deadline, w.day(said.day))
    due = sum(s.units for s in said.standings if s.status != UnitStatus.NOTHING_DUE)
    yield pw.figures(pw.DUE_UNITS, due, [(s.word, s.units) for s in said.standings])
    figures = [
        (pw.ANSWERED_ITEMS, said.answered),
        (w.UNANSWERED, said.assigned - said.answered),
        (w.OVER, said.over),
        (w.LATE, said.late),
        (w.PENDING_CHOICE, said.open),
    ]
    yield pw.figures(pw.DUE_ITEMS, said.assigned, figures)


def _absent(said: Overview) -> Iterator[str]:
    missing = [u.name for u in said.units if u.status == UnitStatus.MISSING]
    partial = [u for u in said.units if u.status == UnitStatus.PARTIAL]
    keying = [u.name for u in said.units if u.status == UnitStatus.RECEIVED]
    if missing:
        yield pw.listed(pw.missing_units(len(missing)), missing)
    for unit in partial:
        yield pw.lacks(unit.name, unit.missing)
    if keying:
        yield pw.listed(w.KEYING, keying)
    if not (missing or partial or keying):
        yield pw.ALL_IN
