"""The whole loop through a real Postfix and a real Dovecot, with TLS and AUTH, on this machine."""

import imaplib
import re
import smtplib
import ssl
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import mail_office as office
import openpyxl
import pytest
from mail_boxes import Dovecot, Postfix, dovecot, needs_dovecot, needs_post, postfix
from mail_office import OFFICE, filled, letter
from mails import file_part
from test_fetching import JUNK, kinds, stored
from test_flow import NOTICE

from pdsfz_xl import campaign, fetching, ledger, mailbox, mailing, message, outbox, outgoing
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import Workspace

CODE = "code-2019"
NOW = datetime.now().replace(microsecond=0)
BUREAUS = 28


@pytest.fixture
def trusted(monkeypatch):
    def trust(boxes: Dovecot) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", boxes.authority)
        monkeypatch.setenv("PDSFZ_MAIL_PASSWORD", CODE)

    return trust


def crowd(folder: Path) -> dict[str, str]:
    """28 units, each of which owes something; their addresses by name."""
    path = folder / "master" / "任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book[w.UNITS_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    names = [sheet.cell(row, captions["单位名称"]).value for row in range(2, sheet.max_row + 1)]
    names = [name for name in names if name]
    for number in range(len(names), BUREAUS):
        row = number + 2
        sheet.cell(row, captions["代码"]).value = f"{number + 1:02d}"
        sheet.cell(row, captions["单位名称"]).value = f"第{number + 1}县区政府"
        names.append(f"第{number + 1}县区政府")
    emails = {name: f"u{number:02d}@example.cn" for number, name in enumerate(names, 1)}
    for number, name in enumerate(names):
        sheet.cell(number + 2, captions["邮箱"]).value = emails[name]
    table = book[w.TABLE_SHEET]
    captions = {cell.value: cell.column for cell in table[1]}
    first = next(r for r in range(2, table.max_row) if table.cell(r, captions["编码"]).value)
    table.cell(first, captions["责任单位"]).value = "、".join(names)
    book.save(path)
    return emails


def campaign_of(folder: Path) -> dict[str, str]:
    ws = Workspace(folder)
    campaign.init(ws, NOTICE, NOW)
    emails = crowd(folder)
    deadline = f"{NOW + timedelta(days=5):%Y-%m-%d}"
    office.settle(folder, {"电子邮箱": OFFICE, "报送截止日期": deadline})
    campaign.generate(ws, NOW)
    return emails


def send(post: Postfix, boxes: Dovecot, sender: str, data: bytes) -> None:
    """A bureau's client."""
    trust = ssl.create_default_context(cafile=boxes.authority)
    with smtplib.SMTP_SSL("127.0.0.1", post.port, context=trust, local_hostname="localhost") as out:
        out.login(sender, CODE)
        out.sendmail(sender, [OFFICE], data)


def inbox_of(boxes: Dovecot, user: str) -> list[bytes]:
    """What lies in somebody's mailbox, by TLS."""
    trust = ssl.create_default_context(cafile=boxes.authority)
    with imaplib.IMAP4_SSL("127.0.0.1", boxes.imaps, ssl_context=trust) as box:
        box.login(user, CODE)
        box.select("INBOX", readonly=True)
        numbers = box.search(None, "ALL")[1][0].split()
        return [box.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]


def delivered(post: Postfix) -> Counter[str]:
    """How often Postfix handed something over to each address."""
    return Counter(re.findall(r" to=<([^>]+)>.* status=sent ", post.log()))


def wait_for(post: Postfix, many: int) -> None:
    """Until Postfix has handed so many mails over."""
    for _ in range(300):
        if sum(delivered(post).values()) >= many:
            return
        time.sleep(0.1)
    raise AssertionError(f"Postfix delivered {sum(delivered(post).values())} of {many}")


def serve(folder: Path, post: Postfix, boxes: Dovecot) -> None:
    office.settle(folder, {
        "发信服务器": "127.0.0.1", "端口": post.port, "加密方式": "SSL", "发信账号": OFFICE,
        "收信服务器": "127.0.0.1", "收信端口": boxes.imaps,
    })  # fmt: skip


