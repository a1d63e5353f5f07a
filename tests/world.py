"""A small campaign as a test remembers it: who has which form, what lies where, who wrote what."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from desks import Line, lines, version_of
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from openpyxl.workbook import Workbook
from samples import SETTINGS

from pdsfz_xl import campaign, intake, layout, ledger, master_book
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.model import Answer, Batch, Draft, DraftRow, Unit
from pdsfz_xl.workspace import Workspace

"""Steps in all and in one story."""

Place = tuple[str, str]
"""Unit and requirement."""
Spot = tuple[str, str, str]
"""Sheet, row key and caption: where a word of the clerk's hangs."""
Words = dict[Spot, list[str]]
"""What stands at a spot; two only where a copy of the workbook said something else."""

OWN = "经办人记"
"""A column the clerk added."""

# --- the campaign --------------------------------------------------------------------------

START = datetime(2019, 10, 20, 9, 0)
NAMES = {"01": "市发改委", "02": "市司法局", "03": "市公安局", "04": "市财政局", "05": "市审计局"}
DUTIES = {"01": ["01"], "02.1": ["01", "02"], "03": ["02"], "04": ["02", "03"]}


@cache
def first_master() -> bytes:
    """Units 01 to 03; 01 asks for a number."""
    kinds = {"01": {"填报类型": "数据", "计量单位": "件"}, "03": {"最少件数": "1"}}
    rows = tuple(
        DraftRow(
            {**asked_for(key, f"要求{key}"), w.RESPONSIBLE: named(units), **kinds.get(key, {})}
        )
        for key, units in DUTIES.items()
    )
    units = tuple(Unit(code=code, name=NAMES[code]) for code in ("01", "02", "03"))
    return master_book.write(Draft(settings=SETTINGS, rows=rows, units=units))


def asked_for(key: str, said: str) -> dict[str, str]:
    """A row of the table that stands for itself, so that it can be deleted as a program does."""
    return {
        w.LEVEL1: f"一级{said}", w.LEVEL2: f"二级{said}", w.NUMBER: f"（{int(key[:2])}）",
        w.INDICATOR: said, w.METHOD: "材料查证", w.MATERIAL: f"材料{said}", "编码": key,
        "填报类型": "情况说明",
    }  # fmt: skip


def named(units: Iterable[str]) -> str:
    return "、".join(NAMES[unit] for unit in units)


@cache
def first_files() -> dict[str, bytes]:
    """A workspace whose forms are made, by path: every story starts with it."""
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace(Path(folder))
        ws.write(ws.master, first_master())
        campaign.generate(ws, START)
        return {ws.relative(p): p.read_bytes() for p in ws.root.rglob("*") if p.is_file()}


# --- what people wrote ---------------------------------------------------------------------


class Typed(NamedTuple):
    """What stands in a cell of a return: a text, choice, figure or piece of evidence of a place,
    or `loose`, somewhere else."""

    place: Place
    kind: str
    said: str


@dataclass(frozen=True)
class Return:
    """A file a bureau sent. `coded` says that its rows still carry their codes."""

    unit: str
    data: bytes
    typed: tuple[Typed, ...]
    coded: bool = True

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


class Choice(NamedTuple):
    """The text of the version the clerk chose, and the digests of those that were listed then."""

    text: str
    listed: frozenset[str]


@dataclass(frozen=True)
class Copied:
    """A copy of the merged workbook: what the clerk had written when it was made, and in it.

    `base` and `chosen_base` are what stood in it when a collect wrote it.
    """

    data: bytes
    words: Words
    chosen: dict[Place, Choice | None]
    base: Words
    chosen_base: dict[Place, Choice | None]

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


class Shown(NamedTuple):
    """What a batch or a merged workbook shows: by place, left over by file, the clerk's by spot."""

    said: dict[Place, set[str]]
    evidence: dict[Place, str]
    explained: dict[Place, str]
    left: set[tuple[str, str]]
    words: dict[Spot, str]


