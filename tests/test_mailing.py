"""The mail commands as the office lives them: what is planned, sent once, and said."""

import email
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from email import policy
from pathlib import Path

import mail_servers
import mailroom
import pytest
import shell
from counts import examples
from mail_servers import CODE, USER, FaultServer
from mailroom import NOW, posted, states

from pdsfz_xl import campaign, compose, giveback, ledger, mailing, outbox, outgoing, secret, smtp
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailing import Asked
from pdsfz_xl.model import Unit
from pdsfz_xl.outbox import Pace
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.workspace import Workspace

ISSUE = Asked(w.ISSUE)


@pytest.fixture(autouse=True)
def _code(monkeypatch):
    monkeypatch.setenv(secret.VARIABLE, CODE)


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Workspace:
    """28 bureaus, forms made, nothing sent. Never sent from itself."""
    return mailroom.workspace(tmp_path_factory.mktemp("office"))


@pytest.fixture
def ws(office, tmp_path) -> Workspace:
    folder = tmp_path / "任务"
    shutil.copytree(office.root, folder)
    return Workspace(folder)


@pytest.fixture
def there():
    with FaultServer() as server:
        yield server


@pytest.fixture
def connected(ws, there) -> Workspace:
    """The office, with a server that takes its mail."""
    mailroom.edit(ws, {(w.SETTINGS_SHEET, "B18"): there.port})
    return ws


def send(ws: Workspace, asked: Asked = ISSUE, now: datetime = NOW, **more):
    return mailing.send(ws, asked, now, None, **{"pace": Pace(0, 0), **more})


def plan(ws: Workspace, asked: Asked = ISSUE, now: datetime = NOW):
    document = mailing.plan(ws, asked, now).document()
    return (
        [mail["unit"] for mail in document["mails"]],
        {held["unit"]: held["why"] for held in document["held"]},
    )


def copies(there: FaultServer) -> Counter[bytes]:
    """How often each mail was kept, by its Message-ID."""
    return Counter(re.search(rb"(?m)^Message-ID: (\S+)", data)[1] for data in there.stored)


def unit_of(address: str) -> str:
    return address[1:].partition("@")[0]


# --- plan


def test_the_plan_says_to_whom_with_which_file_and_why_not(ws):
    mailroom.edit(ws, {
        (w.UNITS_SHEET, "G3"): None,
        (w.UNITS_SHEET, "E3"): "李四",
        (w.UNITS_SHEET, "F3"): "2660002",
        (w.SETTINGS_SHEET, "B24"): "ld@example.cn",
    })  # fmt: skip
    done = mailing.plan(ws, ISSUE, NOW)
    assert done.said[0] == "将发“下发”27 封："
    assert done.said[1] == "  甲01局 → u01@example.cn，抄送 ld@example.cn"
    assert "附件：01_甲01局_法治政府建设示范市补充材料填报表.xlsx" in done.said[2]
    assert "[F201921-01]" in done.said[2]
    assert "  甲02局（李四 2660002）：没有邮箱" in done.said
    assert done.document()["held"] == [
        {"unit": "甲02局", "why": "没有邮箱", "call": True, "contact": "李四", "phone": "2660002"}
    ]
    assert not any(ws.mails.iterdir())


@pytest.mark.parametrize("address", ["a@b.cn\nBcc:x", "张三@x.cn", "a@@b"])
def test_case_6_a_bad_address_is_planned_for_nobody(connected, there, address):
    mailroom.edit(connected, {(w.UNITS_SHEET, "G6"): address})
    _, held = plan(connected)
    assert "责任单位 G6" in held["甲05局"]
    send(connected)
    assert len(there.stored) == 27
    assert not any(b"\nBcc" in data for data in there.stored)


