"""The story of `print KIND`: the papers that go with the merged sheet, each to its own readers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pdsfz_xl import (
    bulletin,
    bulletin_page,
    call_sheet,
    copies,
    evidence_list,
    intake,
    ledger,
    printing,
    telling,
    typeset,
    unit_paper,
)
from pdsfz_xl import companion_wording as cw
from pdsfz_xl import text as texts
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import Look, take_look
from pdsfz_xl.printing import Order
from pdsfz_xl.states import Companion
from pdsfz_xl.typeset import Printed
from pdsfz_xl.units import named
from pdsfz_xl.workspace import Workspace

KINDS = {
    Companion.BULLETIN: cw.BULLETIN,
    Companion.CALLS: cw.CALLS_TITLE,
    Companion.UNITS: cw.UNIT_PAPERS,
    Companion.EVIDENCE: cw.EVIDENCE_LIST,
}
"""What people call them."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Files to be written, and what people are told of them."""

    files: Mapping[Path, bytes]
    outputs: Mapping[str, Path]
    said: tuple[str, ...]
    printed: tuple[Printed, ...]
    next_step: str


def kind(said: str) -> Companion:
    """The kind somebody asks for. Raises OperatorError for one that does not exist."""
    plain = texts.squash(said).casefold()
    for word, name in KINDS.items():
        if plain in (word, name):
            return word
    known = "、".join(f"{name}（{word}）" for word, name in KINDS.items())
    raise OperatorError(
        f"print 打印不了“{texts.brief(said)}”；可以写：{known}，不写种类的是汇总表。"
        "没有改动任何文件。"
    )


def print_out(
    ws: Workspace,
    now: datetime,
    said: str,
    order: Order = printing.WORKING_COPY,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """One kind of paper as everything stands now, by its Chinese or English name.

    Of an order it knows the units, where it is printed by unit.
    """
    word = kind(said)
    _require_fitting(word, order)
    ws.require_master()
    with ws.locked("print"):
        # Not received: what no collect has seen must still be new to the next one.
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
        made = _make(ws, look, word, order.units)
        kept = copies.make_way(ws, made.files, now)
        ws.write_all(made.files)
    fonts = sorted({font for printed in made.printed for font in printed.fonts})
    missing = dict.fromkeys(m for printed in made.printed for m in printed.missing)
    return Done(
        said=(
            *made.said,
            *telling.made_way(kept),
            *([f"所用字体：{'、'.join(fonts)}。"] if fonts else []),
            *telling.unprintable(missing, look.batch),
        ),
        outputs={name: ws.relative(path) for name, path in made.outputs.items()},
        findings=look.findings,
        shown=0,
        next_step=made.next_step,
        more={
            "pages": sum(printed.pages for printed in made.printed),
            "fonts": fonts,
            "files": [ws.relative(path) for path in made.files],
        },
    )


def _require_fitting(word: Companion, order: Order) -> None:
    if replace(order, units="") != printing.WORKING_COPY:
        raise OperatorError(
            f"--only、--raw、--paper 等选项只用于汇总表，打印{KINDS[word]}时请去掉；"
            "没有改动任何文件。"
        )
    if order.units and word != Companion.UNITS:
        raise OperatorError("--units 只用于汇总表和单位材料；没有改动任何文件。")


def _make(ws: Workspace, look: Look, word: Companion, units: str) -> Made:
    match word:
        case Companion.BULLETIN:
            return _bulletin(ws, look)
        case Companion.UNITS:
            return _unit_papers(ws, look, units)
        case Companion.CALLS:
            return _single(ws, word, call_sheet.pdf(look.batch), "照单打电话，把结果写在纸上")
        case Companion.EVIDENCE:
            return _single(ws, word, evidence_list.pdf(look.batch), "打印后附在汇总表后面")


def _single(ws: Workspace, word: Companion, printed: Printed, next_step: str) -> Made:
    path = ws.prints / f"{KINDS[word]}.pdf"
    return Made(
        files={path: printed.data},
        outputs={"pdf": path},
        said=(f"已排好 {printed.pages} 页：{ws.relative(path)}",),
        printed=(printed,),
        next_step=f"打开 {ws.relative(path)}，{next_step}",
    )


def _bulletin(ws: Workspace, look: Look) -> Made:
    told = bulletin.compose(look.batch, look.findings)
    printed, page = bulletin_page.pdf(told)
    pdf, docx = (ws.prints / f"{cw.BULLETIN}{suffix}" for suffix in (".pdf", ".docx"))
    said = [f"已排好 {printed.pages} 页：{ws.relative(pdf)}，要改文字的用 {docx.name}"]
    if printed.pages > 1:
        said.append(f"单位太多，一页放不下，排成了 {printed.pages} 页。")
    hidden = sum(f.rule in bulletin.CONFIDENTIAL and not f.waived for f in look.findings)
    if hidden:
        said.append(f"另有涉密标志 {hidden} 处，没有写进通报，请按保密规定单独报告。")
    return Made(
        files={pdf: printed.data, docx: bulletin_page.docx(told, page)},
        outputs={"pdf": pdf, "docx": docx},
        said=tuple(said),
        printed=(printed,),
        next_step=f"看过 {ws.relative(pdf)} 再发出",
    )


def _unit_papers(ws: Workspace, look: Look, units: str) -> Made:
    batch = look.batch
    wanted = named(batch.master, units) or batch.master.units
    signers = unit_paper.signers(batch)
    mine = [unit for unit in signers if unit in wanted]
    fonts = typeset.available_fonts()
    folder = ws.prints / cw.UNIT_PAPERS
    printed = {folder / f"{unit_paper.name(u)}.pdf": unit_paper.pdf(batch, u, fonts) for u in mine}
    silent = [unit.name for unit in wanted if batch.master.due(unit.code) and unit not in signers]
    said = [f"单位材料 {len(printed)} 份在 {ws.relative(folder)}，共 "
            f"{sum(p.pages for p in printed.values())} 页。"]  # fmt: skip
    said += [f"还没有内容、没有做的：{'、'.join(silent)}。"] if silent else []
    said += [] if units else _left_over(folder, printed)
    return Made(
        files={path: one.data for path, one in printed.items()},
        outputs={"units": folder} if printed else {},
        said=tuple(said),
        printed=tuple(printed.values()),
        next_step="把各单位材料发给单位，与电子表核对字数后签字盖章"
        if printed
        else "等单位报来以后再打印",
    )


def _left_over(folder: Path, printed: Iterable[Path]) -> list[str]:
    """Papers of an earlier run; perhaps somebody put a signed scan there, so they stay."""
    others = sorted(path.name for path in set(folder.glob("*.pdf")) - set(printed))
    if not others:
        return []
    return [f"文件夹里另有不是这次做的 {len(others)} 份：{'、'.join(map(texts.visible, others))}。"]
