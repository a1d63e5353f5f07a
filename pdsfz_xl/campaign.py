"""The story of each command: load, call the stages, store.

One page for all of them on purpose: here one reads what the program does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR

from pdsfz_xl import (
    clerk_words,
    contract,
    draft,
    entries,
    entry_list,
    entry_notes,
    filing,
    giveback,
    incoming,
    intake,
    issued,
    ledger,
    marked,
    master_book,
    next_step,
    notice,
    outcome,
    outgoing,
    report,
    rules,
    telling,
)
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import export as export_stage
from pdsfz_xl import generate as generate_stage
from pdsfz_xl import lint as lint_stage
from pdsfz_xl import master as master_stage
from pdsfz_xl import pack as pack_stage
from pdsfz_xl import review_wording as rw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.entries import Entry
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.ledger import Ledger, Written
from pdsfz_xl.look import Look, read_master, take_look
from pdsfz_xl.model import ClerkCells, Filed, Finding, Master
from pdsfz_xl.next_step import Situation, Step
from pdsfz_xl.states import CodeCheck, FoundBy, Grade, Verdict
from pdsfz_xl.units import named
from pdsfz_xl.workspace import Workspace, bytes_of, digest_of

SEE_LINT = "运行 pdsfz-xl lint 可看全部"


# --- init, lint, generate ------------------------------------------------------------------


def init(ws: Workspace, path: Path, now: datetime, *, force: bool = False) -> Done:
    """Notice in, master out; an existing master stays, with `force` under another name."""
    if ws.master.exists() and not force:
        raise OperatorError(
            f"{ws.relative(ws.master)} 已经存在，没有改动；"
            "确实要重新生成的，请加 --force（旧表会加上时间另存在旁边）。"
        )
    _require_notice(path)
    read = notice.read(path)
    drawn = draft.draw_up(read, now.date())
    data = master_book.write(drawn)
    said = []
    with ws.locked("init"):
        copied = notice.copy(path, read)
        if ws.master.exists():
            ws.require_closed(ws.master)
            said.append(f"原来的任务分解表另存为 {_set_aside(ws, ws.master, now)}。")
        if bytes_of(ws.notice_copy) not in (b"", copied):
            said.append(f"原来的通知另存为 {_set_aside(ws, ws.notice_copy, now)}。")
        ws.write(ws.notice_copy, copied)
        ws.write(ws.master, data)
    plan = master_stage.read(ws.master, ws.relative(ws.master))
    said += [f"已生成 {ws.relative(ws.master)}：{telling.figures(plan)}。", *drawn.said]
    outputs = {"master": ws.relative(ws.master), "notice": ws.relative(ws.notice_copy)}
    return Done(
        said=tuple(said),
        outputs=outputs,
        findings=lint_stage.check(plan),
        others=SEE_LINT,
        steps=(next_step.CHECK_MASTER,),
        more={"said": list(drawn.said)},
    )


def _set_aside(ws: Workspace, path: Path, now: datetime) -> str:
    """Keep what is about to be replaced beside it, under a name with the time."""
    old = path.with_stem(f"{path.stem}_{now:%Y%m%d-%H%M%S}")
    ws.write(old, path.read_bytes())
    return ws.relative(old)


def _require_notice(path: Path) -> None:
    """What is no file has no kind either, so this comes before anybody looks at its suffix."""
    try:
        folder = S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise OperatorError(f"找不到通知文件 {path}；请检查文件名和所在的文件夹。") from error
    if folder:
        raise OperatorError(
            f"{path} 是文件夹，不是通知文件；请写出通知文件的名字（.docx、.txt 或 .xlsx）。"
        )


def lint(ws: Workspace, now: datetime, *, fix: bool = False) -> Done:
    """Everything wrong with the master at once; `fix` writes the missing keys first."""
    ws.require_master()
    plan = read_master(ws)
    said = []
    if fix:
        clerk = _clerk_words(ws, plan)
        keys = lint_stage.missing_codes(plan)
        if keys:
            with ws.locked("lint"):
                ws.require_closed(ws.master)
                ws.archive(ws.master.read_bytes(), w.TABLE_SHEET, now, ws.master.name)
                ws.write(ws.master, master_stage.fixed(ws.master, keys))
            plan = read_master(ws)
        said += [f"已补写编码 {key}（{w.TABLE_SHEET} {cell}）。" for cell, key in keys.items()]
        said += [] if keys else ["没有需要补写的编码。"]
        plan, moved = _reassign(ws, plan, clerk, now)
        said += moved
    findings = lint_stage.check(plan)
    errors = sum(f.grade == Grade.ERROR for f in findings)
    said.append(f"{telling.figures(plan)}。错误 {errors} 处，提醒 {len(findings) - errors} 处。")
    steps = next_step.steps(Situation(master_errors=errors, stale=True))
    return Done(said=tuple(said), findings=findings, shown=len(findings), steps=steps)


def _clerk_words(ws: Workspace, plan: Master) -> ClerkCells:
    with ledger.opened(ws.ledger, readonly=True) as book:
        return clerk_words.read(ws, book, plan.settings.code).cells


def _reassign(
    ws: Workspace, plan: Master, clerk: ClerkCells, now: datetime
) -> tuple[Master, list[str]]:
    """Let the master follow what the clerk decided in 责任单位调整."""
    moves = lint_stage.moves(plan, clerk)
    if not moves:
        return plan, []
    with ws.locked("lint"):
        ws.require_closed(ws.master)
        ws.archive(ws.master.read_bytes(), w.TABLE_SHEET, now, ws.master.name)
        duties = {move.requirement.row: move.responsible for move in moves}
        ws.write(ws.master, master_stage.reassigned(ws.master, plan, duties))
    said = [
        f"第 {move.requirement.key} 项已由{move.old.name}改派给{move.new.name}；"
        "请运行 pdsfz-xl generate，再发“更正”。"
        for move in moves
    ]
    return read_master(ws), said


def generate(
    ws: Workspace,
    now: datetime,
    *,
    before: Workspace | None = None,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Master in, forms out: every form is whole, and only those that changed are written.

    With `before`, this workspace or an earlier campaign's, they come with what was said there.
    """
    ws.require_master()
    plan = read_master(ws)
    findings = lint_stage.check(plan)
    _refuse_errors(findings)
    previous, lost = _previous(plan, before, now, tell) if before else ({}, 0)
    made = generate_stage.forms(plan, previous)
    idle = generate_stage.idle(plan)
    with ws.locked("generate"), ledger.opened(ws.ledger, mark=ws.mark) as book:
        issued.settle(book, now)
        old, new = book.forms(), {form.unit.code: _recorded(ws, form) for form in made}
        theirs = issued.theirs(book)
        again = {
            code: issued.changes(ws, theirs[code], old[code].path, form.data)
            for form in made
            if (code := form.unit.code) in theirs and new[code] != old[code]
        }
        _archive_forms(ws, plan, old, made, now)
        changed = ws.write_all({ws.forms / form.name: form.data for form in made})
        removed = _remove_forms(ws, old, new)
        book.record_forms(new, now, {code for code, why in again.items() if not why})
        waiting, outdated = issued.waiting(book), book.outdated()
        digest = generate_stage.digest(plan)
        if changed or digest != book.last_merged("generate"):
            book.record_run("generate", [ws.relative(path) for path in changed], now, digest)
    said = [
        f"填报表 {len(made)} 份在 {ws.relative(ws.forms)}："
        f"新写 {len(changed)} 份，{len(made) - len(changed)} 份没有变化。",
        *telling.refilled(previous, lost),
        *(f"{path.name} 不再需要，已移入 out/存档。" for path in removed),
        *telling.reissued(plan, again),
        *telling.outdated(plan, outdated.keys() - again.keys()),
    ]
    named = partial(next_step.named, plan)
    if idle:
        said.append(f"{w.NOTHING_DUE}、不下发：{'、'.join(u.name for u in idle)}。")
    return Done(
        said=tuple(said),
        outputs={"forms": ws.relative(ws.forms)},
        findings=findings,
        others=SEE_LINT,
        steps=next_step.steps(Situation(waiting=named(waiting), outdated=named(outdated))),
        more={
            "forms": [{"unit": f.unit.name, "path": ws.relative(ws.forms / f.name)} for f in made],
            "idle": [unit.name for unit in idle],
            "reissue": [
                {"unit": plan.unit[code].name, "why": why} for code, why in again.items() if why
            ],
        },
    )


