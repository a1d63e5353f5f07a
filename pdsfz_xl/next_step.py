"""What is to be done next: where a campaign stands in, an ordered list of steps out.

Every command that says what to do next in the campaign draws it from here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pdsfz_xl import generate, giveback, issued, lint, mail, outcome, outgoing, owed, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Handed, Ledger
from pdsfz_xl.look import Look
from pdsfz_xl.model import Finding, Master
from pdsfz_xl.states import OWING, Grade, Reason, UnitStatus
from pdsfz_xl.workspace import Workspace, digest_of

_ARRIVES = frozenset({outgoing.SENT, outgoing.UNKNOWN})
_REMINDS = frozenset({w.REMIND, w.SENT_BACK})
_NAMES = 3
"""How many names a sentence has before it only counts."""


class Step(NamedTuple):
    """What to type, and why or after what. As a string it is a sentence for people."""

    command: str
    why: str

    def __str__(self) -> str:
        return f"{self.why}，运行 {self.command}"


BEGIN = Step("pdsfz-xl init 通知.docx", "把通知（也可以是 .txt、.xlsx）放在手边")
CHECK_MASTER = Step("pdsfz-xl generate", "打开 master/任务分解表.xlsx 核对（浅色格为承上行）")
FILES_CHANGED = Step("pdsfz-xl collect", "收件夹里的文件有变化")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Where a campaign stands; units and files are names for people."""

    master_errors: int = 0
    moves: tuple[str, ...] = ()
    """Bureaus that 改派单位 makes responsible, which the master does not say yet."""
    has_forms: bool = True
    stale: bool = False
    """The forms are not of the present master."""
    doubtful: int = 0
    """Mails nobody knows to have arrived."""
    waiting: tuple[str, ...] = ()
    """Units that have no form yet."""
    outdated: tuple[str, ...] = ()
    """Units that have a form which asks something else."""
    misplaced: tuple[str, ...] = ()
    """Folders with nearly the drop zone's name and files in them."""
    received: bool = False
    fresh: int = 0
    """Files no collect has seen."""
    merged: bool = True
    held: tuple[str, ...] = ()
    """Files with a classification mark."""
    unplaced: tuple[str, ...] = ()
    """Files that could not be used and are of no unit."""
    to_mark: tuple[str, ...] = ()
    """Units with something to put right, for which no marked form was made since it was found."""
    to_send_back: tuple[str, ...] = ()
    """Units whose marked form was made and has not gone out."""
    correcting: tuple[str, ...] = ()
    """Units that have their marked form."""
    errors: int = 0
    """Findings of class A nobody has agreed to."""
    pending: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """As `outcome.outstanding` says it."""
    to_key: tuple[str, ...] = ()
    """Units whose answers the office must type in."""
    to_remind: tuple[str, ...] = ()
    """Units that owe something, have no excuse and were not reminded within a day."""
    owing: tuple[str, ...] = ()
    """All units that owe something."""
    printed: bool = False
    submitted: bool = False
    exported: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing stands in the way of handing the print up."""
        return not (self.errors or any(self.pending.get(state) for state in outcome.PENDING))


def steps(at: Situation) -> tuple[Step, ...]:
    """Everything there is to do, the first thing first; never nothing."""
    if at.master_errors:
        return (Step("pdsfz-xl lint", f"任务分解表有 {at.master_errors} 处错误要改正"),)
    if not at.has_forms:
        return (Step("pdsfz-xl generate", "还没有填报表"),)
    return (*_forms(at), *_files(at), *(_answers(at) if at.received else ()))


def _forms(at: Situation) -> Iterator[Step]:
    """Everybody has the form there is now."""
    if at.moves:
        why = f"“责任单位调整”里改派给{_names(at.moves)}的，还没有写进任务分解表"
        yield Step("pdsfz-xl lint --fix", why)
    if at.stale:
        yield Step("pdsfz-xl generate", "任务分解表改过，填报表还没有重新生成")
    if at.doubtful:
        why = f"有 {at.doubtful} 封邮件不知道送到没有，打电话核实后用 mail resolve 说明"
        yield Step("pdsfz-xl mail show", why)
    if at.waiting:
        yield _send(
            w.ISSUE,
            f"给还没有下发的 {len(at.waiting)} 家发填报表（{_names(at.waiting)}；",
            "，自己发的加 --record 登记；收回的放进 out/2-收件）",
        )
    if at.outdated:
        yield _send(
            w.AMEND, f"给 {len(at.outdated)} 家发“{w.AMEND}”（{_names(at.outdated)}；", "）"
        )


def _files(at: Situation) -> Iterator[Step]:
    """Everything that came is read, and of somebody."""
    if at.misplaced:
        yield _collect(f"把 {'、'.join(at.misplaced)} 里的文件移到 out/2-收件")
    if at.fresh or (at.received and not at.merged):
        yield _collect(f"收到 {at.fresh} 个新文件" if at.fresh else "还没有汇总表")
    if not at.received:
        yield _collect("把收回的填报表放进 out/2-收件")
    if at.held:
        why = (
            f"{_names(at.held)}有涉密标志，先按规定处理：确认不涉密的写进“{w.WAIVERS_SHEET}”，"
            "涉密的清除"
        )
        yield Step("pdsfz-xl purge 文件 --reason 理由 --by 姓名", why)
    if at.unplaced:
        yield _collect(
            f"没能采用、也不知道是谁的文件（{_names(at.unplaced)}）在汇总表“{w.REGISTER_SHEET}”里"
            "写归属单位，或者作废"
        )


def _answers(at: Situation) -> Iterator[Step]:
    """Every answer is right, there, decided and on paper; then it goes up."""
    if at.to_mark:
        standing = f"；必须改共 {at.errors} 个" if at.errors else ""
        yield Step(
            "pdsfz-xl return",
            f"有问题要由 {len(at.to_mark)} 家改正，还没有退回（{_names(at.to_mark)}{standing}）",
        )
    if at.to_send_back:
        yield _send(
            w.SENT_BACK,
            f"把退回修改的表发给 {len(at.to_send_back)} 家（{_names(at.to_send_back)}；",
            "，自己发的加 --record 登记；改好的放进 out/2-收件）",
        )
    undecided, unmerged, again, unsigned = (
        len(at.pending.get(word, ()))
        for word in (w.PENDING_CHOICE, w.PENDING_TEXT, w.REVIEW_AGAIN, w.UNSIGNED)
    )
    if undecided:
        yield _collect(
            f"打开 out/3-汇总/汇总表.xlsx，在“{w.CONFLICT_SHEET}”里选定采用的版本"
            f"（{w.PENDING_CHOICE} {undecided} 项）"
        )
    if at.to_key:
        yield _collect(f"在汇总表里代录 {len(at.to_key)} 家的来件（{_names(at.to_key)}）")
    if at.to_remind:
        yield _send(
            w.REMIND,
            f"催报 {len(at.to_remind)} 家未报齐的单位（{_names(at.to_remind)}；",
            "；新收到的放进 out/2-收件，再 collect）",
        )
    if again or unmerged:
        yield _collect(
            "打开 out/3-汇总/汇总表.xlsx 审核："
            + _counts({w.REVIEW_AGAIN: again, w.PENDING_TEXT: unmerged, w.UNSIGNED: unsigned})
        )
    if not at.printed:
        left = f"（{w.UNSIGNED} {unsigned} 项）" if unsigned else ""
        yield Step("pdsfz-xl print", f"打开 out/3-汇总/汇总表.xlsx 审核{left}，改定以后")
    if at.is_settled and at.printed:
        yield _last(at)
    elif names := tuple(dict.fromkeys((*at.correcting, *at.owing))):
        yield _collect(f"等 {len(names)} 家报来（{_names(names)}）；新收到的放进 out/2-收件")
    elif at.printed:
        yield _collect(f"照“问题清单”逐条处理，改正的或写进“{w.WAIVERS_SHEET}”的")


def _last(at: Situation) -> Step:
    if not at.submitted:
        return Step("pdsfz-xl print --submit", "打开 out/5-打印/汇总表.pdf 核对，要呈送的")
    if not at.exported:
        return Step("pdsfz-xl export", "呈送稿定了，要录入省平台的")
    return Step("pdsfz-xl pack", "照 out/7-上报/录入清单.xlsx 逐项录入并填“是”，全部办完要留存的")


def _collect(why: str) -> Step:
    return Step("pdsfz-xl collect", why)


def _send(kind: str, why: str, more: str) -> Step:
    return Step(f"pdsfz-xl mail plan {kind}", f"{why}没有邮箱的用 pdsfz-xl handout {kind}{more}")


def _names(names: tuple[str, ...]) -> str:
    shown = "、".join(map(texts.visible, names[:_NAMES]))
    return shown if len(names) <= _NAMES else f"{shown}等"


def _counts(numbers: Mapping[str, int]) -> str:
    return "，".join(f"{word} {number} 项" for word, number in numbers.items() if number)


# --- where a campaign stands ---------------------------------------------------------------


def of(ws: Workspace, look: Look, book: Ledger, *, collected: bool = False) -> tuple[Step, ...]:
    """The steps of a campaign; after `collected` nothing in the drop zone is new."""
    return steps(situation(ws, look, book, collected=collected))


def situation(ws: Workspace, look: Look, book: Ledger, *, collected: bool = False) -> Situation:
    batch, plan = look.batch, look.batch.master
    open_ = [f for f in look.findings if f.grade == Grade.ERROR and not f.waived]
    mails = [outgoing.owned_up(one) for one in outgoing.mails(book)]
    marked = giveback.digests(batch, look.findings)
    made, sent_back = book.asked(), _given(book, mails, w.SENT_BACK)
    known = {code for code, digest in marked.items() if code in made and made[code][0] == digest}
    away = {code for code in known if (code, made[code].sha256) in sent_back}
    received = any(file.reason != Reason.CLUTTER for file in batch.received)
    basis = digest_of(ws.merged) if ws.merged.exists() else ""
    owing = [s.unit for s in batch.standings if s.status in OWING]
    remind = {one.unit.code for one in owed.reminded(batch)}
    generated = book.last_merged("generate")

    names = partial(named, plan)
    return Situation(
        master_errors=sum(f.rule.startswith("M") for f in open_),
        moves=tuple(dict.fromkeys(move.new.name for move in lint.moves(plan, batch.clerk))),
        has_forms=any(ws.forms.glob("*.xlsx")),
        stale=generated not in ("", generate.digest(plan)),
        doubtful=sum(one.state == outgoing.UNKNOWN for one in mails),
        waiting=names(_waiting(book, received=received)),
        outdated=names(book.outdated()),
        misplaced=tuple(map(ws.relative, ws.misplaced())),
        received=received,
        fresh=0 if collected else len(look.intake.fresh),
        merged=collected or ws.merged.exists(),
        held=_files_of(f for f in open_ if f.rule == "P01"),
        unplaced=_files_of(f for f in open_ if f.rule.startswith("F") and not f.unit),
        to_mark=names(marked.keys() - known),
        to_send_back=names(known - away),
        correcting=names(away),
        errors=rules.total(rules.tally(look.findings))[Grade.ERROR],
        pending=outcome.outstanding(batch),
        to_key=names(s.unit for s in batch.standings if s.status == UnitStatus.RECEIVED),
        to_remind=names(remind - _reminded(book, mails, batch.now)),
        owing=names(owing),
        printed=ws.pdf.exists() and basis == book.last_merged("print"),
        submitted=basis == book.submitted_merged(),
        exported=basis == book.last_merged("export"),
    )


def named(plan: Master, codes: Iterable[str]) -> tuple[str, ...]:
    """The names of units by code, in the order of 责任单位."""
    wanted = set(codes)
    return tuple(unit.name for unit in plan.units if unit.code in wanted)


def _given(book: Ledger, mails: Iterable[outgoing.Posted], kind: str) -> set[tuple[str, str]]:
    """Unit and sha256 of every workbook of this kind that went out, by whatever way."""
    mailed = {
        (one.unit, digest)
        for one in mails
        if one.kind == kind and one.state in _ARRIVES and not one.bounced
        for digest in one.about
    }
    return mailed | {(one.unit, one.sha256) for one in book.handed() if one.kind == kind}


def _waiting(book: Ledger, *, received: bool) -> set[str]:
    """Who has no form yet. Once forms come back though nobody recorded that they went out, they
    went by a way we do not know; but not to who is asked since.
    """
    kinds = {one.kind for one in outgoing.mails(book)} | {one.kind for one in book.handed()}
    recorded = not kinds.isdisjoint(w.BRINGS_FORM)
    return issued.waiting(book) if recorded or not received else book.made_later()


def _reminded(book: Ledger, mails: Iterable[outgoing.Posted], now: datetime) -> set[str]:
    """Who was told within a day that something is missing or wrong."""
    posted: defaultdict[str, list[outgoing.Posted]] = defaultdict(list)
    told: defaultdict[str, list[Handed]] = defaultdict(list)
    for one in sorted(mails, key=lambda one: one.at):
        posted[one.unit] += [one] if one.kind in _REMINDS else []
    for given in book.handed():
        told[given.unit] += [given] if given.kind in _REMINDS else []
    return {unit for unit in (*posted, *told) if mail.latest(posted[unit], told[unit], now)}


def _files_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f.where.file.rpartition("/")[2] for f in findings if f.where.file))
