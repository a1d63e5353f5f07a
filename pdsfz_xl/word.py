"""A Word document (.docx, .docm) in, its tables as sheets out (ECMA-376 part 1, 17).

What stands beside the tables is a sheet of its own, so that nothing typed is lost. Headers and
footers are not looked at; no more they are in a workbook.
"""

import posixpath

from pdsfz_xl import parts
from pdsfz_xl import wording as w
from pdsfz_xl.book import COLUMNS, Book, Tally
from pdsfz_xl.package import Attributes, IllFormed, Package, Refused, local
from pdsfz_xl.page import Page
from pdsfz_xl.states import Flag


def read(package: Package) -> Book:
    """Read a package whose kind is word. Raises Refused also where it holds no table."""
    tally = Tally(package.limits)
    root = parts.links(package, "")
    main = parts.first(root, "officeDocument")
    if not package.has(main):
        main = "word/document.xml"
    if not package.has(main):
        raise Refused("F03", "缺少正文部件")
    story = _Story(tally)
    package.parse(main, story.start, story.end, story.add)
    if not story.page.tables:
        raise Refused(*w.FILE_KINDS["word"])
    sheets = story.page.sheets(_comments(package, main, tally))
    properties = parts.Properties(tally).read(package, root)
    tally.flags |= parts.telling(package, posixpath.dirname(main).casefold())
    return Book(sheets, properties.values, properties.saved, tuple(sorted(tally.flags)))


def _comments(package: Package, main: str, tally: Tally) -> dict[str, str]:
    """What is said in comments, by the number with which the text refers to each."""
    part = parts.first(parts.links(package, main), "comments")
    said = _Story(tally)
    if package.has(part):
        try:
            package.parse(part, said.start, said.end, said.add)
        except IllFormed:
            tally.flags.add(Flag.COMMENTS_DAMAGED)
    return said.comments


_ASIDE = frozenset({
    "del", "moveFrom",  # tracked: no longer there
    "Fallback",  # the same once more, for older programs (part 3)
    "rt",  # phonetics
    "pPr", "rPr",  # `tab` is a position here
    "trPrChange", "tcPrChange",  # what the properties were before
})  # fmt: skip
"""Nothing in these elements is text of today."""

_TABLE = ("tbl", "tr", "tc")
_SHAPES = ("drawing", "pict", "object")
_SAID = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
"""Elements of a run that stand for a character (17.3.3)."""


class _Story:
    """Handlers for the main part, or for the one with the comments (`comments`, by number)."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.page = Page(tally)
        self.comments: dict[str, str] = {}
        self._aside = 0
        self._inside = False
        self._comment = ""
        self._new_cell()

    def _new_cell(self) -> None:
        self._columns = 1
        self._continued = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if self._aside or tag in _ASIDE:
            self._aside += 1
        elif tag == "t":
            self._inside = True
        elif tag in _SAID:
            self.page.add(_SAID[tag])
        elif tag == "sym":
            self.page.add(_symbol(local(attributes, "char")))
        elif tag in _TABLE:
            self._start_of_table(tag)
        elif tag in ("gridBefore", "gridSpan", "vMerge"):
            self._say_of_cell(tag, local(attributes, "val"))
        elif tag == "txbxContent":
            self.page.start_text()
        else:
            self._start_other(tag, attributes)

    def _start_of_table(self, tag: str) -> None:
        if self._comment:
            return  # a comment may hold a table; what counts is that it says so
        if tag == "tbl":
            self.page.start_table()
        elif tag == "tr":
            self.page.start_row()
        else:
            self.page.start_cell()
            if not self.page.inner:
                self._new_cell()

    def _end_of_table(self, tag: str) -> None:
        if self._comment:
            return
        if tag == "tbl":
            self.page.end_table()
        elif tag == "tc":
            self.page.end_cell(self._columns, continued=self._continued)

    def _say_of_cell(self, tag: str, said: str) -> None:
        """17.4.15, 17.4.17 and 17.4.84, where no word means `continue`."""
        if self.page.inner:
            return
        if tag == "vMerge":
            self._continued = said != "restart"
        elif tag == "gridSpan":
            self._columns = max(1, _number(said))
        else:
            self.page.skip(_number(said))

    def _start_other(self, tag: str, attributes: Attributes) -> None:
        if tag == "comment":
            self._comment = local(attributes, "id")
            self.page.start_text()
        elif tag == "commentReference":
            self.page.mark(local(attributes, "id"))
        elif tag in ("footnoteReference", "endnoteReference"):
            self.tally.flags.add(Flag.FOOTNOTES)
        elif tag in _SHAPES:
            self.tally.flags.add(Flag.DRAWING)
        elif tag == "altChunk":  # a file that takes its place here when Word opens it
            self.tally.flags.add(Flag.EMBEDDED)

    def end(self, tag: str) -> None:
        if self._aside:
            self._aside -= 1
        elif tag == "t":
            self._inside = False
        elif tag == "p":
            self.page.end_paragraph()
        elif tag in _TABLE:
            self._end_of_table(tag)
        elif tag == "txbxContent":
            self.page.add_later(self.page.end_text())
        elif tag == "comment":
            self.comments[self._comment] = self.page.end_text()
            self._comment = ""

    def add(self, data: str) -> None:
        if self._inside and not self._aside:
            self.page.add(data)


def _number(said: str) -> int:
    """How many columns, 0 where none is said."""
    if said and not (said.isdecimal() and len(said) < 6 and int(said) <= COLUMNS):
        raise Refused("F03", "表格的列数不合规")
    return int(said or 0)


def _symbol(said: str) -> str:
    """A character by its number, in a font of symbols (17.3.3.30): often a tick in a box."""
    try:
        return chr(int(said, 16))
    except (ValueError, OverflowError):
        return "\ufffd"
