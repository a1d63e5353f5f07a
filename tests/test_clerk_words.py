"""Who speaks for the clerk: by what lies in the place of 汇总表.xlsx, what every command does."""

import io
import shutil
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from client import needs_office, session
from samples import AFTER, NOW

from pdsfz_xl import campaign, companions, demo, form, ledger, master, printing
from pdsfz_xl import wording as w
from pdsfz_xl.cli import cli
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.workspace import Workspace

NOTICE = Path(demo.__file__).parent / "data" / "notice.txt"
OPINION = "审核意见"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """One return, collected; the clerk wrote, collected again, and wrote once more."""
    ws = Workspace(tmp_path_factory.mktemp("prepared"), mark="test")
    campaign.init(ws, NOTICE, NOW)
    campaign.generate(ws, NOW)
    plan = master.read(ws.master)
    unit = next(unit for unit in plan.units if unit.name == "市审计局")
    filled = {key.key: Filled("", "整改 3 项") for key in plan.due(unit.code)}
    ws.write(ws.dropzone / "审计.xlsx", form.build(plan, unit, filled))
    campaign.collect(ws, NOW)
    write(ws.merged, {"市审计局": "先写的", "市统计局": "统计的"})
    campaign.collect(ws, NOW)
    write(ws.merged, {"市审计局": "后写的"})
    campaign.collect(ws, NOW)
    return ws.root


@pytest.fixture
def ws(prepared, tmp_path) -> Workspace:
    return Workspace(Path(shutil.copytree(prepared, tmp_path / "任务")))


