"""Everything wrong with a master, at once, by sheet and cell."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from notices import REAL, row
from openpyxl.workbook import Workbook

from pdsfz_xl import draft, excel, form, layout, lint, master, master_book, notice, rules
from pdsfz_xl import master_wording as ms
from pdsfz_xl import wording as w
from pdsfz_xl.model import Master, Notice, NoticeCell

TODAY = date(2019, 10, 1)
LETTER = """某法办〔2019〕21号
某市法治办
关于提交某材料的通知
请于10月25日前报送材料。材料时间为2018年1月1日至2019年7月31日。
一般不超过500字，最多不超过1000字。
联系人：张三  电话：2663225  邮箱：a@b.cn
地址：某路
"""
SETTINGS, TABLE, UNITS = w.SETTINGS_SHEET, w.TABLE_SHEET, w.UNITS_SHEET
WAIVERS, TEMPLATES = w.WAIVERS_SHEET, w.TEMPLATES_SHEET


def drawn(*rows: dict[str, str], letter: str = LETTER) -> bytes:
    cells = tuple({c: NoticeCell(t, "given" if t else "blank") for c, t in r.items()} for r in rows)
    return master_book.write(
        draft.draw_up(Notice(letter=tuple(letter.splitlines()), rows=cells), TODAY)
    )


THREE = drawn(row(1, "甲"), row(2, "乙", "市公安局"), row(3, "丙", "市审计局"))
"""Rows 2, 3 and 4 of 任务分解表, units 01, 02 and 03 in rows 2, 3 and 4 of 责任单位."""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "任务分解表.xlsx"


@pytest.fixture
def edit(path) -> Callable[..., Master]:
    """Read a master after some cells were typed over: (sheet, cell) -> value."""

    def edited(cells: dict[tuple[str, str], Any], data: bytes = THREE) -> Master:
        book = openpyxl.load_workbook(io.BytesIO(data))
        for (sheet, cell), value in cells.items():
            book[sheet][cell] = value
        book.save(path)
        return master.read(path)

    return edited


def found(plan: Master) -> list[str]:
    return [f"{f.rule} {f.where.sheet}!{f.where.cell}" for f in lint.check(plan)]


def test_the_real_notice_has_no_error_and_one_warning(path):
    path.write_bytes(master_book.write(draft.draw_up(notice.read(REAL), TODAY)))
    (only,) = lint.check(master.read(path, "master/任务分解表.xlsx"))
    assert (only.rule, only.grade, only.unit) == ("M04", "B", "市财政局")
    assert only.where == ("master/任务分解表.xlsx", UNITS, "B2")
    assert only.message == "市财政局没有任何填报项，按“无需报送”处理"


def test_a_good_master_is_silent(edit):
    assert found(edit({})) == []


@pytest.mark.parametrize(
    ("cells", "findings"),
    [
        # units
        ({(TABLE, "G2"): "——", (TABLE, "G3"): "市司法局"},
         ["M03 任务分解表!G2", "M04 责任单位!B3"]),
        ({(TABLE, "G3"): "市公按局"}, ["M03 任务分解表!G3", "M04 责任单位!B3"]),
        ({(TABLE, "G3"): "０２"}, []),
        ({(TABLE, "G3"): None}, ["M04 责任单位!B3"]),
        ({(UNITS, "C2"): "公安"}, []),
        ({(UNITS, "C2"): "市公安局"}, ["M17 责任单位!C2"]),
        ({(UNITS, "C2"): "法治办", (UNITS, "C3"): "法治办"},
         ["M17 责任单位!C2", "M17 责任单位!C3"]),
        ({(UNITS, "D2"): "市公安局"}, ["M17 责任单位!D2"]),
        ({(UNITS, "C2"): "02"}, ["M17 责任单位!C2"]),
        ({(UNITS, "A3"): "01"}, ["M17 责任单位!A2", "M17 责任单位!A3"]),
        ({(UNITS, "A3"): None}, ["M14 责任单位!A3"]),
        ({(UNITS, "A3"): "公安"}, ["M14 责任单位!A3"]),
        ({(UNITS, "A3"): "SFJ12345678910"}, ["M14 责任单位!A3"]),
        ({(UNITS, "B3"): "很" * 130 + "局", (TABLE, "G3"): "很" * 130 + "局"},
         ["M12 责任单位!B3"]),
        # numbers and keys
        ({(TABLE, "C3"): "（1）"}, ["M05 任务分解表!C3", "M06 任务分解表!C4"]),
        ({(TABLE, "C3"): "（5）", (TABLE, "C4"): "（6）"}, ["M06 任务分解表!C3"]),
        ({(TABLE, "C3"): "某"}, ["M09 任务分解表!C3"]),
        ({(TABLE, "H3"): "01"}, ["M13 任务分解表!H3"]),
        ({(TABLE, "H3"): "2"}, ["M14 任务分解表!H3"]),
        ({(TABLE, "H3"): 2.1}, ["M14 任务分解表!H3"]),
        ({(TABLE, "H3"): "02.x"}, ["M14 任务分解表!H3"]),
        ({(TABLE, "H3"): "０２.１"}, []),
        ({(TABLE, "H3"): None}, ["M15 任务分解表!H3", "M04 责任单位!B3"]),
        ({(TABLE, "H3"): None, (TABLE, "I3"): w.NOT_ASKED}, ["M04 责任单位!B3"]),
        ({(TABLE, "I3"): w.NOT_ASKED}, ["M14 任务分解表!H3"]),
        ({(TABLE, f"H{r}"): None for r in (2, 3, 4)} | {(TABLE, f"F{r}"): None for r in (2, 3, 4)},
         ["M19 任务分解表!A1", "M04 责任单位!B2", "M04 责任单位!B3", "M04 责任单位!B4"]),
        ({(SETTINGS, "B3"): "任务"}, ["M14 任务设置!B3"]),
        ({(SETTINGS, "B3"): "F20192100X"}, ["M14 任务设置!B3"]),
        ({(SETTINGS, "B3"): None}, ["M14 任务设置!B3"]),
        # limits, dates, types
        ({(TABLE, "J3"): 900, (TABLE, "K3"): 800}, ["M07 任务分解表!J3"]),
        ({(TABLE, "J3"): 1200}, ["M07 任务分解表!J3"]),
        ({(TABLE, "K3"): 300}, []),
        ({(SETTINGS, "B9"): 2000, (SETTINGS, "B10"): 1000}, ["M07 任务设置!B9"]),
        ({(TABLE, "L3"): "2019-08-01"}, ["M08 任务分解表!L3"]),
        ({(TABLE, "L3"): "2019-05-01", (TABLE, "M3"): "2019-04-30"}, ["M08 任务分解表!L3"]),
        ({(SETTINGS, "B7"): "2020-01-01"}, ["M08 任务设置!B7"]),
        ({(UNITS, "I3"): "2019-10-01"}, ["M08 责任单位!I3"]),
        ({(SETTINGS, "B6"): "十月底"}, ["M09 任务设置!B6"]),
        ({(TABLE, "L3"): "五月", (TABLE, "J4"): "少"}, ["M09 任务分解表!L3", "M09 任务分解表!J4"]),
        ({(TABLE, "I3"): "随便"}, ["M10 任务分解表!I3"]),
        ({(TABLE, "I3"): None}, []),
        # settings
        ({(SETTINGS, "B6"): None, (SETTINGS, "B12"): None},
         ["M16 任务设置!B6", "M16 任务设置!B12"]),
        ({(SETTINGS, "A6"): "截止"}, ["M01 任务设置!A1"]),
        ({(SETTINGS, "B2"): "长" * 130}, ["M12 任务设置!B2"]),
        # mail
        ({(SETTINGS, "B17"): "smtp.126.com", (SETTINGS, "B18"): 465, (SETTINGS, "B19"): "ssl",
          (SETTINGS, "B24"): "ban@126.com；xx@163.com", (UNITS, "G2"): "a@b.gov.cn"}, []),
        ({(SETTINGS, "B17"): "smtp 126"}, ["M22 任务设置!B17"]),
        ({(SETTINGS, "B18"): 70000, (SETTINGS, "B23"): 0},
         ["M22 任务设置!B18", "M22 任务设置!B23"]),
        ({(SETTINGS, "B18"): "465端口"}, ["M09 任务设置!B18"]),
        ({(SETTINGS, "B19"): "加密"}, ["M22 任务设置!B19"]),
        ({(SETTINGS, "B19"): "无"}, ["M22 任务设置!B19"]),
        ({(SETTINGS, "B19"): "无", (SETTINGS, "B17"): "127.0.0.1"}, []),
        ({(SETTINGS, "B24"): "张三@x.cn"}, ["M23 任务设置!B24"]),
        ({(UNITS, "G2"): "a@@b", (UNITS, "G3"): "a@b.cn\nBcc:x"},
         ["M23 责任单位!G2", "M23 责任单位!G3"]),
        # texts that do not fit a form
        ({(TABLE, "F3"): "长" * 300}, ["M12 任务分解表!F3"]),
        ({(TABLE, "F3"): "长" * 200}, []),
        ({(TABLE, "D3"): "行\n" * 40}, ["M12 任务分解表!D3"]),
        ({(TABLE, "A2"): "长" * 120}, ["M12 任务分解表!A2"]),
        ({(TABLE, "A2"): "长" * 120, (TABLE, "A3"): None}, ["M12 任务分解表!A2"]),
        # templates and waivers
        ({(TEMPLATES, "C2"): "{单位}：{截止曰期}"}, ["M11 通知模板!C2"]),
        ({(TEMPLATES, "B3"): "{}{单 位}"}, ["M11 通知模板!B3", "M11 通知模板!B3"]),
        ({(TEMPLATES, "B3"): "｛单位｝"}, ["M11 通知模板!B3"]),
        ({(WAIVERS, "A2"): "市司法局", (WAIVERS, "B2"): "01", (WAIVERS, "C2"): "L01",
          (WAIVERS, "D2"): "领导同意", (WAIVERS, "F2"): "2019-10-24"}, []),
        ({(WAIVERS, "C2"): "L01"}, ["M20 同意不改!D2", "M20 同意不改!F2"]),
        ({(WAIVERS, "A2"): "市司法", (WAIVERS, "C2"): "L01"}, ["M18 同意不改!A2"]),
        ({(WAIVERS, "B2"): "99", (WAIVERS, "C2"): "L99",
          (WAIVERS, "D2"): "x", (WAIVERS, "F2"): "x"}, ["M18 同意不改!B2", "M18 同意不改!C2"]),
        ({(WAIVERS, "A2"): "市司法局", (WAIVERS, "D2"): "x", (WAIVERS, "F2"): "x"},
         ["M18 同意不改!C2"]),
        # everything at once, in the order of sheets and cells
        ({(TEMPLATES, "B2"): "{x}", (UNITS, "A4"): "-", (TABLE, "H3"): "2", (TABLE, "J3"): "多",
          (SETTINGS, "B3"): "", (TABLE, "I2"): "诗"},
         ["M14 任务设置!B3", "M10 任务分解表!I2", "M14 任务分解表!H3", "M09 任务分解表!J3",
          "M14 责任单位!A4", "M11 通知模板!B2"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_cell(edit, cells, findings):
    plan = edit(cells)
    assert found(plan) == findings
    assert all(f.message and f.fix and f.where.file for f in lint.check(plan))


def test_a_text_as_long_as_the_sentence_allows_fits(edit):
    """The limit it names is one that lint then accepts, and the form is not clipped."""
    plan = edit({(TABLE, "F3"): "长" * 400})
    (finding,) = lint.check(plan)
    limit = int(finding.message.split("超过了 ")[1].split(" ")[0])
    plan = edit({(TABLE, "F3"): "长" * limit})
    assert lint.check(plan) == ()
    widths = {column.caption: column.width for column in layout.FORM}
    texts = form.locked_texts(plan, plan.requirement["02"])
    cells = [(said, widths[caption]) for caption, said in texts.items()]
    assert excel.height(cells, size=layout.FORM_SIZE) < excel.MAX_HEIGHT


def test_a_joined_text_that_overflows_the_demand_is_said(edit):
    data = drawn(row(1, "甲"), {**row(2, ""), w.INDICATOR: "长" * 250})
    assert found(edit({}, data)) == ["M12 任务分解表!F2"]


def test_what_is_missing_is_found_where_columns_were_moved(edit, path):
    """A finding names the cell where the clerk has the column now."""
    edit({(TABLE, "I3"): "随便"})
    book = openpyxl.load_workbook(path)
    for area in list(book[TABLE].merged_cells.ranges):
        book[TABLE].unmerge_cells(str(area))
    book[TABLE].insert_cols(1, 2)
    book[TABLE].insert_rows(1, 4)
    book.save(path)
    assert found(master.read(path)) == ["M10 任务分解表!K7"]


def test_the_known_placeholders_are_named_and_used(edit):
    """Every template of ours is clean, and every placeholder it may use is told."""
    (finding,) = lint.check(edit({(TEMPLATES, "C2"): "{x}"}))
    assert all(f"{{{name}}}" in finding.fix for name in ms.PLACEHOLDERS)
    assert {kind for kind, _, _ in ms.TEMPLATES} == set(w.NOTICE_KINDS)


# --- keys for inserted rows


def insert(path: Path, at: int, *rows: tuple[str | None, ...]) -> Master:
    """Insert rows below a row of a workbook without merges, as the clerk does in Excel."""
    book: Workbook = openpyxl.load_workbook(path)
    sheet = book[TABLE]
    for area in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(area))
    sheet.insert_rows(at, len(rows))
    for i, cells in enumerate(rows):
        for column, value in zip((3, 4, 6, 7), cells, strict=True):
            sheet.cell(at + i, column).value = value
    book.save(path)
    return master.read(path)


def test_inserted_rows_get_keys_of_their_own(edit, path):
    """A further item of an indicator, a new indicator, two at once; nothing is renumbered."""
    edit({}, drawn(row(1, "（1）甲；（2）乙"), row(2, "丙"), row(3, "（2）丁")))
    plan = insert(path, 4, (None, None, "新的一项", None), (None, None, "又一项", None))
    assert lint.missing_codes(plan) == {"H4": "01.3", "H5": "01.4"}
    plan = insert(path, 7, (None, None, "第二项", None))
    plan = insert(path, 9, (None, None, "第三项", None), ("（4）", "新指标", "材料", "市司法局"))
    keys = lint.missing_codes(plan)
    assert keys == {"H4": "01.3", "H5": "01.4", "H7": "02.2", "H9": "03.3", "H10": "04"}
    path.write_bytes(master.fixed(path, keys))
    plan = master.read(path)
    assert [r.key for r in plan.requirements] == [
        "01.1", "01.2", "01.3", "01.4", "02", "02.2", "03.2", "03.3", "04",
    ]  # fmt: skip
    assert lint.missing_codes(plan) == {}
    assert lint.check(plan) == ()


def test_a_deleted_key_is_not_used_again_below_a_later_one(edit, path):
    edit({}, drawn(row(1, "（1）甲；（2）乙；（3）丙")))
    book = openpyxl.load_workbook(path)
    book[TABLE]["H3"] = None
    book.save(path)
    assert lint.missing_codes(master.read(path)) == {"H3": "01.4"}


def test_keys_are_as_wide_as_those_there_are(edit):
    data = drawn(row(7, "甲"), row(120, "乙"))
    assert lint.missing_codes(edit({(TABLE, "H2"): None}, data)) == {"H2": "007"}


def test_without_a_readable_number_there_is_no_key(edit):
    plan = edit({(TABLE, "H3"): None, (TABLE, "C3"): "某"})
    assert lint.missing_codes(plan) == {}
    assert found(plan) == ["M09 任务分解表!C3", "M15 任务分解表!H3", "M04 责任单位!B3"]


def test_malformed_keys_do_not_stop_it(edit):
    plan = edit({(TABLE, "H2"): "01.x", (TABLE, "H3"): "甲", (TABLE, "H4"): None})
    assert lint.missing_codes(plan) == {"H4": "03"}


def test_every_rule_of_the_master_is_spoken_here():
    """So that a new M rule gets a case."""
    source = Path(__file__).read_text("utf-8")
    # M21 is found in a round: see test_rules.
    codes = [c for c in rules.RULES if c.startswith("M") and c not in ("M02", "M21")]
    assert [code for code in codes if f"{code} " not in source] == []


def test_a_first_row_without_a_unit_is_said(edit):
    assert found(edit({(TABLE, "G2"): None})) == ["M02 任务分解表!G2", "M04 责任单位!B2"]


@pytest.mark.parametrize("merged", [True, False])
def test_a_changed_unit_leaves_the_rows_below_as_they_were(tmp_path, merged):
    """They went on with the cell that changes, merged with it or blank."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表"
    for number, unit in enumerate(("甲局", "乙局", None, None), 1):
        sheet.cell(number, 7).value, sheet.cell(number, 1).value = unit, number
    if merged:
        sheet.merge_cells("G2:G4")
    path = tmp_path / "a.xlsx"
    book.save(path)
    data = excel.write_in_column(path, "表", "G", {3: "丙局"})
    cells = openpyxl.load_workbook(io.BytesIO(data))["表"]
    assert [cells.cell(n, 7).value for n in range(1, 5)] == ["甲局", "乙局", "丙局", "乙局"]
