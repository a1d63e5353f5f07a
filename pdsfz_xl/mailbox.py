"""The office's mailbox: settings in, out come the servers to talk to and who the mail is from.

What the clerk leaves blank is known for the common providers. The authorization code is nowhere
in here: see `secret`.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Settings
from pdsfz_xl.states import Protocol, Security

SMTP, IMAP, POP3 = Protocol
SSL, STARTTLS, PLAIN = w.SECURITIES

ADDRESS = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
"""What every server takes: RFC 5321 without quoted names, and ASCII alone (no SMTPUTF8)."""

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")


class Preset(NamedTuple):
    """A provider's servers. Receiving is always by SSL, on 993 and 995."""

    smtp: str
    imap: str
    pop3: str
    port: int = 465
    security: Security = SSL


def _usual(domain: str, pop: str = "pop") -> Preset:
    return Preset(f"smtp.{domain}", f"imap.{domain}", f"{pop}.{domain}")


_OUTLOOK = Preset(
    "smtp-mail.outlook.com", "outlook.office365.com", "outlook.office365.com", 587, STARTTLS
)
PRESETS = {
    "126.com": _usual("126.com"),
    "163.com": _usual("163.com"),
    "yeah.net": _usual("yeah.net"),
    "qq.com": _usual("qq.com"),
    "vip.qq.com": _usual("qq.com"),
    "foxmail.com": _usual("qq.com"),
    "sina.com": _usual("sina.com"),
    "sina.cn": _usual("sina.cn"),
    "aliyun.com": _usual("aliyun.com", pop="pop3"),
    "139.com": _usual("139.com"),
    "outlook.com": _OUTLOOK,
    "hotmail.com": _OUTLOOK,
}
"""By the domain of the address, as the providers' own help pages give them."""

_PORTS = {
    (SMTP, SSL): 465,
    (SMTP, STARTTLS): 587,
    (SMTP, PLAIN): 25,
    (IMAP, SSL): 993,
    (IMAP, STARTTLS): 143,
    (IMAP, PLAIN): 143,
    (POP3, SSL): 995,
    (POP3, STARTTLS): 110,
    (POP3, PLAIN): 110,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A server and how to log in there; PLAIN is for this machine only."""

    protocol: Protocol
    host: str
    port: int
    security: Security
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a mail is from, and who gets a copy. `reply_to` is empty where it is `address`."""

    address: str
    name: str
    cc: tuple[str, ...] = ()
    reply_to: str = ""


def sending(settings: Settings) -> Account:
    """Where mail is handed in. Raises OperatorError where the settings do not say or contradict."""
    user = _user(settings)
    preset = _preset(user)
    host = _required(settings.smtp_host or (preset.smtp if preset else ""), user, "发信服务器")
    known = preset.security if preset and host == preset.smtp else Security.UNSAID
    by_port = STARTTLS if settings.smtp_port in (25, 587) else SSL
    security = _security(settings) or known or by_port
    known_port = preset.port if preset and security == known else _PORTS[SMTP, security]
    port = settings.smtp_port if settings.smtp_port is not None else known_port
    return _checked(Account(protocol=SMTP, host=host, port=port, security=security, user=user))


def receiving(settings: Settings, protocol: Protocol | None = None) -> Account:
    """Where mail is fetched; IMAP unless `protocol` or the settings say POP3.

    Raises OperatorError where the settings do not say or contradict.
    """
    user = _user(settings)
    preset = _preset(user)
    host, port = settings.inbox_host, settings.inbox_port
    pop3 = host.lower().startswith("pop") or port in (110, 995)
    protocol = protocol or (POP3 if pop3 else IMAP)
    if not host and preset:
        host = preset.pop3 if protocol == POP3 else preset.imap
    host = _required(host, user, "收信服务器")
    security = SSL if port in (None, 993, 995) else _security(settings) or SSL
    if port is None:
        port = _PORTS[protocol, security]
    return _checked(Account(protocol=protocol, host=host, port=port, security=security, user=user))


def sender(settings: Settings) -> Sender:
    """Who the mails are from. Providers refuse a sender that is not the account (553)."""
    user = _user(settings)
    address = user if "@" in user else settings.email
    copies = addresses(settings.cc)
    for said, key in ((address, "发信账号"), *((copy, "抄送") for copy in copies)):
        if not ADDRESS.fullmatch(said):
            raise OperatorError(
                f"任务设置里的“{key}”有不能用的邮箱地址“{texts.visible(said)}”；请改正后重新运行。"
            )
    reply_to = settings.email if settings.email != address else ""
    if reply_to and not ADDRESS.fullmatch(reply_to):
        raise OperatorError(
            f"任务设置里的“电子邮箱”“{texts.visible(reply_to)}”不是邮箱地址；请改正后重新运行。"
        )
    name = settings.sender or settings.issuer
    return Sender(address=address, name=name, cc=copies, reply_to=reply_to)


def addresses(said: str) -> tuple[str, ...]:
    """The addresses in a cell, whatever stands between them."""
    return tuple(part for part in re.split(r"[、，,；;\s]+", said) if part)


def is_loopback(host: str) -> bool:
    """Whether a server is this machine itself."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def is_common(user: str) -> bool:
    """Whether an address is at one of the providers we know."""
    return _preset(user) is not None


def is_host(said: str) -> bool:
    return bool(_HOST.fullmatch(said))


def security(said: str) -> Security:
    """加密方式 as the clerk wrote it."""
    plain = texts.squash(said).upper()
    return Security(plain) if plain in tuple(Security) else Security.UNKNOWN


def _security(settings: Settings) -> Security:
    known = security(settings.security)
    if known == Security.UNKNOWN:
        raise OperatorError(
            f"任务设置里的“加密方式”“{texts.visible(settings.security)}”不认识；"
            "请从 SSL、STARTTLS、无 里选一个，或空着。"
        )
    return known


def _user(settings: Settings) -> str:
    user = settings.account or settings.email
    if not user:
        raise OperatorError(
            "任务设置里没有写“发信账号”，也没有“电子邮箱”；请填上办公室的邮箱地址后重新运行。"
        )
    return user


def _preset(user: str) -> Preset | None:
    return PRESETS.get(user.rpartition("@")[2].lower())


def _required(host: str, user: str, key: str) -> str:
    if not host:
        raise OperatorError(
            f"不知道邮箱 {texts.visible(user)} 的{key}；"
            f"请问邮箱的管理员，填在任务设置的“{key}”里，然后重新运行。"
        )
    return host


def _checked(account: Account) -> Account:
    """The account, if it can be used and gives nobody's code away on the wire."""
    if not is_host(account.host):
        raise OperatorError(
            f"任务设置里的服务器“{texts.visible(account.host)}”写得不对；"
            "应写成 smtp.example.com 这样，不带空格和端口。"
        )
    if not 0 < account.port < 65536:
        raise OperatorError(
            f"任务设置里的端口 {account.port} 不是 1 到 65535 的整数；不清楚的请空着。"
        )
    if account.security == PLAIN and not is_loopback(account.host):
        raise OperatorError(
            f"任务设置里的“加密方式”是“无”，授权码会在网上明文传送给 {account.host}，没有连接；"
            "请改为 SSL 或 STARTTLS。"
        )
    return account
