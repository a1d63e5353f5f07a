"""A batch in, what is typed into the province's platform out: by indicator, in the notice's order.

What stands is for `outcome` to say. Where it is not one text yet, the entry is not ready and holds
the word why and every version; nor is it where one text is too long, was sent back or changed since
it was judged.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from pdsfz_xl import entry_wording as ew
from pdsfz_xl import identity, outcome
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Answer, Batch, Filed, Indicator, Requirement
from pdsfz_xl.outcome import Outcome, Source
from pdsfz_xl.states import Verdict

Notes = Mapping[str, Mapping[str, Mapping[str, str]]]
"""What the clerk wrote in 录入清单.xlsx: sheet, key, caption -> text."""

_NAME = 24
"""Characters of an indicator in the name of its folder: Windows allows 260 for a whole path."""


class Piece(NamedTuple):
    """A piece of evidence: its path in out/7-上报, and the file it is a copy of."""

    path: str
    filed: Filed


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A requirement, or an indicator that has none of its own: then `asked` is false."""

    key: str
    """The requirement's, else the indicator's number in as many digits."""
    number: int
    numbers: tuple[int, ...]
    indicator: str
    method: str = ""
    material: str = ""
    folder: str
    asked: bool = True
    units: tuple[str, ...] = ()
    text: str = ""
    state: str
    count: int = 0
    """Of a text that is one; 0 while there are only versions."""
    limit: int = 0
    quantity: str = ""
    evidence: tuple[Piece, ...] = ()
    undelivered: tuple[str, ...] = ()
    """Evidence that is listed, without a file."""

    @property
    def ready(self) -> bool:
        return self.state in outcome.READY

    @property
    def file(self) -> str:
        """The path of its text: a name without a word after the key says it can be pasted."""
        if not self.asked:
            return ""
        return f"{self.folder}/{self.key}{'' if self.ready else f'_{self.state}'}.txt"

    @cached_property
    def digest(self) -> str:
        """How 录入清单 remembers what it showed: the text, then all of it."""
        return self._digest(self.quantity)

    def _digest(self, quantity: str) -> str:
        pieces = (part for p in self.evidence for part in (p.path, p.filed.sha256))
        text = texts.tidy(self.text)
        return f"{identity.exact(text)}-{identity.exact(text, quantity, *pieces)}"

    def changed_since(self, entered: str) -> bool:
        """Whether this is not what the clerk typed in, by what stands under 录入指纹.

        A blank before the unit of a figure, as lists of before have it, is no change.
        """
        spaced = re.sub(r"(?<=[0-9])(?=[^0-9\n]*$)", " ", self.quantity, flags=re.MULTILINE)
        shown = entered.partition(".")[0]
        return bool(entered) and shown not in (self.digest, self._digest(spaced.strip()))


def entries(batch: Batch) -> tuple[Entry, ...]:
    """One for each requirement, and one for each indicator that has none of its own."""
    width = max([2, *(len(str(r.number)) for r in batch.master.requirements)])
    filed = _filed(batch)
    return tuple(
        entry
        for indicator, requirements in batch.master.by_indicator
        for entry in _of_indicator(batch, indicator, requirements, filed, width)
    )


def values(entry: Entry, notes: Notes) -> dict[str, str | int]:
    """The row of an entry by caption, as 录入清单 has it in every format."""
    clerk = notes.get(ew.ENTRY_SHEET, {}).get(entry.key, {})
    entered = clerk.get(ew.ENTERED_DIGEST, "")
    return {
        **clerk,
        w.NUMBER: w.number_label(entry.numbers),
        w.INDICATOR: entry.indicator,
        "编码": entry.key,
        w.UNIT: "、".join(entry.units),
        ew.ENTRY_TEXT: entry.text,
        "字数（不计空格）": entry.count or "",
        "字数（计空格）": texts.count_with_blanks(entry.text) if entry.count else "",
        "字数上限": entry.limit or "",
        w.QUANTITY: entry.quantity,
        w.EVIDENCE_SHEET: "\n".join(evidence_names(entry)),
        "状态": entry.state,
        "提醒": ew.CHANGED_SINCE if entry.changed_since(entered) else "",
        ew.ENTRY_DIGEST: entry.digest,
        ew.ENTERED_DIGEST: entered,
    }


def evidence_names(entry: Entry) -> Iterator[str]:
    """The files, then what is listed without one."""
    yield from (PurePosixPath(piece.path).name for piece in entry.evidence)
    yield from map(ew.undelivered, entry.undelivered)


# --- by indicator --------------------------------------------------------------------------


def _of_indicator(
    batch: Batch,
    indicator: Indicator,
    requirements: tuple[Requirement, ...],
    filed: Mapping[str, list[Filed]],
    width: int,
) -> Iterator[Entry]:
    number = f"{indicator.number:0{width}d}"
    folder = f"{number}_{_short(indicator.text)}"
    for requirement in requirements:
        yield _entry(batch, requirement, folder, filed.get(requirement.key, []))
    if not requirements:
        yield Entry(
            key=number,
            number=indicator.number,
            numbers=(indicator.number,),
            indicator=indicator.text,
            method=indicator.method,
            material=indicator.material,
            folder=folder,
            asked=False,
            state=w.joined(indicator.joined_to) if indicator.joined_to else w.NOT_ASKED,
        )


