"""Which sheets and columns our workbooks have: what one stage writes another reads back."""

from datetime import datetime
from typing import NamedTuple

from pdsfz_xl import entry_wording as ew
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import wording as w
from pdsfz_xl.states import Reply


class Column(NamedTuple):
    """`clerk` marks what the clerk writes and every later merge carries over; width 0 is hidden."""

    caption: str
    width: float
    clerk: bool = False


CREATED = datetime(2000, 1, 1)
"""The time every workbook of ours says it was made at: the same input gives the same bytes."""

STAMP = "pdsfz_"
"""Prefix of the custom properties that repeat a form's identity; nothing relies on them."""


def column_name(column: int) -> str:
    """A for 0, AA for 26."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell_name(row: int, column: int) -> str:
    """A1 for (0, 0)."""
    return f"{column_name(column)}{row + 1}"


# --- the master (design: 任务设置 is key / value / explanation and has its keys in `SETTINGS`)

NOTICE_COLUMNS = (w.LEVEL1, w.LEVEL2, w.NUMBER, w.INDICATOR, w.METHOD, w.MATERIAL, w.RESPONSIBLE)
"""The seven columns of the notice's own table, in its order."""

TABLE = (
    Column(w.LEVEL1, 14),
    Column(w.LEVEL2, 16),
    Column(w.NUMBER, 6),
    Column(w.INDICATOR, 44),
    Column(w.METHOD, 11),
    Column(w.MATERIAL, 44),
    Column(w.RESPONSIBLE, 18),
    Column("编码", 8),
    Column("填报类型", 10),
    Column("建议字数", 9),
    Column("字数上限", 9),
    Column("材料起始日期", 13),
    Column("材料截止日期", 13),
    Column("最少件数", 9),
    Column("计量单位", 9),
    Column(w.NOTE, 20),
)

UNITS = (
    Column("代码", 7),
    Column("单位名称", 26),
    Column("别名", 22),
    Column("分组", 10),
    Column("联系人", 10),
    Column("电话", 15),
    Column("邮箱", 26),
    Column("报送方式", 11),
    Column("延期至", 12),
    Column("批准人", 10),
)

WAIVERS = (
    Column("单位", 22),
    Column("编码", 10),
    Column("规则代码", 10),
    Column("理由", 40),
    Column("批准人", 10),
    Column("日期", 12),
)

TEMPLATES = (Column("种类", 11), Column("主题", 44), Column("正文", 90))

SETTINGS = {
    "任务名称": "name",
    "任务代码": "code",
    "发文字号": "document_number",
    "发文单位": "issuer",
    "报送截止日期": "deadline",
    "材料起始日期": "period_start",
    "材料截止日期": "period_end",
    "建议字数": "advised",
    "字数上限": "limit",
    "保护密码": "password",
    "联系人": "contact",
    "联系电话": "phone",
    "电子邮箱": "email",
    "联系地址": "address",
    "试行规则": "trial",
    "发信服务器": "smtp_host",
    "端口": "smtp_port",
    "加密方式": "security",
    "发信账号": "account",
    "发件人名称": "sender",
    "收信服务器": "inbox_host",
    "收信端口": "inbox_port",
    "抄送": "cc",
}
"""Key in 任务设置 -> field of `model.Settings`."""
MAIL_SETTINGS = (
    "发信服务器", "端口", "加密方式", "发信账号", "发件人名称", "收信服务器", "收信端口", "抄送",
)  # fmt: skip
LATER_SETTINGS = frozenset({"试行规则", *MAIL_SETTINGS})
"""Those that masters of an earlier version have not."""

# --- the form

FORM = (
    Column(w.CODE, 8.5),
    Column(w.LEVEL1, 6),
    Column(w.LEVEL2, 7),
    Column(w.NUMBER, 4.5),
    Column(w.INDICATOR, 17),
    Column(w.METHOD, 5),
    Column(w.MATERIAL, 15),
    Column(w.DEMAND, 13),
    Column(w.STATUS, 10),
    Column(w.ANSWER, 52),
    Column(w.QUANTITY, 8),
    Column(w.COUNT, 5.5),
    Column(w.HINT, 11),
)
"""From 编号 to 情况说明 it fits a screen 1366 px wide at 100 %, in Excel and in LibreOffice."""
FORM_SIZE = 9
"""Points: what makes 1000 characters fit the highest row there can be."""
TO_FILL = (w.STATUS, w.ANSWER, w.QUANTITY)
"""What a unit fills: whatever stands there is theirs."""

