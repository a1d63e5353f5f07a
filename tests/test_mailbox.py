"""The office's mailbox: what is known of the providers, and what nobody may send with."""

from dataclasses import replace

import pytest

from pdsfz_xl import mailbox
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Settings

OFFICE = Settings(email="fzb@126.com", issuer="市法治办")
ELSEWHERE = replace(
    OFFICE, email="fzb@pds.gov.cn", smtp_host="mail.pds.gov.cn", inbox_host="mail.pds.gov.cn"
)


@pytest.mark.parametrize("domain", mailbox.PRESETS)
def test_a_common_mailbox_needs_only_its_address(domain):
    settings = Settings(email=f"a@{domain}")
    out, imap = mailbox.sending(settings), mailbox.receiving(settings)
    pop3 = mailbox.receiving(settings, mailbox.POP3)
    assert out.user == imap.user == f"a@{domain}"
    assert (out.security, out.port) in (("SSL", 465), ("STARTTLS", 587))
    assert (imap.protocol, imap.security, imap.port) == ("IMAP", "SSL", 993)
    assert (pop3.protocol, pop3.security, pop3.port) == ("POP3", "SSL", 995)
    assert pop3.host != imap.host or "outlook" in imap.host


def test_netease_is_never_asked_for_starttls():
    """Nothing shows that it has it (mail.163.com names 465 and 994)."""
    assert {mailbox.PRESETS[d].port for d in ("126.com", "163.com", "yeah.net")} == {465}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("SSL", 465)),
        ({"smtp_port": 994}, ("SSL", 994)),
        ({"smtp_port": 587}, ("STARTTLS", 587)),
        ({"security": "starttls"}, ("STARTTLS", 587)),
        ({"security": " ＳＳＬ", "smtp_port": 25}, ("SSL", 25)),
        ({"security": "无", "smtp_host": "localhost"}, ("无", 25)),
        ({"security": "无", "smtp_host": "127.0.0.1", "smtp_port": 8025}, ("无", 8025)),
    ],
)
def test_what_is_written_beats_what_is_usual(change, expected):
    account = mailbox.sending(replace(ELSEWHERE, **change))
    assert (account.security, account.port) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("IMAP", "SSL", 993)),
        ({"inbox_port": 995}, ("POP3", "SSL", 995)),
        ({"inbox_host": "pop.pds.gov.cn"}, ("POP3", "SSL", 995)),
        ({"inbox_port": 143, "security": "STARTTLS"}, ("IMAP", "STARTTLS", 143)),
        ({"security": "STARTTLS"}, ("IMAP", "SSL", 993)),
        ({"inbox_port": 110, "security": "无", "inbox_host": "localhost"}, ("POP3", "无", 110)),
    ],
)
def test_where_mail_is_fetched(change, expected):
    account = mailbox.receiving(replace(ELSEWHERE, **change))
    assert (account.protocol, account.security, account.port) == expected


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(), "没有写“发信账号”"),
        (Settings(email="a@pds.gov.cn"), "不知道邮箱 a@pds.gov.cn 的发信服务器"),
        (replace(OFFICE, security="TLS1"), "“加密方式”“TLS1”不认识"),
        (replace(OFFICE, security="无"), "明文传送给 smtp.126.com"),
        (replace(OFFICE, security="无", smtp_host="127.0.0.1.evil.cn"), "明文传送"),
        (replace(OFFICE, smtp_port=0), "端口 0 不是"),
        (replace(OFFICE, smtp_host="smtp.126.com:465"), "写得不对"),
        (replace(OFFICE, smtp_host="smtp\r\nx"), "写得不对"),
    ],
)
def test_what_nobody_can_send_with(settings, said):
    with pytest.raises(OperatorError, match=said):
        mailbox.sending(settings)


def test_the_sender_is_the_account():
    """Providers refuse any other (553); replies go where the forms say all the same."""
    assert mailbox.sender(OFFICE) == mailbox.Sender(address="fzb@126.com", name="市法治办")
    other = replace(OFFICE, account="office@163.com", sender="法治办", cc="a@b.cn；c@d.cn")
    assert mailbox.sender(other) == mailbox.Sender(
        address="office@163.com", name="法治办", cc=("a@b.cn", "c@d.cn"), reply_to="fzb@126.com"
    )
    named = replace(ELSEWHERE, account="fzb")
    assert mailbox.sender(named).address == "fzb@pds.gov.cn"


@pytest.mark.parametrize(
    "address",
    ["a@b.cn", "a.b+c@x-y.gov.cn", "_@a.io", "12345@qq.com"],
)
def test_addresses_mail_can_go_to(address):
    assert mailbox.ADDRESS.fullmatch(address)


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "a@@b.cn", "张三@x.cn", "a@x.中国", "a@b.cn\nBcc:x", "a b@c.cn", "<a@b.cn>",
     ".a@b.cn", "a.@b.cn", "a..b@c.cn", "a@-b.cn", "a@b.cn.", "a@b.cn,c@d.cn", "a" * 250 + "@b.cn",
     '"a b"@c.cn', "a@b.cn\x00", "a@b.cn "],
)  # fmt: skip
def test_addresses_no_mail_can_go_to(address):
    assert not mailbox.ADDRESS.fullmatch(address)


@pytest.mark.parametrize("field", ["cc", "account", "email"])
def test_an_address_of_the_office_that_is_none_is_said(field):
    settings = replace(OFFICE, **{"account": "ok@126.com", field: "a@@b"})
    with pytest.raises(OperatorError, match="a@@b"):
        mailbox.sender(settings)
