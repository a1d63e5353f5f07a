"""Which form each unit has: mails, hand-overs and the ledger's forms in, one answer for all.

A unit has what it was given last, by whatever way. A later form that asks nothing new of it stands
for the one it has; any other makes it one that is owed a 更正.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from pdsfz_xl import generate, outgoing, reader
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Ledger
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.workspace import Workspace, bytes_of

_ARRIVES = frozenset({outgoing.SENT, outgoing.UNKNOWN})


def settle(book: Ledger, now: datetime) -> None:
    """Who was mailed the present form, or may have been, has it; also by a run that died."""
    forms = book.forms()
    book.mark_out(
        {
            mail.unit
            for mail in map(outgoing.owned_up, outgoing.mails(book))
            if mail.kind in w.BRINGS_FORM
            and mail.state in _ARRIVES
            and mail.unit in forms
            and forms[mail.unit].sha256 in mail.about
        },
        now,
    )


def take_back(book: Ledger, mails: Iterable[Posted]) -> None:
    """These mails did not arrive: who got a form in no other way since has it not."""
    lost = [mail for mail in mails if mail.kind in w.BRINGS_FORM]
    book.take_back({mail.unit for mail in lost if not _came_otherwise(book, mail)})


def _came_otherwise(book: Ledger, lost: Posted) -> bool:
    posted = any(
        (mail.unit, mail.bounced) == (lost.unit, "")
        and mail.kind in w.BRINGS_FORM
        and mail.state in _ARRIVES
        and mail.at > lost.at
        for mail in outgoing.mails(book)
    )
    day = datetime.fromisoformat(lost.at).date()
    return posted or any(
        one.unit == lost.unit and one.kind in w.BRINGS_FORM and one.day >= day
        for one in book.handed()
    )


def theirs(book: Ledger) -> Mapping[str, str]:
    """The sha256 of the form each unit has, by code; of one that asks the same where it is out."""
    forms = book.forms()
    return {**book.outdated(), **{unit: forms[unit].sha256 for unit in book.out_forms()}}


def waiting(book: Ledger) -> set[str]:
    """The units nobody has given a form to, by code."""
    return book.forms().keys() - theirs(book).keys()


def changes(ws: Workspace, digest: str, path: str, new: bytes) -> str:
    """What who has the form with this digest must know of a new one; empty where that is nothing.

    `path` is where it may still lie, from `out`: a run that was cut off may have put another there.
    """
    old = bytes_of(ws.out / path)
    if sha256(old).hexdigest() != digest:
        kept = ws.archived(digest)
        old = kept.read_bytes() if kept else b""
    try:
        return generate.why_changed(old, new)
    except (reader.Refused, StopIteration):
        return hw.OLD_FORM_GONE
