"""Documents that came back and what we print now in, proposals for the clerk out.

A text that is not as it was printed becomes a proposal beside the row it is of, never the text
itself; whatever else somebody typed is left over, with its place.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pdsfz_xl import identity, paper_text
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.edited_paper import REST
from pdsfz_xl.model import FormRow, Leftover, Manifest, Where
from pdsfz_xl.paper import Paper
from pdsfz_xl.paper_text import CAPTIONS, LABELS, Entry
from pdsfz_xl.states import CellKind

Place = tuple[str, str]
"""Unit, empty for a settled text, and requirement."""


class Proposal(NamedTuple):
    """For a row of 汇总, or of 定稿 where the settled text was printed: the new text."""

    sheet: str
    key: str
    caption: str
    text: str


class Returned(NamedTuple):
    """What one document brought. `changed` are the requirements whose text is another one."""

    path: str
    changed: tuple[str, ...]
    emptied: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    leftover: tuple[Leftover, ...]


def read(documents: Mapping[str, Manifest], now: Paper) -> tuple[Returned, ...]:
    """What every document, by its path, brings. `now` is all that paper says now, unselected."""
    reader = _Reader(now)
    return tuple(reader.read(path, manifest) for path, manifest in sorted(documents.items()))


class _Reader:
    def __init__(self, now: Paper) -> None:
        self.now: dict[Place, Entry] = {}
        self.own = set(map(texts.squash, CAPTIONS))
        for entry in paper_text.entries(now):
            labels = (entry.band, entry.number, entry.indicator, entry.material)
            self.own.update(map(texts.squash, labels))
            if entry.row:
                settled = pw.FINAL in entry.row.tags
                self.now["" if settled else entry.row.units[0], entry.row.key] = entry
            else:
                self.own.update(map(texts.squash, entry.cells))
        self.own.update(map(texts.squash, paper_text.notes()))

    def read(self, path: str, manifest: Manifest) -> Returned:
        changed: list[str] = []
        emptied: list[str] = []
        proposals: list[Proposal] = []
        leftover = list(self.loose(path, manifest))
        for row in manifest.rows:
            code = identity.read_print_code(row.cells[w.CODE].text)
            if code is None:
                continue
            leftover += self.rest(path, row, (code.unit, code.requirement))
            said = row.cells[w.ANSWER]
            if said.ours:
                continue
            if text := _without_heading(said.text):
                changed.append(code.requirement)
                proposals += self.proposal(code, text)
            else:
                emptied.append(code.requirement)
        return Returned(path, tuple(changed), tuple(emptied), tuple(proposals), tuple(leftover))

    def proposal(self, code: identity.PrintCode, text: str) -> Iterator[Proposal]:
        """Nothing where that is what we print already."""
        entry = self.now.get((code.unit, code.requirement))
        if entry and _answer(entry) == text:
            return
        if code.unit:
            key = "-".join((code.campaign, code.unit, code.requirement))
            yield Proposal(w.MERGED_SHEET, key, w.PROPOSAL, text)
        else:
            yield Proposal(w.FINAL_SHEET, code.requirement, w.FINAL_PROPOSAL, text)

    def loose(self, path: str, manifest: Manifest) -> Iterator[Leftover]:
        for sheet, typed in manifest.loose:
            known = typed.kind != CellKind.COMMENT and texts.squash(typed.text) in self.own
            if typed.text.strip() and not typed.ours and not known:
                yield Leftover(Where(path, sheet, typed.cell), typed.text)

    def rest(self, path: str, row: FormRow, place: Place) -> Iterator[Leftover]:
        """The other cells of a row that was touched, but those that say what we print now."""
        entry = self.now.get(place)
        printed = dict(zip(CAPTIONS[LABELS:], entry.cells, strict=False)) if entry else {}
        for caption in REST:
            typed = row.cells.get(caption)
            if not typed or not typed.text or typed.ours:
                continue
            if texts.squash(typed.text) != texts.squash(printed.get(caption, "")):
                yield Leftover(Where(path, row.sheet, typed.cell), typed.text)


def _answer(entry: Entry) -> str:
    return entry.cells[CAPTIONS.index(w.ANSWER) - LABELS]


def _without_heading(text: str) -> str:
    """Without the word that stands where nothing was answered."""
    first, _, rest = text.partition("\n")
    return rest if first == w.UNANSWERED else text


def cells(returned: Iterable[Returned]) -> dict[str, dict[str, dict[str, str]]]:
    """Proposals as the clerk's columns; two for one row are both kept, each once."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for proposal in (p for one in returned for p in one.proposals):
        row = found.setdefault(proposal.sheet, {}).setdefault(proposal.key, {})
        said = row.get(proposal.caption, "")
        if proposal.text not in said.split(f"\n{w.ALSO_SAID}\n"):
            both = f"{said}\n{w.ALSO_SAID}\n{proposal.text}" if said else proposal.text
            row[proposal.caption] = both
    return found
