"""One mail as bytes. Cases 1 to 6 of the acceptance list carry their number."""

import email
import email.header
import random
import re
from datetime import datetime
from email import policy

import pytest
from counts import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from pdsfz_xl import compose, message
from pdsfz_xl import text as texts
from pdsfz_xl.compose import DUAL, HYBRID, Attachment, Mail
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailbox import Sender

WHEN = datetime(2019, 10, 24, 16, 5)
OFFICE = Sender(address="fzb@126.com", name="平顶山市法治政府建设办公室")
LONG = "".join(chr(0x4E00 + i * 37) for i in range(50)) + ".xlsx"
"""Fifty different hanzi."""


def mail(**more: object) -> Mail:
    values: dict[str, object] = {
        "key": "F201921/06/下发/1",
        "sender": OFFICE,
        "to": ("sfj@example.cn",),
        "name": "市司法局",
        "subject": "填报表 [F201921-06]",
        "body": "市司法局：\n请填写附件。",
        "attachments": (Attachment("06_市司法局.xlsx", b"PK\x03\x04" * 50),),
        **more,
    }
    return Mail(**values)


def unfolded(data: bytes, name: str) -> str:
    """A header as it stands on the wire, its lines joined."""
    head = data.split(b"\r\n\r\n")[0].decode("ascii")
    found = re.search(rf"(?m)^{name}: ((?:.*\r\n[ \t])*.*)$", head + "\r\n")
    assert found, name
    return found[1].rstrip("\r").replace("\r\n", "")


def decoded(said: str) -> str:
    return str(email.header.make_header(email.header.decode_header(said)))


def names(data: bytes, default=policy.default) -> list[str]:
    return [p.get_filename() for p in email.message_from_bytes(data, policy=default).walk()
            if p.get_filename()]  # fmt: skip


# --- names


@pytest.mark.parametrize("style", compose.NAME_STYLES)
def test_case_1_a_name_of_fifty_hanzi_is_read_everywhere(style):
    data = compose.compose(mail(attachments=(Attachment(LONG, b"x"),)), WHEN, style=style)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 80
    assert (b"filename*" in data) == (style == HYBRID)
    assert b"name*=" not in data.replace(b"filename*=", b"")
    assert names(data) == [LONG]
    assert [a.name for a in message.read(data).attachments] == [LONG]


@pytest.mark.parametrize("style", compose.NAME_STYLES)
def test_case_1_also_by_imap_tools(style):
    imap_tools = pytest.importorskip("imap_tools")
    data = compose.compose(mail(attachments=(Attachment(LONG, b"x"),)), WHEN, style=style)
    assert [a.filename for a in imap_tools.MailMessage.from_bytes(data).attachments] == [LONG]


@pytest.mark.parametrize("style", compose.NAME_STYLES)
@settings(max_examples=examples(300), deadline=None)
@given(name=st.text("一丁七万𠮷a b（）【】①%';,", min_size=1, max_size=60))
def test_any_name_comes_back(style, name):
    name = " ".join(name.split()) or "x"
    data = compose.compose(mail(attachments=(Attachment(name, b"x"),)), WHEN, style=style)
    assert max(map(len, data.split(b"\r\n"))) <= 80 or name.isascii()
    assert [a.name for a in message.read(data).attachments] == [name]


def test_case_3_a_slash_becomes_its_twin():
    name = texts.file_name("28_市委办/市档案局_填报表") + ".xlsx"
    assert name == "28_市委办／市档案局_填报表.xlsx"
    assert names(compose.compose(mail(attachments=(Attachment(name, b"x"),)), WHEN)) == [name]


def test_case_4_names_are_safe_unique_and_not_empty():
    units = ["CON", "aux.", "COM¹", "   ", "局" * 300, "\u202e反", "反", "a/b", "a\\b", "NUL.txt"]
    made = [texts.file_name(f"{i:02d}_{unit}") for i, unit in enumerate(units)]
    assert len({name.lower() for name in made}) == len(units)
    for name in (*made, *map(texts.file_name, units)):
        assert name.strip(" .")
        assert len(name) <= 80
        assert len(name.encode()) <= 181
        assert not re.fullmatch(r"(?i)(con|aux|nul|com[0-9¹²³])(\..*)?", name)


# --- subjects


def test_case_2_two_thousand_subjects_come_back():
    """Blanks, brackets, full width, mixed, rare: exact, and every word by RFC 2047."""
    seeded = random.Random(8)
    pool = "平顶山市法治政府建设　示范 【】（）()[]《》，：:;-_/=?0123456789aZ𠮷㐀①Ａ１"
    for _ in range(examples(2000)):
        said = "".join(seeded.choice(pool) for _ in range(seeded.randint(1, 90)))
        data = compose.compose(mail(subject=said), WHEN)
        wire = unfolded(data, "Subject")
        assert "?==?" not in wire
        assert all(len(word) <= 75 for word in wire.split(" ") if word.startswith("=?"))
        assert max(map(len, data.split(b"\r\n"))) <= 80
        assert decoded(wire) == said, said
        assert message.read(data).subject.split() == said.split()


@settings(max_examples=examples(2000), deadline=None)
@given(st.text(min_size=1, max_size=120))
def test_case_2_any_subject_comes_back_or_is_refused(said):
    asked = mail(subject=said)
    if compose.objection(asked):
        assert said != texts.visible(said) or re.search("[\t\n\u061c\u2028\u2029\ufeff]", said)
    else:
        assert decoded(unfolded(compose.compose(asked, WHEN), "Subject")) == said


