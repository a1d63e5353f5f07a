"""An OpenDocument spreadsheet in, the same typed cells out (OpenDocument 1.3 part 3).

Other readers lose error cells and let a short file repeat one cell a billion times.
"""

import re
from collections.abc import Mapping

from pdsfz_xl import wording as w
from pdsfz_xl.book import COLUMNS, ROWS, Book, Cell, Position, Sheet, Tally, add_sheet
from pdsfz_xl.package import Attributes, IllFormed, Package, Refused, local
from pdsfz_xl.shown import iso, shown
from pdsfz_xl.states import CellKind, Flag

_TELLING = {"basic/": Flag.VBA, "objectreplacements/": Flag.EMBEDDED}
"""What the beginning of a part's name tells. None of these parts is ever read."""


def read(package: Package) -> Book:
    """Read a package whose kind is ods. Raises Refused for anything that bites."""
    if _encrypted(package) or not package.has("content.xml"):
        raise Refused(*w.FILE_KINDS["password"])
    tally = Tally(package.limits)
    content = _Content(tally)
    package.parse("content.xml", content.start, content.end, content.add)
    if not content.sheets:
        raise Refused("F03", "工作表的内容不见了")
    about = _About(tally)
    if package.has("meta.xml"):
        try:
            package.parse("meta.xml", about.start, about.end, about.words.add)
        except IllFormed:
            tally.flags.add(Flag.PROPERTIES_DAMAGED)
    for start, flag in _TELLING.items():
        if any(name.startswith(start) for name in package.parts):
            tally.flags.add(flag)
    return Book(tuple(content.sheets), about.values, about.saved, tuple(sorted(tally.flags)))


def _encrypted(package: Package) -> bool:
    """The manifest says so of every part (part 2); their zip entries look like any other."""
    found: list[str] = []
    if package.has("META-INF/manifest.xml"):
        package.parse("META-INF/manifest.xml", lambda tag, _: found.append(tag))
    return "encryption-data" in found


_SPACES = re.compile("[ \\t\\n]+")
"""Without CR: one that reaches us was written as a reference, which is how a typed one is kept."""


class _Words:
    """What stands in paragraphs, white space as 6.1.2 has it: runs of it are one space.

    But not across elements: LibreOffice writes the blanks on both sides of a change of style as
    they are typed.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        self.pieces: list[str] = []
        self.length = self.paragraphs = self.inside = 0
        self.after_space = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in ("p", "h"):
            if self.paragraphs:
                self.put("\n")
            self.paragraphs += 1
            self.inside += 1
            self.after_space = True  # white space at the beginning does not count
            return
        self.after_space = False
        if not self.inside:
            return
        if tag == "s":
            self.put(" " * _times(local(attributes, "c"), self.limit))
        elif tag == "tab":
            self.put("\t")
        elif tag == "line-break":
            self.put("\n")

    def end(self, tag: str) -> None:
        self.after_space = False
        if tag in ("p", "h"):
            self.inside -= 1

    def add(self, data: str) -> None:
        if self.inside and data:
            one = _SPACES.sub(" ", data)
            self.put(one[1:] if self.after_space and one[0] == " " else one)
            self.after_space = one[-1] == " "

    def put(self, text: str) -> None:
        self.after_space = False
        self.length += len(text)
        if self.length > self.limit:
            raise Refused("F08", "文字过长")
        self.pieces.append(text)

    def take(self) -> str:
        text = "".join(self.pieces)
        self.clear()
        return text


def _times(said: str, most: int) -> int:
    """A number of repetitions, 1 where none is said."""
    if said and not (said.isdecimal() and len(said) < 10):
        raise Refused("F03", "重复次数不合规")
    number = int(said or 1)
    if number > most:
        raise Refused("F08", "重复次数过多")
    return number


_CELLS = ("table-cell", "covered-table-cell")
_SHAPES = frozenset(
    {"frame", "g", "custom-shape", "rect", "line", "ellipse", "circle", "polygon", "polyline"}
    | {"path", "connector", "caption", "measure", "regular-polygon", "control", "shapes"}
)
"""What may have words in it that are no cell's, in a cell or, under `shapes`, on the page."""
_UNREAD = frozenset({"image", "object", "object-ole", "plugin", "applet", "control"})
_ASIDE = frozenset({"tracked-changes", "dde-links", "content-validations", "ruby-text"})
"""Words in these are nobody's: what was deleted, help, phonetics."""


