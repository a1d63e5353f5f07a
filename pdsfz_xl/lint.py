"""A master in, everything wrong with it out: at once, by sheet and cell.

Class A stops `generate`, B is a warning. What reading could not understand is already among
`Master.problems`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from pdsfz_xl import excel, form, identity, layout, mailbox, rules, wrapping
from pdsfz_xl import master_wording as ms
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import ClerkCells, Duty, Finding, Master, Requirement, Unit, Where
from pdsfz_xl.states import Security
from pdsfz_xl.units import Names
from pdsfz_xl.units import key as name_key

_SHEETS = (
    w.SETTINGS_SHEET,
    w.TABLE_SHEET,
    w.UNITS_SHEET,
    w.WAIVERS_SHEET,
    w.TEMPLATES_SHEET,
)


def check(master: Master) -> tuple[Finding, ...]:
    """Every finding about a master, sorted by sheet and cell."""
    found = list(master.problems)
    for look in CHECKS:
        found += look(master)
    return tuple(sorted(set(found), key=_order))


def missing_codes(master: Master) -> dict[str, str]:
    """A key for every row that asks for something and has none: cell of 编码 -> key.

    Keys that exist are never changed; a new one is the indicator's number, or its next free `.n`.
    """
    used = {r.key for r in master.requirements if identity.KEY.fullmatch(r.key)}
    width = max([2, *(len(key.partition(".")[0]) for key in used)])
    keys = {}
    for problem in master.problems:
        number = _number_at(master, _row(problem)) if problem.rule == "M15" else 0
        if number:  # a row without a readable 序号 has to get one first (M09)
            base = f"{number:0{width}d}"
            taken = [key for key in used if key.partition(".")[0] == base]
            step = max((int(key.partition(".")[2] or 1) for key in taken), default=0) + 1
            key = f"{base}.{step}" if taken else base
            used.add(key)
            keys[problem.where.cell] = key
    return keys


class Move(NamedTuple):
    """A requirement that goes from one unit to another, as the clerk decided."""

    requirement: Requirement
    old: Unit
    new: Unit
    responsible: str
    """What 责任单位 of its row says from then on."""


def moves(master: Master, clerk: ClerkCells) -> list[Move]:
    """What 改派单位 in 责任单位调整 asks for and the master does not say yet."""
    found: dict[str, Move] = {}
    names = Names(master.units)
    decided = clerk.get(w.REASSIGN_SHEET, {})
    for unit, requirement, _ in master.assignments:
        written = decided.get(master.key(unit.code, requirement.key), {}).get("改派单位", "")
        new = master.unit.get(names.unit(written))
        if new and new != unit:
            before = found.get(requirement.key)
            duties = before.requirement.duties if before else requirement.duties
            roles = {
                new.code if duty.unit == unit.code else duty.unit: duty.role for duty in duties
            }
            moved = replace(requirement, duties=tuple(Duty(*duty) for duty in roles.items()))
            said = w.responsible([(master.unit[u].name, role) for u, role in roles.items()])
            found[requirement.key] = Move(moved, unit, new, said)
    return list(found.values())


def _number_at(master: Master, row: int) -> int:
    """The indicator whose rows hold this row."""
    above = [indicator for indicator in master.indicators if indicator.row <= row]
    return above[-1].number if above else 0


def _order(finding: Finding) -> tuple[object, ...]:
    place = (_row(finding), len(finding.where.cell), finding.where.cell)
    return (_SHEETS.index(finding.where.sheet), *place, finding.rule, finding.message)


def _row(finding: Finding) -> int:
    return int(re.sub(r"\D", "", finding.where.cell) or 0)


def _of(master: Master, requirement: Requirement, caption: str) -> Where:
    return master.where(w.TABLE_SHEET, caption, requirement.row)


def _has(master: Master, key: str) -> bool:
    """Whether 任务设置 has the key at all; where not, M01 says so."""
    return not master.places or key in master.places.get(w.SETTINGS_SHEET, {})


def _unit(master: Master, unit: Unit, caption: str = "单位名称") -> Where:
    return master.where(w.UNITS_SHEET, caption, unit.row)


# --- the checks ----------------------------------------------------------------------------


def _nothing_asked(master: Master) -> Iterator[Finding]:
    if not master.requirements:
        yield rules.finding("M19", Where(master.path, w.TABLE_SHEET, "A1"))


def _no_unit(master: Master) -> Iterator[Finding]:
    """A requirement without a unit, unless the cell it goes on with names unknown ones (M03)."""
    answered = [r.row for r in master.requirements if r.duties]
    unknown = [_row(p) for p in master.problems if p.rule == "M03"]
    for requirement in master.requirements:
        since = max((row for row in unknown if row <= requirement.row), default=0)
        said = since and not any(since <= row < requirement.row for row in answered)
        if not requirement.duties and not said:
            where = _of(master, requirement, w.RESPONSIBLE)
            yield rules.finding("M02", where, requirement=requirement.key)


def _idle_units(master: Master) -> Iterator[Finding]:
    for unit in master.units:
        if not master.due(unit.code):
            yield rules.finding("M04", _unit(master, unit), unit=unit.name)


def _numbers(master: Master) -> Iterator[Finding]:
    """A 序号 twice, or a jump between two that follow."""
    readable = [indicator for indicator in master.indicators if indicator.number]
    numbers = Counter(indicator.number for indicator in readable)
    seen: set[int] = set()
    for indicator in readable:
        where = master.where(w.TABLE_SHEET, w.NUMBER, indicator.row)
        if indicator.number in seen and numbers[indicator.number] > 1:
            yield rules.finding("M05", where, number=indicator.number)
        seen.add(indicator.number)
    for before, after in pairwise(master.indicators):
        known = before.number and after.number
        if known and after.number != before.number + 1 and numbers[after.number] == 1:
            where = master.where(w.TABLE_SHEET, w.NUMBER, after.row)
            yield rules.finding("M06", where, before=before.number, number=after.number)


def _keys(master: Master) -> Iterator[Finding]:
    seen: set[str] = set()
    for requirement in master.requirements:
        where = _of(master, requirement, "编码")
        if requirement.key in seen:
            yield rules.finding("M13", where, key=requirement.key)
        seen.add(requirement.key)
        if not identity.KEY.fullmatch(requirement.key):
            found = texts.brief(requirement.key)
            yield rules.finding("M14", where, found=found, rule=ms.KEY_RULE)
        if requirement.kind == w.NOT_ASKED:
            yield rules.finding("M14", where, found=requirement.key, rule=ms.NO_KEY_RULE)


def _codes(master: Master) -> Iterator[Finding]:
    """Campaign and unit codes must survive in a row code and never look like a number alone."""
    code = master.settings.code
    if not identity.CAMPAIGN.fullmatch(code) and _has(master, "任务代码"):
        where = master.where(w.SETTINGS_SHEET, "任务代码")
        yield rules.finding("M14", where, found=texts.brief(code), rule=ms.CAMPAIGN_RULE)
    for unit in master.units:
        if not identity.UNIT.fullmatch(unit.code):
            where = _unit(master, unit, "代码")
            yield rules.finding("M14", where, found=texts.brief(unit.code), rule=ms.UNIT_RULE)


def _unit_names(master: Master) -> Iterator[Finding]:
    """A code, name, alias or group that means two units."""
    owners: dict[str, set[str]] = {}
    for unit in master.units:
        for name in filter(None, map(name_key, (unit.name, unit.code, *unit.aliases))):
            owners.setdefault(name, set()).add(unit.name)
    codes = Counter(unit.code for unit in master.units)
    names = Counter(name_key(unit.name) for unit in master.units)
    for unit in master.units:
        if codes[unit.code] > 1:
            twins = "、".join(u.name for u in master.units if u.code == unit.code)
            yield rules.finding("M17", _unit(master, unit, "代码"), name=unit.code, units=twins)
        if names[name_key(unit.name)] > 1:
            yield rules.finding("M17", _unit(master, unit), name=unit.name, units=ms.TWO_ROWS)
        for alias in unit.aliases:
            shared = owners[name_key(alias)] | {unit.name}
            if len(shared) > 1:
                where = _unit(master, unit, "别名")
                yield rules.finding("M17", where, name=alias, units="、".join(sorted(shared)))
        for other in sorted(owners.get(name_key(unit.group), ())):
            where = _unit(master, unit, "分组")
            yield rules.finding("M17", where, name=unit.group, units=ms.group_or_unit(other))


def _limits(master: Master) -> Iterator[Finding]:
    settings = master.settings
    if settings.advised > settings.limit:
        where = master.where(w.SETTINGS_SHEET, "建议字数")
        yield rules.finding("M07", where, advised=settings.advised, limit=settings.limit)
    for requirement in master.requirements:
        if requirement.advised > requirement.limit:
            where = _of(master, requirement, "建议字数")
            yield rules.finding("M07", where, advised=requirement.advised, limit=requirement.limit)


def _dates(master: Master) -> Iterator[Finding]:
    settings = master.settings
    start, end = "材料起始日期", "材料截止日期"
    yield from _ordered(master.where(w.SETTINGS_SHEET, start), start, settings.period_start, end,
                        settings.period_end)  # fmt: skip
    for requirement in master.requirements:
        first = requirement.start or settings.period_start
        last = requirement.end or settings.period_end
        if requirement.start or requirement.end:
            yield from _ordered(_of(master, requirement, start), start, first, end, last)
    for unit in master.units:
        where = _unit(master, unit, "延期至")
        yield from _ordered(where, "报送截止日期", settings.deadline, "延期至", unit.extended)


def _ordered(
    where: Where, earlier: str, start: date | None, later: str, end: date | None
) -> Iterator[Finding]:
    if start and end and start > end:
        yield rules.finding("M08", where, earlier=earlier, start=start, later=later, end=end)


def _kinds(master: Master) -> Iterator[Finding]:
    for requirement in master.requirements:
        if requirement.kind not in w.KINDS:
            where = _of(master, requirement, "填报类型")
            yield rules.finding("M10", where, found=texts.brief(requirement.kind))


def _templates(master: Master) -> Iterator[Finding]:
    known = [f"{{{name}}}" for name in ms.PLACEHOLDERS]
    for template in master.templates:
        for caption, said in (("主题", template.subject), ("正文", template.body)):
            for found in re.findall("[{｛][^{}｛｝]*[}｝]", said):
                if found not in known:
                    where = master.where(w.TEMPLATES_SHEET, caption, template.row)
                    context = {"found": texts.brief(found), "known": "、".join(known)}
                    yield rules.finding("M11", where, **context)


_LINES = int((excel.MAX_HEIGHT - 6) / (layout.FORM_SIZE * excel.LINE_PITCH))
"""Lines that fill the highest row a form can have."""

_TITLE = 120
"""Characters of a name that still fit the form's title line."""


