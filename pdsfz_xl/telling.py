"""What people are told of a round: looks in, sentences out."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pdsfz_xl import explaining, generate, outcome, rules
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.incoming import Bounced
from pdsfz_xl.ledger import Handed
from pdsfz_xl.look import Look
from pdsfz_xl.model import Batch, Master, Received
from pdsfz_xl.states import Flag, Grade, MailState, Reason, UnitStatus, Verdict
from pdsfz_xl.typeset import Missing
from pdsfz_xl.workspace import Workspace

KINDS = {".xlsx": "打印版工作簿（已分好页）", ".docx": "可改的 Word 文档"}
"""The copies of a print, by suffix."""
HOW_TO_AMEND = "pdsfz-xl mail plan 更正，没有邮箱的用 pdsfz-xl handout 更正"
SHOWN_OPEN = 6
"""Places of each kind that are named before a print goes up: all of it fits on a screen."""
SHOWN_CHARACTERS = 10
"""Characters without a glyph that are named one by one."""


_CLERKS_OWN = (Reason.CLUTTER, Reason.VOID)


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
    """One line for every file that was not simply taken, unless it is the clerk's own doing."""
    for file in batch.received:
        if file.verdict != Verdict.ACCEPTED and file.reason not in _CLERKS_OWN:
            yield f"  {w.VERDICTS[file.verdict]}：{texts.visible(file.path)}（{_why(file)}）"


def misplaced(ws: Workspace) -> Iterator[str]:
    """One line for every folder that is not the drop zone, though its name nearly says so."""
    for folder, number in ws.misplaced().items():
        yield (
            f"{texts.visible(ws.relative(folder))} 里有 {number} 个文件没有读：收件夹是"
            f" {ws.relative(ws.dropzone)}，请把它们移到那里，再运行 pdsfz-xl collect。"
        )


def papers(batch: Batch) -> Iterator[str]:
    """One line for every document of ours that came back."""
    for file in batch.received:
        if file.verdict == Verdict.IGNORED and Flag.PAPER_COPY in file.flags:
            yield f"  {texts.visible(file.path)}：{file.message}。"


def _why(file: Received) -> str:
    title = rules.RULES[file.rule].title if file.rule else ""
    return "：".join(part for part in (title, texts.visible(file.message)) if part)


def summary(look: Look) -> Iterator[str]:
    batch = look.batch
    states: Counter[str] = Counter(standing.status for standing in batch.standings)
    asked = len(batch.standings) - states["nothing_due"]
    figures = outcome.tally(batch)
    yield _days(batch.master.settings.deadline, batch.now.date())
    yield (
        f"单位：应报 {asked} 家，已报齐 {states['complete']}，未报齐 {states['partial']}，"
        f"{w.KEYING} {states['received']}，未报 {states['missing']}；"
        f"无需报送 {states['nothing_due']} 家"
    )
    yield (
        f"事项：应报 {figures.assigned} 项，已报 {figures.answered}，"
        f"未报 {figures.unanswered}，超字数 {figures.over}"
    )
    problems = rules.total(rules.tally(look.findings))
    yield "问题：" + "，".join(f"{title} {problems[g]}" for g, title in w.GRADES.items())
    if waits := explaining.waiting(look.findings).total():
        yield (
            f"{w.WAITS}：{waits} 个问题，请在汇总表“{w.FINDINGS_SHEET}”的“{w.REPLY}”栏"
            "选“是”或“退回”"
        )
    missing = [
        batch.master.unit[s.unit].name for s in batch.standings if s.status == UnitStatus.MISSING
    ]
    if missing:
        yield f"未报单位：{'、'.join(missing)}"


def unsettled(look: Look) -> Iterator[str]:
    """What is still open and would go up with a print: a screenful at most."""
    batch, left = look.batch, outcome.outstanding(look.batch)
    for state in (outcome.State.UNDECIDED, outcome.State.UNMERGED):
        places = [_item(batch, key) + _whose(batch, key, state) for key in left.get(state, ())]
        yield from _counted(f"{state} {len(places)} 项", places)
    errors = [
        f"{f'{f.unit}{_item(batch, f.requirement)}' or f.where.file}"
        f"：{rules.RULES[f.rule].title}（{f.rule}）"
        for f in look.findings
        if f.grade == Grade.ERROR and not f.waived
    ]
    yield from _counted(f"{w.GRADES[Grade.ERROR]} {len(errors)} 个", errors)


def _counted(head: str, places: Sequence[str]) -> Iterator[str]:
    if places:
        yield f"{head}："
        yield from (f"  {texts.visible(place)}" for place in places[:SHOWN_OPEN])
    if len(places) > SHOWN_OPEN:
        yield f"  ……另有 {len(places) - SHOWN_OPEN} 处，见汇总表。"


def _item(batch: Batch, key: str) -> str:
    requirement = batch.master.requirement.get(key)
    return w.item(requirement.numbers, key) if requirement else ""


def _whose(batch: Batch, key: str, state: outcome.State) -> str:
    """The units whose texts are open; where they are not one text yet, all that said something."""
    mine = [batch.answer[duty.unit, key] for duty in batch.master.requirement[key].duties]
    units = [
        batch.master.unit[answer.unit].name
        for answer in mine
        if (answer.open_conflict if state is outcome.State.UNDECIDED else answer.answered)
    ]
    return f"：{'、'.join(units)}" if units else ""


def mails(states: Mapping[MailState, int]) -> Iterator[str]:
    """How many mails are how far, where there are any."""
    if states:
        said = "，".join(
            f"{word} {states[s]}" for s, word in mw.MAIL_STATES.items() if states.get(s)
        )
        yield f"邮件：{said}（详见 pdsfz-xl mail show）"


