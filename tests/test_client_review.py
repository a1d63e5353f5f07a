"""A clerk reviews the whole campaign in a real client: a thousand entries, none of them lost.

All thousand with --deep, else every seventh.

Every column of design §5b, a column, comments and a sheet of the clerk's own; then the workbook is
sorted, filtered, narrowed, widened or copied in, saved, and collected twice.
"""

import shutil
from collections import Counter
from datetime import datetime
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import NamedTuple

import counts
import openpyxl
import pytest
from client import needs_office, session

from pdsfz_xl import campaign, demo, form, layout, master, tables, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.workspace import Workspace

pytestmark = needs_office

NOW = datetime(2019, 10, 24, 16, 5)
MANY, EACH = 1000, 1 if counts.deep else 7
OWN_COLUMN, OWN_SHEET = "我的记号", "我的备忘"
COMMENTS = 20
MEMO = ("周五开会，带材料", "第一行\n第二行", "𠮷野家😀", "字" * 1000)

NASTY = (
    "={}+1", "'{}引号", " \u3000{} 前后空白\u00a0 ", "00{}", "{}", "第{}段\n\n第二段", "{}%", "-{}",
    "+{}", "@{}", "1-{}", "TRUE{}", "𠮷{}野家", "😀{}", "_x000D_{}", "<b>&amp;{}</b>", "1,{}",
    "全\u3000{}\u200b格", "123456789012345678{}", "字" * 996 + "{}",
)  # fmt: skip
"""Each with a number of its own, so that a text in another row is seen too."""

ONLY = {
    "审核结论": w.REVIEW_VERDICTS,
    "收到方式": w.CHANNELS,
    "已录入平台": (w.YES,),
    "审定日期": ("2019-10-29", "2019/10/30", "10月31日"),
    "纸质版收到日期": ("2019-10-25",),
    "改派单位": ("市审计局", "市司法局"),
}
"""What a clerk writes where a list or a date is asked for."""

DECIDES = {
    "采用": lambda row: "1" if row["版本"] == "1" else "",
    "作废": lambda row: w.YES if "空表" in row["文件或单位"] else "",
    "归属单位": lambda row: row[w.UNIT] if row["类别"] != w.UNIT else "",
    "实际收到时间": lambda row: "2019-10-23 09:05" if row["类别"] != w.UNIT else "",
}
"""What changes the merge: by row, or nothing."""


class Entry(NamedTuple):
    sheet: str
    cell: str
    row: tuple[str, ...]
    """What tells the row apart, wherever it stands."""
    caption: str
    said: str


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory) -> Path:
    """A workspace with every unit in every requirement, and 汇总表 before anybody wrote in it."""
    ws = Workspace(tmp_path_factory.mktemp("reviewed"))
    campaign.init(ws, Path(demo.__file__).parent / "data" / "notice.txt", NOW)
    plan = master.read(ws.master)
    everybody = "、".join(unit.name for unit in plan.units)
    rows = {requirement.row: everybody for requirement in plan.requirements}
    ws.write(ws.master, master.reassigned(ws.master, plan, rows))
    plan = master.read(ws.master)
    for unit in plan.units:
        refused, corrected, *others = plan.due(unit.code)
        said = {r.key: Filled("", f"{unit.name}第 {r.key} 项 1 件") for r in (corrected, *others)}
        said[refused.key] = Filled(w.NOT_OURS, "建议由市司法局填报")
        again = {corrected.key: Filled("", f"{unit.name}更正为 2 件")}
        for name, filled in (("", said), ("更正", again), ("空表", {})):
            path = ws.dropzone / f"{unit.name}{name}.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(form.build(plan, unit, filled))
    campaign.collect(ws, NOW)
    return ws.root


def lines(path: Path):
    """Sheet, row number, what tells the row apart, and the row by caption, of our own sheets."""
    book = openpyxl.load_workbook(path)
    for name in layout.MERGED_BOOK:
        head, *rows = book[name].iter_rows(values_only=True)
        for number, values in enumerate(rows, 2):
            row = {c: "" if v is None else str(v) for c, v in zip(head, values, strict=True) if c}
            keys = (*layout.ROW_KEYS[name], *([w.ANSWER] if name == w.CONFLICT_SHEET else []))
            yield name, number, tuple(row[key] for key in keys), row


