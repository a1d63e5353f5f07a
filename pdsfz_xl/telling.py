"""What people are told of a round: looks in, sentences out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from pdsfz_xl import generate, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Bounced
from pdsfz_xl.look import Look
from pdsfz_xl.model import Batch, Master, Received
from pdsfz_xl.workspace import Workspace, digest_of

SHOWN_CHARACTERS = 10
"""Characters without a glyph that are named one by one."""


def arrived(look: Look) -> Iterator[str]:
    """One line for every file nobody had seen before."""
    fresh = set(look.intake.fresh)
    for file in look.batch.received:
        if file.path in fresh:
            why = "：".join(part for part in (_name(look.batch, file.unit), _why(file)) if part)
            yield f"{w.VERDICTS[file.verdict]}：{texts.visible(file.path)}（{why}）"


def _name(batch: Batch, code: str) -> str:
    unit = batch.master.unit.get(code)
    return unit.name if unit else ""


def files(batch: Batch) -> Iterator[str]:
    """One line for every file that was not simply taken."""
    for file in batch.received:
        if file.verdict not in ("accepted", "ignored"):
            yield f"  {w.VERDICTS[file.verdict]}：{texts.visible(file.path)}（{_why(file)}）"


def _why(file: Received) -> str:
    title = rules.RULES[file.rule].title if file.rule else ""
    return "：".join(part for part in (title, texts.visible(file.message)) if part)


def summary(look: Look) -> Iterator[str]:
    batch = look.batch
    states = Counter(standing.status for standing in batch.standings)
    asked = len(batch.standings) - states["nothing_due"]
    answered = sum(a.answered for a in batch.answers)
    over = sum(f.rule == "L01" for f in look.findings)
    yield _days(batch.master.settings.deadline, batch.now.date())
    yield (
        f"单位：应报 {asked} 家，已报齐 {states['complete']}，未报齐 {states['partial']}，"
        f"{w.KEYING} {states['received']}，未报 {states['missing']}；"
        f"无需报送 {states['nothing_due']} 家"
    )
    yield (
        f"事项：应报 {len(batch.answers)} 项，已报 {answered}，"
        f"未报 {len(batch.answers) - answered}，超字数 {over}"
    )
    grades = Counter(f.grade for f in look.findings if not f.waived)
    yield "问题：" + "，".join(f"{title} {grades[g]}" for g, title in w.GRADES.items())
    missing = [batch.master.unit[s.unit].name for s in batch.standings if s.status == "missing"]
    if missing:
        yield f"未报单位：{'、'.join(missing)}"


def _days(deadline: date | None, today: date) -> str:
    if deadline is None:
        return "截止日期：没有设置"
    return f"截止日期：{deadline}（{w.days_left((deadline - today).days)}）"


def next_step(ws: Workspace, look: Look, *, collected: bool = False) -> str:
    """The one thing to do now, as the command to type where there is one."""
    batch = look.batch
    if any(f.rule.startswith("M") and f.grade == "A" for f in look.findings):
        return "任务分解表有错误，请运行 pdsfz-xl lint"
    if not any(ws.forms.glob("*.xlsx")):
        return "pdsfz-xl generate"
    if not batch.received:
        return "把收回的填报表放进 out/2-收件，再运行 pdsfz-xl collect"
    if not collected and (look.intake.fresh or not ws.merged.exists()):
        return "pdsfz-xl collect"
    if not ws.pdf.exists() or (digest_of(ws.merged) if ws.merged.exists() else "") != look.printed:
        return "打开 out/3-汇总/汇总表.xlsx 审核，再运行 pdsfz-xl print"
    waiting = [s for s in batch.standings if s.status in ("missing", "partial")]
    if waiting:
        return (
            f"催报 {len(waiting)} 家未报齐的单位（pdsfz-xl mail plan 催报）；"
            "新收到的放进 out/2-收件，运行 pdsfz-xl collect"
        )
    return "打开 out/5-打印/汇总表.pdf 呈送领导"


def standing(plan: Master, bounces: Iterable[Bounced]) -> list[Bounced]:
    """The bounces of addresses that still stand in the master."""
    emails = {code: {a.lower() for a in unit.emails} for code, unit in plan.unit.items()}
    return [b for b in bounces if b.address in emails.get(b.unit, ())]


def bounces(plan: Master, found: Iterable[Bounced]) -> Iterator[str]:
    """One line for every unit our mails do not reach, until its address is another one."""
    for bounced in standing(plan, found):
        yield w.still_bounced(plan.unit[bounced.unit].name, bounced.address, bounced.reason)


def figures(plan: Master) -> str:
    return (
        f"{len(plan.indicators)} 个三级指标，{len(plan.requirements)} 个填报项，"
        f"{len(plan.units)} 个单位，{len(plan.assignments)} 项单位填报事项"
    )


def refilled(previous: generate.Previous, lost: int) -> Iterator[str]:
    if answers := sum(map(len, previous.values())):
        yield (
            f"其中 {len(previous)} 份带有上次填报的内容共 {answers} 项，标为“{w.PREVIOUS}”；"
            "单位选过填报情况或改过文字才算已报。"
        )
    if lost:
        yield f"上次填报的内容有 {lost} 项对不上现在的任务分解表（或太长、重复），没有带入。"


def unprintable(missing: Iterable[Any]) -> Iterator[str]:
    """Which characters no font has, and where the first few of them stand."""
    places: dict[str, list[str]] = {}
    for m in missing:
        place = f"{m.unit}第{m.requirement}项" if m.requirement else "通知原文"
        places.setdefault(f"“{m.character}”（{m.code}）", []).append(place)
    for i, (said, where) in enumerate(places.items()):
        if i == SHOWN_CHARACTERS:
            yield f"……另有 {len(places) - i} 个字体里没有的字，纸上都以代号显示。"
            return
        more = f"等 {len(where)} 处" if len(where) > 3 else ""
        yield f"字体里没有{said}，纸上以代号显示：{'、'.join(where[:3])}{more}。"