def _days(deadline: date | None, today: date) -> str:
    if deadline is None:
        return "截止日期：没有设置"
    return f"截止日期：{deadline}（{w.days_left((deadline - today).days)}）"


def handed(plan: Master, given: Sequence[Handed], old: Container[str]) -> Iterator[str]:
    """The register of hand-overs and calls in a line, and who has a form that changed since."""
    numbers = Counter(one.kind for one in {(g.unit, g.kind): g for g in given}.values())
    said = "，".join(f"{kind} {numbers[kind]} 家" for kind in w.NOTICE_KINDS if numbers[kind])
    if said:
        last = given[-1]
        yield f"转交登记：{said}；最近一次 {w.month_day(last.day)}（pdsfz-xl handout 看全部）"
    yield from outdated(plan, old)


def outdated(plan: Master, old: Container[str]) -> Iterator[str]:
    """Who has a form that asks something else than the present one, by code."""
    names = [unit.name for unit in plan.units if unit.code in old]
    if names:
        yield f"下发后填报表有变化、还没有发“更正”（{HOW_TO_AMEND}）：{'、'.join(names)}"


def handed_document(plan: Master, one: Handed) -> dict[str, Any]:
    """A line of the register for machines."""
    unit = plan.unit.get(one.unit)
    document = {"name": unit.name if unit else "", **one._asdict(), "day": one.day.isoformat()}
    return {key: value or None for key, value in document.items()}


def standing(plan: Master, bounces: Iterable[Bounced]) -> list[Bounced]:
    """The bounces of addresses that still stand in the master."""
    emails = {code: {a.lower() for a in unit.emails} for code, unit in plan.unit.items()}
    return [b for b in bounces if b.address in emails.get(b.unit, ())]


def bounces(plan: Master, found: Iterable[Bounced]) -> Iterator[str]:
    """One line for every unit our mails do not reach, until its address is another one."""
    for bounced in standing(plan, found):
        yield mw.still_bounced(plan.unit[bounced.unit].name, bounced.address, bounced.reason)


def figures(plan: Master) -> str:
    return (
        f"{len(plan.indicators)} 个三级指标，{len(plan.requirements)} 个填报项，"
        f"{len(plan.units)} 个单位，{len(plan.assignments)} 项单位填报事项"
    )


def reissued(plan: Master, again: Mapping[str, str]) -> Iterator[str]:
    """Which units' forms are not as they have them, and why, by code; one reason together."""
    units: dict[str, list[str]] = defaultdict(list)
    for code, why in again.items():
        units[why].append(plan.unit[code].name)
    for why, names in units.items():
        whose = f"{'、'.join(names)}的填报表"
        if why:
            yield f"{whose}已经下发过，现在有变化（{why}）：旧表存入 out/存档，请发“更正”。"
        else:
            yield f"{whose}重新生成了，要填的内容与已下发的一样：旧表存入 out/存档，不必更正。"


def refilled(previous: generate.Previous, lost: int) -> Iterator[str]:
    if answers := sum(map(len, previous.values())):
        yield (
            f"其中 {len(previous)} 份带有上次填报的内容共 {answers} 项，标为“{w.PREVIOUS}”；"
            "单位选过填报情况或改过文字才算已报。"
        )
    if lost:
        yield f"上次填报的内容有 {lost} 项对不上现在的任务分解表（或太长、重复），没有带入。"


def copies(
    ws: Workspace, files: Iterable[Path], in_use: Iterable[Path], edited: Iterable[Path]
) -> Iterator[str]:
    """What stands beside a printed PDF, and what does not."""
    for path in files:
        yield f"另有{KINDS[path.suffix]}：{ws.relative(path)}"
    for path in in_use:
        yield (
            f"{ws.relative(path)} 正打开着，没有更新，里面还是以前的内容；"
            "请关闭后再运行一次 pdsfz-xl print。"
        )
    for path in edited:
        yield (
            f"原来的 {path.name} 打印后有人改过，已存入 out/存档；"
            "要带回里面的改动，请把它放进 out/2-收件，再运行 pdsfz-xl collect。"
        )


def made_way(theirs: Iterable[Path]) -> Iterator[str]:
    """What lay where a print went, and was not ours: a signed scan, an edited text."""
    for path in theirs:
        yield (
            f"原来的 {texts.visible(path.name)} 认不出是本程序写的（可能是签字盖章的扫描件，"
            "或有人改过），已存入 out/存档，换成了这次的。"
        )


def unprintable(missing: Iterable[Missing], batch: Batch) -> Iterator[str]:
    """Which characters no font has, and where the first few of them stand."""
    typed = {
        (texts.visible(batch.master.unit[a.unit].name), a.requirement): a for a in batch.answers
    }
    places: dict[str, list[str]] = {}
    for m in missing:
        place = f"{m.unit}第{m.requirement}项" if m.requirement else "通知原文"
        answer = typed.get((m.unit, m.requirement))
        if answer and answer.source and m.character in answer.text:
            file, sheet, cell = answer.source
            place += f"（{texts.visible(file)} {sheet} {cell}）"
        places.setdefault(f"“{m.character}”（{m.code}）", []).append(place)
    for i, (said, where) in enumerate(places.items()):
        if i == SHOWN_CHARACTERS:
            yield f"……另有 {len(places) - i} 个字体里没有的字，纸上都以代号显示。"
            return
        more = f"等 {len(where)} 处" if len(where) > 3 else ""
        yield f"字体里没有{said}，纸上以代号显示：{'、'.join(where[:3])}{more}。"
