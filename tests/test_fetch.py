"""What becomes of a mail, told from its head, its words and its files; nothing is sent or asked."""

from dataclasses import replace
from hashlib import sha256

import pytest
import samples
from mails import PNG, eml, file_part, forwarded, part, text_part
from test_envelope import report

from pdsfz_xl import fetch, message
from pdsfz_xl import mail_wording as mw
from pdsfz_xl.envelope import read_head
from pdsfz_xl.fetch import LARGEST, Desk
from pdsfz_xl.model import Manifest, Member

BLANK = b"PK\3\4 a form as it was made"
PLAN = samples.master()
PLAN = replace(
    PLAN,
    units=tuple(
        replace(unit, emails=(f"U{unit.code}@Example.cn",), aliases=("发展改革委",))
        if unit.code == "01"
        else replace(unit, emails=(f"u{unit.code}@example.cn",))
        for unit in PLAN.units
    ),
)
DESK = Desk(
    master=PLAN,
    own="office@example.cn",
    sent={"<f.02@office>": "02"},
    wanted=frozenset({"wang@qq.com"}),
    blank=frozenset({sha256(BLANK).hexdigest()}),
)
MIXED = "Content-Type: multipart/mixed"


def head(*lines, sender="who@qq.com", subject="x"):
    return read_head(
        "\r\n".join([f"From: {sender}", f"Subject: {subject}", *lines, ""]).encode("gbk")
    )


