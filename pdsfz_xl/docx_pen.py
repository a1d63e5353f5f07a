"""Word documents as an office writes them: page, paragraphs, typefaces, the same bytes again."""

import io
import zipfile
from typing import Any

from pdsfz_xl import layout
from pdsfz_xl import text as texts

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP archive can name."""

MARGINS = (37.0, 26.0, 35.0, 28.0)
"""Of an official letter on A4 by GB/T 9704, in millimetres: top, right, bottom, left."""


def new(title: str, margins: tuple[float, float, float, float] = MARGINS) -> Any:
    """An empty document on A4, upright; nobody wrote it and no program is named in it."""
    import docx  # 0.1 s to import
    from docx.shared import Mm

    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.right_margin, page.bottom_margin, page.left_margin = map(Mm, margins)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = texts.visible(title)[:255], "", ""
    properties.created = properties.modified = layout.CREATED
    return document


def write(paragraph: Any, text: str, font: str, size: float, pitch: float) -> Any:
    """Set a paragraph in one typeface, `pitch` points from line to line whatever that is."""
    from docx.oxml.ns import qn
    from docx.shared import Pt

    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = Pt(pitch)
    run = paragraph.add_run(texts.visible(text))
    run.font.name, run.font.size = font, Pt(size)
    # `font.name` sets the typeface of Latin letters only.
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    return paragraph


# --- tables: what python-docx has no words for -----------------------------------------------


def pad(table: Any, points: float) -> None:
    """Leave so much room at the left and right of every cell."""
    margins = _child(table._tbl.tblPr, "w:tblCellMar")
    for side in ("left", "right"):
        _child(margins, f"w:{side}", w=str(round(20 * points)), type="dxa")


def repeat(row: Any) -> None:
    """Print this row at the head of every page."""
    _child(row._tr.get_or_add_trPr(), "w:tblHeader")


def keep_whole(row: Any) -> None:
    """Never break this row over two pages."""
    _child(row._tr.get_or_add_trPr(), "w:cantSplit")


def shade(cell: Any, colour: str) -> None:
    """Lay a colour, such as E7E6E6, behind a cell."""
    _child(cell._tc.get_or_add_tcPr(), "w:shd", val="clear", color="auto", fill=colour)


def _child(parent: Any, tag: str, **values: str) -> Any:
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    child = OxmlElement(tag)
    for name, value in values.items():
        child.set(qn(f"w:{name}"), value)
    parent.append(child)
    return child


# --- the file --------------------------------------------------------------------------------


def data_of(document: Any) -> bytes:
    """The file; the same document gives the same bytes."""
    buffer = io.BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


def timeless(data: bytes) -> bytes:
    """The archive with every member of the same date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as anew:
        for name in old.namelist():
            anew.writestr(zipfile.ZipInfo(name, _EPOCH), old.read(name), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
