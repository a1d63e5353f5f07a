"""The words people read inside our workbooks: captions, choices, short sentences."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from pdsfz_xl import text as texts
from pdsfz_xl.states import (
    AnswerStatus,
    Channel,
    Flag,
    Grade,
    MaterialKind,
    NoticeKind,
    Reason,
    ReviewVerdict,
    Role,
    Security,
    UnitStatus,
    Verdict,
)

BODY_FONT: Final = "宋体"
HEAD_FONT: Final = "黑体"
PAGE_FOOTER: Final = "第 &P 页，共 &N 页"

# --- captions of the notice's own table
LEVEL1: Final = "一级指标"
LEVEL2: Final = "二级指标"
NUMBER: Final = "序号"
INDICATOR: Final = "三级指标"
METHOD: Final = "测评方法"
MATERIAL: Final = "填报材料"
RESPONSIBLE: Final = "责任单位"

# --- captions of forms and of the merged workbook
CODE: Final = "编号"
DEMAND: Final = "填报要求"
STATUS: Final = "填报情况"
ANSWER: Final = "情况说明"
QUANTITY: Final = "数量"
COUNT: Final = "字数"
HINT: Final = "提示"
PROBLEM: Final = "问题"
WHAT_TO_DO: Final = "怎么办"
EXPLANATION: Final = "核实说明"
PROBLEM_CODE: Final = "问题编号"
UNIT: Final = "单位"
FILE_NAME: Final = "文件名"
KIND: Final = "类型"
DATE: Final = "日期"
PIECES: Final = "件数"
NOTE: Final = "备注"

# --- 填报情况
ANSWERED: Final = AnswerStatus.ANSWERED
NOTHING: Final = AnswerStatus.NOTHING
NOT_OURS: Final = AnswerStatus.NOT_OURS
UNANSWERED: Final = AnswerStatus.UNANSWERED
PREVIOUS: Final = "上次填报"
"""Stands under 填报情况 of an answer the form came with, until somebody chooses."""
CHOICES: Final = (ANSWERED, NOTHING, NOT_OURS)


def previous(choice: str) -> str:
    """What stands under 填报情况 of an earlier answer; a refusal says that it was one."""
    return PREVIOUS if choice == ANSWERED else f"{PREVIOUS}：{choice}"


# --- 填报类型
STATEMENT: Final = MaterialKind.STATEMENT
FIGURES: Final = MaterialKind.FIGURES
CASE: Final = MaterialKind.CASE
DOCUMENT: Final = MaterialKind.DOCUMENT
REPORT: Final = MaterialKind.REPORT
DOSSIER: Final = MaterialKind.DOSSIER
NOT_ASKED: Final = MaterialKind.NOT_ASKED
KINDS: Final = tuple(MaterialKind)

LEAD: Final = Role.LEAD
SUPPORT: Final = Role.SUPPORT
CHANNELS: Final = tuple(Channel)
ISSUE: Final = NoticeKind.ISSUE
REMIND: Final = NoticeKind.REMIND
RECEIPT: Final = NoticeKind.RECEIPT
AMEND: Final = NoticeKind.AMEND
NOTICE_KINDS: Final = tuple(NoticeKind)

# --- what stands in place of a text
PENDING_TEXT: Final = "待综合"
PENDING_CHOICE: Final = "待定"
REVIEW_AGAIN: Final = "待复审"
UNSIGNED: Final = "未审定"
NOTHING_DUE: Final = "无需报送"
KEYING: Final = "已来件待代录"

GRADES: Final = {
    Grade.ERROR: "必须改",
    Grade.EXPLAIN: "须说明",
    Grade.VERIFY: "请核实",
    Grade.HINT: "提示",
}

OTHER: Final = "其他"
NOBODYS: Final = "未归到单位的文件等"
"""Stands where a unit does, for what belongs to none."""
SEE_FINDINGS: Final = "见汇总表的“问题清单”"


def on_trial(message: str) -> str:
    return f"（试行）{message}"


STANDING: Final = {
    UnitStatus.COMPLETE: "已报齐",
    UnitStatus.PARTIAL: "未报齐",
    UnitStatus.MISSING: UNANSWERED,
    UnitStatus.RECEIVED: KEYING,
    UnitStatus.NOTHING_DUE: NOTHING_DUE,
}

VERDICTS: Final = {
    Verdict.ACCEPTED: "已采用",
    Verdict.DUPLICATE: "重复文件",
    Verdict.OPENED: "已拆开",
    Verdict.EVIDENCE: "佐证材料",
    Verdict.HELD: "暂扣（涉密标志）",
    Verdict.IGNORED: "已忽略",
    Verdict.REJECTED: "未采用",
}

VERDICT: Final = "审核结论"
REVISION: Final = "修改稿"
KEYED_TEXT: Final = "代录内容"
FINAL_TEXT: Final = "定稿文本"
SIGNER: Final = "审定人"
REVIEW: Final = (VERDICT, "审核意见", REVISION)
"""The clerk's columns that judge an answer, and so are about the answer as it was then."""
REVIEW_VERDICTS: Final = tuple(ReviewVerdict)

