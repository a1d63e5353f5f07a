"""The catalogue: every rule has words, a class and a case in which it speaks."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from samples import AFTER, NOW, arrival, batch, master, requirement, returned

from pdsfz_xl import identity, lint, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Evidence, Manifest, Settings, Unit, Waiver, Where, Withdrawn
from pdsfz_xl.states import Flag

GOOD = Filled("已填报", "2019年办理 3 件。")


def answered(text: str, choice: str = "", number: float | None = None):
    """Unit 01 answers 02.1 (数据) with this and 02.2 well."""

    def build(tmp_path):
        filled = {"02.1": Filled(choice, text, number), "02.2": GOOD}
        return batch(master(), arrival(returned(master(), "01", filled, tmp_path), "a.xlsx"))

    return build


def refused(rule: str, detail: str = ""):
    def build(_):
        manifest = Manifest(sha256="0" * 64, rule=rule, detail=detail)
        return batch(master(), arrival(manifest, "a.doc"))

    return build


def altered(caption: str, text: str):
    """Unit 03's form with one locked cell of its row changed."""

    def build(tmp_path):
        manifest = returned(master(), "03", {"04": GOOD}, tmp_path)
        rows = list(manifest.rows)
        at = next(i for i, row in enumerate(rows) if w.ANSWER in row.cells)
        cells = dict(rows[at].cells)
        if text:
            cells[caption] = cells[caption]._replace(text=text, ours=False)
        else:
            del cells[caption]
        rows[at] = rows[at]._replace(cells=cells)
        return batch(master(), arrival(replace(manifest, rows=tuple(rows)), "a.xlsx"))

    return build


def two_in_one_file(tmp_path):
    one = returned(master(), "01", {"02.1": GOOD}, tmp_path)
    two = returned(master(), "03", {"04": GOOD}, tmp_path)
    return batch(master(), arrival(replace(one, rows=(*one.rows, *two.rows)), "a.xlsx"))


def older(tmp_path):
    old = master(requirements=(requirement("04", "03", material="去年的要求"),))
    return batch(master(), arrival(returned(old, "03", {"04": GOOD}, tmp_path), "a.xlsx"))


def foreign(tmp_path):
    plan = master(settings=replace(master().settings, code="F2018"))
    return batch(master(), arrival(returned(plan, "03", {"04": GOOD}, tmp_path), "a.xlsx"))


def unassigned(tmp_path):
    plan = master(requirements=(requirement("04", "01"),))
    return batch(master(), arrival(returned(plan, "01", {"04": GOOD}, tmp_path), "a.xlsx"))


def after_the_deadline(tmp_path):
    form = returned(master(), "03", {"04": GOOD}, tmp_path)
    return batch(master(), arrival(form, "a.xlsx", AFTER), now=AFTER)


def contradicting(tmp_path, clerk=None):
    one = returned(master(), "03", {"04": Filled("", "第一种说法 1")}, tmp_path)
    two = returned(master(), "03", {"04": Filled("", "第二种说法 2")}, tmp_path)
    return batch(master(), arrival(one, "a.xlsx"), arrival(two, "b.xlsx"), clerk=clerk)


def copied(tmp_path):
    paragraph = "2019年以来，本单位建立工作机制，召开会议三次，" + "开展培训两期，成效明显。" * 3
    one = returned(master(), "02", {"03": Filled("", paragraph), "04": GOOD}, tmp_path)
    two = returned(master(), "03", {"04": Filled("", paragraph)}, tmp_path)
    return batch(master(), arrival(one, "a.xlsx"), arrival(two, "b.xlsx"))


def evidence(date: str, pieces: int = 1):
    def build(tmp_path):
        form = returned(master(), "02", {"03": GOOD, "04": GOOD}, tmp_path)
        result = batch(master(), arrival(form, "a.xlsx"))
        listed = Evidence(Where("a.xlsx"), "02", "03", "报道.pdf", "报道", date, pieces, "")
        return replace(result, evidence=(listed,) if pieces else ())

    return build


def refusing_duty(tmp_path):
    form = returned(master(), "03", {"04": Filled("非本单位职责", "建议由市司法局填报")}, tmp_path)
    return batch(master(), arrival(form, "a.xlsx"))


def partly_read(tmp_path):
    form = returned(master(), "03", {"04": GOOD}, tmp_path)
    return batch(master(), arrival(replace(form, flags=("drawing", "strict")), "a.xlsx"))


def revised_then_corrected(tmp_path):
    seen = identity.answer_digest("旧的说法 1", w.ANSWERED, None)
    written = {"修改稿": "改写的话", w.ANSWER_DIGEST: seen}
    form = returned(master(), "03", {"04": GOOD}, tmp_path)
    clerk = {w.MERGED_SHEET: {"F201921-03-04": written}}
    return batch(master(), arrival(form, "a.xlsx"), clerk=clerk)


