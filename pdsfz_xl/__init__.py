"""pdsfz-xl: one locked workbook per bureau, read back, merged, checked, laid on paper."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def frame(folder: str | Path = ".") -> "DataFrame":
    """The merged table of the campaign in `folder` as it stands now, for notebooks and scripts.

    One row for each requirement of each unit, in the master's order, also where nothing came. The
    drop zone and what the clerk wrote are read as every command reads them; nothing is written.
    The columns:

    - string: 编号 编码 一级指标 二级指标 三级指标 填报材料 单位代码 单位 分工 填报情况 情况说明
      计量单位 修改稿 状态 来源文件 来源工作表 来源单元格
    - Int64: 序号 字数 字数上限 超出字数
    - Float64: 数量
    - boolean: 已报 迟报 代录 待定
    - datetime64[s]: 收到时间

    Raises OperatorError where `folder` holds no campaign, or one that cannot be read.
    """
    from pdsfz_xl import frames, intake, ledger
    from pdsfz_xl.console import Wish
    from pdsfz_xl.errors import OperatorError
    from pdsfz_xl.look import take_look

    wish = Wish(Path(folder))  # whose clock is that of every command
    ws = wish.workspace
    if not ws.master.exists():
        raise OperatorError(f"{ws.root} 里没有 master/任务分解表.xlsx；请写填报任务所在的文件夹。")
    with ledger.opened(ws.ledger, readonly=True) as book:
        return frames.merged(take_look(ws, wish.now, intake.quiet, book).batch)