def test_case_5_a_control_in_the_name_of_the_campaign_stops_every_mail(connected, there):
    mailroom.edit(connected, {(w.SETTINGS_SHEET, "B21"): "法治办\n公室"})
    letters, held = plan(connected)
    assert letters == []
    assert all("发件人名称" in why and "U+000A" in why for why in held.values())
    send(connected)
    assert there.stored == []


def test_a_form_somebody_changed_is_not_sent(connected, there):
    form = next(connected.forms.glob("07_*"))
    form.write_bytes(form.read_bytes() + b" ")
    _, held = plan(connected)
    assert held == {"甲07局": mw.NO_FORM}
    send(connected)
    assert len(there.stored) == 27


def test_only_some_units(connected, there):
    send(connected, Asked(w.ISSUE, units="甲01局、02"))
    assert [unit_of(e[1]) for e in there.envelopes] == ["01", "02"]
    with pytest.raises(OperatorError, match="乙局"):
        send(connected, Asked(w.ISSUE, units="乙局"))


@pytest.mark.parametrize(("said", "kind"), [*w.KIND_ALIASES.items(), ("Issue", w.ISSUE)])
def test_kinds_have_english_names(said, kind):
    assert mailing.kind(said) == mailing.kind(kind) == kind
    with pytest.raises(OperatorError, match="回执"):
        mailing.kind("通知")


