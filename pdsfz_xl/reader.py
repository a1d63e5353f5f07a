"""A foreign workbook in, sparse typed cells out: bounded, and nothing typed is lost.

Existing readers turn error cells and uncached formulas into blanks, believe a false dimension or
lose Strict files; this one keeps every non-empty cell with its type (ECMA-376 part 1, 18.3).
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from pdsfz_xl import wording as w
from pdsfz_xl.package import FORM_LIMITS, Limits, Package, Refused, opened

__all__ = ["FORM_LIMITS", "Book", "Cell", "Limits", "Refused", "Sheet", "read", "sniff"]


class Cell(NamedTuple):
    """`kind` is text, number, date, bool, error or formula (one without a cached value).

    `text` is what a person reads, `value` the raw string, float or bool, `formula` without `=`.
    """

    kind: str
    text: str
    value: str | float | bool | None = None
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows and columns count from 0; only non-empty cells are there."""

    name: str
    visible: bool
    cells: Mapping[tuple[int, int], Cell]
    merges: tuple[tuple[int, int, int, int], ...] = ()
    comments: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """`properties` are the custom ones; `saved` is ISO or empty; `flags` say what was odd."""

    sheets: tuple[Sheet, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    saved: str = ""
    flags: tuple[str, ...] = ()


def read(path: Path, *, limits: Limits = FORM_LIMITS) -> Book:
    """Read an OOXML workbook. Raises Refused for anything else and for anything that bites."""
    file, size = opened(path, limits)
    with file:
        kind = sniff(file.read(8192))
        if kind != "zip":
            file.seek(0)
            raise _refusal(kind, file.read())
        package = Package(file, size, limits)
        _require_workbook(package)
        return _Workbook(package).read()


# --- what it is ----------------------------------------------------------------------------

_MAGIC = (
    (b"PK\3\4", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cfb"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"PK\5\6", "archive"),
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"GIF8", "image"),
    (b"{\\rtf", "word"),
    (b"\x09\x00", "biff"),
    (b"\x09\x02", "biff"),
    (b"\x09\x04", "biff"),
    (b"\x09\x08", "biff"),
)
_MAIL = re.compile(rb"(?i)(return-path|received|from|message-id|mime-version|subject|date): ")


def sniff(head: bytes) -> str:
    """What a file is by its first bytes, never by its name."""
    if not head:
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if not head.strip(b"\0"):
        return "zeros"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = start[:4096].lower()
    if lower.startswith(b"<"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in lower or b"<table" in lower:
            return "markup"
        return "web" if b"<html" in lower else "xml"
    if _MAIL.match(start):
        return "mail"
    text = head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head[:512]
    return "text" if text else "unknown"


def _refusal(kind: str, data: bytes) -> Refused:
    return Refused(*w.FILE_KINDS[_inside_cfb(data) if kind == "cfb" else kind])


def _inside_cfb(data: bytes) -> str:
    """Which program's compound file it is, by its stream names ([MS-CFB] 2.6.1: UTF-16LE)."""
    for stream, kind in (
        ("EncryptedPackage", "password"),
        ("WordDocument", "word"),
        ("PowerPoint Document", "slides"),
        ("__substg1.0_", "mail"),
        ("Workbook", "xls"),
        ("Book", "xls"),
    ):
        if stream.encode("utf-16-le") in data:
            return kind
    return "unknown"


def _require_workbook(package: Package) -> None:
    names = package.parts
    if "[content_types].xml" in names or any(name.startswith("xl/") for name in names):
        if any(name.startswith("xl/") for name in names):
            return
        if any(name.startswith("word/") for name in names):
            raise Refused(*w.FILE_KINDS["word"])
        if any(name.startswith("ppt/") for name in names):
            raise Refused(*w.FILE_KINDS["slides"])
        return
    if "content.xml" in names:
        raise Refused(*w.FILE_KINDS["ods"])
    if any(name.endswith(".iwa") for name in names):
        raise Refused(*w.FILE_KINDS["numbers"])
    raise Refused(*w.FILE_KINDS["archive"])


# --- XML -----------------------------------------------------------------------------------

Attributes = Mapping[str, str]
Start = Callable[[str, Attributes], None]


def _parse(
    package: Package,
    name: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Feed one part to handlers that see local names. A document type is refused at once.

    No spreadsheet program writes one; entities are how XML bites.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def refuse(*_: Any) -> int:
        raise Refused("F08", "文件里有 XML 实体或文档类型声明")

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > package.limits.depth:
            raise Refused("F08", "XML 层次过深")
        start(tag.rpartition("}")[2], attributes)

    def end_element(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(tag.rpartition("}")[2])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    if text:
        parser.CharacterDataHandler = text
    try:
        for data in package.stream(name):
            parser.Parse(data, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise Refused("F03", "XML 内容损坏") from error


def _local(attributes: Attributes, name: str) -> str | None:
    """An attribute by its local name: `r:id` keeps its namespace in expat's key."""
    for key, value in attributes.items():
        if key.rpartition("}")[2] == name:
            return value
    return None


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescape(text: str) -> str:
    """`_xHHHH_` is one UTF-16 unit (ECMA-376 22.4.2.4); surrogate pairs become one character."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# --- the workbook --------------------------------------------------------------------------


class _Link(NamedTuple):
    kind: str
    target: str


class _Workbook:
    """Reads part by part; counts cells and characters over the whole file."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.limits = package.limits
        self.flags: set[str] = set()
        self.cells = 0
        self.text = 0
        self.date1904 = False
        self.strings: list[str] = []
        self.formats: list[str] = []

    def read(self) -> Book:
        root = self.links("")
        main = next((x.target for x in root.values() if x.kind == "officeDocument"), "")
        if not self.package.has(main):
            main = "xl/workbook.xml"
        if main.lower().endswith(".bin"):
            raise Refused(*w.FILE_KINDS["xlsb"])
        if not self.package.has(main):
            raise Refused("F03", "缺少工作簿部件")
        named = self.sheet_names(main)
        links = self.links(main)
        self.read_strings(links)
        self.read_styles(links)
        self.flag_parts()
        sheets = tuple(
            sheet
            for name, state, key in named
            if (sheet := self.sheet(name, state, links.get(key)))
        )
        properties, saved = self.read_properties(root)
        return Book(sheets, properties, saved, tuple(sorted(self.flags)))

    def links(self, part: str) -> dict[str, _Link]:
        """Relationships of a part, inside the package only; nothing outside is ever followed."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, _Link] = {}

        def start(tag: str, attributes: Attributes) -> None:
            if tag != "Relationship":
                return
            kind = attributes.get("Type", "").rpartition("/")[2]
            if attributes.get("TargetMode") == "External":
                self.flags.add(f"external-{kind}")
                return
            target = attributes.get("Target", "").replace("\\", "/")
            if not target.startswith("/"):
                target = posixpath.normpath(posixpath.join(folder, target))
            found[attributes.get("Id", "")] = _Link(kind, target.lstrip("/"))

        if self.package.has(rels):
            _parse(self.package, rels, start)
        return found

    def sheet_names(self, part: str) -> list[tuple[str, str, str]]:
        """Name, state and relationship of every sheet, in tab order."""
        named: list[tuple[str, str, str]] = []
        roots: list[str] = []

        def start(tag: str, attributes: Attributes) -> None:
            roots.append(tag)
            if tag == "sheet":
                name = attributes.get("name", "")[:255]
                state = attributes.get("state", "visible")
                named.append((name, state, _local(attributes, "id") or ""))
                if len(named) > self.limits.sheets:
                    raise Refused("F08", "工作表过多")
            elif tag == "workbookPr":
                self.date1904 = attributes.get("date1904") in ("1", "true")

        _parse(self.package, part, start)
        if not roots or roots[0] != "workbook":
            raise Refused("F03", "主部件不是工作簿")
        return named

    def flag_parts(self) -> None:
        for name in self.package.parts:
            if name.endswith("vbaproject.bin"):
                self.flags.add("vba")
            elif name.startswith("xl/externallinks/"):
                self.flags.add("external-links")
            elif name.startswith("xl/drawings/"):
                self.flags.add("drawing")

    def spend(self, text: str) -> str:
        self.text += len(text)
        if len(text) > self.limits.one_text or self.text > self.limits.text:
            raise Refused("F08", "文字过长")
        return text

    def read_strings(self, links: Mapping[str, _Link]) -> None:
        part = next((x.target for x in links.values() if x.kind == "sharedStrings"), "")
        if not part or not self.package.has(part):
            return
        collector = _Text(self.limits.one_text)

        def start(tag: str, _: Attributes) -> None:
            if tag == "si":
                collector.clear()
            collector.start(tag)

        def end(tag: str) -> None:
            collector.end(tag)
            if tag == "si":
                self.strings.append(self.spend(_unescape(collector.joined())))
                if len(self.strings) > self.limits.strings:
                    raise Refused("F08", "文字过多")

        _parse(self.package, part, start, end, collector.add)

    def read_styles(self, links: Mapping[str, _Link]) -> None:
        """The number format code of every cell style; a damaged style part costs only dates."""
        part = next((x.target for x in links.values() if x.kind == "styles"), "")
        if not part or not self.package.has(part):
            return
        codes: dict[str, str] = {}
        inside = False

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal inside
            if tag == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif tag == "cellXfs":
                inside = True
            elif tag == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                self.formats.append(codes.get(number, _BUILT_IN.get(number, "")))
                if len(self.formats) > self.limits.styles:
                    raise Refused("F08", "样式过多")

        def end(tag: str) -> None:
            nonlocal inside
            inside = inside and tag != "cellXfs"

        try:
            _parse(self.package, part, start, end)
        except Refused as refused:
            if refused.rule != "F03":
                raise
            self.flags.add("styles-damaged")

    def sheet(self, name: str, state: str, link: _Link | None) -> Sheet | None:
        """One worksheet; a missing part or another kind of sheet is flagged, not refused."""
        if link and link.kind != "worksheet":
            self.flags.add(f"{link.kind}:{name}")
            return None
        if link is None or not self.package.has(link.target):
            self.flags.add(f"sheet-missing:{name}")
            return None
        grid = _Grid(self)
        _parse(self.package, link.target, grid.start, grid.end, grid.text.add)
        comments = self.read_comments(link.target)
        return Sheet(name, state == "visible", grid.cells, tuple(grid.merges), comments)

    def read_comments(self, sheet: str) -> dict[tuple[int, int], str]:
        found: dict[tuple[int, int], str] = {}
        for link in self.links(sheet).values():
            if link.kind != "comments" or not self.package.has(link.target):
                continue
            collector = _Text(self.limits.one_text)
            here: list[tuple[int, int] | None] = [None]

            def start(
                tag: str,
                attributes: Attributes,
                collector: "_Text" = collector,
                here: list[tuple[int, int] | None] = here,
            ) -> None:
                if tag == "comment":
                    collector.clear()
                    here[0] = _position(attributes.get("ref", ""))
                collector.start(tag)

            def end(
                tag: str,
                collector: "_Text" = collector,
                here: list[tuple[int, int] | None] = here,
            ) -> None:
                collector.end(tag)
                if tag == "comment" and here[0]:
                    found[here[0]] = self.spend(_unescape(collector.joined()))

            _parse(self.package, link.target, start, end, collector.add)
        return found

    def read_properties(self, root: Mapping[str, _Link]) -> tuple[dict[str, str], str]:
        """Custom properties and the save time; both only ever help, so damage is flagged."""
        values: dict[str, str] = {}
        saved = ""
        for link in root.values():
            if link.kind not in ("custom-properties", "core-properties"):
                continue
            if not self.package.has(link.target):
                continue
            collector = _Text(self.limits.one_text, every=True)
            name = [""]

            def start(
                tag: str,
                attributes: Attributes,
                collector: "_Text" = collector,
                name: list[str] = name,
            ) -> None:
                collector.clear()
                if tag == "property":
                    name[0] = attributes.get("name", "")

            def end(tag: str, collector: "_Text" = collector, name: list[str] = name) -> None:
                nonlocal saved
                if tag == "modified":
                    saved = collector.joined().strip()
                elif tag not in ("property", "Properties") and name[0]:
                    values[name[0]] = collector.joined()
                    name[0] = ""

            try:
                _parse(self.package, link.target, start, end, collector.add)
            except Refused as refused:
                if refused.rule != "F03":
                    raise
                self.flags.add("properties-damaged")
        return values, saved


class _Text:
    """Collects what stands in `t` elements, without the phonetic `rPh` ones."""

    def __init__(self, limit: int, *, every: bool = False) -> None:
        self.limit = limit
        self.every = every
        self.clear()

    def clear(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.open = False
        self.phonetic = 0

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
        if self.open or self.every:
            self.length += len(data)
            if self.length > self.limit:
                raise Refused("F08", "文字过长")
            self.pieces.append(data)

    def joined(self) -> str:
        return "".join(self.pieces)


class _Grid:
    """The cells of one worksheet part, wherever its rows and references claim to be."""

    def __init__(self, book: _Workbook) -> None:
        self.book = book
        self.cells: dict[tuple[int, int], Cell] = {}
        self.merges: list[tuple[int, int, int, int]] = []
        self.text = _Text(book.limits.one_text)
        self.row = self.column = -1
        self.at = (0, 0)
        self.kind = "n"
        self.style = ""
        self.formula: str | None = None
        self.value: str | None = None

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "row":
            self.row = self._row_number(attributes.get("r"))
            self.column = -1
        elif tag == "c":
            self.start_cell(attributes)
        elif tag in ("v", "f"):
            self.text.clear()
            self.text.open = True
            if tag == "f":
                # A cell of a shared formula often carries no text of its own.
                self.formula = ""
        elif tag in ("t", "rPh"):
            self.text.start(tag)
        elif tag == "is":
            self.text.clear()
        elif tag == "mergeCell":
            self.merge(attributes.get("ref", ""))

    def end(self, tag: str) -> None:
        if tag == "v":
            self.value = self.text.joined()
            self.text.open = False
        elif tag == "f":
            self.formula = self.text.joined()
            self.text.open = False
        elif tag in ("t", "rPh"):
            self.text.end(tag)
        elif tag == "is":
            self.value = self.text.joined()
        elif tag == "c":
            self.end_cell()

    def _row_number(self, said: str | None) -> int:
        if said is None:
            return self.row + 1
        if not said.isdecimal() or not 1 <= int(said) <= 1_048_576:
            raise Refused("F03", "行号不合规")
        return int(said) - 1

    def start_cell(self, attributes: Attributes) -> None:
        self.book.cells += 1
        if self.book.cells > self.book.limits.cells:
            raise Refused("F08", "单元格过多")
        reference = attributes.get("r")
        if reference is None:
            self.at = (max(self.row, 0), self.column + 1)
        elif position := _position(reference):
            self.at = position
        else:
            raise Refused("F03", "单元格地址不合规")
        self.column = self.at[1]
        self.kind = attributes.get("t", "n")
        self.style = attributes.get("s", "")
        self.formula = self.value = None
        self.text.clear()

    def end_cell(self) -> None:
        cell = self.cell()
        if cell is None:
            return
        if self.at in self.cells:
            self.book.flags.add("duplicate-cell")
            if self.cells[self.at].text != cell.text:
                cell = cell._replace(text=f"{self.cells[self.at].text}\n{cell.text}")
        if cell.formula.upper().startswith(("DISPIMG", "_XLFN.DISPIMG")):
            self.book.flags.add("cell-image")
        self.book.spend(cell.text)
        self.cells[self.at] = cell

    def cell(self) -> Cell | None:
        formula, value = self.formula or "", self.value
        if value is None or (value == "" and self.kind not in ("str", "inlineStr")):
            if self.formula is None:
                return None
            return Cell("formula", f"={formula}", None, formula)
        if self.kind == "s":
            index = value.strip()
            if index.isdecimal() and int(index) < len(self.book.strings):
                return _text_cell(self.book.strings[int(index)], formula)
            return Cell("error", f"#{index[:20]}", index, formula)
        if self.kind in ("str", "inlineStr"):
            return _text_cell(_unescape(value), formula)
        plain = value.strip()
        if self.kind == "b":
            truth = plain.lower() in ("1", "true")
            return Cell("bool", "TRUE" if truth else "FALSE", truth, formula)
        if self.kind == "e":
            return Cell("error", plain, plain, formula)
        if self.kind == "d":
            return Cell("date", plain.replace("T", " ").removesuffix(" 00:00:00"), plain, formula)
        return _number_cell(plain, self.format_code(), self.book.date1904, formula)

    def format_code(self) -> str:
        formats = self.book.formats
        if self.style.isdecimal() and int(self.style) < len(formats):
            return formats[int(self.style)]
        return ""

    def merge(self, said: str) -> None:
        first, _, last = said.partition(":")
        one, other = _position(first), _position(last or first)
        if one and other:
            self.merges.append((*one, *other))


_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})")


def _position(said: str) -> tuple[int, int] | None:
    """(row, column) of A1, or None for what no worksheet has."""
    match = _REFERENCE.fullmatch(said.strip())
    if not match:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if row <= 1_048_576 and column <= 16_384 else None


def _text_cell(text: str, formula: str) -> Cell | None:
    return Cell("text", text, text, formula) if text else None


# --- numbers -------------------------------------------------------------------------------

# ECMA-376 18.8.30, with the East Asian built-ins 27-36 and 50-58, which are all dates.
_BUILT_IN = {
    "9": "0%", "10": "0.00%", "14": "yyyy-mm-dd", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy",
    "18": "h:mm", "19": "h:mm:ss", "20": "h:mm", "21": "h:mm:ss", "22": "yyyy-mm-dd h:mm",
    "45": "mm:ss", "46": "[h]:mm:ss", "47": "mm:ss",
    **{str(n): "yyyy-mm-dd" for n in (*range(27, 32), 36, *range(50, 55), 57, 58)},
    **{str(n): "h:mm" for n in (32, 33, 34, 35, 55, 56)},
}  # fmt: skip
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKET = re.compile(r"\[[^\]]*\]")


def _number_cell(plain: str, code: str, date1904: bool, formula: str) -> Cell:
    try:
        value = float(plain)
    except ValueError:
        return Cell("error", plain, plain, formula)
    section = _LITERAL.sub("", code.split(";")[0])
    if re.search(r"\[(h+|m+|s+)\]", section, re.IGNORECASE):
        return Cell("number", _plain(value), value, formula)
    bare = _BRACKET.sub("", section)
    if "%" in bare:
        decimals = len(bare.partition(".")[2].split("%")[0].rstrip("#")) if "." in bare else 0
        shown = f"{value * 100:.{min(decimals, 15)}f}%"
        exact = abs(float(shown[:-1]) / 100 - value) < 1e-12
        return Cell("number", shown if exact else f"{_plain(value * 100)}%", value, formula)
    timed = re.search(r"[ymdhs]", bare, re.IGNORECASE) and not bare.lower().startswith("general")
    if timed and (said := _date(value, date1904)):
        return Cell("date", said, value, formula)
    return Cell("number", _plain(value), value, formula)


def _plain(value: float) -> str:
    """A number as a person types it: no .0, no exponent where it can be helped."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def _date(serial: float, date1904: bool) -> str:
    """ISO date, with the time when there is one; empty for what is no date.

    Excel's 1900 system counts a 29 February 1900 that never was, hence the two origins.
    """
    if not 0 <= serial < 2_958_466:
        return ""
    if date1904:
        origin = datetime(1904, 1, 1)
    else:
        origin = datetime(1899, 12, 30) if serial >= 60 else datetime(1899, 12, 31)
    moment = origin + timedelta(seconds=round(serial * 86_400))
    if serial < 1 and not date1904:
        return f"{moment:%H:%M:%S}"
    has_time = moment.hour or moment.minute or moment.second
    pattern = "%H:%M:%S" if moment.second else "%H:%M"
    return f"{moment:%Y-%m-%d} {moment.strftime(pattern)}" if has_time else f"{moment:%Y-%m-%d}"