COUNTED = (*TO_FILL, w.COUNT, w.HINT)
"""What changes while a form is filled."""

FORM_CAPTIONS = frozenset(column.caption for column in FORM) | {w.PROBLEM}

EVIDENCE = (
    Column(w.CODE, 24),
    Column(w.FILE_NAME, 44),
    Column(w.KIND, 12),
    Column(w.DATE, 13),
    Column(w.PIECES, 8),
    Column(w.NOTE, 30),
)
EVIDENCE_ROWS = 200
EVIDENCE_KINDS = ("文件", "报道", "案例", "案卷", "数据表", "照片", "其他")

# --- the merged workbook

WHOLE_ANSWER = 84
"""1000 characters take 25 lines of this width: the most that 409 pt, the highest row, can show."""

OVERVIEW = (
    Column("代码", 7),
    Column(w.UNIT, 26),
    Column("应报", 8),
    Column("已报", 8),
    Column("未报", 8),
    Column("超字数", 8),
    *(Column(title, 9) for title in w.GRADES.values()),
    Column(w.WAITS, 11),
    Column("状态", 14),
    Column("收到时间", 21),
    Column("迟报", 7),
    Column("纸质版收到日期", 15),
)

MERGED = (
    Column(w.CODE, 12),
    Column(w.LEVEL1, 9),
    Column(w.LEVEL2, 10),
    Column(w.NUMBER, 6),
    Column(w.INDICATOR, 22),
    Column(w.METHOD, 8),
    Column(w.MATERIAL, 20),
    Column(w.UNIT, 12),
    Column(w.STATUS, 9),
    Column(w.ANSWER, WHOLE_ANSWER),
    Column(w.COUNT, 6),
    Column(w.QUANTITY, 8),
    Column("计量单位", 6),
    Column(w.EVIDENCE_SHEET, 16),
    Column("来源文件", 18),
    Column("来源位置", 11),
    Column("提醒", 9),
    Column("审核结论", 10, clerk=True),
    Column("审核意见", 22, clerk=True),
    Column("修改稿", 46, clerk=True),
    Column("修改稿字数", 8),
    Column("代录内容", 22, clerk=True),
    Column("代录来源", 12, clerk=True),
    Column(w.UNITS_WORD, 30),
    Column(w.ANSWER_DIGEST, 0),
    Column(w.REVIEW_DIGEST, 0),
)

MERGED_HEADER = 0
"""0-based row of the captions of every sheet of the merged workbook."""


def merged_cell(caption: str, index: int) -> str:
    """Where a column of the `index`-th assignment stands in 汇总, as A1."""
    column = next(i for i, c in enumerate(MERGED) if c.caption == caption)
    return cell_name(MERGED_HEADER + 1 + index, column)


FINAL = (
    Column(w.CODE, 9),
    Column(w.NUMBER, 7),
    Column(w.INDICATOR, 24),
    Column(w.MATERIAL, 22),
    Column("各单位填报内容", WHOLE_ANSWER),
    Column("状态", 11),
    Column("定稿文本", WHOLE_ANSWER, clerk=True),
    Column("字数（不计空格）", 10),
    Column("字数（计空格）", 10),
    Column("字数上限", 9),
    Column("审定人", 10, clerk=True),
    Column("审定日期", 12, clerk=True),
    Column("已录入平台", 11, clerk=True),
)

FINDINGS = (
    Column("类别", 9),
    Column("规则代码", 9),
    Column(w.PROBLEM, 18),
    Column(w.UNIT, 20),
    Column("编码", 8),
    Column("说明", 52),
    Column(w.UNITS_WORD, 34),
    Column(w.REPLY, 10, clerk=True),
    Column(w.REMARK, 20, clerk=True),
    Column(w.WHAT_TO_DO, 44),
    Column("文件", 30),
    Column("工作表", 10),
    Column("单元格", 9),
    Column("同意不改", 10),
    Column("到汇总", 10),
    Column(w.CODE, 0),
    Column(w.EXPLAINED_DIGEST, 0),
)

CONFLICT = (
    Column(w.CODE, 14),
    Column(w.UNIT, 14),
    Column(w.INDICATOR, 24),
    Column("版本", 7),
    Column(w.STATUS, 11),
    Column(w.ANSWER, WHOLE_ANSWER),
    Column(w.COUNT, 7),
    Column(w.QUANTITY, 10),
    Column("文件", 28),
    Column("位置", 14),
    Column("文件保存时间", 24),
    Column("收到时间", 21),
    Column("目前采用", 9),
    Column("采用", 8, clerk=True),
    Column(w.CHOSEN_DIGEST, 0),
)

