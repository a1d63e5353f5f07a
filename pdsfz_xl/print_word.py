"""What paper says in, 汇总表.docx out: for edits at the last minute, which can be read back.

In small grey letters every row carries a code that says whose it is and what it said; it survives
whatever a person does to the rest. Rows are written as XML: python-docx takes a minute for 3,000.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import Any, NamedTuple

from pdsfz_xl import identity, layout, paper_text, wrapping
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import wording as w
from pdsfz_xl.docx_pen import timeless
from pdsfz_xl.paper import Paper, Row
from pdsfz_xl.paper_text import CAPTIONS, LABELS, SAID, Entry, seen

_WIDTHS = (14, 52, 42, 27, 19, 174, 13, 17, 32)
"""mm; together what A3 leaves between its margins."""
_PADDING = 3.5
"""Points at either side of a cell."""
_FIGURES = CAPTIONS.index(w.QUANTITY)
_TWIPS = 1440 / 25.4
_BODY, _SMALL, _COVER, _TITLE = 10.5, 5.5, 12, 22
_SHADE, _DARK, _LOUD = "ECECEC", "DEDEDE", "E1E1E1"
_CELL, _TEXT, _CENTRE, _HEAD, _CODE = (
    "PaperCell",
    "PaperText",
    "PaperCentre",
    "PaperHead",
    "PaperCode",
)
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006"
_ROWS = 200
_STAMPS = 25
"""Digests in a custom property: Word takes 255 characters."""


def build(paper: Paper, campaign: str) -> bytes:
    """The document; `campaign` is the code of the task. The same paper gives the same bytes."""
    import docx  # 0.1 s to import
    from docx.oxml import parse_xml

    document = docx.Document()
    _set_page(document, paper)
    _set_styles(document)
    own = list(_write_cover(document, paper))
    body = document.element.body
    widths = _widths(paper_text.figure_width(paper))
    for entries in _parts(paper_text.entries(paper)):
        table = parse_xml("".join(_table(entries, campaign, widths)))
        body.insert(len(body) - 1, table)  # the section's own properties come last
        document.add_paragraph(style=_CODE)  # without one between them two tables are one
    _stamp(document, own)
    properties = document.core_properties
    properties.title = pw.title(seen(paper.overview.campaign))[:255]
    properties.author, properties.comments = "", ""
    properties.created = properties.modified = layout.CREATED
    buffer = io.BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


# --- the page ------------------------------------------------------------------------------


def _set_page(document: Any, paper: Paper) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(420), Mm(297)
    section.left_margin = section.right_margin = Mm(15)
    section.top_margin, section.bottom_margin = Mm(14), Mm(17)
    section.footer_distance = Mm(8)
    _footer(section.footer.paragraphs[0], paper)


def _footer(paragraph: Any, paper: Paper) -> None:
    """第 PAGE 页，共 NUMPAGES 页 in the middle (ECMA-376 part 1, 17.16.19)."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    campaign = pw.title(seen(paper.overview.campaign))
    before, between, after = pw.PAGE_OF
    paragraph.add_run(f"{campaign}　　　　{before}")
    for field, said in (("PAGE", between), ("NUMPAGES", after)):
        element = OxmlElement("w:fldSimple")
        element.set(qn("w:instr"), field)
        paragraph._p.append(element)
        paragraph.add_run(said)
    paragraph.add_run(f"　　　　{pw.printed_on(paper.overview.day)}")


def _set_styles(document: Any) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt, RGBColor

    normal = document.styles["Normal"]
    _set_font(normal, w.BODY_FONT, _BODY)
    normal.paragraph_format.space_after = normal.paragraph_format.space_before = Pt(0)
    for name, align in ((_CELL, ALIGN.LEFT), (_TEXT, ALIGN.JUSTIFY), (_CENTRE, ALIGN.CENTER)):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.paragraph_format.alignment = align
        style.paragraph_format.line_spacing = 1.1
    document.styles[_TEXT].paragraph_format.first_line_indent = Pt(2 * _BODY)
    head = document.styles.add_style(_HEAD, WD_STYLE_TYPE.PARAGRAPH)
    head.base_style = normal
    _set_font(head, w.HEAD_FONT, _BODY)
    head.font.bold = True
    code = document.styles.add_style(_CODE, WD_STYLE_TYPE.PARAGRAPH)
    code.base_style = normal
    _set_font(code, w.BODY_FONT, _SMALL)
    code.font.color.rgb = RGBColor(0x8C, 0x8C, 0x8C)
    code.paragraph_format.alignment = ALIGN.CENTER


