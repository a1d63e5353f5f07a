"""Writing workbooks: XlsxWriter behind a proxy that never fails in silence, and facts of Excel.

The only module that imports XlsxWriter and openpyxl.
"""

import io
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pdsfz_xl import layout, wrapping
from pdsfz_xl import wording as w
from pdsfz_xl.text import BLANKS

BODY_FONT, HEAD_FONT = w.BODY_FONT, w.HEAD_FONT
BODY_SIZE = 10.5

A3, A4 = 8, 9

MAX_HEIGHT = 409.0
"""Points; no row can be higher (Microsoft, "Excel specifications and limits")."""


class _Plain(Worksheet):  # type: ignore[misc] # XlsxWriter ships no types
    """Formulas are written as they stand.

    XlsxWriter looks through each for some thirty array operators and functions newer than 2007,
    a quarter of the time a form takes; ours use none, and a form's golden dump shows each.
    """

    def _prepare_formula(self, formula: str, *_: bool) -> str:
        return formula.removeprefix("=")


class _Growing(_Plain):
    """Rows get a height but no `customHeight`: they open right and still grow while typing.

    With the flag Excel, WPS and LibreOffice keep the height and clip what is typed; without any
    height LibreOffice opens the row 15 pt high. The attribute list is `ECMA-376 18.3.1.73`.
    """

    def _xml_start_tag_unencoded(self, tag: str, attributes: Iterable[Any] = ()) -> None:
        if tag == "row":
            attributes = [pair for pair in attributes if pair[0] != "customHeight"]
        super()._xml_start_tag_unencoded(tag, attributes)


class _LockedBook(Workbook):  # type: ignore[misc] # XlsxWriter ships no types
    """XlsxWriter has no structure lock; `workbookProtection` stands before `bookViews`."""

    def _write_book_views(self) -> None:
        self._xml_empty_tag("workbookProtection", [("lockStructure", 1)])
        super()._write_book_views()


class Sheet:
    """A worksheet on which a refused call raises.

    XlsxWriter answers many errors with a negative number, with or without a warning, and then
    ships the workbook without the validation or the text. Raises ValueError instead.
    """

    def __init__(self, worksheet: Worksheet) -> None:
        self._worksheet = worksheet

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._worksheet, name)
        if not callable(method):
            return method

        def strict(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if isinstance(result, int) and result < 0:
                raise ValueError(f"{self._worksheet.name}: {name}{args!r:.200} gave {result}")
            return result

        setattr(self, name, strict)
        return strict


class Book:
    """A workbook in memory: sheets, shared formats, and in the end its bytes."""

    def __init__(self, *, locked: bool = False, title: str = "", subject: str = "") -> None:
        self._buffer = io.BytesIO()
        kind = _LockedBook if locked else Workbook
        self._book = kind(
            self._buffer,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
                # The widths below assume the digits of 宋体 11, as zh Windows draws them.
                "default_format_properties": {"font_name": BODY_FONT, "font_size": 11},
            },
        )
        self._book.set_properties({"title": title, "subject": subject, "created": layout.CREATED})
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def sheet(self, name: str, *, grows: bool = False) -> Sheet:
        return Sheet(self._book.add_worksheet(name, _Growing if grows else _Plain))

    def format(self, **properties: Any) -> Format:
        """A format, shared by everybody who asks for the same properties."""
        wanted = {"font_name": BODY_FONT, "font_size": BODY_SIZE, "valign": "vcenter", **properties}
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(wanted)
        return self._formats[key]

    def condition(self, **properties: Any) -> Format:
        """A format for conditional formats: only what it changes."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def name(self, name: str, formula: str) -> None:
        """Define a name for the whole workbook; raises ValueError when it is refused."""
        if self._book.define_name(name, formula) == -1:
            raise ValueError(f"name {name} refused")

    def note(self, name: str, value: str) -> None:
        """A custom property."""
        self._book.set_custom_property(name, value)

    def chart(self, **options: Any) -> Any:
        return self._book.add_chart(options)

    def bytes(self) -> bytes:
        """Close the workbook; what XlsxWriter only warns of is an error here."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self._book.close()
        return self._buffer.getvalue()


# --- formulas ------------------------------------------------------------------------------

# CHAR(160) depends on the code page (it is half a character in GBK), so U+00A0 and the other
# blanks beyond ASCII stand as themselves; see `text.BLANKS` for CHAR(1).
_LITERALS = {c: f"CHAR({ord(c)})" if c < " " else f'"{c}"' for c in BLANKS}


def count_formula(cell: str, without: str = BLANKS) -> str:
    """`text.count` as a worksheet formula. Excel's LEN counts UTF-16 units: never less than ours.

    (Microsoft, "Compatibility Versions": version 1, which every file without the setting is.)
    """
    inner = cell
    for blank in without:
        inner = f'SUBSTITUTE({inner},{_LITERALS[blank]},"")'
    return f"LEN({inner})"


def limit_formula(cell: str, limit: int) -> str:
    """A validation formula: at most `limit` characters. Excel refuses formulas beyond 255."""
    formula = f"={count_formula(cell, BLANKS)}<={limit}"
    if len(formula) > 255:
        raise ValueError("a validation formula must not pass 255 characters")
    return formula


# --- heights -------------------------------------------------------------------------------


LINE_PITCH = 1.457
"""Of the highest of the usual typefaces, in em: 宋体 has about 1.2, Noto Serif CJK 1.44."""


def height(
    cells: Iterable[tuple[str, float]], least: float = 20.0, size: float = BODY_SIZE
) -> float:
    """Points for a row of (text, column width) at `size` pt, within Excel's limit."""
    lines = (wrapping.count(text, wrapping.room(width, size)) for text, width in cells if text)
    most = max(lines, default=1)
    return min(MAX_HEIGHT, max(least, most * size * LINE_PITCH + 6))


# --- the clerk's own workbook --------------------------------------------------------------


def write_cells(path: Path, values: Mapping[tuple[str, str], str]) -> bytes:
    """The bytes of an existing workbook with some cells set: (sheet, cell) -> text.

    For the clerk's master only: openpyxl keeps its cells, formats, validations and comments.
    """
    book = _loaded(path)
    for (sheet, cell), value in values.items():
        book[sheet][cell] = value
    return _saved(book)


def write_in_column(path: Path, sheet: str, column: str, values: Mapping[int, str]) -> bytes:
    """The bytes of an existing workbook with some rows of a column set: 1-based row -> text.

    The rows below go on saying what they said: a merged cell is parted, and a blank one that
    went on with a row that changes gets its text.
    """
    book = _loaded(path)
    cells = book[sheet]
    for row, value in sorted(values.items(), reverse=True):
        for area in list(cells.merged_cells.ranges):
            if f"{column}{row}" in area and area.min_col == area.max_col:
                said = cells[f"{column}{area.min_row}"].value
                cells.unmerge_cells(str(area))
                for inside in range(area.min_row, area.max_row + 1):
                    cells[f"{column}{inside}"] = said
        before = _carried(cells, column, row)
        below = cells[f"{column}{row + 1}"]
        if below.value is None and any(cell.value is not None for cell in cells[row + 1]):
            below.value = before
        cells[f"{column}{row}"] = value
    return _saved(book)


def _carried(cells: Any, column: str, row: int) -> Any:
    """What a cell says, or the nearest above it that says anything."""
    said = (cells[f"{column}{above}"].value for above in range(row, 0, -1))
    return next((value for value in said if value is not None), None)


def _loaded(path: Path) -> Any:
    import openpyxl  # 0.3 s to import, and rarely needed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every extension it does not know
        return openpyxl.load_workbook(path)


def _saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
