"""An OpenDocument spreadsheet made by hand: every kind of cell, and everything that bites."""

import io
import random
import zipfile

import damage
import pytest

from pdsfz_xl.reader import Cell

KINDS = ("office", "table", "text", "style", "draw", "dc", "meta", "calcext", "manifest")
SPACES = " ".join(f'xmlns:{kind}="urn:{kind}"' for kind in KINDS)


def content(rows, *, styles="", before="", table='table:name="表"'):
    return (
        f"<office:document-content {SPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{before}"
        f"<table:table {table}>{rows}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )


def row(*cells, times=1):
    said = f' table:number-rows-repeated="{times}"' if times != 1 else ""
    return f"<table:table-row{said}>{''.join(cells)}</table:table-row>"


def cell(inside="", **said):
    """A cell; `value_type` is office:value-type, `columns_repeated` table:number-columns-…"""
    names = {
        "columns_repeated": "table:number-columns-repeated",
        "columns_spanned": "table:number-columns-spanned",
        "rows_spanned": "table:number-rows-spanned",
        "formula": "table:formula",
        "newer_type": "calcext:value-type",
    }
    attributes = "".join(
        f' {names.get(name, "office:" + name.replace("_", "-"))}="{value}"'
        for name, value in said.items()
    )
    return f"<table:table-cell{attributes}>{inside}</table:table-cell>"


def p(said):
    return f"<text:p>{said}</text:p>"


def packed(rows="", *, parts=None, drop=(), **more):
    every = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content(rows, **more),
        **(parts or {}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in every.items():
            if name not in drop:
                pack.writestr(name, data)
    return buffer.getvalue()


# --- one cell ------------------------------------------------------------------------------

CELLS = [
    # what it is, the cell's XML, kind, text, formula
    ("text", cell(p("甲"), value_type="string"), "text", "甲", ""),
    ("text, unsaid", cell(p("甲")), "text", "甲", ""),
    ("text in an attribute", cell(value_type="string", string_value="甲"), "text", "甲", ""),
    ("paragraphs", cell(p("甲") + p("") + p("乙")), "text", "甲\n\n乙", ""),
    ("blanks", cell(p(' <text:s text:c="2"/>a <text:s/>b<text:s/>')), "text", "  a  b ", ""),
    ("a tab and a break", cell(p("a<text:tab/>b<text:line-break/>c")), "text", "a\tb\nc", ""),
    ("a typed CR", cell(p("a&#x0d;b")), "text", "a\rb", ""),
    ("spans", cell(p("a<text:span> b</text:span><text:a>c</text:a>")), "text", "a bc", ""),
    ("blanks around a span", cell(p("a <text:span> b </text:span> c")), "text", "a  b  c", ""),
    ("indented by a program", cell(f"\n  {p('甲 乙' + chr(10) + '   丙')}\n "), "text",
     "甲 乙 丙", ""),
    ("phonetics", cell(p("<text:ruby><text:ruby-base>重庆</text:ruby-base><text:ruby-text>"
                         "chongqing</text:ruby-text></text:ruby>")), "text", "重庆", ""),
    ("a table in a cell", cell("<table:table>" + row(cell(p("内"))) + "</table:table>" + p("外")),
     "text", "内\n外", ""),
    ("what looks like an error", cell(p("#N/A"), value_type="string"), "text", "#N/A", ""),
    ("a number", cell(p("1,286.50"), value_type="float", value="1286.5"), "number", "1286.5", ""),
    ("padded", cell(p("00123"), value_type="float", value="123"), "number", "00123", ""),
    ("money", cell(p("￥12.50"), value_type="currency", value="12.5"), "number", "12.5", ""),
    ("percent", cell(p("98.50%"), value_type="percentage", value="0.985"), "number", "98.50%", ""),
    ("18 digits", cell(p("1"), value_type="float", value="110101199003071234"), "number",
     "110101199003071234", ""),
    ("a number's text alone", cell(p("12"), value_type="float"), "text", "12", ""),
    ("a date", cell(p("31.07.19"), value_type="date", date_value="2019-07-31"), "date",
     "2019-07-31", ""),
    ("with a time", cell(p("x"), value_type="date", date_value="2019-07-31T08:30:00.5"), "date",
     "2019-07-31 08:30", ""),
    ("a time", cell(p("x"), value_type="time", time_value="PT08H30M00S"), "date", "08:30", ""),
    ("many hours", cell(p("x"), value_type="time", time_value="PT36H00M00.0S"), "number",
     "36:00:00", ""),
    ("no time", cell(p("8点"), value_type="time", time_value="P1D"), "text", "8点", ""),
    ("true", cell(p("WAHR"), value_type="boolean", boolean_value="true"), "bool", "TRUE", ""),
    ("true of LibreOffice", cell(p("TRUE"), value_type="float", value="1", formula="of:=TRUE()"),
     "bool", "TRUE", "TRUE()"),
    ("an error", cell(p("#N/A"), value_type="string", string_value="", newer_type="error",
                      formula="of:=NA()"), "error", "#N/A", "NA()"),
    ("an error of OpenOffice", cell(p("#VALUE!"), value_type="float", value="0",
                                    formula="oooc:=1+A1"), "error", "#VALUE!", "1+A1"),
    ("an error by number", cell(p("Err:502"), value_type="float", value="0", formula="of:=X()"),
     "error", "Err:502", "X()"),
    ("a formula", cell(p("2"), value_type="float", value="2", formula="of:=[.A1]+1"), "number",
     "2", "[.A1]+1"),
    ("a formula's text", cell(p("a"), value_type="string", formula='of:=&quot;a&quot;'), "text",
     "a", '"a"'),
    ("no value", cell(formula="of:=1+1"), "formula", "=1+1", "1+1"),
]  # fmt: skip


@pytest.mark.parametrize(("xml", "kind", "text", "formula"), [c[1:] for c in CELLS],
                         ids=[c[0] for c in CELLS])  # fmt: skip
def test_every_kind_of_cell(load, xml, kind, text, formula):
    found = load(packed(row(xml))).sheets[0].cells
    assert list(found) == [(0, 0)]
    assert (found[0, 0].kind, found[0, 0].text, found[0, 0].formula) == (kind, text, formula)


@pytest.mark.parametrize("xml", [cell(), cell(p("")), cell(value_type="string"), cell("\n ")])
def test_an_empty_cell_is_not_there(load, xml):
    assert load(packed(row(xml))).sheets[0].cells == {}


# --- the sheets ----------------------------------------------------------------------------


def test_repeated_cells_and_rows(load):
    rows = row(cell(columns_repeated=2), cell(p("甲"), columns_repeated=2), times=2)
    rows += row(cell(columns_repeated=16_384), times=1_048_000) + row(cell(p("末")))
    cells = load(packed(rows)).sheets[0].cells
    assert {at: c.text for at, c in cells.items()} == {
        (0, 2): "甲", (0, 3): "甲", (1, 2): "甲", (1, 3): "甲", (1_048_002, 0): "末",
    }  # fmt: skip


def test_rows_in_groups_count_on(load):
    rows = f"<table:table-header-rows>{row(cell(p('头')))}</table:table-header-rows>"
    rows += f"<table:table-row-group>{row(cell(p('体')))}</table:table-row-group>"
    assert [*load(packed(rows)).sheets[0].cells] == [(0, 0), (1, 0)]


def test_values_under_a_merge_are_kept(load):
    under = "<table:covered-table-cell><text:p>下</text:p></table:covered-table-cell>"
    sheet = load(packed(row(cell(p("上"), columns_spanned=2, rows_spanned=3), under))).sheets[0]
    assert [c.text for c in sheet.cells.values()] == ["上", "下"]
    assert sheet.merges == ((0, 0, 2, 1),)


def test_annotations_are_comments(load):
    said = (
        "<office:annotation><dc:creator>张三</dc:creator><dc:date>2019-10-24</dc:date>"
        f"{p('请<text:s/>核对')}{p('数字')}</office:annotation>"
    )
    sheet = load(packed(row(cell(said), cell(p("甲") + said + p("乙"))))).sheets[0]
    assert {at: c.text for at, c in sheet.cells.items()} == {(0, 1): "甲\n乙"}
    assert sheet.comments == {(0, 0): "请 核对\n数字", (0, 1): "请 核对\n数字"}


def test_words_in_shapes_are_beside_the_cells_and_those_of_deleted_ones_nowhere(load):
    shape = f"<draw:frame><draw:text-box>{p('框')}</draw:text-box></draw:frame>"
    gone = (
        "<table:tracked-changes><table:deletion>"
        f"{row(cell(p('删')))}</table:deletion></table:tracked-changes>"
    )
    rows = f"<table:shapes>{shape}</table:shapes>" + row(cell(shape + p("甲")))
    book = load(packed(rows, before=gone))
    assert [(s.name, [*s.cells.values()]) for s in book.sheets] == [
        ("表", [Cell("text", "甲", "甲")])
    ]
    assert [s.comments for s in book.sheets] == [{(0, 0): "框\n框"}]
    assert book.flags == ()


def test_hidden_sheets_are_read_and_say_so(load):
    style = (
        '<style:style style:name="ta2" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    hidden = 'table:name="隐" table:style-name="ta2"'
    sheet = load(packed(row(cell(p("甲"))), styles=style, table=hidden)).sheets[0]
    assert (sheet.name, sheet.visible, len(sheet.cells)) == ("隐", False, 1)


def test_two_sheets_of_one_name_are_flagged(load):
    before = f'<table:table table:name="表">{row(cell(p("一")))}</table:table>'
    book = load(packed(row(cell(p("二"))), before=before))
    assert [s.cells[0, 0].text for s in book.sheets] == ["一", "二"]
    assert book.flags == ("dup-sheet",)


META = (
    f"<office:document-meta {SPACES}><office:meta><meta:creation-date>2018-01-01T00:00:00"
    "</meta:creation-date><dc:date>2019-10-24T16:05:00.123456789</dc:date>"
    '<meta:user-defined meta:name="pdsfz_unit">06</meta:user-defined>'
    "</office:meta></office:document-meta>"
)


def test_properties_and_the_save_time(load):
    book = load(packed(parts={"meta.xml": META, "Basic/script-lc.xml": "<x/>"}))
    assert (book.saved, book.properties) == ("2019-10-24T16:05:00", {"pdsfz_unit": "06"})
    assert book.flags == ("vba",)


def test_damaged_properties_are_done_without(load):
    assert load(packed(parts={"meta.xml": META[:-9]})).flags == ("properties-damaged",)


def test_a_document_in_one_file_is_named(refusal):
    """.fods, which no office asks for: it says what to do."""
    flat = '<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.'
    rule, detail = refusal(f'{flat}opendocument.spreadsheet"/>'.encode())
    assert (rule, "OpenDocument" in detail) == ("F07", True)


# --- what bites ----------------------------------------------------------------------------

TEN = row(*[cell(p("甲"))] * 10)
MANIFEST = f"<manifest:manifest {SPACES}><manifest:encryption-data/></manifest:manifest>"
BOMBS = [
    (packed(row(cell(p("甲"), columns_repeated=1_000), times=100_000)), "F08"),
    (packed(row(cell(p("甲")), times=1_048_576)), "F08"),
    (packed(row(cell(p("甲"), columns_repeated=16_385))), "F03"),
    (packed(row(cell(p("甲"), columns_repeated=2_000_000))), "F08"),
    (packed(row(cell(p("甲"), columns_repeated="9" * 5_000))), "F03"),
    (packed(row(cell(p("甲"), columns_repeated=-1))), "F03"),
    (packed(row(cell(), times=1_048_576) + row(cell(p("甲")))), "F03"),
    (packed(row(cell("字", rows_spanned=10**9))), "F03"),
    (packed(row(cell(p('<text:s text:c="2000000000"/>')))), "F03"),
    (packed(row(cell(p('<text:s text:c="999999999"/>')))), "F08"),
    (packed(row(cell(p("字" * 40_000), columns_repeated=1_000))), "F08"),
    (packed(row(cell(p("<text:span>" * 300 + "</text:span>" * 300)))), "F08"),
    (packed(parts={"content.xml": "<!DOCTYPE x><x/>"}), "F08"),
    (packed(parts={"content.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}), "F08"),
    (packed(parts={"content.xml": b" " * 50_000_000}), "F08"),
    (packed(parts={"content.xml": content("")[:-30]}), "F03"),
    (packed(parts={"content.xml": f"<office:document-content {SPACES}/>"}), "F03"),
    (packed(parts={"META-INF/manifest.xml": MANIFEST}), "F02"),
    (packed(parts={"encrypted-package": b"x"}, drop=("content.xml",)), "F02"),
    (packed(TEN)[:-40], "F03"),
    (packed(TEN)[:200], "F03"),
]


@pytest.mark.parametrize(("data", "rule"), BOMBS)
def test_what_bites_is_refused(refusal, data, rule):
    assert refusal(data)[0] == rule


@pytest.mark.parametrize(
    "limits", [{"cells": 9}, {"elements": 9}, {"text": 9}, {"sheets": 0}, {"one_text": 0}]
)
def test_limits_hold(refusal, limits):
    assert refusal(packed(TEN), **limits)[0] == "F08"


def test_no_mutant_does_worse_than_be_refused(load):
    """Mutants of the XML itself, well packed, so that no checksum saves us."""
    data = content("".join(row(made) for _, made, *_ in CELLS)).encode()
    chance = random.Random(2019)
    outcomes = damage.outcomes(
        lambda part: load(packed(parts={"content.xml": part})),
        lambda: damage.markup(data, chance),
        400,
    )
    assert {"read", "F03"} <= outcomes <= {"read", "F03", "F08"}