# --- the form
FORM_SHEET: Final = "填报表"
EVIDENCE_SHEET: Final = "佐证材料"
GUIDE_SHEET: Final = "填写说明"
STAMP_SHEET: Final = "_pdsfz"
SIGN_OFF: Final = ("填表人", "联系电话", "科室负责人", "单位负责人（签字）", "单位（公章）", "日期")

# --- the merged workbook
OVERVIEW_SHEET: Final = "总览"
MERGED_SHEET: Final = "汇总"
FINAL_SHEET: Final = "定稿"
FINDINGS_SHEET: Final = "问题清单"
CONFLICT_SHEET: Final = "多次报送不一致"
LEFTOVER_SHEET: Final = "未对应上的内容"
REGISTER_SHEET: Final = "收件登记"
REASSIGN_SHEET: Final = "责任单位调整"
CHANGED_SHEET: Final = "改前改后"
OVERFLOW_SHEET: Final = "超长文字"

# --- the master
SETTINGS_SHEET: Final = "任务设置"
TABLE_SHEET: Final = "任务分解表"
UNITS_SHEET: Final = "责任单位"
WAIVERS_SHEET: Final = "同意不改"
TEMPLATES_SHEET: Final = "通知模板"

DATE_FORMAT: Final = "yyyy-mm-dd"


def number_label(numbers: tuple[int, ...]) -> str:
    """序号 as a person reads it: 18 or 18、19."""
    return "、".join(str(n) for n in numbers)


# --- sentences of the form


DAY: Final = r"\d{4}年\d{1,2}月\d{1,2}日"
"""What `day` says, as a regular expression."""


def day(when: date) -> str:
    return f"{when.year}年{when.month}月{when.day}日"


def before(when: date | None) -> str:
    """By when, as a letter asks: to the day, or at once where there is none any more."""
    return f"{day(when)}前" if when else "尽快"


def form_file(code: str, unit: str, campaign: str) -> str:
    """The name of a unit's form, before it is made safe."""
    return f"{code}_{unit}_{campaign}填报表"


def form_title(campaign: str, unit: str) -> str:
    return f"{campaign}填报表（{unit}）"


FORM_TASK: Final = (
    "只填黄色格：先选“填报情况”，再写“情况说明”；灰色格已锁定，不用改。"
    "粘贴请先双击单元格再粘贴（或选“只粘贴文本”），换行按 Alt+Enter。填法和示例见“填写说明”。"
)


def form_deadline(deadline: str, contact: str, phone: str, email: str, *, marked: bool) -> str:
    """Who gets the form and until when; what is not known is left out."""
    unsaid = "请尽快报送" if marked else "请按通知要求的时间报送"
    when = f"请于 {deadline} 前报送" if deadline else unsaid
    to = f"至 {email}" if email else ""
    ask = "、".join(part for part in (contact, phone) if part)
    return f"{when}{to}{f'；联系人：{ask}' if ask else ''}。"


PROGRESS: Final = ("共 ", " 项，已填 ", "，未填 ", "，超字数 ")
"""What the form's status line says before each of its four numbers."""


def progress(*numbers: int) -> str:
    """The status line: in all, filled, blank, over the limit."""
    return "".join(f"{said}{n}" for said, n in zip(PROGRESS, numbers, strict=True))


