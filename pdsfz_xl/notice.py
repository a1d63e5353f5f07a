"""A published notice in, its letter and its table out: .txt, .docx or .xlsx.

Nothing is understood here but where cells begin and end; what they mean is for `draft`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Notice, NoticeCell
from pdsfz_xl.states import CellState

Grid = list[list[NoticeCell]]

_CAPTIONS = {texts.squash(caption): caption for caption in layout.NOTICE_COLUMNS}
_REQUIRED = (w.NUMBER, w.INDICATOR, w.MATERIAL, w.RESPONSIBLE)
_ENOUGH = 3
"""Captions of ours that make a row the caption row."""
_BLANK = NoticeCell("", CellState.BLANK)


class _Found(NamedTuple):
    """What a file holds: lines before the table, the table, lines after it."""

    letter: list[str]
    grid: Grid
    after: list[str]


def read(path: Path) -> Notice:
    """Read a notice. Raises OperatorError for what is no notice with a task table."""
    readers = {".txt": _read_text, ".docx": _read_word, ".xlsx": _read_workbook}
    read_one = readers.get(path.suffix.lower())
    if read_one is None:
        raise OperatorError(
            f"不能读 {path.name}：请用 Word 或 WPS 打开，另存为 .docx（或 .txt、.xlsx）"
            "后再运行 init。"
        )
    if not path.is_file():
        raise OperatorError(f"找不到通知文件 {path}；请检查文件名和所在的文件夹。")
    try:
        if not path.stat().st_size:
            raise OperatorError(f"{path.name} 是空文件；请换一份通知。")
        found = read_one(path)
    except OSError as error:
        raise OperatorError(
            f"{path.name} 打不开（可能正被其他程序占用，或没有读取权限）；请关闭后重新运行 init。"
        ) from error
    rows, remarks = _rows(path, found.grid)
    return Notice(
        letter=tuple(found.letter), rows=tuple(rows), after=(*remarks, *found.after)
    )  # fmt: skip


def copy(path: Path, notice: Notice) -> bytes:
    """What is kept as 通知.txt: the file itself if it is text, else the same in the form of one."""
    if path.suffix.lower() == ".txt":
        return path.read_bytes()
    captions = list(dict.fromkeys(caption for cells in notice.rows for caption in cells))
    lines = [*notice.letter, *(f"\t{caption}" for caption in captions), ""]
    for cells in notice.rows:
        lines += [*(f"\t{cells.get(caption, _BLANK).text}" for caption in captions), ""]
    return "\n".join([*lines, *notice.after, ""]).encode()


# --- the table -----------------------------------------------------------------------------


def _rows(path: Path, grid: Grid) -> tuple[list[Mapping[str, NoticeCell]], list[str]]:
    """The rows below the caption row, by caption, and the remarks below the last of them.

    A row with nothing but its first cell is a band over the rows below it (its text is their
    一级指标), or at the end a remark. Raises OperatorError where a column is missing.
    """
    captions, below = _captions(path, grid)
    rows: list[Mapping[str, NoticeCell]] = []
    bands: list[str] = []
    for row in below:
        cells = {caption: cell for caption, cell in zip(captions, row, strict=False) if caption}
        said = [caption for caption, cell in cells.items() if cell.text]
        if not said or _is_caption_row(cells):
            continue
        if said == captions[:1] and not re.search(r"\d", cells[w.NUMBER].text):
            bands.append(cells[said[0]].text)
            continue
        if bands:
            cells[w.LEVEL1] = NoticeCell("\n".join(bands))
            bands = []
        rows.append(cells)
    if not rows:
        raise OperatorError(
            f"{path.name} 的任务分解表只有表头，没有内容；请检查文件是否完整，再运行 init。"
        )
    return rows, bands


def _captions(path: Path, grid: Grid) -> tuple[list[str], Grid]:
    """The caption row and the rows below it."""
    header = next((i for i, row in enumerate(grid) if _is_header(row)), None)
    if header is None:
        raise OperatorError(
            f"{path.name} 里没有找到任务分解表（表头应有：{'、'.join(layout.NOTICE_COLUMNS)}）；"
            "请检查文件内容，或把表格连同表头复制到一个 .docx 里再试。"
        )
    captions = [_CAPTIONS.get(texts.squash(cell.text), cell.text) for cell in grid[header]]
    captions = [texts.brief(caption) for caption in captions]
    missing = [caption for caption in _REQUIRED if caption not in captions]
    if missing:
        found = "、".join(c for c in captions if c)
        raise OperatorError(
            f"{path.name} 的任务分解表没有“{'”“'.join(missing)}”列（现有：{found}）；"
            "请补上这一列后重新运行 init。"
        )
    return captions, grid[header + 1 :]


def _is_header(row: Iterable[NoticeCell]) -> bool:
    return len({texts.squash(cell.text) for cell in row} & _CAPTIONS.keys()) >= _ENOUGH


def _is_caption_row(cells: Mapping[str, NoticeCell]) -> bool:
    """A caption row repeated on a later page."""
    return all(texts.squash(c.text) == texts.squash(caption) for caption, c in cells.items())


def _given(cells: Iterable[str]) -> list[NoticeCell]:
    plain = (_clean(cell) for cell in cells)
    return [NoticeCell(text) if text else _BLANK for text in plain]


def _clean(text: str) -> str:
    """A cell's paragraphs, one a line, without blank ones."""
    return "\n".join(_lines(texts.tidy(text).split("\n")))


