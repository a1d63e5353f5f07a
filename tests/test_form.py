"""The form: golden text, the same number everywhere, validation accepts what the rule accepts."""

import io
import re
import zipfile
from itertools import pairwise

import openpyxl
import pytest
from counts import examples
from dump import dump
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOW, arrival, batch, master, requirement, returned

from pdsfz_xl import collect, excel, form, form_pen, identity, layout, rules, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled

FILLED = {
    "02.1": Filled("已填报", "归集信用信息。", 1286.0),
    "02.2": Filled("", "字" * 501),
}


def test_one_form_as_text(golden):
    plan = master()
    golden("form.txt", dump(form.build(plan, plan.unit["01"], FILLED), rows=40))


def test_the_same_input_gives_the_same_bytes():
    plan = master()
    assert form.build(plan, plan.unit["01"], FILLED) == form.build(plan, plan.unit["01"], FILLED)


def test_rows_have_a_height_but_may_grow():
    plan = master()
    data = form.build(plan, plan.unit["01"], FILLED)
    xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    rows = re.findall(r"<row [^>]*>", xml)
    assert all("ht=" in row for row in rows if 'r="6"' in row or 'r="7"' in row)
    assert "customHeight" not in xml


def test_a_paste_that_locks_a_cell_can_be_typed_over():
    plan = master()
    data = form.build(plan, plan.unit["01"])
    xml = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert 'sqref="I6:J7 K6:K6"' in xml
    assert "protectedRange" in xml


def test_every_message_fits_what_excel_allows():
    """Titles 32, messages 255 characters (XlsxWriter refuses more, and drops the rule)."""
    for said in (
        w.ANSWER_PROMPT,
        w.ANSWER_ERROR,
        w.STATUS_PROMPT,
        w.STATUS_ERROR,
        w.QUANTITY_ERROR,
    ):
        assert len(said.format(advised=99999, limit=99999)) <= 255
    for name in (w.FORM_SHEET, w.EVIDENCE_SHEET, w.GUIDE_SHEET, w.STAMP_SHEET):
        assert len(name) <= 31


HINTS = [
    (0, "", None, "未填"),
    (0, "无此情况", None, "请写理由"),
    (312, "已填报", None, "312/500 还可写188"),
    (500, "", None, "500/500 还可写0"),
    (612, "", None, "612/500 超建议，还可写388"),
    (1000, "", None, "1000/500 超建议，还可写0"),
    (1012, "", None, "超出12字"),
]


@pytest.mark.parametrize(("count", "choice", "number", "said"), HINTS)
def test_the_hint_says_what_is_left(count, choice, number, said):
    assert form.hint(requirement("03", "02"), count, choice, number) == said


def test_a_figure_that_is_asked_for_is_asked_for():
    asked = requirement("02.1", "01", kind="数据")
    assert form.hint(asked, 10, "", None) == "缺数量"
    assert form.hint(asked, 10, "", 0.0) == "10/500 还可写490"
    assert form.hint(asked, 10, "无此情况", None) == "10/500 还可写490"


@pytest.mark.parametrize(
    ("count", "choice", "pieces", "said"),
    [
        (312, "", 0, "312/500 还可写188\n佐证 0/2 件"),
        (312, "", 1, "312/500 还可写188\n佐证 1/2 件"),
        (312, "", 2, "312/500 还可写188"),
        (312, "无此情况", 0, "312/500 还可写188"),
        (0, "", 0, "未填"),
        (1012, "", 0, "超出12字"),
    ],
)
def test_the_hint_says_how_many_pieces_are_listed(count, choice, pieces, said):
    assert form.hint(requirement("03", "02", pieces=2), count, choice, None, pieces) == said


def test_an_earlier_answer_waits_for_somebody_to_confirm_it():
    assert form.hint(requirement("03", "02"), 312, w.PREVIOUS, None) == w.PREVIOUS_HINT
    assert form.hint(requirement("03", "02"), 0, w.PREVIOUS, None) == "未填"


@pytest.mark.parametrize("pieces", [0, 2])
@pytest.mark.parametrize("choice", ["", w.PREVIOUS, *w.CHOICES])
def test_every_hint_of_the_form_is_known_as_its_own(pieces, choice):
    """A copied sheet brings them as plain texts; nobody typed them."""
    for count in (0, 312, 612, 1012):
        asked = requirement("03", "02", pieces=pieces, kind="数据")
        for number in (None, 3.0):
            said = form.hint(asked, count, choice, number)
            assert collect._HINT.fullmatch(said), said


