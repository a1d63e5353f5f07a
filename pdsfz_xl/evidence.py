"""Files that are no forms in; whose they are, what they prove and where they are filed out.

A file counts for a piece that 佐证材料 lists by its name, or for the requirement its folder is
named for. Whose it is, is told by the piece, by a folder named for a unit, by the sender of the
mail it came in, or by a form that came in the same archive or mail; by nothing else.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from pdsfz_xl import mail_folder
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Evidence, Filed, Master, Received
from pdsfz_xl.states import Verdict

_NO_FORMS = frozenset({"F01", "F06", "F07"})
"""Files that could not be an answer of themselves: no spreadsheet, a foreign one, a closed one."""


_SHUT = frozenset({"F02", "F03", "F08"})
"""Files nobody could open: whose they are is worth knowing, what they prove nobody knows."""


class Placed(NamedTuple):
    """`received` are all files, those that are evidence with that verdict."""

    received: list[Received]
    listed: tuple[Evidence, ...]
    """With the file that was delivered for each, if any."""
    filed: tuple[Filed, ...]


def place(
    master: Master,
    received: Iterable[Received],
    listed: Iterable[Evidence],
    senders: Mapping[str, str],
) -> Placed:
    """Tell evidence from what must be typed in. `senders` are mail addresses by container path."""
    received, listed = list(received), list(listed)
    desk = _Desk(master, received, listed, senders)
    placed = [desk.place(f) if f.rule in (*_NO_FORMS, *_SHUT) and f.sha256 else f for f in received]
    delivered = [e._replace(file=desk.delivered.get(e, "")) for e in listed]
    return Placed(placed, tuple(delivered), tuple(sorted(desk.filed)))


def places(batch: Batch) -> dict[Filed, str]:
    """Where in out/6-材料 each piece goes; of two of one name the later gets its digest too."""
    taken: dict[str, str] = {}
    found: dict[Filed, str] = {}
    for filed in batch.filed:
        unit = batch.master.unit.get(filed.unit)
        name = PurePosixPath(filed.name)
        stem = f"{unit.code}_{unit.name}_{name.stem}" if unit else name.stem
        suffix = name.suffix if re.fullmatch(r"\.\w{1,10}", name.suffix) else ""
        path = f"{filed.requirement or w.UNFILED}/{texts.file_name(stem)}"
        if taken.setdefault(f"{path}{suffix}".casefold(), filed.sha256) != filed.sha256:
            path = f"{path}_{filed.sha256[:8]}"  # Windows knows no case
        found[filed] = f"{path}{suffix}"
    return found


class _Desk:
    def __init__(
        self,
        master: Master,
        received: list[Received],
        listed: list[Evidence],
        senders: Mapping[str, str],
    ) -> None:
        self.master = master
        self.names = _names(master)
        self.addresses = unit_by_address(master)
        self.senders = senders
        self.by_name: dict[str, list[Evidence]] = defaultdict(list)
        for piece in listed:
            self.by_name[texts.name_key(piece.name)].append(piece)
        self.company: dict[str, set[str]] = defaultdict(set)
        self.came = set()
        self.copies: dict[str, list[str]] = defaultdict(list)
        for file in received:
            self.copies[file.sha256].append(file.path)
            if file.verdict == Verdict.ACCEPTED and file.unit:
                self.came.add(file.unit)
                for outer in _company(file.path):
                    self.company[outer].add(file.unit)
        self.delivered: dict[Evidence, str] = {}
        self.filed: list[Filed] = []

    def place(self, file: Received) -> Received:
        # A second copy may lie where it says more.
        paths = self.copies[file.sha256]
        owners = {self.owner(path) for path in paths} - {""}
        unit = file.unit or (owners.pop() if len(owners) == 1 else "")
        if file.rule in _SHUT:
            return replace(file, unit=unit)
        listed = (piece for path in paths for piece in self.listed_as(path))
        pieces = [p for p in dict.fromkeys(listed) if not unit or p.unit == unit]
        if len({piece.unit for piece in pieces}) > 1:
            pieces = []  # Two bureaus list a file of this name, and nothing says whose this is.
        key = next(filter(None, map(self.requirement, paths)), "")
        if pieces:
            unit = pieces[0].unit
            self.delivered.update((piece, file.path) for piece in pieces)
            keys = list(dict.fromkeys(piece.requirement for piece in pieces))
        elif key:
            keys = [key]
        elif unit:
            keys = [""]
        else:
            return file
        name = _parts(file.path)[-1]
        self.filed += [Filed(file.path, file.sha256, unit, k, name) for k in keys]
        if not pieces and not key and unit not in self.came:
            return replace(file, unit=unit)  # Perhaps it is the answer: the office types it in.
        said = w.filed_under([k for k in keys if k])
        return replace(file, verdict=Verdict.EVIDENCE, rule="", message=said, unit=unit)

    def listed_as(self, path: str) -> list[Evidence]:
        name = _parts(path)[-1]
        stem = name.rpartition(".")[0]
        return self.by_name.get(texts.name_key(name)) or (
            self.by_name.get(texts.name_key(stem), []) if stem else []
        )

    def owner(self, path: str) -> str:
        """The unit a folder, a sender or the company it came in names; none where they differ."""
        parts = (part for part in _parts(path)[:-1] if not mail_folder.sender_of(part))
        folders = {self.names[n] for part in parts for n in self.named(part)}
        if folders:
            return folders.pop() if len(folders) == 1 else ""
        for outer in reversed(_company(path)):
            if unit := self.sender(outer):
                return unit
            if len(self.company[outer]) == 1:
                return next(iter(self.company[outer]))
        return ""

    def sender(self, outer: str) -> str:
        """The unit that sent a mail; the folder of one that was fetched names it."""
        fetched = mail_folder.sender_of(outer.rpartition("/")[2])
        name, address = fetched or ("", self.senders.get(outer, ""))
        return self.addresses.get(address.lower()) or self.names.get(texts.squash(name), "")

    def named(self, part: str) -> list[str]:
        """The longest names of units in a folder's name: 市司法局 alone in 市司法局报送材料."""
        plain = texts.squash(part)
        found = [name for name in self.names if name in plain]
        return [n for n in found if not any(n != other and n in other for other in found)]

    def requirement(self, path: str) -> str:
        """The requirement a folder is named for: `06.2`, or `06.2_持证上岗`."""
        for part in reversed(_parts(path)[:-1]):
            key = re.match(r"\d{2,4}(\.\d+)?(?![\d.])", texts.squash(part))
            if key and key[0] in self.master.requirement:
                return key[0]
        return ""


