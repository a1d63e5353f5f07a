"""The merged workbook: what stands in it, and that it holds everything."""

from dataclasses import replace

import pytest
from batches import cell, column, example, opened, said_by, write
from dump import dump
from samples import NOW, arrival, batch, master, returned

from pdsfz_xl import excel, layout, outcome, reader, report, review, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Finding, Manifest, Where, Withdrawn

NASTY = [
    "=1+1", "+86", "-3%", "@x", "00123", "TRUE", "1-2", "'引号", "2025-9-1", "_x000D_ 原样",
    "😀 𠮷野家", "第一段\n\n第二段", "制表\t符", "响\x07铃 \x0b 竖", "坏\ufffe字\uffff尾",
    "全\u3000角\u00a0空\u200b格", "反\u202e转", "<b>&amp;</b>", "a\u2028b", "https://example.cn",
    "〔本格放不下，共 3 段，其余见“超长文字”表〕", "前\n〔本格放不下，共 2 段〕",
]  # fmt: skip


def test_the_merged_workbook_as_text(golden, tmp_path):
    golden("merged.txt", dump(example(tmp_path)[1], rows=12))


def test_the_same_batch_gives_the_same_bytes(tmp_path):
    assert example(tmp_path)[1] == example(tmp_path)[1]


@pytest.mark.parametrize("said", NASTY)
def test_any_text_stands_there_to_the_character(tmp_path, said):
    """As a string, never as a formula; and reading it back finds nothing edited."""
    result = said_by(tmp_path, said)
    data = report.build(result, rules.run(result))
    path = write(tmp_path, data)
    sheet = next(s for s in reader.read(path).sheets if s.name == w.MERGED_SHEET)
    captions = {c.text: at[1] for at, c in sheet.cells.items() if at[0] == 0}
    row = 1 + next(i for i, a in enumerate(result.answers) if a.text)
    shown = sheet.cells[row, captions[w.ANSWER]]
    assert (shown.kind, shown.text) == ("text", result.answers[row - 1].text)
    assert review.read(path) == {}


def test_unanswered_rows_stand_there_and_can_be_seen_in_grey(tmp_path):
    """Every assignment has its row in master order; 未报 is bold on a tint."""
    plan = master()
    result = batch(plan, arrival(returned(plan, "03", {"04": Filled("", "甲 1")}, tmp_path), "a"))
    sheet = opened(report.build(result, ()))[w.MERGED_SHEET]
    rows = range(2, sheet.max_row + 1)
    keys = [cell(sheet, row, w.CODE).value.rpartition("-")[0] for row in rows]
    assert keys == [f"F201921-{a.unit.code}-{a.requirement.key}" for a in plan.assignments]
    blank = [cell(sheet, row, w.STATUS) for row in rows if cell(sheet, row, w.STATUS).font.b]
    assert [c.value for c in blank] == [w.UNANSWERED] * 4
    assert {c.fill.fill_type for c in blank} == {"solid"}


def test_only_the_clerks_cells_are_open(tmp_path):
    """And an allow-edit range lies over each, so that a paste cannot lock them."""
    book = opened(example(tmp_path)[1])
    for name, columns in layout.MERGED_BOOK.items():
        sheet = book[name]
        assert sheet.protection.sheet
        assert not sheet.protection.autoFilter  # false: it is not forbidden
        assert not sheet.protection.objects  # comments
        for row in sheet.iter_rows(min_row=2, max_col=len(columns)):
            for at, spec in zip(row, columns, strict=True):
                assert at.protection.locked == (not spec.clerk), f"{name} {at.coordinate}"


def test_a_1000_character_answer_is_whole_in_its_cell():
    """Excel's highest row shows it; wider columns would only make the print smaller."""
    assert excel.height([("字" * 1000, layout.WHOLE_ANSWER)]) < excel.MAX_HEIGHT


def test_a_hash_makes_no_row_higher(tmp_path):
    sheet = opened(example(tmp_path)[1])[w.REGISTER_SHEET]
    files = [r for r in range(2, sheet.max_row + 1) if cell(sheet, r, "类别").value != w.UNIT]
    assert {len(cell(sheet, row, "登记号").value) for row in files} == {64}
    assert max(sheet.row_dimensions[row].height for row in files) < 40


def test_the_final_sheet_names_every_unit_and_says_what_is_to_do(tmp_path):
    clerk = {
        w.MERGED_SHEET: {"F201921-01-02.2": {"修改稿": "改写 1"}},
        w.FINAL_SHEET: {"02.1": {"定稿文本": "定 了\n稿"}},
    }
    sheet = opened(example(tmp_path, clerk)[1])[w.FINAL_SHEET]
    said = {cell(sheet, r, w.CODE).value: r for r in range(2, sheet.max_row + 1)}
    state = {key: cell(sheet, row, "状态").value for key, row in said.items()}
    assert state == {
        "02.1": w.SETTLED, "02.2": w.REVISED, "03": w.PENDING_CHOICE, "04": w.PENDING_TEXT,
    }  # fmt: skip
    side = cell(sheet, said["04"], "各单位填报内容").value
    assert side == "【市司法局】一样 1\n【市公安局】建议由市司法局填报"
    assert cell(sheet, said["02.2"], "各单位填报内容").value == (
        "【市发改委】有 1 项\n【市发改委·修改稿】改写 1"
    )


