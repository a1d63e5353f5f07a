"""Mails as clients really write them: every name and byte is found, and nothing is fetched."""

import base64
import random
import socket
import struct
from datetime import datetime

import pytest
from counts import examples
from effort import growth
from mails import (
    ATTACHMENT_PROPERTIES,
    BINARY,
    CODEPAGE,
    LONG,
    MESSAGE_PROPERTIES,
    OBJECT,
    PNG,
    RENDERED,
    STRING8,
    SUBJECT,
    TIME,
    UNICODE,
    attached,
    eml,
    file_part,
    forwarded,
    msg,
    nested,
    outlook,
    part,
    properties,
    text_part,
    ticks,
    winmail,
)

from pdsfz_xl import mail_wording as mw
from pdsfz_xl import message, rules
from pdsfz_xl.message import is_mail, read
from pdsfz_xl.package import Refused

NAME = "市司法局填报表.xlsx"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a mail must not make anybody ask the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def files(mail):
    return [(a.name, a.data) for a in mail.attachments]


def word(text, charset, encoding="B"):
    data = text.encode(charset)
    if encoding == "B":
        return b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(data))
    return b"=?%s?Q?%s?=" % (charset.encode(), b"".join(b"=%02X" % c for c in data))


# --- names -----------------------------------------------------------------------------------

