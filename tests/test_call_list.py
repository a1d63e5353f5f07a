"""催报电话单.xlsx: whom to call and for what, and what the clerk wrote comes back, once."""

import io
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from client import convert, needs_office
from samples import NOW, arrival, batch, master, requirement, returned

from pdsfz_xl import call_list, contacts, owed
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled
from pdsfz_xl.ledger import Handed

TODAY = NOW.date()
CLERK = (hw.CALLED_AT, hw.CALLED_BY, hw.RESULT)


def _plan():
    plan = master()
    units = (
        replace(plan.units[0], contact="王芳", phone="0375-2601300"),
        replace(plan.units[1], contact="李磊", phone="13800001111"),
        replace(plan.units[2], extended=date(2019, 11, 5)),
        plan.units[3],
    )
    return master(units=units)


def _built(plan, handed=(), result=None) -> bytes:
    result = result or batch(plan)
    return call_list.build(result, owed.owed(result), contacts.made(handed, ()))


def _sheet(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))[hw.CALLS_SHEET]


def _captions(sheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[3]}


def _written(tmp_path, plan, edit, data: bytes | None = None) -> call_list.Written:
    """What is read back after the clerk worked in the list."""
    book = openpyxl.load_workbook(io.BytesIO(data or _built(plan)))
    edit(book, book[hw.CALLS_SHEET], _captions(book[hw.CALLS_SHEET]))
    path = tmp_path / "催报电话单.xlsx"
    book.save(path)
    return call_list.read(path, plan, TODAY)


def test_it_lists_who_is_to_be_called_and_for_what(tmp_path):
    plan = _plan()
    half = returned(plan, "02", {"03": Filled("", "办了 3 件")}, tmp_path)
    given = [
        Handed("02", w.ISSUE, date(2019, 10, 8), "张三", "内网"),
        Handed("02", w.REMIND, date(2019, 10, 22), "张三", "电话", "说周五前报"),
    ]
    data = _built(plan, given, batch(plan, arrival(half, "a.xlsx")))
    rows = [[cell.value for cell in row] for row in _sheet(data).iter_rows(min_row=3)]
    assert rows == [
        ["代码", "单位", "联系人", "电话", "未报事项", "截止日期", "期限", "联系记录",
         "催报时间", "催报人", "结果"],
        ["01", "市发改委", "王芳", "0375-2601300", "2（1）填报材料02.1\n2（2）填报材料02.2",
         "2019-10-25", "还有 1 天", None, None, None, None],
        ["02", "市司法局", "李磊", "13800001111", "4 填报材料04", "2019-10-25", "还有 1 天",
         "下发 10月8日 内网 张三\n催报 10月22日 电话 张三：说周五前报", None, None, None],
    ]  # fmt: skip
    resting = openpyxl.load_workbook(io.BytesIO(data))[hw.RESTING_SHEET]
    assert [[cell.value for cell in row] for row in resting.iter_rows(min_row=4)] == [
        ["03", "市公安局", "1", "1", "延期至2019年11月5日"],
        ["04", "市财政局", "0", "0", "无需报送"],
    ]


def test_it_is_ready_for_paper_and_the_same_every_time():
    plan = _plan()
    assert _built(plan) == _built(plan)
    sheet = _sheet(_built(plan))
    setup = sheet.page_setup
    assert (setup.orientation, setup.paperSize, setup.fitToHeight) == ("landscape", 9, 0)
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.oddFooter.center.text == "第 &P 页，共 &N 页"
    assert not sheet.protection.sheet


def test_a_unit_that_owes_very_much_still_fits_its_row():
    many = tuple(requirement(f"{i:02d}", "01", material="材" * 60) for i in range(1, 60))
    sheet = _sheet(_built(master(requirements=many)))
    assert sheet["E4"].value.startswith("共 59 项：1、2、3、")
    few = _sheet(_built(master(requirements=many[:12])))
    assert few["E4"].value.count("\n") == 11
    assert few.row_dimensions[4].height < 409


# --- what the clerk wrote ------------------------------------------------------------------


def test_nothing_written_is_nothing_read(tmp_path):
    assert _written(tmp_path, _plan(), lambda *_: None) == call_list.Written()
    assert call_list.read(tmp_path / "没有.xlsx", _plan(), TODAY) == call_list.Written()