def test_counts_are_live_and_have_their_value(tmp_path):
    """A formula for the clerk who types, a cached number for viewers that do not calculate."""
    clerk = {w.FINAL_SHEET: {"02.1": {"定稿文本": "定 了\n稿"}}}
    path = write(tmp_path, example(tmp_path, clerk)[1])
    sheet = next(s for s in reader.read(path).sheets if s.name == w.FINAL_SHEET)
    captions = {c.text: at[1] for at, c in sheet.cells.items() if at[0] == 0}
    without, with_blanks = (
        sheet.cells[1, captions[c]] for c in ("字数（不计空格）", "字数（计空格）")
    )
    assert (without.value, with_blanks.value) == (3.0, 4.0)
    assert without.formula.startswith("LEN(")
    assert with_blanks.formula.startswith("LEN(")


def leads(data: bytes) -> list[tuple[str, str, str]]:
    """Of every finding: its rule, and the sheet and cell it leads to."""
    sheet = opened(data)[w.FINDINGS_SHEET]
    found = []
    for row in range(2, sheet.max_row + 1):
        link = cell(sheet, row, "到汇总").hyperlink
        to, _, at = (link.location or "").partition("!") if link else ("", "", "")
        rule = cell(sheet, row, "规则代码").value
        found.append((rule, f"{(link.target if link else '') or ''}{to}", at))
    return found


def test_every_finding_leads_to_its_cell(tmp_path):
    """To the answer of its assignment in 汇总, else to the row of its unit in 总览."""
    result, data = example(tmp_path)
    book = opened(data)
    findings = rules.run(result)
    for found, (rule, to, at) in zip(findings, leads(data), strict=True):
        target = book[to.strip("'")][at]
        if found.requirement:
            code = cell(target.parent, target.row, w.CODE).value
            assert (rule, target.parent.title) == (found.rule, w.MERGED_SHEET)
            assert f"-{found.requirement}-" in code
            assert target.column == column(target.parent, w.ANSWER)
        else:
            assert target.parent.title == w.OVERVIEW_SHEET
            assert target.parent.cell(target.row, 2).value == found.unit


def test_findings_about_the_clerks_words_a_file_and_the_master_lead_there_too(tmp_path):
    unread = Manifest(sha256="f" * 64, rule="F01", detail="Word 文件")
    two = f"甲\n{w.ALSO_SAID}\n乙"
    clerk = {
        w.FINAL_SHEET: {"04": {"定稿文本": "字" * 1001}, "03": {"定稿文本": "字 " * 1000}},
        w.REGISTER_SHEET: {"02": {"实际收到时间": "上周五"}, "f" * 64: {"作废": "不要"}},
        w.MERGED_SHEET: {"F201921-03-04": {"审核意见": two}, "F201921-99-04": {"审核意见": two}},
        w.REASSIGN_SHEET: {"F201921-03-04": {"改派单位": "没有的局"}},
    }
    plan = master()
    refusal = returned(plan, "03", {"04": Filled(w.NOT_OURS, "建议由市司法局填报")}, tmp_path)
    files = (arrival(unread, "out/2-收件/函.docx"), arrival(refusal, "out/2-收件/丙.xlsx"))
    result = batch(plan, *files, clerk=clerk)
    gone = Withdrawn("out/2-收件/没了.xlsx", NOW)
    wrong = Finding("M15", "A", "", "", Where(plan.path, w.TABLE_SHEET, "H5"), "没有编码", "补上")
    result = replace(result, withdrawn=(gone,))
    findings = (wrong, *(f for f in rules.run(result) if f.rule not in ("G01", "G02", "N01")))
    led = leads(report.build(result, findings))
    assert led == [
        ("M15", f"..\\..\\{plan.path}'{w.TABLE_SHEET}'".replace("/", "\\"), "H5"),
        ("F01", "'收件登记'", "A7"),
        ("L03", "'定稿'", "G5"),
        ("V06", "'收件登记'", "A7"),
        ("V06", "'汇总'", "A1"),
        ("V06", "'汇总'", "J6"),
        ("V06", "'责任单位调整'", "H2"),
        ("V06", "'收件登记'", "A3"),
        ("F10", "", ""),
        ("L04", "'定稿'", "G4"),
    ]


