"""Where the lines of a text break, at the latest: no client needs more of them than this says.

Widths are in em. They are upper bounds over the typefaces that stand in for 宋体 (DejaVu Sans has
the widest figures and Latin letters), and what a client may break, as a word with a hyphen, is
taken as whole: both only ever add lines. The rules for the ends of lines are those of JIS X 4051,
which Excel, WPS and LibreOffice follow.
"""

import re
from collections.abc import Iterator
from itertools import islice

_OPENING = re.escape("（【《〈「『“‘〔〖([{")
_CLOSING = re.escape("，。、；：？！）】》〉」』”’〕〗％…—·,.;:?!)]}%℃‰")
_UNIT = re.compile(rf"[{_OPENING}]*(?:[!-~\u00a1-\u024f]+|.)[{_CLOSING}]*", re.DOTALL)
"""What stays on one line: a Latin word or any other character, with the marks that cling to it."""
_SENTENCE = re.compile(rf"[。；！？!?][{_CLOSING}]*")


class _Widths(dict[str, float]):
    """By character."""

    def __missing__(self, character: str) -> float:
        width = 1.0
        if character < "\u0250":
            width = 0.85 if character.isupper() else 0.64
        elif "\U0001f000" <= character < "\U00020000":  # emoji
            width = 1.3
        self[character] = width
        return width


_WIDTHS = _Widths(
    {**dict.fromkeys("mwMWQO@%&#~^+=<>—", 1.0), **dict.fromkeys(" ilIj|.,:;'!()[]", 0.5)}
)
_WIDTHS.update({"\u2e3a": 2.0, "\u2e3b": 3.0, "\ufdfd": 12.0})


def lines(text: str, room: float) -> Iterator[tuple[int, int]]:
    """Where each line of a text begins and ends, a line end not included; `room` em wide."""
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        yield from _lines(text, start, end, room)
        start = end + 1


def _lines(text: str, start: int, end: int, room: float) -> Iterator[tuple[int, int]]:
    width_of = _WIDTHS.__getitem__
    used = 0.0
    for unit in _UNIT.finditer(text, start, end):
        wide = width(unit[0])
        if used and used + wide > room:
            yield start, unit.start()
            start, used = unit.start(), 0.0
        if wide > room:  # breaks anywhere
            for at in range(start, unit.end()):
                if used and used + width_of(text[at]) > room:
                    yield start, at
                    start, used = at, 0.0
                used += width_of(text[at])
        else:
            used += wide
    yield start, end


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
