"""What goes back: which findings, in which cells, and that the marked workbook reads like any."""

import io
from dataclasses import replace
from datetime import date, datetime

import docx
import openpyxl
from client import convert, needs_office, session
from dump import dump
from samples import AFTER, SETTINGS, arrival, batch, master, requirement, returned

from pdsfz_xl import collect, form, giveback, identity, rules, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import HEADER, Filled
from pdsfz_xl.form_pen import AMBER, RED
from pdsfz_xl.model import Evidence, Template, Waiver, Where

DEADLINE = date(2019, 11, 5)
LONG = "2019年共办理 3 件。" + "字" * 1001
FIRST = HEADER + 2


def plan_of_all(**more):
    """A unit whose six rows can each be wrong in a way of its own."""
    requirements = (
        requirement("01", "01"),
        requirement("02.1", "01", kind="数据", measure="条"),
        requirement("02.2", "01", pieces=2),
        requirement("03", "01"),
        requirement("04", "01", "02"),
        requirement("05", "01"),
    )
    return master(requirements=requirements, indicators=(), **more)


WRONG = {
    "01": Filled("已填报", LONG),
    "02.1": Filled("已填报", "全年归集 1286 条。"),
    "02.2": Filled("已填报", "2017年起办了 2 件。"),
    "04": Filled("", "详见附件"),
    "05": Filled("无此情况", ""),
}
LISTED = (Evidence(Where(), "01", "02.2", "旧文件.pdf", "文件", "2016-05-01", 1, "复印件"),)


def clerk(plan, **rows):
    """审核 columns of 汇总 by requirement key, dots as underscores: verdict and opinion."""
    return {
        w.MERGED_SHEET: {
            plan.key("01", key.strip("_").replace("_", ".")): dict(
                zip(w.REVIEW, said, strict=False)
            )
            for key, said in rows.items()
        }
    }


def round_of(tmp_path, filled, plan=None, *, written=None, **more):
    plan = plan or plan_of_all()
    manifest = returned(plan, "01", filled, tmp_path, **more)
    return batch(plan, arrival(manifest, "甲.xlsx"), clerk=written)


def given_back(result, deadline=DEADLINE):
    return giveback.returns(result, rules.run(result), deadline, AFTER)


def table(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))[w.FORM_SHEET]


def listed_problems(data: bytes) -> list[tuple[str, ...]]:
    """Class, item, problem and place of every line of 问题清单."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))[w.FINDINGS_SHEET]
    rows = sheet.iter_rows(min_row=7, values_only=True)
    return [(r[1], r[2].split("\n")[0], r[3], r[5]) for r in rows]


# --- which findings ------------------------------------------------------------------------


def test_every_row_that_is_wrong_is_marked(tmp_path):
    one = given_back(round_of(tmp_path, WRONG, listed=LISTED))[0]
    assert listed_problems(one.data) == [
        ("必须改", "第1项（01）", "写了 1012 字，超出上限 1000 字共 12 字", "填报表 J6"),
        ("必须改", "第2项（02.1）", "要求填数量，数量栏是空的", "填报表 K7"),
        ("须说明", "第2项（02.2）", "要求至少 2 件佐证材料，列了 1 件", "佐证材料 A3"),
        (
            "请核实",
            "第2项（02.2）",
            "在佐证材料表列了“旧文件.pdf”，但没有收到这个文件",
            "佐证材料 B2",
        ),
        (
            "请核实",
            "第2项（02.2）",
            "佐证材料“旧文件.pdf”日期是 2016-05-01，不在 2018-01-01 至 2019-07-31 之间",
            "佐证材料 D2",
        ),
        (
            "请核实",
            "第2项（02.2）",
            "写到了 2017年，要求的时间范围是 2018-01-01 至 2019-07-31",
            "填报表 J8",
        ),
        ("必须改", "第3项（03）", "没有填写", "填报表 J9"),
        ("须说明", "第4项（04）", "只写了“详见附件”", "填报表 J10"),
        ("须说明", "第5项（05）", "选了“无此情况”，但没有写理由", "填报表 J11"),
    ]
    assert [f.rule for f in one.findings] == [
        "G02", "L01", "V01", "E01", "G05", "S01", "E02", "T01", "T02",
    ]  # fmt: skip


def test_what_is_right_goes_nowhere(tmp_path):
    plan = master()
    manifest = returned(plan, "03", {"04": Filled("", "办了 3 件")}, tmp_path)
    assert given_back(batch(plan, arrival(manifest, "a.xlsx"))) == ()


def test_nor_does_what_concerns_no_row(tmp_path):
    """Late, not their duty, sent nothing: the office's business."""
    plan = master(settings=replace(SETTINGS, deadline=date(2019, 10, 1)))
    manifest = returned(plan, "03", {"04": Filled("非本单位职责", "建议由市司法局填报")}, tmp_path)
    result = batch(plan, arrival(manifest, "a.xlsx"))
    assert {"G01", "G04", "N01"} <= {f.rule for f in rules.run(result)}
    assert given_back(result) == ()


