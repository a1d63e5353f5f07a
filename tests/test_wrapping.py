"""How many lines a text takes: never fewer than a client draws, whoever asks."""

import struct
from collections import Counter
from itertools import product
from pathlib import Path

import geocheck
import pytest
from client import convert, needs_office
from test_print_book import BARE, LATIN

from pdsfz_xl import excel, layout, wrapping

DEJAVU = tuple(Path("/usr/share/fonts/truetype/dejavu").glob("DejaVuSans*.ttf"))
"""The widest of the faces that stand in for 宋体 and 黑体."""


def advances(path: Path) -> dict[str, float]:
    """The width in em of each character below U+0250 (OpenType: cmap format 4, hmtx)."""
    data = path.read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {}
    for place in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * place)
        tables[tag] = offset
    em = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    known = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    cmap = tables[b"cmap"]
    subtables = struct.unpack_from(">H", data, cmap + 2)[0]
    offsets = (struct.unpack_from(">I", data, cmap + 8 + 8 * i)[0] for i in range(subtables))
    at = next(cmap + o for o in offsets if struct.unpack_from(">H", data, cmap + o)[0] == 4)
    segments = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends, starts, deltas, ranges = (at + 14 + 2 * (k * segments + (k > 0)) for k in range(4))
    found = {}
    for i in range(segments):
        last, first, delta, offset = (
            struct.unpack_from(">H", data, part + 2 * i)[0]
            for part in (ends, starts, deltas, ranges)
        )
        for code in range(max(first, 0x20), min(last, 0x24F) + 1):
            where = ranges + 2 * i + offset + 2 * (code - first)
            glyph = struct.unpack_from(">H", data, where)[0] if offset else code
            glyph = (glyph + delta) % 0x10000 if glyph else 0
            metric = tables[b"hmtx"] + 4 * min(glyph, known - 1)
            found[chr(code)] = struct.unpack_from(">H", data, metric)[0] / em
    return found


@pytest.mark.skipif(not DEJAVU, reason="DejaVu Sans is not installed")
@pytest.mark.parametrize("bold", ["", "-Bold"])
def test_no_letter_is_wider_beside_a_figure_than_it_is_taken_for(bold):
    """By the regular figures, which give a column its width."""
    plain, measured = (
        advances(next(path for path in DEJAVU if path.stem == f"DejaVuSans{style}"))
        for style in ("", bold)
    )
    assert plain["0"] == pytest.approx(0.5 * wrapping.WIDEST, abs=0.01)
    widths = {c: width / plain["0"] / 2 for c, width in measured.items()}
    assert {c: w for c, w in widths.items() if w > wrapping.width(c)} == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ " * 12, 12),
        ("abcdefghij " * 24, 6),
        ("1286400，" * 24, 6),
        ("法治政府建设" * 40, 11),
        ("a\n\nb", 3),
        ("", 1),
    ],
    ids=["capitals", "small letters", "figures", "hanzi", "paragraphs", "nothing"],
)
def test_all_ask_the_same(text, lines):
    room = wrapping.room(50, excel.BODY_SIZE)
    assert wrapping.count(text, room) == lines
    high = lines * excel.BODY_SIZE * excel.LINE_PITCH + 6
    assert excel.height([(text, 50)]) == max(20.0, high)


def test_a_column_for_so_much_room_has_it():
    for em in (3.0, 9.6, 30.0):
        width = wrapping.column(em, layout.FORM_SIZE)
        assert wrapping.room(width, layout.FORM_SIZE) == pytest.approx(em)


# --- LibreOffice ---------------------------------------------------------------------------

HARD = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ " * 12,
    "WMQO@%" * 40,
    "abcdefghij " * 24,
    "1286400，" * 24,
    "法治政府建设（一）" * 30,
    "a\tb\t" * 40,
    "依据GB/T15835-2011，全市办理ADMINISTRATIVE案件1,286件。" * 8,
    "Ægir Œuvre ½ ¾ × ÷ " * 12,
)


@needs_office
@pytest.mark.parametrize("fonts", ["all", "latin"])
@pytest.mark.parametrize("width", [12, 50])
def test_libreoffice_draws_no_more_lines_in_a_row(fonts, width, tmp_path):
    """Also in bold, and where no font has a hanzi."""
    book = excel.Book()
    sheet = book.sheet("a")
    sheet.set_column(0, 0, width)
    texts = [text[: width * 6] for text in HARD]
    for row, (text, bold) in enumerate(product(texts, (False, True))):
        style = book.format(text_wrap=True, border=1, valign="top", num_format="@", bold=bold)
        sheet.write_string(row, 0, text, style)
        sheet.set_row(row, excel.height([(text, width)]))
    (tmp_path / "a.xlsx").write_bytes(book.bytes())
    environment = {}
    if fonts == "latin":
        (tmp_path / "fonts.conf").write_text(BARE.format(fonts=LATIN, folder=tmp_path), "utf-8")
        environment["FONTCONFIG_FILE"] = str(tmp_path / "fonts.conf")
    data = convert(tmp_path / "a.xlsx", ".pdf", **environment).read_bytes()
    assert geocheck.missing(2 * texts, data) == Counter()
    assert geocheck.cut(data) == []