def unconfirmed(tmp_path):
    form = returned(
        master(), "03", {"04": Filled(w.PREVIOUS, "去年 1 项")}, tmp_path, prefilled=True
    )
    return batch(master(), arrival(form, "a.xlsx"))


def emptied(tmp_path):
    form = returned(
        master(), "03", {"04": Filled(w.PREVIOUS, "去年 1 项")}, tmp_path, prefilled=True
    )
    rows = tuple(
        row._replace(cells={c: t for c, t in row.cells.items() if c not in (w.ANSWER, w.STATUS)})
        for row in form.rows
    )
    return batch(master(), arrival(replace(form, rows=rows), "a.xlsx"))


def gone_on_with(path):
    """A later file that repeats the others word for word and changes one."""
    plan = master(requirements=tuple(requirement(f"{n:02d}", "01") for n in range(1, 4)))
    told = {
        f"{n:02d}": Filled("已填报", f"一字不差的第{n}段话，连标点在内共有二十几个字。")
        for n in (1, 2)
    }
    files = [returned(plan, "01", {**told, "03": Filled("已填报", last)}, path) for last in "旧新"]
    return batch(plan, arrival(files[0], "1.xlsx", NOW), arrival(files[1], "2.xlsx", AFTER))


CASES = {
    "F01": refused("F01", "Word 文件"),
    "F02": refused("F02"),
    "F03": refused("F03", "空文件"),
    "F04": foreign,
    "F05": older,
    "F06": lambda _: batch(master(), arrival(Manifest(sha256="1" * 64), "别的表.xlsx")),
    "F07": refused("F07", "压缩包"),
    "F08": refused("F08", "单元格过多"),
    "F09": partly_read,
    "G01": lambda _: batch(master()),
    "G02": lambda path: batch(
        master(), arrival(returned(master(), "01", {"02.2": GOOD}, path), "a.xlsx")
    ),
    "G03": lambda path: batch(master(), arrival(returned(master(), "01", {}, path), "a.xlsx")),
    "G04": after_the_deadline,
    "G05": answered("", "无此情况"),
    "G06": unconfirmed,
    "G07": emptied,
    "I01": two_in_one_file,
    "I02": altered(w.CODE, "F201921-03-04-0000"),
    "I03": altered(w.CODE, ""),
    "I04": unassigned,
    "L01": answered("字" * 1001, number=1.0),
    "L02": answered("字" * 501, number=1.0),
    "V01": answered("没有数量"),
    "V02": answered("有控制符\x07", number=1.0),
    "V03": lambda path: typed_as("number", path),
    "V04": lambda path: typed_as("error", path),
    "V05": answered("说明", "基本完成", 1.0),
    "T01": evidence("2015-01-01"),
    "T02": answered("2009年成立机构", number=1.0),
    "E01": evidence("2019-01-01", 0),
    "E02": evidence("2019-01-01"),
    "R01": altered(w.METHOD, "随便看看"),
    "X01": contradicting,
    "X02": revised_then_corrected,
    "X03": gone_on_with,
    "L03": lambda _: batch(master(), clerk={w.FINAL_SHEET: {"04": {"定稿文本": "字" * 1001}}}),
    "L04": lambda _: batch(master(), clerk={w.FINAL_SHEET: {"04": {"定稿文本": "字 " * 1000}}}),
    "F10": lambda _: replace(batch(master()), withdrawn=(Withdrawn("out/2-收件/甲.xlsx", NOW),)),
    "F11": lambda _: batch(
        master(), arrival(Manifest(sha256="0" * 64, flags=(Flag.REVIEW_COPY,)), "a.xlsx")
    ),
    "S01": answered("详见附件。", "已填报", 1.0),
    "S02": copied,
    "S03": answered("认真开展工作", "已填报", 1.0),
    "N01": refusing_duty,
    "P01": answered("密级：机密", number=1.0),
    "V06": lambda _: batch(
        master(), clerk={w.REGISTER_SHEET: {"0" * 64: {"实际收到时间": "上周五"}}}
    ),
    "P02": answered("联系人电话13812345678", number=1.0),
}


def typed_as(kind: str, tmp_path):
    manifest = returned(master(), "03", {"04": GOOD}, tmp_path)
    rows = tuple(
        row._replace(cells={c: t._replace(kind=kind) if c == w.ANSWER else t
                            for c, t in row.cells.items()})
        for row in manifest.rows
    )  # fmt: skip
    return batch(master(), arrival(replace(manifest, rows=rows), "a.xlsx"))