def _fits(master: Master) -> Iterator[Finding]:
    """A locked text that would not fit a form's cell, its row or its title."""
    widths = {column.caption: column.width for column in layout.FORM}
    above: dict[str, str] = {}
    for requirement in master.requirements:
        locked = form.locked_texts(master, requirement)
        for caption, said in locked.items():
            taken = wrapping.count(said, wrapping.room(widths[caption], layout.FORM_SIZE))
            if taken > _LINES and said != above.get(caption):
                room = len(said) * _LINES // taken
                where = _of(master, requirement, w.MATERIAL if caption == w.DEMAND else caption)
                yield rules.finding("M12", where, what=caption, length=len(said), limit=room)
        above = locked
    for unit in master.units:
        if len(unit.name) > _TITLE:
            where = _unit(master, unit)
            yield rules.finding("M12", where, what=w.UNIT, length=len(unit.name), limit=_TITLE)
    if len(master.settings.name) > _TITLE:
        where = master.where(w.SETTINGS_SHEET, "任务名称")
        length = len(master.settings.name)
        yield rules.finding("M12", where, what="任务名称", length=length, limit=_TITLE)


def _blank_settings(master: Master) -> Iterator[Finding]:
    unread = {p.where.cell for p in master.problems if p.where.sheet == w.SETTINGS_SHEET}
    for key, field in layout.SETTINGS.items():
        where = master.where(w.SETTINGS_SHEET, key)
        blank = field in _WANTED and not getattr(master.settings, field) and _has(master, key)
        if blank and where.cell not in unread:
            yield rules.finding("M16", where, key=key)


