"""What the ledger knows of the mails that came in: what became of each, and where we stopped."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pdsfz_xl.ledger import Ledger
from pdsfz_xl.states import LetterKind


class Place(NamedTuple):
    """Where a mail lies on a server: its number there holds as long as `validity` does."""

    account: str
    folder: str
    validity: str
    uid: str


class Letter(NamedTuple):
    """A mail of the office's mailbox and what became of it. What is not known is empty."""

    place: Place
    mark: str
    """The digest of its head: the same mail has the same one wherever it lies."""
    message_id: str
    kind: LetterKind
    sender: str
    unit: str
    subject: str
    arrived: str
    """ISO 8601, local time: when the server took it."""
    path: str
    """Its folder in the drop zone, from the root."""
    note: str

    @property
    def identity(self) -> str:
        """What makes it the same mail: its id, which is one in the world, else its head."""
        return self.message_id or self.mark


class Bounced(NamedTuple):
    """A mail of ours did not reach a unit at this address."""

    unit: str
    address: str
    reason: str
    at: str


def mailbox(book: Ledger, account: str, folder: str) -> tuple[str, int]:
    """The validity of the numbers in a folder as it was, and the last one looked at."""
    row = book.db.execute(
        "SELECT validity, last FROM mailboxes WHERE account = ? AND folder = ?",
        (account, folder),
    ).fetchone()
    return (row[0], row[1]) if row else ("", 0)


def record_mailbox(book: Ledger, account: str, folder: str, validity: str, last: int) -> None:
    """Every mail up to this number has been looked at."""
    with book.db:
        row = (account, folder, validity, last)
        book.db.execute("INSERT OR REPLACE INTO mailboxes VALUES (?, ?, ?, ?)", row)


def letters(book: Ledger) -> tuple[Letter, ...]:
    """Every mail that was looked at, in the order of their arrival."""
    rows = book.db.execute("SELECT * FROM letters ORDER BY arrived, account, folder, uid")
    found = (Letter(Place(*row[:4]), *row[4:]) for row in rows)
    return tuple(letter._replace(kind=LetterKind(letter.kind)) for letter in found)


def record_letter(book: Ledger, letter: Letter, files: Iterable[str] = ()) -> None:
    """What became of a mail, and the sha256 of those of its files that are stored now.

    What stood open of it, also under the number it had before, does so no more.
    """
    with book.db:
        book.db.execute(
            "DELETE FROM letters WHERE mark = ? AND kind IN (?, ?, ?)",
            (letter.mark, LetterKind.TAKING, LetterKind.OTHER, LetterKind.UNREAD),
        )
        book.db.execute(
            f"INSERT OR REPLACE INTO letters VALUES ({', '.join('?' * 13)})",
            (*letter.place, *letter[1:]),
        )
        rows = [(letter.identity, digest, letter.arrived) for digest in files]
        book.db.executemany("INSERT OR IGNORE INTO enclosed VALUES (?, ?, ?)", rows)


def enclosed(book: Ledger, identity: str) -> set[str]:
    """The sha256 of every file that was ever stored of a mail."""
    rows = book.db.execute("SELECT sha256 FROM enclosed WHERE mail = ?", (identity,))
    return {digest for (digest,) in rows}


def arrivals(book: Ledger) -> dict[str, datetime]:
    """When the server took the first mail with these bytes, by their sha256."""
    rows = book.db.execute("SELECT sha256, min(arrived) FROM enclosed GROUP BY sha256")
    return {digest: datetime.fromisoformat(arrived) for digest, arrived in rows}


def record_unreached(book: Ledger, bounced: Bounced) -> None:
    """A later one for the same address takes the place of an earlier one."""
    with book.db:
        book.db.execute("INSERT OR REPLACE INTO unreached VALUES (?, ?, ?, ?)", bounced)


def unreached(book: Ledger) -> tuple[Bounced, ...]:
    """Every address our mails did not reach."""
    rows = book.db.execute("SELECT * FROM unreached ORDER BY unit, address")
    return tuple(Bounced(*row) for row in rows)
