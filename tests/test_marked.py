"""Which marked workbooks say the same: what a unit reads in them decides, not how they are set."""

from datetime import date
from hashlib import sha256

import pytest
from desks import FORM_HEAD, columns, edited
from samples import NOW
from test_giveback import WRONG, round_of

from pdsfz_xl import giveback, marked, rules
from pdsfz_xl import wording as w
from pdsfz_xl.workspace import Workspace


def sent_back(tmp_path, until: date | None = None) -> giveback.Return:
    result = round_of(tmp_path, WRONG)
    return giveback.returns(result, rules.run(result), until, NOW)[0]


def set_otherwise(book) -> None:
    sheet = book[w.FORM_SHEET]
    sheet.row_dimensions[FORM_HEAD + 1].height = 77
    sheet.column_dimensions["B"].width = 9
    sheet["A2"].value = "填法见后"


def another_answer(book) -> None:
    sheet = book[w.FORM_SHEET]
    sheet.cell(FORM_HEAD + 1, columns(sheet, FORM_HEAD)[w.ANSWER]).value = "别的话"


def another_problem(book) -> None:
    sheet = book[w.FINDINGS_SHEET]
    cell = next(c for row in sheet for c in row if c.value == w.PROBLEM)
    sheet.cell(cell.row + 1, cell.column).value = "别的问题"


@pytest.mark.parametrize(
    ("edit", "same"), [(set_otherwise, True), (another_answer, False), (another_problem, False)]
)
def test_what_a_unit_reads_decides(tmp_path, edit, same):
    made = sent_back(tmp_path)
    before = edited(made.data, NOW, edit)
    ws = Workspace(tmp_path / "任务")
    ws.write(ws.returns / "2019-10-24" / f"{made.name}.xlsx", before)
    found = marked.same(ws, made.unit.code, made.data)
    assert found == {sha256(made.data).hexdigest(), *([sha256(before).hexdigest()] if same else [])}


def test_another_day_is_another_letter(tmp_path):
    ws = Workspace(tmp_path / "任务")
    first, second = (sent_back(tmp_path, date(2019, 11, day)) for day in (4, 5))
    ws.write(ws.returns / "2019-10-24" / f"{first.name}.xlsx", first.data)
    assert len(marked.same(ws, first.unit.code, second.data)) == 1


def test_what_cannot_be_read_is_another(tmp_path):
    made = sent_back(tmp_path)
    ws = Workspace(tmp_path / "任务")
    ws.write(ws.returns / "2019-10-24" / f"{made.name}.xlsx", "乱".encode())
    assert marked.same(ws, made.unit.code, made.data) == {sha256(made.data).hexdigest()}
