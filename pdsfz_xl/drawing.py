"""The drawing of a sheet in, what its text boxes say out, by the cell each is anchored at.

ECMA-376 part 1, 20.5. Pictures, charts and diagrams are not read, but said to be there.
"""

from pdsfz_xl import parts
from pdsfz_xl.book import COLUMNS, ROWS, Position, Tally
from pdsfz_xl.grid import Words
from pdsfz_xl.package import Attributes, IllFormed, Package
from pdsfz_xl.states import Flag


def read(package: Package, links: parts.Links, tally: Tally, said: dict[Position, str]) -> None:
    """Add the text boxes of a sheet to what is `said` at its cells; `links` are the sheet's."""
    for link in links.values():
        if link.kind == "drawing" and package.has(link.target):
            shapes = _Shapes(tally, said)
            try:
                package.parse(link.target, shapes.start, shapes.end, shapes.words.add)
            except IllFormed:
                tally.flags.add(Flag.DRAWING)


_ANCHORS = ("twoCellAnchor", "oneCellAnchor", "absoluteAnchor")
_UNREAD = ("pic", "blip", "graphicFrame", "contentPart")
"""A picture, a shape filled with one, a chart or diagram, and ink."""


class _Shapes:
    """Handlers for one drawing part."""

    def __init__(self, tally: Tally, said: dict[Position, str]) -> None:
        self.tally = tally
        self.said = said
        self.words = Words(tally.limits.one_text)
        self._lines: list[str] = []
        self._anchor = {"row": 0, "col": 0}
        self._in_from = False
        self._aside = 0
        self._chosen: list[bool] = []

    def start(self, tag: str, _: Attributes) -> None:
        if self._aside or self._is_said_already(tag):
            self._aside += 1
        elif tag in _ANCHORS:
            self._anchor = {"row": 0, "col": 0}  # an absolute one stands at no cell: at A1
        elif tag == "from":
            self._in_from = True
        elif self._in_from and tag in self._anchor:
            self.words.begin()
        elif tag == "txBody":
            self._lines = []
        elif tag in _UNREAD:
            self.tally.flags.add(Flag.DRAWING)
        else:
            self.words.start(tag)

    def end(self, tag: str) -> None:
        if self._aside:
            self._aside -= 1
        elif tag == "AlternateContent":
            self._chosen.pop()
        elif tag == "from":
            self._in_from = False
        elif self._in_from and tag in self._anchor:
            self._anchor[tag] = _number(self._taken())
        elif tag in ("p", "br"):
            self._end_line()
        elif tag == "txBody":
            self._end_box()
        else:
            self.words.end(tag)

    def _is_said_already(self, tag: str) -> bool:
        """Whether this is one more way to say the same, for other programs (part 3, 10.2)."""
        if tag == "AlternateContent":
            self._chosen.append(False)
        if tag not in ("Choice", "Fallback") or not self._chosen:
            return False
        already, self._chosen[-1] = self._chosen[-1], True
        return already

    def _taken(self) -> str:
        text = self.words.take()
        self.words.clear()
        return text

    def _end_line(self) -> None:
        line = self._taken()
        self.tally.item(line)
        self._lines.append(line)

    def _end_box(self) -> None:
        text = "\n".join(self._lines)
        if text.strip():
            at = self._anchor["row"], self._anchor["col"]
            at = at if at[0] < ROWS and at[1] < COLUMNS else (0, 0)
            self.said[at] = f"{self.said[at]}\n{text}" if at in self.said else text


def _number(said: str) -> int:
    plain = said.strip()
    return int(plain) if plain.isdecimal() and len(plain) < 10 else 0
