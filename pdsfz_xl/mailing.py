"""The story of the mail commands: what would go out, sending it once, and what became of it."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from pdsfz_xl import (
    compose,
    intake,
    issued,
    ledger,
    mail_case,
    mail_telling,
    mailbox,
    marked,
    next_step,
    outbox,
    outgoing,
    secret,
    smtp,
)
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import read_master, take_look
from pdsfz_xl.mail import Held, Letter
from pdsfz_xl.mail_case import Asked
from pdsfz_xl.model import Master
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.states import NoticeKind
from pdsfz_xl.units import named
from pdsfz_xl.workspace import Workspace


def kind(said: str) -> NoticeKind:
    """The kind of mail somebody asks for, in Chinese or English; raises OperatorError."""
    known = NoticeKind(said) if said in w.NOTICE_KINDS else w.KIND_ALIASES.get(said.lower())
    if known is None:
        raise OperatorError(
            f"没有“{texts.brief(said)}”这种邮件；请写 {'、'.join(w.NOTICE_KINDS)} 之一，"
            f"或 {'、'.join(w.KIND_ALIASES)}。"
        )
    return known


# --- plan ----------------------------------------------------------------------------------


def plan(ws: Workspace, asked: Asked, now: datetime, tell: intake.Tell = intake.quiet) -> Done:
    """Unit by unit, to whom, with which file; and why not for the others. Writes nothing."""
    ws.require_master()
    with ledger.opened(ws.ledger, readonly=True) as book:
        look = take_look(ws, now, tell, book)
        mails: list[dict[str, object]] = []
        told: list[str] = []
        held: list[Held] = []
        for result in mail_case.planned(ws, book, look, asked, mail_case.returns(look, asked, now)):
            if isinstance(result, Held):
                held.append(result)
            else:  # its attachment is let go: of 3,000 units they would fill the memory
                mails.append(mail_telling.letter_document(result))
                told += mail_telling.letter(result)
        steps = next_step.of(ws, look, book)
    said = [
        f"将发“{asked.kind}”{len(mails)} 封：" if mails else f"没有“{asked.kind}”要发。",
        *told,
        *mail_telling.held(asked.kind, held),
    ]
    word = next(alias for alias, known in w.KIND_ALIASES.items() if known == asked.kind)
    return Done(
        said=tuple(said),
        steps=steps,
        next_step=f"pdsfz-xl mail send {asked.kind}（先看草稿：加 --drafts）" if mails else "",
        more={
            "kind": asked.kind,
            "alias": word,
            "mails": mails,
            "held": [mail_telling.held_document(one) for one in held],
        },
    )


# --- drafts --------------------------------------------------------------------------------


def drafts(ws: Workspace, asked: Asked, now: datetime, tell: intake.Tell = intake.quiet) -> Done:
    """The mails as files to open, look at and send by hand. No connection, nothing recorded."""
    ws.require_master()
    folder = ws.mails / mw.DRAFTS / asked.kind
    written, held = set(), []
    with ws.locked("mail"):
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
            results = mail_case.planned(ws, book, look, asked, mail_case.returns(look, asked, now))
        for result in tell(results, len(look.batch.master.units)):
            if isinstance(result, Letter):
                path = folder / _file_name(result)
                ws.write(path, compose.compose(result.mail, now, style=asked.style, draft=True))
                written.add(path)
            else:
                held.append(result)
        if not asked.units:
            for old in set(folder.glob("*.eml")) - written:
                old.unlink()  # sent by hand, it would be one too many
    where = ws.relative(folder)
    said = [
        f"“{asked.kind}”草稿 {len(written)} 封，在 {where}；没有连接服务器，没有发出任何邮件。",
        *([mw.DRAFTS_BY_HAND] if written else []),
        *mail_telling.held(asked.kind, held),
    ]
    return Done(
        said=tuple(said),
        outputs={"drafts": where} if written else {},
        next_step=f"双击草稿看一看；由程序来发，运行 pdsfz-xl mail send {asked.kind}"
        if written
        else "",
        more={
            "kind": asked.kind,
            "drafts": sorted(ws.relative(path) for path in written),
            "held": [mail_telling.held_document(one) for one in held],
        },
    )


def _file_name(letter: Letter) -> str:
    name = mw.mail_file(letter.unit.code, letter.unit.name, letter.number)
    return f"{texts.file_name(name)}.eml"


# --- send ----------------------------------------------------------------------------------


def send(
    ws: Workspace,
    asked: Asked,
    now: datetime,
    ask: secret.Ask | None,
    *,
    confirmed: Collection[str] | None = None,
    pace: outbox.Pace | None = None,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Send what `plan` shows, each mail at most once; `confirmed` are the keys somebody saw.

    Raises OperatorError where the batch had to stop, saying what was sent and what to do.
    """
    ws.require_master()
    with ws.locked("mail"), ledger.opened(ws.ledger) as book:
        outgoing.own_up(book, now)
        look = take_look(ws, now, tell, book)
        account = mailbox.sending(look.batch.master.settings)
        returned = mail_case.returns(look, asked, now)
        results = mail_case.planned(ws, book, look, asked, returned)
        held, queue = _freeze(ws, asked, now, results, confirmed)
        marked_for = {mail.unit for mail in queue}
        if asked.kind == w.SENT_BACK and queue:
            going = (one for one in returned if one.unit.code in marked_for)
            marked.keep(ws, book, look.batch, going, now)
        outgoing.plan(book, asked.kind, queue, now)
        pace = pace or outbox.usual_pace(account)
        today = outbox.sent_today(book, now)
        stop = ""
        if queue:
            server = smtp.Server(account, secret.password(account.user, ask))
            try:
                stop = outbox.deliver(ws, book, tell(queue, len(queue)), server, now, pace, today)
            finally:
                server.close()
                issued.settle(book, now)
        keys = {mail.key for mail in queue}
        after = [m for m in outgoing.mails(book) if m.key in keys]
        steps = next_step.of(ws, look, book)
    done = _finished(look.batch.master, asked, after, held, stop, seen=confirmed is not None)
    return replace(done, steps=steps)


