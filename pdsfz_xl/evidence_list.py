"""A batch in, 佐证材料目录 out: what proves each requirement, and where that lies.

What is listed without a file is said; so is a file nobody listed, and one that is filed under
nothing yet.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pdsfz_xl import companion_wording as cw
from pdsfz_xl import evidence, paper, typeset
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Evidence, Filed, Indicator, Requirement
from pdsfz_xl.states import Verdict
from pdsfz_xl.typeset import Json, Printed, line, paragraphs

if TYPE_CHECKING:
    from pdsfz_xl.typeset import Fonts


class Item(NamedTuple):
    """A piece: as a unit listed it, or a file that is there without being listed."""

    unit: str
    """A code, or empty."""
    name: str
    kind: str
    date: str
    pieces: int
    """0 for a file nobody listed."""
    file: str
    """Its path in out/6-材料, else the word why there is none."""
    delivered: bool
    listed: bool
    held: bool = False


def pdf(batch: Batch, fonts: "Fonts | None" = None) -> Printed:
    """A4 across, a page for each 一级指标; requirements in the notice's order."""
    found = _items(batch)
    items = [item for items in found.values() for item in items]
    groups = list(_groups(batch, found))
    settings, day = batch.master.settings, batch.now.date()
    document = {
        "title": line(cw.evidence_title(settings.name)),
        "issuer": line(settings.issuer),
        "summary": cw.evidence_summary(
            listed=sum(item.listed for item in items),
            delivered=sum(item.listed and item.delivered for item in items),
            held=sum(item.held for item in items),
            unlisted=sum(not item.listed for item in items),
        ),
        "groups": groups,
        "loose": [_item(batch, item) for item in found.pop("", ())],
        "day": w.day(day),
        "date": [day.year, day.month, day.day],
    }
    return typeset.typeset("evidence.typ", document, fonts)


# --- what there is -------------------------------------------------------------------------


def _items(batch: Batch) -> dict[str, list[Item]]:
    """By requirement, empty for what is filed under none yet; by unit in the order of the duties.

    Of held files nothing is said but that they are held, where a unit lists them.
    """
    held = [file for file in batch.received if file.verdict == Verdict.HELD]
    held_bytes = {file.sha256 for file in held}
    held_names = {texts.name_key(_last(file.path)) for file in held}
    shelf = {f: path for f, path in evidence.places(batch).items() if f.sha256 not in held_bytes}
    at = {(filed.path, filed.requirement): path for filed, path in shelf.items()}
    found: dict[str, list[Item]] = defaultdict(list)
    for piece in batch.evidence:
        path = at.get((piece.file, piece.requirement), "")
        is_held = not path and (piece.file or texts.name_key(piece.name) in held_names)
        found[piece.requirement].append(_listed(piece, path, held=bool(is_held)))
    known = {item.file for items in found.values() for item in items}
    for filed, path in shelf.items():
        if path not in known:
            known.add(path)
            found[filed.requirement].append(_unlisted(filed, path))
    for key, items in found.items():
        duties = batch.master.requirement[key].duties if key else ()
        order = {duty.unit: i for i, duty in enumerate(duties)}
        items.sort(key=lambda item: order.get(item.unit, len(order)))
    return found


def _last(path: str) -> str:
    return path.replace(w.INSIDE, "/").rpartition("/")[2]


def _listed(piece: Evidence, path: str, *, held: bool) -> Item:
    return Item(
        unit=piece.unit,
        name=piece.name,
        kind=piece.kind,
        date=piece.date,
        pieces=piece.pieces,
        file=path or (cw.HELD if held else cw.NO_FILE),
        delivered=bool(path),
        listed=True,
        held=held,
    )


def _unlisted(filed: Filed, path: str) -> Item:
    return Item(
        unit=filed.unit,
        name=filed.name,
        kind=cw.NOT_LISTED,
        date="",
        pieces=0,
        file=path,
        delivered=True,
        listed=False,
    )


# --- on paper ------------------------------------------------------------------------------


def _groups(batch: Batch, found: Mapping[str, list[Item]]) -> Iterator[Json]:
    """The requirements of one 一级指标 that follow each other."""
    group: Json = {}
    for indicator, requirements in batch.master.by_indicator:
        for requirement in requirements:
            level1 = line(indicator.level1)
            if group and group["level1"] != level1:
                yield group
                group = {}
            group = group or {"level1": level1, "entries": []}
            group["entries"].append(_entry(batch, indicator, requirement, found))
    if group:
        yield group


def _entry(
    batch: Batch, indicator: Indicator, requirement: Requirement, found: Mapping[str, list[Item]]
) -> Json:
    items = found.get(requirement.key, ())
    return {
        "label": paper.label(batch, requirement.key),
        "indicator": paragraphs(indicator.text),
        "material": paragraphs(requirement.material),
        "asked": cw.pieces_asked(requirement.pieces) if requirement.pieces else "",
        "items": [_item(batch, item, requirement.key) for item in items],
    }


def _item(batch: Batch, item: Item, key: str = "") -> Json:
    unit = batch.master.unit.get(item.unit)
    return {
        "place": (texts.visible(unit.name) if unit else "", key),
        "unit": line(unit.name if unit else w.UNKNOWN),
        "name": line(item.name),
        "kind": line(item.kind),
        "date": line(item.date),
        "pieces": item.pieces,
        "file": line(item.file),
        "delivered": item.delivered,
    }