class _Content:
    """Handlers for content.xml: the styles that hide sheets, then the sheets."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.sheets: list[Sheet] = []
        self._text, self._comment, self._drawn = (_Words(tally.limits.one_text) for _ in range(3))
        self._words = self._text
        self._hidden: set[str] = set()
        self._style = ""
        self._aside = self._shapes = 0
        self._tables = 0  # a table in a cell is that cell's text
        self._inside = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if self._aside or tag in _ASIDE:
            self._aside += 1
        elif self._shapes or (self._tables and tag in _SHAPES):
            self._start_in_shape(tag, attributes)
        elif tag == "style":
            self._style = local(attributes, "name")
        elif tag == "table-properties" and local(attributes, "display") == "false":
            self._hidden.add(self._style)
        elif tag == "table":
            self._tables += 1
            if self._tables == 1:
                self._start_table(attributes)
        elif self._tables == 1 and tag == "table-row":
            self._columns = 0
            self._repeat = _times(local(attributes, "number-rows-repeated"), ROWS)
            self._found: list[tuple[int, int, Cell]] = []
        elif self._tables == 1 and tag in _CELLS:
            self._start_cell(attributes)
        elif self._inside and tag == "annotation":
            self._words = self._comment
        elif self._inside:
            self._words.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self._aside:
            self._aside -= 1
        elif self._shapes:
            self._end_in_shape(tag)
        elif tag == "table":
            self._tables -= 1
            if not self._tables:
                self._end_table()
        elif self._tables == 1 and tag == "table-row":
            self._end_row()
        elif self._tables == 1 and tag in _CELLS:
            self._end_cell()
        elif self._inside and tag == "annotation":
            self._words = self._text
        elif self._inside:
            self._words.end(tag)

    def add(self, data: str) -> None:
        if self._aside:
            return
        (self._drawn if self._shapes else self._words).add(data)

    # A shape.

    def _start_in_shape(self, tag: str, attributes: Attributes) -> None:
        self._shapes += 1
        if tag in _UNREAD:
            self.tally.flags.add(Flag.DRAWING)
        self._drawn.start(tag, attributes)

    def _end_in_shape(self, tag: str) -> None:
        self._shapes -= 1
        self._drawn.end(tag)
        if not self._shapes and not self._inside:
            self._say((0, 0), self._drawn.take())  # on the page: at no cell, so at A1

    def _say(self, at: Position, *said: str) -> None:
        """Keep what is written beside a cell."""
        whole = "\n".join(text for text in (self._comments.get(at, ""), *said) if text.strip())
        if whole:
            self.tally.item(whole)
            self._comments[at] = whole

    # A sheet.

    def _start_table(self, attributes: Attributes) -> None:
        self._name = local(attributes, "name")[:255]
        self._visible = local(attributes, "style-name") not in self._hidden
        self._row = 0
        self._cells: dict[Position, Cell] = {}
        self._merges: list[tuple[int, int, int, int]] = []
        self._comments: dict[Position, str] = {}

    def _end_table(self) -> None:
        sheet = Sheet(self._name, self._visible, self._cells, tuple(self._merges), self._comments)
        add_sheet(self.sheets, sheet, self.tally)

    def _end_row(self) -> None:
        """Every cell of the row as often as it is repeated, counted one by one."""
        end = self._row + self._repeat
        if self._found and end > ROWS:
            raise Refused("F03", "超出工作表的边界")
        for column, repeat, cell in self._found:
            for row in range(self._row, end):
                for place in range(column, column + repeat):
                    self.tally.item(cell.text)
                    self._cells[row, place] = cell
        self._row = end

    # A cell.

    def _start_cell(self, attributes: Attributes) -> None:
        self.tally.element()
        self._inside = True
        self._said = {
            name.rpartition(":")[2]: value
            for name, value in attributes.items()
            if not name.startswith(_NEWER)
        }
        self._error = attributes.get(f"{_NEWER}value-type") == "error"

    def _end_cell(self) -> None:
        self._inside = False
        said, at = self._said, (self._row, self._columns)
        text, beside = self._text.take(), (self._comment.take(), self._drawn.take())
        repeat = _times(said.get("number-columns-repeated", ""), ROWS)
        self._columns += repeat
        cell = _cell(said, text, error=self._error)
        if (cell or any(beside)) and self._columns > COLUMNS:
            raise Refused("F03", "超出工作表的边界")
        if cell:
            self._found.append((at[1], repeat, cell))
        if any(beside):
            self._say(at, *beside)
        rows = _times(said.get("number-rows-spanned", ""), ROWS)
        columns = _times(said.get("number-columns-spanned", ""), COLUMNS)
        if rows * columns > 1:
            self.tally.item()
            self._merges.append((*at, at[0] + rows - 1, at[1] + columns - 1))


# --- what a cell holds ---------------------------------------------------------------------

_NEWER = "calcext:"
"""LibreOffice's own attributes, which repeat the standard ones and know errors besides."""

