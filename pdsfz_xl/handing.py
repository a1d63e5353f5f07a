"""The story of what goes out without mail: parcels, calls, and the register of both.

Whom a kind of message is for, `recipients` says to every command here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pdsfz_xl import (
    call_list,
    contacts,
    giveback,
    handout,
    intake,
    issued,
    ledger,
    marked,
    next_step,
    outgoing,
    owed,
    telling,
)
from pdsfz_xl import generate as generate_stage
from pdsfz_xl import handing_wording as hw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.ledger import Handed
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.model import Master, Unit
from pdsfz_xl.next_step import Step
from pdsfz_xl.recipients import Choice, GoesBack, Known, choose
from pdsfz_xl.states import Grade, NoticeKind
from pdsfz_xl.workspace import Workspace, bytes_of, digest_of

KINDS: Mapping[str, NoticeKind] = {
    **{kind: kind for kind in (w.ISSUE, w.AMEND, w.SENT_BACK, w.REMIND)},
    "issue": w.ISSUE,
    "amend": w.AMEND,
    "return": w.SENT_BACK,
    "remind": w.REMIND,
}
"""What may be written on the command line, and what it means."""


class Note(NamedTuple):
    """What the register is told of a hand-over or a call: by whom, on which day, how, the result.

    Without a name there is nothing to register.
    """

    who: str = ""
    day: date | None = None
    via: str = ""
    said: str = ""


# --- the commands --------------------------------------------------------------------------


def hand(
    ws: Workspace, now: datetime, kind: NoticeKind, named: str, note: Note, *, record: bool = False
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


def give(ws: Workspace, now: datetime, kind: NoticeKind, named: str, note: Note) -> Done:
    """Parcels for the units without mail, or for those that are named; with a name registered."""
    note = _checked(note, now)
    with ws.locked("handout"):
        look, known = _look(ws, now)
        if kind != w.SENT_BACK:
            _refuse_errors(look)
        choice = choose(kind, look.batch, known, named)
        folder = ws.handouts / f"{now:%Y-%m-%d}_{kind}"
        made, left = _parcels(ws, look, known, kind, choice.units)
        choice = Choice(tuple(u for u in choice.units if u.code in made), choice.left | left)
        files: dict[Path, bytes] = {}
        for one in made.values():
            files |= {folder / one.folder / name: data for name, data in one.files.items()}
            files[folder / one.archive] = one.zipped
        ws.write_all(files)
        if note.who:
            _register(ws, known, kind, choice.units, note, now)
    said = [f"没有要转交的“{kind}”。", *_left(choice)]
    step, steps = "", _steps(ws, look)
    if made:
        said = [
            f"{kind} {len(made)} 家，在 {ws.relative(folder)}：每家一个文件夹（拷U盘、传内网）"
            "和一个压缩包（发微信、QQ），内容相同。",
            *(f"  {_whom(unit)}" for unit in choice.units),
            *_left(choice),
            _registered(kind, choice.units, note, now) if note.who else "还没有登记。",
        ]
        step = "" if note.who else f"发出后登记：{_command(kind, named, '--by 姓名')}"
    return Done(
        said=tuple(said),
        outputs={"handout": ws.relative(folder)} if made else {},
        findings=look.findings,
        shown=0,
        steps=steps,
        next_step=step,
        more={
            **_document(kind, choice),
            "registered": bool(note.who and made),
            "parcels": [
                {"unit": unit.name, "archive": ws.relative(folder / made[unit.code].archive)}
                for unit in choice.units
            ],
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
        written = call_list.read(ws.calls, look.batch.master, now.date())
        with ledger.opened(ws.ledger) as book:
            taken = book.record_handed(written.calls, now)
            made = contacts.made(book.handed(), outgoing.mails(book))
        choice = choose(w.REMIND, look.batch, known, named)
        everybody = [o for o in owed.owed(look.batch) if o.excuse or o.unit in choice.units]
        owing = [one for one in everybody if not one.excuse]
        text = handout.group_text(look.batch, owing) if owing else ""
        if owing or before:
            data = call_list.build(look.batch, everybody, made)
            if before and before != data:
                ws.archive(before, hw.CALLS_SHEET, now, ws.calls.name)
            ws.write_all({ws.calls: data, ws.group_text: texts.for_notepad(f"{text}\n")})
    said = ["没有要催报的单位。"]
    step, steps = "", _steps(ws, look)
    if owing:
        said = [f"催报 {len(owing)} 家：{ws.relative(ws.calls)}（打电话用，A4 横向）。"]
        step = (
            "打过电话填在电话单里（再次运行时登记），发到群里的，"
            f"登记：{_command(w.REMIND, named, '--by 姓名 --via 微信群')}"
        )
    said += [*_taken(written, taken), *_left(choice)]
    said += telling.outdated(look.batch.master, known.outdated)
    if text:
        said += ["", f"可粘贴到微信群、QQ群的文字（{ws.relative(ws.group_text)}）：", "", text]
    missing = {one.unit.name: [r.key for r in one.missing] for one in owing}
    return Done(
        said=tuple(said),
        outputs={"calls": ws.relative(ws.calls)} if owing else {},
        findings=look.findings,
        shown=0,
        steps=steps,
        next_step=step,
        more={**_document(w.REMIND, choice), "missing": missing, "text": text, "taken": taken},
    )


def write_down(ws: Workspace, now: datetime, kind: NoticeKind, named: str, note: Note) -> Done:
    """Write down what was done by hand: whom, when, by whom, how and with what result."""
    if not note.who:
        raise OperatorError("登记要写明经手人（--by 姓名），没有登记。")
    note = _checked(note, now)
    with ws.locked("handout"):
        look, known = _look(ws, now)
        choice = choose(kind, look.batch, known, named, told=True)
        _register(ws, known, kind, choice.units, note, now)
    said = [_registered(kind, choice.units, note, now)] if choice.units else ["没有登记。"]
    return Done(
        said=(*said, *_left(choice)),
        steps=_steps(ws, look),
        more=_document(kind, choice),
    )


def register(ws: Workspace, now: datetime) -> Done:
    """Everything that was handed over, said or mailed, unit by unit. Writes nothing."""
    look, known = _look(ws, now)
    with ledger.opened(ws.ledger, readonly=True) as book:
        made = contacts.made(known.handed, outgoing.mails(book))
    said = ["联系记录（转交、催报和邮件）："] if made else ["还没有联系记录。"]
    for unit in look.batch.master.units:
        said += [f"  {unit.code} {unit.name}：{line}" for line in made.get(unit.code, [])]
    return Done(
        said=(*said, *telling.outdated(look.batch.master, known.outdated)),
        steps=_steps(ws, look),
        more={"handed": [telling.handed_document(look.batch.master, one) for one in known.handed]},
    )


def _steps(ws: Workspace, look: Look) -> tuple[Step, ...]:
    """By the ledger as it is now, after what was just registered."""
    with ledger.opened(ws.ledger, readonly=True) as book:
        return next_step.of(ws, look, book)


# --- what is known -------------------------------------------------------------------------


def _look(ws: Workspace, now: datetime) -> tuple[Look, Known]:
    """Not received: what no collect has seen must still be new to the next one."""
    ws.require_master()
    with ledger.opened(ws.ledger, readonly=True) as book:
        issued.settle(book, now)
        look = take_look(ws, now, intake.quiet, book)
        returns = dict(_returns(ws, look))
        out = frozenset(book.out_forms())
        return look, Known(book.forms(), out, book.outdated(), book.handed(), returns)


def _returns(ws: Workspace, look: Look) -> Iterator[tuple[str, GoesBack]]:
    """By code of each unit that has something to put right: what was made for it last."""
    made: dict[str, Path] = {}
    for folder in sorted(ws.returns.glob("????-??-??")):
        for book in sorted(folder.glob("*.xlsx"), key=lambda p: -len(p.name)):
            made[book.name.partition("_")[0]] = book  # a copy's name is longer
    for unit in giveback.called_for(look.batch, look.findings):
        if last := made.get(unit.code):
            files = (last.with_suffix(suffix) for suffix in (".docx", ".txt", ".xlsx"))
            same = marked.same(ws, unit.code, last.read_bytes())
            yield unit.code, GoesBack(tuple(filter(Path.is_file, files)), digest_of(last), same)


# --- parcels -------------------------------------------------------------------------------


def _refuse_errors(look: Look) -> None:
    errors = sum(f.rule.startswith("M") and f.grade == Grade.ERROR for f in look.findings)
    if errors:
        raise OperatorError(
            f"任务分解表有 {errors} 处错误，没有做转交的材料；请运行 pdsfz-xl lint 查看并改正。"
        )


def _parcels(
    ws: Workspace, look: Look, known: Known, kind: NoticeKind, units: Iterable[Unit]
) -> tuple[dict[str, handout.Parcel], dict[str, list[str]]]:
    """By unit code; and whose form must be made anew first, by reason."""
    master = look.batch.master
    made: dict[str, handout.Parcel] = {}
    left: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        if kind == w.SENT_BACK:
            files = {path.name: path.read_bytes() for path in known.returns[unit.code].files}
        else:
            form = known.forms[unit.code]
            data = bytes_of(ws.out / form.path)
            if reason := _unfit(master, unit, form, data):
                left[reason].append(unit.name)
                continue
            before = known.outdated.get(unit.code, "")
            changes = issued.changes(ws, before, form.path, data) if before else ""
            files = {Path(form.path).name: data, **handout.cover(look.batch, unit, kind, changes)}
        made[unit.code] = handout.parcel(master.settings, unit, kind, files)
    return made, left


def _unfit(master: Master, unit: Unit, form: ledger.Form, data: bytes) -> str:
    """Why a form must not go out: somebody wrote in it, or it is of an earlier master."""
    if sha256(data).hexdigest() != form.sha256:
        return hw.FORM_TOUCHED
    return "" if generate_stage.is_current(master, unit, data) else hw.FORM_STALE


# --- the register --------------------------------------------------------------------------


def _checked(note: Note, now: datetime) -> Note:
    """A name that is one, and no day that has not been."""
    if note.day and note.day > now.date():
        raise OperatorError(f"--on 写的 {note.day} 还没有到；请写实际转交或催报的日期。")
    if not note.who and any(note[1:]):
        raise OperatorError("写了 --on、--via 或 --note，没有写经手人；请加 --by 姓名。")
    return note


def _register(
    ws: Workspace, known: Known, kind: NoticeKind, units: Iterable[Unit], note: Note, now: datetime
) -> None:
    day = note.day or now.date()
    rows = [
        Handed(
            u.code, kind, day, note.who, _via(u, kind, note), note.said, known.digest(kind, u.code)
        )
        for u in units
    ]
    with ledger.opened(ws.ledger) as book:
        book.record_handed(rows, now)
        if kind in (w.ISSUE, w.AMEND):
            when = datetime.combine(day, now.time() if day == now.date() else datetime.min.time())
            book.mark_out((row.unit for row in rows), when)


def _via(unit: Unit, kind: NoticeKind, note: Note) -> str:
    """As the clerk says, else as the unit wants to be reached where that is not by mail."""
    usual = unit.channel if kind != w.REMIND and unit.channel != w.BY_MAIL else ""
    return note.via or usual


# --- what is said --------------------------------------------------------------------------


def _command(kind: NoticeKind, named: str, more: str) -> str:
    """What to type to register what was just prepared."""
    words = f'"{named}"' if " " in named else named
    units = f"--units {words} " if named else ""
    return f"pdsfz-xl handout {kind} --record {units}{more}"


def _taken(written: call_list.Written, taken: int) -> Iterator[str]:
    """What became of the words in the list that is replaced."""
    if taken:
        yield f"原来的电话单里填写的 {taken} 条已登记；原表存入 out/存档。"
    for line in written.unmatched:
        yield f"电话单里对不上单位的内容（原表在 out/存档）：{line}"
    for unit, caption, there in written.differing:
        yield (
            f"电话单里{unit.name}的{caption}是“{texts.brief(there)}”，与责任单位表不同；"
            "要改的请改 master/任务分解表.xlsx。"
        )


def _document(kind: NoticeKind, choice: Choice) -> dict[str, Any]:
    return {
        "kind": kind,
        "units": [{"code": unit.code, "name": unit.name} for unit in choice.units],
        "left": dict(choice.left),
    }


def _whom(unit: Unit) -> str:
    channel = "" if unit.channel == w.BY_MAIL else unit.channel
    parts = (channel, "" if unit.emails else "没有邮箱", unit.contact, unit.phone)
    reach = "，".join(part for part in parts if part)
    return f"{unit.code} {unit.name}{f'（{reach}）' if reach else ''}"


def _left(choice: Choice) -> Iterator[str]:
    for reason, names in choice.left.items():
        yield f"没有列入（{reason}）：{'、'.join(names)}。"


def _registered(kind: NoticeKind, units: tuple[Unit, ...], note: Note, now: datetime) -> str:
    day = w.day(note.day or now.date())
    names = "、".join(unit.name for unit in units)
    return f"已登记：{day}由{texts.visible(note.who)}{kind} {len(units)} 家（{names}）。"
