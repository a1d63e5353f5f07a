"""An office with a mailbox: a workspace whose master knows a server, and bureaus that write."""

import os
import shutil
from datetime import datetime
from pathlib import Path
from zlib import crc32

import openpyxl
from mails import eml, text_part
from test_flow import NOTICE

from pdsfz_xl import campaign, fetching, form
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.workspace import Workspace

MADE = datetime(2019, 10, 21, 9)
NOW = datetime(2019, 10, 24, 16, 5)
OFFICE = "office@example.cn"
UNITS = {
    "市发改委": "fgw@example.cn",
    "市司法局": "sfj@example.cn",
    "公安局": "gaj@example.cn",
    "市审计局": "sjj@example.cn",
}


def prepare(folder: Path) -> Path:
    """A workspace with the real notice, its forms, and addresses of some bureaus."""
    ws = Workspace(folder)
    campaign.init(ws, NOTICE, MADE)
    settle(folder, {"电子邮箱": OFFICE}, UNITS)
    campaign.generate(ws, MADE)
    return folder


def settle(folder: Path, settings: dict[str, object], units: dict[str, str] | None = None) -> None:
    """What the clerk types into the master."""
    path = folder / "master" / "任务分解表.xlsx"
    book = openpyxl.load_workbook(path)
    for row in book[w.SETTINGS_SHEET].iter_rows(min_row=2):
        if row[0].value in settings:
            row[1].value = settings[row[0].value]
    sheet = book[w.UNITS_SHEET]
    captions = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        name = sheet.cell(row, captions["单位名称"]).value
        if name in (units or {}):
            sheet.cell(row, captions["邮箱"]).value = units[name]
    book.save(path)


def serve(folder: Path, port: int, user: str, **more: object) -> None:
    """Tell the master which server to fetch from, on this machine."""
    settle(folder, {"收信服务器": "127.0.0.1", "收信端口": port, "加密方式": "无",
                    "发信账号": user, **more})  # fmt: skip


def copy(prepared: Path, to: Path) -> Path:
    shutil.copytree(prepared, to)
    return to


def fetch(folder: Path, password: str, now: datetime = NOW, **more: object) -> Done:
    return fetching.run(Workspace(folder), now, lambda _: password, **more)


def filled(folder: Path, unit: str, texts: dict[str, str] | None = None) -> bytes:
    """The form of a bureau with its answers, by key; every one answered if none are given."""
    path = next((folder / "out" / "1-下发").glob(f"*_{unit}_*.xlsx"))
    book = openpyxl.load_workbook(path)
    sheet = book[w.FORM_SHEET]
    captions = {cell.value: cell.column for cell in sheet[form.HEADER + 1]}
    for row in range(form.HEADER + 2, sheet.max_row + 1):
        parts = str(sheet.cell(row, 1).value or "").split("-")
        if len(parts) == 4 and (texts is None or parts[2] in texts):
            said = f"{unit}第{parts[2]}项 1 件" if texts is None else texts[parts[2]]
            sheet.cell(row, captions[w.ANSWER]).value = said
    out = folder.parent / f"{unit}-{os.getpid()}.xlsx"
    book.save(out)
    data = out.read_bytes()
    out.unlink()
    return data


def letter(
    sender: str, subject: str, *parts: bytes, text: str = "请查收。", number: int = 0,
    more: bytes = b"",
) -> bytes:  # fmt: skip
    """A mail as a bureau sends it. `number` makes its id."""
    heads = (
        f"From: <{sender}>\r\nTo: <{OFFICE}>\r\nDate: Thu, 24 Oct 2019 09:59:00 +0800\r\n"
        f"Message-ID: <{crc32(f'{sender}{subject}{number}'.encode())}@client.example>\r\nSubject: "
    ).encode()
    return eml(text_part(text), *parts, headers=heads + subject.encode("gb18030") + more)
