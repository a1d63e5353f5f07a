"""A workbook in one XML file (Excel 2003's "XML spreadsheet", often named .xls) in, cells out.

The format is Microsoft's "XML Spreadsheet Reference"; many office systems export it.
"""

import re
from datetime import date

from pdsfz_xl import wording as w
from pdsfz_xl.book import COLUMNS, ROWS, Book, Cell, Position, Sheet, Tally, add_sheet
from pdsfz_xl.grid import unescape
from pdsfz_xl.package import Attributes, IllFormed, Limits, Refused, local, parse_xml
from pdsfz_xl.shown import Shown, shown
from pdsfz_xl.states import CellKind, Flag


def read(data: bytes, limits: Limits) -> Book:
    """The workbook. Raises Refused, also for any other XML."""
    tally = Tally(limits)
    contents = _Contents(tally)
    parse_xml([_readable(data)], limits.depth, contents.start, contents.end, contents.add)
    if contents.root != "Workbook":
        raise Refused(*w.FILE_KINDS["xml"])
    if not contents.sheets:
        raise Refused("F03", "工作表的内容不见了")
    saved = contents.saved.get("LastSaved", "") or contents.saved.get("Created", "")
    flags = tuple(sorted(tally.flags))
    return Book(tuple(contents.sheets), contents.properties, saved, flags)


_DECLARED = re.compile(
    rb"\s*<\?xml[^>]{0,200}encoding=[\"'](gb2312|gbk|gb18030)[\"'][^>]{0,200}\?>", re.IGNORECASE
)


def _readable(data: bytes) -> bytes:
    """In UTF-8 where it says it is GBK, which expat cannot do."""
    declared = _DECLARED.match(data)
    if not declared:
        return data
    try:
        return data[declared.end() :].decode("gb18030").encode()
    except UnicodeDecodeError as error:
        raise IllFormed("F03", "文字编码不认识或已损坏") from error


_FORMATS = {
    "Percent": "0.00%",
    "Short Time": "h:mm",
    "Medium Time": "h:mm",
    "Long Time": "h:mm:ss",
}
"""Formats that go by a name and matter here; of dates the cell says so itself."""


