"""A template and a document in, a PDF out: the home of typst.

All texts reach a template as JSON, never as markup, and no character that the fonts lack becomes an
empty box: it is printed as its code and reported with its place.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl import wrapping

if TYPE_CHECKING:
    from typst import Fonts as Fonts

Json = dict[str, Any]
"""A document: objects, lists, texts (made by `line` and `paragraphs`), numbers. An object with
`place`, a unit's name and a requirement's key, says where all texts in it stand."""

Place = tuple[str, str]

FONTS: Mapping[str, tuple[str, ...]] = {
    "title": ("FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "STZhongsong", "Noto Serif CJK SC",
              "Source Han Serif SC", "SimSun", "STSong", "Noto Sans CJK SC"),
    "head": ("SimHei", "STHeiti", "Heiti SC", "Noto Sans CJK SC", "Source Han Sans SC"),
    "body": ("FangSong_GB2312", "FangSong", "STFangsong", "SimSun", "STSong", "Noto Serif CJK SC",
             "Source Han Serif SC", "Noto Sans CJK SC"),
}  # fmt: skip
"""By what is set in them, the best first: the typefaces of GB/T 9704, then free ones."""

PACKAGED_FONTS = "manimgx_fonts_cjk"
"""The package that brings Noto Sans CJK to machines without any Chinese typeface."""


class Missing(NamedTuple):
    """A character no font has; paper shows its `code` instead.

    `unit` is a full name and `requirement` a key; both are empty outside the answers.
    """

    character: str
    code: str
    unit: str
    requirement: str


class Printed(NamedTuple):
    """`fonts` are the families that are really embedded in the file."""

    data: bytes
    pages: int
    fonts: tuple[str, ...]
    missing: tuple[Missing, ...]


def typeset(template: str, document: Json, fonts: "Fonts | None" = None) -> Printed:
    """The PDF of a template in `data`, such as `merged.typ`, which reads `data.json`.

    The template finds in `fonts` of its document the families to use, by what is set in them.
    The machine's fonts and the packaged ones are used by default.
    """
    fonts = fonts or available_fonts()
    families = fonts.families()
    roles = {
        role: [family for family in wanted if family in families] or families[:1]
        for role, wanted in FONTS.items()
    }
    data, refused = _compile(template, {**document, "fonts": roles}, fonts)
    return Printed(
        data,
        len(re.findall(rb"/Type\s*/Page\b", data)),
        tuple(_embedded(data, families)),
        tuple(_missing(document, refused)),
    )


def available_fonts(*, system: bool = True) -> "Fonts":
    """The packaged fonts, with those of the machine unless `system` is false."""
    import typst

    return typst.Fonts(
        include_system_fonts=system, font_paths=[str(resources.files(PACKAGED_FONTS))]
    )


# --- texts on paper ------------------------------------------------------------------------

# What cannot be seen on paper, or turns the text around it, or hides in it.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
# Every font draws its own there, so whatever it drew might be another character than was meant.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
# A TAB gets the width of a character; joiners without width would only forbid a line break.
_BLANKS = str.maketrans({"\t": "\u3000", "\u200b": "", "\u2060": "", "\ufeff": ""})
# A line can break between any two of these, hanzi and emoji; a long run of anything else might
# leave its cell.
_BREAKS = (
    r" \n\u3000\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    r"\U0001f000-\U0001faff\U00020000-\U0003fffd"
)
_WIDE = re.compile(f"[^{_BREAKS}]{{31,}}")
_NARROW = re.compile(f"[^{_BREAKS}]{{7,}}")
FIGURE = re.compile(r"(?<![0-9.,])([0-9][0-9.,]{0,19})(?![0-9.,])([^\s0-9，。；：、（）]*)")
"""A number that does not break, and the unit that stands beside it."""
_SHORT = 8.0
"""em of a figure with its unit; what is wider has its unit on the next line."""
# Our own line breaks (zero-width space), joiners and variation selectors.
_WIDTHLESS = frozenset("\u200b\u200c\u200d\ufe0e\ufe0f")


def line(text: str) -> str:
    """A text for a narrow cell: the unseen spelt out, long runs breakable anywhere."""
    return _printable(texts.tidy(text), _NARROW)


def facts(text: str) -> str:
    """What is known of a text, for a wide cell: figures in it stay whole."""
    return piece(texts.tidy(text))


def figure_width(lines: Iterable[str]) -> float:
    """The width in em of the widest figure that must not break: with its unit if that is short."""
    found = (match for words in lines for match in FIGURE.finditer(words))
    widths = (
        number if number + unit > _SHORT else number + unit
        for number, unit in (map(wrapping.width, match.groups()) for match in found)
    )
    return max(widths, default=0.0)


def figures(text: str) -> list[list[Json]]:
    """Line by line the parts of a cell with figures: words, or a number and its unit.

    What cannot be the number of an answer, having more digits, may break as anything else.
    """
    return [list(_figures(words)) for words in texts.tidy(text).split("\n") if words]


def _figures(words: str) -> Iterator[Json]:
    at = 0
    for found in FIGURE.finditer(words):
        yield {"words": line(words[at : found.start()]), "number": "", "unit": ""}
        yield {"words": "", "number": found[1], "unit": line(found[2])}
        at = found.end()
    yield {"words": line(words[at:]), "number": "", "unit": ""}


def paragraphs(text: str) -> list[str]:
    """The lines of a text without the blanks that indent them; the page indents them itself."""
    lines = (piece(line).strip(texts.BLANKS) for line in texts.tidy(text).split("\n"))
    return [line for line in lines if line]


def part(head: str, known: str, text: str) -> Json:
    """A text in a cell under a line that says whose it is and what is known of it."""
    return {"head": head, "facts": facts(known), "paragraphs": paragraphs(text)}


def piece(text: str) -> str:
    """A part of a line in a wide cell, with the blanks at its ends."""
    return _printable(text, _WIDE)


def seen(text: str) -> str:
    """A text with what cannot be seen spelt out, and with blanks that everybody sets alike."""
    return _UNSEEN.sub(lambda m: _code(m[0]), text).translate(_BLANKS)


def _printable(text: str, run: re.Pattern[str]) -> str:
    return run.sub(lambda m: "\u200b".join(m[0]), seen(text))


def _code(character: str) -> str:
    return f"〔U+{ord(character):04X}〕"


# --- typst ---------------------------------------------------------------------------------


def _compile(template: str, document: Json, fonts: "Fonts") -> tuple[bytes, set[str]]:
    """The PDF and the characters that are spelt out in it because no font has them.

    Typst draws an empty box for such a character and says nothing, unless it is asked for
    PDF/A, the archival kind, which allows no such box: then it names every one of them.
    """
    import typst

    refused = {c for _, text in _strings(document) for c in _PRIVATE.findall(text)}
    while True:
        source: Any = _source(template, document, refused)  # typst's stubs know paths, bytes only
        try:
            return typst.compile(source, font_paths=fonts, pdf_standards="a-2b"), refused
        except typst.TypstError as error:
            named = _refused(error.diagnostic) - refused
            new = named - _WIDTHLESS or named  # those are refused only beside something else
            if not new:
                # Some other demand of PDF/A, such as a font whose licence forbids embedding.
                return typst.compile(source, font_paths=fonts), refused
            refused |= new


def _source(template: str, document: Json, refused: Iterable[str]) -> dict[str, bytes]:
    """Typst's virtual files: nothing touches the disk."""
    spelt = {ord(c): _code(c) for c in refused}
    folder = resources.files("pdsfz_xl") / "data"
    templates = (file for file in folder.iterdir() if file.name.endswith(".typ"))
    return {
        **{file.name: file.read_bytes() for file in templates},
        "main.typ": (folder / template).read_bytes(),
        "data.json": json.dumps(_translate(document, spelt)).encode(),
    }


