"""A notice in, a master to be written out: what its words mean, and what they leave open.

Whatever is not found stays blank and is said; whatever is proposed or assumed is said too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from pdsfz_xl import identity, layout, letter
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft, DraftRow, Notice, NoticeCell, Settings, Unit
from pdsfz_xl.states import CellState, MaterialKind

_CARRIED = (w.LEVEL1, w.LEVEL2, w.NUMBER, w.INDICATOR, w.METHOD, w.RESPONSIBLE)
"""Columns whose blank cells go on with the row above; a blank 填报材料 joins it instead."""
_BLANK = NoticeCell("", CellState.BLANK)


def draw_up(notice: Notice, today: date) -> Draft:
    """The master a notice asks for. `today` only gives the code of a notice without a number."""
    settings, said = _settings(notice, today)
    table = _Table(settings, _key_width(notice))
    rows = tuple(row for cells in notice.rows for row in table.rows(cells))
    units, proposed = _units((row.cells[w.RESPONSIBLE] for row in rows), settings.issuer)
    return Draft(
        settings=settings,
        rows=rows,
        units=units,
        said=(*said, *proposed, *table.said, *_remarks(rows, notice)),
    )


# --- the settings --------------------------------------------------------------------------


def _settings(notice: Notice, today: date) -> tuple[Settings, list[str]]:
    """任务设置 as the letter has them, and what to say about those it has not."""
    lines = notice.letter
    number = letter.document_number(lines)
    name, issuer = letter.title(lines)
    start, end = letter.period(lines)
    advised, limit = letter.lengths("\n".join(lines))
    settings = Settings(
        name=name or "材料报送",
        code=_campaign_code(number, today),
        document_number=number.said if number else "",
        issuer=issuer,
        deadline=letter.deadline(lines, number),
        period_start=start,
        period_end=end,
        advised=advised or min(500, limit or 500),
        limit=limit or max(1000, advised or 0),
        **letter.contact((*lines, *notice.after))._asdict(),
    )
    return settings, list(_unfound(settings, named=bool(name), lengths=(advised, limit)))


def _campaign_code(number: letter.Number | None, today: date) -> str:
    if number is None:
        return f"F{today.year}01"
    code = f"F{number.year}{number.number}"
    return code if len(code) <= 8 else f"F{number.year % 100}{number.number}"


def _unfound(
    settings: Settings, *, named: bool, lengths: tuple[int | None, int | None]
) -> Iterator[str]:
    blank = [
        key
        for key, name in layout.SETTINGS.items()
        if name != "password" and key not in layout.LATER_SETTINGS and not getattr(settings, name)
    ]
    if blank:
        yield f"通知里没有找到：{'、'.join(blank)}；任务设置中留空，请补填。"
    if not named:
        yield f"通知里没有找到标题，任务名称暂写“{settings.name}”，请改正。"
    if not settings.document_number:
        yield f"通知里没有找到发文字号，任务代码暂写 {settings.code}，下发前可以改。"
    if None in lengths:
        yield f"字数要求没有写全，暂按建议 {settings.advised} 字、上限 {settings.limit} 字。"


def _remarks(rows: tuple[DraftRow, ...], notice: Notice) -> Iterator[str]:
    """What the clerk has to look at in the table as a whole."""
    unsure = sum(len(row.unsure) for row in rows)
    if unsure:
        yield f"表中有 {unsure} 个空白格按承上行处理（浅橙色），请核对。"
    if notice.after:
        said = texts.brief("".join(notice.after), 40)
        yield f"表格后面的文字不属于表格，没有读入：“{said}”。"


# --- the rows ------------------------------------------------------------------------------


class _Item(NamedTuple):
    """One thing the notice asks for under an indicator; `mark` is its printed （n） or empty."""

    mark: str
    text: str


class _Carried(NamedTuple):
    """A row's texts with blanks filled from above: which went on, and which of those unsurely."""

    cells: dict[str, str]
    continued: frozenset[str]
    unsure: frozenset[str]
    same: bool
    """Whether it belongs to the indicator of the row above."""