def entries(path: Path) -> list[Entry]:
    """A thousand of them, in every column of the clerk's on every sheet."""
    made: list[Entry] = []
    any_text, fitting = cycle(NASTY), {caption: cycle(said) for caption, said in ONLY.items()}
    # 汇总 last: it alone would fill the thousand.
    for sheet, number, row, values in sorted(lines(path), key=lambda x: x[0] == w.MERGED_SHEET):
        for i, (caption, _, is_clerks) in enumerate(layout.MERGED_BOOK[sheet]):
            if not is_clerks or (sheet == w.MERGED_SHEET and (i + number) % 2):
                continue
            if caption in DECIDES:
                said = DECIDES[caption](values)
            else:
                said = next(fitting.get(caption, any_text)).format(1000 + len(made))
            if said:
                made.append(Entry(sheet, layout.cell_name(number - 1, i), row, caption, said))
    return made[:MANY:EACH]


def own_column(path: Path) -> list[Entry]:
    """Beside every third row of every sheet."""
    return [
        Entry(sheet, layout.cell_name(number - 1, len(layout.MERGED_BOOK[sheet])), row, OWN_COLUMN,
              f"={number}·{sheet}")
        for sheet, number, row, _ in lines(path)
        if number % 3 == 2
    ]  # fmt: skip


def last_row(path: Path, name: str) -> int:
    return max((number for sheet, number, _, _ in lines(path) if sheet == name), default=1)


@pytest.fixture(scope="module")
def saved(reviewed, tmp_path_factory) -> tuple[Path, list[Entry]]:
    """What the clerk wrote, and a folder with the workbook as it was saved after each case."""
    folder = tmp_path_factory.mktemp("office")
    merged = Workspace(reviewed).merged
    shutil.copy(merged, folder / "before.xlsx")
    written, beside = entries(merged), own_column(merged)
    typing = []
    for sheet in layout.MERGED_BOOK:
        beyond = layout.cell_name(0, len(layout.MERGED_BOOK[sheet]))
        jobs = [(e.cell, e.said) for e in (*written, *beside) if e.sheet == sheet]
        typing.append(["sweep", sheet, [(beyond, OWN_COLUMN), *jobs]])
    opinion = layout.column_name(tables.index(layout.MERGED, "审核意见"))
    noted = [
        Entry(w.MERGED_SHEET, f"{opinion}{number}", row, w.comment_on("审核意见"), f"批注 {number}")
        for sheet, number, row, _ in lines(merged)
        if sheet == w.MERGED_SHEET and number < 2 + COMMENTS
    ]
    memo = [Entry(OWN_SHEET, f"B{i}", (), "", said) for i, said in enumerate(MEMO, 1)]
    session(
        folder,
        ["open", "before.xlsx"],
        *typing,
        *(["comment", e.sheet, e.cell, e.said] for e in noted),
        ["do", w.MERGED_SHEET, "A1", ".uno:Insert", {"Name": OWN_SHEET, "Index": 1}],
        ["sweep", OWN_SHEET, [(e.cell, e.said) for e in memo]],
        ["save", "as typed.xlsx"],
        ["close"],
        *(step for name, steps in cases(merged) for step in (
            ["open", "as typed.xlsx"], *steps, ["save", f"{name}.xlsx"], ["close"],
        )),
    )  # fmt: skip
    return folder, [*written, *beside, *noted, *memo]


