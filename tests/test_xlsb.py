"""A binary workbook made by hand: every kind of cell, what LibreOffice makes of it, what bites."""

import io
import random
import re
import struct
import zipfile

import damage
import nasty
import pytest
from client import convert, needs_office

from pdsfz_xl import collect
from pdsfz_xl.reader import Cell, read

NASTY = (*nasty.TEXTS, "a\tb", "a\rb")


# --- made by hand ([MS-XLSB] 2.1.4) --------------------------------------------------------


def record(kind, *pieces):
    data = b"".join(pieces)
    return varying(kind) + varying(len(data)) + data


def varying(number):
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])


def wide(text):
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def row(number, *cells):
    """Each cell is (record number, data without a place, style); its column is its place here."""
    made = [record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))]
    made += [
        record(kind, struct.pack("<II", column, style), data)
        for column, (kind, data, style) in enumerate(cells)
    ]
    return b"".join(made)


def text(said):
    return 6, wide(said), 0


def shared(index):
    return 7, struct.pack("<I", index), 0


def real(number, style=0):
    return 5, struct.pack("<d", number), style


def rk(number, style=0):
    return 2, struct.pack("<I", number & 0xFFFFFFFF), style


BLANK = (1, b"", 0)
NO_FORMULA = struct.pack("<HI", 0, 0) + struct.pack("<I", 0)
"""Its flags, and no tokens."""


def sheet(*rows, after=b""):
    dimension = record(148, struct.pack("<IIII", 0, 0, 0, 0))  # which is a lie
    return (
        record(129) + dimension + record(145) + b"".join(rows) + record(146) + after + record(130)
    )


CODES = ("General", "yyyy/m/d", "0.00%", "00000", "[h]:mm:ss")


def styles():
    formats = [record(44, struct.pack("<H", 164 + i), wide(c)) for i, c in enumerate(CODES)]
    made = [record(47, struct.pack("<HHHHHBBHH", 0, 164 + i, 0, 0, 0, 0, 0, 0, 0))
            for i in range(len(CODES))]  # fmt: skip
    font = struct.pack("<HHHHBBBBBBBB", 220, 0, 400, 0, 0, 0, 0, 0, 7, 1, 0, 0) + bytes(4)
    return b"".join([
        record(278),
        record(615, struct.pack("<I", len(formats))), *formats, record(616),
        record(611, struct.pack("<I", 1)), record(43, font, b"\0", wide("Calibri")), record(612),
        record(603, struct.pack("<I", 1)), record(45, struct.pack("<I", 0), bytes(64)), record(604),
        record(613, struct.pack("<I", 1)), record(46, bytes(51)), record(614),
        record(626, struct.pack("<I", 1)),
        record(47, struct.pack("<HHHHHBBHH", 0xFFFF, 14, 0, 0, 0, 0, 0, 0, 0)), record(627),
        record(617, struct.pack("<I", len(made))), *made, record(618),
        record(279),
    ])  # fmt: skip


def strings(*items):
    every = b"".join(record(19, b"\0", wide(item)) for item in items)
    return record(159, struct.pack("<II", len(items), len(items))) + every + record(160)


REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office/2006/relationships"


def links(*targets):
    every = "".join(
        f'<Relationship Id="rId{i}" Type="{base}/{kind}" Target="{target}"/>'
        for i, (base, kind, target) in enumerate(targets, 1)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{every}</Relationships>'


def types(many):
    kind = "application/vnd.ms-excel"
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    every = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.bin" ContentType="{kind}.worksheet"/>'
        for n in range(1, many + 1)
    )
    return (
        f'<Types xmlns="{space}"><Default Extension="bin" ContentType="{kind}.sheet.binary.'
        'macroEnabled.main"/><Default Extension="rels" ContentType="application/vnd.openxml'
        f'formats-package.relationships+xml"/>{every}'
        f'<Override PartName="/xl/styles.bin" ContentType="{kind}.styles"/>'
        f'<Override PartName="/xl/sharedStrings.bin" ContentType="{kind}.sharedStrings"/></Types>'
    )