def _previous(
    plan: Master, before: Workspace, now: datetime, tell: intake.Tell
) -> tuple[generate_stage.Previous, int]:
    before.require_master()
    with ledger.opened(before.ledger, readonly=True) as book:
        look = take_look(before, now, tell, book)
    return generate_stage.previous(plan, look.batch)


def _recorded(ws: Workspace, form: generate_stage.Form) -> ledger.Form:
    return ledger.Form(f"{ws.forms.name}/{form.name}", sha256(form.data).hexdigest())


def _archive_forms(
    ws: Workspace,
    plan: Master,
    old: Mapping[str, ledger.Form],
    made: Iterable[generate_stage.Form],
    now: datetime,
) -> None:
    """Keep every form that is about to change or to go, before the first one does."""
    new = {ws.forms / form.name: form for form in made}
    owners = {path: form.unit.code for path, form in new.items()}
    owners |= {ws.out / form.path: code for code, form in old.items()}
    for path, code in owners.items():
        data = bytes_of(path)
        if data and (path not in new or data != new[path].data):
            unit = plan.unit.get(code)
            ws.archive(data, unit.name if unit else code, now, path.name)


def _remove_forms(
    ws: Workspace, old: Mapping[str, ledger.Form], new: Mapping[str, ledger.Form]
) -> list[Path]:
    """Remove the forms that are made no longer, unless somebody wrote in them."""
    wanted = {form.path for form in new.values()}
    gone = (form for form in old.values() if form.path not in wanted)
    return [ws.out / form.path for form in gone if ws.remove(ws.out / form.path, form.sha256)]