def in_batch(batch: Batch) -> Shown:
    said = {(a.unit, a.requirement): set(spoken(a)) for a in batch.answers}
    evidence: dict[Place, str] = defaultdict(str)
    for piece in batch.evidence:
        evidence[piece.unit, piece.requirement] += f"{piece.name} {piece.note}\n"
    words = {
        (sheet, key, caption): text
        for sheet, rows in batch.clerk.items()
        for key, cells in rows.items()
        for caption, text in cells.items()
    }
    left = {(x.where.file, texts.tidy(x.text)) for x in batch.leftover}
    explained = {p: "\n".join(e.text for e in all_) for p, all_ in batch.explained.items()}
    return Shown(said, evidence, explained, left, words)


def spoken(answer: Answer) -> Iterator[str]:
    for version in (*answer.versions, *answer.replaced):
        yield from (version.text, version.choice, version.number_text)
        yield "" if version.number is None else f"{version.number:g}"


def in_workbook(book: Workbook) -> Shown:
    said: dict[Place, set[str]] = defaultdict(set)
    evidence, explained, left, words, lost, rows = {}, {}, set(), {}, {}, set()
    for sheet in book:
        for line in lines(sheet) if sheet.title in layout.ROW_KEYS else ():
            if sheet.title in (w.MERGED_SHEET, w.CONFLICT_SHEET):
                place = place_of(line.key)
                said[place] |= {line.said.get(c, "") for c in (w.ANSWER, w.STATUS, w.QUANTITY)}
                evidence.setdefault(place, line.said.get(w.EVIDENCE_SHEET, ""))
                explained.setdefault(place, line.said.get(w.UNITS_WORD, ""))
            if sheet.title == w.LEFTOVER_SHEET:
                left.add((line.said["文件"], line.said["内容"]))
            if sheet.title == w.ORPHAN_SHEET:
                lost[orphan_of(line)] = line.said.get(w.CONTENT, "")
                continue
            for key in keys_of(sheet.title, line):
                rows.add((sheet.title, key))
                for caption, text in line.said.items():
                    words.setdefault((sheet.title, key, caption), text)
    assert not {spot[:2] for spot in lost} & rows, "lost, but its row is there"
    return Shown(said, evidence, explained, left, {**words, **lost})


def place_of(key: str) -> Place:
    _, unit, requirement = key.split("-")
    return unit, requirement


def orphan_of(line: Line) -> Spot:
    return line.said["工作表"], line.said["登记号"], line.said["栏目"]


def keys_of(sheet: str, line: Line) -> Iterator[str]:
    """And what is replied to an explanation hangs on the code of its finding."""
    yield key_of(sheet, line)
    if sheet == w.FINDINGS_SHEET and w.CODE in line.said:
        yield line.said[w.CODE]


def key_of(sheet: str, line: Line) -> str:
    """Words beside a version hang on that version; the rest of a conflict on its place."""
    return f"{line.key} {version_of(line)}" if sheet == w.CONFLICT_SHEET else line.key


def one(data, things: list[Any]) -> Any:
    """Any of them, however long its name is."""
    return things[data.draw(st.integers(0, len(things) - 1))]