BLANK_HINT: Final = "未填"
REASON_HINT: Final = "请写理由"
FIGURE_HINT: Final = "缺数量"
OVER_HINT: Final = ("超出", "字")
LEFT_HINT: Final = " 还可写"
ADVISED_HINT: Final = " 超建议，还可写"
EVIDENCE_HINT: Final = ("佐证 ", "/", " 件")
PREVIOUS_HINT: Final = "上次填报，请确认"
TOTAL_COUNT: Final = "字数合计"


def label(said: str) -> str:
    return f"{said}："


ANSWER_PROMPT: Final = (
    "建议 {advised} 字以内，最多 {limit} 字（不计空格和换行，见右边“字数”栏）。"
    "换行按 Alt+Enter；粘贴请先双击单元格。"
)
ANSWER_ERROR: Final = (
    "情况说明超过 {limit} 字（不计空格和换行），没有保存。请点“重试”压缩，或先复制出来修改。"
)
STATUS_PROMPT: Final = (
    "已填报：写了情况说明。无此情况：在情况说明中写明理由。"
    "非本单位职责：写明理由和建议由哪个单位填报。"
)
STATUS_ERROR: Final = "请从下拉列表中选择：已填报、无此情况、非本单位职责。"
QUANTITY_PROMPT: Final = "只填阿拉伯数字；单位写在情况说明里。"
QUANTITY_ERROR: Final = "这里只能填不小于 0 的数字，单位和文字请写在情况说明里。"
CODE_ERROR: Final = "请从下拉列表中选择本单位填报项的编号。"
KIND_ERROR: Final = "请从下拉列表中选择类型。"
DATE_ERROR: Final = "请填日期，如 2019-7-1。"
PIECES_ERROR: Final = "请填件数（整数）。"
CHOSEN: Final = "采用"
REPLACED: Final = "不再采用"
"""Stands beside a version that a later one replaced, or that was not chosen."""
CHOICE_GONE: Final = "原选版本已不在"
"""Stands under 采用 in place of a number that names nothing any more."""
PICK_ERROR: Final = "请从下拉列表中选择。"
NUMBER_PROMPT_TITLE: Final = "填数字"


def demand(
    kind: str, advised: int, limit: int, start: str, end: str, pieces: int, measure: str
) -> str:
    """填报要求 as one sentence."""
    parts = [
        f"写一段{kind}"
        if kind == STATEMENT
        else f"写情况说明并提供{kind}"
        if kind
        else "写情况说明"
    ]
    if kind == FIGURES:
        parts = [f"在“数量”栏填数字{f'（单位：{measure}）' if measure else ''}，并写情况说明"]
    parts.append(
        f"{advised} 字以内为宜，最多 {limit} 字" if advised < limit else f"最多 {limit} 字"
    )
    if start or end:
        parts.append(f"时间范围 {start or '不限'} 至 {end or '不限'}")
    if pieces:
        parts.append(f"佐证材料至少 {pieces} 件")
    return "；".join(parts) + "。"


def joined_demand(numbers: tuple[int, ...], texts: tuple[str, ...]) -> str:
    """Why one row answers several indicators."""
    also = "；".join(f"第{n}项：{t}" for n, t in zip(numbers, texts, strict=True))
    return f"本项与下列指标合并填报——{also}"


GUIDE_EXAMPLE: Final = "填写示例（不会被读取）"
EXAMPLE: Final = (
    ("填报情况", "已填报"),
    (
        "情况说明",
        "2019年以来，我市……（做法）。全年共举办培训 2 期，参训 386 人次，考试合格率 100%（数字）。"
        "通过……，有效……（成效）。",
    ),
    ("字数", "按写的内容自动计算"),
    ("提示", "例如“62/500 还可写438”"),
)