def _refuse_errors(findings: Iterable[Finding]) -> None:
    errors = [f for f in findings if f.grade == Grade.ERROR]
    if errors:
        first = errors[0]
        raise OperatorError(
            f"任务分解表有 {len(errors)} 处错误，没有生成填报表；第一处在“{first.where.sheet}”"
            f"{first.where.cell}：{first.message}。请运行 pdsfz-xl lint 查看全部并改正。"
        )


# --- collect, status ----------------------------------------------------------------


def collect(
    ws: Workspace,
    now: datetime,
    tell: intake.Tell = intake.quiet,
    passwords: tuple[str, ...] = (),
    copy: str = "",
) -> Done:
    """Returns in, merged workbook out; every original that may be is kept.

    Where nothing changed, nothing is written. `copy` is another merged workbook to take in, or
    `none` where the clerk lets go what was written in the one that is gone.
    """
    ws.require_master()
    with ws.locked("collect"), ledger.opened(ws.ledger, mark=ws.mark) as book:
        ws.require_closed(ws.merged)
        before = bytes_of(ws.merged)
        look = take_look(ws, now, tell, book, passwords, copy=copy)
        intake.keep(ws, look.batch, look.intake)
        data, made = _merged(ws, book, look, before, now)
        if before and before != data:
            if bytes_of(ws.merged) != before:
                raise OperatorError("汇总表.xlsx 刚刚被改动过，没有覆盖；请保存并关闭后重新运行。")
            ws.archive(before, w.MERGED_SHEET, now, ws.merged.name)
        changed = ws.write(ws.merged, data)
        if changed:
            book.record_merged(made, ws.relative(ws.merged))
        if look.words.copy:
            path, copied = look.words.copy
            ws.archive(copied, w.MERGED_SHEET, now, path.name)
            book.record_absorbed([sha256(copied).hexdigest()])
        book.record_absorbed(look.papers)
        evidence = filing.file(ws, look.batch, book, passwords)
        known = {
            r.unit for r in look.batch.rows if r.by == FoundBy.CODE and r.check == CodeCheck.OK
        }
        book.mark_out(known - book.outdated().keys(), now)  # it may have come on the form before
        steps = next_step.of(ws, look, book, collected=True)
    outputs = {"merged": ws.relative(ws.merged)}
    said = [
        *look.words.notes,
        f"收件 {len(look.batch.received)} 个文件，其中新到 {len(look.intake.fresh)} 个。",
        *telling.files(look.batch),
        *telling.papers(look.batch),
        *(f"  没有跟随的链接：{texts.visible(ws.relative(link))}" for link in ws.links()),
        *telling.misplaced(ws),
        *telling.summary(look),
        *([w.filed(len(evidence))] if evidence else []),
        f"汇总表：{outputs['merged']}{'' if changed else '（没有变化，没有重写）'}",
    ]
    return Done(
        said=tuple(said),
        outputs=outputs,
        findings=look.findings,
        arrived=tuple(telling.arrived(look)),
        steps=steps,
        more=contract.collected(look.batch, look.findings, outputs),
    )


