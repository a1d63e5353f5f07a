"""What a person typed is what is read, and no file can do worse than be refused."""

import datetime as dt
import io
import random
import struct
import warnings
import zipfile

import damage
import openpyxl
import pytest
import xlsxwriter
from counts import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pdsfz_xl import rules
from pdsfz_xl.reader import Cell, Refused, read

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
WORKBOOK, LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def sheet(rows, after=""):
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def strings(*items):
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


def styles(*codes):
    """Cell style 0 is General, style n has the nth code, or number where it is an int."""
    custom = "".join(
        f'<numFmt numFmtId="{200 + i}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for i, code in enumerate(codes)
        if isinstance(code, str)
    )
    used = [code if isinstance(code, int) else 200 + i for i, code in enumerate(codes)]
    xfs = "".join(f'<xf numFmtId="{number}"/>' for number in (0, *used))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{xfs}</cellXfs></styleSheet>'
    )


def links(**targets):
    items = "".join(
        f'<Relationship Id="{key}" Type="{REL}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def workbook(*sheets, before=""):
    """Sheets as (name, relationship, state)."""
    items = "".join(
        f'<sheet name="{name}" sheetId="{i}" state="{state}" r:id="{key}"/>'
        for i, (name, key, state) in enumerate(sheets, 1)
    )
    return f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">{before}<sheets>{items}</sheets></workbook>'


PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
    "_rels/.rels": links(rId1=("officeDocument", WORKBOOK)),
    WORKBOOK: workbook(("表", "rId1", "visible")),
    LINKS: links(
        rId1=("worksheet", "worksheets/sheet1.xml"),
        rId2=("sharedStrings", "sharedStrings.xml"),
        rId3=("styles", "styles.xml"),
    ),
    SHEET: sheet('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>42</v></c></row>'),
    STRINGS: strings("<t>你好</t>"),
    STYLES: styles(),
}
GOOD = {(0, 0): "你好", (0, 1): "42"}