def _freeze(
    ws: Workspace,
    asked: Asked,
    now: datetime,
    results: Iterator[Letter | Held],
    confirmed: Collection[str] | None,
) -> tuple[list[Held], list[Posted]]:
    """Write every mail's bytes down before the first one leaves."""
    held: list[Held] = []
    queue: list[Posted] = []
    for result in results:
        if isinstance(result, Held):
            held.append(result)
        elif confirmed is None or result.mail.key in confirmed:
            data = compose.compose(result.mail, now, style=asked.style)
            path = ws.mails / asked.kind / _file_name(result)
            ws.write(path, data)
            queue.append(_posted(result, ws.relative(path), data))
    return held, queue


def _posted(letter: Letter, path: str, data: bytes) -> Posted:
    sent = letter.mail
    return Posted(
        key=sent.key,
        unit=letter.unit.code,
        kind=letter.kind,
        number=letter.number,
        message_id=sent.message_id,
        path=path,
        sha256=sha256(data).hexdigest(),
        sender=sent.sender.address,
        recipients=sent.recipients,
        subject=sent.subject,
        about=letter.about,
    )


def _finished(
    master: Master, asked: Asked, after: list[Posted], held: list[Held], stop: str, *, seen: bool
) -> Done:
    """What was sent, what not, and what to do; as an OperatorError where the batch stopped.

    `seen` says that people have just read who gets one and who does not.
    """
    states = Counter(m.state for m in after)
    counted = "，".join(
        f"{said} {states[state]}" for state, said in mw.MAIL_STATES.items() if states[state]
    )
    if stop:
        raise OperatorError(
            f"发信中止：{stop}。这次{counted}；已发的不会再发，"
            f"其余的届时运行 pdsfz-xl mail send {asked.kind} 接着发。"
        )
    wrong = [m for m in after if m.state != outgoing.SENT]
    nothing = [] if seen else [f"没有“{asked.kind}”要发。"]
    said = [
        *([f"“{asked.kind}”{len(after)} 封：{counted}。"] if after else nothing),
        *(
            f"  {master.unit[m.unit].name}：{mw.MAIL_STATES[m.state]}"
            f"{f'（{m.reply}）' if m.reply else ''}"
            for m in wrong
        ),
        *([] if seen else mail_telling.held(asked.kind, held)),
    ]
    if any(one.unsure for one in held):
        states[outgoing.UNKNOWN] += 1
    return Done(
        said=tuple(said),
        next_step=mail_telling.next_step(asked.kind, states),
        more={
            "kind": asked.kind,
            "mails": [mail_telling.posted_document(master, m) for m in after],
            "held": [mail_telling.held_document(one) for one in held],
        },
    )