def test_what_is_only_to_be_verified_goes_along_but_never_alone(tmp_path):
    filled = {r.key: Filled("已填报", "办了 3 件") for r in plan_of_all().requirements}
    filled |= {"02.1": Filled("", "有 1 条", 1.0), "02.2": Filled("无此情况", "2017年 1 件")}
    alone = round_of(tmp_path, filled)
    assert {"T02"} == {f.rule for f in rules.run(alone) if f.rule in giveback.GOES_BACK}
    assert given_back(alone) == ()
    both = given_back(round_of(tmp_path, {**filled, "03": Filled()}))
    assert [f.rule for f in both[0].findings] == ["G02", "T02"]


def test_a_correction_alone_does_not_go_back_for_ever(tmp_path):
    """The corrected file is a second version until the clerk chooses one."""
    plan = master()
    old = returned(plan, "03", {"04": Filled("", "办了 3 件")}, tmp_path)
    new = returned(plan, "03", {"04": Filled("", "办了 4 件")}, tmp_path)
    result = batch(plan, arrival(old, "a.xlsx"), arrival(new, "b.xlsx", AFTER))
    assert "X01" in {f.rule for f in rules.run(result)}
    assert given_back(result) == ()


def test_a_waived_finding_stays(tmp_path):
    filled = {"02.2": Filled("", "办了 3 件")}
    assert given_back(round_of(tmp_path, filled, master()))
    accepted = Waiver(unit="01", requirement="02.1", rule="G02", reason="另报", date="2019-10-28")
    assert given_back(round_of(tmp_path, filled, master(waivers=(accepted,)))) == ()


def test_a_blank_form_is_one_problem(tmp_path):
    one = given_back(round_of(tmp_path, {}))[0]
    assert listed_problems(one.data) == [
        ("必须改", "整表", "市发改委报来的表是空白的，应报 6 项都没有填写", "填报表 J6")
    ]


def test_every_rule_that_goes_back_has_words_and_is_about_answers():
    catalogue = {rule.code: rule for rule in rules.CATALOGUE}
    assert catalogue.keys() >= giveback.GOES_BACK
    assert all(catalogue[code].grade in "ABC" for code in giveback.GOES_BACK)
    assert not {code[0] for code in giveback.GOES_BACK} & set("FINM")
    assert catalogue.keys() >= w.FIX_FOR_UNIT.keys()


# --- the clerk -----------------------------------------------------------------------------

FINE = {"02.1": Filled("已填报", "有 1 条", 1.0), "02.2": Filled("已填报", "办了 3 件")}


def test_the_clerk_sends_back_what_no_rule_minds(tmp_path):
    plan = master()
    written = clerk(plan, _02_2=(w.SENT_BACK, "请写清是哪 3 件"))
    one = given_back(round_of(tmp_path, FINE, plan, written=written))[0]
    assert listed_problems(one.data) == [
        ("审核意见", "第2项（02.2）", "请写清是哪 3 件", "填报表 J7")
    ]
    assert (one.findings, one.problems) == ((), 1)
    assert table(one.data)["N7"].value == "【审核意见】请写清是哪 3 件。请按要求修改后重新报送。"


