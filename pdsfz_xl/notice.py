"""A published notice in, its letter and its table out: .txt, .docx or .xlsx.

Nothing is understood here but where cells begin and end; what they mean is for `draft`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pdsfz_xl import layout, reader
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.model import Notice, NoticeCell

Grid = list[list[NoticeCell]]

_ENCODINGS = ("utf-8-sig", "gb18030")
_CAPTIONS = {texts.squash(caption): caption for caption in layout.NOTICE_COLUMNS}
_REQUIRED = (w.NUMBER, w.INDICATOR, w.MATERIAL, w.RESPONSIBLE)
_MAY_CONTINUE = (w.LEVEL1, w.LEVEL2, w.NUMBER, w.INDICATOR, w.METHOD, w.MATERIAL, w.RESPONSIBLE)


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
    letter, grid = read_one(path)
    return Notice(letter=tuple(letter), rows=tuple(_rows(path, grid)))


def copy(path: Path, notice: Notice) -> bytes:
    """What is kept as 通知.txt: the file itself if it is text, else the letter's words."""
    if path.suffix.lower() == ".txt":
        return path.read_bytes()
    return ("\n".join(notice.letter) + "\n").encode()


# --- the table -----------------------------------------------------------------------------


def _rows(path: Path, grid: Grid) -> Iterator[Mapping[str, NoticeCell]]:
    """The rows below the caption row, by caption; raises OperatorError where a column lacks."""
    header = next((i for i, row in enumerate(grid) if len(_known(row)) >= 3), None)
    if header is None:
        raise OperatorError(
            f"{path.name} 里没有找到任务分解表（表头应有：{'、'.join(layout.NOTICE_COLUMNS)}）；"
            "请检查文件内容，或把表格连同表头复制到一个 .docx 里再试。"
        )
    captions = [_CAPTIONS.get(texts.squash(cell.text), cell.text.strip()) for cell in grid[header]]
    missing = [caption for caption in _REQUIRED if caption not in captions]
    if missing:
        found = "、".join(c for c in captions if c)
        raise OperatorError(
            f"{path.name} 的任务分解表没有“{'”“'.join(missing)}”列（现有：{found}）；"
            "请补上这一列后重新运行 init。"
        )
    for row in grid[header + 1 :]:
        cells = {caption: cell for caption, cell in zip(captions, row, strict=False) if caption}
        if any(cell.text for cell in cells.values()) and not _is_header(cells):
            yield cells


def _known(row: Iterable[NoticeCell]) -> set[str]:
    return {texts.squash(cell.text) for cell in row} & _CAPTIONS.keys()


def _is_header(cells: Mapping[str, NoticeCell]) -> bool:
    """A caption row repeated on a later page."""
    return all(texts.squash(c.text) == texts.squash(caption) for caption, c in cells.items())


# --- .txt ----------------------------------------------------------------------------------


def _read_text(path: Path) -> tuple[list[str], Grid]:
    lines = _decode(path).splitlines()
    start = _table_start(lines)
    letter = [line.strip() for line in lines[:start] if line.strip()]
    table = lines[start:]
    if sum(line.count("\t") > 2 for line in table) >= 2:
        return letter, list(_tabbed_rows(table))
    return letter, _stacked_rows(table)


def _decode(path: Path) -> str:
    data = path.read_bytes()
    if not data.strip():
        raise OperatorError(f"{path.name} 是空文件；请换一份通知。")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise OperatorError(f"{path.name} 的文字编码不认识；请用记事本打开，另存为 UTF-8 后再试。")


def _table_start(lines: Sequence[str]) -> int:
    """The first line of the caption row: it begins with a caption or holds several."""
    for i, line in enumerate(lines):
        cells = [texts.squash(cell) for cell in line.split("\t") if cell.strip()]
        if "\t" in line and cells and all(cell in _CAPTIONS for cell in cells):
            return i
    return len(lines)


