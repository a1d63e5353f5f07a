"""The check of paper itself: it sees what is lost, and nothing where nothing is."""

import shutil
from collections import Counter

import geocheck
import pytest
import typst

pytestmark = pytest.mark.skipif(
    not (shutil.which("pdftotext") and shutil.which("pdftoppm")), reason="poppler is not installed"
)


def page(body: str) -> bytes:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    head = "#set page(width: 200pt, height: 100pt, margin: 20pt)\n"
    head += '#set text(font: "Libertinus Serif")\n'
    return typst.compile((head + body).encode(), font_paths=fonts)


def test_a_clean_page_is_clean():
    cells = '[one][#"--- _____ ———"][three][#"q_y"]'
    data = page("#table(columns: 2, stroke: 0.4pt + luma(110))" + cells)
    assert geocheck.missing(["one three"], data) == Counter()
    assert geocheck.cut(data) == []


def test_a_character_that_is_not_there_is_missing():
    assert geocheck.missing(["hello", "lo"], page("hello")) == Counter("lo")


def test_a_text_with_a_border_through_it_is_cut():
    data = page("#box(stroke: 0.4pt + luma(110), width: 80pt, height: 3pt, inset: 2pt)[half]")
    assert [word.text for word in geocheck.cut(data)] == ["half"]


def test_a_text_in_a_grey_cell_is_not():
    data = page("#box(fill: luma(150), inset: 6pt)[whole]")
    assert geocheck.cut(data) == []


def test_a_text_over_the_edge_is_cut():
    data = page("#place(dx: 150pt)[#box(width: 200pt)[beyond]]#place(dy: 72pt)[below]")
    assert [word.text for word in geocheck.cut(data)] == ["beyond", "below"]


def test_a_text_outside_the_page_is_missing():
    assert geocheck.missing(["gone"], page("#place(dy: 90pt)[gone]")) == Counter("gone")