@pytest.mark.parametrize("code", [rule.code for rule in rules.CATALOGUE if rule.check])
def test_every_rule_speaks_in_its_case(code, tmp_path):
    """Adding a rule without a case fails here."""
    found = [f for f in rules.run(CASES[code](tmp_path)) if f.rule == code]
    assert found
    for finding in found:
        assert finding.where.file
        assert finding.message.strip()
        assert finding.fix.strip()
        assert not re.search(r"[{}]", finding.message + finding.fix)


def test_a_code_nobody_knows_is_said_and_its_row_is_kept(tmp_path):
    plan = master(requirements=(requirement("77", "03"), requirement("04", "03")))
    form = returned(plan, "03", {"77": Filled("", "写了 7 项"), "04": GOOD}, tmp_path)
    result = batch(master(), arrival(form, "a.xlsx"))
    assert "写了 7 项" in {left.text for left in result.leftover}
    [found] = [f for f in rules.run(result) if f.rule == "I02"]
    assert "F201921-03-77-" in found.message


def test_a_good_return_is_silent(tmp_path):
    """What the validation accepts, no rule of class A or B complains of."""
    plan = master(requirements=(requirement("04", "03"),), units=master().units[2:3])
    form = returned(plan, "03", {"04": GOOD}, tmp_path)
    assert rules.run(batch(plan, arrival(form, "a.xlsx"))) == ()


BAD_MASTERS = {
    "M02": {"requirements": (requirement("03"),)},
    "M04": {},
    "M05": {"indicators": tuple(replace(i, number=1) for i in master().indicators)},
    "M06": {"indicators": master().indicators[::2]},
    "M07": {"requirements": (requirement("03", "02", advised=900, limit=800),)},
    "M08": {"settings": Settings(code="F2019", period_start=datetime(2019, 2, 1).date(),
                                 period_end=datetime(2019, 1, 1).date())},
    "M10": {"requirements": (requirement("03", "02", kind="随便"),)},
    "M12": {"requirements": (requirement("03", "02", material="长" * 2000),)},
    "M13": {"requirements": (requirement("03", "02"), requirement("03", "01"))},
    "M14": {"settings": Settings(code="任务")},
    "M16": {"settings": Settings(code="F2019")},
    "M17": {"units": (Unit(code="01", name="甲局", row=2), Unit(code="01", name="乙局", row=3)),
            "requirements": ()},
    "M18": {"waivers": (Waiver(unit="", requirement="99", rule="L01", row=2),)},
    "M19": {"requirements": ()},
    "M20": {"waivers": (Waiver(unit="", requirement="", rule="L01", row=2),)},
    "M22": {"settings": Settings(security="加密")},
    "M23": {"settings": Settings(cc="a@@b")},
}  # fmt: skip
WAIVED = {"reason": "领导同意", "date": "2019-10-24"}
READ_ELSEWHERE = {"M01", "M03", "M09", "M11", "M15", "M21"}
"""Found while the master is read, or in its templates: see test_master and test_lint."""


@pytest.mark.parametrize("code", sorted(BAD_MASTERS))
def test_every_master_rule_speaks_in_its_case(code):
    assert code in {f.rule for f in lint.check(master(**BAD_MASTERS[code]))}


def test_every_declared_rule_has_a_case():
    declared = {rule.code for rule in rules.CATALOGUE if not rule.check}
    assert declared == BAD_MASTERS.keys() | READ_ELSEWHERE


def test_every_rule_has_a_docstring_a_class_and_a_sentence():
    for rule in rules.CATALOGUE:
        assert rule.why.endswith("。"), rule.code
        assert rule.grade in w.GRADES
        assert len(rule.title) <= 20
        assert not rule.message.endswith("。")


def test_the_catalogue_refuses_a_second_rule_of_one_code():
    with pytest.raises(ValueError, match="L01"):
        rules.declare("L01", "A", "又一个", "句子", "怎么办", "为什么。")


def test_a_waiver_marks_exactly_what_it_names(tmp_path):
    waiver = Waiver(unit="01", requirement="02.1", rule="L01", row=2, **WAIVED)
    plan = master(waivers=(waiver,))
    filled = {"02.1": Filled("", "字" * 1001, 1.0), "02.2": Filled("", "字" * 1001)}
    found = rules.run(batch(plan, arrival(returned(plan, "01", filled, tmp_path), "a.xlsx")))
    assert {f.requirement: f.waived for f in found if f.rule == "L01"} == {
        "02.1": True,
        "02.2": False,
    }


@pytest.mark.parametrize("lacking", ["reason", "date"])
def test_a_waiver_without_a_reason_or_a_date_clears_nothing(lacking, tmp_path):
    waiver = Waiver(unit="01", requirement="", rule="L01", row=2, **{**WAIVED, lacking: " "})
    plan = master(waivers=(waiver,))
    filled = {"02.1": Filled("", "字" * 1001, 1.0), "02.2": GOOD}
    found = rules.run(batch(plan, arrival(returned(plan, "01", filled, tmp_path), "a.xlsx")))
    assert [f.waived for f in found if f.rule == "L01"] == [False]
    assert "M20" in {f.rule for f in lint.check(plan)}


