"""A mail in, who sent it and what is attached to it out: .eml, Outlook's .msg, winmail.dat.

What clients write into headers is seldom what they declare there, so names are decoded from raw
bytes. Links in a mail are named and never followed.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Part
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import chain

from pdsfz_xl import mail_wording as mw
from pdsfz_xl import mapi
from pdsfz_xl.compound import MAGIC
from pdsfz_xl.headers import decoded, parameter, words
from pdsfz_xl.markup import pieces
from pdsfz_xl.package import Refused
from pdsfz_xl.sniff import sniff
from pdsfz_xl.text import file_name


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail. `name` has no folder in it and may occur twice."""

    name: str
    data: bytes
    inline: bool = False
    """A small picture the text shows, such as a logo."""
    message: "Message | None" = None
    """A mail within the mail; there are no bytes of it, then."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    sender: str
    """An address, or empty."""
    sent: str
    """ISO 8601, or empty."""
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know, such as that a large attachment lies on the web."""
    text: str = ""
    """What was written, as far as it is no markup."""


def is_mail(data: bytes) -> bool:
    return data.startswith(mapi.TNEF) or mapi.is_msg(data) or _has_headers(data[:8192])


def read(data: bytes) -> Message:
    """Raises Refused for what is no mail, and for one that is damaged or a trap."""
    try:
        if data.startswith(MAGIC):
            return _of_item(mapi.read_msg(data))
        return _of_item(mapi.read_tnef(data)) if data.startswith(mapi.TNEF) else _read_eml(data)
    except (Refused, MemoryError):
        raise
    except RecursionError as error:
        raise Refused("F08", mw.MAIL_TOO_DEEP) from error
    except Exception as error:  # what the libraries raise on a damaged mail is not listed anywhere
        raise Refused("F03", mw.MAIL_DAMAGED) from error


_DECORATION = 100 << 10
"""A picture in the text that is larger may be a scan of what was asked for."""
_CLOUD = re.compile(
    r"https?://(?:mail\.163\.com/large-attachment-download|dashi\.163\.com/html/cloud-attachment"
    r"|(?:u|fs)\.163\.com/|i?wx\.mail\.qq\.com/ftn/|(?:ex)?mail\.qq\.com/cgi-bin/ftn"
    r"|(?:pan|yun)\.baidu\.com/s)[^\s\"'<>]*",
    re.IGNORECASE,
)
"""Where 网易 and QQ keep attachments that are too large to be sent (超大附件, 文件中转站)."""


def _note_links(bodies: Iterable[str]) -> tuple[str, ...]:
    links = (link for body in bodies for link in _CLOUD.findall(unescape(body)))
    return tuple(mw.on_the_web(link) for link in dict.fromkeys(links))


def _attached(name: str, data: bytes, shown: bool) -> Attachment:
    inline = shown and len(data) < _DECORATION and sniff(data[:8192]) == "image"
    return Attachment(name, data, inline)


def _is_shown(mark: str, page: str) -> bool:
    """Whether a text shows the attachment of that content id (RFC 2392)."""
    return bool(mark) and f"cid:{mark}" in page


def _called(mail: Message) -> str:
    return file_name(mail.subject) if mail.subject else mw.UNNAMED


def _last(name: str) -> str:
    """A file name without the folders of the sender's own disk."""
    return name.replace("\\", "/").rpartition("/")[2].strip(" \0")


# --- .eml (RFC 5322, MIME) -------------------------------------------------------------------

_HEADERS = re.compile(
    rb"^(from|to|subject|date|received|message-id|mime-version|content-type|return-path):",
    re.IGNORECASE | re.MULTILINE,
)


def _has_headers(head: bytes) -> bool:
    kind = sniff(head)
    if kind in ("text", "csv") and re.match(rb"[!-9;-~]+:", head):
        return len({match[1].lower() for match in _HEADERS.finditer(head)}) > 2
    return kind == "mail"


def _read_eml(data: bytes) -> Message:
    if data.count(b"\n--") > mapi.ENTRIES:
        raise Refused("F08", mw.MAIL_TOO_MANY)
    mail = message_from_bytes(data)  # the old policy: it keeps headers as they are
    if not mail.keys():
        raise Refused("F03", mw.MAIL_DAMAGED)
    return _mime_message(mail)


def _mime_message(mail: Part) -> Message:
    parts = [*_leaves(mail)]
    written = [(part.get_content_type(), _text(part)) for part in parts if _is_body(part)]
    bodies = [text for _, text in written]
    files = (_mime_attachments(part, "".join(bodies)) for part in parts if not _is_body(part))
    attachments = tuple(chain.from_iterable(files))
    cut = any(type(defect).__name__ in _CUT for part in mail.walk() for defect in part.defects)
    sent = ""
    with suppress(ValueError, TypeError, OverflowError):
        sent = parsedate_to_datetime(header(mail, "Date").strip()).isoformat()
    notes = (*([mw.MAIL_CUT] if cut else []), *_note_links(bodies))
    return Message(
        words(header_bytes(mail, "Subject")).strip(),
        address(mail),
        sent,
        attachments,
        notes,
        _said(written),
    )


