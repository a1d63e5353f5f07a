"""The whole flow, through the command line, as a clerk and the bureaus live it."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from counts import examples
from shell import NOW, arguments, ask, run, run_as_process

from pdsfz_xl import campaign, demo, form, ledger, master
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Form, Ledger
from pdsfz_xl.workspace import Workspace

NOTICE = Path(demo.__file__).parent / "data" / "notice.txt"
NOISE = ("台账.sqlite", ".lock")


def digests(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A workspace with the real notice, its master and its forms."""
    folder = tmp_path_factory.mktemp("prepared")
    ask(folder, "init", str(NOTICE))
    ask(folder, "generate")
    return folder


@pytest.fixture
def workspace(prepared, tmp_path) -> Path:
    folder = tmp_path / "任务"
    shutil.copytree(prepared, folder)
    return folder


def plan_of(folder: Path):
    return master.read(folder / "master" / "任务分解表.xlsx")


def fill(folder: Path, unit: str, name: str, texts: dict[str, str], **more) -> Path:
    """A bureau fills the form it got, with openpyxl, and drops it."""
    form_path = next((folder / "out/1-下发").glob(f"*_{unit}_*.xlsx"))
    book = openpyxl.load_workbook(form_path)
    sheet = book[w.FORM_SHEET]
    captions = {cell.value: cell.column for cell in sheet[form.HEADER + 1]}
    for row in range(form.HEADER + 2, sheet.max_row + 1):
        code = str(sheet.cell(row, 1).value or "")
        for key, said in texts.items():
            if f"-{key}-" in code:
                sheet.cell(row, captions[w.ANSWER]).value = said
                for caption, value in more.items():
                    sheet.cell(row, captions[caption]).value = value
    path = folder / "out/2-收件" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def test_the_real_notice_gives_what_it_holds(prepared):
    plan = plan_of(prepared)
    assert len(plan.indicators) == 29
    assert len({i.level1 for i in plan.indicators}) == 9
    assert len({i.level2 for i in plan.indicators}) == 19
    assert len(plan.requirements) == 24
    assert len(plan.units) == 13
    assert len(plan.assignments) == 30
    assert len(list((prepared / "out/1-下发").glob("*.xlsx"))) == 12
    said = run(prepared, "generate").stdout
    assert "新写 0 份" in said
    assert "市财政局" in said


@pytest.mark.parametrize(
    "words",
    [(), ("--json", "collect"), ("collect", "--strict"), ("colect",), ("--json", "init", "无")],
)
def test_a_process_of_its_own_says_the_same(workspace, words):
    """As all others here may be called in this process."""
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项 😀。"})
    ask(workspace, "collect")
    assert run_as_process(workspace, *words) == run(workspace, *words)


def test_a_filled_form_comes_back_answer_by_answer(workspace):
    fill(workspace, "市审计局", "乱/七八糟(3).xlsx", {"17": "=1+1"})
    fill(workspace, "市发改委", "发改.xlsx", {"02.1": "数量说明", "02.2": "00123"}, 数量=1286)
    document = ask(workspace, "collect")
    answers = {(a["unit"], a["requirement"]): a for a in document["answers"]}
    assert len(answers) == 30
    assert answers["市审计局", "17"]["text"] == "=1+1"
    assert answers["市发改委", "02.2"]["text"] == "00123"
    assert answers["市发改委", "02.1"]["number"] == 1286
    assert answers["市司法局", "09"] == {
        "unit": "市司法局", "requirement": "09", "text": "", "count": 0, "number": None,
        "status": "未报", "source": None,
    }  # fmt: skip
    files = {f["path"]: f for f in document["files"]}
    assert files["out/2-收件/乱/七八糟(3).xlsx"]["unit"] == "市审计局"
    assert {u["name"]: u["status"] for u in document["units"]}["市财政局"] == "nothing_due"
    assert document["outputs"]["merged"] == "out/3-汇总/汇总表.xlsx"
    assert (workspace / document["outputs"]["merged"]).exists()


