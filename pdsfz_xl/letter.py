"""The words of a notice's letter in, what they say out: name, number, dates, lengths, contact.

What the words leave open is None or empty; nothing is guessed.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from pdsfz_xl.text import squash

Span = tuple[date | None, date | None]


class Contact(NamedTuple):
    contact: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


class Number(NamedTuple):
    """发文字号 as printed without blanks, its year and its number."""

    said: str
    year: int
    number: str


# --- title and number ----------------------------------------------------------------------

_NUMBER = re.compile(
    r"(?:.*(?:文件|通知))?([\u4e00-\u9fff]{2,14}[〔\[［【（(](\d{4})[〕\]］】）)]第?(\d{1,4})号)"
    r"(?:签发人.*)?"
)
_TITLE = re.compile(
    r"(?P<issuer>.*?)关于(?:进一步|认真|切实)?(?:补充)?(?:提交|报送|上报|做好|开展|组织|填报|印发|征集)*"
    r"(?P<name>.+?)(?:有关|相关)?(?:工作|事宜|事项)?的(?:补充|紧急)?(?:通知|函)"
)
_OFFICE = re.compile(
    r"[\u4e00-\u9fff、（）()]{3,40}(?:办公室|委员会|政府|小组|中心|[局委办厅部院会])"
)
_TABLE = re.compile(r"《?(.{4,40}?)分解表》?")


def document_number(lines: Iterable[str]) -> Number | None:
    """The letter's own number: it has a line to itself; others are only cited."""
    for line in lines:
        if match := _NUMBER.fullmatch("".join(line.split())):
            return Number(match[1], int(match[2]), match[3])
    return None


def title(lines: Sequence[str]) -> tuple[str, str]:
    """What the letter is about and who sent it: `…关于提交…的通知`, on one line or over several.

    Without such a title its table's heading names it.
    """
    plain = ["".join(line.split()) for line in lines]
    for i, line in enumerate(plain):
        if "关于" not in line:
            continue
        for last in range(i + 1, i + 4):
            if match := _TITLE.fullmatch("".join(plain[i:last])):
                above = plain[i - 1] if i and _OFFICE.fullmatch(plain[i - 1]) else ""
                return match["name"].strip("《》"), match["issuer"] or above
    headings = (match[1] for line in plain if (match := _TABLE.fullmatch(line)))
    return next(headings, ""), ""


# --- dates ---------------------------------------------------------------------------------

_DAY = r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日"
_BEFORE = re.compile(rf"{_DAY}(?:\([^)]*\))?[^,。;月日]{{0,10}}?前(?![的期往述])")
_UNTIL = re.compile(rf"截止(?:日期|时间|到|至)?[为是:]*{_DAY}")
_HANDING_IN = re.compile("报送|上报|提交|报至|送至|交至|反馈|发送|填报")
_MATERIAL = re.compile("材料|报表|填报表|电子版|纸质")
_TO = "[至到\\-–—~]+"
_AND = "[至到\\-–—~、,和及]+"
_SPANS = (
    re.compile(rf"(\d{{4}})年(\d{{1,2}})月(\d{{1,2}})日起?{_TO}(?:(\d{{4}})年)?(\d{{1,2}})月(\d{{1,2}})日"),
    re.compile(rf"(\d{{4}})年(\d{{1,2}})月?()起?{_TO}(?:(\d{{4}})年)?(\d{{1,2}})月()(?!\d)"),
)  # fmt: skip
_SINCE = re.compile(r"(\d{4})年(?:度|(\d{1,2})月)?以来")
_PART = re.compile(r"(\d{4})年(上半年|下半年|第?([一二三四1-4])季度)")
_YEARS = re.compile(
    rf"(?<!\d)((?:\d{{4}}年?度?{_AND})*\d{{4}}年)度?(?!\d|以来|[上下]半年|第?[一二三四]季)"
    r"(?:\(截至(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日\))?"
)


def deadline(lines: Sequence[str], number: Number | None) -> date | None:
    """The day before which the material must be in.

    None where the letter names no day, no year can be known, several days compete, or the day
    lies before the letter itself.
    """
    found: dict[date, bool] = {}
    for sentence in _sentences(lines):
        marks = sorted((*_before(sentence), *_UNTIL.finditer(sentence)), key=lambda m: m.start())
        for i, mark in enumerate(marks):
            day = _day_after(mark, _written(lines), number)
            end = marks[i + 1].start() if i + 1 < len(marks) else len(sentence)
            about = bool(_MATERIAL.search(sentence[mark.start() : end]))
            if day:
                found[day] = found.get(day, False) or about
    if len(found) > 1:
        found = {day: about for day, about in found.items() if about}
    return next(iter(found)) if len(found) == 1 else None


def _before(sentence: str) -> Iterator[re.Match[str]]:
    if _HANDING_IN.search(sentence):
        yield from _BEFORE.finditer(sentence)


def _day_after(mark: re.Match[str], written: date | None, number: Number | None) -> date | None:
    """The day a deadline names; it is never before the letter's own day or year."""
    least = written or (_date(number.year, "1", "1") if number else None)
    if mark[1]:
        day = _date(int(mark[1]), mark[2], mark[3])
        return day if day and (least is None or day >= least) else None
    if least is None:
        return None
    day = _date(least.year, mark[2], mark[3])
    return day if day is None or day >= least else _date(least.year + 1, mark[2], mark[3])


