"""The merged workbook in, the clerk's columns out: by key and caption, never by position."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import identity, layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import ClerkCells

MERGED_LIMITS = reader.Limits(
    file=1 << 30, part=1 << 30, total=2 << 30, cells=40_000_000, strings=20_000_000, text=1 << 31
)
"""Our own workbook grows with the campaign; a form never gets that large."""

_BY_CODE = frozenset({w.MERGED_SHEET, w.CONFLICT_SHEET, w.REASSIGN_SHEET})


class _Line(NamedTuple):
    """A row: its key and its texts by caption."""

    key: str
    said: Mapping[str, str]


def read(path: Path) -> ClerkCells:
    """What the clerk wrote, by sheet, row key and caption. Raises OperatorError if unreadable."""
    if not path.exists():
        return {}
    try:
        book = reader.read(path, limits=MERGED_LIMITS)
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}），没有改动；"
            "请用 Excel 打开检查，或从 out/存档 找回上一份放回原处后重新运行。"
        ) from refused
    found: dict[str, dict[str, dict[str, str]]] = {}
    for sheet in book.sheets:
        name = _known_name(sheet)
        if name == w.ORPHAN_SHEET:
            for line in _lines(sheet, layout.ORPHAN):
                at, key, caption, text = (line.said.get(c.caption, "") for c in layout.ORPHAN)
                _keep(found, at, key, {caption: text})
        elif name:
            lines = [_keyed(name, line) for line in _lines(sheet, layout.MERGED_BOOK[name])]
            for line in _with_choices(lines) if name == w.CONFLICT_SHEET else lines:
                _keep(found, name, line.key, _written(name, line.said))
    return found


def _known_name(sheet: reader.Sheet) -> str:
    """Which of our sheets it is; a copy made in Excel is called `汇总 (2)`."""
    name = sheet.name.strip().partition(" (")[0]
    return name if name in layout.MERGED_BOOK or name == w.ORPHAN_SHEET else ""


def _lines(sheet: reader.Sheet, columns: tuple[layout.Column, ...]) -> Iterator[_Line]:
    """The rows below the caption row; comments and unnamed columns get captions of their own."""
    known = {column.caption for column in columns}
    rows: dict[int, dict[int, str]] = {}
    for (row, column), cell in sorted(sheet.cells.items()):
        if text := texts.tidy(cell.text):
            rows.setdefault(row, {})[column] = text
    least = min(3, len(known))
    head = next((r for r, cells in rows.items() if len(known & {*cells.values()}) >= least), -1)
    captions = rows.get(head, {})
    for row, cells in rows.items():
        if row <= head:
            continue
        said = {captions.get(c, w.unnamed_column(c + 1)): text for c, text in cells.items()}
        for (at, column), comment in sheet.comments.items():
            if at == row and texts.tidy(comment):
                said[w.comment_on(captions.get(column, ""))] = texts.tidy(comment)
        yield _Line("", said)


def _keyed(name: str, line: _Line) -> _Line:
    """The row's key: what the clerk's columns hang on."""
    if name == w.REGISTER_SHEET:
        return line._replace(key=line.said.get("登记号", ""))
    said = line.said.get(w.CODE, "")
    if name not in _BY_CODE:
        return line._replace(key=said)
    code = identity.read(said) or identity.read(f"{said}-0000")
    key = identity.assignment_key(*code[:3]) if code else said
    return line._replace(key=key)


def _with_choices(lines: list[_Line]) -> Iterator[_Line]:
    """Each conflict's 采用 with the fingerprint of the version that number names here."""
    digests = {(x.key, x.said.get("版本", "")): x.said.get(w.CHOSEN_DIGEST, "") for x in lines}
    for line in lines:
        said = dict(line.said)
        said.pop(w.CHOSEN_DIGEST, None)
        if pick := said.get("采用"):
            said[w.CHOSEN_DIGEST] = digests.get((line.key, texts.squash(pick)), "")
        yield line._replace(said=said)


def _written(name: str, said: Mapping[str, str]) -> dict[str, str]:
    """The cells that are not ours; an answer edited in place is a proposal, never the unit's."""
    ours = {column.caption for column in layout.MERGED_BOOK[name] if not column.clerk}
    kept = {w.CHOSEN_DIGEST, w.ANSWER_DIGEST, w.REVIEW_DIGEST}
    written = {c: text for c, text in said.items() if c not in ours or c in kept}
    before = said.get(w.ANSWER_DIGEST)
    now = said.get(w.ANSWER, "")
    edited = before and identity.digest(now) != before and w.continued_mark() not in now
    if name == w.MERGED_SHEET and edited:
        written[w.PROPOSAL] = now
    if not written.keys() - kept:
        return {}
    return written


def _keep(
    found: dict[str, dict[str, dict[str, str]]], sheet: str, key: str, written: Mapping[str, str]
) -> None:
    """Two rows of one key, as in a copied sheet, keep both texts."""
    if not key or not written:
        return
    cells = found.setdefault(sheet, {}).setdefault(key, {})
    for caption, text in written.items():
        before = cells.get(caption)
        machine = caption in (w.CHOSEN_DIGEST, w.ANSWER_DIGEST, w.REVIEW_DIGEST)
        if before and text not in before and not machine:
            text = f"{before}\n{text}"
        cells[caption] = text if text else before or ""
