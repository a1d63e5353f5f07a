"""Notices for tests, in every shape they come in, from a letter and the full rows of a table."""

from pathlib import Path

from pdsfz_xl import layout, notice
from pdsfz_xl import wording as w

REAL = Path(notice.__file__).parent / "data" / "notice.txt"
CAPTIONS = layout.NOTICE_COLUMNS
GROUPS = (w.LEVEL1, w.LEVEL2, w.RESPONSIBLE)
"""Columns of the real table in which one cell stands for several indicators."""

LETTER = """平法政办〔2019〕21号
平顶山市法治政府建设领导小组办公室
关于提交法治政府建设示范市补充材料的通知
市政府各有关部门：
请于10月25日前将纸质版和电子版材料报送至市法治政府建设领导小组办公室。
联系人：张三  电话：2663225
"""


def row(number: int, material: str, unit: str = "市司法局", **more: str) -> dict[str, str]:
    """A row of a small table."""
    return {
        w.LEVEL1: "一、制度",
        w.LEVEL2: "1.落实制度",
        w.NUMBER: f"（{number}）",
        w.INDICATOR: f"第{number}个指标",
        w.METHOD: "材料查证",
        w.MATERIAL: material,
        w.RESPONSIBLE: unit,
        **more,
    }


def real_rows() -> list[dict[str, str]]:
    """The 29 rows of the real table with every group cell filled in."""
    rows: list[dict[str, str]] = []
    above: dict[str, str] = {}
    for cells in notice.read(REAL).rows:
        own = {caption: cells[caption].text if caption in cells else "" for caption in CAPTIONS}
        above = {**own, **{c: own[c] or above[c] for c in GROUPS if not own[c]}}
        rows.append(above)
    return rows


def real_letter() -> list[str]:
    return list(notice.read(REAL).letter)


def stacked(letter: str, rows: list[dict[str, str]], after: str = "") -> str:
    """As published on the web: one cell a line beginning with a tab, a blank line after a row."""
    captions = list(rows[0])
    lines = [letter, *(f"\t{caption}" for caption in captions), ""]
    for cells in rows:
        lines += [*(f"\t{cells[caption]}" for caption in captions), ""]
    return "\n".join([*lines, after])


def tabbed(letter: str, rows: list[dict[str, str]], after: str = "") -> str:
    """As copied out of a table: one row a line."""
    lines = ["\t".join(cells.values()) for cells in rows]
    return "\n".join([letter, "\t".join(rows[0]), *lines, after])


def word(path: Path, letter: list[str], rows: list[dict[str, str]], how: str = "repeated") -> Path:
    """A Word document with the letter and a table whose groups are merged, repeated or blank."""
    import docx

    document = docx.Document()
    for line in letter:
        document.add_paragraph(line)
    captions = list(rows[0])
    table = document.add_table(rows=len(rows) + 1, cols=len(captions))
    for column, caption in enumerate(captions):
        table.cell(0, column).text = caption
        for first, last in _groups(rows, caption, how):
            table.cell(first + 1, column).text = rows[first][caption]
            if how == "merged" and last > first:
                table.cell(first + 1, column).merge(table.cell(last + 1, column))
    document.save(str(path))
    return path


def workbook(
    path: Path, letter: list[str], rows: list[dict[str, str]], how: str = "repeated"
) -> Path:
    """A workbook with the letter above the table, one line a row."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for line in letter:
        sheet.append([line])
    captions = list(rows[0])
    top = len(letter) + 1
    for column, caption in enumerate(captions, 1):
        sheet.cell(top, column, caption)
        for first, last in _groups(rows, caption, how):
            sheet.cell(top + 1 + first, column, rows[first][caption] or None)
            if how == "merged" and last > first:
                sheet.merge_cells(None, top + 1 + first, column, top + 1 + last, column)
    book.save(path)
    return path


def _groups(rows: list[dict[str, str]], caption: str, how: str) -> list[tuple[int, int]]:
    """First and last index of each run that is written once; single rows where repeated."""
    runs: list[tuple[int, int]] = []
    for i, cells in enumerate(rows):
        joins = caption == w.MATERIAL and not cells[caption]
        same = runs and caption in GROUPS and rows[i - 1][caption] == cells[caption]
        if runs and how != "repeated" and (same or (joins and how == "merged")):
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs
