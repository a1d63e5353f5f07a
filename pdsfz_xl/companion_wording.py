"""The words of the papers that go with the merged sheet.

Those of 通报 are neutral, as one office speaks of another before its leaders.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from pdsfz_xl import wording as w

TITLE_FONT = "方正小标宋简体"
"""Of titles, by GB/T 9704; where it is not installed, Word takes another one."""

COLUMNS = (w.NUMBER, w.UNIT, "已报/应报", "报送情况", "必须改的问题")
ON_TIME = "按时报齐"
TO_ALL = "各责任单位："
COMPLETE = "各责任单位均已报齐。"
NO_PROBLEMS = "已报送的材料中没有必须改的问题。"
BULLETIN = "通报"
CALLS_TITLE = "催报单"
CALL_COLUMNS = (
    w.NUMBER, w.UNIT, "联系人", "电话", "未报事项", "截止日期", "通话时间", "接话人", "通话结果",
)  # fmt: skip
NOT_CALLED = "下列单位不催报："


def title(campaign: str) -> tuple[str, str]:
    """In two parts: where it is too long for a line it is broken between them."""
    return f"关于{campaign}", "报送情况的通报"


def going_on(said: str) -> str:
    """Above every page but the first."""
    return f"{said}（续）"


def opening(
    number: str, deadline: date | None, now: datetime, units: int, duties: int, answered: int
) -> str:
    by = f"按照{number}文件要求，" if number else ""
    until = f"各责任单位应于{w.day(deadline)}前报送材料。" if deadline else ""
    return (
        f"{by}{until}截至{w.day(now)}{now.hour}时{now.minute:02d}分，应报送单位 {units} 个、"
        f"填报事项 {duties} 项，已报 {answered} 项，未报 {duties - answered} 项。"
    )


def counts(standings: Sequence[tuple[str, int]]) -> str:
    """How many units stand how; the word and the number of each."""
    return f"其中，{'，'.join(f'{word} {units} 个' for word, units in standings)}。"


NOW_TOLD = "现将有关情况通报如下："


def extended(until: date) -> str:
    return f"延期至{w.month_day(until)}"


def overdue(days: int) -> str:
    return f"逾期 {days} 天"


def late(days: int) -> str:
    return f"迟报 {days} 天"


def came(when: date) -> str:
    return f"{w.month_day(when)}来件"


def problems(by_title: Mapping[str, int]) -> str:
    """Findings of class A by the titles of their rules."""
    said = "、".join(f"{title} {number} 个" for title, number in by_title.items())
    return f"必须改的问题共 {sum(by_title.values())} 个：{said}。"


def nothing_due(units: Sequence[str]) -> str:
    return f"{w.NOTHING_DUE}的单位：{'、'.join(units)}。"


def request(contact: str, phone: str) -> str:
    ask = w.contact_line(contact, phone)
    end = f"（{ask}）" if ask else ""
    return f"请未报送、未报齐的单位尽快报送，有必须改的问题的单位按退回意见修改后重新报送{end}。"


# --- 催报单


def calls_title(campaign: str) -> str:
    return f"{campaign}{CALLS_TITLE}"


def calls_count(units: int, duties: int, day: date) -> str:
    if not units:
        return f"截至{w.day(day)}，没有需要催报的单位。"
    return f"截至{w.day(day)}，需要催报的单位 {units} 个，未报事项 {duties} 项。"


def all_missing(duties: int) -> str:
    return f"全部 {duties} 项"


def some_missing(names: Sequence[str], assigned: int) -> str:
    return f"应报 {assigned} 项，缺 {len(names)} 项：第 {'、'.join(names)} 项"


def left(days: int) -> str:
    """From today to a deadline."""
    return overdue(-days) if days < 0 else "今天截止" if days == 0 else f"还有 {days} 天"


def not_called(why: str, units: Sequence[str]) -> str:
    return f"{why}：{'、'.join(units)}"


def item(name: str) -> str:
    """Before what a requirement asks for."""
    return f"第 {name} 项 "


# --- 单位材料, which a unit signs

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
