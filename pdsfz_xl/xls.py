"""An old workbook of Excel or WPS (.xls, .et) in, the same typed cells out, by xlrd.

The format always stores a value of a formula, so here no cell is of the kind `formula`: one that
was never computed reads as what was stored. LibreOffice stores 0, also where a text is due.
"""

import io
import struct
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from pdsfz_xl import wording as w
from pdsfz_xl.book import Book, Cell, Position, Sheet, Tally
from pdsfz_xl.compound import MAGIC, Compound
from pdsfz_xl.package import Limits, Refused
from pdsfz_xl.shown import BUILT_IN, shown
from pdsfz_xl.states import CellKind, Flag

_ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"formatting_info": True},
    {},
    {"encoding_override": "gb18030"},
)
"""How to open it. Without formats merges are lost, and numbers look as they are stored."""

_DATE = "yyyy-mm-dd h:mm"

FORMULA = "FORMULA()"
"""What stands for every formula: xlrd gives its value only."""


def read(data: bytes, limits: Limits) -> Book:
    """The workbook. Raises Refused; MemoryError when the process is bounded."""
    if not data.startswith(MAGIC):
        return _book(data, limits)
    compound = Compound(data)
    stream = compound.stream("Workbook") or compound.stream("Book") or b""
    book = _book(stream, limits)
    vba = (Flag.VBA,) if "_VBA_PROJECT_CUR" in compound.names else ()
    return replace(book, saved=_saved(compound), flags=(*book.flags, *vba))


def _book(stream: bytes, limits: Limits) -> Book:
    error = None
    for options in _ATTEMPTS:
        try:
            return _read(stream, limits, options)
        except (Refused, MemoryError):
            raise
        except Exception as raised:  # xlrd checks little: IndexError, AssertionError, struct.error
            if "encrypted" in str(raised):
                raise Refused(*w.FILE_KINDS["password"]) from raised
            error = error or raised
    raise Refused("F03", "旧版工作簿内部结构损坏") from error


class _Silent(io.TextIOBase):
    """xlrd tells a log file what it thinks of a damaged workbook, at any length."""

    def write(self, text: str) -> int:
        return len(text)


def _read(stream: bytes, limits: Limits, options: dict[str, Any]) -> Book:
    import xlrd

    if stream.startswith(MAGIC):
        raise Refused("F03", "旧版工作簿内部结构损坏")  # xlrd would look into it, and might loop
    tally = Tally(limits)
    # One sheet at a time: xlrd fills up every row as far as its last cell.
    book = xlrd.open_workbook(
        file_contents=stream, logfile=_Silent(), on_demand=True, ragged_rows=True, **options
    )
    if book.nsheets > limits.sheets:
        raise Refused("F08", "工作表过多")
    codes = _codes(book) if book.formatting_info else ()
    sheets = []
    for index in range(book.nsheets):
        sheets.append(_sheet(book.sheet_by_index(index), codes, _besides(book, index), tally))
        book.unload_sheet(index)
    flags = tally.flags | ({Flag.STYLES_DAMAGED} if not codes else set())
    return Book(tuple(sheets), flags=tuple(sorted(flags)))


def _codes(book: Any) -> Sequence[str]:
    """The number format code of every cell style."""
    keys = [style.format_key for style in book.xf_list]
    return [BUILT_IN.get(str(key)) or book.format_map[key].format_str for key in keys]


_START, _END, _FORMULAS = 0x809, 0x0A, (0x06, 0x206, 0x406)
_OBJECT, _TEXT, _MORE = 0x5D, 0x1B6, 0x3C
"""Records of BIFF5 and 8 ([MS-XLS] 2.3.2): BOF, EOF, Formula, which had more numbers before; Obj,
TxO and Continue."""

_NOTE = 0x19
"""The kind of object a comment is drawn with ([MS-XLS] 2.5.143); xlrd reads comments."""


class _Besides(NamedTuple):
    """What of a sheet xlrd forgets: which cells have a formula, and the words in text boxes."""

    formulas: Set[Position]
    boxes: Sequence[str]


def _besides(book: Any, index: int) -> _Besides:
    formulas: set[Position] = set()
    boxes: list[str] = []
    note = False
    records = list(_records(book, index)) if book.biff_version >= 50 else []
    for number, (kind, data) in enumerate(records):
        if kind in _FORMULAS and len(data) >= 4:
            formulas.add(struct.unpack_from("<HH", data))
        elif kind == _OBJECT and len(data) >= 6:
            note = struct.unpack_from("<H", data, 4) == (_NOTE,)
        elif kind == _TEXT and len(data) >= 12 and not note:
            (length,) = struct.unpack_from("<H", data, 10)
            more = takewhile(lambda record: record[0] == _MORE, records[number + 1 :])
            boxes.append(_box(length, (piece for _, piece in more)))
    return _Besides(formulas, [said for said in boxes if said.strip()])


