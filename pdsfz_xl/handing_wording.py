"""What people read of forms handed out, calls made and reminders in a chat."""

from datetime import date
from typing import Final

from pdsfz_xl import wording as w
from pdsfz_xl.states import NotGiven

NOT_GIVEN: Final = {
    NotGiven.GOES_BY_MAIL: "报送方式是邮件",
    NotGiven.ALREADY_ISSUED: "已经下发",
    NotGiven.ALREADY_GIVEN: "已经转交",
    NotGiven.NEVER_ISSUED: "还没有下发过",
    NotGiven.NOT_CHANGED: "下发后没有变化",
    NotGiven.CHANGED_FORM: "下发后填报表有变化，请用“更正”，不用“下发”",
    NotGiven.NO_FORM: "没有填报表，请先运行 pdsfz-xl generate",
    NotGiven.NOTHING_DUE: w.NOTHING_DUE,
    NotGiven.NOTHING_BACK: "没有退回修改的表",
}
FORM_TOUCHED: Final = "out/1-下发 里的填报表与生成时不一样，请先运行 pdsfz-xl generate"
FORM_STALE: Final = "任务分解表在生成填报表以后改过，请先运行 pdsfz-xl generate"
OLD_FORM_GONE: Final = "以前的表找不到了，看不出差别"


def parcel_folder(code: str, unit: str) -> str:
    return f"{code}_{unit}"


def parcel_file(code: str, unit: str, kind: str, campaign: str) -> str:
    """The name of an archive for one unit, before it is made safe."""
    return f"{code}_{unit}_{kind}_{campaign}"


def cover_file(code: str, unit: str, kind: str) -> str:
    return f"{code}_{unit}_{kind}说明"


def contact_made(kind: str, when: date, via: str, who: str, note: str) -> str:
    """One line of the register: 催报 10月24日 电话 张三：说周五报."""
    said = " ".join(part for part in (kind, w.month_day(when), via, who) if part)
    return f"{said}：{note}" if note else said


# --- 催报电话单.xlsx
CALLS_SHEET: Final = "催报电话单"
RESTING_SHEET: Final = "暂不催报"
OWED: Final = "未报事项"
TIME_LEFT: Final = "期限"
CONTACTS_MADE: Final = "联系记录"
CALLED_AT: Final = "催报时间"
CALLED_BY: Final = "催报人"
RESULT: Final = "结果"


def calls_title(campaign: str) -> str:
    return f"{campaign}{CALLS_SHEET}"


def calls_head(units: int, deadline: str, now: str) -> str:
    until = f"报送截止日期 {deadline}；" if deadline else ""
    return (
        f"{until}截至 {now}，{units} 家没有报齐。"
        "打过电话请填右边三栏；再次运行 handout 催报 时自动登记到“联系记录”。"
    )


def owed_item(name: str, said: str) -> str:
    """One missing item on a line: 6（2）持证上岗情况说明."""
    return f"{name} {said}" if name[-1].isdigit() else f"{name}{said}"


def only_numbers(names: list[str]) -> str:
    return f"共 {len(names)} 项：{'、'.join(names)}"


def beside_call(caption: str, said: str) -> str:
    """What the clerk wrote in a column or comment of their own."""
    return f"{caption}：{said}"


def unmatched_row(row: int, said: str) -> str:
    return f"第 {row} 行：{said}"


# --- the text for a group chat


def group_head(campaign: str, deadline: str, left: str) -> str:
    until = f"报送截止日期是{deadline}（{left}）。" if deadline else ""
    return f"【{campaign}】{until}"


def group_list(now: str) -> str:
    return f"截至{now}，还没有收到下列材料："


def group_line(unit: str, what: str, deadline: str) -> str:
    return f"{unit}：{what}{f'（延期至{deadline}）' if deadline else ''}"


def whole_form(names: list[str]) -> str:
    """A unit that has handed in nothing at all."""
    few = f"：第 {'、'.join(names)} 项" if len(names) <= 6 else ""
    return f"填报表（共 {len(names)} 项{few}）"


def some_items(names: list[str]) -> str:
    return f"第 {'、'.join(names)} 项"


def group_end(email: str, contact: str, phone: str) -> str:
    to = f"请尽快报送至 {email}" if email else "请尽快报送"
    who = f"{contact}（{phone}）" if contact and phone else contact or phone or "我们"
    return f"{to}；已经报出的，请与{who}核对。"
