"""单位材料: what a unit signs are its own words, all of them, with their count."""

from dataclasses import replace
from datetime import date

import geocheck
import pytest
from test_printout import (
    MASTER,
    SENTENCE,
    bare,
    batch,
    broken,
    needs_pdftotext,
    of_figures,
    read,
    requirement,
    said,
    version,
)

from pdsfz_xl import form, unit_paper
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Evidence, Where

__all__ = ["bare"]

UNIT = {unit.code: unit for unit in MASTER.units}


def paper(result: Batch, unit: str, fonts) -> str:
    printed = unit_paper.pdf(result, result.master.unit[unit], fonts)
    return "".join(read(printed.data).split()).replace("\u200b", "")


def clerk(unit: str, key: str, **written: str):
    return {w.MERGED_SHEET: {f"F201921-{unit}-{key}": written}}


@needs_pdftotext
def test_no_line_breaks_in_a_figure(bare):
    result = of_figures()
    data = unit_paper.pdf(result, result.master.unit["01"], bare).data
    assert broken(data, with_unit=False) == []
    assert geocheck.cut(data) == []


def test_only_who_wrote_something_has_something_to_sign():
    silent = said("03", "04", versions=(version("03", "04", "", choice=w.NOTHING),))
    result = batch(said("01", "02.1", "甲"), silent)
    assert [unit.code for unit in unit_paper.signers(result)] == ["01", "03"]
    assert unit_paper.signers(batch()) == ()


def test_the_name_of_the_file_is_safe_and_begins_with_the_code():
    assert unit_paper.name(UNIT["02"]) == "02_市司法局_单位材料"
    assert unit_paper.name(replace(UNIT["02"], name='市/司:法"局')) == "02_市／司：法＂局_单位材料"


@needs_pdftotext
def test_it_says_whose_it_is_and_shows_the_numbers_of_the_form(bare):
    page = paper(batch(said("01", "02.1", "甲" * 1012)), "01", bare)
    assert "法治政府建设示范市补充材料填报材料填报单位：市发改委" in page
    assert "报送截止日期：2019年10月25日" in page
    assert "".join(w.progress(2, 1, 1, 1).split()) in page


@needs_pdftotext
def test_each_item_stands_with_its_code_its_words_and_their_count(bare):
    where = Where("a.xlsx", w.EVIDENCE_SHEET, "B2")
    listed = Evidence(where, "01", "02.1", "关于公示制度的通知.pdf", "文件", "", 1, "")
    answer = said("01", "02.1", "甲" * 312, number=1286.0)
    page = paper(batch(answer, evidence=(listed,)), "01", bare)
    code = form.row_code(MASTER, "01", MASTER.requirement["02.1"])
    assert f"第2（1）项{code}三级指标实施差异化监管填报材料填报材料02.1" in page
    assert "填报情况已填报数量1286条字数312情况说明" in page
    assert "1.关于公示制度的通知.pdf" in page
    assert "第2（2）项" in page
    assert "字数合计：312字" in page


@needs_pdftotext
def test_it_ends_with_who_signs(bare):
    page = paper(batch(said("02", "04", "甲")), "02", bare)
    places = [page.rindex(said_) for said_ in w.SIGN_OFF]
    assert places == sorted(places)
    assert places[0] > page.index("字数合计")


@needs_pdftotext
def test_a_unit_signs_its_own_words_not_the_offices(bare):
    written = {
        **clerk("02", "04", 修改稿="改过的说法"),
        w.FINAL_SHEET: {"04": {"定稿文本": "综合的说法"}},
    }
    page = paper(batch(said("02", "04", "原来的说法", late=True), clerk=written), "02", bare)
    assert "原来的说法" in page
    assert not [word for word in ("改过", "综合", w.LATE) if word in page]


@needs_pdftotext
def test_versions_that_contradict_each_other_all_stand_and_do_not_count(bare):
    page = paper(batch(said("01", "02.1", "甲乙"), said("01", "02.2", "旧的", "新的")), "01", bare)
    assert "待定收到2个不同的版本" in page
    assert "旧的" in page
    assert "新的" in page
    assert "字数待定" in page
    assert "字数合计：2字" in page
    assert "另有1项待定，没有计入" in page


@needs_pdftotext
def test_what_is_not_answered_is_framed(bare):
    page = paper(batch(said("01", "02.1", "甲")), "01", bare)
    assert "填报情况未报数量—字数0情况说明未报" in page


@needs_pdftotext
def test_words_the_office_typed_in_say_from_where(bare):
    written = clerk("02", "04", 代录来源="盖章扫描件")
    page = paper(batch(said("02", "04", "甲", keyed=True), clerk=written), "02", bare)
    assert "由办公室代录，来源：盖章扫描件" in page


@needs_pdftotext
def test_a_postponed_unit_sees_its_own_deadline(bare):
    units = (replace(UNIT["01"], extended=date(2019, 10, 31)), *MASTER.units[1:])
    result = batch(said("01", "02.1", "甲"), master=replace(MASTER, units=units))
    assert "报送截止日期：2019年10月31日" in paper(result, "01", bare)


@needs_pdftotext
def test_another_units_words_are_not_on_it(bare):
    page = paper(batch(said("02", "04", "甲局的话"), said("03", "04", "乙局的话")), "02", bare)
    assert "甲局的话" in page
    assert "乙局的话" not in page


@needs_pdftotext
@pytest.mark.parametrize(
    "text",
    [SENTENCE * 300, "a" * 900, "行\n" * 300, "שָׁלוֹם 中文", "𠮷野家", "=1+1 #x $y$ *b* @r //c"],
    ids=lambda text: ascii(text[:6]),
)
def test_any_text_is_there_to_the_last_character(text, bare):
    data = unit_paper.pdf(batch(said("02", "04", text)), UNIT["02"], bare).data
    assert not geocheck.missing([text, *w.SIGN_OFF], data)
    assert geocheck.cut(data) == []


@needs_pdftotext
def test_an_item_over_two_pages_says_so_on_the_second(bare):
    data = unit_paper.pdf(batch(said("02", "04", SENTENCE * 60)), UNIT["02"], bare).data
    first, second, *_ = ("".join(page.split()) for page in read(data).split("\f"))
    assert "第4项（续）" not in first
    assert second.startswith("第4项（续）")


def test_a_character_no_font_has_is_reported_with_its_place(bare):
    printed = unit_paper.pdf(batch(said("02", "04", "甲ก")), UNIT["02"], bare)
    assert printed.missing == (("ก", "U+0E01", "市司法局", "04"),)


def test_many_items_are_many_pages_and_the_same_bytes(bare):
    keys = [f"{n:02d}" for n in range(1, 31)]
    plan = replace(MASTER, indicators=(), requirements=tuple(requirement(k, "01") for k in keys))
    result = batch(*(said("01", key, "字" * 1000) for key in keys), master=plan)
    one, two = (unit_paper.pdf(result, UNIT["01"], bare) for _ in range(2))
    assert one == two
    assert one.pages > 15
