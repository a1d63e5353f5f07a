"""`print` as the clerk lives it: which file, which number, what is kept, what stops it."""

import json
import shutil
from datetime import datetime
from functools import partial
from pathlib import Path

import geocheck
import openpyxl
import pytest
from click.testing import CliRunner

from pdsfz_xl import campaign, demo, ledger, printing, typeset
from pdsfz_xl.cli import cli
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.printing import Order
from pdsfz_xl.workspace import Workspace

LATER = datetime(2019, 10, 29, 9, 0)
SUBMIT = Order(submit=True, anyway=True)

needs_poppler = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="pdftotext (poppler) is not installed"
)


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    demo.run(folder)
    return folder


@pytest.fixture
def ws(played, tmp_path) -> Workspace:
    """The demo as it was left: 第1稿 of the 24th and 第2稿 of the 28th went up."""
    shutil.copytree(played, tmp_path / "w")
    return Workspace(tmp_path / "w")


def words(path: Path) -> str:
    found = (word.text for word in geocheck.pages(path.read_bytes()).words)
    return "".join(found).replace("\u200b", "")


def kept(ws: Workspace) -> list[str]:
    return sorted(p.name[:3] + p.suffix for p in ws.archive_folder.glob("第*"))


def settle(ws: Workspace, key: str, **texts: str) -> None:
    book = openpyxl.load_workbook(ws.merged)
    sheet = book["定稿"]
    column = {cell.value: cell.column for cell in sheet[1]}
    row = next(row[0].row for row in sheet.iter_rows() if row[0].value == key)
    for caption, text in texts.items():
        sheet.cell(row, column[caption], text)
    book.save(ws.merged)


def retype(path: Path, text: str, evidence: str = "") -> None:
    """What a bureau writes under the first 情况说明 of its form, and as its first evidence."""
    book = openpyxl.load_workbook(path)
    sheet = book["填报表"]
    head = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "情况说明")
    sheet.cell(head.row + 1, head.column, text)
    book["佐证材料"].cell(2, 2, evidence or None)
    book.save(path)


@needs_poppler
def test_a_working_copy_has_no_number_and_is_not_kept(ws):
    before = kept(ws)
    done = printing.print_out(ws, LATER)
    assert done.outputs["pdf"] == "out/5-打印/汇总表.pdf"
    assert "工作稿" in words(ws.pdf)
    assert kept(ws) == before


@needs_poppler
def test_every_print_that_goes_up_is_numbered_dated_and_kept(ws):
    done = printing.print_out(ws, LATER, Order(submit=True, anyway=True, copies=35))
    assert done.more["draft"] == 3
    assert all(word in words(ws.pdf) for word in ("第3稿", "2019年10月29日", "共印35份"))
    assert [name for name in kept(ws) if name.endswith("pdf")] == [
        "第1稿.pdf",
        "第2稿.pdf",
        "第3稿.pdf",
    ]
    with ledger.opened(ws.ledger) as book:
        made = book.prints()[3]
    assert (ws.root / made.path).read_bytes() == ws.pdf.read_bytes()
    assert json.loads((ws.root / made.snapshot).read_bytes())["format"] == 1


def test_nothing_goes_up_unasked_while_something_is_open(ws):
    before = kept(ws), ws.pdf.read_bytes()
    with pytest.raises(OperatorError) as refused:
        printing.print_out(ws, LATER, Order(submit=True))
    assert str(refused.value).splitlines() == [
        "还有没处理完的，没有编号、没有打印；确实要照现在的样子呈送的加 --anyway。",
        "待定 1 项：",
        "  第5项（05）：市政府办公室",
        "待综合 1 项：",
        "  第25项（25）：公安局、市自然资源和规划局、交通运输局、城市管理局",
        "必须改 5 个：",
        "  out/2-收件/生态环境局情况说明.docx：不是电子表格（F01）",
        "  市场监管局：未报（G01）",
        "  生态环境局：未报（G01）",
        "  农业农村局：整表空白（G03）",
        "  市自然资源和规划局第3项（03）：超出字数上限（L01）",
    ]
    assert (kept(ws), ws.pdf.read_bytes()) == before