class World(RuleBasedStateMachine):
    """What everybody did, remembered by the test alone."""

    def begin(self) -> None:
        self.ws = Workspace(Path(tempfile.mkdtemp(prefix="story-")))
        self.ws.write_all({self.ws.root / path: data for path, data in first_files().items()})
        self.ws.dropzone.mkdir()
        self.now = START
        self.serial = 0
        self.units = {code: NAMES[code] for code in ("01", "02", "03")}
        self.duties = {key: list(units) for key, units in DUTIES.items()}
        self.deadline, self.extended = SETTINGS.deadline, {}
        self.forms: dict[str, list[bytes]] = defaultdict(list)
        self.marked: list[tuple[str, bytes]] = []
        self.fetch(self.ws.forms)
        self.zone: dict[str, Return | Copied] = {}
        self.known: dict[str, Return | Copied] = {}
        self.sent: dict[str, list[Return]] = defaultdict(list)
        self.seen: dict[str, tuple[datetime, str]] = {}
        self.kept: set[str] = set()
        self.reviewed: set[str] = set()
        """The copies that were taken in."""
        self.words: Words = {}
        self.carried: Words = {}
        self.chosen_before: dict[Place, Choice | None] = {}
        """The clerk's words and choices as the last collect wrote them."""
        self.loose: list[str] = []
        self.chosen: dict[Place, Choice | None] = {}
        self.asked: dict[Place, date | None] = {}
        self.copies: list[Copied] = []
        self.returned: dict[Place, tuple[object, ...]] = {}
        self.archive: dict[str, tuple[int, int]] = {}
        self.archived: set[str] = set()
        self.extents: dict[str, dict[str, tuple[int, int]]] = {}
        self.touched: set[Spot] = set()
        self.filled: set[str] = set()
        """The sheets of the merged workbook that had rows when it was written last."""
        self.book: Workbook | None = None
        """The merged workbook as the last step wrote it, if it did."""

    def teardown(self) -> None:
        if hasattr(self, "ws"):
            shutil.rmtree(self.ws.root)

    # --- small helpers

    def next(self) -> int:
        self.serial += 1
        return 100 + self.serial

    def later(self, minutes: int = 7) -> datetime:
        self.now += timedelta(minutes=minutes)
        return self.now

    def assigned(self) -> set[Place]:
        return {(unit, key) for key, units in self.duties.items() for unit in units}

    def fetch(self, folder: Path) -> None:
        """Every bureau gets what lies there for it, and keeps what it had."""
        for path in sorted(folder.glob("*.xlsx")):
            data = path.read_bytes()
            unit = path.name[:2]
            if data not in self.forms[unit]:
                self.forms[unit].append(data)

    def drop(self, name: str, file: Return | Copied) -> None:
        self.zone[name] = file
        self.known[file.digest] = file
        (self.ws.dropzone / name).write_bytes(file.data)

    def file(self, path: str) -> Return | Copied | None:
        return self.zone.get(path.removeprefix(w.DROPZONE))

    def take_over(self, copied: Copied) -> None:
        """What was changed in a copy since it was written; what was changed here too stays."""
        for spot in {**copied.words, **copied.base}:
            new, before = copied.words.get(spot), copied.base.get(spot)
            here = self.words.get(spot)
            if new in (before, here):
                continue
            if here == before and new:
                self.words[spot] = list(new)
            elif here == before:
                del self.words[spot]
            elif new and here and spot[2] == w.PROPOSAL:
                self.words[spot] = [*here, *(piece for piece in new if piece not in here)]
            elif new:
                other = (*spot[:2], w.in_other_copy(spot[2]))
                said = self.words.setdefault(other, [])
                said += [piece for piece in new if piece not in said]
        for place in {**copied.chosen, **copied.chosen_base}:
            picks = (copied.chosen, copied.chosen_base, self.chosen)
            new, before, mine = (picked.get(place) for picked in picks)
            if mine == before != new:
                self.chosen.pop(place, None)
                if place in copied.chosen:
                    self.chosen[place] = copied.chosen[place]

    def is_void(self, digest: str) -> bool:
        return self.words.get((w.REGISTER_SHEET, digest, "作废")) == [w.YES]

    def merged_bytes(self) -> bytes:
        return self.ws.merged.read_bytes() if self.ws.merged.exists() else b""

    def tree(self) -> dict[str, tuple[int, int]]:
        return {
            path.relative_to(self.ws.root).as_posix(): (
                path.stat().st_mtime_ns,
                path.stat().st_size,
            )
            for path in self.ws.root.rglob("*")
            if path.is_file() and not path.name.startswith(".lock")
        }

    def look(self) -> Look:
        with ledger.opened(self.ws.ledger, readonly=True) as book:
            return take_look(self.ws, self.now, intake.quiet, book)
