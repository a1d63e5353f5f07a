"""The merged workbook in, what the clerk wrote out: by key and caption, never by position.

Text that hangs on no row of ours, be it a note below a table or a sheet of the clerk's own, comes
back under the place it stood at: the next merged workbook shows it in 失去归属的批注.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import captions, identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.captions import Table
from pdsfz_xl.model import ClerkCells

_SHEETS = {**layout.MERGED_BOOK, **layout.SOMETIMES, w.OVERFLOW_SHEET: layout.OVERFLOW}
_BY_CODE = frozenset({w.MERGED_SHEET, w.CONFLICT_SHEET, w.REASSIGN_SHEET, w.CHANGED_SHEET})
_DIGESTS = frozenset({w.CHOSEN_DIGEST, w.ANSWER_DIGEST, w.REVIEW_DIGEST, w.EXPLAINED_DIGEST})

_Rest = Mapping[tuple[str, str, str], str]
"""What went on in 超长文字, by sheet, first key and caption."""
_Line = tuple[str, dict[str, str]]
"""A row: what its words hang on, and what it says by caption."""


class _Notes:
    """Everything said, by sheet, key and caption; two texts of one cell are both kept."""

    def __init__(self) -> None:
        self.said: dict[str, dict[str, dict[str, list[str]]]] = {}

    def add(self, sheet: str, key: str, cells: Mapping[str, str]) -> None:
        for caption, text in cells.items():
            row = self.said.setdefault(sheet, {}).setdefault(key, {})
            row.setdefault(caption, []).append(text)

    def cells(self) -> dict[str, dict[str, dict[str, str]]]:
        return {
            sheet: {
                key: {caption: _one(caption, said) for caption, said in row.items()}
                for key, row in rows.items()
            }
            for sheet, rows in self.said.items()
        }


def read(path: Path) -> ClerkCells:
    """What the clerk wrote, by sheet, row key and caption. Raises OperatorError if unreadable."""
    return words(path, captions.read(path)) if path.exists() else {}


def words(path: Path, book: reader.Book) -> ClerkCells:
    """`read` where the workbook is read already; `path` is what it is called."""
    notes = _Notes()
    tables: list[tuple[str, Table, reader.Sheet]] = []
    for sheet in book.sheets:
        if texts.sheet_key(sheet.name) == w.STAMP_SHEET:
            continue
        if name := captions.ours(sheet, _SHEETS):
            first = layout.ROW_KEYS[name][0]
            tables.append((name, captions.table(path, sheet, _SHEETS[name], first), sheet))
        else:
            for key, said in captions.foreign(sheet).items():
                notes.add(sheet.name.strip(), key, said)
    rest = _continuations(tables)
    for name, table, _ in tables:
        if name == w.ORPHAN_SHEET:
            _take_orphans(notes, table)
        elif name != w.OVERFLOW_SHEET:
            _take(notes, table, name, rest)
    return notes.cells()


def absorbed(clerk: ClerkCells, copy: ClerkCells) -> ClerkCells:
    """What the clerk wrote with what was written in a copy; two texts of one cell are both kept."""
    notes = _Notes()
    for cells in (clerk, copy):
        for sheet, rows in cells.items():
            for key, said in rows.items():
                notes.add(sheet, key, said)
    return notes.cells()


# --- another copy --------------------------------------------------------------------------


def digests(clerk: ClerkCells) -> dict[str, str]:
    """What is kept of the clerk's words to know later which of them changed: cell -> text."""
    return {
        identity.exact(sheet, key, caption): _digest(caption, clerk[sheet][key]) or ""
        for sheet, key, caption in _spots(clerk)
    }


class TakenIn(NamedTuple):
    """The clerk's words with what was new in a copy: so many words were taken, cleared, kept apart.

    `apart` are those that were changed here too: what is here stands, the copy's is beside it.
    """

    clerk: ClerkCells
    taken: int
    cleared: int
    apart: int