def _lines(lines: Iterable[str]) -> list[str]:
    return [stripped for line in lines if (stripped := line.strip())]


# --- .txt ----------------------------------------------------------------------------------


def _read_text(path: Path) -> _Found:
    lines = _decode(path).splitlines()
    start = _table_start(lines)
    table = lines[start:]
    read_rows = _tabbed_rows if table and _known(table[0]) >= _ENOUGH else _stacked_rows
    rows = read_rows(table)
    after: list[str] = []
    if rows:
        rows[-1][-1], after = _without_end(rows[-1][-1], full=len(rows[-1]) >= len(rows[0]))
    return _Found(_lines(lines[:start]), [_given(row) for row in rows], after)


def _decode(path: Path) -> str:
    data = path.read_bytes()
    if not data.strip():
        raise OperatorError(f"{path.name} 是空文件；请换一份通知。")
    encodings = ("utf-8-sig", "gb18030")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16", "utf-16")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise OperatorError(f"{path.name} 的文字编码不认识；请用记事本打开，另存为 UTF-8 后再试。")


def _known(line: str) -> int:
    return sum(texts.squash(cell) in _CAPTIONS for cell in line.split("\t"))


def _table_start(lines: Sequence[str]) -> int:
    """The first line of the caption row: it holds several captions, or they follow one a line."""
    for i, line in enumerate(lines):
        if "\t" in line and _known(line):
            cells = [x for x in lines[i : i + 30] if x.startswith("\t")]
            if _known(line) >= _ENOUGH or sum(map(_known, cells[:12])) >= _ENOUGH:
                return i
    return len(lines)


def _tabbed_rows(lines: Iterable[str]) -> list[list[str]]:
    """One row a line; a line that still fits into the row above goes on with its last cell."""
    rows: list[list[str]] = []
    for line in lines:
        cells = line.split("\t")
        room = len(rows[0]) - len(rows[-1]) if rows else 0
        if len(rows) < 2 or (len(cells) > 1 and len(cells) - 1 > room):
            if len(rows) != 1 or line.strip():
                rows.append(cells)
        else:
            rows[-1] = [*rows[-1][:-1], f"{rows[-1][-1]}\n{cells[0]}", *cells[1:]]
    return rows


def _stacked_rows(lines: Iterable[str]) -> list[list[str]]:
    """One cell a line, each beginning with a tab; lines without one go on with the cell above."""
    cells: list[str] = []
    for line in lines:
        if line.startswith("\t"):
            cells.append(line[1:])
        elif cells:
            cells[-1] += f"\n{line}"
    width = _width(cells)
    return [cells[i : i + width] for i in range(0, len(cells), width)]


def _width(cells: Sequence[str]) -> int:
    """How many cells a row has: the least for which every 序号 stands under its caption."""
    captions = 0
    while captions < len(cells) and texts.squash(cells[captions]) in _CAPTIONS:
        captions += 1
    squashed = [texts.squash(cell) for cell in cells]
    if w.NUMBER not in squashed[:captions]:
        return max(captions, 1)
    at = squashed.index(w.NUMBER)
    for width in range(captions, captions + 8):
        below = squashed[at + width :: width]
        if any(below) and all(re.fullmatch(r"\(?\d*[).、]?", said) for said in below):
            return width
    return captions


_END = re.compile(
    r"[（(]?此[件页]|抄送|主送|印发|附[:：注件]|附\s*件|备\s*注|注[:：]|说明[:：]|填表|审核"
    r"|\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日(?:印发)?$"
)
"""How lines begin that people write below a table."""