_NUMBERS = ("float", "currency", "percentage")
_FORMULA_START = re.compile(r"[A-Za-z]*:?=")
_ERROR = re.compile(r"#[A-Z][A-Z0-9/_]*[!?]?|Err:\d{3}")
_DURATION = re.compile(r"PT(\d{1,9})H(\d{1,9})M(\d{1,9}(?:[.,]\d+)?)S")

_Said = Mapping[str, str]
"""The attributes of a cell by local name: office:value-type and its neighbours."""


def _formula(said: _Said) -> str:
    """Without its prefix, which says whose syntax it is: of:=SUM([.A1:.A3])."""
    return _FORMULA_START.sub("", said.get("formula", ""), count=1)


def _cell(said: _Said, text: str, *, error: bool) -> Cell | None:
    """The cell, None for one that is empty. `text` is what the program showed.

    OpenOffice and Excel do not say that a cell holds an error: its value is 0.
    """
    kind, formula = said.get("value-type", ""), _formula(said)
    text = text or said.get("string-value", "")
    if text and (error or (_ERROR.fullmatch(text) and (formula or kind in _NUMBERS))):
        return Cell(CellKind.ERROR, text, text, formula)
    if kind in _NUMBERS and text in ("TRUE", "FALSE"):  # LibreOffice makes TRUE() a 1
        return Cell(CellKind.BOOL, text, text == "TRUE", formula)
    if kind in _NUMBERS:
        return _number(said.get("value", ""), _code(kind, text), text, formula)
    if kind == "date" and said.get("date-value"):
        return Cell(CellKind.DATE, iso(said["date-value"]), said["date-value"], formula)
    if kind == "time" and (match := _DURATION.fullmatch(said.get("time-value", ""))):
        hours, minutes, seconds = (float(part.replace(",", ".")) for part in match.groups())
        days = (hours * 3600 + minutes * 60 + seconds) / 86_400
        return _number(repr(days), "h:mm" if days < 1 else "[h]:mm", text, formula)
    if kind == "boolean" and (truth := said.get("boolean-value")) in ("true", "false"):
        return Cell(CellKind.BOOL, truth.upper(), truth == "true", formula)
    if text:
        return Cell(CellKind.TEXT, text, text, formula)
    return Cell(CellKind.FORMULA, f"={formula}", None, formula) if formula and not kind else None


def _number(written: str, code: str, text: str, formula: str) -> Cell | None:
    number = shown(written, code, date1904=False)
    if number:
        return Cell(*number, formula)
    return Cell(CellKind.TEXT, text, text, formula) if text else None


def _code(kind: str, text: str) -> str:
    """The number format as far as it matters, from what it made of the number."""
    if kind == "percentage":
        return f"0.{'0' * len(text.rstrip('%').partition('.')[2])}%"
    return "0" * len(text) if text.startswith("0") and text.isdecimal() else ""


# --- beside the sheets ---------------------------------------------------------------------


class _About:
    """Handlers for meta.xml: the save time, local and without a zone, and custom properties."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.words = _Words(tally.limits.one_text)
        self.values: dict[str, str] = {}
        self.saved = self._name = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        self.words.clear()
        self.words.inside = 1
        self._name = local(attributes, "name") if tag == "user-defined" else ""

    def end(self, tag: str) -> None:
        text = self.words.take()
        if tag == "date":
            self.saved = text.strip()[: len("2019-10-24T16:05:00")]
        elif tag == "user-defined" and self._name:
            self.tally.item(text)
            self.values[self._name] = text
