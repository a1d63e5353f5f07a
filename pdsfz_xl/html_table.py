"""A web page with tables (.xls, .html, .mht) in, every table a sheet of text cells out.

Many office systems "export to Excel" so, and Excel and WPS save it as well.
"""

import email
import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape

from pdsfz_xl import wording as w
from pdsfz_xl.book import Book, Tally
from pdsfz_xl.markup import pieces
from pdsfz_xl.package import Limits, Refused
from pdsfz_xl.page import Page


def read(data: bytes, limits: Limits) -> Book:
    """The tables of one page. Raises Refused, also where there is none."""
    return _book([_decoded(data)], limits)


def read_mht(data: bytes, limits: Limits) -> Book:
    """The same from a "single file web page", a mail of its pages (RFC 2557)."""
    pages = [p for p in email.message_from_bytes(data).walk() if p.get_content_type() == _PAGE]
    payloads = (page.get_payload(decode=True) for page in pages)
    return _book([_decoded(said) for said in payloads if isinstance(said, bytes)], limits)


_PAGE = "text/html"
_NAME = re.compile(r"<x:Name>([^<]{1,255})</x:Name>")
"""What Excel calls a sheet; it says so in a comment to itself."""


def _book(texts: Iterable[str], limits: Limits) -> Book:
    tally = Tally(limits)
    page = Page(tally)
    names: list[str] = []
    comments: dict[str, str] = {}
    for text in texts:
        names += _NAME.findall(text)
        _Tables(page, comments).read(text)
    if not page.tables:
        raise Refused(*w.FILE_KINDS["web"])
    sheets = page.sheets(comments)
    if len(names) == page.tables:
        named = zip(sheets, names, strict=False)
        sheets = (*(replace(s, name=unescape(n)) for s, n in named), *sheets[len(names) :])
    return Book(sheets, flags=tuple(sorted(tally.flags)))


# --- which characters ----------------------------------------------------------------------

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_CHARSETS = {
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb18030", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("windows-1252", "iso-8859-1", "us-ascii"), "cp1252"),
    "big5": "big5hkscs",
}
"""What is said, and what a browser takes it for (WHATWG, Encoding)."""


def _decoded(data: bytes) -> str:
    """UTF-8 where it may be that, whatever the page says: Chinese in GBK hardly ever is."""
    marked = [name for mark, name in _MARKS.items() if data.startswith(mark)]
    said = _CHARSET.search(data[:8192])
    meant = _CHARSETS.get(said[1].decode("ascii").lower(), "") if said else ""
    for encoding in marked or ["utf-8", meant, "gb18030"]:
        try:
            return data.decode(encoding or "utf-8")
        except UnicodeDecodeError:
            continue
    raise Refused("F03", "文字编码不认识或已损坏")


# --- the page ------------------------------------------------------------------------------

_BLANKS = re.compile("[ \\t\\r\\n\\f]+")
_BLOCKS = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "dl", "dt", "dd", "center"}
    | {"blockquote", "pre", "hr", "caption", "section", "article", "header", "footer", "form"}
    | {"table", "tr", "td", "th", "thead", "tbody", "tfoot", "body"}
)
"""Where they begin and end a line does."""

_WIDEST, _HIGHEST = 1_000, 65_534
"""What HTML (4.9.11) lets a cell span."""

_SPAN = re.compile(r"\b(colspan|rowspan)\s*=\s*[\"']?\s*\+?(\d{1,9})", re.IGNORECASE)


class _Tables:
    """Tells the page what comes next. End tags may be missing."""

    def __init__(self, page: Page, comments: dict[str, str]) -> None:
        self._page = page
        self._comments = comments
        self._noting = False
        self._line: list[str] = []
        self._spans = (1, 1)

    def read(self, text: str) -> None:
        for kind, name, rest in pieces(text):
            if kind == "text":
                self._line.append(rest)
            elif kind == "start":
                self._start(name, rest)
            else:
                self._end(name)
        self._end_block()
        self._end_cell()

    def _start(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._end_block()
        if tag == "table":
            self._page.start_table()
        elif tag == "tr":
            self._end_cell()
            self._page.start_row()
        elif tag in ("td", "th"):
            self._end_cell()
            self._page.start_cell()
            if not self._page.inner:
                self._spans = _spans(attributes)
        elif tag == "comment" and self._page.in_cell and not self._noting:
            self._end_block()
            self._noting = True
            self._page.start_text()

    def _end(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        if tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag == "comment":
            self._end_comment()
        elif tag == "table":
            self._end_cell()
            self._page.end_table()

    def _end_comment(self) -> None:
        """LibreOffice writes the comments of a cell into it, in elements of its own."""
        if self._noting:
            self._noting = False
            self._end_block()
            key = str(len(self._comments))
            self._comments[key] = self._page.end_text()
            self._page.mark(key)

    def _end_cell(self) -> None:
        if not self._page.inner:
            self._end_comment()
        self._page.end_cell(*self._spans)

    def _end_block(self) -> None:
        if any(piece.strip(" \t\r\n\f") for piece in self._line):
            self._end_line()
        self._line.clear()

    def _end_line(self) -> None:
        """A break in the source is a blank, and none at the ends; a lone fixed one is nothing.

        Several blanks are kept, which a browser would not do: somebody typed them.
        """
        said = _BLANKS.sub(_blank, "".join(self._line)).strip(" ")
        self._line.clear()
        self._page.add("" if said == "\u00a0" else said)
        self._page.end_paragraph()


def _blank(match: re.Match[str]) -> str:
    return " " if match[0].strip(" ") else match[0]


def _spans(attributes: str) -> tuple[int, int]:
    """Columns and rows; 0 and what is no number are 1, and what is too much is the most."""
    said = {name.lower(): int(number) for name, number in _SPAN.findall(attributes)}
    columns, rows = (max(1, said.get(name, 1)) for name in ("colspan", "rowspan"))
    return min(columns, _WIDEST), min(rows, _HIGHEST)