def test_a_second_collect_says_the_same_and_writes_nothing(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    first = ask(workspace, "collect")
    before = digests(workspace)
    times = {p: p.stat().st_mtime_ns for p in workspace.rglob("*") if p.is_file()}
    assert ask(workspace, "collect", clock=datetime(2019, 10, 25, 9)) == first
    assert digests(workspace) == before
    after = {p: p.stat().st_mtime_ns for p in workspace.rglob("*") if p.is_file()}
    assert {p for p in after if after[p] != times.get(p) and ".lock" not in p.name} == set()


def test_every_command_twice_writes_the_same(workspace):
    """All of out/ but the ledger, which remembers when what was done."""
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改" * 600})
    fill(workspace, "市统计局", "统计.xlsx", {"18.1": "制度 2 项。"})
    fill(workspace, "市统计局", "统计更正.xlsx", {"18.1": "制度 3 项。"})
    commands = (("collect",), ("return", "--until", "2019-11-01"), ("export",), ("print",))

    def written() -> dict[str, str]:
        for words in commands:
            ask(workspace, *words)
        return {k: v for k, v in digests(workspace / "out").items() if not k.startswith(NOISE)}

    first = written()
    folders = {name.partition("/")[0] for name in first}
    assert folders >= {"3-汇总", "4-退回修改", "5-打印", "7-上报"}
    assert written() == first


def test_a_correction_by_a_day_that_is_past_is_refused(workspace):
    assert "已经过去" in refused(workspace, "return", "--until", "2019-10-01")


def test_originals_are_archived_once(workspace):
    path = fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    ask(workspace, "collect")
    ask(workspace, "collect")
    kept = [p for p in (workspace / "out/存档").iterdir() if p.read_bytes() == path.read_bytes()]
    assert len(kept) == 1
    assert kept[0].name.startswith("市审计局_20191024_审计_")


def test_the_clerks_review_survives_the_next_collect(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    merged = workspace / ask(workspace, "collect")["outputs"]["merged"]
    book = openpyxl.load_workbook(merged)
    sheet = book[w.MERGED_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, 8).value == "市审计局")
    sheet.cell(row, captions["审核意见"]).value = "请补充数字"
    book.save(merged)
    fill(workspace, "市统计局", "统计.xlsx", {"18.1": "制度 2 项。"})
    ask(workspace, "collect")
    again = openpyxl.load_workbook(merged)[w.MERGED_SHEET]
    said = {again.cell(r, 8).value: again.cell(r, captions["审核意见"]).value
            for r in range(2, again.max_row + 1)}  # fmt: skip
    assert said["市审计局"] == "请补充数字"


def review(path: Path, unit: str, said: str) -> None:
    """Somebody writes an opinion on the answers of a unit."""
    book = openpyxl.load_workbook(path)
    sheet = book[w.MERGED_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, captions[w.UNIT]).value == unit:
            sheet.cell(row, captions["审核意见"]).value = said
    book.save(path)


def opinions(path: Path) -> set[str]:
    head, *rows = openpyxl.load_workbook(path)[w.MERGED_SHEET].iter_rows(values_only=True)
    return {row[head.index("审核意见")] for row in rows} - {None}


def test_words_of_a_copy_come_with_review_and_once(workspace):
    """In the drop zone they say nothing; a word the clerk then clears does not come back."""
    merged = workspace / ask(workspace, "collect")["outputs"]["merged"]
    copy = workspace / "out/2-收件/局长批过的.xlsx"
    shutil.copy(merged, copy)
    review(copy, "市审计局", "局长在家里写的")
    review(merged, "市统计局", "经办人写的")
    assert "collect --review" in run(workspace, "collect").stdout
    assert opinions(merged) == {"经办人写的"}
    taken = run(workspace, "collect", "--review", str(copy.relative_to(workspace)))
    assert "局长批过的.xlsx：并入 1 处" in taken.stdout
    assert opinions(merged) == {"局长在家里写的", "经办人写的"}
    review(merged, "市审计局", "")
    assert "已经并入过" in run(workspace, "collect", "--review", str(copy)).stdout
    assert opinions(merged) == {"经办人写的"}


def test_a_copy_in_an_archive_speaks_no_more_than_another(workspace):
    merged = workspace / ask(workspace, "collect")["outputs"]["merged"]
    with zipfile.ZipFile(workspace / "out/2-收件/批过的.zip", "w") as archive:
        archive.write(merged, "汇总表.xlsx")
    document = ask(workspace, "collect")
    [member] = [f for f in document["files"] if f["path"].endswith("!/汇总表.xlsx")]
    assert (member["verdict"], member["unit"], member["rule"]) == ("rejected", None, "F11")


def test_status_says_the_next_step(tmp_path, workspace):
    (tmp_path / "空").mkdir()
    assert "pdsfz-xl init" in run(tmp_path / "空").stdout
    assert "2-收件" in run(workspace).stdout
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    assert "pdsfz-xl collect" in run(workspace).stdout
    ask(workspace, "collect")
    assert "pdsfz-xl mail plan 催报" in run(workspace).stdout
    assert commands(workspace)[1] == "pdsfz-xl print"


def commands(workspace: Path) -> list[str]:
    """What there is to do, the first thing first."""
    return [step["command"] for step in ask(workspace, "status")["next"]]


def test_what_was_printed_is_not_to_be_printed_again(workspace):
    """Whatever the files' times say: a second print and a second collect write nothing."""

    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    ask(workspace, "collect")
    ask(workspace, "print")
    merged = workspace / "out/3-汇总/汇总表.xlsx"
    os.utime(merged, (2_000_000_000, 2_000_000_000))
    assert "pdsfz-xl print" not in commands(workspace)
    before = digests(workspace / "out")
    ask(workspace, "print")
    assert "催报" in run(workspace, "collect").stdout
    assert "pdsfz-xl print" not in commands(workspace)
    assert digests(workspace / "out") == before
    fill(workspace, "市统计局", "统计.xlsx", {"18.1": "制度 2 项。"})
    ask(workspace, "print")
    assert commands(workspace)[0] == "pdsfz-xl collect"
    collected = ask(workspace, "collect")
    assert "pdsfz-xl print" in [step["command"] for step in collected["next"]]
    ask(workspace, "print")
    assert "pdsfz-xl print" not in commands(workspace)
    (workspace / "out/5-打印/汇总表.pdf").unlink()
    assert "pdsfz-xl print" in commands(workspace)


def test_what_went_back_before_any_collect_is_kept_and_still_to_be_collected(workspace):
    path = fill(workspace, "市审计局", "审计.xlsx", {"17": "详见附件"})
    assert ask(workspace, "return")["units"] == ["市审计局"]
    assert commands(workspace)[0] == "pdsfz-xl collect"
    data = path.read_bytes()
    path.unlink()
    assert any(p.read_bytes() == data for p in (workspace / "out/存档").iterdir())


def test_a_unit_explains_and_the_office_accepts(workspace):
    """Sent back, explained, accepted: closed, and nothing is asked again."""
    fill(workspace, "市审计局", "审计.xlsx", {"17": "详见附件"}, 填报情况="已填报")
    marked = workspace / ask(workspace, "return")["outputs"]["returns"]
    book = openpyxl.load_workbook(next(marked.glob("*.xlsx")))
    rows = book[w.FINDINGS_SHEET].iter_rows(min_row=7)
    explains = next(row[6] for row in rows if "-17-S01-" in str(row[7].value))
    explains.value = "附件即整改报告全文"
    book.save(workspace / "out/2-收件/再报.xlsx")
    done = ask(workspace, "collect")
    said = {
        (f["rule"], f["explanation"], f["waived"]) for f in done["findings"] if f["explanation"]
    }
    assert said == {("S01", "附件即整改报告全文", False)}
    assert done["leftover"] == []
    assert "已说明待核：1 个问题" in run(workspace, "status").stdout
    assert ask(workspace, "return")["units"] == []
    merged = workspace / "out/3-汇总/汇总表.xlsx"
    book = openpyxl.load_workbook(merged)
    head, *rows = book[w.FINDINGS_SHEET].iter_rows()
    at = {cell.value: i for i, cell in enumerate(head)}
    row = next(row for row in rows if row[at[w.UNITS_WORD]].value)
    row[at[w.REPLY]].value = "是"
    book.save(merged)
    for _ in range(2):
        done = ask(workspace, "collect")
        assert [f["rule"] for f in done["findings"] if f["waived"]] == ["S01"]
        assert ask(workspace, "return")["units"] == []
        assert "已说明待核" not in run(workspace, "status").stdout


def test_status_makes_no_ledger(workspace):
    (workspace / "out/台账.sqlite").unlink()
    before = digests(workspace)
    ask(workspace, "status")
    assert digests(workspace) == before


def test_a_form_that_is_out_and_changes_is_said_and_kept(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    ask(workspace, "collect")
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.TABLE_SHEET]
    row = next(r for r in range(2, 60) if sheet.cell(r, 8).value == "17")
    sheet.cell(row, 6).value = "改写后的填报材料。"
    book.save(path)
    done = run(workspace, "generate")
    assert "市审计局的填报表已经下发过，现在有变化" in done.stdout
    assert "新写 1 份" in done.stdout
    assert any(p.name.startswith("市审计局_") and "填报表" in p.name
               for p in (workspace / "out/存档").iterdir())  # fmt: skip
    document = ask(workspace, "collect")
    assert "F05" in {f["rule"] for f in document["findings"]}
    assert next(a for a in document["answers"] if a["unit"] == "市审计局")["text"] == "整改 3 项。"


def rename(folder: Path, old: str, new: str) -> None:
    """The clerk gives a unit its new name and keeps the old one as its alias."""
    path = folder / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.UNITS_SHEET]
    row = next(r for r in range(2, 60) if sheet.cell(r, 2).value == old)
    sheet.cell(row, 2).value, sheet.cell(row, 3).value = new, old
    book.save(path)