def _set_font(style: Any, font: str, size: float) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    style.font.name, style.font.size = font, Pt(size)
    # `font.name` sets the typeface of Latin letters only.
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _write_cover(document: Any, paper: Paper) -> Iterator[str]:
    """The overview; yields its paragraphs."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    said = paper_text.overview(paper)
    lines = [(said.title, _HEAD, _TITLE), *((text, "Normal", _COVER) for text in said.below)]
    for text, style, size in lines:
        paragraph = document.add_paragraph(style=style)
        paragraph.add_run(text).font.size = Pt(size)
        paragraph.alignment = ALIGN.CENTER
        paragraph.paragraph_format.space_after = Pt(6)
        yield text
    for head, texts in (*said.sections, *said.units):
        document.add_paragraph(head, style=_HEAD).paragraph_format.space_before = Pt(8)
        yield head
        for text in texts:
            document.add_paragraph(text)
            yield text
    document.add_page_break()


# --- the table -----------------------------------------------------------------------------


class _Cell(NamedTuple):
    """`merge` is restart or continue where cells below or above are one with it."""

    column: int
    last: int
    paragraphs: Sequence[tuple[str, str]]
    """Style and text."""
    fill: str = ""
    merge: str = ""


def _parts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Whole bands, as many as make a table that a program can set in time.

    LibreOffice takes more than ten minutes for a single table of 3,000 rows.
    """
    part: list[Entry] = []
    for _, band in groupby(entries, lambda entry: entry.band):
        part += band
        if len(part) >= _ROWS:
            yield part
            part = []
    if part:
        yield part


def _table(entries: Sequence[Entry], campaign: str, widths: Sequence[int]) -> Iterator[str]:
    from docx.oxml.ns import nsdecls

    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    lines = "".join(f'<w:{s} w:val="single" w:sz="4" w:space="0" w:color="6E6E6E"/>' for s in sides)
    yield (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblBorders>{lines}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        '<w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
        "</w:tblPr><w:tblGrid>"
    )
    yield "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    yield "</w:tblGrid>"
    captions = (_Cell(i, i, [(_HEAD, caption)], _DARK) for i, caption in enumerate(CAPTIONS))
    yield _row(captions, widths, header=True)
    for band, lines_of_band in groupby(entries, lambda entry: entry.band):
        if band:
            yield _row([_Cell(0, len(CAPTIONS) - 1, [(_HEAD, band)], _SHADE)], widths)
        for _, of_indicator in groupby(lines_of_band, lambda entry: entry.number):
            yield from _of_indicator(list(of_indicator), campaign, widths)
    yield "</w:tbl>"


def _of_indicator(entries: list[Entry], campaign: str, widths: Sequence[int]) -> Iterator[str]:
    """The rows of an indicator; its labels and those of its requirements go over all of theirs."""
    blocks = [entry.block for entry in entries]
    for place, entry in enumerate(entries):
        outer = _merge(len(entries), first=place == 0)
        inner = _merge(blocks.count(entry.block), first=blocks.index(entry.block) == place)
        labels = (
            _Cell(0, 0, _said(_CENTRE, entry.number, outer), "", outer),
            _Cell(1, 1, _said(_CELL, entry.indicator, outer), "", outer),
            _Cell(2, 2, _said(_CELL, entry.material, inner), "", inner),
        )
        yield _row((*labels, *_own(entry, campaign)), widths)


def _merge(many: int, *, first: bool) -> str:
    if many == 1:
        return ""
    return "restart" if first else "continue"


