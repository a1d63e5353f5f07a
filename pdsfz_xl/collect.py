"""A returned file in, a manifest out: which rows it holds, and every other cell with its address.

Runs in a child process and knows nothing of the master: whose rows they are is decided later.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import captions, container, edited_paper, identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import FormRow, Loose, Manifest, Member, Typed
from pdsfz_xl.sniff import sniff
from pdsfz_xl.states import CellKind, Flag

VERSION = "11"
"""Of the manifests in the cache: raise it when reading changes."""

MOST_LOOSE = 5_000
"""Loose cells kept of one file; beyond that it is no form, and the archive has it whole."""

_FORM = {texts.squash(c): c for c in layout.FORM_CAPTIONS}
_EVIDENCE = {texts.squash(c.caption): c.caption for c in layout.EVIDENCE}
_PROBLEMS = {texts.squash(c.caption): c.caption for c in layout.PROBLEMS}
_KINDS = {w.FORM_SHEET: _FORM, w.EVIDENCE_SHEET: _EVIDENCE, w.GUIDE_SHEET: _PROBLEMS}
"""The captions of each table. The texts of 问题清单 are remembered as those of 填写说明 are."""
_LONGEST = 40
"""Characters of a cell that may be a caption, with whatever blanks somebody put in."""
_NUMBER = re.compile(r"\d+")
_PROGRESS = re.compile(r"\d+".join(map(re.escape, w.PROGRESS)) + r"\d+")
_LISTED = r"\d+".join(w.EVIDENCE_HINT)
_HINT = re.compile(
    rf"{w.BLANK_HINT}|{w.REASON_HINT}|{w.FIGURE_HINT}|{w.OVER_HINT[0]}\d+{w.OVER_HINT[1]}"
    rf"|{w.PREVIOUS_HINT}|\d+/\d+({w.LEFT_HINT}|{w.ADVISED_HINT})\d+"
    rf"(\s*{_LISTED})?"
)

_STAMP = re.compile("[0-9a-f]{10}|-?[0-9a-f]{16}(?: -?[0-9a-f]{16})*")
"""The digests of the hidden sheet: of texts, and of the answers a form came with."""

_NEVER_SAVED = layout.CREATED.isoformat()
"""What our own forms say; only a program that saves one writes a true time."""

_BELOW = frozenset({w.TOTAL_COUNT, *(w.label(said) for said in w.SIGN_OFF)})
"""What the form itself says below the table, in the columns a unit fills."""

Cells = Mapping[int, reader.Cell]
"""The cells of one row by 0-based column."""


class Task(NamedTuple):
    """A file to be read, with passwords to try; `member` names one file in an archive or mail."""

    path: str
    passwords: tuple[str, ...] = ()
    member: str = ""


def read_task(task: Task) -> Manifest:
    """`read_return` for a worker."""
    return read_return(task.path, task.passwords)


def read_return(path: str, passwords: tuple[str, ...] = ()) -> Manifest:
    """Read one file. Never raises for what the file holds: `Manifest.rule` then says why not."""
    file = Path(path)
    if not _may_be_held_whole(file):
        return _read(_sha256(file), file, passwords)  # Nobody opens it; this says what it is.
    data = file.read_bytes()
    digest = sha256(data).hexdigest()
    if not container.kind_of(data):
        return _read(digest, reader.InMemory(file.name, data), passwords)
    try:
        return _opened(digest, container.unpack(data, file.name, passwords), passwords)
    except reader.Refused as refused:
        return _shut(digest, refused)


def _may_be_held_whole(file: Path) -> bool:
    """Whether a file is small, or an archive or a mail, which may be larger than any form."""
    size = file.stat().st_size
    if size <= reader.FORM_LIMITS.file:
        return True
    with file.open("rb") as opened:
        kind = sniff(opened.read(8192))
    return size <= container.LIMITS.total and kind in ("zip", "cfb", "archive", "mail")


def _read(digest: str, file: Path | reader.InMemory, passwords: tuple[str, ...]) -> Manifest:
    try:
        return _manifest(digest, reader.read(file, passwords=passwords))
    except reader.Refused as refused:
        return _shut(digest, refused)


def _shut(digest: str, why: reader.Refused | container.RefusedMember) -> Manifest:
    return Manifest(sha256=digest, rule=why.rule, detail=why.detail, reason=why.reason)


def read_member(task: Task) -> bytes:
    """The bytes of one file in an archive or a mail; empty where it is not in there any more."""
    file = Path(task.path)
    try:
        inside = container.unpack(file.read_bytes(), file.name, task.passwords)
    except reader.Refused:
        return b""
    return next((m.data for m in inside.members if m.path == task.member), b"")


def _opened(digest: str, inside: container.Unpacked, passwords: tuple[str, ...]) -> Manifest:
    """An archive or a mail: a manifest for every file in it, also for those that stay shut."""
    members = [
        Member(
            m.path,
            len(m.data),
            _read(sha256(m.data).hexdigest(), reader.InMemory(m.path, m.data), passwords),
        )
        for m in inside.members
        if not m.inline
    ]
    for shut in inside.refused:
        members.append(Member(shut.path, 0, _shut(_named(digest, shut.path), shut)))
    members += [Member(path, 0, None) for path in inside.clutter]
    facts = [m.facts for m in inside.mails if not m.path]
    return Manifest(
        sha256=digest,
        opened=True,
        detail="".join(w.mail(f.sender, f.subject, f.sent, f.notes) for f in facts),
        members=tuple(members),
        senders={m.path: m.facts.sender for m in inside.mails if m.facts.sender},
    )


def _named(digest: str, path: str) -> str:
    """A file nobody could take out has no bytes to tell it by: its place does."""
    return sha256(f"{digest}{w.INSIDE}{path}".encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(path: Path) -> str:
    """Hashed after reading, so that the caller notices a file that changed meanwhile."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _manifest(digest: str, book: reader.Book) -> Manifest:
    if captions.is_merged(book):
        # Nothing in it is an answer, though what every unit wrote stands in it with its code.
        return Manifest(sha256=digest, campaign=captions.campaign(book), flags=(Flag.REVIEW_COPY,))
    if paper := edited_paper.manifest(digest, book):
        return paper
    stamp, own, given = _stamp(book)
    tables: dict[str, list[FormRow]] = {kind: [] for kind in _KINDS}
    loose: list[Loose] = []
    for sheet in book.sheets:
        if texts.sheet_key(sheet.name) == w.STAMP_SHEET:
            loose += _beside_stamp(sheet)
        else:
            loose += _sort(sheet, own, tables)
            loose += _comments(sheet)
    rows, evidence, problems = tables.values()
    return Manifest(
        sha256=digest,
        saved="" if book.saved.startswith(_NEVER_SAVED) else book.saved,
        campaign=stamp.get("campaign", ""),
        unit=stamp.get("unit", ""),
        prefilled={place: said[4] for place, said in given.items() if 4 in said},
        shown={place: said[5] for place, said in given.items() if 5 in said},
        known={place: tuple(said[6].split()) for place, said in given.items() if 6 in said},
        stamped=bool(own),
        rows=tuple(rows),
        evidence=tuple(evidence),
        problems=tuple(problems),
        loose=tuple(loose[:MOST_LOOSE]),
        flags=(*book.flags, *([Flag.LOOSE_CUT] if len(loose) > MOST_LOOSE else [])),
    )


