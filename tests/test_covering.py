"""The covering letter: what it says, how it is laid out, the same bytes for the same words."""

import io
import zipfile

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml.ns import qn
from docx.shared import Pt

from pdsfz_xl import covering
from pdsfz_xl import wording as w

DATA = covering.letter("标题", ["市发改委：", "请修改。"], ["办公室", "2019年10月28日"])


def test_the_same_words_give_the_same_bytes():
    assert covering.letter("标题", ["市发改委：", "请修改。"], ["办公室", "2019年10月28日"]) == DATA
    members = zipfile.ZipFile(io.BytesIO(DATA)).infolist()
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}


def test_it_says_what_it_is_given_and_nobody_else_did():
    document = docx.Document(io.BytesIO(DATA))
    said = [p.text for p in document.paragraphs]
    assert said == ["标题", "市发改委：", "请修改。", "办公室", "2019年10月28日"]
    properties = document.core_properties
    assert (properties.title, properties.author, properties.comments) == ("标题", "", "")


def test_it_is_laid_out_as_a_letter():
    document = docx.Document(io.BytesIO(DATA))
    title, salutation, body, *signature = document.paragraphs
    assert round(document.sections[0].page_width.mm) == 210
    assert title.alignment == ALIGN.CENTER
    assert salutation.paragraph_format.first_line_indent is None
    assert body.paragraph_format.first_line_indent == Pt(28)
    assert {p.alignment for p in signature} == {ALIGN.RIGHT}


def test_chinese_has_a_typeface_too():
    """`font.name` alone sets that of Latin letters."""
    document = docx.Document(io.BytesIO(DATA))
    fonts = [p.runs[0]._element.rPr.rFonts.get(qn("w:eastAsia")) for p in document.paragraphs]
    assert fonts == [w.HEAD_FONT, *[w.LETTER_FONT] * 4]


def test_what_cannot_be_shown_is_spelt_out():
    data = covering.letter("题\x07", ["\u202e反"], [])
    assert [p.text for p in docx.Document(io.BytesIO(data)).paragraphs] == [
        "题<U+0007>",
        "<U+202E>反",
    ]