def packed(*sheets, names=("表",), items=("你好",), parts=None, book=b"", drop=()):
    """`names` are (name, hidden) or a name; there is a sheet for each, the last again if short."""
    named = [name if isinstance(name, tuple) else (name, 0) for name in names]
    listed = b"".join(
        record(156, struct.pack("<II", hidden, n), wide(f"rId{n}"), wide(name))
        for n, (name, hidden) in enumerate(named, 1)
    )
    every = {
        "[Content_Types].xml": types(len(named)),
        "_rels/.rels": links((REL, "officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": record(131) + book + record(143) + listed + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": links(
            *((REL, "worksheet", f"worksheets/sheet{n}.bin") for n in range(1, len(named) + 1)),
            (REL, "styles", "styles.bin"),
            (REL, "sharedStrings", "sharedStrings.bin"),
        ),
        "xl/styles.bin": styles(),
        "xl/sharedStrings.bin": strings(*items),
        **{f"xl/worksheets/sheet{n}.bin": sheets[min(n, len(sheets)) - 1]
           for n in range(1, len(named) + 1)},
        **(parts or {}),
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in every.items():
            if name not in drop:
                pack.writestr(name, data)
    return buffer.getvalue()


def texts(found):
    return {at: cell.text for at, cell in found.cells.items()}


CELLS = [
    (shared(0), Cell("text", "你好", "你好")),
    (shared(9), Cell("error", "#9", "#9")),
    (text(" 𠮷\r\n=1+1 "), Cell("text", " 𠮷\r\n=1+1 ", " 𠮷\r\n=1+1 ")),
    ((62, b"\1" + wide("富文本") + bytes(8), 0), Cell("text", "富文本", "富文本")),
    (real(42), Cell("number", "42", 42.0)),
    (real(0.1), Cell("number", "0.1", 0.1)),
    (real(43677, 1), Cell("date", "2019-07-31", 43677.0)),
    (real(0.985, 2), Cell("number", "98.50%", 0.985)),
    (real(1.5, 4), Cell("number", "36:00:00", 1.5)),
    (real(5, 99), Cell("number", "5", 5.0)),
    (real(float("inf")), Cell("error", "inf", "inf")),
    (rk(123 << 2 | 2, 3), Cell("number", "00123", 123.0)),
    (rk(-5 << 2 | 2), Cell("number", "-5", -5.0)),
    (rk(1250 << 2 | 3), Cell("number", "12.5", 12.5)),
    (rk(0x3FF00000), Cell("number", "1", 1.0)),
    ((4, b"\1", 0), Cell("bool", "TRUE", True)),
    ((4, b"\0", 0), Cell("bool", "FALSE", False)),
    ((3, b"\x2a", 0), Cell("error", "#N/A", "#N/A")),
    ((3, b"\x63", 0), Cell("error", "#99", "#99")),
    ((8, wide("甲") + NO_FORMULA, 0), Cell("text", "甲", "甲", "FORMULA()")),
    ((9, struct.pack("<d", 2) + NO_FORMULA, 0), Cell("number", "2", 2.0, "FORMULA()")),
    ((10, b"\1" + NO_FORMULA, 0), Cell("bool", "TRUE", True, "FORMULA()")),
    ((11, b"\x07" + NO_FORMULA, 0), Cell("error", "#DIV/0!", "#DIV/0!", "FORMULA()")),
]  # fmt: skip


@pytest.mark.parametrize(("made", "cell"), CELLS)
def test_every_kind_of_cell(load, made, cell):
    book = load(packed(sheet(row(0, made))))
    assert book.sheets[0].cells == {(0, 0): cell}
    odd = cell.kind == "error" and cell.text not in ("#N/A", "#DIV/0!")
    assert book.flags == (("bad-cell",) if odd else ())


@pytest.mark.parametrize("made", [BLANK, text(""), (8, wide("") + NO_FORMULA, 0)])
def test_an_empty_cell_is_not_there(load, made):
    assert load(packed(sheet(row(0, made)))).sheets[0].cells == {}


def test_a_short_cell_comes_next(load):
    short = record(17, struct.pack("<I", 0), wide("短"))
    short += record(61, struct.pack("<I", 0), b"\0", wide("富"))
    made = record(0, struct.pack("<I", 4)) + record(6, struct.pack("<II", 2, 0), wide("甲")) + short
    assert texts(load(packed(sheet(made))).sheets[0]) == {
        (4, 2): "甲", (4, 3): "短", (4, 4): "富",
    }  # fmt: skip


def test_two_cells_far_apart_cost_two_cells(load):
    far = record(0, struct.pack("<I", 1_048_575))
    far += record(6, struct.pack("<II", 16_383, 0), wide("远"))
    assert [*load(packed(sheet(row(0, text("近")), far))).sheets[0].cells] == [
        (0, 0), (1_048_575, 16_383),
    ]  # fmt: skip


def test_dates_of_a_mac(load):
    book = record(153, struct.pack("<III", 1, 0, 0))
    assert texts(load(packed(sheet(row(0, real(43677, 1))), book=book)).sheets[0]) == {
        (0, 0): "2023-08-01"
    }


def test_hidden_sheets_merges_and_values_under_them(load):
    merged = record(177, struct.pack("<I", 1)) + record(176, struct.pack("<IIII", 0, 2, 0, 1))
    made = sheet(row(0, text("甲"), text("乙")), after=merged + record(178))
    book = load(packed(made, names=("表", ("隐", 1), ("深", 2))))
    assert [(s.name, s.visible) for s in book.sheets] == [
        ("表", True), ("隐", False), ("深", False),
    ]  # fmt: skip
    assert (texts(book.sheets[2]), book.sheets[2].merges) == (
        {(0, 0): "甲", (0, 1): "乙"}, ((0, 0, 2, 1),),
    )  # fmt: skip


def test_comments_properties_and_what_else_is_there(load):
    said = record(635, struct.pack("<IIIII", 0, 1, 1, 2, 2), bytes(16))
    said += record(637, b"\0", wide("请核对\n数字")) + record(636)
    parts = {
        "_rels/.rels": links(
            (REL, "officeDocument", "xl/workbook.bin"), (REL, "custom-properties", "custom.xml"),
            (REL, "core-properties", "core.xml"),
        ),
        "custom.xml": '<a><property name="pdsfz_unit"><lpwstr>06</lpwstr></property></a>',
        "core.xml": "<a><modified>2019-10-24T08:05:00Z</modified></a>",
        "xl/worksheets/_rels/sheet1.bin.rels": links((REL, "comments", "../comments1.bin")),
        "xl/comments1.bin": said,
        "xl/vbaProject.bin": "x",
    }  # fmt: skip
    book = load(packed(sheet(row(0, text("甲"))), parts=parts))
    assert book.sheets[0].comments == {(1, 2): "请核对\n数字"}
    assert (book.properties, book.saved) == ({"pdsfz_unit": "06"}, "2019-10-24T08:05:00Z")
    assert book.flags == ("vba",)


def test_what_is_odd_is_flagged_and_the_rest_is_read(load):
    made = sheet(row(0, text("甲")), row(0, text("乙")))
    book = load(packed(made, names=("表", "表", "缺"), drop=("xl/worksheets/sheet3.bin",)))
    assert [texts(found) for found in book.sheets] == [{(0, 0): "甲\n乙"}] * 2
    assert book.flags == ("dup-cell", "dup-sheet", "sheet-missing:缺")


# --- a filled form -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    """A filled form with the same texts in the same cells."""
    folder = tmp_path_factory.mktemp("xlsb")
    (folder / "form.xlsx").write_bytes(nasty.filled(NASTY))
    book = read(folder / "form.xlsx")
    items = sorted({cell.text for found in book.sheets for cell in found.cells.values()})
    sheets = []
    for found in book.sheets:
        rows: dict[int, list] = {}
        for (number, column), cell in sorted(found.cells.items()):
            cells = rows.setdefault(number, [])
            cells += [BLANK] * (column - len(cells)) + [shared(items.index(cell.text))]
        sheets.append(sheet(*(row(number, *cells) for number, cells in rows.items())))
    names = [(found.name, int(not found.visible)) for found in book.sheets]
    path = folder / "回复.xlsb"
    path.write_bytes(packed(*sheets, names=names, items=items))
    return path


def test_every_answer_comes_back(binary):
    manifest = collect.read_return(str(binary))
    assert [said.replace("\r", "\n") for said in nasty.answers(manifest, NASTY)] == [
        said.strip().replace("\r", "\n") for said in NASTY
    ]
    assert (manifest.stamped, manifest.flags) == (True, ())


@needs_office
def test_libreoffice_sees_the_same_cells(binary):
    """So that what was made by hand here is what the format is."""
    (binary.parent / "kinds.xlsb").write_bytes(
        packed(sheet(*(row(i, made) for i, (made, _) in enumerate(CELLS))), names=("表", ("隐", 1)))
    )
    for name in ("回复", "kinds"):
        convert(binary.parent / f"{name}.xlsb", ".xlsx")
    ours, theirs = read(binary), read(binary.parent / "saved" / "回复.xlsx")
    for one, other in zip(ours.sheets, theirs.sheets, strict=True):
        assert (one.name, one.visible) == (other.name, other.visible)
        assert plain(texts(other)) == plain(texts(one))
    other = texts(read(binary.parent / "saved" / "kinds.xlsx").sheets[0])
    for number, (_, cell) in enumerate(CELLS):
        if cell.formula or cell.text in ("#9", "#99", "inf"):
            continue  # without tokens there is no formula; the rest is no cell of anybody
        assert other[number, 0] == cell.text.replace("\r\n", "\n")


def plain(found):
    """LibreOffice makes one kind of all line breaks, and of what looks like an escaped one."""
    return {at: re.sub("_x000D_|\r", "\n", said) for at, said in found.items()}


# --- what bites ----------------------------------------------------------------------------

TEN = sheet(row(0, *[text("甲甲")] * 10))
BOMBS = [
    (packed(sheet(row(1_048_576, text("甲")))), {}, "F03"),
    (packed(sheet(row(0), record(6, struct.pack("<II", 16_384, 0), wide("甲")))), {}, "F03"),
    (packed(sheet(after=record(176, struct.pack("<IIII", 0, 1_048_576, 0, 0)))), {}, "F03"),
    (packed(sheet(row(0, (6, struct.pack("<I", 2**31), 0)))), {}, "F03"),
    (packed(sheet(row(0, (5, b"\0", 0)))), {}, "F03"),
    (packed(sheet(row(0, (7, b"", 0)))), {}, "F03"),
    (packed(sheet(row(0, (4, b"", 0)))), {}, "F03"),
    (packed(sheet()[:-1] + b"\xff"), {}, "F03"),
    (packed(b"\x81\x01\xff\xff\xff\x7f"), {}, "F03"),
    (packed(TEN, drop=("xl/worksheets/sheet1.bin",)), {}, "F03"),
    (packed(TEN, parts={"xl/sharedStrings.bin": record(19, b"\0\xff\xff")}), {}, "F03"),
    (packed(TEN, parts={"xl/_rels/workbook.bin.rels": "<!DOCTYPE x><x/>"}), {}, "F08"),
    (packed(TEN, parts={"xl/sharedStrings.bin": bytes(20_000_000)}), {}, "F08"),
    (packed(TEN), {"cells": 9}, "F08"),
    (packed(TEN), {"elements": 9}, "F08"),
    (packed(TEN), {"text": 9}, "F08"),
    (packed(TEN), {"one_text": 1}, "F08"),
    (packed(TEN), {"styles": 3}, "F08"),
    (packed(TEN, items=["甲"] * 9), {"strings": 8}, "F08"),
    (packed(TEN, names=[f"{n}" for n in range(9)]), {"sheets": 8}, "F08"),
]


@pytest.mark.parametrize(("data", "limits", "rule"), BOMBS)
def test_what_bites_is_refused(refusal, data, limits, rule):
    assert refusal(data, **limits)[0] == rule


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.bin", "xl/workbook.bin", "xl/styles.bin", "xl/sharedStrings.bin"]
)
def test_no_mutant_does_worse_than_be_refused(load, part):
    """Mutants of the part itself, well packed, so that no checksum saves us."""
    whole = packed(sheet(*(row(i, made) for i, (made, _) in enumerate(CELLS))))
    data = zipfile.ZipFile(io.BytesIO(whole)).read(part)
    made = sheet(*(row(i, made) for i, (made, _) in enumerate(CELLS)))
    chance = random.Random(2007)

    def mutant():
        changed = bytearray(data)
        at = chance.randrange(len(changed))
        match chance.choice(["bits", "bytes", "cut", "zeros", "gone", "again"]):
            case "bits":
                changed[at] ^= 1 << chance.randrange(8)
            case "bytes":
                changed[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case "cut":
                del changed[at:]
            case "zeros":
                changed[at : at + 16] = bytes(16)
            case "gone":
                del changed[at : at + chance.randrange(1, 60)]
            case "again":
                changed[at:at] = changed[at : at + chance.randrange(1, 200)]
        return bytes(changed)

    outcomes = damage.outcomes(lambda x: load(packed(made, parts={part: x})), mutant, 300)
    assert {"read", "F03"} <= outcomes <= {"read", "F01", "F03", "F08"}