_GB, _UTF8 = NAME.encode("gb18030"), NAME.encode()
_PERCENT = "".join(f"%{c:02X}" for c in _UTF8).encode()
_PERCENT_GB = "".join(f"%{c:02X}" for c in _GB).encode()
_CUT = base64.b64encode(_UTF8[:10]), base64.b64encode(_UTF8[10:])
_JAVA = word(NAME, "utf-8")
NAMES = {
    "raw GBK": (b'attachment; filename="%s"' % _GB, b"a/b"),
    "raw UTF-8": (b'attachment; filename="%s"' % _UTF8, b"a/b"),
    "raw and without quotes": (b"attachment; filename=%s" % _GB, b"a/b"),
    "without a semicolon": (b"attachment filename=%s" % _GB, b"a/b"),
    "no disposition": (b"attachment", b'a/b; name="%s"' % word(NAME, "gb2312")),
    "inline": (b'inline; filename="%s"' % word(NAME, "gbk"), b"a/b"),
    "folded": (b'attachment;\r\n\tfilename="%s"' % word(NAME, "gb18030"), b"a/b"),
    "quoted-printable": (b'attachment; filename="%s"' % word(NAME, "utf-8", "Q"), b"a/b"),
    "RFC 2231": (b"attachment; filename*=utf-8''%s" % _PERCENT, b"a/b"),
    "RFC 2231 in GB18030": (b"attachment; filename*=GB18030''%s" % _PERCENT_GB, b"a/b"),
    "RFC 2231 in quotes": (b"attachment; filename*=\"utf-8'zh'%s\"" % _PERCENT, b"a/b"),
    "RFC 2231 without its star": (b"attachment; filename=utf-8''%s" % _PERCENT, b"a/b"),
    "RFC 2231 in pieces": (
        b"attachment; filename*0*=utf-8''%s;\r\n filename*1*=%s" % (_PERCENT[:30], _PERCENT[30:]),
        b"a/b",
    ),
    "RFC 2231, out of order, one plain": (
        b"attachment; filename*1=.xlsx; filename*0*=utf-8''%s" % _PERCENT[:-15],
        b"a/b",
    ),
    "an encoded word in pieces": (
        b'attachment; filename*0="%s"; filename*1="%s"' % (_JAVA[:20], _JAVA[20:]),
        b"a/b",
    ),
    "percent signs": (b'attachment; filename="%s"' % _PERCENT, b"a/b"),
    "words that cut a character": (
        b'attachment; filename="=?utf-8?B?%s?=\r\n =?utf-8?B?%s?="' % _CUT, b"a/b",
    ),
    "words that are glued": (b'attachment; filename="=?utf-8?B?%s?==?utf-8?B?%s?="' % _CUT, b"a/b"),
    "a word in the wrong charset": (
        b'attachment; filename="=?utf-8?B?%s?="' % base64.b64encode(_GB), b"a/b",
    ),
    "a word with a charset nobody knows": (
        b'attachment; filename="=?x-new?B?%s?="' % base64.b64encode(_GB), b"a/b",
    ),
    "a word of unicode_escape": (
        b'attachment; filename="=?unicode_escape?B?%s?="' % base64.b64encode(_GB), b"a/b",
    ),
    "a broken one and a whole one": (
        b'attachment; filename="=?utf-8?B?%s?="' % base64.b64encode(_UTF8[:7]),
        b'a/b; name="%s"' % word(NAME, "utf-8"),
    ),
    "folders of the sender": (b'attachment; filename="..\\..\\%s"' % _UTF8, b"a/b"),
    "a disk of the sender": (b'attachment; filename="C:\\Users\\u\\%s"' % _GB, b"a/b"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_a_name_is_found_however_it_is_written(case):
    disposition, kind = NAMES[case]
    headers = b"Content-Type: %s\r\nContent-Disposition: %s" % (kind, disposition)
    assert files(read(eml(part(b"data", headers)))) == [(NAME, b"data")]


@pytest.mark.parametrize(
    ("name", "charset"),
    [
        ("朱镕基.xlsx", "gb18030"),  # 镕 is not in GB2312, whatever the label says
        ("乗謀十.xlsx", "gbk"),  # a backslash is half of each
        ('a"b.xlsx', "utf-8"),
        ("增长50%20191001.xlsx", "utf-8"),
        ("plain name; v=1.xlsx", "ascii"),
        ("①㈱𠀀.xlsx", "gb18030"),
    ],
)
def test_names_with_traps(name, charset):
    data = name.encode(charset)
    label = b"=?gb2312?B?%s?=" if charset.startswith("gb") else b"=?utf-8?B?%s?="
    headers = b'Content-Type: a/b; name="%s"' % (label % base64.b64encode(data))
    assert files(read(eml(part(b"", headers))))[0][0] == name
    quoted = data if charset.startswith("gb") else data.replace(b'"', b'\\"')
    headers = b'Content-Type: a/b\r\nContent-Disposition: attachment; filename="%s"' % quoted
    assert files(read(eml(part(b"", headers))))[0][0] == name


def test_a_word_with_text_around_it():
    headers = b'Content-Type: a/b; name="%s (1).xlsx"' % word("表", "gbk")
    assert files(read(eml(part(b"", headers))))[0][0] == "表 (1).xlsx"


def test_an_attachment_without_a_name():
    mail = read(eml(part(b"x", b"Content-Type: application/vnd.ms-excel")))
    assert files(mail) == [(mw.UNNAMED, b"x")]


# --- what a mail says ------------------------------------------------------------------------

HEADERS = b"""Received: from x by y; Fri, 25 Oct 2019 16:05:00 +0800\r
From: %s <fgw@example.cn>\r
To: office@example.cn\r
Date: Fri, 25 Oct 2019 16:04:00 +0800 (CST)\r
Subject: %s"""


@pytest.mark.parametrize("said", [str.encode, lambda s: s.encode("gbk"), lambda s: word(s, "gbk")])
def test_who_wrote_what_when(said):
    headers = HEADERS % (said("市发改委"), said("回复：报送  材料"))
    mail = read(eml(text_part("正文"), file_part(b"x", NAME), headers=headers))
    assert (mail.subject, mail.sender) == ("回复：报送  材料", "fgw@example.cn")
    assert mail.sent == "2019-10-25T16:04:00+08:00"
    assert files(mail) == [(NAME, b"x")]
    assert mail.notes == ()


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        (b"From: a@b.cn", "a@b.cn"),
        (b'From: "x@y.cn" <a@b.cn>', "a@b.cn"),
        (b"From: " + word("假 <x@y.cn>", "utf-8") + b" <a@b.cn>", "a@b.cn"),
        (b"From: \xb7\xa2\xb8\xc4\xce\xaf<a@b.cn>", "a@b.cn"),
        (b"From: nobody\r\nSender: s@b.cn", ""),
        (b"Subject: x\r\nSender: s@b.cn", "s@b.cn"),
    ],
)
def test_the_sender_is_an_address(header, sender):
    assert read(header + b"\r\n\r\nx").sender == sender