def test_case_17_drafts_open_no_connection_and_are_the_same_mail(ws, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", fail)
    monkeypatch.setattr(socket.socket, "connect", fail)
    done = mailing.drafts(ws, ISSUE, NOW)
    made = sorted(ws.mails.rglob("*.eml"))
    assert len(made) == 28
    assert [ws.relative(path) for path in made] == done.more["drafts"]
    for path in made:
        data = path.read_bytes()
        assert data.count(b"\r\nX-Unsent: 1\r\n") == 1
        parsed = email.message_from_bytes(data, policy=policy.default)
        (attached,) = parsed.iter_attachments()
        assert (ws.forms / attached.get_filename()).read_bytes() == attached.get_content()
    assert states(ws) == {}
    monkeypatch.undo()
    monkeypatch.setenv(secret.VARIABLE, CODE)
    with FaultServer() as there:
        mailroom.edit(ws, {(w.SETTINGS_SHEET, "B18"): there.port})
        send(ws)
        drafts = [path.read_bytes().replace(b"X-Unsent: 1\r\n", b"") for path in made]
        assert sorted(drafts) == sorted(there.stored)


def test_a_draft_that_is_due_no_more_is_taken_away(ws):
    mailing.drafts(ws, Asked(w.REMIND), NOW)
    mailroom.fill(ws, "03", "3.xlsx")
    mailing.drafts(ws, Asked(w.REMIND), NOW)
    assert len(list(ws.mails.rglob("*.eml"))) == 27


# --- sending


def test_what_was_sent_is_frozen_and_the_forms_are_out(connected, there):
    done = send(connected)
    assert done.said[0] == "“下发”28 封：已发 28。"
    for mail in posted(connected).values():
        assert (connected.root / mail.path).read_bytes() in there.stored
    with ledger.opened(connected.ledger, readonly=True) as book:
        assert len(book.out_forms()) == 28


def test_case_13_a_second_run_sends_nothing(connected, there):
    send(connected)
    logins = there.logins
    done = send(connected, now=NOW + timedelta(hours=1))
    assert done.said[0] == "没有“下发”要发。"
    assert (len(there.stored), there.logins) == (28, logins)
    assert max(copies(there).values()) == 1


def test_only_what_somebody_saw_is_sent(connected):
    send(connected, confirmed={"F201921/03/下发/1"})
    assert states(connected) == {"03/下发/1": "sent"}


def test_case_8_spam_to_the_third_of_28(connected, there):
    accepted = []

    def fault(stage, _about):
        if stage == "kept":
            accepted.append(stage)
            return "554 DT:SPM 126 smtp9,XMCowABH" if len(accepted) == 3 else None
        return None

    there.fault = fault
    with pytest.raises(OperatorError, match=r"已发 2.*mail send 下发 接着发") as caught:
        send(connected)
    assert "垃圾邮件" in str(caught.value)
    assert Counter(states(connected).values()) == {"sent": 2, "failed_perm": 1, "planned": 25}
    done = send(connected, now=NOW + timedelta(hours=1))
    assert max(copies(there).values()) == 1
    assert len(there.stored) == 27
    assert any("上次被拒收" in line for line in done.said)


def test_case_7_a_refused_address_is_named_and_tried_again_when_it_is_another(connected, there):
    mailroom.edit(connected, {(w.UNITS_SHEET, "G4"): "u03@example.cn；gone@example.cn"})
    there.fault = lambda stage, about: (
        "550 no such user" if stage == "rcpt" and "gone@" in about else None
    )
    done = send(connected)
    assert "  甲03局：被拒收（gone@example.cn：550 no such user）" in done.said
    assert Counter(states(connected).values()) == {"sent": 27, "failed_perm": 1}
    assert not any("u03@example.cn" in envelope for envelope in there.envelopes)
    send(connected)
    assert there.stored == there.stored[:27]
    mailroom.edit(connected, {(w.UNITS_SHEET, "G4"): "u03@example.cn"})
    send(connected)
    assert Counter(states(connected).values()) == {"sent": 28}
    assert len(there.stored) == 28


@pytest.mark.parametrize("reply", ["451 MI:SFQ", "450 RP:DRC", "421 HL:IFC"])
def test_case_9_too_fast_stops_the_batch_and_the_rest_waits(connected, there, reply):
    there.fault = lambda stage, _about: reply if stage == "mail" and there.stored else None
    with pytest.raises(OperatorError, match="15 分钟后再运行"):
        send(connected)
    assert Counter(states(connected).values()) == {"sent": 1, "failed_temp": 1, "planned": 26}
    there.fault = lambda *_: None
    send(connected)
    assert Counter(states(connected).values()) == {"sent": 28}
    assert set(copies(there).values()) == {1}


def test_case_10_nobody_knows_so_nobody_sends_it_again(connected, there):
    there.fault = lambda stage, _about: (
        "drop" if stage == "stored" and len(there.stored) == 4 else None
    )
    send(connected)
    assert Counter(states(connected).values()) == {"sent": 27, "unknown": 1}
    send(connected)
    assert len(there.stored) == 28
    (key,) = [key for key, state in states(connected).items() if state == "unknown"]
    unit = f"甲{key[:2]}局"
    assert plan(connected)[1][unit] == mw.OPEN_MAIL
    mailing.resolve(connected, unit, NOW, sent=True)
    send(connected)
    assert (states(connected)[key], len(there.stored)) == ("sent", 28)


def test_case_10_resent_it_is_the_same_mail(connected, there):
    there.fault = lambda stage, _about: "drop" if stage == "text" and not there.stored else None
    with pytest.raises(OperatorError, match="接连中断"):
        send(connected)
    there.fault = lambda *_: None
    before = {key: m.message_id for key, m in posted(connected).items() if m.state == "unknown"}
    assert len(before) == 2
    units = "、".join(f"甲{key[:2]}局" for key in before)
    mailing.resolve(connected, units, NOW, sent=False)
    send(connected)
    assert Counter(states(connected).values()) == {"sent": 28}
    assert {key: posted(connected)[key].message_id for key in before} == before
    assert set(copies(there).values()) == {1}


def test_a_run_that_died_is_said_by_status_and_show(connected, there):
    """Also before the next run has owned up to it."""
    send(connected, Asked(w.ISSUE, units="01、02"))
    with ledger.opened(connected.ledger) as book:
        outgoing.record(book, "F201921/02/下发/1", outgoing.SENDING, NOW)
    done = campaign.status(connected, NOW)
    assert "邮件：已发 1，不知道送到没有 1（详见 pdsfz-xl mail show）" in done.said
    assert done.more["mails"] == {"sent": 1, "unknown": 1}
    shown = mailing.show(connected, NOW)
    assert [mail["state"] for mail in shown.more["mails"]] == ["sent", "unknown"]
    assert states(connected)["02/下发/1"] == "sending"
    assert len(there.stored) == 2


def test_nothing_to_resolve_is_said(connected):
    with pytest.raises(OperatorError, match="没有要说明的邮件"):
        mailing.resolve(connected, "甲01局", NOW, sent=True)
    with pytest.raises(OperatorError, match="请写明是哪个单位"):
        mailing.resolve(connected, "", NOW, sent=True)


def test_case_12_nobody_there_then_somebody(ws):
    mailroom.edit(ws, {(w.SETTINGS_SHEET, "B18"): mail_servers.free_port()})
    with pytest.raises(OperatorError, match=r"连不上发信服务器 127\.0\.0\.1"):
        send(ws)
    assert Counter(states(ws).values()) == {"failed_temp": 1, "planned": 27}
    with FaultServer() as there:
        mailroom.edit(ws, {(w.SETTINGS_SHEET, "B18"): there.port})
        send(ws)
        assert set(copies(there).values()) == {1}
        assert len(there.stored) == 28


def test_case_14_a_changed_form_under_a_sent_key_asks_for_an_amendment(connected, there):
    send(connected)
    mailroom.edit(connected, {(w.TABLE_SHEET, "F4"): "工作情况和数据"})
    campaign.generate(connected, NOW + timedelta(days=1))
    tomorrow = NOW + timedelta(days=1)
    letters, held = plan(connected, now=tomorrow)
    assert letters == []
    assert held["甲03局"] == mw.USE_AMEND
    send(connected, now=tomorrow)
    assert len(there.stored) == 28
    assert plan(connected, Asked(w.REMIND), tomorrow)[1]["甲03局"] == mw.AMEND_FIRST
    send(connected, Asked(w.AMEND), now=tomorrow)
    assert len(there.stored) == 29
    amended, issued = (posted(connected)[f"03/{kind}/1"] for kind in (w.AMEND, w.ISSUE))
    assert amended.state == "sent"
    assert f"References: {issued.message_id}".encode() in there.stored[-1]
    with ledger.opened(connected.ledger, readonly=True) as book:
        assert "03" in book.out_forms()
    assert plan(connected, Asked(w.AMEND), tomorrow)[1]["甲03局"] == mw.SAME_FORM
    assert "甲03局" in plan(connected, Asked(w.REMIND), tomorrow)[0]


def test_case_15_a_wrong_code_stops_at_once(connected, there, monkeypatch):
    monkeypatch.setenv(secret.VARIABLE, "wrong")
    with pytest.raises(OperatorError, match="授权码"):
        send(connected)
    assert there.logins == 1
    assert set(states(connected).values()) == {"planned"}
    with pytest.raises(OperatorError, match="授权码"):
        mailing.check(connected, None)
    assert there.logins == 2


def test_checking_logs_in_and_sends_nothing(connected, there):
    done = mailing.check(connected, None)
    assert "登录成功" in done.said[0]
    assert (there.logins, there.stored) == (1, [])


def test_the_code_is_written_nowhere(connected, there):
    there.fault = lambda at, about: f"550 {CODE}" if at == "rcpt" and "u02" in about else None
    done = send(connected)
    there.fault = lambda stage, _about: f"535 {CODE}" if stage == "auth" else None
    with pytest.raises(OperatorError) as caught:
        send(connected, Asked(w.REMIND))
    assert CODE not in str(caught.value) + repr(done)
    for path in connected.root.rglob("*"):
        assert not (path.is_file() and CODE.encode() in path.read_bytes()), path


def test_a_days_quota_of_a_common_mailbox(connected, there):
    with pytest.raises(OperatorError, match="今天已发 10 封"):
        send(connected, pace=Pace(0, 10))
    with pytest.raises(OperatorError, match="今天已发 10 封"):
        send(connected, pace=Pace(0, 10), now=NOW + timedelta(hours=3))
    assert len(there.stored) == 10
    with pytest.raises(OperatorError, match="今天已发 10 封"):
        send(connected, pace=Pace(0, 10), now=NOW + timedelta(days=1))
    assert len(there.stored) == 20


def test_mails_keep_a_distance(connected):
    waited: list[float] = []
    send(connected, Asked(w.ISSUE, units="01、02、03、04"), pace=Pace(10, 0, waited.append))
    assert len(waited) == 3
    assert all(8 <= seconds <= 15 for seconds in waited)
    assert len(set(waited)) == 3


def test_a_frozen_mail_that_was_changed_is_not_sent(connected, there, monkeypatch):
    deliver = outbox.deliver

    def meddled(ws, *rest):
        next((ws.mails / w.ISSUE).glob("04_*")).write_bytes(b"Subject: other\r\n\r\n")
        return deliver(ws, *rest)

    monkeypatch.setattr(outbox, "deliver", meddled)
    done = send(connected)
    assert f"  甲04局：没发成，可再发（{mw.ALTERED_MAIL}）" in done.said
    assert len(there.stored) == 27


def test_a_form_handed_out_otherwise_is_not_mailed_unasked(connected):
    with ledger.opened(connected.ledger) as book:
        book.mark_out({"03"}, NOW)
    assert plan(connected)[1] == {"甲03局": mw.IS_OUT}
    assert len(plan(connected, Asked(w.ISSUE, force=True))[0]) == 28


# --- reminders


def test_case_18_a_reminder_goes_on_from_the_first_mail(connected, there):
    send(connected)
    later = NOW + timedelta(days=2)
    for day in (later, later + timedelta(days=2)):
        send(connected, Asked(w.REMIND, units="03"), now=day)
    first, one, two = (
        email.message_from_bytes(data, policy=policy.default)
        for data in [d for d in there.stored if b"<u03@" in d]
    )
    assert one["In-Reply-To"] == two["References"] == first["Message-ID"]
    assert len({m["Message-ID"] for m in (first, one, two)}) == 3
    assert all(m["Subject"].endswith(" [F201921-03]") for m in (first, one, two))
    assert {k for k in states(connected) if k.startswith("03")} == {
        "03/下发/1", "03/催报/1", "03/催报/2",
    }  # fmt: skip
    assert "2019年10月25日截止，还有 2 天" in one["Subject"]
    assert "就是今天" in two["Subject"]
    assert "第3项（03）第3个三级指标的要求" in one.get_body().get_content()


def test_who_is_reminded_and_who_is_not(connected):
    mailroom.fill(connected, "01", "1.xlsx")
    scan = connected.dropzone / "甲02局" / "盖章扫描件.pdf"
    scan.parent.mkdir()
    scan.write_bytes(b"%PDF-1.4 " + b"x" * 200)
    mailroom.edit(connected, {
        (w.UNITS_SHEET, "I5"): date(2019, 10, 30), (w.UNITS_SHEET, "I6"): date(2019, 10, 20),
    })  # fmt: skip
    letters, held = plan(connected, Asked(w.REMIND))
    assert held["甲01局"] == "已报齐"
    assert held["甲04局"] == "延期至2019年10月30日"
    assert "甲05局" in letters  # its extension is over
    assert held["甲02局"] == w.KEYING
    after = datetime(2019, 10, 31, 9, 0)
    assert "甲04局" in plan(connected, Asked(w.REMIND), after)[0]


def test_nobody_is_reminded_twice_within_a_day_unless_forced(connected):
    send(connected, Asked(w.REMIND))
    soon = NOW + timedelta(hours=23)
    assert plan(connected, Asked(w.REMIND), soon)[0] == []
    assert len(plan(connected, Asked(w.REMIND, force=True), soon)[0]) == 28
    assert len(plan(connected, Asked(w.REMIND), NOW + timedelta(hours=24))[0]) == 28


# --- receipts and corrections


def test_a_receipt_for_every_arrival_and_not_for_every_run(connected, there):
    receipt = Asked(w.RECEIPT)
    assert plan(connected, receipt)[0] == []
    mailroom.fill(connected, "01", "甲01局填报表.xlsx")
    send(connected, receipt)
    send(connected, receipt, now=NOW + timedelta(hours=2))
    assert len(there.stored) == 1
    shutil.copy(connected.dropzone / "甲01局填报表.xlsx", connected.dropzone / "又一份.xlsx")
    send(connected, receipt, now=NOW + timedelta(hours=3))
    assert len(there.stored) == 1  # the same bytes again
    mailroom.fill(connected, "01", "更正.xlsx", "全年办理 13 件，比上年多 1 件。")
    send(connected, receipt, now=NOW + timedelta(hours=4))
    assert len(there.stored) == 2
    first, second = (email.message_from_bytes(data, policy=policy.default) for data in there.stored)
    assert first["Auto-Submitted"] == "auto-replied"
    said = first.get_body().get_content() if first.is_multipart() else first.get_content()
    assert "1. 甲01局填报表.xlsx（10月21日 09:00 收到，采用 1 项）" in said
    assert "应报 1 项，已报 1 项，未报 0 项。" in said
    assert "\r\n\r\n" not in said.strip()
    assert "更正.xlsx" in second.get_content()
    assert "甲01局填报表.xlsx" not in second.get_content()


def test_a_receipt_says_what_is_wrong_by_the_same_findings(connected, there):
    mailroom.fill(connected, "01", "a.xlsx", "长" * 1001)
    send(connected, Asked(w.RECEIPT))
    said = email.message_from_bytes(there.stored[0], policy=policy.default).get_content()
    assert "请核对以下问题：\r\n1. 第1项（01）写了 1001 字" in said


def test_a_correction_carries_the_marked_workbook_and_is_kept(connected, there):
    back = Asked(w.SENT_BACK, until=date(2019, 11, 1))
    mailroom.fill(connected, "01", "a.xlsx", "长" * 1001)
    send(connected, back)
    (mail,) = there.stored
    parsed = email.message_from_bytes(mail, policy=policy.default)
    (attached,) = parsed.iter_attachments()
    (kept,) = connected.returns.rglob("*.xlsx")
    assert attached.get_content() == kept.read_bytes()
    assert attached.get_filename() == kept.name
    assert "超出上限" in parsed.get_body().get_content()
    send(connected, back, now=NOW + timedelta(hours=1))
    assert len(there.stored) == 1
    assert "问题没有变化" in plan(connected, back)[1]["甲01局"]
    mailroom.fill(connected, "01", "b.xlsx", "长" * 1002)
    send(connected, back, now=NOW + timedelta(hours=2))
    assert len(there.stored) == 2
    with ledger.opened(connected.ledger, readonly=True) as book:
        assert book.returned()["01", "01"].startswith("长")


# --- bounces


def test_case_20_a_bounce_is_shown_with_address_and_reason(connected, there):
    send(connected)
    mail = posted(connected)["03/下发/1"]
    with ledger.opened(connected.ledger) as book:
        assert outgoing.record_bounce(book, mail.message_id, "u03@example.cn：550 no such user")
    shown = "\n".join(mailing.show(connected, NOW).said)
    assert "甲03局  10-21 09:00  退信：u03@example.cn：550 no such user" in shown
    assert "退信" in plan(connected)[1]["甲03局"]
    mailroom.edit(connected, {(w.UNITS_SHEET, "G4"): "new@example.cn"})
    mailing.resolve(connected, "甲03局", NOW, sent=False)
    send(connected)
    assert there.envelopes[-1] == (USER, "new@example.cn")
    assert "退信" not in "\n".join(mailing.show(connected, NOW).said)


# --- the command line


def run(ws: Workspace, *words: str, **more: str):
    return shell.run(ws.root, *words, clock=NOW, **{secret.VARIABLE: CODE, **more})


def test_the_command_asks_once(connected, there):
    refused = run(connected, "mail", "send", "下发", typed="n\n")
    assert refused.returncode == 2
    assert "现在发出这 28 封吗？" in refused.stdout
    assert there.stored == []
    done = run(connected, "mail", "send", "issue", typed="y\n")
    assert done.returncode == 0, done.stderr
    assert "“下发”28 封：已发 28。" in done.stdout
    assert len(there.stored) == 28


def test_the_command_for_machines(connected, there):
    planned = json.loads(run(connected, "--json", "mail", "plan", "issue").stdout)
    assert [mail["key"] for mail in planned["mails"]][:1] == ["F201921/01/下发/1"]
    done = run(connected, "--json", "mail", "send", "issue", "--yes")
    sent = json.loads(done.stdout)
    assert {mail["state"] for mail in sent["mails"]} == {"sent"}
    shown = json.loads(run(connected, "--json", "mail", "show").stdout)
    assert len(shown["mails"]) == 28
    there.fault = lambda stage, _about: "554 DT:SPM" if stage == "data" else None
    stopped = run(connected, "--json", "mail", "send", "remind")
    assert stopped.returncode == 2
    assert "垃圾邮件" in json.loads(stopped.stdout)["error"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send", "信"), "没有“信”这种邮件"),
        (("send", "退回修改", "--until", "下周"), "不是日期"),
        (("resolve", "甲01局"), "--sent"),
        (("send", "下发", "--name-style", "x"), "命令写得不对"),
        (("plan",), "缺少"),
        (("寄",), "没有“寄”这个命令（有：plan、send、show、resolve、check）"),
    ],
)
def test_one_sentence_for_what_cannot_be(ws, words, said):
    done = run(ws, "mail", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_code_and_nobody_to_ask(connected):
    done = run(connected, "mail", "send", "下发", "--yes", PDSFZ_MAIL_PASSWORD="")
    assert done.returncode == 2
    assert secret.VARIABLE in done.stderr


# --- killed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
@pytest.mark.parametrize("stage", ["auth", "rcpt", "data", "text", "kept", "stored"])
def test_case_11_killed_at_any_stage_it_arrives_at_most_once(connected, there, stage):
    """A real kill -9, in the middle of the second mail."""
    child: list[subprocess.Popen] = []
    killed: list[str] = []

    def kill(at: str, _about: str) -> str | None:
        if at == stage and not killed and (there.stored or stage == "auth"):
            killed.append(at)
            os.kill(child[0].pid, signal.SIGKILL)
            child[0].wait()
            return None if stage == "kept" else "drop"
        return None

    there.fault = kill
    words = shell.arguments(connected.root, "mail", "send", "下发", "--yes", "--units",
                            "01、02、03", clock=NOW)  # fmt: skip
    child.append(subprocess.Popen(words, env={**os.environ, secret.VARIABLE: CODE}))
    assert child[0].wait(60) == -signal.SIGKILL
    send(connected, Asked(w.ISSUE, units="01、02、03"))
    assert killed
    after = Counter(states(connected).values())
    maybe = stage in ("data", "text", "kept", "stored")
    assert after == ({"sent": 2, "unknown": 1} if maybe else {"sent": 3})
    assert set(copies(there).values()) == {1}
    assert len(there.stored) == (2 if stage in ("data", "text") else 3)


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it is run."""


class Dying:
    """A connection whose process dies before or after a transaction, as the schedule says."""

    def __init__(self, db, dies) -> None:
        self._db, self._dies = db, dies
        self.execute = db.execute

    def __enter__(self) -> None:
        if self._dies():
            raise Killed
        self._db.__enter__()

    def __exit__(self, *failed) -> None:
        self._db.__exit__(*failed)
        if self._dies():
            raise Killed


FAULTS = ("drop", "reset", "garbage", "slow", "451 later", "550 no", "451 MI:SFQ", "554 DT:SPM",
          "421 HL:IFC", "452 full")  # fmt: skip


@pytest.mark.parametrize("block", range(10))
def test_over_any_faults_and_kills_at_most_one_copy_and_no_lost_state(tmp_path, block):
    """Seeded schedules, 300 in all with --deep: runs until nothing is left that may be sent."""
    for seed in range(block * 30, block * 30 + examples(30, least=3)):
        _one_schedule(tmp_path / str(seed), random.Random(seed))


def _one_schedule(folder: Path, seeded: random.Random) -> None:
    ws = Workspace(folder)
    queue = [_frozen(ws, f"{i:02d}") for i in range(1, 5)]
    likely = seeded.choice((0.02, 0.08, 0.2))

    def fault(stage: str, _about: str) -> str | None:
        if seeded.random() >= likely:
            return None
        chosen = seeded.choice(FAULTS)
        if stage == "stored":  # one that keeps a mail and says it did not would be lying
            return seeded.choice(FAULTS[:4])
        if stage in ("text", "kept"):
            return "drop" if stage == "text" else seeded.choice(FAULTS[4:])
        return "drop" if chosen == "slow" and seeded.random() < 0.7 else chosen

    with FaultServer(fault) as there:
        there.slow = 0.25
        account = mailing.mailbox.Account(
            protocol="SMTP", host="127.0.0.1", port=there.port, security=w.NO_SECURITY, user=USER
        )
        with ledger.opened(ws.ledger) as book:
            outgoing.plan(book, w.ISSUE, queue, NOW)
        for _ in range(12):
            with ledger.opened(ws.ledger) as book:
                outgoing.own_up(book, NOW)
                waiting = [m for m in outgoing.mails(book) if m.state in ("planned", "failed_temp")]
                if not waiting:
                    break
                server = smtp.Server(account, CODE, timeout=0.1)
                dying = ledger.Ledger(Dying(book.db, lambda: seeded.random() < likely / 2))
                try:
                    outbox.deliver(ws, dying, iter(waiting), server, NOW, Pace(0, 0))
                except Killed:
                    server._drop()
                finally:
                    server.close()
        with ledger.opened(ws.ledger) as book:
            outgoing.own_up(book, NOW)
            ended = {m.message_id: m.state for m in outgoing.mails(book)}
    kept = {key.decode(): number for key, number in copies(there).items()}
    assert len(ended) == 4
    assert max(kept.values(), default=0) <= 1
    for message_id, state in ended.items():
        assert state != "sending"
        assert kept.get(message_id, 0) == 1 or state != "sent"
        assert state in ("sent", "unknown") or message_id not in kept


def _frozen(ws: Workspace, unit: str) -> Posted:
    mail = compose.Mail(
        key=f"F201921/{unit}/{w.ISSUE}/1",
        sender=mailing.mailbox.Sender(address=USER, name="办"),
        to=(f"u{unit}@example.cn",),
        name=f"甲{unit}局",
        subject="填报表",
        body="请填写。\n" * 20,
    )
    letter = mailing.Letter(Unit(code=unit, name=mail.name), w.ISSUE, 1, mail, ("f" * 64,))
    data = compose.compose(mail, NOW)
    path = ws.mails / f"{unit}.eml"
    ws.write(path, data)
    return mailing._posted(letter, ws.relative(path), data)


def test_every_rule_a_receipt_speaks_of_is_one_a_unit_can_act_on():
    assert {"G02", "G03"} < giveback.GOES_BACK
