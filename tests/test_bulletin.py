"""通报: what can be said to every unit and to the leaders, counted once and told neutrally."""

from dataclasses import replace
from datetime import date, datetime

from test_printout import MASTER, NOW, batch, said

from pdsfz_xl import bulletin, rules
from pdsfz_xl.model import Batch, Finding, Settings, Where
from pdsfz_xl.model import Master as Plan


def told(result: Batch, found: tuple[Finding, ...] | None = None) -> bulletin.Bulletin:
    return bulletin.compose(result, rules.run(result) if found is None else found)


def lines(result: Batch, found: tuple[Finding, ...] | None = ()) -> dict[str, str]:
    return {unit.name: unit.said for unit in told(result, found).units}


def finding(rule: str, unit: str = "市发改委", **more) -> Finding:
    grade = rules.RULES[rule].grade
    return Finding(rule, grade, unit, "", Where(), "说明", "改法", **more)


def standing(result: Batch, unit: str, **more) -> Batch:
    changed = (replace(s, **more) if s.unit == unit else s for s in result.standings)
    return replace(result, standings=tuple(changed))


def extended(unit: str, until: date) -> Plan:
    units = (replace(u, extended=until) if u.code == unit else u for u in MASTER.units)
    return replace(MASTER, units=tuple(units))


def test_units_stand_in_their_order_and_those_with_nothing_due_below():
    result = told(batch())
    assert [unit.name for unit in result.units] == ["市发改委", "市司法局", "市公安局"]
    assert "无需报送的单位：市财政局。" in result.closing


def test_it_says_what_was_asked_when_and_what_came():
    opening = told(batch(said("01", "02.1", "甲"))).opening
    assert opening == (
        "按照平法政办〔2019〕21号文件要求，各责任单位应于2019年10月25日前报送材料。"
        "截至2019年10月28日9时00分，应报送单位 3 个、填报事项 4 项，已报 1 项，未报 3 项。"
        "其中，未报齐 1 个，未报 2 个。现将有关情况通报如下："
    )


def test_each_unit_is_told_by_how_many_days_it_is_behind():
    late = said("02", "04", "甲", late=True, received=datetime(2019, 10, 27, 8, 0))
    both = (said("01", "02.1", "甲"), said("01", "02.2", "乙"))
    assert lines(batch(late, *both)) == {
        "市发改委": "按时报齐",
        "市司法局": "已报齐，迟报 2 天",
        "市公安局": "未报，逾期 3 天",
    }


def test_nobody_is_behind_before_the_deadline():
    result = replace(batch(said("01", "02.1", "甲")), now=datetime(2019, 10, 25, 23, 59))
    assert lines(result) == {"市发改委": "未报齐", "市司法局": "未报", "市公安局": "未报"}


def test_without_a_deadline_there_are_no_days():
    plan = replace(MASTER, settings=replace(MASTER.settings, deadline=None, document_number=""))
    result = told(batch(said("02", "04", "甲"), master=plan), ())
    assert result.opening.startswith("截至2019年10月28日")
    assert [unit.said for unit in result.units] == ["未报", "已报齐", "未报"]


def test_a_postponed_unit_is_judged_by_its_own_deadline():
    assert lines(batch(master=extended("03", date(2019, 10, 31))))["市公安局"] == (
        "未报，延期至10月31日"
    )
    assert lines(batch(master=extended("03", date(2019, 10, 27))))["市公安局"] == (
        "未报，延期至10月27日，逾期 1 天"
    )


def test_what_still_has_to_be_typed_in_was_handed_in():
    result = standing(batch(), "02", status="received", received=datetime(2019, 10, 26, 9, 0))
    assert lines(result)["市司法局"] == "已来件待代录，10月26日来件"
    [unit] = [unit for unit in told(result).units if unit.name == "市司法局"]
    assert not unit.lacking


def test_problems_are_counted_by_unit_and_by_kind():
    found = (finding("L01"), finding("L01"), finding("V01"), finding("L01", "市公安局"))
    result = told(batch(), (*found, finding("L02"), finding("S01")))
    assert [unit.problems for unit in result.units] == [3, 0, 1]
    kinds = [rules.RULES[code].title for code in ("L01", "V01")]
    assert f"必须改的问题共 4 个：{kinds[0]} 3 个、{kinds[1]} 1 个。" in result.closing


def test_what_was_waived_or_is_nobodys_is_not_counted():
    found = (finding("L01", waived=True), finding("F03", ""), finding("L02"))
    result = told(batch(), found)
    assert [unit.problems for unit in result.units] == [0, 0, 0]
    assert "已报送的材料中没有必须改的问题。" in result.closing


def test_what_may_be_classified_is_told_to_nobody():
    result = told(batch(), (finding("P01"),))
    assert [unit.problems for unit in result.units] == [0, 0, 0]
    assert rules.RULES["P01"].title not in "".join(result.closing)


def test_only_those_who_lack_something_are_asked_for_it():
    assert any("尽快报送" in said for said in told(batch()).closing)
    keys = [("01", "02.1"), ("01", "02.2"), ("02", "04"), ("03", "04")]
    whole = told(batch(*(said(*place, "甲") for place in keys)), ())
    assert whole.closing == (
        "各责任单位均已报齐。",
        "已报送的材料中没有必须改的问题。",
        "无需报送的单位：市财政局。",
    )


def test_who_to_ask_is_said_where_it_is_known():
    plan = replace(MASTER, settings=replace(MASTER.settings, contact="张三", phone="2663225"))
    assert told(batch(master=plan)).closing[-1].endswith("（联系人：张三，电话：2663225）。")


def test_a_campaign_without_units_has_a_bulletin_all_the_same():
    empty = Batch(master=Plan(settings=Settings(name="甲")), now=NOW)
    result = told(empty)
    assert result.title == ("关于甲", "报送情况的通报")
    assert result.units == ()