def test_a_waiver_that_matches_nothing_is_said():
    waivers = (
        Waiver(unit="01", requirement="02.2", rule="L01", row=2, **WAIVED),
        Waiver(unit="", requirement="", rule="G01", row=3, **WAIVED),
        Waiver(unit="03", requirement="", rule="P01", row=4, **WAIVED),
    )
    found = [f for f in rules.run(batch(master(waivers=waivers))) if f.rule == "M21"]
    assert ["市发改委 02.2 L01" in f.message for f in found] == [True]


def test_a_rule_on_trial_only_hints(tmp_path):
    plan = master(settings=replace(master().settings, trial="L01、S03"))
    filled = {"02.1": Filled("", "字" * 1001, 1.0), "02.2": GOOD}
    found = rules.run(batch(plan, arrival(returned(plan, "01", filled, tmp_path), "a.xlsx")))
    [hint] = [f for f in found if f.rule == "L01"]
    assert (hint.grade, hint.message.startswith("（试行）")) == ("D", True)
    unknown = replace(plan, settings=replace(plan.settings, trial="L99"))
    assert "M18" in {f.rule for f in lint.check(unknown)}


def test_findings_come_worst_first_and_always_in_the_same_order(tmp_path):
    result = contradicting(tmp_path)
    found = rules.run(result)
    assert [f.grade for f in found] == sorted(f.grade for f in found)
    assert rules.run(replace(result, received=result.received[::-1])) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("身份证11010519491231002X", True),
        ("身份证110105194912310021", False),
        ("卡号6222021234567890127", False),
        ("卡号4111111111111111", True),
        ("编号123456789012345678", False),
        ("电话0375-2663225", False),
        ("手机138 1234 5678", False),
        ("手机13812345678。", True),
    ],
)
def test_personal_numbers_are_checked_before_they_are_named(text, found, tmp_path):
    hits = [f for f in rules.run(answered(text, number=1.0)(tmp_path)) if f.rule == "P02"]
    assert bool(hits) == found


@pytest.mark.parametrize(
    ("sheet", "cells", "said"),
    [
        (w.REGISTER_SHEET, {"实际收到时间": "2019/10/24 9:05"}, None),
        (w.REGISTER_SHEET, {"实际收到时间": "10月24日"}, "不是时间"),
        (w.REGISTER_SHEET, {"实际收到时间": "2019-10-25\n下午收到"}, "不是时间"),
        (w.REGISTER_SHEET, {"归属单位": "司法"}, "没有这个单位"),
        (w.REGISTER_SHEET, {"归属单位": "市公安局"}, None),
        (w.REGISTER_SHEET, {"归属单位": "市司法局"}, "以编号为准"),
        (w.REGISTER_SHEET, {"作废": "否"}, "只认“是”"),
        (w.CONFLICT_SHEET, {"采用": "3", w.CHOSEN_DIGEST: ""}, "没有这个版本"),
        (w.CONFLICT_SHEET, {"采用": "1", w.CHOSEN_DIGEST: "ab"}, "已经不在"),
        (w.CONFLICT_SHEET, {"采用": f"1\n{w.ALSO_SAID}\n2"}, "不止一个"),
        (w.CONFLICT_SHEET, {"采用": "是"}, "不止一个"),
        (w.MERGED_SHEET, {w.VERDICT: "不合格"}, "不在选项里"),
        (w.MERGED_SHEET, {w.VERDICT: " 退回 修改\u3000"}, None),
        (w.MERGED_SHEET, {w.VERDICT: " \n"}, None),
        (w.MERGED_SHEET, {w.VERDICT: f"通过\n{w.ALSO_SAID}\n退回修改"}, "两种写法"),
        (w.FINAL_SHEET, {"定稿文本": f"甲\n{w.ALSO_SAID}\n乙"}, "两种写法"),
    ],
)
def test_what_the_clerk_typed_works_or_is_said(sheet, cells, said, tmp_path):
    before = contradicting(tmp_path)
    key = before.received[0].sha256 if sheet == w.REGISTER_SHEET else "F201921-03-04"
    found = [
        f for f in rules.run(contradicting(tmp_path, {sheet: {key: cells}})) if f.rule == "V06"
    ]
    assert [said in f.message for f in found] == ([True] if said else [])
    whose = before.received[0].path if sheet == w.REGISTER_SHEET else "第4项（04）"
    assert all(f"里市公安局{whose}的" in f.message or f"“{whose}”" in f.message for f in found)


def test_now_is_only_used_for_what_is_late():
    assert rules.run(batch(master(), now=NOW)) == rules.run(batch(master(), now=AFTER))
