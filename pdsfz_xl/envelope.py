"""What the head of a mail says before the mail itself is read, and what a bounce says at all.

A bounce is a delivery status (RFC 3464) or, from 网易 and others, a page in Chinese: of that only
the addresses, the message ids and the line with the reason can be had.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes
from email.message import Message as Part
from email.utils import parsedate_to_datetime
from hashlib import blake2s
from typing import NamedTuple

from pdsfz_xl.headers import parameter, words
from pdsfz_xl.message import address, header, header_bytes, read
from pdsfz_xl.package import Refused
from pdsfz_xl.text import brief


class Head(NamedTuple):
    """The head of a mail, as far as it tells what to do with the rest."""

    sender: str
    """An address in small letters, or empty."""
    subject: str
    mark: str
    """The same mail has the same one, wherever it lies: a digest of the whole head."""
    message_id: str
    """With its angle brackets, or empty."""
    answers: tuple[str, ...]
    """The ids of the mails this one answers, as In-Reply-To and References name them."""
    stamped: datetime | None
    """When the last server took it (RFC 5321 4.4), in local time."""
    mixed: bool
    """It may have attachments."""
    bulk: bool
    """It went to many, as newsletters do."""
    automatic: bool
    """A machine answered (RFC 3834), or confirms that a mail was read."""
    bounce: bool
    """A machine says that a mail could not be delivered."""


class Bounce(NamedTuple):
    """A mail that did not arrive. What is not said is empty."""

    addresses: tuple[str, ...]
    """In small letters: the one it was for or, in a page without a form, all that stand in it."""
    reason: str
    ids: tuple[str, ...]
    """Message ids that stand in it, one of which may be of the mail that was sent."""
    final: bool = True
    """False where the server goes on trying."""


_ID = re.compile(r"<[^<>\s@]+@[^<>\s]+>")
_ADDRESS = re.compile(r"[\w.+=-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_POSTMASTER = re.compile(r"(mailer-daemon|mail-daemon|postmaster|maildaemon)@")
_BOUNCED = re.compile(
    r"退信|无法投递|投递失败|未能送达|无法送达|发送失败|undeliver|not delivered|returned mail"
    r"|returned to sender|delivery (status|failure|has failed|incomplete)|failure notice",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"\s*(自动回复|自动答复|已读[:：]|已读回执|auto(matic)? ?repl|out of office|read:)",
    re.IGNORECASE,
)
_WITH_FILES = re.compile(r"multipart/(mixed|related|signed|report|x-)|application/|image/")


_READ = "disposition-notification"
"""The report that a mail was read (RFC 8098). It may hold that mail, and nothing else."""


def read_head(raw: bytes) -> Head:
    """From the header block of a mail, as the server gives it."""
    part = message_from_bytes(raw)
    kind = header(part, "Content-Type").strip().lower()
    report = parameter(kind, "report-type") if kind.startswith("multipart/report") else ""
    sender = address(part).lower()
    subject = words(header_bytes(part, "Subject")).strip()
    ids = _ID.findall(header(part, "Message-ID"))
    answered = f"{header(part, 'In-Reply-To')} {header(part, 'References')}"
    return Head(
        sender=sender,
        subject=subject,
        mark=blake2s(raw.strip(), digest_size=16).hexdigest(),
        message_id=ids[0] if ids else "",
        answers=tuple(dict.fromkeys(_ID.findall(answered))),
        stamped=_moment(header(part, "Received").rpartition(";")[2]),
        mixed=bool(_WITH_FILES.match(kind)) and report != _READ,
        bulk=_is_bulk(part),
        automatic=report == _READ or _is_automatic(part, subject),
        bounce=report == "delivery-status" or _is_bounce(part, sender, subject),
    )


def _moment(stamp: str) -> datetime | None:
    with suppress(ValueError, TypeError, OverflowError, OSError):
        return parsedate_to_datetime(stamp.strip()).astimezone().replace(tzinfo=None)
    return None


def _is_bulk(part: Part) -> bool:
    listed = header(part, "List-Id") or header(part, "List-Unsubscribe")
    return bool(listed) or header(part, "Precedence").strip().lower() in ("bulk", "list", "junk")


def _is_automatic(part: Part, subject: str) -> bool:
    said = header(part, "Auto-Submitted").strip().lower()
    marked = header(part, "X-Autoreply") or header(part, "X-Autorespond")
    return bool((said and said != "no") or marked or _AUTOMATIC.match(subject))


def _is_bounce(part: Part, sender: str, subject: str) -> bool:
    """A forwarded bounce is somebody's letter; what a postmaster writes about others is news."""
    nobody = header(part, "Return-Path").strip() == "<>" or _POSTMASTER.match(sender)
    return bool(nobody and (_BOUNCED.search(subject) or header(part, "X-Failed-Recipients")))


