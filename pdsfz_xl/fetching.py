"""The story of `fetch`: the mailbox looked at, what concerns the campaign put into the drop zone.

What was taken is never taken again: a mail is known by its number on the server, by its head and
by its id, and a file of it by its bytes, wherever the clerk has moved it since.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pdsfz_xl import (
    collect,
    contract,
    engine,
    envelope,
    fetch,
    inbox,
    incoming,
    intake,
    ledger,
    mail_folder,
    mailbox,
    outgoing,
    telling,
)
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import message as messages
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.inbox import Folder, Listed
from pdsfz_xl.incoming import Bounced, Letter, Place
from pdsfz_xl.look import read_master
from pdsfz_xl.message import Message
from pdsfz_xl.model import Master
from pdsfz_xl.package import Refused
from pdsfz_xl.states import LetterKind, Protocol
from pdsfz_xl.workspace import Workspace

_DAYS = 30
"""How far back the first look goes where no form was made yet."""


_SHOWN = 10
"""Mails of strangers that are named one by one."""


class Told(NamedTuple):
    """A mail of this run, and the files it brought."""

    letter: Letter
    files: tuple[str, ...] = ()
    junk: bool = False


def run(
    ws: Workspace,
    now: datetime,
    code: Callable[[str], str],
    *,
    protocol: Protocol | None = None,
    since: date | None = None,
    folders: tuple[str, ...] = (),
    senders: tuple[str, ...] = (),
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Mails in, their files in out/2-收件/邮件 out. `code` gives the password of an account.

    Nothing on the server changes. With `since` all from that day is looked at once more.
    """
    ws.require_master()
    plan = read_master(ws)
    account = mailbox.receiving(plan.settings, protocol)
    with (
        inbox.opened(account, code(account.user)) as box,
        ws.locked("fetch"),
        ledger.opened(ws.ledger) as book,
    ):
        first = book.first_run("generate") or now - timedelta(days=_DAYS)
        desk = fetch.Desk(
            master=plan,
            own=mailbox.sender(plan.settings).address.lower(),
            sent={mail.message_id: mail.unit for mail in outgoing.mails(book)},
            wanted=frozenset(sender.lower() for sender in senders),
            blank=frozenset(form.sha256 for form in book.forms().values()),
            purged=frozenset(book.purged()),
        )
        look = _Look(ws, box, book, desk, account.user, now, tell)
        for folder in box.folders(folders):
            look.at(folder, since or first.date(), again=since is not None)
        bounces = incoming.unreached(book)
    return _done(plan, look, bounces)