def _without_end(cell: str, *, full: bool) -> tuple[str, list[str]]:
    """The last cell of a text, and the lines below the table that stuck to it.

    A blank line ends the last cell of a full row; another cell may have blank lines of its own,
    so there only what reads like the end of a document does, with its signature above a date.
    """
    lines = cell.split("\n")
    for i in range(1, len(lines)):
        rest = _lines(lines[i:])
        if not rest:
            break
        if (full and not lines[i].strip()) or _END.match(lines[i].strip()):
            return "\n".join(lines[:i]), rest
        if len(rest) == 2 and len(rest[0]) < 25 and re.match(r"\d{4}\s*年.*日$", rest[1]):
            return "\n".join(lines[:i]), rest
    return cell, []


# --- .docx ---------------------------------------------------------------------------------


def _read_word(path: Path) -> _Found:
    import docx  # 0.1 s to import

    try:
        blocks = list(docx.Document(str(path)).iter_inner_content())
    except Exception as error:  # python-docx raises whatever a damaged package makes it raise
        raise OperatorError(
            f"{path.name} 打不开（不是 .docx，或已损坏、有密码）；"
            "请用 Word 打开后另存为 .docx 再试。"
        ) from error
    found = _Found([], [], [])
    for block in blocks:
        rows = [_word_row(row) for row in getattr(block, "rows", ())]
        said = [cell.text for row in rows for cell in row] if rows else [_word_text(block._element)]
        if any(map(_is_header, rows)) or (rows and found.grid and _as_wide(rows, found.grid)):
            found.grid.extend(rows)
        else:
            (found.after if found.grid else found.letter).extend(
                _lines(line for text in said for line in text.split("\n"))
            )
    return found


def _as_wide(rows: Grid, grid: Grid) -> bool:
    """A table of as many columns goes on with the one above: people split them by hand."""
    return len(rows[0]) == len(grid[-1])


def _word_row(row: Any) -> list[NoticeCell]:
    """Every grid column of a row: a cell merged with the one above has `vMerge` without restart."""
    cells = [_BLANK] * int(row.grid_cols_before)
    for cell in row._tr.tc_lst:
        if cell.vMerge is not None and cell.vMerge != "restart":
            cells.append(NoticeCell("", CellState.MERGED))
        else:
            cells += _given(["\n".join(map(_word_text, cell.p_lst))])
        cells += [_BLANK] * (cell.grid_span - 1)
    return cells


def _word_text(element: Any) -> str:
    """A paragraph's text with tracked insertions and links, without what was moved away.

    ECMA-376 17.3.3.31: deleted text is `delText`, so `t` is what stands there.
    """
    space = f"{{{element.nsmap['w']}}}"
    breaks = {f"{space}br": "\n", f"{space}cr": "\n", f"{space}tab": "\t"}
    moved = {id(x) for gone in element.iter(f"{space}moveFrom") for x in gone.iter()}
    return "".join(
        node.text or "" if node.tag == f"{space}t" else breaks.get(node.tag, "")
        for node in element.iter()
        if id(node) not in moved
    )


# --- .xlsx ---------------------------------------------------------------------------------


def _read_workbook(path: Path) -> _Found:
    try:
        book = reader.read(path)
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}）；"
            "请用 Excel 或 WPS 另存为 .xlsx 再试。"
        ) from refused
    for sheet in book.sheets:
        grid = _sheet_grid(sheet)
        header = next((i for i, row in enumerate(grid) if _is_header(row)), None)
        if header is not None:
            letter = [cell.text for row in grid[:header] for cell in row]
            lines = _lines(line for text in letter for line in text.split("\n"))
            return _Found(lines, grid[header:], [])
    return _Found([], [], [])


def _sheet_grid(sheet: reader.Sheet) -> Grid:
    if not sheet.cells:
        return []
    height = max(row for row, _ in sheet.cells) + 1
    width = max(column for _, column in sheet.cells) + 1
    under = {
        (row, column)
        for first, left, last, right in sheet.merges
        for row in range(first + 1, min(last, height - 1) + 1)
        for column in range(left, min(right, width - 1) + 1)
    }
    return [
        [_sheet_cell(sheet, (row, column), under) for column in range(width)]
        for row in range(height)
    ]


def _sheet_cell(
    sheet: reader.Sheet, place: tuple[int, int], under: set[tuple[int, int]]
) -> NoticeCell:
    cell = sheet.cells.get(place)
    text = _clean(cell.text) if cell else ""
    blank = CellState.MERGED if place in under else CellState.BLANK
    return NoticeCell(text, CellState.GIVEN if text else blank)
