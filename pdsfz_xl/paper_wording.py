"""What paper says in its own words, the same in the PDF, the printed workbook and the document."""

from datetime import date

from pdsfz_xl import wording as w

SUMMARY = "汇总表"
RAW = "单位原文"
FINAL = "定稿"
REVISED = "修改稿"
WHOLE = "各单位内容尚未综合成一份，现将全文列后。"
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


# --- what a unit signs

UNIT_PAPERS = "单位材料"


def unit_title(campaign: str) -> str:
    return f"{campaign}填报材料"


def unit_file(code: str, unit: str) -> str:
    """The name of a unit's paper, before it is made safe."""
    return f"{code}_{unit}_{UNIT_PAPERS}"


def keyed(source: str) -> str:
    """Said of words the office typed in for the unit."""
    return f"由办公室代录，来源：{source}" if source else "由办公室代录"


# --- 佐证材料目录

EVIDENCE_LIST = "佐证材料目录"
NO_FILE = "未附文件"
HELD = "文件暂扣，未归档"
NOT_LISTED = "未登记"


def evidence_title(campaign: str) -> str:
    return f"{campaign}{EVIDENCE_LIST}"


def evidence_summary(listed: int, delivered: int, held: int, unlisted: int) -> str:
    """`unlisted` are files that are there all the same."""
    said = [f"各单位共登记佐证材料 {listed} 项", f"附文件 {delivered} 项"]
    said.append(f"{NO_FILE} {listed - delivered - held} 项")
    said += [f"暂扣 {held} 项"] if held else []
    said += [f"另收到没有登记的文件 {unlisted} 个"] if unlisted else []
    return f"{'，'.join(said)}。"


def pieces_asked(pieces: int) -> str:
    return f"要求不少于 {pieces} 件"
