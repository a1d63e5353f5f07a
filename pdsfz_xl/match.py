"""Whose is each row: one file's manifest in, its rows, versions, evidence and leftovers out.

Never by file name: the row code first, then the exact texts, then the number.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from pdsfz_xl import form, identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import (
    Evidence,
    FormRow,
    Leftover,
    Manifest,
    Master,
    Received,
    Requirement,
    Row,
    Typed,
    Unknown,
    Version,
    Where,
)


class Sorted(NamedTuple):
    """What one file gave: everything it holds is in one of these."""

    rows: list[Row]
    unknown: list[Unknown]
    versions: list[Version]
    evidence: list[Evidence]
    leftover: list[Leftover]
    units: set[str]
    foreign: str
    """The other campaign its codes name, if all do."""
    known: bool
    """Whether it holds texts of this campaign, though perhaps nothing says whose."""
    stamped: bool


class Matcher:
    """Finds whose a row is: row code, then the exact texts, then the number."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self.by_text: dict[tuple[str, str], list[Requirement]] = defaultdict(list)
        for requirement in master.requirements:
            key = (texts.squash(requirement.text), texts.squash(requirement.material))
            self.by_text[key].append(requirement)
        self.due = {unit.code: {r.key for r in master.due(unit.code)} for unit in master.units}
        self.own: dict[str, frozenset[str]] = {}

    def own_digests(self, unit: str, found: Sorted) -> frozenset[str]:
        """The texts a unit's form carries, for files that do not say so themselves any more."""
        if found.stamped:
            return frozenset()
        if unit not in self.own:
            known = self.master.unit.get(unit)
            self.own[unit] = form.own_digests(self.master, known) if known else frozenset()
        return self.own[unit]

    def sort(self, file: Received, manifest: Manifest) -> Sorted:
        """Put every cell of one file where it belongs."""
        codes = [(row, _code(row)) for row in manifest.rows]
        named = {code.campaign for _, code in codes if code} or {manifest.campaign} - {""}
        ours = self.master.settings.code
        foreign = "、".join(sorted(named)) if named and ours not in named else ""
        unit = file.unit or self.unit_of(manifest, [code for _, code in codes if code])
        found = Sorted([], [], [], [], [], set(), foreign, self.knows(manifest), manifest.stamped)
        for row, code in codes:
            self.sort_row(file, row, code, unit, found)
        own = self.own_digests(min(found.units, default=unit), found)
        for row in manifest.evidence:
            self.sort_evidence(file, row, unit, own, found)
        for loose in manifest.loose:
            code = identity.read(loose.typed.text)
            if code and code.campaign == ours and code.unit in self.due:
                found.units.add(code.unit)
            _leave(found, file, loose.sheet, [loose.typed], own)
        return found

    def knows(self, manifest: Manifest) -> bool:
        return any(_texts(row) in self.by_text for row in manifest.rows)

    def unit_of(self, manifest: Manifest, codes: list[identity.RowCode]) -> str:
        """The unit of a whole workbook: most row codes, then its stamp, then its title."""
        units = [c.unit for c in codes if c.campaign == self.master.settings.code]
        if units:
            return max(sorted(set(units)), key=units.count)
        if manifest.campaign == self.master.settings.code and manifest.unit in self.due:
            return manifest.unit
        said = {texts.squash(loose.typed.text) for loose in manifest.loose}
        name = self.master.settings.name
        titled = [
            u.code for u in self.master.units if texts.squash(w.form_title(name, u.name)) in said
        ]
        return titled[0] if len(titled) == 1 else ""

    def sort_row(
        self,
        file: Received,
        row: FormRow,
        code: identity.RowCode | None,
        unit: str,
        found: Sorted,
    ) -> None:
        match = self.match(row, code, unit, proven=bool(found.rows))
        if match is None:
            if code and code.campaign == self.master.settings.code:
                cell = row.cells.get(w.CODE) or next(iter(row.cells.values()))
                where = Where(file.path, row.sheet, cell.cell)
                found.unknown.append(Unknown(where, str(code)))
            self.leave_row(file, row, row.cells, unit, found)
            return
        by, unit, requirement = match
        assigned = requirement.key in self.due[unit]
        cell = row.cells.get(w.ANSWER) or next(iter(row.cells.values()))
        where = Where(file.path, row.sheet, cell.cell)
        check, altered = self.compare(row, code, unit, requirement)
        found.units.add(unit)
        found.rows.append(
            Row(where, unit, requirement.key, by, str(code or ""), check, assigned, altered)
        )
        version = _version(file, row, unit, requirement, where)
        rest = _unused(row, version, {cell for _, cell, _ in altered})
        if assigned and (
            version.text or version.choice or version.number is not None or version.number_text
        ):
            found.versions.append(version)
        if not (assigned and version.text):
            # A choice or a number alone is no answer; it is kept as a version for the rules to
            # speak of, and stands with the leftovers so that nobody can say it was dropped.
            rest |= set(layout.TO_FILL)
        self.leave_row(file, row, rest, unit, found)

    def leave_row(
        self, file: Received, row: FormRow, captions: Iterable[str], unit: str, found: Sorted
    ) -> None:
        """List cells of a row; what stands where a unit writes is theirs whatever it says."""
        for caption in sorted(captions):
            if caption in row.cells:
                own = frozenset() if caption in layout.TO_FILL else self.own_digests(unit, found)
                _leave(found, file, row.sheet, [row.cells[caption]], own)

    def match(
        self, row: FormRow, code: identity.RowCode | None, unit: str, *, proven: bool
    ) -> tuple[str, str, Requirement] | None:
        """How it was found, the unit and the requirement; None where nothing fits."""
        master = self.master
        if code and code.campaign != master.settings.code:
            return None
        if code and code.unit in master.unit and code.requirement in master.requirement:
            return "code", code.unit, master.requirement[code.requirement]
        owner = code.unit if code and code.unit in master.unit else unit
        if owner not in self.due:
            return None
        fits = [r for r in self.by_text.get(_texts(row), ()) if r.key in self.due[owner]]
        if len(fits) == 1:
            return "text", owner, fits[0]
        said = texts.squash(_said(row, w.NUMBER)).strip("()")
        fits = [
            r
            for r in master.due(owner)
            if said in (str(r.number), texts.squash(w.number_label(r.numbers)))
        ]
        if len(fits) == 1 and (proven or code):
            return "number", owner, fits[0]
        return None

    def compare(
        self, row: FormRow, code: identity.RowCode | None, unit: str, requirement: Requirement
    ) -> tuple[str, tuple[tuple[str, str, str], ...]]:
        """The state of the check characters, and the locked cells that say something else."""
        altered = tuple(
            (caption, row.cells[caption].cell, row.cells[caption].text)
            for caption, said in form.locked_texts(self.master, requirement).items()
            if caption in row.cells and texts.squash(row.cells[caption].text) != texts.squash(said)
        )
        identifying = any(caption in (w.INDICATOR, w.MATERIAL) for caption, _, _ in altered)
        check = ""
        if code:
            campaign = self.master.settings.code
            parts = (campaign, unit, requirement.key)
            texts_here = (
                _said(row, w.INDICATOR) or requirement.text,
                _said(row, w.MATERIAL) or requirement.material,
            )
            if code.check == identity.check(*parts, requirement.text, requirement.material):
                check = "ok"
            elif identifying and code.check == identity.check(*parts, *texts_here):
                check = "older"
            else:
                check = "wrong"
        older = (w.INDICATOR, w.MATERIAL) if check == "older" else ()
        # Another column that the form itself carried so (an older master) was not altered.
        altered = tuple(
            (caption, cell, said)
            for caption, cell, said in altered
            if caption not in older
            and not (row.cells[caption].ours and caption not in (w.INDICATOR, w.MATERIAL))
        )
        return check, altered

    def sort_evidence(
        self, file: Received, row: FormRow, unit: str, own: frozenset[str], found: Sorted
    ) -> None:
        typed = [t for t in row.cells.values() if not t.ours]
        code = identity.read(_said(row, w.CODE))
        said = texts.squash(_said(row, w.CODE))
        key = code.requirement if code else said if said in self.master.requirement else ""
        owner = code.unit if code else unit
        name = row.cells.get(w.FILE_NAME)
        other = code is not None and code.campaign != self.master.settings.code
        if other or key not in self.due.get(owner, set()) or name is None:
            _leave(found, file, row.sheet, typed, own)
            return
        pieces = _said(row, w.PIECES)
        day = texts.parse_date(_said(row, w.DATE))
        found.evidence.append(
            Evidence(
                Where(file.path, row.sheet, name.cell),
                owner,
                key,
                texts.tidy(name.text),
                texts.tidy(_said(row, w.KIND)),
                day.isoformat() if day else texts.tidy(_said(row, w.DATE)),
                int(pieces) if pieces.isdecimal() and pieces.isascii() else 1,
                texts.tidy(_said(row, w.NOTE)),
            )
        )
        if not pieces.isdecimal():
            _leave(found, file, row.sheet, _present(row, w.PIECES), own)


