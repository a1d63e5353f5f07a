"""Who owes what, and who is left in peace."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from samples import NOW, SETTINGS, arrival, batch, master, requirement, returned

from pdsfz_xl import owed
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Arrival, Manifest


def _extended(until: date):
    plan = master()
    return master(units=(*plan.units[:1], replace(plan.units[1], extended=until), *plan.units[2:]))


def test_every_unit_stands_there_with_what_it_owes(tmp_path):
    plan = master()
    half = returned(plan, "02", {"03": Filled("", "办了 3 件")}, tmp_path)
    whole = returned(plan, "03", {"04": Filled("", "办了 4 件")}, tmp_path)
    found = owed.owed(batch(plan, arrival(half, "a.xlsx"), arrival(whole, "b.xlsx")))
    assert [(o.unit.code, o.assigned, [r.key for r in o.missing], o.excuse) for o in found] == [
        ("01", 2, ["02.1", "02.2"], ""),
        ("02", 2, ["04"], ""),
        ("03", 1, [], "已报齐"),
        ("04", 0, [], "无需报送"),
    ]


def test_only_who_owes_is_reminded(tmp_path):
    plan = master()
    whole = returned(plan, "03", {"04": Filled("非本单位职责", "建议由市司法局报")}, tmp_path)
    found = owed.reminded(batch(plan, arrival(whole, "b.xlsx")))
    assert [o.unit.code for o in found] == ["01", "02"]


def test_what_waits_for_the_office_itself_is_no_debt():
    """A scan came from the unit's folder: 已来件待代录."""
    scan = Manifest(sha256="0" * 64, rule="F01", detail="图片")
    came = Arrival("out/2-收件/市公安局/扫描.jpg", "0" * 64, NOW, True, scan)
    clerk = {"收件登记": {"0" * 64: {"归属单位": "市公安局"}}}
    found = {o.unit.code: o for o in owed.owed(batch(master(), came, clerk=clerk))}
    assert found["03"].excuse == "已来件待代录"
    assert [r.key for r in found["03"].missing] == ["04"]


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2019, 10, 24, 23, 59), 1),
        (datetime(2019, 10, 25, 0, 1), 0),
        (datetime(2019, 10, 25, 23, 59), 0),
        (datetime(2019, 10, 28, 9, 0), -3),
    ],
)
def test_days_are_whole_days_to_the_deadline(now, days):
    assert owed.owed(batch(master(), now=now))[0].days == days


@pytest.mark.parametrize(
    ("until", "now", "excuse"),
    [
        (date(2019, 10, 30), datetime(2019, 10, 28, 9, 0), "延期至2019年10月30日"),
        (date(2019, 10, 30), datetime(2019, 10, 30, 18, 0), "延期至2019年10月30日"),
        (date(2019, 10, 30), datetime(2019, 10, 31, 0, 0), ""),
        (date(2019, 10, 25), datetime(2019, 10, 24, 9, 0), ""),
    ],
)
def test_an_extension_is_an_excuse_until_its_day_is_over(until, now, excuse):
    found = owed.owed(batch(_extended(until), now=now))[1]
    assert (found.excuse, found.deadline) == (excuse, until)


def test_without_a_deadline_nobody_is_late():
    plan = master(settings=replace(SETTINGS, deadline=None))
    assert {(o.deadline, o.days, o.excuse) for o in owed.reminded(batch(plan))} == {
        (None, None, "")
    }


@pytest.mark.parametrize(
    ("key", "material", "name", "brief"),
    [
        ("06.2", "（2）持证上岗情况说明。", "6（2）", "持证上岗情况说明"),
        ("03", "提供1个案例；", "3", "提供1个案例"),
        ("11.1", "(1) 统计\n分析。", "11（1）", "统计 分析"),
        ("04", "", "4", "第4个三级指标的要求"),
        ("05", "字" * 40, "5", "字" * 29 + "…"),
    ],
)
def test_a_requirement_is_called_as_people_say_it(key, material, name, brief):
    one = requirement(key, "01", material=material)
    assert (owed.name(one), owed.brief(one)) == (name, brief)
