"""A notice in, a master to be written out: what its words mean, and what they leave open.

Whatever is not found stays blank and is said; whatever is proposed is said too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from pdsfz_xl import identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft, DraftRow, Notice, NoticeCell, Settings, Unit

_CARRIED = (w.LEVEL1, w.LEVEL2, w.NUMBER, w.INDICATOR, w.METHOD, w.RESPONSIBLE)
"""Columns whose blank cells go on with the row above; a blank 填报材料 joins it instead."""


def draw_up(notice: Notice, today: date) -> Draft:
    """The master a notice asks for."""
    settings, said = _settings(notice, today)
    rows = tuple(_rows(notice))
    units, proposed = _units(row.cells[w.RESPONSIBLE] for row in rows)
    return Draft(settings=settings, rows=rows, units=units, said=(*said, *proposed))


# --- the letter ----------------------------------------------------------------------------

_DOCUMENT = re.compile(
    r"[\u4e00-\u9fff]{2,14}\s*[〔\[［【（(](\d{4})[〕\]］】）)]\s*第?(\d{1,4})\s*号"
)
_TITLE = re.compile(
    r"(?P<issuer>.*?)关于(?:提交|报送|上报|做好|开展|组织|填报|印发|补充报送)?"
    r"(?P<name>.+?)(?:有关)?(?:工作)?的(?:补充|紧急)?通知$"
)
_DEADLINE = re.compile(r"(?:(\d{4})\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*日[^，。；月]{0,12}?前")
_HANDING_IN = re.compile("报送|上报|提交|报至|送至|交至|反馈|发送")
_YEARS = re.compile(
    r"((?:\d{4}年?[、，,和及至到\-—]*)*\d{4}年)(?:[（(]截至(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日[）)])?"
)
_SPAN = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日[至到\-—]+(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日")
_ADVISED = re.compile(r"(?:一般|原则上|建议|宜)[^。；，\d]{0,8}?(\d{2,5})\s*字")
_LIMIT = re.compile(r"(?:最多|最长|不得|不能|上限)[^。；，\d]{0,8}?(\d{2,5})\s*字")
_FIELDS = {
    "contact": re.compile(r"联\s*系\s*人\s*[:：]\s*([^\s，,；;。、（(]+)"),
    "phone": re.compile(r"电\s*话\s*[:：]\s*([0-9０-９][0-9０-９\-—–()（）/、 ]{4,40})"),
    "email": re.compile(r"([A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,})"),
    "address": re.compile(r"地\s*址\s*[:：]\s*([^\s，,；;。]+)"),
}


def _settings(notice: Notice, today: date) -> tuple[Settings, list[str]]:
    """任务设置 as the letter has them, and what to say about those it has not."""
    letter = "\n".join(notice.letter)
    number = _DOCUMENT.search(letter)
    year = int(number[1]) if number else None
    name, issuer = _title(notice.letter)
    start, end = _period(letter)
    found = {key: match[1].strip() for key, rx in _FIELDS.items() if (match := rx.search(letter))}
    advised, limit = _ADVISED.search(letter), _LIMIT.search(letter)
    settings = Settings(
        name=name or "材料报送",
        code=_campaign_code(number, today),
        document_number="".join(number[0].split()) if number else "",
        issuer=issuer,
        deadline=_deadline(letter, year),
        period_start=start,
        period_end=end,
        advised=int(advised[1]) if advised else 500,
        limit=int(limit[1]) if limit else max(1000, int(advised[1]) if advised else 0),
        **found,
    )
    return settings, list(_unfound(settings, named=bool(name), limited=bool(limit and advised)))


def _unfound(settings: Settings, *, named: bool, limited: bool) -> Iterator[str]:
    blank = [
        key
        for key, field in layout.SETTINGS.items()
        if field != "password" and not getattr(settings, field)
    ]
    if blank:
        yield f"通知里没有找到：{'、'.join(blank)}；任务设置中留空，请补填。"
    if not named:
        yield f"通知里没有找到标题，任务名称暂写“{settings.name}”，请改正。"
    if not settings.document_number:
        yield f"通知里没有找到发文字号，任务代码暂写 {settings.code}，下发前可以改。"
    if not limited:
        yield f"字数要求没有写全，暂按建议 {settings.advised} 字、上限 {settings.limit} 字。"


def _title(letter: Iterable[str]) -> tuple[str, str]:
    """任务名称 and 发文单位: `…关于提交…的通知`, on one line or over several."""
    lines = list(letter)
    for i, line in enumerate(lines):
        if "关于" not in line:
            continue
        for joined in (line, line + "".join(lines[i + 1 : i + 2])):
            if match := _TITLE.search("".join(joined.split())):
                before = lines[i - 1] if i and not _DOCUMENT.search(lines[i - 1]) else ""
                issuer = match["issuer"] or before
                return match["name"], "".join(issuer.split())
    return "", ""


def _campaign_code(number: re.Match[str] | None, today: date) -> str:
    if number is None:
        return f"F{today.year}01"
    code = f"F{number[1]}{number[2]}"
    return code if len(code) <= 8 else f"F{number[1][2:]}{number[2]}"


def _deadline(letter: str, year: int | None) -> date | None:
    """The day before which the material must be in; None where its year cannot be known."""
    for sentence in re.split("[。\n]", letter):
        match = _DEADLINE.search(sentence)
        if match and _HANDING_IN.search(sentence):
            said = int(match[1]) if match[1] else year
            return _date(said, match[2], match[3])
    return None


def _period(letter: str) -> tuple[date | None, date | None]:
    """材料起始日期 and 材料截止日期, from a sentence that speaks of the material's time."""
    for sentence in re.split("[。\n]", letter):
        if "时间" not in sentence or "材料" not in sentence:
            continue
        if span := _SPAN.search(sentence):
            first, last = int(span[1]), int(span[4] or span[1])
            return _date(first, span[2], span[3]), _date(last, span[5], span[6])
        if years := _YEARS.search(sentence):
            named = [int(y) for y in re.findall(r"\d{4}", years[1])]
            last = int(years[2] or max(named))
            return date(min(named), 1, 1), _date(last, years[3] or "12", years[4] or "31")
    return None, None