# --- show, resolve, check ------------------------------------------------------------------


def show(ws: Workspace, now: datetime) -> Done:  # noqa: ARG001 # every story takes the time
    """Every mail and how far it is. Writes nothing."""
    ws.require_master()
    master = read_master(ws)
    with ledger.opened(ws.ledger, readonly=True) as book:
        posted = [outgoing.owned_up(m) for m in outgoing.mails(book)]
    states = Counter(m.state for m in posted)
    order = {kind: i for i, kind in enumerate(w.NOTICE_KINDS)}
    posted.sort(key=lambda m: (order.get(m.kind, len(order)), m.unit, m.number))
    said = [mail_telling.posted(master, m) for m in posted] or ["还没有发过邮件。"]
    if posted:
        said.append(
            "合计：" + "，".join(f"{mw.MAIL_STATES[s]} {n}" for s, n in sorted(states.items()))
        )
    open_ = states[outgoing.UNKNOWN]
    return Done(
        said=tuple(said),
        next_step="核实后运行 pdsfz-xl mail resolve 单位 --sent（或 --resend）" if open_ else "",
        more={"mails": [mail_telling.posted_document(master, m) for m in posted]},
    )


def resolve(
    ws: Workspace, units: str, now: datetime, *, sent: bool, kind: NoticeKind | None = None
) -> Done:
    """The clerk says of mails nobody is sure of whether they arrived, or go out once more.

    Raises OperatorError where there is no such mail of a unit.
    """
    ws.require_master()
    master = read_master(ws)
    with ws.locked("mail"), ledger.opened(ws.ledger) as book:
        outgoing.own_up(book, now)
        codes = {unit.code for unit in named(master, units)}
        mails = [m for m in outgoing.mails(book) if m.unit in codes and kind in (None, m.kind)]
        doubtful = [m for m in mails if _may_be_decided(m, sent)]
        if not doubtful:
            raise OperatorError(
                "这些单位没有要说明的邮件；运行 pdsfz-xl mail show 可看每封邮件的情况。"
                if units
                else "请写明是哪个单位的邮件，如 pdsfz-xl mail resolve 市司法局 --sent。"
            )
        for m in doubtful:
            state = outgoing.SENT if sent else outgoing.PLANNED
            outgoing.record(book, m.key, state, now, mw.decided(sent))
        if not sent:
            issued.take_back(book, doubtful)
        issued.settle(book, now)
    done = "记为已送达，不会再发" if sent else "可以再发一次"
    return Done(
        said=tuple(f"{master.unit[m.unit].name}的“{m.kind}”：{done}。" for m in doubtful),
        next_step="" if sent else f"pdsfz-xl mail send {doubtful[0].kind}",
        more={"resolved": [m.key for m in doubtful], "state": "sent" if sent else "planned"},
    )


def _may_be_decided(m: Posted, sent: bool) -> bool:
    """What is unknown; what was refused or came back may be sent again as well."""
    refused = m.state == outgoing.FAILED_PERM or bool(m.bounced)
    return m.state == outgoing.UNKNOWN or (refused and not sent)


def check(ws: Workspace, ask: secret.Ask | None, *, remember: bool = False) -> Done:
    """Connect and log in as sending would; nothing is sent."""
    ws.require_master()
    settings = read_master(ws).settings
    account, sender = mailbox.sending(settings), mailbox.sender(settings)
    code = secret.password(account.user, ask)
    limit = smtp.Server(account, code).check()
    said = [
        f"登录成功：{account.user}，{account.host}:{account.port}（{account.security}）；"
        f"没有发出任何邮件。发件人：{sender.name} <{sender.address}>。"
    ]
    if limit:
        said.append(f"服务器收的邮件最大 {mw.megabytes(limit)}（编码后）。")
    if remember:
        kept = secret.remember(account.user, code)
        said.append(
            "授权码已存进系统的密码库。"
            if kept
            else '系统里没有能用的密码库，授权码没有存；要存请先运行 pip install "pdsfz-xl[mail]"。'
        )
    return Done(
        said=tuple(said),
        next_step=f"pdsfz-xl mail plan {w.ISSUE}",
        more={"account": account.user, "host": account.host, "port": account.port,
              "security": account.security, "limit": limit},
    )  # fmt: skip