def test_without_an_opinion_it_says_so_much(tmp_path):
    plan = master()
    written = clerk(plan, _02_1=(w.SENT_BACK,))
    one = given_back(round_of(tmp_path, FINE, plan, written=written))[0]
    assert listed_problems(one.data)[0][2] == w.SENT_BACK_BARE


def test_what_the_clerk_passed_does_not_go_back(tmp_path):
    plan = master()
    filled = {**FINE, "02.2": Filled("", LONG)}
    for verdict in ("通过", "同意不改"):
        written = clerk(plan, _02_2=(verdict, "领导同意"))
        assert given_back(round_of(tmp_path, filled, plan, written=written)) == ()


def test_an_opinion_goes_along_with_what_is_wrong(tmp_path):
    plan = master()
    written = clerk(plan, _02_1=("", "数字请与统计局核对"), _02_2=("", "此处不发"))
    filled = {**FINE, "02.1": Filled("", "有 1 条")}
    one = given_back(round_of(tmp_path, filled, plan, written=written))[0]
    assert [said[2] for said in listed_problems(one.data)] == [
        "数字请与统计局核对",
        "要求填数量，数量栏是空的",
    ]


def test_a_verdict_about_an_older_answer_counts_no_more(tmp_path):
    plan = master()
    written = clerk(plan, _02_2=(w.SENT_BACK, "请写清是哪 3 件"))
    old = identity.answer_digest("旧的", "已填报", None)
    written[w.MERGED_SHEET][plan.key("01", "02.2")][w.ANSWER_DIGEST] = old
    result = round_of(tmp_path, FINE, plan, written=written)
    assert result.answer["01", "02.2"].stale
    assert given_back(result) == ()


# --- the workbook --------------------------------------------------------------------------


def test_one_marked_workbook_as_text(tmp_path, golden):
    short = {**WRONG, "01": Filled("已填报", "2019年共办理 3 件。")}
    written = clerk(plan_of_all(), _01=(w.SENT_BACK, "请写明\n办理结果"))
    one = given_back(round_of(tmp_path, short, written=written, listed=LISTED))[0]
    golden("returned.txt", dump(one.data, rows=40))


def test_the_same_input_gives_the_same_bytes(tmp_path):
    result = round_of(tmp_path, WRONG, listed=LISTED)
    assert given_back(result) == given_back(result)


def test_the_list_is_open_and_leads_to_the_cells(tmp_path):
    one = given_back(round_of(tmp_path, WRONG))[0]
    book = openpyxl.load_workbook(io.BytesIO(one.data))
    assert book.sheetnames[0] == book.active.title == w.FINDINGS_SHEET
    assert [c.hyperlink.location for c in book.active["F"][6:9]] == [
        "'填报表'!J6",
        "'填报表'!K7",
        "'佐证材料'!A2",
    ]
    assert book[w.FORM_SHEET].sheet_view.selection[-1].activeCell == "I6"
    assert all(sheet.protection.sheet for sheet in book)


def test_what_has_to_change_is_red_and_the_rest_as_ever(tmp_path):
    sheet = table(given_back(round_of(tmp_path, WRONG, listed=LISTED))[0].data)
    colours = {
        f"{c}{r}": sheet[f"{c}{r}"].fill.fgColor.rgb[2:]
        for r in range(FIRST, FIRST + 6)
        for c in "IJKM"
    }
    assert {cell for cell, colour in colours.items() if f"#{colour}" == RED} == {
        "J6", "K7", "M8", "J9", "J10", "J11",
    }  # fmt: skip
    assert {cell for cell, colour in colours.items() if f"#{colour}" == AMBER} == {"J8"}
    painted = " ".join(str(area.sqref) for area in sheet.conditional_formatting)
    assert "J7" in painted
    assert not {"J6", "J8", "J9", "K7"} & set(painted.replace(":", " ").split())