@pytest.mark.parametrize("subject", ["通知", "回复：通知", "é", "统计表"])
def test_a_subject_in_raw_gbk_that_is_valid_utf_8(subject):
    """通知 in GBK is Arabic in UTF-8."""
    data = subject.encode("utf-8" if subject == "é" else "gbk")
    expected = "茅" if subject == "é" else subject  # nobody here writes French without a label
    assert read(b"From: a@b.cn\r\nSubject: " + data + b"\r\n\r\nx").subject == expected


PAGE = "<style>p {}</style><p>第 3 项<br>不涉及&nbsp;<b>我局</b></p><div>完</div>"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((text_part("第一\r\n第二"), text_part("<p>别的", "html")), "第一\r\n第二"),
        ((text_part(PAGE, "html", "gbk"),), "第 3 项\n不涉及 我局\n完"),
        ((text_part(" "), text_part(PAGE, "html")), "第 3 项\n不涉及 我局\n完"),
        ((file_part(b"x", "表.xlsx"),), ""),
    ],
)
def test_what_a_mail_says(parts, text):
    assert read(eml(*parts)).text == text


def test_what_a_mail_of_outlook_says():
    page = {0x1013: (BINARY, "<p>网页</p>".encode("gbk")), 0x3FDE: (LONG, 936)}
    assert read(msg(FACTS | {0x1000: wide("正文\r\n")}, TWO)).text == "正文"
    assert read(msg(FACTS | {0x3FFD: (LONG, 936)} | page)).text == "网页"


@pytest.mark.parametrize("said", [b"yesterday", b"Fri, 99 Oct 2019 99:99:99", b"\xff\xfe", b""])
def test_a_date_nobody_can_read_is_left_out(said):
    assert read(b"From: a@b.cn\r\nDate: " + said + b"\r\n\r\nx").sent == ""


def test_texts_are_no_attachments_unless_they_have_a_name():
    plain = b"Content-Type: text/plain; name=a.csv"
    dressed = b"Content-Type: text/html\r\nContent-Disposition: attachment"
    mail = read(eml(text_part("正文"), text_part("<p>正文</p>", "html"), part(b"1,2", plain),
                    part(b"<p>", dressed)))  # fmt: skip
    assert files(mail) == [("a.csv", b"1,2"), (mw.UNNAMED, b"<p>")]


def test_only_a_small_picture_that_the_text_shows_is_inline():
    html = text_part('<img src="cid:logo@x"><img src="cid:scan@x"><img src="cid:form@x">', "html")

    def shown(data, mark, name):
        headers = f"Content-Type: image/png; name={name}\r\nContent-ID: <{mark}>"
        return part(data, headers.encode())

    mail = read(eml(html, shown(PNG, "logo@x", "logo.png"), shown(PNG, "other@x", "other.png"),
                    shown(PNG + bytes(200_000), "scan@x", "scan.png"),
                    shown(b"PK\3\4", "form@x", "form.png")))  # fmt: skip
    assert [(a.name, a.inline) for a in mail.attachments] == [
        ("logo.png", True), ("other.png", False), ("scan.png", False), ("form.png", False),
    ]  # fmt: skip


CLOUD = [
    "https://mail.163.com/large-attachment-download/index.html?p=X-NETEASE-HUGE-ATTACHMENT",
    "https://dashi.163.com/html/cloud-attachment-download/?key=abc",
    "https://wx.mail.qq.com/ftn/download?func=3&key=a&code=b",
    "http://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=a&code=b",
]