def put(sheet, caption: str, row: int, said: object) -> None:
    """Into the cell under a caption, and where it is merged into the first of the merged."""
    column = next(cell.column for cell in sheet[1] if cell.value == caption)
    for area in list(sheet.merged_cells.ranges):
        if sheet.cell(row, column).coordinate in area:
            sheet.unmerge_cells(str(area))
    sheet.cell(row, column).value = said


def row_of(sheet, column: int, said: str) -> int:
    return next(r for r in range(2, 60) if str(sheet.cell(r, column).value) == said)


def deadline_moved(book):
    settings = book[w.SETTINGS_SHEET]
    settings.cell(row_of(settings, 1, "报送截止日期"), 2).value = "2019-11-08"


def requirement_removed(book):
    book[w.TABLE_SHEET].delete_rows(row_of(book[w.TABLE_SHEET], 8, "18.2"))


def reworded(book):
    put(book[w.TABLE_SHEET], w.MATERIAL, row_of(book[w.TABLE_SHEET], 8, "17"), "改写后的材料。")


def shared_with_a_new_unit(book):
    book[w.UNITS_SHEET].append(["14", "市教育局"])
    put(book[w.TABLE_SHEET], w.RESPONSIBLE, row_of(book[w.TABLE_SHEET], 8, "17"),
        "市审计局、市教育局")  # fmt: skip


