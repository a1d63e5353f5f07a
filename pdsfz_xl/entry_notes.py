"""录入清单.xlsx in, what the clerk wrote in it out: by key and caption, never by position.

Text that hangs on no row of ours comes back under the place it stood at: the next list shows it in
失去归属的批注.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pdsfz_xl import identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.entries import Notes
from pdsfz_xl.errors import OperatorError

_LIMITS = reader.Limits(
    file=1 << 30, part=1 << 30, total=2 << 30, cells=40_000_000, strings=20_000_000, text=1 << 31
)
"""Our own workbook grows with the campaign; a form never gets that large."""

_KEY = "编码"
_OURS = frozenset(column.caption for column in layout.ENTRY if not column.clerk)
_DIGESTS = frozenset({w.ENTRY_DIGEST, w.ENTERED_DIGEST})

_Rows = Mapping[int, Mapping[int, str]]


def read(path: Path) -> Notes:
    """What the clerk wrote, by sheet, row key and caption. Raises OperatorError if unreadable."""
    if not path.exists():
        return {}
    said: dict[str, dict[str, dict[str, list[str]]]] = {}
    for name, key, cells in (note for sheet in _sheets(path) for note in _notes(path, sheet)):
        row = said.setdefault(name, {}).setdefault(key, {})
        for caption, text in cells.items():
            row.setdefault(caption, []).append(text)
    return {
        name: {key: {c: _one(c, t) for c, t in row.items()} for key, row in rows.items()}
        for name, rows in said.items()
    }


def _sheets(path: Path) -> tuple[reader.Sheet, ...]:
    try:
        return reader.read(path, limits=_LIMITS).sheets
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}），没有改动；"
            "请用 Excel 打开检查，或从 out/存档 找回上一份放回原处后重新运行。"
        ) from refused
    except OSError as error:
        raise OperatorError(
            f"{path.name} 打不开（可能正被其他程序占用，或没有读取权限），没有改动；"
            "请关闭它或检查权限后重新运行。"
        ) from error


_Note = tuple[str, str, Mapping[str, str]]
"""Sheet, key and the cells by caption."""


def _notes(path: Path, sheet: reader.Sheet) -> Iterator[_Note]:
    rows, comments = _by_row({at: c.text for at, c in sheet.cells.items()}), _by_row(sheet.comments)
    name = _name(sheet, rows)
    ours = layout.ENTRY_BOOK.get(name)
    head = _head(rows, ours, 4) if ours else None
    if head is None and name == w.ENTRY_SHEET:
        raise OperatorError(
            f"{path.name} 的“{sheet.name}”里找不到标题行（“编码”等栏目名），没有改动；"
            "请在 Excel 里恢复标题行，或从 out/存档 找回上一份放回原处后重新运行。"
        )
    if ours is None or head is None:
        yield from _foreign(sheet.name.strip(), rows, comments)
        return
    captions = _captions(rows[head], ours)
    for row in sorted(rows.keys() | comments.keys()):
        said = {} if row == head else _said(rows.get(row, {}), captions)
        for column, text in comments.get(row, {}).items():
            said[w.comment_on(_caption(captions, column))] = text
        yield from (_orphan if name == w.ORPHAN_SHEET else _written)(row, said)


def _name(sheet: reader.Sheet, rows: _Rows) -> str:
    """Which of our sheets it is, also as a copy or renamed; empty for one of the clerk's own."""
    if (name := texts.sheet_key(sheet.name)) in layout.ENTRY_BOOK:
        return name
    renamed = _head(rows, layout.ENTRY, len(layout.ENTRY) * 0.6) is not None
    return w.ENTRY_SHEET if renamed else ""


def _by_row(cells: Mapping[tuple[int, int], str]) -> _Rows:
    rows: dict[int, dict[int, str]] = defaultdict(dict)
    for (row, column), said in sorted(cells.items()):
        if text := texts.tidy(said):
            rows[row][column] = text
    return rows