class _Line(NamedTuple):
    """A row of a sheet. `head` are the captions it names by column, or the form's own columns
    where it is the first with a row code and no captions stand above; `kind` is whose they are.
    """

    row: int
    cells: Cells
    kind: str
    head: Mapping[int, str]
    by_code: bool


def _lines(sheet: reader.Sheet) -> Iterator[_Line]:
    known = False
    for row, cells in _by_row(sheet):
        heads = ((kind, _captions(cells, named, least=4)) for kind, named in _KINDS.items())
        kind, head = next((found for found in heads if found[1]), ("", {}))
        by_code = False
        if not head and not known and (head := _columns_by_code(cells)):
            kind, by_code = w.FORM_SHEET, True
        known = known or bool(head)
        yield _Line(row, cells, kind if head else "", head, by_code)


def _sort(
    sheet: reader.Sheet, own: frozenset[str], tables: Mapping[str, list[FormRow]]
) -> Iterator[Loose]:
    """Put the rows of a sheet into the tables they belong to; what is in no column is loose."""
    lines = list(_lines(sheet))
    # A form's sheet is known by its captions: its name may be lost, and that of another one too.
    kinds = frozenset(line.kind for line in lines if line.kind) or frozenset({w.GUIDE_SHEET})
    columns: Mapping[int, str] = {}
    table = tables[w.FORM_SHEET]
    for line in lines:
        if line.head:
            columns, table = line.head, tables[line.kind]
        heads = line.head if line.head and not line.by_code else {}
        known = {} if heads else columns
        typed = {
            column: _typed(line.row, column, cell, known.get(column, ""), kinds, own)
            for column, cell in line.cells.items()
        }
        if inside := {known[c]: t for c, t in typed.items() if c in known}:
            table.append(FormRow(sheet.name, line.row + 1, inside))
        for column, cell in typed.items():
            if column not in known and column not in heads:
                above = not columns and _is_lost_status(line.cells[column], kinds)
                yield Loose(sheet.name, cell._replace(ours=cell.ours or above))


