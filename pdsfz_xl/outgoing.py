"""What the ledger knows of the mails that go out: planned, under way, sent or come back."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pdsfz_xl.ledger import Ledger
from pdsfz_xl.states import MailState, NoticeKind

PLANNED, SENDING, SENT, FAILED_TEMP, FAILED_PERM, UNKNOWN = MailState

UNSENT = frozenset({PLANNED, FAILED_TEMP, FAILED_PERM})
"""Certainly with nobody: what is planned anew may take its place."""


class Posted(NamedTuple):
    """A mail as the ledger knows it: one row per unit, kind and number, whatever becomes of it."""

    key: str
    """campaign/unit/kind/number: what goes out at most once."""
    unit: str
    kind: NoticeKind
    number: int
    message_id: str
    path: str
    """Of its frozen bytes, from the workspace's root."""
    sha256: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    about: tuple[str, ...]
    """The sha256 of what it carries or answers."""
    state: MailState = PLANNED
    reply: str = ""
    """What the server said last, or who decided."""
    attempts: int = 0
    """How often its text may have left us."""
    at: str = ""
    """When it came into this state, ISO."""
    bounced: str = ""
    """What a bounce says of it: address and reason."""


def owned_up(mail: Posted) -> Posted:
    """The mail as it is when nobody is sending: what a run that died left behind is unknown."""
    return mail._replace(state=UNKNOWN) if mail.state == SENDING else mail


def mails(book: Ledger) -> tuple[Posted, ...]:
    """Every mail, in the order of units, kinds and numbers."""
    rows = book.db.execute("SELECT * FROM mails ORDER BY unit, kind, number")
    return tuple(map(_posted, rows))


def plan(book: Ledger, kind: NoticeKind, planned: Iterable[Posted], now: datetime) -> None:
    """Set what of this kind is about to go out; what was planned and is no more, is forgotten.

    What went out, or may have, is never touched: a row of the same key stays as it is.
    """
    with book.db:
        book.db.execute(
            "DELETE FROM mails WHERE kind = ? AND state = ? AND attempts = 0", (kind, PLANNED)
        )
        for mail in planned:
            known = book.db.execute(
                "SELECT state, attempts FROM mails WHERE key = ?", (mail.key,)
            ).fetchone()
            if known is None or known[0] in UNSENT:
                attempts = known[1] if known else 0
                row = _row(mail._replace(state=PLANNED, attempts=attempts, at=now.isoformat()))
                marks = ", ".join("?" * len(row))
                book.db.execute(f"INSERT OR REPLACE INTO mails VALUES ({marks})", row)


def record(book: Ledger, key: str, state: MailState, now: datetime, reply: str = "") -> None:
    """What became of a mail, on the disk when this returns."""
    with book.db:
        book.db.execute(
            "UPDATE mails SET state = ?, reply = ?, attempts = attempts + ?, at = ? WHERE key = ?",
            (state, reply, int(state == SENDING), now.isoformat(), key),
        )


def own_up(book: Ledger, now: datetime) -> None:
    """Mails whose run died while it sent them are unknown from now on."""
    with book.db:
        book.db.execute(
            "UPDATE mails SET state = ?, at = ? WHERE state = ?",
            (UNKNOWN, now.isoformat(), SENDING),
        )


def record_bounce(book: Ledger, message_id: str, said: str) -> bool:
    """A mail of ours came back: `said` is the address and the reason. False if it is not ours.

    What bounced was accepted once, so it is sent.
    """
    with book.db:
        found = book.db.execute(
            "UPDATE mails SET bounced = ?, state = ? WHERE message_id = ?",
            (said, SENT, message_id),
        )
    return found.rowcount > 0


_LISTS = ("recipients", "about")
"""The columns of `mails` that hold several values, as JSON."""


def _row(mail: Posted) -> tuple[object, ...]:
    values: dict[str, object] = mail._asdict()
    lists = {name: json.dumps(values[name], ensure_ascii=False) for name in _LISTS}
    return tuple({**values, **lists}.values())


def _posted(row: tuple[Any, ...]) -> Posted:
    values = dict(zip(Posted._fields, row, strict=True))
    values |= {name: tuple(json.loads(values[name])) for name in _LISTS}
    states = {"kind": NoticeKind(values["kind"]), "state": MailState(values["state"])}
    return Posted(**{**values, **states})
