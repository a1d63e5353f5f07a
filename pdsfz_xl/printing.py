"""The story of `print`: what is wanted, what paper says of it, the files, what is kept of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pdsfz_xl import changes, copies, intake, ledger, next_step, paper, printout, telling
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.model import Master
from pdsfz_xl.paper import Paper, Selection
from pdsfz_xl.typeset import Printed
from pdsfz_xl.units import named
from pdsfz_xl.workspace import Workspace, bytes_of, digest_of


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to print, as the clerk asked for it."""

    units: str = ""
    """A list as `units.named` takes it; nothing means all."""
    missing: bool = False
    raw: bool = False
    sheet: str = "A3"
    layout: str = "band"
    copies: int = 0
    submit: bool = False
    """It goes up: it gets a number and is kept."""
    anyway: bool = False
    """Though something is still open that would go up with it."""
    since: int = 0
    """The number of the print that a change list compares with; 0 for no such list."""

    @property
    def whole(self) -> bool:
        return not (self.units or self.missing or self.raw)


WORKING_COPY = Order()


def print_out(
    ws: Workspace,
    now: datetime,
    order: Order = WORKING_COPY,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Everything as it stands now, on paper; a part of it gets a name of its own."""
    ws.require_master()
    _require_whole(order)
    with ws.locked("print"):
        merged = digest_of(ws.merged) if ws.merged.exists() else ""
        # Not received: what no collect has seen must still be new to the next one.
        with ledger.opened(ws.ledger, readonly=True) as book:
            look, prints = take_look(ws, now, tell, book), book.prints()
        if order.submit and not order.anyway:
            _require_settled(look)
        said_out = _compose(look, order)
        target = ws.prints / f"{stem(said_out)}.pdf"
        ws.require_closed(target)
        places = changes.snapshot(said_out)
        number = _next_number(ws, prints, places, now) if order.submit else 0
        printed = _typeset(ws, look, said_out, order, prints, number)
        beside = copies.make(ws, stem(said_out), said_out, look.batch.master.settings.code, now)
        kept = copies.make_way(ws, {target: printed.data}, now)
        changed = ws.write_all({target: printed.data, **beside.files})
        with ledger.opened(ws.ledger) as book:
            if number:
                book.record_print(_keep(ws, number, printed.data, places, now))
            if order.whole and (number or changed or merged != look.printed):
                book.record_run("print", [ws.relative(target)], now, merged)
            steps = next_step.of(ws, look, book)
    return Done(
        said=(
            f"已排好 {printed.pages} 页：{ws.relative(target)}",
            *([f"这是{pw.draft(number)}，已编号并存入 out/存档。"] if number else []),
            *telling.made_way(kept),
            *telling.copies(ws, beside.files, beside.in_use, beside.edited),
            f"所用字体：{'、'.join(printed.fonts)}。",
            *telling.unprintable(printed.missing, look.batch),
        ),
        outputs={
            "pdf": ws.relative(target),
            **{path.suffix[1:]: ws.relative(path) for path in beside.files},
        },
        findings=look.findings,
        shown=0,
        steps=steps,
        next_step=f"打开 {ws.relative(target)} 打印（{order.sheet} 横向）",
        more={
            "pages": printed.pages,
            "fonts": list(printed.fonts),
            "missing_characters": [m._asdict() for m in printed.missing],
            "draft": number or None,
        },
    )


def _require_whole(order: Order) -> None:
    if (order.submit or order.since) and not order.whole:
        what = "呈送（--submit）的" if order.submit else "带变动清单（--since）的"
        raise OperatorError(
            f"{what}必须是完整的汇总表，不能同时用 --units、--only 或 --raw；没有打印。"
        )


def unsettled(ws: Workspace, now: datetime, tell: intake.Tell = intake.quiet) -> tuple[str, ...]:
    """What would go up though it is still open, line by line. Writes nothing."""
    ws.require_master()
    with ledger.opened(ws.ledger, readonly=True) as book:
        return tuple(telling.unsettled(take_look(ws, now, tell, book)))


def _require_settled(look: Look) -> None:
    if listed := "\n".join(telling.unsettled(look)):
        raise OperatorError(
            f"还有没处理完的，没有编号、没有打印；确实要照现在的样子呈送的加 --anyway。\n{listed}"
        )


def _compose(look: Look, order: Order) -> Paper:
    selection = _selection(look.batch.master, order)
    said_out = paper.compose(look.batch, look.findings, selection)
    if not said_out.bands and not selection.whole:
        raise OperatorError("按所选的范围没有可打印的内容，没有改动任何文件。")
    return said_out


def _typeset(
    ws: Workspace,
    look: Look,
    said_out: Paper,
    order: Order,
    prints: Mapping[int, ledger.Print],
    number: int,
) -> Printed:
    """The PDF, compared with the print that is wanted and with the last one that went up."""
    places = changes.snapshot(said_out)
    last = prints[max(prints)] if prints else None
    before = _known(prints, order.since) if order.since else None
    late = changes.latecomers(
        look.batch, _snapshot(ws, last) if last else (), last.at if last else None
    )
    style = printout.Style(
        sheet=order.sheet,
        layout=order.layout,
        copies=order.copies,
        draft=pw.draft(number) if number else pw.WORKING,
        since=pw.draft_of(before.number, before.at) if before else "",
    )
    differences = changes.compare(_snapshot(ws, before), places) if before else None
    return printout.pdf(said_out, style, differences, late if order.whole else ())


# --- prints that go up ---------------------------------------------------------------------


def _next_number(
    ws: Workspace, prints: Mapping[int, ledger.Print], places: changes.Snapshot, now: datetime
) -> int:
    """Raises OperatorError if the last print, of the same day, says the same."""
    if not prints:
        return 1
    last = prints[max(prints)]
    if last.at.date() == now.date() and _snapshot(ws, last) == places:
        raise OperatorError(
            f"内容与今天的{pw.draft(last.number)}完全相同，没有再编号；要重印请打开 {last.path}。"
        )
    return last.number + 1


def _keep(
    ws: Workspace, number: int, pdf: bytes, places: changes.Snapshot, now: datetime
) -> ledger.Print:
    """The PDF and what it says, in the archive."""
    said = changes.dump(places)
    kept = ws.archive(pdf, pw.draft(number), now, f"{pw.SUMMARY}.pdf")
    beside = ws.archive(said, pw.draft(number), now, f"{pw.SUMMARY}.json")
    digest = sha256(said).hexdigest()
    return ledger.Print(number, now, ws.relative(kept), ws.relative(beside), digest)


def _known(prints: Mapping[int, ledger.Print], number: int) -> ledger.Print:
    if number not in prints:
        have = "、".join(pw.draft_of(p.number, p.at) for p in prints.values())
        raise OperatorError(
            f"没有{pw.draft(number)}（{f'有：{have}' if have else '还没有呈送过'}），没有打印。"
        )
    return prints[number]


def _snapshot(ws: Workspace, made: ledger.Print) -> changes.Snapshot:
    """What a print said; raises OperatorError where its snapshot is gone or was altered."""
    data = bytes_of(ws.root / made.snapshot)
    if sha256(data).hexdigest() != made.sha256:
        raise OperatorError(
            f"{pw.draft(made.number)}的内容存档 {made.snapshot} 不在了或被改动过，"
            "比不出变动；请把它从备份恢复后重新运行。"
        )
    return changes.load(data)


# --- what is wanted ------------------------------------------------------------------------


def stem(said_out: Paper) -> str:
    """The name of a print without its suffix: a part never replaces the whole."""
    return texts.file_name("_".join((pw.SUMMARY, *said_out.scope)))


def _selection(plan: Master, order: Order) -> Selection:
    wanted = frozenset(unit.code for unit in named(plan, order.units))
    return Selection(units=wanted or None, missing=order.missing, raw=order.raw)