@pytest.mark.parametrize(
    ("when", "day", "rest"),
    [
        ("2019-10-22", date(2019, 10, 22), ""),
        ("10月22日", date(2019, 10, 22), ""),
        ("10.22", date(2019, 10, 22), ""),
        ("12月30日", date(2018, 12, 30), ""),
        ("2019-10-22 15:30", date(2019, 10, 22), "2019-10-22 15:30；"),
        ("上午", TODAY, "上午；"),
        ("2030-01-01", TODAY, "2030-01-01；"),
        ("", TODAY, ""),
    ],
)
def test_a_call_is_read_with_its_day(tmp_path, when, day, rest):
    def edit(_book, sheet, at):
        for caption, said in zip(CLERK, (when, "李四", "说周五报"), strict=True):
            sheet.cell(4, at[caption]).value = said or None

    read = _written(tmp_path, _plan(), edit)
    assert read.calls == (Handed("01", w.REMIND, day, "李四", "", f"{rest}说周五报"),)
    assert (read.unmatched, read.differing) == ((), ())


def test_a_real_date_is_one_too(tmp_path):
    def edit(_book, sheet, at):
        sheet.cell(4, at[hw.CALLED_AT]).value = date(2019, 10, 21)
        sheet.cell(4, at[hw.CALLED_AT]).number_format = "yyyy-mm-dd"

    assert _written(tmp_path, _plan(), edit).calls == (
        Handed("01", w.REMIND, date(2019, 10, 21), ""),
    )


def test_rows_moved_columns_added_and_comments_are_read_by_what_they_are(tmp_path):
    def edit(_book, sheet, at):
        sheet.cell(5, at[hw.RESULT]).value = "没人接"
        sheet.cell(5, at[hw.RESULT]).comment = openpyxl.comments.Comment("下午再打", "李四")
        sheet.cell(3, 12).value = "手机"
        sheet.cell(5, 12).value = "13900002222"
        sheet.insert_cols(4)
        sheet.insert_rows(2)

    assert [(c.unit, c.note) for c in _written(tmp_path, _plan(), edit).calls] == [
        ("02", "没人接；手机：13900002222；批注：结果：下午再打")
    ]


def test_a_copied_sheet_counts_too(tmp_path):
    def edit(book, sheet, at):
        copy = book.copy_worksheet(sheet)
        copy.cell(4, at[hw.RESULT]).value = "已答复"

    assert [c.note for c in _written(tmp_path, _plan(), edit).calls] == ["已答复"]


def test_what_names_no_unit_or_two_is_said(tmp_path):
    def edit(_book, sheet, at):
        sheet.cell(4, at["单位"]).value = "市司法局"
        sheet.cell(4, at[hw.RESULT]).value = "半行排序"
        sheet.cell(9, at[hw.RESULT]).value = "记在下面的话"

    read = _written(tmp_path, _plan(), edit)
    assert read.calls == ()
    assert [line.split("：")[0] for line in read.unmatched] == ["第 4 行", "第 9 行"]
    assert "半行排序" in read.unmatched[0]
    assert "记在下面的话" in read.unmatched[1]


def test_a_corrected_phone_is_said_and_never_taken(tmp_path):
    def edit(_book, sheet, at):
        sheet.cell(4, at["电话"]).value = "0375-9999999"

    plan = _plan()
    read = _written(tmp_path, plan, edit)
    assert read.differing == ((plan.units[0], "电话", "0375-9999999"),)
    assert read.calls == ()


def test_what_is_no_list_any_more_is_left_alone(tmp_path):
    def edit(_book, sheet, _at):
        sheet.delete_rows(3)

    with pytest.raises(OperatorError, match="标题行"):
        _written(tmp_path, _plan(), edit)
    path = tmp_path / "催报电话单.xlsx"
    path.write_bytes(b"PK damaged")
    with pytest.raises(OperatorError, match="读不出来"):
        call_list.read(path, _plan(), TODAY)


@needs_office
def test_what_libreoffice_saved_is_read_the_same(tmp_path):
    plan = _plan()
    book = openpyxl.load_workbook(io.BytesIO(_built(plan)))
    sheet = book[hw.CALLS_SHEET]
    sheet.cell(4, _captions(sheet)[hw.RESULT]).value = "说周五报\n材料已盖章"
    book.save(tmp_path / "a.xlsx")
    saved = call_list.read(convert(tmp_path / "a.xlsx", ".xlsx"), plan, TODAY)
    assert [c.note for c in saved.calls] == ["说周五报\n材料已盖章"]
