"""Any story of a campaign, and nothing anybody wrote is lost in it: what this program promises.

Bureaus return, correct, blank out, withdraw and send again; the clerk reviews, chooses, voids,
assigns, types in, rearranges, edits the master under way, sends back; in any order. It is played
on a real workspace: real forms filled by another program, the real 汇总表.xlsx edited and saved by
it. After every step

- what a bureau typed into a file that counts stands with its own assignment (in 汇总 or in
  多次报送不一致) or, where that is gone, in 未对应上的内容; of a file that counts no more the very
  bytes lie in 存档; of an answer that changed since it went back 改前改后 shows both;
- what the clerk typed stands where it was typed, or in 失去归属的批注 while its row is gone.

`pytest tests/test_story.py --steps 20000` plays other stories than the 2,000 steps that are the
same every time; every failure prints the shortest story that leads to it.
"""

import copy
import pickle
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from desks import (
    Line,
    column,
    edited,
    extent,
    lines,
    opened,
    put,
    saved,
    shuffle_rows,
    slots,
    table_alone,
    version_of,
)
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from openpyxl.comments import Comment
from openpyxl.workbook import Workbook
from samples import SETTINGS

from pdsfz_xl import campaign, engine, giveback, layout, ledger, master_book, merge
from pdsfz_xl import master as master_stage
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.model import Answer, Batch, Draft, DraftRow, Unit
from pdsfz_xl.workspace import Workspace

STEPS, LENGTH = 2_000, 50
"""Steps in all and in one story."""

Place = tuple[str, str]
"""Unit and requirement."""
Spot = tuple[str, str, str]
"""Sheet, row key and caption: where a word of the clerk's hangs."""
Words = dict[Spot, list[str]]
"""What stands at a spot; two only where a copy of the workbook said something else."""

OWN = "经办人记"
"""A column the clerk added."""


def test_nothing_anybody_wrote_is_lost(request, monkeypatch, capsys):
    monkeypatch.setattr(engine, "run", in_process)
    steps = request.config.getoption("--steps")
    Story.played = 0
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=-(-steps // LENGTH) + 1,
            stateful_step_count=LENGTH,
            derandomize=steps == STEPS,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\n{Story.played} steps")
    assert Story.played >= steps


def in_process(function, tasks, **_):
    """What a child reads, without the second it takes to start: `test_engine` has the children."""
    for task in tasks:
        yield task, pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(task)))))


# --- the campaign --------------------------------------------------------------------------

START = datetime(2019, 10, 8, 9, 0)
NAMES = {"01": "市发改委", "02": "市司法局", "03": "市公安局", "04": "市财政局", "05": "市审计局"}
DUTIES = {"01": ["01"], "02.1": ["01", "02"], "03": ["02"], "04": ["02", "03"]}