def guide(contact: str, others: str) -> tuple[str, ...]:
    """The numbered lines of 填写说明."""
    return (
        "打开“填报表”，从第一个黄色格开始填。每一行是一个填报项，要求写在“填报要求”栏。",
        "“填报情况”从下拉列表中选：已填报；无此情况（须写理由）；非本单位职责（须写理由和建议单位）。",
        "“情况说明”直接写正文。换行按 Alt+Enter。从 Word、网页粘贴时，请先双击单元格再粘贴，"
        "或选“只粘贴文本”。",
        "“字数”按字符数（不计空格和换行）自动计算，与 Word、WPS 字数统计中的“字符数（不计空格）”"
        "一致；超过建议字数变橙色，超过上限不能保存。",
        "“数量”栏只有要求填数字的项才需要填，只填阿拉伯数字。",
        "有佐证材料的，在“佐证材料”表逐件登记，编号从下拉列表选，文件随本表一并报送。",
        "不要插入、删除行列，不要修改编号；行高列宽可以调整。文件名可以改，不影响识别。",
        "本表及佐证材料不得含有涉密内容，不写与填报无关的身份证号、手机号等个人信息；涉密内容不得通过互联网邮箱报送。",
        "填完后请打印签字盖章，纸质版与电子版一并报送。",
        f"本表只列本单位需要报送的填报项。{others}",
        f"填写中有疑问请联系：{contact}" if contact else "填写中有疑问请联系下发单位。",
    )


def with_role(unit: str, role: str) -> str:
    """甲局（牵头）; a unit that is alone has no role."""
    return f"{unit}（{role}）" if role else unit


def responsible(units: list[tuple[str, str]]) -> str:
    """责任单位 of a row, as it is read back: 甲局（牵头）、乙局."""
    return "、".join(with_role(name, role) for name, role in units)


def amended(changes: str) -> str:
    """What the office's own text does not say of a form that changed."""
    return f"附：与原来的填报表相比，{changes}。"


def form_changes(
    added: list[str],
    removed: list[str],
    changed: dict[str, list[str]],
    *,
    head: bool,
    refilled: bool,
) -> str:
    """What the people who have the old form must know of the new one; empty: nothing."""
    said = [f"新增 {'、'.join(added)}"] if added else []
    said += [f"删去 {'、'.join(removed)}"] if removed else []
    said += [f"{key} 的{'、'.join(captions)}有改动" for key, captions in changed.items()]
    said += ["标题、截止日期或联系方式有改动"] if head else []
    said += ["带入的上次填报有变化"] if refilled else []
    return "；".join(said)


def not_yours(numbers: str) -> str:
    return f"第 {numbers} 项不需本单位报送。" if numbers else ""


CHOSEN_DIGEST: Final = "采用指纹"
"""Beside 采用: which version that number named in the workbook it was typed in."""
ANSWER_DIGEST: Final = "答案指纹"
"""Which answer a row of 汇总 showed."""
REVIEW_DIGEST: Final = "审核指纹"
"""Which answer the clerk's review of a row was written about."""
EXPLAINED_DIGEST: Final = "说明指纹"
"""Which explanation, of which finding and answer, a row of 问题清单 showed."""
CONTENT: Final = "内容"
KEPT_DIGESTS: Final = "随附指纹"
"""The fingerprints of a row that is gone, as caption=value with blanks between."""
PROPOSAL: Final = "改动的情况说明"
"""What the clerk made of 情况说明 itself: a proposal, never the unit's word."""
ORPHAN_SHEET: Final = "失去归属的批注"

# --- the register
INSIDE: Final = "!/"
"""Between an archive or a mail and the path of its member."""
DROPZONE: Final = "out/2-收件/"
UNFILED: Final = "待归项"


def filed_under(requirements: list[str]) -> str:
    """What becomes of a file that is evidence."""
    return f"佐证材料，归入第 {'、'.join(requirements)} 项" if requirements else "佐证材料，待归项"


def filed(number: int) -> str:
    return f"佐证材料新归档 {number} 件，在 out/6-材料"


def not_exported(number: int) -> str:
    return f"佐证材料有 {number} 件待归项，没有放进来，在 out/6-材料/{UNFILED}。"


def opened(members: int, facts: str) -> str:
    """What becomes of an archive or a mail; `facts` are who sent it and what to know of it."""
    inside = f"里面有 {members} 个文件，逐个登记" if members else "里面没有文件"
    return f"{facts}；{inside}" if facts else inside


def mail(sender: str, subject: str, sent: str, notes: tuple[str, ...]) -> str:
    """A mail in a line: from whom, about what, when, and what a person should know."""
    facts = (sender and f"来自 {sender}", subject and f"《{subject}》", sent.replace("T", " ")[:16])
    return "；".join([" ".join(fact for fact in facts if fact) or "邮件", *notes])


