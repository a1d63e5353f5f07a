"""Whose is each row: one file's manifest in, its rows, versions, evidence and leftovers out.

Never by file name: the row code first, then the exact texts, then the number.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from pdsfz_xl import form, identity, layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.identity import ProblemCode, RowCode
from pdsfz_xl.model import (
    Evidence,
    Explanation,
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
from pdsfz_xl.states import CellKind, CodeCheck, FoundBy
from pdsfz_xl.units import Names


class Contents(NamedTuple):
    """What one file gave: everything it holds is in one of these."""

    rows: list[Row]
    unknown: list[Unknown]
    versions: list[Version]
    evidence: list[Evidence]
    explanations: list[Explanation]
    leftover: list[Leftover]
    units: set[str]
    foreign: str
    """The other campaigns its codes name, if none names this one."""
    known: bool
    """Whether it holds texts of this campaign, though perhaps nothing says whose."""


class Matcher:
    """What of the master every file is held against."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self.campaign = master.settings.code
        self.by_text: dict[tuple[str, str], list[Requirement]] = defaultdict(list)
        self.by_number: dict[str, list[Requirement]] = defaultdict(list)
        for requirement in master.requirements:
            key = (texts.squash(requirement.text), texts.squash(requirement.material))
            self.by_text[key].append(requirement)
            label = texts.squash(w.number_label(requirement.numbers))
            for said in {str(requirement.number), label}:
                self.by_number[said].append(requirement)
        self.due = {unit.code: {r.key for r in master.due(unit.code)} for unit in master.units}
        self.titles: dict[str, list[str]] = defaultdict(list)
        for unit in master.units:
            title = w.form_title(master.settings.name, unit.name)
            self.titles[texts.squash(title)].append(unit.code)
        self.names = Names(master.units)
        self.own: dict[str, frozenset[str]] = {}
        self.checks: dict[tuple[str, str], dict[str, list[tuple[str, Requirement]]]] = {}

    def find_unit(self, name: str) -> str:
        return self.names.unit(name)

    def by_check(self, key: tuple[str, str]) -> dict[str, list[tuple[str, Requirement]]]:
        """Of the rows with these texts in all forms: whose they are, by their check characters."""
        if key not in self.checks:
            found: dict[str, list[tuple[str, Requirement]]] = defaultdict(list)
            for requirement in self.by_text.get(key, ()):
                for unit in {duty.unit for duty in requirement.duties}:
                    found[_true_code(self.master, unit, requirement).check] += [(unit, requirement)]
            self.checks[key] = found
        return self.checks[key]

    def code_of(self, row: FormRow) -> RowCode | None:
        """The row code: where it belongs, else one of this campaign anywhere in the row."""
        if code := identity.read(_said(row, w.CODE)):
            return code
        for caption, typed in row.cells.items():
            code = identity.read(typed.text) if caption not in (w.ANSWER, w.CODE) else None
            if code and code.campaign == self.campaign:
                return code
        return None

    def sort(self, file: Received, manifest: Manifest) -> Contents:
        """Put every cell of one file where it belongs."""
        return _File(self, file, manifest).sort()

    def unit_of(self, manifest: Manifest) -> str:
        """The unit of a whole workbook: most row codes, then its stamp, then its title."""
        codes = [code for row in manifest.rows if (code := self.code_of(row))]
        units = Counter(c.unit for c in codes if c.campaign == self.campaign and c.unit in self.due)
        if units:
            return max(sorted(units), key=units.__getitem__)
        if manifest.campaign == self.campaign and manifest.unit in self.due:
            return manifest.unit
        titled = {
            unit
            for loose in manifest.loose
            for unit in self.titles.get(texts.squash(loose.typed.text), ())
        }
        return titled.pop() if len(titled) == 1 else ""

    def own_digests(self, unit: str) -> frozenset[str]:
        """The texts a unit's form carries, for files that do not say so themselves any more."""
        if unit not in self.own:
            known = self.master.unit.get(unit)
            self.own[unit] = form.own_digests(self.master, known) if known else frozenset()
        return self.own[unit]


