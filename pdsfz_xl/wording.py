"""The words people read inside our workbooks: captions, choices, short sentences."""

from typing import Final

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
UNIT: Final = "单位"
FILE_NAME: Final = "文件名"
KIND: Final = "类型"
DATE: Final = "日期"
PIECES: Final = "件数"
NOTE: Final = "备注"

# --- 填报情况
ANSWERED: Final = "已填报"
NOTHING: Final = "无此情况"
NOT_OURS: Final = "非本单位职责"
UNANSWERED: Final = "未报"
CHOICES: Final = (ANSWERED, NOTHING, NOT_OURS)

# --- 填报类型
STATEMENT: Final = "情况说明"
FIGURES: Final = "数据"
CASE: Final = "案例"
DOCUMENT: Final = "文件"
REPORT: Final = "信息报道"
DOSSIER: Final = "案卷"
NOT_ASKED: Final = "不需填报"
KINDS: Final = (STATEMENT, FIGURES, CASE, DOCUMENT, REPORT, DOSSIER, NOT_ASKED)

LEAD: Final = "牵头"
SUPPORT: Final = "配合"
CHANNELS: Final = ("邮件", "微信/QQ", "内网", "U盘", "纸质")
NOTICE_KINDS: Final = ("下发", "催报", "退回修改", "回执", "更正")

# --- what stands in place of a text
PENDING_TEXT: Final = "待综合"
PENDING_CHOICE: Final = "待定"
REVIEW_AGAIN: Final = "待复审"
NOTHING_DUE: Final = "无需报送"
KEYING: Final = "已来件待代录"

GRADES: Final = {"A": "必须改", "B": "须说明", "C": "请核实", "D": "提示"}

STANDING: Final = {
    "complete": "已报齐",
    "partial": "未报齐",
    "missing": UNANSWERED,
    "received": KEYING,
    "nothing_due": NOTHING_DUE,
}

VERDICTS: Final = {
    "accepted": "已采用",
    "duplicate": "重复文件",
    "opened": "已拆开",
    "evidence": "佐证材料",
    "held": "暂扣（涉密标志）",
    "ignored": "已忽略",
    "rejected": "未采用",
}

REVIEW_VERDICTS: Final = ("通过", "退回修改", "同意不改")

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
