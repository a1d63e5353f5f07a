"""What paper says in, 汇总表（打印版）.xlsx out: nothing a client prints of it is cut.

The table is set by `pagination`, with a break after each of its pages. `fit_to_pages(1, 0)` lets a
client scale down where it draws the columns wider than we think; LibreOffice keeps the breaks then,
and Excel, which does not, still parts pages between rows: nothing can be cut.
"""

from collections.abc import Iterator, Sequence
from itertools import starmap, zip_longest
from math import ceil
from typing import Any, NamedTuple

from pdsfz_xl import excel, pagination, paper_text, wrapping
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import wording as w
from pdsfz_xl.paper import Paper
from pdsfz_xl.paper_text import CAPTIONS, LABELS, SAID, Entry

_WIDTHS = (6.0, 25.0, 20.0, 12.0, 9.0, 78.0, 6.5, 9.0, 17.0)
"""Characters: 182 of them fill A3, 390 mm between the margins, as zh Windows draws them."""
_FIGURES = CAPTIONS.index(w.QUANTITY)
_SIZE, _COVER_SIZE, _TITLE_SIZE = 10.5, 11.0, 22.0
_HEAD_ROW = 30.0
_PAGE = (297 - 2 * 14) / 25.4 * 72 * 0.96
"""Points of a page; 4 % are for printers that draw rows higher (Microsoft KB214278)."""
_SIDE, _END = 15 / 25.4, 14 / 25.4
"""Margins in inches."""
_LEFT = {CAPTIONS.index(c) for c in (w.INDICATOR, w.MATERIAL, w.ANSWER, w.EVIDENCE_SHEET)}
_SHADE, _DARK, _LOUD = "#ECECEC", "#DEDEDE", "#E1E1E1"
_HALF = 5
"""The first column of the right half of the cover."""
_BREAKS = 1000
"""Pages of a sheet: it can have 1,023 breaks ("Excel specifications and limits"), and XlsxWriter
leaves out the others without a word."""
_LONGEST = 32_000
"""Characters of a cell of 汇总数据, where nothing is printed."""


class PrintedBook(NamedTuple):
    data: bytes
    pages: int


def build(paper: Paper) -> PrintedBook:
    """The workbook, and how many pages its first sheet has."""
    return _Book(paper).build(paper)


