"""Heads of mails as servers and machines write them, and bounces of four kinds of server."""

from datetime import datetime, timedelta, timezone

import pytest
from mails import eml, part, text_part

from pdsfz_xl.envelope import read_bounces, read_head

HEAD = b"From: =?utf-8?B?5byg?= <ZHANG@Example.cn>\r\nSubject: %s\r\n%s\r\n"


def head(subject=b"x", more=b""):
    return read_head(HEAD % (subject, more))


def test_what_a_head_says():
    found = read_head(
        b"Received: from a by b; Thu, 24 Oct 2019 10:00:05 +0800 (CST)\r\n"
        b"Received: from c by a; Thu, 24 Oct 2019 09:00:00 +0800\r\n"
        b"From: <a@b.cn>\r\nSubject: \xbb\xd8\xb8\xb4\xa3\xba\xcd\xb3\xbc\xc6\xb1\xed\r\n"
        b"Message-ID: <1@b.cn>\r\nIn-Reply-To: <f.1@office>\r\n"
        b"References: <f.0@office>\r\n <f.1@office>\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n"
    )
    there = timezone(timedelta(hours=8))
    assert found._replace(mark="") == (
        "a@b.cn", "回复：统计表", "", "<1@b.cn>", ("<f.1@office>", "<f.0@office>"),
        datetime(2019, 10, 24, 10, 0, 5, tzinfo=there).astimezone().replace(tzinfo=None),
        True, False, False, False,
    )  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"no head at all", b"\xff" * 100, b"From:\r\n\r\n"])
def test_a_head_that_says_nothing(data):
    found = read_head(data)
    assert (found.sender, found.message_id, found.stamped, found.bounce) == ("", "", None, False)


def test_the_same_mail_has_the_same_mark():
    assert head().mark == head().mark != head(b"y").mark
    assert read_head(b"A: b\r\n").mark == read_head(b"A: b\r\n\r\n").mark  # servers end it so or so


def test_a_sender_is_compared_in_small_letters():
    assert head().sender == "zhang@example.cn"


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        (b"x", b"Auto-Submitted: auto-replied\r\n"),
        (b"x", b"Auto-Submitted: auto-generated\r\n"),
        (b"x", b"X-Autoreply: yes\r\n"),
        ("自动回复:通知".encode(), b""),
        (b"Automatic reply: x", b""),
        ("已读：通知".encode("gbk"), b""),
        (b"x", b"Content-Type: multipart/report; report-type=disposition-notification\r\n"),
    ],
)
def test_a_machine_answered(subject, more):
    found = head(subject, more)
    assert (found.automatic, found.bounce, found.mixed) == (True, False, False)


@pytest.mark.parametrize(
    ("subject", "more"), [(b"x", b"Auto-Submitted: no\r\n"), ("关于自动回复".encode(), b"")]
)
def test_a_person_answered(subject, more):
    assert not head(subject, more).automatic


@pytest.mark.parametrize("more", [b"List-Id: <x>\r\n", b"List-Unsubscribe: <x>\r\n",
                                  b"Precedence: bulk\r\n"])  # fmt: skip
def test_it_went_to_many(more):
    assert head(more=more).bulk
    assert not head().bulk


@pytest.mark.parametrize(
    ("kind", "mixed"),
    [("multipart/mixed; boundary=x", True), ("multipart/related", True), ("application/pdf", True),
     ("multipart/alternative", False), ("text/html", False)],
)  # fmt: skip
def test_it_may_have_attachments(kind, mixed):
    assert head(more=f"Content-Type: {kind}\r\n".encode()).mixed is mixed


# --- bounces ---------------------------------------------------------------------------------

STATUS = b"""Reporting-MTA: dns; mail.example.cn

Final-Recipient: rfc822; SFJ@example.cn
Original-Recipient: rfc822;sfj@example.cn
Action: %s
Status: %s
Diagnostic-Code: smtp; %s
"""
SENT = b"From: office@example.cn\r\nMessage-ID: <f.02@office>\r\nSubject: x\r\n\r\ntext"


