"""The story of `print`: what is wanted, what paper says of it, the files, what is kept of them."""

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from pdsfz_xl import (
    collect,
    engine,
    intake,
    layout,
    ledger,
    paper,
    print_book,
    print_word,
    printout,
    telling,
)
from pdsfz_xl import paper_wording as pw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import take_look
from pdsfz_xl.model import Manifest, Master
from pdsfz_xl.paper import Selection
from pdsfz_xl.workspace import Workspace, bytes_of, digest_of


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to print, as the clerk asked for it."""

    units: tuple[str, ...] = ()
    """Codes, names or aliases; none means all."""
    missing: bool = False
    raw: bool = False


WORKING_COPY = Order()


def print_out(
    ws: Workspace,
    now: datetime,
    order: Order = WORKING_COPY,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Everything as it stands now, on paper; a part of it gets a name of its own."""
    ws.require_master()
    with ws.locked("print"):
        merged = digest_of(ws.merged) if ws.merged.exists() else ""
        # Not received: what no collect has seen must still be new to the next one.
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
        selection = _selection(look.batch.master, order)
        said_out = paper.compose(look.batch, look.findings, selection)
        if not said_out.bands and not selection.whole:
            raise OperatorError("按所选的范围没有可打印的内容，没有改动任何文件。")
        printed = printout.pdf(said_out)
        paged = print_book.build(said_out)
        stem = _stem(look.batch.master, selection)
        target = ws.prints / f"{stem}.pdf"
        copies = {
            ws.prints / f"{stem}{pw.PRINT_BOOK}.xlsx": paged.data,
            ws.prints / f"{stem}.docx": print_word.build(said_out, look.batch.master.settings.code),
        }
        in_use = [path for path in copies if _is_open(ws, path)]
        files = {path: data for path, data in copies.items() if path not in in_use}
        edited = [path for path, data in files.items() if _set_aside(ws, path, data, now)]
        changed = ws.write_all({target: printed.data, **files})
        if selection == paper.EVERYTHING and (changed or merged != look.printed):
            with ledger.opened(ws.ledger) as book:
                book.record_run("print", [ws.relative(target)], now, merged)
    said = [
        f"已排好 {printed.pages} 页：{ws.relative(target)}",
        *(f"另有{telling.KINDS[path.suffix]}：{ws.relative(path)}" for path in files),
        *(
            f"{ws.relative(path)} 正打开着，没有更新，里面还是以前的内容；"
            "请关闭后再运行一次 pdsfz-xl print。"
            for path in in_use
        ),
        *(
            f"原来的 {path.name} 打印后有人改过，已存入 out/存档；"
            "要带回里面的改动，请把它放进 out/2-收件，再运行 pdsfz-xl collect。"
            for path in edited
        ),
        f"所用字体：{'、'.join(printed.fonts)}。",
        *telling.unprintable(printed.missing),
    ]
    return Done(
        said=tuple(said),
        outputs={
            "pdf": ws.relative(target),
            **{path.suffix[1:]: ws.relative(path) for path in files},
        },
        findings=look.findings,
        shown=0,
        next_step=f"打开 {ws.relative(target)} 打印（A3 横向）",
        more={"pages": printed.pages, "fonts": list(printed.fonts)},
    )


def _is_open(ws: Workspace, path: Path) -> bool:
    """Whether somebody has it open: the PDF is what goes up, and must not wait for a copy."""
    try:
        ws.require_closed(path)
    except OperatorError:
        return True
    return False


def _set_aside(ws: Workspace, path: Path, data: bytes, now: datetime) -> bool:
    """Keep what is about to be replaced; whether somebody worked in it since we wrote it."""
    before = bytes_of(path)
    if before in (b"", data):
        return False
    ws.archive(before, pw.SUMMARY, now, path.name)
    if path.suffix != ".docx":
        return False
    [(_, read)] = engine.run(collect.read_task, [collect.Task(str(path))])
    if not isinstance(read, Manifest) or not read.saved.startswith(layout.CREATED.isoformat()):
        return True
    return any(not typed.ours for row in read.rows for typed in row.cells.values())


def _selection(plan: Master, order: Order) -> Selection:
    """Raises OperatorError for a unit that does not exist."""
    known = {
        texts.squash(name).casefold(): unit.code
        for unit in reversed(plan.units)
        for name in (*unit.aliases, unit.name, unit.code)
    }
    wanted = [name for name in order.units if name.strip()]
    codes = {name: known.get(texts.squash(name).casefold(), "") for name in wanted}
    unknown = [name for name, code in codes.items() if not code]
    if unknown:
        near = get_close_matches(unknown[0], [unit.name for unit in plan.units], n=1, cutoff=0.5)
        raise OperatorError(
            f"“{texts.brief(unknown[0])}”不在责任单位表里{w.nearest(near[0] if near else '')}；"
            "请写单位名称、别名或代码，几个单位用逗号分开。没有改动任何文件。"
        )
    units = frozenset(codes.values()) if codes else None
    return Selection(units=units, missing=order.missing, raw=order.raw)


def _stem(plan: Master, selection: Selection) -> str:
    """The name of a print: one of a part never replaces the whole."""
    parts = [pw.SUMMARY]
    if selection.units is not None:
        names = [unit.name for unit in plan.units if unit.code in selection.units]
        parts.append("、".join(names) if len(names) <= 3 else pw.some_units(len(names)))
    parts += [w.UNANSWERED] if selection.missing else []
    parts += [pw.RAW] if selection.raw else []
    return texts.file_name("_".join(parts))
