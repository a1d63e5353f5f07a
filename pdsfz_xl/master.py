"""The clerk's master workbook in, a `Master` out: lenient, and it says what it could not read.

Judging is for `lint`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import excel, identity, layout, reader, rules
from pdsfz_xl import master_wording as ms
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import (
    Duty,
    Finding,
    Indicator,
    Master,
    Requirement,
    Settings,
    Template,
    Unit,
    Waiver,
    Where,
)
from pdsfz_xl.text import parse_date
from pdsfz_xl.units import Names

_DATES = frozenset({"deadline", "period_start", "period_end"})
_NUMBERS = frozenset({"advised", "limit", "smtp_port", "inbox_port"})


def read(path: Path, display: str = "") -> Master:
    """The clerk's master. `display` is the file's name in findings.

    Raises OperatorError only where the file cannot be read at all.
    """
    try:
        book = reader.read(path)
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}）；"
            "请用 Excel 打开检查，或从 out/存档、备份里找回。"
        ) from refused
    except FileNotFoundError as error:
        raise OperatorError(f"找不到 {path}；请先运行 pdsfz-xl init 通知文件。") from error
    except OSError as error:
        raise OperatorError(
            f"{path.name} 打不开（可能正被 Excel 打开，或没有读取权限）；请关闭它后重新运行。"
        ) from error
    return _Reader(book, display or path.name).read()


class _Line(NamedTuple):
    """A row of a sheet: its 1-based number and its texts by caption, blanks left out."""

    row: int
    cells: Mapping[str, str]


class _Reader:
    """Reads sheet by sheet and collects what it could not understand."""

    def __init__(self, book: reader.Book, file: str) -> None:
        self.sheets = {texts.squash(sheet.name): sheet for sheet in book.sheets}
        self.file = file
        self.problems: list[Finding] = []
        self.places: dict[str, dict[str, str]] = {}

    def read(self) -> Master:
        settings = self.read_settings()
        units = tuple(self.read_units())
        names = Names(units)
        indicators, requirements = self.read_table(settings, names)
        waivers = tuple(self.read_waivers(names))
        templates = tuple(
            Template(
                kind=line.cells.get("种类", ""),
                subject=line.cells.get("主题", ""),
                body=line.cells.get("正文", ""),
                row=line.row,
            )
            for line in self.lines(w.TEMPLATES_SHEET, layout.TEMPLATES)
            if line.cells.get("种类")
        )
        return Master(
            path=self.file,
            settings=settings,
            indicators=indicators,
            requirements=requirements,
            units=units,
            waivers=waivers,
            templates=templates,
            problems=tuple(self.problems),
            places=self.places,
        )

    def problem(self, code: str, sheet: str, cell: str, **context: str) -> None:
        self.problems.append(rules.finding(code, Where(self.file, sheet, cell), **context))

    def sheet(self, name: str) -> reader.Sheet | None:
        found = self.sheets.get(texts.squash(name))
        if found is None:
            self.problem("M01", name, "", what=ms.lacking_sheet(name))
        return found

    def read_settings(self) -> Settings:
        sheet = self.sheet(w.SETTINGS_SHEET)
        if sheet is None:
            return Settings()
        places = self.places.setdefault(w.SETTINGS_SHEET, {})
        values: dict[str, Any] = {}
        for (row, column), cell in sorted(sheet.cells.items()):
            key = texts.squash(cell.text)
            if key in layout.SETTINGS and key not in places:
                places[key] = layout.cell_name(row, column + 1)
                said = sheet.cells.get((row, column + 1))
                text = texts.tidy(said.text) if said else ""
                values |= self.setting(layout.SETTINGS[key], text, places[key])
        for key in layout.SETTINGS:
            if key not in places and key not in layout.LATER_SETTINGS:
                self.problem("M01", w.SETTINGS_SHEET, "A1", what=ms.lacking_setting(key))
        settings = Settings(**values)
        return replace(settings, code=texts.squash(settings.code).upper())

    def setting(self, name: str, text: str, cell: str) -> dict[str, Any]:
        """The value of one setting; a blank or unreadable number leaves the default."""
        if name in _DATES:
            return {name: self.date(text, w.SETTINGS_SHEET, cell)}
        if name in _NUMBERS:
            number = self.whole(text, w.SETTINGS_SHEET, cell)
            return {} if number is None else {name: number}
        return {name: text}

    def lines(self, name: str, columns: tuple[layout.Column, ...]) -> Iterator[_Line]:
        """The rows below the caption row, which is found by its captions."""
        sheet = self.sheet(name)
        if sheet is None:
            return
        known = {texts.squash(column.caption): column.caption for column in columns}
        rows: dict[int, dict[int, str]] = {}
        for (row, column), cell in sorted(sheet.cells.items()):
            if text := texts.tidy(cell.text):
                rows.setdefault(row, {})[column] = text
        named = {row: len({*map(texts.squash, cells.values())} & known.keys())
                 for row, cells in rows.items()}  # fmt: skip
        head = max(named, key=lambda row: named[row], default=0)
        captions: dict[int, str] = {}
        for column, text in rows.get(head, {}).items():
            caption = known.get(texts.squash(text), "")
            if caption and caption not in captions.values():
                captions[column] = caption
        self.places[name] = {c: layout.column_name(column) for column, c in captions.items()}
        for caption in (column.caption for column in columns):
            if caption not in captions.values():
                self.problem("M01", name, f"A{head + 1}", what=ms.lacking_column(caption))
        for row, cells in rows.items():
            if row > head:
                yield _Line(row + 1, {captions[c]: t for c, t in cells.items() if c in captions})

    def cell(self, sheet: str, row: int, caption: str) -> str:
        return f"{self.places.get(sheet, {}).get(caption, 'A')}{row}"

    def date(self, said: str, sheet: str, cell: str) -> date | None:
        day = parse_date(said)
        if said and day is None:
            self.problem("M09", sheet, cell, found=texts.brief(said), **ms.EXPECT_DATE)
        return day

    def whole(self, said: str, sheet: str, cell: str) -> int | None:
        plain = texts.squash(said)
        if not plain:
            return None
        if plain.isdecimal() and len(plain) < 7:
            return int(plain)
        self.problem("M09", sheet, cell, found=texts.brief(said), **ms.EXPECT_NUMBER)
        return None

    def read_units(self) -> Iterator[Unit]:
        for line in self.lines(w.UNITS_SHEET, layout.UNITS):
            said = line.cells.get
            if not said("单位名称"):
                continue
            extended = self.cell(w.UNITS_SHEET, line.row, "延期至")
            yield Unit(
                code=texts.squash(said("代码", "")).upper(),
                name="".join(said("单位名称", "").split()),
                aliases=_list(said("别名", "")),
                group=said("分组", ""),
                contact=said("联系人", ""),
                phone=said("电话", ""),
                emails=_list(said("邮箱", "")),
                channel=said("报送方式", ""),
                extended=self.date(said("延期至", ""), w.UNITS_SHEET, extended),
                approver=said("批准人", ""),
                row=line.row,
            )

    def read_waivers(self, names: Names) -> Iterator[Waiver]:
        for line in self.lines(w.WAIVERS_SHEET, layout.WAIVERS):
            said = line.cells.get
            if not (said("单位") or said("规则代码") or said("编码")):
                continue
            units = names.codes(said("单位", ""))
            if said("单位") and not units:
                cell = self.cell(w.WAIVERS_SHEET, line.row, "单位")
                found = texts.brief(said("单位", ""))
                self.problem("M18", w.WAIVERS_SHEET, cell, found=found, what="单位")
                continue
            for unit in units or ("",):
                yield Waiver(
                    unit=unit,
                    requirement=said("编码", ""),
                    rule=texts.squash(said("规则代码", "")).upper(),
                    reason=said("理由", ""),
                    approver=said("批准人", ""),
                    date=said("日期", ""),
                    row=line.row,
                )

    # --- 任务分解表

    def read_table(
        self, settings: Settings, names: Names
    ) -> tuple[tuple[Indicator, ...], tuple[Requirement, ...]]:
        """Indicators and requirements; a blank cell goes on with the row above."""
        indicators: list[Indicator] = []
        requirements: list[Requirement] = []
        above: dict[str, str] = {}
        duties: tuple[Duty, ...] = ()
        for line in self.lines(w.TABLE_SHEET, layout.TABLE):
            own = {c: line.cells[c] for c in layout.NOTICE_COLUMNS if c in line.cells}
            key = texts.squash(line.cells.get("编码", ""))
            if not own and not key:
                continue
            fresh = not above or _begins_indicator(own, above)
            above = _carried(own, above, fresh)
            if fresh:
                indicators.append(self.indicator(above, line, key))
            if w.RESPONSIBLE in own:
                duties = self.duties(own[w.RESPONSIBLE], line.row, names)
            indicator = indicators[-1]
            if key:
                requirement = self.requirement(key, line, above, indicator, duties, settings)
                requirements.append(requirement)
                keys = (*indicator.requirements, key)
                indicator = replace(indicator, requirements=keys, joined_to=0)
            elif material := own.get(w.MATERIAL, ""):
                said = "\n".join(part for part in (indicator.material, material) if part)
                indicator = replace(indicator, material=said)
                self.expect_code(line)
            elif fresh and len(indicators) > 1:
                indicator = _joined(indicator, indicators[-2])
            units_here = (*indicator.units, *(d.unit for d in duties))
            indicators[-1] = replace(indicator, units=tuple(dict.fromkeys(units_here)))
        return tuple(indicators), tuple(_share(requirements, indicators))

    def indicator(self, carried: Mapping[str, str], line: _Line, key: str) -> Indicator:
        """A new indicator; a 序号 that cannot be read is said, and 编码 tells it if it can."""
        said = carried[w.NUMBER]
        number = _number(said)
        if not number:
            cell = self.cell(w.TABLE_SHEET, line.row, w.NUMBER)
            self.problem("M09", w.TABLE_SHEET, cell, found=texts.brief(said), **ms.EXPECT_ORDINAL)
            number = int(key.partition(".")[0]) if identity.KEY.fullmatch(key) else 0
        return Indicator(
            number=number,
            level1=carried.get(w.LEVEL1, ""),
            level2=carried.get(w.LEVEL2, ""),
            text=carried.get(w.INDICATOR, ""),
            method=carried.get(w.METHOD, ""),
            row=line.row,
        )

    def expect_code(self, line: _Line) -> None:
        """A row that asks for something needs a key; 不需填报 says it asks for nothing."""
        kind = line.cells.get("填报类型", "")
        if kind != w.NOT_ASKED:
            cell = self.cell(w.TABLE_SHEET, line.row, "编码")
            self.problem("M15", w.TABLE_SHEET, cell)

    def duties(self, said: str, row: int, names: Names) -> tuple[Duty, ...]:
        found: dict[str, Duty] = {}
        for named in identity.named_units(said):
            units = names.codes(named.name)
            if not units:
                cell = self.cell(w.TABLE_SHEET, row, w.RESPONSIBLE)
                self.problem(
                    "M03", w.TABLE_SHEET, cell, name=texts.brief(named.name),
                    nearest=w.nearest(names.nearest(named.name)),
                )  # fmt: skip
            for unit in units:
                found.setdefault(unit, Duty(unit, named.role))
        return tuple(found.values())

    def requirement(
        self,
        key: str,
        line: _Line,
        carried: Mapping[str, str],
        indicator: Indicator,
        duties: tuple[Duty, ...],
        settings: Settings,
    ) -> Requirement:
        def at(caption: str) -> tuple[str, str, str]:
            said = line.cells.get(caption, "")
            return said, w.TABLE_SHEET, self.cell(w.TABLE_SHEET, line.row, caption)

        advised, limit = self.whole(*at("建议字数")), self.whole(*at("字数上限"))
        limit = settings.limit if limit is None else limit
        return Requirement(
            key=key,
            number=indicator.number,
            level1=carried.get(w.LEVEL1, ""),
            level2=carried.get(w.LEVEL2, ""),
            text=indicator.text,
            method=indicator.method,
            material=line.cells.get(w.MATERIAL, ""),
            kind=line.cells.get("填报类型", "") or w.STATEMENT,
            advised=min(settings.advised, limit) if advised is None else advised,
            limit=limit,
            start=self.date(*at("材料起始日期")),
            end=self.date(*at("材料截止日期")),
            pieces=self.whole(*at("最少件数")) or 0,
            measure=line.cells.get("计量单位", ""),
            note=line.cells.get(w.NOTE, ""),
            duties=duties,
            row=line.row,
        )


def _begins_indicator(own: Mapping[str, str], above: Mapping[str, str]) -> bool:
    """A row begins a new indicator unless its number and text are blank or repeat."""
    return any(own.get(c, above[c]) != above[c] for c in (w.NUMBER, w.INDICATOR))


def _carried(own: Mapping[str, str], above: Mapping[str, str], fresh: bool) -> dict[str, str]:
    """The row's texts with blanks filled from above, but a new indicator has its own 序号.

    A new 一级指标 does not go on with the 二级指标 of another.
    """
    carried = {w.NUMBER: "", w.INDICATOR: "", **above, **own}
    if fresh:
        carried[w.NUMBER] = own.get(w.NUMBER, "")
    if own.get(w.LEVEL1, above.get(w.LEVEL1)) != above.get(w.LEVEL1):
        carried[w.LEVEL2] = own.get(w.LEVEL2, "")
    return carried


def _joined(indicator: Indicator, above: Indicator) -> Indicator:
    """An indicator with a blank 填报材料: it asks for what the one above asks for, or nothing."""
    if above.joined_to or above.requirements:
        return replace(indicator, joined_to=above.joined_to or above.number)
    return replace(indicator, material=above.material)


def _share(requirements: list[Requirement], indicators: list[Indicator]) -> Iterator[Requirement]:
    """Requirements with the numbers of later indicators that joined theirs."""
    for requirement in requirements:
        also = tuple(i.number for i in indicators if i.joined_to == requirement.number)
        yield replace(requirement, also=also)


def _number(said: str) -> int:
    digits = "".join(c for c in texts.squash(said) if c.isdecimal())
    return int(digits) if digits and len(digits) < 6 else 0


def _list(said: str) -> tuple[str, ...]:
    for separator in "，,；;\n ":
        said = said.replace(separator, "、")
    return tuple(part for part in said.split("、") if part)


def reassigned(path: Path, master: Master, duties: Mapping[int, str]) -> bytes:
    """The clerk's own workbook with other 责任单位: by row, the names to write."""
    column = master.places[w.TABLE_SHEET][w.RESPONSIBLE]
    return excel.write_in_column(path, w.TABLE_SHEET, column, duties)


def fixed(path: Path, keys: Mapping[str, str]) -> bytes:
    """The clerk's own workbook with 编码 cells (address -> key) written in."""
    return excel.write_cells(path, {(w.TABLE_SHEET, cell): key for cell, key in keys.items()})