@dataclass
class _Look:
    """One look at a mailbox."""

    ws: Workspace
    box: inbox.Box
    book: ledger.Ledger
    desk: fetch.Desk
    account: str
    now: datetime
    tell: intake.Tell
    told: list[Told] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)

    def at(self, folder: Folder, since: date, *, again: bool) -> None:
        """Every mail of a folder that is new, and those that were left and now are ours."""
        self.looked_at.append(folder.name)
        self.junk, self.start = folder.junk, datetime.combine(since, time())
        letters = incoming.letters(self.book)
        self.known = {letter.mark: letter for letter in letters if not self.is_open(letter)}
        self.identities = {letter.identity for letter in self.known.values() if letter.path}
        self.paths = {letter.path for letter in letters}
        begun = (letter for letter in letters if letter.kind == LetterKind.TAKING)
        self.begun = {letter.identity: letter.path for letter in begun}
        here = {
            letter.place.uid: letter
            for letter in letters
            if letter.place[:3] == (self.account, folder.name, folder.validity)
        }
        validity, last = incoming.mailbox(self.book, self.account, folder.name)
        after = 0 if again or validity != folder.validity else last
        listed = {mail.uid: mail for mail in self.box.listed(after)}
        seen = (int(uid) for uid in listed if uid.isdigit())
        highest = max((last if validity == folder.validity else 0, *seen))
        for uid, letter in here.items():
            if self.is_open(letter):
                arrived = datetime.fromisoformat(letter.arrived)
                listed.setdefault(uid, Listed(uid, 0, arrived))
            else:
                listed.pop(uid, None)
        fresh = [m for m in listed.values() if m.received is None or m.received >= self.start]
        with TemporaryDirectory(prefix="pdsfz-xl-") as aside:
            unsure = list(self.read(folder, fresh, Path(aside)))
            self.decide(unsure)
        incoming.record_mailbox(self.book, self.account, folder.name, folder.validity, highest)

    def is_open(self, letter: Letter) -> bool:
        """Whether what became of a mail may be otherwise this time."""
        if letter.kind == LetterKind.OTHER:
            return letter.sender in self.desk.units or letter.sender in self.desk.wanted
        if letter.kind == LetterKind.OLD:
            return letter.arrived >= self.start.isoformat()
        if letter.kind == LetterKind.UNREAD:
            return not letter.path
        return letter.kind == LetterKind.TAKING

    def read(self, folder: Folder, listed: list[Listed], aside: Path) -> Iterator["_Unsure"]:
        """Do with each mail what is to be done; those that only a reader can judge are given."""
        mails = {mail.uid: mail for mail in listed}
        for uid, raw in self.tell(self.box.heads(mails), len(mails)):
            head = envelope.read_head(raw)
            arrived = fetch.arrived(mails[uid].received, head, self.now)
            letter = Letter(
                Place(self.account, folder.name, folder.validity, uid),
                head.mark,
                head.message_id,
                LetterKind.UNSORTED,
                head.sender,
                self.desk.unit_of(head),
                head.subject,
                arrived.isoformat(),
                "",
                "",
            )
            if arrived < self.start:
                self.record(letter, LetterKind.OLD)
            elif head.mark in self.known:
                known = self.known[head.mark]._replace(place=letter.place)
                incoming.record_letter(self.book, known)
            elif kind := fetch.glance(self.desk, head, mails[uid].size):
                large = mails[uid].size > fetch.LARGEST
                self.record(letter, kind, mw.mail_too_large(mails[uid].size) if large else "")
            elif unsure := self.open(letter, head, aside):
                yield unsure

    def open(self, letter: Letter, head: envelope.Head, aside: Path) -> "_Unsure | None":
        """Fetch a mail whole and do with it what its words and the names of its files tell."""
        try:
            data = self.box.mail(letter.place.uid)
        except inbox.UnreadableError as error:
            self.record(letter, LetterKind.UNREAD, str(error))
            return None
        if not data:
            return None  # it was deleted meanwhile
        if head.bounce:
            self.bounced(letter, data)
            return None
        try:
            mail = messages.read(data)
        except Refused as refused:
            self.unreadable(letter, head, data, refused.detail)
            return None
        found = fetch.parcel(self.desk, head, mail)
        kind = fetch.sort(self.desk, head, found)
        unsure = _Unsure(letter, aside / f"{letter.mark}.eml", found)
        if not kind:
            self.ws.write(unsure.path, data)
            return unsure
        ours = kind == LetterKind.MANUAL and self.desk.concerns(head)
        if ours or kind in (LetterKind.TAKEN, LetterKind.LETTER):
            self.store(letter, kind, mail, found)
        else:
            self.record(letter, kind, "；".join(found.notes))
        return None

    def decide(self, unsure: list["_Unsure"]) -> None:
        """Of strangers' mails, take those with a form of this campaign in them."""
        tasks = {collect.Task(str(one.path)): one for one in unsure}
        for task, result in self.tell(engine.run(collect.read_task, list(tasks)), len(tasks)):
            letter, path, found = tasks[task]
            code = self.desk.master.settings.code
            if isinstance(result, engine.Failure):
                self.record(letter, LetterKind.UNREAD, w.FAILURES[result.kind])
            elif fetch.holds_our_form(result, code):
                self.store(letter, LetterKind.TAKEN, messages.read(path.read_bytes()), found)
            else:
                self.record(letter, LetterKind.OTHER, mw.with_files(_names(found)))

    # --- what becomes of a mail

    def record(self, letter: Letter, kind: LetterKind, note: str = "") -> None:
        done = letter._replace(kind=kind, note=note)
        if _is_quiet(done):
            done = done._replace(subject="")  # what others wrote to the office is not our business
        incoming.record_letter(self.book, done)
        self.tell_of(done)

    def bounced(self, letter: Letter, data: bytes) -> None:
        every = list(fetch.missed(self.desk, data))
        if not every:  # it was delivered, says the server
            self.record(letter, LetterKind.AUTOMATIC)
        for missed in every:
            unit, address, reason, ours, final = missed
            if unit and final:
                bounced = Bounced(unit, address, reason, letter.arrived)
                incoming.record_unreached(self.book, bounced)
            note = mw.bounced(address, reason, final)
            if ours and final:
                outgoing.record_bounce(self.book, ours, note)
            self.record(letter._replace(unit=unit), LetterKind.BOUNCE, note)

    def unreadable(self, letter: Letter, head: envelope.Head, data: bytes, why: str) -> None:
        """A damaged mail that concerns us is kept as it is: `collect` says what can be had."""
        if self.desk.concerns(head):
            whole = fetch.Parcel((fetch.File(mw.RAW_MAIL, data),), (why,), elsewhere=True)
            self.store(letter, LetterKind.UNREAD, Message(head.subject, head.sender, ""), whole)
        else:
            self.record(letter, LetterKind.OTHER, why)

    def store(self, letter: Letter, kind: LetterKind, mail: Message, found: fetch.Parcel) -> None:
        """Put the files of a mail into its folder: its path is set down before, all else after."""
        before = incoming.enclosed(self.book, letter.identity)
        files = [file for file in found.files if file.digest not in before]
        if letter.identity in self.identities and not files:
            self.record(letter, LetterKind.AGAIN, mw.ANOTHER_MAIL)
            return
        started = self.reserve(letter._replace(kind=LetterKind.TAKING, note="；".join(found.notes)))
        folder = self.ws.root / started.path
        said = {
            "收到时间": mw.minute(datetime.fromisoformat(started.arrived)),
            "邮箱文件夹": mw.mail_box(started.place.folder),
            "邮件编号": started.message_id,
        }
        written = {folder / file.path: file.data for file in files}
        written[folder / mw.MAIL_FACTS] = fetch.facts(
            mail, said, (file.path for file in files), found.notes
        )
        self.ws.write_all(written)
        done = started._replace(kind=kind)
        incoming.record_letter(self.book, done, (file.digest for file in files))
        self.tell_of(done, tuple(file.path for file in files))

    def reserve(self, letter: Letter) -> Letter:
        """With a folder of its own, which a run that was killed may have begun to fill."""
        begun = self.begun.pop(letter.identity, "")
        path = begun or next(filter(self.is_free, self.folders_for(letter)))
        self.paths.add(path)
        reserved = letter._replace(path=path)
        incoming.record_letter(self.book, reserved)
        return reserved

    def folders_for(self, letter: Letter) -> Iterator[str]:
        unit = self.desk.master.unit.get(letter.unit)
        number = 0
        while number := number + 1:
            name = mail_folder.name(
                letter.arrived[:10], unit.name if unit else "", letter.sender, number
            )
            yield self.ws.relative(self.ws.fetched / name)

    def is_free(self, path: str) -> bool:
        return path not in self.paths and not (self.ws.root / path).exists()

    def tell_of(self, letter: Letter, files: tuple[str, ...] = ()) -> None:
        self.known[letter.mark] = letter
        self.identities |= {letter.identity} if letter.path else set()
        self.told.append(Told(letter, files, self.junk))