def test_the_form_opens_at_the_first_answer_that_lacks():
    plan = master()
    done = Filled("已填报", "有 1 项", 1.0)
    for filled, cell in (
        ({}, "I6"),
        ({"02.1": done}, "I7"),
        ({"02.1": done, "02.2": done}, "I6"),
        ({"02.1": done._replace(choice=w.PREVIOUS), "02.2": done}, "I6"),
    ):
        data = form.build(plan, plan.unit["01"], filled)
        view = openpyxl.load_workbook(io.BytesIO(data))[w.FORM_SHEET].sheet_view
        assert view.selection[-1].activeCell == cell
        assert view.pane.topLeftCell == f"E{cell[1:]}"


def test_from_the_material_to_the_answer_nobody_scrolls():
    """1366 px less Excel's row numbers and scroll bar; 宋体 11 has figures of 8 px."""

    def pixels(width: float) -> int:
        return int((256 * width + int(128 / 8)) / 256 * 8) + 5  # ECMA-376 18.3.1.13

    until = form.COLUMN[w.ANSWER] + 1
    assert sum(pixels(column.width) for column in layout.FORM[:until]) < 1366 - 50


def test_the_colours_differ_on_a_grey_printer():
    """By luma (ITU-R BT.601), as printers do it: filled, locked, blank, long, too long."""

    def grey(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255

    steps = [1.0, *map(grey, (form_pen.GREY, form_pen.YELLOW, form_pen.AMBER, form_pen.RED))]
    assert all(lighter - darker > 0.04 for lighter, darker in pairwise(steps))


def test_a_figure_shows_its_measure_and_stays_a_number(tmp_path):
    plan = master()
    data = form.build(plan, plan.unit["01"], {"02.1": Filled("", "有", 1286.0)})
    cell = openpyxl.load_workbook(io.BytesIO(data))[w.FORM_SHEET]["K6"]
    assert (cell.value, cell.number_format) == (1286, 'General"条"')
    manifest = returned(plan, "01", {"02.1": Filled("", "有", 1286.0)}, tmp_path)
    assert batch(plan, arrival(manifest, "a")).answer["01", "02.1"].number == 1286


def test_every_formula_has_the_value_it_will_have():
    """For viewers that do not calculate, as phones."""
    plan = master()
    filled = {"02.1": Filled("已填报", "字" * 612, 3.0), "02.2": Filled(w.PREVIOUS, "字" * 9)}
    data = form.build(plan, plan.unit["01"], filled, prefilled=True)
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True)[w.FORM_SHEET]
    assert sheet["A4"].value == w.progress(2, 1, 1, 0)
    assert [sheet[f"L{row}"].value for row in (6, 7, 8)] == [612, 9, 621]
    assert [sheet[f"M{row}"].value for row in (6, 7)] == [
        "612/500 超建议，还可写388",
        w.PREVIOUS_HINT,
    ]


def evaluate(formula: str, said: str) -> int:
    """LEN of nested SUBSTITUTEs, as a spreadsheet program evaluates `count_formula`."""
    for blank in re.findall(r',(CHAR\(\d+\)|"[^"]*"),""\)', formula):
        code = re.fullmatch(r"CHAR\((\d+)\)", blank)
        said = said.replace(chr(int(code[1])) if code else blank[1:-1], "")
    return len(said)


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from(text.BLANKS))))
def test_the_counter_in_the_form_gives_our_number(said):
    assert evaluate(excel.count_formula("J6"), said) == text.count(said)


@settings(deadline=None, max_examples=examples(40))
@given(st.integers(990, 1010), st.sampled_from(["", " ", "\n", "\u3000", "😀", "𠮷"]))
def test_validation_accepts_exactly_what_the_rule_passes(length, extra):
    said = "字" * length + extra
    accepted = evaluate(excel.limit_formula("J6", 1000).removesuffix("<=1000"), said) <= 1000
    assert accepted == (text.count(said) <= 1000)


NASTY = [
    "=1+1", "00123", "TRUE", "1-2", "-3%", "98.50%", "+86", "@x", "'引号", "2025-9-1",
    "😀 emoji 👨‍👩‍👧", "𠮷野家", "第一段\n第二段", "一\tTAB", "控制\x07字符", "_x000D_ 原样",
    "a" * 900,
    "123456789012345678901", "\u202e反向", "<b>&amp;</b>", "全\u3000角\u00a0空\u200b格", "#N/A",
    "字" * 32_000,
]  # fmt: skip


