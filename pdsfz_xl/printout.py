"""A batch and its findings in, 汇总表.pdf out: the cover, then every answer by indicator.

Typst sets the pages from `data/merged.typ`; all texts reach it as JSON, never as markup.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Duty, Finding, Indicator, Master, Requirement, Standing

if TYPE_CHECKING:
    from typst import Fonts

Json = dict[str, Any]
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


def pdf(batch: Batch, findings: Iterable[Finding], fonts: "Fonts | None" = None) -> Printed:
    """The merged sheet as A3 pages; `fonts` are the machine's and the packaged ones by default."""
    fonts = fonts or available_fonts()
    families = fonts.families()
    document = {
        **_cover(batch, tuple(findings)),
        "bands": list(_bands(batch)),
        "fonts": {
            role: [family for family in wanted if family in families] or families[:1]
            for role, wanted in FONTS.items()
        },
    }
    data, refused = _typeset(document, fonts)
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


# --- typesetting ---------------------------------------------------------------------------


def _typeset(document: Json, fonts: "Fonts") -> tuple[bytes, set[str]]:
    """The PDF and the characters that are spelt out in it because no font has them.

    Typst draws an empty box for such a character and says nothing, unless it is asked for
    PDF/A, the archival kind, which allows no such box: then it names every one of them.
    """
    import typst

    refused: set[str] = set()
    while True:
        source: Any = _source(document, refused)  # typst's stubs know paths and bytes only
        try:
            return typst.compile(source, font_paths=fonts, pdf_standards="a-2b"), refused
        except typst.TypstError as error:
            named = _refused(error.diagnostic) - refused
            new = named - _WIDTHLESS or named  # those are refused only beside something else
            if not new:
                # Some other demand of PDF/A, such as a font whose licence forbids embedding.
                return typst.compile(source, font_paths=fonts), refused
            refused |= new


def _source(document: Json, refused: Iterable[str]) -> dict[str, bytes]:
    """Typst's virtual files: nothing touches the disk."""
    spelt = {ord(c): _code(c) for c in refused}
    return {
        "main.typ": (resources.files("pdsfz_xl") / "data" / "merged.typ").read_bytes(),
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
        return value.translate(table)
    if isinstance(value, dict):
        return {key: _translate(part, table) for key, part in value.items()}
    if isinstance(value, list):
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
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, place)


# --- texts on paper ------------------------------------------------------------------------

# What cannot be seen on paper, or turns the text around it, or hides in it.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
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
# Our own line breaks (zero-width space), joiners and variation selectors.
_WIDTHLESS = frozenset("\u200b\u200c\u200d\ufe0e\ufe0f")


def _code(character: str) -> str:
    return f"〔U+{ord(character):04X}〕"


def _paper(text: str, run: re.Pattern[str] = _NARROW) -> str:
    """A text as it can be printed: the unseen spelt out, long runs breakable anywhere."""
    seen = _UNSEEN.sub(lambda m: _code(m[0]), texts.tidy(text)).translate(_BLANKS)
    return run.sub(lambda m: "\u200b".join(m[0]), seen)


def _paragraphs(text: str) -> list[str]:
    """The lines of a text without the blanks that indent them; the page indents them itself."""
    lines = (_paper(line, _WIDE).strip(texts.BLANKS) for line in texts.tidy(text).split("\n"))
    return [line for line in lines if line]


def _figure(number: float | None, measure: str = "") -> str:
    if number is None:
        return ""
    whole = number.is_integer() and abs(number) < 1e15  # beyond that a float has no last digit
    return f"{int(number) if whole else number}{measure}"


# --- the cover -----------------------------------------------------------------------------


def _cover(batch: Batch, findings: tuple[Finding, ...]) -> Json:
    settings, units = batch.master.settings, batch.master.unit
    grades = Counter((f.grade, f.waived) for f in findings)
    over = Counter(a.unit for a in batch.answers if _excess(batch.master, a))
    return {
        "campaign": _paper(settings.name),
        "issuer": _paper(settings.issuer),
        "document_number": _paper(settings.document_number),
        "deadline": w.day(settings.deadline) if settings.deadline else "",
        "date": [batch.now.year, batch.now.month, batch.now.day],
        "day": w.day(batch.now),
        "standings": [
            {
                "status": status,
                "word": word,
                "units": sum(s.status == status for s in batch.standings),
            }
            for status, word in w.STANDING.items()
        ],
        "assigned": len(batch.answers),
        "answered": sum(a.answered for a in batch.answers),
        "over": over.total(),
        "late": sum(a.late for a in batch.answers),
        "open": sum(a.open_conflict for a in batch.answers),
        "grades": [
            {"grade": g, "word": word, "open": grades[g, False], "waived": grades[g, True]}
            for g, word in w.GRADES.items()
        ],
        "units": [_standing(batch, standing, over[standing.unit]) for standing in batch.standings],
        "aside": [
            {
                "word": choice,
                "items": [
                    {"unit": _paper(units[a.unit].name), "number": _numbers(batch, a.requirement)}
                    for a in batch.answers
                    if a.answered and a.status == choice
                ],
            }
            for choice in (w.NOTHING, w.NOT_OURS)
        ],
    }


def _standing(batch: Batch, standing: Standing, over: int) -> Json:
    return {
        "name": _paper(batch.master.unit[standing.unit].name),
        "assigned": standing.assigned,
        "answered": standing.answered,
        "missing": [_numbers(batch, key) for key in standing.missing],
        "over": over,
        "status": standing.status,
        "word": w.STANDING[standing.status],
        "late": standing.late,
        "paper": _paper(standing.paper),
    }


