"""A table as text (.csv, .tsv) in, one sheet of text cells out (RFC 4180, and what Excel makes).

Excel saves in the system's code page, as UTF-8 with a mark or, as "Unicode text", in UTF-16.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from pdsfz_xl import wording as w
from pdsfz_xl.book import COLUMNS, ROWS, Book, Cell, Sheet, Tally
from pdsfz_xl.package import Limits, Refused
from pdsfz_xl.states import CellKind

NAME = "CSV"
"""What the sheet is called. A manifest is kept by the hash of the bytes, so not by the file."""

_SAMPLE = 200
"""How many records tell which delimiter it is."""


def read(data: bytes, limits: Limits) -> Book:
    """The table, every field text. Raises Refused, also where the text is no table."""
    text = _decoded(data)
    if "\0" in text:
        raise Refused(*w.FILE_KINDS["unknown"])
    delimiter = max(",;\t", key=lambda d: _agreement(text, d, limits))
    if not any(_agreement(text, delimiter, limits)):
        raise Refused(*w.FILE_KINDS["text"])
    tally = Tally(limits)
    cells: dict[tuple[int, int], Cell] = {}
    for row, fields in enumerate(_records(text, delimiter, limits)):
        if row >= ROWS or len(fields) > COLUMNS:
            raise Refused("F03", "超出工作表的边界")
        for column, said in enumerate(fields):
            tally.element()
            if said:
                tally.item(said)
                cells[row, column] = Cell(CellKind.TEXT, said, said)
    return Book((Sheet(NAME, True, cells),))


def _decoded(data: bytes) -> str:
    """GB18030 holds GBK and GB2312. UTF-8 is tried first: Chinese in GBK hardly ever is UTF-8."""
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("F03", "文字编码不认识或已损坏")


def _records(text: str, delimiter: str, limits: Limits) -> Iterator[list[str]]:
    csv.field_size_limit(limits.one_text)
    try:
        # newline="" leaves the line breaks inside quotes as they are.
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:  # without `strict` there is only one: a field beyond the limit
        raise Refused("F08", "文字过长") from error


def _agreement(text: str, delimiter: str, limits: Limits) -> tuple[int, int]:
    """How many records have the usual number of fields, and that number; (0, 0) for no table."""
    widths = Counter(len(r) for r in islice(_records(text, delimiter, limits), _SAMPLE) if r)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return (count, width) if width > 1 and 2 * count >= widths.total() else (0, 0)
