"""A workbook in one XML file reads as any other, and none does worse than be refused."""

import random
import re
import shutil
from pathlib import Path

import damage
import nasty
import pytest
from client import convert, needs_office
from lxml import etree

from pdsfz_xl.reader import Cell, read

NASTY = (*nasty.TEXTS, "a\tb")


def texts(sheet):
    return {at: cell.text for at, cell in sheet.cells.items()}


# --- what LibreOffice makes of a filled form -----------------------------------------------


def stylesheet() -> Path | None:
    """LibreOffice writes the format with this, from its own XML."""
    office = shutil.which("soffice")
    if not office:
        return None
    share = Path(office).resolve().parents[1] / "share"
    found = share / "xslt/export/spreadsheetml/ooo2spreadsheetml.xsl"
    return found if found.exists() else None


@needs_office
@pytest.mark.skipif(stylesheet() is None, reason="LibreOffice is not installed")
def test_every_answer_comes_back(tmp_path):
    """Its stylesheet recurses too deep over the empty columns at the end of a sheet, so there are
    fewer of them here; and it counts runs of blanks wrong and loses tabs."""
    (tmp_path / "form.xlsx").write_bytes(nasty.filled(NASTY))
    flat = convert(tmp_path / "form.xlsx", ".fods").read_bytes()
    flat = re.sub(rb'-repeated="\d{4,}"', b'-repeated="9"', flat)
    made = etree.XSLT(etree.parse(stylesheet()))(etree.fromstring(flat))
    path = tmp_path / "回复.xls"
    path.write_bytes(bytes(made))

    assert list(map(no_blanks, nasty.answers(path, NASTY))) == list(map(no_blanks, NASTY))
    book, ours = read(path), read(tmp_path / "form.xlsx")
    assert [sheet.name for sheet in book.sheets] == [sheet.name for sheet in ours.sheets]
    assert [len(sheet.cells) for sheet in book.sheets] == [
        len(sheet.cells) for sheet in ours.sheets
    ]


def no_blanks(said):
    return re.sub("[ \t]", "", said.strip())


# --- made by hand --------------------------------------------------------------------------

SPACES = (
    'xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"'
    ' xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:html="http://www.w3.org/TR/REC-html40"'
)
STYLES = {
    "day": "Short Date", "clock": "Short Time", "span": "[h]:mm:ss", "percent": "0.00%",
    "named": "Percent", "padded": "00000",
}  # fmt: skip


def workbook(*sheets, before="", declared='<?xml version="1.0"?>'):
    styles = "".join(
        f'<Style ss:ID="{key}"><NumberFormat ss:Format="{code}"/></Style>'
        for key, code in STYLES.items()
    )
    return (
        f'{declared}<?mso-application progid="Excel.Sheet"?><Workbook {SPACES}>{before}'
        f'<Styles><Style ss:ID="Default"><NumberFormat/></Style>{styles}</Styles>'
        f"{''.join(sheets)}</Workbook>"
    )


def sheet(*rows, name="表", after=""):
    inside = "".join(row if row.startswith("<Row") else f"<Row>{row}</Row>" for row in rows)
    return f'<Worksheet ss:Name="{name}"><Table>{inside}</Table>{after}</Worksheet>'


def cell(said=None, kind="String", **about):
    """Attributes by name, without the prefix."""
    attributes = "".join(f' ss:{name}="{value}"' for name, value in about.items())
    data = "" if said is None else f'<Data ss:Type="{kind}">{said}</Data>'
    return f"<Cell{attributes}>{data}</Cell>"


