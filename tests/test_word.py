"""A form that came back as a Word document reads as the workbook it was, and no document bites."""

import io
import random
import shutil
import zipfile
from functools import cache

import damage
import docx
import nasty
import pytest
from client import convert, needs_office

from pdsfz_xl import form
from pdsfz_xl import wording as w
from pdsfz_xl.reader import Cell, read

NASTY = (*nasty.TEXTS, "a\tb")


# --- a form, typed off into Word -----------------------------------------------------------


@cache
def typed_off(tmp) -> bytes:
    """The table of a filled form in a document, its title merged over all columns."""
    path = tmp / "form.xlsx"
    path.write_bytes(nasty.filled(NASTY))
    cells = {at: c.text for at, c in read(path).sheets[0].cells.items()}
    for i, said in enumerate(NASTY):  # Excel shows a text that ends or begins with a break whole
        cells[form.HEADER + 1 + i, 9] = said
    document = docx.Document()
    document.add_heading("关于报送补充材料的函", 1)
    document.add_paragraph("请查收。")
    height, width = (max(at[i] for at in cells) + 1 for i in (0, 1))
    table = document.add_table(height, width)
    rows = [row.cells for row in table.rows]
    for (row, column), said in cells.items():
        rows[row][column].text = said
    for row in range(form.HEADER):
        rows[row][0].merge(rows[row][-1])
    document.add_paragraph("联系人：张三")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("word")


NORMAL = [said.strip("\n ") for said in NASTY]
"""As answers are kept: blanks at both ends go."""


def test_every_answer_typed_into_word_comes_back(folder):
    path = folder / "回复.docx"
    path.write_bytes(typed_off(folder))
    assert nasty.answers(path, NASTY) == NORMAL
    book = read(path)
    assert [sheet.name for sheet in book.sheets] == ["表格1", "正文"]
    assert book.sheets[0].merges[0] == (0, 0, 0, 12)
    assert [c.text for c in book.sheets[1].cells.values()] == [
        "关于报送补充材料的函", "请查收。", "联系人：张三",
    ]  # fmt: skip
    assert book.flags == ()


@needs_office
def test_what_libreoffice_saves_again_still_reads(folder):
    """It escapes what would be an escape in a workbook; in a document (17.3.3.31) nothing is."""
    (folder / "given.docx").write_bytes(typed_off(folder))
    for suffix, name in ((".odt", "given.docx"), (".docx", "given.odt")):
        shutil.copy(convert(folder / name, suffix), folder)
    escaped = [said.replace("_x000D_", "_x005F_x000D_") for said in NORMAL]
    assert nasty.answers(folder / "given.docx", NASTY) == escaped


# --- made by hand --------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OTHERS = "".join(f' xmlns:{x}="urn:{x}"' for x in ("mc", "wps", "wp", "v", "m", "a", "r"))


def body(*inside):
    return f'<w:document xmlns:w="{MAIN}"{OTHERS}><w:body>{"".join(inside)}</w:body></w:document>'


def p(*runs):
    return f"<w:p>{''.join(r if r.startswith('<') else run(r) for r in runs)}</w:p>"


def run(said):
    return f'<w:r><w:t xml:space="preserve">{said}</w:t></w:r>'


def cell(*inside, **about):
    """`span` is gridSpan, `merge` is vMerge."""
    said = f'<w:gridSpan w:val="{about["span"]}"/>' if "span" in about else ""
    if "merge" in about:
        said += f'<w:vMerge w:val="{about["merge"]}"/>' if about["merge"] else "<w:vMerge/>"
    blocks = "".join(i if i.startswith("<") else p(i) for i in inside)
    return f"<w:tc><w:tcPr>{said}</w:tcPr>{blocks}</w:tc>"


