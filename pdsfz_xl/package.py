"""A foreign file in; a refusal in its own words, or what our readers read, checked while read.

Every limit holds twice: for what the zip directory claims, and again while a part inflates,
because the claim may be a lie.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, NoReturn
from xml.parsers import expat

from pdsfz_xl import wording as w
from pdsfz_xl.sniff import LOCAL_HEADER, sniff
from pdsfz_xl.states import Reason


class Refused(Exception):  # noqa: N818 # it is a verdict on a file, not a fault of ours
    """A foreign file is not read on. `rule` is its F code, `detail` the words for the sentence.

    `reason` is there where it may be read the next time.
    """

    def __init__(self, rule: str, detail: str, reason: Reason | None = None) -> None:
        super().__init__(rule, detail, reason)
        self.rule = rule
        self.detail = detail
        self.reason = reason


class IllFormed(Refused):
    """A part that inflates as it should but is no XML: a reader may do without the part."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one workbook may take. Sizes in bytes, text in characters.

    The thresholds were set against thousands of public workbooks: the largest honest one
    inflates to 57 MiB in 1,033 parts, and beyond 8 MiB none comes near a ratio of 250.
    """

    file: int = 60 << 20
    entries: int = 10_000
    directory: int = 4 << 20
    part: int = 100 << 20
    total: int = 200 << 20
    ratio: int = 250
    ratio_free: int = 8 << 20
    depth: int = 200
    links: int = 10_000
    sheets: int = 500
    cells: int = 500_000
    """Cells with something in them; comments, merges and custom properties count too."""
    elements: int = 5_000_000
    """Cells with a style alone: whoever formats a whole column makes a million of them."""
    strings: int = 500_000
    text: int = 32 << 20
    one_text: int = 1 << 20
    styles: int = 100_000


FORM_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is no zip, with all its bytes. `kind` is one of `_WHOLE` or inside a cfb."""

    kind: str
    data: bytes