NOTE = (
    '<Comment ss:Author="张"><ss:Data xmlns="http://x"><B>请</B>核对&#10;数字</ss:Data></Comment>'
)
RICH = '<ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">甲 <B>乙</B> 丙</ss:Data>'
CELLS = [
    (cell("甲"), Cell("text", "甲", "甲")),
    (cell("  a&#10;b&#13;  "), Cell("text", "  a\nb\r  ", "  a\nb\r  ")),
    (cell("00123"), Cell("text", "00123", "00123")),
    (cell("_x000D_"), Cell("text", "_x000D_", "_x000D_")),
    (f"<Cell>{RICH}</Cell>", Cell("text", "甲 乙 丙", "甲 乙 丙")),
    (cell("42", "Number"), Cell("number", "42", 42.0)),
    (cell("0.98499999999999999", "Number", StyleID="percent"), Cell("number", "98.50%", 0.985)),
    (cell("0.5", "Number", StyleID="named"), Cell("number", "50.00%", 0.5)),
    (cell("123", "Number", StyleID="padded"), Cell("number", "00123", 123.0)),
    (cell("1_000", "Number"), Cell("error", "1_000", "1_000")),
    (cell("NaN", "Number"), Cell("error", "NaN", "NaN")),
    (cell("1", "Boolean"), Cell("bool", "TRUE", True)),
    (cell("0", "Boolean"), Cell("bool", "FALSE", False)),
    (cell("x", "Boolean"), Cell("error", "x", "x")),
    (cell("#N/A", "Error"), Cell("error", "#N/A", "#N/A")),
    (cell("2019-07-31T00:00:00.000", "DateTime", StyleID="day"),
     Cell("date", "2019-07-31", 43677.0)),
    (cell("2019-07-31T08:30:00.000", "DateTime"),
     Cell("date", "2019-07-31 08:30", 43677.354166666664)),
    (cell("1899-12-31T08:30:00.000", "DateTime", StyleID="clock"),
     Cell("date", "08:30", 0.3541666666666667)),
    (cell("1900-01-01T12:00:00.000", "DateTime", StyleID="span"),
     Cell("number", "36:00:00", 1.5)),
    (cell("1899-12-31T36:00:00.000", "DateTime", StyleID="span"),
     Cell("number", "36:00:00", 1.5)),
    (cell("2019-02-30T00:00:00.000", "DateTime"),
     Cell("error", "2019-02-30T00:00:00.000", "2019-02-30T00:00:00.000")),
    (cell("3", "Number", Formula="=RC[-1]+1"), Cell("number", "3", 3.0, "RC[-1]+1")),
    (cell("3", "Number", Formula="of:=1+2"), Cell("number", "3", 3.0, "1+2")),
    (cell(Formula="=1+2"), Cell("formula", "=1+2", None, "1+2")),
]  # fmt: skip


@pytest.mark.parametrize(("made", "expected"), CELLS)
def test_every_kind_of_cell(load, made, expected):
    book = load(workbook(sheet(made)))
    assert book.sheets[0].cells == {(0, 0): expected}
    odd = expected.kind == "error" and not expected.text.startswith("#")
    assert book.flags == (("bad-cell",) if odd else ())


@pytest.mark.parametrize("made", [cell(), cell(""), cell("", "Number"), cell(StyleID="day")])
def test_an_empty_cell_is_not_there(load, made):
    assert load(workbook(sheet(made))).sheets[0].cells == {}


def test_cells_stand_where_they_say(load):
    rows = (
        cell("一") + cell("二", Index=3) + cell("三"),
        f'<Row ss:Index="4" ss:Span="2">{cell("四")}</Row>',
        cell("题", MergeAcross=2, MergeDown=1) + cell("旁"),
        '<Row ss:StyleID="percent">' + cell("0.5", "Number", Index=4) + "</Row>",
    )
    found = load(workbook(sheet(*rows))).sheets[0]
    assert texts(found) == {
        (0, 0): "一", (0, 2): "二", (0, 3): "三", (3, 0): "四", (6, 0): "题", (6, 3): "旁",
        (7, 3): "50.00%",
    }  # fmt: skip
    assert found.merges == ((6, 0, 7, 2),)


def test_comments_phonetics_and_names_are_no_text(load):
    made = f'<Cell><Data ss:Type="String">甲</Data>{NOTE}<NamedCell ss:Name="a"/></Cell>'
    made += f"<Cell>{NOTE}</Cell><Cell>{RICH}<x:PhoneticText>pin</x:PhoneticText></Cell>"
    found = load(workbook(sheet(made))).sheets[0]
    assert texts(found) == {(0, 0): "甲", (0, 2): "甲 乙 丙"}
    assert found.comments == {(0, 0): "请核对\n数字", (0, 1): "请核对\n数字"}


def test_the_same_cell_twice_keeps_both(load):
    book = load(workbook(sheet(cell("甲") + cell("乙", Index=1))))
    assert texts(book.sheets[0]) == {(0, 0): "甲\n乙"}
    assert book.flags == ("dup-cell",)


def hidden(how):
    return f'<WorksheetOptions xmlns="urn:x"><Visible>{how}</Visible></WorksheetOptions>'


def test_hidden_sheets_are_read_and_say_so(load):
    sheets = [
        sheet(cell("甲"), name="一"),
        sheet(cell("甲"), name="二", after=hidden("SheetHidden")),
        sheet(cell("甲"), name="三", after=hidden("SheetVeryHidden")),
    ]
    found = [(s.name, s.visible, len(s.cells)) for s in load(workbook(*sheets)).sheets]
    assert found == [("一", True, 1), ("二", False, 1), ("三", False, 1)]


