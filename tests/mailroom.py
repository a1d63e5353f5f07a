"""A workspace whose bureaus have addresses and whose office has a server, for tests of mail."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
from mail_servers import USER

from pdsfz_xl import campaign, form, ledger, master_book, outgoing
from pdsfz_xl import master as master_stage
from pdsfz_xl import wording as w
from pdsfz_xl.model import Draft, DraftRow, Settings, Unit
from pdsfz_xl.workspace import Workspace

NOW = datetime(2019, 10, 21, 9, 0)


def workspace(folder: Path, units: int = 28, port: int = 25, **settings: object) -> Workspace:
    """Every bureau `甲01局` … has one requirement, an address `u01@example.cn` and its form."""
    values: dict[str, object] = {
        "name": "法治政府建设示范市补充材料",
        "code": "F201921",
        "document_number": "平法政办〔2019〕21号",
        "issuer": "市法治办",
        "deadline": date(2019, 10, 25),
        "contact": "张三",
        "phone": "2663225",
        "email": USER,
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "security": w.NO_SECURITY,
        **settings,
    }
    codes = [f"{i:02d}" for i in range(1, units + 1)]
    width = max(2, len(str(units)))
    rows = tuple(
        DraftRow(
            {
                w.LEVEL1: "一、职能",
                w.LEVEL2: "1.监管",
                w.NUMBER: str(i),
                w.INDICATOR: f"第{i}个三级指标的要求",
                w.METHOD: "材料查证",
                w.MATERIAL: f"工作情况{i}",
                w.RESPONSIBLE: f"甲{code}局",
                "编码": f"{i:0{width}d}",
                "填报类型": w.STATEMENT,
            }
        )
        for i, code in enumerate(codes, 1)
    )
    bureaus = tuple(Unit(code=code, name=f"甲{code}局") for code in codes)
    ws = Workspace(folder)
    ws.write(
        ws.master, master_book.write(Draft(settings=Settings(**values), rows=rows, units=bureaus))
    )
    edit(
        ws, {(w.UNITS_SHEET, f"G{i + 1}"): f"u{code}@example.cn" for i, code in enumerate(codes, 1)}
    )
    campaign.generate(ws, NOW)
    return ws


def edit(ws: Workspace, cells: dict[tuple[str, str], object]) -> None:
    """What the clerk types in the master."""
    book = openpyxl.load_workbook(ws.master)
    for (sheet, cell), value in cells.items():
        book[sheet][cell].value = value
    book.save(ws.master)


def fill(ws: Workspace, unit: str, name: str, text: str = "全年办理 12 件。") -> None:
    """A bureau answers all it is asked, and its form is dropped."""
    plan = master_stage.read(ws.master)
    filled = {r.key: form.Filled("已填报", text) for r in plan.due(unit)}
    ws.write(ws.dropzone / name, form.build(plan, plan.unit[unit], filled))


def states(ws: Workspace) -> dict[str, str]:
    """The state of every mail, by its key without the campaign."""
    with ledger.opened(ws.ledger, readonly=True) as book:
        return {mail.key.partition("/")[2]: mail.state for mail in outgoing.mails(book)}


def posted(ws: Workspace) -> dict[str, outgoing.Posted]:
    with ledger.opened(ws.ledger, readonly=True) as book:
        return {mail.key.partition("/")[2]: mail for mail in outgoing.mails(book)}