def test_what_is_open_fits_on_a_screen(ws):
    for path in ws.dropzone.iterdir():
        path.rename(ws.root / path.name)
    open_ = printing.unsettled(ws, LATER)
    assert open_[0] == "必须改 12 个："
    assert open_[-1] == "  ……另有 6 处，见汇总表。"
    assert len(open_) == 2 + 6


def test_a_terminal_is_asked_and_no_is_the_usual_answer(ws, monkeypatch):
    """With --json, and where nobody sits, the list is the error; --anyway asks nobody."""
    before = kept(ws)
    words = ["-C", str(ws.root), "--clock", f"{LATER}", "print", "--submit"]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    for said in ("\n", "n\n"):
        done = CliRunner().invoke(cli, words, input=said)
        assert "待定 1 项：" in done.output
        assert str(done.exception) == "没有编号，没有打印。"
    done = CliRunner().invoke(cli, [*words, "--json"], input="y\n")
    assert str(done.exception).startswith("还有没处理完的")
    assert kept(ws) == before
    assert "这是第3稿" in CliRunner().invoke(cli, words, input="y\n").output
    settle(ws, "02.1", 定稿文本="改定")
    done = CliRunner().invoke(cli, [*words, "--anyway"])
    assert ("这是第4稿" in done.output, "没处理完" in done.output) == (True, False)


def test_the_same_content_gets_no_second_number_on_one_day(ws):
    printing.print_out(ws, LATER, SUBMIT)
    with pytest.raises(OperatorError, match="第3稿完全相同"):
        printing.print_out(ws, LATER, SUBMIT)
    settle(ws, "02.1", 定稿文本="改定")
    assert printing.print_out(ws, LATER, SUBMIT).more["draft"] == 4


@needs_poppler
def test_a_change_list_compares_with_the_print_that_is_asked_for(ws):
    settle(ws, "02.1", 定稿文本="改定的说法。")
    printing.print_out(ws, LATER, Order(since=2))
    page = words(ws.pdf)
    assert "与第2稿（2019年10月28日）相比：共1处变动（重写1，定稿1）。" in page
    printing.print_out(ws, LATER, Order(since=1))
    assert (
        "与第1稿（2019年10月24日）相比：共3处变动（重写1，定稿1，文字1，标记1，新报1）。"
        in words(ws.pdf)
    )


@needs_poppler
def test_arrivals_after_a_text_was_settled_are_listed(ws):
    settle(ws, "05", 定稿文本="早已定了。", 审定日期="2019-10-26")
    printing.print_out(ws, LATER)
    page = words(ws.pdf)
    assert "定稿后来件1件，见文末清单" in page
    assert "5市政府办公室2019-10-2810:302019-10-26" in page
    assert "文件：市政府办公室（更正）.xlsx" in page


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (Order(since=9), "没有第9稿（有：第1稿（2019年10月24日）、第2稿（2019年10月28日））"),
        (Order(since=1, raw=True), "必须是完整的汇总表"),
        (Order(submit=True, units="市司法局"), "必须是完整的汇总表"),
        (Order(units="市司法局、市司法厅"), "责任单位里没有“市司法厅”，最接近的是“市司法局”"),
        (Order(units="市发改委", missing=True), "没有可打印的内容"),
    ],
    ids=["no such print", "raw", "part", "unknown unit", "nothing"],
)
def test_what_cannot_be_printed_is_said_and_changes_nothing(ws, order, sentence):
    before = {path: path.read_bytes() for path in ws.out.rglob("*.*") if path.is_file()}
    with pytest.raises(OperatorError) as error:
        printing.print_out(ws, LATER, order)
    assert sentence in str(error.value)
    assert {p: p.read_bytes() for p in ws.out.rglob("*.*") if p.is_file()} == before


def test_a_lost_snapshot_is_said(ws):
    with ledger.opened(ws.ledger) as book:
        (ws.root / book.prints()[1].snapshot).write_bytes(b"{}")
    with pytest.raises(OperatorError, match=r"第1稿的内容存档 .* 不在了或被改动过"):
        printing.print_out(ws, LATER, Order(since=1))


