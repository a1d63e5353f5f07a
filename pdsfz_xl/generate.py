"""Master in, one workbook for every unit that has something to hand in out."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from pdsfz_xl import form, rules, text
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Answer, Batch, Master, Unit

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
            found[unit][key] = Filled(w.previous(answer.status), answer.text, answer.number)
        else:
            lost += 1
    return {unit: answers for unit, answers in found.items() if answers}, lost


Places = Mapping[tuple[str, str], tuple[str, str]]


def _by_texts(master: Master, before: Batch) -> Places:
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for requirement in master.requirements:
        keys[_texts(requirement.text, requirement.material)].append(requirement.key)
    names = rules.unit_names(master)
    units = {}
    for old in before.master.units:
        now = {names.get(text.squash(n), "") for n in (old.name, *old.aliases)} - {""}
        units[old.code] = now.pop() if len(now) == 1 else ""

    def place(answer: Answer) -> tuple[str, str]:
        old = before.master.requirement[answer.requirement]
        same = keys[_texts(old.text, old.material)]
        return units[answer.unit], same[0] if len(same) == 1 else ""

    return {(a.unit, a.requirement): place(a) for a in before.answers}


def _texts(indicator: str, material: str) -> tuple[str, str]:
    return text.squash(indicator), text.squash(material)


def idle(master: Master) -> tuple[Unit, ...]:
    """The units that have nothing to hand in and so get no form."""
    return tuple(unit for unit in master.units if not master.due(unit.code))


def file_name(master: Master, unit: Unit) -> str:
    return text.file_name(w.form_file(unit.code, unit.name, master.settings.name)) + ".xlsx"
