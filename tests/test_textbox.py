"""An answer in a text box is no cell's, but nobody loses it: it is listed where its box stands."""

import io
import zipfile

import pytest
import xlsxwriter
from client import convert, needs_office
from samples import arrival, batch, master
from test_odf import cell, p, row
from test_odf import packed as packed_odf
from test_reader import LINKS, PARTS, REL, SHEET, links, packed, workbook
from test_xlsb import packed as packed_xlsb
from test_xlsb import sheet as sheet_xlsb

from pdsfz_xl import collect, form, rules
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.reader import FORM_LIMITS, InMemory, Refused, read

NAMES = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
DRAWING, SHEET_LINKS = "xl/drawings/drawing1.xml", "xl/worksheets/_rels/sheet1.xml.rels"


def shape(*paragraphs):
    """A text box; a paragraph is a text, or ready runs."""
    said = "".join(
        f"<a:p><a:pPr/>{text if text.startswith('<') else run(text)}<a:endParaRPr/></a:p>"
        for text in paragraphs
    )
    return (
        '<xdr:sp textlink=""><xdr:nvSpPr><xdr:cNvPr id="2" name="文本框 1"/><xdr:cNvSpPr/>'
        f"</xdr:nvSpPr><xdr:spPr/><xdr:txBody><a:bodyPr/><a:lstStyle/>{said}</xdr:txBody></xdr:sp>"
    )


def run(text):
    return f'<a:r><a:rPr lang="zh-CN"/><a:t>{text}</a:t></a:r>'


def group(*shapes):
    return f"<xdr:grpSp><xdr:nvGrpSpPr/><xdr:grpSpPr/>{''.join(shapes)}</xdr:grpSp>"


def either(*ways):
    """The same for several programs, each of which takes the first it knows."""
    kinds = ("Choice",) * (len(ways) - 1) + ("Fallback",)
    said = "".join(f"<mc:{k}>{way}</mc:{k}>" for k, way in zip(kinds, ways, strict=True))
    return f"<mc:AlternateContent>{said}</mc:AlternateContent>"


def corner(which, row, column):
    return (
        f"<xdr:{which}><xdr:col>{column}</xdr:col><xdr:colOff>9</xdr:colOff>"
        f"<xdr:row>{row}</xdr:row><xdr:rowOff>9</xdr:rowOff></xdr:{which}>"
    )


def anchored(inside, row=4, column=2, kind="twoCellAnchor"):
    where = {
        "twoCellAnchor": corner("from", row, column) + corner("to", 90, 90),
        "oneCellAnchor": corner("from", row, column) + "<xdr:ext/>",
        "absoluteAnchor": '<xdr:pos x="9" y="9"/><xdr:ext/>',
    }[kind]
    return f"<xdr:{kind}>{where}{inside}<xdr:clientData/></xdr:{kind}>"


def drawn(*anchors, end="</xdr:wsDr>"):
    """A workbook with one drawing."""
    return packed({
        SHEET_LINKS: links(rId1=("drawing", "../drawings/drawing1.xml")),
        DRAWING: f"<xdr:wsDr {NAMES}>{''.join(anchors)}{end}",
    })  # fmt: skip


def opened(data):
    return read(InMemory("来件", data))


