"""A covering letter: its lines in, a Word document out, the same bytes for the same words."""

from collections.abc import Sequence
from datetime import date

from pdsfz_xl import docx_pen
from pdsfz_xl import wording as w
from pdsfz_xl.model import Settings

_TITLE_SIZE, _BODY_SIZE = 18, 14
_PITCH = 26
"""Points from line to line."""


def note(settings: Settings, subject: str, text: str, today: date) -> bytes:
    """The text of a template as a letter, with who sends it and when at its foot."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if lines and lines[-1] == settings.issuer:
        lines.pop()
    if settings.phone and settings.phone not in text:
        lines.append(w.contact_line(settings.contact, settings.phone))
    signature = [said for said in (settings.issuer, w.day(today)) if said]
    return letter(" ".join(subject.split()), lines, signature)


def letter(title: str, body: Sequence[str], signature: Sequence[str]) -> bytes:
    """A letter on A4: a title, the salutation, paragraphs, and below at the right who and when."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    document = docx_pen.new(title)
    heading = docx_pen.write(
        document.add_paragraph(), title, w.HEAD_FONT, _TITLE_SIZE, _TITLE_SIZE * 1.6
    )
    heading.alignment = ALIGN.CENTER
    heading.paragraph_format.space_after = Pt(_PITCH)
    for i, line in enumerate(body):
        paragraph = docx_pen.write(
            document.add_paragraph(), line, w.LETTER_FONT, _BODY_SIZE, _PITCH
        )
        paragraph.alignment = ALIGN.JUSTIFY
        if i:  # all but the salutation begin two characters in
            paragraph.paragraph_format.first_line_indent = Pt(2 * _BODY_SIZE)
    for i, line in enumerate(signature):
        paragraph = docx_pen.write(
            document.add_paragraph(), line, w.LETTER_FONT, _BODY_SIZE, _PITCH
        )
        paragraph.alignment = ALIGN.RIGHT
        paragraph.paragraph_format.right_indent = Pt(2 * _BODY_SIZE)
        paragraph.paragraph_format.keep_with_next = i + 1 < len(signature)
        if not i:
            paragraph.paragraph_format.space_before = Pt(_PITCH)
    return docx_pen.data_of(document)
