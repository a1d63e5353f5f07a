"""Bombs, made anew: nothing in them is a form of ours.

What each must come to stands beside it: its verdict, and the rule that says why.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import test_legacy
import test_odf
from archives import Entry, zipped
from test_reader import (
    LINKS,
    MAIN,
    PARTS,
    REL,
    SHEET,
    STRINGS,
    STYLES,
    WORKBOOK,
    links,
    packed,
    patched,
    sheet,
    strings,
    styles,
    workbook,
)

Made = bytes | Callable[[], bytes]
"""What is large is made when it is wanted."""

GIB, MIB = 1 << 30, 1 << 20
GOOD = packed()
OURS_NOT, BITES, DAMAGED, OPENED = "rejected F06", "rejected F08", "rejected F03", "opened"


# --- large parts ---------------------------------------------------------------------------


def with_large(name, before, block, size, after="", claims=None):
    """A workbook with one part of some `size`: the same block again and again.

    A deflated block that ends in a full flush may be repeated as it is (RFC 1951, 3.2.3), so
    nobody has to deflate a gigabyte. The checksum is wrong, but whoever gets to it has lost.
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)

    def flushed(data, how=zlib.Z_FULL_FLUSH):
        return deflate.compress(data) + deflate.flush(how)

    data = block.encode() * (MIB // len(block.encode()))
    head, one = flushed(before.encode()), flushed(data)
    times = size // len(data)
    body = head + one * times + flushed(after.encode(), zlib.Z_FINISH)
    real = len(before.encode()) + len(data) * times + len(after.encode())
    small = [Entry(n.encode(), d.encode()) for n, d in PARTS.items() if n != name]
    large = Entry(name.encode(), body, method=0, size=claims or real, checksum=0)
    return said_deflated(zipped(*small, large))


def said_deflated(whole):
    """The last entry was stored as it is, because it is deflated already."""
    entry = struct.unpack_from("<I", whole, whole.rindex(b"PK\1\2") + 42)[0]
    whole = patched(whole, entry + 8, b"\10\0")
    return patched(whole, whole.rindex(b"PK\1\2") + 10, b"\10\0")


ROWS = f'<worksheet xmlns="{MAIN}"><sheetData>'
END = "</sheetData></worksheet>"
TEXT = f'{ROWS}<row><c t="inlineStr"><is><t>'
CELL = "<row><c><v>1</v></c></row>"


def noise(size):
    """Letters that deflate to a hundredth or so: what is random comes again after 32 KiB only."""
    block = random.Random(2019).randbytes(256).hex() + "A" * (100 * 512)
    return block * (size // len(block))


def counted(rows):
    return sheet("".join(f'<row r="{r}"><c r="A{r}"><v>{r}</v></c></row>' for r in range(1, rows)))


def a_million_rows():
    """Styled and empty, as whoever formats two whole columns has them."""
    rows = "".join(f'<row r="{r}"><c r="A{r}" s="0"/><c r="Z{r}" s="0"/></row>'
                   for r in range(2, 1_048_577))  # fmt: skip
    return packed({SHEET: sheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>' + rows)})


def many_entries():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pack:
        for name, data in PARTS.items():
            pack.writestr(name, data)
        for number in range(20_000):
            pack.writestr(f"x/{number}", b"")
    return buffer.getvalue()


def overlapping():
    """A thousand entries that are all the same bytes of the file."""
    name = b"xl/media/000"
    parts = [Entry(n.encode(), d.encode()) for n, d in PARTS.items()]
    whole = zipped(*parts, Entry(name, bytes(30_000)))
    end, last = whole.rindex(b"PK\5\6"), whole.rindex(b"PK\1\2")
    (start,) = struct.unpack_from("<I", whole, end + 16)
    more = b"".join(whole[last : last + 46] + b"xl/media/%03d" % n for n in range(1, 1000))
    number, size = len(parts) + 1000, end + len(more) - start
    counts = struct.pack("<HHIIH", number, number, size, start, 0)
    return whole[:end] + more + b"PK\5\6" + bytes(4) + counts


def archive_in_archive(levels, copies=1, inside=GOOD, name=b"x.xlsx"):
    for level in range(levels):
        inside = zipped(*[Entry(b"%d-%d-" % (level, n) + name, inside) for n in range(copies)])
        name = b"x.zip"
    return inside


LARGE: dict[str, tuple[str, Made]] = {
    "blanks.xlsx": (BITES, lambda: with_large(SHEET, ROWS, " ", 3 * GIB, END)),
    "one string.xlsx": (BITES, lambda: with_large(STRINGS, "<sst><si><t>", "A", 3 * GIB)),
    "many strings.xlsx": (BITES, lambda: with_large(STRINGS, "<sst>", "<si><t>A</t></si>", GIB)),
    "dense cells.xlsx": (BITES, lambda: with_large(SHEET, ROWS, CELL, GIB, END)),
    "inline text.xlsx": (BITES, lambda: with_large(SHEET, TEXT, "A", 3 * GIB)),
    "content types.xlsx": (
        BITES, lambda: with_large("[Content_Types].xml", "<Types>", " ", 3 * GIB)),
    "links.xlsx": (BITES, lambda: with_large(LINKS, "<Relationships>", " ", 3 * GIB)),
    "styles.xlsx": (BITES, lambda: with_large(STYLES, "<styleSheet><cellXfs>", "<xf/>", GIB)),
    "sheets.xlsx": (
        BITES, lambda: with_large(WORKBOOK, "<workbook><sheets>", '<sheet name="S"/>', GIB)),
    "merges.xlsx": (
        BITES, lambda: with_large(SHEET, ROWS, '<mergeCell ref="A1:XFD1048576"/>', GIB)),
    "an attribute.xlsx": (BITES, lambda: with_large(SHEET, f'{ROWS}<row spans="', "A", 3 * GIB)),
    "nested.xlsx": (BITES, lambda: with_large(SHEET, ROWS, "<a>", 300 * MIB)),
    "nested strings.xlsx": (BITES, lambda: with_large(STRINGS, "<sst><si>", "<r>", 30 * MIB)),
    "unused picture.xlsx": (BITES, lambda: with_large("xl/media/a.png", "\x89PNG", "\0", 3 * GIB)),
    "properties.xlsx": (BITES, lambda: with_large("docProps/app.xml", "<P>", "A", GIB)),
    "claims 100 bytes.xlsx": (DAMAGED, lambda: with_large(SHEET, ROWS, CELL, GIB, claims=100)),
    "nested, small.xlsx": (BITES, packed({SHEET: ROWS + "<a>" * 10_000})),
    "cells below the ratio.xlsx": (BITES, lambda: packed({SHEET: counted(520_000)})),
    "a text below the ratio.xlsx": (
        BITES, lambda: packed({STRINGS: strings(f"<t>{noise(20 * MIB)}</t>")})),
    "styled rows.xlsx": (OURS_NOT, a_million_rows),
    "20000 entries.xlsx": (BITES, many_entries),
    "overlapping.xlsx": (BITES, overlapping),
    "13 TB.zip": (
        OPENED, lambda: archive_in_archive(4, 16, zipped(Entry(b"0", bytes(200 * MIB))), b"x.zip")),
    "8 levels.zip": (OPENED, lambda: archive_in_archive(8)),
}  # fmt: skip


def write_large(folder):
    """Some need two hundred megabytes to be made: for a process that ends after it."""
    for name, (_, made) in LARGE.items():
        (folder / name).write_bytes(made() if callable(made) else made)


# --- small, but explosive ------------------------------------------------------------------


def far(reference):
    rows = f'<row r="1048576"><c r="{reference}"><v>2</v></c></row>'
    return packed({SHEET: sheet('<row r="1"><c r="A1"><v>1</v></c></row>' + rows)})


def dimension(said):
    return packed(
        {SHEET: PARTS[SHEET].replace("<sheetData>", f'<dimension ref="{said}"/><sheetData>')}
    )


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY l0 "lollollollol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
INLINE = '<row><c t="inlineStr"><is><t>[{}]</t></is></c></row>'


def entity(target):
    return f'<!DOCTYPE x [<!ENTITY x SYSTEM "{target}">]>'


def odf(rows, before=""):
    return test_odf.packed(parts={"content.xml": before + test_odf.content(rows)})


def x(**said):
    return test_odf.cell(test_odf.p("x"), **said)


ROW = test_odf.row
EXPLOSIVE: dict[str, tuple[str, Made]] = {
    "far corner.xlsx": (OURS_NOT, far("XFD1048576")),
    "far down.xlsx": (OURS_NOT, far("A1048576")),
    "far across.xlsx": (OURS_NOT, far("Z1048576")),
    "no such cell.xlsx": (DAMAGED, far("ZZZZZZZ4294967295")),
    "no such row.xlsx": (DAMAGED, packed({SHEET: sheet('<row r="4294967295"><c/></row>')})),
    "one row too many.xlsx": (DAMAGED, packed({SHEET: sheet('<row r="1048577"><c/></row>')})),
    "dimension of everything.xlsx": (OURS_NOT, dimension("A1:XFD1048576")),
    "dimension of columns.xlsx": (OURS_NOT, dimension("A:B")),
    "dimension of nothing.xlsx": (OURS_NOT, dimension("-1:ZZZZZZ99999999999")),
    "laughs in a sheet.xlsx": (BITES, packed({SHEET: LAUGHS + sheet(INLINE.format("&l9;"))})),
    "laughs in strings.xlsx": (BITES, packed({STRINGS: LAUGHS + strings("<t>&l9;</t>")})),
    "laughs in styles.xlsx": (BITES, packed({STYLES: LAUGHS + styles("&l9;")})),
    "laughs in the workbook.xlsx": (
        BITES, packed({WORKBOOK: LAUGHS + workbook(("&l9;", "rId1", ""))})),
    "laughs nobody reads.xlsx": (
        OURS_NOT, packed({"[Content_Types].xml": f"{LAUGHS}<Types><Default x='&l9;'/></Types>"})),
    "laughs in properties.xlsx": (BITES, packed({
        "_rels/.rels": links(a=("officeDocument", WORKBOOK), b=("core-properties", "core.xml")),
        "core.xml": f"{LAUGHS}<coreProperties><modified>&l9;</modified></coreProperties>"})),
    "laughs in a drawing.xlsx": (BITES, packed({
        "xl/worksheets/_rels/sheet1.xml.rels": links(a=("drawing", "/xl/drawings/drawing1.xml")),
        "xl/drawings/drawing1.xml": f"{LAUGHS}<wsDr>&l9;</wsDr>"})),
    "one entity often.xlsx": (BITES, packed({
        STRINGS: f'<!DOCTYPE x [<!ENTITY a "{"A" * 100_000}">]>'
        + strings(f"<t>{'&a;' * 30_000}</t>")})),
    "corner.xls": (OURS_NOT, test_legacy.workbook(
        test_legacy.label(0, 0, "x"), test_legacy.label(65_535, 255, "远"))),
    "every cell.ods": (BITES, odf(ROW(x(columns_repeated=16_384), times=1_048_576))),
    "100 million cells.ods": (BITES, odf(ROW(x(columns_repeated=1_000), times=100_000))),
    "90 columns.ods": (BITES, odf(ROW(x(columns_repeated=90), times=1_048_576))),
    "empty to the end.ods": (
        OURS_NOT, odf(ROW(x()) + ROW(test_odf.cell(columns_repeated=16_384), times=1_048_575))),
    "far corner.ods": (OURS_NOT, odf(
        ROW(x()) + ROW(test_odf.cell(columns_repeated=16_384), times=1_048_574)
        + ROW(test_odf.cell(columns_repeated=16_383), x()))),
    "blanks.ods": (
        DAMAGED, odf(ROW(test_odf.cell(test_odf.p('a<text:s text:c="2000000000"/>b'))))),
    "laughs.ods": (BITES, odf(ROW(test_odf.cell(test_odf.p("&l9;"))), LAUGHS)),
    "a file.ods": (BITES, odf(ROW(test_odf.cell(test_odf.p("&x;"))), entity("file:///etc/passwd"))),
    "nested.ods": (BITES, odf("<table:table-row>" * 200_000)),
}  # fmt: skip


def curious(url: str) -> dict[str, tuple[str, Made]]:
    """Files that want something fetched, from `url` or from this machine."""
    way = f'Id="a" Type="{REL}/externalLinkPath" Target="{url}" TargetMode="External"'
    found: dict[str, tuple[str, Made]] = {
        "a parameter entity.xlsx": (BITES, packed({
            STRINGS: f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{url}"> %p;]>' + strings("<t>x</t>")})),
        "a DTD.xlsx": (BITES, packed({
            WORKBOOK: f'<!DOCTYPE workbook SYSTEM "{url}">' + PARTS[WORKBOOK]})),
        "a sheet elsewhere.xlsx": (DAMAGED, packed({LINKS: PARTS[LINKS].replace(
            'Target="worksheets/sheet1.xml"', f'Target="{url}" TargetMode="External"')})),
        "a sheet of this machine.xlsx": (DAMAGED, packed({
            LINKS: PARTS[LINKS].replace("worksheets/sheet1.xml", "../../../../../../etc/passwd")})),
        "an external workbook.xlsx": (OURS_NOT, packed({
            SHEET: sheet("<row><c><f>[1]S!A1</f><v>5</v></c></row>"),
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels":
                f"<Relationships><Relationship {way}/></Relationships>"})),
        "formulas.xlsx": (OURS_NOT, packed({SHEET: sheet(
            f'<row><c t="str"><f>WEBSERVICE("{url}")</f><v>w</v></c>'
            "<c t=\"str\"><f>cmd|'/C calc'!A0</f><v>cached</v></c></row>")})),
    }  # fmt: skip
    for target in (url, "file:///etc/passwd", "file:///dev/zero"):
        kind = target.rpartition("/")[2] or "url"
        found[f"entity in strings, {kind}.xlsx"] = (
            BITES,
            packed({STRINGS: entity(target) + strings("<t>[&x;]</t>")}),
        )
        found[f"entity in a sheet, {kind}.xlsx"] = (
            BITES,
            packed({SHEET: entity(target) + sheet(INLINE.format("&x;"))}),
        )
        found[f"entity in the workbook, {kind}.xlsx"] = (
            BITES, packed({WORKBOOK: entity(target) + workbook(("&x;", "rId1", ""))}))  # fmt: skip
    return found
