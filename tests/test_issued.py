"""Mail, hand-over and generate agree on who has which form, and on who was reminded."""

import email
import shutil
from datetime import timedelta
from email import policy

import mailroom
import openpyxl
import pytest
from mail_servers import CODE, FaultServer
from mailroom import NOW

from pdsfz_xl import campaign, handing, issued, ledger, mailing, outgoing, secret
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import wording as w
from pdsfz_xl.handing import Note
from pdsfz_xl.mail_case import Asked
from pdsfz_xl.outbox import Pace
from pdsfz_xl.states import NotGiven
from pdsfz_xl.workspace import Workspace

BY = Note("张三", None, "U盘")
THIRD, NAME = "03", "甲03局"
NEXT_DAY = NOW + timedelta(days=1)
REWORDED = {(w.TABLE_SHEET, "F4"): "工作情况和数据"}
AS_BEFORE = {(w.TABLE_SHEET, "F4"): "工作情况3"}


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Workspace:
    return mailroom.workspace(tmp_path_factory.mktemp("office"), units=4)


@pytest.fixture
def there():
    with FaultServer() as server:
        yield server


@pytest.fixture
def ws(office, there, tmp_path, monkeypatch) -> Workspace:
    monkeypatch.setenv(secret.VARIABLE, CODE)
    shutil.copytree(office.root, tmp_path / "任务")
    ws = Workspace(tmp_path / "任务")
    mailroom.edit(ws, {(w.SETTINGS_SHEET, "B18"): there.port})
    return ws


def by_mail(ws: Workspace, kind: str, now=NOW, *units: str) -> None:
    mailing.send(ws, Asked(kind, "、".join(units)), now, None, pace=Pace(0, 0))


def by_hand(ws: Workspace, kind: str, now=NOW) -> list[str]:
    done = handing.give(ws, now, kind, THIRD, BY)
    return [unit["name"] for unit in done.more["units"]]


def mail_says(ws: Workspace, kind: str, now=NEXT_DAY) -> str:
    """Why the unit gets no such mail; empty where it gets one."""
    held = mailing.plan(ws, Asked(kind), now).more["held"]
    return next((one["why"] for one in held if one["unit"] == NAME), "")


def hand_says(ws: Workspace, kind: str) -> str:
    with ledger.opened(ws.ledger, readonly=True) as book:
        before = book.handed()
    done = handing.give(ws, NEXT_DAY, kind, "", Note())
    with ledger.opened(ws.ledger, readonly=True) as book:
        assert book.handed() == before
    return next((why for why, names in done.more["left"].items() if NAME in names), "")


def outdated(ws: Workspace) -> set[str]:
    with ledger.opened(ws.ledger, readonly=True) as book:
        return set(book.outdated())


def change(ws: Workspace, cells=REWORDED, now=NEXT_DAY):
    mailroom.edit(ws, cells)
    return campaign.generate(ws, now)


def other_bytes(ws: Workspace) -> None:
    """填写说明 names who has nothing to do with an indicator: one more row of another unit's."""
    book = openpyxl.load_workbook(ws.master)
    sheet = book[w.TABLE_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, 60) if not sheet.cell(r, captions["编码"]).value)
    for caption, said in {
        w.NUMBER: "30", w.INDICATOR: "新指标", w.MATERIAL: "新材料", w.RESPONSIBLE: "甲01局",
        "编码": "30", "填报类型": w.STATEMENT,
    }.items():  # fmt: skip
        sheet.cell(row, captions[caption]).value = said
    book.save(ws.master)


@pytest.mark.parametrize("first", [by_mail, by_hand])
@pytest.mark.parametrize("then", [by_mail, by_hand])
def test_a_change_is_told_once_whichever_way_the_form_went(ws, there, first, then):
    first(ws, w.ISSUE)
    sent = len(there.stored)
    done = change(ws)
    assert [one["unit"] for one in done.more["reissue"]] == [NAME]
    assert outdated(ws) == {THIRD}
    assert mail_says(ws, w.ISSUE) == mw.USE_AMEND
    assert mail_says(ws, w.REMIND) == mw.AMEND_FIRST
    assert mail_says(ws, w.AMEND) == ""
    assert f"更正）：{NAME}" in "\n".join(campaign.status(ws, NEXT_DAY).said)
    then(ws, w.AMEND, NEXT_DAY)
    assert outdated(ws) == set()
    assert mail_says(ws, w.AMEND) == mw.SAME_FORM
    assert by_hand(ws, w.AMEND, NEXT_DAY) == []
    by_mail(ws, w.AMEND, NEXT_DAY)
    assert len(there.stored) == sent + (then is by_mail)
    assert "还没有发“更正”" not in "\n".join(campaign.status(ws, NEXT_DAY).said)


