"""What a printer makes of a PDF, by poppler: characters that are not there, lines that are cut."""

import html
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

DOTS = 100
"""Per inch: the thinnest border, 0.4 pt, still darkens a row of pixels."""
DARK = 215
BEYOND = 1.5
"""Points by which a border is longer than the text it cuts, on both sides; a dash never is."""
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)
_WORD = re.compile(
    r'<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*?)</word>',
    re.DOTALL,
)


class Word(NamedTuple):
    """A run without blanks, in points from the upper left corner of its page."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


class Pages(NamedTuple):
    sizes: list[tuple[float, float]]
    words: list[Word]


def pages(data: bytes) -> Pages:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.pdf"), Path(folder, "a.html")
        source.write_bytes(data)
        subprocess.run(["pdftotext", "-bbox", str(source), str(target)], check=True)
        said = target.read_text("utf-8")
    found = Pages([], [])
    for number, page in enumerate(_PAGE.finditer(said), 1):
        found.sizes.append((float(page[1]), float(page[2])))
        for word in _WORD.finditer(page[3]):
            found.words.append(Word(number, *map(float, word.groups()[:4]), html.unescape(word[5])))
    return found


def missing(wanted: Iterable[str], data: bytes) -> Counter[str]:
    """The visible characters of these texts that the PDF has fewer of."""
    return _visible(wanted) - _visible(word.text for word in pages(data).words)


def _visible(said: Iterable[str]) -> Counter[str]:
    return Counter(c for text in said for c in text if not c.isspace() and c != "\u200b")


def cut(data: bytes) -> list[Word]:
    """The words with a line through them, or over the edge of their page."""
    found = pages(data)
    over = [word for word in found.words if _leaves(word, *found.sizes[word.page - 1])]
    by_page: dict[int, list[Word]] = {}
    for word in found.words:
        by_page.setdefault(word.page, []).append(word)
    struck = [
        word
        for number, rows in _rasters(data, len(found.sizes))
        for word in by_page.get(number, ())
        if _struck(word, rows)
    ]
    return over + struck


def _leaves(word: Word, width: float, height: float) -> bool:
    return word.left < -1 or word.top < -1 or word.right > width + 1 or word.bottom > height + 1


def _struck(word: Word, rows: list[bytes]) -> bool:
    """Whether a dark row of pixels runs through the middle of a word and out on both sides.

    Where all rows are dark, that is the colour of its cell.
    """
    scale, height = DOTS / 72, word.bottom - word.top
    left, right = int((word.left - BEYOND) * scale), int((word.right + BEYOND) * scale) + 1
    first = int((word.top + 0.2 * height) * scale)
    last = int((word.bottom - 0.2 * height) * scale)
    dark = [max(row[left:right], default=255) < DARK for row in rows[first : last + 1]]
    return left >= 0 and any(dark) and not all(dark)


def _rasters(data: bytes, count: int) -> Iterator[tuple[int, list[bytes]]]:
    """Each page as rows of grey pixels, 25 pages at a time: an A3 page has 2 MB."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.pdf")
        source.write_bytes(data)
        for first in range(1, count + 1, 25):
            last = min(first + 24, count)
            words = ["pdftoppm", "-gray", "-r", str(DOTS), "-f", str(first), "-l", str(last)]
            subprocess.run([*words, str(source), str(Path(folder, "p"))], check=True)
            made = sorted(Path(folder).glob("p*.pgm"))
            for number, path in enumerate(made, first):
                yield number, _rows(path.read_bytes())
                path.unlink()


def _rows(pgm: bytes) -> list[bytes]:
    head = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", pgm)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    body = pgm[head.end() :]
    return [body[row * width : (row + 1) * width] for row in range(height)]
