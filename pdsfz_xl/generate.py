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
    """What units said before, of this campaign or another one, and how much of it fits nowhere.

    Of this campaign an answer is known by its unit and key; of another one by the unit's name or
    alias and the very texts of 三级指标 and 填报材料, where exactly one requirement has them.
    """
    found: dict[str, dict[str, Filled]] = defaultdict(dict)
    lost = 0
    place = _same_campaign if before.master.settings.code == master.settings.code else _by_texts
    places = place(master, before)
    for answer in before.answers:
        if not answer.answered:
            continue
        unit, key = places.get((answer.unit, answer.requirement), ("", ""))
        if any(requirement.key == key for requirement in master.due(unit)):
            found[unit][key] = Filled(w.PREVIOUS, answer.text, answer.number)
        else:
            lost += 1
    return found, lost


Places = Mapping[tuple[str, str], tuple[str, str]]


def _same_campaign(_: Master, before: Batch) -> Places:
    return {place: place for place in before.answer}


def _by_texts(master: Master, before: Batch) -> Places:
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for requirement in master.requirements:
        keys[_texts(requirement.text, requirement.material)].append(requirement.key)
    units = {
        old.code: next(filter(None, (rules.find_unit(master, n) for n in names)), "")
        for old in before.master.units
        for names in [(old.name, *old.aliases)]
    }

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
