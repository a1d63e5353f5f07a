"""The master workbook: what is written is read back, however the clerk rearranges it."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from dump import dump
from notices import REAL, row
from openpyxl.workbook import Workbook

from pdsfz_xl import draft, layout, master, master_book, notice
from pdsfz_xl import master_wording as ms
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Duty, Master, Notice, NoticeCell

ROOT = Path(__file__).parents[1]
TODAY = date(2019, 10, 1)
HEAD = 1
"""1-based row of the captions of 任务分解表."""


@pytest.fixture(scope="module")
def real() -> bytes:
    return master_book.write(draft.draw_up(notice.read(REAL), TODAY))


def small(*rows: dict[str, str]) -> bytes:
    cells = tuple({c: NoticeCell(t, "given" if t else "blank") for c, t in r.items()} for r in rows)
    letter = ("某法办〔2019〕21号", "某市法治办", "关于提交某材料的通知")
    return master_book.write(draft.draw_up(Notice(letter=letter, rows=cells), TODAY))


@pytest.fixture
def edit(tmp_path) -> Callable[..., Master]:
    """Read a master after a change the clerk made to it."""

    def edited(data: bytes, change: Callable[[Workbook], object] = Workbook.close) -> Master:
        book = openpyxl.load_workbook(io.BytesIO(data))
        change(book)
        path = tmp_path / "任务分解表.xlsx"
        book.save(path)
        return master.read(path, "master/任务分解表.xlsx")

    return edited


def setter(sheet: str, cell: str, value: object) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        book[sheet][cell] = value

    return change


def column(sheet, caption: str) -> int:
    """1-based column of a caption."""
    return next(c.column for r in sheet.iter_rows(max_row=HEAD) for c in r if c.value == caption)


def said(found: Master) -> list[str]:
    return [f"{p.rule} {p.where.sheet}!{p.where.cell} {p.message}" for p in found.problems]


def values(found: Master) -> Master:
    """Without what legitimately moves: rows, columns and the path."""
    return replace(
        found,
        path="",
        places={},
        indicators=tuple(replace(i, row=0) for i in found.indicators),
        requirements=tuple(replace(r, row=0) for r in found.requirements),
        units=tuple(replace(u, row=0) for u in found.units),
        templates=tuple(replace(t, row=0) for t in found.templates),
    )


# --- writing


def test_the_master_of_the_real_notice(real, golden):
    golden("master.txt", dump(real))


def test_the_same_draft_gives_the_same_bytes(real):
    assert master_book.write(draft.draw_up(notice.read(REAL), date(2024, 5, 5))) == real


def test_every_caption_says_what_belongs_there(real):
    book = openpyxl.load_workbook(io.BytesIO(real))
    for name, columns in {**master_book.SHEETS, w.SETTINGS_SHEET: ms.SETTING_HEAD}.items():
        head = HEAD if name == w.TABLE_SHEET else 1
        cells = [book[name].cell(head, i + 1) for i in range(len(columns))]
        assert all(cell.comment and cell.comment.text for cell in cells)
        assert book[name].freeze_panes


def test_codes_stay_text_and_dates_are_dates(real):
    """Also in rows still to come: the columns carry the format."""
    sheet = openpyxl.load_workbook(io.BytesIO(real))[w.TABLE_SHEET]
    key, start = column(sheet, "编码"), column(sheet, "材料起始日期")
    assert sheet.cell(HEAD + 2, key).number_format == "@"
    assert isinstance(sheet.cell(HEAD + 2, start).value, datetime)
    letters = openpyxl.utils.get_column_letter
    assert sheet.column_dimensions[letters(key)].number_format == "@"
    assert sheet.column_dimensions[letters(start)].number_format == w.DATE_FORMAT


def test_blank_continued_cells_are_tinted_and_merged_ones_are_not(real, tmp_path):
    from notices import real_letter, real_rows, word

    path = word(tmp_path / "通知.docx", real_letter(), real_rows(), "merged")
    merged = master_book.write(draft.draw_up(notice.read(path), TODAY))
    for data, tinted in ((real, True), (merged, False)):
        sheet = openpyxl.load_workbook(io.BytesIO(data))[w.TABLE_SHEET]
        colours = {
            c.fill.fgColor.rgb
            for r in sheet.iter_rows(min_row=HEAD + 1)
            for c in r
            if c.fill.fill_type
        }
        assert bool(colours) == tinted
        assert "A2:A5" in {str(m) for m in sheet.merged_cells.ranges}


def parts(data: bytes) -> dict[str, bytes]:
    """What is in a workbook; how tightly it is packed differs between machines."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_the_repository_is_a_workspace(real, request):
    """Its master is what `init` makes of its notice."""
    kept = ROOT / "master" / "任务分解表.xlsx"
    if request.config.getoption("--golden-update"):
        kept.write_bytes(real)
    assert (ROOT / "master" / "通知.txt").read_bytes() == REAL.read_bytes()
    assert parts(kept.read_bytes()) == parts(real), "pytest --golden-update"