def test_a_large_attachment_on_the_web_is_named_once_and_not_fetched():
    links = "".join(f'<a href="{link.replace("&", "&amp;")}">下载</a>' for link in CLOUD)
    mail = read(eml(text_part(CLOUD[0], charset="gbk"), text_part(links, "html", "gb2312")))
    assert mail.notes == tuple(mw.on_the_web(link) for link in CLOUD)
    assert read(eml(text_part("https://www.163.com/news 正文"))).notes == ()


def test_a_mail_that_was_cut_off_says_so():
    whole = eml(text_part("正文"), file_part(b"x" * 1000, NAME))
    assert read(whole).notes == ()
    assert read(whole[:-200]).notes == (mw.MAIL_CUT,)


def test_a_mail_in_a_mail():
    inner = eml(file_part(b"x", NAME), headers=HEADERS % (b"", "转发".encode("gbk")), mark=b"in")
    mail = read(eml(forwarded(inner)))
    (attachment,) = mail.attachments
    assert (attachment.name, attachment.data) == ("转发.eml", b"")
    assert attachment.message == read(inner)
    encoded = part(inner, b'Content-Type: message/rfc822; name="a.eml"')
    (attachment,) = read(eml(encoded)).attachments
    assert (attachment.name, files(attachment.message)) == ("a.eml", [(NAME, b"x")])


def test_a_bounce_is_no_attachment_but_the_mail_it_returns_is():
    status = part(b"Reporting-MTA: dns; x\r\n\r\nAction: failed\r\n",
                  b"Content-Type: message/delivery-status", encoded=False)  # fmt: skip
    mail = read(eml(text_part("退信"), status, forwarded(b"From: a@b.cn\r\n\r\nx")))
    assert [a.message.sender for a in mail.attachments] == ["a@b.cn"]


def test_uuencoded():
    body = b"begin 644 a.xlsx\n#0V%T\n`\nend\n"
    headers = b"Content-Type: a/b; name=a.xlsx\r\nContent-Transfer-Encoding: x-uuencode"
    assert files(read(eml(part(body, headers, encoded=False)))) == [("a.xlsx", b"Cat")]


# --- winmail.dat -----------------------------------------------------------------------------

GB = struct.pack("<I", 936)
MIDNIGHT = struct.pack("<Q", ticks(datetime(2019, 10, 25)))
TNEF = winmail(
    (1, CODEPAGE, GB),
    (1, SUBJECT, "主题".encode("gbk") + b"\0"),
    (1, MESSAGE_PROPERTIES, properties((0x0C1F, STRING8, b"a@b.cn\0"),
                                       (0x0039, TIME, MIDNIGHT))),
    *attached("短名.XLS".encode("gbk") + b"\0", b"one"),
    *attached(b"SHORT~1.XLS\0", b"two", (2, ATTACHMENT_PROPERTIES, properties(
        struct.pack("<HH16sII", LONG, 0x8001, b"", 0, 7) + struct.pack("<I", 1),  # named by number
        struct.pack("<HH16sII", LONG, 0x8002, b"", 1, 6) + b"a\0b\0c\0\0\0" + struct.pack("<I", 1),
        struct.pack("<HHIII", 0x1003, 0x6001, 2, 1, 2),  # many values
        (0x3707, UNICODE, f"{NAME}\0".encode("utf-16-le")),
    ))),
)  # fmt: skip


@pytest.mark.parametrize("name", [b"winmail.dat", b"att.bin"])
def test_winmail_dat_is_opened(name):
    mail = read(eml(part(TNEF, b"Content-Type: application/ms-tnef; name=" + name)))
    assert files(mail) == [("短名.XLS", b"one"), (NAME, b"two")]


def test_winmail_dat_by_itself():
    mail = read(TNEF)
    assert (mail.subject, mail.sender) == ("主题", "a@b.cn")
    assert mail.sent == "2019-10-25T00:00:00+00:00"
    assert len(mail.attachments) == 2