LEFTOVER = (
    Column("文件", 34),
    Column("工作表", 14),
    Column("单元格", 10),
    Column("内容", 80),
)

REGISTER = (
    Column("登记号", 14),
    Column("类别", 13),
    Column("文件或单位", 44),
    Column(w.UNIT, 20),
    Column("结果", 16),
    Column("说明", 50),
    Column("首次收到", 21),
    Column("文件保存时间", 24),
    Column("采用条数", 9),
    Column("实际收到时间", 21, clerk=True),
    Column("收到方式", 11, clerk=True),
    Column("作废", 7, clerk=True),
    Column("归属单位", 20, clerk=True),
    Column("纸质版收到日期", 15, clerk=True),
    Column(w.NOTE, 24, clerk=True),
)

REASSIGN = (
    Column(w.CODE, 23),
    Column(w.UNIT, 20),
    Column(w.NUMBER, 7),
    Column(w.INDICATOR, 40),
    Column("单位的说明", 50),
    Column("来源文件", 28),
    Column("处理意见", 24, clerk=True),
    Column("改派单位", 20, clerk=True),
)

ORPHAN = (
    Column("工作表", 16),
    Column("登记号", 26),
    Column("栏目", 16),
    Column("内容", 80, clerk=True),
    Column(w.KEPT_DIGESTS, 0),
)
"""An open 内容, so that the clerk can clear what is settled."""

CHANGED = (
    Column(w.CODE, 23),
    Column(w.UNIT, 20),
    Column(w.NUMBER, 7),
    Column(w.INDICATOR, 30),
    Column("改前", 66),
    Column("改后", 66),
)

OVERFLOW = (
    Column(w.CODE, 23),
    Column("工作表", 14),
    Column("单元格", 10),
    Column("栏目", 14),
    Column("段", 6),
    Column("内容", 100),
)

MERGED_BOOK = {
    w.OVERVIEW_SHEET: OVERVIEW,
    w.MERGED_SHEET: MERGED,
    w.FINAL_SHEET: FINAL,
    w.FINDINGS_SHEET: FINDINGS,
    w.CONFLICT_SHEET: CONFLICT,
    w.LEFTOVER_SHEET: LEFTOVER,
    w.REGISTER_SHEET: REGISTER,
    w.REASSIGN_SHEET: REASSIGN,
}
"""Sheets of 汇总表.xlsx in their order; 超长文字 is added only when a text overflows a cell."""

SOMETIMES = {w.CHANGED_SHEET: CHANGED, w.ORPHAN_SHEET: ORPHAN}
"""Sheets that are there when they have something to say."""

ROW_KEYS = {
    w.OVERVIEW_SHEET: ("代码",),
    w.MERGED_SHEET: (w.CODE,),
    w.FINAL_SHEET: (w.CODE,),
    w.FINDINGS_SHEET: ("规则代码", w.UNIT, "编码", "文件", "工作表", "单元格"),
    w.CONFLICT_SHEET: (w.CODE,),
    w.LEFTOVER_SHEET: ("文件", "工作表", "单元格"),
    w.REGISTER_SHEET: ("登记号",),
    w.REASSIGN_SHEET: (w.CODE,),
    w.ORPHAN_SHEET: ("工作表",),
    w.CHANGED_SHEET: (w.CODE,),
    w.OVERFLOW_SHEET: (w.CODE,),
}
"""What tells the rows of a sheet apart; the first caption is how its header row is known."""


def row_key(*values: str) -> str:
    """The key of a row from what stands under its `ROW_KEYS`."""
    return " ".join(value for value in values if value)


CHOICES = {
    "审核结论": w.REVIEW_VERDICTS,
    "已录入平台": (w.YES,),
    "作废": (w.YES,),
    "收到方式": w.CHANNELS,
    w.REPLY: tuple(Reply),
}
"""What may stand in a column of the clerk's."""

UNIT_CHOICES = frozenset({"归属单位", "改派单位"})
"""Where the clerk names a unit: by name best, but an alias does."""