def _merged(
    ws: Workspace, book: Ledger, look: Look, before: bytes, now: datetime
) -> tuple[bytes, Written]:
    """The merged workbook, with the number of the last run where that wrote the very same."""
    code = look.batch.master.settings.code
    stamp = clerk_words.stamp(book, code, look.words, look.batch.clerk)
    last = book.last_written()
    if last and last.words and sha256(before).hexdigest() == last.sha256:
        data = report.build(look.batch, look.findings, stamp._replace(run=last.run))
        if data == before:
            return data, last
    data = report.build(look.batch, look.findings, stamp)
    shown = clerk_words.shown(ws.merged, data)
    if (now_shown := clerk_words.stamp(book, code, look.words, shown)) != stamp:
        stamp = now_shown
        data = report.build(look.batch, look.findings, stamp)
    return data, Written(stamp.run, now, sha256(data).hexdigest(), stamp.words)


def purge(ws: Workspace, target: Path, reason: str, who: str, now: datetime) -> Done:
    """Remove every copy of a file that we hold; its hash, the reason, who and when are kept.

    The one command that deletes from 收件 and 存档. What lies inside an archive or a mail goes
    with that.
    """
    ws.require_master()
    if not (reason.strip() and who.strip()):
        raise OperatorError("清除文件要写明理由（--reason）和经手人（--by），没有清除任何文件。")
    if not target.is_file():
        raise OperatorError(
            f"找不到文件 {target}，没有清除任何文件；压缩包或邮件里的文件请指明整个压缩包或邮件。"
        )
    with ws.locked("purge"), ledger.opened(ws.ledger) as book:
        digest = digest_of(target)
        copies = ws.copies(digest)
        if not copies:
            raise OperatorError(f"{target} 不在本任务的收件、存档或材料里，没有清除。")
        names = [ws.relative(path) for path in copies]
        book.record_purge(digest, reason.strip(), who.strip(), names, now)
        ws.forget({digest})
        for path in copies:
            path.unlink()
    said = [f"已清除 {len(names)} 份：", *(f"  {texts.visible(name)}" for name in names)]
    said.append(f"台账里留有哈希值 {digest[:8]}…、理由、经手人和时间。")
    return Done(
        said=tuple(said),
        steps=(next_step.FILES_CHANGED,),
        more={"sha256": digest, "removed": names},
    )


def pack(ws: Workspace, now: datetime, target: Path | None = None) -> Done:
    """The whole campaign as one verified zip, from which another machine continues."""
    ws.require_master()
    with ws.locked("pack"):
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, intake.quiet, book, lenient=True)
        batch = look.batch
        code = batch.master.settings.code
        held = {f.path for f in batch.received if f.verdict == Verdict.HELD}
        place = target or ws.root.parent / pack_stage.name(code, f"{now:%Y%m%d}")
        packed = pack_stage.pack(ws, place, code, held)
    said = [
        f"已打包 {packed.files} 个文件（{packed.size / (1 << 20):.1f} MB），逐个核对无误：",
        f"  {packed.path}",
        *(f"  没有放入：{texts.visible(left.path)}（{left.why}）" for left in packed.left_out),
    ]
    return Done(
        said=tuple(said),
        outputs={"pack": str(packed.path)},
        next_step="在另一台电脑上解压，在解出的文件夹里运行 pdsfz-xl，即可接着做",
        more={"files": packed.files, "left_out": [left._asdict() for left in packed.left_out]},
    )