@dataclass
class _Table:
    """Draws up row after row, remembering what stands above."""

    settings: Settings
    width: int
    above: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    asked: bool = False
    """Whether the indicator above asks for anything."""
    used: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def rows(self, cells: Mapping[str, NoticeCell]) -> Iterator[DraftRow]:
        """The rows of 任务分解表 for one row of the notice: one for each item."""
        carried = _carry(cells, self.above)
        before = self.number
        if not carried.same:
            self.number = self.numbered(carried.cells)
        self.above = carried.cells
        base = {**carried.cells, w.NOTE: _other_columns(cells)}
        material = cells.get(w.MATERIAL, _BLANK)
        if not material.text:
            yield self.joined(base, carried, material, before)
            return
        self.asked = False
        for i, item in enumerate(_items(material.text)):
            row = {**base, w.MATERIAL: item.text, **self.derived(item)}
            if i == 0:
                yield DraftRow(row, carried.continued, carried.unsure)
            else:
                yield DraftRow(row, frozenset(_CARRIED), frozenset())

    def numbered(self, cells: dict[str, str]) -> int:
        """The row's 序号; without one it follows the row above, which is said."""
        number = _number(cells[w.NUMBER])
        if not number:
            number = self.number + 1
            self.said.append(f"“{texts.brief(cells[w.INDICATOR])}”没有序号，暂编为 {number}。")
            cells[w.NUMBER] = f"（{number}）"
        return number

    def joined(
        self, base: dict[str, str], carried: _Carried, material: NoticeCell, before: int
    ) -> DraftRow:
        """A row without 填报材料 shares what the indicator above asks for."""
        if before and not carried.same:
            how = "与第{}项合并填报" if self.asked else "与第{}项一样不需填报"
            how = how.format(before)
            self.said.append(f"第{self.number}项的填报材料是空的，按“{how}”处理，请核对。")
        unsure = carried.unsure | ({w.MATERIAL} if material.state == CellState.BLANK else set())
        return DraftRow({**base, w.MATERIAL: ""}, carried.continued, unsure)

    def derived(self, item: _Item) -> dict[str, str]:
        """编码 and what the words of an item say about type, time, pieces and length."""
        kind = _kind(item.text)
        if kind == w.NOT_ASKED:
            if len(texts.squash(item.text)) > 12:
                said = texts.brief(item.text, 40)
                self.said.append(f"第{self.number}项按“{kind}”处理，请核对原文：“{said}”。")
            return {"填报类型": kind}
        self.asked = True
        start, end = letter.span(item.text)
        last = self.settings.period_end
        if end and last and end.year == last.year and end > last:
            end = None  # "2019年" in a notice that asks until July 2019
        advised, limit = letter.lengths(item.text)
        if advised and not limit and advised > self.settings.limit:
            limit = advised
        found = {
            "编码": self.key(item.mark),
            "填报类型": kind,
            "建议字数": str(advised or ""),
            "字数上限": str(limit or ""),
            "材料起始日期": start.isoformat() if start else "",
            "材料截止日期": end.isoformat() if end else "",
            "最少件数": _pieces(item.text),
            "计量单位": _measure(item.text) if kind == w.FIGURES else "",
        }
        return {caption: text for caption, text in found.items() if text}

    def key(self, mark: str) -> str:
        """`06.2` where the notice prints （2） before the item, else `06`; never twice."""
        base = f"{self.number:0{self.width}d}"
        key = f"{base}.{int(mark)}" if mark else base
        step = 2
        while key in self.used:
            key, step = f"{base}.{step}", step + 1
        self.used.add(key)
        return key


