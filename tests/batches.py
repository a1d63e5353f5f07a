"""One small round, its merged workbook, and a clerk who works in it."""

import io
import pickle
from dataclasses import replace
from pathlib import Path

import openpyxl
from samples import AFTER, NOW, arrival, batch, master, returned

from pdsfz_xl import report, rules
from pdsfz_xl.form import Filled
from pdsfz_xl.model import Batch


def example(tmp_path, clerk=None) -> tuple[Batch, bytes]:
    """01 over the limit, 02 in two versions, 03 says it is not its duty, 04 has nothing due.

    With the merged workbook, which is written once for the same words of the clerk.
    """
    written = pickle.dumps(clerk)
    if written not in _WRITTEN:
        _WRITTEN[written] = made(tmp_path, clerk)
    return _WRITTEN[written]


_WRITTEN: dict[bytes, tuple[Batch, bytes]] = {}


def made(tmp_path, clerk) -> tuple[Batch, bytes]:
    """`example`, made anew."""
    plan = master()
    one = returned(
        plan,
        "01",
        {"02.1": Filled("已填报", "字" * 1012, 9.0), "02.2": Filled("", "有 1 项")},
        tmp_path,
    )
    old = returned(plan, "02", {"03": Filled("", "旧说法 1"), "04": Filled("", "一样 1")}, tmp_path)
    new = returned(plan, "02", {"03": Filled("", "新说法 2"), "04": Filled("", "一样 1")}, tmp_path)
    duty = returned(plan, "03", {"04": Filled("非本单位职责", "建议由市司法局填报")}, tmp_path)
    result = batch(
        plan,
        arrival(one, "out/2-收件/甲.xlsx"),
        arrival(old, "out/2-收件/旧.xlsx", NOW),
        arrival(new, "out/2-收件/新.xlsx", AFTER),
        arrival(duty, "out/2-收件/丙.xlsx"),
        clerk=clerk,
    )
    return result, report.build(result, rules.run(result))


def said_by(tmp_path, said: str, **more) -> Batch:
    """A round in which unit 03 answers 04 with any text, also one no client lets through."""
    plan = master()
    manifest = returned(plan, "03", {"04": Filled("", "占位文字")}, tmp_path)
    rows = tuple(
        row._replace(
            cells={
                caption: typed._replace(text=said) if typed.text == "占位文字" else typed
                for caption, typed in row.cells.items()
            }
        )
        for row in manifest.rows
    )
    return batch(plan, arrival(replace(manifest, rows=rows), "a.xlsx"), **more)


def write(tmp_path, data: bytes) -> Path:
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(data)
    return path


def edited(tmp_path, data: bytes, edit) -> Path:
    """The workbook after the clerk worked in it."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    edit(book)
    path = tmp_path / "汇总表.xlsx"
    book.save(path)
    return path


def opened(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def column(sheet, caption: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == caption)


def cell(sheet, row: int, caption: str):
    """The cell under a caption; row 2 is the first below the captions."""
    return sheet.cell(row, column(sheet, caption))
