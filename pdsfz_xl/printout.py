"""What paper says in, 汇总表.pdf out: the cover, then every answer by indicator."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pdsfz_xl import paper_text, typeset, wrapping
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.changes import Change, Latecomer, Side
from pdsfz_xl.paper import Band, Block, Line, Overview, Paper, Row
from pdsfz_xl.redline import Run
from pdsfz_xl.typeset import Json, Printed, facts, figures, line, paragraphs, part

if TYPE_CHECKING:
    from pdsfz_xl.typeset import Fonts


@dataclass(frozen=True, kw_only=True)
class Style:
    """How 汇总表.pdf looks."""

    sheet: str = "A3"
    """A3 or A4, landscape."""
    layout: str = "band"
    """`band`: 一级 and 二级指标 above their indicators, on every page; `columns`: beside them."""
    copies: int = 0
    """As said on the cover; 0 leaves it to be filled in by hand."""
    draft: str = ""
    """工作稿 or 第2稿."""
    since: str = ""
    """The print the change list compares with, as 第1稿（2019年10月25日）."""


PLAIN = Style()

LARGE, SMALL = 12.0, 10.5
"""小四 and 五号, in points."""

PAGE_HOLDS = 1600
"""No A3 page takes more characters of answers than that when it is set large: 41 in 38 lines."""

FRONT = 2
"""The cover and the overview."""
LARGE_PAGES = 8
"""The table is set large while it stays within so many pages."""


def pdf(
    paper: Paper,
    style: Style = PLAIN,
    changes: Sequence[Change] | None = None,
    latecomers: Sequence[Latecomer] = (),
    fonts: "Fonts | None" = None,
) -> Printed:
    """The merged sheet, with a change list and with what came too late where they are given.

    `fonts` are the machine's and the packaged ones by default.
    """
    fonts = fonts or typeset.available_fonts()
    document = {
        **_overview(paper.overview),
        "bands": [_band(band) for band in paper.bands],
        "whole": paper.whole,
        "scope": line("，".join(paper.scope)),
        "sheet": style.sheet.lower(),
        "layout": style.layout,
        "copies": style.copies,
        "draft": style.draft,
        "changes": None,
        "latecomers": [],
        "figure": paper_text.figure_width(paper) * wrapping.WIDEST,
    }
    size = _size(document, paper, fonts)
    more = {
        "changes": None if changes is None else _changes(changes, style),
        "latecomers": [_latecomer(late) for late in latecomers],
    }
    return typeset.typeset("merged.typ", {**document, **more, "size": size}, fonts)


def _size(document: Json, paper: Paper, fonts: "Fonts") -> float:
    """Large, if the table alone does not get too many pages by it."""
    if _written(paper) > LARGE_PAGES * PAGE_HOLDS:
        return SMALL
    printed = typeset.typeset("merged.typ", {**document, "size": LARGE}, fonts)
    return LARGE if printed.pages - FRONT * paper.whole <= LARGE_PAGES else SMALL


def _written(paper: Paper) -> int:
    """All characters under 情况说明."""
    blocks = (block for band in paper.bands for line in band.lines for block in line.blocks)
    return sum(len(part.text) for block in blocks for row in block.rows for part in row.parts)


def _overview(overview: Overview) -> Json:
    return {
        "title": line(pw.title(overview.campaign)),
        "issuer": line(overview.issuer),
        "document_number": line(overview.document_number),
        "deadline": w.day(overview.deadline) if overview.deadline else "",
        "date": [overview.day.year, overview.day.month, overview.day.day],
        "day": w.day(overview.day),
        "standings": [asdict(count) for count in overview.standings],
        "assigned": overview.assigned,
        "answered": overview.answered,
        "over": overview.over,
        "late": overview.late,
        "open": overview.open,
        "grades": [asdict(count) for count in overview.grades],
        "units": [
            {**asdict(unit), "name": line(unit.name), "paper": line(unit.paper)}
            for unit in overview.units
        ],
        "aside": [
            {
                "word": aside.word,
                "items": [{"unit": line(unit), "number": label} for unit, label in aside.items],
            }
            for aside in overview.asides
        ],
    }


# --- the merged sheet ----------------------------------------------------------------------


def _band(band: Band) -> Json:
    return {
        "head": line(pw.band(band.level1, band.level2)),
        "level1": line(band.level1),
        "level2": line(band.level2),
        "indicators": [_indicator(one) for one in band.lines],
    }


def _indicator(indicator: Line) -> Json:
    return {
        "number": indicator.number,
        "text": paragraphs(indicator.text),
        "material": paragraphs(indicator.material),
        "units": [line(name) for name in indicator.units],
        "instead": indicator.instead,
        "blocks": [_block(block) for block in indicator.blocks],
    }


def _block(block: Block) -> Json:
    return {
        "material": paragraphs(block.material),
        "also": block.also,
        "pending": block.pending,
        "note": block.note,
        "rows": [_row(row) for row in block.rows],
    }


def _row(row: Row) -> Json:
    return {
        "place": (texts.visible(row.unit), row.key),
        "unit": "、".join(map(line, row.names)),
        "role": row.role,
        "status": row.status,
        "blank": row.blank,
        "tags": row.tags,
        "absent": [line(name) for name in row.absent],
        "pending": row.pending,
        "note": row.note,
        "parts": [part(p.head, p.facts, p.text) for p in row.parts],
        "count": row.count,
        "over": row.over,
        "number": figures(row.number),
        "evidence": [line(name) for name in row.evidence],
    }


# --- what changed, and what came too late --------------------------------------------------


def _changes(changes: Sequence[Change], style: Style) -> Json:
    kinds = Counter(kind for change in changes for kind in change.what)
    return {
        "before": style.since,
        "after": style.draft or pw.THIS,
        "summary": pw.changed(len(changes), kinds),
        "rows": [
            {
                "place": (texts.visible(change.unit), change.key),
                "label": change.label,
                "unit": line(change.unit),
                "what": change.what,
                "before": _side(change.before),
                "after": _side(change.after),
            }
            for change in changes
        ],
    }


def _side(side: Side | None) -> Json | None:
    if side is None:
        return None
    return {
        "blank": side.blank,
        "facts": [{"text": facts(run.text), "changed": run.changed} for run in side.facts],
        "lines": _lines(side.text),
    }


def _lines(runs: Sequence[Run]) -> list[list[Json]]:
    """The paragraphs of a marked text, each in runs."""
    lines: list[list[Json]] = [[]]
    for run in runs:
        for place, text in enumerate(run.text.split("\n")):
            if place:
                lines.append([])
            if text:
                lines[-1].append({"text": typeset.piece(text), "changed": run.changed})
    return [line for line in lines if line]


def _latecomer(late: Latecomer) -> Json:
    return {
        "place": (texts.visible(late.unit), late.key),
        "label": late.label,
        "unit": line(late.unit),
        "received": f"{late.received:%Y-%m-%d %H:%M}",
        "settled": f"{late.settled:%Y-%m-%d}",
        "facts": facts(pw.came(late.file, evidence=not late.text)),
        "paragraphs": paragraphs(late.text),
    }