def give_back(
    ws: Workspace,
    now: datetime,
    until: date | None = None,
    tell: intake.Tell = intake.quiet,
    units: str = "",
) -> Done:
    """A marked workbook, a text to paste and a letter for every unit that has to correct.

    Of the units named, if any; what was made for the others stays as it is.
    """
    ws.require_master()
    if until and until < now.date():
        raise OperatorError(f"--until 写的 {until} 已经过去，没有生成退回的表；请写今后的日期。")
    with ws.locked("return"):
        # Not received: what no collect has seen must still be new to the next one. But the
        # original of what goes back is kept, should it be withdrawn before that.
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
        wanted = named(look.batch.master, units)
        intake.keep(ws, look.batch, look.intake)
        made = giveback.returns(look.batch, look.findings, until, now, wanted)
        with ledger.opened(ws.ledger) as book:
            folder = marked.keep(ws, book, look.batch, made, now)
            steps = next_step.of(ws, look, book)
    said = (
        [f"退回修改 {len(made)} 家，在 {ws.relative(folder)}："] if made else ["没有要退回修改的。"]
    )
    said += [f"  {one.unit.name}：{one.problems} 个问题" for one in made]
    if right := [unit.name for unit in wanted if unit not in {one.unit for one in made}]:
        said.append(f"没有要改的，没有做：{'、'.join(right)}。")
    return Done(
        said=tuple(said),
        outputs={"returns": ws.relative(folder)} if made else {},
        findings=look.findings,
        shown=0,
        steps=steps,
        more={"units": [one.unit.name for one in made]},
    )


def export(ws: Workspace, now: datetime, tell: intake.Tell = intake.quiet, units: str = "") -> Done:
    """What is typed into the province's platform: texts, evidence, and the list to tick off.

    What the units named have to answer goes into a folder of its own, without that list: what
    the clerk ticks off stands in one place.
    """
    ws.require_master()
    if units:
        return _export_part(ws, now, tell, units)
    listed = ws.uploads / f"{ew.ENTRY_SHEET}.xlsx"
    with ws.locked("export"):
        ws.require_closed(listed)
        before, merged = bytes_of(listed), bytes_of(ws.merged)
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
        notes = entry_notes.read(listed)
        made = entries.entries(look.batch)
        files = export_stage.files(look.batch, made, notes)
        pieces = export_stage.evidence(made)
        data = entry_list.build(look.batch.master.settings, made, notes)
        if before and before != data:
            if bytes_of(listed) != before:
                raise OperatorError(
                    "录入清单.xlsx 刚刚被改动过，没有覆盖；请保存并关闭后重新运行。"
                )
            ws.archive(before, ew.ENTRY_SHEET, now, listed.name)
        _upload(ws, ws.uploads, {**files, listed.name: data}, pieces)
        with ledger.opened(ws.ledger) as book:
            basis = sha256(merged).hexdigest() if merged else ""
            if basis != book.last_merged("export"):
                book.record_run("export", [ws.relative(listed)], now, basis)
            steps = next_step.of(ws, look, book)
    states, summary = _entered(made)
    unfiled = sum(not filed.requirement for filed in look.batch.filed)
    said = [
        f"{ws.relative(listed)}：{summary}",
        *([w.not_exported(unfiled)] if unfiled else []),
    ]
    return Done(
        said=tuple(said),
        outputs={"entries": ws.relative(listed)},
        findings=look.findings,
        shown=0,
        steps=steps,
        next_step=f"打开 {ws.relative(listed)}，逐项录入平台并填“是”",
        more={"states": states},
    )


def _export_part(ws: Workspace, now: datetime, tell: intake.Tell, units: str) -> Done:
    listed = ws.uploads / f"{ew.ENTRY_SHEET}.xlsx"
    with ws.locked("export"), ledger.opened(ws.ledger, readonly=True) as book:
        look = take_look(ws, now, tell, book)
        wanted = named(look.batch.master, units)
        made = export_stage.of_units(look.batch.master, entries.entries(look.batch), wanted)
        if not made:
            raise OperatorError("这些单位没有要录入平台的事项，没有改动任何文件。")
        folder = ws.uploads / export_stage.part(wanted)
        files = export_stage.files(look.batch, made, entry_notes.read(listed), whole=False)
        _upload(ws, folder, files, export_stage.evidence(made))
    states, summary = _entered(made)
    return Done(
        said=(f"{ws.relative(folder)}：{summary}", "out/7-上报 里的其他文件没有改动。"),
        outputs={"entries": ws.relative(folder / f"{ew.ENTRY_SHEET}.csv")},
        findings=look.findings,
        shown=0,
        next_step=f"逐项录入平台；录一项，在 {ws.relative(listed)} 里填一个“是”"
        "（还没有这张表的，先运行 pdsfz-xl export）",
        more={"states": states},
    )


