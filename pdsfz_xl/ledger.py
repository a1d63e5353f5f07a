"""What cannot be made again from the files: first sights, forms made and handed out, runs."""

import json
import secrets
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.states import NoticeKind

_FIRST = """
CREATE TABLE receipts (
    sha256 TEXT PRIMARY KEY,
    first_seen TEXT NOT NULL,
    first_path TEXT NOT NULL,
    size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE forms (
    unit TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    made TEXT NOT NULL,
    out_since TEXT
) WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    at TEXT NOT NULL,
    outputs TEXT NOT NULL
);
"""
_SEEN = "ALTER TABLE runs ADD COLUMN merged TEXT NOT NULL DEFAULT '';"
_FILED = """
CREATE TABLE filed (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""
_ABSORBED = "CREATE TABLE absorbed (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;"
_PURGED = """
CREATE TABLE purged (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    paths TEXT NOT NULL
);
"""
_RETURNED = """
CREATE TABLE returned (
    unit TEXT NOT NULL,
    requirement TEXT NOT NULL,
    said TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (unit, requirement)
) WITHOUT ROWID;
"""
_PRINTS = """
CREATE TABLE prints (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    path TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
"""
_HANDED = """
CREATE TABLE handed (
    id INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    who TEXT NOT NULL,
    via TEXT NOT NULL,
    note TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (unit, kind, day, who, via, note, sha256)
);
ALTER TABLE forms ADD COLUMN before TEXT NOT NULL DEFAULT '';
"""
_MAILED = """
CREATE TABLE mails (
    key TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    about TEXT NOT NULL,
    state TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at TEXT NOT NULL,
    bounced TEXT NOT NULL
) WITHOUT ROWID;
"""
_FETCHED = """
CREATE TABLE mailboxes (
    account TEXT NOT NULL,
    folder TEXT NOT NULL,
    validity TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (account, folder)
) WITHOUT ROWID;
CREATE TABLE letters (
    account TEXT NOT NULL,
    folder TEXT NOT NULL,
    validity TEXT NOT NULL,
    uid TEXT NOT NULL,
    mark TEXT NOT NULL,
    message_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    unit TEXT NOT NULL,
    subject TEXT NOT NULL,
    arrived TEXT NOT NULL,
    path TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (account, folder, validity, uid)
) WITHOUT ROWID;
CREATE TABLE enclosed (
    mail TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    arrived TEXT NOT NULL,
    PRIMARY KEY (mail, sha256)
) WITHOUT ROWID;
CREATE TABLE unreached (
    unit TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (unit, address)
) WITHOUT ROWID;
"""
_UNTIL = "ALTER TABLE returned ADD COLUMN until TEXT NOT NULL DEFAULT '';"
_ASKED = """
CREATE TABLE asked (
    unit TEXT PRIMARY KEY,
    problems TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at TEXT NOT NULL
) WITHOUT ROWID;
"""
_SPOKEN = """
CREATE TABLE workspace (mark TEXT NOT NULL);
CREATE TABLE words (digest TEXT PRIMARY KEY, cells TEXT NOT NULL) WITHOUT ROWID;
ALTER TABLE runs ADD COLUMN words TEXT NOT NULL DEFAULT '';
"""
_STEPS = (
    _FIRST,
    _SEEN,
    _FILED,
    _ABSORBED,
    _PURGED,
    _RETURNED,
    _PRINTS,
    _HANDED,
    _MAILED,
    _FETCHED,
    _UNTIL,
    _ASKED,
    _SPOKEN,
)
"""What makes version n+1 of version n. A step that was published never changes."""

VERSION = len(_STEPS)


class Receipt(NamedTuple):
    """When these bytes were first seen, and under which path."""

    first_seen: datetime
    first_path: str
    new: bool = False
    """Nobody had seen them before this call."""


class Form(NamedTuple):
    """A form as it was made: its path in `out` and the sha256 of its bytes."""

    path: str
    sha256: str


class Asked(NamedTuple):
    """A marked workbook: the digest of what it asks for, and the sha256 of its bytes."""

    problems: str
    sha256: str


class Print(NamedTuple):
    """A print that went up: the paths, from the root, of the archived PDF and of its snapshot.

    `sha256` is that of the snapshot.
    """

    number: int
    at: datetime
    path: str
    snapshot: str
    sha256: str


class Handed(NamedTuple):
    """Something a unit was given or told, other than by a mail of ours.

    `unit` is a code, `sha256` that of the workbook or empty.
    """

    unit: str
    kind: NoticeKind
    day: date
    who: str
    via: str = ""
    note: str = ""
    sha256: str = ""


class Written(NamedTuple):
    """A merged workbook as we wrote it; `words` is empty where it was written before marks were."""

    run: int
    at: datetime
    sha256: str
    words: str


class Ledger:
    """One open ledger; every call is one transaction, and only a run is written anew."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection
        """For the modules that keep their own tables here: `with` it is one transaction."""

    def receive(self, files: Iterable[tuple[str, str, int]], now: datetime) -> dict[str, Receipt]:
        """The receipt of each (sha256, path, size); a first sight never moves."""
        files = list(files)
        known = self.receipts()
        fresh: dict[str, tuple[str, str, str, int]] = {}
        for digest, path, size in files:
            if digest not in known:
                fresh.setdefault(digest, (digest, now.isoformat(), path, size))
        if fresh:
            with self.db:
                self.db.executemany("INSERT INTO receipts VALUES (?, ?, ?, ?)", fresh.values())
        news = {digest: Receipt(now, row[2], True) for digest, row in fresh.items()}
        return {digest: known.get(digest) or news[digest] for digest, _, _ in files}

    def receipts(self) -> dict[str, Receipt]:
        """Every receipt, by sha256."""
        rows = self.db.execute("SELECT sha256, first_seen, first_path FROM receipts")
        return {d: Receipt(datetime.fromisoformat(seen), path) for d, seen, path in rows}

    def forms(self) -> dict[str, Form]:
        """The form that was made last for each unit, by unit code."""
        rows = self.db.execute("SELECT unit, path, sha256 FROM forms ORDER BY unit")
        return {unit: Form(path, digest) for unit, path, digest in rows}

    def record_forms(
        self, made: Mapping[str, Form], now: datetime, alike: Container[str] = ()
    ) -> None:
        """Set the forms that stand now, by unit code. A changed form is out no more.

        But it is out with the units in `alike`: it asks nothing new of who has their earlier one.
        """
        known, out = self.forms(), self.out_forms()
        before = dict(self.db.execute("SELECT unit, before FROM forms"))
        before |= {unit: known[unit].sha256 for unit in out if unit not in alike}
        at = now.isoformat()
        changed = [
            (unit, *form, at, at if unit in alike else None, before.get(unit, ""))
            for unit, form in made.items()
            if known.get(unit) != form
        ]
        gone = [(unit,) for unit in known if unit not in made]
        if changed or gone:
            with self.db:
                self.db.executemany("DELETE FROM forms WHERE unit = ?", gone)
                self.db.executemany(
                    "INSERT OR REPLACE INTO forms (unit, path, sha256, made, out_since, before) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    changed,
                )

    def mark_out(self, units: Iterable[str], now: datetime) -> None:
        """These units have their form: a return carries its code, or it was handed out."""
        waiting = self.forms().keys() - self.out_forms()
        rows = [(now.isoformat(), unit) for unit in sorted(waiting & set(units))]
        if rows:
            with self.db:
                self.db.executemany("UPDATE forms SET out_since = ? WHERE unit = ?", rows)

    def take_back(self, units: Iterable[str]) -> None:
        """These units have not got their form after all, only the one before, if any."""
        with self.db:
            rows = [(unit,) for unit in units]
            self.db.executemany("UPDATE forms SET out_since = NULL WHERE unit = ?", rows)

    def out_forms(self) -> set[str]:
        """The units whose present form has been handed out."""
        rows = self.db.execute("SELECT unit FROM forms WHERE out_since IS NOT NULL")
        return {unit for (unit,) in rows}

    def made_later(self) -> set[str]:
        """The units whose form was made after the first one was out, and is not out itself."""
        rows = self.db.execute(
            "SELECT unit FROM forms WHERE out_since IS NULL AND before = '' "
            "AND made > (SELECT min(out_since) FROM forms)"
        )
        return {unit for (unit,) in rows}

    def outdated(self) -> dict[str, str]:
        """Units that have another form than the present one: the sha256 of theirs, by code."""
        return dict(
            self.db.execute(
                "SELECT unit, before FROM forms WHERE before != '' AND out_since IS NULL"
            )
        )

    def handed(self) -> tuple[Handed, ...]:
        """Everything units were given or told by hand, in the order of the days."""
        rows = self.db.execute(
            "SELECT unit, kind, day, who, via, note, sha256 FROM handed ORDER BY day, id"
        )
        return tuple(
            Handed(u, NoticeKind(k), date.fromisoformat(d), *more) for u, k, d, *more in rows
        )

    def record_handed(self, given: Iterable[Handed], now: datetime) -> int:
        """Add what is not there yet, and say how much that was."""
        rows = [(u, k, day.isoformat(), *more, now.isoformat()) for u, k, day, *more in given]
        before = self.db.total_changes
        with self.db:
            self.db.executemany(
                "INSERT OR IGNORE INTO handed (unit, kind, day, who, via, note, sha256, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return self.db.total_changes - before

    def filed(self) -> dict[str, str]:
        """The sha256 of every piece of evidence that was filed, by path from the root."""
        return dict(self.db.execute("SELECT path, sha256 FROM filed ORDER BY path"))

    def record_filed(self, filed: Mapping[str, str]) -> None:
        """Set what is filed now."""
        if filed != self.filed():
            with self.db:
                self.db.execute("DELETE FROM filed")
                self.db.executemany("INSERT INTO filed VALUES (?, ?)", filed.items())

    def absorbed(self) -> set[str]:
        """The sha256 of every copy of the merged workbook whose review texts were taken in."""
        return {digest for (digest,) in self.db.execute("SELECT sha256 FROM absorbed")}

    def record_absorbed(self, digests: Iterable[str]) -> None:
        """These copies are never taken in again, whatever the clerk changes after that."""
        with self.db:
            rows = [(digest,) for digest in digests]
            self.db.executemany("INSERT OR IGNORE INTO absorbed VALUES (?)", rows)

    def record_purge(
        self, digest: str, reason: str, who: str, paths: Iterable[str], now: datetime
    ) -> None:
        """What of a file that was removed is kept: its hash, why, by whom, when, from where."""
        row = (digest, reason, who, now.isoformat(), json.dumps(list(paths), ensure_ascii=False))
        with self.db:
            self.db.execute(
                "INSERT INTO purged (sha256, reason, who, at, paths) VALUES (?, ?, ?, ?, ?)", row
            )

    def purged(self) -> set[str]:
        """The sha256 of every file that was removed on purpose."""
        return {digest for (digest,) in self.db.execute("SELECT sha256 FROM purged")}

    def returned(self) -> dict[tuple[str, str], str]:
        """What a unit said when its marked workbook went back last, by unit and requirement."""
        rows = self.db.execute("SELECT unit, requirement, said FROM returned")
        return {(unit, requirement): said for unit, requirement, said in rows}

    def corrections(self) -> dict[tuple[str, str], date | None]:
        """Until when a correction was asked for, None for no day, by unit and requirement."""
        rows = self.db.execute("SELECT unit, requirement, until FROM returned")
        return {(u, r): date.fromisoformat(until) if until else None for u, r, until in rows}

    def record_returned(
        self, said: Mapping[tuple[str, str], str], now: datetime, until: date | None = None
    ) -> None:
        """What was said before the corrections that are asked for now, until some day."""
        day = until.isoformat() if until else ""
        with self.db:
            rows = [(*place, text, now.isoformat(), day) for place, text in said.items()]
            self.db.executemany(
                "INSERT OR REPLACE INTO returned (unit, requirement, said, at, until) "
                "VALUES (?, ?, ?, ?, ?)",
                rows,
            )

    def asked(self) -> dict[str, Asked]:
        """The marked workbook that was made last for each unit, by unit code."""
        rows = self.db.execute("SELECT unit, problems, sha256 FROM asked")
        return {unit: Asked(*one) for unit, *one in rows}

    def record_asked(self, unit: str, asked: Asked, now: datetime) -> None:
        with self.db:
            row = (unit, *asked, now.isoformat())
            self.db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?)", row)

    def prints(self) -> dict[int, Print]:
        """Every print that went up, by its number."""
        rows = self.db.execute("SELECT number, at, path, snapshot, sha256 FROM prints")
        return {n: Print(n, datetime.fromisoformat(at), *more) for n, at, *more in sorted(rows)}

    def record_print(self, made: Print) -> None:
        """A number is given once."""
        with self.db:
            self.db.execute(
                "INSERT INTO prints VALUES (?, ?, ?, ?, ?)",
                (made.number, made.at.isoformat(), made.path, made.snapshot, made.sha256),
            )

    def first_run(self, command: str) -> datetime | None:
        """When a command changed something for the first time."""
        row = self.db.execute("SELECT min(at) FROM runs WHERE command = ?", (command,)).fetchone()
        return datetime.fromisoformat(row[0]) if row and row[0] else None

    def record_run(
        self, command: str, outputs: Iterable[str], now: datetime, merged: str = ""
    ) -> None:
        """Add a run; `merged` is the sha256 of the merged workbook it went by.

        For `generate`, which goes by none, it is the digest of the master.
        """
        self._add_run(None, command, outputs, now, merged, "")

    def _add_run(
        self,
        number: int | None,
        command: str,
        outputs: Iterable[str],
        now: datetime,
        merged: str,
        words: str,
    ) -> None:
        listed = json.dumps(list(outputs), ensure_ascii=False)
        with self.db:
            self.db.execute(
                "INSERT INTO runs (id, command, at, outputs, merged, words) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (number, command, now.isoformat(), listed, merged, words),
            )

    def next_run(self) -> int:
        """The number of the run that is recorded next."""
        return int(self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0])

    def mark(self) -> str:
        """What tells this workspace from others; empty only where the ledger is not stored yet."""
        row = self.db.execute("SELECT mark FROM workspace").fetchone()
        return row[0] if row else ""

    def record_merged(self, made: Written, path: str) -> None:
        """A merged workbook was written, to a path from the root."""
        self._add_run(made.run, "collect", [path], made.at, made.sha256, made.words)

    def last_written(self) -> Written | None:
        """The merged workbook we wrote last."""
        row = self.db.execute(
            "SELECT id, at, merged, words FROM runs WHERE command = 'collect' "
            "ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return Written(row[0], datetime.fromisoformat(row[1]), *row[2:]) if row else None

    def words(self, digest: str) -> dict[str, str] | None:
        """What the clerk had written when a workbook with this digest of it was written.

        Digests by the digest of their cell; None where we never wrote such a workbook.
        """
        row = self.db.execute("SELECT cells FROM words WHERE digest = ?", (digest,)).fetchone()
        return json.loads(row[0]) if row else None

    def record_words(self, digest: str, cells: Mapping[str, str]) -> None:
        """Before the workbook that carries the digest: a run may be killed in between."""
        if self.words(digest) is None:
            with self.db:
                kept = json.dumps(cells, separators=(",", ":"), sort_keys=True)
                self.db.execute("INSERT INTO words VALUES (?, ?)", (digest, kept))

    def last_merged(self, command: str) -> str:
        """The sha256 of the merged workbook the last such run went by; empty if there is none."""
        row = self.db.execute(
            "SELECT merged FROM runs WHERE command = ? ORDER BY id DESC LIMIT 1", (command,)
        ).fetchone()
        return row[0] if row else ""

    def submitted_merged(self) -> str:
        """The sha256 of the merged workbook the last print that went up went by, or empty."""
        row = self.db.execute(
            "SELECT merged FROM runs WHERE command = 'print' "
            "AND at = (SELECT at FROM prints ORDER BY number DESC LIMIT 1) ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return row[0] if row else ""


@contextmanager
def opened(path: Path, *, readonly: bool = False, mark: str = "") -> Iterator[Ledger]:
    """The ledger of a workspace. Read-only, it is a copy in memory: nothing is made or stored.

    One that is made now marks its workspace: with `mark`, or at random.
    SQLite may then still move into the file what a killed run left in the log beside it.
    Raises OperatorError when the file is damaged or of a newer version.
    """
    try:
        with closing(_copy(path) if readonly else _connect(path)) as connection:
            _bring_up(connection, path)
            book = Ledger(connection)
            if not (readonly or book.mark()):
                with connection:
                    made = mark or secrets.token_hex(8)
                    connection.execute("INSERT INTO workspace VALUES (?)", (made,))
            yield book
    except sqlite3.Error as error:
        raise OperatorError(w.unreadable_ledger(str(path))) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30)
    try:
        # On the disk at every commit: a mail must be known to go out before it does.
        connection.execute("PRAGMA synchronous=FULL")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # WAL needs memory that processes share; network drives often have none
            # (sqlite.org, "Write-Ahead Logging", §1).
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _copy(path: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:")
    if path.exists():
        # `mode=ro` would leave the shared-memory file of WAL behind.
        uri = f"{path.absolute().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.backup(memory)
        except sqlite3.Error:
            memory.close()
            raise
    return memory


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Each step is one transaction with its version, so a killed one never happened."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise OperatorError(f"{path} 是更新版本的 pdsfz-xl 写的；请升级后再运行。")
    for made, step in enumerate(_STEPS[version:], version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version={made}; COMMIT;")
