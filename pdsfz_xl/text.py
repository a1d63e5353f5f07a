"""Texts: how they are counted, compared, shown and turned into file names."""

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal

BLANKS = "\x01\t\n\r \u00a0\u3000\u200b\ufeff"
"""What the count leaves out. U+0001 is what LibreOffice's formulas see for a TAB in a cell."""

CELL_LIMIT = 32_767
"""UTF-16 units one Excel cell holds (Microsoft, "Excel specifications and limits")."""

_NOT_BLANK = {ord(c): None for c in BLANKS}
_ENDS = BLANKS + "\x0b\x0c\x85\u2028\u2029"
# Bidirectional controls can make a name read backwards; the rest is invisible or not text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Reserved in Windows file names (Microsoft, "Naming Files, Paths, and Namespaces").
_TWINS = str.maketrans('<>:"/\\|?*', "＜＞：＂／＼｜？＊")
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)")


def count(text: str) -> int:
    """Unicode code points that are not blanks: 字符数（不计空格）. The only count there is."""
    return len(text.translate(_NOT_BLANK))


def count_with_blanks(text: str) -> int:
    """Code points with blanks but without line ends: 字符数（计空格）."""
    return len(text) - text.count("\n") - text.count("\r")


def tidy(text: str) -> str:
    """The text of an answer: CR and CRLF become LF, blanks at both ends go, nothing else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(_ENDS)


def squash(text: str) -> str:
    """For comparing: NFKC without any blank. Never for storing."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(normal.translate(_NOT_BLANK).split())


def encoded(text: str) -> bytes:
    """UTF-8; half of a surrogate pair is no character, and is spelt out, not lost."""
    return text.encode("utf-8", "backslashreplace")


def for_notepad(text: str) -> bytes:
    """A .txt that any Notepad shows right: those before Windows 10 1809 need CRLF, and the mark
    that says it is UTF-8 (Microsoft, "Extended Eol in Notepad").
    """
    return text.replace("\n", "\r\n").encode("utf-8-sig", "backslashreplace")


def digits(number: float) -> str:
    """A number with all the digits it has: no .0 and no exponent, nothing rounded."""
    return format(Decimal(repr(number + 0.0)), "f").removesuffix(".0")  # -0.0 is 0


def figure(number: float | None, measure: str) -> str:
    """A number with its unit, 计量单位, as everybody shows it: 1286400条; empty without a number.

    In 汇总表 and in the form, where it is typed and calculated with, the number stays a number
    under Excel's General: that alone shows 12 and 0.5 as they were typed (a fixed number of
    decimals would round or add some). Beyond 11 digits General writes 1.2864E+12, and the cell
    still holds each digit.
    """
    return "" if number is None else f"{digits(number)}{unit(measure)}"


def unit(measure: str) -> str:
    """A unit as it follows a number: without a blank, unless it would be read as more digits."""
    return f" {measure}" if measure[:1].isdigit() else measure


def utf16_length(text: str) -> int:
    """The length Excel's limits speak of."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitting(text: str) -> str:
    """As much of a text as one cell can hold."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * CELL_LIMIT]
    return units.decode("utf-16-le", "ignore")


def plain(text: str) -> str:
    """A text without control characters, for comparing."""
    return _CONTROLS.sub("", text)


def controls(text: str) -> list[str]:
    """The control characters in a text, as U+0007, each once."""
    return sorted({f"U+{ord(c):04X}" for c in _CONTROLS.findall(text)})


def visible(text: str) -> str:
    """A text that can be shown anywhere: what cannot be seen is spelt out as <U+202E>."""
    return _UNSAFE.sub(lambda m: f"<U+{ord(m[0]):04X}>", text)


def brief(text: str, limit: int = 30) -> str:
    """One safe line of at most `limit` characters, for use inside a sentence."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def file_name(text: str, limit: int = 80) -> str:
    """A name every file system takes, at most `limit` characters and 180 bytes of UTF-8.

    What Windows forbids becomes its full-width twin: the name stays readable, and two stay two.
    """
    name = _UNSAFE.sub("", unicodedata.normalize("NFC", text)).translate(_TWINS)
    name = " ".join(name.split()).strip(" .")[:limit]
    while len(name.encode()) > 180:
        name = name[:-1]
    name = name.rstrip(" .") or "_"
    return f"_{name}" if _DEVICES.match(name) else name


_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s.*)?")


def parse_date(said: str) -> date | None:
    """A date as people write it: 2019-10-25, 2019/10/25, 2019.10.25, 2019年10月25日, 20191025."""
    plain = unicodedata.normalize("NFKC", said).strip()
    match = _DATE.fullmatch(plain) or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", plain)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def past_day(said: str, today: date) -> tuple[date, str]:
    """The last day that is meant, and what else was said of it: 10月24日, 10.24 下午.

    What names no day that has been counts for today, and stays as it was written.
    """
    tries = (said, f"{today.year}年{said}", f"{today.year - 1}年{said}")
    days = (day for day in map(parse_date, tries) if day and day <= today)
    day = next(days, None)
    bare = day and re.fullmatch(r"[\d\s年月日./-]+", unicodedata.normalize("NFKC", said))
    return day or today, "" if bare else said


_MOMENT = re.compile(r"(\S.*?)(?:\s+|T)(\d{1,2}:\d\d(?::\d\d)?)", re.DOTALL)


def parse_moment(said: str) -> datetime | None:
    """A date with or without a time of day; without one it counts as noon. Nothing else beside."""
    moment = _MOMENT.fullmatch(unicodedata.normalize("NFKC", said).strip())
    day, clock = moment.groups() if moment else (said, "12:00")
    when = parse_date(day)
    match = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", clock)
    if when is None or match is None or (moment is None and re.search(r"\d\s+\S", said.strip())):
        return None
    try:
        return datetime.combine(when, time(int(match[1]), int(match[2]), int(match[3] or 0)))
    except ValueError:
        return None


_COPIED_SHEET = re.compile(r"[\s_]*[(（]?\d+[)）]?$")


def sheet_key(name: str) -> str:
    """The name of the sheet one was copied from.

    Excel calls the copy `汇总 (2)`, WPS `汇总(2)` and LibreOffice `汇总_2`.
    """
    return _COPIED_SHEET.sub("", name.strip())


_COPY = re.compile(r"([-_－—]*(副本|copy)|[(（\[]\d{1,3}[)）\]])+(?=$|\.\w{1,5}$)")


def name_key(name: str) -> str:
    """A file name for comparing: without blanks, width, case and the marks of a copy."""
    plain = squash(name).lower()
    return _COPY.sub("", plain) or plain


def parse_stamp(said: str) -> datetime | None:
    """The save time a file names (ISO 8601, with or without an offset), in local time."""
    try:
        moment = datetime.fromisoformat(said.strip())
        return moment.astimezone().replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError, OSError):  # OSError: years Windows cannot convert
        return None


def parse_count(said: str) -> int | None:
    """A whole number of at most six digits, however wide they were typed."""
    plain = unicodedata.normalize("NFKC", said).strip()
    return int(plain) if re.fullmatch("[0-9]{1,6}", plain) else None
