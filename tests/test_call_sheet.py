"""催报单: whom to call about what, whom not and why; in the words of mails and call lists."""

from dataclasses import replace
from datetime import date

import geocheck
import pytest
from test_bulletin_page import many
from test_printout import MASTER, bare, batch, needs_pdftotext, read, said

from pdsfz_xl import call_sheet, owed
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch

__all__ = ["bare"]

pytestmark = needs_pdftotext


def paper(result: Batch, fonts) -> str:
    return "".join(read(call_sheet.pdf(result, fonts).data).split()).replace("\u200b", "")


def unit(number: int, **more):
    units = list(MASTER.units)
    units[number - 1] = replace(units[number - 1], **more)
    return replace(MASTER, units=tuple(units))


def test_each_unit_that_owes_something_is_named_with_whom_to_call(bare):
    plan = unit(1, contact="李四", phone="0375-1234567")
    page = paper(batch(said("01", "02.1", "甲"), master=plan), bare)
    assert "法治政府建设示范市补充材料催报单" in page
    assert "截至2019年10月28日，需要催报的单位3个，未报事项3项。" in page
    assert "市发改委李四0375-1234567第2（2）项填报材料02.210月25日逾期3天" in page


def test_a_number_nobody_knows_is_said_to_be_unknown(bare):
    assert "市司法局（未登记）（未登记）第4项" in paper(batch(), bare)


def test_who_is_not_called_is_named_with_the_reason(bare):
    result = batch(said("02", "04", "甲"), master=unit(3, extended=date(2019, 10, 31)))
    page = paper(result, bare)
    [_, others] = page.split("下列单位不催报：")
    assert "已报齐：市司法局" in others
    assert "延期至2019年10月31日：市公安局" in others
    assert "无需报送：市财政局" in others
    assert "市公安局" not in page.split("下列单位不催报：")[0]


def test_a_postponement_that_is_over_is_called_about_with_its_own_day(bare):
    page = paper(batch(master=unit(3, extended=date(2019, 10, 26))), bare)
    assert "10月26日逾期2天" in page


def test_what_must_be_typed_in_is_not_called_for(bare):
    result = batch()
    standings = tuple(
        replace(s, status="received") if s.unit == "02" else s for s in result.standings
    )
    page = paper(replace(result, standings=standings), bare)
    assert f"{w.KEYING}：市司法局" in page.split("下列单位不催报：")[1]


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2019, 10, 20), "还有5天"), (date(2019, 10, 25), "今天截止")],
)
def test_the_days_that_are_left_are_said(today, left, bare):
    result = batch()
    result = replace(result, now=result.now.replace(month=today.month, day=today.day))
    assert f"10月25日{left}" in paper(result, bare)


def test_nobody_to_call_is_said(bare):
    keys = [("01", "02.1"), ("01", "02.2"), ("02", "04"), ("03", "04")]
    page = paper(batch(*(said(*place, "甲") for place in keys)), bare)
    assert "没有需要催报的单位。" in page
    assert "通话结果" not in page


def test_many_items_are_named_by_number_and_all_of_them_by_how_many(bare):
    result = many(4)
    plan = result.master
    keys = [f"{n:02d}" for n in range(1, 7)]
    asked = tuple(replace(plan.requirements[0], key=key, number=int(key)) for key in keys)
    result = batch(said("001", "01", "甲"), master=replace(plan, requirements=asked))
    page = paper(result, bare)
    assert "应报6项，缺5项：第2、3、4、5、6项" in page
    assert "全部6项" in page


def test_every_unit_of_a_long_list_is_there_and_nothing_is_cut(bare):
    result = many(60)
    data = call_sheet.pdf(result, bare).data
    assert not geocheck.missing([one.unit.name for one in owed.owed(result)], data)
    assert geocheck.cut(data) == []
    for page in read(data).split("\f")[:2]:
        assert "".join(page.split()).count("通话结果") == 1


def test_a_long_word_and_a_missing_glyph_stay_in_their_cells(bare):
    plan = unit(1, name="市ก局", contact="z" * 900, phone="1" * 200)
    printed = call_sheet.pdf(batch(master=plan), bare)
    assert [m.code for m in printed.missing] == ["U+0E01"]
    assert not geocheck.missing(["z" * 900, "1" * 200], printed.data)
    assert geocheck.cut(printed.data) == []


def test_the_same_batch_gives_the_same_bytes(bare):
    assert call_sheet.pdf(batch(), bare) == call_sheet.pdf(batch(), bare)
