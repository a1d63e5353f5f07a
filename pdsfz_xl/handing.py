"""The story of what goes out without mail: parcels, calls, and the register of both.

`choose` says whom a kind of message is for; every command here asks it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import call_list, handout, intake, ledger, owed, reader, rules, telling
from pdsfz_xl import generate as generate_stage
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.ledger import Handed, Ledger
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.model import Master, Unit
from pdsfz_xl.workspace import Workspace, bytes_of, digest_of

KINDS: Mapping[str, str] = {
    **{kind: kind for kind in (w.ISSUE, w.AMEND, w.SENT_BACK, w.REMIND)},
    "issue": w.ISSUE,
    "amend": w.AMEND,
    "return": w.SENT_BACK,
    "remind": w.REMIND,
}
"""What may be written on the command line, and what it means."""


_AS_IT_SHOULD_BE = frozenset(
    {
        w.STANDING["complete"],
        w.NOTHING_DUE,
        w.NOTHING_BACK,
        w.NOT_CHANGED,
        w.NEVER_ISSUED,
    }
)
"""Why a unit gets nothing, and nobody wonders unless the unit was named."""


class Note(NamedTuple):
    """What the register is told of a hand-over or a call: by whom, on which day, how, the result.

    Without a name there is nothing to register.
    """

    who: str = ""
    day: date | None = None
    via: str = ""
    said: str = ""


class _Known(NamedTuple):
    """What the ledger and the folders know of forms and hand-overs."""

    plan: Master
    forms: Mapping[str, ledger.Form]
    out: frozenset[str]
    outdated: Mapping[str, str]
    handed: tuple[Handed, ...]
    returns: Mapping[str, tuple[Path, ...]]
    """The workbook that goes back to a unit with its letter and text, by unit code."""

    def given(self, unit: str, kind: str) -> set[str]:
        return {one.sha256 for one in self.handed if (one.unit, one.kind) == (unit, kind)}


class _Choice(NamedTuple):
    units: tuple[Unit, ...]
    left: Mapping[str, list[str]]
    """Why the others get nothing: names by reason."""


# --- the commands --------------------------------------------------------------------------


def hand(
    ws: Workspace, now: datetime, kind: str, named: str, note: Note, *, record: bool = False
) -> Done:
    """What `handout` does: write down, or prepare what a kind of message needs."""
    if record:
        return write_down(ws, now, kind, named, note)
    if kind != w.REMIND:
        return give(ws, now, kind, named, note)
    if any(note):
        raise OperatorError(
            "催报电话单只是准备，没有登记；催过以后请运行"
            " pdsfz-xl handout 催报 --record --units 单位 --by 姓名 --note 结果。"
        )
    return remind(ws, now, named)


def give(
    ws: Workspace, now: datetime, kind: str, named: str = "", note: Note | None = None
) -> Done:
    """Parcels for the units without mail, or for those that are named; with a note registered."""
    note = _checked(note or Note(), now)
    with ws.locked("handout"):
        look, known = _look(ws, now)
        choice = _choose(kind, look, known, named)
        folder = ws.handouts / f"{now:%Y-%m-%d}_{kind}"
        made, untouched = _parcels(ws, look, known, kind, choice.units)
        choice = _Choice(tuple(known.plan.unit[code] for code in made), _joined(choice, untouched))
        files: dict[Path, bytes] = {}
        for one in made.values():
            files |= {folder / one.folder / name: data for name, data in one.files.items()}
            files[folder / one.archive] = one.zipped
        ws.write_all(files)
        if note.who:
            _register(ws, known, kind, choice.units, note, now)
    said = [
        f"{kind} {len(made)} 家，在 {ws.relative(folder)}：每家一个文件夹（拷U盘、传内网）"
        "和一个压缩包（发微信、QQ），内容相同。"
        if made
        else f"没有要用这种方式{kind}的单位。",
        *(f"  {_whom(unit)}" for unit in choice.units),
        *_left(choice),
    ]
    if made:
        said.append(_registered(kind, choice.units, note, now) if note.who else "还没有登记。")
    record = f"发出后登记：pdsfz-xl handout {kind} --record --by 姓名"
    return Done(
        said=tuple(said),
        outputs={"handout": ws.relative(folder)} if made else {},
        findings=look.findings,
        shown=0,
        next_step=record if made and not note.who else telling.next_step(ws, look),
        more={
            "kind": kind,
            "registered": bool(note.who and made),
            "units": [
                {
                    "code": code,
                    "name": known.plan.unit[code].name,
                    "folder": ws.relative(folder / one.folder),
                    "archive": ws.relative(folder / one.archive),
                }
                for code, one in made.items()
            ],
            "left": dict(choice.left),
        },
    )


def remind(ws: Workspace, now: datetime, named: str = "") -> Done:
    """A list for the telephone and a text for the group chat: who owes what, and nobody else.

    What the clerk wrote in the list before goes to the register first; the list itself is kept.
    """
    with ws.locked("handout"):
        ws.require_closed(ws.calls)
        look, known = _look(ws, now)
        before = bytes_of(ws.calls)
        written = call_list.read(ws.calls, known.plan, now.date())
        with ledger.opened(ws.ledger) as book:
            taken = book.record_handed(written.calls, now)
            handed = book.handed()
        choice = _choose(w.REMIND, look, known, named)
        wanted = {unit.code for unit in choice.units}
        everybody = [o for o in owed.owed(look.batch) if o.excuse or o.unit.code in wanted]
        owing = [one for one in everybody if not one.excuse]
        text = handout.group_text(look.batch, owing) if owing else ""
        if owing or before:
            data = call_list.build(look.batch, everybody, handed)
            if before and before != data:
                ws.archive(before, w.CALLS_SHEET, now, ws.calls.name)
            group = ws.handouts / f"{w.GROUP_TEXT}.txt"
            ws.write_all({ws.calls: data, group: texts.for_notepad(f"{text}\n")})
    said = [f"催报 {len(owing)} 家：{ws.relative(ws.calls)}（打电话用，A4 横向）。"]
    said = said if owing else ["没有要催报的单位。"]
    if taken:
        said.append(f"原来的电话单里填写的 {taken} 条已登记；原表存入 out/存档。")
    said += [f"电话单里对不上单位的内容（原表在 out/存档）：{line}" for line in written.unmatched]
    said += [
        f"电话单里{unit.name}的{caption}是“{texts.brief(there)}”，与责任单位表不同；"
        "要改的请改 master/任务分解表.xlsx。"
        for unit, caption, there in written.differing
    ]
    said += _left(choice)
    if text:
        said += [
            "",
            f"可粘贴到微信群、QQ群的文字（也在 out/转交/{w.GROUP_TEXT}.txt）：",
            "",
            text,
        ]
    return Done(
        said=tuple(said),
        outputs={"calls": ws.relative(ws.calls)} if owing else {},
        findings=look.findings,
        shown=0,
        next_step="打过电话填在电话单里，或登记：pdsfz-xl handout 催报 --record --units 单位"
        " --by 姓名 --note 结果"
        if owing
        else telling.next_step(ws, look),
        more={
            "kind": w.REMIND,
            "units": [
                {
                    "code": one.unit.code,
                    "name": one.unit.name,
                    "missing": [requirement.key for requirement in one.missing],
                    "days": one.days,
                }
                for one in owing
            ],
            "left": dict(choice.left),
            "text": text,
            "taken": taken,
        },
    )


def write_down(ws: Workspace, now: datetime, kind: str, named: str, note: Note) -> Done:
    """Write down what was done by hand: whom, when, by whom, how and with what result."""
    if not note.who:
        raise OperatorError("登记要写明经手人（--by 姓名），没有登记。")
    note = _checked(note, now)
    with ws.locked("handout"):
        look, known = _look(ws, now)
        choice = _choose(kind, look, known, named, told=True)
        _register(ws, known, kind, choice.units, note, now)
    said = [_registered(kind, choice.units, note, now)] if choice.units else ["没有登记。"]
    return Done(
        said=(*said, *_left(choice)),
        next_step=telling.next_step(ws, look),
        more={
            "kind": kind,
            "units": [{"code": unit.code, "name": unit.name} for unit in choice.units],
            "left": dict(choice.left),
        },
    )


def register(ws: Workspace, now: datetime) -> Done:
    """Everything that was handed over or said, unit by unit. Writes nothing."""
    look, known = _look(ws, now)
    by_unit: dict[str, list[Handed]] = defaultdict(list)
    for one in known.handed:
        by_unit[one.unit].append(one)
    said = ["转交登记："]
    for unit in known.plan.units:
        for one in by_unit.get(unit.code, []):
            line = w.contact_made(one.kind, one.day, one.via, one.who, one.note)
            said.append(f"  {unit.code} {unit.name}：{texts.visible(line)}")
    if not by_unit:
        said = ["还没有转交登记。"]
    return Done(
        said=(*said, *telling.outdated(known.plan, known.outdated)),
        next_step=telling.next_step(ws, look),
        more={"handed": [telling.handed_document(known.plan, one) for one in known.handed]},
    )


# --- whom it is for ------------------------------------------------------------------------


def _look(ws: Workspace, now: datetime) -> tuple[Look, _Known]:
    """Not received: what no collect has seen must still be new to the next one."""
    ws.require_master()
    with ledger.opened(ws.ledger, readonly=True) as book:
        look = take_look(ws, now, intake.quiet, book)
        return look, _known(ws, look.batch.master, book)


def _known(ws: Workspace, plan: Master, book: Ledger) -> _Known:
    return _Known(
        plan,
        book.forms(),
        frozenset(book.out_forms()),
        book.outdated(),
        book.handed(),
        dict(_returns(ws, plan)),
    )


def _returns(ws: Workspace, plan: Master) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """What `return` made last: by unit code its workbook, letter and text, which share a name."""
    folders = [p for p in sorted(ws.returns.glob("????-??-??")) if any(p.glob("*.xlsx"))]
    files = sorted(folders[-1].iterdir()) if folders else []
    for unit in plan.units:
        books = [p for p in files if p.match("*.xlsx") and p.name.startswith(f"{unit.code}_")]
        if books:
            stem = min((book.stem for book in books), key=len)  # a copy's name is longer
            yield unit.code, tuple(p for p in files if p.stem == stem)


def _choose(kind: str, look: Look, known: _Known, named: str, *, told: bool = False) -> _Choice:
    """Those that are named, else those the kind is for. `told` is about what was said already."""
    names = _named(known.plan, named)
    reasons = {one.unit.code: one.excuse for one in owed.owed(look.batch)}
    if kind != w.REMIND:
        reasons = {u.code: _reason(kind, u, known, by_name=bool(names)) for u in known.plan.units}
    elif told and names:
        reasons = {}
    left: dict[str, list[str]] = defaultdict(list)
    units = []
    for unit in names or known.plan.units:
        reason = reasons.get(unit.code, "")
        if not (reason or names or kind == w.REMIND or handout.is_by_hand(unit)):
            reason = w.GOES_BY_MAIL
        if not reason:
            units.append(unit)
        elif names or reason not in _AS_IT_SHOULD_BE:
            left[reason].append(unit.name)
    return _Choice(tuple(units), left)


def _reason(kind: str, unit: Unit, known: _Known, *, by_name: bool) -> str:
    """Why a unit gets nothing of this kind, or nothing more unless it is named; else empty."""
    code = unit.code
    if kind == w.SENT_BACK:
        if code not in known.returns:
            return w.NOTHING_BACK
        book = next((p for p in known.returns[code] if p.suffix == ".xlsx"), None)
        again = book is not None and digest_of(book) in known.given(code, kind)
        return w.ALREADY_GIVEN if again and not by_name else ""
    if code not in known.forms:
        return w.NO_FORM if known.plan.due(code) else w.NOTHING_DUE
    if kind == w.AMEND:
        kept = w.NOT_CHANGED if code in known.out else w.NEVER_ISSUED
        return "" if code in known.outdated else kept
    if code in known.outdated:
        return w.CHANGED_FORM
    return w.ALREADY_ISSUED if code in known.out and not by_name else ""


def _named(plan: Master, named: str) -> tuple[Unit, ...]:
    """Units by code, name, alias or group, in the order of 责任单位."""
    codes = rules.unit_names(plan)
    groups: dict[str, set[str]] = defaultdict(set)
    for unit in plan.units:
        groups[texts.squash(unit.group)].add(unit.code)
    wanted: set[str] = set()
    for said in filter(None, re.split(r"[、,，;；\s]+", named)):
        name = texts.squash(said)
        found = {codes[name]} if name in codes else groups.get(name)
        if not found:
            near = get_close_matches(name, [*codes, *groups], 1)
            raise OperatorError(
                f"责任单位里没有“{texts.brief(said)}”{w.nearest(near[0] if near else '')}；"
                "--units 请写代码、单位名称、别名或分组名，几个之间用顿号。"
            )
        wanted |= found
    return tuple(unit for unit in plan.units if unit.code in wanted)


# --- parcels -------------------------------------------------------------------------------


def _parcels(
    ws: Workspace, look: Look, known: _Known, kind: str, units: Iterable[Unit]
) -> tuple[dict[str, handout.Parcel], list[str]]:
    """By unit code; and who gets none because its form is not what `generate` wrote."""
    settings = known.plan.settings
    made: dict[str, handout.Parcel] = {}
    untouched = []
    for unit in units:
        if kind == w.SENT_BACK:
            files = {path.name: path.read_bytes() for path in known.returns[unit.code]}
        else:
            form = known.forms[unit.code]
            data = bytes_of(ws.out / form.path)
            if sha256(data).hexdigest() != form.sha256:
                untouched.append(unit.name)
                continue
            changes = _changes(ws, known.outdated.get(unit.code, ""), data)
            files = {Path(form.path).name: data, **handout.cover(look.batch, unit, kind, changes)}
        made[unit.code] = handout.parcel(settings, unit, kind, files)
    return made, untouched


def _changes(ws: Workspace, before: str, data: bytes) -> str:
    """What is different from the form a unit has; empty for one that has none."""
    if not before:
        return ""
    old = ws.archived(before)
    try:
        return generate_stage.why_changed(old, data)
    except (reader.Refused, StopIteration):
        return w.OLD_FORM_GONE


def _joined(choice: _Choice, untouched: list[str]) -> Mapping[str, list[str]]:
    return {**choice.left, w.FORM_TOUCHED: untouched} if untouched else choice.left


# --- the register --------------------------------------------------------------------------


def _checked(note: Note, now: datetime) -> Note:
    """A name that is one, and no day that has not been."""
    if note.day and note.day > now.date():
        raise OperatorError(f"--on 写的 {note.day} 还没有到；请写实际转交或催报的日期。")
    if not note.who and any(note[1:]):
        raise OperatorError("写了 --on、--via 或 --note，没有写经手人；请加 --by 姓名。")
    return note


def _register(
    ws: Workspace, known: _Known, kind: str, units: Iterable[Unit], note: Note, now: datetime
) -> None:
    day = note.day or now.date()
    rows = [
        Handed(u.code, kind, day, note.who, _via(u, kind, note), note.said, _digest(known, kind, u))
        for u in units
    ]
    with ledger.opened(ws.ledger) as book:
        book.record_handed(rows, now)
        if kind in (w.ISSUE, w.AMEND):
            when = datetime.combine(day, now.time() if day == now.date() else datetime.min.time())
            book.mark_out((row.unit for row in rows), when)


def _digest(known: _Known, kind: str, unit: Unit) -> str:
    if kind in (w.ISSUE, w.AMEND):
        return known.forms[unit.code].sha256
    books = (p for p in known.returns.get(unit.code, ()) if p.suffix == ".xlsx")
    return next((digest_of(book) for book in books if kind == w.SENT_BACK), "")


def _via(unit: Unit, kind: str, note: Note) -> str:
    """As the clerk says, else as the unit wants to be reached where that is not by mail."""
    usual = unit.channel if kind != w.REMIND and unit.channel != w.BY_MAIL else ""
    return note.via or usual


# --- what is said --------------------------------------------------------------------------


def _whom(unit: Unit) -> str:
    channel = "" if unit.channel == w.BY_MAIL else unit.channel
    parts = (channel, "" if unit.emails else "没有邮箱", unit.contact, unit.phone)
    reach = "，".join(part for part in parts if part)
    return f"{unit.code} {unit.name}{f'（{reach}）' if reach else ''}"


def _left(choice: _Choice) -> Iterator[str]:
    for reason, names in choice.left.items():
        yield f"没有列入（{reason}）：{'、'.join(names)}。"


def _registered(kind: str, units: tuple[Unit, ...], note: Note, now: datetime) -> str:
    day = w.day(note.day or now.date())
    names = "、".join(unit.name for unit in units)
    return f"已登记：{day}由{texts.visible(note.who)}{kind} {len(units)} 家（{names}）。"