# --- reading back


def test_the_figures_of_the_real_notice(edit, real):
    plan = edit(real)
    assert len(plan.indicators) == 29
    assert len({i.level1 for i in plan.indicators}) == 9
    assert len({i.level2 for i in plan.indicators}) == 19
    assert len(plan.requirements) == 24
    assert len(plan.units) == 13
    assert len(plan.assignments) == 30
    assert plan.problems == ()
    assert plan.settings == draft.draw_up(notice.read(REAL), TODAY).settings
    idle = [u.name for u in plan.units if not plan.due(u.code)]
    assert idle == ["市财政局"]


def test_indicators_that_ask_nothing_and_the_one_that_joins(edit, real):
    plan = edit(real)
    nothing = [i.number for i in plan.indicators if not i.requirements and not i.joined_to]
    assert nothing == [1, 8, 10, 14, 15, 16, 20, 21]
    assert plan.indicator[8].material.endswith("省辖市政府不需提供材料。")
    assert plan.indicator[19].joined_to == 18
    assert [r.numbers for r in plan.requirements if r.also] == [(18, 19), (18, 19)]
    assert plan.indicator[19].units == ("07",)


def test_a_requirement_has_everything_its_row_says(edit, real):
    first = edit(real).requirement["02.1"]
    assert (first.number, first.kind, first.measure) == (2, "数据", "条")
    assert (first.start, first.end, first.pieces) == (date(2016, 1, 1), None, 0)
    assert (first.advised, first.limit) == (500, 1000)
    assert first.level1 == "一、政府职能依法全面履行"
    assert first.duties == (Duty("02"),)


def test_a_name_is_matched_by_alias(edit, real):
    duties = edit(real).requirement["25"].duties
    assert [duty.unit for duty in duties] == ["08", "09", "03", "10", "11", "12", "13"]


@pytest.mark.parametrize("how", ["repeated", "blank"])
def test_merged_repeated_and_blank_cells_all_read_the_same(edit, real, how):
    def unmerge(book: Workbook) -> None:
        sheet = book[w.TABLE_SHEET]
        for area in list(sheet.merged_cells.ranges):
            value = sheet.cell(area.min_row, area.min_col).value
            sheet.unmerge_cells(str(area))
            if how == "repeated" and area.min_row > HEAD:
                for r in range(area.min_row, area.max_row + 1):
                    sheet.cell(r, area.min_col).value = value

    assert values(edit(real, unmerge)) == values(edit(real))


def test_columns_may_stand_in_any_order_among_others(edit, real):
    """And findings name the cell where it stands now."""

    def shuffle(book: Workbook) -> None:
        for name in master_book.SHEETS:
            sheet = book[name]
            for area in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(area))
            table = [[c.value for c in r][::-1] for r in sheet.iter_rows()]
            sheet.delete_rows(1, sheet.max_row)
            sheet.append(["我加的标题"])
            for cells in table:
                sheet.append([cells[0], "我加的列", *cells[1:]])
        book[w.TABLE_SHEET]["M4"] = "不认识的局"

    plan = edit(real, shuffle)
    assert [(p.rule, p.where.cell) for p in plan.problems] == [("M03", "M4")]
    back = edit(real)
    assert [r.key for r in plan.requirements] == [r.key for r in back.requirements]
    assert [u.aliases for u in plan.units] == [u.aliases for u in back.units]


def test_equal_texts_never_merge(edit):
    plan = edit(small(row(1, "情况说明"), row(2, "情况说明"), row(3, "情况说明")))
    assert [r.key for r in plan.requirements] == ["01", "02", "03"]


def test_a_row_is_a_requirement_exactly_when_its_code_is_filled(edit):
    data = small(row(1, "甲"), row(2, "不需提供材料"))
    assert [r.key for r in edit(data).requirements] == ["01"]
    plan = edit(data, setter(w.TABLE_SHEET, f"H{HEAD + 1}", None))
    assert plan.requirements == ()
    assert said(plan) == ["M15 任务分解表!H2 这一行要求材料，但没有编码"]


