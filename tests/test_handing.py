"""Handing out without mail, as the clerk does it: parcels, calls, and the register of both."""

import io
import shutil
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from test_flow import NOTICE, ask, fill, run

from pdsfz_xl import campaign, handing, ledger, recipients
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.handing import Note
from pdsfz_xl.model import Unit
from pdsfz_xl.states import NotGiven
from pdsfz_xl.workspace import Workspace

MADE = datetime(2019, 10, 8, 9, 30)
AFTER = datetime(2019, 10, 28, 10, 30)
BY = Note("张三")
UNITS = {
    "市发改委": {"报送方式": "内网", "联系人": "王芳", "电话": "0375-2601300"},
    "市司法局": {"报送方式": "邮件", "邮箱": "sfj@example.cn"},
    "市审计局": {"报送方式": "U盘", "邮箱": "sjj@example.cn", "别名": "审计局"},
    "公安局": {"邮箱": "gaj@example.cn", "分组": "执法部门"},
    "市场监管局": {"分组": "执法部门"},
}


def set_units(folder: Path, values: dict[str, dict[str, str]]) -> None:
    path = folder / "master" / "任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.UNITS_SHEET]
    at = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        for caption, said in values.get(sheet.cell(row, at["单位名称"]).value, {}).items():
            sheet.cell(row, at[caption]).value = said
    book.save(path)


def set_cell(folder: Path, sheet: str, cell: str, said: str) -> None:
    path = folder / "master" / "任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = said
    book.save(path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    campaign.init(Workspace(folder), NOTICE, MADE)
    set_units(folder, UNITS)
    campaign.generate(Workspace(folder), MADE)
    return folder


@pytest.fixture
def ws(prepared, tmp_path) -> Workspace:
    shutil.copytree(prepared, tmp_path / "任务")
    return Workspace(tmp_path / "任务")


def names(done) -> list[str]:
    return [unit["name"] for unit in done.more["units"]]


def out(ws: Workspace) -> set[str]:
    with ledger.opened(ws.ledger, readonly=True) as book:
        return book.out_forms()


def handed(ws: Workspace) -> list[tuple]:
    with ledger.opened(ws.ledger, readonly=True) as book:
        return [(one.unit, one.kind, one.day, one.who, one.via, one.note) for one in book.handed()]


def give(ws: Workspace, kind: str = w.ISSUE, named: str = "", note: Note = BY, now=MADE):
    return handing.hand(ws, now, kind, named, note)


# --- whom it is for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("emails", "channel", "by_hand"),
    [
        ((), "", True),
        ((), "邮件", True),
        (("a@b.cn",), "", False),
        (("a@b.cn",), "邮件", False),
        (("a@b.cn",), "微信/QQ", True),
    ],
)
def test_who_is_not_reached_by_mail_gets_it_by_hand(emails, channel, by_hand):
    unit = Unit(code="01", name="甲局", emails=emails, channel=channel)
    assert recipients.is_by_hand(unit) is by_hand


# --- parcels -------------------------------------------------------------------------------


def test_forms_go_to_units_without_mail_and_are_out_once_somebody_stands_for_it(ws):
    done = give(ws, note=Note())
    assert len(names(done)) == 10
    assert "市发改委" in names(done)
    assert done.more["left"] == {"报送方式是邮件": ["市司法局", "公安局"]}
    assert (done.more["registered"], handed(ws), out(ws)) == (False, [], set())
    assert "--record --by" in done.next_step
    done = give(ws)
    assert done.more["registered"]
    assert out(ws) == {unit["code"] for unit in done.more["units"]}
    ways = {unit: via for unit, _, _, _, via, _ in handed(ws)}
    assert (ways["02"], ways["06"], ways["09"]) == ("内网", "U盘", "")
    assert "已登记：2019年10月8日由张三下发 10 家" in "\n".join(done.said)