def test_answers_stand_as_they_were_given(tmp_path):
    sheet = table(given_back(round_of(tmp_path, WRONG, listed=LISTED))[0].data)
    there = [tuple(sheet.cell(FIRST + i, c).value for c in (9, 10, 11)) for i in range(6)]
    assert there == [
        ("已填报", LONG, None),
        ("已填报", "全年归集 1286 条。", None),
        ("已填报", "2017年起办了 2 件。", None),
        (None, None, None),
        (None, "详见附件", None),
        ("无此情况", None, None),
    ]
    assert sheet["M8"].data_type == "f"


def test_listed_evidence_is_listed_again(tmp_path):
    one = given_back(round_of(tmp_path, WRONG, listed=LISTED))[0]
    sheet = openpyxl.load_workbook(io.BytesIO(one.data))[w.EVIDENCE_SHEET]
    plan = plan_of_all()
    assert [c.value for c in sheet[2]] == [
        form.row_code(plan, "01", plan.requirement["02.2"]),
        "旧文件.pdf", "文件", datetime(2016, 5, 1), 1, "复印件",
    ]  # fmt: skip


def test_what_was_not_confirmed_still_waits(tmp_path):
    plan = master()
    filled = {k: f._replace(choice=w.PREVIOUS) for k, f in FINE.items()}
    filled["02.1"] = FINE["02.1"]
    result = round_of(tmp_path, filled, plan, prefilled=True)
    assert "G06" in {f.rule for f in rules.run(result)}
    one = given_back(result)[0]
    assert listed_problems(one.data)[0][3] == "填报表 I7"
    assert (table(one.data)["I7"].value, table(one.data)["J7"].value) == (w.PREVIOUS, "办了 3 件")
    again = read_back(tmp_path, plan, one.data)
    assert (again.leftover, again.answer["01", "02.2"].unconfirmed) == ((), True)


def test_a_text_longer_than_a_cell_is_cut_between_characters():
    assert text.utf16_length(text.fitting("a" + "😀" * 20_000)) == text.CELL_LIMIT
    assert text.fitting("办了 3 件") == "办了 3 件"


# --- and back again ------------------------------------------------------------------------


def read_back(tmp_path, plan, data: bytes, edit=None):
    path = tmp_path / "改好.xlsx"
    path.write_bytes(data)
    if edit:
        book = openpyxl.load_workbook(path)
        edit(book)
        book.save(path)
    return batch(plan, arrival(collect.read_return(str(path)), "改好.xlsx", AFTER))


def left(result) -> set[tuple[str, str]]:
    """What is left over; a refusal without a reason always is."""
    return {(x.where.cell, x.text) for x in result.leftover}


def test_a_marked_workbook_reads_like_any_other(tmp_path):
    """Nothing of ours is left over, and the problems are nobody's answer."""
    plan = plan_of_all()
    written = clerk(plan, _01=(w.SENT_BACK, "请写明\n办理结果"))
    before = round_of(tmp_path, WRONG, plan, written=written, listed=LISTED)
    one = given_back(before)[0]
    after = read_back(tmp_path, plan, one.data)
    assert left(after) == left(before) == {("I11", "无此情况")}
    assert [a.text for a in after.answers] == [a.text for a in before.answers]
    assert [e[1:] for e in after.evidence] == [e[1:] for e in before.evidence]
    found = {(f.rule, f.requirement) for f in rules.run(before)}
    assert {(f.rule, f.requirement) for f in rules.run(after)} == found | {("G04", "")}


NASTY = [
    "=1+1", "00123", "TRUE", "1-2", "-3%", "+86", "@x", "'引号", "2025-9-1", "{单位}",
    "_x000D_ 原样",
    "😀 emoji 👨‍👩‍👧", "第一段\n第二段", "一\tTAB", "控制\x07字符", "\u202e反向", "<b>&amp;</b>",
    "全\u3000角\u00a0空\u200b格", "#N/A", "字" * 32_000, "情况说明", "问题", "【必须改】没有填写。",
]  # fmt: skip


