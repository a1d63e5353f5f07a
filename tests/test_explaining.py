"""What a unit explains: read from any file it stands in, and the office's reply to it."""

import io
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from client import needs_office, session
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nasty import TEXTS
from samples import AFTER, NOW, arrival, batch, requirement, returned
from test_giveback import LISTED, WRONG, given_back, plan_of_all

from pdsfz_xl import collect, contract, explaining, giveback, report, review, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Waiver
from pdsfz_xl.states import Reply

PLAN = plan_of_all()
FINE = {
    "01": Filled("已填报", "办了 1 件"),
    "02.1": Filled("已填报", "有 1 条", 1.0),
    "02.2": Filled("已填报", "2018年办了 2 件"),
    "03": Filled("已填报", "办了 3 件"),
    "04": Filled("已填报", "办了 4 件"),
    "05": Filled("已填报", "办了 5 件"),
}
"""Nothing is wrong with it but E01 at 02.2."""


def with_row(key: str, *units: str, **more):
    """The plan with another row in place of one."""
    rows = (requirement(key, *units, **more) if r.key == key else r for r in PLAN.requirements)
    return replace(PLAN, requirements=tuple(rows))


E01 = "F201921-01-02.2-E01-WMP1RE3F"
HEAD = 6


def first(tmp_path, filled=FINE, plan=PLAN, **more):
    """What a unit sent at first."""
    return arrival(returned(plan, "01", filled, tmp_path, **more), "甲.xlsx", NOW)


def again(tmp_path, data: bytes, name: str = "改好.xlsx", seen=AFTER):
    path = tmp_path / name
    path.write_bytes(data)
    return arrival(collect.read_return(str(path)), name, seen)


def cells(book) -> dict[str, str]:
    """Where the unit may explain: cell by problem code."""
    sheet = book[w.FINDINGS_SHEET]
    at = {cell.value: cell.column for cell in sheet[HEAD]}
    return {
        sheet.cell(row, at[w.PROBLEM_CODE]).value: sheet.cell(row, at[w.EXPLANATION]).coordinate
        for row in range(HEAD + 1, sheet.max_row + 1)
        if sheet.cell(row, at[w.PROBLEM_CODE]).value
    }