def _tabbed_rows(lines: Iterable[str]) -> Iterator[list[NoticeCell]]:
    """One row a line; a line with fewer tabs than the captions goes on with the last cell."""
    width, row = 0, [""]
    for line in lines:
        cells = line.split("\t")
        if width == 0:
            width, row = len(cells), cells
        elif len(row) >= width and len(cells) > 1:
            yield _given(row)
            row = cells
        elif cells[0].strip() or len(cells) > 1:
            row = [*row[:-1], f"{row[-1]}\n{cells[0]}", *cells[1:]]
    yield _given(row)


def _stacked_rows(lines: Iterable[str]) -> Grid:
    """One cell a line, each beginning with a tab; lines without one go on with the cell above."""
    cells: list[str] = []
    for line in lines:
        if line.startswith("\t"):
            cells.append(line[1:])
        elif cells:
            cells[-1] += f"\n{line}"
    width = 0
    while width < len(cells) and texts.squash(cells[width]) in _CAPTIONS:
        width += 1
    width = max(width, 1)
    return [_given(cells[i : i + width]) for i in range(0, len(cells), width)]


def _given(cells: Iterable[str]) -> list[NoticeCell]:
    plain = (_clean(cell) for cell in cells)
    return [NoticeCell(text, "given" if text else "blank") for text in plain]


def _clean(text: str) -> str:
    """A cell's paragraphs, one a line, without blank ones."""
    return "\n".join(line.strip() for line in texts.tidy(text).split("\n") if line.strip())


# --- .docx ---------------------------------------------------------------------------------


def _read_word(path: Path) -> tuple[list[str], Grid]:
    import docx  # 0.1 s to import

    try:
        document = docx.Document(str(path))
    except Exception as error:  # python-docx raises whatever a damaged package makes it raise
        raise OperatorError(
            f"{path.name} 打不开（不是 .docx，或已损坏、有密码）；"
            "请用 Word 打开后另存为 .docx 再试。"
        ) from error
    letter = [p.text.strip() for p in document.paragraphs if p.text.strip()]
    grid: Grid = []
    for table in document.tables:
        rows = [_word_row(row) for row in table.rows]
        if grid or any(len(_known(row)) >= 3 for row in rows):
            grid += rows
    return letter, grid


def _word_row(row: Any) -> list[NoticeCell]:
    """Every grid column of a row: a cell merged with the one above has `vMerge` without restart."""
    cells: list[NoticeCell] = []
    for cell in row._tr.tc_lst:
        merged = cell.vMerge is not None and cell.vMerge != "restart"
        text = _clean("\n".join(_paragraph(p) for p in cell.p_lst))
        state = "merged" if merged else "given" if text else "blank"
        cells.append(NoticeCell("" if merged else text, state))
        cells += [NoticeCell("", "blank")] * (cell.grid_span - 1)
    return cells


def _paragraph(paragraph: Any) -> str:
    return "".join(run.text or "" for run in paragraph.r_lst)


# --- .xlsx ---------------------------------------------------------------------------------


def _read_workbook(path: Path) -> tuple[list[str], Grid]:
    try:
        book = reader.read(path)
    except reader.Refused as refused:
        raise OperatorError(
            f"{path.name} 读不出来（{refused.detail or '有打开密码'}）；"
            "请用 Excel 或 WPS 另存为 .xlsx 再试。"
        ) from refused
    for sheet in book.sheets:
        grid = _sheet_grid(sheet)
        header = next((i for i, row in enumerate(grid) if len(_known(row)) >= 3), None)
        if header is not None:
            letter = [cell.text for row in grid[:header] for cell in row if cell.text]
            return letter, grid[header:]
    return [], []


def _sheet_grid(sheet: reader.Sheet) -> Grid:
    if not sheet.cells:
        return []
    height = max(row for row, _ in sheet.cells) + 1
    width = max(column for _, column in sheet.cells) + 1
    under = {
        (row, column)
        for first, left, last, right in sheet.merges
        for row in range(first, min(last, height - 1) + 1)
        for column in range(left, min(right, width - 1) + 1)
        if row > first
    }
    grid = []
    for row in range(height):
        cells = []
        for column in range(width):
            cell = sheet.cells.get((row, column))
            text = _clean(cell.text) if cell else ""
            state = "merged" if (row, column) in under else "given" if text else "blank"
            cells.append(NoticeCell(text, state))
        grid.append(cells)
    return grid
