"""What a notice's words mean for the master, and what is said aloud about it."""

from dataclasses import astuple, replace
from datetime import date

import pytest
from notices import LETTER, REAL, real_letter, real_rows, row, stacked, word
from notices import workbook as excel_workbook

from pdsfz_xl import draft, identity, notice
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft, Notice, NoticeCell, Settings

TODAY = date(2019, 10, 1)


def drawn(rows: list[dict[str, str]], letter: str = LETTER, **more) -> Draft:
    cells = tuple({c: NoticeCell(t, "given" if t else "blank") for c, t in r.items()} for r in rows)
    return draft.draw_up(Notice(letter=tuple(letter.splitlines()), rows=cells, **more), TODAY)


# --- the real notice


@pytest.fixture(scope="module")
def real() -> Draft:
    return draft.draw_up(notice.read(REAL), TODAY)


def test_the_settings_of_the_real_notice(real):
    assert real.settings == Settings(
        name="法治政府建设示范市补充材料",
        code="F201921",
        document_number="平法政办〔2019〕21号",
        issuer="平顶山市法治政府建设领导小组办公室",
        deadline=date(2019, 10, 25),
        period_start=date(2018, 1, 1),
        period_end=date(2019, 7, 31),
        advised=500,
        limit=1000,
        contact="张晓培",
        phone="2663225",
        email="pdszffzb@126.com",
        address="市政大厦1130办公室",
    )


def test_the_rows_of_the_real_notice(real):
    """33 rows: 24 requirements, 8 that ask for nothing, and 19, which joins 18."""
    keys = [r.cells["编码"] for r in real.rows if r.cells.get("编码")]
    assert " ".join(keys) == (
        "02.1 02.2 03 04.1 04.2 05 06.2 07.2 09 11.1 11.2 12 13 17 18.1 18.2"
        " 22 23.2 24 25 26 27 28 29"
    )
    assert len(real.rows) == 33
    nothing = [r.cells[w.NUMBER] for r in real.rows if r.cells.get("填报类型") == w.NOT_ASKED]
    assert nothing == [f"（{n}）" for n in (1, 8, 10, 14, 15, 16, 20, 21)]
    blank = [r for r in real.rows if not r.cells[w.MATERIAL]]
    assert [r.cells[w.NUMBER] for r in blank] == ["（19）"]
    assert w.MATERIAL in blank[0].unsure
    assert not blank[0].cells.get("编码")


def test_what_the_words_of_the_real_notice_ask(real):
    """Type, measure, pieces and dates where they differ from a statement of the usual period."""
    wanted = {
        "02.1": ("数据", "2016-01-01", "", "", "条"),
        "02.2": ("情况说明", "2018-01-01", "", "", ""),
        "03": ("案例", "", "", "1", ""),
        "04.1": ("情况说明", "", "", "", ""),
        "05": ("情况说明", "2019-01-01", "", "", ""),
        "06.2": ("情况说明", "2018-01-01", "", "", ""),
        "11.1": ("情况说明", "2018-01-01", "", "", ""),
        "11.2": ("案卷", "", "", "", ""),
        "12": ("案卷", "", "", "", ""),
        "18.2": ("情况说明", "2017-01-01", "", "", ""),
        "24": ("信息报道", "2018-01-01", "", "", ""),
        "26": ("文件", "2019-01-01", "", "", ""),
        "28": ("信息报道", "2019-01-01", "2019-06-30", "", ""),
        "29": ("情况说明", "2017-01-01", "", "", ""),
    }
    captions = ("填报类型", "材料起始日期", "材料截止日期", "最少件数", "计量单位")
    found = {r.cells.get("编码"): tuple(r.cells.get(c, "") for c in captions) for r in real.rows}
    assert {key: found[key] for key in wanted} == wanted


def test_the_units_of_the_real_notice(real):
    assert [(u.code, u.name, u.aliases) for u in real.units] == [
        ("01", "市财政局", ()),
        ("02", "市发改委", ()),
        ("03", "市自然资源和规划局", ("自然资源局",)),
        ("04", "市司法局", ()),
        ("05", "市政府办公室", ()),
        ("06", "市审计局", ()),
        ("07", "市统计局", ()),
        ("08", "公安局", ()),
        ("09", "市场监管局", ()),
        ("10", "生态环境局", ()),
        ("11", "交通运输局", ()),
        ("12", "农业农村局", ()),
        ("13", "城市管理局", ()),
    ]


def test_what_is_said_about_the_real_notice(real):
    alias, nothing, joined, blanks = real.said
    assert "“自然资源局”看作“市自然资源和规划局”的别名" in alias
    assert "第8项按“不需填报”处理" in nothing
    assert "第19项的填报材料是空的，按“与第18项合并填报”处理" in joined
    assert "承上行" in blanks


@pytest.mark.parametrize("how", ["merged", "repeated", "blank"])
@pytest.mark.parametrize(("write", "name"), [(word, "通知.docx"), (excel_workbook, "通知.xlsx")])
def test_merged_repeated_and_blank_cells_draw_up_the_same(tmp_path, real, write, name, how):
    """Only the tint differs: blanks ask to be checked, merged and repeated cells do not."""
    path = write(tmp_path / name, real_letter(), real_rows(), how)
    found = draft.draw_up(notice.read(path), TODAY)
    assert [r.cells for r in found.rows] == [r.cells for r in real.rows]
    assert (found.settings, found.units) == (real.settings, real.units)
    unsure = {caption for r in found.rows for caption in r.unsure}
    assert (
        unsure
        == {
            "merged": set(),
            "repeated": {w.MATERIAL},
            "blank": {w.LEVEL1, w.LEVEL2, w.MATERIAL, w.RESPONSIBLE},
        }[how]
    )


# --- what is said


def test_a_contact_below_the_table_is_found():
    found = drawn([row(1, "甲")], after=("联系人：王五",))
    assert found.settings.contact == "张三"
    assert drawn([row(1, "甲")], "某函", after=("联系人：王五",)).settings.contact == "王五"


def test_whatever_is_not_found_is_said():
    said = "\n".join(drawn([row(1, "甲")], "").said)
    for key in ("报送截止日期", "材料起始日期", "材料截止日期", "联系人", "联系电话", "电子邮箱"):
        assert key in said
    for assumed in ("任务名称暂写", "任务代码暂写 F201901", "建议 500 字、上限 1000 字"):
        assert assumed in said


def test_nothing_is_said_where_all_is_clear():
    assert drawn([row(1, "甲"), row(2, "乙")], "\n".join(real_letter())).said == ()


def test_words_below_the_table_are_said():
    assert any("须盖章" in s for s in drawn([row(1, "甲")], after=("说明：须盖章。",)).said)


# --- the rows


@pytest.mark.parametrize(
    ("material", "items"),
    [
        ("甲材料", ["甲材料"]),
        ("（1）甲；（2）乙。", ["1 （1）甲；", "2 （2）乙。"]),
        ("（1）甲\n（2）乙", ["1 （1）甲", "2 （2）乙"]),
        ("(1)甲；(3)丙", ["1 (1)甲；", "3 (3)丙"]),
        ("（2）乙", ["2 （2）乙"]),
        (
            "提供以下材料：（1）甲；（2）乙",
            ["1 提供以下材料：（1）甲；", "2 提供以下材料：（2）乙"],
        ),
        ("依据（1）甲（2）乙办理", ["依据（1）甲（2）乙办理"]),
        ("（1）甲；（1）乙", ["（1）甲；（1）乙"]),
        ("（1）甲；\n见：（1）子项；（2）子项", ["（1）甲；\n见：（1）子项；（2）子项"]),
    ],
)
def test_items_are_split_where_numbers_are_printed(material, items):
    """In rising order only: what is nested or ambiguous stays one item for the clerk to split."""
    found = drawn([row(3, material)]).rows
    shown = [f"{r.cells['编码'].partition('.')[2]} {r.cells[w.MATERIAL]}".strip() for r in found]
    assert shown == items


def test_keys_are_padded_to_the_widest_number():
    found = drawn([row(7, "甲"), row(120, "（2）乙")]).rows
    assert [r.cells["编码"] for r in found] == ["007", "120.2"]


def test_several_rows_of_one_indicator_get_keys_of_their_own():
    """A spreadsheet may give each item a row; the number is then merged, blank or repeated."""
    again = row(3, "乙")
    blank = {**again, w.NUMBER: "", w.INDICATOR: "", w.METHOD: ""}
    for second in (again, blank):
        found = drawn([row(3, "甲"), second, row(4, "丙")]).rows
        assert [r.cells["编码"] for r in found] == ["03", "03.2", "04"]
        assert [r.cells[w.NUMBER] for r in found] == ["（3）", "（3）", "（4）"]


def test_numbers_that_are_not_there_are_counted_and_said():
    rows = [{**row(n, "甲"), w.NUMBER: ""} for n in (1, 2)]
    found = drawn(rows)
    assert [r.cells["编码"] for r in found.rows] == ["01", "02"]
    assert any("序号" in said for said in found.said)


def test_other_columns_go_into_the_remarks():
    found = drawn([{**row(1, "甲"), "办结时间": "9月底", w.NOTE: "要盖章"}])
    assert found.rows[0].cells[w.NOTE] == "办结时间：9月底；要盖章"


def test_a_new_group_does_not_inherit_the_second_level_of_another():
    first, second = row(1, "甲"), {**row(2, "乙"), w.LEVEL1: "二、监督", w.LEVEL2: ""}
    assert drawn([first, second]).rows[1].cells[w.LEVEL2] == ""


def test_a_method_over_two_indicators_reads_as_repeated():
    blank = {**row(2, "乙"), w.METHOD: ""}
    found = drawn([row(1, "甲"), blank]).rows[1]
    assert found.cells[w.METHOD] == "材料查证"
    assert w.METHOD in found.unsure


@pytest.mark.parametrize(
    ("material", "kind"),
    [
        ("不需提供材料。", "不需填报"),
        ("不需要提交材料", "不需填报"),
        ("无需报送", "不需填报"),
        ("不需填报", "不需填报"),
        ("省辖市政府不需提供材料。", "不需填报"),
        ("县（市、区）不需提供材料，省辖市提供情况说明。", "情况说明"),
        ("归集共享信用信息数量。", "数据"),
        ("行政复议案件数", "数据"),
        ("培训人次及合格率", "数据"),
        ("发文数量的情况说明", "情况说明"),
        ("统计数据，进行核查", "情况说明"),
        ("提供1个依法补偿的案例或相关说明", "案例"),
        ("行政执法典型案例。", "案例"),
        ("结合案例写出情况说明", "情况说明"),
        ("查看行政处罚案卷", "案卷"),
        ("开展案卷评查的情况说明", "情况说明"),
        ("培训班的信息报道", "信息报道"),
        ("年度工作安排的文件。", "文件"),
        ("实施方案", "文件"),
        ("落实文件的情况说明", "情况说明"),
        ("统计分析", "情况说明"),
    ],
)
def test_the_type_is_what_is_asked_for_in_the_end(material, kind):
    assert drawn([row(1, material)]).rows[0].cells["填报类型"] == kind


@pytest.mark.parametrize(
    ("material", "start", "end"),
    [
        ("2018年以来的情况", "2018-01-01", ""),
        ("2018 年以来的情况", "2018-01-01", ""),
        ("2018年3月以来的情况", "2018-03-01", ""),
        ("2019年上半年的情况", "2019-01-01", "2019-06-30"),
        ("2018年下半年的情况", "2018-07-01", "2018-12-31"),
        ("本级政府2018年的文件", "2018-01-01", "2018-12-31"),
        ("本级政府2019年的文件", "2019-01-01", ""),
        ("2017年度情况", "2017-01-01", "2017-12-31"),
        ("2016年、2017年的情况", "2016-01-01", "2017-12-31"),
        ("2016至2018年的情况", "2016-01-01", "2018-12-31"),
        ("2018年5月至2019年3月的情况", "2018-05-01", "2019-03-31"),
        ("2018年第四季度的情况", "2018-10-01", "2018-12-31"),
        ("2019年1－6月的情况", "2019-01-01", "2019-06-30"),
        ("2019年2月30日至3月1日的情况", "", ""),
        ("近三年的情况", "", ""),
        ("第2019号文件", "", ""),
    ],
)
def test_dates_of_an_item(material, start, end):
    """The last year stays open where the notice's own period ends within it."""
    letter = f"{LETTER}材料的时间以2018年、2019年（截至7月31日）为主。"
    cells = drawn([row(1, material)], letter).rows[0].cells
    assert (cells.get("材料起始日期", ""), cells.get("材料截止日期", "")) == (start, end)


@pytest.mark.parametrize(
    ("material", "caption", "wanted"),
    [
        ("提供1个案例", "最少件数", "1"),
        ("提供两篇信息报道", "最少件数", "2"),
        ("至少报送3份文件", "最少件数", "3"),
        ("不少于十件案卷", "最少件数", "10"),
        ("每半年听取1次汇报的报道", "最少件数", ""),
        ("情况说明，不超过300字", "字数上限", "300"),
        ("情况说明，2000字以内", "字数上限", "2000"),
        ("情况说明，一般800字左右", "建议字数", "800"),
        ("情况说明，一般2000字左右", "字数上限", "2000"),
        ("信息数量", "计量单位", "条"),
        ("案件数", "计量单位", "件"),
        ("培训人次", "计量单位", "人次"),
        ("合格率", "计量单位", "%"),
    ],
)
def test_pieces_lengths_and_measures(material, caption, wanted):
    assert drawn([row(1, material)]).rows[0].cells.get(caption, "") == wanted


# --- the units


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("市司法局", ["市司法局"]),
        ("甲局、乙局，丙局；丁局/戊局\n己局", ["甲局", "乙局", "丙局", "丁局", "戊局", "己局"]),
        ("市司法局（牵头）、市公安局（配合单位）", ["市司法局 牵头", "市公安局 配合"]),
        ("牵头单位：市司法局；配合单位：甲局、乙局", ["市司法局 牵头", "甲局 配合", "乙局 配合"]),
        ("牵头：市司法局\n配合：甲局", ["市司法局 牵头", "甲局 配合"]),
        ("责任单位：甲局", ["甲局"]),
        ("市司法局 市公安局", ["市司法局", "市公安局"]),
        ("市 司 法 局", ["市司法局"]),
        ("各县（市、区）", ["各县（市、区）"]),
        ("", []),
    ],
)
def test_names_and_roles_of_a_cell(said, named):
    assert [" ".join(filter(None, unit)) for unit in identity.named_units(said)] == named


@pytest.mark.parametrize(
    ("names", "aliases"),
    [
        ("市自然资源和规划局、自然资源局", {"自然资源局": "市自然资源和规划局"}),
        ("自然资源局、市自然资源和规划局", {"自然资源局": "市自然资源和规划局"}),
        ("规划局、市自然资源和规划局", {"规划局": "市自然资源和规划局"}),
        ("公安局、市公安局", {"公安局": "市公安局"}),
        ("市公安局、平顶山市公安局", {"市公安局": "平顶山市公安局"}),
        ("公安局、市公安局、平顶山市公安局",
         {"公安局": "平顶山市公安局", "市公安局": "平顶山市公安局"}),
        ("旅游局、市文化广电和旅游局", {"旅游局": "市文化广电和旅游局"}),
        ("信访局、市委市政府信访局", {}),
        ("自然资源局、市自然资源和规划局、市自然资源和林业局", {}),
        ("公安局、市公安局、县公安局", {}),
        ("市公安局、新华区公安局", {}),
        ("公安局、新华区公安局", {}),
        ("公安局、市公安局交警支队", {}),
        ("市审计局、市统计局", {}),
        ("市场监管局、监管局", {}),
        ("农业局、农业农村局", {}),
        ("发改局、市发改委", {}),
        ("政府办公室、市政府办公室", {"政府办公室": "市政府办公室"}),
        ("市政府、市政府办公室", {}),
        ("管理局、城市管理局", {}),
    ],
)  # fmt: skip
def test_an_alias_is_proposed_where_exactly_one_name_fits(names, aliases):
    """And it is said aloud; the fuller name is the unit, wherever it stands."""
    found = drawn([row(1, "甲", names)])
    assert {a: u.name for u in found.units for a in u.aliases} == aliases
    said = [s for s in found.said if "别名" in s]
    assert len(said) == len(aliases)
    written = [name for name in identity.named_units(names) if name.name not in aliases]
    assert [u.name for u in found.units] == sorted(
        (name.name for name in written), key=lambda n: _first(names, n, aliases)
    )
    assert [u.code for u in found.units] == [f"{i:02d}" for i in range(1, len(written) + 1)]


def _first(names: str, name: str, aliases: dict[str, str]) -> int:
    listed = names.split("、")
    return min(i for i, other in enumerate(listed) if aliases.get(other, other) == name)


def test_a_unit_is_written_once_however_it_is_spaced():
    found = drawn([row(1, "甲", "市司法局"), row(2, "乙", "市 司 法 局、市公安局")])
    assert [u.name for u in found.units] == ["市司法局", "市公安局"]


def test_the_draft_does_not_depend_on_the_day_where_the_number_is_known(real):
    assert draft.draw_up(notice.read(REAL), date(2030, 1, 1)) == real


def test_stacked_text_draws_up_like_its_rows(tmp_path):
    path = tmp_path / "通知.txt"
    path.write_text(stacked(LETTER, [row(1, "甲"), row(2, "（1）乙；（2）丙")]), "utf-8")
    found = draft.draw_up(notice.read(path), TODAY)
    assert [r.cells["编码"] for r in found.rows] == ["01", "02.1", "02.2"]
    assert astuple(found.settings)[:2] == ("法治政府建设示范市补充材料", "F201921")
    assert replace(found.settings, name="") != found.settings
