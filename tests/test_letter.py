"""What the words of a letter say, and what they leave open."""

import re
from datetime import date

import pytest
from counts import examples
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from notices import row

from pdsfz_xl import draft, identity
from pdsfz_xl.model import Notice, NoticeCell, Settings

TODAY = date(2019, 10, 1)


def settings(letter: str, today: date = TODAY) -> Settings:
    rows = ({c: NoticeCell(t) for c, t in row(1, "甲").items()},)
    return draft.draw_up(Notice(letter=tuple(letter.splitlines()), rows=rows), today).settings


@pytest.mark.parametrize(
    ("said", "number", "code"),
    [
        ("平法政办〔2019〕21号", "平法政办〔2019〕21号", "F201921"),
        ("某政办函[2024]3号", "某政办函[2024]3号", "F20243"),
        ("某政办函［2024］3 号", "某政办函［2024］3号", "F20243"),
        ("某政〔2024〕第 15 号", "某政〔2024〕第15号", "F202415"),
        ("某政发（2024）1234号", "某政发（2024）1234号", "F241234"),
        ("没有文号", "", "F201901"),
        ("根据省政府〔2018〕9号文件要求", "", "F201901"),
    ],
)
def test_the_document_number_gives_the_code(said, number, code):
    found = settings(f"{said}\n关于报送某材料的通知\n各单位：")
    assert (found.document_number, found.code) == (number, code)
    assert identity.CAMPAIGN.fullmatch(found.code)


@pytest.mark.parametrize(
    ("lines", "name", "issuer"),
    [
        ("某市法治办\n关于提交示范市补充材料的通知", "示范市补充材料", "某市法治办"),
        ("某市法治办关于报送年度总结的通知", "年度总结", "某市法治办"),
        ("某县政府办公室\n关于做好年度\n法治考核工作的通知", "年度法治考核", "某县政府办公室"),
        ("某政办〔2024〕3号\n\n关于印发《任务分解表》的通知", "任务分解表", ""),
        ("关于开展“放管服”改革自查的紧急通知", "“放管服”改革自查", ""),
        ("各单位：\n现将有关事项通知如下：", "材料报送", ""),
    ],
)  # fmt: skip
def test_the_title_gives_name_and_issuer(lines, name, issuer):
    found = settings(lines)
    assert (found.name, found.issuer) == (name, issuer)


@pytest.mark.parametrize(
    ("said", "deadline"),
    [
        ("请于10月25日前将纸质版报送至我办。", "2019-10-25"),
        ("请于 10 月 25 日（星期五）下班前报送。", "2019-10-25"),
        ("请于１０月２５日前上报。", "2019-10-25"),
        ("请于2020年3月15日17:00前报送。", "2020-03-15"),
        ("请于10月25日以前报送。", "2019-10-25"),
        ("报送截止日期：2019年10月25日。", "2019-10-25"),
        ("报送材料的截止时间为10月25日。", "2019-10-25"),
        ("请于3月底前报送。", ""),
        ("请于10月下旬前报送。", ""),
        ("请尽快报送。", ""),
        ("请于2018年10月25日前报送。", ""),
        ("请于2月30日前报送。", ""),
        ("补充7月31日前的情况并报送。", ""),
        ("请于10月10日前报送联络员名单。请于10月25日前报送材料。", "2019-10-25"),
        ("请于10月10日前报送初稿，10月25日前报送定稿。", ""),
        ("请于10月25日前报送材料。逾期于10月25日前未报送材料的通报。", "2019-10-25"),
        ("会议于10月9日前召开。请于10月25日前报送。", "2019-10-25"),
    ],
)
def test_the_deadline(said, deadline):
    """Its year is the letter's; words that leave the day open, and impossible days, stay blank."""
    found = settings(f"某法办〔2019〕21号\n关于报送材料的通知\n{said}")
    assert str(found.deadline or "") == deadline


