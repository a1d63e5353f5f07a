"""A bureau and a clerk at their workbooks, through openpyxl; the same work gives the same bytes."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from pdsfz_xl import form, layout
from pdsfz_xl import wording as w

FORM_HEAD = form.HEADER + 1
"""1-based row of the captions of a form."""


def opened(data: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def saved(book: Workbook, when: datetime) -> bytes:
    """The workbook as a program saved it then: openpyxl itself asks the clock."""
    made, fixed = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(fixed, "w") as after:
        for part in before.infolist():
            data = before.read(part)
            if part.filename == "docProps/core.xml":
                stamp = f"{when:%Y-%m-%dT%H:%M:%S}Z".encode()
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            after.writestr(zipfile.ZipInfo(part.filename), data)
    return fixed.getvalue()


def edited(data: bytes, when: datetime, *edits: Callable[[Workbook], object]) -> bytes:
    book = opened(data)
    for edit in edits:
        edit(book)
    return saved(book, when)


def extent(book: Workbook) -> dict[str, tuple[int, int]]:
    """The last row and column of every sheet."""
    return {sheet.title: (sheet.max_row, sheet.max_column) for sheet in book}


def columns(sheet: Worksheet, head: int = 1) -> dict[str, int]:
    """1-based, by caption; of two equal captions the first."""
    found: dict[str, int] = {}
    for cell in sheet[head]:
        if cell.value:
            found.setdefault(str(cell.value), cell.column)
    return found


def column(sheet: Worksheet, caption: str, head: int = 1) -> int:
    """The column of a caption; a new one at the right where there is none."""
    known = columns(sheet, head)
    if caption not in known:
        known[caption] = max(known.values()) + 1
        sheet.cell(head, known[caption]).value = caption
    return known[caption]


# --- a bureau ------------------------------------------------------------------------------


class Slot(NamedTuple):
    """A row of a form: whose it is, and what stands where the bureau writes."""

    unit: str
    requirement: str
    row: int
    said: dict[str, Any]


def slots(book: Workbook) -> list[Slot]:
    """The rows of a form that carry a code."""
    sheet = book[w.FORM_SHEET]
    at = columns(sheet, FORM_HEAD)
    found = []
    for row in range(FORM_HEAD + 1, sheet.max_row + 1):
        code = str(sheet.cell(row, at[w.CODE]).value or "").split("-")
        if len(code) == 4:
            said = {caption: sheet.cell(row, at[caption]).value for caption in layout.TO_FILL}
            found.append(Slot(code[1], code[2], row, said))
    return found


class Plea(NamedTuple):
    """A cell of 问题清单 where a bureau may explain: the code beside it, and what stands there."""

    code: str
    place: tuple[str, str]
    cell: str
    said: str


def pleas(book: Workbook) -> Iterator[Plea]:
    sheet = book[w.FINDINGS_SHEET] if w.FINDINGS_SHEET in book.sheetnames else None
    for *_, there, beside in sheet.iter_rows(7) if sheet else ():
        if code := str(beside.value or ""):
            _, unit, requirement, *_ = code.split("-")
            yield Plea(code, (unit, requirement), there.coordinate, str(there.value or ""))


def put(book: Workbook, row: int, caption: str, said: object) -> None:
    """Type into a row of the table of a form."""
    sheet = book[w.FORM_SHEET]
    sheet.cell(row, columns(sheet, FORM_HEAD)[caption]).value = said


def table_alone(book: Workbook) -> Workbook:
    """What somebody makes who copies the table without its codes into a workbook of his own."""
    old, new = book[w.FORM_SHEET], openpyxl.Workbook()
    for row in old.iter_rows(min_row=FORM_HEAD, min_col=2, values_only=True):
        new.active.append(row)
    return new


# --- the clerk -----------------------------------------------------------------------------


class Line(NamedTuple):
    """A row of the merged workbook: the key the clerk's words hang on, and all it says."""

    row: int
    key: str
    said: dict[str, str]


_BY_CODE = frozenset({w.MERGED_SHEET, w.CONFLICT_SHEET, w.REASSIGN_SHEET, w.CHANGED_SHEET})


def lines(sheet: Worksheet, name: str = "") -> Iterator[Line]:
    """The rows of a sheet of the merged workbook."""
    name = name or sheet.title
    captions = [str(cell.value or "") for cell in sheet[1]]
    for row, values in enumerate(sheet.iter_rows(min_row=2, values_only=True), 2):
        said = {c: str(v) for c, v in zip(captions, values, strict=True) if c and v is not None}
        parts = [said.get(caption, "") for caption in layout.ROW_KEYS[name]]
        if name in _BY_CODE:  # without the check characters
            parts = ["-".join(parts[0].split("-")[:3])]
        yield Line(row, " ".join(filter(None, parts)), said)


def version_of(line: Line) -> str:
    """Which version a row of 多次报送不一致 is about."""
    return line.said.get(w.CHOSEN_DIGEST, "").partition(".")[0]


def shuffle_rows(sheet: Worksheet, order: list[int]) -> None:
    """Sort the rows below the captions in some order, comments and all."""
    rows = list(sheet.iter_rows(min_row=2))
    held = [[(cell.value, cell.comment) for cell in rows[i]] for i in order]
    for row in rows:
        for cell in row:
            cell.comment = None
    for row, values in zip(rows, held, strict=True):
        for cell, (value, comment) in zip(row, values, strict=True):
            cell.value, cell.comment = value, comment