@pytest.mark.parametrize("first", [by_mail, by_hand])
def test_a_form_that_asks_nothing_new_is_nobodys_older_form(ws, first):
    first(ws, w.ISSUE)
    before = next(ws.forms.glob("03_*")).read_bytes()
    other_bytes(ws)
    done = campaign.generate(ws, NEXT_DAY)
    assert next(ws.forms.glob("03_*")).read_bytes() != before
    assert NAME not in [one["unit"] for one in done.more["reissue"]]
    assert any(NAME in line and "不必更正" in line for line in done.said)
    assert THIRD not in outdated(ws)
    assert mail_says(ws, w.AMEND) == mw.SAME_FORM
    assert mail_says(ws, w.REMIND) == ""
    assert by_hand(ws, w.AMEND) == []
    said = campaign.status(ws, NEXT_DAY).said
    assert not [line for line in said if "更正" in line and NAME in line]


def test_changes_add_up_until_the_unit_has_the_new_form(ws):
    by_mail(ws, w.ISSUE)
    change(ws)
    done = change(ws, {(w.TABLE_SHEET, "D4"): "改过的指标"})
    assert [one["why"] for one in done.more["reissue"]] == ["03 的三级指标、填报材料有改动"]
    done = change(ws, {(w.TABLE_SHEET, "D4"): "第3个三级指标的要求", **AS_BEFORE})
    assert done.more["reissue"] == []
    assert outdated(ws) == set()
    assert mail_says(ws, w.AMEND) == mw.SAME_FORM


def test_a_correction_says_what_changed_by_mail_and_by_hand(ws, there):
    by_mail(ws, w.ISSUE)
    change(ws)
    handing.give(ws, NEXT_DAY, w.AMEND, THIRD, Note())
    said = "附：与原来的填报表相比，03 的填报材料有改动。"
    (note,) = (ws.handouts / "2019-10-22_更正").rglob("*.txt")
    assert said in note.read_text("utf-8-sig")
    by_mail(ws, w.AMEND, NEXT_DAY)
    body = email.message_from_bytes(there.stored[-1], policy=policy.default).get_body()
    assert f"{said}\r\n市法治办" in body.get_content().replace("\n", "\r\n").replace("\r\r", "\r")


def test_each_way_leaves_out_who_has_the_form_already(ws, there):
    by_hand(ws, w.ISSUE)
    by_mail(ws, w.ISSUE)
    assert len(there.stored) == 3
    assert mail_says(ws, w.ISSUE) == mw.IS_OUT
    mailroom.edit(ws, {(w.UNITS_SHEET, f"G{row}"): None for row in (2, 4)})
    done = handing.give(ws, NOW, w.ISSUE, "", Note())
    assert done.more["left"] == {
        hw.NOT_GIVEN[NotGiven.ALREADY_ISSUED]: ["甲01局", "甲02局", "甲03局", "甲04局"]
    }


def test_what_did_not_arrive_is_taken_back(ws, there):
    """Of the first form, and of a corrected one: it goes out again, by mail or by hand."""
    there.fault = lambda stage, _about: "drop" if stage == "stored" else None
    by_mail(ws, w.ISSUE, NOW, THIRD)
    assert mail_says(ws, w.ISSUE) == mw.OPEN_MAIL
    mailing.resolve(ws, NAME, NOW, sent=False)
    assert mail_says(ws, w.ISSUE) == ""
    there.fault = lambda *_: None
    by_mail(ws, w.ISSUE, NOW, THIRD)
    change(ws)
    there.fault = lambda stage, _about: "drop" if stage == "stored" else None
    by_mail(ws, w.AMEND, NEXT_DAY)
    assert outdated(ws) == set()
    mailing.resolve(ws, NAME, NEXT_DAY, sent=False)
    assert outdated(ws) == {THIRD}
    assert mail_says(ws, w.AMEND) == ""
    assert by_hand(ws, w.AMEND, NEXT_DAY) == [NAME]
    assert mail_says(ws, w.AMEND) == mw.SAME_FORM


def test_what_was_handed_over_since_is_not_taken_back(ws, there):
    there.fault = lambda stage, _about: "drop" if stage == "stored" else None
    by_mail(ws, w.ISSUE, NOW, THIRD)
    by_hand(ws, w.ISSUE, NEXT_DAY)
    mailing.resolve(ws, NAME, NEXT_DAY, sent=False)
    assert mail_says(ws, w.ISSUE) == mw.IS_OUT