@cache
def first_master() -> bytes:
    """Units 01 to 03; 01 asks for a number."""
    kinds = {"01": {"填报类型": "数据", "计量单位": "件"}, "03": {"最少件数": "1"}}
    rows = tuple(
        DraftRow({**asked_for(key, f"要求{key}"), w.RESPONSIBLE: named(units), **kinds.get(key, {})})
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
def template() -> Path:
    """A workspace whose forms are made; every story starts with a copy."""
    ws = Workspace(Path(tempfile.mkdtemp(prefix="story-")))
    ws.write(ws.master, first_master())
    ws.dropzone.mkdir(parents=True)
    campaign.generate(ws, START)
    return ws.root


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


@dataclass(frozen=True)
class Copied:
    """A copy of the merged workbook: everything the clerk had written when it was made, and in it."""

    data: bytes
    words: Words
    chosen: dict[Place, str | None]

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


class Shown(NamedTuple):
    """What a batch or a merged workbook shows: by place, left over by file, the clerk's by spot."""

    said: dict[Place, set[str]]
    evidence: dict[Place, str]
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
    return Shown(said, evidence, left, words)


def spoken(answer: Answer) -> Iterator[str]:
    for version in answer.versions:
        yield from (version.text, version.choice, version.number_text)
        yield "" if version.number is None else f"{version.number:g}"


def in_workbook(book: Workbook) -> Shown:
    said: dict[Place, set[str]] = defaultdict(set)
    evidence, left, words = {}, set(), {}
    for sheet in book:
        for line in lines(sheet) if sheet.title in layout.ROW_KEYS else ():
            if sheet.title in (w.MERGED_SHEET, w.CONFLICT_SHEET):
                place = place_of(line.key)
                said[place] |= {line.said.get(c, "") for c in (w.ANSWER, w.STATUS, w.QUANTITY)}
                evidence.setdefault(place, line.said.get(w.EVIDENCE_SHEET, ""))
            if sheet.title == w.LEFTOVER_SHEET:
                left.add((line.said["文件"], line.said["内容"]))
            if sheet.title == w.ORPHAN_SHEET:
                words[orphan_of(line)] = line.said.get(w.CONTENT, "")
                continue
            for caption, text in line.said.items():
                words.setdefault((sheet.title, key_of(sheet.title, line), caption), text)
    return Shown(said, evidence, left, words)


def place_of(key: str) -> Place:
    _, unit, requirement = key.split("-")
    return unit, requirement


def orphan_of(line: Line) -> Spot:
    return line.said["工作表"], line.said["登记号"], line.said["栏目"]


def key_of(sheet: str, line: Line) -> str:
    """Words beside a version hang on that version; the rest of a conflict on its place."""
    return f"{line.key} {version_of(line)}" if sheet == w.CONFLICT_SHEET else line.key


def one(data, things: list[Any]) -> Any:
    """Any of them, however long its name is."""
    return things[data.draw(st.integers(0, len(things) - 1))]


# --- what can be drawn ---------------------------------------------------------------------

SHAPES = (
    "办理 {n} 件", "{n}", "第一段 {n}\n\n第二段：😀 𠮷", "无 {n}", "详见附件{n}。", "<b>&amp;{n}</b>",
    "={n}+1", "长" * 1_050 + "{n}", "2019年{n}件；联系电话 13800138000",
)  # fmt: skip
CHOICES = ("", "", "", w.ANSWERED, w.NOTHING, w.NOT_OURS)
FREE = [
    (w.MERGED_SHEET, "审核意见"), (w.MERGED_SHEET, "修改稿"), (w.MERGED_SHEET, "代录内容"),
    (w.MERGED_SHEET, "代录来源"), (w.MERGED_SHEET, w.ANSWER), (w.MERGED_SHEET, OWN),
    (w.MERGED_SHEET, "审核结论"), (w.FINAL_SHEET, "定稿文本"), (w.FINAL_SHEET, "审定人"),
    (w.REGISTER_SHEET, w.NOTE), (w.REGISTER_SHEET, "纸质版收到日期"),
    (w.REASSIGN_SHEET, "处理意见"), (w.OVERVIEW_SHEET, OWN), (w.FINDINGS_SHEET, OWN),
    (w.CONFLICT_SHEET, OWN), (w.LEFTOVER_SHEET, OWN), (w.CHANGED_SHEET, OWN),
]  # fmt: skip
"""Where the clerk writes whatever comes to mind."""
VERDICTS = {"审核结论": w.REVIEW_VERDICTS}
COMMENTED = (w.ANSWER, w.UNIT, "审核意见")


class Story(RuleBasedStateMachine):
    """What everybody did, remembered by the test alone."""

    played = 0
    met: Counter[str] = Counter()

    @initialize()
    def begin(self) -> None:
        root = Path(tempfile.mkdtemp(prefix="story-"))
        shutil.copytree(template(), root, dirs_exist_ok=True)
        self.ws = Workspace(root)
        self.now = START
        self.serial = 0
        self.units = {code: NAMES[code] for code in ("01", "02", "03")}
        self.duties = {key: list(units) for key, units in DUTIES.items()}
        self.deadline, self.extended = SETTINGS.deadline, {}
        self.forms: dict[str, list[bytes]] = defaultdict(list)
        self.fetch(self.ws.forms)
        self.zone: dict[str, Return | Copied] = {}
        self.known: dict[str, Return | Copied] = {}
        self.sent: dict[str, list[Return]] = defaultdict(list)
        self.seen: dict[str, tuple[datetime, str]] = {}
        self.kept: set[str] = set()
        self.absorbed: set[str] = set()
        self.words: Words = {}
        self.loose: list[str] = []
        self.chosen: dict[Place, str | None] = {}
        self.copies: list[Copied] = []
        self.returned: dict[Place, tuple[object, ...]] = {}
        self.archive: dict[str, tuple[int, int]] = {}
        self.archived: set[str] = set()
        self.extents: dict[str, dict[str, tuple[int, int]]] = {}
        self.touched: set[Spot] = set()
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

    def pending(self) -> list[Copied]:
        found = {f.digest: f for f in self.zone.values() if isinstance(f, Copied)}
        return [found[d] for d in sorted(found) if d not in self.absorbed]

    def written(self) -> Words:
        """The clerk's words, with those of the copies that came back."""
        words = copy.deepcopy(self.words)
        for copied in self.pending():
            for spot, pieces in copied.words.items():
                here = words.setdefault(spot, [])
                here += [piece for piece in pieces if piece not in here]
        return words

    def picked(self) -> dict[Place, str | None]:
        picked = dict(self.chosen)
        for copied in self.pending():
            for place, text in copied.chosen.items():
                picked[place] = text if picked.get(place, text) == text else None
        return picked

    def is_void(self, digest: str) -> bool:
        return self.written().get((w.REGISTER_SHEET, digest, "作废")) == [w.YES]

    # --- bureaus

    @rule(data=st.data())
    def a_bureau_fills_its_form(self, data) -> None:
        """Any form it ever got: the first, a later one, one that was sent back to it."""
        unit = data.draw(st.sampled_from(sorted(self.forms)))
        form = one(data, self.forms[unit])
        self.send(data, unit, form)

    @precondition(lambda self: any(self.sent.values()))
    @rule(data=st.data())
    def a_bureau_corrects_what_it_sent(self, data) -> None:
        unit = data.draw(st.sampled_from(sorted(u for u in self.sent if self.sent[u])))
        before = one(data, self.sent[unit])
        self.send(data, unit, before.data)

    def send(self, data, unit: str, form: bytes) -> None:
        book = opened(form)
        given = {slot.row: slot for slot in slots(book)}
        rows = data.draw(st.lists(st.sampled_from(sorted(given)), unique=True, max_size=3))
        for row in rows:
            if data.draw(st.integers(0, 4)) == 0:
                put(book, row, data.draw(st.sampled_from(layout.TO_FILL)), None)
                continue
            if data.draw(st.integers(0, 3)):
                put(book, row, w.ANSWER, self.text(data))
            if choice := data.draw(st.sampled_from(CHOICES)):
                put(book, row, w.STATUS, choice)
            if data.draw(st.integers(0, 3)) == 0:
                put(book, row, w.QUANTITY, self.next())
        loose = []
        if data.draw(st.integers(0, 4)) == 0:
            loose.append(f"另注{self.next()}")
            sheet, cell = data.draw(st.sampled_from([
                (w.FORM_SHEET, "P3"), (w.FORM_SHEET, "P7"), (w.GUIDE_SHEET, "H4"),
            ]))  # fmt: skip
            book[sheet][cell] = loose[0]
        if given and data.draw(st.integers(0, 4)) == 0:
            sheet = book[w.EVIDENCE_SHEET]
            slot = one(data, [given[row] for row in sorted(given)])
            code = book[w.FORM_SHEET].cell(slot.row, 1).value
            row = next(r for r in range(2, 100) if not sheet.cell(r, 2).value)
            sheet.cell(row, 1).value = code
            sheet.cell(row, 2).value = f"附件{self.next()}.pdf"
            sheet.cell(row, 6).value = f"说明{self.next()}"
        coded = data.draw(st.integers(0, 9)) > 0
        typed = tuple(self.typed(book, given, loose, coded))
        if not coded:
            book = table_alone(book)
        when = self.now - timedelta(hours=data.draw(st.integers(-30, 72)))
        returned = Return(unit, saved(book, when), typed, coded)
        self.extents[returned.digest] = extent(book)
        if coded:
            self.sent[unit].append(returned)
        own = sorted(n for n, f in self.zone.items() if isinstance(f, Return) and f.unit == unit)
        name = f"报送{self.next()}.xlsx"
        name = data.draw(st.sampled_from([name, name, *own]))
        note(f"{name}: {typed}")
        self.drop(name, returned)

    def text(self, data) -> str:
        said = data.draw(st.sampled_from(SHAPES)).format(n=self.next())
        before = sorted({t.said for f in self.known.values() if isinstance(f, Return)
                         for t in f.typed if t.kind == "text"})  # fmt: skip
        if before and data.draw(st.integers(0, 5)) == 0:
            return data.draw(st.sampled_from(before))
        return said

    def typed(self, book: Workbook, given, loose: list[str], coded: bool) -> Iterator[Typed]:
        """What stands where a bureau writes, but for what came with the form and is unchanged."""
        for slot in slots(book):
            place = slot.unit, slot.requirement
            before = given[slot.row].said
            choice, text = str(slot.said[w.STATUS] or ""), str(slot.said[w.ANSWER] or "")
            came = text == str(before[w.ANSWER] or "") and self.is_previous(before)
            if text and not (came and (choice.startswith(w.PREVIOUS) or not choice)):
                yield Typed(place, "text", texts.tidy(text))
            if choice and not choice.startswith(w.PREVIOUS):
                yield Typed(place, "choice", choice)
            if (number := slot.said[w.QUANTITY]) is not None and not self.is_previous(before):
                yield Typed(place, "figure", f"{number:g}")
        if coded:
            sheet = book[w.EVIDENCE_SHEET]
            for code, name, *_, note in sheet.iter_rows(2, 99, max_col=6, values_only=True):
                if name:
                    place = place_of("-".join(str(code).split("-")[:3]))
                    yield Typed(place, "evidence", name)
                    yield from [Typed(place, "evidence", note)] if note else []
            yield from (Typed(("", ""), "loose", said) for said in loose)

    def is_previous(self, before: dict[str, Any]) -> bool:
        return str(before[w.STATUS] or "").startswith(w.PREVIOUS)

    @precondition(lambda self: self.zone)
    @rule(data=st.data())
    def the_same_file_comes_twice(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.zone)))
        self.drop(f"{name.removesuffix('.xlsx')}(1).xlsx", self.zone[name])

    @precondition(lambda self: self.zone)
    @rule(data=st.data())
    def a_file_is_withdrawn(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.zone)))
        del self.zone[name]
        (self.ws.dropzone / name).unlink()

    @precondition(lambda self: self.archive_of_returns())
    @rule(data=st.data())
    def an_original_is_brought_back(self, data) -> None:
        """As finding F10 says: out of 存档, under another name."""
        path = one(data, self.archive_of_returns())
        digest = sha256(path.read_bytes()).hexdigest()
        self.drop(f"找回{self.next()}.xlsx", self.known[digest])

    def archive_of_returns(self) -> list[Path]:
        here = {file.digest[:8] for file in self.zone.values()}
        mine = {d[:8] for d, f in self.known.items() if isinstance(f, Return)} - here
        return [self.ws.archive_folder / n for n in sorted(self.archive) if n[-13:-5] in mine]

    # --- the clerk in the merged workbook

    def merged(self, *edits: Callable[[Workbook], object]) -> None:
        """The clerk opens the merged workbook, works in it and saves it."""
        self.ws.merged.write_bytes(edited(self.ws.merged.read_bytes(), self.now, *edits))

    def here(self) -> Workbook:
        return opened(self.ws.merged.read_bytes())

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_writes(self, data) -> None:
        book = self.here()
        self.write(data, book, self.words)
        self.ws.merged.write_bytes(saved(book, self.now))

    def write(self, data, book: Workbook, words: Words) -> None:
        """A few words into any columns; a cell that is emptied loses what stood there."""
        for _ in range(data.draw(st.integers(1, 3))):
            there = [(s, c) for s, c in FREE if s in book.sheetnames and book[s].max_row > 1]
            sheet, caption = data.draw(st.sampled_from(there))
            rows = [line for line in lines(book[sheet]) if line.key]
            if not rows:
                continue
            line = one(data, rows)
            said = data.draw(st.sampled_from(VERDICTS[caption])) if caption in VERDICTS else (
                f"批{self.next()}\n续"
            )  # fmt: skip
            spot = sheet, key_of(sheet, line), caption
            cell = book[sheet].cell(line.row, column(book[sheet], caption))
            note(f"{spot}: {said}")
            if caption == w.ANSWER:
                spot = sheet, line.key, w.PROPOSAL
                if spot not in self.touched:
                    self.touched.add(spot)
                    cell.value = said
                    words.setdefault(spot, []).append(said)
            elif data.draw(st.integers(0, 5)) == 0:
                cell.value = None
                words.pop(spot, None)
            else:
                cell.value = said
                words[spot] = [said]

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_writes_where_nothing_belongs(self, data) -> None:
        """A comment, a remark below the table, a sheet of his own."""
        book = self.here()
        said = f"记{self.next()}"
        sheet = book[data.draw(st.sampled_from([w.MERGED_SHEET, w.FINAL_SHEET, w.REGISTER_SHEET]))]
        where = data.draw(st.sampled_from(["comment", "below", "sheet"]))
        if where == "sheet":
            own = book["备忘"] if "备忘" in book.sheetnames else book.create_sheet("备忘")
            own.cell(own.max_row + 1, 2).value = said
        elif where == "below":
            sheet.cell(sheet.max_row + 2, 3).value = said
        else:
            captions = [c.value for c in sheet[1] if c.value in COMMENTED] or [sheet["A1"].value]
            row = data.draw(st.integers(1, sheet.max_row))
            cell = sheet.cell(row, column(sheet, data.draw(st.sampled_from(captions))))
            if cell.comment:
                return
            cell.comment = Comment(said, "经办人")
        self.loose.append(said)
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_rearranges(self, data) -> None:
        """Sorted, hidden, a column put in, a sheet copied: nothing is said by that."""
        book = self.here()
        sheet = book[data.draw(st.sampled_from([w.MERGED_SHEET, w.FINAL_SHEET, w.REGISTER_SHEET,
                                                w.CONFLICT_SHEET]))]  # fmt: skip
        match data.draw(st.sampled_from(["sort", "insert", "copy", "hide"])):
            case "sort" if sheet.max_row > 2:
                order = data.draw(st.permutations(range(sheet.max_row - 1)))
                shuffle_rows(sheet, order)
            case "insert":
                sheet.insert_cols(3)
            case "copy" if sheet.title in (w.MERGED_SHEET, w.FINAL_SHEET):
                book.copy_worksheet(sheet).title = f"{sheet.title} (2)"
                if len([s for s in book.sheetnames if s.startswith(sheet.title)]) > 2:
                    return
            case _:
                sheet.column_dimensions["E"].hidden = True
                sheet.row_dimensions[2].hidden = True
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_registers(self, data) -> None:
        """作废, 归属单位, 实际收到时间 of a file; 改派单位 of what is nobody's duty."""
        book = self.here()
        moment = f"{self.now - timedelta(days=data.draw(st.integers(0, 20))):%Y-%m-%d %H:%M}"
        units = sorted(self.units.values())
        sheet, caption, offered = data.draw(st.sampled_from([
            (w.REGISTER_SHEET, "作废", ["", w.YES]),
            (w.REGISTER_SHEET, "归属单位", ["", *units]),
            (w.REGISTER_SHEET, "实际收到时间", ["", moment]),
            (w.REASSIGN_SHEET, "改派单位", ["", *units]),
        ]))  # fmt: skip
        rows = [x for x in lines(book[sheet]) if x.key and len(x.key) != 2]
        if not rows:
            return
        line, said = one(data, rows), data.draw(st.sampled_from(offered))
        for twin in (x for x in rows if x.key == line.key):
            book[sheet].cell(twin.row, column(book[sheet], caption)).value = None
        book[sheet].cell(line.row, column(book[sheet], caption)).value = said or None
        self.words.pop((sheet, line.key, caption), None)
        if said:
            self.words[sheet, line.key, caption] = [said]
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_chooses_a_version(self, data) -> None:
        book = self.here()
        sheet = book[w.CONFLICT_SHEET]
        rows = list(lines(sheet))
        if not rows:
            return
        line = one(data, rows)
        mine = [x for x in rows if x.key == line.key]
        version = one(data, [None, *mine])
        for other in mine:
            sheet.cell(other.row, column(sheet, "采用")).value = None
        self.chosen.pop(place_of(line.key), None)
        if version:
            sheet.cell(line.row, column(sheet, "采用")).value = int(version.said["版本"])
            self.chosen[place_of(line.key)] = version.said.get(w.ANSWER, "")
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists() and w.ORPHAN_SHEET in self.here().sheetnames)
    @rule(data=st.data())
    def the_clerk_settles_a_lost_remark(self, data) -> None:
        book = self.here()
        sheet = book[w.ORPHAN_SHEET]
        line = one(data, list(lines(sheet)))
        if w.CONTENT not in line.said or orphan_of(line)[2] == "采用":
            return
        sheet.cell(line.row, column(sheet, w.CONTENT)).value = None
        self.words.pop(orphan_of(line), None)
        self.loose = [said for said in self.loose if said not in line.said[w.CONTENT]]
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def a_copy_is_taken_elsewhere_and_written_in(self, data) -> None:
        book, words = self.here(), copy.deepcopy(self.words)
        touched = set(self.touched)
        self.touched |= {spot for spot in words if spot[2] == w.PROPOSAL}
        self.write(data, book, words)
        self.touched = touched
        self.copies.append(Copied(saved(book, self.now), words, dict(self.chosen)))

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def that_copy_is_dropped(self, data) -> None:
        self.drop(f"汇总表-带走{self.next()}.xlsx", one(data, self.copies))

    # --- the clerk in the master

    def edit_master(self, edit: Callable[[Workbook], object]) -> None:
        self.ws.master.write_bytes(edited(self.ws.master.read_bytes(), self.now, edit))

    def row_of(self, book: Workbook, sheet: str, caption: str, said: str) -> int:
        at = column(book[sheet], caption)
        return next(r for r in range(2, 300) if book[sheet].cell(r, at).value == said)

    def name_duties(self, book: Workbook) -> None:
        sheet = book[w.TABLE_SHEET]
        for key, units in self.duties.items():
            row = self.row_of(book, w.TABLE_SHEET, "编码", key)
            sheet.cell(row, column(sheet, w.RESPONSIBLE)).value = "、".join(
                self.units[unit] for unit in units
            )

    @rule(data=st.data())
    def a_requirement_changes_hands(self, data) -> None:
        """To another unit, to one more, or to one less."""
        key = data.draw(st.sampled_from(sorted(self.duties)))
        units = data.draw(st.lists(st.sampled_from(sorted(self.units)), min_size=1, max_size=2,
                                   unique=True))  # fmt: skip
        self.duties[key] = units
        self.edit_master(self.name_duties)

    @rule(data=st.data())
    def a_requirement_is_reworded(self, data) -> None:
        key = data.draw(st.sampled_from(sorted(self.duties)))
        caption = data.draw(st.sampled_from([w.MATERIAL, w.INDICATOR, w.METHOD]))
        said = f"改写{self.next()}"

        def edit(book: Workbook) -> None:
            sheet = book[w.TABLE_SHEET]
            row = self.row_of(book, w.TABLE_SHEET, "编码", key)
            sheet.cell(row, column(sheet, caption)).value = said

        self.edit_master(edit)

    @precondition(lambda self: len(self.duties) > 2)
    @rule(data=st.data())
    def a_requirement_is_removed(self, data) -> None:
        key = data.draw(st.sampled_from(sorted(self.duties)))
        del self.duties[key]
        self.edit_master(
            lambda book: book[w.TABLE_SHEET].delete_rows(
                self.row_of(book, w.TABLE_SHEET, "编码", key)
            )
        )

    @precondition(lambda self: len(self.duties) < 6)
    @rule(data=st.data())
    def a_requirement_is_added(self, data) -> None:
        """A new one, or one under the key of one that was removed."""
        key = data.draw(st.sampled_from([k for k in ("01", "02.1", "03", "04", "05", "06") if k not in self.duties]
                                        ))  # fmt: skip
        self.duties[key] = [data.draw(st.sampled_from(sorted(self.units)))]
        said = f"新增{self.next()}"

        def edit(book: Workbook) -> None:
            sheet = book[w.TABLE_SHEET]
            at = column(sheet, "编码")
            row = next(r for r in range(2, 300) if not sheet.cell(r, at).value)
            for caption, value in asked_for(key, said).items():
                sheet.cell(row, column(sheet, caption)).value = value
            self.name_duties(book)

        self.edit_master(edit)

    @precondition(lambda self: len(self.units) > 2)
    @rule(data=st.data())
    def a_unit_is_removed(self, data) -> None:
        gone = data.draw(st.sampled_from(sorted(self.units)))
        name = self.units.pop(gone)
        self.extended.pop(gone, None)
        heir = min(self.units)
        for key, units in self.duties.items():
            self.duties[key] = [unit for unit in units if unit != gone] or [heir]

        def edit(book: Workbook) -> None:
            book[w.UNITS_SHEET].delete_rows(self.row_of(book, w.UNITS_SHEET, "单位名称", name))
            self.name_duties(book)

        self.edit_master(edit)

    @precondition(lambda self: len(self.units) < len(NAMES))
    @rule(data=st.data())
    def a_unit_is_added(self, data) -> None:
        """Also one that was there before."""
        code = data.draw(st.sampled_from(sorted(NAMES.keys() - self.units.keys())))
        self.units[code] = NAMES[code]
        key = data.draw(st.sampled_from(sorted(self.duties)))
        self.duties[key] = [*self.duties[key], code]

        def edit(book: Workbook) -> None:
            sheet = book[w.UNITS_SHEET]
            at = column(sheet, "代码")
            row = next(r for r in range(2, 300) if not sheet.cell(r, at).value)
            sheet.cell(row, at).value = code
            sheet.cell(row, column(sheet, "单位名称")).value = NAMES[code]
            self.name_duties(book)

        self.edit_master(edit)

    @rule(data=st.data())
    def a_unit_is_renamed(self, data) -> None:
        code = data.draw(st.sampled_from(sorted(self.units)))
        old, new = self.units[code], f"{NAMES[code][:2]}新{self.next()}局"
        self.units[code] = new

        def edit(book: Workbook) -> None:
            sheet = book[w.UNITS_SHEET]
            row = self.row_of(book, w.UNITS_SHEET, "单位名称", old)
            sheet.cell(row, column(sheet, "单位名称")).value = new
            alias = sheet.cell(row, column(sheet, "别名"))
            alias.value = "、".join(filter(None, [alias.value, old]))
            self.name_duties(book)

        self.edit_master(edit)

    @rule(data=st.data())
    def a_deadline_is_moved(self, data) -> None:
        """For everybody, or for one unit, which gets more days than the rest."""
        code = data.draw(st.sampled_from(["", *sorted(self.units)]))
        first = self.deadline if code else date(2019, 10, 9)
        last = date(2019, 11, 9) if code else min([date(2019, 10, 31), *self.extended.values()])
        day = first + timedelta(days=data.draw(st.integers(0, (last - first).days)))

        def edit(book: Workbook) -> None:
            if code:
                sheet = book[w.UNITS_SHEET]
                row = self.row_of(book, w.UNITS_SHEET, "单位名称", self.units[code])
                sheet.cell(row, column(sheet, "延期至")).value = day
            else:
                sheet = book[w.SETTINGS_SHEET]
                sheet.cell(self.row_of(book, w.SETTINGS_SHEET, sheet["A1"].value, "报送截止日期"),
                           2).value = day  # fmt: skip

        self.edit_master(edit)
        if code:
            self.extended[code] = day
        else:
            self.deadline = day

    @rule(data=st.data())
    def a_finding_is_waived(self, data) -> None:
        code = data.draw(st.sampled_from(sorted(self.units)))
        key = data.draw(st.sampled_from(["", *sorted(self.duties)]))
        broken = data.draw(st.sampled_from(["G02", "L01", "S01", "X01", "T02"]))

        def edit(book: Workbook) -> None:
            sheet = book[w.WAIVERS_SHEET]
            row = next(r for r in range(2, 300) if not sheet.cell(r, 1).value)
            said = [self.units[code], key, broken, "经领导同意", "李四", "2019-10-20"]
            for at, value in enumerate(said, 1):
                sheet.cell(row, at).value = value

        self.edit_master(edit)

    # --- commands

    @rule(minutes=st.integers(1, 8 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.later(minutes)

    @rule()
    def collect(self) -> None:
        """And once more: nothing is written, and the same is said."""
        before = self.merged_bytes()
        done = campaign.collect(self.ws, self.later())
        self.take_in()
        self.book = self.here()
        self.touched.clear()
        self.look_at_archive()
        if before and before != self.merged_bytes():
            assert sha256(before).hexdigest() in self.archived, "a merged workbook is gone"
        tree = self.tree()
        assert campaign.collect(self.ws, self.now).more == done.more
        assert self.tree() == tree, "a collect after a collect wrote something"

    @rule(minutes=st.integers(1, 3 * 24 * 60))
    def collect_another_day(self, minutes: int) -> None:
        self.later(minutes)
        self.collect()

    def merged_bytes(self) -> bytes:
        return self.ws.merged.read_bytes() if self.ws.merged.exists() else b""

    def take_in(self) -> None:
        """What a command that reads for good has seen from now on."""
        self.words, self.chosen = self.written(), self.picked()
        self.absorbed |= {copied.digest for copied in self.pending()}
        for name in sorted(self.zone):
            file = self.zone[name]
            if file.digest not in self.seen:
                self.seen[file.digest] = self.now, w.DROPZONE + name
            if isinstance(file, Return):
                void = self.is_void(file.digest)
                self.kept = self.kept - {file.digest} if void else self.kept | {file.digest}

    def tree(self) -> dict[str, tuple[int, int]]:
        return {
            path.relative_to(self.ws.root).as_posix(): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in self.ws.root.rglob("*")
            if path.is_file() and not path.name.startswith(".lock")
        }

    @rule()
    def status_is_asked(self) -> None:
        tree = self.tree()
        campaign.status(self.ws, self.now)
        assert self.tree() == tree, "status wrote something"

    @precondition(lambda self: self.ws.merged.exists())
    @rule()
    def collect_while_the_workbook_is_open(self) -> None:
        owner = self.ws.merged.with_name("~$汇总表.xlsx")
        owner.write_bytes(b"")
        tree = self.tree()
        with pytest.raises(OperatorError, match="正在 Excel"):
            campaign.collect(self.ws, self.now)
        assert self.tree() == tree
        owner.unlink()

    @rule(refill=st.booleans())
    def forms_are_generated(self, refill: bool) -> None:
        before = [path.read_bytes() for path in self.ws.forms.glob("*.xlsx")]
        campaign.generate(self.ws, self.later(), before=self.ws if refill else None)
        self.fetch(self.ws.forms)
        now = {path.read_bytes() for path in self.ws.forms.glob("*.xlsx")}
        self.look_at_archive()
        for data in before:
            assert data in now or sha256(data).hexdigest() in self.archived, "a form is gone"

    @rule()
    def corrections_are_asked_for(self) -> None:
        batch = self.look().batch
        done = campaign.give_back(self.ws, self.later())
        for answer in batch.answers:
            if self.units[answer.unit] in done.more["units"]:
                place = answer.unit, answer.requirement
                self.returned[place] = (answer.status, answer.text, answer.number)
        if "returns" in done.outputs:
            self.fetch(self.ws.root / done.outputs["returns"])

    @rule()
    def the_master_follows(self) -> None:
        before = self.ws.master.read_bytes()
        try:
            campaign.lint(self.ws, self.later(), fix=True)
        except OperatorError:
            raise
        plan = master_stage.read(self.ws.master)
        assert {r.key for r in plan.requirements} == self.duties.keys()
        self.duties = {r.key: [duty.unit for duty in r.duties] for r in plan.requirements}
        if self.ws.master.read_bytes() != before:
            self.look_at_archive()
            assert sha256(before).hexdigest() in self.archived, "a master is gone"

    # --- what must hold after every step

    def look(self) -> Look:
        with ledger.opened(self.ws.ledger, readonly=True) as book:
            return take_look(self.ws, self.now, campaign._quiet, book)

    @invariant()
    def everything_is_there(self) -> None:
        if not hasattr(self, "ws"):
            return
        Story.played += 1
        seen = self.look()
        self.look_at_archive()
        batch = seen.batch
        assert {(a.unit, a.requirement) for a in batch.answers} == self.assigned()
        shows = [in_batch(batch)]
        if self.book:
            shows.append(in_workbook(self.book))
        for shown in shows:
            self.what_bureaus_typed(shown)
            self.what_the_clerk_typed(shown, rows=len(shows) > 1 and shown is shows[1])
        self.originals_are_kept()
        self.the_order_of_files_never_matters(seen)
        self.the_choice_stands(batch)
        self.late_is_late(batch)
        self.what_went_is_said(seen)
        self.changes_are_shown(batch)
        self.findings_name_cells_there_are(seen)
        self.count(seen)
        self.book = None

    def count(self, seen: Look) -> None:
        """What the stories came to, so that none of the promises above is an empty one."""
        batch, words = seen.batch, self.written()
        here = {file.digest for file in self.zone.values()}
        Story.met += Counter(
            {
                "conflict": sum(a.open_conflict for a in batch.answers),
                "chosen": sum(a.decided for a in batch.answers),
                "chosen is gone": sum(bool(a.chosen) and not a.decided for a in batch.answers),
                "keyed": sum(a.keyed for a in batch.answers),
                "late": sum(a.late for a in batch.answers),
                "unconfirmed": sum(a.unconfirmed for a in batch.answers),
                "leftover": len(batch.leftover),
                "changed": len(batch.changed),
                "withdrawn": len(batch.withdrawn),
                "void": sum(map(self.is_void, here)),
                "duplicate": sum(f.verdict == "duplicate" for f in batch.received),
                "assigned": sum(spot[2] == "归属单位" for spot in words),
                "copied": len(self.pending()),
                "two words": sum(len(pieces) > 1 for pieces in words.values()),
                "loose": len(self.loose),
                "orphan": sum(
                    line.key != "" for line in lines(self.book[w.ORPHAN_SHEET])
                ) if self.book and w.ORPHAN_SHEET in self.book.sheetnames else 0,
                **{f.rule: 1 for f in seen.findings},
            }
        )  # fmt: skip

    def look_at_archive(self) -> None:
        """It only grows."""
        there = {}
        for path in self.ws.archive_folder.glob("*"):
            there[path.name] = path.stat().st_mtime_ns, path.stat().st_size
            if path.name not in self.archive:
                self.archived.add(sha256(path.read_bytes()).hexdigest())
        assert there.items() >= self.archive.items(), "something left 存档, or changed there"
        self.archive = there

    def what_bureaus_typed(self, shown: Shown) -> None:
        everywhere = set().union(*shown.said.values())
        left_anywhere = {text for _, text in shown.left}
        for name, file in self.zone.items():
            if isinstance(file, Copied) or self.is_void(file.digest):
                continue
            paths = {w.DROPZONE + n for n, f in self.zone.items() if f.digest == file.digest}
            left = {text for path, text in shown.left if path in paths}
            loosely = (w.REGISTER_SHEET, file.digest, "归属单位") in self.written()
            for typed in file.typed:
                if typed.said in left:
                    continue
                if not file.coded or loosely:
                    assert typed.said in everywhere | left_anywhere, (name, typed)
                elif typed.kind == "evidence":
                    assert typed.said in shown.evidence.get(typed.place, ""), (name, typed)
                else:
                    assert typed.said in shown.said.get(typed.place, ()), (name, typed)

    def what_the_clerk_typed(self, shown: Shown, *, rows: bool) -> None:
        for spot, pieces in self.written().items():
            for piece in pieces:
                assert piece in shown.words.get(spot, ""), (spot, piece)
        for said in self.loose:
            assert any(said in text for text in shown.words.values()), said

    def originals_are_kept(self) -> None:
        """What we have read for good is in 存档, whatever became of the file since."""
        for digest in self.seen:
            if isinstance(self.known[digest], Return):
                assert digest in self.archived, self.seen[digest]

    def the_order_of_files_never_matters(self, seen: Look) -> None:
        arrivals = sorted(seen.intake.arrivals, key=lambda a: sha256(a.path.encode()).digest())
        batch = merge.batch(
            seen.batch.master,
            arrivals,
            seen.batch.clerk,
            self.now,
            merged_path=seen.batch.merged_path,
            withdrawn=seen.batch.withdrawn,
        )
        assert replace(batch, changed=seen.batch.changed) == seen.batch

    def the_choice_stands(self, batch: Batch) -> None:
        """As long as the version that was chosen is there, it is the one that counts."""
        for place, text in self.picked().items():
            answer = batch.answer.get(place)
            if answer and text and [v.text for v in answer.versions].count(text) == 1:
                assert answer.text == text, (place, text, answer)
                assert not answer.open_conflict

    def late_is_late(self, batch: Batch) -> None:
        words = self.written()
        for answer in batch.answers:
            if not answer.answered or answer.keyed or not answer.source:
                continue
            file = self.file(answer.source.file)
            assert file is not None
            moment = self.seen.get(file.digest, (self.now, ""))[0]
            said = words.get((w.REGISTER_SHEET, file.digest, "实际收到时间"), [])
            if len(said) == 1:
                moment = datetime.fromisoformat(said[0])
            deadline = self.extended.get(answer.unit, self.deadline)
            assert answer.late == (moment.date() > deadline), answer

    def what_went_is_said(self, seen: Look) -> None:
        here = {file.digest for file in self.zone.values()}
        gone = {self.seen[digest][1] for digest in self.kept - here}
        assert {f.where.file for f in seen.findings if f.rule == "F10"} == gone

    def changes_are_shown(self, batch: Batch) -> None:
        now = {(a.unit, a.requirement): (a.status, a.text, a.number) for a in batch.answers}
        changed = {p for p in now.keys() & self.returned.keys() if now[p] != self.returned[p]}
        shown = {(c.unit, c.requirement): (c.before, c.after) for c in batch.changed}
        assert shown.keys() == changed
        for place, (before, after) in shown.items():
            assert self.returned[place][1] in before
            assert now[place][1] in after

    def findings_name_cells_there_are(self, seen: Look) -> None:
        for finding in seen.findings:
            file, sheet, cell = finding.where
            there = self.extent_of(file) if cell else None
            if there is None:
                continue
            assert sheet in there, finding
            row = int("".join(filter(str.isdigit, cell)))
            assert row <= there[sheet][0], finding

    def extent_of(self, path: str) -> dict[str, tuple[int, int]] | None:
        if path == self.ws.relative(self.ws.merged):
            return extent(self.book) if self.book else None
        file = self.file(path)
        digest = file.digest if file else sha256((self.ws.root / path).read_bytes()).hexdigest()
        if digest not in self.extents:
            self.extents[digest] = extent(opened((self.ws.root / path).read_bytes()))
        return self.extents[digest]