class _Contents:
    """Handlers for the whole file."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.root = ""
        self.sheets: list[Sheet] = []
        self.saved: dict[str, str] = {}
        self.properties: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._style = ""
        self._within = ""  # the element at hand that has a meaning of its own
        self._words: list[str] | None = None
        self._length = 0
        self._start_table("")

    # What the parser calls.

    def start(self, tag: str, attributes: Attributes) -> None:
        self.root = self.root or tag
        if tag in _AREAS:
            self._within = tag
        if self._within == "Worksheet":
            self._start_in_sheet(tag, attributes)
        elif tag == "Style":
            self._style = local(attributes, "ID")
        elif tag == "NumberFormat":
            code = local(attributes, "Format")
            self._codes[self._style] = _FORMATS.get(code, code)
            if len(self._codes) > self.tally.limits.styles:
                raise Refused("F08", "样式过多")
        elif self._within in _ABOUT:
            self._listen()

    def _start_in_sheet(self, tag: str, attributes: Attributes) -> None:
        if tag == "Worksheet":
            self._start_table(local(attributes, "Name")[:255])
        elif tag == "Row":
            self._start_row(attributes)
        elif tag == "Cell":
            self._start_cell(attributes)
        elif tag == "Comment":
            self._noted = True
        elif tag == "Data" and self._at:
            self._kind = "" if self._noted else local(attributes, "Type")
            self._listen()
        elif tag == "Visible":
            self._listen()

    def end(self, tag: str) -> None:
        if self._within == "Worksheet":
            self._end_in_sheet(tag)
        elif self._within in _ABOUT and tag not in _AREAS:
            self._end_about(tag)
        if tag in _AREAS:
            self._within = ""

    def _end_in_sheet(self, tag: str) -> None:
        if tag == "Worksheet":
            self._end_table()
        elif tag == "Cell" and self._at:
            self._end_cell(self._at)
        elif tag == "Comment":
            self._noted = False
        elif tag == "Data" and self._at:
            if self._noted:
                self._comment = self._take()
            else:
                self._value = self._take()
        elif tag == "Visible":
            self._visible = self._take().strip() == "SheetVisible"

    def add(self, data: str) -> None:
        if self._words is not None:
            self._length += len(data)
            if self._length > self.tally.limits.one_text:
                raise Refused("F08", "文字过长")
            self._words.append(data)

    def _listen(self) -> None:
        self._words, self._length = [], 0

    def _take(self) -> str:
        said = "".join(self._words or ())
        self._words = None
        return said

    def _end_about(self, tag: str) -> None:
        """Properties of ours are elements with the name of the property."""
        said = self._take()
        if self._within == "DocumentProperties":
            if tag in ("Created", "LastSaved"):
                self.saved[tag] = said.strip()[: len("2019-10-24T16:05:00Z")]
        elif tag != self._within:
            self.tally.item(said)
            self.properties[unescape(tag)] = said

    # A sheet.

    def _start_table(self, name: str) -> None:
        self._name = name
        self._visible = True
        self._row = self._column = -1
        self._row_style = ""
        self._cells: dict[Position, Cell] = {}
        self._merges: list[tuple[int, int, int, int]] = []
        self._comments: dict[Position, str] = {}
        self._at: Position | None = None
        self._noted = False
        self._after_row = self._after_cell = 0

    def _end_table(self) -> None:
        sheet = Sheet(self._name, self._visible, self._cells, tuple(self._merges), self._comments)
        add_sheet(self.sheets, sheet, self.tally)

    def _start_row(self, attributes: Attributes) -> None:
        """`Span` are further rows like this one, which are empty."""
        self.tally.element()
        self._row = _number(attributes, "Index", self._row + self._after_row + 2, ROWS) - 1
        self._after_row = _number(attributes, "Span", 0, ROWS)
        self._row_style = local(attributes, "StyleID")
        self._column, self._after_cell = -1, 0

    def _start_cell(self, attributes: Attributes) -> None:
        self.tally.element()
        after = self._column + self._after_cell + 2
        self._column = _number(attributes, "Index", after, COLUMNS) - 1
        across = _number(attributes, "MergeAcross", 0, COLUMNS)
        down = _number(attributes, "MergeDown", 0, ROWS)
        self._after_cell = across
        at = (max(self._row, 0), self._column)
        if at[0] + down >= ROWS or at[1] + across >= COLUMNS:
            raise Refused("F03", "超出工作表的边界")
        if across or down:
            self.tally.item()
            self._merges.append((*at, at[0] + down, at[1] + across))
        self._at = at
        self._kind = self._value = self._comment = ""
        self._formula = _FORMULA_START.sub("", local(attributes, "Formula"), count=1)
        self._code = self._codes.get(local(attributes, "StyleID") or self._row_style, "")

    def _end_cell(self, at: Position) -> None:
        self._at = None
        if self._comment:
            self.tally.item(self._comment)
            self._comments[at] = self._comment
        cell = self._cell()
        if not cell:
            return
        if at in self._cells:
            self.tally.flags.add(Flag.DUP_CELL)
            both = f"{self._cells[at].text}\n{cell.text}"
            cell = Cell(CellKind.TEXT, both, both, cell.formula)
        self.tally.item(cell.text)
        self._cells[at] = cell

    def _cell(self) -> Cell | None:
        """The cell at hand, None for one that is empty."""
        value, formula = self._value, self._formula
        if not value:
            return Cell(CellKind.FORMULA, f"={formula}", None, formula) if formula else None
        plain = value.strip()
        number = None
        if self._kind == "Error":
            return Cell(CellKind.ERROR, plain, plain, formula)
        if self._kind == "Boolean" and plain in ("0", "1"):
            return Cell(CellKind.BOOL, "TRUE" if plain == "1" else "FALSE", plain == "1", formula)
        if self._kind == "DateTime":
            number = _moment(plain, self._code)
        elif self._kind == "Number":
            number = shown(plain, self._code, date1904=False)
        if number:
            return Cell(*number, formula)
        if self._kind not in ("String", ""):
            self.tally.flags.add(Flag.BAD_CELL)
            return Cell(CellKind.ERROR, value, value, formula)
        return Cell(CellKind.TEXT, value, value, formula)


_ABOUT = ("DocumentProperties", "CustomDocumentProperties")
_AREAS = frozenset({"Worksheet", "Styles", *_ABOUT})


_FORMULA_START = re.compile("[A-Za-z]{0,9}:?=")
"""Other programs say before it whose syntax it is: of:=SUM([.A1:.A3])."""


def _number(attributes: Attributes, name: str, usual: int, most: int) -> int:
    said = local(attributes, name)
    if said and not (said.isdecimal() and len(said) < 8):
        raise Refused("F03", "单元格地址不合规")
    found = int(said) if said else usual
    if found > most or (name == "Index" and found < 1):
        raise Refused("F03", "超出工作表的边界")
    return found


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d{1,9}):(\d\d):(\d\d(?:\.\d{1,15})?)[0.]*Z?)?")


def _moment(said: str, code: str) -> Shown | None:
    """A moment written out, by the number it is in a workbook, as that shows it.

    A duration is one too: 36 hours are noon of 1900-01-01, or as many hours of 1899-12-31.
    """
    match = _MOMENT.fullmatch(said)
    if not match:
        return None
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        return None
    origin = date(1899, 12, 30) if day >= date(1900, 3, 1) else date(1899, 12, 31)
    hours, minutes, seconds = (float(part or 0) for part in match.groups()[1:])
    serial = (day - origin).days + (hours * 3600 + minutes * 60 + seconds) / 86_400
    found = shown(repr(serial), code, date1904=False)
    if found and (found.kind == CellKind.DATE or "[" in code):
        return found
    return shown(repr(serial), "yyyy-mm-dd h:mm:ss", date1904=False)