class InMemory(NamedTuple):
    """A file that lies in an archive or a mail, opened as a path is."""

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    def open(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


@contextmanager
def opened(path: Path | InMemory, limits: Limits = FORM_LIMITS) -> "Iterator[Package | Whole]":
    """A file that may be read. Raises Refused for any other file, OSError if it won't open."""
    with path.open("rb") as file:
        head = file.read(8192)
        size = file.seek(0, 2)
        kind = sniff(head)
        if kind in ("unknown", "mail", "text") and LOCAL_HEADER in head:
            kind = "zip"  # A zip is read from its end; gateways and unpackers put things before it.
        if kind in ("csv", "text") and path.suffix.lower() in _TABLES:
            kind = "table"
        if (kind == "zip" or kind in _WHOLE) and size > limits.file:
            raise Refused("F08", f"文件有 {size >> 20} MB，超过 {limits.file >> 20} MB")
        file.seek(0)
        yield Package(file, size, limits) if kind == "zip" else _whole(kind, file)


def _whole(kind: str, file: BinaryIO) -> Whole:
    if kind not in _WHOLE:
        raise Refused(*w.FILE_KINDS[kind])
    data = file.read()
    return Whole(_inside_cfb(data) if kind == "cfb" else _WHOLE[kind], data)


# --- what it is ----------------------------------------------------------------------------

_TABLES = frozenset({".csv", ".tsv", ".txt"})
"""What delimited text is called: there is no telling it from prose by its content alone."""

_WHOLE = {
    "cfb": "",
    "biff": "xls",
    "table": "table",
    "xml2003": "xml2003",
    "html": "html",
    "web": "html",  # its table may begin beyond what was looked at
    "mht": "mht",
}
"""What is read as a whole, by what `sniff` says, and which reader is for it."""

_STREAMS = (
    ("EncryptedPackage", "password"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("WordDocument", "word"),
    ("PowerPoint Document", "slides"),
    ("__substg1.0_", "mail"),
)


def _inside_cfb(data: bytes) -> str:
    """Which program's compound file it is, by the first stream name we know.

    [MS-CFB] 2.6.1: directory entries are 128 bytes and begin with the name in UTF-16LE. What is
    embedded in a document has entries of its own, further on.
    """
    shift, directory = struct.unpack_from("<H16xI", data.ljust(512, b"\0"), 30)
    if (directory + 1) << min(shift, 12) >= len(data):
        raise Refused("F03", "文件不完整，可能没有下载完")
    found = [(at, kind) for name, kind in _STREAMS if (at := _entry(data, name)) >= 0]
    if found:
        return min(found)[1]
    return "wrapped" if _entry(data, "Package") >= 0 else "unknown"


def _entry(data: bytes, name: str) -> int:
    wanted = name.encode("utf-16-le")
    at = data.find(wanted)
    while at >= 0 and at % 128:
        at = data.find(wanted, at + 1)
    return at


def _inside_zip(package: "Package") -> str:
    """What the zip is: ooxml for a workbook, xlsb, word, ods, or a key of FILE_KINDS."""
    names = package.parts.keys()
    if not names:
        raise Refused("F03", "压缩结构是空的")
    if "xl/workbook.bin" in names:
        return "xlsb"
    if _any_under(names, "xl/"):
        return "ooxml"
    if "[content_types].xml" in names:
        known = {"word/": "word", "ppt/": "slides"}
        return next((kind for folder, kind in known.items() if _any_under(names, folder)), "ooxml")
    if "mimetype" in names and names & {"content.xml", _ENCRYPTED_ODF}:
        said = b"".join(package.stream("mimetype"))
        return "ods" if b"opendocument.spreadsheet" in said else "odf"
    if "ofd.xml" in names:
        return "ofd"
    if _any_under(names, "index/") or "index.zip" in names:
        return "numbers"
    return "archive"


_ENCRYPTED_ODF = "encrypted-package"
"""Where newer programs put the whole document once it has a password."""


def _any_under(names: Collection[str], folder: str) -> bool:
    return any(name.startswith(folder) for name in names)


# --- the zip -------------------------------------------------------------------------------


class Package:
    """The parts of a zipped document by name: any case, `\\` or `/`, a leading one or none.

    `kind` is what the zip is, as `_inside_zip` says.
    """

    def __init__(self, file: BinaryIO, size: int, limits: Limits) -> None:
        self.limits = limits
        self._inflated = 0
        with _damage_refused():
            promised = _check_end(file, size, limits)
            file.seek(0)
            self._zip = zipfile.ZipFile(file)
            entries = self._zip.infolist()
            self.parts = _check_entries(entries, limits)
            # In a damaged directory a part may just seem absent, by a wrong length that swallows
            # the entry behind it or by a wrong name. zipfile looks at neither by itself.
            if len(entries) != promised:
                raise Refused("F03", "压缩目录不完整")
            for entry in entries:
                self._zip.open(entry).close()  # compares the name with the one before the data
        self.kind = _inside_zip(self)

    def has(self, name: str) -> bool:
        return _normal(name) in self.parts

    def stream(self, name: str, block: int = 1 << 16) -> Iterator[bytes]:
        """The part's bytes, to the end, so that its checksum is verified."""
        got = 0
        with _damage_refused(), self._zip.open(self.parts[_normal(name)]) as file:
            while data := file.read(block):
                got += len(data)
                self._inflated += len(data)
                if got > self.limits.part or self._inflated > self.limits.total:
                    raise Refused("F08", "解压后的内容过大")
                yield data

    def parse(
        self,
        name: str,
        start: "Start",
        end: "Callable[[str], None] | None" = None,
        text: "Callable[[str], None] | None" = None,
    ) -> None:
        """Feed a part to handlers that see local names. Raises IllFormed, or Refused."""
        parse_xml(self.stream(name), self.limits.depth, start, end, text)


@contextmanager
def _damage_refused() -> Iterator[None]:
    """Whatever zipfile raises on a damaged archive: BadZipFile, but also a dozen others."""
    try:
        yield
    except (Refused, MemoryError):
        raise
    except zlib.error as error:
        raise Refused("F03", "压缩内容损坏") from error
    except Exception as error:
        raise Refused("F03", "压缩结构损坏") from error


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _check_end(file: BinaryIO, size: int, limits: Limits) -> int:
    """How many entries the end record promises, which is within bounds (APPNOTE 4.3.14-16)."""
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise Refused("F03", "文件不完整，可能没有下载完")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if at >= 76 and tail[at - 76 :].startswith(b"PK\6\6") and tail[at - 20 :].startswith(b"PK\6\7"):
        entries, directory = struct.unpack_from("<QQ", tail, at - 76 + 32)
    if entries > limits.entries or directory > limits.directory:
        raise Refused("F08", "压缩包里的条目过多")
    return int(entries)


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(entries) > limits.entries:
        raise Refused("F08", "压缩包里的条目过多")
    parts: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise Refused(*w.FILE_KINDS["password"])
        if entry.file_size > limits.part or (
            entry.file_size > limits.ratio_free
            and entry.file_size > limits.ratio * max(1, entry.compress_size)
        ):
            raise Refused("F08", "解压后的内容过大")
        name = _normal(entry.filename)
        if entry.is_dir() or not name:
            continue
        if name in parts:
            # Readers disagree which of two equal names counts, so neither is trusted.
            raise Refused("F03", "里面有两个同名的部件")
        parts[name] = entry
    if sum(entry.file_size for entry in entries) > limits.total:
        raise Refused("F08", "解压后的内容过大")
    spans = sorted((e.header_offset, e.header_offset + 30 + e.compress_size) for e in entries)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise Refused("F08", "压缩包里的条目互相重叠")
    return parts


# --- XML -----------------------------------------------------------------------------------

Attributes = Mapping[str, str]
Start = Callable[[str, Attributes], None]


def parse_xml(
    blocks: Iterable[bytes],
    depth: int,
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Feed XML to handlers that see local names. Raises IllFormed, or Refused."""
    parser = _parser(start, end, text, depth)
    try:
        for data in blocks:
            parser.Parse(data, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
            raise MemoryError from error
        raise IllFormed("F03", "XML 内容损坏") from error
    except (ValueError, LookupError) as error:  # an encoding that expat cannot do
        raise IllFormed("F03", "XML 的编码不认识") from error


def local(attributes: Attributes, name: str) -> str:
    """An attribute whatever its prefix, as `r:id`, or empty."""
    return next((v for k, v in attributes.items() if k.rpartition(":")[2] == name), "")


def _parser(
    start: Start,
    end: Callable[[str], None] | None,
    text: Callable[[str], None] | None,
    most: int,
) -> expat.XMLParserType:
    """An expat parser that refuses every document type and any deep nesting.

    No spreadsheet program writes a document type; entities are how XML bites.
    """
    depth = 0

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > most:
            raise Refused("F08", "XML 层次过深")
        start(tag.rpartition(":")[2], attributes)

    def end_element(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(tag.rpartition(":")[2])

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.EntityDeclHandler = _refuse_declaration
    parser.ExternalEntityRefHandler = _refuse_declaration
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    if text:
        parser.CharacterDataHandler = text
    return parser


def _refuse_declaration(*_: object) -> NoReturn:
    raise Refused("F08", "文件里有 XML 实体或文档类型声明")
