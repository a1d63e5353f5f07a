"""What people read of the merged workbook that speaks for the clerk, and of its copies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pdsfz_xl.states import MergedState

LET_GO: Final = "none"
"""What stands for no file at all after --review."""
HOW: Final = "pdsfz-xl collect --review"
NEXT: Final = "把汇总表放回原处；找不到的"
"""The next step where it is not in its place."""


def candidate(path: str, lacks: int | None) -> str:
    """A workbook that may be the one; it `lacks` so many of the words we wrote last, if known."""
    if lacks is None:
        return path
    known = f"少 {lacks} 处" if lacks else "一处不少"
    return f"{path}（到最后一次汇总为止经办人写的，它{known}）"


def trouble(
    state: MergedState,
    path: str,
    written: datetime | None,
    other: str,
    beside: Sequence[str],
    archived: str,
) -> str:
    """One sentence: what is wrong with the merged workbook, where it may be, and the ways on.

    `written` says when we wrote it last, `other` is the campaign of the one that lies there,
    `beside` and `archived` are candidates.
    """
    last = f"{written:%Y-%m-%d %H:%M} " if written else "以前"
    what = {
        MergedState.GONE: f"不见了（{last}写出过）",
        MergedState.OLDER: f"不是最后写出的那一份（{last}写的），经办人后来写的可能不在里面",
        MergedState.STRANGE: "里面的记号这个任务的台账不认识（台账丢了，或它来自别的文件夹）",
        MergedState.FOREIGN: f"是另一个填报任务（{other}）的",
    }[state]
    found = [
        *([f"可能是改了名的 {'、'.join(beside)}"] if beside else []),
        *([f"存档里最近的一份是 {archived}"] if archived else []),
    ]
    named = f"；{'；'.join(found)}" if found else ""
    own = f"（就是它的，写 {path}）" if state in (MergedState.OLDER, MergedState.STRANGE) else ""
    return (
        f"{path} {what}，没有改动任何文件{named}；请把原来的那一份放回原处、改回原名；"
        f"或运行 {HOW} 文件{own}，按那一份里经办人写的接着做；"
        f"都不要了的，运行 {HOW} {LET_GO}。"
    )


def taken_in(name: str, taken: int, cleared: int, apart: int) -> str:
    """What `--review FILE` brought."""
    changes = [f"并入 {taken} 处"] if taken else []
    changes += [f"照它清空 {cleared} 处"] if cleared else []
    changes += [f"{apart} 处与汇总表都改过，以汇总表为准，它写的列在旁边（V06）"] if apart else []
    return f"{name}：{'，'.join(changes) or '经办人没有新写的，没有并入'}。"


def taken_whole(name: str, words: int) -> str:
    return f"{name}：原来的汇总表不用了，经办人写的按这一份，共 {words} 处。"


def known(name: str) -> str:
    return f"{name}：已经并入过，没有再并（一份只并一次）。"


def let_go(words: int | None, kept: str) -> str:
    """What `--review none` lets go; `kept` is where most of it still stands."""
    number = "" if words is None else f" {words} 处"
    where = f"，{kept} 里还有" if kept else "，没有找到留底"
    return f"已放弃原来的汇总表：经办人写过的{number}不再采用{where}。"
