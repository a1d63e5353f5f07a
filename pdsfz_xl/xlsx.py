"""A workbook of today (.xlsx, .xlsm, .xltx) in, its typed cells out (ECMA-376 part 1, 18).

Existing readers turn error cells and uncached formulas into blanks, believe a false dimension or
lose Strict files; this one keeps every non-empty cell with its type.
"""

from collections.abc import Iterator

from pdsfz_xl import drawing, parts
from pdsfz_xl import wording as w
from pdsfz_xl.book import Book, Position, Sheet, Tally
from pdsfz_xl.grid import Grid, Words, position, unescape
from pdsfz_xl.package import Attributes, IllFormed, Limits, Package, Refused, local
from pdsfz_xl.shown import BUILT_IN
from pdsfz_xl.states import Flag


def read(package: Package) -> Book:
    """Read a package whose kind is ooxml. Raises Refused for anything that bites."""
    return _Workbook(package).read()


# --- the workbook --------------------------------------------------------------------------

_MACRO_SHEETS = ("xlMacrosheet", "xlIntlMacrosheet")


class _Workbook:
    """Reads one package part by part."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.limits = package.limits
        self.tally = Tally(package.limits)

    def read(self) -> Book:
        root = parts.links(self.package, "")
        main = self.main_part(root)
        contents = _Contents(self.limits.sheets)
        self.package.parse(main, contents.start)
        if contents.root != "workbook":
            raise Refused(*w.FILE_KINDS["unknown"])
        links = parts.links(self.package, main)
        sheets = tuple(self.sheets(contents, links))
        if contents.sheets and not sheets and Flag.XLM not in self.tally.flags:
            raise Refused("F03", "工作表的内容不见了")
        properties = parts.Properties(self.tally).read(self.package, root)
        self.tally.flags |= contents.flags() | parts.telling(self.package, "xl")
        flags = tuple(sorted(self.tally.flags))
        return Book(sheets, properties.values, properties.saved, flags)

    def main_part(self, root: parts.Links) -> str:
        main = parts.first(root, "officeDocument")
        if not self.package.has(main):
            main = "xl/workbook.xml"
        if main.lower().endswith(".bin"):
            raise Refused(*w.FILE_KINDS["xlsb"])
        if not self.package.has(main):
            raise Refused("F03", "缺少工作簿部件")
        return main

    def sheets(self, contents: "_Contents", links: parts.Links) -> Iterator[Sheet]:
        """Every worksheet; a missing part or another kind of sheet is flagged, not refused."""
        strings, formats = self.read_strings(links), self.read_styles(links)
        for name, state, key in contents.sheets:
            link = links.get(key)
            if link is None or not self.package.has(link.target):
                self.tally.flags.add(f"{Flag.SHEET_MISSING}:{name}")
            elif link.kind != "worksheet":
                self.tally.flags.add(
                    Flag.XLM if link.kind in _MACRO_SHEETS else f"{Flag.NOT_CELLS}:{name}"
                )
            else:
                grid = Grid(self.tally, strings, formats, date1904=contents.date1904)
                self.package.parse(link.target, grid.start, grid.end, grid.words.add)
                comments = self.read_comments(link.target)
                visible = state not in ("hidden", "veryHidden")
                yield Sheet(name, visible, grid.cells, tuple(grid.merges), comments)

    def read_strings(self, links: parts.Links) -> list[str]:
        """The shared strings, by index."""
        part = parts.first(links, "sharedStrings")
        strings = _Strings(self.limits)
        if self.package.has(part):
            self.package.parse(part, strings.start, strings.end, strings.words.add)
        elif part:
            self.tally.flags.add(Flag.STRINGS_MISSING)
        return strings.found

    def read_styles(self, links: parts.Links) -> list[str]:
        """The number format code of every cell style. Without it only dates read as numbers."""
        part = parts.first(links, "styles")
        styles = _Styles(self.limits.styles)
        if self.package.has(part):
            try:
                self.package.parse(part, styles.start, styles.end)
            except IllFormed:
                self.tally.flags.add(Flag.STYLES_DAMAGED)
        return styles.formats()

    def read_comments(self, sheet: str) -> dict[Position, str]:
        """What is written beside the cells: comments, and text boxes at their anchor.

        Of a thread the old-style comment is only a copy, with a notice about Excel versions.
        """
        notes: dict[Position, str] = {}
        threads: dict[Position, str] = {}
        links = parts.links(self.package, sheet)
        for link in links.values():
            found = {"comments": notes, "threadedComment": threads}.get(link.kind)
            if found is not None and self.package.has(link.target):
                said = _Comments(self.tally, found)
                self.package.parse(link.target, said.start, said.end, said.words.add)
        comments = notes | threads
        drawing.read(self.package, links, self.tally, comments)
        return comments


# --- the parts beside the sheets -----------------------------------------------------------


class _Contents:
    """The workbook part: name, state and relationship of every sheet, in tab order."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.root = ""
        self.strict = self.date1904 = False
        self.sheets: list[tuple[str, str, str]] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        if not self.root:
            self.root = tag
            self.strict = any("purl.oclc.org/ooxml" in v for v in attributes.values())
        elif tag == "sheet":
            name = attributes.get("name", "")[:255]
            self.sheets.append((name, attributes.get("state", ""), local(attributes, "id")))
            if len(self.sheets) > self.most:
                raise Refused("F08", "工作表过多")
        elif tag == "workbookPr":
            self.date1904 = attributes.get("date1904") in ("1", "true")

    def flags(self) -> set[str]:
        names = {name.casefold() for name, _, _ in self.sheets}
        found = {Flag.STRICT} if self.strict else set()
        return found | ({Flag.DUP_SHEET} if len(names) < len(self.sheets) else set())


