"""What people read where the answers are typed into the province's platform."""

from typing import Final

ENTRY_SHEET: Final = "录入清单"
ENTRY_TEXT: Final = "文本"
ENTERED: Final = "已录入"
ENTERED_AT: Final = "录入时间"
EXPLANATION: Final = "说明"
ENTRY_DIGEST: Final = "内容指纹"
"""Which text, number and evidence a row of 录入清单 showed."""
ENTERED_DIGEST: Final = "录入指纹"
"""Which of them the clerk's 已录入 is about, and which 已录入: two digests."""
CHANGED_SINCE: Final = "录入后有变化"
HIGHER_THAN_ROW: Final = "行高不够，全文点编码"
ENTRY_PROMPTS: Final = {
    ENTERED: "在平台里录入并保存后填“是”。",
    ENTERED_AT: "如 2019-10-28 9:30。提醒栏写“录入后有变化”的，重新录入后改写这个时间即解除。",
}


def version(number: int, file: str) -> str:
    return f"第 {number} 份：{file}"


_CUT: Final = "〔本格放不下，全文见 "


def goes_on(file: str) -> str:
    """Said at the end of a cell that holds only the beginning of a text."""
    return f"{_CUT}{file}〕"


def is_cut(said: str) -> bool:
    """Whether such a mark ends a text."""
    return said.endswith("〕") and f"\n{_CUT}" in said


def part(names: str) -> str:
    """The folder of what only some units have to answer."""
    return f"部分_{names}"


def undelivered(name: str) -> str:
    """A piece of evidence that is listed and did not come."""
    return f"{name}（没有收到文件）"


def indicator_head(number: int, text: str) -> str:
    return f"第 {number} 项　{text}"


def entry_head(key: str, state: str, count: int, limit: int) -> str:
    return f"{key}　{state}" + (f"　{count} 字（上限 {limit}）" if count else "")