def write(path: Path, opinions: dict[str, str]) -> None:
    """Somebody writes an opinion on the first answer of each of these units."""
    book = openpyxl.load_workbook(path)
    sheet = book[w.MERGED_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    left = dict(opinions)
    for row in range(2, sheet.max_row + 1):
        name = sheet.cell(row, captions[w.UNIT]).value
        if name in left:
            sheet.cell(row, captions[OPINION]).value = left.pop(name) or None
    assert not left
    book.save(path)


def opinions(path: Path, caption: str = OPINION) -> set[str]:
    head, *rows = openpyxl.load_workbook(path)[w.MERGED_SHEET].iter_rows(values_only=True)
    return {row[head.index(caption)] for row in rows if caption in head} - {None}


def archived(ws: Workspace) -> dict[str, Path]:
    """What of 汇总表 was replaced, by what the clerk had written in it last."""
    found = sorted(ws.archive_folder.glob("汇总_*"))
    return {"+".join(sorted(opinions(path))): path for path in found}


def rules(done) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in done.findings:
        found.setdefault(finding.rule, []).append(f"{finding.message}；{finding.fix}")
    return found


# --- what lies there, by what every command does ---------------------------------------------


def stands(_ws: Workspace) -> None:
    pass


def written_in(ws: Workspace) -> None:
    write(ws.merged, {"市审计局": "再写的"})


def gone(ws: Workspace) -> None:
    ws.merged.unlink()


def renamed(ws: Workspace) -> None:
    ws.merged.rename(ws.merged.with_name("汇总表-审核完.xlsx"))


def moved_up(ws: Workspace) -> None:
    ws.merged.rename(ws.root / "批过的.xlsx")


def older(ws: Workspace) -> None:
    shutil.copy(archived(ws)["先写的+统计的"], ws.merged)


def without_mark(ws: Workspace) -> None:
    """As a program leaves it that drops properties and hidden sheets."""
    book = openpyxl.load_workbook(ws.merged)
    del book[w.STAMP_SHEET]
    for name in list(book.custom_doc_props.names):
        del book.custom_doc_props[name]
    book.save(ws.merged)


def ledger_lost(ws: Workspace) -> None:
    for path in ws.out.glob("台账.sqlite*"):
        path.unlink()
    campaign.generate(ws, NOW)


def ledger_lost_and_gone(ws: Workspace) -> None:
    ledger_lost(ws)
    ws.merged.unlink()


def foreign(ws: Workspace) -> None:
    """Last year's, with its own code and none of our marks."""
    without_mark(ws)
    book = openpyxl.load_workbook(ws.merged)
    for row in book[w.MERGED_SHEET].iter_rows(min_row=2, max_col=1):
        row[0].value = str(row[0].value).replace("F201921", "F201820")
    book.save(ws.merged)


def before_marks(ws: Workspace) -> None:
    """A workspace that an earlier revision left: neither ledger nor workbook has a mark."""
    without_mark(ws)
    with ledger.opened(ws.ledger) as book, book.db:
        book.db.execute("UPDATE runs SET words = ''")
        book.db.execute("DELETE FROM words")
        book.db.execute("DELETE FROM workspace")


def first_run(ws: Workspace) -> None:
    shutil.rmtree(ws.out)
    campaign.generate(ws, NOW)


FINE = (stands, written_in, before_marks, first_run)
STOPPED = {
    gone: "不见了",
    renamed: "汇总表-审核完.xlsx（到最后一次汇总为止经办人写的，它一处不少）",
    moved_up: "批过的.xlsx",
    older: "不是最后写出的那一份",
    without_mark: "不是最后写出的那一份",
    ledger_lost: "不认识",
    ledger_lost_and_gone: "不见了",
    foreign: "F201820",
}
COMMANDS = {
    "collect": lambda ws: campaign.collect(ws, AFTER),
    "print": lambda ws: printing.print_out(ws, AFTER),
    "print 通报": lambda ws: companions.print_out(ws, AFTER, "通报", printing.Order()),
    "export": lambda ws: campaign.export(ws, AFTER),
    "return": lambda ws: campaign.give_back(ws, AFTER),
    "lint --fix": lambda ws: campaign.lint(ws, AFTER, fix=True),
    "generate --refill": lambda ws: campaign.generate(ws, AFTER, before=ws),
}


def tree(ws: Workspace) -> dict[str, bytes]:
    files = (path for path in ws.root.rglob("*") if path.is_file())
    return {
        ws.relative(path): path.read_bytes()
        for path in files
        if "台账" not in path.name and not path.name.startswith(".lock")
    }


@pytest.mark.parametrize("case", STOPPED, ids=lambda case: case.__name__)
def test_where_it_does_not_speak_every_command_stops(case, ws):
    """With one sentence that names what there is and the ways on; status says it and goes on."""
    case(ws)
    before = tree(ws)
    for command, run in COMMANDS.items():
        with pytest.raises(OperatorError) as raised:
            run(ws)
        said = str(raised.value)
        assert STOPPED[case] in said, command
        assert "--review none" in said
        assert said.count("。") == 1
    assert said in campaign.status(ws, AFTER).said
    assert tree(ws) == before
    campaign.pack(ws, AFTER, ws.root.parent / "包.zip")


@pytest.mark.parametrize("case", FINE, ids=lambda case: case.__name__)
def test_where_it_speaks_nothing_is_said(case, ws):
    case(ws)
    for run in COMMANDS.values():
        run(ws)
    assert not any("--review" in line for line in campaign.status(ws, AFTER).said)


def test_the_copy_in_the_archive_is_named_with_what_it_lacks(ws):
    archived(ws)["后写的+统计的"].unlink()
    gone(ws)
    with pytest.raises(OperatorError, match=r"存档里最近的一份是 out/存档/汇总_.*它少 1 处"):
        campaign.collect(ws, AFTER)


# --- the ways on ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", STOPPED, ids=lambda case: case.__name__)
def test_letting_go_is_said_aloud_and_loses_no_copy(case, ws):
    case(ws)
    before = ws.merged.read_bytes() if ws.merged.exists() else b""
    done = campaign.collect(ws, AFTER, copy="none")
    assert "放弃" in done.said[0]
    assert opinions(ws.merged) == set()
    kept = [path.read_bytes() for path in ws.archive_folder.iterdir()]
    assert not before or before in kept
    campaign.collect(ws, AFTER)


def test_nothing_is_let_go_where_it_speaks(ws):
    with pytest.raises(OperatorError, match="不要加 --review none"):
        campaign.collect(ws, AFTER, copy="none")


def test_how_many_words_are_let_go_is_said(ws):
    gone(ws)
    done = campaign.collect(ws, AFTER, copy="none")
    assert done.said[0].startswith("已放弃原来的汇总表：经办人写过的 2 处不再采用，out/存档/汇总_")


def test_a_renamed_one_is_taken_whole(ws):
    renamed(ws)
    done = campaign.collect(ws, AFTER, copy="out/3-汇总/汇总表-审核完.xlsx")
    assert "共 2 处" in done.said[0]
    assert opinions(ws.merged) == {"后写的", "统计的"}
    campaign.collect(ws, AFTER)


@pytest.mark.parametrize("case", [older, without_mark, ledger_lost])
def test_what_lies_there_is_taken_when_it_is_named(case, ws):
    case(ws)
    before = opinions(ws.merged)
    campaign.collect(ws, AFTER, copy=str(ws.merged))
    assert opinions(ws.merged) == before
    campaign.collect(ws, AFTER)


def test_one_put_back_speaks_again(ws):
    renamed(ws)
    with pytest.raises(OperatorError):
        campaign.collect(ws, AFTER)
    ws.merged.with_name("汇总表-审核完.xlsx").rename(ws.merged)
    assert campaign.collect(ws, AFTER).said


# --- a copy ------------------------------------------------------------------------------------


def test_an_older_copy_undoes_nothing(ws, tmp_path):
    """Only what was changed in it since the run that wrote it counts."""
    copy = Path(shutil.copy(archived(ws)["先写的+统计的"], tmp_path / "旧.xlsx"))
    write(copy, {"市司法局": "在家写的"})
    campaign.collect(ws, AFTER, copy=str(copy))
    assert opinions(ws.merged) >= {"后写的", "统计的", "在家写的"}


def test_what_was_cleared_in_a_copy_is_cleared(ws, tmp_path):
    copy = Path(shutil.copy(ws.merged, tmp_path / "带走.xlsx"))
    write(copy, {"市统计局": ""})
    done = campaign.collect(ws, AFTER, copy=str(copy))
    assert "清空 1 处" in done.said[0]
    assert opinions(ws.merged) == {"后写的"}


def test_two_colleagues_and_nothing_of_either_is_lost(ws, tmp_path):
    """What both changed stands as 汇总表 has it; V06 lists the other, until that is cleared."""
    one = Path(shutil.copy(ws.merged, tmp_path / "甲.xlsx"))
    two = Path(shutil.copy(ws.merged, tmp_path / "乙.xlsx"))
    write(one, {"市审计局": "甲说", "市司法局": "甲另说"})
    write(two, {"市审计局": "乙说", "市统计局": "乙另说"})
    campaign.collect(ws, AFTER, copy=str(one))
    done = campaign.collect(ws, AFTER, copy=str(two))
    assert opinions(ws.merged) == {"甲说", "甲另说", "乙另说"}
    assert "1 处与汇总表都改过" in done.said[0]
    for _ in range(2):
        done = campaign.collect(ws, AFTER)
        [said] = rules(done)["V06"]
        assert "乙说" in said
        assert "以“审核意见”栏为准" in said
        assert opinions(ws.merged, w.in_other_copy(OPINION)) == {"乙说"}
    book = openpyxl.load_workbook(ws.merged)
    sheet = book[w.MERGED_SHEET]
    column = next(c.column for c in sheet[1] if c.value == w.in_other_copy(OPINION))
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, column).value = None
    book.save(ws.merged)
    assert "V06" not in rules(campaign.collect(ws, AFTER))