def cases(merged: Path):
    """What a clerk does with the workbook, by name: the steps in the client."""
    sheets = [(name, last_row(merged, name)) for name in layout.MERGED_BOOK]
    whole = {name: f"A1:{layout.cell_name(last - 1, len(layout.MERGED_BOOK[name]))}"
             for name, last in sheets}  # fmt: skip
    sort = {"ByRows": True, "HasHeader": True, "CaseSensitive": False, "IncludeAttribs": True,
            "Col1": 2, "Ascending1": False}  # fmt: skip
    yield "sorted", [["unlock"], *(["do", n, at, ".uno:DataSort", sort] for n, at in whole.items())]
    yield (
        "filtered",
        [["filter", name, at, len(layout.MERGED_BOOK[name])] for name, at in whole.items()],
    )
    yield (
        "hidden",
        [["unlock"], *(["do", name, "A1:D1", ".uno:HideColumn", {}] for name, _ in sheets)],
    )
    yield (
        "inserted",
        [
            ["unlock"],
            *(["do", name, "B1", ".uno:InsertColumnsBefore", {}] for name, _ in sheets),
            ["sweep", w.MERGED_SHEET, [("B1", "重要"), ("B2", "甲类")]],
        ],
    )
    yield "copied", [["duplicate", name] for name, _ in sheets]


@pytest.mark.parametrize("case", ["as typed", "sorted", "filtered", "hidden", "inserted", "copied"])
def test_a_thousand_entries_through_a_client(case, reviewed, saved, tmp_path):
    folder, written = saved
    ws = Workspace(tmp_path / "任务")
    shutil.copytree(reviewed, ws.root)
    shutil.copy(folder / f"{case}.xlsx", ws.merged)
    campaign.collect(ws, NOW)
    first = outputs(ws)
    campaign.collect(ws, NOW)
    assert outputs(ws) == first
    after = {(sheet, row): values for sheet, _, row, values in lines(ws.merged)}
    apart = [row[3] for row in openpyxl.load_workbook(ws.merged)[w.ORPHAN_SHEET].values]
    lost = [e for e in written if not stands(after, e) and not went(after, apart, e)]
    assert Counter((e.sheet, e.caption) for e in lost) == {}
    assert sum(e.sheet == OWN_SHEET and e.said in apart for e in written) == len(MEMO)
    assert "甲类" in [row.get("重要") for row in after.values()] or case != "inserted"


def outputs(ws: Workspace) -> dict[str, bytes]:
    """Everything we wrote but the ledger and the lock."""
    files = (path for path in sorted(ws.out.rglob("*")) if path.is_file())
    kept = (path for path in files if path != ws.ledger and not path.name.startswith(".lock"))
    return {ws.relative(path): path.read_bytes() for path in kept}


def stands(after, entry: Entry) -> bool:
    """Whether it stands in its row, to the character; 采用 names its version by number."""
    row = after.get((entry.sheet, entry.row), {})
    said = row.get(entry.caption, "")
    if entry.caption == "采用":
        return (said, row["目前采用"]) == (row["版本"], w.YES)
    return said == text.tidy(entry.said)


def went(after, apart: list[str], entry: Entry) -> bool:
    """Whether it stands apart because its row is no more: a finding that the review settled."""
    return (
        entry.sheet in (w.FINDINGS_SHEET, OWN_SHEET)
        and (entry.sheet, entry.row) not in after
        and text.tidy(entry.said) in apart
    )


def test_the_client_did_what_the_cases_say(saved):
    folder, written = saved
    clerks = (
        (name, c.caption) for name, all_ in layout.MERGED_BOOK.items() for c in all_ if c.clerk
    )
    assert {(e.sheet, e.caption) for e in written} >= set(clerks)
    assert sum(entry.caption != OWN_COLUMN for entry in written) == ceil(
        MANY / EACH
    ) + COMMENTS + len(MEMO)
    sheet = {p.stem: openpyxl.load_workbook(p)[w.MERGED_SHEET] for p in folder.glob("*.xlsx")}
    codes = {case: [str(row[0]) for row in at.values] for case, at in sheet.items()}
    assert codes["sorted"] != codes["as typed"]
    assert sorted(codes["sorted"]) == sorted(codes["as typed"])
    assert sum(row.hidden for row in sheet["filtered"].row_dimensions.values()) > 200
    assert sheet["hidden"].column_dimensions["A"].hidden
    assert sheet["inserted"]["B2"].value == "甲类"
    assert "汇总_2" in sheet["copied"].parent.sheetnames
