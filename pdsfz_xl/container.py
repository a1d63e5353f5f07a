"""An archive or a mail in, the files inside out, however nested; each that stays shut says why.

Limits hold for the whole nest, and twice: for what a directory claims, and again while a member
inflates, because the claim may be a lie.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pdsfz_xl import archive_wording as aw
from pdsfz_xl import message, seven_zip
from pdsfz_xl import wording as w
from pdsfz_xl.message import Message
from pdsfz_xl.package import Refused
from pdsfz_xl.sniff import LOCAL_HEADER, sniff
from pdsfz_xl.states import Reason
from pdsfz_xl.zip_archive import ENTRIES, Locked, Zip, entry_names, is_document, names_in


class Member(NamedTuple):
    """`path` is relative, raw and never twice the same; INSIDE stands between the levels."""

    path: str
    data: bytes
    inline: bool = False
    """A small picture that the text of a mail shows."""


class RefusedMember(NamedTuple):
    """A file, or a container within, that stays shut: F code and words as in Refused."""

    path: str
    rule: str
    detail: str
    reason: Reason | None = None


class Mail(NamedTuple):
    """A mail and the path it has in the nest, which is empty for the nest itself."""

    path: str
    facts: Message
    """Without its attachments, which are members."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    members: tuple[Member, ...]
    refused: tuple[RefusedMember, ...]
    clutter: tuple[str, ...]
    """What programs leave beside people's files, by path."""
    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes. `files` counts neither folders nor clutter."""

    files: int = 500
    one: int = 60 << 20
    total: int = 400 << 20
    ratio: int = 120
    ratio_free: int = 1 << 20
    depth: int = 3

    def is_bomb(self, size: int, packed: int) -> bool:
        return size > self.ratio_free and size > self.ratio * max(1, packed)

    def broken_by(self, size: int, packed: int) -> bool:
        """Whether one member is too much by itself."""
        return size > self.one or self.is_bomb(size, packed)


LIMITS = Limits()


def kind_of(data: bytes) -> str:
    """zip, 7z, rar, rar5 or mail; empty for anything else, and for a zip that is a document."""
    for magic, kind in seven_zip.KINDS:
        if data.startswith(magic):
            return kind
    head = data[:8192]
    kind = sniff(head)
    if kind == "zip" or (kind in ("unknown", "mail", "text") and LOCAL_HEADER in head):
        # A zip is read from its end; gateways and unpackers put things before it.
        if not is_document(names_in(data)):
            return "zip"
    elif message.is_mail(data):
        return "mail"
    return ""


def unpack(
    data: bytes, name: str, passwords: Sequence[str] = (), limits: Limits = LIMITS
) -> Unpacked:
    """Raises Refused if nothing can be had of it; `name` only helps to say why."""
    nest = _Nest(passwords, limits)
    nest.open(kind_of(data), data, name, "", 1)
    return Unpacked(
        tuple(nest.members), tuple(nest.refused), tuple(nest.clutter), tuple(nest.mails)
    )


@dataclass
class _Nest:
    """One walk through everything. `at` is the path of a container with INSIDE after it."""

    passwords: Sequence[str]
    limits: Limits
    members: list[Member] = field(default_factory=list)
    refused: list[RefusedMember] = field(default_factory=list)
    clutter: list[str] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    files: int = 0
    total: int = 0

    def open(self, kind: str, data: bytes, name: str, at: str, depth: int) -> None:
        """Take every member. What raises Refused does so before it takes any."""
        match kind:
            case "zip":
                self.open_zip(data, at, depth)
            case "mail":
                self.open_mail(message.read(data), at, depth)
            case "":
                raise Refused("F07", aw.NO_ARCHIVE)
            case _:
                self.open_seven(kind, data, name, at, depth)

    def take(self, path: str, data: bytes, depth: int, *, inline: bool = False) -> None:
        """A member as it is, or what is inside of it."""
        kind = kind_of(data)
        if not kind:
            self.members.append(Member(path, data, inline))
        elif depth == self.limits.depth:
            self.refuse(path, "F08", aw.too_deep(depth))
        else:
            with self.refusing(path):
                self.open(kind, data, path, path + w.INSIDE, depth + 1)

    @contextmanager
    def refusing(self, path: str) -> Iterator[None]:
        """A member that stays shut costs itself alone."""
        try:
            yield
        except Refused as refused:
            self.refuse(path, refused.rule, refused.detail, refused.reason)

    def refuse(self, path: str, rule: str, detail: str, reason: Reason | None = None) -> None:
        self.refused.append(RefusedMember(path, rule, detail, reason))

    def wanted(self, at: str, names: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Number and path of what is a file with a fit name. Raises Refused for too many."""
        fit, clutter, bad = list[tuple[int, str]](), list[str](), list[str]()
        for number, name in enumerate(names):
            plain = unicodedata.normalize("NFC", name).replace("\\", "/")
            path = at + plain.replace(w.INSIDE, aw.INSIDE_TWIN)
            if not plain or plain.endswith("/"):
                continue  # a folder
            if _CLUTTER.search(plain):
                clutter.append(path)
            elif _leads_out(plain):
                bad.append(path)
            else:
                fit.append((number, path))
        self.count(len(fit) + len(bad))
        self.clutter += clutter
        for path in bad:
            self.refuse(self.own(path), "F08", aw.BAD_PATH)
        return ((number, self.own(path)) for number, path in fit)

    def own(self, path: str) -> str:
        """The path, or with (2) where it is taken: an archive may have two files of one name."""
        ending = PurePosixPath(path).suffix
        own, number = path, 1
        while own.casefold() in self.paths:
            number += 1
            own = f"{path.removesuffix(ending)}({number}){ending}"
        self.paths.add(own.casefold())
        return own

    def count(self, files: int) -> None:
        if self.files + files > self.limits.files:
            raise Refused("F08", aw.too_many_files(self.limits.files))
        self.files += files

    def weigh(self, size: int, packed: int, more: int) -> None:
        """Add to what all members take. `size` and `packed` are of the one at hand, so far."""
        self.total += more
        if self.total > self.limits.total or self.limits.broken_by(size, packed):
            raise Refused("F08", aw.TOO_LARGE_INSIDE)

    def expect(self, sizes: Iterable[int]) -> None:
        """Refuse what claims to be too much, not counting members that are refused anyway."""
        if self.total + sum(s for s in sizes if s <= self.limits.one) > self.limits.total:
            raise Refused("F08", aw.TOO_LARGE_INSIDE)

    # --- mails

    def open_mail(self, mail: Message, at: str, depth: int) -> None:
        wanted = self.wanted(at, (attachment.name for attachment in mail.attachments))
        self.mails.append(Mail(at.removesuffix(w.INSIDE), replace(mail, attachments=())))
        for number, path in wanted:
            attachment = mail.attachments[number]
            with self.refusing(path):
                if attachment.message is None:
                    size = len(attachment.data)
                    self.weigh(size, size, size)
                    self.take(path, attachment.data, depth, inline=attachment.inline)
                elif depth == self.limits.depth:
                    raise Refused("F08", aw.too_deep(depth))
                else:
                    self.open_mail(attachment.message, path + w.INSIDE, depth + 1)

    # --- zip

    def open_zip(self, data: bytes, at: str, depth: int) -> None:
        archive = Zip(data)
        self.expect(entry.file_size for entry in archive.entries)
        for number, path in self.wanted(at, entry_names(archive.entries)):
            with self.refusing(path):
                self.take(path, self.inflated(archive, number), depth)

    def inflated(self, archive: Zip, number: int) -> bytes:
        entry = archive.entries[number]
        if entry.external_attr >> 16 & 0o170000 == 0o120000:
            raise Refused("F08", aw.IS_LINK)
        if self.limits.broken_by(entry.file_size, entry.compress_size):
            raise Refused("F08", aw.TOO_LARGE_INSIDE)
        if not entry.flag_bits & 1:
            return self.drained(archive, number, None)
        for password in self.passwords:
            for charset in ("utf-8", "gb18030"):  # what programs on a Chinese Windows take
                with suppress(Locked):
                    return self.drained(archive, number, password.encode(charset, "replace"))
        raise Refused("F02", aw.ARCHIVE_LOCKED)

    def drained(self, archive: Zip, number: int, password: bytes | None) -> bytes:
        """A member's bytes, to the end, so that its checksum is verified."""
        packed, size, blocks = archive.entries[number].compress_size, 0, []
        try:
            with archive.open(number, password) as file:
                while block := file.read(1 << 16):
                    size += len(block)
                    self.weigh(size, packed, len(block))
                    blocks.append(block)
            return b"".join(blocks)
        except (Refused, Locked):
            raise
        except MemoryError as error:
            raise Refused("F08", aw.TOO_LARGE_INSIDE) from error
        except Exception as error:  # BadZipFile, zlib.error, EOFError and a dozen others
            if password is not None:  # one wrong password in 256 is found out only by the checksum
                raise Locked from error
            raise Refused("F03", aw.MEMBER_DAMAGED) from error

    # --- 7z, rar

    def open_seven(self, kind: str, data: bytes, name: str, at: str, depth: int) -> None:
        quota = self.limits.total - self.total + len(data) + (4 << 20)
        with TemporaryDirectory(prefix="pdsfz-xl-", ignore_cleanup_errors=True) as folder:
            archive = seven_zip.Archive(data, kind, name, Path(folder), self.passwords, quota)
            entries = archive.files
            if len(entries) > ENTRIES:
                raise Refused("F08", aw.ARCHIVE_ENTRIES)
            self.expect(entry.size for entry in entries)
            if self.limits.is_bomb(sum(entry.size for entry in entries), len(data)):
                raise Refused("F08", aw.TOO_LARGE_INSIDE)
            wanted = [*self.wanted(at, (entry.path for entry in entries))]
            archive.extract([e for n, _ in wanted if (e := entries[n]).size <= self.limits.one])
            for number, path in wanted:
                with self.refusing(path):
                    self.take(path, self.loaded(archive, entries[number]), depth)

    def loaded(self, archive: seven_zip.Archive, entry: seven_zip.Entry) -> bytes:
        if entry.size > self.limits.one:
            raise Refused("F08", aw.TOO_LARGE_INSIDE)
        file = archive.extracted(entry)
        size = file.stat().st_size
        self.weigh(size, size, size)
        return file.read_bytes()


_CLUTTER = re.compile(
    r"(?is)(^|/)(__MACOSX/.*|((~\$|\.~|\._)[^/]*|\.ds_store|thumbs\.db|desktop\.ini"
    r"|[^/]*\.(part|tmp|crdownload)))$"
)


def _leads_out(path: str) -> bool:
    """Absolute, on a drive, or upwards: no honest archive has such a name."""
    return bool(path.startswith("/") or re.match("[A-Za-z]:|.*\0", path, re.DOTALL)) or (
        ".." in path.split("/")
    )