def split(book):
    """A part of what 市统计局 did is a new unit's now."""
    book[w.UNITS_SHEET].append(["14", "市调查队"])
    row = row_of(book[w.TABLE_SHEET], 8, "18.2")
    put(book[w.TABLE_SHEET], w.RESPONSIBLE, row, "市调查队")


def moved(book):
    row = row_of(book[w.TABLE_SHEET], 8, "17")
    put(book[w.TABLE_SHEET], w.RESPONSIBLE, row, "市统计局")


HEAD = "标题、截止日期或联系方式有改动"


@pytest.mark.parametrize(
    ("change", "reissued", "kept"),
    [
        (deadline_moved, {"市审计局": HEAD, "市统计局": HEAD}, {"整改 1 件", "甲 2 件", "乙 3 件"}),
        (requirement_removed, {"市统计局": "删去 18.2"}, {"整改 1 件", "甲 2 件"}),
        (reworded, {"市审计局": "17 的填报材料有改动"}, {"整改 1 件", "甲 2 件", "乙 3 件"}),
        (shared_with_a_new_unit, {}, {"整改 1 件", "甲 2 件", "乙 3 件"}),
        (split, {"市统计局": "删去 18.2"}, {"整改 1 件", "甲 2 件"}),
        (moved, {"市统计局": "新增 17"}, {"甲 2 件", "乙 3 件"}),
    ],
)
def test_a_changed_master_loses_no_answer(workspace, change, reissued, kept):
    """Who must get a new form and why; old forms count, and what is nobody's now stands aside."""
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 1 件"})
    fill(workspace, "市统计局", "统计.xlsx", {"18.1": "甲 2 件", "18.2": "乙 3 件"})
    ask(workspace, "collect")
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    assert {u["unit"]: u["why"] for u in ask(workspace, "generate")["reissue"]} == reissued
    told = ask(workspace, "collect")
    assert {a["text"] for a in told["answers"]} - {""} == kept
    assert {x["text"] for x in told["leftover"]} == {"整改 1 件", "甲 2 件", "乙 3 件"} - kept


def test_a_requirement_for_one_unit_gives_the_others_nothing_new_to_fill(workspace):
    """填写说明 names one indicator more that is not theirs: no need to hand it out again."""
    for unit, key in (("市审计局", "17"), ("市统计局", "18.1")):
        fill(workspace, unit, f"{unit}.xlsx", {key: "已办 3 件。"})
    ask(workspace, "collect")
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.TABLE_SHEET]
    row = next(r for r in range(2, 60) if sheet.cell(r, 8).value == "29") + 1
    added = {3: "（30）", 4: "新增指标", 6: "新增材料", 7: "市审计局", 8: "30"}
    for column, said in added.items():
        sheet.cell(row, column).value = said
    book.save(path)
    said = run(workspace, "generate").stdout
    assert "市审计局的填报表已经下发过，现在有变化（新增 30）" in said
    assert said.count("请发“更正”") == 1
    assert "市统计局的填报表重新生成了，要填的内容与已下发的一样" in said


def forms_in(folder: Path) -> dict[str, str]:
    return digests(folder / "out/1-下发")