Given = dict[str, dict[int, str]]
"""By unit and key of a row: what the hidden sheet says of the answers it came with, by column."""


def _stamp(book: reader.Book) -> tuple[dict[str, str], frozenset[str], Given]:
    """The identity a form carries besides its row codes.

    With it come the digests of the form's own texts and of the answers it came with.
    """
    own, given = set(), {}
    for sheet in book.sheets:
        if texts.sheet_key(sheet.name) == w.STAMP_SHEET:
            for _, cells in _by_row(sheet):
                said = {column: cell.text for column, cell in cells.items()}
                if 2 in said:
                    own.add(said[2])
                if code := identity.read(said.get(3, "")):
                    given[f"{code.unit}-{code.requirement}"] = said
    return captions.stamped(book), frozenset(own), given


def _beside_stamp(sheet: reader.Sheet) -> Iterator[Loose]:
    """What is no part of the stamp: somebody may have found the hidden sheet, and written there."""
    for (row, column), cell in sorted(sheet.cells.items()):
        stamp = (row < 4 and column < 2) or _STAMP.fullmatch(cell.text)
        if not stamp and not (column == 3 and identity.is_bare(cell.text)):
            typed = Typed(layout.cell_name(row, column), cell.kind, cell.text, cell.formula)
            yield Loose(sheet.name, typed)


def _by_row(sheet: reader.Sheet) -> Iterator[tuple[int, dict[int, reader.Cell]]]:
    rows: dict[int, dict[int, reader.Cell]] = {}
    for (row, column), cell in sorted(sheet.cells.items()):
        rows.setdefault(row, {})[column] = cell
    yield from rows.items()


def _is_lost_status(cell: reader.Cell, kinds: frozenset[str]) -> bool:
    """Whether a cell above the captions is our status line, spoilt: LibreOffice saves 0 to .xls."""
    spoilt = cell.text == "0" or cell.kind == CellKind.ERROR
    return bool(cell.formula) and spoilt and w.FORM_SHEET in kinds