def taken_in(clerk: ClerkCells, copy: ClerkCells, base: Mapping[str, str]) -> TakenIn:
    """Put into the clerk's words what was changed in a copy since the run that wrote it.

    `base` are the `digests` of what that run wrote. Where nobody knows them it is empty: then all
    words of the copy may be new, and none is missing from it on purpose.
    """
    notes = {s: {key: dict(cells) for key, cells in rows.items()} for s, rows in clerk.items()}
    count: Counter[str] = Counter(taken=0, cleared=0, apart=0)
    for sheet, key, caption in _spots(clerk, copy):
        row = notes.setdefault(sheet, {}).setdefault(key, {})
        theirs = copy.get(sheet, {}).get(key, {})
        mine, new = _digest(caption, row), _digest(caption, theirs)
        before = base.get(identity.exact(sheet, key, caption))
        if new in (mine, before):
            continue
        if mine == before and new:
            count["taken"] += 1
            row |= {c: theirs[c] for c in (caption, *_about(caption)) if c in theirs}
        elif mine == before:
            count["cleared"] += 1
            for gone in (caption, *_about(caption)):
                row.pop(gone, None)
        elif new and mine and caption in w.PROPOSALS:
            count["taken"] += 1
            row[caption] = captions.joined([row[caption], theirs[caption]])
        elif new:
            count["apart"] += 1
            version = _named_version(theirs) if caption == w.CHOSEN else ""
            beside = notes[sheet].setdefault(layout.row_key(key, version), {})
            other = w.in_other_copy(caption)
            beside[other] = captions.joined([beside.get(other, ""), theirs[caption]])
    kept = {sheet: {k: c for k, c in rows.items() if c} for sheet, rows in notes.items()}
    return TakenIn({sheet: rows for sheet, rows in kept.items() if rows}, **count)


def _spots(*words: ClerkCells) -> dict[tuple[str, str, str], None]:
    """Sheet, row key and caption of every cell somebody wrote in, in the order they stand in."""
    return {
        (sheet, key, caption): None
        for cells in words
        for sheet, rows in cells.items()
        for key, row in rows.items()
        for caption in row
        if caption not in _DIGESTS
    }


def _digest(caption: str, cells: Mapping[str, str]) -> str | None:
    """Of a cell's text, None where it is empty.

    A choice is known by the version it names: that has another number every time.
    """
    chosen = _named_version(cells) if caption == w.CHOSEN else ""
    return identity.exact(chosen or cells[caption]) if caption in cells else None


def _named_version(cells: Mapping[str, str]) -> str:
    """The digest of the version a choice names, without those it was chosen from."""
    return cells.get(w.CHOSEN_DIGEST, "").partition("+")[0]


def _about(caption: str) -> tuple[str, ...]:
    """The fingerprints that say what a word is about: they go with it."""
    if caption in w.REVIEW:
        return w.ANSWER_DIGEST, w.REVIEW_DIGEST
    return (w.CHOSEN_DIGEST,) if caption == w.CHOSEN else ()


# --- what the clerk wrote ------------------------------------------------------------------


def _key(name: str, said: Mapping[str, str]) -> str:
    """What the clerk's columns of a row hang on, or empty for a row that is not ours."""
    first, *more = layout.ROW_KEYS[name]
    key = said.get(first, "")
    if name in _BY_CODE:
        code = identity.read(key) or identity.read(f"{key}-0000")
        return "-".join(code[:3]) if code else ""
    return layout.row_key(key, *(said.get(caption, "") for caption in more)) if key else ""


def _take(notes: _Notes, table: Table, name: str, rest: _Rest) -> None:
    lines: list[_Line] = []
    for row in table.numbers:
        said = table.said(row)
        key = _key(name, said) if row > table.head else ""
        if not key:
            notes.add(name, w.unnamed_row(row + 1), said)
            continue
        first = said[layout.ROW_KEYS[name][0]]
        whole = {c: _whole(text, rest.get((name, first, c), "")) for c, text in said.items()}
        lines.append((key, whole))
    for key, said in _HANGS_ON.get(name, iter)(lines):
        notes.add(name, key, _written(name, said))


def _take_orphans(notes: _Notes, table: Table) -> None:
    """What lost its row before: it finds back when the row is there again."""
    for row in sorted(table.rows):
        if row > table.head:
            said = table.said(row)
            sheet, key, caption, text, digests = (said.get(c.caption, "") for c in layout.ORPHAN)
            if text:
                place = (sheet or w.ORPHAN_SHEET, key or w.unnamed_row(row + 1))
                kept = dict(said.split("=", 1) for said in digests.split() if "=" in said)
                notes.add(*place, {**kept, caption or w.CONTENT: text})


def _written(name: str, said: Mapping[str, str]) -> dict[str, str]:
    """The cells that are not ours; an answer edited in place is a proposal, never the unit's."""
    ours = {column.caption for column in _SHEETS[name] if not column.clerk}
    written = {c: text for c, text in said.items() if c not in ours or c in _DIGESTS}
    shown, now = said.get(w.ANSWER_DIGEST, ""), said.get(w.ANSWER, "")
    if name == w.MERGED_SHEET and shown and now and not identity.is_text_of(now, shown):
        written[w.PROPOSAL] = captions.joined([written.get(w.PROPOSAL, ""), now])
    waits = name == w.CONFLICT_SHEET and w.CHOSEN_DIGEST in written
    return written if waits or written.keys() - _DIGESTS else {}