def _carry(cells: Mapping[str, NoticeCell], above: Mapping[str, str]) -> _Carried:
    """A row whose 序号 and 三级指标 are blank or repeat is of the same indicator as the one above.

    A new indicator has a 序号 of its own, and a new 一级指标 does not go on with a 二级指标.
    """
    own = {caption: cells.get(caption, _BLANK) for caption in _CARRIED}
    same = bool(above) and all(
        own[caption].text in ("", above[caption]) for caption in (w.NUMBER, w.INDICATOR)
    )
    fresh = set() if same else {w.NUMBER}
    if (
        own[w.LEVEL1].text not in ("", above.get(w.LEVEL1))
        and own[w.LEVEL2].state == CellState.BLANK
    ):
        fresh.add(w.LEVEL2)
    continued = {
        caption
        for caption, cell in own.items()
        if not cell.text and caption not in fresh and above.get(caption)
    }
    return _Carried(
        {c: above[c] if c in continued else cell.text for c, cell in own.items()},
        frozenset(continued),
        frozenset(c for c in continued if own[c].state == CellState.BLANK),
        same,
    )


def _other_columns(cells: Mapping[str, NoticeCell]) -> str:
    """Columns of the notice the master has no place for: kept in 备注 with their captions."""
    others = ((c, cell.text) for c, cell in cells.items() if c not in layout.NOTICE_COLUMNS)
    return "；".join(text if c == w.NOTE else f"{c}：{text}" for c, text in others if text)


def _number(said: str) -> int:
    digits = re.search(r"\d+", texts.squash(said))
    return int(digits[0]) if digits else 0


def _key_width(notice: Notice) -> int:
    numbers = [_number(cells[w.NUMBER].text) for cells in notice.rows if w.NUMBER in cells]
    return max(2, len(str(max(len(notice.rows), *numbers))))


# --- the words of 填报材料 -----------------------------------------------------------------

_ITEM = re.compile(r"(?:^|(?<=[\n；;。:：]))\s*[（(](\d{1,2})[）)]")


def _items(material: str) -> list[_Item]:
    """The items of a 填报材料, split where the notice prints （n） before them in rising order.

    What introduces the first goes before each: every item must be understood alone.
    """
    marks = list(_ITEM.finditer(material))
    if not marks or any(int(a[1]) >= int(b[1]) for a, b in pairwise(marks)):
        return [_Item("", material)]
    before = material[: marks[0].start()].strip()
    ends = [mark.start() for mark in marks[1:]] + [len(material)]
    return [
        _Item(mark[1], f"{before}{material[mark.start() : end].strip()}")
        for mark, end in zip(marks, ends, strict=True)
    ]