def report(action=b"failed", status=b"5.1.1", said=b"550 5.1.1 User unknown", original=SENT):
    return eml(
        text_part("I'm sorry to have to inform you"),
        part(STATUS % (action, status, said), b"Content-Type: message/delivery-status", False),
        part(original, b"Content-Type: message/rfc822", False),
        headers=b"From: MAILER-DAEMON@mail.example.cn\r\nReturn-Path: <>\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <d@mail.example.cn>",
    ).replace(b"multipart/mixed;", b"multipart/report; report-type=delivery-status;")


def test_a_delivery_status():
    assert read_head(report()).bounce
    (found,) = read_bounces(report())
    assert found == (
        ("sfj@example.cn",), "地址不存在（550 5.1.1 user unknown）", ("<f.02@office>",), True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said", "meaning"),
    [
        (b"5.2.2", b"552 mailbox full", "对方邮箱已满"),
        (b"5.7.1", b"554 DT:SPM", "被对方服务器拒收"),
        (b"4.4.1", b"connection timed out", "连不上对方服务器"),
        (b"5.3.4", b"message too large", "邮件太大"),
        (b"5.0.0", b"odd", "odd"),
    ],
)
def test_why_it_did_not_arrive(status, said, meaning):
    (found,) = read_bounces(report(status=status, said=said))
    assert found.reason.startswith(meaning)
    assert said.decode().lower() in found.reason


def test_a_server_that_goes_on_trying():
    (found,) = read_bounces(report(action=b"delayed", status=b"4.4.1", said=b"timed out"))
    assert not found.final


def test_a_server_that_only_confirms():
    assert read_bounces(report(action=b"delivered", status=b"2.0.0", said=b"250 ok")) == ()


def test_several_recipients():
    blocks = STATUS % (b"failed", b"5.1.1", b"550 a") + (
        b"\nFinal-Recipient: rfc822; two@b.cn\nAction: failed\nStatus: 5.2.2\n"
    )
    data = report().replace(STATUS % (b"failed", b"5.1.1", b"550 5.1.1 User unknown"), blocks)
    assert [found.addresses for found in read_bounces(data)] == [
        ("sfj@example.cn",), ("two@b.cn",),
    ]  # fmt: skip


def test_the_head_of_the_sent_mail_may_be_all_that_comes_back():
    data = report().replace(b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers")
    assert read_bounces(data)[0].ids == ("<f.02@office>",)


PAGE = """<html><body><p>抱歉，您的邮件被退回来了……</p><table>
<tr><td>主题：</td><td>填报通知</td></tr><tr><td>收件人：</td><td>sfj@example.cn</td></tr>
<tr><td>退信原因：</td><td>收件人邮件地址（sfj@example.cn）不存在，邮件无法送达。</td></tr>
<tr><td>英文说明：</td><td>SMTP error, RCPT TO: 550 User not found: sfj@example.cn</td></tr>
</table></body></html>"""


def test_a_page_in_chinese():
    """网易 and others write no delivery status."""
    data = eml(
        text_part(PAGE, "html", "gbk"),
        part(SENT, b"Content-Type: message/rfc822", False),
        headers=b"From: Postmaster@126.com\r\nSubject: " + "系统退信".encode("gbk"),
    )
    assert read_head(data).bounce
    (found,) = read_bounces(data)
    assert found.addresses == ("sfj@example.cn",)
    assert found.reason.startswith("地址不存在")
    assert "<f.02@office>" in found.ids
    assert found.final


def test_exim_says_it_in_the_head():
    data = (
        b"From: mailer-daemon@x.cn\r\nX-Failed-Recipients: sfj@example.cn\r\n"
        b"Subject: Mail failure\r\n\r\nThe following address failed:\n  550 no such user here"
    )
    assert read_head(data).bounce
    (found,) = read_bounces(data)
    assert found.addresses == ("sfj@example.cn",)
    assert found.reason == "地址不存在（550 no such user here）"


@pytest.mark.parametrize(
    "mail",
    [
        b"From: sfj@example.cn\r\nSubject: " + "转发：系统退信".encode(),
        b"From: postmaster@example.cn\r\nSubject: " + "系统升级通知".encode(),
        b"From: a@b.cn\r\nReturn-Path: <>\r\nSubject: hello",
    ],
)
def test_what_is_no_bounce(mail):
    assert not read_head(mail + b"\r\n\r\n").bounce


def test_a_bounce_that_is_damaged_is_one_still():
    for cut in range(0, len(report()), 97):
        assert read_bounces(report()[:cut])
