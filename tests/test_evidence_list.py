"""佐证材料目录: every piece under its requirement, where it lies, and what did not come."""

from dataclasses import replace

import geocheck
from test_printout import MASTER, NOW, bare, batch, needs_pdftotext, read, requirement

from pdsfz_xl import evidence, evidence_list
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Evidence, Filed, Indicator, Received, Where

__all__ = ["bare"]

LAW, POLICE = "02", "03"


def piece(unit: str, key: str, name: str, *, file: str = "", **more) -> Evidence:
    where = Where(f"out/2-收件/{unit}.xlsx", w.EVIDENCE_SHEET, "B2")
    values = {"kind": "文件", "date": "2019-03-01", "pieces": 1, "note": "", **more}
    return Evidence(where, unit, key, name, file=file and f"out/2-收件/{file}", **values)


def filed(unit: str, key: str, file: str, digest: str = "a") -> Filed:
    return Filed(f"out/2-收件/{file}", digest * 64, unit, key, file.rpartition("/")[2])


def held(file: str, digest: str = "h") -> Received:
    return Received(
        path=f"out/2-收件/{file}",
        sha256=digest * 64,
        verdict="held",
        rule="P01",
        first_seen=NOW,
        received=NOW,
    )


def paper(result: Batch, fonts) -> str:
    data = evidence_list.pdf(result, fonts).data
    return "".join(read(data).split()).replace("\u200b", "")


@needs_pdftotext
def test_a_piece_stands_under_its_requirement_with_where_it_lies(bare):
    result = batch(
        evidence=(piece("01", "02.2", "关于公示制度的通知", file="通知.pdf", pieces=3),),
        filed=(filed("01", "02.2", "通知.pdf"),),
    )
    page = paper(result, bare)
    assert "各单位共登记佐证材料1项，附文件1项，未附文件0项。" in page
    assert "第2（2）项实施差异化监管填报材料：填报材料02.2" in page
    assert "1市发改委关于公示制度的通知文件2019-03-01302.2/01_市发改委_通知.pdf" in page


@needs_pdftotext
def test_what_is_listed_without_a_file_is_said(bare):
    page = paper(batch(evidence=(piece("01", "02.2", "会议纪要"),)), bare)
    assert "会议纪要文件2019-03-011未附文件" in page
    assert "未附文件1项" in page


@needs_pdftotext
def test_a_file_nobody_listed_is_there_too(bare):
    page = paper(batch(filed=(filed("01", "02.2", "照片.jpg"),)), bare)
    assert "市发改委照片.jpg未登记—02.2/01_市发改委_照片.jpg" in page
    assert "另收到没有登记的文件1个" in page


@needs_pdftotext
def test_a_file_that_is_filed_under_nothing_yet_comes_last(bare):
    page = paper(batch(filed=(filed("01", "", "照片.jpg"), filed("", "", "x.pdf", "b"))), bare)
    tail = page.split("尚未归项的文件")[1]
    assert "待归项/01_市发改委_照片.jpg" in tail
    assert "未识别x.pdf未登记—待归项/x.pdf" in tail


@needs_pdftotext
def test_two_copies_of_one_listed_file_are_one_line(bare):
    result = batch(
        evidence=(piece("01", "02.2", "通知", file="甲/通知.pdf"),),
        filed=(filed("01", "02.2", "乙/通知.pdf"), filed("01", "02.2", "甲/通知.pdf")),
    )
    assert "另收到" not in paper(result, bare)
    assert paper(result, bare).count("02.2/01_市发改委_通知.pdf") == 1


@needs_pdftotext
def test_two_different_files_of_one_name_are_two_lines(bare):
    result = batch(
        evidence=(piece("01", "02.2", "通知", file="甲/通知.pdf"),),
        filed=(filed("01", "02.2", "甲/通知.pdf"), filed("01", "02.2", "乙/通知.PDF", "b")),
    )
    page = paper(result, bare)
    assert "02.2/01_市发改委_通知_bbbbbbbb.PDF" in page
    assert len(set(map(str.casefold, evidence.places(result).values()))) == 2