def test_a_link_to_a_unit_leads_to_its_row():
    result = batch(master())
    book = opened(report.build(result, rules.run(result)))
    sheet = book[w.FINDINGS_SHEET]
    rows = [r for r in range(2, sheet.max_row + 1) if cell(sheet, r, "规则代码").value == "G01"]
    assert len(rows) == 3
    for row in rows:
        at = cell(sheet, row, "到汇总").hyperlink.location.partition("!A")[2]
        unit = book[w.OVERVIEW_SHEET].cell(int(at), 2).value
        assert unit == cell(sheet, row, w.UNIT).value


def test_the_overview_adds_up(tmp_path):
    sheet = opened(example(tmp_path)[1])[w.OVERVIEW_SHEET]
    for caption in ("应报", "已报", "未报", "超字数", *w.GRADES.values()):
        *units, total = (cell(sheet, row, caption).value for row in range(2, sheet.max_row + 1))
        assert sum(units) == total, caption
    assert len(sheet._charts) == 1


def test_version_numbers_grow_with_the_time_of_receipt(tmp_path):
    """So that a file that comes later never takes a number away."""
    book = opened(example(tmp_path)[1])
    sheet = book[w.CONFLICT_SHEET]
    rows = [
        (cell(sheet, row, "版本").value, cell(sheet, row, w.ANSWER).value,
         cell(sheet, row, "目前采用").value)
        for row in (2, 3)
    ]  # fmt: skip
    assert rows == [(1, "旧说法 1", None), (2, "新说法 2", w.YES)]
    offered = {v.formula1 for v in sheet.data_validations.dataValidation}
    assert offered == {'"1,2"'}


def test_a_text_beyond_a_cell_goes_on_elsewhere(tmp_path):
    """With sheet, cell and piece; characters beyond the BMP are never split."""
    said = "𠮷" * 40_000 + "尾"
    result = said_by(tmp_path, said)
    data = report.build(result, ())
    book = opened(data)
    sheet, more = book[w.MERGED_SHEET], book[w.OVERFLOW_SHEET]
    row = next(r for r in range(2, 9) if "𠮷" in str(cell(sheet, r, w.ANSWER).value))
    pieces = [
        (cell(more, r, "单元格").value, cell(more, r, "内容").value)
        for r in range(2, more.max_row + 1)
        if cell(more, r, "工作表").value == w.MERGED_SHEET
    ]
    assert {at for at, _ in pieces} == {cell(sheet, row, w.ANSWER).coordinate}
    head = w.continued_head(cell(sheet, row, w.ANSWER).value)
    assert head + "".join(piece for _, piece in pieces) == said
    assert all(texts.utf16_length(piece) <= texts.CELL_LIMIT for _, piece in pieces)
    assert review.read(write(tmp_path, data)) == {}


def test_a_new_answer_under_a_review_is_to_be_reviewed_again(tmp_path):
    """Also one that differs in its number or in a blank alone."""
    plan = master()

    def reminders(answer: Filled, clerk) -> list[str]:
        form = returned(plan, "01", {"02.1": answer}, tmp_path)
        result = batch(plan, arrival(form, "a"), clerk=clerk)
        data = report.build(result, ())
        sheet = opened(data)[w.MERGED_SHEET]
        rows = range(2, sheet.max_row + 1)
        marks = [cell(sheet, row, "提醒").value for row in rows]
        digest = [cell(sheet, row, w.ANSWER_DIGEST).value for row in rows]
        return [*marks[:1], digest[0]]

    _, seen = reminders(Filled("", "甲 1", 3.0), {})
    review_of = {"审核结论": "通过", w.ANSWER_DIGEST: seen}
    clerk = {w.MERGED_SHEET: {"F201921-01-02.1": review_of}}
    assert reminders(Filled("", "甲 1", 3.0), clerk)[0] is None
    for other in (Filled("", "乙 1", 3.0), Filled("", "甲 1", 4.0), Filled("", "甲1", 3.0)):
        assert reminders(other, clerk)[0] == w.REVIEW_AGAIN


def test_columns_beside_the_table_are_open_for_the_clerks_own(tmp_path):
    sheet = opened(example(tmp_path)[1])[w.FINDINGS_SHEET]
    beyond = layout.column_name(len(layout.FINDINGS))
    assert not sheet.column_dimensions[beyond].protection.locked
    assert column(sheet, layout.FINDINGS[-1].caption) == len(layout.FINDINGS)


def test_what_is_still_to_be_done_before_anything_is_final(tmp_path):
    """04 has two texts, 03 two versions; 02.1 and 02.2 have one text that nobody signed off."""
    result, _ = example(tmp_path)
    assert outcome.outstanding(result) == {
        w.PENDING_TEXT: ("04",),
        w.PENDING_CHOICE: ("03",),
        w.UNSIGNED: ("02.1", "02.2"),
    }
    clerk = {
        w.FINAL_SHEET: {"04": {"定稿文本": "综合 1", "审定人": "李"}, "02.1": {"审定人": "李"}}
    }
    result, _ = example(tmp_path, clerk)
    assert outcome.outstanding(result) == {w.PENDING_CHOICE: ("03",), w.UNSIGNED: ("02.2",)}
