"""A bulletin in, one page out, as a PDF and as a Word document for last changes.

The page is set as wide as it can be: by GB/T 9704 where the units are few, closer and closer the
more there are. Where even the closest is more than a page, it is several easy ones.
"""

from dataclasses import asdict, dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

from pdsfz_xl import companion_wording as cw
from pdsfz_xl import docx_pen, typeset
from pdsfz_xl import wording as w
from pdsfz_xl.bulletin import Bulletin, UnitLine
from pdsfz_xl.typeset import Json, Printed, line

if TYPE_CHECKING:
    from pdsfz_xl.typeset import Fonts


@dataclass(frozen=True, kw_only=True)
class Look:
    """How close a page is set. Sizes are points, margins millimetres (top, right, bottom, left)."""

    title: float = 22
    size: float
    """Of the text, whose lines are `pitch` apart."""
    pitch: float
    cell: float
    """Of the table's text, whose rows are at least `row` high."""
    row: float
    across: int = 1
    """Units beside each other in one row of the table."""
    widths: tuple[float, ...] = (3, 0, 5, 12, 5)
    """Of the columns, in characters of the table; the one with 0 takes what is left."""
    margins: tuple[float, float, float, float] = docx_pen.MARGINS


_NARROW = (2.2, 0, 3.2, 9.2, 3.6)
_SIDES = (20, 15, 15, 15)
LOOKS = (
    Look(size=16, pitch=28, cell=14, row=24),
    Look(size=16, pitch=28, cell=12, row=19),
    Look(size=14, pitch=23, cell=12, row=16.5),
    Look(size=14, pitch=20, cell=12, row=16, margins=(25, 22, 20, 22)),
    Look(size=14, pitch=20, cell=10.5, row=14, across=2, widths=_NARROW, margins=(25, 15, 20, 15)),
    Look(size=12, pitch=17, cell=9, row=12.5, across=2, widths=_NARROW, margins=_SIDES),
    Look(size=12, pitch=17, cell=8, row=11.5, across=2, widths=_NARROW, margins=_SIDES),
)
"""From the widest to the closest that can be read at arm's length."""
SEVERAL_PAGES = Look(size=14, pitch=23, cell=12, row=18, margins=(25, 20, 25, 20))


class Page(NamedTuple):
    """A bulletin as it was set, and how: the Word document is set the same way."""

    printed: Printed
    look: Look


def pdf(bulletin: Bulletin, fonts: "Fonts | None" = None) -> Page:
    """One page, unless there are more units than one can show."""
    fonts = fonts or typeset.available_fonts()
    for look in LOOKS:
        page = Page(typeset.typeset("bulletin.typ", _document(bulletin, look), fonts), look)
        if page.printed.pages == 1:
            return page
    document = _document(bulletin, SEVERAL_PAGES)
    return Page(typeset.typeset("bulletin.typ", document, fonts), SEVERAL_PAGES)


def _document(bulletin: Bulletin, look: Look) -> Json:
    day = bulletin.day
    return {
        "look": asdict(look),
        "title": [line(said) for said in _title(bulletin, look)],
        "continued": line(cw.going_on("".join(bulletin.title))),
        "to_all": cw.TO_ALL,
        "opening": line(bulletin.opening),
        "columns": cw.COLUMNS,
        "units": [{**asdict(unit), "name": line(unit.name)} for unit in bulletin.units],
        "closing": [line(said) for said in bulletin.closing],
        "issuer": line(bulletin.issuer),
        "day": w.day(day),
        "date": [day.year, day.month, day.day],
    }


def _title(bulletin: Bulletin, look: Look) -> tuple[str, ...]:
    """On one line where it has room; hanzi are as wide as they are high."""
    whole = "".join(bulletin.title)
    room = (210 - look.margins[1] - look.margins[3]) * 72 / 25.4
    return (whole,) if len(whole) * look.title <= room else bulletin.title


# --- the Word document ---------------------------------------------------------------------


def docx(bulletin: Bulletin, look: Look) -> bytes:
    """The same words on a page that is set the same way."""
    return docx_pen.data_of(_Writer(bulletin, look).document())


_HEAD, _LACKING = "D9D9D9", "E7E6E6"


class Cell(NamedTuple):
    said: str
    bold: bool = False
    fill: str = ""
    left: bool = False