def test_a_form_that_is_out_and_renamed_is_said_and_kept_under_the_units_name(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    ask(workspace, "collect")
    before = forms_in(workspace)
    rename(workspace, "市审计局", "市审计委员会")
    said = run(workspace, "generate").stdout
    old = next(name for name in before if "_市审计局_" in name)
    assert f"{old} 不再需要，已移入 out/存档。" in said
    again = "市审计委员会的填报表已经下发过，现在有变化（标题、截止日期或联系方式有改动）"
    assert said.count("已经下发过") == said.count(again) == 1
    assert forms_in(workspace).keys() - before.keys() == {old.replace("审计局", "审计委员会")}
    kept = {d: name for name, d in digests(workspace / "out/存档").items()}
    assert kept[before[old]].startswith("市审计委员会_20191024_06_市审计局_")
    assert "已经下发过" not in run(workspace, "generate").stdout


def test_the_form_of_a_unit_that_is_gone_is_kept_under_its_code(workspace):
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    units, table = book[w.UNITS_SHEET], book[w.TABLE_SHEET]
    units.delete_rows(next(r for r in range(2, 60) if units.cell(r, 2).value == "市审计局"))
    row = next(r for r in range(2, 60) if table.cell(r, 8).value == "17")
    table.cell(row, 7).value = "市统计局"
    book.save(path)
    assert "06_市审计局_" in run(workspace, "generate").stdout
    assert any(name.startswith("06_20191024_") for name in digests(workspace / "out/存档"))
    assert not any("市审计局" in name for name in forms_in(workspace))


def test_a_form_somebody_wrote_in_is_not_taken_away(workspace):
    (path,) = (workspace / "out/1-下发").glob("*_市审计局_*.xlsx")
    path.write_bytes(path.read_bytes() + b"mine")
    rename(workspace, "市审计局", "市审计委员会")
    assert "不再需要" not in run(workspace, "generate").stdout
    assert path.exists()


# --- bad input: one sentence, status 2, nothing lost ---------------------------------------


def refused(folder: Path, *words: str) -> str:
    done = run(folder, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    as_json = run(folder, "--json", *words)
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]
    return done.stderr


def test_no_master(tmp_path):
    for command in ("lint", "generate", "collect", "print"):
        assert "pdsfz-xl init" in refused(tmp_path, command)


def test_init_makes_every_folder(tmp_path):
    ask(tmp_path, "init", str(NOTICE))
    assert all(folder.is_dir() for folder in Workspace(tmp_path).folders)


def test_init_never_overwrites_a_master(workspace):
    before = (workspace / "master/任务分解表.xlsx").read_bytes()
    assert "--force" in refused(workspace, "init", str(NOTICE))
    assert (workspace / "master/任务分解表.xlsx").read_bytes() == before
    ask(workspace, "init", str(NOTICE), "--force")
    kept = list((workspace / "master").glob("任务分解表_*.xlsx"))
    assert [p.read_bytes() for p in kept] == [before]


@pytest.mark.parametrize("name", ["通知.doc", "通知.wps", "通知.pdf"])
def test_other_kinds_of_notice_get_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(b"%PDF-1.4")
    assert ".docx" in refused(tmp_path, "init", str(tmp_path / name))


def test_a_notice_that_is_no_file_is_said_as_what_it_is(tmp_path):
    (tmp_path / "通知").mkdir()
    (tmp_path / "通知.docx").mkdir()
    assert "是文件夹" in refused(tmp_path, "init", str(tmp_path / "通知"))
    assert "是文件夹" in refused(tmp_path, "init", str(tmp_path / "通知.docx"))
    assert "找不到通知文件" in refused(tmp_path, "init", str(tmp_path / "没有"))
    assert "找不到通知文件" in refused(tmp_path, "init", str(tmp_path / ("长" * 300)))


@pytest.mark.parametrize("command", [(), ("status",), ("init", str(NOTICE)), ("demo",)])
def test_a_workspace_that_is_a_file_is_said_and_kept(tmp_path, command):
    file = tmp_path / "某文件"
    file.write_bytes(b"mine")
    assert "-C 后面" in refused(file, *command)
    assert "-C 后面" in refused(tmp_path / ("长" * 300), *command)
    assert file.read_bytes() == b"mine"


def test_a_merged_workbook_open_elsewhere_stops_before_anything_starts(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    ask(workspace, "collect")
    before = digests(workspace)
    owner = workspace / "out/3-汇总/~$汇总表.xlsx"
    owner.write_bytes(b"x")
    fill(workspace, "市统计局", "统计.xlsx", {"18.1": "制度 2 项。"})
    assert "关闭" in refused(workspace, "collect")
    owner.unlink()
    (workspace / "out/2-收件/统计.xlsx").unlink()
    assert digests(workspace) == before


def test_forms_can_bring_what_was_said_before(workspace):
    """This round's answers, then last year's from another folder; unconfirmed they do not count."""
    unit = next(u for u in plan_of(workspace).units if u.name == "市审计局")
    key = plan_of(workspace).due(unit.code)[0].key
    fill(workspace, unit.name, "审计.xlsx", {key: "去年审计 7 项。"})
    assert "1 份带有上次填报的内容共 1 项" in run(workspace, "generate", "--refill").stdout
    next_year = workspace.parent / "next"
    shutil.copytree(workspace / "master", next_year / "master")
    book = openpyxl.load_workbook(next_year / "master" / "任务分解表.xlsx")
    sheet = book[w.SETTINGS_SHEET]
    next(row[1] for row in sheet.iter_rows() if row[0].value == "任务代码").value = "F2020"
    book.save(next_year / "master" / "任务分解表.xlsx")
    done = run(next_year, "generate", "--refill", str(workspace))
    assert "1 份带有上次填报的内容共 1 项" in done.stdout, done.stdout + done.stderr
    [made] = (next_year / "out" / "1-下发").glob(f"{unit.code}_*.xlsx")
    shutil.copy(made, next_year / "out" / "2-收件" / "原样退回.xlsx")
    told = ask(next_year, "collect")
    answer = next(a for a in told["answers"] if a["unit"] == unit.name and a["requirement"] == key)
    assert (answer["text"], answer["status"]) == ("", "未报")
    assert "G06" in {f["rule"] for f in told["findings"]}
    done = run(next_year, "generate", "--refill", str(workspace / "master"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_damaged_master_is_said_and_kept(workspace):
    path = workspace / "master/任务分解表.xlsx"
    path.write_bytes(path.read_bytes()[:5000])
    for command in ("lint", "generate", "collect", "status"):
        assert "任务分解表.xlsx" in refused(workspace, command)


def test_a_wrong_command_is_said_in_chinese(tmp_path):
    assert "--help" in refused(tmp_path, "colect")


def test_a_deadline_that_is_no_date(workspace):
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.SETTINGS_SHEET]
    row = next(r for r in range(1, 20) if sheet.cell(r, 1).value == "报送截止日期")
    sheet.cell(row, 2).value = "十月底"
    book.save(path)
    assert f"B{row}" in refused(workspace, "generate")
    assert "M09" in {f["rule"] for f in ask(workspace, "lint")["findings"]}


def test_an_unknown_unit_is_named_with_the_nearest(workspace):
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.TABLE_SHEET]
    row = next(r for r in range(2, 60) if sheet.cell(r, 8).value == "17")
    sheet.cell(row, 7).value = "市审记局"
    book.save(path)
    found = [f for f in ask(workspace, "lint")["findings"] if f["rule"] == "M03"]
    assert [f["where"]["cell"] for f in found] == [f"G{row}"]
    assert "市审计局" in found[0]["message"]


def test_lint_shows_every_finding_and_generate_says_so(workspace):
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    units = book[w.UNITS_SHEET]
    for i in range(20):
        units.append([f"X{i}", f"没有事项的单位{i}"])
    book.save(path)
    found = ask(workspace, "lint")["findings"]
    assert len(found) > 20
    said = run(workspace, "lint").stdout
    assert all(f["message"] in said for f in found)
    assert "pdsfz-xl lint 可看全部" in run(workspace, "generate").stdout


def test_an_inserted_row_gets_a_key_of_its_own(workspace):
    path = workspace / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.TABLE_SHEET]
    row = next(r for r in range(2, 60) if sheet.cell(r, 8).value == "29") + 1
    for column, said in ((3, "（30）"), (4, "新增指标"), (6, "新增材料"), (7, "市审计局")):
        sheet.cell(row, column).value = said
    book.save(path)
    assert "M15" in {f["rule"] for f in ask(workspace, "lint")["findings"]}
    assert f"H{row}" in run(workspace, "lint", "--fix").stdout
    assert [r.key for r in plan_of(workspace).requirements][-1] == "30"
    keys = [r.key for r in plan_of(workspace).requirements]
    assert keys[:3] == ["02.1", "02.2", "03"]


def test_the_master_follows_what_the_clerk_reassigned(workspace):
    """Requirement 25 has seven units; one says it is not its duty, and another gets it."""
    plan = plan_of(workspace)
    requirement = next(r for r in plan.requirements if len(r.duties) == 7)
    old = plan.unit[requirement.duties[2].unit]
    new = next(u for u in plan.units if u.code not in {d.unit for d in requirement.duties})
    refusal = {"填报情况": "非本单位职责"}
    fill(
        workspace, old.name, "不归我们.xlsx", {requirement.key: f"建议由{new.name}填报"}, **refusal
    )
    ask(workspace, "collect")
    path = workspace / "out" / "3-汇总" / "汇总表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.REASSIGN_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, captions["处理意见"]).value = "同意"
    sheet.cell(2, captions["改派单位"]).value = new.name
    book.save(path)
    before = {r.key: r.duties for r in plan.requirements}
    said = run(workspace, "lint", "--fix").stdout
    assert f"第 {requirement.key} 项已由{old.name}改派给{new.name}" in said
    after = {r.key: r.duties for r in plan_of(workspace).requirements}
    changed = [key for key in before if before[key] != after[key]]
    assert changed == [requirement.key]
    units = [d.unit for d in after[requirement.key]]
    assert units == [new.code if d.unit == old.code else d.unit for d in requirement.duties]
    told = ask(workspace, "collect")
    assert f"建议由{new.name}填报" in {left["text"] for left in told["leftover"]}
    # What was decided stays on record, and is not done twice.
    assert "改派给" not in run(workspace, "lint", "--fix").stdout


@pytest.mark.usefixtures("children")
def test_strange_files_get_a_verdict_and_hurt_nobody(workspace):
    fill(workspace, "市审计局", "审计.xlsx", {"17": "整改 3 项。"})
    zone = workspace / "out/2-收件"
    (zone / "空.xlsx").write_bytes(b"")
    (zone / "假.xlsx").write_bytes(b"PK\3\4 not a zip")
    (zone / "说明.pdf").write_bytes(b"%PDF-1.4")
    (zone / "旧.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    (zone / "~$审计.xlsx").write_bytes(b"x")
    with zipfile.ZipFile(zone / "一包.zip", "w") as archive:
        archive.writestr("表.xlsx", b"x")
    other = openpyxl.Workbook()
    other.active["A1"] = "别的表"
    other.save(zone / "别的.xlsx")
    for path in zone.iterdir():
        os.utime(path, (1, 1))  # what was written a moment ago may still be on its way
    document = ask(workspace, "collect")
    verdicts = {Path(f["path"]).name: (f["verdict"], f["rule"]) for f in document["files"]}
    assert verdicts == {
        "审计.xlsx": ("accepted", None),
        "空.xlsx": ("rejected", "F01"),
        "假.xlsx": ("rejected", "F03"),
        "说明.pdf": ("rejected", "F01"),
        "旧.xls": ("rejected", "F01"),
        "~$审计.xlsx": ("ignored", None),
        "一包.zip": ("opened", None),
        "表.xlsx": ("rejected", "F01"),
        "别的.xlsx": ("rejected", "F06"),
    }
    assert sum(a["status"] == "已填报" for a in document["answers"]) == 1


def test_an_answer_longer_than_a_cell_is_whole_everywhere(workspace):
    """40,000 characters can only come from another program; nothing of it is lost."""
    said = "字" * 40_000
    plan = plan_of(workspace)
    unit = next(u for u in plan.units if u.name == "市审计局")
    path = workspace / "out/2-收件/审计.xlsx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(form.build(plan, unit, {"17": form.Filled("", "占位文字")}))
    with zipfile.ZipFile(path) as before:
        parts = {i.filename: before.read(i) for i in before.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name, data in parts.items():
            after.writestr(name, data.replace("占位文字".encode(), said.encode()))
    document = ask(workspace, "collect")
    answer = next(a for a in document["answers"] if a["unit"] == "市审计局")
    assert answer["text"] == said
    assert answer["count"] == 40_000
    assert "L01" in {f["rule"] for f in document["findings"] if f["unit"] == "市审计局"}
    book = openpyxl.load_workbook(workspace / document["outputs"]["merged"])
    shown = "".join(
        str(cell.value)
        for sheet in (book[w.MERGED_SHEET], book[w.OVERFLOW_SHEET])
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str)
    )
    assert shown.count("字") >= 40_000


# --- killed at any moment ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["generate", "collect"])
def test_killed_at_any_moment_nothing_is_half(workspace, command):
    """Kills at seeded moments: every output is old or new, and the next run completes it."""
    if command == "collect":
        for unit, key in (("市审计局", "17"), ("市统计局", "18.1"), ("市政府办公室", "05")):
            fill(workspace, unit, f"{unit}.xlsx", {key: "已办 3 件。"})
    else:
        shutil.rmtree(workspace / "out/1-下发")
    whole = workspace.with_name("whole")
    shutil.copytree(workspace, whole)
    started = time.perf_counter()
    assert run_as_process(whole, command).returncode == 0
    span = time.perf_counter() - started
    expected = {k: v for k, v in digests(whole / "out").items() if k.endswith(".xlsx")}
    moments = random.Random(20191021)
    words = arguments(workspace, command)
    for _ in range(examples(20, least=4)):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0, span))
        process.kill()
        process.wait()
        for name, digest in digests(workspace / "out").items():
            if name.endswith(".xlsx") and not Path(name).name.startswith("."):
                assert digest == expected[name], name
    ask(workspace, command)
    done = {k: v for k, v in digests(workspace / "out").items() if k.endswith(".xlsx")}
    assert done == expected
    assert not list(workspace.rglob("*.part"))


