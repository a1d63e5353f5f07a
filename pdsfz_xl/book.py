"""What a foreign workbook holds, whatever its format: sheets of sparse typed cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pdsfz_xl.package import Limits, Refused
from pdsfz_xl.states import CellKind, Flag

ROWS, COLUMNS = 1_048_576, 16_384

Position = tuple[int, int]
"""Row and column, from 0."""


class Cell(NamedTuple):
    """`text` is what a person reads, `value` a raw string, float or bool, `formula` has no `=`."""

    kind: CellKind
    text: str
    value: str | float | bool | None = None
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows and columns count from 0; only non-empty cells are there, also those under a merge."""

    name: str
    visible: bool
    cells: Mapping[Position, Cell]
    merges: tuple[tuple[int, int, int, int], ...] = ()
    comments: Mapping[Position, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """`properties` are the custom ones; `saved` is ISO or empty; `flags` say what was odd."""

    sheets: tuple[Sheet, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    saved: str = ""
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """What is counted over a whole file, so that many small parts are no way around a limit."""

    limits: Limits
    flags: set[str] = field(default_factory=set)
    elements: int = 0
    items: int = 0
    characters: int = 0

    def element(self) -> None:
        """A cell, even an empty one."""
        self.elements += 1
        if self.elements > self.limits.elements:
            raise Refused("F08", "单元格过多")

    def item(self, text: str = "") -> None:
        """A thing we keep, and its text."""
        self.items += 1
        self.characters += len(text)
        if self.items > self.limits.cells:
            raise Refused("F08", "单元格过多")
        if self.characters > self.limits.text:
            raise Refused("F08", "文字过长")


def add_sheet(sheets: list[Sheet], sheet: Sheet, tally: Tally) -> None:
    """Append a sheet; a name that is there already is flagged. Raises Refused for one too many."""
    if any(sheet.name.casefold() == other.name.casefold() for other in sheets):
        tally.flags.add(Flag.DUP_SHEET)
    sheets.append(sheet)
    if len(sheets) > tally.limits.sheets:
        raise Refused("F08", "工作表过多")
