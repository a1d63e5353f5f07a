"""A form that comes back as .xls, .ods, .csv or .txt reads as the .xlsx it was."""

import io
import random
import struct
import zipfile
from functools import cache

import damage
import nasty
import pytest
import xlsxwriter
from client import convert, needs_office
from counts import examples

from pdsfz_xl import collect, form, layout
from pdsfz_xl import wording as w
from pdsfz_xl.reader import Cell, read

NASTY = (*nasty.TEXTS, "a\tb", "a\rb")
SUFFIXES = ("xls", "ods", "xlsm", "xltx", "csv", "txt")


# --- what LibreOffice saves ----------------------------------------------------------------


@cache
def filled() -> bytes:
    return nasty.filled(NASTY)


@cache
def of_every_kind() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet, hidden = book.add_worksheet("表"), book.add_worksheet("隐")
    hidden.hide()
    for row, (value, code, _) in enumerate(SHOWN):
        sheet.write_number(row, 0, value, book.add_format({"num_format": code}))
    sheet.write_boolean(0, 1, True)
    sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    sheet.write_formula(2, 1, "=1/0", None, "#DIV/0!")
    sheet.write_string(3, 1, "#N/A")
    bold = book.add_format({"bold": True})
    sheet.write_rich_string(4, 1, "甲 ", bold, " 乙 ", " 丙")
    sheet.write_url(5, 1, "https://example.cn/?a=1&b", string="链接")
    sheet.merge_range(6, 1, 7, 2, "合", book.add_format())
    sheet.write_row(8, 1, ["同"] * 5)
    sheet.write_row(9, 1, ["同"] * 5)
    sheet.write_comment(8, 1, "请核对\n <b> 第二行")
    book.close()
    return buffer.getvalue()


SHOWN = [
    (1.5, "General", "1.5"), (1286.5, "#,##0.00", "1286.5"), (0.985, "0.00%", "98.50%"),
    (123, "00000", "00123"), (43677, 'yyyy"年"m"月"d"日"', "2019-07-31"),
    (43677.3541666667, "yyyy-m-d h:mm", "2019-07-31 08:30"), (0.3541666667, "h:mm", "08:30"),
    (1.5, "[h]:mm", "36:00:00"), (12.5, "￥#,##0.00", "12.5"), (12, '0"万元"', "12"),
]  # fmt: skip

