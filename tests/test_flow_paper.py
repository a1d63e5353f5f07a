"""A printed document goes to the secretary and comes back, through the command line."""

import io
import shutil
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from client import needs_office, session
from test_flow import ask, digests, fill, prepared, run  # noqa: F401 # a fixture

from pdsfz_xl import wording as w

KEY = "17"
PRINTED = "out/5-打印/汇总表.docx"
RETURNED = "out/2-收件/秘书改过的.docx"


@pytest.fixture(scope="module")
def once(prepared, tmp_path_factory) -> Path:  # noqa: F811
    """One answer, collected and printed."""
    folder = tmp_path_factory.mktemp("printed") / "任务"
    shutil.copytree(prepared, folder)
    fill(folder, "市审计局", "审计.xlsx", {KEY: "整改 3 项。"})
    ask(folder, "collect")
    ask(folder, "print")
    return folder


@pytest.fixture
def printed(once, tmp_path) -> Path:
    folder = tmp_path / "任务"
    shutil.copytree(once, folder)
    return folder


def edit(folder: Path, text: str, name: str = RETURNED) -> Path:
    """The secretary adds some words to the answer."""
    document = docx.Document(str(folder / PRINTED))
    rows = (row for table in document.tables for row in table.rows)
    row = next(r for r in rows if any(f"-{KEY}-" in cell.text for cell in r.cells))
    row.cells[5].paragraphs[0].add_run(text)
    document.save(str(folder / name))
    return folder / name


def sheet_rows(folder: Path, sheet: str) -> list[dict[str, str]]:
    table = openpyxl.load_workbook(folder / "out/3-汇总/汇总表.xlsx")[sheet]
    head, *rows = ([str(c or "") for c in row] for row in table.iter_rows(values_only=True))
    return [dict(zip(head, row, strict=True)) for row in rows]


def proposal(folder: Path) -> str:
    return next(
        r.get(w.PROPOSAL, "") for r in sheet_rows(folder, w.MERGED_SHEET) if f"-{KEY}-" in r[w.CODE]
    )


def test_print_makes_three_files_and_writes_them_once(printed):
    names = ["汇总表.docx", "汇总表.pdf", "汇总表（打印版）.xlsx"]
    assert sorted(p.name for p in (printed / "out/5-打印").iterdir()) == names
    before = digests(printed / "out/5-打印")
    times = {p: p.stat().st_mtime_ns for p in (printed / "out/5-打印").iterdir()}
    outputs = ask(printed, "print")["outputs"]
    assert sorted(outputs.values()) == [f"out/5-打印/{name}" for name in names]
    assert digests(printed / "out/5-打印") == before
    assert times == {p: p.stat().st_mtime_ns for p in (printed / "out/5-打印").iterdir()}