def typed(data: bytes, said: str | dict[str, str], *edits) -> bytes:
    """A marked form in which somebody explained, in every cell or by code."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for code, cell in cells(book).items():
        text = said if isinstance(said, str) else said.get(code)
        if text is not None:
            book[w.FINDINGS_SHEET][cell].value = text
            book[w.FINDINGS_SHEET][cell].data_type = "s"
    for edit in edits:
        edit(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def found(result):
    return explaining.explained(result, rules.run(result))


def the(result, rule: str):
    return next(f for f in found(result) if f.rule == rule and f.requirement)


def sent_back(result) -> bytes:
    return giveback.returns(result, found(result), None, AFTER)[0].data


def replied(tmp_path, result, *words: str) -> dict:
    """What is read of 汇总表 after the clerk wrote beside the first explanation."""
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(report.build(result, found(result)))
    book = openpyxl.load_workbook(path)
    sheet = book[w.FINDINGS_SHEET]
    at = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, 99) if sheet.cell(r, at[w.UNITS_WORD]).value)
    for caption, said in zip((w.REPLY, w.REMARK), words, strict=False):
        sheet.cell(row, at[caption]).value = said
    book.save(path)
    return review.read(path)


def rows_of(result, sheet: str) -> list[dict[str, str]]:
    book = openpyxl.load_workbook(io.BytesIO(report.build(result, found(result))))
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [{c: "" if v is None else str(v) for c, v in zip(head, r, strict=True)} for r in rows]


# --- which findings ------------------------------------------------------------------------


def test_what_may_be_explained_has_a_cell_and_the_rest_a_dash(tmp_path):
    one = given_back(batch(PLAN, first(tmp_path, WRONG, listed=LISTED)))[0]
    sheet = openpyxl.load_workbook(io.BytesIO(one.data))[w.FINDINGS_SHEET]
    rows = list(sheet.iter_rows(min_row=HEAD + 1))
    open_ = {row[7].value.split("-")[3] for row in rows if not row[6].protection.locked}
    shut = {(row[1].value, row[6].value, row[7].value) for row in rows if row[6].protection.locked}
    assert open_ == {"E01", "E02", "T01", "T02", "S01"}
    assert shut == {("必须改", "—", None), ("须说明", "—", None)}  # G05 lacks its very answer


def test_neither_a_choice_of_the_office_nor_an_error_can_be_explained(tmp_path):
    old = first(tmp_path)
    new = again(tmp_path, b"", "x.xlsx")
    manifest = returned(PLAN, "01", {**FINE, "03": Filled("", "第3项")}, tmp_path)
    result = batch(PLAN, old, arrival(manifest, "乙.xlsx", AFTER), new)
    codes = {f.rule: explaining.code(PLAN, f) for f in found(result)}
    assert codes["X01"] == codes["G01"] == codes["F01"] == ""
    assert codes["E01"] == E01


# --- read back -----------------------------------------------------------------------------


def test_an_explanation_waits_for_the_office(tmp_path):
    old = first(tmp_path)
    back = again(tmp_path, typed(sent_back(batch(PLAN, old)), "另一件是内部文件"))
    result = batch(PLAN, old, back)
    assert result.leftover == ()
    [said] = result.explanations
    assert (said.unit, said.requirement, said.rule) == ("01", "02.2", "E01")
    assert (said.code, said.text, said.where) == (
        E01, "另一件是内部文件", ("改好.xlsx", w.FINDINGS_SHEET, "G7"),
    )  # fmt: skip
    finding = the(result, "E01")
    assert (finding.waits, finding.waived) == (True, False)
    assert contract.finding(finding)["explanation"] == "另一件是内部文件"
    assert giveback.returns(result, found(result), None, AFTER) == ()
    assert explaining.waiting(found(result)) == {"市发改委": 1}
    assert rows_of(result, w.OVERVIEW_SHEET)[0][w.WAITS] == "1"
    row = next(r for r in rows_of(result, w.MERGED_SHEET) if "-02.2-" in r[w.CODE])
    assert row["提醒"].split("、")[-1] == w.WAITS
    assert row[w.UNITS_WORD] == "【E01 佐证材料不足】另一件是内部文件（改好.xlsx）"
    row = next(r for r in rows_of(result, w.FINDINGS_SHEET) if r["规则代码"] == "E01")
    assert row[w.UNITS_WORD] == "另一件是内部文件（改好.xlsx）"


def test_nobody_explained_anything(tmp_path):
    result = batch(PLAN, first(tmp_path))
    assert found(result) == rules.run(result)
    assert contract.finding(the(result, "E01"))["explanation"] is None


def several(tmp_path):
    """A row with a finding for each of two files listed, one of them twice."""
    listed = (
        *LISTED,
        LISTED[0]._replace(name="另一个.pdf"),
        LISTED[0]._replace(name="很长的文件名" * 9 + "一.pdf"),
        LISTED[0]._replace(name="很长的文件名" * 9 + "二.pdf"),
    )
    filled = {**FINE, "04": Filled("已填报", "无")}
    return first(tmp_path, filled, listed=listed)


def test_every_finding_of_a_row_is_explained_by_itself(tmp_path):
    old = several(tmp_path)
    data = sent_back(batch(PLAN, old))
    codes = list(cells(openpyxl.load_workbook(io.BytesIO(data))))
    assert len(codes) == len(set(codes)) == 9
    said = {code: f"说明 {i}" for i, code in enumerate(codes)}
    result = batch(PLAN, old, again(tmp_path, typed(data, said)))
    assert result.leftover == ()
    explained = {explaining.code(PLAN, f): f.explanation for f in found(result) if f.explanations}
    assert explained == said


def rearranged(book) -> None:
    """Sorted, a row and a column put in, the sheet copied under another name and moved."""
    sheet = book[w.FINDINGS_SHEET]
    values = [[c.value for c in row] for row in sheet.iter_rows(min_row=HEAD + 1)]
    for row, said in zip(sheet.iter_rows(min_row=HEAD + 1), reversed(values), strict=True):
        for cell, value in zip(row, said, strict=True):
            cell.value = value
    sheet.insert_rows(HEAD + 2)
    sheet.insert_cols(2)
    copied = book.copy_worksheet(sheet)
    del book[w.FINDINGS_SHEET]
    copied.title = "Sheet9"


def test_neither_sheet_nor_row_nor_column_matters(tmp_path):
    old = several(tmp_path)
    data = sent_back(batch(PLAN, old))
    codes = list(cells(openpyxl.load_workbook(io.BytesIO(data))))
    said = {code: f"说明 {i}" for i, code in enumerate(codes)}
    result = batch(PLAN, old, again(tmp_path, typed(data, said, rearranged)))
    assert result.leftover == ()
    assert {e.code: e.text for e in result.explanations} == said


def test_the_list_alone_comes_back(tmp_path):
    """Its own texts are listed, as nothing proves any more that they are ours."""
    old = first(tmp_path)

    def alone(book):
        for name in book.sheetnames[1:]:
            del book[name]

    back = again(tmp_path, typed(sent_back(batch(PLAN, old)), "就一件", alone))
    result = batch(PLAN, old, back)
    assert [e.text for e in result.explanations] == ["就一件"]
    file = next(f for f in result.received if f.path == "改好.xlsx")
    assert (file.verdict, file.unit) == ("accepted", "01")
    assert "写了核实说明 1 条" in file.message


OURS = ("—", "核实说明", "要求至少 2 件佐证材料，列了 0 件")
"""What the form itself says."""
ANYTHING = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(said=st.one_of(st.sampled_from([*TEXTS, *OURS]), ANYTHING))
def test_what_is_typed_is_what_is_read(tmp_path, said):
    assume(not re.search("_x[0-9A-Fa-f]{4}_", said))  # openpyxl does not escape it
    old = first(tmp_path)
    result = batch(PLAN, old, again(tmp_path, typed(sent_back(batch(PLAN, old)), said)))
    tidy = texts.tidy(said) if texts.count(said) else ""
    assert [e.text for e in result.explanations] == ([tidy] if tidy else [])
    assert result.leftover == ()


def test_what_is_not_understood_is_listed(tmp_path):
    """Where nothing can be explained, where the code is gone, and of what is gone itself."""
    old = first(tmp_path, {**WRONG, "02.2": FINE["02.2"]})

    def beside(book):
        sheet = book[w.FINDINGS_SHEET]
        sheet["G7"] = "必须改的也想说明"
        sheet[cells(book)[E01]].offset(0, 1).value = None

    data = typed(sent_back(batch(PLAN, old)), {E01: "没有编号了"}, beside)
    result = batch(PLAN, old, again(tmp_path, data))
    assert result.explanations == ()
    left = {(x.where.sheet, x.where.cell, x.text) for x in result.leftover}
    assert {x for x in left if x[0] == w.FINDINGS_SHEET} == {
        (w.FINDINGS_SHEET, "G7", "必须改的也想说明"),
        (w.FINDINGS_SHEET, "G9", "没有编号了"),
    }
    data = typed(sent_back(batch(PLAN, old)), {E01: "不是我们的了"})
    result = batch(with_row("02.2", "02"), again(tmp_path, data))
    assert "不是我们的了" in {x.text for x in result.leftover}
    assert result.explanations == ()


def test_an_older_form_reads_as_before(tmp_path):
    """A marked form without the two columns, and somebody wrote beside its list."""
    old = first(tmp_path, WRONG)

    def as_it_was(book):
        book[w.FINDINGS_SHEET].delete_cols(7, 2)
        book[w.FINDINGS_SHEET]["H7"] = "已改"

    data = typed(sent_back(batch(PLAN, old)), {}, as_it_was)
    result = batch(PLAN, old, again(tmp_path, data))
    assert {x.text for x in result.leftover} == {"已改", "无此情况"}


def test_two_files_that_differ_are_both_shown_the_later_first(tmp_path):
    old = first(tmp_path)
    data = sent_back(batch(PLAN, old))
    files = [
        again(tmp_path, typed(data, "先说的"), "a.xlsx", AFTER),
        again(tmp_path, typed(data, "后说的"), "b.xlsx", AFTER.replace(hour=10)),
        again(
            tmp_path,
            typed(data, "先说的", lambda book: book.create_sheet("x")),
            "c.xlsx",
            AFTER.replace(hour=11),
        ),
    ]
    for result in (batch(PLAN, old, *files[:2]), batch(PLAN, *files[1::-1], old)):
        assert the(result, "E01").explanation == "后说的\n先说的"
    assert the(batch(PLAN, old, *files), "E01").explanation == "先说的\n后说的"
    register = {w.REGISTER_SHEET: {files[1].sha256: {"作废": "是"}}}
    assert the(batch(PLAN, old, *files[:2], clerk=register), "E01").explanation == "先说的"


def test_a_classification_mark_holds_the_file(tmp_path):
    old = first(tmp_path)
    result = batch(
        PLAN, old, again(tmp_path, typed(sent_back(batch(PLAN, old)), "另一件机密★10年"))
    )
    assert [f.verdict for f in result.received if f.path == "改好.xlsx"] == ["held"]
    assert result.explanations == ()


def test_an_explanation_of_what_was_put_right_still_stands_beside_its_row(tmp_path):
    old = first(tmp_path)

    def listed(book):
        sheet = book[w.EVIDENCE_SHEET]
        code = next(r[0].value for r in book[w.FORM_SHEET].iter_rows(min_row=6) if r[3].value == "2"
                    and "-02.2-" in r[0].value)  # fmt: skip
        for row in (2, 3):
            sheet.cell(row, 1).value, sheet.cell(row, 2).value = code, f"文件{row}.pdf"

    data = typed(sent_back(batch(PLAN, old)), "已补列", listed)
    result = batch(PLAN, old, again(tmp_path, data))
    assert "E01" not in {f.rule for f in found(result)}
    row = next(r for r in rows_of(result, w.MERGED_SHEET) if "-02.2-" in r[w.CODE])
    assert "已补列" in row[w.UNITS_WORD]
    assert w.WAITS not in row["提醒"]


# --- the office replies --------------------------------------------------------------------


@pytest.fixture
def explained(tmp_path):
    old = first(tmp_path)
    return old, again(tmp_path, typed(sent_back(batch(PLAN, old)), "就一件"))


def test_yes_closes_it(tmp_path, explained):
    clerk = replied(tmp_path, batch(PLAN, *explained), "是")
    result = batch(PLAN, *explained, clerk=clerk)
    finding = the(result, "E01")
    assert (finding.waived, finding.waits, finding.reply) == (True, False, Reply.ACCEPTED)
    assert giveback.returns(result, found(result), None, AFTER) == ()
    before, after = (rules.tally(f)["市发改委"]["B"] for f in (rules.run(result), found(result)))
    assert after == before - 1
    row = next(r for r in rows_of(result, w.FINDINGS_SHEET) if r["规则代码"] == "E01")
    assert (row["同意不改"], row[w.REPLY]) == ("是", "是")
    assert "V06" not in {f.rule for f in found(result)}


def test_the_reply_stays_when_the_answer_comes_in_another_file(tmp_path, explained):
    old, back = explained
    clerk = replied(tmp_path, batch(PLAN, old, back), "是")
    moved = [a._replace(path=f"别处/{a.path}") for a in (old, back)]
    result = batch(PLAN, *moved, clerk=clerk)
    assert the(result, "E01").waived
    # And once more through the workbook.
    assert replied(tmp_path, result)[w.FINDINGS_SHEET][E01][w.REPLY] == "是"
    assert rows_of(result, w.FINDINGS_SHEET)[0].keys() >= {w.REPLY}


@pytest.mark.parametrize("what", ["explanation", "answer", "finding"])
def test_it_waits_again_when_anything_changes(tmp_path, explained, what):
    old, back = explained
    clerk = replied(tmp_path, batch(PLAN, old, back), "是")
    data = sent_back(batch(PLAN, old))
    if what == "explanation":
        files = [old, again(tmp_path, typed(data, "其实有两件"))]
        plan = PLAN
    elif what == "answer":

        def changed(book):
            book[w.FORM_SHEET]["J8"] = "2018年办了 9 件"

        files = [old, again(tmp_path, typed(data, "就一件", changed))]
        plan = PLAN
    else:
        files, plan = [old, back], with_row("02.2", "01", pieces=3)
    result = batch(plan, *files, clerk=clerk)
    finding = the(result, "E01")
    assert (finding.waits, finding.waived) == (True, False)
    row = next(r for r in rows_of(result, w.FINDINGS_SHEET) if r["规则代码"] == "E01")
    assert row[w.REPLY] == "原为“是”，说明或答案已变"
    # What we wrote there ourselves decides nothing and is no mistake; a new 是 counts.
    clerk = replied(tmp_path, result)
    still = batch(plan, *files, clerk=clerk)
    assert the(still, "E01").waits
    assert "V06" not in {f.rule for f in found(still)}
    assert the(batch(plan, *files, clerk=replied(tmp_path, still, "是")), "E01").waived


def test_sent_back_it_goes_to_the_unit_again_with_the_remark(tmp_path, explained):
    clerk = replied(tmp_path, batch(PLAN, *explained), "退回", "请列出\n文号")
    result = batch(PLAN, *explained, clerk=clerk)
    finding = the(result, "E01")
    assert (finding.waived, finding.waits, finding.reply) == (False, False, Reply.SENT_BACK)
    book = openpyxl.load_workbook(io.BytesIO(sent_back(result)))
    sheet = book[w.FINDINGS_SHEET]
    assert sheet["D7"].value == (
        "要求至少 2 件佐证材料，列了 0 件；所写的核实说明没有采纳：请列出\n文号"
    )
    assert sheet[cells(book)[E01]].value == "就一件"
    # Returned as it is, it says nothing new; changed, it waits again.
    same = again(tmp_path, typed(sent_back(result), {}), "又.xlsx")
    assert the(batch(PLAN, *explained, same, clerk=clerk), "E01").reply is Reply.SENT_BACK
    new = again(tmp_path, typed(sent_back(result), "文号是 3 号"), "又.xlsx")
    assert the(batch(PLAN, *explained, new, clerk=clerk), "E01").waits


def test_what_is_only_to_be_verified_goes_alone_when_it_is_sent_back(tmp_path):
    plan = with_row("02.2", "02")
    filled = {k: v for k, v in FINE.items() if k != "02.2"}
    filled |= {"01": Filled("已填报", "2015年 1 件"), "03": Filled("已填报", "无")}
    old = first(tmp_path, filled, plan)
    data = giveback.returns(batch(plan, old), rules.run(batch(plan, old)), None, AFTER)[0].data

    def mended(book):
        book[w.FORM_SHEET]["J8"] = "办了 3 件"

    back = again(tmp_path, typed(data, {"F201921-01-01-T02-WMP1RE3F": "引用文件年份"}, mended))
    clerk = {w.CONFLICT_SHEET: {}, **replied(tmp_path, batch(plan, old, back), "退回")}
    result = batch(plan, back, clerk=clerk)
    assert [f.rule for f in found(result) if giveback.is_asked(f)] == ["T02"]
    assert giveback.returns(result, found(result), None, AFTER)
    bare = batch(plan, back)
    assert giveback.returns(bare, found(bare), None, AFTER) == ()


@pytest.mark.parametrize("said", ["可以", "是的", "退回修改"])
def test_what_is_no_reply_is_said_and_does_nothing(tmp_path, explained, said):
    result = batch(PLAN, *explained, clerk=replied(tmp_path, batch(PLAN, *explained), said))
    assert the(result, "E01").waits
    [wrong] = [f for f in found(result) if f.rule == "V06"]
    assert f"“采纳说明”写的是“{said}”，只认“是”和“退回”" in wrong.message
    assert wrong.message.startswith("汇总表“问题清单”里市发改委第2项（02.2）的")


def test_yes_without_an_explanation_waives_nothing(tmp_path):
    """Neither an error nor what nobody has explained, also when somebody does later."""
    old = first(tmp_path, {**WRONG, "02.2": FINE["02.2"]})
    result = batch(PLAN, old)
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(report.build(result, found(result)))
    book = openpyxl.load_workbook(path)
    sheet = book[w.FINDINGS_SHEET]
    at = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, at[w.REPLY]).value = "是"
    book.save(path)
    clerk = review.read(path)
    result = batch(PLAN, old, clerk=clerk)
    assert not any(f.waived for f in found(result))
    said = [f for f in found(result) if f.rule == "V06"]
    assert len(said) == sheet.max_row - 1
    assert all("没有写核实说明" in f.message for f in said)
    back = again(tmp_path, typed(sent_back(batch(PLAN, old)), {E01: "就一件"}))
    assert the(batch(PLAN, old, back, clerk=clerk), "E01").waits


def test_what_the_master_waives_waits_for_nobody(explained):
    waiver = Waiver(unit="01", requirement="02.2", rule="E01", reason="另报", date="2019-10-28")
    result = batch(replace(PLAN, waivers=(waiver,)), *explained)
    assert (the(result, "E01").waived, the(result, "E01").waits) == (True, False)


def test_a_reply_whose_finding_is_gone_stands_apart_and_finds_back(tmp_path, explained):
    old, back = explained
    clerk = replied(tmp_path, batch(PLAN, old, back), "是")
    enough = with_row("02.2", "01")
    result = batch(enough, old, back, clerk=clerk)
    [lost] = rows_of(result, w.ORPHAN_SHEET)
    assert (lost["登记号"], lost["栏目"], lost["内容"]) == (E01, w.REPLY, "是")
    assert "V06" not in {f.rule for f in found(result)}
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(report.build(result, found(result)))
    assert the(batch(PLAN, old, back, clerk=review.read(path)), "E01").waived


# --- LibreOffice ---------------------------------------------------------------------------


@needs_office
def test_the_client_sorted_and_copied(client):
    _, said, folder = client
    book = openpyxl.load_workbook(folder / "sorted.xlsx")
    assert book.sheetnames[-1] == f"{w.FINDINGS_SHEET}_2"
    codes = [row[-1] for row in book[w.FINDINGS_SHEET].iter_rows(min_row=7, values_only=True)]
    assert sorted(codes, key=str) == sorted(said)
    assert codes != list(said)


@needs_office
@pytest.mark.parametrize("name", ["saved.xlsx", "saved.ods", "saved.xls", "sorted.xlsx"])
def test_a_client_explains(client, name):
    old, said, folder = client
    manifest = collect.read_return(str(folder / name))
    result = batch(PLAN, old, arrival(manifest, name, AFTER))
    assert result.leftover == ()
    assert {e.code: e.text for e in result.explanations} == said


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> tuple[object, dict[str, str], Path]:
    """What a unit typed in LibreOffice, as it was saved, and sorted and copied."""
    folder = tmp_path_factory.mktemp("client")
    old = several(folder)
    data = sent_back(batch(PLAN, old))
    (folder / "one.xlsx").write_bytes(data)
    there = cells(openpyxl.load_workbook(io.BytesIO(data)))
    said = {code: f"说明 {i}，确为内部文件" for i, code in enumerate(there)}
    jobs = [[there[code], text] for code, text in said.items()]
    last = HEAD + len(there)
    _, done, *_ = session(
        folder,
        ["open", "one.xlsx"],
        ["type", w.FINDINGS_SHEET, [*jobs, ["D7", "不许"]]],
        ["save", "saved.xlsx"],
        ["save", "saved.ods"],
        ["save", "saved.xls"],
        ["unlock"],
        ["do", w.FINDINGS_SHEET, f"A{HEAD + 1}:H{last}", ".uno:DataSort",
         {"ByRows": True, "HasHeader": False, "Col1": 4, "Ascending1": False,
          "IncludeAttribs": True}],
        ["do", w.FINDINGS_SHEET, "B1", ".uno:InsertColumnsBefore", {}],
        ["duplicate", w.FINDINGS_SHEET],
        ["save", "sorted.xlsx"],
        ["close"],
    )  # fmt: skip
    assert done[-1]["after"] == done[-1]["before"]
    return old, said, folder
