"""What is done next, state by state: first as a table, then in small workspaces."""

import shutil
from datetime import date, datetime, timedelta

import mailroom
import openpyxl
import pytest
from mailroom import NOW

from pdsfz_xl import campaign, form, handing, ledger, next_step, outgoing, printing
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.handing import Note
from pdsfz_xl.next_step import Situation, Step
from pdsfz_xl.printing import Order
from pdsfz_xl.workspace import Workspace

A, B = ("甲01局",), ("甲02局",)
CAME = {"received": True, "printed": True}
DONE = {**CAME, "submitted": True, "exported": True}
OPEN = {w.PENDING_CHOICE: ("05",)}
BY = Note("张三", None, "U盘")
LATER = NOW + timedelta(days=2)

TABLE = [
    ("the master is wrong, whatever else", {"master_errors": 2, **CAME}, ["lint"]),
    ("no forms", {"has_forms": False}, ["generate"]),
    ("nobody has a form", {"waiting": A}, ["mail plan 下发", "collect"]),
    ("everybody has one", {}, ["collect"]),
    ("the master changed since", {"stale": True}, ["generate", "collect"]),
    ("a bureau is made responsible", {"moves": A, **CAME, "errors": 1}, ["lint --fix", "collect"]),
    ("a form asks something else", {"outdated": A, "fresh": 1, **CAME},
     ["mail plan 更正", "collect", "print --submit"]),
    ("nobody knows of a mail", {"doubtful": 1, "waiting": A}, ["mail show", "mail plan 下发"]),
    ("forms in the wrong folder", {"misplaced": ("out/2收件",)}, ["collect", "collect"]),
    ("new files", {"received": True, "fresh": 2}, ["collect", "print"]),
    ("files, and no 汇总表", {"received": True, "merged": False}, ["collect", "print"]),
    ("a mark, and a fault", {**CAME, "held": ("a.xlsx",), "to_mark": A, "errors": 2},
     ["purge 文件 --reason 理由 --by 姓名", "return"]),
    ("a file of nobody, and a fault", {**CAME, "unplaced": ("a.docx",), "to_mark": A, "errors": 2},
     ["collect", "return"]),
    ("a fault, on no paper", {"received": True, "to_mark": A, "errors": 13}, ["return", "print"]),
    ("a fault, all silent", {**CAME, "to_mark": A, "to_remind": B, "owing": B, "errors": 2},
     ["return", "mail plan 催报", "collect"]),
    ("the marked form lies here", {**CAME, "to_send_back": A, "errors": 1, "pending": OPEN},
     ["mail plan 退回修改", "collect"]),
    ("it went out", {**CAME, "correcting": A, "errors": 1}, ["collect"]),
    ("two versions, and a silent unit", {**CAME, "pending": OPEN, "to_remind": B, "errors": 1},
     ["collect", "mail plan 催报"]),
    ("to be typed in", {**CAME, "to_key": A, "to_remind": B, "errors": 1},
     ["collect", "mail plan 催报"]),
    ("texts to be made one, on no paper", {"received": True, "pending": {w.PENDING_TEXT: ("25",)}},
     ["collect", "print"]),
    ("unsigned, on no paper", {"received": True, "pending": {w.UNSIGNED: ("25",)}}, ["print"]),
    ("unsigned, printed", {**CAME, "pending": {w.UNSIGNED: ("25",)}}, ["print --submit"]),
    ("all is well", CAME, ["print --submit"]),
    ("but somebody was reminded today", {**CAME, "owing": A, "errors": 1}, ["collect"]),
    ("it went up", {**CAME, "submitted": True}, ["export"]),
    ("it changed since", {**DONE, "printed": False}, ["print"]),
    ("all is done", DONE, ["pack"]),
    ("only the clerk can put it right", {**CAME, "errors": 1}, ["collect"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "commands"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_table_of_states(facts, commands):
    steps = next_step.steps(Situation(**facts))
    typed = [step.command.removeprefix("pdsfz-xl ") for step in steps]
    assert typed[: len(commands)] == commands
    assert all(step.why and not step.why.endswith("，") for step in steps)


@pytest.mark.parametrize("facts", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_print_goes_up_last_and_never_with_something_open(facts):
    typed = [step.command for step in next_step.steps(Situation(**facts))]
    at = Situation(**facts)
    if any("--submit" in command for command in typed):
        assert "--submit" in typed[-1]
        assert not at.errors
        assert not at.pending.get(w.PENDING_CHOICE)


def test_many_names_are_a_few_and_people_read_a_sentence():
    (first, *_) = next_step.steps(Situation(outdated=("甲", "乙", "丙", "丁")))
    assert str(first) == (
        "给 4 家发“更正”（甲、乙、丙等；没有邮箱的用 pdsfz-xl handout 更正），"
        "运行 pdsfz-xl mail plan 更正"
    )


# --- in a workspace ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Workspace:
    return mailroom.workspace(tmp_path_factory.mktemp("office"), units=3)


@pytest.fixture
def ws(office, tmp_path) -> Workspace:
    shutil.copytree(office.root, tmp_path / "任务")
    return Workspace(tmp_path / "任务")


def steps(ws: Workspace, now: datetime = NOW) -> tuple[Step, ...]:
    return campaign.status(ws, now).steps


def first(ws: Workspace, now: datetime = NOW) -> str:
    return steps(ws, now)[0].command.removeprefix("pdsfz-xl ")


def answered(ws: Workspace, *units: str, **texts: str) -> None:
    """The units answer, in the words given for them, and the clerk collects."""
    for unit in units:
        mailroom.fill(ws, unit, f"{unit}.xlsx", texts.get(f"_{unit}", f"第{unit}局办理 12 件。"))
    campaign.collect(ws, NOW)


def clerk_writes(ws: Workspace, sheet: str, column: str, said: str, unit: str) -> None:
    book = openpyxl.load_workbook(ws.merged)
    head, *rows = book[sheet].iter_rows()
    captions = [cell.value for cell in head]
    for row in rows:
        if f"-{unit}-" in str(row[0].value):
            row[captions.index(column)].value = said
    book.save(ws.merged)


def test_from_the_first_form_to_the_last_paper(ws):
    assert first(ws) == "mail plan 下发"
    handing.give(ws, NOW, w.ISSUE, "甲01局、甲02局、甲03局", BY)
    assert first(ws) == "collect"
    mailroom.fill(ws, "01", "01.xlsx", "第01局办理 12 件。")
    assert "收到 1 个新文件" in steps(ws)[0].why
    answered(ws, "01", "02")
    assert [s.command for s in steps(ws)] == [
        "pdsfz-xl mail plan 催报", "pdsfz-xl print", "pdsfz-xl collect",
    ]  # fmt: skip
    handing.write_down(ws, NOW, w.REMIND, "03", BY)
    assert first(ws) == "print"
    printing.print_out(ws, NOW)
    assert "等 1 家报来（甲03局）" in steps(ws)[0].why
    assert first(ws, LATER) == "mail plan 催报"
    answered(ws, "03")
    printing.print_out(ws, NOW)
    assert first(ws) == "print --submit"
    printing.print_out(ws, NOW, Order(submit=True))
    assert first(ws) == "export"
    campaign.export(ws, NOW)
    assert first(ws) == "pack"
    clerk_writes(ws, w.MERGED_SHEET, w.REVISION, "改定的话。", "02")
    assert first(ws) == "print"


def test_what_a_unit_must_put_right_goes_back_before_it_is_printed(ws):
    answered(ws, "01", "02", "03", _02="字" * 1001)
    assert [s.command for s in steps(ws)] == ["pdsfz-xl return", "pdsfz-xl print"]
    assert "甲02局；必须改共 1 个" in steps(ws)[0].why
    assert campaign.give_back(ws, NOW).steps == steps(ws)
    assert first(ws) == "mail plan 退回修改"
    handing.give(ws, NOW, w.SENT_BACK, "甲02局", BY)
    assert first(ws) == "print"
    printing.print_out(ws, NOW)
    assert "等 1 家报来（甲02局）" in steps(ws)[0].why
    clerk_writes(ws, w.MERGED_SHEET, w.VERDICT, w.SENT_BACK, "03")
    assert first(ws) == "return", "what is found later was in no marked form"
    campaign.give_back(ws, NOW)
    assert "甲03局；没有" in steps(ws)[0].why, "甲02局 has what it is asked for now"
    mailroom.fill(ws, "02", "2.xlsx", "字" * 1002)
    campaign.collect(ws, NOW)
    assert first(ws) == "return", "another text, and it is wrong again"


def test_a_marked_form_that_was_mailed_went_out(ws):
    answered(ws, "01", "02", "03", _02="字" * 1001)
    campaign.give_back(ws, NOW)
    with ledger.opened(ws.ledger) as book:
        about = (book.asked()["02"].sha256,)
        mail = outgoing.Posted("k", "02", w.SENT_BACK, 1, "<1>", "", "", "", (), "", about)
        outgoing.plan(book, w.SENT_BACK, [mail], NOW)
        outgoing.record(book, "k", outgoing.SENT, NOW)
    assert first(ws) == "print"
    with ledger.opened(ws.ledger) as book:
        outgoing.record_bounce(book, "<1>", "u02@example.cn：550")
    assert first(ws) == "mail plan 退回修改"


def test_the_bureau_that_is_made_responsible_is_led_to_its_form(ws):
    """Nobody recorded how the first forms went out; the new one is said all the same."""
    plan = master_stage.read(ws.master)
    no = {r.key: form.Filled(w.NOT_OURS, "建议由甲03局填报。") for r in plan.due("02")}
    ws.write(ws.dropzone / "2.xlsx", form.build(plan, plan.unit["02"], no))
    answered(ws, "01", "03")
    clerk_writes(ws, w.REASSIGN_SHEET, "改派单位", "甲03局", "02")
    assert (first(ws), "改派给甲03局" in steps(ws)[0].why) == ("lint --fix", True)
    campaign.lint(ws, LATER, fix=True)
    assert first(ws, LATER) == "generate"
    campaign.generate(ws, LATER)
    assert first(ws, LATER) == "mail plan 更正"
    assert "给 1 家发“更正”（甲03局；" in steps(ws, LATER)[0].why
    handing.give(ws, LATER, w.AMEND, "甲03局", BY)
    assert first(ws, LATER) == "return", "the item it has now is blank in the form that came"


def test_who_had_nothing_to_do_and_is_made_responsible_gets_its_form(ws):
    mailroom.edit(ws, {(w.TABLE_SHEET, "G4"): "甲02局"})
    campaign.generate(ws, NOW)
    answered(ws, "01", "02")
    assert "mail plan 下发" not in first(ws)
    mailroom.edit(ws, {(w.TABLE_SHEET, "G4"): "甲03局"})
    assert first(ws, LATER) == "generate"
    campaign.generate(ws, LATER)
    issue = next(s for s in steps(ws, LATER) if s.command.endswith("下发"))
    assert "1 家发填报表（甲03局；" in issue.why


def test_two_versions_are_chosen_before_anybody_is_reminded(ws):
    mailroom.fill(ws, "01", "1.xlsx", "甲的说法 1 件。")
    answered(ws)
    mailroom.fill(ws, "01", "1（改）.xlsx", "乙的说法 2 件，与前面完全两样。")
    answered(ws)
    assert w.CONFLICT_SHEET in steps(ws)[0].why
    assert [s.command for s in steps(ws)][:2] == ["pdsfz-xl collect", "pdsfz-xl mail plan 催报"]


def test_a_file_with_a_mark_comes_first_of_what_came(ws):
    answered(ws, "01", _01="机密★10年 内容 3 件。")
    assert first(ws) == "purge 文件 --reason 理由 --by 姓名"
    assert "01.xlsx" in steps(ws)[0].why


def test_a_letter_of_nobody_is_to_be_placed(ws):
    ws.write(ws.dropzone / "说明.docx", b"no workbook")
    answered(ws, "01")
    assert "说明.docx" in steps(ws)[0].why
    assert w.REGISTER_SHEET in steps(ws)[0].why


def test_machines_read_the_same_list(ws):
    answered(ws, "01")
    listed = [{"command": s.command, "why": s.why} for s in steps(ws)]
    assert campaign.status(ws, NOW).document()["next"] == listed
    assert campaign.collect(ws, NOW).document()["next"] == listed
    assert campaign.status(ws, NOW).next_step == str(steps(ws)[0])


def test_before_there_is_a_campaign(tmp_path):
    assert first(Workspace(tmp_path)) == "init 通知.docx"


def test_a_deadline_that_moves_makes_the_forms_stale(ws):
    mailroom.edit(ws, {(w.SETTINGS_SHEET, "B6"): date(2019, 11, 5)})
    assert master_stage.read(ws.master).settings.deadline == date(2019, 11, 5)
    assert first(ws) == "generate"