def test_only_the_name_of_an_address_is_encoded():
    data = compose.compose(mail(to=("a@example.cn", "b@example.cn"), name="市委办/市档案局"), WHEN)
    assert unfolded(data, "To").count("<") == 2
    assert "<a@example.cn>," in unfolded(data, "To")
    parsed = email.message_from_bytes(data, policy=policy.default)
    assert [a.addr_spec for a in parsed["To"].addresses] == ["a@example.cn", "b@example.cn"]
    assert decoded(unfolded(data, "From").rpartition(" <")[0]) == OFFICE.name


# --- what nobody may say


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\u202e", "\r\nBcc: x@y.cn", "\x85", "\u2028"])
@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("主题", {"subject": "填报{}表"}),
        ("单位名称", {"name": "市{}局"}),
        ("发件人名称", {"sender": Sender(address="a@b.cn", name="办{}公室")}),
        ("附件名", {"attachments": (Attachment("表{}.xlsx", b""),)}),
    ],
)
def test_case_5_controls_are_refused_and_the_field_is_named(field, said, bad):
    def put(value):
        if isinstance(value, Sender):
            return Sender(address=value.address, name=value.name.replace("{}", bad))
        if isinstance(value, tuple):
            return tuple(a._replace(name=a.name.replace("{}", bad)) for a in value)
        return value.replace("{}", bad)

    asked = mail(**{key: put(value) for key, value in said.items()})
    assert field in compose.objection(asked)
    assert f"U+{ord(bad[0]):04X}" in compose.objection(asked)
    with pytest.raises(OperatorError, match=field):
        compose.compose(asked, WHEN)


@pytest.mark.parametrize("address", ["a@b.cn\nBcc:x", "张三@x.cn", "a@@b", "a@b.cn\r\n", "a@b", ""])
@pytest.mark.parametrize("field", ["to", "cc", "reply_to"])
def test_case_6_addresses_are_refused(field, address):
    sender = {"cc": (address,)} if field == "cc" else {"reply_to": address}
    asked = mail(to=(address,)) if field == "to" else mail(
        sender=Sender(address="a@b.cn", name="", **sender)
    )  # fmt: skip
    if field == "reply_to" and not address:
        assert not compose.objection(asked)
        return
    assert "邮箱" in compose.objection(asked)
    with pytest.raises(OperatorError, match="邮箱"):
        compose.compose(asked, WHEN)


@settings(max_examples=examples(300), deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=200))
def test_nothing_typed_adds_a_header(subject, name, file, body):
    asked = mail(subject=subject, name=name, body=body, attachments=(Attachment(file, b"x"),))
    if compose.objection(asked):
        return
    data = compose.compose(asked, WHEN)
    head = data.split(b"\r\n\r\n")[0]
    fields = re.findall(rb"(?m)^([A-Za-z-]+):", head)
    assert fields == [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version",
                      b"Content-Type"]  # fmt: skip


# --- the whole


def test_the_same_mail_is_the_same_bytes():
    assert compose.compose(mail(), WHEN) == compose.compose(mail(), WHEN)
    assert mail().message_id == mail(subject="别的").message_id


def test_a_trial_on_oneself_hides_no_real_mail():
    """A server or client drops a second mail of the same Message-ID."""
    assert mail(to=("me@126.com",)).message_id != mail().message_id


@pytest.mark.parametrize("draft", [False, True])
def test_what_stands_in_the_head(draft):
    sender = Sender(address="fzb@126.com", name="法治办", cc=("ld@b.cn",), reply_to="sl@b.cn")
    data = compose.compose(
        mail(sender=sender, thread=("<1@126.com>", "<2@126.com>"), automatic=True), WHEN,
        draft=draft,
    )  # fmt: skip
    parsed = email.message_from_bytes(data, policy=policy.default)
    assert parsed["Cc"] == "ld@b.cn"
    assert parsed["Reply-To"] == "sl@b.cn"
    assert parsed["Date"] == "Thu, 24 Oct 2019 16:05:00 +0800"
    assert parsed["In-Reply-To"] == "<2@126.com>"
    assert parsed["References"].split() == ["<1@126.com>", "<2@126.com>"]
    assert parsed["Auto-Submitted"] == "auto-replied"
    assert parsed["Message-ID"].endswith("@126.com>")
    assert (parsed["X-Unsent"] == "1") == draft
    assert parsed.get_body().get_content() == "市司法局：\n请填写附件。\n".replace("\n", "\r\n")


@given(st.binary(max_size=3000))
@settings(max_examples=examples(50), deadline=None)
def test_an_attachment_arrives_byte_by_byte(data):
    made = compose.compose(mail(attachments=(Attachment("表.xlsx", data),)), WHEN)
    part = next(email.message_from_bytes(made, policy=policy.default).iter_attachments())
    assert part.get_content() == data
    assert part.get_content_type() == compose.XLSX
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", made)
    assert not re.search(rb"(?m)^\.", made)


def test_a_mail_without_attachment_is_plain_text():
    data = compose.compose(mail(attachments=()), WHEN, style=DUAL)
    assert email.message_from_bytes(data, policy=policy.default).get_content_type() == "text/plain"