class _File:
    """One file being sorted."""

    def __init__(self, matcher: Matcher, file: Received, manifest: Manifest) -> None:
        self.matcher, self.file, self.manifest = matcher, file, manifest
        self.master = matcher.master
        self.codes = [(row, matcher.code_of(row)) for row in manifest.rows]
        self.unit = file.unit or matcher.unit_of(manifest)
        self.kinds: dict[str, set[str]] = defaultdict(set)
        for kind, rows in ((w.FORM_SHEET, manifest.rows), (w.EVIDENCE_SHEET, manifest.evidence)):
            for row in rows:
                self.kinds[row.sheet].add(kind)
        scattered = [(x.sheet, identity.read(x.typed.text)) for x in manifest.loose]
        self.scattered = [(sheet, code) for sheet, code in scattered if code]
        if not manifest.rows and not manifest.evidence:
            for sheet, _ in self.scattered:
                self.kinds[sheet].add(w.FORM_SHEET)
        named = {code.campaign for _, code in self.codes if code} or {manifest.campaign} - {""}
        foreign = "、".join(sorted(named)) if matcher.campaign not in named else ""
        known = any(_texts(row) in matcher.by_text for row in manifest.rows)
        self.found = Contents([], [], [], [], [], [], set(), foreign, known)

    def sort(self) -> Contents:
        for row, code in self.codes:
            self.sort_row(row, code)
        for row in self.manifest.evidence:
            self.sort_evidence(row)
        for row in self.manifest.problems:
            self.sort_problem(row)
        for loose in self.manifest.loose:
            self.leave(loose.sheet, [loose.typed])
        if not self.found.rows and not self.found.evidence:
            # Nothing stands in a column we know; where codes do, at least they say whose it is.
            for _, code in self.scattered:
                if code.campaign == self.matcher.campaign:
                    self.found.units.update({code.unit} & self.master.unit.keys())
        return self.found

    def where(self, sheet: str, typed: Typed) -> Where:
        return Where(self.file.path, sheet, typed.cell)

    # --- rows of the table

    def sort_row(self, row: FormRow, code: RowCode | None) -> None:
        match = self.match(row, code)
        if match is None:
            if code and code.campaign == self.matcher.campaign:
                cell = row.cells.get(w.CODE) or next(iter(row.cells.values()))
                self.found.unknown.append(Unknown(self.where(row.sheet, cell), str(code)))
            self.leave_row(row, row.cells)
            return
        by, unit, requirement = match
        assigned = requirement.key in self.matcher.due[unit]
        cell = row.cells.get(w.ANSWER) or next(iter(row.cells.values()))
        where = self.where(row.sheet, cell)
        check, altered = self.compare(row, code, unit, requirement)
        self.found.units.add(unit)
        version = self.version(row, unit, requirement, where)
        said = bool(
            version.text or version.choice or version.number is not None or version.number_text
        )
        self.found.rows.append(
            Row(
                where,
                unit,
                requirement.key,
                by,
                str(code or ""),
                check,
                assigned,
                altered,
                said and not version.unconfirmed,
                not version.text and self.came_with_text(unit, requirement),
            )
        )
        rest = _unused(row, version, {cell for _, cell, _ in altered})
        if not assigned:
            rest |= set() if version.unconfirmed and not version.mute else set(layout.TO_FILL)
        elif said:
            self.found.versions.append(version)
        self.leave_row(row, rest)

    def match(self, row: FormRow, code: RowCode | None) -> tuple[FoundBy, str, Requirement] | None:
        """How it was found, the unit and the requirement; None where nothing fits."""
        master, due = self.master, self.matcher.due
        if code and code.campaign != self.matcher.campaign:
            return None
        same_text = self.matcher.by_text.get(_texts(row), [])
        by_code = None
        if code and code.unit in due and code.requirement in master.requirement:
            by_code = FoundBy.CODE, code.unit, master.requirement[code.requirement]
            if code == _true_code(master, code.unit, by_code[2]) or _is_genuine(row, code):
                return by_code
        elif code and code.unit not in due and _is_genuine(row, code) and not self.file.unit:
            return None  # Nothing is mistyped: it is the row of a unit that is gone.
        if code and len(found := self.matcher.by_check(_texts(row)).get(code.check, [])) == 1:
            # Its unit or its key was mistyped, and the check characters tell which they were.
            return FoundBy.TEXT, *found[0]
        if by_code and (not same_text or by_code[2] in same_text):
            return by_code
        owner = code.unit if code and code.unit in due else self.unit
        fits = [r for r in same_text if r.key in due.get(owner, ())]
        if len(fits) == 1:
            return FoundBy.TEXT, owner, fits[0]
        if by_code:
            return by_code
        if code and code.requirement not in master.requirement and _is_genuine(row, code):
            return None  # The row of a requirement that is gone: others may share its number.
        said = texts.squash(_said(row, w.NUMBER)).strip("()")
        fits = [r for r in self.matcher.by_number.get(said, ()) if r.key in due.get(owner, ())]
        if len(fits) == 1 and (self.found.rows or code):
            return FoundBy.NUMBER, owner, fits[0]
        return None

    def came_with(self, unit: str, requirement: Requirement) -> str:
        """The fingerprint of the answer this form was handed out with, if it was with any."""
        return self.manifest.prefilled.get(f"{unit}-{requirement.key}", "")

    def came_with_text(self, unit: str, requirement: Requirement) -> bool:
        """Whether this form was handed out with a text there."""
        shown = self.manifest.shown.get(f"{unit}-{requirement.key}", "")
        return bool(self.came_with(unit, requirement)) or identity.is_of_text(shown)

    def compare(
        self, row: FormRow, code: RowCode | None, unit: str, requirement: Requirement
    ) -> tuple[CodeCheck, tuple[tuple[str, str, str], ...]]:
        """The state of the check characters, and the locked cells that say something else."""
        altered = tuple(
            (caption, row.cells[caption].cell, row.cells[caption].text)
            for caption, said in form.locked_texts(self.master, requirement).items()
            if caption in row.cells and texts.squash(row.cells[caption].text) != texts.squash(said)
        )
        identifying = any(caption in (w.INDICATOR, w.MATERIAL) for caption, _, _ in altered)
        check = CodeCheck.NONE
        if code:
            texts_here = (
                _said(row, w.INDICATOR) or requirement.text,
                _said(row, w.MATERIAL) or requirement.material,
            )
            here = (self.matcher.campaign, unit, requirement.key)
            if code == _true_code(self.master, unit, requirement):
                check = CodeCheck.OK
            elif identifying and code == identity.make(*here, *texts_here):
                check = CodeCheck.OLDER
            else:
                check = CodeCheck.WRONG
        older = (w.INDICATOR, w.MATERIAL) if check == CodeCheck.OLDER else ()
        # Another column that the form itself carried so (an older master) was not altered.
        altered = tuple(
            (caption, cell, said)
            for caption, cell, said in altered
            if caption not in older
            and not (row.cells[caption].ours and caption not in (w.INDICATOR, w.MATERIAL))
        )
        return check, altered

    def version(self, row: FormRow, unit: str, requirement: Requirement, where: Where) -> Version:
        answer, quantity = row.cells.get(w.ANSWER), row.cells.get(w.QUANTITY)
        asked = quantity if requirement.kind == w.FIGURES else None
        number = _number(asked, requirement.measure) if asked else None
        text = texts.tidy(answer.text) if answer else ""
        text = text if texts.count(text) else ""
        choice = texts.tidy(_said(row, w.STATUS))
        marked = choice.startswith(w.PREVIOUS)
        place = f"{unit}-{requirement.key}"
        before = self.came_with(unit, requirement)
        same = identity.prefill(text, number) == before if before else marked
        unconfirmed = bool(text) and same and (marked or not choice)
        mute = _alone(row, number) if not text else []
        if unconfirmed and not before:
            # The hidden sheet is gone: nothing proves that nobody wrote this.
            mute = _present(row, w.ANSWER, w.QUANTITY)
        return Version(
            unit=unit,
            requirement=requirement.key,
            text=text,
            choice="" if marked else choice,
            number=number,
            where=where,
            sha256=self.file.sha256,
            saved=self.file.saved,
            received=self.file.received,
            kind=answer.kind if answer else CellKind.TEXT,
            number_text=asked.text if asked and number is None else "",
            number_where=self.where(row.sheet, asked) if asked else None,
            unconfirmed=unconfirmed,
            mute=tuple(self.leftovers(row.sheet, mute)),
            fingerprint=identity.fingerprint(choice, text, number),
            shown=self.manifest.shown.get(place, ""),
            known=frozenset(self.manifest.known.get(place, ())),
            first_seen=self.file.first_seen,
        )

    # --- evidence, and what is left

    def sort_evidence(self, row: FormRow) -> None:
        typed = [t for t in row.cells.values() if not t.ours]
        said = _said(row, w.CODE)
        code, plain = identity.read(said), texts.squash(said)
        key = code.requirement if code else plain if plain in self.master.requirement else ""
        owner = code.unit if code else self.unit
        name = row.cells.get(w.FILE_NAME)
        if code and not self.is_known(code):
            place = next(iter(row.cells.values()))
            self.found.unknown.append(Unknown(self.where(row.sheet, place), str(code)))
            key = ""
        if key not in self.matcher.due.get(owner, set()) or name is None:
            self.leave(row.sheet, typed)
            return
        pieces = texts.parse_count(_said(row, w.PIECES))
        day = texts.parse_date(_said(row, w.DATE))
        self.found.units.add(owner)
        self.found.evidence.append(
            Evidence(
                self.where(row.sheet, name),
                owner,
                key,
                texts.tidy(name.text),
                texts.tidy(_said(row, w.KIND)),
                day.isoformat() if day else texts.tidy(_said(row, w.DATE)),
                1 if pieces is None else pieces,
                texts.tidy(_said(row, w.NOTE)),
            )
        )
        unused = [w.PIECES] if pieces is None else []
        unused += [w.CODE] if code and not identity.is_bare(said) else []
        self.leave(row.sheet, _present(row, *unused))

    def sort_problem(self, row: FormRow) -> None:
        """A row of 问题清单: its code says what is explained in it."""
        rest = dict(row.cells)
        typed = rest.pop(w.EXPLANATION, None)
        code = identity.read_problem_code(_said(row, w.PROBLEM_CODE))
        if typed and texts.count(typed.text):
            if (
                code
                and code.campaign == self.matcher.campaign
                and code.requirement in self.matcher.due.get(code.unit, ())
            ):
                self.found.units.add(code.unit)
                self.found.explanations.append(self.explanation(row.sheet, typed, code))
            else:
                self.found.leftover.extend(self.leftovers(row.sheet, [typed]))
        self.leave(row.sheet, rest.values())

    def explanation(self, sheet: str, typed: Typed, code: ProblemCode) -> Explanation:
        return Explanation(
            where=self.where(sheet, typed),
            unit=code.unit,
            requirement=code.requirement,
            rule=code.rule,
            code=str(code),
            text=texts.tidy(typed.text),
            sha256=self.file.sha256,
            saved=self.file.saved,
            received=self.file.received,
        )

    def is_known(self, code: RowCode) -> bool:
        """Whether a code of 佐证材料 is a row's of this form, or true by the master."""
        requirement = self.master.requirement.get(code.requirement)
        here = requirement and code.unit in self.matcher.due
        return code in self.own_codes or bool(
            here and requirement and code == _true_code(self.master, code.unit, requirement)
        )

    @cached_property
    def own_codes(self) -> frozenset[RowCode]:
        return frozenset(c for _, c in self.codes if c and c.campaign == self.matcher.campaign)

    def leave_row(self, row: FormRow, captions: Iterable[str]) -> None:
        """List cells of a row; what stands where a unit writes is theirs whatever it says."""
        theirs = [c for c in layout.TO_FILL if c in captions]
        self.found.leftover.extend(self.leftovers(row.sheet, _present(row, *theirs)))
        self.leave(row.sheet, _present(row, *sorted(set(captions) - set(theirs))))

    def leave(self, sheet: str, typed: Iterable[Typed]) -> None:
        """List what somebody typed, unless the form itself carried that text on such a sheet."""
        kinds = self.kinds[sheet] or {w.GUIDE_SHEET}
        theirs = (
            t for t in typed if not any(identity.digest(t.text, kind) in self.own for kind in kinds)
        )
        self.found.leftover.extend(self.leftovers(sheet, theirs))

    def leftovers(self, sheet: str, typed: Iterable[Typed]) -> list[Leftover]:
        return [
            Leftover(self.where(sheet, cell), cell.text)
            for cell in typed
            if not cell.ours and texts.count(cell.text)
        ]

    @cached_property
    def own(self) -> frozenset[str]:
        """What the forms of this file's units say themselves, where its stamp does not tell."""
        units = {code.unit for _, code in self.codes if code} | {self.unit}
        if not self.codes:
            units |= {code.unit for _, code in self.scattered}
        if self.manifest.stamped:
            units.discard(self.manifest.unit)
        if units == {""} and self.found.known:  # nothing says whose it is: any unit's form
            units = set(self.master.unit)
        return frozenset[str]().union(*map(self.matcher.own_digests, units))