def _refused(diagnostic: str) -> set[str]:
    """The characters typst names; it quotes them as Rust does, rare ones as \\u{20bb7}."""
    quoted = re.findall(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed', diagnostic)
    return {
        character
        for text in quoted
        for character in re.sub(r"\\u\{(\w+)\}", lambda m: chr(int(m[1], 16)), text)
    }


def _translate(value: Any, table: Mapping[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table) if table else value
    if isinstance(value, dict):
        return {key: _translate(part, table) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_translate(part, table) for part in value]
    return value


def _embedded(data: bytes, families: Iterable[str]) -> list[str]:
    """The families whose subsets the PDF holds; it names NotoSerifCJKsc-Bold and the like."""
    plain = {re.sub(r"[ _-]", "", family).lower(): family for family in families}
    found = set()
    for name in re.findall(r"/FontName\s*/(?:[A-Z]{6}\+)?([^\s/>]+)", data.decode("latin-1")):
        lower = re.sub(r"[ _-]", "", name).lower()
        best = max((p for p in plain if lower.startswith(p)), key=len, default="")
        found.add(plain.get(best, name))
    return sorted(found)


def _missing(document: Json, refused: set[str]) -> Iterable[Missing]:
    """Where each refused character stands, each place once."""
    return dict.fromkeys(
        Missing(character, f"U+{ord(character):04X}", *place)
        for place, text in _strings(document)
        for character in sorted(refused & set(text))
    )


def _strings(value: Any, place: Place = ("", "")) -> Iterator[tuple[Place, str]]:
    """Every text of the document with the unit and requirement in whose row it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        place = value.get("place", place)
        for part in value.values():
            yield from _strings(part, place)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part, place)