GLANCES = {
    "a unit's letter": (head(sender="u01@example.cn"), 1 << 20, ""),
    "an address the clerk named": (head(sender="Wang@QQ.com"), 1 << 20, ""),
    "an answer to our mail": (head("In-Reply-To: <f.02@office>"), 1 << 20, ""),
    "a subject with a unit": (head(subject="市司法局报送材料"), 1 << 20, ""),
    "a subject with an alias": (head(subject="发展改革委"), 1 << 20, ""),
    "a subject with our code": (head(subject="回复 [f201921/02]"), 1 << 20, ""),
    "a stranger with attachments": (head(MIXED), 1 << 20, ""),
    "a stranger's short letter": (head(), 2000, ""),
    "a stranger's long letter": (head(), 1 << 20, "other"),
    "a newsletter": (head(MIXED, "List-Id: <x>"), 2000, "other"),
    "a newsletter of a unit": (head("List-Id: <x>", sender="u01@example.cn"), 2000, ""),
    "a unit is away": (
        head("Auto-Submitted: auto-replied", sender="u01@example.cn"), 1, "automatic",
    ),
    "a machine that sends a file": (
        head("Auto-Submitted: auto-generated", MIXED, sender="u01@example.cn"), 1, "",
    ),
    "a copy of what we sent": (
        head("Message-ID: <f.02@office>", sender="office@example.cn"), 1, "own",
    ),
    "too large": (head(MIXED, sender="u01@example.cn"), LARGEST + 1, "manual"),
    "too large, of a stranger": (head(MIXED), LARGEST + 1, "other"),
    "a bounce": (read_head(report()), 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", GLANCES)
def test_what_the_head_tells(case):
    found, size, kind = GLANCES[case]
    assert fetch.glance(DESK, found, size) == kind


def test_an_address_of_two_units_is_known_and_tells_nothing():
    one, two, *rest = PLAN.units
    both = replace(PLAN, units=(one, replace(two, emails=one.emails), *rest))
    desk = replace(DESK, master=both)
    found = head(sender="u01@example.cn")
    assert (desk.concerns(found), desk.unit_of(found)) == (True, "")


def test_whose_it_is():
    assert DESK.unit_of(head(sender="u01@example.cn")) == "01"
    assert DESK.unit_of(head("References: <x@y> <f.02@office>")) == "02"
    assert DESK.unit_of(head(subject="市司法局")) == ""


# --- what it holds ---------------------------------------------------------------------------


def packed(*parts, sender="u01@example.cn", subject="x", headers=b""):
    data = eml(*parts, headers=f"From: {sender}\r\nSubject: {subject}".encode() + headers)
    found = read_head(data)
    parcel = fetch.parcel(DESK, found, message.read(data))
    return fetch.sort(DESK, found, parcel), parcel


def names(parcel):
    return [file.path for file in parcel.files]


LINK = "https://wx.mail.qq.com/ftn/download?func=3&key=a"
KINDS = {
    "files of a unit": ((file_part(b"x", "表.xlsx"),), {}, "taken"),
    "words of a unit": ((text_part("延期"),), {}, "letter"),
    "a link of a unit": ((text_part(LINK),), {}, "manual"),
    "a link and a file": ((text_part(LINK), file_part(b"x", "表.xlsx")), {}, "manual"),
    "a stranger's link": ((text_part(LINK),), {"sender": "a@qq.com"}, "manual"),
    "a stranger's words": ((text_part("你好"),), {"sender": "a@qq.com"}, "other"),
    "a stranger's file": ((file_part(b"x", "表.xlsx"),), {"sender": "a@qq.com"}, ""),
    "a stranger's file with a unit's name": (
        (file_part(b"x", "市司法局填报表.xlsx"),), {"sender": "a@qq.com"}, "taken",
    ),
    "a machine without a file": (
        (text_part("休假"),), {"headers": b"\r\nAuto-Submitted: auto-replied"}, "automatic",
    ),
    "only a signature": ((file_part(b"x", "smime.p7s"),), {}, "letter"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_what_it_is_once_it_was_read(case):
    parts, more, kind = KINDS[case]
    assert packed(*parts, **more)[0] == kind


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("..\\..\\1.xlsx", "1.xlsx"),
        ("C:\\Users\\u\\1.xlsx", "1.xlsx"),
        ("../../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("CON.xlsx", "_CON.xlsx"),
        ("..", "_"),
        ("表\u202exslx.xlsx", "表xslx.xlsx"),
        (f"{'长' * 200}.xlsx", f"{'长' * 60}.xlsx"),
        ("来信.txt", "来信 (2).txt"),
    ],
)
def test_a_name_never_leads_out(sent, stored):
    word = sent.encode("utf-16-le").decode("utf-16-le")
    _, parcel = packed(file_part(b"x", word))
    assert names(parcel) == [stored]


def test_two_of_one_name():
    twice = ("表.xlsx", "表.XLSX", "无", "无")
    _, parcel = packed(*(file_part(b"%d" % n, name) for n, name in enumerate(twice)))
    assert names(parcel) == ["表.xlsx", "表 (2).XLSX", "无", "无 (2)"]


def test_what_is_left_and_why():
    logo = part(PNG, b"Content-Type: image/png; name=logo.png\r\nContent-ID: <logo>")
    _, parcel = packed(
        text_part('<img src="cid:logo">', "html"), logo, file_part(b"MZ", "清单.exe"),
        file_part(b"x", "会议.ics"), file_part(b"x", "表.xlsx"),
    )  # fmt: skip
    assert names(parcel) == ["表.xlsx"]
    assert parcel.notes == (
        mw.not_taken("清单.exe", mw.PROGRAM),
        mw.not_taken("会议.ics", mw.NOT_A_FILE),
    )
    assert not parcel.elsewhere


def test_the_office_gets_its_own_forms_back_from_nobody_but_itself():
    """A copy of what was sent by hand is no return; a bureau's blank form is one."""
    kind, parcel = packed(file_part(BLANK, "表.xlsx"), sender="office@example.cn")
    assert (kind, names(parcel)) == ("other", [])
    assert packed(file_part(BLANK, "表.xlsx"))[0] == "taken"


def test_what_was_purged_never_comes_again():
    desk = replace(DESK, purged=frozenset({sha256(b"secret").hexdigest()}))
    data = eml(file_part(b"secret", "表.xlsx"), headers=b"From: u01@example.cn\r\nSubject: x")
    parcel = fetch.parcel(desk, read_head(data), message.read(data))
    assert (names(parcel), parcel.notes) == ([], (mw.not_taken("表.xlsx", mw.PURGED),))


def test_a_forward_in_a_forward_shows_its_chain():
    third = eml(file_part(b"x", "表.xlsx"), headers=b"From: c@x.cn\r\nSubject: 3\r\n"
                b"Date: Tue, 22 Oct 2019 09:00:00 +0800", mark=b"m3")  # fmt: skip
    second = eml(forwarded(third), headers=b"From: b@x.cn\r\nSubject: 2", mark=b"m2")
    kind, parcel = packed(text_part("见转发"), forwarded(second),
                          headers=b"\r\nDate: Wed, 23 Oct 2019 09:00:00 +0800")  # fmt: skip
    assert kind == "taken"
    inner = "2019-10-23_b@x.cn/2019-10-22_c@x.cn"
    assert names(parcel) == [f"{inner}/表.xlsx", f"{inner}/{mw.MAIL_FACTS}",
                             f"2019-10-23_b@x.cn/{mw.MAIL_FACTS}"]  # fmt: skip
    said = parcel.files[1].data.decode("utf-8-sig")
    assert "发件人：c@x.cn" in said
    assert "主题：3" in said


def test_mails_in_mails_without_end():
    mail = eml(file_part(b"x", "表.xlsx"), mark=b"m")
    for n in range(6):
        mail = eml(forwarded(mail), mark=b"m%d" % n)
    kind, parcel = packed(forwarded(mail))
    assert kind == "manual"
    assert mw.MAIL_NESTED in parcel.notes


def test_the_facts_beside_the_files():
    data = eml(text_part("第 3 项请以此为准。\r\n谢谢"),
               headers="From: u01@example.cn\r\nSubject: 关于\u202e填报".encode())  # fmt: skip
    said = fetch.facts(message.read(data), {"收到时间": "2019"}, ["表.xlsx"], ("一句",))
    assert said.startswith(b"\xef\xbb\xbf")
    text = said.decode("utf-8-sig")
    assert "\r\n" in text
    assert "\n" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    for line in ("发件人：u01@example.cn", "主题：关于<U+202E>填报", "收到时间：2019", "  表.xlsx",
                 "  一句", "第 3 项请以此为准。"):  # fmt: skip
        assert line in lines


def test_words_that_are_secret_are_not_written_down():
    data = eml(text_part("机密★1年 内容"), headers=b"From: u01@example.cn\r\nSubject: x")
    text = fetch.facts(message.read(data), {}, [], ()).decode("utf-8-sig")
    assert "内容" not in text
    assert mw.SECRET_TEXT in text


# --- strangers and bounces -------------------------------------------------------------------


def test_a_form_of_ours_is_known_however_deep():
    ours, other = Manifest(sha256="1", campaign="F201921"), Manifest(sha256="2", campaign="X1")
    assert fetch.holds_our_form(ours, "F201921")
    assert not fetch.holds_our_form(other, "F201921")
    nested = Manifest(sha256="3", opened=True, members=(
        Member("a", 1, other), Member("b", 0, None),
        Member("c", 1, Manifest(sha256="4", members=(Member("d", 1, ours),))),
    ))  # fmt: skip
    assert fetch.holds_our_form(nested, "F201921")


def test_a_bounce_is_a_units_by_our_id_or_by_its_address():
    (by_id,) = fetch.missed(DESK, report())
    assert by_id[:2] == ("02", "sfj@example.cn")
    unknown = report(original=b"Message-ID: <other@x>\r\n\r\n")
    assert next(fetch.missed(DESK, unknown))[:2] == ("", "sfj@example.cn")
    known = unknown.replace(b"SFJ@example.cn", b"U03@example.cn")
    assert next(fetch.missed(DESK, known))[:2] == ("03", "u03@example.cn")