def _said(written: Iterable[tuple[str, str]]) -> str:
    """What the texts say; a web page says it again, so it counts only where it is alone."""
    by_kind: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for kind, text in written:
        by_kind.setdefault(kind, []).append(text)
    plain = "\n".join(by_kind["text/plain"]).strip()
    return plain or "\n".join(map(_without_markup, by_kind["text/html"])).strip()


_BREAKS = frozenset({"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3"})


def _without_markup(page: str) -> str:
    """The text of a web page, a line for every block of it."""
    said = (
        piece.rest if piece.kind == "text" else "\n" * (piece.name in _BREAKS)
        for piece in pieces(page)
    )
    lines = (" ".join(line.split()) for line in "".join(said).split("\n"))
    return "\n".join(line for line in lines if line)


_CUT = {"StartBoundaryNotFoundDefect", "CloseBoundaryNotFoundDefect"}


def _leaves(part: Part) -> Iterator[Part]:
    """The parts that hold something; a forwarded mail counts as one."""
    inner = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(inner, list):
        for other in inner:
            if isinstance(other, Part):
                yield from _leaves(other)
    else:
        yield part


def _is_body(part: Part) -> bool:
    kind = part.get_content_type()
    if kind in ("message/delivery-status", "message/disposition-notification"):
        return True
    if _file_name(part) or header(part, "Content-Disposition").lower().startswith("attachment"):
        return False
    return kind.startswith(("text/", "multipart/"))


def _mime_attachments(part: Part, text: str) -> Iterator[Attachment]:
    name = _last(_file_name(part))
    if part.get_content_maintype() == "message":
        inner = _forwarded(part)
        yield Attachment(name or f"{_called(inner)}.eml", b"", message=inner)
        return
    data = _payload(part)
    if data.startswith(mapi.TNEF):
        yield from _of_item(mapi.read_tnef(data)).attachments
        return
    mark = header(part, "Content-ID").strip(" <>")
    yield _attached(name or mw.UNNAMED, data, _is_shown(mark, text))


def _forwarded(part: Part) -> Message:
    """A mail in a mail; some clients encode it, against RFC 2046 5.2.1, and it has no headers."""
    inner = part.get_payload()
    mail = inner[0] if isinstance(inner, list) and inner else None
    if not isinstance(mail, Part):
        return Message("", "", "", notes=(mw.MAIL_DAMAGED,))
    coded = mail.get_payload()
    if not mail.keys() and isinstance(coded, str):
        with suppress(ValueError):
            mail = message_from_bytes(base64.b64decode(coded.encode("ascii", "replace")))
    return _mime_message(mail)


def _text(part: Part) -> str:
    return decoded(_payload(part), parameter(header(part, "Content-Type"), "charset"))


def _payload(part: Part) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _file_name(part: Part) -> str:
    """The better one of the names a part has: whole characters, decoded, with an extension."""
    headers = [header(part, "Content-Disposition"), header(part, "Content-Type")]
    named = [parameter(h, p) for p in ("filename", "name") for h in headers]
    return min(
        filter(None, named),
        key=lambda n: (n.count("\ufffd"), "=?" in n, not re.search(r"\.\w{2,5}$", n)),
        default="",
    )


def address(mail: Part) -> str:
    """From, from the bytes: a display name may decode to something that looks like an address."""
    raw = (header(mail, "From") or header(mail, "Sender"))[:_LONG]
    found = re.findall(r"<\s*([^<>\s]+@[^<>\s]+)\s*>", raw) or re.findall(r"[\w.+=-]+@[\w.-]+", raw)
    return str(found[-1]) if found else ""


_LONG = 2000
"""Nobody's name and address are longer; searching in a million characters would take for ever."""


def header_bytes(part: Part, name: str) -> bytes:
    for key, value in part.raw_items():
        if key.lower() == name.lower():
            return re.sub(rb"\r?\n", b"", str(value).encode("utf-8", "surrogateescape"))
    return b""


def header(part: Part, name: str) -> str:
    """A header as text. As text, because a backslash may be half of a character in GBK."""
    return decoded(header_bytes(part, name))


# --- .msg and winmail.dat --------------------------------------------------------------------


def _of_item(item: mapi.Item) -> Message:
    facts = item.facts
    page = facts.text(mapi.HTML)
    attachments, notes = [], [*_note_links([facts.text(mapi.TEXT), page])]
    for said, inner in item.attached:
        name = _last(said.text(mapi.LONG_NAME, mapi.SHORT_NAME, mapi.DISPLAY_NAME))
        data, mark = said.data(), said.text(mapi.CONTENT_ID)
        if inner:
            mail = _of_item(inner)
            attachments.append(Attachment(_called(mail), b"", message=mail))
        elif data is None:
            notes.append(mw.not_in_mail(name or mw.UNNAMED))
        else:
            attachments.append(_attached(name or mw.UNNAMED, data, _is_shown(mark, page)))
    addresses = (facts.text(number) for number in (mapi.SMTP, mapi.FOR_SMTP, mapi.SENDER))
    sender = next((a for a in addresses if "@" in a), "")  # else it is a name in a directory
    sent = facts.moment(mapi.SUBMITTED, mapi.DELIVERED)
    return Message(
        facts.text(mapi.SUBJECT),
        sender,
        sent,
        tuple(attachments),
        tuple(notes),
        facts.text(mapi.TEXT).strip() or _without_markup(page),
    )