def _short(text: str) -> str:
    """A name for a folder, also where a link leads to it: `#` and `%` mean something there."""
    text = text.translate({ord("#"): "\uff03", ord("%"): "\uff05"})
    name = texts.file_name(text, _NAME)
    whole = len(name) >= len(texts.file_name(text))
    return name.rstrip("。；") if whole else f"{name.rstrip('，。、；：')}…"


def _entry(batch: Batch, requirement: Requirement, folder: str, filed: list[Filed]) -> Entry:
    duties = sorted(requirement.duties, key=lambda duty: duty.role != w.LEAD)
    answers = [batch.answer[duty.unit, requirement.key] for duty in duties]
    stands = outcome.of_requirement(batch, requirement)
    names = [batch.master.unit[duty.unit].name for duty in duties]
    return Entry(
        key=requirement.key,
        number=requirement.number,
        numbers=requirement.numbers,
        indicator=requirement.text,
        method=requirement.method,
        material=requirement.material,
        folder=folder,
        units=tuple(w.with_role(name, duty.role) for name, duty in zip(names, duties, strict=True)),
        text=_text(batch, stands, answers),
        state=stands.state,
        count=stands.count if stands.state in outcome.SINGLE else 0,
        limit=requirement.limit,
        quantity=_quantity(requirement, dict(zip(names, answers, strict=True))),
        evidence=tuple(_pieces(batch, f"{folder}/{requirement.key}_{w.EVIDENCE_SHEET}", filed)),
        undelivered=tuple(_undelivered(batch, answers)),
    )


# --- its text ------------------------------------------------------------------------------


def _text(batch: Batch, stands: Outcome, answers: list[Answer]) -> str:
    """The one text, else the word why there is none and all that every unit wrote."""
    if stands.state in outcome.SINGLE:
        return stands.text
    versions = (part for answer in answers for part in _versions(batch, answer))
    return "\n".join([stands.state, *versions])


def _versions(batch: Batch, answer: Answer) -> Iterator[str]:
    """All that stands for a unit, each text under a line with its name; 未报 too is written."""
    name = batch.master.unit[answer.unit].name
    requirement = batch.master.requirement[answer.requirement]
    statements = outcome.of_assignment(batch, answer).statements
    number = 0
    for text, source, version, _ in statements:
        if version:
            number += 1
            figure = version.number_text or texts.figure(version.number, requirement.measure)
            file = ew.version(number, texts.visible(version.where.file.rpartition("/")[2]))
            head = w.whose(name, version.choice, figure, file)
        elif source is Source.REVISION:
            head = w.whose(w.revision(name))
        else:
            head = w.whose(name, "" if answer.status == w.ANSWERED else answer.status)
        yield f"{head}\n{text}"
    if not statements:
        yield w.whose(name, w.UNANSWERED)


def _quantity(requirement: Requirement, answers: Mapping[str, Answer]) -> str:
    """Each unit's number, else the words that stood in its place; named where there are several."""
    said = {}
    for name, answer in answers.items():
        wrong = answer.versions[-1].number_text if answer.versions else ""
        if figure := texts.figure(answer.number, requirement.measure) or wrong:
            said[name] = figure
    if len(answers) == 1:
        return "".join(said.values())
    return "\n".join(f"{name} {figure}" for name, figure in said.items())


# --- evidence ------------------------------------------------------------------------------


def _filed(batch: Batch) -> dict[str, list[Filed]]:
    """By requirement; of held bytes no copy is made, wherever they lie."""
    held = {file.sha256 for file in batch.received if file.verdict == Verdict.HELD}
    found: dict[str, list[Filed]] = defaultdict(list)
    for filed in batch.filed:
        if filed.sha256 not in held:
            found[filed.requirement].append(filed)
    return found


def _pieces(batch: Batch, folder: str, filed: list[Filed]) -> Iterator[Piece]:
    """The same bytes once; of two that would have one name the later gets its digest too."""
    taken: dict[str, str] = {}
    for one in filed:
        if one.sha256 in taken.values():
            continue
        stem, suffix = _name_of(batch, one)
        name = f"{stem}{suffix}"
        if name.casefold() in taken:  # Windows knows no case
            name = f"{stem}_{one.sha256[:8]}{suffix}"
        taken[name.casefold()] = one.sha256
        yield Piece(f"{folder}/{name}", one)


def _name_of(batch: Batch, filed: Filed) -> tuple[str, str]:
    unit = batch.master.unit.get(filed.unit)
    name = PurePosixPath(filed.name)
    suffix = name.suffix if re.fullmatch(r"\.\w{1,10}", name.suffix) else ""
    stem = name.stem if suffix else name.name
    return texts.file_name(f"{unit.name}_{stem}" if unit else stem, 60), suffix


def _undelivered(batch: Batch, answers: list[Answer]) -> Iterator[str]:
    listed = (e for a in answers for e in batch.listed.get((a.unit, a.requirement), ()))
    yield from dict.fromkeys(texts.visible(e.name) for e in listed if e.name and not e.file)
