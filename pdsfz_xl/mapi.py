"""Outlook's .msg and winmail.dat in, their properties out ([MS-OXPROPS] has the numbers).

A .msg is a compound file ([MS-OXMSG]), a winmail.dat a list of attributes ([MS-OXTNEF]). Both hold
one mail, its attachments and the mails attached to it, which is an `Item` here.
"""

import io
import re
import struct
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import olefile

from pdsfz_xl import mail_wording as mw
from pdsfz_xl.compound import MAGIC
from pdsfz_xl.headers import decoded
from pdsfz_xl.package import Refused

TNEF = b"\x78\x9f\x3e\x22"
"""How a winmail.dat begins."""

SUBJECT, SUBMITTED, DELIVERED, TEXT, HTML = 0x0037, 0x0039, 0x0E06, 0x1000, 0x1013
SMTP, FOR_SMTP, SENDER = 0x5D01, 0x5D02, 0x0C1F
LONG_NAME, SHORT_NAME, DISPLAY_NAME, CONTENT_ID, DATA = 0x3707, 0x3704, 0x3001, 0x3712, 0x3701
_CODEPAGE, _WEB_CODEPAGE = 0x3FFD, 0x3FDE
_STRING8, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D

ENTRIES = 20_000
"""Parts of one mail: none has so many, and each costs memory."""

_KIND = 16
"""Before the bytes of an object stands a GUID that tells its kind."""

_Found = dict[int, tuple[int, bytes]]
"""Type and bytes by the number of the property."""


