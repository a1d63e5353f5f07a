"""Lines of a table in, pages of physical rows out: what no client need clip or break elsewhere.

A spreadsheet cuts off what does not fit a row, and no row can be higher than 409 pt. So a line that
is too high becomes several rows, and a page ends where we say. Heights are in pt and upper bounds.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pdsfz_xl import wording as w
from pdsfz_xl import wrapping

_BRIEF = 60
"""Characters of a label that is too long to be said again on every page."""
_WHOLE = 0.35
"""Of a page: a line that is lower than this is not parted."""
_FEW = 4
"""Lines of text that are not worth beginning on a page, unless they are all there is."""


class Group(NamedTuple):
    """What the first columns of neighbouring lines share; said again on every page."""

    key: Hashable
    texts: tuple[str, ...]


class Line(NamedTuple):
    """A line of the table: the band it is in, then groups, outermost first, then its own cells.

    A band is a row over all columns, of at most four lines of text. The last cell goes on to the
    last column.
    """

    band: str
    groups: tuple[Group, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Of the pages. `rooms` is the width of each column in em of the text."""

    height: float
    """For rows, below the captions that return on every page."""
    rooms: tuple[float, ...]
    pitch: float
    padding: float = 6.0
    tallest: float = 400.0
    """Of a row: Excel takes 409 pt."""
    longest: int = 960
    """Characters of a cell: older versions print no more than about 1,024."""

    def __post_init__(self) -> None:
        if self.height < self.tallest + 4 * (self.pitch + self.padding):
            raise ValueError("the highest row and its band must fit a page")

    @property
    def last(self) -> int:
        return len(self.rooms) - 1

    def needs(self, text: str, first: int, last: int) -> float:
        """The height of a text over some columns."""
        return self.high(wrapping.count(text, self.room(first, last)))

    def high(self, lines: int) -> float:
        return lines * self.pitch + self.padding

    def room(self, first: int, last: int) -> float:
        return sum(self.rooms[first : last + 1])

    def fits(self, text: str, first: int, last: int, height: float) -> bool:
        """Whether a text can stand in one cell."""
        return len(text) <= self.longest and self.needs(text, first, last) <= height


class Printed(NamedTuple):
    """A row on paper. `line` is the place of the line it is of; a band has the next one's.

    `cells` are pieces by column: all that a line's rows have in a column is the line's text.
    """

    line: int
    cells: tuple[str, ...]
    height: float
    band: bool = False
    begins: bool = True
    ends: bool = True


class Label(NamedTuple):
    """What rows `first` to `last` of a page say together in a column."""

    column: int
    first: int
    last: int
    text: str


class Page(NamedTuple):
    rows: tuple[Printed, ...]
    labels: tuple[Label, ...]


def shown(piece: str) -> str:
    """A piece as its cell shows it: the line end at which a text was parted is none."""
    return piece.removesuffix("\n")