SAID = {
    "one line": (anchored(shape("甲")), {(4, 2): "甲"}),
    "paragraphs": (anchored(shape("甲", "", "乙")), {(4, 2): "甲\n\n乙"}),
    "runs, a field and a break": (
        anchored(shape(f"{run('甲 ')}<a:fld><a:t>2019</a:t></a:fld><a:br/>{run('乙')}")),
        {(4, 2): "甲 2019\n乙"},
    ),
    "blanks at both ends": (anchored(shape("  甲 ")), {(4, 2): "  甲 "}),
    "at one cell": (anchored(shape("甲"), 1_048_575, 16_383, "oneCellAnchor"),
                    {(1_048_575, 16_383): "甲"}),
    "at no cell": (anchored(shape("甲"), kind="absoluteAnchor"), {(0, 0): "甲"}),
    "after one that has a cell": (
        anchored(shape("甲")) + anchored(shape("乙"), kind="absoluteAnchor"),
        {(4, 2): "甲", (0, 0): "乙"},
    ),
    "two at one cell": (anchored(shape("甲")) + anchored(shape("乙")), {(4, 2): "甲\n乙"}),
    "a group in a group": (anchored(group(shape("甲"), group(shape("乙")))), {(4, 2): "甲\n乙"}),
    "for two programs": (anchored(either(shape("甲"), shape("旧甲"))), {(4, 2): "甲"}),
    "for three": (anchored(either(shape("甲"), shape("乙"), shape("丙"))), {(4, 2): "甲"}),
    "for one": (anchored(either(shape("甲"))), {(4, 2): "甲"}),
    "one way within another": (
        anchored(either(group(either(shape("甲"), shape("旧甲")), shape("乙")), shape("丙"))),
        {(4, 2): "甲\n乙"},
    ),
    "an anchor for two programs": (
        either(anchored(shape("甲")), anchored(shape("甲"), 0, 0)) + anchored(shape("乙"), 8, 8),
        {(4, 2): "甲", (8, 8): "乙"},
    ),
    "nothing": (anchored(shape("", "　")) + anchored("<xdr:cxnSp/>"), {}),
    "beyond the sheet": (anchored(shape("甲"), "1048576", "-1"), {(0, 0): "甲"}),
    "at no number": (anchored(shape("甲"), "9" * 5_000, "B"), {(0, 0): "甲"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_text_boxes_say_stands_at_their_anchor(name):
    anchors, said = SAID[name]
    book = opened(drawn(anchors))
    assert (book.sheets[0].comments, book.flags) == (said, ())


UNREAD = {
    "a picture": "<xdr:pic><xdr:blipFill/></xdr:pic>",
    "a shape filled with a picture": "<xdr:sp><xdr:spPr><a:blipFill><a:blip/></a:blipFill>"
    "</xdr:spPr></xdr:sp>",
    "a chart": "<xdr:graphicFrame/>",
    "a picture in a group": group("<xdr:pic/>"),
    "ink": either("<xdr:contentPart/>", "<xdr:pic/>"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_drawn_and_not_read_is_flagged(name):
    book = opened(drawn(anchored(UNREAD[name]), anchored(shape("甲"))))
    assert (book.sheets[0].comments, book.flags) == ({(4, 2): "甲"}, ("drawing",))


def test_a_damaged_drawing_costs_what_stands_behind_the_damage():
    book = opened(drawn(anchored(shape("甲")), end="<broken"))
    assert (book.sheets[0].comments, book.flags) == ({(4, 2): "甲"}, ("drawing",))
    assert book.sheets[0].cells


def test_a_comment_at_the_same_cell_is_kept():
    parts = {
        SHEET_LINKS: links(a=("drawing", "/" + DRAWING), b=("comments", "/xl/comments1.xml")),
        DRAWING: f"<xdr:wsDr {NAMES}>{anchored(shape('框'), 0, 0)}</xdr:wsDr>",
        "xl/comments1.xml": '<comments><commentList><comment ref="A1"><text><t>批注</t></text>'
        "</comment></commentList></comments>",
    }
    assert opened(packed(parts)).sheets[0].comments == {(0, 0): "批注\n框"}


def test_every_sheet_has_its_own():
    parts = {
        "xl/workbook.xml": workbook(("甲", "rId1", "visible"), ("乙", "rId9", "visible")),
        LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{REL}/worksheet" Target="/{SHEET}2"/></Rel'
        ),
        f"{SHEET}2": PARTS[SHEET],
        "xl/worksheets/_rels/sheet1.xml2.rels": links(a=("drawing", "/" + DRAWING)),
        DRAWING: f"<xdr:wsDr {NAMES}>{anchored(shape('框'))}</xdr:wsDr>",
    }
    assert [s.comments for s in opened(packed(parts)).sheets] == [{}, {(4, 2): "框"}]


def test_binary_workbooks_have_the_same_drawings():
    parts = {
        "xl/worksheets/_rels/sheet1.bin.rels": links(a=("drawing", "/" + DRAWING)),
        DRAWING: f"<xdr:wsDr {NAMES}>{anchored(shape('框'))}</xdr:wsDr>",
    }
    book = opened(packed_xlsb(sheet_xlsb(), parts=parts))
    assert (book.sheets[0].comments, book.flags) == ({(4, 2): "框"}, ())


BOMBS = {
    "entities": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "one long text": anchored(shape("字" * (FORM_LIMITS.one_text + 1))),
    "many paragraphs": f"<a:txBody>{'<a:p/>' * (FORM_LIMITS.cells + 1)}</a:txBody>",
    "deep groups": "<xdr:grpSp>" * 300,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_drawing_is_bounded_like_every_part(name):
    text = f"<xdr:wsDr {NAMES}>{BOMBS[name]}</xdr:wsDr>" if name != "entities" else BOMBS[name]
    with pytest.raises(Refused) as caught:
        opened(packed({SHEET_LINKS: links(a=("drawing", "/" + DRAWING)), DRAWING: text}))
    assert caught.value.rule == "F08"


# --- OpenDocument --------------------------------------------------------------------------

FRAME = f"<draw:frame><draw:text-box>{p('框')}{p('二')}</draw:text-box></draw:frame>"
ODF_SAID = {
    "in a cell": (cell(FRAME + p("甲")), {(0, 1): "框\n二"}),
    "within its text": (cell(f"<text:p>甲{FRAME}</text:p>"), {(0, 1): "框\n二"}),
    "in a shape": (cell(p("甲") + f"<draw:ellipse>{p('圆')}</draw:ellipse>"),
                   {(0, 1): "圆"}),
    "in a group": (cell(p("甲") + f"<draw:g>{FRAME}<draw:g>{FRAME}</draw:g></draw:g>"),
                   {(0, 1): "框\n二\n框\n二"}),
    "nothing": (cell(p("甲") + f"<draw:rect>{p(' ')}</draw:rect>"), {}),
    "with a comment": (
        cell(f"<office:annotation>{p('注')}</office:annotation>{FRAME}"
                      + p("甲")), {(0, 1): "注\n框\n二"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODF_SAID)
def test_opendocument_text_boxes_stand_at_their_cell(name):
    made, said = ODF_SAID[name]
    book = opened(packed_odf(row(cell(), made)))
    assert {at: c.text for at, c in book.sheets[0].cells.items()} == {(0, 1): "甲"}
    assert (book.sheets[0].comments, book.flags) == (said, ())


def test_opendocument_text_boxes_on_the_page_stand_at_the_first_cell():
    noted = cell(f"<office:annotation>{p('注')}</office:annotation>")
    rows = f"<table:shapes>{FRAME}</table:shapes>" + row(noted)
    assert opened(packed_odf(rows)).sheets[0].comments == {(0, 0): "框\n二\n注"}


@pytest.mark.parametrize("kind", ["image", "object", "object-ole", "plugin"])
def test_opendocument_pictures_and_objects_are_flagged(kind):
    made = cell(f"<draw:frame><draw:{kind}/></draw:frame>{FRAME}")
    book = opened(packed_odf(row(made)))
    assert (book.sheets[0].comments, book.flags) == ({(0, 0): "框\n二"}, ("drawing",))


# --- in a genuine return -------------------------------------------------------------------


def in_form(data: bytes, anchors: str) -> bytes:
    """A form, drawn on its first sheet."""
    parts = dict.fromkeys([SHEET_LINKS], links())
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        parts |= {name: pack.read(name).decode() for name in pack.namelist()}
    link = f'<Relationship Id="rIdBox" Type="{REL}/drawing" Target="../drawings/drawing1.xml"/>'
    parts[SHEET_LINKS] = parts[SHEET_LINKS].replace("</Relationships>", f"{link}</Relationships>")
    parts[SHEET] = parts[SHEET].replace(
        "</worksheet>", f'<drawing xmlns:r="{REL}" r:id="rIdBox"/></worksheet>'
    )
    parts[DRAWING] = f"<xdr:wsDr {NAMES}>{anchors}</xdr:wsDr>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, text in parts.items():
            pack.writestr(name, text)
    return buffer.getvalue()


def merged(data: bytes, tmp_path):
    path = tmp_path / "来件.xlsx"
    path.write_bytes(data)
    return batch(master(), arrival(collect.read_return(str(path)), "a.xlsx"))


def test_an_answer_in_a_text_box_is_listed_and_the_answers_are_read(tmp_path):
    plan = master()
    data = form.build(plan, plan.unit["03"], {"04": Filled("已填报", "办了 3 件。")})
    done = merged(in_form(data, anchored(shape("另办了", "9 件"))), tmp_path)
    assert [a.text for a in done.answers if a.text] == ["办了 3 件。"]
    assert [(x.where.sheet, x.where.cell, x.text) for x in done.leftover] == [
        (w.FORM_SHEET, "C5", "另办了\n9 件")
    ]
    assert "F09" not in {f.rule for f in rules.run(done)}


def test_a_picture_in_a_return_is_a_finding(tmp_path):
    plan = master()
    data = form.build(plan, plan.unit["03"], {"04": Filled("已填报", "办了 3 件。")})
    done = merged(in_form(data, anchored("<xdr:pic/>")), tmp_path)
    said = [f.message for f in rules.run(done) if f.rule == "F09"]
    assert len(said) == 1
    assert w.UNREAD["drawing"] in said[0]


@needs_office
@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_text_boxes_as_libreoffice_saves_them(tmp_path, suffix):
    made = tmp_path / "made.xlsx"
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet("表")
        sheet.write("C5", "甲")  # in an empty one LibreOffice 7.4 says it stands at B5
        inset = {"x_offset": 9, "y_offset": 9}  # on a border it may go to either cell
        sheet.insert_textbox("C5", "框里的答案\n第二行 😀", inset)
    for path in (made, convert(made, suffix)):
        book = read(path)
        assert book.sheets[0].comments == {(4, 2): "框里的答案\n第二行 😀"}
        assert book.flags == ()


@needs_office
def test_text_boxes_of_an_old_workbook_stand_at_the_first_cell(tmp_path):
    """Where they stand is told in a drawing that nobody reads there; a comment stays a comment."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("表")
        sheet.write_string(2, 2, "格子里的字")
        sheet.write_comment(2, 2, "批注里的字")
        sheet.insert_textbox(5, 3, "文本框里的话 😀\n第二行")
        sheet.insert_textbox(9, 3, "plain words")
    [sheet] = read(convert(path, ".xls")).sheets
    assert sheet.cells[2, 2].text == "格子里的字"
    said = sheet.comments[0, 0]
    assert "文本框里的话 😀\n第二行" in said
    assert "plain words" in said
    assert "批注里的字" not in said
    assert "批注里的字" in sheet.comments[2, 2]