_WANTED = frozenset({"name", "deadline", "period_start", "period_end", "contact", "phone", "email"})


def _waivers(master: Master) -> Iterator[Finding]:
    for waiver in master.waivers:
        for caption, said, known, what in (
            ("规则代码", waiver.rule, rules.RULES, ms.RULE),
            ("编码", waiver.requirement, master.requirement, w.REQUIREMENT),
        ):
            if said and said not in known:
                where = master.where(w.WAIVERS_SHEET, caption, waiver.row)
                yield rules.finding("M18", where, found=texts.brief(said), what=what)
        if not waiver.rule:
            where = master.where(w.WAIVERS_SHEET, "规则代码", waiver.row)
            yield rules.finding("M18", where, found="", what=ms.RULE)
        for caption, said in (("理由", waiver.reason), ("日期", waiver.date)):
            if not said.strip():
                where = master.where(w.WAIVERS_SHEET, caption, waiver.row)
                yield rules.finding("M20", where, what=caption)


def _trials(master: Master) -> Iterator[Finding]:
    for code in sorted(rules.trials(master) - rules.RULES.keys()):
        where = master.where(w.SETTINGS_SHEET, "试行规则")
        yield rules.finding("M18", where, found=texts.brief(code), what=ms.RULE)


def _mail(master: Master) -> Iterator[Finding]:
    """Mail settings nobody could send or fetch with; blank ones are known or asked for later."""
    settings = master.settings
    security = mailbox.security(settings.security)
    hosts = (("发信服务器", settings.smtp_host), ("收信服务器", settings.inbox_host))
    plain = security == mailbox.PLAIN
    wrong = [
        *((key, host, ms.HOST_RULE) for key, host in hosts if host and not mailbox.is_host(host)),
        *(
            (key, str(port), ms.PORT_RULE)
            for key, port in (("端口", settings.smtp_port), ("收信端口", settings.inbox_port))
            if port is not None and not 0 < port < 65536
        ),
        *(
            [("加密方式", settings.security, ms.SECURITY_RULE)]
            if security == Security.UNKNOWN
            else []
        ),
        *(
            ("加密方式", settings.security, ms.LOOPBACK_RULE)
            for _, host in hosts[:1]
            if plain and not mailbox.is_loopback(host)
        ),
    ]
    for key, said, rule in wrong:
        where = master.where(w.SETTINGS_SHEET, key)
        yield rules.finding("M22", where, what=key, found=texts.brief(said), rule=rule)


def _addresses(master: Master) -> Iterator[Finding]:
    """Addresses no mail can go to."""
    copies = master.where(w.SETTINGS_SHEET, "抄送")
    written = [
        *((copies, said) for said in mailbox.addresses(master.settings.cc)),
        *((_unit(master, unit, "邮箱"), said) for unit in master.units for said in unit.emails),
    ]
    for where, said in written:
        if not mailbox.ADDRESS.fullmatch(said):
            yield rules.finding("M23", where, found=texts.brief(said), rule=ms.ADDRESS_RULE)


CHECKS: tuple[Callable[[Master], Iterator[Finding]], ...] = (
    _nothing_asked,
    _no_unit,
    _idle_units,
    _numbers,
    _keys,
    _codes,
    _unit_names,
    _limits,
    _dates,
    _kinds,
    _templates,
    _fits,
    _blank_settings,
    _waivers,
    _trials,
    _mail,
    _addresses,
)
