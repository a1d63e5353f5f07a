"""A binary workbook (.xlsb) in, its typed cells out ([MS-XLSB]).

The package is that of a .xlsx, the parts are records. Other readers make blanks of its errors, and
some end the whole process over a damaged file. Of a formula only the value is read.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pdsfz_xl import drawing, parts
from pdsfz_xl.book import COLUMNS, ROWS, Book, Cell, Position, Sheet, Tally
from pdsfz_xl.package import Limits, Package, Refused
from pdsfz_xl.shown import BUILT_IN, shown
from pdsfz_xl.states import CellKind, Flag

FORMULA = "FORMULA()"
"""What stands for every formula."""

# 2.3.2: the numbers of the records.
_ROW = 0
_BLANK, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED = range(1, 8)
_OF_FORMULA = {8: _STRING, 9: _REAL, 10: _BOOL, 11: _ERROR}
_RICH, _MERGE, _SHARED_ITEM = 62, 176, 19
_CELLS = frozenset({*range(_BLANK, _SHARED + 1), *_OF_FORMULA, _RICH})
_SHORT = {**{number + 11: number for number in range(_BLANK, _SHARED + 1)}, 61: _RICH}
"""The same cells without a column: each is in the next one."""

_FORMAT, _STYLE, _STYLES, _STYLES_END = 44, 47, 617, 618
_BOOK, _SHEET = 153, 156
_COMMENT, _COMMENT_TEXT = 635, 637

_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip
_MACRO_SHEETS = ("xlMacrosheet", "xlIntlMacrosheet")


def read(package: Package) -> Book:
    """Read a package whose kind is xlsb. Raises Refused for anything that bites."""
    try:
        return _read(package)
    except (struct.error, UnicodeDecodeError) as error:
        raise Refused("F03", "二进制工作簿内部结构损坏") from error


def _read(package: Package) -> Book:
    tally = Tally(package.limits)
    root = parts.links(package, "")
    main = parts.first(root, "officeDocument")
    if not package.has(main):
        main = "xl/workbook.bin"
    links = parts.links(package, main)
    date1904, listed = _contents(package, main)
    shared = _shared(package, parts.first(links, "sharedStrings"))
    about = _About(shared, _formats(package, parts.first(links, "styles")), date1904)
    sheets = []
    for name, visible, key in listed:
        link = links.get(key)
        if link is None or not package.has(link.target):
            tally.flags.add(f"{Flag.SHEET_MISSING}:{name}")
        elif link.kind != "worksheet":
            tally.flags.add(Flag.XLM if link.kind in _MACRO_SHEETS else f"{Flag.NOT_CELLS}:{name}")
        else:
            sheets.append(_sheet(package, link.target, name, visible, about, tally))
    if listed and not sheets and Flag.XLM not in tally.flags:
        raise Refused("F03", "工作表的内容不见了")
    if len({name.casefold() for name, _, _ in listed}) < len(listed):
        tally.flags.add(Flag.DUP_SHEET)
    properties = parts.Properties(tally).read(package, root)
    tally.flags |= parts.telling(package, "xl")
    return Book(tuple(sheets), properties.values, properties.saved, tuple(sorted(tally.flags)))


# --- records -------------------------------------------------------------------------------


def _records(package: Package, part: str) -> Iterator[tuple[int, bytes]]:
    """2.1.4: a number and a length, of seven bits a byte, then so many bytes."""
    data = b"".join(package.stream(part))
    at = 0
    while at < len(data):
        kind, at = _varying(data, at, 2)
        length, at = _varying(data, at, 4)
        if at + length > len(data):
            raise Refused("F03", "二进制工作簿内部结构损坏")
        yield kind, data[at : at + length]
        at += length


def _varying(data: bytes, at: int, most: int) -> tuple[int, int]:
    found = 0
    for place in range(most):
        if at >= len(data):
            raise Refused("F03", "二进制工作簿内部结构损坏")
        found |= (data[at] & 0x7F) << 7 * place
        at += 1
        if data[at - 1] < 0x80:
            break
    return found, at


def _wide(data: bytes, at: int) -> tuple[str, int]:
    """2.5.169: a length in UTF-16 units, then these; the string and where it ends."""
    (length,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * length
    if length == 0xFFFFFFFF:  # 2.5.167: none
        return "", at + 4
    if end > len(data):
        raise Refused("F03", "二进制工作簿内部结构损坏")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


# --- the parts beside the sheets -----------------------------------------------------------


def _contents(package: Package, part: str) -> tuple[bool, list[tuple[str, bool, str]]]:
    """Whether days count from 1904; name, visibility and relationship of every sheet."""
    date1904, listed = False, []
    for kind, data in _records(package, part):
        if kind == _BOOK:
            date1904 = bool(data[0] & 1) if data else False
        elif kind == _SHEET:
            (hidden,) = struct.unpack_from("<I", data)
            key, at = _wide(data, 8)
            name, _ = _wide(data, at)
            listed.append((name[:255], not hidden, key))
            if len(listed) > package.limits.sheets:
                raise Refused("F08", "工作表过多")
    return date1904, listed


def _shared(package: Package, part: str) -> list[str]:
    """The shared strings, by index."""
    found: list[str] = []
    characters = 0
    for kind, data in _records(package, part) if package.has(part) else ():
        if kind == _SHARED_ITEM:
            said, _ = _wide(data, 1)
            found.append(said)
            characters += len(said)
            if characters > package.limits.text or len(found) > package.limits.strings:
                raise Refused("F08", "文字过多")
    return found


def _formats(package: Package, part: str) -> list[str]:
    """The number format code of every cell style."""
    codes: dict[int, str] = {}
    numbers: list[int] = []
    inside = False
    for kind, data in _records(package, part) if package.has(part) else ():
        if kind == _FORMAT:
            codes[struct.unpack_from("<H", data)[0]] = _wide(data, 2)[0]
        elif kind in (_STYLES, _STYLES_END):
            inside = kind == _STYLES
        elif kind == _STYLE and inside:
            numbers.append(struct.unpack_from("<H", data, 2)[0])
        if max(len(codes), len(numbers)) > package.limits.styles:
            raise Refused("F08", "样式过多")
    return [codes.get(n, BUILT_IN.get(str(n), "")) for n in numbers]


def _comments(package: Package, sheet: str, tally: Tally) -> dict[Position, str]:
    """What is written beside the cells: comments, and text boxes at their anchor."""
    found: dict[Position, str] = {}
    at: Position = (0, 0)
    links = parts.links(package, sheet)
    part = parts.first(links, "comments")
    for kind, data in _records(package, part) if package.has(part) else ():
        if kind == _COMMENT:
            row, _, column = struct.unpack_from("<III", data, 4)
            at = _checked(row, column)
        elif kind == _COMMENT_TEXT:
            said, _ = _wide(data, 1)
            tally.item(said)
            found[at] = f"{found[at]}\n{said}" if at in found else said
    drawing.read(package, links, tally, found)  # it is XML in these workbooks too ([MS-XLSB] 2.1.7)
    return found


# --- a sheet -------------------------------------------------------------------------------


class _About(NamedTuple):
    """What the cells of all sheets refer to."""

    shared: Sequence[str]
    formats: Sequence[str]
    date1904: bool


def _sheet(
    package: Package, part: str, name: str, visible: bool, about: _About, tally: Tally
) -> Sheet:
    cells: dict[Position, Cell] = {}
    merges = []
    row, column = 0, -1
    for kind, data in _records(package, part):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", data)
            column = -1
        elif kind == _MERGE:
            top, bottom, left, right = struct.unpack_from("<IIII", data)
            tally.item()
            merges.append((*_checked(top, left), *_checked(bottom, right)))
        elif kind in _CELLS or kind in _SHORT:
            tally.element()
            if kind in _SHORT:
                column, place = column + 1, 0
            else:
                (column,), place = struct.unpack_from("<I", data), 4
            cell = _cell(_SHORT.get(kind, kind), data, place, about, tally)
            if cell:
                _keep(cells, _checked(row, column), cell, tally)
    return Sheet(name, visible, cells, tuple(merges), _comments(package, part, tally))


def _checked(row: int, column: int) -> Position:
    if row >= ROWS or column >= COLUMNS:
        raise Refused("F03", "超出工作表的边界")
    return row, column


def _keep(cells: dict[Position, Cell], at: Position, cell: Cell, tally: Tally) -> None:
    if at in cells:
        tally.flags.add(Flag.DUP_CELL)
        both = f"{cells[at].text}\n{cell.text}"
        cell = Cell(CellKind.TEXT, both, both, cell.formula)
    tally.item(cell.text)
    cells[at] = cell


def _cell(kind: int, data: bytes, at: int, about: _About, tally: Tally) -> Cell | None:
    """The cell, None for one that is empty. 2.5.9: its style comes first, in 24 bits."""
    style = struct.unpack_from("<I", data, at)[0] & 0xFFFFFF
    at += 4
    formula = FORMULA if kind in _OF_FORMULA else ""
    kind = _OF_FORMULA.get(kind, kind)
    if kind in (_STRING, _RICH, _SHARED):
        said = _string(kind, data, at, about, tally.limits)
        if said is None:
            return _bad(f"#{struct.unpack_from('<I', data, at)[0]}", tally)
        return Cell(CellKind.TEXT, said, said, formula) if said else None
    if kind == _BOOL:
        return Cell(
            CellKind.BOOL, "TRUE" if data[at : at + 1] > b"\0" else "FALSE", data[at] > 0, formula
        )
    if kind == _ERROR:
        (code,) = struct.unpack_from("<B", data, at)
        said = _ERRORS.get(code, "")
        return Cell(CellKind.ERROR, said, said, formula) if said else _bad(f"#{code}", tally)
    if kind not in (_RK, _REAL):
        return None
    written = repr(_rk(data, at) if kind == _RK else struct.unpack_from("<d", data, at)[0])
    shape = about.formats[style] if style < len(about.formats) else ""
    number = shown(written, shape, date1904=about.date1904)
    return Cell(*number, formula) if number else _bad(written, tally)


def _string(kind: int, data: bytes, at: int, about: _About, limits: Limits) -> str | None:
    """None for a shared string that is not there. A rich one (2.5.121) begins with flags."""
    if kind == _SHARED:
        (index,) = struct.unpack_from("<I", data, at)
        return about.shared[index] if index < len(about.shared) else None
    said, _ = _wide(data, at + (kind == _RICH))
    if len(said) > limits.one_text:
        raise Refused("F08", "文字过长")
    return said


def _rk(data: bytes, at: int) -> float:
    """2.5.122: thirty bits, of a whole number or of a float's upper half; or a hundredth of it."""
    (said,) = struct.unpack_from("<i", data, at)
    if said & 2:
        number = float(said >> 2)
    else:
        (number,) = struct.unpack("<d", struct.pack("<II", 0, said & 0xFFFFFFFC))
    return number / 100 if said & 1 else number


def _bad(said: str, tally: Tally) -> Cell:
    tally.flags.add(Flag.BAD_CELL)
    return Cell(CellKind.ERROR, said, said)
