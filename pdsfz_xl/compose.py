"""One mail as bytes: frozen once, hashed, and sent as they are.

Header texts are encoded here: the standard library's modern API loses or adds blanks in long
Chinese subjects (CPython issues 92081, 120930, 144156) and writes file names by RFC 2231 alone,
which QQ shows as `tcmime.bin` and Outlook as `ATT00001`. No time, no random number: the same mail
gives the same bytes.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import quote

from pdsfz_xl import mailbox
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.mailbox import Sender

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

DUAL, HYBRID = NAME_STYLES = ("dual2047", "hybrid")
"""How a Chinese file name is written.

dual2047: RFC 2047 words in `name` and in `filename`, as Foxmail, QQ and NetEase write them
themselves. hybrid: RFC 2231 in `filename`, RFC 2047 in `name`, as MimeKit does.
"""

_WORD = 75
"""The longest encoded-word (RFC 2047, 2), and with the blank before it the longest line but one."""

_ZONE = timezone(timedelta(hours=8))
"""The times of a campaign are Beijing's."""

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What ends a header, or shows it other than it is."""


class Attachment(NamedTuple):
    name: str
    data: bytes
    kind: str = XLSX


class Mail(NamedTuple):
    """Everything a mail says but its time."""

    key: str
    """What this mail is: the same key never goes out twice."""
    sender: Sender
    to: tuple[str, ...]
    """Addresses of one unit."""
    name: str
    """That unit's."""
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    """Message-IDs this mail goes on from, the first one first."""
    automatic: bool = False
    """Nobody should answer it by machine (RFC 3834)."""

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.to, *self.sender.cc)))

    @property
    def message_id(self) -> str:
        """The same at every attempt, so that a copy can be known as one.

        The addresses are part of it: what was tried on oneself must not hide the real one.
        """
        digest = sha256("\n".join((self.key, self.sender.address, *self.recipients)).encode())
        return f"<{digest.hexdigest()[:32]}@{self.sender.address.rpartition('@')[2]}>"


def objection(mail: Mail) -> str:
    """Why a mail cannot be sent as it is, in a few words; empty where it can."""
    for field, said in (
        (w.MAIL_FIELDS["subject"], mail.subject),
        (w.MAIL_FIELDS["name"], mail.name),
        (w.MAIL_FIELDS["sender"], mail.sender.name),
        *((w.MAIL_FIELDS["file"], attachment.name) for attachment in mail.attachments),
    ):
        if found := _CONTROLS.search(said):
            return w.control_in(field, f"U+{ord(found[0]):04X}", texts.brief(said))
    office = (mail.sender.address, *filter(None, [mail.sender.reply_to]))
    for address in (*mail.recipients, *office):
        if not mailbox.ADDRESS.fullmatch(address):
            return w.bad_address(texts.brief(address))
    return "" if mail.to else w.NO_ADDRESS


def compose(mail: Mail, when: datetime, *, style: str = DUAL, draft: bool = False) -> bytes:
    """The mail as RFC 5322 bytes, lines ended by CRLF and at most 80 columns.

    A draft carries `X-Unsent: 1`, which Outlook and Thunderbird open for editing. Raises
    OperatorError where there is an `objection`.
    """
    if said := objection(mail):
        raise OperatorError(f"给{texts.brief(mail.name)}的邮件不能发：{said}。")
    boundary = f"=_{sha256(mail.key.encode()).hexdigest()[:32]}"
    lines = [*_head(mail, when, draft), "MIME-Version: 1.0"]
    body = [*_TEXT_HEAD, "", *_base64(f"{mail.body.rstrip()}\n".replace("\n", "\r\n").encode())]
    if not mail.attachments:
        return _bytes([*lines, *body])
    lines += ["Content-Type: multipart/mixed;", f' boundary="{boundary}"', ""]
    lines += [f"--{boundary}", *body]
    for attachment in mail.attachments:
        lines += [f"--{boundary}", *_part(attachment, style)]
    return _bytes([*lines, f"--{boundary}--"])