def _said(style: str, text: str, merge: str = "") -> list[tuple[str, str]]:
    return [(style, "" if merge == "continue" else line) for line in text.split("\n")]


def _own(entry: Entry, campaign: str) -> Iterator[_Cell]:
    last = len(CAPTIONS) - 1
    fill = _LOUD if entry.loud else ""
    for column, text in enumerate(entry.cells, LABELS):
        style = _TEXT if column == SAID else _CENTRE if column < last else _CELL
        if entry.row is None:
            style = _HEAD if entry.loud else style
        paragraphs = _said(style, text)
        if entry.row and column == SAID:
            lines = paper_text.said(entry.row)
            paragraphs = [(_HEAD if head else _TEXT, line) for line, head in lines] or paragraphs
        if entry.row and entry.row.blank and column == SAID - 1:
            paragraphs = _said(_HEAD, text)
        if entry.row and column == LABELS:
            paragraphs.append((_CODE, code(entry.row, entry.cells, campaign)))
        end = last if column == LABELS + len(entry.cells) - 1 else column
        yield _Cell(column, end, paragraphs, fill)


def code(row: Row, cells: Sequence[str], campaign: str) -> str:
    """What ties a row to its assignment, or to its requirement where the text is settled."""
    unit = "" if pw.FINAL in row.tags else row.units[0]
    place = SAID - LABELS
    rest = (*cells[:place], *cells[place + 1 :])
    return identity.print_code(campaign, unit, row.key, cells[place], rest)


def _row(cells: Iterable[_Cell], widths: Sequence[int], *, header: bool = False) -> str:
    more = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>" if header else ""
    return f"<w:tr>{more}{''.join(_cell(cell, widths) for cell in cells)}</w:tr>"


def _cell(cell: _Cell, widths: Sequence[int]) -> str:
    """In the order of the schema (17.4.70)."""
    width = sum(widths[cell.column : cell.last + 1])
    properties = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    if cell.last > cell.column:
        properties += f'<w:gridSpan w:val="{cell.last - cell.column + 1}"/>'
    if cell.merge:
        properties += f'<w:vMerge w:val="{cell.merge}"/>'
    if cell.fill:
        properties += f'<w:shd w:val="clear" w:color="auto" w:fill="{cell.fill}"/>'
    body = "".join(_paragraph(*paragraph) for paragraph in cell.paragraphs)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{body}</w:tc>"


def _paragraph(style: str, text: str) -> str:
    run = f'<w:r><w:t xml:space="preserve">{text.translate(_ESCAPED)}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run}</w:p>'


def _widths(figure: float) -> tuple[int, ...]:
    """The columns in twips, where a figure of so many em must not break."""
    wider = max(
        0, ceil((figure * wrapping.WIDEST * _BODY + 2 * _PADDING) / 72 * 25.4) - _WIDTHS[_FIGURES]
    )
    more = {SAID: -wider, _FIGURES: wider}
    return tuple(round((mm + more.get(column, 0)) * _TWIPS) for column, mm in enumerate(_WIDTHS))


# --- identity ------------------------------------------------------------------------------


def _stamp(document: Any, own: Sequence[str]) -> None:
    """Digests of what stands outside the table as custom properties: it is nobody's edit."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    digests = [identity.digest(text) for text in own]
    groups = [digests[at : at + _STAMPS] for at in range(0, len(digests), _STAMPS)]
    properties = "".join(
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{number + 2}" '
        f'name="{layout.STAMP}{w.PRINT_STAMP}{number}"><vt:lpwstr>{" ".join(group)}</vt:lpwstr>'
        "</property>"
        for number, group in enumerate(groups)
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<Properties xmlns="{_PROPERTIES}/custom-properties" '
        f'xmlns:vt="{_PROPERTIES}/docPropsVTypes">{properties}</Properties>'
    )
    kind = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
    package = document.part.package
    part = Part(PackURI("/docProps/custom.xml"), kind, xml.encode(), package)
    package.relate_to(part, f"{_PROPERTIES}/relationships/custom-properties")
