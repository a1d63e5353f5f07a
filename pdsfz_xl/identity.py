"""Row codes: made for a form, read back in whatever shape they return.

`F201921-06-06.2-7K3F` names campaign, unit and requirement; the last four characters are the
first 20 bits of BLAKE2s over those and the row's two identifying texts, in Crockford's base32.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2s
from typing import NamedTuple

from pdsfz_xl import wording as w
from pdsfz_xl.model import Version
from pdsfz_xl.states import Role
from pdsfz_xl.text import fitting, plain, squash

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DASHES = re.compile("[\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d]")
_CODE = re.compile(
    r"(?<![A-Z0-9])([A-Z0-9]{2,8})-([A-Z0-9]{1,12})-(\d{2,4}(?:\.\d+)?)-([0-9A-HJKMNP-TV-Z]{4})(?![A-Z0-9])"
)
CAMPAIGN = re.compile(r"[A-Z0-9]{2,8}")
UNIT = re.compile(r"[A-Z0-9]{1,12}")
KEY = re.compile(r"\d{2,4}(\.\d+)?")


class RowCode(NamedTuple):
    campaign: str
    unit: str
    requirement: str
    check: str

    def __str__(self) -> str:
        return "-".join(self)


def check(campaign: str, unit: str, requirement: str, text: str, material: str) -> str:
    """Four characters over what a row says it is."""
    parts = "\x1f".join(squash(part) for part in (campaign, unit, requirement, text, material))
    bits = int.from_bytes(blake2s(parts.encode("utf-8", "surrogatepass")).digest()[:3], "big") >> 4
    return "".join(_ALPHABET[bits >> shift & 31] for shift in (15, 10, 5, 0))


def make(campaign: str, unit: str, requirement: str, text: str, material: str) -> RowCode:
    """The code of one row of one unit's form."""
    return RowCode(campaign, unit, requirement, check(campaign, unit, requirement, text, material))


def read(text: str) -> RowCode | None:
    """The first row code in a cell, full-width, lower-case and odd dashes forgiven, or None.

    Blanks inside a code are forgiven too, but only if none is found with them in place: without
    them a figure beside the code would become a part of it.
    """
    if len(text) < 10:
        return None
    plain = _plain(text)
    found = _CODE.search(plain) or _CODE.search("".join(plain.split()))
    return RowCode(*found.groups()) if found else None


def is_bare(text: str) -> bool:
    """Whether a cell holds a row code and not one word more."""
    return "".join(_plain(text, len(text)).split()) == str(read(text))


def _plain(text: str, most: int = 200) -> str:
    return _DASHES.sub("-", unicodedata.normalize("NFKC", text[:most]).upper())


def digest(text: str, sheet: str = "") -> str:
    """How a form remembers its own texts, so that nobody takes them for an answer.

    `sheet` is the kind of sheet the text belongs to: what the form says in 填写说明 is somebody's
    word when it stands in the table.
    """
    short = len(text) < 500  # so that what is kept in memory stays small
    return _digest(text, sheet) if short else _digest.__wrapped__(text, sheet)


@lru_cache(maxsize=8192)
def _digest(text: str, sheet: str) -> str:
    """The same texts stand in every form, and in every return of it."""
    parts = f"{sheet}\x1f{squash(text)}".encode("utf-8", "surrogatepass")
    return blake2s(parts, digest_size=5).hexdigest()


def prefill(text: str, number: float | None) -> str:
    """How a form remembers the answer it came with.

    Blanks and control characters are left out: programs that save a form touch them, and that
    confirms nothing.
    """
    return exact(squash(plain(text)), _figure(number))


def fingerprint(choice: str, text: str, number: float | None) -> str:
    """How a form remembers the version it shows, blind to what programs touch as `prefill` is.

    Empty for a row in which nothing stands; `-` stands before that of one without a text.
    """
    kept = squash(plain(fitting(text)))
    if not (choice or kept or number is not None):
        return ""
    return f"{'' if kept else '-'}{exact(choice, kept, _figure(number))}"


def is_of_text(fingerprint: str) -> bool:
    """Whether it is that of a row with a text."""
    return bool(fingerprint) and not fingerprint.startswith("-")


def answer_digest(text: str, status: str, number: float | None) -> str:
    """How a row of the merged workbook remembers what it showed: the text, then all of it."""
    return f"{exact(text)}-{exact(text, status, _figure(number))}"


def version_digest(version: Version) -> str:
    """How the clerk's 采用 finds the version it names again when others have arrived."""
    return answer_digest(version.text, version.choice, version.number)


def is_text_of(text: str, digest: str) -> bool:
    """Whether an `answer_digest` was made of this very text, blanks and line ends included."""
    return digest.partition("-")[0] == exact(text)


def _figure(number: float | None) -> str:
    return "" if number is None else repr(float(number))


