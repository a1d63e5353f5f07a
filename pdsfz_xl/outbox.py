"""Frozen mails in, handed over one after the other, and what the ledger says of each."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from pdsfz_xl import ledger, mailbox, outgoing, smtp
from pdsfz_xl import mail_wording as mw
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.workspace import Workspace, bytes_of

PACE = 10.0
"""Seconds between two mails, a little more or less each time: NetEase counts mails in 15 minutes
(MI:SFQ) without saying how many are too many."""

PER_DAY = 80
"""Mails a common mailbox sends in a day; a free one of NetEase's was seen to stop at 100."""


class Pace(NamedTuple):
    """How fast mails may follow each other. `per_day` 0 is without end."""

    seconds: float = PACE
    per_day: int = PER_DAY
    wait: Callable[[float], None] = time.sleep

    def pause(self, key: str) -> None:
        """Between 0.8 and 1.5 times as long, different for every mail."""
        if self.seconds:
            share = sha256(key.encode()).digest()[0] / 255
            self.wait(self.seconds * (0.8 + 0.7 * share))


def deliver(
    ws: Workspace,
    book: ledger.Ledger,
    queue: Iterable[Posted],
    server: smtp.Server,
    now: datetime,
    pace: Pace,
    sent_before: int = 0,
) -> str:
    """Hand over the frozen mails, one after the other; why it stopped, or empty.

    What a mail is in is on the disk before its text leaves us and after the server's last word; a
    run that dies in between leaves it `sending`, which the next one reads as unknown.
    """
    sent = 0
    for number, posted in enumerate(queue):
        if pace.per_day and sent_before + sent >= pace.per_day:
            return mw.enough_for_today(sent_before + sent)
        data = bytes_of(ws.root / posted.path)
        if sha256(data).hexdigest() != posted.sha256:
            outgoing.record(book, posted.key, outgoing.FAILED_TEMP, now, mw.ALTERED_MAIL)
            continue
        if number:
            pace.pause(posted.key)

        def commit(key: str = posted.key) -> None:
            outgoing.record(book, key, outgoing.SENDING, now)

        outcome = server.send(posted.sender, posted.recipients, data, commit)
        outgoing.record(book, posted.key, outcome.state, now, outcome.reply)
        sent += outcome.state == outgoing.SENT
        if outcome.stop:
            return outcome.stop
    return ""


def sent_today(book: ledger.Ledger, now: datetime) -> int:
    return sum(
        m.state == outgoing.SENT and datetime.fromisoformat(m.at).date() == now.date()
        for m in outgoing.mails(book)
    )


def usual_pace(account: mailbox.Account) -> Pace:
    """Slow for a provider that counts; a server of one's own, or a test's, is not kept waiting."""
    if mailbox.is_loopback(account.host):
        return Pace(0, 0)
    return Pace() if mailbox.is_common(account.user) else Pace(PACE, 0)
