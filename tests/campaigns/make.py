"""A campaign in full swing, packed by the revision that is installed: `python make.py TARGET.zip`.

It goes by the public commands and by captions alone, so any revision can play it. A mail server
on this machine takes what `mail send` gives it. Beside the pack, TARGET.json is what the revision
itself said of the campaign.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment

sys.path.insert(0, str(Path(__file__).parents[1]))
from mail_servers import CODE, USER, FaultServer

REVIEWED = "2019-10-29T09:00:00"
WORDS = [
    ["汇总", "科室", "法规科要的"],
    ["汇总", "批注：情况说明", "核对过原件"],
    ["责任单位调整", "处理意见", "不改派，仍由该局填报。"],
]
"""What the clerk wrote in the merged workbook: sheet, caption, text; `write` adds the rest."""
MAILED = {"市司法局": "sfj@example.cn", "市自然资源和规划局": "zrzy@example.cn"}


def run(folder: Path, *words: str) -> Any:
    """What one command of the revision that is installed says."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pdsfz_xl",
            "--clock",
            REVIEWED,
            "--json",
            "-C",
            str(folder),
            *words,
        ],
        env={**os.environ, "PDSFZ_MAIL_PASSWORD": CODE},
        check=True,
        cwd=folder.parent,  # else a package that lies in the present folder would be run
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def write(path: Path, *said: tuple[str, str, str, object], head: int = 1) -> None:
    """Type (sheet, what some cell of the row holds, caption, text) into a workbook."""
    book = openpyxl.load_workbook(path)
    for name, key, caption, text in said:
        sheet = book[name]
        column = next(cell.column for cell in sheet[head] if cell.value == caption)
        rows = sheet.iter_rows(min_row=head + 1)
        row = next(r[0].row for r in rows if key in [str(cell.value) for cell in r])
        sheet.cell(row, column).value = text
    book.save(path)
    if path.name == "汇总表.xlsx":
        WORDS.extend([sheet, caption, text] for sheet, _, caption, text in said)


def prepare_mail(folder: Path, port: int) -> None:
    """The master learns a server, two addresses and a waiver."""
    path = folder / "master" / "任务分解表.xlsx"
    settings = {"发信账号": USER, "发信服务器": "127.0.0.1", "端口": port, "加密方式": "无"}
    write(
        path,
        *(("任务设置", item, "内容", said) for item, said in settings.items()),
        *(("责任单位", unit, "邮箱", address) for unit, address in MAILED.items()),
    )
    book = openpyxl.load_workbook(path)
    book["同意不改"].append(["市场监管局", None, "G01", "电话里说好下周报", "李主任", "2019-10-28"])
    book.save(path)


def review(folder: Path) -> None:
    """What a clerk writes in the merged workbook, in the list of calls and beside them."""
    merged = folder / "out" / "3-汇总" / "汇总表.xlsx"
    book = openpyxl.load_workbook(merged)
    codes = {}
    for row in book["汇总"].iter_rows(min_row=2, values_only=True):
        if row[0]:
            codes.setdefault(row[0].split("-")[2], row[0])
    silent = next(r[0] for r in book["汇总"].iter_rows(min_row=2, values_only=True)
                  if r[7] == "市场监管局")  # fmt: skip
    sheet = book["汇总"]
    sheet.cell(1, sheet.max_column + 1).value = "科室"
    sheet.cell(2, sheet.max_column).value = "法规科要的"
    sheet["J3"].comment = Comment("核对过原件", "张三")
    sheet.parent.save(merged)
    write(
        merged,
        ("汇总", codes["03"], "修改稿", "经办人改写的第三项，共 3 件。"),
        ("汇总", codes["06.2"], "修改稿", "经办人改写的 06.2，共 2 件。"),
        ("汇总", codes["02.1"], "审核结论", "通过"),
        ("汇总", codes["03"], "审核结论", "退回修改"),
        ("汇总", codes["03"], "审核意见", "请补充会议次数。"),
        ("汇总", silent, "代录内容", "电话里报来：没有发生。"),
        ("汇总", silent, "代录来源", "王五电话"),
        ("定稿", "25", "定稿文本", "办公室定的第二十五项。"),
        ("定稿", "25", "审定人", "李主任"),
        ("定稿", "25", "审定日期", "2019-10-28"),
        ("多次报送不一致", "2", "采用", "2"),
        ("收件登记", "out/2-收件/公安局.xlsx", "实际收到时间", "2019-10-23 17:30"),
        ("收件登记", "市审计局", "纸质版收到日期", "2019-10-24"),
    )
    book = openpyxl.load_workbook(merged)
    sheet = book["责任单位调整"]
    captions = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, captions["处理意见"]).value = "不改派，仍由该局填报。"
    book.save(merged)
    calls = folder / "out" / "转交" / "催报电话单.xlsx"
    book = openpyxl.load_workbook(calls)
    sheet = book.worksheets[0]
    head = next(c.row for row in sheet.iter_rows() for c in row if c.value == "结果")
    for caption, said in (("催报时间", "2019-10-28"), ("催报人", "张三"), ("结果", "说周五前报")):
        column = next(c.column for c in sheet[head] if str(c.value).startswith(caption))
        sheet.cell(head + 1, column).value = said
    book.save(calls)


def tick(folder: Path) -> None:
    """One text is typed into the province's platform."""
    write(
        folder / "out" / "7-上报" / "录入清单.xlsx",
        ("录入清单", "02.2", "已录入", "是"),
        ("录入清单", "02.2", "录入人", "李四"),
    )


def make(target: Path) -> None:
    with tempfile.TemporaryDirectory() as place, FaultServer() as server:
        folder = Path(place) / "demo"
        run(folder, "demo", str(folder))
        prepare_mail(folder, server.port)
        review(folder)
        run(folder, "collect")
        run(folder, "handout", "催报")
        run(folder, "return", "--until", "2019-11-08")
        run(folder, "mail", "send", "退回修改", "--until", "2019-11-08", "--pace", "0")
        run(folder, "mail", "send", "下发", "--units", "市司法局", "--force", "--pace", "0")
        run(folder, "handout", "退回修改", "--by", "张三", "--via", "微信")
        run(folder, "print", "--submit")
        run(folder, "export")
        tick(folder)
        run(folder, "export")
        # What would be made again anyway makes the pack three times as large.
        shutil.rmtree(folder / "out" / "5-打印")
        shutil.rmtree(folder / "out" / "转交" / "2019-10-08_下发")
        for paper in (folder / "out" / "存档").glob("第*稿_*.pdf"):
            paper.unlink()
        collected = run(folder, "collect")
        known = {
            "answers": [[a["unit"], a["requirement"], a["text"], a["status"]]
                        for a in collected["answers"]],
            "files": [[f["path"], f["verdict"]] for f in collected["files"]],
            "words": WORDS,
            "mails": run(folder, "mail", "show")["mails"],
            "handed": run(folder, "status")["handed"],
            "prints": [1, 2, 3],
        }  # fmt: skip
        run(folder, "pack", str(target.absolute()))
    said = json.dumps(known, ensure_ascii=False, indent=1) + "\n"
    target.with_suffix(".json").write_text(said, "utf-8", newline="\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