def test_a_copy_nobody_knows_the_run_of_adds_and_never_undoes(ws, tmp_path):
    """From a workspace whose ledger is another: what differs is listed, what is missing is not."""
    copy = Path(shutil.copy(archived(ws)["先写的+统计的"], tmp_path / "别处.xlsx"))
    write(copy, {"市统计局": "", "市司法局": "新的"})
    here = Workspace(Path(shutil.copytree(ws.root, tmp_path / "另一处")))
    with ledger.opened(here.ledger) as book, book.db:
        book.db.execute("DELETE FROM words WHERE digest != (SELECT words FROM runs "
                        "WHERE command = 'collect' ORDER BY id DESC LIMIT 1)")  # fmt: skip
    campaign.collect(here, AFTER, copy=str(copy))
    assert opinions(here.merged) == {"后写的", "统计的", "新的"}
    assert opinions(here.merged, w.in_other_copy(OPINION)) == {"先写的"}


def test_what_is_no_copy_is_refused(ws, tmp_path):
    copy = Path(shutil.copy(ws.merged, tmp_path / "去年.xlsx"))
    shutil.copy(ws.merged, tmp_path / "留.xlsx")
    foreign(ws)
    shutil.copy(ws.merged, copy)
    shutil.copy(tmp_path / "留.xlsx", ws.merged)
    for path, why in (
        (copy, "另一个填报任务"),
        (ws.dropzone / "审计.xlsx", "不是汇总表"),
        (ws.root / "没有.xlsx", "找不到"),
    ):
        with pytest.raises(OperatorError, match=why):
            campaign.collect(ws, AFTER, copy=str(path))


def test_a_run_that_was_killed_before_the_ledger_knew_of_it_is_no_trouble(ws):
    write(ws.merged, {"市司法局": "最后写的"})
    shutil.copy(ws.ledger, ws.root / "before.sqlite")
    campaign.collect(ws, AFTER)
    with ledger.opened(ws.ledger) as book, book.db:
        book.db.execute("DELETE FROM runs WHERE id = (SELECT max(id) FROM runs)")
    campaign.collect(ws, AFTER)
    assert "最后写的" in opinions(ws.merged)


# --- in the drop zone ----------------------------------------------------------------------------