@pytest.mark.parametrize(
    ("head", "tail", "deadline"),
    [
        ("", "2020年3月1日", "2020-10-25"),
        ("", "", ""),
        ("某办〔2019〕88号", "2019年12月20日", "2020-10-25"),
        ("某办〔2019〕21号", "2019年10月8日", "2019-10-25"),
    ],
)
def test_the_year_of_the_deadline(head, tail, deadline):
    """From the document number or the letter's own date, which no deadline precedes."""
    found = settings(f"{head}\n关于报送材料的通知\n请于10月25日前报送。\n{tail}")
    assert str(found.deadline or "") == deadline


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("材料的时间以2018年、2019年（截至7月31日）为主。", "2018-01-01", "2019-07-31"),
        ("材料时间为2018年1月1日至2019年6月30日。", "2018-01-01", "2019-06-30"),
        ("材料时间范围：2019年1月1日—6月30日。", "2019-01-01", "2019-06-30"),
        ("材料时间为2018年7月至2019年6月。", "2018-07-01", "2019-06-30"),
        ("材料的时间为2018-2019年。", "2018-01-01", "2019-12-31"),
        ("材料时间为2019年。", "2019-01-01", "2019-12-31"),
        ("材料时间为2017年以来。", "2017-01-01", ""),
        ("材料时间为近三年。", "", ""),
        ("材料于2019年报送。", "", ""),
    ],
)
def test_the_period(said, start, end):
    found = settings(f"某法办〔2019〕21号\n{said}")
    assert (str(found.period_start or ""), str(found.period_end or "")) == (start, end)


@pytest.mark.parametrize(
    ("said", "advised", "limit"),
    [
        ("一般不超过500字，最多不超过1000字", 500, 1000),
        ("控制在800字以内，最多 1500 字", 800, 1500),
        ("原则上不超过300字，不得超过600字。", 300, 600),
        ("字数不超过400字", 400, 400),
        ("不超过3000字", 500, 3000),
        ("一般不超过1200字", 1200, 1200),
        ("简明扼要", 500, 1000),
    ],
)
def test_the_lengths(said, advised, limit):
    found = settings(f"某法办〔2019〕21号\n{said}")
    assert (found.advised, found.limit) == (advised, limit)


@pytest.mark.parametrize(
    ("said", "contact", "phone", "email", "address"),
    [
        ("联系人：张晓培  电话：2663225\n电子邮箱：a_b@126.com\n联系地址：市政大厦1130办公室",
         "张晓培", "2663225", "a_b@126.com", "市政大厦1130办公室"),
        ("联 系 人: 李四　　联系电话: 0375-1234567；邮 箱: x@y.gov.cn；地　址：某路 1 号",
         "李四", "0375-1234567", "x@y.gov.cn", "某路 1 号"),
        ("联系人：王五（13800000000）", "王五", "13800000000", "", ""),
        ("联系人及电话：王五 2663225", "王五", "2663225", "", ""),
        ("联系人：王五、赵六，联系方式：2663225、6", "王五、赵六", "2663225、6", "", ""),
        ("（联系人：王五，电话：2663225）", "王五", "2663225", "", ""),
        ("请报送至 office@example.cn。", "", "", "office@example.cn", ""),
        ("", "", "", "", ""),
    ],
)  # fmt: skip
def test_the_contact(said, contact, phone, email, address):
    found = settings(f"某法办〔2019〕21号\n{said}")
    assert (found.contact, found.phone, found.email, found.address) == (
        contact, phone, email, address,
    )  # fmt: skip


PIECES = (
    "0000|2019|13|31|0|年|月|日|年以来|上半年|季度|以来|前|至|、|（截至|）|截止时间|材料|时间|报送|字"
    "|500|最多|一般|联系人|：|电话|地址|@|关于|的通知|某办〔0000〕1号|号|\n|。|；|（1）|甲局|不需提供|1个案例"
)


@given(st.lists(st.sampled_from(re.split("[|]", PIECES)), max_size=14).map("".join))
@settings_of(max_examples=examples(300), deadline=None)
def test_no_letter_and_no_material_is_ever_too_strange(said):
    """Whatever the words, there is a draft, and its keys and codes are well formed."""
    rows = ({c: NoticeCell(t) for c, t in row(1, said or "甲", said or "乙局").items()},)
    drawn = draft.draw_up(Notice(letter=tuple(said.splitlines()), rows=rows), TODAY)
    assert identity.CAMPAIGN.fullmatch(drawn.settings.code)
    assert drawn.settings.name
    keys = [r.cells["编码"] for r in drawn.rows if "编码" in r.cells]
    assert len(keys) == len(set(keys))
    assert all(identity.KEY.fullmatch(key) for key in keys)