def test_any_answer_and_any_opinion_come_back_as_they_went(tmp_path):
    keys = [f"{i:02d}" for i in range(1, len(NASTY) + 1)]
    plan = master(requirements=tuple(requirement(key, "01") for key in keys), indicators=())
    written = clerk(plan, **{f"_{k}": (w.SENT_BACK, s) for k, s in zip(keys, NASTY, strict=True)})
    filled = {key: Filled("已填报", said) for key, said in zip(keys, NASTY, strict=True)}
    before = round_of(tmp_path, filled, plan, written=written)
    one = given_back(before)[0]
    after = read_back(tmp_path, plan, one.data)
    assert after.leftover == ()
    assert [a.text for a in after.answers] == [a.text for a in before.answers] == NASTY
    assert giveback.changes(giveback.said(before, "01"), after) == ()
    assert docx.Document(io.BytesIO(one.letter)).paragraphs


def correct(book) -> None:
    sheet = book[w.FORM_SHEET]
    for at, said in {
        "J6": "2019年办理 3 件。", "K7": 1286, "I9": "无此情况", "J9": "本年没有 1 件",
        "I10": "已填报", "J10": "办了 4 件", "J11": "全年 0 件",
    }.items():  # fmt: skip
        sheet[at] = said
    evidence = book[w.EVIDENCE_SHEET]
    for column, said in enumerate((evidence["A2"].value, "新文件.pdf", "文件", None, 1), 1):
        evidence.cell(3, column).value = said


def test_a_corrected_workbook_is_what_counts(tmp_path):
    plan = plan_of_all()
    one = given_back(round_of(tmp_path, WRONG, plan, listed=LISTED))[0]
    after = read_back(tmp_path, plan, one.data, correct)
    assert after.leftover == ()
    assert [f.rule for f in rules.run(after) if f.rule in giveback.GOES_BACK] == [
        "E02", "E02", "T01", "T02",
    ]  # fmt: skip
    assert after.answer["01", "02.1"].number == 1286


def test_what_is_written_beside_a_problem_is_listed(tmp_path):
    plan = plan_of_all()
    one = given_back(round_of(tmp_path, WRONG, plan))[0]

    def argue(book):
        book[w.FORM_SHEET]["N6"] = "我们认为不超"
        book[w.FINDINGS_SHEET]["H7"] = "已改"

    after = read_back(tmp_path, plan, one.data, argue)
    assert left(after) == {("N6", "我们认为不超"), ("H7", "已改"), ("I11", "无此情况")}


# --- the letter ----------------------------------------------------------------------------


def test_the_text_lists_what_the_workbook_lists(tmp_path):
    plan = plan_of_all(settings=replace(SETTINGS, issuer="市法治办"))
    one = given_back(round_of(tmp_path, WRONG, plan))[0]
    assert one.name == "01_市发改委_法治政府建设示范市补充材料_退回修改"
    assert one.subject == "【退回修改】法治政府建设示范市补充材料：市发改委"
    lines = one.text.split("\n")
    assert lines[1] == (
        "贵单位报送的材料有以下问题，请在附件标出的单元格中修改，"
        "2019年11月5日前重新报送至 office@example.cn："
    )
    assert lines[2] == (
        "1. 第1项（01）【必须改】写了 1012 字，超出上限 1000 字共 12 字。"
        "请压缩到 1000 字以内（不计空格和换行）。"
    )
    numbered = [line for line in lines if line[0].isdigit()]
    assert len(numbered) == len(listed_problems(one.data))
    assert lines[-2:] == ["联系人：张三，电话：2663225。", "市法治办"]


def test_the_letter_says_the_same_and_is_signed_below(tmp_path):
    plan = plan_of_all(settings=replace(SETTINGS, issuer="市法治办"))
    one = given_back(round_of(tmp_path, WRONG, plan))[0]
    letter = docx.Document(io.BytesIO(one.letter))
    said = [p.text for p in letter.paragraphs]
    assert said == [one.subject, *one.text.split("\n"), "2019年10月28日"]
    assert letter.core_properties.title == one.subject