class _Unsure(NamedTuple):
    """A stranger's mail, kept aside until it was read."""

    letter: Letter
    path: Path
    found: fetch.Parcel


def _names(found: fetch.Parcel) -> str:
    return "、".join(texts.visible(file.path) for file in found.files)


# --- what people are told --------------------------------------------------------------------


def _done(plan: Master, look: _Look, bounces: Iterable[Bounced]) -> Done:
    automatic = sum(told.letter.kind == LetterKind.AUTOMATIC for told in look.told)
    fetched = sum(bool(t.files) or t.letter.kind == LetterKind.TAKEN for t in look.told)
    quiet = sum(_is_quiet(told.letter) for told in look.told)
    left = [f"自动回复 {automatic} 封"] if automatic else []
    rest = quiet - automatic
    left += [f"与本任务无关或取过的 {rest} 封"] if rest else []
    boxes = "、".join(texts.visible(mw.mail_box(name)) for name in look.looked_at)
    said = [
        f"看了{boxes}：新邮件 {len(look.told)} 封。",
        *_listed(plan, look.told),
        *([f"{'，'.join(left)}，没有取。"] if left else []),
        *telling.bounces(plan, bounces),
    ]
    return Done(
        said=tuple(said),
        outputs={"fetched": look.ws.relative(look.ws.fetched)} if fetched else {},
        next_step="pdsfz-xl collect" if fetched else "",
        more={
            "mails": [_entry(plan, told) for told in look.told],
            "bounces": [contract.bounce(plan, one) for one in telling.standing(plan, bounces)],
        },
    )