ABOUT = (
    "<o:DocumentProperties><o:Author>张三</o:Author><o:Created>2018-01-01T00:00:00Z</o:Created>"
    "<o:LastSaved>2019-10-24T08:05:00Z</o:LastSaved></o:DocumentProperties>"
    '<o:CustomDocumentProperties><o:pdsfz_unit dt="string">06</o:pdsfz_unit>'
    "<o:a_x0020_b>c</o:a_x0020_b></o:CustomDocumentProperties>"
)


def test_properties_and_the_save_time(load):
    book = load(workbook(sheet(cell("甲")), before=ABOUT))
    assert book.saved == "2019-10-24T08:05:00Z"
    assert book.properties == {"pdsfz_unit": "06", "a b": "c"}


def test_created_is_better_than_nothing(load):
    before = ABOUT.replace("LastSaved", "LastPrinted")
    assert load(workbook(sheet(cell("甲")), before=before)).saved == "2018-01-01T00:00:00Z"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb2312", "gbk", "gb18030"])
def test_in_the_characters_it_declares(load, encoding):
    name = encoding.removesuffix("-sig")
    declared = f'<?xml version="1.0" encoding="{name}"?>'
    data = workbook(sheet(cell("甲", StyleID="day")), declared=declared)
    assert texts(load(data.encode(encoding)).sheets[0]) == {(0, 0): "甲"}


def test_with_prefixes_and_without_a_declaration(load):
    data = workbook(sheet(cell("甲")), declared="").replace(
        '<?mso-application progid="Excel.Sheet"?>', ""
    )
    data = re.sub("<(/?)(Workbook|Worksheet|Table|Row|Cell|Data)", r"<\1ss:\2", data)
    assert texts(load(data).sheets[0]) == {(0, 0): "甲"}


def test_two_sheets_of_one_name_are_flagged(load):
    assert load(workbook(sheet(cell("甲")), sheet(cell("乙")))).flags == ("dup-sheet",)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
TEN = sheet(*[cell("甲甲")] * 10)
BOMBS = [
    (workbook(sheet(cell("甲"))).replace("<Workbook", f"{LAUGHS}<Workbook"), {}, "F08"),
    (workbook(sheet(cell("甲"))).replace("<Workbook", "<!DOCTYPE Workbook><Workbook"), {}, "F08"),
    (workbook(sheet(cell("甲", Index=16_385))), {}, "F03"),
    (workbook(sheet(cell("甲", Index=0))), {}, "F03"),
    (workbook(sheet(cell("甲", Index=-1))), {}, "F03"),
    (workbook(sheet(cell("甲", Index="9" * 5_000))), {}, "F03"),
    (workbook(sheet(cell("甲", MergeAcross=16_384))), {}, "F03"),
    (workbook(sheet(cell("甲", MergeDown=1_048_576))), {}, "F03"),
    (workbook(sheet(f'<Row ss:Index="1048577">{cell("甲")}</Row>')), {}, "F03"),
    (workbook(sheet('<Row ss:Span="1048575"/>', cell("甲"))), {}, "F03"),
    (workbook(TEN)[:-60], {}, "F03"),
    (workbook(TEN).encode("gbk"), {}, "F03"),
    (workbook(TEN, declared='<?xml version="1.0" encoding="gbk"?>'), {}, "F03"),
    (workbook(TEN, declared='<?xml version="1.0" encoding="klingon"?>'), {}, "F03"),
    (workbook(), {}, "F03"),
    (workbook(sheet(cell("<a>" * 300 + "</a>" * 300))), {}, "F08"),
    (workbook(TEN), {"cells": 9}, "F08"),
    (workbook(TEN), {"elements": 9}, "F08"),
    (workbook(TEN), {"text": 9}, "F08"),
    (workbook(TEN), {"one_text": 1}, "F08"),
    (workbook(TEN), {"styles": 3}, "F08"),
    (workbook(TEN), {"file": 100}, "F08"),
    (workbook(*[TEN] * 9), {"sheets": 8}, "F08"),
]


@pytest.mark.parametrize(("data", "limits", "rule"), BOMBS)
def test_what_bites_is_refused(refusal, data, limits, rule):
    assert refusal(data, **limits)[0] == rule


def test_no_mutant_does_worse_than_be_refused(load):
    cells = "".join(made for made, _ in CELLS) + f"<Cell>{NOTE}</Cell>"
    data = workbook(sheet(cells, cell("题", MergeAcross=2)), before=ABOUT).encode()
    names = (b"Cell", b"Row", b"Table", b"Data", b"Comment")
    chance = random.Random(2003)
    outcomes = damage.outcomes(load, lambda: damage.markup(data, chance, *names), 300)
    assert {"read", "F03"} <= outcomes <= {"read", "F01", "F03", "F08"}