def test_a_mail_in_a_winmail_dat():
    inner = properties(
        (0x3001, UNICODE, "转发".encode("utf-16-le")), (0x3701, OBJECT, bytes(16) + TNEF)
    )
    ole = properties((0x3001, UNICODE, "图表".encode("utf-16-le")), (0x3701, OBJECT, bytes(30)))
    mail = read(winmail(*attached(b"Untitled\0", b"a mail", (2, ATTACHMENT_PROPERTIES, inner)),
                        (2, RENDERED, b""), (2, ATTACHMENT_PROPERTIES, ole)))  # fmt: skip
    assert [(a.name, a.message) for a in mail.attachments] == [("主题", read(TNEF))]
    assert mail.notes == (mw.not_in_mail("图表"),)


def test_an_object_of_a_program_in_a_winmail_dat():
    book = message.MAGIC + bytes(600)
    said = properties(
        (0x3001, UNICODE, "表".encode("utf-16-le")), (0x3701, OBJECT, bytes(16) + book)
    )
    assert files(read(winmail((2, RENDERED, b""), (2, ATTACHMENT_PROPERTIES, said)))) == [
        ("表", book)
    ]


# --- .msg ------------------------------------------------------------------------------------


def wide(text):
    return UNICODE, text.encode("utf-16-le")


def narrow(text):
    return STRING8, text.encode("gb18030")


FACTS = {
    0x0037: wide("回复：材料"),
    0x5D01: wide("fgw@example.cn"),
    0x0C1F: wide("/O=EX/CN=RECIPIENTS/CN=FGW"),
    0x0039: (TIME, ticks(datetime(2019, 10, 25, 8, 4))),
}
BIG = bytes(range(256)) * 40
ONE = {0x3707: wide(NAME), 0x3704: wide("SHORT~1.XLS"), 0x3701: (BINARY, BIG)}
TWO = {0x3704: wide("二.xls"), 0x3701: (BINARY, b"two")}


def test_outlook():
    mail = read(msg(FACTS, ONE, TWO))
    assert (mail.subject, mail.sender) == ("回复：材料", "fgw@example.cn")
    assert mail.sent == "2019-10-25T08:04:00+00:00"
    assert files(mail) == [(NAME, BIG), ("二.xls", b"two")]


@pytest.mark.parametrize("codepage", [936, 54936, 1252, None])
def test_outlook_without_unicode(codepage):
    facts = {0x0037: narrow("镕"), 0x0C1F: narrow("a@b.cn")}
    if codepage:
        facts[0x3FFD] = LONG, codepage
    mail = read(msg(facts, {0x3707: narrow("乗謀.xls"), 0x3701: (BINARY, b"x")}))
    assert (mail.subject, mail.sender, files(mail)) == ("镕", "a@b.cn", [("乗謀.xls", b"x")])


def test_a_mail_in_a_mail_of_outlook():
    inner = outlook({0x0037: narrow("里")}, {0x3707: narrow("表.xls"), 0x3701: (BINARY, b"x")},
                    header=24)  # fmt: skip
    mail = read(msg({0x3FFD: (LONG, 936), 0x0037: narrow("外")}, inner, TWO))
    first, second = mail.attachments
    assert (first.name, first.message.subject) == ("里", "里")
    assert files(first.message) == [("表.xls", b"x")]
    assert second.data == b"two"


def test_an_attachment_that_is_only_a_link_is_named():
    mail = read(msg(FACTS, {0x3707: wide("共享.xlsx"), 0x370D: wide("https://x")}))
    assert mail.attachments == ()
    assert mail.notes == (mw.not_in_mail("共享.xlsx"),)


def test_pictures_and_links_in_a_mail_of_outlook():
    page = f'<img src="cid:logo"><a href="{CLOUD[1]}">'.encode()
    logo = {0x3707: wide("logo.png"), 0x3712: wide("logo"), 0x3701: (BINARY, PNG)}
    mail = read(msg(FACTS | {0x1013: (BINARY, page)}, logo, TWO))
    assert [a.inline for a in mail.attachments] == [True, False]
    assert mail.notes == (mw.on_the_web(CLOUD[1]),)