def _records(book: Any, index: int) -> Iterator[tuple[int, bytes]]:
    """Kind and data of each record of a sheet."""
    # Private, but there has been no xlrd since 2.0, which only had its other formats taken out.
    stream, at, depth = book.mem, book._sh_abs_posn[index], 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind in (*_FORMULAS, _OBJECT, _TEXT, _MORE):
            yield kind, bytes(stream[at + 4 : at + 4 + length])
        depth += (kind == _START) - (kind == _END)
        if depth <= 0:  # a chart in the sheet has a beginning and an end of its own
            break
        at += 4 + length


def _box(length: int, pieces: Iterator[bytes]) -> str:
    """The text of a TxO from the Continues behind it; each says how wide its characters are."""
    said = ""
    for piece in pieces:
        if len(said) >= length or not piece:
            break
        wide = piece[0] & 1
        said += piece[1:].decode("utf-16-le" if wide else "latin-1", "replace")
    return said[:length].replace("\r", "\n")


def _sheet(sheet: Any, codes: Sequence[str], besides: _Besides, tally: Tally) -> Sheet:
    cells: dict[Position, Cell] = {}
    for row in range(sheet.nrows):
        for column in range(sheet.row_len(row)):
            tally.element()
            cell = _cell(sheet, row, column, codes, tally)
            if cell:
                tally.item(cell.text)
                known = (row, column) in besides.formulas
                cells[row, column] = cell._replace(formula=FORMULA) if known else cell
    merges = [(top, left, end - 1, edge - 1) for top, end, left, edge in sheet.merged_cells]
    comments = {at: note.text for at, note in sheet.cell_note_map.items() if note.text}
    if besides.boxes:  # where they stand is told in a drawing that nobody reads here
        comments[0, 0] = "\n".join([*filter(None, [comments.get((0, 0))]), *besides.boxes])
    for said in (*("" for _ in merges), *comments.values()):
        tally.item(said)
    return Sheet(sheet.name, not sheet.visibility, cells, tuple(merges), comments)


def _cell(sheet: Any, row: int, column: int, codes: Sequence[str], tally: Tally) -> Cell | None:
    """The cell, None for one that is empty."""
    from xlrd import biffh

    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind == biffh.XL_CELL_TEXT:
        return Cell(CellKind.TEXT, value, value) if value else None
    if kind == biffh.XL_CELL_BOOLEAN:
        return Cell(CellKind.BOOL, "TRUE" if value else "FALSE", bool(value))
    if kind == biffh.XL_CELL_ERROR:
        said = biffh.error_text_from_code.get(value, "")
        return Cell(CellKind.ERROR, said, said) if said else _bad(f"#{value}", tally)
    if kind not in (biffh.XL_CELL_NUMBER, biffh.XL_CELL_DATE):
        return None
    if codes:
        code = codes[sheet.cell_xf_index(row, column)]
    else:
        code = _DATE if kind == biffh.XL_CELL_DATE else ""
    number = shown(repr(value), code, date1904=bool(sheet.book.datemode))
    return Cell(*number) if number else _bad(repr(value), tally)


def _bad(said: str, tally: Tally) -> Cell:
    tally.flags.add(Flag.BAD_CELL)
    return Cell(CellKind.ERROR, said, said)


# --- when it was saved ---------------------------------------------------------------------

_SAVED, _FILETIME = 13, 0x40
"""PIDSI_LASTSAVE_DTM and VT_FILETIME of [MS-OLEPS]."""


def _saved(compound: Compound) -> str:
    """The save time in the document's summary, ISO, or empty: it only ever helps."""
    try:
        return _save_time(compound.stream("\x05SummaryInformation") or b"")
    except (Refused, struct.error, OverflowError, ValueError):
        return ""


def _save_time(summary: bytes) -> str:
    """A header with the place of the first set; there, pairs of property and place in the set."""
    (start,) = struct.unpack_from("<I", summary, 44)
    (count,) = struct.unpack_from("<I", summary, start + 4)
    for at in range(start + 8, start + 8 + 8 * min(count, 100), 8):
        name, offset = struct.unpack_from("<II", summary, at)
        if name == _SAVED:
            kind, ticks = struct.unpack_from("<IQ", summary, start + offset)
            if kind == _FILETIME and ticks:  # tenths of a microsecond since 1601, UTC
                moment = datetime(1601, 1, 1) + timedelta(microseconds=ticks // 10)
                return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    return ""