def with_changes(folder: Path) -> dict[str, str]:
    """A new contact changes every form, a new name one; two are out. Gives the old forms."""
    for unit, key in (("市审计局", "17"), ("市统计局", "18.1")):
        fill(folder, unit, f"{unit}.xlsx", {key: "已办 3 件。"})
    ask(folder, "collect")
    path = folder / "master/任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.SETTINGS_SHEET]
    row = next(r for r in range(1, 20) if sheet.cell(r, 1).value == "联系人")
    sheet.cell(row, 2).value = "李四"
    book.save(path)
    rename(folder, "市审计局", "市审计委员会")
    return forms_in(folder)


def test_a_crash_before_the_new_forms_are_there_leaves_the_old_ones(workspace, monkeypatch):
    """And the run after it says as loudly as the first which forms to hand out again."""
    before = with_changes(workspace)
    ws = Workspace(workspace)

    def crash(*_):
        raise KeyboardInterrupt

    for owner, step in ((Workspace, "write_all"), (Workspace, "remove"), (Ledger, "record_forms")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, crash)
            with pytest.raises(KeyboardInterrupt):
                campaign.generate(ws, NOW)
        if step == "write_all":
            assert forms_in(workspace) == before
    said = next(line for line in campaign.generate(ws, NOW).said if "已经下发过" in line)
    assert said.startswith("市审计委员会、市统计局的填报表")