def _head(mail: Mail, when: datetime, draft: bool) -> Iterator[str]:
    sender = mail.sender
    yield from _field("From", [_mailbox(sender.name, sender.address)])
    yield from _field("To", [_mailbox(mail.name, address) for address in mail.to])
    if sender.cc:
        yield from _field("Cc", sender.cc)
    if sender.reply_to:
        yield f"Reply-To: {sender.reply_to}"
    yield f"Subject: {_human(mail.subject, len('Subject: '))}"
    yield f"Date: {format_datetime(when.replace(tzinfo=when.tzinfo or _ZONE))}"
    yield f"Message-ID: {mail.message_id}"
    if mail.thread:
        yield f"In-Reply-To: {mail.thread[-1]}"
        yield "References: " + "\r\n ".join(mail.thread)
    if mail.automatic:
        yield "Auto-Submitted: auto-replied"
    if draft:
        yield "X-Unsent: 1"


_TEXT_HEAD = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64")


def _bytes(lines: Iterable[str]) -> bytes:
    return "\r\n".join((*lines, "")).encode("ascii")


def _field(name: str, parts: Iterable[str]) -> Iterator[str]:
    """A list of addresses, one on each line."""
    yield f"{name}: " + ",\r\n ".join(parts)


def _mailbox(name: str, address: str) -> str:
    """Only the name is ever encoded: an address inside a word is refused (QQ, 550)."""
    if not name:
        return address
    said = name if re.fullmatch("[A-Za-z0-9 ]{1,40}", name) else _words(name, len("From: "))
    return f"{said}\r\n <{address}>"


def _human(text: str, column: int) -> str:
    """A header text that starts at `column`: short ASCII as it is, all else in encoded-words."""
    plain = text.isascii() and len(text) <= 60 and "=?" not in text
    return text if plain and text == " ".join(text.split()) else _words(text, column)


def _words(text: str, column: int) -> str:
    """RFC 2047 words of UTF-8 in base64, one on each line; no word cuts a character.

    Where it can be, a word ends after a whole group of three bytes: GMime joins padded words
    wrongly.
    """
    head, tail = "=?utf-8?B?", "?="
    words: list[str] = []
    rest = text
    while rest or not words:
        room = (_WORD - (column if not words else 1) - len(head) - len(tail)) // 4 * 3
        ends = list(accumulate(len(c.encode()) for c in rest))
        fitting = sum(end <= room for end in ends)
        whole = [i for i, end in enumerate(ends[:fitting], 1) if end % 3 == 0]
        taken = whole[-1] if whole and fitting < len(rest) else fitting
        words.append(head + base64.b64encode(rest[:taken].encode()).decode() + tail)
        rest = rest[taken:]
    return "\r\n ".join(words)


def _base64(data: bytes) -> Iterator[str]:
    coded = base64.b64encode(data).decode()
    for start in range(0, len(coded), 76):
        yield coded[start : start + 76]


def _part(attachment: Attachment, style: str) -> Iterator[str]:
    """An attachment with its name; both headers carry it, for readers look in either."""
    name = attachment.name
    if name.isascii():
        said = name.replace("\\", "\\\\").replace('"', '\\"')
    else:
        said = _words(name, len(' filename="'))
    yield f'Content-Type: {attachment.kind};\r\n name="{said}"'
    if style == HYBRID and not name.isascii():
        yield "Content-Disposition: attachment;\r\n " + ";\r\n ".join(_rfc2231(name))
    else:
        yield f'Content-Disposition: attachment;\r\n filename="{said}"'
    yield "Content-Transfer-Encoding: base64"
    yield ""
    yield from _base64(attachment.data)


def _rfc2231(name: str) -> list[str]:
    """`filename*` in pieces; no piece cuts a character, for some readers decode each alone."""
    pieces = ["utf-8''"]
    for character in name:
        coded = quote(character, safe="")
        if len(pieces[-1]) + len(coded) > 58:
            pieces.append("")
        pieces[-1] += coded
    if len(pieces) == 1:
        return [f"filename*={pieces[0]}"]
    return [f"filename*{i}*={piece}" for i, piece in enumerate(pieces)]