def _numbers(batch: Batch, key: str) -> str:
    """The requirement as leaders name it: its indicator, and its own number where it has one."""
    return w.spoken(batch.master.requirement[key].number, key)


def _excess(master: Master, answer: Answer) -> int:
    """How many characters the unit wrote beyond the limit."""
    return max(0, answer.count - master.requirement[answer.requirement].limit)


# --- the merged sheet ----------------------------------------------------------------------


def _bands(batch: Batch) -> Iterator[Json]:
    """Indicators in the notice's order, those of one 一级 and 二级指标 together."""
    band: Json = {}
    for indicator, requirements in batch.master.by_indicator:
        heads = [_paper(indicator.level1), _paper(indicator.level2)]
        if band and band["heads"] != heads:
            yield band
            band = {}
        band = band or {"heads": heads, "indicators": []}
        band["indicators"].append(_indicator(batch, indicator, requirements))
    if band:
        yield band


def _indicator(batch: Batch, indicator: Indicator, requirements: tuple[Requirement, ...]) -> Json:
    units = batch.master.unit
    return {
        "number": indicator.number,
        "text": _paragraphs(indicator.text),
        "material": _paragraphs(indicator.material),
        "units": [_paper(units[code].name) for code in indicator.units if code in units],
        "joined": indicator.joined_to,
        "blocks": [_block(batch, requirement) for requirement in requirements],
    }


def _block(batch: Batch, requirement: Requirement) -> Json:
    """A requirement: one row per unit, or a single one once the office has settled its text."""
    settled = batch.written(w.FINAL_SHEET, requirement.key, "定稿文本")
    answers = [batch.answer[duty.unit, requirement.key] for duty in requirement.duties]
    if texts.count(settled):
        rows = [_settled_row(batch, requirement, settled, answers)]
    else:
        pairs = zip(requirement.duties, answers, strict=True)
        rows = [_row(batch, requirement, duty, answer) for duty, answer in pairs]
    several = len(rows) > 1 and any(answer.answered for answer in answers)
    return {
        "key": requirement.key,
        "material": _paragraphs(requirement.material),
        "also": w.number_label(requirement.numbers) if requirement.also else "",
        "pending": w.PENDING_TEXT if several else "",
        "rows": rows,
    }


def _settled_row(
    batch: Batch, requirement: Requirement, settled: str, answers: list[Answer]
) -> Json:
    names = {a.unit: batch.master.unit[a.unit].name for a in answers}
    figures = [(names[a.unit], _number(requirement, a)) for a in answers]
    return {
        "place": (texts.visible("、".join(names.values())), requirement.key),
        "unit": "、".join(map(_paper, names.values())),
        "role": "",
        "status": "",
        "blank": False,
        "tags": ["final"],
        "absent": [_paper(names[a.unit]) for a in answers if not a.answered],
        "parts": [{"paragraphs": _paragraphs(settled)}],
        **_counted(settled, requirement),
        "number": "\n".join(
            f"{_paper(name)} {figure}" if len(names) > 1 else figure
            for name, figure in figures
            if figure
        ),
        "evidence": [e for a in answers for e in _evidence(batch, a)],
    }


def _row(batch: Batch, requirement: Requirement, duty: Duty, answer: Answer) -> Json:
    key = batch.master.key(answer.unit, requirement.key)
    revised = batch.written(w.MERGED_SHEET, key, "修改稿")
    revised = revised if texts.count(revised) else ""
    tags = {"revised": bool(revised), "keyed": answer.keyed, "late": answer.late}
    name = batch.master.unit[answer.unit].name
    return {
        "place": (texts.visible(name), requirement.key),
        "unit": _paper(name),
        "role": duty.role,
        "status": answer.status,
        "blank": not answer.answered,
        "tags": [tag for tag, there in tags.items() if there],
        "absent": [],
        "parts": list(_parts(requirement, answer, revised)),
        **_counted(revised or answer.text, requirement),
        "number": _number(requirement, answer),
        "evidence": _evidence(batch, answer),
    }


def _parts(requirement: Requirement, answer: Answer, revised: str) -> Iterator[Json]:
    """What stands under 情况说明: one text, or the word 待定 and every version in full."""
    if answer.open_conflict:
        yield {"pending": w.PENDING_CHOICE, "versions": len(answer.versions), "paragraphs": []}
    if revised or (answer.answered and not answer.open_conflict):
        yield {"paragraphs": _paragraphs(revised or answer.text)}
    if answer.open_conflict or not answer.answered:
        for place, version in enumerate(answer.numbered, 1):
            yield {
                "version": place if answer.open_conflict else 0,
                "file": _paper(version.where.file.rpartition("/")[2]),
                "saved": version.saved.replace("T", " ")[:16],
                "choice": _paper(version.choice),
                "number": _paper(
                    version.number_text or _figure(version.number, requirement.measure)
                ),
                "count": texts.count(version.text),
                "paragraphs": _paragraphs(version.text),
            }


def _counted(text: str, requirement: Requirement) -> Json:
    count = texts.count(text)
    return {"count": count, "over": max(0, count - requirement.limit)}


def _number(requirement: Requirement, answer: Answer) -> str:
    """数量 as a number, else the words that stood in its place."""
    wrong = answer.versions[-1].number_text if answer.versions else ""
    return _paper(_figure(answer.number, requirement.measure) or wrong)


def _evidence(batch: Batch, answer: Answer) -> list[str]:
    names = (e.name for e in batch.listed.get((answer.unit, answer.requirement), ()))
    return [_paper(name) for name in dict.fromkeys(names) if name]