def test_generate_killed_at_any_moment_loses_no_form(workspace, tmp_path):
    """Kills at seeded moments: every form is old or new, every old one is somewhere."""
    old = with_changes(workspace)
    whole = tmp_path / "whole"
    shutil.copytree(workspace, whole)
    with generating(whole) as process:
        started = time.perf_counter()
        while (whole / "out/.lock.holder").exists():
            time.sleep(0.001)
        span = time.perf_counter() - started
        assert process.wait() == 0
    before, expected = digests(workspace / "out"), digests(whole / "out")
    forms = set(old.items()) | set(forms_in(whole).items())
    moments = random.Random(20191021)
    halfway = 0
    for turn in range(20):
        if halfway and turn >= examples(20, least=4):
            break
        folder = tmp_path / f"{turn}"
        shutil.copytree(workspace, folder)
        with generating(folder) as process:
            time.sleep(moments.uniform(0, span))
            process.kill()
        standing = {(n, d) for n, d in forms_in(folder).items() if not n.startswith(".")}
        assert standing <= forms
        assert set(old.values()) <= {d for name, d in digests(folder / "out").items()}
        halfway += settled(before) != settled(digests(folder / "out")) != settled(expected)
        ask(folder, "generate")
        assert settled(digests(folder / "out")) == settled(expected)
        assert recorded(folder) == recorded(whole)
    assert halfway, "no kill fell into the writing: the test proves nothing"


