"""A stored number and its format code in, what a person reads out (ECMA-376 part 1, 18.8)."""

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl.states import CellKind

# ECMA-376 18.8.30, with the East Asian built-ins 27-36 and 50-58, which are all dates.
BUILT_IN = {
    "9": "0%", "10": "0.00%", "14": "yyyy-mm-dd", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy",
    "18": "h:mm", "19": "h:mm:ss", "20": "h:mm", "21": "h:mm:ss", "22": "yyyy-mm-dd h:mm",
    "45": "mm:ss", "46": "[h]:mm:ss", "47": "mm:ss",
    **{str(n): "yyyy-mm-dd" for n in (*range(27, 32), 36, *range(50, 55), 57, 58)},
    **{str(n): "h:mm" for n in (32, 33, 34, 35, 55, 56)},
}  # fmt: skip
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKET = re.compile(r"\[[^\]]*\]")
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_DATE_PART = re.compile("[ymdhs]|aaa|ggg", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(?:\.\d+)?Z?)?")


@lru_cache(maxsize=4096)
def _shape(code: str) -> tuple[str, int]:
    """What a format code makes of a number, and how many digits that takes.

    percent, padded, span (hours that count on), clock (a date with hours), date or plain; only
    the section for positive numbers is looked at.
    """
    section = _LITERAL.sub("", code).split(";")[0]
    if _ELAPSED.search(section):
        return "span", 0
    bare = _BRACKET.sub("", section).strip()
    if "%" in bare:
        return "percent", min(bare.partition(".")[2].count("0"), 15)
    if re.fullmatch("0{2,}", bare):
        return "padded", min(len(bare), 30)
    if not _DATE_PART.search(bare):
        return "plain", 0
    return ("clock" if re.search("[hs]", bare, re.IGNORECASE) else "date"), 0


class Shown(NamedTuple):
    """A NUMBER or a DATE; `text` is what a person reads."""

    kind: CellKind
    text: str
    value: float


def shown(written: str, code: str, *, date1904: bool) -> Shown | None:
    """None for what is no number. Python's float() takes more than XML does: nan, 1_000."""
    value = float(written) if _NUMBER.fullmatch(written) else math.inf
    if math.isinf(value):
        return None
    kind, digits = _shape(code)
    if kind in ("date", "clock") and (said := _date(value, date1904, clock=kind == "clock")):
        return Shown(CellKind.DATE, said, value)
    text = _plain(written, value)
    if kind == "percent":
        text = _percent(value, digits)
    elif kind == "padded" and text.isdecimal():
        text = text.zfill(digits)
    elif kind == "span" and value >= 0:
        minutes, seconds = divmod(round(value * 86_400), 60)
        text = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return Shown(CellKind.NUMBER, text, value)


def _plain(written: str, value: float) -> str:
    """A number as a person types it: no .0, no exponent where it can be helped.

    Digits beyond the 15 Excel keeps come from other programs; a float would change them.
    """
    if re.fullmatch("-?[1-9][0-9]{15,}", written):
        return written
    return texts.digits(value) if value == 0 or 1e-9 < abs(value) < 1e21 else repr(value)


def _percent(value: float, digits: int) -> str:
    """Rounded as it is shown, unless that would lose something."""
    exact = Decimal(repr(value)).scaleb(2)
    shown = format(exact, f".{digits}f")
    return f"{shown if Decimal(shown) == exact else format(exact.normalize(), 'f')}%"


def _date(serial: float, date1904: bool, *, clock: bool) -> str:
    """ISO date, with the time when there is one; empty for what is no date.

    Excel's 1900 system counts a 29 February 1900 that never was, hence the two origins.
    """
    if not 0 <= serial < 2_958_466 or (serial < 1 and not clock):
        return ""
    if date1904:
        origin = datetime(1904, 1, 1)
    else:
        origin = datetime(1899, 12, 30) if serial >= 60 else datetime(1899, 12, 31)
    try:
        moment = origin + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return ""
    time = moment.strftime("%H:%M:%S").removesuffix(":00")
    if serial < 1:
        return time
    return f"{moment:%Y-%m-%d}" if time == "00:00" else f"{moment:%Y-%m-%d} {time}"


def iso(said: str) -> str:
    """A date that is written out (18.18.11: t="d"), as `shown` says it."""
    match = _ISO.fullmatch(said)
    if match is None:
        return said
    time = f"{match[2]}{match[3] or ''}".removesuffix(":00") if match[2] else "00:00"
    return match[1] if time == "00:00" else f"{match[1]} {time}"