def _date(year: int | None, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day)) if year else None
    except ValueError:
        return None


# --- the rows ------------------------------------------------------------------------------


class _Item(NamedTuple):
    """One thing the notice asks for under an indicator; `mark` is its printed （n） or empty."""

    mark: str
    text: str


def _rows(notice: Notice) -> Iterator[DraftRow]:
    """Every row of 任务分解表: one for each item, also those that ask for nothing."""
    width = _key_width(notice)
    above: dict[str, str] = {}
    used: set[str] = set()
    for position, cells in enumerate(notice.rows, 1):
        carried, continued, unsure = _carried(cells, above)
        above = carried
        number = _number(carried[w.NUMBER]) or position
        carried[w.NUMBER] = carried[w.NUMBER] or f"（{number}）"
        note = _other_columns(cells)
        material = cells.get(w.MATERIAL, NoticeCell("", "blank"))
        if not material.text:
            blank = frozenset({w.MATERIAL})
            tinted = unsure | (blank if material.state == "blank" else frozenset())
            row = {**carried, w.MATERIAL: "", w.NOTE: note}
            yield DraftRow(row, continued, tinted)
            continue
        for i, item in enumerate(_items(material.text)):
            derived = _derive(item.text)
            if derived["填报类型"] != w.NOT_ASKED:
                derived["编码"] = _key(number, item.mark, width, used)
            row = {**carried, w.MATERIAL: item.text, **derived, w.NOTE: note}
            if i == 0:
                yield DraftRow(row, continued, unsure)
            else:
                yield DraftRow(row, frozenset(_CARRIED), unsure & {w.LEVEL1, w.LEVEL2})


def _carried(
    cells: Mapping[str, NoticeCell], above: Mapping[str, str]
) -> tuple[dict[str, str], frozenset[str], frozenset[str]]:
    """The row's texts with blanks filled from above; a new indicator has texts of its own."""
    carried: dict[str, str] = {}
    continued, unsure = set(), set()
    same = not any(cells[c].text for c in (w.NUMBER, w.INDICATOR) if c in cells)
    for caption in _CARRIED:
        cell = cells.get(caption, NoticeCell("", "blank"))
        own = caption in (w.NUMBER, w.INDICATOR, w.METHOD) and not same
        if cell.text or own or not above.get(caption):
            carried[caption] = cell.text
        else:
            carried[caption] = above[caption]
            continued.add(caption)
            if cell.state == "blank":
                unsure.add(caption)
    return carried, frozenset(continued), frozenset(unsure)


def _other_columns(cells: Mapping[str, NoticeCell]) -> str:
    """Columns of the notice the master has no place for: kept in 备注 with their captions."""
    others = ((c, cell.text) for c, cell in cells.items() if c not in layout.NOTICE_COLUMNS)
    return "；".join(f"{caption}：{text}" for caption, text in others if text)


def _number(said: str) -> int:
    digits = re.search(r"\d+", texts.squash(said))
    return int(digits[0]) if digits else 0


def _key_width(notice: Notice) -> int:
    numbers = [_number(cells[w.NUMBER].text) for cells in notice.rows if w.NUMBER in cells]
    return max(2, len(str(max(numbers, default=1))))


def _key(number: int, mark: str, width: int, used: set[str]) -> str:
    """`06.2` where the notice prints （2） before the item, else `06`; never twice."""
    key = f"{number:0{width}d}{f'.{int(mark)}' if mark else ''}"
    free = key
    step = 1
    while free in used:
        step += 1
        free = f"{key.split('.')[0]}.{step}"
    used.add(free)
    return free


_ITEM = re.compile(r"(?:^|(?<=[\n；;。:：]))\s*[（(](\d{1,2})[）)]")


def _items(material: str) -> list[_Item]:
    """The items of a 填报材料, split where the notice prints （n） before them."""
    marks = list(_ITEM.finditer(material))
    if not marks:
        return [_Item("", material)]
    before = material[: marks[0].start()].strip()
    ends = [mark.start() for mark in marks[1:]] + [len(material)]
    return [
        _Item(mark[1], f"{before}{material[mark.start() : end].strip()}")
        for mark, end in zip(marks, ends, strict=True)
    ]