@contextmanager
def generating(folder: Path) -> Iterator[subprocess.Popen]:
    """A run that has just taken the lock: what it builds in memory lies behind it."""
    words = arguments(folder, "generate")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not (folder / "out/.lock.holder").exists():
            assert process.poll() is None, process.stderr.read()
        yield process


def settled(files: dict[str, str]) -> dict[str, str]:
    """Without the ledger, whose bytes tell in how many steps it was written, and the lock."""
    return {name: digest for name, digest in files.items() if name.endswith(".xlsx")}


def recorded(folder: Path) -> tuple[dict[str, Form], set[str]]:
    with ledger.opened(folder / "out/台账.sqlite", readonly=True) as book:
        return book.forms(), book.out_forms()


# --- the demo ------------------------------------------------------------------------------


def test_the_demo_plays_every_case_and_is_the_same_every_time(tmp_path):
    one, two = ask(tmp_path, "demo", "甲"), ask(tmp_path, "demo", "乙")
    assert one == two
    assert {f["verdict"] for f in one["files"]} == {"accepted", "duplicate", "rejected"}
    assert {u["status"] for u in one["units"]} == {"complete", "partial", "missing", "nothing_due"}
    rules = {f["rule"] for f in one["findings"]}
    assert {"F01", "G01", "G03", "G04", "L01", "N01", "R01", "X01"} <= rules
    kept = {k: v for k, v in digests(tmp_path / "甲").items() if not k.endswith(".sqlite")}
    assert kept == {k: v for k, v in digests(tmp_path / "乙").items() if not k.endswith(".sqlite")}
    again = run(tmp_path, "demo", "甲")
    assert again.returncode == 0
    assert "下一步" in again.stdout


def test_the_demo_never_touches_a_folder_of_somebody_else(tmp_path):
    (tmp_path / "甲").mkdir()
    (tmp_path / "甲" / "重要.txt").write_text("别删", "utf-8")
    assert "别的文件" in refused(tmp_path, "demo", "甲")
    assert (tmp_path / "甲" / "重要.txt").exists()


@pytest.mark.parametrize("place", ["某文件", "某文件/里面", "长" * 300])
def test_a_demo_that_has_no_place_is_one_sentence(tmp_path, place):
    (tmp_path / "某文件").write_bytes(b"mine")
    assert "换一个文件夹" in refused(tmp_path, "demo", place)
    assert digests(tmp_path).keys() == {"某文件"}
    assert (tmp_path / "某文件").read_bytes() == b"mine"


def test_a_demo_stopped_while_it_made_room_is_still_known_as_one(tmp_path, monkeypatch):
    folder = tmp_path / "甲"
    for name in ("out/1-下发/旧.xlsx", "master/旧.xlsx", demo.MARKER):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")

    def stopped(path):
        """In the worst order there is: the marker goes first."""
        (path / demo.MARKER).unlink(missing_ok=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", stopped)
        with pytest.raises(KeyboardInterrupt):
            demo.run(folder)
    assert ask(tmp_path, "demo", "甲")["outputs"]
    assert not (folder / "master/旧.xlsx").exists()


def test_strict_ends_with_one_while_a_class_a_finding_is_open(workspace):
    assert run(workspace, "collect", "--strict").returncode == 1
    assert run(workspace, "--strict", "status").returncode == 1
    assert run(workspace, "collect").returncode == 0