def exact(*parts: str) -> str:
    """A digest of texts as they are, to the last blank."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return blake2s(joined, digest_size=8).hexdigest()


_PRINT_CODE = re.compile(
    r"(?<![A-Z0-9])([A-Z0-9]{2,8})-(?:([A-Z0-9]{1,12})-)?(\d{2,4}(?:\.\d+)?)"
    r"-([0-9A-HJKMNP-TV-Z]{8})([0-9A-HJKMNP-TV-Z]{4})(?![A-Z0-9])"
)


class PrintCode(NamedTuple):
    """The code of a row on paper. `unit` is empty where the text is the settled one of all."""

    campaign: str
    unit: str
    requirement: str
    text: str
    """Eight characters over what the row says."""
    rest: str
    """Four over its other cells."""

    def __str__(self) -> str:
        return "-".join((*filter(None, self[:3]), self.text + self.rest))


def print_code(campaign: str, unit: str, requirement: str, text: str, rest: Iterable[str]) -> str:
    """`F201921-06-06.2-` and twelve characters: never taken for a row code, which has four."""
    return str(PrintCode(campaign, unit, requirement, said_digest(text), rest_digest(rest)))


def said_digest(text: str) -> str:
    """Of what a row says on paper, to the last mark; how its lines are indented is nothing."""
    return _base32(text, 8)


def rest_digest(cells: Iterable[str]) -> str:
    """Of a row's other cells."""
    return _base32("\x1f".join(map(squash, cells)), 4)


def _base32(text: str, characters: int) -> str:
    raw = blake2s(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    bits = int.from_bytes(raw, "big")
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(characters))


def read_print_code(text: str) -> PrintCode | None:
    """The code in a cell; it stands at the end."""
    plain = _plain(text[-200:])
    found = _PRINT_CODE.search(plain) or _PRINT_CODE.search("".join(plain.split()))
    return PrintCode(*(part or "" for part in found.groups())) if found else None


def is_bare_print_code(text: str) -> bool:
    """Whether a line holds such a code and not one word more."""
    return bool(_PRINT_CODE.fullmatch("".join(_plain(text).split())))


_PROBLEM_CODE = re.compile(
    r"(?<![A-Z0-9])([A-Z0-9]{2,8})-([A-Z0-9]{1,12})-(\d{2,4}(?:\.\d+)?)-([A-Z]\d\d)"
    r"-([0-9A-HJKMNP-TV-Z]{8})(?![A-Z0-9])"
)


class ProblemCode(NamedTuple):
    """The code of a finding in a marked form: never a row code, whose last part has four."""

    campaign: str
    unit: str
    requirement: str
    rule: str
    subject: str
    """Eight characters over what tells it from others of its rule and row."""

    def __str__(self) -> str:
        return "-".join(self)


def problem_code(campaign: str, unit: str, requirement: str, rule: str, subject: str) -> str:
    """`F201921-06-06.2-E02-` and eight characters."""
    return str(ProblemCode(campaign, unit, requirement, rule, _base32(squash(subject), 8)))


def read_problem_code(text: str) -> ProblemCode | None:
    """The code in a cell of 问题清单, blanks and odd dashes forgiven, or None."""
    found = _PROBLEM_CODE.fullmatch("".join(_plain(text).split()))
    return ProblemCode(*found.groups()) if found else None


class Named(NamedTuple):
    """A unit as the table names it."""

    name: str
    role: Role


_ROLE = re.compile(rf"[（(]({w.LEAD}|{w.SUPPORT})(?:{w.OFFICE_WORDS})?[）)]")
_ROLE_HEAD = re.compile(rf"({w.LEAD}|{w.SUPPORT}|{w.RESPONSIBLE})(?:{w.OFFICE_WORDS})?[:：]")
# Not inside brackets: `各县（市、区）` is one name.
_SEPARATOR = re.compile(r"[、，,；;/\n](?![^（(]*[）)])")
_OFFICES = re.compile(
    rf"\S+(?:{w.OFFICES})(?:[（(]\S*[）)])?(?:\s+\S+(?:{w.OFFICES})(?:[（(]\S*[）)])?)+"
)


def named_units(said: str) -> tuple[Named, ...]:
    """The units of a 责任单位 cell in order.

    Roles are read from `甲局（牵头）、乙局（配合）` and from `牵头单位：甲局；配合单位：乙局`.
    Blanks part names only where each part names an office: `市 司 法 局` is one.
    """
    units: list[Named] = []
    role = Role.ALONE
    for piece in _SEPARATOR.split(said):
        if head := _ROLE_HEAD.search(piece):
            role = Role.ALONE if head[1] == w.RESPONSIBLE else Role(head[1])
            piece = piece[head.end() :]
        parts = piece.split() if _OFFICES.fullmatch(piece.strip()) else [piece]
        for part in parts:
            mark = _ROLE.search(part)
            name = "".join(_ROLE.sub("", part).split())
            if name:
                units.append(Named(name, Role(mark[1]) if mark else role))
    return tuple(units)
