"""One worksheet part in, its cells out: typed, sparse, nothing dropped (ECMA-376 part 1, 18.3)."""

import re

from pdsfz_xl.book import COLUMNS, ROWS, Cell, Position, Tally
from pdsfz_xl.package import Attributes, Refused
from pdsfz_xl.shown import iso, shown
from pdsfz_xl.states import CellKind, Flag


class Words:
    """Collects what stands in `t` elements, without the phonetic `rPh` ones."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.open = False
        self.phonetic = 0

    def begin(self) -> None:
        """Collect everything from here on."""
        self.clear()
        self.open = True

    def start(self, tag: str) -> None:
        if tag == "rPh":
            self.phonetic += 1
        elif tag == "t" and not self.phonetic:
            self.open = True

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self.phonetic -= 1
        elif tag == "t":
            self.open = False

    def add(self, data: str) -> None:
        if self.open:
            self.length += len(data)
            if self.length > self.limit:
                raise Refused("F08", "文字过长")
            self.pieces.append(data)

    def take(self) -> str:
        """What was collected; collecting ends."""
        self.open = False
        return "".join(self.pieces)


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def unescape(text: str) -> str:
    """`_xHHHH_` is one UTF-16 unit (ECMA-376 22.4.2.4); surrogate pairs become one character."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")


def position(said: str) -> Position | None:
    """Where A1 is, or None for what no worksheet has."""
    match = _REFERENCE.fullmatch(said.strip())
    if not match:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if row <= ROWS and column <= COLUMNS else None


class Grid:
    """Handlers for one worksheet part, wherever its rows and references claim to be.

    `strings` are the shared strings, `formats` the number format code of every cell style.
    """

    def __init__(
        self, tally: Tally, strings: list[str], formats: list[str], *, date1904: bool
    ) -> None:
        self.tally = tally
        self.strings = strings
        self.formats = formats
        self.date1904 = date1904
        self.cells: dict[Position, Cell] = {}
        self.merges: list[tuple[int, int, int, int]] = []
        self.words = Words(tally.limits.one_text)
        self._groups: dict[str, str] = {}
        self._row = -1
        # Where the cell at hand, or the last one, stands. A reference is kept as written and
        # only looked into for a cell with something in it.
        self._at: Position | str = (-1, -1)
        self._inside = False
        self._kind = self._style = ""
        self._value: str | None = None
        self._formula: str | None = None
        self._formula_of: Attributes = {}

    # What the parser calls.

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "row":
            self._row = self._row_number(attributes.get("r"))
            self._at = (self._row, -1)
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif not self._inside:
            return
        elif tag == "v":
            self.words.begin()
        elif tag == "f":
            self.words.begin()
            self._formula_of = attributes
        elif tag == "is":
            self.words.clear()
            self._kind = "inlineStr"
        else:
            self.words.start(tag)

    def end(self, tag: str) -> None:
        if not self._inside:
            return
        if tag == "c":
            self._inside = False
            if self._value is not None or self._formula is not None:
                self._end_cell()
        elif tag in ("v", "is"):
            self._value = self.words.take()
        elif tag == "f":
            self._formula = self.words.take()
        else:
            self.words.end(tag)

    # Where a cell stands.

    def _row_number(self, said: str | None) -> int:
        if said is None:
            return self._row + 1
        if found := position(f"A{said}"):
            return found[0]
        raise Refused("F03", "行号不合规")

    def _start_cell(self, attributes: Attributes) -> None:
        self.tally.element()
        reference = attributes.get("r")
        if reference is None:
            row, column = self._position()
            self._at = (max(row, 0), column + 1)
        else:
            self._at = reference
        self._inside = True
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._value = self._formula = None

    def _position(self) -> Position:
        if isinstance(self._at, str):
            found = position(self._at)
            if found is None:
                raise Refused("F03", "单元格地址不合规")
            self._at = found
        if self._at[0] >= ROWS or self._at[1] >= COLUMNS:
            raise Refused("F03", "超出工作表的边界")
        return self._at

    def _merge(self, said: str) -> None:
        first, _, last = said.partition(":")
        one, other = position(first), position(last or first)
        if one and other:
            self.tally.item()
            self.merges.append((*one, *other))

    # What it holds.

    def _end_cell(self) -> None:
        formula = self._whole_formula()
        cell = self._cell(formula)
        if cell is None:
            return
        at = self._position()
        before = self.cells.get(at)
        if before:
            self.tally.flags.add(Flag.DUP_CELL)
            if before.text != cell.text:
                both = f"{before.text}\n{cell.text}"
                cell = Cell(CellKind.TEXT, both, both, cell.formula)
        if formula.upper().startswith(("DISPIMG(", "_XLFN.DISPIMG(")):
            self.tally.flags.add(Flag.DISPIMG)
        self.tally.item(cell.text)
        self.cells[at] = cell

    def _whole_formula(self) -> str:
        """The formula; of a shared one all cells but the first only name their group (18.3.1.40).

        For these it is SHARED(C5), where C5 has the formula: its references are not ours.
        """
        if self._formula is None:
            return ""
        kind, group = self._formula_of.get("t", ""), self._formula_of.get("si", "")
        if self._formula:
            if kind == "shared":
                self._groups[group] = self._at if isinstance(self._at, str) else ""
            return unescape(self._formula)
        return f"{kind.upper()}({self._groups.get(group, '')})" if kind else ""

    def _cell(self, formula: str) -> Cell | None:
        """The cell at hand, None for one that is empty."""
        if self._value is None:
            return Cell(CellKind.FORMULA, f"={formula}", None, formula)
        if self._kind in ("str", "inlineStr"):
            return _text_cell(unescape(self._value), formula)
        plain = self._value.strip()
        if not plain:
            no_value = self._formula is not None
            return Cell(CellKind.FORMULA, f"={formula}", None, formula) if no_value else None
        if self._kind == "s":
            return self._shared_string(plain, formula)
        if self._kind == "b":
            return self._bool_cell(plain.lower(), formula)
        if self._kind == "e":
            return Cell(CellKind.ERROR, plain, plain, formula)
        if self._kind == "d":
            return Cell(CellKind.DATE, iso(plain), plain, formula)
        number = shown(plain, self._format_code(), date1904=self.date1904)
        return Cell(*number, formula) if number else self._bad(plain, formula)

    def _shared_string(self, index: str, formula: str) -> Cell | None:
        if index.isdecimal() and len(index) < 10 and int(index) < len(self.strings):
            return _text_cell(self.strings[int(index)], formula)
        return self._bad(f"#{index}", formula)

    def _bool_cell(self, said: str, formula: str) -> Cell:
        if said not in ("0", "1", "false", "true"):
            return self._bad(said, formula)
        truth = said in ("1", "true")
        return Cell(CellKind.BOOL, "TRUE" if truth else "FALSE", truth, formula)

    def _bad(self, said: str, formula: str) -> Cell:
        """What no spreadsheet program would have written: kept as it stands, and flagged."""
        self.tally.flags.add(Flag.BAD_CELL)
        return Cell(CellKind.ERROR, said, said, formula)

    def _format_code(self) -> str:
        style = self._style
        if style.isdecimal() and len(style) < 10 and int(style) < len(self.formats):
            return self.formats[int(style)]
        return ""


def _text_cell(text: str, formula: str) -> Cell | None:
    return Cell(CellKind.TEXT, text, text, formula) if text else None