class _Book:
    def __init__(self, paper: Paper) -> None:
        self.book = excel.Book(title=paper.overview.campaign)
        self.widths = _widths(paper_text.figure_width(paper))
        self.last = len(CAPTIONS) - 1
        body = {"font_size": _SIZE, "text_wrap": True, "border": 1, "num_format": "@"}
        self.body = body
        self.head = self.book.format(
            **{**body, "font_name": excel.HEAD_FONT, "align": "center", "bg_color": _DARK}
        )
        self.band = self.book.format(
            **{**body, "font_name": excel.HEAD_FONT, "bg_color": _SHADE, "bold": True}
        )

    def build(self, paper: Paper) -> PrintedBook:
        entries = list(paper_text.entries(paper))
        pages = list(
            pagination.paginate(starmap(_line, enumerate(entries)), _geometry(self.widths))
        )
        covers = list(_cover(paper))
        for place in range(0, max(len(pages), 1), _BREAKS):
            name = w.PRINT_SHEET if not place else f"{w.PRINT_SHEET}{place // _BREAKS + 1}"
            part = pages[place : place + _BREAKS]
            self.write_pages(name, paper, [] if place else covers, part, entries)
        self.write_data(entries)
        return PrintedBook(self.book.bytes(), len(covers) + len(pages))

    def write_pages(
        self,
        name: str,
        paper: Paper,
        covers: Sequence[Sequence["_CoverRow"]],
        pages: Sequence[pagination.Page],
        entries: Sequence[Entry],
    ) -> None:
        sheet = self.book.sheet(name)
        for column, width in enumerate(self.widths):
            sheet.set_column(column, column, width)
        breaks: list[int] = []
        row = 0
        for cover in covers:
            row = self.write_cover(sheet, row, cover)
            breaks.append(row)
        self.write_captions(sheet, row)
        sheet.repeat_rows(row)
        row += 1
        for page in pages:
            row = self.write_page(sheet, row, page, entries)
            breaks.append(row)
        self.set_up(sheet, paper, row)
        sheet.set_h_pagebreaks(breaks[:-1] if pages else breaks)

    def set_up(self, sheet: excel.Sheet, paper: Paper, rows: int) -> None:
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        sheet.set_margins(left=_SIDE, right=_SIDE, top=_END, bottom=_END)
        sheet.center_horizontally()
        sheet.print_area(0, 0, rows - 1, self.last)
        sheet.fit_to_pages(1, 0)
        campaign = pw.title(paper.overview.campaign)[:60].replace("&", "&&")
        sheet.set_footer(
            f"&L{campaign}&C{w.PAGE_FOOTER}&R{pw.printed_on(paper.overview.day)}", {"margin": 0.25}
        )

    # --- the cover

    def write_cover(self, sheet: excel.Sheet, row: int, page: Sequence["_CoverRow"]) -> int:
        for line in page:
            places = (
                [(0, _HALF - 1), (_HALF, self.last)] if len(line.cells) > 1 else [(0, self.last)]
            )
            for (first, last), cell in zip(places, line.cells, strict=True):
                style = self.book.format(
                    font_size=line.size,
                    text_wrap=True,
                    align="left" if len(line.cells) > 1 else "center",
                    **({"font_name": excel.HEAD_FONT, "bold": True} if cell.strong else {}),
                )
                sheet.merge_range(row, first, row, last, cell.text, style)
            sheet.set_row(row, line.height)
            row += 1
        return row

    # --- the table

    def write_captions(self, sheet: excel.Sheet, row: int) -> None:
        for column, caption in enumerate(CAPTIONS):
            sheet.write_string(row, column, caption, self.head)
        sheet.set_row(row, _HEAD_ROW)

    def write_page(
        self, sheet: excel.Sheet, top: int, page: pagination.Page, entries: Sequence[Entry]
    ) -> int:
        bottom = top + len(page.rows) - 1
        for offset, printed in enumerate(page.rows):
            row = top + offset
            sheet.set_row(row, printed.height)
            if printed.band:
                sheet.merge_range(row, 0, row, self.last, printed.cells[0], self.band)
                continue
            covered = {x.column for x in page.labels if x.first <= offset <= x.last}
            open_ = (offset > 0 and not printed.begins, not (printed.ends or row == bottom))
            self.write_row(sheet, row, printed, entries[printed.line], covered, open_)
        for label in page.labels:
            entry = entries[page.rows[label.first].line]
            style = self.style(label.column, **(_loud(entry) if label.column == LABELS else {}))
            self.put(sheet, (top + label.first, label.column), (top + label.last, label.column),
                     label.text, style)  # fmt: skip
        return top + len(page.rows)

    def write_row(
        self,
        sheet: excel.Sheet,
        row: int,
        printed: pagination.Printed,
        entry: Entry,
        covered: set[int],
        open_: tuple[bool, bool],
    ) -> None:
        """A row; it is open above and below where a piece of the same line is on this page."""
        end = LABELS + len(entry.cells) - 1
        style: dict[str, Any] = {"top": 0} if open_[0] else {}
        style |= {"bottom": 0} if open_[1] else {}
        style |= _loud(entry)
        for column in range(end + 1):
            if column not in covered:
                text = pagination.shown(printed.cells[column])
                last = self.last if column == end else column
                own = style if column >= LABELS else {}
                self.put(sheet, (row, column), (row, last), text, self.style(column, **own))

    def put(
        self,
        sheet: excel.Sheet,
        first: tuple[int, int],
        last: tuple[int, int],
        text: str,
        style: Any,
    ) -> None:
        if first == last:
            sheet.write_string(*first, text, style) if text else sheet.write_blank(
                *first, None, style
            )
        else:
            sheet.merge_range(*first, *last, text, style)

    def style(self, column: int, **more: Any) -> Any:
        aligned = "left" if column in _LEFT else "center"
        return self.book.format(**{**self.body, "align": aligned, "valign": "top", **more})

    # --- the data

    def write_data(self, entries: Sequence[Entry]) -> None:
        """A row for every answer, with its whole text: to filter, not to print."""
        sheet = self.book.sheet(w.PRINT_DATA_SHEET)
        captions = (w.LEVEL1, *CAPTIONS)
        widths = (22.0, *self.widths)
        for column, (caption, width) in enumerate(zip(captions, widths, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, caption, self.head)
        row = 0
        for entry in entries:
            if entry.row is None and entry.block:
                continue  # 待综合 stands in the rows of the units
            cells = (entry.band, entry.number, entry.indicator, entry.material, *entry.cells)
            for piece in _pieces(cells):
                row += 1
                for column, text in enumerate(piece):
                    sheet.write_string(row, column, text, self.style(max(column - 1, 1)))
                sheet.set_row(row, excel.height(zip(piece, widths, strict=False)))
        sheet.autofilter(0, 0, max(row, 1), len(captions) - 1)
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(excel.A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)


def _loud(entry: Entry) -> dict[str, Any]:
    """How a line looks that nobody may overlook."""
    if not entry.loud:
        return {}
    bold = entry.row is None or entry.row.blank
    return {"bg_color": _LOUD} | ({"bold": True, "font_name": excel.HEAD_FONT} if bold else {})


def _pieces(cells: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A row, or several where a text is longer than a cell can be; each says whose it is."""
    for at in range(0, max(1, *map(len, cells)), _LONGEST):
        yield tuple(
            text[at : at + _LONGEST] or (text[:_LONGEST] if column <= LABELS + 1 else "")
            for column, text in enumerate(cells)
        )


def _line(place: int, entry: Entry) -> pagination.Line:
    """The texts as they are set: the unit is said again where its answer goes on."""
    cells = entry.cells
    if len(cells) > SAID - LABELS + 1 and entry.row and not entry.row.blank:
        said = SAID - LABELS
        cells = (*cells[:said], _indented(cells[said]), *cells[said + 1 :])
    groups = [
        pagination.Group(entry.number, (entry.number, entry.indicator)),
        pagination.Group(entry.block, (entry.material,)),
    ]
    if len(cells) > 1:
        groups.append(pagination.Group(place, cells[:1]))
        cells = cells[1:]
    return pagination.Line(entry.band, tuple(groups), cells)


def _indented(text: str) -> str:
    return "\n".join(f"\u3000\u3000{line}" for line in text.split("\n") if line)


def _widths(figure: float) -> tuple[float, ...]:
    """The columns, where a figure of so many em must not break: 情况说明 makes room for it."""
    wider = max(0.0, ceil(wrapping.column(figure, _SIZE)) - _WIDTHS[_FIGURES])
    more = {SAID: -wider, _FIGURES: wider}
    return tuple(width + more.get(column, 0.0) for column, width in enumerate(_WIDTHS))


def _geometry(widths: Sequence[float]) -> pagination.Geometry:
    return pagination.Geometry(
        height=_PAGE - _HEAD_ROW,
        rooms=tuple(wrapping.room(width, _SIZE) for width in widths),
        pitch=_SIZE * excel.LINE_PITCH,
    )


# --- the cover -----------------------------------------------------------------------------


class _CoverCell(NamedTuple):
    text: str
    strong: bool = False


class _CoverRow(NamedTuple):
    """A single cell stands in the middle; two stand side by side."""

    cells: tuple[_CoverCell, ...]
    height: float
    size: float = _COVER_SIZE


def _cover(paper: Paper) -> Iterator[list[_CoverRow]]:
    """The overview page by page: at the left where all stands, at the right unit by unit."""
    said = paper_text.overview(paper)
    left, right = (list(_cells(part)) for part in (said.sections, said.units))
    pairs = list(zip_longest(left, right, fillvalue=_CoverCell("")))
    above = [
        _centred(said.title, _TITLE_SIZE, strong=True),
        *(_centred(text, _COVER_SIZE + 2) for text in said.below),
    ]
    halves = (_WIDTHS[:_HALF], _WIDTHS[_HALF:])
    geometry = pagination.Geometry(
        height=_PAGE - sum(row.height for row in above),
        rooms=tuple(wrapping.room(sum(half), _COVER_SIZE) for half in halves),
        pitch=_COVER_SIZE * excel.LINE_PITCH,
    )
    table = (pagination.Line("", (), tuple(cell.text for cell in pair)) for pair in pairs)
    for page in pagination.paginate(table, geometry):
        rows = [
            _CoverRow(
                tuple(
                    _CoverCell(pagination.shown(text), cell.strong)
                    for text, cell in zip(row.cells, pairs[row.line], strict=True)
                ),
                row.height,
            )
            for row in page.rows
        ]
        yield [*above, *rows]
        above = []


def _cells(sections: Sequence[tuple[str, Sequence[str]]]) -> Iterator[_CoverCell]:
    for head, texts in sections:
        yield _CoverCell(head, strong=True)
        yield from map(_CoverCell, texts)


def _centred(text: str, size: float, *, strong: bool = False) -> _CoverRow:
    lines = wrapping.count(text, wrapping.room(sum(_WIDTHS), size))
    return _CoverRow((_CoverCell(text, strong),), lines * size * excel.LINE_PITCH + 16, size)