def table(*rows):
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def packed(*inside, parts=None, comments=""):
    every = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": body(*inside),
        **(parts or {}),
    }
    if comments:
        every["word/comments.xml"] = f'<w:comments xmlns:w="{MAIN}">{comments}</w:comments>'
        every["word/_rels/document.xml.rels"] = (
            '<Relationships><Relationship Id="a" Type="x/comments" Target="comments.xml"/>'
            "</Relationships>"
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in every.items():
            pack.writestr(name, data)
    return buffer.getvalue()


def texts(sheet):
    return {at: cell.text for at, cell in sheet.cells.items()}


BOX = f"<w:txbxContent>{p('框')}</w:txbxContent>"
CONTENTS = [
    # what it is, what the cell holds, its text
    ("paragraphs", p("甲") + p() + p("乙"), "甲\n\n乙"),
    ("runs", p("甲 ", " 乙"), "甲  乙"),
    ("a tab, breaks and a hyphen",
     p("a", "<w:r><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:noBreakHyphen/></w:r>"),
     "a\tb\nc\n-"),
    ("positions of tabs are none", "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr>"
     + run("甲") + "</w:p>", "甲"),
    ("inserted", p("甲", f"<w:ins>{run('新')}</w:ins>"), "甲新"),
    ("deleted", p("甲", "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del>"), "甲"),
    ("deleted by another program", p("甲", f"<w:del>{run('旧')}</w:del>"), "甲"),
    ("moved", p(f"<w:moveFrom>{run('甲')}</w:moveFrom>", f"<w:moveTo>{run('甲')}</w:moveTo>"),
     "甲"),
    ("a deleted mark of a paragraph",
     f"<w:p><w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>{run('甲')}</w:p>" + p("乙"), "甲\n乙"),
    ("a content control", f"<w:sdt><w:sdtPr/><w:sdtContent>{p('甲')}</w:sdtContent></w:sdt>", "甲"),
    ("one within a line", p(f"<w:sdt><w:sdtContent>{run('甲')}</w:sdtContent></w:sdt>", "乙"),
     "甲乙"),
    ("a link", p(f"<w:hyperlink>{run('甲')}</w:hyperlink>"), "甲"),
    ("a field", p("<w:r><w:fldChar/><w:instrText>PAGE</w:instrText></w:r>", "3"), "3"),
    ("phonetics", p("<w:r><w:ruby><w:rt>" + run("pin") + "</w:rt><w:rubyBase>" + run("拼")
                    + "</w:rubyBase></w:ruby></w:r>"), "拼"),
    ("a tick", p('<w:r><w:sym w:font="Wingdings" w:char="2611"/></w:r>', "是"), "☑是"),
    ("an impossible character", p('<w:r><w:sym w:char="FFFFFFFFFF"/></w:r>'), "\ufffd"),
    ("a formula", p("<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath>"), "x=1"),
    ("a text box and its copy for older programs",
     p("甲", f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{BOX}</w:drawing></mc:Choice>"
       f"<mc:Fallback><w:pict>{BOX}</w:pict></mc:Fallback></mc:AlternateContent></w:r>", "乙"),
     "甲乙\n框"),
    ("a text box of an old program", p(f"<w:r><w:pict>{BOX}</w:pict></w:r>"), "\n框"),
    ("a table in it", p("甲") + table(cell("一") + cell("二"), cell("三")) + p("乙"),
     "甲\n一\n二\n三\n乙"),
    ("an escape that is none here", p("_x000D_"), "_x000D_"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "text"), [c[1:] for c in CONTENTS],
                         ids=[c[0] for c in CONTENTS])  # fmt: skip
def test_what_a_cell_says(load, inside, text):
    sheets = load(packed(table(cell(inside) + cell("旁")))).sheets
    assert texts(sheets[0]) == {(0, 0): text, (0, 1): "旁"}
    assert sheets[0].cells[0, 0] == Cell("text", text, text)
    assert len(sheets) == 1


def test_cells_keep_their_places_beside_merged_ones(load):
    rows = (
        cell("题", span=3),
        cell("一", merge="restart") + cell("甲") + cell("乙"),
        cell(p(), merge="") + cell("丙", span=2),
        cell("藏", merge="continue") + cell(p()) + cell("丁"),
    )
    sheet = load(packed(table(*rows))).sheets[0]
    assert texts(sheet) == {
        (0, 0): "题", (1, 0): "一", (1, 1): "甲", (1, 2): "乙", (2, 1): "丙", (3, 0): "藏",
        (3, 2): "丁",
    }  # fmt: skip
    assert sheet.merges == ((0, 0, 0, 2), (1, 0, 3, 0), (2, 1, 2, 2))


def test_a_row_may_begin_further_right(load):
    before = '<w:trPr><w:gridBefore w:val="2"/></w:trPr>'
    assert texts(load(packed(table(cell("一"), before + cell("二")))).sheets[0]) == {
        (0, 0): "一", (1, 2): "二",
    }  # fmt: skip


def test_what_a_span_was_before_a_change_does_not_count(load):
    was = "<w:tcPrChange><w:tcPr><w:gridSpan w:val='9'/><w:vMerge/></w:tcPr></w:tcPrChange>"
    changed = f"<w:tc><w:tcPr>{was}</w:tcPr>{p('一')}</w:tc>"
    assert texts(load(packed(table(changed + cell("二")))).sheets[0]) == {
        (0, 0): "一",
        (0, 1): "二",
    }


def test_every_table_is_a_sheet_and_the_rest_one_more(load):
    sheets = load(packed(p("前"), p(), table(cell("一")), p("中\t"), table(cell("二")), p())).sheets
    assert [(sheet.name, sheet.visible, texts(sheet)) for sheet in sheets] == [
        ("表格1", True, {(0, 0): "一"}),
        ("表格2", True, {(0, 0): "二"}),
        ("正文", True, {(0, 0): "前", (2, 0): "中\t"}),
    ]


def test_a_table_in_a_text_box_is_a_table(load):
    box = f"<w:txbxContent>{table(cell('一'))}{p('框')}</w:txbxContent>"
    sheets = load(packed(p("前", f"<w:r><w:pict>{box}</w:pict></w:r>"))).sheets
    assert [texts(sheet) for sheet in sheets] == [{(0, 0): "一"}, {(0, 0): "前", (1, 0): "框"}]


def comment(key, *inside):
    return f'<w:comment w:id="{key}">{"".join(inside)}</w:comment>'


def about(key):
    return f'<w:r><w:commentReference w:id="{key}"/></w:r>'


def test_comments_stand_at_their_cells(load):
    comments = (
        comment(0, p("请核对"), p("数字")) + comment(1, p("再核")) + comment(2, p("题目"))
        + comment(3, table(cell("表里"))) + comment(4, p("没有去处"))
    )  # fmt: skip
    rows = table(cell("甲") + cell(p("乙", about(0)) + p(about(1), about(3))))
    sheets = load(packed(p("前"), p("题", about(2)), rows, comments=comments)).sheets
    assert sheets[0].comments == {(0, 1): "请核对\n数字\n再核\n表里"}
    assert sheets[1].comments == {(1, 0): "题目"}
    assert (sheets[2].name, texts(sheets[2])) == ("批注", {(0, 0): "没有去处"})


FLAGGED = [
    (p("<w:r><w:footnoteReference w:id='2'/></w:r>"), {}, "footnotes"),
    (p("<w:r><w:drawing/></w:r>"), {}, "drawing"),
    ("<w:altChunk/>", {}, "embedded"),
    ("", {"word/embeddings/a.xlsx": "x"}, "embedded"),
    ("", {"word/vbaProject.bin": "x"}, "vba"),
]


@pytest.mark.parametrize(("inside", "parts", "flag"), FLAGGED)
def test_what_is_odd_is_flagged(load, inside, parts, flag):
    book = load(packed(table(cell("甲")), inside, parts=parts))
    assert book.flags == (flag,)


def test_damaged_comments_are_done_without(load):
    assert load(packed(table(cell("甲")), comments="<w:comment>")).flags == ("comments-damaged",)


def test_properties_and_the_save_time(load):
    parts = {
        "_rels/.rels": '<R><Relationship Id="a" Type="x/officeDocument" Target="odd/a.xml"/>'
        '<Relationship Id="b" Type="x/core-properties" Target="core.xml"/>'
        '<Relationship Id="c" Type="x/custom-properties" Target="custom.xml"/></R>',
        "core.xml": "<a xmlns:dcterms='x'><dcterms:modified>2019-10-24T08:05:00Z"
        "</dcterms:modified></a>",
        "custom.xml": '<a><property name="pdsfz_unit"><lpwstr>06</lpwstr></property></a>',
        "odd/a.xml": body(table(cell("甲"))).replace(MAIN, "http://purl.oclc.org/ooxml/main"),
        "odd/vbaProject.bin": "x",
    }
    book = load(packed(parts=parts))
    assert (book.saved, book.properties) == ("2019-10-24T08:05:00Z", {"pdsfz_unit": "06"})
    assert (texts(book.sheets[0]), book.flags) == ({(0, 0): "甲"}, ("vba",))


def test_a_document_without_a_table_is_named(refusal):
    assert refusal(packed(p("关于报送材料的函"))) == ("F01", w.FILE_KINDS["word"][1])


TEN = table(*[cell("甲甲")] * 10)
BOMBS = [
    (packed(table(cell("甲", span=16_385))), {}, "F03"),
    (packed(table(cell("甲", span="9" * 5_000))), {}, "F03"),
    (packed(table(cell("甲", span=-1))), {}, "F03"),
    (packed(table(cell("甲", span=16_000) + cell("乙", span=16_000))), {}, "F03"),
    (packed(table(cell("甲")), parts={"word/document.xml": "<!DOCTYPE x><x/>"}), {}, "F08"),
    (packed("<a>" * 300 + "</a>" * 300), {}, "F08"),
    (packed(p("甲")[:-6]), {}, "F03"),
    (packed(parts={"word/document.xml": b" " * 20_000_000}), {}, "F08"),
    (packed(TEN), {"cells": 9}, "F08"),
    (packed(TEN), {"elements": 9}, "F08"),
    (packed(TEN), {"text": 9}, "F08"),
    (packed(TEN), {"one_text": 1}, "F08"),
    (packed(*[TEN] * 10), {"sheets": 9}, "F08"),
    (packed(TEN, *[p()] * 99), {"elements": 99}, "F08"),
    (packed(table(*[cell("甲", span=1_000)] * 9)), {"elements": 5_000}, "F08"),
]


@pytest.mark.parametrize(("data", "limits", "rule"), BOMBS)
def test_what_bites_is_refused(refusal, data, limits, rule):
    assert refusal(data, **limits)[0] == rule


def test_no_mutant_does_worse_than_be_refused(load):
    """Mutants of the XML itself, well packed, so that no checksum saves us."""
    inside = [table(*(cell(made) + cell(about(1), span=2, merge="") for _, made, _ in CONTENTS))]
    data = body(*inside, p("后")).encode()
    names = (b"w:tc", b"w:tr", b"w:tbl", b"w:p", b"w:t", b"w:txbxContent", b"w:comment")
    chance = random.Random(2019)
    outcomes = damage.outcomes(
        lambda part: load(packed(parts={"word/document.xml": part})),
        lambda: damage.markup(data, chance, *names),
        300,
    )
    assert {"read", "F03"} <= outcomes <= {"read", "F01", "F03", "F08"}
