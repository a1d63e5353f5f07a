"""Mails in, what becomes of each out: taken, only told of, or nothing to do with this campaign.

A clerk's mailbox has hundreds of other letters in it. What comes from a unit, answers a mail of
ours or names the campaign or a unit is taken; of anything else only what holds one of our forms.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from pdsfz_xl import envelope, identity, mail_folder, rules
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.envelope import Head
from pdsfz_xl.evidence import unit_by_address
from pdsfz_xl.message import Attachment, Message
from pdsfz_xl.model import Manifest, Master
from pdsfz_xl.states import LetterKind

LARGEST = 100 << 20
"""Octets of a mail that is taken; the providers' own limit is at half of that."""
_LETTER = 64 << 10
"""A short mail of a stranger is looked into: it may say that its attachment lies on the web."""
_DEPTH = 3
"""Mails in mails, as deep as archives are opened."""
_TEXT = 100_000
"""Characters of a mail's text that are kept."""
_PROGRAMS = re.compile(r"(?i)\.(exe|com|scr|bat|cmd|pif|js|jse|vbs?|wsf|hta|lnk|msi|ps1|jar|reg)$")
_NOT_FILES = re.compile(r"(?i)\.(p7s|p7m|asc|ics|vcf)$")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What tells a mail of this campaign from any other."""

    master: Master
    own: str
    """The office's own address."""
    sent: Mapping[str, str]
    """Unit by the message id of every mail we sent."""
    wanted: frozenset[str] = frozenset()
    """Addresses whose mails the clerk wants besides."""
    blank: frozenset[str] = frozenset()
    """The sha256 of every form as it was made."""
    purged: frozenset[str] = frozenset()
    """The sha256 of every file of which no copy may be kept."""

    @cached_property
    def units(self) -> dict[str, str]:
        """Unit by address, empty for an address that several have."""
        return unit_by_address(self.master)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        named = [n for unit in self.master.units for n in (unit.name, *unit.aliases)]
        named += [self.master.settings.name, self.master.settings.code]
        plain = (texts.squash(name).upper() for name in named)
        return tuple(name for name in plain if len(name) > 2)  # shorter ones stand in any word

    def names_us(self, said: str) -> bool:
        """Whether a text names the campaign or a unit of it."""
        plain = texts.squash(said).upper()
        return any(name in plain for name in self._names)

    def unit_of(self, head: Head) -> str:
        """The unit a mail is from: by its address, else by the mail of ours that it answers."""
        answered = (self.sent[i] for i in head.answers if i in self.sent)
        return self.units.get(head.sender) or next(answered, "")

    def concerns(self, head: Head) -> bool:
        """Whether the head alone says that a mail is of this campaign."""
        answers = any(i in self.sent for i in head.answers)
        known = head.sender in self.units or head.sender in self.wanted
        return known or answers or self.names_us(head.subject)

    def is_own(self, head: Head) -> bool:
        """A copy of what we sent, as 抄送 leaves it."""
        return head.message_id in self.sent


def glance(desk: Desk, head: Head, size: int) -> LetterKind:
    """What becomes of a mail by its head: UNSORTED where it has to be read."""
    if desk.is_own(head):
        return LetterKind.OWN
    if head.bounce:
        return LetterKind.UNSORTED
    concerns = desk.concerns(head)
    if head.automatic and not head.mixed:
        return LetterKind.AUTOMATIC
    if not concerns and (head.bulk or not (head.mixed or size <= _LETTER)):
        return LetterKind.OTHER
    if size > LARGEST:
        return LetterKind.MANUAL if concerns else LetterKind.OTHER
    return LetterKind.UNSORTED


# --- what a mail holds -----------------------------------------------------------------------


class File(NamedTuple):
    """A file of a mail: its path in the mail's folder, and its bytes."""

    path: str
    data: bytes

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


class Parcel(NamedTuple):
    """What is taken of a mail, and what a person should know of the rest."""

    files: tuple[File, ...]
    notes: tuple[str, ...]
    elsewhere: bool
    """Something was meant to come with it, and did not: it lies on the web or is cut off."""


def parcel(desk: Desk, head: Head, mail: Message) -> Parcel:
    """The files of a mail and of the mails in it, each of those in a folder of its own."""
    unwanted = dict.fromkeys(desk.blank if head.sender == desk.own else (), mw.BLANK_FORM)
    packing = _Packing(unwanted | dict.fromkeys(desk.purged, mw.PURGED))
    packing.add(mail, "", mail.sent[:10])
    return Parcel(tuple(packing.files), tuple(packing.notes), packing.elsewhere)