def _written(lines: Iterable[str]) -> date | None:
    """The letter's own date: the last line that is a date and nothing else."""
    days = [re.fullmatch(r"(\d{4})年(\d{1,2})月(\d{1,2})日", squash(line)) for line in lines]
    dates = [_date(int(match[1]), match[2], match[3]) for match in days if match]
    return dates[-1] if dates else None


def period(lines: Sequence[str]) -> Span:
    """From when to when the material is asked for, from a sentence about the material's time."""
    for sentence in _sentences(lines):
        about = "时间" in sentence and ("材料" in sentence or "填报" in sentence)
        if about and not re.search("截止|(?:报送|上报|提交)时间", sentence):
            found = span(sentence)
            if any(found):
                return found
    return None, None


def span(said: str) -> Span:
    """The first stretch of time a text names; an end that stays open is None."""
    plain = squash(said)
    readings = [
        (match.start(), -match.end(), read(match))
        for patterns, read in (
            (_SPANS, _from_to),
            ((_SINCE,), _since),
            ((_PART,), _part),
            ((_YEARS,), _years),
        )
        for pattern in patterns
        if (match := pattern.search(plain))
    ]
    return min(readings, key=lambda r: r[:2])[2] if readings else (None, None)


def _from_to(match: re.Match[str]) -> Span:
    first, last = int(match[1]), int(match[4] or match[1])
    start, end = _date(first, match[2], match[3] or "1"), _end(last, match[5], match[6])
    return (start, end) if start and end else (None, None)


def _since(match: re.Match[str]) -> Span:
    return _date(int(match[1]), match[2] or "1", "1"), None


def _part(match: re.Match[str]) -> Span:
    year = int(match[1])
    if match[3]:
        quarter = int(match[3]) if match[3].isdecimal() else "一二三四".index(match[3]) + 1
        return _date(year, str(quarter * 3 - 2), "1"), _end(year, str(quarter * 3), "")
    half = 0 if match[2] == "上半年" else 6
    return _date(year, str(half + 1), "1"), _end(year, str(half + 6), "")


def _years(match: re.Match[str]) -> Span:
    years = [int(year) for year in re.findall(r"\d{4}", match[1])]
    return _date(min(years), "1", "1"), _end(
        int(match[2] or max(years)), match[3] or "12", match[4]
    )


def _end(year: int, month: str, day: str | None) -> date | None:
    """The last day; a month without a day ends with the month."""
    if not day and 1 <= int(month) <= 12 and year:
        day = str(monthrange(year, int(month))[1])
    return _date(year, month, day or "0")


def _date(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None


def _sentences(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from re.split("[。;!]", squash(line))


# --- lengths -------------------------------------------------------------------------------

_LENGTH = re.compile(r"([^。;\d]{0,12})(?<!\d)(?<!\d,)(\d,\d{3}|\d{2,5})字(以内|左右|以下)?")
_AT_MOST = re.compile("最多|最长|最高|上限|不得|不能|严禁|必须")
_ADVISED = re.compile("一般|原则|建议|宜|控制")
_WITHIN = re.compile("不超过|不多于|限")


def lengths(said: str) -> tuple[int | None, int | None]:
    """The recommended and the greatest number of characters a text asks for."""
    advised: list[int] = []
    limits: list[int] = []
    for match in _LENGTH.finditer(squash(said)):
        length = int(match[2].replace(",", ""))
        if _AT_MOST.search(match[1]):
            limits.append(length)
        elif _ADVISED.search(match[1]) or match[3] == "左右":
            advised.append(length)
        elif _WITHIN.search(match[1]) or match[3]:
            limits.append(length)
    return next(iter(advised), None), next(iter(limits), None)


# --- contact -------------------------------------------------------------------------------


def _label(said: str) -> str:
    """People space labels out: 联 系 人."""
    return r"\s*".join(said)


_PERSON = rf"{_label('联系人')}(?:\s*[及和、]?\s*(?:联系)?(?:电话|方式))?\s*[:：]\s*"
_NAME = r"([\u4e00-\u9fff]\s{1,2}[\u4e00-\u9fff](?![\u4e00-\u9fff])|[^\s\d,，;；。()（）:：]+)"
_DIGITS = r"([(（]?[0-9０-９][0-9０-９\-—–－()（）/、 转]{4,40})"
_CONTACT = re.compile(_PERSON + _NAME)
_PHONES = (
    re.compile(rf"(?:{_label('电话')}|{_label('联系方式')}|{_label('手机')})\s*[:：]\s*{_DIGITS}"),
    re.compile(rf"{_PERSON}{_NAME}[\s，,]*{_DIGITS}"),
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}")
_ADDRESS = re.compile(
    rf"(?<!箱){_label('地址')}\s*[:：]\s*([^@]+?)\s*(?=\s{{2}}|[，,;；。]|$|{_label('邮编')}|{_label('电话')}|{_label('联系')})",
    re.MULTILINE,
)


def contact(lines: Iterable[str]) -> Contact:
    """Whom to ask, and where to send it."""
    letter = "\n".join(lines)
    name = _CONTACT.search(letter)
    phones = [match.groups()[-1] for rx in _PHONES if (match := rx.search(letter))]
    email = _EMAIL.search(letter)
    address = _ADDRESS.search(letter)
    return Contact(
        "".join(name[1].split()) if name else "",
        _tidy_phone(phones[0]) if phones else "",
        email[0] if email else "",
        address[1].strip() if address else "",
    )


def _tidy_phone(said: str) -> str:
    phone = said.strip(" 、/-—–")
    return phone if any(c in phone[:-1] for c in ")）") else phone.strip("()（）")