@needs_post
def test_twenty_eight_bureaus_get_their_form_and_all_answers_come_back(tmp_path, trusted):
    folder = tmp_path / "任务"
    ws = Workspace(folder)
    emails = campaign_of(folder)
    with dovecot([OFFICE, *emails.values()]) as boxes, postfix(boxes) as post:
        trusted(boxes)
        serve(folder, post, boxes)
        campaign.generate(ws, NOW)
        asked = mailing.Asked(mailing.kind("下发"))
        mailing.send(ws, asked, NOW, None, pace=outbox.Pace(0, 0))
        mailing.send(ws, asked, NOW, None, pace=outbox.Pace(0, 0))
        wait_for(post, BUREAUS)
        assert delivered(post) == Counter(dict.fromkeys(emails.values(), 1))

        with ledger.opened(ws.ledger, readonly=True) as book:
            ids = {mail.message_id for mail in outgoing.mails(book)}
        assert len(ids) == BUREAUS
        logged = Counter(re.findall(r"message-id=(<[^>]+>)", post.log()))
        assert logged == Counter(dict.fromkeys(ids, 1))

        for name, address in emails.items():
            (received,) = inbox_of(boxes, address)
            (form,) = message.read(received).attachments
            assert form.name.endswith(".xlsx")
            path = folder / "out" / "1-下发" / form.name
            assert form.data == path.read_bytes()
            said = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", received)[1]
            reply = letter(address, f"回复：{name}报送", file_part(filled(folder, name), form.name),
                           more=b"\r\nIn-Reply-To: " + said)  # fmt: skip
            send(post, boxes, address, reply)
        wait_for(post, 2 * BUREAUS)
        assert delivered(post)[OFFICE] == BUREAUS

        before = boxes.server.flags()
        done = fetching.run(ws, NOW, lambda _: CODE)
        assert kinds(done) == ["taken"] * BUREAUS
        assert {mail["unit"] for mail in done.more["mails"]} == set(emails)
        assert kinds(fetching.run(ws, NOW, lambda _: CODE)) == []
        assert boxes.server.flags() == before
        assert len(before) == BUREAUS

        document = campaign.collect(ws, NOW).more
        assert len(document["units"]) == BUREAUS
        assert {unit["status"] for unit in document["units"]} == {"complete"}
        assert all(answer["text"] for answer in document["answers"])
        assert not any(unit["late"] for unit in document["units"])


@needs_post
def test_what_nobody_gets_comes_back_and_is_said(tmp_path, trusted):
    """Case 20, by a bounce that Postfix wrote."""
    folder = tmp_path / "任务"
    ws = Workspace(folder)
    emails = campaign_of(folder)
    name = next(iter(emails))
    with dovecot([OFFICE]) as boxes, postfix(boxes) as post:
        trusted(boxes)
        serve(folder, post, boxes)
        asked = mailing.Asked(mailing.kind("下发"), name)
        mailing.send(ws, asked, NOW, None, pace=outbox.Pace(0, 0))
        wait_for(post, 1)
        done = fetching.run(ws, NOW, lambda _: CODE)
        assert kinds(done) == ["bounce"]
        (bounce,) = done.more["bounces"]
        assert (bounce["unit"], bounce["address"]) == (name, emails[name])
        assert bounce["reason"].startswith("地址不存在")
        assert any(emails[name] in line for line in mailing.show(ws, NOW).said)
        assert any(f"{name}的邮箱" in line for line in campaign.status(ws, NOW).said)


@needs_dovecot
@pytest.mark.parametrize("protocol", [mailbox.IMAP, mailbox.POP3])
def test_dovecot_by_tls(tmp_path, trusted, protocol):
    """Both protocols, the folder for spam, no flag changed over IMAP, nothing taken twice."""
    folder = office.prepare(tmp_path / "任务")
    with dovecot([OFFICE]) as boxes:
        trusted(boxes)
        port = boxes.imaps if protocol == mailbox.IMAP else boxes.pop3s
        office.settle(folder, {"发信账号": OFFICE, "收信服务器": "127.0.0.1", "收信端口": port,
                               "加密方式": "SSL"})  # fmt: skip
        form = file_part(filled(folder, "市发改委"), "表.xlsx")
        boxes.server.put(letter("fgw@example.cn", "报送", form), flags=[rb"\Seen", rb"\Flagged"])
        boxes.server.put(letter("who@qq.com", "约稿"), letter("sfj@example.cn", "说明"))
        boxes.server.put(
            letter("sjj@example.cn", "章", file_part(b"%PDF-1", "章.pdf")), folder=JUNK
        )
        before = [boxes.server.flags(name) for name in ("INBOX", JUNK)]
        found = kinds(office.fetch(folder, CODE, protocol=protocol))
        if protocol == mailbox.IMAP:
            assert found == ["taken", "other", "letter", "taken"]
            assert [boxes.server.flags(name) for name in ("INBOX", JUNK)] == before
        else:
            assert found == ["taken", "other", "letter"]
            assert len(boxes.server.flags()) == 3
        assert "2019-10-24_市发改委 fgw@example.cn/表.xlsx" in stored(folder)
        assert kinds(office.fetch(folder, CODE, protocol=protocol)) == []
        with pytest.raises(OperatorError, match="授权码"):
            office.fetch(folder, "wrong", protocol=protocol)


@needs_dovecot
def test_a_server_nobody_vouches_for_gets_no_code(tmp_path, monkeypatch):
    folder = office.prepare(tmp_path / "任务")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with dovecot([OFFICE]) as boxes:
        office.settle(folder, {"发信账号": OFFICE, "收信服务器": "127.0.0.1", "加密方式": "SSL",
                               "收信端口": boxes.imaps})  # fmt: skip
        with pytest.raises(OperatorError, match="加密连接没有建立"):
            office.fetch(folder, CODE)
        assert "Login" not in boxes.log()