class _Writer:
    def __init__(self, bulletin: Bulletin, look: Look) -> None:
        self.bulletin, self.look = bulletin, look
        self.file = docx_pen.new("".join(bulletin.title), look.margins)

    def document(self) -> Any:
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
        from docx.shared import Pt

        look, bulletin = self.look, self.bulletin
        if look is SEVERAL_PAGES:
            self.head_later_pages()
        for said in _title(bulletin, look):
            title = self.paragraph(said, cw.TITLE_FONT, look.title, look.title + 8)
            title.alignment = ALIGN.CENTER
        title.paragraph_format.space_after = Pt(look.pitch * 0.8)
        self.paragraph(cw.TO_ALL)
        self.indented(bulletin.opening).paragraph_format.space_after = Pt(look.size * 0.4)
        if bulletin.units:
            self.table()
        for i, said in enumerate(bulletin.closing):
            paragraph = self.indented(said)
            paragraph.paragraph_format.keep_with_next = True
            if not i:
                paragraph.paragraph_format.space_before = Pt(look.size * 0.5)
        for said in (bulletin.issuer, w.day(bulletin.day)):
            paragraph = self.paragraph(said)
            paragraph.alignment = ALIGN.RIGHT
            paragraph.paragraph_format.right_indent = Pt(2 * look.size)
            paragraph.paragraph_format.keep_with_next = said is bulletin.issuer
        return self.file

    def head_later_pages(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN

        section = self.file.sections[0]
        section.different_first_page_header_footer = True
        head = section.header.paragraphs[0]
        docx_pen.write(head, cw.going_on("".join(self.bulletin.title)), w.LETTER_FONT, 12, 16)
        head.alignment = ALIGN.CENTER

    def paragraph(
        self, said: str, font: str = w.LETTER_FONT, size: float = 0, pitch: float = 0
    ) -> Any:
        look = self.look
        new = self.file.add_paragraph()
        return docx_pen.write(new, said, font, size or look.size, pitch or look.pitch)

    def indented(self, said: str) -> Any:
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
        from docx.shared import Pt

        paragraph = self.paragraph(said)
        paragraph.alignment = ALIGN.JUSTIFY
        paragraph.paragraph_format.first_line_indent = Pt(2 * self.look.size)
        return paragraph

    def table(self) -> None:
        look, units = self.look, self.bulletin.units
        rows = -(-len(units) // look.across)
        table = self.file.add_table(rows=1 + rows, cols=len(cw.COLUMNS) * look.across)
        table.style, table.autofit = "Table Grid", False
        docx_pen.pad(table, look.cell * 0.25)
        widths = self.widths()
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        head, *body = table.rows
        docx_pen.repeat(head)
        self.row(head, widths, [Cell(said, bold=True, fill=_HEAD) for said in cw.COLUMNS])
        for i, row in enumerate(body):
            numbers = range(i, rows * look.across, rows)
            self.row(row, widths, [cell for n in numbers for cell in _cells(units, n)])

    def widths(self) -> list[Any]:
        """Of every column, in all the page allows."""
        from docx.shared import Mm, Pt

        look = self.look
        _, right, _, left = look.margins
        room = Mm(210 - right - left) // look.across
        fixed = [Pt(width * look.cell) for width in look.widths]
        return [width or room - sum(fixed) for width in fixed] * look.across

    def row(self, row: Any, widths: list[Any], cells: list[Cell]) -> None:
        from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT as VERTICAL
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
        from docx.shared import Pt

        row.height = Pt(self.look.row)
        docx_pen.keep_whole(row)
        size = self.look.cell
        for place, width, cell in zip(row.cells, widths, cycle(cells), strict=False):
            place.width, place.vertical_alignment = width, VERTICAL.CENTER
            font = w.HEAD_FONT if cell.bold else w.LETTER_FONT
            paragraph = docx_pen.write(place.paragraphs[0], cell.said, font, size, size * 1.25)
            paragraph.alignment = ALIGN.LEFT if cell.left else ALIGN.CENTER
            if cell.fill:
                docx_pen.shade(place, cell.fill)


def _cells(units: tuple[UnitLine, ...], n: int) -> list[Cell]:
    """Those of the unit at a place, or empty ones beyond the last."""
    if n >= len(units):
        return [Cell("")] * len(cw.COLUMNS)
    unit = units[n]
    fill, bold = (_LACKING if unit.lacking else ""), unit.lacking
    return [
        Cell(str(n + 1), fill=fill),
        Cell(unit.name, bold=bold, fill=fill, left=True),
        Cell(f"{unit.answered}/{unit.assigned}", fill=fill),
        Cell(unit.said, bold=bold, fill=fill, left=True),
        Cell(str(unit.problems or "—"), bold=unit.problems > 0, fill=fill),
    ]