_NUMERALS = {c: i for i, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_NOT_ASKED = re.compile("不需要?(?:提供|提交|报送)|无需(?:提供|提交|报送)|不用(?:提供|提交)")
_FIGURE = re.compile("(?:数量|数目|总数|人数|次数|件数|条数|户数|比例|比率)[。；;]?$")
_MEASURES = (("信息", "条"), ("人数", "人"), ("次数", "次"), ("件数", "件"), ("户数", "户"),
             ("比例", "%"), ("比率", "%"))  # fmt: skip
_KINDS = (
    (re.compile("案卷"), w.DOSSIER),
    (re.compile("案例"), w.CASE),
    (re.compile("报道"), w.REPORT),
    (re.compile("(?:文件|方案|规划|计划|制度文本)[。；;]?$"), w.DOCUMENT),
)
_PIECES = re.compile(r"提供\s*(\d{1,3}|[一二两三四五六七八九十])\s*[个件份篇项]")
_SINCE = re.compile(r"(\d{4})年以来")
_HALF = re.compile(r"(\d{4})年(上|下)半年")
_YEAR = re.compile(r"(\d{4})年(?!以来|[上下]半年|\d)")
_WORDS = re.compile(r"(?:不超过|不多于|最多|限)\s*(\d{2,5})\s*字|(\d{2,5})\s*字(?:以内|左右)")


def _derive(material: str) -> dict[str, str]:
    """What the words of a 填报材料 say about type, time, pieces, measure and length."""
    found: dict[str, Any] = {"填报类型": _kind(material)}
    if found["填报类型"] == w.NOT_ASKED:
        return found
    if found["填报类型"] == w.FIGURES:
        found["计量单位"] = next((m for word, m in _MEASURES if word in material), "")
    if pieces := _PIECES.search(material):
        said = pieces[1]
        found["最少件数"] = said if said.isdecimal() else str(_NUMERALS[said])
    if words := _WORDS.search(material):
        found["字数上限"] = words[1] or words[2]
        found["建议字数"] = words[1] or words[2]
    if since := _SINCE.search(material):
        found["材料起始日期"] = f"{since[1]}-01-01"
    elif half := _HALF.search(material):
        first = half[2] == "上"
        found["材料起始日期"] = f"{half[1]}-{'01-01' if first else '07-01'}"
        found["材料截止日期"] = f"{half[1]}-{'06-30' if first else '12-31'}"
    elif year := _YEAR.search(material):
        found["材料起始日期"] = f"{year[1]}-01-01"
        found["材料截止日期"] = f"{year[1]}-12-31"
    return found


def _kind(material: str) -> str:
    if _NOT_ASKED.search(material):
        return w.NOT_ASKED
    if _FIGURE.search(material):
        return w.FIGURES
    return next((kind for words, kind in _KINDS if words.search(material)), w.STATEMENT)


# --- the units -----------------------------------------------------------------------------

_KIND_OF_OFFICE = re.compile("(委员会|办公室|管理局|委|局|厅|办|部|院)$")


def _units(responsible: Iterable[str]) -> tuple[tuple[Unit, ...], list[str]]:
    """Units in order of appearance; a shorter name becomes an alias where exactly one fits."""
    names = list(dict.fromkeys(n.name for said in responsible for n in identity.named_units(said)))
    alias_of: dict[str, str] = {}
    for name in names:
        longer = [other for other in names if other != name and _is_short_for(name, other)]
        if len(longer) == 1 and longer[0] not in alias_of:
            alias_of[name] = longer[0]
    units = [
        Unit(code=f"{i:02d}", name=name)
        for i, name in enumerate((n for n in names if n not in alias_of), 1)
    ]
    for short, full in alias_of.items():
        units = [replace(u, aliases=(*u.aliases, short)) if u.name == full else u for u in units]
    said = [
        f"“{short}”看作“{full}”的别名（已写入责任单位表的别名栏）；不对的请改。"
        for short, full in alias_of.items()
    ]
    return tuple(units), said


def _is_short_for(short: str, full: str) -> bool:
    """Whether two names are one bureau: 公安局 / 市公安局, 自然资源局 / 市自然资源和规划局.

    Both must be the same kind of office; the shorter one's distinctive part is the whole of the
    other's, or stands at its beginning or end beside 和, 与 or 及.
    """
    kinds = [match[1] for name in (short, full) if (match := _KIND_OF_OFFICE.search(name))]
    if len(kinds) != 2 or kinds[0] != kinds[1] or len(short) >= len(full):
        return False
    own = short.removesuffix(kinds[0])
    other = full.removesuffix(kinds[1])
    for part in {own, own.removeprefix("市")}:
        for whole in {other, other.removeprefix("市")}:
            if len(part) >= 2 and re.fullmatch(f"{part}|{part}[和与及].+|.+[和与及]{part}", whole):
                return True
    return False