def shown(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What people see in a workbook, by sheet: not which run wrote it."""
    book = openpyxl.load_workbook(path)
    return {s.title: list(s.values) for s in book if s.sheet_state == "visible"}


def test_an_edit_comes_back_as_a_proposal_and_only_once(printed):
    edit(printed, "（增加一句）")
    said = run(printed, "collect").stdout
    assert f"{RETURNED}：打印稿，改动 1 处（第 {KEY} 项）" in said
    assert proposal(printed) == "整改 3 项。（增加一句）"
    merged = printed / "out/3-汇总/汇总表.xlsx"
    before = shown(merged)
    shutil.copy(printed / RETURNED, printed / "out/2-收件/再放一次.docx")
    document = ask(printed, "collect")
    assert proposal(printed) == "整改 3 项。（增加一句）"
    answer = next(a for a in document["answers"] if a["requirement"] == KEY)
    assert answer["text"] == "整改 3 项。"
    (printed / "out/2-收件/再放一次.docx").unlink()
    ask(printed, "collect")
    assert shown(merged) == before


def test_what_the_clerk_settled_does_not_come_again(printed):
    """The proposal is cleared once it is dealt with; the file still lies there."""
    edit(printed, "（增加一句）")
    ask(printed, "collect")
    path = printed / "out/3-汇总/汇总表.xlsx"
    book = openpyxl.load_workbook(path)
    table = book[w.MERGED_SHEET]
    column = next(c.column for c in table[1] if c.value == w.PROPOSAL)
    for row in range(2, table.max_row + 1):
        table.cell(row, column).value = None
    book.save(path)
    ask(printed, "collect")
    assert proposal(printed) == ""


def test_it_is_nobody_s_return_and_is_kept(printed):
    edit(printed, "（增加一句）")
    document = ask(printed, "collect")
    file = next(f for f in document["files"] if f["path"] == RETURNED)
    assert (file["unit"], file["verdict"], file["rule"]) == (None, "ignored", None)
    units = {u["name"]: u for u in document["units"]}
    assert RETURNED not in [path for u in units.values() for path in u["files"]]
    assert any("秘书改过的" in p.name for p in (printed / "out/存档").iterdir())
    (printed / RETURNED).unlink()
    assert "F10" not in {f["rule"] for f in ask(printed, "collect")["findings"]}


def test_it_may_come_in_an_archive(printed):
    path = edit(printed, "（增加一句）", "out/改.docx")
    with zipfile.ZipFile(printed / "out/2-收件/包.zip", "w") as archive:
        archive.write(path, "稿/改.docx")
    path.unlink()
    ask(printed, "collect")
    assert proposal(printed) == "整改 3 项。（增加一句）"


def test_words_beside_the_table_are_left_over(printed):
    path = edit(printed, "")
    document = docx.Document(str(path))
    document.add_paragraph("请再核一遍数字")
    document.save(str(path))
    left = ask(printed, "collect")["leftover"]
    assert [(x["file"], x["text"]) for x in left] == [(RETURNED, "请再核一遍数字")]


def test_a_document_somebody_worked_in_is_kept_before_it_is_printed_anew(printed):
    edit(printed, "（忘了放进收件夹）", PRINTED)
    fill(printed, "市统计局", "统计.xlsx", {"18.1": "又来一份"})
    ask(printed, "collect")
    said = run(printed, "print").stdout
    assert "汇总表.docx 打印后有人改过，已存入 out/存档" in said
    kept = [p for p in (printed / "out/存档").iterdir() if p.suffix == ".docx"]
    texts = [
        cell.text
        for p in kept
        for table in docx.Document(io.BytesIO(p.read_bytes())).tables
        for row in table.rows
        for cell in row.cells
    ]
    assert any("忘了放进收件夹" in text for text in texts)


def test_a_document_that_is_open_is_left_and_said(printed):
    lock = printed / "out/5-打印/.~lock.汇总表.docx#"
    lock.write_text("", "utf-8")
    before = digests(printed)
    fill(printed, "市统计局", "统计.xlsx", {"18.1": "又来一份"})
    done = run(printed, "print")
    assert done.returncode == 0
    assert f"{PRINTED} 正打开着，没有更新" in done.stdout
    after = digests(printed)
    assert after[PRINTED] == before[PRINTED]
    assert after["out/5-打印/汇总表.pdf"] != before["out/5-打印/汇总表.pdf"]
    lock.unlink()


def test_another_campaign_s_document_is_refused(printed):
    data = (printed / PRINTED).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"F201921-", b"F202033-"))
    (printed / RETURNED).write_bytes(buffer.getvalue())
    file = next(f for f in ask(printed, "collect")["files"] if f["path"] == RETURNED)
    assert (file["verdict"], file["rule"]) == ("rejected", "F04")


@needs_office
def test_edits_made_in_libreoffice_come_back(printed):
    """Typed and saved by Writer, one of them as a tracked change."""
    session(
        printed,
        ["open", PRINTED],
        ["replace", "整改 3 项。", "整改 4 项。"],
        ["write_at_end", "最后一行是秘书写的"],
        ["store", "out/2-收件/改.docx"],
        ["open", PRINTED],
        ["store", "out/2-收件/没改.docx"],
        ["close"],
    )
    document = ask(printed, "collect")
    assert proposal(printed) == "整改 4 项。"
    messages = {f["path"]: f["message"] for f in document["files"]}
    assert "改动 1 处" in messages["out/2-收件/改.docx"]
    assert messages["out/2-收件/没改.docx"] == "打印稿，文字没有改动"
    assert [x["text"] for x in document["leftover"]] == ["最后一行是秘书写的"]
