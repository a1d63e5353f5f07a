"""How wide a text is and where its lines break, at the latest: no client needs more lines.

Widths are in em of a face whose figures are half an em wide, as those of 宋体 are. Where another
face stands in for it, a spreadsheet draws the columns by the figures of that: so it is how wide a
letter is beside a figure that counts, and these are upper bounds over the usual faces, regular and
bold. What a client may break, as a word with a hyphen, is taken as whole: that only adds lines.
The rules for the ends of lines are those of JIS X 4051, which Excel, WPS and LibreOffice follow.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, islice

_OPENING = frozenset("（【《〈「『“‘〔〖([{")
_CLOSING = frozenset("，。、；：？！）】》〉」』”’〕〗％…—·,.;:?!)]}%℃‰")
_LATIN = frozenset(map(chr, (*range(0x21, 0x7F), *range(0xA1, 0x250))))
_FIGURE, _PADDING, _ROUNDED = 5.25, 4.0, 0.97
_SENTENCE = re.compile(rf"[。；！？!?][{re.escape(''.join(sorted(_CLOSING)))}]*")


class _Widths(dict[str, float]):
    """By character, from the tables `hmtx` of DejaVu Sans and the widths (AFM) of Times and
    Helvetica, each by its own figure: 0.636, 0.5 and 0.556 em."""

    def __missing__(self, character: str) -> float:
        width = 1.0
        if character < "\u007f":
            width = 0.76 if character.isupper() else 0.57
        elif "\U0001f000" <= character < "\U00020000":  # emoji
            width = 1.3
        self[character] = width
        return width


_WIDTHS = _Widths(
    {
        **dict.fromkeys("MWQO@%&mw", 1.0),
        **dict.fromkeys("#~^+=<>", 0.72),
        **dict.fromkeys(" ilIj|.,:;'!()[]", 0.42),
        **dict.fromkeys("\u01c4\u01c5\u01c6\u01f1\u01f2\u01f3\u01f6\u0152\u0153", 1.35),
        "\t": 4.0,  # LibreOffice goes on to the next of its stops, 12.5 mm apart: 3.9 em of 9 pt
        "\u2e3a": 2.0,
        "\u2e3b": 3.0,
        "\ufdfd": 12.0,
    }
)
WIDEST = 1.28
"""What widths become where the column does not grow with the figures of the face."""


def room(width: float, size: float) -> float:
    """The em of text at `size` pt that a column `width` characters wide has, of all clients' least.

    A client draws a column by the figures of 宋体 11, each 5.5 pt wide, 6 pt on Windows, where it
    is drawn with whole pixels; 5.25 pt, 7 px, where another face stands in. 4 px are between text
    and lines; 3 % are for what is rounded.
    """
    return max(1.0, (width * _FIGURE - _PADDING) / size * _ROUNDED)


def column(room: float, size: float) -> float:
    """The width in characters that a column must have for so much room."""
    return (room * size / _ROUNDED + _PADDING) / _FIGURE


def lines(text: str, room: float) -> Iterator[tuple[int, int]]:
    """Where each line of a text begins and ends, a line end not included; `room` em wide."""
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        yield from _lines(text, start, end, room)
        start = end + 1


def _lines(text: str, start: int, end: int, room: float) -> Iterator[tuple[int, int]]:
    paragraph = text[start:end]
    widths = list(accumulate(map(_WIDTHS.__getitem__, paragraph)))
    at, before = 0, 0.0
    while widths and widths[-1] - before > room:
        most = max(bisect_right(widths, before + room), at + 1)
        # What is too wide for a line breaks anywhere.
        at_last = (i for i in range(min(most, len(widths) - 1), at, -1) if _parts(paragraph, i))
        broken = next(at_last, most)
        yield start + at, start + broken
        at, before = broken, widths[broken - 1]
    yield start + at, end


def _parts(text: str, at: int) -> bool:
    """Whether a line may end before a character: not in a word, nor between it and its marks."""
    before, after = text[at - 1], text[at]
    together = before in _OPENING or after in _CLOSING or (before in _LATIN and after in _LATIN)
    return not together


def width(text: str) -> float:
    """At most how wide a text is in a single line, in em."""
    return sum(map(_WIDTHS.__getitem__, text))


def count(text: str, room: float) -> int:
    """At most how many lines a text takes."""
    if "\n" not in text and width(text) <= room:
        return 1
    return sum(1 for _ in lines(text, room))


def cut(text: str, room: float, most: int, longest: int) -> int:
    """Where to part a text so that the first piece takes at most `most` lines and characters.

    After a paragraph if there is one in the last two fifths, else after a sentence, else at the
    end of a line. A line end belongs to the piece before it. Raises ValueError if not even one
    line fits.
    """
    if most < 1:
        raise ValueError("no line fits")
    begins = [start for start, _ in islice(lines(text, room), most + 1)]
    if len(begins) <= most and len(text) <= longest:
        return len(text)
    latest = max((at for at in begins if 0 < at <= longest), default=min(longest, len(text)))
    earliest = latest * 3 // 5
    if paragraph := text.rfind("\n", earliest, latest) + 1:
        return paragraph
    sentences = [s.end() for s in _SENTENCE.finditer(text, earliest, latest)]
    return sentences[-1] if sentences else latest
