"""Master in, one workbook for every unit that has something to hand in out."""

from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from pdsfz_xl import form, identity, layout, reader, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Answer, Batch, Master, Unit
from pdsfz_xl.units import Names

Previous = Mapping[str, Mapping[str, Filled]]
"""Earlier answers by unit code and requirement key."""


class Form(NamedTuple):
    unit: Unit
    name: str
    """The file name, safe on every system."""
    data: bytes


def forms(master: Master, previous: Previous | None = None) -> tuple[Form, ...]:
    """The forms of all units with something due, in the order of 责任单位."""
    made = []
    for unit in master.units:
        if master.due(unit.code):
            filled = (previous or {}).get(unit.code, {})
            data = form.build(master, unit, filled, prefilled=bool(filled))
            made.append(Form(unit, file_name(master, unit), data))
    return tuple(made)


def previous(master: Master, before: Batch) -> tuple[Previous, int]:
    """What units said before, of this campaign or another one, and how many answers got lost.

    Of this campaign an answer is known by its unit and key; of another one by the unit's name or
    alias and the very texts of 三级指标 and 填报材料, where exactly one requirement has them. Lost
    is what fits nowhere, what comes second to one place, and what is longer than a cell.
    """
    found: dict[str, dict[str, Filled]] = defaultdict(dict)
    lost = 0
    same = before.master.settings.code == master.settings.code
    places = {p: p for p in before.answer} if same else _by_texts(master, before)
    due = {unit.code: {r.key for r in master.due(unit.code)} for unit in master.units}
    for answer in before.answers:
        if not answer.answered:
            continue
        unit, key = places.get((answer.unit, answer.requirement), ("", ""))
        fits = key in due.get(unit, ()) and text.utf16_length(answer.text) <= text.CELL_LIMIT
        if fits and key not in found[unit]:
            known = form.known(answer) if same else ()
            found[unit][key] = Filled(w.previous(answer.status), answer.text, answer.number, known)
        else:
            lost += 1
    return {unit: answers for unit, answers in found.items() if answers}, lost


Places = Mapping[tuple[str, str], tuple[str, str]]


def _by_texts(master: Master, before: Batch) -> Places:
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for requirement in master.requirements:
        keys[_texts(requirement.text, requirement.material)].append(requirement.key)
    names = Names(master.units)
    units = {}
    for old in before.master.units:
        now = {names.unit(n) for n in (old.name, *old.aliases)} - {""}
        units[old.code] = now.pop() if len(now) == 1 else ""

    def place(answer: Answer) -> tuple[str, str]:
        old = before.master.requirement[answer.requirement]
        same = keys[_texts(old.text, old.material)]
        return units[answer.unit], same[0] if len(same) == 1 else ""

    return {(a.unit, a.requirement): place(a) for a in before.answers}


def _texts(indicator: str, material: str) -> tuple[str, str]:
    return text.squash(indicator), text.squash(material)


def why_changed(old: bytes, new: bytes) -> str:
    """What a unit that has the old form must know of the new one, in a few words.

    Empty where that is nothing: 填写说明 names what others have to do, and a new version of ours
    may set a form otherwise.
    Raises reader.Refused where the old bytes are no workbook any more.
    """
    (before, old_head), (after, new_head) = (_rows(data) for data in (old, new))
    both = before.keys() & after.keys()
    changed = {
        key: [c for c in _LOCKED if before[key].get(c) != after[key].get(c)] for key in sorted(both)
    }
    return w.form_changes(
        sorted(after.keys() - before.keys()),
        sorted(before.keys() - after.keys()),
        {key: captions for key, captions in changed.items() if captions},
        head=old_head != new_head,
        refilled=any(before[key].get(w.ANSWER) != after[key].get(w.ANSWER) for key in both),
    )


def digest(master: Master) -> str:
    """Of all that a form says, of whatever unit: the same until forms have to be made anew."""
    s = master.settings
    head = (s.name, s.code, s.deadline, s.contact, s.phone, s.email, s.address, s.password)
    asked = [(u.code, u.name, u.extended, master.due(u.code)) for u in master.units]
    return sha256(repr((head, asked)).encode("utf-8", "surrogatepass")).hexdigest()


def is_current(master: Master, unit: Unit, data: bytes) -> bool:
    """Whether a form says what the master says now, whatever answers it came with.

    Raises reader.Refused where the bytes are no workbook.
    """
    (before, old_head), (after, new_head) = _rows(data), _rows(form.build(master, unit))
    return old_head == new_head and _locked(before) == _locked(after)


def _locked(rows: Mapping[str, Mapping[str, str]]) -> list[tuple[str, list[str | None]]]:
    return [(key, [cells.get(caption) for caption in _LOCKED]) for key, cells in rows.items()]


_LOCKED = tuple(c.caption for c in layout.FORM[1:] if c.caption not in layout.COUNTED)


def _rows(data: bytes) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Of a form of ours: its rows by key and caption, and what stands above the table."""
    book = reader.read(reader.InMemory("form.xlsx", data))
    cells = next(sheet.cells for sheet in book.sheets if sheet.name == w.FORM_SHEET)
    rows: dict[str, dict[str, str]] = {}
    head = []
    for (row, column), cell in sorted(cells.items()):
        code = identity.read(cells[row, 0].text) if (row, 0) in cells else None
        if row < form.HEADER and not cell.formula:
            head.append(cell.text)
        elif code and column < len(layout.FORM):
            rows.setdefault(code.requirement, {})[layout.FORM[column].caption] = cell.text
    return rows, head


def idle(master: Master) -> tuple[Unit, ...]:
    """The units that have nothing to hand in and so get no form."""
    return tuple(unit for unit in master.units if not master.due(unit.code))


def file_name(master: Master, unit: Unit) -> str:
    return text.file_name(w.form_file(unit.code, unit.name, master.settings.name)) + ".xlsx"