FORMS = {"form": filled, "kinds": of_every_kind}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The filled form, or another workbook, saved by LibreOffice in some format."""
    folder = tmp_path_factory.mktemp("office")
    for name, made in FORMS.items():
        (folder / f"{name}.xlsx").write_bytes(made())

    @cache
    def saved(suffix, name="form"):
        return convert(folder / f"{name}.xlsx", f".{suffix}")

    return saved


def answers(path):
    rows = collect.read_return(str(path)).rows
    return [row.cells[w.ANSWER].text for row in rows if w.ANSWER in row.cells][: len(NASTY)]


@needs_office
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_nasty_answer_comes_back(saved, suffix):
    assert answers(saved(suffix)) == list(NASTY)


def test_a_strict_workbook_is_the_same(load):
    """ISO 29500 has a dialect of its own with other names; Excel saves it on demand."""
    ours, theirs = load(filled()), load(strict(filled()))
    assert (theirs.sheets, theirs.properties) == (ours.sheets, ours.properties)
    assert theirs.flags == ("strict",)


def strict(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            for loose, narrow in STRICT.items():
                part = part.replace(loose, narrow)
            new.writestr(name, part)
    return buffer.getvalue()


STRICT = {
    b"schemas.openxmlformats.org/spreadsheetml/2006": b"purl.oclc.org/ooxml/spreadsheetml",
    b"relationships/custom-properties": b"relationships/customProperties",
    b"schemas.openxmlformats.org/officeDocument/2006": b"purl.oclc.org/ooxml/officeDocument",
}


@needs_office
@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_all_other_cells_come_back_too(saved, suffix, load):
    """Also hidden sheets, merges and comments; only a formula's value is its client's affair."""
    ours, theirs = load(filled()), read(saved(suffix))
    for before, after in zip(ours.sheets, theirs.sheets, strict=True):
        assert (after.name, after.visible) == (before.name, before.visible)
        assert sorted(after.merges) == sorted(before.merges)
        assert after.comments == before.comments
        assert after.cells.keys() == before.cells.keys()
        for at, cell in before.cells.items():
            if cell.formula:
                assert after.cells[at].formula
            else:
                assert after.cells[at] == cell
    assert theirs.flags == ()
    assert theirs.saved.startswith(layout.CREATED.isoformat())


@needs_office
@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_every_kind_of_cell_comes_back(saved, suffix, load):
    ours, theirs = load(of_every_kind()), read(saved(suffix, "kinds"))
    assert [ours.sheets[0].cells[row, 0].text for row in range(len(SHOWN))] == [
        said for _, _, said in SHOWN
    ]
    for before, after in zip(ours.sheets, theirs.sheets, strict=True):
        assert (after.visible, after.merges) == (before.visible, before.merges)
        assert after.comments == before.comments
        assert {at: cell[:2] for at, cell in after.cells.items()} == {
            at: cell[:2] for at, cell in before.cells.items()
        }


@needs_office
def test_ods_keeps_the_stamp_among_its_properties(saved):
    assert read(saved("ods")).properties[f"{layout.STAMP}campaign"] == "F201921"


@needs_office
@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_nothing_that_is_ours_is_left_over(saved, suffix):
    """But the line of counters: LibreOffice 7.4 stores 0 for a text it did not compute in .xls."""
    loose = [found.typed for found in collect.read_return(str(saved(suffix))).loose]
    allowed = {layout.cell_name(form.HEADER - 1, 0)} if suffix == "xls" else set()
    assert {typed.cell for typed in loose if not typed.ours} <= allowed


@needs_office
@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_a_damaged_file_is_refused_or_reads_somehow(saved, suffix, load):
    data = saved(suffix).read_bytes()
    chance = random.Random(2019)
    outcomes = damage.outcomes(load, lambda: mutant(data, chance), 200)
    assert {"read", "F03"} <= outcomes <= {"read", "F01", "F02", "F03", "F07", "F08"}


@needs_office
def test_a_damaged_ods_never_reads_otherwise(saved, load):
    """Each part has a checksum."""
    data = saved("ods").read_bytes()
    whole, chance = load(data), random.Random(2019)
    for _ in range(examples(200)):
        damaged = mutant(data, chance)
        if damage.outcome(load, damaged) == "read":
            assert load(damaged) == whole


@needs_office
def test_xls_cut_off_anywhere_is_refused(saved, refusal):
    data = saved("xls").read_bytes()
    for part in range(1, 10):
        rule, _ = refusal(data[: len(data) * part // 10])
        assert rule == "F03"


def mutant(data, chance):
    """One of the ways a file gets damaged in transit."""
    changed = bytearray(data)
    at = chance.randrange(len(changed))
    match chance.choice(["bits", "bytes", "cut", "zeros", "gone"]):
        case "bits":
            for _ in range(chance.choice([1, 3, 10])):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case "bytes":
            changed[at : at + 2] = chance.choice([b"\xff\xff", b"\0\0", b"\x7f\xff"])
        case "cut":
            del changed[at:]
        case "zeros":
            changed[at : at + 512] = bytes(len(changed[at : at + 512]))
        case "gone":
            del changed[at : at + chance.randrange(1, 200)]
    return bytes(changed)


# --- xls, made by hand ---------------------------------------------------------------------


def record(kind, *pieces):
    data = b"".join(pieces)
    return struct.pack("<HH", kind, len(data)) + data


def unicode(text, length="<H"):
    """A string of BIFF8, which counts UTF-16 units."""
    data = text.encode("utf-16-le")
    return struct.pack(length, len(data) // 2) + b"\1" + data


def at(row, column, style=0):
    return struct.pack("<HHH", row, column, style)


def label(row, column, text):
    return record(0x204, at(row, column), unicode(text))


def number(row, column, value, style=0):
    return record(0x203, at(row, column, style), struct.pack("<d", value))


def formula(row, column, result, style=0):
    return record(0x06, at(row, column, style), result, bytes(6), struct.pack("<H", 0))


BOF, EOF = 0x809, record(0x0A)
CODES = ("General", "yyyy/m/d", "0.00%", "00000", "[h]:mm:ss")


def workbook(*cells, before=b"", sheets=((0, "表"),)):
    """A stream of BIFF8 without a compound file around it; every sheet has the same cells."""
    version = struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0)
    formats = b"".join(
        record(0x41E, struct.pack("<H", 164 + i), unicode(code)) for i, code in enumerate(CODES)
    )
    styles = b"".join(
        record(0xE0, struct.pack("<HHH", 0, 164 + i, 0), bytes(14)) for i in range(len(CODES))
    )
    head = record(BOF, version) + before + record(0x42, b"\xb0\x04") + formats + styles
    bounds = [(hidden, unicode(name, "<B")) for hidden, name in sheets]
    where = len(head) + sum(4 + 6 + len(name) for _, name in bounds) + len(EOF)
    version = struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)
    sheet = record(BOF, version) + b"".join(cells) + EOF
    listed = b"".join(
        record(0x85, struct.pack("<IBB", where + i * len(sheet), hidden, 0), name)
        for i, (hidden, name) in enumerate(bounds)
    )
    return head + listed + EOF + sheet * len(bounds)


CELLS = [
    (label(0, 0, " 𠮷\r\n=1+1 "), Cell("text", " 𠮷\r\n=1+1 ", " 𠮷\r\n=1+1 ")),
    (number(0, 0, 42), Cell("number", "42", 42.0)),
    (number(0, 0, 0.1), Cell("number", "0.1", 0.1)),
    (number(0, 0, 43677, 1), Cell("date", "2019-07-31", 43677.0)),
    (number(0, 0, 0.985, 2), Cell("number", "98.50%", 0.985)),
    (number(0, 0, 123, 3), Cell("number", "00123", 123.0)),
    (number(0, 0, 1.5, 4), Cell("number", "36:00:00", 1.5)),
    (number(0, 0, float("inf")), Cell("error", "inf", "inf")),
    (record(0x205, at(0, 0), b"\1\0"), Cell("bool", "TRUE", True)),
    (record(0x205, at(0, 0), b"\0\0"), Cell("bool", "FALSE", False)),
    (record(0x205, at(0, 0), b"\x2a\1"), Cell("error", "#N/A", "#N/A")),
    (record(0x205, at(0, 0), b"\x63\1"), Cell("error", "#99", "#99")),
    (formula(0, 0, struct.pack("<d", 2)), Cell("number", "2", 2.0, "FORMULA()")),
    (formula(0, 0, b"\2\0\x07\0\0\0\xff\xff"), Cell("error", "#DIV/0!", "#DIV/0!", "FORMULA()")),
    (formula(0, 0, b"\0\0\0\0\0\0\xff\xff") + record(0x207, unicode("甲")),
     Cell("text", "甲", "甲", "FORMULA()")),
]  # fmt: skip


@pytest.mark.parametrize(("made", "cell"), CELLS)
def test_every_kind_of_cell_of_xls(load, made, cell):
    book = load(workbook(made))
    assert book.sheets[0].cells == {(0, 0): cell}
    odd = cell.kind == "error" and cell.text not in ("#N/A", "#DIV/0!")
    assert book.flags == (("bad-cell",) if odd else ())


@pytest.mark.parametrize("made", [record(0x201, at(0, 0)), label(0, 0, "")])
def test_an_empty_cell_of_xls_is_not_there(load, made):
    assert load(workbook(made)).sheets[0].cells == {}


def test_dates_of_a_mac(load):
    data = workbook(number(0, 0, 43677, 1), before=record(0x22, b"\1\0"))
    assert load(data).sheets[0].cells[0, 0].text == "2023-08-01"


def test_hidden_sheets_of_xls_are_read_and_say_so(load):
    book = load(workbook(label(0, 0, "甲"), sheets=((0, "表"), (1, "隐"), (2, "深"))))
    assert [(s.name, s.visible, len(s.cells)) for s in book.sheets] == [
        ("表", True, 1), ("隐", False, 1), ("深", False, 1),
    ]  # fmt: skip


def test_a_chart_in_the_sheet_ends_nothing(load):
    chart = record(BOF, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0)) + EOF
    book = load(workbook(label(0, 0, "前"), chart, formula(1, 0, struct.pack("<d", 3))))
    assert [c.formula for c in book.sheets[0].cells.values()] == ["", "FORMULA()"]


def test_values_under_a_merge_of_xls_are_kept(load):
    merge = record(0xE5, struct.pack("<HHHHH", 1, 0, 1, 0, 2))
    sheet = load(workbook(label(0, 0, "甲"), label(1, 1, "乙"), merge)).sheets[0]
    assert [c.text for c in sheet.cells.values()] == ["甲", "乙"]
    assert sheet.merges == ((0, 0, 1, 2),)


def test_a_password_of_xls(refusal):
    assert refusal(workbook(before=record(0x2F, bytes(6)))) == ("F02", "")


@pytest.mark.parametrize(
    ("limits", "cells"),
    [
        ({"cells": 2}, [label(row, 0, "甲") for row in range(3)]),
        ({"text": 5}, [label(0, 0, "三个字"), label(1, 0, "三个字")]),
        ({"elements": 1000}, [label(row, 255, "甲") for row in range(5)]),
        ({"file": 100}, [label(0, 0, "字" * 100)]),
    ],
)
def test_limits_hold_for_xls(refusal, limits, cells):
    assert refusal(workbook(*cells), **limits)[0] == "F08"


def test_too_many_sheets_of_xls(refusal):
    assert refusal(workbook(sheets=[(0, f"{i}") for i in range(5)]), sheets=4)[0] == "F08"


def test_mutants_of_xls_records(load):
    """With the structure of the file still whole; no other exception ever."""
    cells = [made for made, _ in CELLS]
    data = workbook(*cells, sheets=((0, "表"), (1, "隐")))
    chance = random.Random(1950)
    outcomes = damage.outcomes(load, lambda: mutant(data, chance), 200)
    assert "read" in outcomes
    assert outcomes <= {"read", "F01", "F02", "F03", "F08"}


# --- delimited text ------------------------------------------------------------------------

TABLE = '编号,情况说明,数量\r\nA-1,"第一段\r\n第二段，有""引号""",00123\r\nA-2, =1+1 ,\r\n'
READ = {
    (0, 0): "编号", (0, 1): "情况说明", (0, 2): "数量",
    (1, 0): "A-1", (1, 1): '第一段\r\n第二段，有"引号"', (1, 2): "00123",
    (2, 0): "A-2", (2, 1): " =1+1 ",
}  # fmt: skip


