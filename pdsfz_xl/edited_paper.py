"""A document of ours that comes back, as a manifest: what of it is not as it was printed.

Runs in the child that reads the file. A row is known by its code, and an edit by the digests in it;
what stands elsewhere is compared with what we print later, in `proposals`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from pdsfz_xl import identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.identity import PrintCode
from pdsfz_xl.model import FormRow, Loose, Manifest, Typed
from pdsfz_xl.paper_text import CAPTIONS, LABELS, paragraphs
from pdsfz_xl.states import CellKind, Flag

REST = tuple(caption for caption in CAPTIONS[LABELS:] if caption != w.ANSWER)
"""The cells of a row beside its text, in the order of their digest."""
_KNOWN = {texts.squash(caption): caption for caption in CAPTIONS}

Cells = Mapping[int, reader.Cell]


def manifest(digest: str, book: reader.Book) -> Manifest | None:
    """What stands in it, or None for a document that is not ours, such as a unit's return."""
    tables = [sheet for sheet in book.sheets if sheet.name.startswith(w.DOCUMENT_TABLE)]
    codes = [code for sheet in tables for cell in sheet.cells.values() if (code := _code(cell))]
    if not codes or any(identity.read(c.text) for s in tables for c in s.cells.values()):
        return None
    own = frozenset(
        digest
        for name, value in book.properties.items()
        if name.startswith(f"{layout.STAMP}{w.PRINT_STAMP}")
        for digest in value.split()
    )
    rows: list[FormRow] = []
    loose: dict[tuple[str, str, bool], Loose] = {}
    for sheet in book.sheets:
        for found in _read(sheet, own):
            if isinstance(found, FormRow):
                rows.append(found)
            else:
                # The same words in every row are one: a label says nothing new each time.
                loose.setdefault((found.sheet, found.typed.text, found.typed.ours), found)
    return Manifest(
        sha256=digest,
        saved=book.saved,
        campaign=Counter(code.campaign for code in codes).most_common(1)[0][0],
        rows=tuple(rows),
        loose=tuple(loose.values()),
        flags=(*book.flags, Flag.PAPER_COPY),
    )


def _code(cell: reader.Cell) -> PrintCode | None:
    return identity.read_print_code(cell.text)


def _read(sheet: reader.Sheet, own: frozenset[str]) -> Iterator[FormRow | Loose]:
    captions: Mapping[int, str] = dict(enumerate(CAPTIONS))
    lines: dict[int, dict[int, reader.Cell]] = {}
    for (row, column), cell in sorted(sheet.cells.items()):
        lines.setdefault(row, {})[column] = cell
    for row, cells in lines.items():
        named = {
            c: _KNOWN[key] for c, x in cells.items() if (key := texts.squash(x.text)) in _KNOWN
        }
        if len(named) > LABELS:
            captions = named
        coded = next((column for column, cell in cells.items() if _code(cell)), None)
        if coded is None:
            yield from (_loose(sheet, row, column, cell, own) for column, cell in cells.items())
        else:
            yield from _row(sheet, row, cells, captions, coded)
    for (row, column), said in sorted(sheet.comments.items()):
        yield Loose(sheet.name, Typed(layout.cell_name(row, column), CellKind.COMMENT, said))


def _loose(
    sheet: reader.Sheet, row: int, column: int, cell: reader.Cell, own: frozenset[str]
) -> Loose:
    known = texts.squash(cell.text) in _KNOWN or identity.digest(cell.text.strip()) in own
    return Loose(
        sheet.name, Typed(layout.cell_name(row, column), CellKind.TEXT, cell.text, ours=known)
    )


def _row(
    sheet: reader.Sheet, row: int, cells: Cells, captions: Mapping[int, str], coded: int
) -> Iterator[FormRow | Loose]:
    """A row by caption; what stands in the columns of labels, or in none, is loose."""
    code = _code(cells[coded])
    assert code is not None
    said: dict[str, tuple[int, str]] = {}
    for column, cell in cells.items():
        text = _without_code(cell.text) if column == coded else cell.text
        caption = captions.get(column, "")
        if caption in CAPTIONS[LABELS:] and caption not in said:
            said[caption] = column, paragraphs(text)
        elif text.strip():
            yield Loose(sheet.name, Typed(layout.cell_name(row, column), CellKind.TEXT, text))
    text = said.get(w.ANSWER, (0, ""))[1]
    rest = [said.get(caption, (0, ""))[1] for caption in REST]
    same = identity.said_digest(text) == code.text
    untouched = identity.rest_digest(rest) == code.rest
    typed = {
        caption: Typed(
            layout.cell_name(row, column),
            CellKind.TEXT,
            said_there,
            ours=same if caption == w.ANSWER else untouched,
        )
        for caption, (column, said_there) in said.items()
    }
    typed.setdefault(w.ANSWER, Typed(layout.cell_name(row, coded), CellKind.TEXT, "", ours=same))
    name = layout.cell_name(row, coded)
    yield FormRow(
        sheet.name, row + 1, {w.CODE: Typed(name, CellKind.TEXT, str(code), ours=True), **typed}
    )


def _without_code(text: str) -> str:
    """A cell without the line that holds nothing but the code."""
    lines = text.split("\n")
    return "\n".join(line for line in lines if not identity.is_bare_print_code(line))