def _captions(cells: Cells, known: Mapping[str, str], least: int) -> dict[int, str]:
    """Which columns a header row names, empty if it is none; of two equal captions the first."""
    found: dict[int, str] = {}
    for column, cell in cells.items():
        short = len(cell.text) <= _LONGEST
        caption = known.get(texts.squash(cell.text)) if short else None
        if caption and caption not in found.values():
            found[column] = caption
    return found if len(found) >= least else {}


def _columns_by_code(cells: Cells) -> dict[int, str]:
    """The form's own columns where the caption row is gone but a row code stands.

    Only if the code's check characters fit the two texts that would then be the row's own.
    """
    offset = {column.caption: i for i, column in enumerate(layout.FORM)}
    for column, cell in cells.items():
        code = identity.read(cell.text)
        texts_there = [cells.get(column + offset[c]) for c in (w.INDICATOR, w.MATERIAL)]
        said = [found.text if found else "" for found in texts_there]
        if code and code.check == identity.check(*code[:3], *said):
            return {column + i: caption for caption, i in offset.items()}
    return {}


def _typed(
    row: int,
    column: int,
    cell: reader.Cell,
    caption: str,
    kinds: frozenset[str],
    own: frozenset[str],
) -> Typed:
    if caption == w.EXPLANATION:
        ours = cell.text.strip() == w.NO_EXPLANATION
    elif caption in layout.TO_FILL:
        ours = cell.text.strip() in _BELOW
    else:
        ours = _is_counter(cell, caption) or any(
            identity.digest(cell.text, kind) in own for kind in kinds
        )
    number = cell.value if cell.kind == CellKind.NUMBER and isinstance(cell.value, float) else None
    name = layout.cell_name(row, column)
    return Typed(name, cell.kind, cell.text, cell.formula, ours, number)


def _is_counter(cell: reader.Cell, caption: str) -> bool:
    """Whether a cell says what our counters say; their values are never trusted."""
    plain = cell.text.strip()
    if caption == w.COUNT:
        return bool(cell.formula) or bool(_NUMBER.fullmatch(plain))
    if caption == w.HINT:
        return bool(cell.formula) or bool(_HINT.fullmatch(plain))
    return bool(_PROGRESS.fullmatch(plain))


def _comments(sheet: reader.Sheet) -> Iterator[Loose]:
    """Comments are nobody's answer, but somebody wrote them."""
    for (row, column), said in sorted(sheet.comments.items()):
        if said.strip():
            yield Loose(sheet.name, Typed(layout.cell_name(row, column), CellKind.COMMENT, said))


# --- the cache -----------------------------------------------------------------------------


def dump(manifest: Manifest) -> bytes:
    """A manifest as JSON, for `out/.cache`; what may be read next time is none to be kept."""
    return json.dumps(_plain(manifest), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def load(data: bytes) -> Manifest | None:
    """The manifest, or None where the bytes are not one: it is then read again."""
    try:
        return _manifest_of(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _plain(manifest: Manifest) -> dict[str, Any]:
    fields = {name: getattr(manifest, name) for name in manifest.__slots__ if name != "reason"}
    members = [(m.path, m.size, m.manifest and _plain(m.manifest)) for m in manifest.members]
    return {**fields, "members": members}


def _manifest_of(fields: dict[str, Any]) -> Manifest:
    for name in ("rows", "evidence", "problems"):
        fields[name] = tuple(
            FormRow(sheet, row, {c: _typed_of(t) for c, t in cells.items()})
            for sheet, row, cells in fields[name]
        )
    fields["loose"] = tuple(Loose(sheet, _typed_of(typed)) for sheet, typed in fields["loose"])
    fields["flags"] = tuple(fields["flags"])
    fields["known"] = {place: tuple(known) for place, known in fields["known"].items()}
    fields["members"] = tuple(
        Member(path, size, inner and _manifest_of(inner)) for path, size, inner in fields["members"]
    )
    return Manifest(**fields)


def _typed_of(fields: list[Any]) -> Typed:
    typed = Typed(*fields)
    return typed._replace(kind=CellKind(typed.kind))