def test_a_folder_and_an_archive_hold_the_form_itself(ws):
    give(ws, named="市审计局")
    place = ws.handouts / "2019-10-08_下发"
    form = next(ws.forms.glob("06_*.xlsx"))
    assert sorted(p.name for p in (place / "06_市审计局").iterdir()) == [
        "06_市审计局_下发说明.docx",
        "06_市审计局_下发说明.txt",
        form.name,
    ]
    assert (place / "06_市审计局" / form.name).read_bytes() == form.read_bytes()
    with zipfile.ZipFile(next(place.glob("06_*.zip"))) as archive:
        assert archive.read("06_F201921.xlsx") == form.read_bytes()
    assert [p.name for p in place.iterdir() if p.name.startswith("02")] == []


def test_again_gives_the_same_bytes_and_only_to_who_is_named(ws):
    give(ws)
    files = {p: p.read_bytes() for p in ws.handouts.rglob("*") if p.is_file()}
    again = give(ws)
    assert names(again) == []
    assert len(again.more["left"]["已经下发"]) == 10
    assert names(give(ws, named="06")) == ["市审计局"]
    assert {p: p.read_bytes() for p in ws.handouts.rglob("*") if p.is_file()} == files
    assert len(handed(ws)) == 10


def test_generate_leaves_what_was_handed_out_alone(ws):
    give(ws)
    before = {p: p.read_bytes() for p in ws.handouts.rglob("*") if p.is_file()}
    set_cell(ws.root, w.TABLE_SHEET, "A2", "改过的一级指标")
    campaign.generate(ws, MADE)
    assert {p: p.read_bytes() for p in ws.handouts.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("harm", ["touched", "deleted", "older"])
def test_a_form_that_is_not_what_the_master_says_stays_here(ws, harm):
    form = next(ws.forms.glob("06_*.xlsx"))
    if harm == "touched":
        form.write_bytes(form.read_bytes() + b" ")
    elif harm == "deleted":
        form.unlink()
    else:
        row = next(r for r in _rows(ws, w.SETTINGS_SHEET) if r[0].value == "报送截止日期")
        set_cell(ws.root, w.SETTINGS_SHEET, row[1].coordinate, "2019-11-01")
    done = give(ws, named="06")
    reason = hw.FORM_STALE if harm == "older" else hw.FORM_TOUCHED
    assert (names(done), done.more["left"]) == ([], {reason: ["市审计局"]})
    assert (handed(ws), out(ws)) == ([], set())
    assert not any(ws.handouts.iterdir())


def _rows(ws: Workspace, sheet: str):
    return openpyxl.load_workbook(ws.master)[sheet].iter_rows()


def test_a_prefilled_form_is_current_too(ws):
    fill(ws.root, "市审计局", "审计.xlsx", {"17": "整改 3 项"})
    campaign.collect(ws, MADE)
    campaign.generate(ws, MADE, before=ws)
    assert names(give(ws, w.AMEND, named="06")) == ["市审计局"]


def test_a_master_with_errors_lets_nothing_out(ws):
    row = next(r for r in _rows(ws, w.TABLE_SHEET) if r[6].value == "市审计局")
    set_cell(ws.root, w.TABLE_SHEET, row[6].coordinate, "市审计据")
    with pytest.raises(OperatorError, match="运行 pdsfz-xl lint"):
        give(ws)


def test_a_form_that_changed_since_is_said_and_goes_as_a_correction(ws):
    give(ws)
    row = next(r for r in _rows(ws, w.TABLE_SHEET) if r[6].value == "市审计局")
    set_cell(ws.root, w.TABLE_SHEET, row[5].coordinate, "改过的填报材料。")
    campaign.generate(ws, MADE)
    assert (
        "还没有发“更正”（pdsfz-xl mail plan 更正，没有邮箱的用 pdsfz-xl handout 更正）：市审计局"
        in "\n".join(campaign.status(ws, MADE).said)
    )
    issued = give(ws)
    assert (names(issued), issued.more["left"][hw.NOT_GIVEN[NotGiven.CHANGED_FORM]]) == (
        [],
        ["市审计局"],
    )
    amended = give(ws, w.AMEND)
    assert (names(amended), amended.more["left"]) == (["市审计局"], {})
    note = (ws.handouts / "2019-10-08_更正/06_市审计局/06_市审计局_更正说明.txt").read_text(
        "utf-8-sig"
    )
    assert "附：与原来的填报表相比，17 的填报材料有改动。" in note
    assert "06" in out(ws)
    assert names(give(ws, w.AMEND)) == []
    assert "还没有发“更正”" not in "\n".join(campaign.status(ws, MADE).said)


def test_a_return_on_the_form_before_does_not_say_that_the_new_one_is_out(ws):
    give(ws, named="06")
    fill(ws.root, "市审计局", "审计.xlsx", {"17": "整改 3 项"})
    row = next(r for r in _rows(ws, w.SETTINGS_SHEET) if r[0].value == "报送截止日期")
    set_cell(ws.root, w.SETTINGS_SHEET, row[1].coordinate, "2019-11-01")
    campaign.generate(ws, MADE)
    campaign.collect(ws, MADE)
    assert names(give(ws, w.AMEND)) == ["市审计局"]


def test_the_marked_workbook_made_last_goes_back_to_who_has_to_correct(ws):
    fill(ws.root, "市审计局", "审计.xlsx", {"17": "无"})
    fill(ws.root, "市司法局", "司法.xlsx", {"03": "无"})
    campaign.collect(ws, AFTER)
    earlier = ws.returns / "2019-10-20"
    earlier.mkdir(parents=True)
    (earlier / "02_市发改委_旧.xlsx").write_bytes(b"PK")
    assert names(give(ws, w.SENT_BACK, now=AFTER)) == []  # it has nothing to put right
    campaign.give_back(ws, AFTER)
    copy = next((ws.returns / "2019-10-28").glob("06_*.xlsx"))
    shutil.copy(copy, copy.with_stem(f"{copy.stem} (2)"))
    done = give(ws, w.SENT_BACK, now=AFTER)
    assert (names(done), done.more["left"]) == (
        ["市审计局"],
        {hw.NOT_GIVEN[NotGiven.GOES_BY_MAIL]: ["市司法局"]},
    )
    place = ws.handouts / "2019-10-28_退回修改"
    assert [p.suffix for p in sorted((place / "06_市审计局").iterdir())] == [
        ".docx",
        ".txt",
        ".xlsx",
    ]
    assert (place / "06_市审计局" / copy.name).read_bytes() == copy.read_bytes()
    again = give(ws, w.SENT_BACK, now=AFTER)
    assert again.more["left"] == {
        hw.NOT_GIVEN[NotGiven.ALREADY_GIVEN]: ["市审计局"],
        hw.NOT_GIVEN[NotGiven.GOES_BY_MAIL]: ["市司法局"],
    }
    named = give(ws, w.SENT_BACK, "市审计局、市统计局", now=AFTER)
    assert (names(named), named.more["left"]) == (
        ["市审计局"],
        {hw.NOT_GIVEN[NotGiven.NOTHING_BACK]: ["市统计局"]},
    )


def test_what_goes_back_to_one_unit_later_leaves_what_goes_back_to_the_others(ws):
    for unit, name, key in (("市审计局", "审计.xlsx", "17"), ("市发改委", "发改.xlsx", "01")):
        fill(ws.root, unit, name, {key: "无"})
    campaign.collect(ws, AFTER)
    campaign.give_back(ws, AFTER)
    assert names(give(ws, w.SENT_BACK, now=AFTER)) == ["市发改委", "市审计局"]
    with ledger.opened(ws.ledger) as book:
        before = book.returned()
    later = datetime(2019, 10, 29, 9, 0)
    files = {path: path.read_bytes() for path in ws.returns.rglob("*.*") if path.is_file()}
    done = campaign.give_back(ws, later, units="审计局、市统计局")
    assert done.more["units"] == ["市审计局"]
    assert "没有要改的，没有做：市统计局。" in done.said
    assert {path.name[:2] for path in (ws.returns / "2019-10-29").iterdir()} == {"06"}
    assert {path: path.read_bytes() for path in files} == files
    assert names(give(ws, w.SENT_BACK, "市发改委、06", now=later)) == ["市发改委", "市审计局"]
    with ledger.opened(ws.ledger) as book:
        assert book.returned() == before
        at = dict(book.db.execute("SELECT unit, max(at) FROM returned GROUP BY unit"))
    assert at == {"02": AFTER.isoformat(), "06": later.isoformat()}


# --- the register --------------------------------------------------------------------------


def test_what_was_done_by_hand_can_be_written_down(ws):
    note = Note("李四", date(2019, 10, 7), "当面", "已签收")
    handing.write_down(ws, MADE, w.ISSUE, "公安局", note)
    assert handed(ws) == [("08", w.ISSUE, date(2019, 10, 7), "李四", "当面", "已签收")]
    assert out(ws) == {"08"}
    call = Note("张三", None, "电话", "说周五报")
    handing.write_down(ws, AFTER, w.REMIND, "执法部门", call)
    assert [row[:3] for row in handed(ws)[1:]] == [
        ("08", w.REMIND, AFTER.date()),
        ("09", w.REMIND, AFTER.date()),
    ]
    said = "\n".join(handing.register(ws, AFTER).said)
    assert "  08 公安局：下发 10月7日 当面 李四：已签收\n" in said
    assert "  09 市场监管局：催报 10月28日 电话 张三：说周五报" in said
    status = campaign.status(ws, AFTER)
    assert (
        "转交登记：下发 1 家，催报 2 家；最近一次 10月28日（pdsfz-xl handout 看全部）"
        in status.said
    )
    assert status.more["handed"][0]["day"] == "2019-10-07"


def test_a_call_in_the_group_reaches_all_that_owe_and_only_them(ws):
    fill(ws.root, "市审计局", "审计.xlsx", {"17": "整改 3 项"})
    done = handing.write_down(ws, AFTER, w.REMIND, "", Note("张三", None, "微信群"))
    assert len(names(done)) == 11
    assert "市审计局" not in names(done)
    assert "市财政局" not in names(done)


def test_a_name_without_a_form_cannot_have_got_one(ws):
    done = handing.write_down(ws, MADE, w.ISSUE, "市财政局", BY)
    assert (done.said[0], done.more["left"]) == ("没有登记。", {"无需报送": ["市财政局"]})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("下发", "--note", "已签收"), "--by 姓名"),
        (("催报", "--record"), "--by 姓名"),
        (("催报", "--by", "张三"), "--record"),
        (("下发", "--by", "张三", "--on", "2030-01-01"), "还没有到"),
        (("下发", "--by", "张三", "--on", "昨天"), "不是日期"),
        (("--record", "--by", "张三"), "请写明种类"),
        (("回执",), "没有“回执”这一种"),
        (("下发", "--units", "不存在局"), "责任单位里没有“不存在局”"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(ws, words, said):
    before = ws.ledger.read_bytes()
    done = run(ws.root, "handout", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert ws.ledger.read_bytes() == before
    assert not any(ws.handouts.iterdir())


def test_the_kinds_have_english_names_too(ws):
    issued = ask(ws.root, "handout", "issue", "--by", "张三", "--via", "微信", "--units", "06")
    assert (issued["kind"], issued["registered"]) == ("下发", True)
    assert issued["parcels"][0]["unit"] == "市审计局"
    called = ask(ws.root, "handout", "remind")
    assert called["missing"]["市审计局"] == ["17"]
    noted = ask(ws.root, "handout", "remind", "--record", "--units", "06", "--by", "张三")
    assert noted["units"] == [{"code": "06", "name": "市审计局"}]
    assert [(one["kind"], one["via"]) for one in ask(ws.root, "handout")["handed"]] == [
        ("下发", "微信"),
        ("催报", None),
    ]


# --- the call list -------------------------------------------------------------------------


def _call(ws: Workspace, unit: str, **said: str) -> None:
    book = openpyxl.load_workbook(ws.calls)
    sheet = book[hw.CALLS_SHEET]
    at = {cell.value: cell.column for cell in sheet[3]}
    row = next(r for r in range(4, sheet.max_row + 1) if sheet.cell(r, at["单位"]).value == unit)
    for caption, text in said.items():
        sheet.cell(row, at[caption]).value = text
    book.save(ws.calls)


def _contacts(ws: Workspace) -> dict[str, str]:
    sheet = openpyxl.load_workbook(io.BytesIO(ws.calls.read_bytes()))[hw.CALLS_SHEET]
    at = {cell.value: cell.column for cell in sheet[3]}
    return {
        sheet.cell(row, at["单位"]).value: sheet.cell(row, at[hw.CONTACTS_MADE]).value or ""
        for row in range(4, sheet.max_row + 1)
    }


def test_what_the_clerk_wrote_in_the_list_goes_to_the_register_once(ws):
    first = handing.remind(ws, AFTER)
    assert len(names(first)) == 12
    _call(ws, "公安局", 催报时间="10月28日", 催报人="李四", 结果="说周五报", 电话="110")
    kept = ws.calls.read_bytes()
    second = handing.remind(ws, AFTER)
    assert "原来的电话单里填写的 1 条已登记；原表存入 out/存档。" in second.said
    assert "“110”，与责任单位表不同" in "\n".join(second.said)
    assert _contacts(ws)["公安局"] == "催报 10月28日 李四：说周五报"
    assert kept in [p.read_bytes() for p in ws.archive_folder.iterdir()]
    third = handing.remind(ws, AFTER)
    assert third.more["taken"] == 0
    assert len(handed(ws)) == 1


def test_the_list_put_back_counts_no_call_twice(ws):
    handing.remind(ws, AFTER)
    _call(ws, "公安局", 催报时间="10月28日", 催报人="李四", 结果="说周五报")
    kept = ws.calls.read_bytes()
    handing.remind(ws, AFTER)
    ws.calls.write_bytes(kept)
    assert handing.remind(ws, AFTER).more["taken"] == 0
    assert len(handed(ws)) == 1


def test_nothing_changed_leaves_the_list_as_it_is(ws):
    handing.remind(ws, AFTER)
    before = ws.calls.stat().st_mtime_ns, ws.calls.read_bytes()
    handing.remind(ws, AFTER)
    assert (ws.calls.stat().st_mtime_ns, ws.calls.read_bytes()) == before
    assert not any(ws.archive_folder.iterdir())


def test_a_list_open_in_excel_is_said_before_anything_starts(ws):
    handing.remind(ws, AFTER)
    _call(ws, "公安局", 结果="说周五报")
    ws.calls.with_name(f"~${ws.calls.name}").touch()
    with pytest.raises(OperatorError, match="正在 Excel"):
        handing.remind(ws, AFTER)
    assert handed(ws) == []


def test_a_list_that_cannot_be_read_is_not_replaced(ws):
    handing.remind(ws, AFTER)
    ws.calls.write_bytes(b"PK nothing")
    with pytest.raises(OperatorError, match="读不出来"):
        handing.remind(ws, AFTER)
    assert ws.calls.read_bytes() == b"PK nothing"


def test_the_text_for_the_group_is_shown_and_kept(ws):
    done = handing.remind(ws, AFTER, "公安局")
    kept = ws.group_text.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    assert kept == done.more["text"] + "\n"
    assert kept in "\n".join(done.said) + "\n"
    assert "1. 公安局：填报表（共 1 项：第 25 项）\n请尽快报送至" in kept
    assert list(_contacts(ws)) == ["公安局"]


def test_when_nobody_owes_anything_no_list_is_made(ws):
    done = handing.remind(ws, AFTER, "市财政局")
    assert (done.said[0], done.more["left"]) == ("没有要催报的单位。", {"无需报送": ["市财政局"]})
    assert not any(ws.handouts.iterdir())


def test_the_text_that_goes_with_a_correction_reads_right_in_an_old_notepad(ws):
    fill(ws.root, "市审计局", "审计.xlsx", {"17": "无"})
    campaign.collect(ws, AFTER)
    campaign.give_back(ws, AFTER)
    (text,) = (ws.returns / "2019-10-28").glob("06_*.txt")
    data = text.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") > 3