class _Packing:
    def __init__(self, unwanted: Mapping[str, str]) -> None:
        self.unwanted = unwanted
        self.files: list[File] = []
        self.notes: list[str] = []
        self.elsewhere = False
        self.names = {mw.MAIL_FACTS.casefold()}

    def add(self, mail: Message, at: str, day: str, depth: int = 1) -> None:
        self.notes += mail.notes
        self.elsewhere |= bool(mail.notes)
        for attached in mail.attachments:
            if attached.message is None:
                self.take(attached, at)
            elif depth > _DEPTH:
                self.notes.append(mw.MAIL_NESTED)
                self.elsewhere = True
            else:
                self.nest(attached.message, at, day, depth)

    def nest(self, mail: Message, at: str, day: str, depth: int) -> None:
        day = mail.sent[:10] or day
        folder = at + self.own(at, mail_folder.name(day, "", mail.sender)) + "/"
        before = len(self.files)
        self.add(mail, folder, day, depth + 1)
        said = facts(mail, {}, (f.path.removeprefix(folder) for f in self.files[before:]), ())
        self.files.append(File(folder + mw.MAIL_FACTS, said))

    def take(self, attached: Attachment, at: str) -> None:
        why = self.reason(attached)
        if why:
            self.notes.append(mw.not_taken(texts.visible(attached.name), why))
        elif not attached.inline:
            self.files.append(File(at + self.own(at, _safe(attached.name)), attached.data))

    def reason(self, attached: Attachment) -> str:
        if _PROGRAMS.search(attached.name):
            return mw.PROGRAM
        if _NOT_FILES.search(attached.name):
            return mw.NOT_A_FILE
        return self.unwanted.get(sha256(attached.data).hexdigest(), "")

    def own(self, at: str, name: str) -> str:
        """The name, or with (2) where it is taken; Windows knows no case."""
        stem, dot, suffix = name.rpartition(".")
        stem, ending = (stem, dot + suffix) if stem and len(suffix) <= 10 else (name, "")
        own, number = name, 1
        while f"{at}{own}".casefold() in self.names:
            number += 1
            own = f"{stem} ({number}){ending}"
        self.names.add(f"{at}{own}".casefold())
        if at:
            self.names.add(f"{at}{mw.MAIL_FACTS}".casefold())
        return own


def _safe(name: str) -> str:
    """A name for a file of ours, whatever the sender called his: no folder, not too long."""
    stem, dot, suffix = name.rpartition(".")
    if stem and re.fullmatch(r"\w{1,10}", suffix):
        return texts.file_name(stem, 60) + dot + suffix
    return texts.file_name(name, 60)


def facts(
    mail: Message, said: Mapping[str, str], files: Iterable[str], notes: tuple[str, ...]
) -> bytes:
    """来信.txt: who, when, about what, with which files, and what was written."""
    text = texts.tidy(mail.text)[:_TEXT]
    if rules.CLASSIFIED.search(f"{mail.subject}\n{mail.text}"):
        text, notes = "", (mw.SECRET_TEXT, *notes)
    known = {
        mw.SENDER: mail.sender or mw.NO_SENDER,
        mw.SUBJECT: mail.subject,
        mw.SENT_AT: mw.minute(texts.parse_stamp(mail.sent)),
        **said,
    }
    plain = mw.mail_facts(known, list(files), (*dict.fromkeys((*mail.notes, *notes)),), text)
    return texts.for_notepad(texts.visible(plain))


# --- what becomes of it ----------------------------------------------------------------------


def sort(desk: Desk, head: Head, found: Parcel) -> LetterKind:
    """The kind of a mail that was read; UNSORTED where only its files can tell whose it is."""
    named = desk.names_us(" ".join(file.path for file in found.files))
    if found.files and (desk.concerns(head) or named):
        return LetterKind.MANUAL if found.elsewhere else LetterKind.TAKEN
    if head.automatic and not found.files:
        return LetterKind.AUTOMATIC
    if found.elsewhere:
        return LetterKind.MANUAL
    if found.files:
        return LetterKind.UNSORTED
    return LetterKind.LETTER if desk.concerns(head) else LetterKind.OTHER


def holds_our_form(manifest: Manifest, campaign: str) -> bool:
    """Whether a file, or one in it, is a form of this campaign, whoever filled it."""
    codes = (identity.read(row.cells[w.CODE].text) for row in manifest.rows if w.CODE in row.cells)
    ours = manifest.campaign == campaign or any(c and c.campaign == campaign for c in codes)
    inside = (member.manifest for member in manifest.members if member.manifest)
    return ours or any(holds_our_form(one, campaign) for one in inside)


class Missed(NamedTuple):
    """A unit that our mail did not reach; the code is empty where nobody can tell whose it was."""

    unit: str
    address: str
    reason: str
    message_id: str
    """Of the mail of ours it is about, or empty."""
    final: bool


def missed(desk: Desk, data: bytes) -> Iterator[Missed]:
    """Whom a bounce is about: by the id of our mail, else by the addresses in it."""
    for bounce in envelope.read_bounces(data):
        ours = [address for address in bounce.addresses if address in desk.units]
        sent = next((i for i in bounce.ids if i in desk.sent), "")
        by_id = desk.sent.get(sent, "")
        mine = [a for a in ours if desk.units[a] == by_id] if by_id else ours
        others = [a for a in bounce.addresses if a != desk.own]
        address = next(iter([*mine, *others]), "")
        unit = by_id or desk.units.get(address, "")
        yield Missed(unit, address, bounce.reason, sent, bounce.final)


def arrived(listed: datetime | None, head: Head, now: datetime) -> datetime:
    """When the server took a mail, as it says itself, else as it stamped the mail."""
    return (listed or head.stamped or now).replace(microsecond=0)