def brief(text: str) -> str:
    """A label that is too long to be said on every page, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 1]}…"


def paginate(lines: Iterable[Line], geometry: Geometry) -> Iterator[Page]:
    """Every line in order, with its labels at the top of every page it is on."""
    press = _Press(geometry)
    before: Line | None = None
    for place, line in enumerate(lines):
        press.set(place, line, before)
        before = line
        yield from press.finished()
    press.turn()
    yield from press.finished()


class _Run(NamedTuple):
    """A group on the page at hand: its labels by column, their height, the row they begin at."""

    key: Hashable
    labels: tuple[tuple[int, str], ...]
    need: float
    first: int


class _Flow:
    """What of a line is not yet on paper: its cells, and the labels too long to be merged."""

    def __init__(self, line: Line, before: Line | None, geometry: Geometry) -> None:
        self.geometry = geometry
        self.begins = True
        self._left: dict[int, str] = {}
        self._groups: list[tuple[Group, int, bool]] = []
        known = before.groups if before and before.band == line.band else ()
        column, new = 0, False
        for level, group in enumerate(line.groups):
            new = new or level >= len(known) or known[level].key != group.key
            self._groups.append((group, column, new))
            for text in group.texts:
                if new and not self._is_label(text, column):
                    self._left[column] = text
                column += 1
        self._left |= dict(enumerate(line.cells, column))
        self._last = column + len(line.cells) - 1

    def _is_label(self, text: str, column: int) -> bool:
        return self.geometry.fits(w.continued_label(text), column, column, self.geometry.tallest)

    def _span(self, column: int) -> tuple[int, int]:
        return column, self.geometry.last if column == self._last else column

    @property
    def goes_on(self) -> bool:
        return self.begins or any(self._left.values())

    @property
    def height(self) -> float:
        needs = (self.geometry.needs(t, *self._span(c)) for c, t in self._left.items())
        return max(needs)

    def labels(self, level: int) -> tuple[tuple[int, str], ...]:
        """What a group says over the next row, by column, if its labels begin with that.

        Where pieces of a label stand in the row itself, nothing.
        """
        group, first, new = self._groups[level]
        again = not (new and self.begins)
        said = []
        for column, text in enumerate(group.texts, first):
            if self._left.get(column) or (column in self._left and self.begins):
                continue
            short = text if self._is_label(text, column) else brief(text)
            said.append((column, w.continued_label(short) if again and column == first else short))
        return tuple(said)

    def take(self, room: float) -> tuple[tuple[str, ...], float]:
        """As much as a row of that height holds, in every column, and the height it takes."""
        g = self.geometry
        cells = [""] * len(g.rooms)
        most = int((room - g.padding) / g.pitch)
        height = g.high(1)
        for column, text in self._left.items():
            span = self._span(column)
            at = wrapping.cut(text, g.room(*span), most, g.longest)
            cells[column], self._left[column] = text[:at], text[at:]
            height = max(height, g.needs(shown(text[:at]), *span))
        self.begins = False
        return tuple(cells), height


class _Press:
    """The page at hand. Where labels are higher than their rows, the last of these is raised."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.done: list[Page] = []
        self.before: str | None = None  # the band that came last
        self.clear()

    def clear(self) -> None:
        self.rows: list[Printed] = []
        self.labels: list[Label] = []
        self.runs: list[_Run] = []
        self.band: str | None = None
        self.used = 0.0

    def finished(self) -> Iterator[Page]:
        yield from self.done
        self.done.clear()

    def turn(self) -> None:
        """The page is full."""
        self.close(0)
        if self.rows:
            self.done.append(Page(tuple(self.rows), tuple(self.labels)))
        self.clear()

    def set(self, place: int, line: Line, before: Line | None) -> None:
        """Put a line on paper, in as many rows as it takes."""
        flow = _Flow(line, before, self.geometry)
        while flow.goes_on:
            runs = self.next_runs(line, flow)
            room = self.room(line.band, runs)
            high = flow.height
            if self.rows and high > room and not self.is_worth_parting(high, room):
                self.turn()
                continue
            self.open(place, line.band, runs)
            begins = flow.begins
            cells, height = flow.take(room)
            self.put(Printed(place, cells, height, begins=begins, ends=not flow.goes_on))

    def is_worth_parting(self, high: float, room: float) -> bool:
        g = self.geometry
        return room >= g.high(_FEW) and high > _WHOLE * g.height

    def next_runs(self, line: Line, flow: _Flow) -> list[_Run]:
        """The groups over the line's next row; those on the page already as they are."""
        runs: list[_Run] = []
        goes_on = line.band == self.band
        for level, group in enumerate(line.groups):
            labels = flow.labels(level)
            old = self.runs[level] if level < len(self.runs) else None
            goes_on = goes_on and old is not None and old.key == group.key
            goes_on = goes_on and old is not None and _columns(old.labels) == _columns(labels)
            if goes_on and old is not None:
                runs.append(old)
            else:
                needs = (self.geometry.needs(text, c, c) for c, text in labels)
                runs.append(_Run(group.key, labels, max(needs, default=0.0), len(self.rows)))
        return runs

    def room(self, band: str, runs: list[_Run]) -> float:
        """The height a row under these groups can have; 0 where not even their labels fit."""
        raised = self.lack(self.keep(runs))
        left = self.geometry.height - self.used - raised - self.band_height(band)
        for run in runs:
            here = self.height(run) + raised if run in self.runs else 0.0
            if run.need - here > left:
                return 0.0
        return min(left, self.geometry.tallest)

    def band_height(self, band: str) -> float:
        if band in ("", self.band):
            return 0.0
        return self.geometry.needs(w.continued_label(band), 0, self.geometry.last)

    def keep(self, runs: list[_Run]) -> int:
        """How many of the groups at hand go on."""
        alike = (old is new for old, new in zip(self.runs, runs, strict=False))
        return next((i for i, same in enumerate(alike) if not same), min(len(self.runs), len(runs)))

    def height(self, run: _Run) -> float:
        return sum(row.height for row in self.rows[run.first :])

    def lack(self, level: int) -> float:
        """By how much the last row is too low for the labels from a level on."""
        return max((0.0, *(run.need - self.height(run) for run in self.runs[level:])))

    def close(self, level: int) -> None:
        """Groups from a level on end with the last row."""
        if lack := self.lack(level):
            self.rows[-1] = self.rows[-1]._replace(height=self.rows[-1].height + lack)
            self.used += lack
        last = len(self.rows) - 1
        for run in self.runs[level:]:
            self.labels += [Label(column, run.first, last, text) for column, text in run.labels]
        del self.runs[level:]

    def open(self, place: int, band: str, runs: list[_Run]) -> None:
        """Close the groups that end, then print the band and begin the groups that are new."""
        kept = self.keep(runs)
        self.close(kept)
        if band != self.band:
            self.put_band(place, band)
        first = len(self.rows)
        self.runs += [run._replace(first=first) for run in runs[kept:]]

    def put_band(self, place: int, band: str) -> None:
        said = w.continued_label(band) if band == self.before else band
        if band:
            cells = (said, *[""] * self.geometry.last)
            self.put(Printed(place, cells, self.band_height(band), band=True))
        self.band = self.before = band

    def put(self, row: Printed) -> None:
        self.rows.append(row)
        self.used += row.height


def _columns(labels: Iterable[tuple[int, str]]) -> list[int]:
    return [column for column, _ in labels]