@needs_poppler
@pytest.mark.parametrize(
    ("order", "name"),
    [
        (Order(units="04、市统计局"), "汇总表_市司法局、市统计局.pdf"),
        (Order(units="04、08、市统计局、市审计局"), "汇总表_4个单位.pdf"),
        (Order(missing=True), "汇总表_未报.pdf"),
        (Order(raw=True), "汇总表_单位原文.pdf"),
    ],
)
def test_a_part_never_replaces_the_whole(ws, order, name):
    before = ws.pdf.read_bytes()
    done = printing.print_out(ws, LATER, order)
    assert done.outputs["pdf"] == f"out/5-打印/{name}"
    assert ws.pdf.read_bytes() == before


@needs_poppler
def test_raw_prints_what_units_wrote(ws):
    settle(ws, "02.1", 定稿文本="改定的说法。")
    printing.print_out(ws, LATER, Order(raw=True))
    page = words(ws.prints / "汇总表_单位原文.pdf")
    assert "改定的说法" not in page
    assert "（单位原文）" in page
    printing.print_out(ws, LATER)
    assert "改定的说法" in words(ws.pdf)


@needs_poppler
def test_only_what_is_missing(ws):
    printing.print_out(ws, LATER, Order(missing=True))
    page = words(ws.prints / "汇总表_未报.pdf")
    assert all(name in page for name in ("市场监管局", "生态环境局", "农业农村局"))
    assert "城市管理局未报" not in page


def test_a_pdf_open_elsewhere_stops_the_print_before_anything_is_kept(ws, monkeypatch):
    """As on Windows, where a viewer holds the file it shows."""
    before, archived = ws.pdf.read_bytes(), kept(ws)
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if Path(target) == ws.pdf:
            raise PermissionError(13, "in use", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OperatorError, match=r"不能写入 .*汇总表\.pdf：它可能正在"):
        printing.print_out(ws, LATER, SUBMIT)
    monkeypatch.undo()
    assert ws.pdf.read_bytes() == before
    assert kept(ws) == archived
    assert not list(ws.prints.glob("*.part"))
    assert printing.print_out(ws, LATER, SUBMIT).more["draft"] == 3


def test_a_character_no_font_has_is_named_with_its_cell(ws, monkeypatch):
    monkeypatch.setattr(typeset, "available_fonts", partial(typeset.available_fonts, system=False))
    path = next(ws.dropzone.rglob("城市管理局填报表.xlsx"))
    retype(path, "本局有ก和\ue000各一个。")
    said = printing.print_out(ws, LATER).said
    place = "城市管理局第25项（out/2-收件/城市管理局填报表.xlsx 填报表 J6）"
    assert f"字体里没有“ก”（U+0E01），纸上以代号显示：{place}。" in said
    assert f"字体里没有“\ue000”（U+E000），纸上以代号显示：{place}。" in said


@needs_poppler
def test_held_material_is_never_printed(ws):
    """Neither its texts nor the names of its evidence, also not among what came too late."""
    path = next(ws.dropzone.rglob("城市管理局填报表.xlsx"))
    retype(path, "机密★一年 不该上纸的话", evidence="不该上纸的附件.pdf")
    campaign.collect(ws, LATER)
    settle(ws, "25", 定稿文本="早已定了。", 审定日期="2019-10-26")
    for order in (Order(since=1), Order(raw=True)):
        done = printing.print_out(ws, LATER, order)
        assert "不该上纸" not in words(ws.root / done.outputs["pdf"])


@needs_poppler
@pytest.mark.parametrize("sheet", ["A3", "A4"])
@pytest.mark.parametrize("layout", ["band", "columns"])
def test_no_line_is_cut_on_any_paper(ws, sheet, layout):
    printing.print_out(ws, LATER, Order(sheet=sheet, layout=layout, since=1))
    assert geocheck.cut(ws.pdf.read_bytes()) == []
