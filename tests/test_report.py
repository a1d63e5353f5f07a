"""The merged workbook and the clerk's columns: written, read back, carried over."""

import io
from pathlib import Path

import openpyxl
import pytest
from dump import dump
from samples import AFTER, NOW, arrival, batch, master, returned

from pdsfz_xl import layout, report, review, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.form import Filled

CLERK_CELLS = [
    (sheet, column.caption)
    for sheet, columns in layout.MERGED_BOOK.items()
    for column in columns
    if column.clerk
]


def example(tmp_path, clerk=None, plan=None):
    """01 over the limit, 02 in two versions, 03 says it is not its duty, 04 has nothing due."""
    plan = plan or master()
    one = returned(
        plan,
        "01",
        {"02.1": Filled("已填报", "字" * 1012, 9.0), "02.2": Filled("", "有 1 项")},
        tmp_path,
    )
    old = returned(plan, "02", {"03": Filled("", "旧说法 1"), "04": Filled("", "一样 1")}, tmp_path)
    new = returned(plan, "02", {"03": Filled("", "新说法 2"), "04": Filled("", "一样 1")}, tmp_path)
    duty = returned(plan, "03", {"04": Filled("非本单位职责", "建议由市司法局填报")}, tmp_path)
    result = batch(
        plan,
        arrival(one, "out/2-收件/甲.xlsx"),
        arrival(old, "out/2-收件/旧.xlsx", NOW),
        arrival(new, "out/2-收件/新.xlsx", AFTER),
        arrival(duty, "out/2-收件/丙.xlsx"),
        clerk=clerk,
    )
    return result, report.build(result, rules.run(result))


def write(tmp_path, data: bytes) -> Path:
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(data)
    return path


