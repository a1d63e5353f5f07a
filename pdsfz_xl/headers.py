"""Text of mails as clients write it, which is seldom what they declare: bytes in, text out."""

import base64
import re
from contextlib import suppress
from itertools import groupby
from quopri import decodestring
from urllib.parse import quote, unquote_to_bytes

# GB18030 has all of GBK, which has all of GB2312: whoever declares less often writes more.
_GB = """gb2312 gbk x-gbk gb_2312-80 gb2312-80 euc-cn chinese ms936
    cp936 cp20936 cp52936 cp54936"""
# What decodes anything, or is said where nothing is known, says nothing.
_ANY = """unknown unknown-8bit x-unknown default ascii us-ascii iso-8859-1 latin1 windows-1252
    cp1252 cp20127 cp28591"""
_CHARSETS = {
    **dict.fromkeys(_GB.split(), "gb18030"),
    **dict.fromkeys(_ANY.split(), ""),
    "cp65001": "utf-8",
    "cp1200": "utf-16-le",
}
_NO_CHARSET = re.compile("escape|idna|punycode|undefined|utf-?_?7")
"""Codecs of Python's that no mail is written in."""


def _charset(said: str) -> str:
    plain = said.strip(" \"'").lower()
    return "" if _NO_CHARSET.search(plain) else _CHARSETS.get(plain, plain)


def decoded(data: bytes, said: str = "") -> str:
    """In the charset it says, else in the one of UTF-8 and GB18030 that fits better."""
    charsets = [c for c in (_charset(said), *_guessed(data)) if c]
    for charset in charsets:
        with suppress(ValueError, LookupError):
            return data.decode(charset)
    broken = []
    for charset in charsets:
        with suppress(ValueError, LookupError):
            broken.append(data.decode(charset, "replace"))
    return min(broken, key=lambda text: text.count("\ufffd"))


def _guessed(data: bytes) -> tuple[str, str]:
    """UTF-8 first, but 通知 in GBK is valid UTF-8 too: Arabic. Nobody here writes that."""
    with suppress(ValueError):
        strange = [c for c in data.decode() if c > "\x7f"]
        if strange and max(strange) < "\u0800" and data.decode("gb18030"):
            return "gb18030", "utf-8"
    return "utf-8", "gb18030"


_WORD = re.compile(rb"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")


def words(raw: bytes) -> str:
    """Text with encoded words (RFC 2047).

    Clients cut words inside of characters and glue them together, both of which it forbids; so
    the bytes of neighbours in one charset are joined before they are decoded.
    """
    said, at = list[tuple[str, bytes]](), 0
    for word in _WORD.finditer(raw):
        gap = raw[at : word.start()]
        if gap.strip() or not at:  # white space between two words is not text
            said.append(("", gap))
        charset = word[1].partition(b"*")[0].decode("latin-1")
        said.append((_charset(charset), _word_bytes(word[2], word[3])))
        at = word.end()
    said.append(("", raw[at:]))
    joined = groupby(said, key=lambda piece: piece[0])
    return "".join(decoded(b"".join(d for _, d in same), charset) for charset, same in joined)


def _word_bytes(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return decodestring(text.replace(b"_", b"=20"))
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    whole = digits[:-1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


_PARAMETER = re.compile(r'(?:^|;\s*|\s)([\w.*-]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)


def parameter(header: str, name: str) -> str:
    """A parameter of a header: by RFC 2231, by RFC 2047 (which forbids it) or as it stands."""
    said: dict[str, str] = {}
    for key, value in _PARAMETER.findall(header):
        said.setdefault(key.lower(), _unquoted(value.strip()))
    if extended := said.get(f"{name}*"):
        return _extended(extended)
    numbered = re.compile(rf"{name}\*(\d{{1,3}})(\*?)")
    pieces = sorted(
        (int(match[1]), match[2], value)
        for key, value in said.items()
        if (match := numbered.fullmatch(key))
    )
    if any(star for _, star, _ in pieces):
        return _extended("".join(v if star else quote(v) for _, star, v in pieces))
    return _as_it_stands("".join(v for *_, v in pieces) or said.get(name, ""))


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r'\\(["\\])', r"\1", value.strip('"'))


def _extended(value: str) -> str:
    match = re.match(r"([\w.-]*)'[^']*'(.*)", value, re.DOTALL)
    charset, coded = match.groups() if match else ("", value)
    return decoded(unquote_to_bytes(coded), charset)


def _as_it_stands(value: str) -> str:
    if re.match(r"(?i)(utf-8|gb\w+)''", value):
        return _extended(value)
    if "=?" in value:
        return words(value.encode("utf-8", "replace")).strip()
    if value.isascii() and re.search("%[0-9A-Fa-f]{2}", value):
        with suppress(UnicodeDecodeError):
            return unquote_to_bytes(value).decode()
    return value
