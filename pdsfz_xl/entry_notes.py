"""录入清单.xlsx in, what the clerk wrote in it out: by key and caption, never by position.

Text that hangs on no row of ours comes back under the place it stood at: the next list shows it in
失去归属的批注.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pdsfz_xl import captions, identity, layout, reader
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Notes

_KEY = "编码"
_OURS = frozenset(column.caption for column in layout.ENTRY if not column.clerk)
_DIGESTS = frozenset({ew.ENTRY_DIGEST, ew.ENTERED_DIGEST})


def read(path: Path) -> Notes:
    """What the clerk wrote, by sheet, row key and caption. Raises OperatorError if unreadable."""
    if not path.exists():
        return {}
    said: dict[str, dict[str, dict[str, list[str]]]] = {}
    sheets = captions.sheets(path)
    for name, key, cells in (note for sheet in sheets for note in _notes(path, sheet)):
        row = said.setdefault(name, {}).setdefault(key, {})
        for caption, text in cells.items():
            row.setdefault(caption, []).append(text)
    return {
        name: {key: {c: _one(c, t) for c, t in row.items()} for key, row in rows.items()}
        for name, rows in said.items()
    }


_Note = tuple[str, str, Mapping[str, str]]
"""Sheet, key and the cells by caption."""


def _notes(path: Path, sheet: reader.Sheet) -> Iterator[_Note]:
    name = captions.ours(sheet, layout.ENTRY_BOOK)
    if not name:
        for key, said in captions.foreign(sheet).items():
            yield sheet.name.strip(), key, said
        return
    first = _KEY if name == ew.ENTRY_SHEET else layout.ROW_KEYS[name][0]
    table = captions.table(path, sheet, layout.ENTRY_BOOK[name], first)
    for row in table.numbers:
        said = table.said(row)
        if row > table.head:
            yield from (_orphan if name == w.ORPHAN_SHEET else _written)(row, said)
        elif said:
            yield name, w.unnamed_row(row + 1), said


def _written(row: int, said: Mapping[str, str]) -> Iterator[_Note]:
    """The cells of a row that are not ours, with the fingerprint of what was typed in."""
    key = said.get(_KEY, "")
    if not key:
        if said:
            yield ew.ENTRY_SHEET, w.unnamed_row(row + 1), said
        return
    written = {caption: text for caption, text in said.items() if caption not in _OURS}
    if _is_edited(said):
        written[w.PROPOSAL] = said[ew.ENTRY_TEXT]
    if entered := _entered(said):
        written[ew.ENTERED_DIGEST] = entered
    if written:
        yield ew.ENTRY_SHEET, key, written


def _is_edited(said: Mapping[str, str]) -> bool:
    """Whether somebody wrote in the text itself: that is a proposal, and kept as one."""
    text, shown = said.get(ew.ENTRY_TEXT, ""), said.get(ew.ENTRY_DIGEST, "")
    return bool(text and shown) and not (ew.is_cut(text) or identity.is_text_of(text, shown))


def _entered(said: Mapping[str, str]) -> str:
    """What 已录入 is about: what the row showed when 已录入 or 录入时间 was written last."""
    if texts.squash(said.get(ew.ENTERED, "")) != w.YES:
        return ""
    tick = identity.exact(w.YES, said.get(ew.ENTERED_AT, ""))
    known, _, about = said.get(ew.ENTERED_DIGEST, "").partition(".")
    return f"{known if about == tick else said.get(ew.ENTRY_DIGEST, '')}.{tick}"


def _orphan(row: int, said: Mapping[str, str]) -> Iterator[_Note]:
    """What lost its row before: it finds back when the row is there again."""
    sheet, key, caption, text, digest = (said.get(c.caption, "") for c in layout.ORPHAN)
    if text:
        kept = {ew.ENTERED_DIGEST: digest} if digest else {}
        place = (sheet or w.ORPHAN_SHEET, key or w.unnamed_row(row + 1))
        yield *place, {**kept, caption or w.CONTENT: text}


def _one(caption: str, said: list[str]) -> str:
    """Two different texts of one cell are both kept; a fingerprint cannot be joined."""
    if caption in _DIGESTS:
        return said[0]
    return captions.joined(said)