LONG_TEXTS = frozenset(
    {w.MERGED_SHEET, w.FINAL_SHEET, w.CONFLICT_SHEET, w.REASSIGN_SHEET, w.OVERFLOW_SHEET}
)
"""Read from the top: a text that is higher than its row can be at least begins there."""

FROZEN = {
    w.OVERVIEW_SHEET: 2,
    w.MERGED_SHEET: 1,
    w.FINAL_SHEET: 1,
    w.CONFLICT_SHEET: 2,
    w.REGISTER_SHEET: 3,
    w.REASSIGN_SHEET: 2,
}
"""How many columns stay in sight."""


# --- 录入清单.xlsx

ENTRY = (
    Column(w.NUMBER, 6),
    Column(w.INDICATOR, 24),
    Column("编码", 8),
    Column(w.UNIT, 14),
    Column(ew.ENTRY_TEXT, WHOLE_ANSWER),
    Column("字数（不计空格）", 9),
    Column("字数（计空格）", 9),
    Column("字数上限", 8),
    Column(w.QUANTITY, 10),
    Column(w.EVIDENCE_SHEET, 28),
    Column("状态", 10),
    Column("提醒", 9),
    Column(ew.ENTERED, 8, clerk=True),
    Column("录入人", 10, clerk=True),
    Column(ew.ENTERED_AT, 17, clerk=True),
    Column(w.NOTE, 20, clerk=True),
    Column(ew.ENTRY_DIGEST, 0),
    Column(ew.ENTERED_DIGEST, 0),
)

ENTRY_BOOK = {ew.ENTRY_SHEET: ENTRY, w.ORPHAN_SHEET: ORPHAN}
"""Sheets of 录入清单.xlsx; 失去归属的批注 is there only when a row of the clerk's is gone."""

ENTRY_FRAME = {
    column.caption: "Int64" if column.caption.startswith(w.COUNT) else "string"
    for column in ENTRY
    if column.width
}
"""录入清单 as pandas holds it: caption -> type."""

ANSWER_FRAME = {
    w.CODE: "string",
    "编码": "string",
    w.NUMBER: "Int64",
    w.LEVEL1: "string",
    w.LEVEL2: "string",
    w.INDICATOR: "string",
    w.MATERIAL: "string",
    "单位代码": "string",
    w.UNIT: "string",
    "分工": "string",
    w.STATUS: "string",
    w.ANSWER: "string",
    w.COUNT: "Int64",
    "字数上限": "Int64",
    w.QUANTITY: "Float64",
    "计量单位": "string",
    w.REVISION: "string",
    "状态": "string",
    "超出字数": "Int64",
    "已报": "boolean",
    w.LATE: "boolean",
    w.KEYED: "boolean",
    w.PENDING_CHOICE: "boolean",
    "收到时间": "datetime64[s]",
    "来源文件": "string",
    "来源工作表": "string",
    "来源单元格": "string",
}
"""The merged table as pandas holds it: caption -> type."""

# --- what goes back to a unit

MARKED_FORM = (*FORM, Column(w.PROBLEM, 26))
"""The form of a unit that has something to put right; beside 提示 it says what."""

PROBLEMS = (
    Column(w.NUMBER, 5.5),
    Column("类别", 9),
    Column(w.REQUIREMENT, 26),
    Column(w.PROBLEM, 40),
    Column(w.WHAT_TO_DO, 34),
    Column("位置", 13),
    Column(w.EXPLANATION, 38),
    Column(w.PROBLEM_CODE, 14),
)
"""The first sheet of such a form. Fewer captions of the form's table than make a header row.

It fits a screen as `FORM` does. 核实说明 stands here alone: a row of the table may have several
problems, and each is explained by itself.
"""


# --- 催报电话单.xlsx

CALLS = (
    Column("代码", 5),
    Column(w.UNIT, 14),
    Column("联系人", 9),
    Column("电话", 13),
    Column(hw.OWED, 38),
    Column("截止日期", 11),
    Column(hw.TIME_LEFT, 8),
    Column(hw.CONTACTS_MADE, 20),
    Column(hw.CALLED_AT, 10, clerk=True),
    Column(hw.CALLED_BY, 9, clerk=True),
    Column(hw.RESULT, 22, clerk=True),
)
"""On A4 across; what the clerk writes goes to the ledger when the list is made again."""

RESTING = (
    Column("代码", 7),
    Column(w.UNIT, 26),
    Column("应报", 8),
    Column("未报", 8),
    Column("原因", 30),
)
"""Who is not on that list, and why."""