def _upload(
    ws: Workspace, folder: Path, files: Mapping[str, bytes], pieces: Mapping[str, Filed]
) -> None:
    """Write an export into its folder, and take away what the one before wrote and this did not."""
    known = export_stage.written_before(bytes_of(folder / export_stage.DOCUMENT))
    known |= {name: digest_of(old) for name in export_stage.PARQUET
              if (old := folder / name).is_file()}  # fmt: skip
    ws.write_all({folder / path: data for path, data in files.items()})
    filing.copy(ws, {folder / path: filed for path, filed in pieces.items()})
    for path, digest in known.items():
        if path not in files and path not in pieces:
            ws.remove(folder / path, digest)
            with suppress(OSError):  # a folder with something in it stays
                (folder / path).parent.rmdir()


def _entered(made: Iterable[Entry]) -> tuple[dict[str, int], str]:
    """How many entries there are in which state, as figures and as a sentence."""
    asked = [entry for entry in made if entry.asked]
    states = Counter(entry.state for entry in asked)
    counted = "，".join(f"{state} {number}" for state, number in states.items())
    ready = sum(entry.ready for entry in asked)
    return dict(states), f"{len(asked)} 项，可以录入 {ready} 项（{counted}）。"


def status(ws: Workspace, now: datetime) -> Done:
    """Where the campaign stands and what to do next. Writes nothing."""
    if not ws.master.exists():
        return Done(
            said=("这个文件夹里还没有填报任务。",),
            steps=(next_step.BEGIN,),
        )
    with ledger.opened(ws.ledger, readonly=True) as book:
        issued.settle(book, now)
        look = take_look(ws, now, intake.quiet, book, lenient=True)
        handed, outdated = book.handed(), book.outdated()
        steps = (Step(f"{rw.HOW} 文件", rw.NEXT),) if look.trouble else next_step.of(ws, look, book)
        mails = Counter(outgoing.owned_up(mail).state for mail in outgoing.mails(book))
        bounces = telling.standing(look.batch.master, incoming.unreached(book))
    plan, settings = look.batch.master, look.batch.master.settings
    left = outcome.outstanding(look.batch)
    said = [
        f"任务：{settings.name}（{settings.code}）",
        *([look.trouble] if look.trouble else []),
        *telling.misplaced(ws),
        *telling.summary(look),
        *telling.mails(mails),
        *(f"{word}：{len(keys)} 项（{'、'.join(keys)}）" for word, keys in left.items()),
        *telling.bounces(plan, bounces),
        *telling.handed(plan, handed, outdated),
    ]
    return Done(
        said=tuple(said),
        findings=look.findings,
        shown=0,
        steps=steps,
        more={
            "campaign": settings.code,
            "deadline": settings.deadline.isoformat() if settings.deadline else None,
            "units": [contract.unit(look.batch, s) for s in look.batch.standings],
            "mails": dict(sorted(mails.items())),
            "outstanding": {word: list(keys) for word, keys in left.items()},
            "bounces": [contract.bounce(plan, one) for one in bounces],
            "handed": [telling.handed_document(plan, one) for one in handed],
        },
    )


def rule_table() -> Done:
    """The catalogue, for people and machines."""
    lines = [
        f"{r.code}  {r.grade} {w.GRADES[r.grade]}  {r.title}：{r.why}" for r in rules.CATALOGUE
    ]
    table = [
        {"code": r.code, "class": r.grade, "title": r.title, "message": r.message, "fix": r.fix,
         "why": r.why}
        for r in rules.CATALOGUE
    ]  # fmt: skip
    return Done(said=tuple(lines), more={"rules": table})
