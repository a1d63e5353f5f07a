"""A covering letter: its lines in, a Word document out, the same bytes for the same words."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from pdsfz_xl import layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP archive can name."""

_TITLE_SIZE, _BODY_SIZE = 18, 14
_PITCH = 26
"""Points from line to line."""


def letter(title: str, body: Sequence[str], signature: Sequence[str]) -> bytes:
    """A letter on A4: a title, the salutation, paragraphs, and below at the right who and when."""
    import docx  # 0.1 s to import
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN

    document = docx.Document()
    _set_page(document)
    heading = _paragraph(document, title, w.HEAD_FONT, _TITLE_SIZE)
    heading.alignment = ALIGN.CENTER
    heading.paragraph_format.space_after = docx.shared.Pt(_PITCH)
    for i, line in enumerate(body):
        paragraph = _paragraph(document, line)
        paragraph.alignment = ALIGN.JUSTIFY
        if i:  # all but the salutation begin two characters in
            paragraph.paragraph_format.first_line_indent = docx.shared.Pt(2 * _BODY_SIZE)
    for i, line in enumerate(signature):
        paragraph = _paragraph(document, line)
        paragraph.alignment = ALIGN.RIGHT
        paragraph.paragraph_format.right_indent = docx.shared.Pt(2 * _BODY_SIZE)
        paragraph.paragraph_format.keep_with_next = i + 1 < len(signature)
        if not i:
            paragraph.paragraph_format.space_before = docx.shared.Pt(_PITCH)
    _set_properties(document, title)
    buffer = io.BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


def _set_page(document: Any) -> None:
    """Margins as GB/T 9704 has them for official letters."""
    from docx.shared import Mm

    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin = Mm(37), Mm(35)
    page.left_margin, page.right_margin = Mm(28), Mm(26)


def _paragraph(document: Any, text: str, font: str = w.LETTER_FONT, size: int = _BODY_SIZE) -> Any:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = Pt(max(_PITCH, size * 1.6))
    run = paragraph.add_run(texts.visible(text))
    run.font.name, run.font.size = font, Pt(size)
    # `font.name` sets the typeface of Latin letters only.
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    return paragraph


def _set_properties(document: Any, title: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.comments = texts.visible(title)[:255], "", ""
    properties.created = properties.modified = layout.CREATED


def timeless(data: bytes) -> bytes:
    """The archive with every member of the same date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _EPOCH)
            new.writestr(member, old.read(name), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