class Properties(NamedTuple):
    found: _Found
    charset: str

    def data(self) -> bytes | None:
        """An attachment's bytes; None if it is a link, or an object of a program's own."""
        kind, data = self.found.get(DATA, (0, b""))
        if kind == _OBJECT and data.startswith(MAGIC, _KIND):
            return data[_KIND:]  # an object of Excel's or Word's is a file of theirs
        return data if kind == _BINARY else None

    def text(self, *numbers: int) -> str:
        """The first of them that says something."""
        for number in numbers:
            kind, data = self.found.get(number, (0, b""))
            text = decoded(data, "utf-16-le" if kind == _UNICODE else self.charset).strip("\0 ")
            if text:
                return text
        return ""

    def moment(self, *numbers: int) -> str:
        """100 nanoseconds since 1601 ([MS-DTYP] 2.3.3)."""
        for number in numbers:
            data = self.found.get(number, (0, b""))[1]
            with suppress(OverflowError, struct.error):
                ticks = struct.unpack("<Q", data)[0]
                return (datetime(1601, 1, 1, tzinfo=UTC) + timedelta(0, 0, ticks // 10)).isoformat()
        return ""


class Item(NamedTuple):
    """A mail. What is attached may be a mail itself."""

    facts: Properties
    attached: "tuple[tuple[Properties, Item | None], ...]"


def _charset_of(found: _Found) -> str:
    """Of texts that are not Unicode ([MS-OXMSG] 2.1.1.1)."""
    for number in (_CODEPAGE, _WEB_CODEPAGE):
        data = found.get(number, (0, b""))[1]
        if len(data) >= 4:
            return f"cp{struct.unpack_from('<I', data)[0]}"
    return ""


# --- .msg ([MS-OXMSG]) -----------------------------------------------------------------------

_FIXED_STREAM = "__properties_version1.0"
_STREAM = re.compile("__substg1.0_([0-9A-F]{4})([0-9A-F]{4})", re.IGNORECASE)
_INNER = f"__substg1.0_{DATA:04X}{_OBJECT:04X}"
_DOCUMENTS = ("Workbook", "WordDocument", "PowerPoint Document")
_Path = tuple[str, ...]


def is_msg(data: bytes) -> bool:
    """Whether it has the properties of a mail at the top, or could have had before the damage."""
    if not data.startswith(MAGIC):
        return False
    with suppress(Exception), olefile.OleFileIO(io.BytesIO(data)) as ole:
        if ole.exists(_FIXED_STREAM):
            return True
    documents = (name.encode("utf-16-le") in data for name in _DOCUMENTS)
    return _FIXED_STREAM.encode("utf-16-le") in data and not any(documents)


def read_msg(data: bytes) -> Item:
    """Raises Refused for a trap, and whatever olefile raises on damage."""
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        if not ole.exists(_FIXED_STREAM):
            raise Refused("F03", mw.MAIL_DAMAGED)
        return _Outlook(ole, len(data)).message((), 32, "")


class _Outlook:
    """Storages in a compound file. Streams may share sectors in a trap, so what is read is counted.

    The numbers 32, 24 and 8 are the headers before the properties of a mail, of a mail within a
    mail and of an attachment (2.4.1).
    """

    def __init__(self, ole: olefile.OleFileIO, size: int) -> None:
        self.ole = ole
        self.left = 2 * size
        self.inside: dict[_Path, list[str]] = defaultdict(list)
        for path in ole.listdir(streams=True, storages=True):
            self.inside[tuple(path[:-1])].append(path[-1])
        if sum(map(len, self.inside.values())) > ENTRIES:
            raise Refused("F08", mw.MAIL_TOO_MANY)

    def message(self, at: _Path, header: int, charset: str) -> Item:
        facts = self.properties(at, header, charset)
        storages = [(*at, name) for name in sorted(self.inside[at]) if name.startswith("__attach")]
        return Item(facts, tuple(self.attachment(path, facts.charset) for path in storages))

    def attachment(self, at: _Path, charset: str) -> tuple[Properties, Item | None]:
        said, inner = self.properties(at, 8, charset), (*at, _INNER)
        is_mail = _FIXED_STREAM in self.inside.get(inner, ())
        return said, self.message(inner, 24, charset) if is_mail else None

    def properties(self, at: _Path, header: int, charset: str) -> Properties:
        found = {}
        for name in self.inside[at]:
            if (match := _STREAM.fullmatch(name)) and name.upper() != _INNER.upper():
                found[int(match[1], 16)] = int(match[2], 16), self.stream((*at, name))
        fixed = self.stream((*at, _FIXED_STREAM)) if _FIXED_STREAM in self.inside[at] else b""
        for place in range(header, len(fixed) - 15, 16):
            kind, number = struct.unpack_from("<HH", fixed, place)
            found.setdefault(number, (kind, fixed[place + 8 : place + 16]))
        return Properties(found, _charset_of(found) or charset)

    def stream(self, path: _Path) -> bytes:
        if self.ole.get_type(path) != olefile.STGTY_STREAM:
            return b""
        self.left -= self.ole.get_size(path)
        if self.left < 0:
            raise Refused("F08", mw.MAIL_TOO_LARGE)
        return bytes(self.ole.openstream(path).read())


# --- winmail.dat ([MS-OXTNEF]) ---------------------------------------------------------------

_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = {_STRING8, _UNICODE, _BINARY, _OBJECT}


def read_tnef(data: bytes) -> Item:
    """2.1.3: attributes one after the other; each attachment begins with its rendering data."""
    charset, facts, attached = "", _Found(), list[_Found]()
    at = 6
    while at + 9 <= len(data):
        level, number, _, length = struct.unpack_from("<BHHI", data, at)
        value, at = data[at + 9 : at + 9 + length], at + 11 + length
        match level, number:
            case 1, 0x9007 if len(value) >= 4:  # attOemCodepage
                charset = f"cp{struct.unpack_from('<I', value)[0]}"
            case 1, 0x8004:  # attSubject
                facts.setdefault(SUBJECT, (_STRING8, value))
            case 1, 0x9003:  # attMsgProps
                facts |= _tnef_properties(value)
            case 2, 0x9002:  # attAttachRendData
                attached.append({})
            case 2, 0x8010 if attached:  # attAttachTitle
                attached[-1].setdefault(SHORT_NAME, (_STRING8, value))
            case 2, 0x800F if attached:  # attAttachData
                attached[-1][DATA] = _BINARY, value
            case 2, 0x9005 if attached:  # attAttachment
                said = _tnef_properties(value)
                # Beside a mail there is a text of Outlook's that says it is one.
                attached[-1] = attached[-1] | said if _holds_mail(said) else said | attached[-1]
    return Item(
        Properties(facts, charset),
        tuple((Properties(found, charset), _tnef_inner(found)) for found in attached),
    )


def _tnef_inner(found: _Found) -> Item | None:
    return read_tnef(found[DATA][1][_KIND:]) if _holds_mail(found) else None


def _holds_mail(found: _Found) -> bool:
    """A mail within a winmail.dat is an object that is such a file itself."""
    kind, data = found.get(DATA, (0, b""))
    return kind == _OBJECT and data.startswith(TNEF, _KIND)


def _tnef_properties(data: bytes) -> _Found:
    """2.1.3.4; what follows a property that is cut off or of an unknown type is left out."""
    found: _Found = {}
    with suppress(struct.error, KeyError):
        at = 4
        for _ in range(struct.unpack_from("<I", data)[0]):
            kind, number = struct.unpack_from("<HH", data, at)
            at += 4
            if number >= 0x8000:  # named: a GUID, then a number or a text
                named, length = struct.unpack_from("<16xII", data, at)
                at += 24 + (_padded(length) if named else 0)
            many, kind = kind & 0x1000, kind & 0xFFF
            values = 1
            if many or kind in _VARIABLE:
                (values,) = struct.unpack_from("<I", data, at)
                at += 4
            for _ in range(values):
                length = _SIZES.get(kind, 0)
                if kind in _VARIABLE:
                    (length,) = struct.unpack_from("<I", data, at)
                    at += 4
                elif not length or at >= len(data):
                    raise KeyError(kind)
                found.setdefault(number, (kind, data[at : at + length]))
                at += _padded(length)
    return found


def _padded(length: int) -> int:
    return -(-length // 4) * 4