@pytest.mark.parametrize(
    "typed",
    [
        datetime(2018, 5, 1), "2018-05-01", "2018-5-1", "2018/5/1", "2018.5.1", "2018年5月1日",
        "２０１８年５月１日", "20180501", 20180501, " 2018-05-01 ",
    ],
)  # fmt: skip
def test_dates_as_people_write_them(edit, typed):
    plan = edit(small(row(1, "甲")), setter(w.TABLE_SHEET, f"L{HEAD + 1}", typed))
    assert plan.requirements[0].start == date(2018, 5, 1)
    assert plan.problems == ()


@pytest.mark.parametrize(
    ("cell", "typed", "problem"),
    [
        ("L2", "五月", "M09 任务分解表!L2 “五月”不是日期"),
        ("L2", "2018-13-01", "M09 任务分解表!L2 “2018-13-01”不是日期"),
        ("J2", "五百", "M09 任务分解表!J2 “五百”不是整数"),
        ("J2", 0.5, "M09 任务分解表!J2 “0.5”不是整数"),
        ("N2", -1, "M09 任务分解表!N2 “-1”不是整数"),
        ("C2", "甲", "M09 任务分解表!C2 “甲”不是序号"),
        ("C2", None, "M09 任务分解表!C2 “”不是序号"),
        ("G2", "市司发局", "M03 任务分解表!G2 “市司发局”不在责任单位表里，最接近的是“市司法局”"),
        ("G2", "XYZ", "M03 任务分解表!G2 “XYZ”不在责任单位表里"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_cell(edit, cell, typed, problem):
    """And the rest is read: a bad date is none, a bad number the default, the key tells 序号."""
    plan = edit(small(row(1, "甲")), setter(w.TABLE_SHEET, cell, typed))
    assert said(plan) == [problem]
    requirement = plan.requirements[0]
    assert (requirement.number, requirement.start, requirement.advised) == (1, None, 500)


def test_numbers_typed_as_text_are_numbers(edit):
    plan = edit(small(row(1, "甲")), setter(w.TABLE_SHEET, "J2", "３００"))
    assert plan.requirements[0].advised == 300
    plan = edit(small(row(1, "甲")), setter(w.TABLE_SHEET, "K2", 300))
    assert (plan.requirements[0].advised, plan.requirements[0].limit) == (300, 300)


@pytest.mark.parametrize(
    ("cell", "typed", "field", "value"),
    [
        ("报送截止日期", "2019年11月1日", "deadline", date(2019, 11, 1)),
        ("报送截止日期", "十月底", "deadline", None),
        ("任务代码", " f２０19 ", "code", "F2019"),
        ("建议字数", "", "advised", 500),
        ("字数上限", "很多", "limit", 1000),
        ("联系电话", 2663225, "phone", "2663225"),
    ],
)
def test_settings_as_the_clerk_types_them(edit, cell, typed, field, value):
    def change(book: Workbook) -> None:
        sheet = book[w.SETTINGS_SHEET]
        at = next(r for r in range(1, 30) if sheet.cell(r, 1).value == cell)
        sheet.cell(at, 2).value = typed

    plan = edit(small(row(1, "甲")), change)
    assert getattr(plan.settings, field) == value
    assert bool(plan.problems) == (typed in ("十月底", "很多"))


def test_settings_are_found_wherever_they_stand(edit, real):
    def move(book: Workbook) -> None:
        book[w.SETTINGS_SHEET].insert_rows(1, 3)
        book[w.SETTINGS_SHEET].insert_cols(1)

    plan = edit(real, move)
    assert plan.settings == edit(real).settings
    assert plan.where(w.SETTINGS_SHEET, "报送截止日期").cell == "C9"


def test_units_groups_and_roles(edit):
    def groups(book: Workbook) -> None:
        sheet = book[w.UNITS_SHEET]
        sheet.delete_rows(3)
        for code, name in (("20", "新华区政府"), ("21", "卫东区政府")):
            sheet.append([code, name, None, "各县（市、区）"])

    plan = edit(small(row(1, "甲", "市司法局（牵头）、各县（市、区）（配合）、市司法局")), groups)
    assert plan.requirements[0].duties == (
        Duty("01", "牵头"),
        Duty("20", "配合"),
        Duty("21", "配合"),
    )


def test_a_unit_has_several_aliases_and_addresses(edit):
    def change(book: Workbook) -> None:
        for cell, value in (
            ("A2", " sfj "),
            ("C2", "司法局、法治办"),
            ("G2", "a@b.cn；c@d.cn"),
            ("I2", "2019-11-01"),
        ):
            book[w.UNITS_SHEET][cell] = value

    unit = edit(small(row(1, "甲", "市司法局"), row(2, "乙", "法治办")), change).units[0]
    assert unit.code == "SFJ"
    assert unit.aliases == ("司法局", "法治办")
    assert unit.emails == ("a@b.cn", "c@d.cn")
    assert unit.extended == date(2019, 11, 1)


def test_a_blank_responsible_unit_goes_on_and_is_blamed_once(edit):
    data = small(row(1, "甲"), row(2, "乙", ""), row(3, "丙", ""))
    assert [r.duties for r in edit(data).requirements] == [(Duty("01"),)] * 3
    plan = edit(data, setter(w.TABLE_SHEET, "G2", "无此局"))
    assert [p.where.cell for p in plan.problems] == ["G2"]


def test_blank_materials_join_what_stands_above(edit):
    """A chain joins the first; below one that asks for nothing there is nothing either."""
    plan = edit(small(row(1, "甲"), row(2, ""), row(3, ""), row(4, "不需提供材料"), row(5, "")))
    assert [i.joined_to for i in plan.indicators] == [0, 1, 1, 0, 0]
    assert plan.requirements[0].numbers == (1, 2, 3)
    assert plan.indicator[5].material == "不需提供材料"


def test_waivers_name_units_or_all(edit):
    def change(book: Workbook) -> None:
        sheet = book[w.WAIVERS_SHEET]
        for i, cells in enumerate(
            (("市司法局", "01", "l01", "说明"), (None, None, "T02"), ("无此局", None, "L01")), 2
        ):
            for j, value in enumerate(cells, 1):
                sheet.cell(i, j).value = value

    plan = edit(small(row(1, "甲")), change)
    assert [(x.unit, x.requirement, x.rule) for x in plan.waivers] == [
        ("01", "01", "L01"),
        ("", "", "T02"),
    ]
    assert said(plan) == ["M18 同意不改!A4 同意不改里的“无此局”对不上任何单位"]


@pytest.mark.parametrize("name", [w.SETTINGS_SHEET, *master_book.SHEETS])
def test_a_missing_sheet_is_said(edit, real, name):
    plan = edit(real, lambda book: book.remove(book[name]))
    assert f"缺少工作表“{name}”" in [p.message for p in plan.problems if p.rule == "M01"]


@pytest.mark.parametrize("name", master_book.SHEETS)
def test_a_missing_column_is_said(edit, real, name):
    for missing in master_book.SHEETS[name]:

        def drop(book: Workbook, missing: layout.Column = missing) -> None:
            sheet = book[name]
            head = HEAD if name == w.TABLE_SHEET else 1
            sheet.cell(head, column(sheet, missing.caption)).value = None

        plan = edit(real, drop)
        lacking = [p.message for p in plan.problems if p.rule == "M01"]
        assert lacking == [f"缺少列“{missing.caption}”"]


def test_empty_sheets_and_missing_settings_are_said(edit, real):
    def clear(book: Workbook) -> None:
        for sheet in book:
            for area in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(area))
            sheet.delete_rows(1, 100)

    plan = edit(real, clear)
    wanted = (
        len(layout.SETTINGS)
        - len(layout.LATER_SETTINGS)
        + sum(len(columns) for columns in master_book.SHEETS.values())
    )
    assert [p.rule for p in plan.problems] == ["M01"] * wanted
    assert plan.requirements == ()


# --- files that cannot be read


def test_a_damaged_master(tmp_path, real):
    path = tmp_path / "任务分解表.xlsx"
    for data in (b"", real[:3000], b"text", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        path.write_bytes(data)
        with pytest.raises(OperatorError, match=r"任务分解表\.xlsx 读不出来"):
            master.read(path)


def test_a_master_that_is_not_there(tmp_path):
    with pytest.raises(OperatorError, match="pdsfz-xl init"):
        master.read(tmp_path / "任务分解表.xlsx")


def test_a_master_locked_by_excel(tmp_path, monkeypatch):
    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pdsfz_xl.reader.read", locked)
    with pytest.raises(OperatorError, match="可能正被 Excel 打开") as caught:
        master.read(tmp_path / "任务分解表.xlsx")
    assert "denied" not in str(caught.value)


# --- writing keys into the clerk's own workbook


def test_keys_are_written_and_everything_else_stays(tmp_path, real):
    path = tmp_path / "任务分解表.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(real))
    book[w.TABLE_SHEET]["P2"] = "我的备注"
    book.save(path)
    before = dump(path.read_bytes())
    data = master.fixed(path, {"H2": "01"})
    changed = [
        (a, b) for a, b in zip(before.splitlines(), dump(data).splitlines(), strict=False) if a != b
    ]
    assert len(dump(data).splitlines()) == len(before.splitlines()) + 1
    assert "  H2 @ '01'" in dump(data)
    assert changed[0][1] == "  H2 @ '01'"
    assert path.read_bytes() != data
