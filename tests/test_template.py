"""Letters from 通知模板: every placeholder known, nothing filled twice, unknown ones left alone."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, SETTINGS, arrival, batch, master, returned

from pdsfz_xl import master_wording as ms
from pdsfz_xl import template
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Template


@pytest.fixture
def half(tmp_path):
    """Unit 02 has answered one of its two."""
    plan = master(
        settings=replace(SETTINGS, document_number="平法政办〔2019〕21号", issuer="办公室")
    )
    manifest = returned(plan, "02", {"03": Filled("", "办了 3 件")}, tmp_path)
    return batch(plan, arrival(manifest, "a.xlsx"))


def test_every_placeholder_stands_for_something(half):
    unit = half.master.unit["02"]
    said = template.values(half, unit, NOW.date(), problems="1. 漏填", received="1. a.xlsx")
    assert tuple(said) == ms.PLACEHOLDERS
    assert {name for name, value in said.items() if not value} == {"地址"}
    assert said["截止日期"] == "2019年10月25日"
    assert (said["剩余天数"], said["应报项数"], said["已报项数"], said["未报项数"]) == (
        "1",
        "2",
        "1",
        "1",
    )
    assert said["未报清单"] == "1. 第4项（04）第4个三级指标的要求"


def test_a_letter_may_have_a_deadline_of_its_own(half):
    said = template.values(half, half.master.unit["02"], NOW.date(), date(2019, 11, 5))
    assert (said["截止日期"], said["剩余天数"]) == ("2019年11月5日", "12")


def test_a_deadline_that_is_past_leaves_no_days(half):
    unit = half.master.unit["02"]
    assert template.values(half, unit, date(2019, 12, 1))["剩余天数"] == "0"


def test_without_a_deadline_none_is_named():
    plan = master(settings=replace(SETTINGS, deadline=None))
    said = template.values(batch(plan), plan.unit["02"], NOW.date())
    assert (said["截止日期"], said["剩余天数"]) == (w.NO_DAY, "")


@pytest.mark.parametrize("kind", w.NOTICE_KINDS)
def test_every_letter_of_ours_is_filled_completely(half, kind):
    values = template.values(half, half.master.unit["02"], NOW.date())
    letter = template.of(half.master, kind)
    assert "{" not in template.fill(letter.subject + letter.body, values)


def test_the_clerks_text_comes_before_ours():
    ours = Template(kind=w.SENT_BACK, subject="改", body="请改")
    assert template.of(master(templates=(ours,)), w.SENT_BACK) == ours
    assert template.of(master(), w.SENT_BACK).body.startswith("{单位}：")


@pytest.mark.parametrize(
    ("said", "filled"),
    [
        ("{单位}：您好", "{任务}：您好"),
        ("{不知道}{单位}{", "{不知道}{任务}{"),
        ("｛单位｝", "｛单位｝"),
        ("{}{{单位}}", "{}{{任务}}"),
    ],
)
def test_what_is_put_in_is_never_filled_again(said, filled):
    assert template.fill(said, {"单位": "{任务}", "任务": "不该出现"}) == filled


@given(st.text())
def test_a_text_without_placeholders_stays(said):
    assert template.fill(said, {}) == said
