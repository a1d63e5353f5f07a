"""What goes to units without mail: workbooks and words in, parcels and a text for a group out."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import PurePath
from typing import NamedTuple

from pdsfz_xl import covering, owed, template
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Settings, Unit
from pdsfz_xl.owed import Owed
from pdsfz_xl.states import UnitStatus

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP archive can name."""

_UNIX = 3
_FOLDER = 40
"""Characters of a folder's name: Windows allows 260 for a whole path."""


class Parcel(NamedTuple):
    """What one unit gets: once as a folder, once as an archive. All names are safe."""

    folder: str
    files: Mapping[str, bytes]
    archive: str
    zipped: bytes


def parcel(settings: Settings, unit: Unit, kind: str, files: Mapping[str, bytes]) -> Parcel:
    """`files` by name, each of another kind: a workbook, a letter, a text."""
    name = hw.parcel_file(unit.code, unit.name, kind, settings.name)
    return Parcel(
        texts.file_name(hw.parcel_folder(unit.code, unit.name), _FOLDER),
        files,
        f"{texts.file_name(name)}.zip",
        _zipped(f"{unit.code}_{settings.code}", files),
    )


def _zipped(stem: str, files: Mapping[str, bytes]) -> bytes:
    """The same files under one plain name, told apart by their suffix.

    The Explorer of Windows 7 reads every name in the charset of the machine, whatever the archive
    says (APPNOTE 4.4.4, bit 11); others read GBK as something else. Only ASCII is read alike by
    all of them. Stored, not compressed: most of it is, and zlib's bytes differ by version.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(f"{stem}{PurePath(name).suffix}", _EPOCH)
            member.create_system, member.external_attr = _UNIX, 0o644 << 16
            archive.writestr(member, data)
    return buffer.getvalue()


def cover(batch: Batch, unit: Unit, kind: str, changes: str = "") -> dict[str, bytes]:
    """The office's letter to a unit, as a document and as a text to paste.

    `changes` says what is different in a form that comes in place of another one.
    """
    master, today = batch.master, batch.now.date()
    said = template.of(master, kind)
    values = template.values(batch, unit, today, problems=changes)
    subject, text = (template.fill(part, values) for part in (said.subject, said.body))
    text = template.with_changes(text, changes, master.settings.issuer)
    name = texts.file_name(hw.cover_file(unit.code, unit.name, kind), _FOLDER)
    return {
        f"{name}.docx": covering.note(master.settings, subject, text, today),
        f"{name}.txt": texts.for_notepad(f"{' '.join(subject.split())}\n\n{text}\n"),
    }


# --- the text for a group chat -------------------------------------------------------------


def group_text(batch: Batch, owing: Iterable[Owed]) -> str:
    """Who still owes what, to be pasted where all units read it: facts, and no names of people."""
    return "\n".join(_group_lines(batch, owing))


def _group_lines(batch: Batch, owing: Iterable[Owed]) -> Iterator[str]:
    settings, now = batch.master.settings, batch.now
    deadline = settings.deadline
    left = w.days_left((deadline - now.date()).days) if deadline else ""
    yield hw.group_head(settings.name, w.day(deadline) if deadline else "", left)
    yield hw.group_list(f"{w.month_day(now)} {now:%H:%M}")
    yield from template.numbered(_group_line(one, deadline) for one in owing).split("\n")
    yield hw.group_end(settings.email, settings.contact, settings.phone)


def _group_line(one: Owed, deadline: date | None) -> str:
    names = [owed.name(requirement) for requirement in one.missing]
    what = hw.whole_form(names) if one.status == UnitStatus.MISSING else hw.some_items(names)
    own = w.day(one.deadline) if one.deadline and one.deadline != deadline else ""
    return hw.group_line(one.unit.name, texts.visible(what), own)