def _with_choices(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Each conflict's 采用 with the fingerprint of the version it means; the rest by version.

    It may be typed beside any version: what was typed since we wrote the sheet wins over what we
    wrote ourselves, and names a version here; ours goes on meaning what it meant, if anything.
    是 means the version it stands beside.
    """
    conflicts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for key, said in lines:
        conflicts[key].append(said)
    for key, rows in conflicts.items():
        marks = [_Mark.read(said.get(w.CHOSEN_DIGEST, "")) for said in rows]
        named = {
            texts.squash(said.get("版本", "")): m.digest
            for said, m in zip(rows, marks, strict=True)
        }
        picks = {i: said[w.CHOSEN] for i, said in enumerate(rows) if w.CHOSEN in said}
        new = {i for i, pick in picks.items() if texts.squash(pick) != texts.squash(marks[i].pick)}
        for i in sorted(new or picks):
            meant = {**named, w.YES: marks[i].digest}.get(texts.squash(picks[i]), "")
            among = sorted({mark.digest for mark in marks} - {meant, ""})
            chosen = "+".join((meant, *among)) if meant else ""
            yield key, {w.CHOSEN: picks[i], w.CHOSEN_DIGEST: chosen if new else marks[i].chosen}
        # A choice that waits to be made anew: the cell is blank as we wrote it.
        open_ = next((m.chosen for m in marks if m.chosen and not m.pick), "")
        if open_ and not picks:
            yield key, {w.CHOSEN_DIGEST: open_}
        for said, mark in zip(rows, marks, strict=True):
            rest = {c: t for c, t in said.items() if c not in (w.CHOSEN, w.CHOSEN_DIGEST)}
            yield layout.row_key(key, mark.digest), rest


def _with_replies(lines: Iterable[_Line]) -> Iterator[_Line]:
    """What the clerk says to an explanation, by what it is about; the rest by row.

    The row moves when the answer comes again in another file.
    """
    for key, said in lines:
        yield said.get(w.CODE, key), {c: t for c, t in said.items() if c in _REPLIES}
        yield key, {c: t for c, t in said.items() if c not in _REPLIES}


_REPLIES = frozenset({w.REPLY, w.REMARK, w.EXPLAINED_DIGEST})
_HANGS_ON: Mapping[str, Callable[[Iterable[_Line]], Iterable[_Line]]] = {
    w.CONFLICT_SHEET: _with_choices,
    w.FINDINGS_SHEET: _with_replies,
}
"""Where the clerk's words hang on something else than their row."""


class _Mark(NamedTuple):
    """What stands in the hidden column beside a version."""

    digest: str
    """Of the version."""
    pick: str
    """What we wrote under 采用, if it stands here."""
    chosen: str
    """The version that meant, or empty where it meant none."""

    @classmethod
    def read(cls, said: str) -> "_Mark":
        digest, _, rest = said.partition(".")
        pick, _, chosen = rest.rpartition(".")
        return cls(digest, pick, chosen)


# --- texts ---------------------------------------------------------------------------------


def _continuations(tables: list[tuple[str, Table, reader.Sheet]]) -> _Rest:
    """The pieces of 超长文字 put together, to the character; of a copied sheet the first."""
    found: dict[tuple[str, str, str], str] = {}
    for name, table, sheet in tables:
        if name != w.OVERFLOW_SHEET:
            continue
        columns = {caption: column for column, caption in table.captions.items()}
        content = columns.get(w.CONTENT, -1)
        rest: dict[tuple[str, str, str], str] = defaultdict(str)
        for row in table.rows:
            said = table.said(row)
            place = (said.get("工作表", ""), said.get(w.CODE, ""), said.get("栏目", ""))
            if row > table.head and (row, content) in sheet.cells:
                rest[place] += sheet.cells[row, content].text
        found = {**rest, **found}
    return found


def _whole(text: str, rest: str) -> str:
    head = w.continued_head(text)
    return f"{head}{rest}" if head and rest else text


def _one(caption: str, said: list[str]) -> str:
    """A fingerprint cannot be joined: of two choices none counts, of two answers the first."""
    if caption == w.CHOSEN_DIGEST:
        return said[0] if len(set(said)) == 1 else ""
    return said[0] if caption in _DIGESTS else captions.joined(said)