def edited(tmp_path, data: bytes, edit) -> Path:
    """The workbook after the clerk worked in it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    edit(book)
    path = tmp_path / "汇总表.xlsx"
    book.save(path)
    return path


def column(sheet, caption: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == caption)


def test_the_merged_workbook_as_text(golden, tmp_path):
    golden("merged.txt", dump(example(tmp_path)[1], rows=12))


def test_the_same_batch_gives_the_same_bytes(tmp_path):
    assert example(tmp_path)[1] == example(tmp_path)[1]


def test_an_untouched_workbook_says_nothing(tmp_path):
    assert review.read(write(tmp_path, example(tmp_path)[1])) == {}
    assert review.read(tmp_path / "没有.xlsx") == {}


@pytest.mark.parametrize(("sheet", "caption"), CLERK_CELLS)
def test_every_column_of_the_clerk_survives(tmp_path, sheet, caption):
    """Typed into the first row that takes it, read back by key, written again, read again."""
    _, data = example(tmp_path)
    said = "1" if caption == "采用" else f"写在{caption}"

    def edit(book):
        at = book[sheet]
        at.cell(2, column(at, caption)).value = said

    clerk = review.read(edited(tmp_path, data, edit))
    [(_, cells)] = clerk[sheet].items()
    assert cells[caption] == said
    _, again = example(tmp_path, clerk)
    assert review.read(write(tmp_path, again))[sheet].keys() == clerk[sheet].keys()
    [(_, kept)] = review.read(write(tmp_path, again))[sheet].items()
    assert kept[caption] == said


def test_it_survives_sorting_hiding_and_new_columns(tmp_path):
    _, data = example(tmp_path)

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        sheet.cell(3, column(sheet, "审核意见")).value = "请核实"
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        for i, values in enumerate(reversed(rows), 2):
            for j, value in enumerate(values, 1):
                sheet.cell(i, j).value = value
        sheet.insert_cols(2)
        sheet.cell(1, 2).value = "我的记号"
        sheet.cell(2, 2).value = "重点"
        sheet.column_dimensions["F"].hidden = True

    clerk = review.read(edited(tmp_path, data, edit))[w.MERGED_SHEET]
    assert {k: v["审核意见"] for k, v in clerk.items() if "审核意见" in v} == {
        "F201921-01-02.2": "请核实"
    }
    assert {k: v["我的记号"] for k, v in clerk.items() if "我的记号" in v} == {
        "F201921-03-04": "重点"
    }
    _, again = example(tmp_path, {w.MERGED_SHEET: clerk})
    sheet = openpyxl.load_workbook(io.BytesIO(again))[w.MERGED_SHEET]
    assert sheet[1][-1].value == "我的记号"


def test_a_comment_of_the_clerk_is_not_lost(tmp_path):
    from openpyxl.comments import Comment

    _, data = example(tmp_path)

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        sheet.cell(2, column(sheet, w.ANSWER)).comment = Comment("这里数字不对", "经办人")

    clerk = review.read(edited(tmp_path, data, edit))
    [cells] = clerk[w.MERGED_SHEET].values()
    assert "这里数字不对" in cells[w.comment_on(w.ANSWER)]


def test_a_copied_sheet_keeps_both_texts(tmp_path):
    _, data = example(tmp_path)

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        sheet.cell(2, column(sheet, "审核意见")).value = "第一处"
        copy = book.copy_worksheet(sheet)
        copy.title = "汇总 (2)"
        copy.cell(2, column(copy, "审核意见")).value = "第二处"

    [cells] = review.read(edited(tmp_path, data, edit))[w.MERGED_SHEET].values()
    assert cells["审核意见"].split("\n") == ["第一处", "第二处"]


def test_an_answer_edited_in_place_is_only_a_proposal(tmp_path):
    _, data = example(tmp_path)

    def edit(book):
        sheet = book[w.MERGED_SHEET]
        sheet.cell(3, column(sheet, w.ANSWER)).value = "经办人改过的话"

    clerk = review.read(edited(tmp_path, data, edit))
    assert clerk[w.MERGED_SHEET]["F201921-01-02.2"][w.PROPOSAL] == "经办人改过的话"
    result, again = example(tmp_path, clerk)
    assert result.answer["01", "02.2"].text == "有 1 项"
    sheet = openpyxl.load_workbook(io.BytesIO(again))[w.MERGED_SHEET]
    assert sheet.cell(3, column(sheet, w.PROPOSAL)).value == "经办人改过的话"


def test_a_choice_means_the_same_version_when_others_have_arrived(tmp_path):
    _, data = example(tmp_path)

    def edit(book):
        sheet = book[w.CONFLICT_SHEET]
        assert sheet.cell(2, column(sheet, w.ANSWER)).value == "旧说法 1"
        sheet.cell(3, column(sheet, "采用")).value = 1  # typed on the row of the other version

    clerk = review.read(edited(tmp_path, data, edit))
    result, again = example(tmp_path, clerk)
    assert result.answer["02", "03"].text == "旧说法 1"
    assert not result.answer["02", "03"].open_conflict
    sheet = openpyxl.load_workbook(io.BytesIO(again))[w.CONFLICT_SHEET]
    assert sheet.cell(2, column(sheet, "目前采用")).value == w.YES


def test_a_review_of_an_answer_that_changed_says_so_until_it_is_reviewed_again(tmp_path):
    plan = master()
    before = batch(plan, arrival(returned(plan, "03", {"04": Filled("", "甲 1")}, tmp_path), "a"))
    data = report.build(before, ())

    def approve(book):
        sheet = book[w.MERGED_SHEET]
        row = next(r for r in range(2, 9) if sheet.cell(r, column(sheet, w.ANSWER)).value)
        sheet.cell(row, column(sheet, "审核结论")).value = "通过"

    clerk = review.read(edited(tmp_path, data, approve))
    later = returned(plan, "03", {"04": Filled("", "乙 2")}, tmp_path)
    for _ in range(2):
        after = batch(plan, arrival(later, "b"), clerk=clerk)
        data = report.build(after, ())
        sheet = openpyxl.load_workbook(io.BytesIO(data))[w.MERGED_SHEET]
        reminders = [sheet.cell(r, column(sheet, "提醒")).value for r in range(2, 7)]
        assert reminders.count(w.REVIEW_AGAIN) == 1
        clerk = review.read(write(tmp_path, data))


def test_what_lost_its_row_stands_apart_and_comes_back(tmp_path):
    clerk = {w.MERGED_SHEET: {"F201921-99-77": {"审核意见": "旧意见"}}}
    _, data = example(tmp_path, clerk)
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert [c.value for c in book[w.ORPHAN_SHEET][2]] == [
        w.MERGED_SHEET, "F201921-99-77", "审核意见", "旧意见",
    ]  # fmt: skip
    assert review.read(write(tmp_path, data)) == clerk


def test_a_text_beyond_a_cell_goes_on_elsewhere(tmp_path):
    plan = master()
    said = "𠮷" * 20_000 + "尾"
    manifest = returned(plan, "03", {"04": Filled("", "x")}, tmp_path)
    rows = tuple(
        r._replace(cells={c: t._replace(text=said) if c == w.ANSWER and t.text == "x" else t
                          for c, t in r.cells.items()})
        for r in manifest.rows
    )  # fmt: skip
    from dataclasses import replace

    result = batch(plan, arrival(replace(manifest, rows=rows), "a.xlsx"))
    book = openpyxl.load_workbook(io.BytesIO(report.build(result, ())))
    sheet = book[w.MERGED_SHEET]
    row = next(r for r in range(2, 9) if "𠮷" in str(sheet.cell(r, column(sheet, w.ANSWER)).value))
    first = sheet.cell(row, column(sheet, w.ANSWER)).value.partition("\n〔")[0]
    rest = [r[4].value for r in book[w.OVERFLOW_SHEET].iter_rows(min_row=2)
            if r[1].value == w.MERGED_SHEET]  # fmt: skip
    assert first + "".join(rest) == said
    assert all(texts.utf16_length(part) <= texts.CELL_LIMIT for part in rest)
    assert review.read(write(tmp_path, report.build(result, ()))) == {}


def test_every_finding_leads_to_its_cell(tmp_path):
    result, data = example(tmp_path)
    sheet = openpyxl.load_workbook(io.BytesIO(data))[w.FINDINGS_SHEET]
    found = rules.run(result)
    assert sheet.max_row == len(found) + 1
    merged = openpyxl.load_workbook(io.BytesIO(data))[w.MERGED_SHEET]
    for row in range(2, sheet.max_row + 1):
        key = sheet.cell(row, column(sheet, "编码")).value
        link = sheet.cell(row, column(sheet, "到汇总")).hyperlink
        if key:
            target = link.location.split("!A")[1]
            assert f"-{key}-" in merged.cell(int(target), 1).value


def test_a_workbook_that_cannot_be_read_is_one_sentence(tmp_path):
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(b"PK\3\4 damaged")
    with pytest.raises(OperatorError, match="存档"):
        review.read(path)