def _code(row: FormRow) -> identity.RowCode | None:
    """The row code: where it belongs, else anywhere in the row."""
    first = [row.cells[w.CODE]] if w.CODE in row.cells else []
    skip = {w.ANSWER, w.CODE}
    for typed in (*first, *(t for c, t in row.cells.items() if c not in skip)):
        if code := identity.read(typed.text):
            return code
    return None


def _said(row: FormRow, caption: str) -> str:
    typed = row.cells.get(caption)
    return typed.text if typed else ""


def _texts(row: FormRow) -> tuple[str, str]:
    return texts.squash(_said(row, w.INDICATOR)), texts.squash(_said(row, w.MATERIAL))


def _present(row: FormRow, *captions: str) -> list[Typed]:
    return [row.cells[caption] for caption in captions if caption in row.cells]


def _leave(
    found: Sorted,
    file: Received,
    sheet: str,
    typed: Iterable[Typed],
    own: frozenset[str],
) -> None:
    """List what somebody typed; `own` are digests of the form's texts, where it may carry them."""
    for cell in typed:
        if not cell.ours and identity.digest(cell.text) not in own and texts.count(cell.text):
            text = cell.text
            found.leftover.append(Leftover(Where(file.path, sheet, cell.cell), text))


def _version(
    file: Received, row: FormRow, unit: str, requirement: Requirement, where: Where
) -> Version:
    answer = row.cells.get(w.ANSWER)
    quantity = row.cells.get(w.QUANTITY)
    number = _number(quantity) if requirement.kind == w.FIGURES else None
    wrong = quantity is not None and number is None and requirement.kind == w.FIGURES
    text = texts.tidy(answer.text) if answer else ""
    return Version(
        unit=unit,
        requirement=requirement.key,
        text=text if texts.count(text) else "",
        choice=texts.tidy(_said(row, w.STATUS)),
        number=number,
        where=where,
        sha256=file.sha256,
        saved=file.saved,
        received=file.received,
        kind=answer.kind if answer else "text",
        number_text=quantity.text if quantity and wrong else "",
        number_cell=quantity.cell if quantity else "",
    )


def _number(typed: Typed | None) -> float | None:
    """A plain number, also when it was pasted as text with thousands separators."""
    if typed is None or typed.kind not in ("number", "text"):
        return None
    plain = texts.squash(typed.text).replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if abs(number) < 1e15 and plain[-1:].isdecimal() else None


def _unused(row: FormRow, version: Version, altered: set[str]) -> set[str]:
    """The captions of a matched row's cells that went into no answer."""
    rest = set()
    for caption, typed in row.cells.items():
        if caption == w.QUANTITY:
            unused = version.number is None
        elif caption == w.STATUS:
            unused = version.choice not in ("", *w.CHOICES)
        elif caption == w.CODE:
            unused = identity.read(typed.text) is None
        else:
            unused = typed.cell in altered or caption in (w.COUNT, w.HINT, w.PROBLEM)
        if unused:
            rest.add(caption)
    return rest