class _Strings:
    """The shared strings."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.words = Words(limits.one_text)
        self.found: list[str] = []
        self.characters = 0

    def start(self, tag: str, _: Attributes) -> None:
        if tag == "si":
            self.words.clear()
        else:
            self.words.start(tag)

    def end(self, tag: str) -> None:
        if tag != "si":
            self.words.end(tag)
            return
        text = unescape(self.words.take())
        self.found.append(text)
        self.characters += len(text)
        if self.characters > self.limits.text or len(self.found) > self.limits.strings:
            raise Refused("F08", "文字过多")


class _Styles:
    """The styles part: which number format a cell style has."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.codes: dict[str, str] = {}
        self.numbers: list[str] = []
        self.inside = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "numFmt":
            self.codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self.inside = True
        elif tag == "xf" and self.inside:
            self.numbers.append(attributes.get("numFmtId", "0"))
        if len(self.numbers) > self.most or len(self.codes) > self.most:
            raise Refused("F08", "样式过多")

    def end(self, tag: str) -> None:
        self.inside = self.inside and tag != "cellXfs"

    def formats(self) -> list[str]:
        return [self.codes.get(n, BUILT_IN.get(n, "")) for n in self.numbers]


class _Comments:
    """A part of comments, old-style or threaded: what is said at which cell."""

    def __init__(self, tally: Tally, found: dict[Position, str]) -> None:
        self.tally = tally
        self.found = found
        self.words = Words(tally.limits.one_text)
        self.at: Position | None = None
        self.threaded = False

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in ("comment", "threadedComment"):
            self.threaded = tag == "threadedComment"
            self.words.clear()
            self.at = position(attributes.get("ref", ""))
        elif tag == "text" and self.threaded:
            self.words.open = True  # a thread has its words here, an old-style comment in `t`
        else:
            self.words.start(tag)

    def end(self, tag: str) -> None:
        self.words.end(tag)
        if tag not in ("comment", "threadedComment") or self.at is None:
            return
        text = unescape(self.words.take())
        self.tally.item(text)
        before = self.found.get(self.at)
        self.found[self.at] = f"{before}\n{text}" if before else text