_NUMERALS = {c: i for i, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_NOT_ASKED = re.compile("(?:不需要?|无需|不用|不必)(?:再)?(?:提供|提交|报送|申报|填报|上报)")
_OTHERS = re.compile("[县区乡镇]")
_FIGURE = re.compile(
    "(?:数量|数目|总量|金额|人次|比例|(?<!效)率|(?<![指系函参])数)(?:[和及、][^,;。]{1,8})?$"
)
_MEASURES = (
    ("人次", "人次"), ("人数", "人"), ("次数", "次"), ("金额", "万元"), ("户数", "户"),
    ("比例", "%"), ("率", "%"), ("信息", "条"), ("条数", "条"), ("案件", "件"), ("文件", "件"),
    ("件数", "件"),
)  # fmt: skip
_COUNTED = r"(\d{1,3}|[一二两三四五六七八九十])[个件份篇例]"
_PIECES = re.compile(rf"(?:提供|报送|提交|上报|不少于|至少|各){_COUNTED}")
_CASE = re.compile(rf"{_COUNTED}[^,;。]*案例")
_DOSSIER = re.compile("^(?:[(]\\d+[)])?(?:查看|抽查|查阅|评查|提供)[^,;。]*案卷")
_KINDS = (
    (w.REPORT, ("报道", "新闻")),
    (w.CASE, ("案例",)),
    (w.DOSSIER, ("案卷",)),
    (w.DOCUMENT, ("文件", "方案", "规划", "计划", "办法", "制度")),
)
"""What an item asks for is the word it ends with."""


def _kind(material: str) -> MaterialKind:
    plain = texts.squash(material).rstrip(".。;,")
    if any(_says_nothing(clause) for clause in re.split("[,;。]", plain)):
        return w.NOT_ASKED
    if _FIGURE.search(plain):
        return w.FIGURES
    if _CASE.search(plain):
        return w.CASE
    if _DOSSIER.search(plain):
        return w.DOSSIER
    return next((kind for kind, ends in _KINDS if plain.endswith(ends)), w.STATEMENT)


def _says_nothing(clause: str) -> bool:
    """不需提供材料, unless it is said of counties and districts only."""
    match = _NOT_ASKED.search(clause)
    return bool(match and not _OTHERS.search(clause[: match.start()].replace("省辖市", "")))


def _pieces(material: str) -> str:
    match = _PIECES.search(texts.squash(material))
    if not match:
        return ""
    return match[1] if match[1].isdecimal() else str(_NUMERALS[match[1]])


def _measure(material: str) -> str:
    return next((measure for word, measure in _MEASURES if word in material), "")


# --- the units -----------------------------------------------------------------------------


def _units(responsible: Iterable[str], issuer: str) -> tuple[tuple[Unit, ...], list[str]]:
    """Units in order of appearance; a shorter name becomes an alias where exactly one fits."""
    names = list(dict.fromkeys(n.name for said in responsible for n in identity.named_units(said)))
    alias_of = _aliases(names, issuer)
    units = {
        full: Unit(code=f"{i:02d}", name=full)
        for i, full in enumerate(dict.fromkeys(alias_of.get(n, n) for n in names), 1)
    }
    for short, full in alias_of.items():
        units[full] = replace(units[full], aliases=(*units[full].aliases, short))
    said = [
        f"“{short}”看作“{full}”的别名（已写入责任单位表的别名栏）；不对的请改。"
        for short, full in alias_of.items()
    ]
    return tuple(units.values()), said


def _aliases(names: list[str], issuer: str) -> dict[str, str]:
    """Shorter name -> the one fuller name it can mean; longer names are settled first."""
    alias_of: dict[str, str] = {}
    for name in sorted(names, key=len, reverse=True):
        fitting = {
            alias_of.get(other, other) for other in names if _is_short_for(name, other, issuer)
        }
        if len(fitting) == 1:
            alias_of[name] = fitting.pop()
    return {name: alias_of[name] for name in names if name in alias_of}


class _Reading(NamedTuple):
    """A name taken apart: 市 + 自然资源和规划 + 局."""

    region: str
    stem: str
    kind: str


_KIND_OF_OFFICE = re.compile(rf"(?:{w.OFFICES})$")


def _readings(name: str) -> Iterator[_Reading]:
    """With and without a region: whether 市 in 市场监管局 is one cannot be seen from the name."""
    kind = _KIND_OF_OFFICE.search(name)
    if kind:
        stem = name[: kind.start()]
        yield _Reading("", stem, kind[0])
        for match in (
            re.match(p, stem) for p in ("[省市县区州]", "..[省市县区州]", "...[市县区州]")
        ):
            if match:
                yield _Reading(match[0], stem[match.end() :], kind[0])


def _is_short_for(short: str, full: str, issuer: str) -> bool:
    """Whether two names are one bureau: 公安局 / 市公安局, 自然资源局 / 市自然资源和规划局.

    Both are the same kind of office of the same region, and the shorter one's distinctive part is
    the whole of the other's, or one of the two that 和, 与 or 及 joins there.
    """
    return len(short) < len(full) and any(
        one.kind == other.kind
        and len(one.stem) > 1
        and one.stem in (other.stem, *_halves(other.stem))
        and _same_region(one.region, other.region, issuer)
        for one in _readings(short)
        for other in _readings(full)
    )


def _halves(stem: str) -> tuple[str, ...]:
    halves = re.split("[和与及]", stem)
    return tuple(halves) if len(halves) == 2 else ()


def _same_region(short: str, full: str, issuer: str) -> bool:
    """市 can be 平顶山市 in a letter of that city; 新华区 is somebody else."""
    return short == full or (full.endswith(short) and (len(full) == 1 or issuer.startswith(full)))