def test_a_letter_without_a_contact_names_one(tmp_path):
    template = Template(
        kind=w.SENT_BACK, subject="改", body="{单位}：\n请于{截止日期}前改好。{不知道}"
    )
    plan = plan_of_all(templates=(template,))
    one = given_back(round_of(tmp_path, WRONG, plan))[0]
    assert one.text == "市发改委：\n请于2019年11月5日前改好。{不知道}"
    said = [p.text for p in docx.Document(io.BytesIO(one.letter)).paragraphs]
    assert said[-2:] == ["联系人：张三，电话：2663225", "2019年10月28日"]


def test_without_a_deadline_nothing_names_the_old_one(tmp_path):
    one = given_back(round_of(tmp_path, WRONG), None)[0]
    for said in (str(table(one.data)["A3"].value), one.text):
        assert "2019年10月25日" not in said
        assert "尽快" in said


def test_without_a_deadline_the_units_own_holds_while_it_is_ahead(tmp_path):
    plan = plan_of_all(settings=replace(SETTINGS, deadline=date(2019, 10, 28)))
    one = given_back(round_of(tmp_path, WRONG, plan), None)[0]
    for said in (str(table(one.data)["A3"].value), one.text):
        assert "2019年10月28日" in said.replace(" ", "")


# --- what changed since --------------------------------------------------------------------


def test_what_changed_since_it_went_back(tmp_path):
    plan = plan_of_all()
    before = round_of(tmp_path, WRONG, plan, listed=LISTED)
    kept = giveback.said(before, "01")
    assert giveback.changes(kept, before) == ()
    after = read_back(tmp_path, plan, given_back(before)[0].data, correct)
    assert giveback.changes(kept, after) == (
        giveback.Change("01", "01", LONG, "2019年办理 3 件。"),
        giveback.Change("01", "02.1", "全年归集 1286 条。", "全年归集 1286 条。\n数量：1286条"),
        giveback.Change("01", "03", "", "（无此情况）本年没有 1 件"),
        giveback.Change("01", "04", "详见附件", "办了 4 件"),
        giveback.Change("01", "05", "", "（无此情况）全年 0 件"),
    )


def test_units_that_got_nothing_back_have_not_changed(tmp_path):
    assert giveback.changes({}, round_of(tmp_path, WRONG)) == ()


# --- LibreOffice ---------------------------------------------------------------------------


@needs_office
def test_a_client_corrects_it_and_nothing_is_left_over(tmp_path):
    plan = plan_of_all()
    one = given_back(round_of(tmp_path, WRONG, plan, listed=LISTED))[0]
    (tmp_path / "one.xlsx").write_bytes(one.data)
    _, typed, *_ = session(
        tmp_path,
        ["open", "one.xlsx"],
        [
            "type",
            w.FORM_SHEET,
            [["J6", "2019年办理 3 件。"], ["N6", "不行"], ["K7", "1286"], ["J11", "全年没有"]],
        ],
        ["save", "saved.xlsx"],
        ["save", "saved.ods"],
        ["save", "saved.xls"],
    )
    assert typed[1]["after"] == typed[1]["before"]
    for name in ("saved.xlsx", "saved.ods", "saved.xls"):
        manifest = collect.read_return(str(tmp_path / name))
        after = batch(plan, arrival(manifest, name, AFTER))
        assert after.leftover == (), name
        assert after.answer["01", "01"].text == "2019年办理 3 件。"
        assert after.answer["01", "02.1"].number == 1286


@needs_office
def test_the_letter_opens_in_a_client(tmp_path):
    one = given_back(round_of(tmp_path, WRONG))[0]
    (tmp_path / "letter.docx").write_bytes(one.letter)
    letter = convert(tmp_path / "letter.docx", ".txt")
    assert "超出上限 1000 字共 12 字" in letter.read_text("utf-8-sig")