@needs_pdftotext
def test_units_stand_in_the_order_of_their_duties(bare):
    result = batch(
        evidence=(piece(POLICE, "04", "乙的"), piece(LAW, "04", "甲的")),
        filed=(filed("", "04", "谁的.pdf"), filed(LAW, "04", "甲的照片.jpg", "b")),
    )
    page = paper(result, bare)
    places = [page.index(name) for name in ("甲的文件", "甲的照片", "乙的", "谁的")]
    assert places == sorted(places)


@needs_pdftotext
def test_held_material_is_not_printed_and_not_asked_for_again(bare):
    result = batch(
        evidence=(
            piece("01", "02.2", "方案.pdf"),
            piece("01", "02.1", "另一件", file="另一件.pdf"),
        ),
        filed=(filed("01", "02.1", "另一件.pdf", "h"), filed("01", "02.1", "没有列.pdf", "h")),
        received=(held("方案.pdf", "i"), held("另一件.pdf"), held("没有列.pdf")),
    )
    page = paper(result, bare)
    assert page.count("文件暂扣，未归档") == 2
    assert "附文件0项，未附文件0项，暂扣2项。" in page
    assert "没有列" not in page


@needs_pdftotext
def test_each_first_level_group_has_its_page(bare):
    plan = replace(
        MASTER,
        requirements=tuple(
            replace(r, pieces=2) if r.key == "04" else r for r in MASTER.requirements
        ),
        indicators=(
            *MASTER.indicators[:2],
            replace(MASTER.indicators[2], level1="二、依法行政制度体系完善"),
        ),
    )
    data = evidence_list.pdf(batch(master=plan), bare).data
    first, second = ("".join(page.split()) for page in read(data).split("\f")[:-1])
    assert "一、政府职能依法全面履行" in first
    assert "没有登记佐证材料" in first
    assert second.startswith("二、依法行政制度体系完善单位材料名称类型日期件数文件")
    assert "（要求不少于2件）" in second


@needs_pdftotext
def test_a_long_list_goes_on_under_its_heads(bare):
    listed = tuple(piece("01", "02.2", f"材料{n:03d}") for n in range(120))
    data = evidence_list.pdf(batch(evidence=listed), bare).data
    pages = ["".join(page.split()) for page in read(data).split("\f")[:-1]]
    assert len(pages) > 3
    for page in pages[1:3]:
        assert page.startswith("一、政府职能依法全面履行")
        assert "第2（2）项（续）" in page
    assert not geocheck.missing([one.name for one in listed], data)
    assert geocheck.cut(data) == []


@needs_pdftotext
def test_long_names_are_never_cut(bare):
    name = "a" * 900
    result = batch(
        evidence=(piece("01", "02.1", name), piece("01", "02.2", "字" * 300, kind="文" * 200)),
        filed=(filed(LAW, "04", "1" * 900 + ".pdf"),),
    )
    data = evidence_list.pdf(result, bare).data
    assert not geocheck.missing([name, "字" * 300, "文" * 200, "1" * 900], data)
    assert geocheck.cut(data) == []


def test_a_character_no_font_has_is_reported_with_its_place(bare):
    printed = evidence_list.pdf(batch(evidence=(piece("01", "02.2", "ก.pdf"),)), bare)
    assert printed.missing == (("ก", "U+0E01", "市发改委", "02.2"),)


@needs_pdftotext
def test_a_campaign_without_requirements_says_so(bare):
    plan = replace(MASTER, requirements=(), indicators=MASTER.indicators[:1])
    assert "没有填报项，也没有收到佐证材料。" in paper(batch(master=plan), bare)


@needs_pdftotext
def test_a_requirement_no_indicator_claims_is_there_too(bare):
    plan = replace(
        MASTER,
        indicators=(Indicator(number=1, text="甲"),),
        requirements=(requirement("07", "01", text="散落的指标"),),
    )
    page = paper(batch(master=plan, evidence=(piece("01", "07", "纪要"),)), bare)
    assert "第7项散落的指标" in page
    assert "纪要" in page


def test_the_same_batch_gives_the_same_bytes(bare):
    result = batch(evidence=(piece("01", "02.2", "通知"),))
    assert evidence_list.pdf(result, bare) == evidence_list.pdf(result, bare)
