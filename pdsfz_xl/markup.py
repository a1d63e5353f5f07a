"""The text of a web page in, its pieces out: beginnings and ends of elements, and text.

Every character is looked at once, or a few times. The parser of the standard library looks through
all that follows an unclosed tag again and again: ninety kilobytes of them take it a minute.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple


class Piece(NamedTuple):
    """`kind` is start, end or text; `name` is in small letters, `rest` the attributes or text."""

    kind: str
    name: str
    rest: str


_OPEN = re.compile(r"<(?:(?P<comment>!--)|[!?]|(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*))")
_STOP = re.compile(r">|=\s*[\"']")
_NO_TEXT = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "title")}
"""Elements whose contents are no markup, and nothing to read; with where they end."""


def pieces(text: str) -> Iterator[Piece]:
    """All of them in order. What is never closed is text: nothing is dropped on a guess."""
    at = 0
    gone: set[str] = set()  # what does not come any more, not to be looked for again
    while (begin := text.find("<", at)) >= 0:
        if begin > at:
            yield Piece("text", "", unescape(text[at:begin]))
        opened = _OPEN.match(text, begin)
        if not opened:
            yield Piece("text", "", "<")
            at = begin + 1
        elif opened["comment"]:
            at = _behind(text, "-->", opened.end(), gone)
            if at < 0:
                yield Piece("text", "", opened[0])
                at = opened.end()
        else:
            end = _end_of_tag(text, opened.end(), gone)
            if end < 0:
                at = begin
                break
            at = end + 1
            if name := (opened["name"] or "").lower():
                yield Piece("end" if opened["end"] else "start", name, text[opened.end() : end])
                if name in _NO_TEXT and not opened["end"]:
                    at = _behind_contents(text, name, at, gone)
    if at < len(text):
        yield Piece("text", "", unescape(text[at:]))


def _behind(text: str, mark: str, at: int, gone: set[str]) -> int:
    """Where a mark ends that comes next, -1 if none does."""
    found = -1 if mark in gone else text.find(mark, at)
    if found < 0:
        gone.add(mark)
        return -1
    return found + len(mark)


def _end_of_tag(text: str, at: int, gone: set[str]) -> int:
    """Where its `>` stands, which is not one in the quotes of an attribute; -1 if it has none."""
    while stop := _STOP.search(text, at):
        if stop[0] == ">":
            return stop.start()
        at = _behind(text, stop[0][-1], stop.end(), gone)
        if at < 0:
            at = stop.end()
    return -1


def _behind_contents(text: str, name: str, at: int, gone: set[str]) -> int:
    found = None if name in gone else _NO_TEXT[name].search(text, at)
    if not found:
        gone.add(name)
        return at
    return found.start()
