"""Two texts in, both with their changed characters marked out, as one would mark them by hand.

Clauses are compared first and characters only inside a clause that was reworked, so the work grows
with the length of the texts and not with its square.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

_CLAUSES = re.compile(r"[^，。；：！？、,;!?\n]*(?:[，。；：！？、,;!?\n]+|$)")
_WORDS = re.compile(r"[0-9A-Za-z.%‰,]+|.", re.DOTALL)
_MOST = 10_000
"""Up to this product of two lengths, in words, characters are compared with each other."""
_ALIKE = 0.4
"""Two passages that have less than this in common are another text, not a reworked one."""
_ISLAND = 2
"""Kept characters between two changes that are no more than this are marked with them."""


class Run(NamedTuple):
    text: str
    changed: bool


def marked(old: str, new: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Both texts in runs, in full and in order; what is marked in one is not in the other."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    ends = len(old) - tail, len(new) - tail
    # A number that changed in one figure is another number.
    while head and old[head - 1].isascii() and old[head - 1].isalnum():
        head -= 1
    while tail and old[ends[0]].isascii() and old[ends[0]].isalnum():
        tail, ends = tail - 1, (ends[0] + 1, ends[1] + 1)
    middle = list(_clauses(old[head : ends[0]], new[head : ends[1]]))
    pairs = [(old[:head], new[:head], False), *middle, (old[ends[0] :], new[ends[1] :], False)]
    return _runs(pairs, 0), _runs(pairs, 1)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


Pair = tuple[str, str, bool]
"""A passage of the old text, what stands for it in the new one, and whether they differ."""


def _clauses(old: str, new: str) -> Iterator[Pair]:
    before, after = _CLAUSES.findall(old), _CLAUSES.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        was, now = "".join(before[a:b]), "".join(after[c:d])
        if what == "equal":
            yield was, now, False
        else:
            yield from _words(was, now)


def _words(old: str, new: str) -> Iterator[Pair]:
    """Words and hanzi, unless the passages are too long or too different to be worth it."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if len(before) * len(after) > _MOST or matcher.quick_ratio() < _ALIKE:
        yield old, new, True
        return
    for what, a, b, c, d in matcher.get_opcodes():
        short = b - a <= _ISLAND and a > 0 and b < len(before)
        yield "".join(before[a:b]), "".join(after[c:d]), what != "equal" or short


def _runs(pairs: list[Pair], side: int) -> tuple[Run, ...]:
    """One side, neighbours of one kind joined."""
    found: list[Run] = []
    for pair in pairs:
        text, changed = (pair[0], pair[1])[side], pair[2]
        if text and found and found[-1].changed == changed:
            found[-1] = Run(found[-1].text + text, changed)
        elif text:
            found.append(Run(text, changed))
    return tuple(found)