def packed(parts=None, *, drop=(), rename=str, **options):
    """A workbook's bytes: the smallest one, with some parts replaced, added or dropped."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as pack:
        for name, data in {**PARTS, **(parts or {})}.items():
            if name not in drop:
                entry = zipfile.ZipInfo(name)
                entry.filename = rename(name)
                entry.compress_type = pack.compression
                pack.writestr(entry, data)
    return buffer.getvalue()


def texts(book, index=0):
    return {at: cell.text for at, cell in book.sheets[index].cells.items()}


# --- one cell ------------------------------------------------------------------------------

CELLS = [
    # what it is, the cell's XML, kind, text, formula
    ("number", "<c><v>42</v></c>", "number", "42", ""),
    ("an integral float", "<c><v>42.0</v></c>", "number", "42", ""),
    ("a decimal as Excel stores it", "<c><v>0.10000000000000001</v></c>", "number", "0.1", ""),
    ("an indented number", "<c><v>\n  5\n</v></c>", "number", "5", ""),
    ("a small number", "<c><v>1E-5</v></c>", "number", "0.00001", ""),
    ("a big number", "<c><v>1.5E+16</v></c>", "number", "15000000000000000", ""),
    ("a huge number", "<c><v>1E+300</v></c>", "number", "1e+300", ""),
    ("minus nothing", "<c><v>-0</v></c>", "number", "0", ""),
    ("18 digits", "<c><v>110101199003071234</v></c>", "number", "110101199003071234", ""),
    ("21 digits", "<c><v>123456789012345678901</v></c>", "number", "123456789012345678901", ""),
    ("15 digits kept of 18", "<c><v>1.10101199003071E+17</v></c>", "number",
     "110101199003071000", ""),
    ("not a number", "<c><v>1_000</v></c>", "error", "1_000", ""),
    ("nor this", "<c><v>NaN</v></c>", "error", "NaN", ""),
    ("nor infinity", "<c><v>1e999</v></c>", "error", "1e999", ""),
    ("true", '<c t="b"><v>1</v></c>', "bool", "TRUE", ""),
    ("false", '<c t="b"><v>false</v></c>', "bool", "FALSE", ""),
    ("maybe", '<c t="b"><v>2</v></c>', "error", "2", ""),
    ("an error", '<c t="e"><v>#N/A</v></c>', "error", "#N/A", ""),
    ("an error of tomorrow", '<c t="e"><v>#SPILL!</v></c>', "error", "#SPILL!", ""),
    ("an indented index", '<c t="s"><v>\n0</v></c>', "text", "共享", ""),
    ("no such string", '<c t="s"><v>9</v></c>', "error", "#9", ""),
    ("inline", '<c t="inlineStr"><is><t>甲</t></is></c>', "text", "甲", ""),
    ("inline, unsaid", "<c><is><t>甲</t></is></c>", "text", "甲", ""),
    ("rich inline", '<c t="inlineStr"><is><r><t>甲 </t></r><r><t>乙</t></r></is></c>',
     "text", "甲 乙", ""),
    ("phonetic", '<c t="inlineStr"><is><t>重庆</t><rPh><t>chongqing</t></rPh></is></c>',
     "text", "重庆", ""),
    ("blanks at both ends", '<c t="str"><v>  a  </v></c>', "text", "  a  ", ""),
    ("an escaped CR", '<c t="str"><v>a_x000D_&#10;b</v></c>', "text", "a\r\nb", ""),
    ("an escaped escape", '<c t="str"><v>_x005F_x000D_</v></c>', "text", "_x000D_", ""),
    ("an escaped pair", '<c t="str"><v>_xD83D__xDE00_</v></c>', "text", "😀", ""),
    ("half a pair", '<c t="str"><v>_xD83D_</v></c>', "text", "\ufffd", ""),
    ("a date written out", '<c t="d"><v>2019-07-31T00:00:00</v></c>', "date", "2019-07-31", ""),
    ("with a time", '<c t="d"><v>2019-07-31T08:30:00.000</v></c>', "date",
     "2019-07-31 08:30", ""),
    ("a formula", "<c><f>A1+1</f><v>2</v></c>", "number", "2", "A1+1"),
    ("a formula of text", '<c t="str"><f>"a"</f><v>a</v></c>', "text", "a", '"a"'),
    ("a formula's error", '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "error", "#DIV/0!", "1/0"),
    ("no value", "<c><f>1+1</f></c>", "formula", "=1+1", "1+1"),
    ("an empty value", "<c><f>1+1</f><v></v></c>", "formula", "=1+1", "1+1"),
    ("no value of text", '<c t="str"><f>"a"</f></c>', "formula", '="a"', '"a"'),
    ("no shared value", '<c><f t="shared" si="7"/></c>', "formula", "=SHARED()", "SHARED()"),
]  # fmt: skip


@pytest.mark.parametrize(("xml", "kind", "text", "formula"), [c[1:] for c in CELLS],
                         ids=[c[0] for c in CELLS])  # fmt: skip
def test_every_kind_of_cell(load, xml, kind, text, formula):
    book = load(packed({SHEET: sheet(f"<row>{xml}</row>"), STRINGS: strings("<t>共享</t>")}))
    cell = book.sheets[0].cells[0, 0]
    assert (cell.kind, cell.text, cell.formula) == (kind, text, formula)
    unwritable = cell.kind == "error" and not cell.text.startswith("#")
    assert ("bad-cell" in book.flags) == (unwritable or text == "#9")


@pytest.mark.parametrize(
    "xml",
    ["<c/>", '<c s="0"/>', "<c><v/></c>", "<c><v> </v></c>", '<c t="s"/>', '<c t="inlineStr"/>',
     '<c t="inlineStr"><is/></c>', '<c t="str"><f>""</f><v></v></c>'],
)  # fmt: skip
def test_an_empty_cell_is_not_there(load, xml):
    assert load(packed({SHEET: sheet(f"<row>{xml}</row>")})).sheets[0].cells == {}


def test_a_cell_of_a_shared_formula_says_where_the_formula_stands(load):
    """Its references are relative, so to repeat the text would be a lie."""
    rows = (
        '<row r="2"><c r="C2"><f t="shared" ref="C2:C4" si="0">B2*2</f><v>2</v></c></row>'
        '<row r="3"><c r="C3"><f t="shared" si="0"/><v>4</v></c></row>'
        '<row r="4"><c r="C4"><f t="shared" si="0"/></c></row>'
    )
    cells = load(packed({SHEET: sheet(rows)})).sheets[0].cells
    assert [(c.kind, c.text, c.formula) for c in cells.values()] == [
        ("number", "2", "B2*2"),
        ("number", "4", "SHARED(C2)"),
        ("formula", "=SHARED(C2)", "SHARED(C2)"),
    ]


def test_a_picture_in_a_cell_is_flagged(load):
    """WPS stores it as a formula, DISPIMG, of which only WPS can make a picture."""
    xml = '<row><c t="str"><f>_xlfn.DISPIMG("ID_1",1)</f><v>=DISPIMG("ID_1",1)</v></c></row>'
    book = load(packed({SHEET: sheet(xml)}))
    assert texts(book) == {(0, 0): '=DISPIMG("ID_1",1)'}
    assert book.flags == ("dispimg",)


SHOWN = [
    # format code or built-in number, stored, kind, text
    (14, "43677", "date", "2019-07-31"),
    (22, "43677.354166666664", "date", "2019-07-31 08:30"),
    (31, "43677", "date", "2019-07-31"),
    (57, "43677", "date", "2019-07-31"),
    (20, "0.35416666666666669", "date", "08:30"),
    (32, "0.35416666666666669", "date", "08:30"),
    (21, "0.354178240740741", "date", "08:30:01"),
    (46, "1.5", "number", "36:00:00"),
    (9, "-0.03", "number", "-3%"),
    (10, "0.985", "number", "98.50%"),
    (9, "0.985", "number", "98.5%"),
    (9, "0.07", "number", "7%"),
    (0, "43677", "number", "43677"),
    ('[$-804]yyyy"年"m"月"d"日";@', "43677", "date", "2019-07-31"),
    ("[DBNum1][$-804]yyyy年m月d日", "43677", "date", "2019-07-31"),
    ("aaaa", "43677", "date", "2019-07-31"),
    ("yyyy/m/d", "43676.99999999", "date", "2019-07-31"),
    ("yyyy/m/d", "1", "date", "1900-01-01"),
    ("yyyy/m/d", "0", "number", "0"),
    ("yyyy/m/d", "-1", "number", "-1"),
    ("yyyy/m/d", "2958466", "number", "2958466"),
    ('0.00"万元"', "12.5", "number", "12.5"),
    ('#,##0" days"', "12", "number", "12"),
    ("[Red]0.0;[Blue]-0.0", "12.5", "number", "12.5"),
    ("0.00E+00", "12.5", "number", "12.5"),
    ("G/通用格式", "12.5", "number", "12.5"),
    ("00000", "123", "number", "00123"),
    ("@", "123", "number", "123"),
]


@pytest.mark.parametrize(("code", "stored", "kind", "text"), SHOWN)
def test_numbers_read_as_a_person_sees_them(load, code, stored, kind, text):
    rows = f'<row><c s="1"><v>{stored}</v></c></row>'
    cell = load(packed({SHEET: sheet(rows), STYLES: styles(code)})).sheets[0].cells[0, 0]
    assert cell == Cell(kind, text, float(stored))


def test_dates_of_a_mac(load):
    data = packed({
        SHEET: sheet('<row><c s="1"><v>43677</v></c></row>'),
        STYLES: styles(14),
        WORKBOOK: workbook(("表", "rId1", "visible"), before='<workbookPr date1904="1"/>'),
    })  # fmt: skip
    assert texts(load(data)) == {(0, 0): "2023-08-01"}


# --- nasty texts come back -----------------------------------------------------------------

NASTY = [
    "=1+1", "00123", "TRUE", "1-2", "-3%", "+1", "@SUM(1)", "1E5", "#N/A", "'quoted", "None",
    "😀👨‍👩‍👧", "𠮷野家", "e\u0301", "\u202e倒序\u202c", "\ue000", "￥１２３．４５",
    "_x000D_", "_x005F_", "a_x4E2D_b", "_xZZZZ_", "a\nb", "a\tb", "\u00a0a\u00a0", "\u3000a\u3000",
    "a\u200bb\ufeffc", "  a  ", "\n\na\n", " ", "<&>\"'", "]]>", "长" * 32_767, "1" * 21,
]  # fmt: skip
CONTROLS = ["a\r\nb", "a\rb", "a\x00b", "a\x01\x07\x0b\x0c\x1fb", "\x7f\x85", "\ufffe\uffff"]


def by_xlsxwriter(values):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    worksheet = book.add_worksheet()
    for row, value in enumerate(values):
        worksheet.write_string(row, 0, value)
    book.close()
    return buffer.getvalue()


def by_openpyxl(values):
    book = openpyxl.Workbook()
    for row, value in enumerate(values, 1):
        cell = book.active.cell(row, 1, value)
        cell.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_nasty_texts_written_by_xlsxwriter(load):
    read_back = load(by_xlsxwriter(NASTY + CONTROLS)).sheets[0].cells
    assert [c.text for c in read_back.values()] == NASTY + CONTROLS
    assert {c.kind for c in read_back.values()} == {"text"}


def test_nasty_texts_written_by_openpyxl(load):
    """openpyxl does not escape: what looks like an escape is one, as Excel would read it too."""
    decoded = {"_x000D_": "\r", "_x005F_": "_", "a_x4E2D_b": "a中b"}
    read_back = load(by_openpyxl(NASTY)).sheets[0].cells
    assert [c.text for c in read_back.values()] == [decoded.get(text, text) for text in NASTY]
    assert {c.kind for c in read_back.values()} == {"text"}


def test_what_a_person_types_into_a_general_cell(load):
    """Written by openpyxl as the types a spreadsheet program makes of them."""
    book = openpyxl.Workbook()
    typed = ["=1+1", 500.0, True, -0.03, dt.date(2019, 7, 31), dt.datetime(2019, 7, 31, 8, 30),
             dt.time(8, 30), dt.timedelta(hours=36), "#N/A"]  # fmt: skip
    for row, value in enumerate(typed, 1):
        book.active.cell(row, 1, value)
    book.active["A4"].number_format = "0%"
    buffer = io.BytesIO()
    book.save(buffer)
    assert [(c.kind, c.text) for c in load(buffer.getvalue()).sheets[0].cells.values()] == [
        ("formula", "=1+1"),
        ("number", "500"),
        ("bool", "TRUE"),
        ("number", "-3%"),
        ("date", "2019-07-31"),
        ("date", "2019-07-31 08:30"),
        ("date", "08:30"),
        ("number", "36:00:00"),
        ("error", "#N/A"),
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5))
@example(["_x000D_", "\r\n", "\x00"])
@settings(max_examples=examples(60), deadline=None)
def test_any_text_written_is_the_text_read(tmp_path_factory, values):
    """Also CR and control characters: XlsxWriter escapes them, and nothing is normalised here."""
    path = tmp_path_factory.mktemp("typed") / "表.xlsx"
    path.write_bytes(by_xlsxwriter(values))
    assert [cell.text for cell in read(path).sheets[0].cells.values()] == values


# --- sheets and what surrounds them --------------------------------------------------------


def test_hidden_sheets_are_read_and_say_so(load):
    parts = {
        WORKBOOK: workbook(
            ("可见", "rId1", "visible"), ("隐藏", "rId1", "hidden"), ("深藏", "rId1", "veryHidden")
        ),
    }
    found = [(s.name, s.visible, len(s.cells)) for s in load(packed(parts)).sheets]
    assert found == [("可见", True, 2), ("隐藏", False, 2), ("深藏", False, 2)]


def test_values_under_a_merge_are_kept(load):
    book = load(packed({
        SHEET: sheet('<row><c><v>1</v></c><c><v>2</v></c></row>',
                     '<mergeCells><mergeCell ref="A1:C3"/><mergeCell ref="?"/></mergeCells>'),
    }))  # fmt: skip
    assert texts(book) == {(0, 0): "1", (0, 1): "2"}
    assert book.sheets[0].merges == ((0, 0, 2, 2),)


def test_cells_stand_where_they_say_and_the_dimension_is_not_believed(load):
    """Rows out of order, no references, lower-case and absolute ones, any mixture."""
    rows = (
        '<row r="3"><c r="b3"><v>1</v></c><c><v>2</v></c></row>'
        '<row r="1"><c r="$A$1"><v>3</v></c><c r="C1" s="0"/><c><v>4</v></c></row>'
        "<row><c><v>5</v></c><c/><c><v>6</v></c></row>"
    )
    xml = sheet(rows).replace("<sheetData>", '<dimension ref="A1"/><sheetData>')
    assert texts(load(packed({SHEET: xml}))) == {
        (2, 1): "1", (2, 2): "2", (0, 0): "3", (0, 3): "4", (1, 0): "5", (1, 2): "6",
    }  # fmt: skip


def test_two_cells_far_apart_cost_two_cells(load):
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c>'
    book = load(packed({SHEET: sheet(f"{rows}</row>")}))
    assert texts(book) == {(0, 0): "1", (1_048_575, 16_383): "2"}


def test_a_column_formatted_to_the_bottom_is_no_bomb(load):
    """WPS and others write every cell of it, a million of them, all empty."""
    blanks = "".join(f'<row r="{r}"><c r="A{r}" s="0"/></row>' for r in range(2, 3_000))
    data = packed({SHEET: sheet(f'<row r="1"><c r="A1"><v>1</v></c></row>{blanks}')})
    assert texts(load(data, cells=10)) == {(0, 0): "1"}


def test_the_same_cell_twice_keeps_both(load):
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>9</v></c></row>'
    book = load(packed({SHEET: sheet(rows)}))
    assert texts(book) == {(0, 0): "1\n9"}
    assert book.flags == ("dup-cell",)


def test_comments_properties_and_the_save_time(load):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2019, 10, 24, 8, 5)})
    book.set_custom_property("pdsfz-campaign", "F201921")
    book.set_custom_property("次数", 3)
    first, second = book.add_worksheet("甲"), book.add_worksheet("乙")
    first.write_comment("B2", "请补充\n日期", {"author": "科室"})
    second.write_comment("A1", "𠮷")
    book.close()
    got = load(buffer.getvalue())
    assert [s.comments for s in got.sheets] == [{(1, 1): "请补充\n日期"}, {(0, 0): "𠮷"}]
    assert got.properties == {"pdsfz-campaign": "F201921", "次数": "3"}
    assert got.saved == "2019-10-24T08:05:00Z"


def test_a_thread_of_comments_is_read_without_the_copy_of_it(load):
    """Excel adds an old-style comment for older programs, with a notice above the words."""
    copy = "<comment ref='A1'><text><r><t>[Threaded comment] ...</t></r></text></comment>"
    said = (
        '<threadedComment ref="A1"><text>为何空着？</text></threadedComment>'
        '<threadedComment ref="A1"><text>已补</text></threadedComment>'
    )
    book = load(packed({
        "xl/worksheets/_rels/sheet1.xml.rels": links(
            a=("comments", "../comments1.xml"),
            b=("threadedComment", "../threadedComments/threadedComment1.xml"),
        ),
        "xl/comments1.xml": f"<comments><commentList>{copy}</commentList></comments>",
        "xl/threadedComments/threadedComment1.xml": f"<ThreadedComments>{said}</ThreadedComments>",
    }))  # fmt: skip
    assert book.sheets[0].comments == {(0, 0): "为何空着？\n已补"}


STRICT = {
    name: data.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
        REL, "http://purl.oclc.org/ooxml/officeDocument/relationships"
    )
    for name, data in PARTS.items()
}
PREFIXED = (
    f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c>'
    '<x:c r="B1"><x:v>42</x:v></x:c></x:row></x:sheetData></x:worksheet>'
)


class OneWay(io.BytesIO):
    """A stream that cannot seek: zipfile then writes sizes after the data, as web servers do."""

    def seekable(self):
        return False

    def tell(self):
        raise OSError

    def seek(self, *_):
        raise OSError


def streamed():
    buffer = OneWay()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in PARTS.items():
            pack.writestr(name, data)
    return buffer.getvalue()


def zip64():
    """With the end record that a zip of many entries has; the small one then names no numbers."""
    data = packed()
    end = data.rindex(b"PK\5\6")
    count, size, at = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    small = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return data[:end] + record + locator + small


TOLERATED = {
    "stored": packed(compression=zipfile.ZIP_STORED),
    "backslashes": packed(rename=lambda name: name.replace("/", "\\")),
    "upper case": packed(rename=str.upper),
    "leading slash": packed(rename=lambda name: f"/{name}"),
    "absolute targets": packed({LINKS: PARTS[LINKS].replace('"worksheets', '"/xl/worksheets')}),
    "workbook elsewhere": packed({
        "_rels/.rels": links(a=("officeDocument", "foo/bar.xml")),
        "foo/bar.xml": PARTS[WORKBOOK],
        "foo/_rels/bar.xml.rels": links(
            rId1=("worksheet", "../xl/worksheets/sheet1.xml"),
            rId2=("sharedStrings", "/xl/sharedStrings.xml"),
        ),
    }, drop=(WORKBOOK, LINKS)),
    "no root relationships": packed(drop=("_rels/.rels",)),
    "prefixed elements": packed({SHEET: PREFIXED}),
    "strict": packed(STRICT),
    "UTF-16": packed({n: f'<?xml version="1.0" encoding="UTF-16"?>{d}'.encode("utf-16")
                      for n, d in PARTS.items()}),
    "BOM": packed({n: d.encode("utf-8-sig") for n, d in PARTS.items()}),
    "CDATA": packed({STRINGS: strings("<t><![CDATA[你]]><!-- -->好</t>")}),
    "wrong counts": packed({STRINGS: PARTS[STRINGS].replace("<sst", '<sst count="9"')}),
    "no styles": packed(drop=(STYLES,)),
    "odd state": packed({WORKBOOK: workbook(("表", "rId1", "show"))}),
    "junk before": b"MZ" + b"\0" * 510 + packed(),
    "junk after": packed() + b"\r\n--boundary--\r\n" + b"\0" * 300,
    "streamed": streamed(),
    "zip64": zip64(),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLERATED)
def test_what_other_programs_write_is_read(load, name):
    book = load(TOLERATED[name])
    assert texts(book) == GOOD
    assert book.sheets[0].visible
    assert book.flags == (("strict",) if name == "strict" else ())


MACRO = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"
TWO = workbook(("甲", "rId1", "visible"), ("乙", "rId9", "visible"))
DEGRADED = {
    "no such relationship": ({WORKBOOK: TWO}, "sheet-missing:乙"),
    "no such part": (
        {WORKBOOK: TWO, LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{REL}/worksheet" Target="x.xml"/></Rel')},
        "sheet-missing:乙",
    ),
    "outside the package": (
        {WORKBOOK: TWO, LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{REL}/worksheet" TargetMode="External"'
            ' Target="http://127.0.0.1/s.xml"/></Rel')},
        "sheet-missing:乙",
    ),
    "above the package": (
        {WORKBOOK: TWO, LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{REL}/worksheet"'
            ' Target="../../../etc/passwd"/></Rel')},
        "sheet-missing:乙",
    ),
    "a macro sheet": (
        {WORKBOOK: TWO, "xl/m.xml": sheet("<row><c><f>HALT()</f></c></row>"),
         LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{MACRO}" Target="m.xml"/></Rel')},
        "xlm",
    ),
    "a chart sheet": (
        {WORKBOOK: TWO, "xl/c.xml": "<chartsheet/>", LINKS: PARTS[LINKS].replace(
            "</Rel", f'<Relationship Id="rId9" Type="{REL}/chartsheet" Target="c.xml"/></Rel')},
        "not-cells:乙",
    ),
    "one bad cell": (
        {SHEET: PARTS[SHEET].replace("</row>", '<c r="C1"><v>?</v></c></row>')}, "bad-cell"),
    "two sheets of one name": (
        {WORKBOOK: workbook(("表", "rId1", "visible"), ("表", "rId1", "visible"))}, "dup-sheet"),
    "broken styles": ({STYLES: "<styleSheet><cellXfs>"}, "styles-damaged"),
    "macros": ({"xl/vbaProject.bin": "x"}, "vba"),
    "external links": ({"xl/externalLinks/externalLink1.xml": "x"}, "extlink"),
    "a chart": ({"xl/charts/chart1.xml": "x"}, "drawing"),
    "embedded": ({"xl/embeddings/a.docx": "x"}, "embedded"),
    "connections": ({"xl/connections.xml": "x"}, "connections"),
    "broken properties": (
        {"_rels/.rels": links(a=("officeDocument", WORKBOOK), b=("custom-properties", "p.xml")),
         "p.xml": "<Properties>"}, "properties-damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEGRADED)
def test_what_is_odd_is_flagged_and_the_rest_is_read(load, name):
    parts, flag = DEGRADED[name]
    book = load(packed(parts))
    assert texts(book).items() >= GOOD.items()
    assert book.flags == (flag,)


# --- refused -------------------------------------------------------------------------------

WORD = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}


def archive(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pack:
        for name, data in members.items():
            pack.writestr(name, data)
    return buffer.getvalue()


def compound(*streams):
    """A compound file as far as we look into one: the header, then directory entries."""
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + entries


NOT_READ = [
    (b"", "F01", "空文件"),
    (b"\0" * 5_000, "F03", "没有下载完"),
    (b"%PDF-1.4\n%\xe2\xe3", "F01", "PDF"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "F01", "图片"),
    (b"\x89PNG\r\n\x1a\n\0", "F01", "图片"),
    (b"\0\0\0\x18ftypheic\0\0\0\0", "F01", "图片"),
    (b"BM\x36\0\0\0\0\0", "F01", "图片"),
    (archive(**WORD), "F01", "Word"),
    (b"{\\rtf1\\ansi x}", "F01", "Word"),
    (compound("WordDocument"), "F01", "Word"),
    (archive(**{"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"}), "F01", "演示"),
    (archive(**{"OFD.xml": "<OFD/>"}), "F01", "OFD"),
    (archive(**{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<o/>"}),
     "F01", "OpenDocument"),
    ("<!DOCTYPE html><html><body>请登录</body></html>".encode(), "F01", "网页"),
    (b"<?xml version='1.0'?><a/>", "F01", "XML"),
    ("工作总结\n一、基本情况，较好。\n".encode(), "F01", "文本"),
    ("工作总结".encode("utf-16"), "F01", "文本"),
    (b"L\0\0\0\1\x14\2\0" + b"\0" * 60, "F01", "快捷方式"),
    (b"[InternetShortcut]\r\nURL=https://example.cn/l/x\r\n", "F01", "快捷方式"),
    (b"MZ\x90\0" + b"\0" * 500, "F01", "不认识"),
    (compound("Workbook"), "F03", "损坏"),
    (compound("Book"), "F03", "损坏"),
    (compound("Workbook", "WordDocument"), "F03", "损坏"),  # an embedded document comes later
    (b"\x09\x08\x10\0\0\6\5\0", "F03", "损坏"),
    (archive(**{"mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "content.xml": "<o/>"}), "F03", "不见了"),
    (packed({"xl/workbook.bin": "x"}, drop=(WORKBOOK,)), "F03", "二进制工作簿"),
    (packed({"_rels/.rels": links(a=("officeDocument", "a.bin")), "a.bin": "x"}), "F07", ".xlsb"),
    (archive(**{"Index/Document.iwa": "x"}), "F07", "Numbers"),
    (archive(**{"报表/市司法局.xlsx": "x"}), "F07", "压缩包"),
    (b"Rar!\x1a\x07\1\0", "F07", "压缩包"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "F07", "压缩包"),
    (b"\x1f\x8b\x08\0", "F07", "压缩包"),
    (b"Return-Path: <a@b>\r\nSubject: x\r\n\r\nbody", "F07", "邮件"),
    (compound("__substg1.0_0037001F"), "F07", "邮件"),
    ("单位,人数\r\n司法局,42\r\n".encode("gbk"), "F07", ".csv"),
    ("单位\t人数\r\n司法局\t42\r\n".encode("utf-16"), "F07", ".csv"),
    (b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>", "F03", "不见了"),
    (b"<Work xmlns='urn:schemas-microsoft-com:office:spreadsheet'/>", "F01", "XML"),
    (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n\r\n", "F01", "网页"),
    (compound("EncryptionInfo", "EncryptedPackage"), "F03", "损坏"),
    (compound("Package"), "F03", "损坏"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "rule", "word"), NOT_READ)
def test_everything_else_is_named_by_its_content(refusal, data, rule, word):
    """The name is never looked at: all these files are called the same."""
    found, detail = refusal(data)
    assert found == rule
    assert word in detail


def test_the_sentence_of_every_refusal_can_be_said(refusal):
    """Each detail fits the rule's message, which is all the operator sees."""
    for data, rule, _ in NOT_READ:
        _, detail = refusal(data)
        message = rules.RULES[rule].message.format(file="表.xlsx", detail=detail)
        assert "{" not in message


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def encrypted():
    data = packed()
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(mark)
        data = patched(data, at + flags, b"\1\0")
    return data


