"""`print KIND`: from the folder of a campaign to the papers that go with the merged sheet."""

import shutil
from pathlib import Path

import docx
import openpyxl
import pytest
from test_flow import ask, run

from pdsfz_xl import companions, demo
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.printing import Order
from pdsfz_xl.workspace import Workspace

NOW = demo.AFTER_DEADLINE


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("played") / "任务"
    demo.run(folder)
    return folder


@pytest.fixture
def ws(played, tmp_path) -> Workspace:
    return Workspace(Path(shutil.copytree(played, tmp_path / "任务")))


@pytest.mark.parametrize(
    ("said", "word"),
    [("通报", "bulletin"), (" BULLETIN ", "bulletin"), ("催报单", "calls"), ("units", "units"),
     ("单位材料", "units"), ("佐证材料目录", "evidence"), ("evidence", "evidence")],
)  # fmt: skip
def test_a_kind_has_a_chinese_and_an_english_name(said, word):
    assert companions.kind(said) == word


def test_a_kind_nobody_knows_is_answered_with_those_there_are():
    with pytest.raises(OperatorError, match=r"通报（bulletin）.*佐证材料目录（evidence）"):
        companions.kind("公报")


def test_the_bulletin_is_a_page_and_a_document(ws):
    done = companions.print_out(ws, NOW, "bulletin")
    assert done.outputs == {"pdf": "out/5-打印/通报.pdf", "docx": "out/5-打印/通报.docx"}
    assert done.more["pages"] == 1
    assert (ws.root / done.outputs["pdf"]).read_bytes().startswith(b"%PDF-")
    said = [p.text for p in docx.Document(str(ws.root / done.outputs["docx"])).paragraphs]
    assert any("现将有关情况通报如下" in line for line in said)


def test_a_second_run_changes_nothing(ws):
    for kind in ("bulletin", "units"):
        companions.print_out(ws, NOW, kind)
    before = {path: path.stat().st_mtime_ns for path in ws.prints.rglob("*") if path.is_file()}
    for kind in ("bulletin", "units"):
        companions.print_out(ws, NOW, kind)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(ws.archive_folder.rglob("*通报*"))


def test_a_bulletin_changed_by_hand_is_kept(ws):
    companions.print_out(ws, NOW, "bulletin")
    path = ws.prints / "通报.docx"
    path.write_bytes(b"changed by the secretary")
    done = companions.print_out(ws, NOW, "bulletin")
    [line] = [line for line in done.said if line.startswith("原来的 通报.docx 认不出")]
    assert "已存入 out/存档" in line
    [kept] = ws.archive_folder.rglob("*通报*")
    assert kept.read_bytes() == b"changed by the secretary"


def test_a_bulletin_open_in_word_stops_everything(ws):
    companions.print_out(ws, NOW, "bulletin")
    path = ws.prints / "通报.docx"
    path.write_bytes(b"changed")
    path.with_name("~$通报.docx").touch()
    with pytest.raises(OperatorError, match=r"通报\.docx 正在"):
        companions.print_out(ws, NOW, "bulletin")
    assert path.read_bytes() == b"changed"


def test_every_unit_that_wrote_something_gets_a_paper_and_the_others_are_named(ws):
    done = companions.print_out(ws, NOW, "units")
    folder = ws.prints / "单位材料"
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "02_市发改委_单位材料.pdf"
    assert len(names) == len(done.more["files"])
    [silent] = [line for line in done.said if line.startswith("还没有内容")]
    assert not [name for name in names if name.split("_")[1] in silent]


def test_papers_of_chosen_units(ws):
    done = companions.print_out(ws, NOW, "units", Order(units="市司法局、02"))
    assert [path.rpartition("/")[2] for path in done.more["files"]] == [
        "02_市发改委_单位材料.pdf",
        "04_市司法局_单位材料.pdf",
    ]
    with pytest.raises(OperatorError, match="责任单位里没有“没有的局”"):
        companions.print_out(ws, NOW, "units", Order(units="没有的局"))


def test_what_else_lies_beside_the_papers_is_said_and_stays(ws):
    scan = ws.prints / "单位材料" / "99_旧单位_单位材料.pdf"
    scan.parent.mkdir(parents=True)
    scan.write_bytes(b"signed")
    done = companions.print_out(ws, NOW, "units")
    assert any(scan.name in line for line in done.said)
    assert scan.read_bytes() == b"signed"


def test_a_signed_scan_under_our_own_name_is_kept_and_said(ws):
    """And what we wrote ourselves is replaced without a word."""
    companions.print_out(ws, NOW, "units")
    paper = ws.prints / "单位材料" / "02_市发改委_单位材料.pdf"
    ours = paper.read_bytes()
    paper.write_bytes(b"%PDF-1.4 signed and sealed")
    done = companions.print_out(ws, NOW, "units")
    assert paper.read_bytes() == ours
    assert [line for line in done.said if paper.name in line and "已存入 out/存档" in line]
    kept = [path.read_bytes() for path in ws.archive_folder.rglob("*单位材料*")]
    assert kept == [b"%PDF-1.4 signed and sealed"]
    book = openpyxl.load_workbook(ws.master)
    sheet = book[w.SETTINGS_SHEET]
    row = next(r for r in range(2, 40) if sheet.cell(r, 1).value == "任务名称")
    sheet.cell(row, 2).value = "另一个名称"
    book.save(ws.master)
    done = companions.print_out(ws, NOW, "units")
    assert paper.read_bytes() != ours
    assert not [line for line in done.said if "已存入" in line]
    assert len(list(ws.archive_folder.rglob("*单位材料*"))) == 1


def test_nobody_has_written_anything_yet(ws):
    shutil.rmtree(ws.dropzone)
    ws.dropzone.mkdir()
    done = companions.print_out(ws, NOW, "units")
    assert done.outputs == {}
    assert done.more["files"] == []


def test_the_call_list_and_the_evidence_are_files_of_their_own(ws):
    for kind, name in (("calls", "催报单"), ("evidence", "佐证材料目录")):
        done = companions.print_out(ws, NOW, kind)
        assert done.outputs == {"pdf": f"out/5-打印/{name}.pdf"}
        assert done.more["pages"] >= 1


def test_what_may_be_classified_is_told_to_the_clerk_alone(ws):
    (ws.dropzone / "方案（机密★）.pdf").write_bytes(b"%PDF-1.4 secret")
    done = companions.print_out(ws, NOW, "bulletin")
    assert "另有涉密标志 1 处，没有写进通报，请按保密规定单独报告。" in done.said
    companions.print_out(ws, NOW, "units")
    companions.print_out(ws, NOW, "evidence")
    written = [path for path in ws.prints.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if "机密" in path.name]


def test_from_the_command_line(ws):
    shown = run(ws.root, "print", "通报", clock=NOW)
    assert "已排好 1 页：out/5-打印/通报.pdf" in shown.stdout
    made = ask(ws.root, "print", "units", "--units", "市司法局", clock=NOW)
    assert made["files"] == ["out/5-打印/单位材料/04_市司法局_单位材料.pdf"]
    for words in (
        ("print", "公报"),
        ("print", "通报", "--raw"),
        ("print", "通报", "--units", "02"),
    ):
        refused = run(ws.root, *words, clock=NOW)
        assert refused.returncode == 2
        assert "没有改动任何文件" in refused.stderr