def _head(rows: _Rows, columns: tuple[layout.Column, ...], least: float) -> int | None:
    """The row of the captions, wherever it is now: `least` of them are there."""
    known = {texts.squash(column.caption) for column in columns}
    for row, cells in rows.items():
        if len({texts.squash(text) for text in cells.values() if len(text) <= 20} & known) >= least:
            return row
    return None


def _captions(cells: Mapping[int, str], columns: tuple[layout.Column, ...]) -> Mapping[int, str]:
    """A caption that stands there twice is the clerk's second column of that name."""
    known = {texts.squash(column.caption): column.caption for column in columns}
    captions: dict[int, str] = {}
    for column, text in cells.items():
        caption = known.get(texts.squash(text), text)
        again = sum(1 for c in captions.values() if c == caption) + 1
        captions[column] = caption if again == 1 else w.same_caption(caption, again)
    return captions


def _caption(captions: Mapping[int, str], column: int) -> str:
    return captions.get(column) or w.unnamed_column(column + 1)


def _said(cells: Mapping[int, str], captions: Mapping[int, str]) -> dict[str, str]:
    return {_caption(captions, column): text for column, text in cells.items()}


def _written(row: int, said: Mapping[str, str]) -> Iterator[_Note]:
    """The cells of a row that are not ours, with the fingerprint of what was typed in."""
    key = said.get(_KEY, "")
    if not key:
        if said:
            yield w.ENTRY_SHEET, w.unnamed_row(row + 1), said
        return
    written = {caption: text for caption, text in said.items() if caption not in _OURS}
    if _is_edited(said):
        written[w.PROPOSAL] = said[w.ENTRY_TEXT]
    if entered := _entered(said):
        written[w.ENTERED_DIGEST] = entered
    if written:
        yield w.ENTRY_SHEET, key, written


def _is_edited(said: Mapping[str, str]) -> bool:
    """Whether somebody wrote in the text itself: that is a proposal, and kept as one."""
    text, shown = said.get(w.ENTRY_TEXT, ""), said.get(w.ENTRY_DIGEST, "")
    return bool(text and shown) and not (w.is_cut(text) or identity.is_text_of(text, shown))


def _entered(said: Mapping[str, str]) -> str:
    """What 已录入 is about: what the row showed when 已录入 or 录入时间 was written last."""
    if texts.squash(said.get(w.ENTERED, "")) != w.YES:
        return ""
    tick = identity.exact(w.YES, said.get(w.ENTERED_AT, ""))
    known, _, about = said.get(w.ENTERED_DIGEST, "").partition(".")
    return f"{known if about == tick else said.get(w.ENTRY_DIGEST, '')}.{tick}"


def _orphan(row: int, said: Mapping[str, str]) -> Iterator[_Note]:
    """What lost its row before: it finds back when the row is there again."""
    sheet, key, caption, text, digest = (said.get(c.caption, "") for c in layout.ORPHAN)
    if text:
        kept = {w.ENTERED_DIGEST: digest} if digest else {}
        place = (sheet or w.ORPHAN_SHEET, key or w.unnamed_row(row + 1))
        yield *place, {**kept, caption or w.CONTENT: text}


def _foreign(name: str, rows: _Rows, comments: _Rows) -> Iterator[_Note]:
    """A sheet of the clerk's own, one text for each row."""
    for row in sorted(rows.keys() | comments.keys()):
        said = [*rows.get(row, {}).values(), *comments.get(row, {}).values()]
        yield name, w.unnamed_row(row + 1), {w.WHOLE_ROW: "\t".join(said)}


def _one(caption: str, said: list[str]) -> str:
    """Two different texts of one cell are both kept; a fingerprint cannot be joined."""
    if caption in _DIGESTS:
        return said[0]
    return f"\n{w.ALSO_SAID}\n".join(dict.fromkeys(said))