def test_what_is_typed_is_what_is_read(tmp_path):
    """Every nasty text through the form, the reader, the manifest and the merge."""
    requirements = tuple(requirement(f"{i:02d}", "01") for i in range(1, len(NASTY) + 1))
    plan = master(requirements=requirements, indicators=())
    filled = {r.key: Filled("已填报", said) for r, said in zip(requirements, NASTY, strict=True)}
    result = batch(plan, arrival(returned(plan, "01", filled, tmp_path), "a.xlsx", NOW))
    assert [a.text for a in result.answers] == NASTY
    assert [a.count for a in result.answers] == [text.count(said) for said in NASTY]
    assert result.leftover == ()
    over = {f.requirement for f in rules.run(result) if f.rule == "L01"}
    assert over == {r.key for r, s in zip(requirements, NASTY, strict=True) if text.count(s) > 1000}


def test_what_openpyxl_types_is_what_is_read(tmp_path):
    """openpyxl takes no control characters and makes =1+1 a formula; the text is the same."""
    nasty = [said for said in NASTY if "\x07" not in said]
    requirements = tuple(requirement(f"{i:02d}", "01") for i in range(1, len(nasty) + 1))
    plan = master(requirements=requirements, indicators=())
    path = tmp_path / "form.xlsx"
    path.write_bytes(form.build(plan, plan.unit["01"]))
    book = openpyxl.load_workbook(path)
    for row, said in enumerate(nasty, form.HEADER + 2):
        book[w.FORM_SHEET].cell(row, form.COLUMN[w.ANSWER] + 1).value = said
    book.save(path)
    result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx", NOW))
    # openpyxl does not escape what looks like an escape, so any reader must take it for one.
    expected = [text.tidy(said.replace("_x000D_", "\r")) for said in nasty]
    assert [a.text for a in result.answers] == expected
    assert result.leftover == ()


TYPED = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=200)


@settings(deadline=None, max_examples=examples(60))
@given(TYPED)
def test_any_text_comes_back(tmp_path_factory, said):
    plan = master()
    tmp_path = tmp_path_factory.mktemp("typed")
    manifest = returned(plan, "03", {"04": Filled("", said)}, tmp_path)
    tidied = text.tidy(said)
    assert batch(plan, arrival(manifest, "a")).answer["03", "04"].text == (
        tidied if text.count(tidied) else ""
    )


def test_a_blank_form_leaves_nothing_over(tmp_path):
    """Everything the form says itself is known as its own, with and without the hidden sheet."""
    from dataclasses import replace

    plan = master()
    manifest = returned(plan, "02", {}, tmp_path)
    assert batch(plan, arrival(manifest, "a.xlsx")).leftover == ()
    rows = tuple(
        r._replace(cells={c: t._replace(ours=False) for c, t in r.cells.items()
                          if c not in (w.COUNT, w.HINT)})
        for r in manifest.rows
    )  # fmt: skip
    loose = tuple(x._replace(typed=x.typed._replace(ours=False)) for x in manifest.loose)
    bare = replace(manifest, rows=rows, loose=loose, stamped=False)
    left = {x.text for x in batch(plan, arrival(bare, "a.xlsx")).leftover}
    assert left <= {w.TOTAL_COUNT, w.progress(2, 0, 2, 0), *(w.label(s) for s in w.SIGN_OFF)}


def test_sign_off_and_strange_cells_are_listed_with_their_address(tmp_path):
    """Whatever is typed outside the answer cells ends up in the leftovers."""
    plan = master()
    path = tmp_path / "form.xlsx"
    path.write_bytes(form.build(plan, plan.unit["03"], {"04": Filled("", "有")}))
    book = openpyxl.load_workbook(path)
    sheet = book[w.FORM_SHEET]
    sheet["Q6"] = "表外的话"
    sheet["E9"] = "李四"
    sheet["L6"] = "请看这里"
    book.create_sheet("新表")["B2"] = "另一张表"
    book.save(path)
    result = batch(plan, arrival(collect.read_return(str(path)), "a.xlsx"))
    left = {(x.where.sheet, x.where.cell): x.text for x in result.leftover}
    assert left == {
        (w.FORM_SHEET, "Q6"): "表外的话",
        (w.FORM_SHEET, "E9"): "李四",
        (w.FORM_SHEET, "L6"): "请看这里",
        ("新表", "B2"): "另一张表",
    }


def test_row_codes_stand_in_the_form(tmp_path):
    plan = master()
    manifest = returned(plan, "01", {}, tmp_path)
    codes = [identity.read(r.cells[w.CODE].text) for r in manifest.rows if w.CODE in r.cells]
    assert [str(c) for c in codes if c] == [form.row_code(plan, "01", r) for r in plan.due("01")]