def twice(name, again):
    """Two entries that are the same part to some readers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile knows that it should not be done
        return packed(
            {"1": "<a/>", "2": "<b/>"}, rename=lambda n: {"1": name, "2": again}.get(n, n)
        )


def renamed(name):
    """The directory calls the sheet by another name than the header before its data."""
    data = packed()
    return patched(data, data.rindex(SHEET.encode()), name.ljust(len(SHEET)).encode())


def swallowed():
    """The comment of an entry seems to reach over the next one, which so disappears."""
    data = packed({"docProps/last.xml": "<a/>"})
    last = data.rindex(b"docProps/last.xml") - 46
    styles = data.rindex(STYLES.encode()) - 46
    return patched(data, styles + 32, struct.pack("<H", len(data) - 22 - last))


def wrong_checksum():
    data = packed()
    entry = data.rindex(SHEET.encode()) - 46
    return patched(data, entry + 16, b"\0\0\0\0")


def lying_size():
    """The directory claims 100 bytes for a part that inflates to 5 MB."""
    data = packed({SHEET: sheet(" " * 5_000_000)})
    entry = data.rindex(SHEET.encode()) - 46
    return patched(data, entry + 24, struct.pack("<I", 100))


DAMAGED = {
    "cut in half": packed()[: len(packed()) // 2],
    "last byte missing": packed()[:-1],
    "only the magic": b"PK\3\4",
    "an empty zip": archive(),
    "zeros in the middle": patched(packed(), len(packed()) // 2, b"\0" * 200),
    "wrong checksum": wrong_checksum(),
    "lying size": lying_size(),
    "the same part twice": twice("xl/a.xml", "xl/a.xml"),
    "the same but for case": twice("xl/a.xml", "XL\\A.XML"),
    "another name in the directory": renamed(SHEET.replace("1", "2")),
    "a name that ends early, as if of a folder": renamed("xl/\0"),
    "an entry swallowed by a comment": swallowed(),
    "XML cut short": packed({SHEET: PARTS[SHEET][:-20]}),
    "XML of no known characters": packed({STRINGS: strings("<t>\x01</t>")}),
    "broken strings": packed({STRINGS: "<sst><si>"}),
    "wrong bytes": packed({STRINGS: strings("<t>中</t>").encode("gbk")}),
    "an encoding expat cannot do": packed(
        {STRINGS: f'<?xml version="1.0" encoding="GBK"?>{strings("<t>中</t>")}'.encode("gbk")}
    ),
    "an encoding nobody knows": packed(
        {STRINGS: f'<?xml version="1.0" encoding="KLINGON"?>{strings("<t>a</t>")}'}
    ),
    "no workbook": packed(drop=(WORKBOOK,)),
    "no sheet of all those named": packed(drop=(SHEET,)),
    "row 4294967295": packed({SHEET: sheet('<row r="4294967295"><c><v>1</v></c></row>')}),
    "column ZZZZZZZ": packed({SHEET: sheet('<row><c r="ZZZZZZZ1"><v>1</v></c></row>')}),
    "beyond the last row": packed(
        {SHEET: sheet('<row r="1048576"><c><v>1</v></c></row><row><c><v>2</v></c></row>')}
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_and_not_half_read(refusal, name):
    rule, detail = refusal(DAMAGED[name])
    assert rule == "F03"
    assert detail


def test_encrypted_entries_are_a_password(refusal):
    assert refusal(encrypted()) == ("F02", "")


def test_a_main_part_that_is_no_workbook(refusal):
    assert refusal(packed({WORKBOOK: "<document/>"}))[0] == "F01"


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
ENTITIES = {
    "billion laughs": LAUGHS + strings("<t>&b;</t>"),
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + strings("<t>&a;</t>"),
    "a parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]>' + PARTS[STRINGS],
    "an external subset": '<!DOCTYPE sst SYSTEM "http://127.0.0.1/x.dtd">' + PARTS[STRINGS],
    "harmless": "<!DOCTYPE sst>" + PARTS[STRINGS],
}


@pytest.mark.parametrize("part", [STRINGS, SHEET, STYLES, WORKBOOK, LINKS, "_rels/.rels"])
@pytest.mark.parametrize("name", ENTITIES)
def test_every_document_type_is_refused_wherever_it_stands(refusal, name, part):
    assert refusal(packed({part: ENTITIES[name]}))[0] == "F08"


def overlapping():
    """Two entries of the directory share the same data."""
    data = packed({"xl/a.xml": "x" * 50}, compression=zipfile.ZIP_STORED)
    entry = data.rindex(b"xl/a.xml") - 46
    other = data.rindex(SHEET.encode()) - 46
    return patched(data, entry + 42, data[other + 42 : other + 46])


CELL = "<c><v>1</v></c>"
BOMBS = {
    "spaces": (packed({SHEET: sheet(" " * 9_000_000)}), {}),
    "zeros in a part nobody needs": (packed({"xl/media/a.png": b"\0" * 9_000_000}), {}),
    "a large file": (packed(), {"file": 1_000}),
    "a large part": (packed({SHEET: sheet(" " * 5_000)}), {"part": 4_000}),
    "many parts": (packed({f"xl/{n}": "" for n in range(50)}), {"entries": 20}),
    "a large directory": (packed({f"xl/{n}": "" for n in range(50)}), {"directory": 500}),
    "all parts together": (packed({f"xl/{n}": b"0" * 900 for n in range(9)}), {"total": 9_000}),
    "one part for many sheets": (
        packed({WORKBOOK: workbook(*[(f"表{n}", "rId1", "visible") for n in range(50)]),
                SHEET: sheet(" " * 1_000)}), {"total": 20_000}),
    "sharing data": (overlapping(), {}),
    "deep nesting": (packed({SHEET: "<a>" * 5_000}), {}),
    "deep strings": (packed({STRINGS: "<sst><si>" + "<r>" * 5_000}), {}),
    "many cells": (packed({SHEET: sheet(f"<row>{CELL * 60}</row>")}), {"cells": 50}),
    "many cells in many sheets": (
        packed({WORKBOOK: workbook(*[(f"表{n}", "rId1", "visible") for n in range(50)])}),
        {"cells": 50}),
    "many empty cells": (packed({SHEET: sheet(f"<row>{'<c/>' * 60}</row>")}), {"elements": 50}),
    "many merges": (
        packed({SHEET: sheet("", '<mergeCell ref="A1:B2"/>' * 60)}), {"cells": 50}),
    "many sheets": (
        packed({WORKBOOK: workbook(*[("表", "rId1", "visible")] * 60)}), {"sheets": 50}),
    "many strings": (packed({STRINGS: strings(*["<t>a</t>"] * 60)}), {"strings": 50}),
    "many styles": (packed({STYLES: styles(*[14] * 60)}), {"styles": 50}),
    "many formats": (packed({STYLES: styles(*["0.0"] * 60)}), {"styles": 50}),
    "many links": (
        packed({LINKS: links(**{f"a{n}": ("worksheet", "x") for n in range(60)})}), {"links": 50}),
    "one long string": (packed({STRINGS: strings(f"<t>{'a' * 200}</t>")}), {"one_text": 100}),
    "one long cell": (
        packed({SHEET: sheet(f'<row><c t="str"><v>{"a" * 200}</v></c></row>')}),
        {"one_text": 100}),
    "one long formula": (
        packed({SHEET: sheet(f'<row><c><f>{"a" * 200}</f></c></row>')}), {"one_text": 100}),
    "much text": (packed({STRINGS: strings(*[f"<t>{'a' * 50}</t>"] * 9)}), {"text": 200}),
    "one string in many cells": (
        packed({STRINGS: strings(f"<t>{'a' * 50}</t>"),
                SHEET: sheet("<row>" + '<c t="s"><v>0</v></c>' * 9 + "</row>")}), {"text": 200}),
    "one cell again and again": (
        packed({SHEET: sheet("<row>" + "".join(f'<c r="A1"><v>{n}</v></c>' for n in range(99)) +
                             "</row>")}), {"text": 2_000}),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_take_too_much_is_refused(refusal, name):
    data, limits = BOMBS[name]
    rule, detail = refusal(data, **limits)
    assert rule == "F08"
    assert detail


def test_a_gap_nobody_thought_of_is_a_refusal_too(refusal, monkeypatch):
    """Foreign bytes must not end the run, whatever they hit."""
    from pdsfz_xl import xlsx

    def gap(*_):
        raise AttributeError("a bug")

    monkeypatch.setattr(xlsx, "Grid", gap)
    assert refusal(packed())[0] == "F03"


def test_memory_and_a_missing_file_are_not_the_files_fault(load, monkeypatch, tmp_path):
    from pdsfz_xl import xlsx

    with pytest.raises(FileNotFoundError):
        read(tmp_path / "没有.xlsx")

    def starved(*_, **__):
        raise MemoryError

    monkeypatch.setattr(xlsx, "Grid", starved)
    with pytest.raises(MemoryError):
        load(packed())


# --- mutants -------------------------------------------------------------------------------


def genuine():
    """A workbook with something of everything."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2019, 10, 24)})
    book.set_custom_property("pdsfz-unit", "06")
    form, hidden = book.add_worksheet("填报表"), book.add_worksheet("标识")
    hidden.very_hidden()
    date = book.add_format({"num_format": "yyyy年m月d日"})
    form.merge_range("A1:D1", "填报表")
    for row in range(2, 30):
        form.write_row(row, 0, [f"F201921-06-{row:02d}-7K3F", row, row / 7, row % 2 == 0])
        form.write_string(row, 4, f"第{row}项的情况说明" * 9)
        form.write_number(row, 5, 43_000 + row, date)
        form.write_formula(row, 6, f"=LEN(E{row + 1})", None, row)
    form.write_comment("E5", "请核对")
    hidden.write("A1", "F201921")
    book.close()
    return buffer.getvalue()