def test_streams_that_share_their_bytes_are_a_trap():
    """Thirty attachments, all of the same sectors."""
    data = msg(FACTS, *[{0x3701: (BINARY, BIG)}, *[{0x3701: (BINARY, bytes(4096))}] * 9])
    small = struct.pack("<II", 4096, 0)
    assert data.count(small) == 9
    with pytest.raises(Refused) as caught:
        read(data.replace(small, struct.pack("<II", 50_000, 0)))
    assert caught.value.rule == "F08"


# --- what is no mail, or worse ---------------------------------------------------------------


def test_what_is_a_mail():
    assert all(map(is_mail, (eml(), TNEF, msg(FACTS))))
    gateway = b"DKIM-Signature: v=1\r\nDate: x\r\nFrom: a@b.cn\r\nTo: c@d.cn\r\n\r\n"
    assert is_mail(gateway)
    assert is_mail(msg(FACTS)[:-600])
    assert not is_mail(nested({"WordDocument": b"", "embedded": outlook(FACTS)}))
    for other in (b"", b"PK\3\4", "说明：见附件".encode(), b"a: b\r\nc: d", msg({})[:512]):
        assert not is_mail(other)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"no headers at all", "F03"),
        (b"", "F03"),
        (message.MAGIC + bytes(2000), "F03"),
        (msg(FACTS)[:1600], "F03"),
        (b"From: a\r\n" + b"--x\n" * 30_000, "F08"),
    ],
)
def test_what_is_refused(data, rule):
    with pytest.raises(Refused) as caught:
        read(data)
    assert caught.value.rule == rule
    assert rule in rules.RULES


def test_mails_in_mails_without_end():
    data = b"From: a@b.cn\r\n\r\nx"
    for _ in range(2000):
        data = b"From: a@b.cn\r\nContent-Type: message/rfc822\r\n\r\n" + data
    with pytest.raises(Refused) as caught:
        read(data)
    assert caught.value.rule == "F08"


@pytest.mark.parametrize(
    "filler", [b" ", b"; ", b"a ", b"a=", b"a@", b"=?", b"=?a?b?", b"<", b'";']
)
def test_a_header_without_end_takes_no_time_without_end(filler):
    def reading(size):
        long = filler * (size // len(filler))
        mail = b"From: <%s\r\nSubject: %s\r\nContent-Type: a/b; %s\r\n\r\nx" % (long, long, long)
        assert len(read(mail).attachments) == 1
        return lambda: read(mail)

    assert growth(reading, 30_000) < 40


SPECIMENS = {
    "eml": eml(text_part("正文"), file_part(b"x" * 300, NAME), part(TNEF, b"Content-Type: a/b"),
               forwarded(eml(*(part(b"y", b"Content-Type: %s\r\nContent-Disposition: %s" % (k, d))
                               for d, k in NAMES.values()), mark=b"in")),
               headers=HEADERS % (_GB, word(NAME, "gbk"))),
    "msg": msg(FACTS, ONE, TWO, outlook(FACTS, TWO, header=24)),
    "tnef": TNEF,
}  # fmt: skip


@pytest.mark.parametrize("kind", SPECIMENS)
def test_a_damaged_mail_is_read_or_refused(kind):
    chance, whole = random.Random(20191025), SPECIMENS[kind]
    outcomes = set()
    for _ in range(examples(300)):
        try:
            outcomes.add(type(read(mutant(whole, chance))))
        except Refused as refused:
            outcomes.add(refused.rule)
    assert outcomes <= {message.Message, "F03", "F08"}
    assert message.Message in outcomes


def mutant(whole, chance):
    """Some bytes changed, a piece cut out, doubled or taken off the end."""
    data = bytearray(whole)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(len(data))
        length = chance.choice([1, 2, 4, 16, 200])
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at : at + length] = bytes(chance.choice([0, 0xFF]) for _ in range(length))
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length]
            case 4 if chance.randrange(4) == 0:
                del data[at:]
        if not data:
            return b"x"
    return bytes(data)