def forged(ws: Workspace, edit) -> bytes:
    book = openpyxl.load_workbook(ws.merged)
    edit(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def with_words(book) -> None:
    for sheet, caption, said in (
        (w.MERGED_SHEET, w.REVISION, "伪造的修改稿 1"),
        (w.MERGED_SHEET, "代录内容", "伪造的代录 2"),
        (w.FINAL_SHEET, w.FINAL_TEXT, "伪造的定稿 3"),
        (w.REGISTER_SHEET, "作废", "是"),
    ):
        captions = {cell.value: cell.column for cell in book[sheet][1]}
        for row in range(2, book[sheet].max_row + 1):
            book[sheet].cell(row, captions[caption]).value = said


def no_captions(book) -> None:
    with_words(book)
    book[w.FINAL_SHEET].delete_rows(1)


def no_digests(book) -> None:
    """A title above, and nothing left by which a hasty eye would know it."""
    with_words(book)
    for sheet in list(book):
        if sheet.title == w.STAMP_SHEET:
            del book[sheet.title]
    sheet = book[w.MERGED_SHEET]
    for caption in (w.ANSWER_DIGEST, w.REVIEW_DIGEST):
        sheet.delete_cols(next(c.column for c in sheet[1] if c.value == caption))
    sheet.insert_rows(1)
    sheet["A1"] = "市审计局报送"
    for name in list(book.custom_doc_props.names):
        del book.custom_doc_props[name]


def last_years(book) -> None:
    no_digests(book)
    for row in book[w.MERGED_SHEET].iter_rows(min_row=3, max_col=1):
        row[0].value = str(row[0].value).replace("F201921", "F201820")


@pytest.mark.parametrize(
    ("edit", "rule"),
    [(with_words, "F11"), (no_captions, "F11"), (no_digests, "F11"), (last_years, "F04")],
)
def test_a_forged_copy_changes_nothing_and_is_a_finding(edit, rule, ws):
    """Neither as the clerk's word nor as anybody's answer, though it bears every unit's codes."""
    before = campaign.collect(ws, AFTER)
    path = ws.dropzone / "邮件" / "2019-10-24_市司法局 x@y.cn" / "市司法局.xlsx"
    ws.write(path, forged(ws, edit))
    done = campaign.collect(ws, AFTER)
    assert done.more["answers"] == before.more["answers"]
    assert done.more["units"] == before.more["units"]
    cells = (c for sheet in openpyxl.load_workbook(ws.merged) for row in sheet.values for c in row)
    assert not [said for said in cells if "伪造" in str(said)]
    [file] = [f for f in done.more["files"] if f["path"] == ws.relative(path)]
    assert (file["verdict"], file["unit"], file["rule"]) == ("rejected", None, rule)
    assert not list(ws.archive_folder.glob("未识别*"))
    [said] = rules(done)[rule]
    assert rule == "F04" or "collect --review" in said
    for run in COMMANDS.values():
        run(ws)


# --- what a client leaves of it -----------------------------------------------------------------


@needs_office
def test_a_copy_saved_by_libreoffice_keeps_its_mark(ws, tmp_path):
    shutil.copy(ws.merged, tmp_path / "before.xlsx")
    session(
        tmp_path,
        ["open", "before.xlsx"], ["save", "saved.xlsx"], ["save", "saved.ods"],
        ["save", "saved.xls"], ["close"],
    )  # fmt: skip
    shutil.copy(tmp_path / "saved.xlsx", ws.merged)
    campaign.collect(ws, AFTER)
    assert opinions(ws.merged) == {"后写的", "统计的"}
    for name in ("saved.ods", "saved.xls"):
        done = campaign.collect(ws, AFTER, copy=str(tmp_path / name))
        assert "没有新写的" in done.said[0]


def test_the_mark_is_a_hidden_option(tmp_path):
    words = ["-C", str(tmp_path), "--clock", "2019-10-24", "--mark", "cafe"]
    for command in (["init", str(NOTICE)], ["generate"], ["collect"]):
        assert CliRunner().invoke(cli, [*words, *command]).exit_code == 0
    with ledger.opened(Workspace(tmp_path).ledger, readonly=True) as book:
        assert book.mark() == "cafe"


def test_the_same_input_gives_the_same_bytes(prepared, tmp_path):
    """The mark is an argument, and a collect that changes nothing has no number."""
    ws = Workspace(Path(shutil.copytree(prepared, tmp_path / "任务")))
    before = ws.merged.read_bytes()
    printing.print_out(ws, AFTER)
    campaign.collect(ws, AFTER)
    assert ws.merged.read_bytes() == before
    properties = openpyxl.load_workbook(ws.merged).custom_doc_props
    said = {p.name: p.value for p in properties.props}
    assert said["pdsfz_mark"] == "test"
    assert said["pdsfz_campaign"] == "F201921"