def overview(ws: Workspace) -> Done:
    """Every mail a person should know of, as `run` told of it once; nobody is asked for mail."""
    ws.require_master()
    plan = read_master(ws)
    with ledger.opened(ws.ledger, readonly=True) as book:
        once = {letter.mark: Told(letter) for letter in incoming.letters(book)}
        bounces = incoming.unreached(book)
    loud = [told for told in once.values() if not _is_quiet(told.letter)]
    kinds = list(mw.LETTER_KINDS)
    lines = [_line(plan, t) for t in sorted(loud, key=lambda t: kinds.index(t.letter.kind))]
    return Done(
        said=(*(lines or ["还没有取过信。"]), *telling.bounces(plan, bounces)),
        more={
            "mails": [_entry(plan, told) for told in loud],
            "bounces": [contract.bounce(plan, one) for one in telling.standing(plan, bounces)],
        },
    )


def _is_quiet(letter: Letter) -> bool:
    """What nobody needs to be told of one by one."""
    if letter.kind == LetterKind.OTHER:
        return not letter.note
    return letter.kind not in mw.LETTER_KINDS


def _listed(plan: Master, told: Iterable[Told]) -> Iterator[str]:
    """One line for each, those first that a person has to do something about."""
    kinds = list(mw.LETTER_KINDS)
    loud = [one for one in told if not _is_quiet(one.letter)]
    strange = [one for one in loud if one.letter.kind == LetterKind.OTHER]
    for one in sorted(loud, key=lambda one: kinds.index(one.letter.kind)):
        if one not in strange[_SHOWN:]:
            yield _line(plan, one)
    if (more := len(strange) - _SHOWN) > 0:
        yield mw.more_letters(more)
    if strange:
        yield mw.STRANGERS


def _line(plan: Master, told: Told) -> str:
    letter = told.letter
    if letter.kind == LetterKind.BOUNCE:
        return mw.bounce_line(_name(plan, letter.unit), letter.note)
    whom = mw.from_whom(_name(plan, letter.unit), texts.visible(letter.sender))
    about = mw.about(texts.brief(letter.subject, 60))
    notes = [mw.JUNK_NOTE] if told.junk else []
    notes += [mw.with_files("、".join(map(texts.visible, told.files)))] if told.files else []
    notes += [letter.note] if letter.note else []
    if letter.path:
        notes.append(letter.path if told.files else f"{letter.path}/{mw.MAIL_FACTS}")
    return f"{mw.LETTER_KINDS[letter.kind]}：{whom}{about}（{'；'.join(notes)}）"


def _name(plan: Master, code: str) -> str:
    unit = plan.unit.get(code)
    return unit.name if unit else ""


def _entry(plan: Master, told: Told) -> dict[str, object]:
    letter = told.letter
    return {
        "kind": letter.kind,
        "unit": _name(plan, letter.unit) or None,
        "sender": letter.sender,
        "subject": letter.subject,
        "received": letter.arrived,
        "folder": letter.place.folder,
        "path": letter.path or None,
        "files": list(told.files),
        "note": letter.note,
    }
