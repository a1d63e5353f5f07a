"""What paper says in its own words, the same in the PDF, the printed workbook and the document."""

from collections.abc import Iterable
from datetime import date

from pdsfz_xl import wording as w

SUMMARY = "汇总表"
RAW = "单位原文"
PRINT_BOOK = "（打印版）"
FINAL = "定稿"
WHOLE = "各单位内容尚未综合成一份，现将全文列后。"
SEVERAL = {
    w.PENDING_TEXT: WHOLE,
    w.PENDING_CHOICE: "有单位的几个版本尚未选定，现将各单位的全文列后。",
}
"""Why several texts stand where there should be one."""
PAGE_OF = ("第 ", " 页，共 ", " 页")
NO_UNITS = "没有责任单位"
ONLY_FILLED = "该单位只填了"


def title(campaign: str) -> str:
    return f"{campaign}{SUMMARY}"


def band(level1: str, level2: str) -> str:
    return "　＞　".join(level for level in (level1, level2) if level)


def also(numbers: tuple[int, ...]) -> str:
    return f"对应指标 {w.number_label(numbers)}"


def undecided(versions: int) -> str:
    return f"收到 {versions} 个不同的版本，尚未选定；现将各版本全文列后，最后一版暂用。"


def version_head(number: int) -> str:
    return f"第 {number} 版" if number else ONLY_FILLED


def version_facts(file: str, saved: str, choice: str, figure: str, count: int) -> str:
    facts = (
        file,
        f"保存于 {saved}" if saved else "",
        f"{w.STATUS}：{choice}" if choice else "",
        f"{w.QUANTITY}：{figure}" if figure else "",
        f"{count} 字" if count else "",
    )
    return "，".join(fact for fact in facts if fact)


def printed_on(day: date) -> str:
    return f"打印日期：{w.day(day)}"


def some_units(number: int) -> str:
    return f"{number}个单位"


# --- what the printed workbook and the document say where the PDF draws

STANDS = "总体情况"
ABSENT = "尚未报送"
PROBLEMS = "审核发现的问题"
ASIDES = "另行答复"
UNITS = "各单位报送情况"
DUE_UNITS = "应报单位"
DUE_ITEMS = "应报事项"
ANSWERED_ITEMS = "已报"
ALL_IN = "各单位均已报齐。"


def absent(names: tuple[str, ...]) -> str:
    return listed(w.UNANSWERED, names)


def over(characters: int) -> str:
    return f"超{characters}"


def listed(head: str, names: Iterable[str]) -> str:
    return f"{head}：{'、'.join(names)}"


def missing_units(number: int) -> str:
    return f"{w.UNANSWERED}（{number} 个单位）"


def lacks(unit: str, labels: tuple[str, ...]) -> str:
    return f"{unit}：缺第 {'、'.join(labels)} 项"


def item(unit: str, label: str) -> str:
    return f"{unit}第 {label} 项"


def until(deadline: str, day: str) -> str:
    return f"{f'报送截止日期：{deadline}。' if deadline else ''}截至{day}："


def figures(head: str, number: int, parts: Iterable[tuple[str, int]]) -> str:
    return f"{head} {number}：" + "，".join(f"{word} {n}" for word, n in parts)


def grade(letter: str, word: str, left: int, waived: int) -> str:
    return f"{letter} {word}：待处理 {left}，同意不改 {waived}"


def unit_line(name: str, assigned: int, answered: int, over: int, word: str, *, late: bool) -> str:
    """How one unit stands, in a line."""
    if not assigned:
        return f"{name}：{word}"
    facts = [f"应报 {assigned}，已报 {answered}"]
    facts += [f"未报 {assigned - answered}"] if answered < assigned else []
    facts += [f"超字数 {over}"] if over else []
    facts += [w.LATE] if late else []
    return f"{name}：{word}（{'，'.join(facts)}）"


# --- prints that go up, and what changed since one of them
WORKING = "工作稿"
ADDED = "增项"
REMOVED = "删项"
NEWLY_SAID = "新报"
TAKEN_BACK = "撤回"
REWORDED = "文字"
REWRITTEN = "重写"
NOT_FINAL = "取消定稿"
MARK = "标记"
THIS = "本稿"


def draft(number: int) -> str:
    return f"第{number}稿"


def draft_of(number: int, day: date) -> str:
    return f"{draft(number)}（{w.day(day)}）"


def changed(places: int, kinds: dict[str, int]) -> str:
    """How many rows changed, and in what."""
    return f"共 {places} 处变动（{'，'.join(f'{kind} {n}' for kind, n in kinds.items())}）。"


def came(file: str, *, evidence: bool) -> str:
    return f"{w.EVIDENCE_SHEET if evidence else w.FILE}：{file}"