def mutant(data, random):
    """One of the ways a file gets damaged in transit."""
    changed = bytearray(data)
    at = random.randrange(len(changed))
    match random.choice(["bits", "bytes", "cut", "zeros", "again", "gone"]):
        case "bits":
            for _ in range(random.choice([1, 3, 10])):
                changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        case "bytes":
            for _ in range(random.choice([1, 4])):
                at = random.randrange(len(changed))
                changed[at : at + 2] = random.choice([b"\xff\xff", b"\0\0", b"\x7f\xff"])
        case "cut":
            del changed[at:]
        case "zeros":
            changed[at : at + 512] = bytes(len(changed[at : at + 512]))
        case "again":
            changed[at:at] = changed[at : at + random.randrange(1, 2_000)]
        case "gone":
            del changed[at : at + random.randrange(1, 200)]
    return bytes(changed)


def test_a_damaged_return_is_refused_or_reads_the_same(load):
    """Never a part of it, never another text."""
    data = genuine()
    whole = load(data)
    chance = random.Random(20191025)
    equal, many = 0, examples(300)
    for _ in range(many):
        try:
            assert load(mutant(data, chance)) == whole
            equal += 1
        except Refused:
            pass
    assert 0 < equal < many


def rewritten(data, random):
    """A workbook whose zip is sound and whose XML is not what it was."""
    source = zipfile.ZipFile(io.BytesIO(data))
    names = source.namelist()
    victim = random.choice([name for name in names if name.endswith((".xml", ".rels"))])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in names:
            part = source.read(name)
            pack.writestr(name, garbled(part, random) if name == victim else part)
    return buffer.getvalue()


def garbled(part, random):
    at = random.randrange(len(part))
    match random.choice(["numbers", "gone", "reference", "emoji", "half", "bits", "swap"]):
        case "numbers":
            number = random.choice([b"-1", b"4294967296", b"9" * 25, b"1e400", b""])
            return part.replace(random.choice([b"0", b"1", b"2", b"14"]), number)
        case "gone":
            return part[:at] + part[at + random.randrange(1, 60) :]
        case "reference":
            return part.replace(b'r="', b'r="ZZZ', random.randrange(1, 4))
        case "emoji":
            return part.replace(b"<v>", "<v>😀".encode(), 2)
        case "half":
            return part[: len(part) // 2]
        case "swap":
            return part.replace(b"<c ", b"<v ").replace(b"</c>", b"</v>")
        case _:
            return mutant(part, random)


def test_any_other_xml_is_refused_or_reads_somehow(load):
    data = genuine()
    chance = random.Random(2019)
    outcomes = damage.outcomes(load, lambda: rewritten(data, chance), 300)
    assert {"read", "F03"} <= outcomes <= {"read", "F01", "F03", "F07", "F08"}