def texts(book):
    return {at: cell.text for at, cell in book.sheets[0].cells.items()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["表.csv", "表.CSV", "表.tsv", "表.txt"])
def test_delimited_text(load, encoding, delimiter, name):
    book = load(TABLE.replace(",", delimiter).encode(encoding), name=name)
    assert texts(book) == READ
    assert {cell.kind for cell in book.sheets[0].cells.values()} == {"text"}


def test_utf_16_the_other_way_round(load):
    assert texts(load(b"\xfe\xff" + TABLE.encode("utf-16-be"), name="表.csv")) == READ


def test_other_delimiters_in_answers_do_not_count(load):
    text = "编号\t说明\r\n1\t一,二,三;四\r\n2\t五,六\r\n"
    assert texts(load(text.encode(), name="表.txt"))[1, 1] == "一,二,三;四"


def test_short_rows_and_a_lone_title_are_no_hindrance(load):
    text = "关于报送材料的表\n编号,说明\n1,甲\n2,乙\n"
    assert texts(load(text.encode("gbk"), name="表.csv"))[0, 0] == "关于报送材料的表"


def test_an_open_quote_loses_nothing(load):
    text = '编号,说明\n1,甲\n2,"乙\n3,丙\n'
    assert texts(load(text.encode(), name="表.csv"))[2, 1] == "乙\n3,丙\n"