NOT_OUR_FORM: Final = "里面找不到本任务的编号或三级指标"
COLUMNS_GONE: Final = "表头没有了或列被挪动过，读不出哪一格是答案"
WHOSE_FORM: Final = "看不出是哪个单位报的（编号和标题都没有了）"


def taken(answers: int, left: int, explained: int, *, blank: bool) -> str:
    """What of an accepted file counts, and what does not."""
    said = f"采用 {answers} 项" if answers else "内容都在采用的其他文件里，或另有更晚的版本"
    said = "表是空白的" if blank and not answers else said
    said += f"；写了核实说明 {explained} 条" if explained else ""
    return f"{said}；另有 {left} 格见“{LEFTOVER_SHEET}”" if left else said


FILE_CATEGORIES: Final = {
    Verdict.ACCEPTED: "填报表",
    Verdict.DUPLICATE: "重复文件",
    Verdict.OPENED: "压缩包或邮件",
    Verdict.EVIDENCE: "佐证材料",
}
"""What a file of the register was, by verdict; any other is just a file."""


def gone(codes: list[str]) -> str:
    """Why a form of this campaign is nobody's: its codes name what the master does not."""
    return f"编号（{'、'.join(codes[:3])}）里的单位或编码不在任务分解表里"


def listed(name: str, *more: str) -> str:
    """A piece of evidence with what is known of it."""
    known = "，".join(part for part in more if part)
    return f"{name}（{known}）" if known else name


def pieces(number: int) -> str:
    return f"{number} 件" if number != 1 else ""


UNKNOWN: Final = "未识别"
FINAL_PROPOSAL: Final = "改动的定稿文本"
"""What somebody made of 定稿文本 on paper."""
PROPOSALS: Final = frozenset({PROPOSAL, FINAL_PROPOSAL})
"""Columns of suggestions: two of them do not contradict each other."""
PAPER_COPY: Final = "打印稿"


def paper_back(changed: list[str], emptied: list[str], left: int) -> str:
    """What a document brought that we had printed."""
    said = [f"{PAPER_COPY}，文字没有改动"]
    if changed:
        columns = f"“{PROPOSAL}”“{FINAL_PROPOSAL}”"
        said = [
            f"{PAPER_COPY}，改动 {len(changed)} 处（第 {'、'.join(dict.fromkeys(changed))} 项），"
            f"在“{MERGED_SHEET}”“{FINAL_SHEET}”的{columns}栏供采用（只列一次），原文不变"
        ]
    if emptied:
        said.append(f"删空 {len(emptied)} 处（第 {'、'.join(emptied)} 项），没有采纳")
    if left:
        said.append(f"另有 {left} 处见“{LEFTOVER_SHEET}”")
    return "；".join(said)


FAILURES: Final = {
    Reason.TIME: "读取时间过长",
    Reason.MEMORY: "读取需要的内存过多",
    Reason.DIED: "读取程序异常退出",
    Reason.ERROR: "读取程序出错",
}
REASONS: Final = {
    Reason.CLUTTER: "程序的临时文件或没有下载完的文件，不是材料",
    Reason.MAIL_FACTS: "来信的情况（发件人、主题、正文），不是材料",
    Reason.VOID: "经办人已标记作废",
    Reason.PAPER_COPY: PAPER_COPY,
    Reason.TWIN: "与另一份文件内容完全相同",
    Reason.IN_USE: "正被其他程序占用，下次再读",
    Reason.STILL_CHANGING: "读取时还在变化，下次再读",
    **FAILURES,
}
UNREAD: Final[Mapping[str, str]] = {
    Flag.LOOSE_CUT: "表外第 5000 个以后的单元格",
    Flag.SHEET_MISSING: "内容缺失的工作表",
    Flag.STRINGS_MISSING: "缺失的文字部件",
    Flag.BAD_CELL: "内容损坏的单元格（按原样列出）",
    Flag.DISPIMG: "单元格里的图片",
    Flag.DRAWING: "图片、图表等图形",
    Flag.EMBEDDED: "嵌入的文件",
    Flag.XLM: "宏表",
    Flag.FOOTNOTES: "脚注和尾注",
    Flag.COMMENTS_DAMAGED: "损坏的批注",
}
"""What a return may hold that is not read as cells, by flag of the reader."""


# --- what the sheets of a document without sheets are called
DOCUMENT_TABLE: Final = "表格"
DOCUMENT_TEXT: Final = "正文"
DOCUMENT_COMMENTS: Final = "批注"

# --- what a foreign file is: its F code and the words for the sentence
FILE_KINDS: Final = {
    "empty": ("F01", "空文件"),
    "zeros": ("F03", "内容全是零，可能没有下载完"),
    "pdf": ("F01", "PDF 文件"),
    "image": ("F01", "图片"),
    "word": ("F01", "Word 文件"),
    "slides": ("F01", "演示文稿"),
    "odf": ("F01", "OpenDocument 文档"),
    "ofd": ("F01", "OFD 文件"),
    "web": ("F01", "网页"),
    "xml": ("F01", "XML 文件"),
    "text": ("F01", "文本文件"),
    "shortcut": ("F01", "快捷方式，不是文件本身"),
    "unknown": ("F01", "不认识的文件"),
    "ods": ("F07", "单个 XML 文件的 OpenDocument 表格（.fods）"),
    "xlsb": ("F07", "二进制工作簿（.xlsb）"),
    "numbers": ("F07", "Numbers 表格"),
    "archive": ("F07", "压缩包（zip/rar/7z）"),
    "mail": ("F07", "邮件"),
    "csv": ("F07", ".csv（文本表格）"),
    "password": ("F02", ""),
}


# --- how a mail server is spoken to
NO_SECURITY: Final = Security.PLAIN
SECURITIES: Final = (Security.SSL, Security.STARTTLS, Security.PLAIN)
BRINGS_FORM: Final = (ISSUE, AMEND)
"""The kinds of messages that come with the form itself."""


def days_left(days: int | None) -> str:
    """How far the deadline is; days after it are negative."""
    if days is None:
        return ""
    return f"还有 {days} 天" if days > 0 else "就是今天" if days == 0 else f"已过 {-days} 天"


def nearest(name: str) -> str:
    return f"，最接近的是“{name}”" if name else ""


REQUIREMENT: Final = "填报项"

OFFICES: Final = "委员会|办公室|[局委办厅部院]"
"""How names of offices end, as a regular expression."""
OFFICE_WORDS: Final = "单位|部门"


def unreadable_ledger(path: str) -> str:
    return (
        f"台账 {path} 读写不了（可能已损坏或磁盘已满）；它记着首次收到时间和发过的邮件，"
        "请不要删除，先从备份恢复，或改名移开后重新运行"
        "（首次收到时间将从现在算起，发过的邮件可能再发一次）。"
    )


# --- the merged workbook
YES: Final = "是"
TOTAL: Final = "合计"
FILE: Final = "文件"
SEE: Final = "查看"
LATE: Final = "迟报"
OVER: Final = "超字数"
KEYED: Final = "代录"
SETTLED: Final = "已定稿"
ONE_TEXT: Final = "用单位原文"
REVISED: Final = "用修改稿"
UNITS_WORD: Final = "单位说明"
"""What a unit wrote beside a problem of its marked form."""
REPLY: Final = "采纳说明"
REMARK: Final = "退回意见"
WAITS: Final = "已说明待核"
ALSO_SAID: Final = "〔同一栏另有〕"
"""Between two texts of one cell that differ, as in a copied sheet."""
WHOLE_ROW: Final = "整行"
UNIT_ERROR: Final = "不在单位名单里；写别名或代码也可以，写错了不起作用并会提示。"
CHART_TITLE: Final = "各单位报送情况（项）"
CLERK_PROMPTS: Final = {
    "审核结论": "提醒栏写“待复审”的，是审核后答案又变了；看过后改一下审核意见（如写日期）即解除。",
    "修改稿": "办公室改写的文字，打印和上报时代替单位原文；单位原文不动。",
    "代录内容": "单位只交来纸质件、图片或 Word 的，由办公室照录在这里；单位报了表的以表为准。",
    "代录来源": "照录自哪份材料，如 盖章扫描件 2019-10-25。",
    "定稿文本": "空着就用单位的文字；几个单位都有的，请在这里综合成一段。",
    "采用": "填要用的版本号（见“版本”栏），在这一项的任何一行填都可以；空着暂用较晚的一份。",
    "实际收到时间": "程序见到文件以前就收到的，写 2019-10-24 16:05 这样的时间，迟报以它为准。",
    "作废": "填“是”，这份文件不再计入。",
    "归属单位": "看不出是哪个单位的文件，在这里选单位。",
    "纸质版收到日期": "盖章纸质件收到的日期，写在单位那一行，如 2019-10-25。",
    "改派单位": "同意调整的，选应由哪个单位填报。",
    REPLY: "有单位说明的：“是”即同意不改，以该说明为理由；“退回”则下次 return 再退给单位。",
    REMARK: "采纳说明选“退回”的，在这里写意见，随问题一并退给单位。",
}
"""What Excel shows beside a cell the clerk is about to fill; at most 255 characters."""
_CONTINUED: Final = "〔本格放不下，共"


def continued(pieces: int) -> str:
    """Said at the end of a cell that holds only the beginning of a text."""
    return f"{_CONTINUED} {pieces} 段，其余见“{OVERFLOW_SHEET}”表〕"


def continued_head(said: str) -> str:
    """The beginning that stands before such a mark, or empty where there is none."""
    head, mark, _ = said.rpartition(f"\n{_CONTINUED}")
    return head if mark else ""


def standing(assigned: int, answered: int, files: int) -> str:
    return f"应报 {assigned} 项，已报 {answered} 项，文件 {files} 份" if assigned else NOTHING_DUE


PRINT_SHEET: Final = "打印版"
PRINT_DATA_SHEET: Final = "汇总数据"
PRINT_STAMP: Final = "own"


def continued_label(said: str) -> str:
    """A label that stood on an earlier page already."""
    return f"{said}（续）"


def unnamed_column(number: int) -> str:
    return f"第 {number} 列"


def unnamed_row(number: int) -> str:
    return f"第 {number} 行"


def same_caption(caption: str, number: int) -> str:
    """A column whose caption stands further left already."""
    return f"{caption}（{number}）"


def revision(unit: str) -> str:
    return f"{unit}·修改稿"


IN_OTHER_COPY: Final = "另一份："


def in_other_copy(caption: str) -> str:
    """Where stands what another copy of the merged workbook says in a column."""
    return f"{IN_OTHER_COPY}{caption}"


def comment_on(caption: str) -> str:
    return f"批注：{caption}"


def joined(number: int) -> str:
    return f"与第{number}项合并填报"


def whose(unit: str, *more: str) -> str:
    """The line above a version where several stand in one text."""
    return f"【{'，'.join(part for part in (unit, *more) if part)}】"


# --- what goes back to a unit
SENT_BACK: Final = NoticeKind.SENT_BACK
"""The clerk's verdict and the kind of letter."""
OPINION: Final = "审核意见"
SENT_BACK_BARE: Final = "办公室审核后退回修改"
SENT_BACK_FIX: Final = "请按要求修改后重新报送"
WHOLE_FORM: Final = "整表"
NO_DAY: Final = "通知要求的时间"
"""Stands for a date nobody has set."""
FIX_FOR_UNIT: Final = {
    "E02": "请补报该文件，文件名与佐证材料表一致；已交纸质件的请告知联系人",
    "G07": "请核对是有意删去还是误删，误删的请补上",
    "X01": "表里填的是较晚的一份，请核对后以这份为准",
}
"""What a unit is told to do where the rule's own words speak to the office."""


def item(numbers: tuple[int, ...], key: str) -> str:
    """A requirement as people name it: its indicator's number as printed, and its key."""
    return f"第{number_label(numbers)}项（{key}）"


def spoken(number: int, key: str) -> str:
    """A requirement as people say it: 6（2） for the key 06.2, and 3 for 03."""
    part = key.partition(".")[2]
    return f"{number}（{part}）" if part else str(number)


def postponed(until: date) -> str:
    return f"延期至{day(until)}"


def beside(message: str, unit: str, item: str) -> str:
    """A finding's sentence without whose and which it is: it stands beside them."""
    return message.removeprefix(f"{unit}的{item}").removeprefix("的")


def problem_class(grade: Grade | None) -> str:
    """The class of a problem; what the office itself asks for has none."""
    return GRADES[grade] if grade else OPINION


def problem(grade: Grade | None, said: str, fix: str) -> str:
    """One problem as it stands beside its row."""
    return f"【{problem_class(grade)}】{advice(said, fix)}"


def advice(said: str, fix: str) -> str:
    return "".join(f"{part.rstrip('。')}。" for part in (said, fix) if part)


def marked_file(code: str, unit: str, campaign: str) -> str:
    """What a marked workbook and its letter are called, before it is made safe."""
    return f"{code}_{unit}_{campaign}_{SENT_BACK}"


def problems_title(campaign: str, unit: str) -> str:
    return f"{campaign}：请{unit}修改的问题"


def problems_count(problems: int) -> str:
    return (
        f"报送的材料有以下 {problems} 个问题。点“位置”可到那一格；“填报表”的“问题”栏写着同样的话。"
    )


MARKED_TASK: Final = (
    "请改红色格，核实橙色格，补填黄色格，原因写在最右边的“问题”栏；灰色格已锁定，不用改。"
    "粘贴请先双击单元格再粘贴（或选“只粘贴文本”），换行按 Alt+Enter。"
)
PROBLEMS_TASK: Final = (
    "直接在本工作簿里改：红色格要改，橙色格请核实，改后颜色不变，是否还缺看“提示”栏。"
    "“须说明”“请核实”的确实不需要改的，在“核实说明”栏写明理由，由办公室核定。没有列出的不用动。"
    "改完保存，整个文件报回，文件名可以改。"
)


NO_EXPLANATION: Final = "—"
"""Stands under 核实说明 where nothing can be explained."""
EXPLANATION_LIMIT: Final = 500
EXPLANATION_PROMPT: Final = (
    "确实不需要改的，在这里写明理由，由办公室核定；改了的不用写。最多 {limit} 字（不计空格）。"
)
EXPLANATION_ERROR: Final = (
    "核实说明超过 {limit} 字（不计空格和换行），没有保存。请点“重试”压缩，或先复制出来修改。"
)


def not_accepted(problem: str, remark: str) -> str:
    """A problem whose explanation the office sent back."""
    return f"{problem}；所写的核实说明没有采纳{f'：{remark}' if remark else ''}"


def explanation(text: str, file: str) -> str:
    """A unit's explanation and where it stands."""
    return f"{text}（{file}）"


def explanation_of(rule: str, text: str) -> str:
    """The same beside its row, where it must say what it is about."""
    return f"【{rule}】{text}"


_OLD_REPLY: Final = ("原为“", "”，说明或答案已变")


def old_reply(reply: str) -> str:
    """Stands under 采纳说明 when what the clerk replied to is not there any more."""
    return reply.join(_OLD_REPLY)


def is_old_reply(written: str) -> bool:
    return written.endswith(_OLD_REPLY[1])


# --- the whole campaign in one file
PACK_LIST: Final = "清单.txt"
LEFT_OUT_HELD: Final = "暂扣的文件（涉密标志）"
LEFT_OUT_LINK: Final = "链接"
LEFT_OUT_PART: Final = "没有写完的文件"


def pack_head(campaign: str, files: int, size: int) -> str:
    return (
        f"任务 {campaign}，共 {files} 个文件，{size} 字节；"
        "每行是 sha256 和文件名，可用 sha256sum -c 核对"
    )


# --- the letter that goes with a marked workbook
LETTER_FONT: Final = "仿宋"


def contact_line(contact: str, phone: str) -> str:
    return "，".join(
        part for part in (f"联系人：{contact}" if contact else "", f"电话：{phone}") if part
    )


def whole_answer(status: str, text: str, number: float | None, measure: str) -> str:
    """An answer as one text."""
    refusal = f"（{status}）" if status in (NOTHING, NOT_OURS) else ""
    shown = texts.figure(number, measure)
    figure = f"{QUANTITY}：{shown}" if shown else ""
    return "\n".join(part for part in (f"{refusal}{text}", figure) if part)


BY_MAIL: Final = Channel.MAIL


def month_day(when: date) -> str:
    return f"{when.month}月{when.day}日"


KIND_ALIASES: Final = {
    "issue": ISSUE,
    "remind": REMIND,
    "return": SENT_BACK,
    "receipt": RECEIPT,
    "amend": AMEND,
}
