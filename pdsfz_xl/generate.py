"""Master in, one workbook for every unit that has something to hand in out."""

from typing import NamedTuple

from pdsfz_xl import form, text
from pdsfz_xl import wording as w
from pdsfz_xl.model import Master, Unit


class Form(NamedTuple):
    unit: Unit
    name: str
    """The file name, safe on every system."""
    data: bytes


def forms(master: Master) -> tuple[Form, ...]:
    """The forms of all units with something due, in the order of 责任单位."""
    return tuple(
        Form(unit, file_name(master, unit), form.build(master, unit))
        for unit in master.units
        if master.due(unit.code)
    )


def idle(master: Master) -> tuple[Unit, ...]:
    """The units that have nothing to hand in and so get no form."""
    return tuple(unit for unit in master.units if not master.due(unit.code))


def file_name(master: Master, unit: Unit) -> str:
    return text.file_name(w.form_file(unit.code, unit.name, master.settings.name)) + ".xlsx"