@pytest.mark.parametrize(
    ("data", "name", "rule"),
    [
        (TABLE.encode(), "表.xlsx", "F01"),  # the quoted break makes its lines uneven
        (b"a,b\n1,2\n", "a.dat", "F07"),
        ("说明：请于10月25日前报送。\n联系人：张三\n".encode(), "说明.txt", "F01"),
        ("一栏\n甲\n".encode("gbk"), "表.csv", "F01"),
        (b"a,b\n1,2\n" * 100 + b"\0,\0\n", "表.csv", "F01"),
        (b"a,b\n\x80\xff,2\n", "表.csv", "F03"),
        (b"\xef\xbb\xbfa,b\n\xd0\xd0,2\n", "表.csv", "F03"),
        (b"\xff\xfea\0,\0b\0\n\0\0\xd8", "表.csv", "F03"),
        (b"a," + b"x" * 2_000_000, "表.csv", "F08"),
        (b"," * 20_000, "表.csv", "F03"),
        (b"<html><p>a,b</p></html>", "表.csv", "F01"),
    ],
)
def test_what_is_no_delimited_text(refusal, data, name, rule):
    assert refusal(data, name=name)[0] == rule


@pytest.mark.parametrize("limits", [{"cells": 7}, {"text": 20}, {"elements": 8}, {"file": 20}])
def test_limits_hold_for_delimited_text(refusal, limits):
    assert refusal(TABLE.encode(), name="表.csv", **limits)[0] == "F08"


def test_content_comes_before_the_name(load):
    """A workbook is a workbook whatever it is called."""
    assert load(workbook(label(0, 0, "甲")), name="表.csv").sheets[0].name == "表"
    assert load(filled(), "表.xls").sheets[0].visible