def unit_by_address(master: Master) -> dict[str, str]:
    """The unit of each address, in small letters; an address that several have tells nothing."""
    having: dict[str, set[str]] = defaultdict(set)
    for unit in master.units:
        for address in unit.emails:
            having[address.lower()].add(unit.code)
    return {a: next(iter(codes)) if len(codes) == 1 else "" for a, codes in having.items()}


def _names(master: Master) -> dict[str, str]:
    """Names and aliases of units for comparing; short ones might stand in any word."""
    named = ((texts.squash(n), u.code) for u in master.units for n in (u.name, *u.aliases))
    return {name: code for name, code in named if len(name) > 2}


def _parts(path: str) -> list[str]:
    """Folders, archives and in the end the name; without the drop zone's own folders."""
    return path.removeprefix(w.DROPZONE).replace(w.INSIDE, "/").split("/")


def _company(path: str) -> list[str]:
    """What a file came in together with others: folders of mails, then archives and mails."""
    folders = path.partition(w.INSIDE)[0].split("/")[:-1]
    mails = (n for n, name in enumerate(folders, 1) if mail_folder.sender_of(name))
    return [*("/".join(folders[:n]) for n in mails), *containers(path)]


def containers(path: str) -> list[str]:
    """The archives and mails a member lies in, the outermost first."""
    ends = [match.start() for match in re.finditer(re.escape(w.INSIDE), path)]
    return [path[:end] for end in ends]