def test_a_bounce_is_no_question_once_the_form_was_handed_over(ws):
    by_mail(ws, w.ISSUE)
    with ledger.opened(ws.ledger) as book:
        (mail,) = (m for m in outgoing.mails(book) if m.unit == THIRD)
        outgoing.record_bounce(book, mail.message_id, "u03@example.cn：550")
    assert "handout 下发 --units 甲03局" in mail_says(ws, w.ISSUE)
    assert by_hand(ws, w.ISSUE, NEXT_DAY) == [NAME]
    assert "已下发" in mail_says(ws, w.ISSUE)


def test_a_correction_that_came_back_can_be_handed_over(ws):
    by_mail(ws, w.ISSUE)
    change(ws)
    by_mail(ws, w.AMEND, NEXT_DAY)
    with ledger.opened(ws.ledger) as book:
        (mail,) = (m for m in outgoing.mails(book) if m.kind == w.AMEND)
        outgoing.record_bounce(book, mail.message_id, "u03@example.cn：550")
    assert f"mail resolve {NAME} --resend" in mail_says(ws, w.AMEND)
    mailing.resolve(ws, NAME, NEXT_DAY, sent=False)
    assert by_hand(ws, w.AMEND, NEXT_DAY) == [NAME]
    assert mail_says(ws, w.AMEND) == mw.SAME_FORM


def test_the_next_step_is_the_form_that_has_to_go_out(ws):
    assert "给还没有下发的 4 家发填报表" in campaign.status(ws, NOW).next_step
    by_mail(ws, w.ISSUE)
    assert campaign.status(ws, NOW).next_step.startswith("把收回的填报表放进")
    assert change(ws).next_step.startswith("给 1 家发“更正”")
    mailroom.fill(ws, "01", "1.xlsx")
    campaign.collect(ws, NEXT_DAY)
    assert campaign.status(ws, NEXT_DAY).next_step.startswith("给 1 家发“更正”")


def test_a_run_that_died_after_sending_leaves_an_older_form_once_it_changes(ws, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "mark_out", lambda *_: None)
        by_mail(ws, w.ISSUE)
    change(ws)
    assert outdated(ws) == {THIRD}


def test_a_form_that_came_and_went_is_issued_anew(ws):
    """A unit that had nothing to do for a while has no form of ours any more."""
    by_mail(ws, w.ISSUE)
    change(ws, {(w.TABLE_SHEET, "G4"): "甲01局"})
    change(ws, {(w.TABLE_SHEET, "G4"): NAME, **REWORDED})
    assert mail_says(ws, w.ISSUE) == ""
    assert mail_says(ws, w.AMEND) == mw.NEVER_ISSUED


# --- reminders


def test_a_call_holds_the_mail_back_for_a_day(ws):
    handing.write_down(ws, NOW, w.REMIND, THIRD, Note("李四", None, "电话"))
    assert mail_says(ws, w.REMIND, NOW) == "10月21日已由李四催过（电话），还要催请加 --force"
    assert mail_says(ws, w.REMIND, NEXT_DAY) != ""
    assert mail_says(ws, w.REMIND, NOW + timedelta(days=2)) == ""
    forced = mailing.plan(ws, Asked(w.REMIND, force=True), NOW)
    assert NAME in [one["unit"] for one in forced.more["mails"]]


def test_what_was_mailed_stands_beside_what_was_said(ws, there):
    by_mail(ws, w.ISSUE)
    handing.write_down(ws, NOW, w.REMIND, THIRD, Note("李四", None, "电话", "说周五报"))
    there.fault = lambda stage, _about: "drop" if stage == "stored" else None
    by_mail(ws, w.REMIND, NOW + timedelta(days=2), THIRD)
    lines = ["下发 10月21日 邮件", "催报 10月21日 电话 李四：说周五报",
             "催报 10月23日 邮件：不知道送到没有"]  # fmt: skip
    said = handing.register(ws, NEXT_DAY).said
    assert [line for line in said if NAME in line] == [f"  03 {NAME}：{line}" for line in lines]
    handing.remind(ws, NOW + timedelta(days=2))
    sheet = openpyxl.load_workbook(ws.calls)[hw.CALLS_SHEET]
    at = {cell.value: cell.column for cell in sheet[3]}
    row = next(r for r in range(4, 9) if sheet.cell(r, at["单位"]).value == NAME)
    assert sheet.cell(row, at[hw.CONTACTS_MADE]).value.split("\n") == lines


def test_the_form_a_unit_has_is_known_by_its_digest(ws):
    by_mail(ws, w.ISSUE)
    with ledger.opened(ws.ledger, readonly=True) as book:
        first = book.forms()[THIRD].sha256
    change(ws)
    with ledger.opened(ws.ledger, readonly=True) as book:
        assert issued.theirs(book)[THIRD] == first != book.forms()[THIRD].sha256