# --- bounces ---------------------------------------------------------------------------------


def read_bounces(data: bytes) -> tuple[Bounce, ...]:
    """What a bounce says of each recipient; one that says little is still a bounce.

    Nothing where a server only confirms that it delivered.
    """
    mail = message_from_bytes(data)
    ids = _original_ids(mail, data)
    statuses = list(_statuses(mail))
    if not statuses:
        return (_in_words(mail, data, ids),)
    return tuple(
        Bounce(
            tuple(_ADDRESS.findall(_field(status, "Final-Recipient", "Original-Recipient"))[:1]),
            _reason(_field(status, "Diagnostic-Code"), header(status, "Status").strip()),
            ids,
            _field(status, "Action") == "failed",
        )
        for status in statuses
        if _field(status, "Action") in ("failed", "delayed")
    )


def _statuses(mail: Part) -> Iterator[Part]:
    """The fields of each recipient, in the one part that is made for machines."""
    for part in mail.walk():
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            yield from (b for b in blocks if isinstance(b, Part) and header(b, "Action"))


def _field(status: Part, *names: str) -> str:
    """In small letters, without the type before it (`rfc822;`)."""
    said = next(filter(None, (header(status, name) for name in names)), "")
    return said.rpartition(";")[2].strip().lower()


def _original_ids(mail: Part, data: bytes) -> tuple[str, ...]:
    """The id of the mail that comes back is in its head; else all ids are that stand anywhere."""
    for part in mail.walk():
        if part is not mail and (said := _ID.findall(header(part, "Message-ID"))):
            return tuple(said)
        if part.get_content_type() == "text/rfc822-headers":
            inner = part.get_payload(decode=True)
            if isinstance(inner, bytes):
                return tuple(_ID.findall(header(message_from_bytes(inner), "Message-ID")))
    own = header(mail, "Message-ID").strip()
    found = _ID.findall(data.decode("ascii", "replace"))
    return tuple(dict.fromkeys(i for i in found if i != own))


_WHY = re.compile(
    r"(?:退信原因|失败原因|错误原因|原因|错误信息|reason)\s*[:：]?\s*(\S.{1,200})", re.I
)
_CODE = re.compile(r"(?m)^.*\b[45]\d\d[ -].{3,200}$")


def _in_words(mail: Part, data: bytes, ids: tuple[str, ...]) -> Bounce:
    try:
        said = read(data).text
    except Refused:
        said = ""
    failed = f"{header(mail, 'X-Failed-Recipients')} {said}".lower()
    why = _WHY.search(said) or _CODE.search(said)
    addresses = tuple(dict.fromkeys(_ADDRESS.findall(failed)))
    return Bounce(addresses, _reason(why[why.lastindex or 0] if why else ""), ids)


_MEANINGS = (
    (r"5\.1\.[0-36]\b|user unknown|no such user|does not exist|not found|不存在|查无此人",
     "地址不存在"),
    (r"[45]\.2\.2\b|quota|mailbox (is )?full|已满|超出.*容量", "对方邮箱已满"),
    (r"5\.2\.1\b|disabled|suspended|停用|冻结", "对方邮箱已停用"),
    (r"[45]\.3\.4\b|5\.2\.3\b|too (large|big)|过大", "邮件太大"),
    (r"5\.7\.|spam|blocked|rejected|拒收|拒绝|垃圾", "被对方服务器拒收"),
    (r"[45]\.4\.|host .*not found|connect|timed out|域名|超时", "连不上对方服务器"),
)  # fmt: skip
"""By the codes of RFC 3463, and by what servers write beside them."""


def _reason(said: str, status: str = "") -> str:
    """What it means in Chinese where that is known, and always what the server said."""
    words_of_server = brief(said, 120)
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, f"{status} {said}", re.IGNORECASE):
            return f"{meaning}（{words_of_server or status}）" if said or status else meaning
    return words_of_server or status