def _true_code(master: Master, unit: str, requirement: Requirement) -> RowCode:
    parts = (unit, requirement.key, requirement.text, requirement.material)
    return identity.make(master.settings.code, *parts)


def _is_genuine(row: FormRow, code: RowCode) -> bool:
    """Whether the check characters fit the row's own texts: nobody mistyped anything."""
    return code == identity.make(*code[:3], _said(row, w.INDICATOR), _said(row, w.MATERIAL))


def _said(row: FormRow, caption: str) -> str:
    typed = row.cells.get(caption)
    return typed.text if typed else ""


def _texts(row: FormRow) -> tuple[str, str]:
    return texts.squash(_said(row, w.INDICATOR)), texts.squash(_said(row, w.MATERIAL))


def _present(row: FormRow, *captions: str) -> list[Typed]:
    return [row.cells[caption] for caption in captions if caption in row.cells]


_WRITTEN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
MOST = 1e15
DIGITS = 15
"""Beyond these neither Excel nor a float keeps every digit."""


def _number(typed: Typed, measure: str) -> float | None:
    """What the form's validation would take, also where it was pasted as text.

    As a text it may bring its 计量单位, which the form shows beside it. Nothing is put together:
    `35` above `40` in one cell, `12，15` and `2018 2019` are no number.
    """
    if typed.kind == CellKind.NUMBER and typed.value is not None:
        return typed.value if 0 <= typed.value < MOST else None
    if typed.kind not in (CellKind.NUMBER, CellKind.TEXT):
        return None
    plain = unicodedata.normalize("NFKC", typed.text.replace("，", "、")).strip()
    plain = plain.removesuffix(unicodedata.normalize("NFKC", measure)).strip()
    if not _WRITTEN_NUMBER.fullmatch(plain):
        return None
    plain = plain.replace(",", "")
    if len(plain.replace(".", "").strip("0")) > DIGITS:
        return None
    number = float(plain)
    return number if number < MOST else None


def _alone(row: FormRow, number: float | None) -> list[Typed]:
    """The cells of a choice or a number that stands without a text."""
    choice = _present(row, w.STATUS) if texts.tidy(_said(row, w.STATUS)) in w.CHOICES else []
    return choice + (_present(row, w.QUANTITY) if number is not None else [])


def _unused(row: FormRow, version: Version, altered: set[str]) -> set[str]:
    """The captions of a matched row's cells that went into no version."""
    rest = set()
    for caption, typed in row.cells.items():
        if caption == w.QUANTITY:
            unused = version.number is None
        elif caption == w.STATUS:
            unused = version.choice not in ("", *w.CHOICES)
        elif caption == w.CODE:
            unused = not identity.is_bare(typed.text)
        else:
            unused = typed.cell in altered or caption in (w.COUNT, w.HINT, w.PROBLEM)
        if unused:
            rest.add(caption)
    return rest
