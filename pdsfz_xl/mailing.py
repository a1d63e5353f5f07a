"""The story of the mail commands: what would go out, sending it once, and what became of it."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import compose, giveback, intake, ledger, mail, mailbox, marked, rules, secret, smtp
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.compose import Attachment
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.ledger import Posted
from pdsfz_xl.look import Look, read_master, take_look
from pdsfz_xl.mail import Carried, Held, Letter
from pdsfz_xl.model import Finding, Master, Unit
from pdsfz_xl.workspace import Workspace, bytes_of

PACE = 10.0
"""Seconds between two mails, a little more or less each time: NetEase counts mails in 15 minutes
(MI:SFQ) without saying how many are too many."""

PER_DAY = 80
"""Mails a common mailbox sends in a day; a free one of NetEase's was seen to stop at 100."""


class Asked(NamedTuple):
    """Which mails a command is about. `units` are names, aliases or codes; none means all."""

    kind: str
    units: tuple[str, ...] = ()
    force: bool = False
    until: date | None = None
    style: str = compose.DUAL


def kind(said: str) -> str:
    """The kind of mail somebody asks for, in Chinese or English; raises OperatorError."""
    known = said if said in w.NOTICE_KINDS else w.KIND_ALIASES.get(said.lower(), "")
    if not known:
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
        results = list(_planned(ws, book, look, asked, _marked(look, asked, now)))
    letters = [r for r in results if isinstance(r, Letter)]
    held = [r for r in results if isinstance(r, Held)]
    said = [
        f"将发“{asked.kind}”{len(letters)} 封：" if letters else f"没有“{asked.kind}”要发。",
        *(line for letter in letters for line in _told(letter)),
        *_held(held),
    ]
    word = next(alias for alias, known in w.KIND_ALIASES.items() if known == asked.kind)
    return Done(
        said=tuple(said),
        next_step=f"pdsfz-xl mail send {asked.kind}（先看草稿：加 --drafts）" if letters else "",
        more={
            "kind": asked.kind,
            "alias": word,
            "mails": [_mail_document(letter) for letter in letters],
            "held": [_held_document(one) for one in held],
        },
    )


def _marked(look: Look, asked: Asked, now: datetime) -> tuple[giveback.Return, ...]:
    if asked.kind != w.SENT_BACK:
        return ()
    return giveback.returns(look.batch, look.findings, asked.until, now)


def _planned(
    ws: Workspace,
    book: ledger.Ledger,
    look: Look,
    asked: Asked,
    returned: tuple[giveback.Return, ...],
) -> Iterator[Letter | Held]:
    """What the mails of this kind would be now, one unit after the other."""
    master = look.batch.master
    wanted = _units(master, asked.units)
    case = mail.Case(
        kind=asked.kind,
        batch=look.batch,
        findings=_for_units(look),
        posted=book.mails(),
        out=frozenset(book.out_forms()),
        sender=mailbox.sender(master.settings),
        carried=_returns(returned) if asked.kind == w.SENT_BACK else _forms(ws, book),
        deadline=asked.until,
        force=asked.force,
    )
    return (result for result in mail.plan(case) if result.unit.code in wanted)


def _units(master: Master, named: tuple[str, ...]) -> Collection[str]:
    """The codes of the units somebody names; of all where nobody is named."""
    if not named:
        return master.unit.keys()
    names = rules.unit_names(master)
    codes = {said: said if said in master.unit else names.get(texts.squash(said), "")
             for said in named}  # fmt: skip
    unknown = [said for said, code in codes.items() if not code]
    if unknown:
        raise OperatorError(
            f"责任单位里没有“{texts.brief('、'.join(unknown))}”；请写单位名称、别名或代码。"
        )
    return set(codes.values())


def _for_units(look: Look) -> tuple[Finding, ...]:
    """What a unit itself can put right and somebody wants it to; blanks are listed apart."""
    return tuple(
        f
        for f in look.findings
        if f.rule in giveback.GOES_BACK - {"G02", "G03"} and f.grade in "AB" and not f.waived
    )


def _forms(ws: Workspace, book: ledger.Ledger) -> Callable[[Unit], Carried | None]:
    """The present form of a unit, unless there is none or it is not as it was made."""
    forms = book.forms()

    @lru_cache(maxsize=1)  # it is asked for several times in a row
    def carried(code: str) -> Carried | None:
        form = forms.get(code)
        data = bytes_of(ws.out / form.path) if form else b""
        if form is None or sha256(data).hexdigest() != form.sha256:
            return None
        return Carried(Attachment(Path(form.path).name, data), form.sha256)

    return lambda unit: carried(unit.code)


def _returns(made: tuple[giveback.Return, ...]) -> Callable[[Unit], Carried | None]:
    found = {
        one.unit.code: Carried(
            Attachment(f"{one.name}.xlsx", one.data), sha256(one.data).hexdigest()
        )
        for one in made
    }
    return lambda unit: found.get(unit.code)


def _told(letter: Letter) -> Iterator[str]:
    sent = letter.mail
    copies = f"，抄送 {'、'.join(sent.sender.cc)}" if sent.sender.cc else ""
    again = f"（第 {letter.number} 次）" if letter.number > 1 else ""
    yield f"  {letter.unit.name}{again} → {'、'.join(sent.to)}{copies}"
    files = "、".join(attachment.name for attachment in sent.attachments)
    yield f"      {sent.subject}{f'　附件：{files}' if files else ''}"


def _held(held: list[Held]) -> Iterator[str]:
    """Those to be rung up first, each with whom to ask for; the others by reason."""
    calls = [one for one in held if one.call]
    if calls:
        yield f"发不了、请打电话 {len(calls)} 家："
        yield from (f"  {one.unit.name}（{_phone(one.unit)}）：{one.why}" for one in calls)
    reasons: dict[str, list[str]] = {}
    for one in held:
        if not one.call:
            reasons.setdefault(one.why, []).append(one.unit.name)
    if reasons:
        yield f"不发 {len(held) - len(calls)} 家："
        yield from (
            f"  {why}：{len(names)} 家（{'、'.join(names)}）" for why, names in reasons.items()
        )


def _phone(unit: Unit) -> str:
    return " ".join(part for part in (unit.contact, unit.phone) if part) or "没有写联系人和电话"


def _mail_document(letter: Letter) -> dict[str, object]:
    sent = letter.mail
    return {
        "key": sent.key,
        "unit": letter.unit.name,
        "number": letter.number,
        "to": list(sent.to),
        "cc": list(sent.sender.cc),
        "subject": sent.subject,
        "attachments": [attachment.name for attachment in sent.attachments],
        "message_id": sent.message_id,
    }


def _held_document(held: Held) -> dict[str, object]:
    unit = held.unit
    return {
        "unit": unit.name,
        "why": held.why,
        "call": held.call,
        "contact": unit.contact,
        "phone": unit.phone,
    }


# --- drafts --------------------------------------------------------------------------------


def drafts(ws: Workspace, asked: Asked, now: datetime, tell: intake.Tell = intake.quiet) -> Done:
    """The mails as files to open, look at and send by hand. No connection, nothing recorded."""
    ws.require_master()
    folder = ws.mails / w.DRAFTS / asked.kind
    written, held = set(), []
    with ws.locked("mail"):
        with ledger.opened(ws.ledger, readonly=True) as book:
            look = take_look(ws, now, tell, book)
            results = _planned(ws, book, look, asked, _marked(look, asked, now))
        for result in tell(results, len(look.batch.master.units)):
            if isinstance(result, Letter):
                path = folder / _file_name(result)
                ws.write(path, compose.compose(result.mail, now, style=asked.style, draft=True))
                written.add(path)
            else:
                held.append(result)
        for old in set(folder.glob("*.eml")) - written:
            old.unlink()  # sent by hand, it would be one too many
    where = ws.relative(folder)
    said = [
        f"“{asked.kind}”草稿 {len(written)} 封，在 {where}；没有连接服务器，没有发出任何邮件。",
        *_held(held),
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
            "held": [_held_document(one) for one in held],
        },
    )


def _file_name(letter: Letter) -> str:
    name = w.mail_file(letter.unit.code, letter.unit.name, letter.number)
    return f"{texts.file_name(name)}.eml"


# --- send ----------------------------------------------------------------------------------


class Pace(NamedTuple):
    """How fast mails may follow each other. `per_day` 0 is without end."""

    seconds: float = PACE
    per_day: int = PER_DAY
    wait: Callable[[float], None] = time.sleep

    def pause(self, key: str) -> None:
        """Between 0.8 and 1.5 times as long, different for every mail."""
        if self.seconds:
            share = sha256(key.encode()).digest()[0] / 255
            self.wait(self.seconds * (0.8 + 0.7 * share))


def send(
    ws: Workspace,
    asked: Asked,
    now: datetime,
    ask: secret.Ask | None,
    *,
    confirmed: Collection[str] | None = None,
    pace: Pace | None = None,
    tell: intake.Tell = intake.quiet,
) -> Done:
    """Send what `plan` shows, each mail at most once; `confirmed` are the keys somebody saw.

    Raises OperatorError where the batch had to stop, saying what was sent and what to do.
    """
    ws.require_master()
    with ws.locked("mail"), ledger.opened(ws.ledger) as book:
        book.own_up(now)
        _mark_out(book, now)
        look = take_look(ws, now, tell, book)
        account = mailbox.sending(look.batch.master.settings)
        returned = _marked(look, asked, now)
        results = _planned(ws, book, look, asked, returned)
        held, queue = _freeze(ws, asked, now, results, confirmed)
        marked_for = {mail.unit for mail in queue}
        if asked.kind == w.SENT_BACK and queue:
            going = (one for one in returned if one.unit.code in marked_for)
            marked.keep(ws, book, look.batch, going, now)
        book.plan_mails(asked.kind, queue, now)
        pace = pace or _usual_pace(account)
        sent_before = _sent_today(book, now)
        stop = ""
        if queue:
            server = smtp.Server(account, secret.password(account.user, ask))
            try:
                stop = deliver(ws, book, tell(queue, len(queue)), server, now, pace, sent_before)
            finally:
                server.close()
                _mark_out(book, now)
        keys = {mail.key for mail in queue}
        after = [m for m in book.mails() if m.key in keys]
    return _finished(look.batch.master, asked, after, held, stop, seen=confirmed is not None)


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


def deliver(
    ws: Workspace,
    book: ledger.Ledger,
    queue: Iterator[Posted],
    server: smtp.Server,
    now: datetime,
    pace: Pace,
    sent_before: int = 0,
) -> str:
    """Hand over the frozen mails, one after the other; why it stopped, or empty.

    What a mail is in is on the disk before its text leaves us and after the server's last word; a
    run that dies in between leaves it `sending`, which the next one reads as unknown.
    """
    sent = 0
    for number, posted in enumerate(queue):
        if pace.per_day and sent_before + sent >= pace.per_day:
            return f"今天已发 {sent_before + sent} 封，再多会被当作群发；其余的请明天再运行"
        data = bytes_of(ws.root / posted.path)
        if sha256(data).hexdigest() != posted.sha256:
            book.record_mail(posted.key, ledger.FAILED_TEMP, now, w.ALTERED_MAIL)
            continue
        if number:
            pace.pause(posted.key)

        def commit(key: str = posted.key) -> None:
            book.record_mail(key, ledger.SENDING, now)

        outcome = server.send(posted.sender, posted.recipients, data, commit)
        book.record_mail(posted.key, outcome.state, now, outcome.reply)
        sent += outcome.state == ledger.SENT
        if outcome.stop:
            return outcome.stop
    return ""


def _mark_out(book: ledger.Ledger, now: datetime) -> None:
    """Who was mailed the present form, or may have been, has it."""
    forms = book.forms()
    book.mark_out(
        {
            m.unit
            for m in book.mails()
            if m.kind in (w.ISSUE, w.AMEND)
            and m.state in (ledger.SENT, ledger.UNKNOWN)
            and m.unit in forms
            and forms[m.unit].sha256 in m.about
        },
        now,
    )


def _sent_today(book: ledger.Ledger, now: datetime) -> int:
    return sum(
        m.state == ledger.SENT and datetime.fromisoformat(m.at).date() == now.date()
        for m in book.mails()
    )


def _usual_pace(account: mailbox.Account) -> Pace:
    """Slow for a provider that counts; a server of one's own, or a test's, is not kept waiting."""
    if mailbox.is_loopback(account.host):
        return Pace(0, 0)
    return Pace() if mailbox.is_common(account.user) else Pace(PACE, 0)


def _finished(
    master: Master, asked: Asked, after: list[Posted], held: list[Held], stop: str, *, seen: bool
) -> Done:
    """What was sent, what not, and what to do; as an OperatorError where the batch stopped.

    `seen` says that people have just read who gets none.
    """
    states = Counter(m.state for m in after)
    counted = "，".join(
        f"{said} {states[state]}" for state, said in w.MAIL_STATES.items() if states[state]
    )
    if stop:
        raise OperatorError(
            f"发信中止：{stop}。这次{counted}；已发的不会再发，"
            f"其余的届时运行 pdsfz-xl mail send {asked.kind} 接着发。"
        )
    wrong = [m for m in after if m.state != ledger.SENT]
    said = [
        f"“{asked.kind}”{len(after)} 封：{counted}。" if after else f"没有“{asked.kind}”要发。",
        *(
            f"  {master.unit[m.unit].name}：{w.MAIL_STATES[m.state]}"
            f"{f'（{m.reply}）' if m.reply else ''}"
            for m in wrong
        ),
        *([] if seen else _held(held)),
    ]
    if any(one.why == w.OPEN_MAIL for one in held):
        states[ledger.UNKNOWN] += 1
    return Done(
        said=tuple(said),
        next_step=_after_sending(asked.kind, states),
        more={
            "kind": asked.kind,
            "mails": [_posted_document(master, m) for m in after],
            "held": [_held_document(one) for one in held],
        },
    )


def _after_sending(kind: str, states: Counter[str]) -> str:
    if states[ledger.UNKNOWN]:
        return "打电话或到网页邮箱的“已发送”里核实，再用 pdsfz-xl mail resolve 说明"
    if states[ledger.FAILED_PERM]:
        return "核对被拒收的邮箱（任务分解表的“责任单位”），改正后再运行一次"
    if states[ledger.FAILED_TEMP]:
        return f"过一会儿再运行 pdsfz-xl mail send {kind}"
    return "收到的填报表放进 out/2-收件，再运行 pdsfz-xl collect"


def _posted_document(master: Master, posted: Posted) -> dict[str, object]:
    unit = master.unit.get(posted.unit)
    return {
        "key": posted.key,
        "unit": unit.name if unit else posted.unit,
        "kind": posted.kind,
        "number": posted.number,
        "state": posted.state,
        "reply": posted.reply,
        "bounced": posted.bounced,
        "at": posted.at,
        "to": list(posted.recipients),
        "subject": posted.subject,
        "message_id": posted.message_id,
        "file": posted.path,
    }


# --- show, resolve, check ------------------------------------------------------------------


def show(ws: Workspace, now: datetime) -> Done:  # noqa: ARG001 # every story takes the time
    """Every mail and how far it is. Writes nothing."""
    ws.require_master()
    master = read_master(ws)
    with ledger.opened(ws.ledger, readonly=True) as book:
        posted = [m._replace(state=_owned_up(m.state)) for m in book.mails()]
    states = Counter(m.state for m in posted)
    order = {kind: i for i, kind in enumerate(w.NOTICE_KINDS)}
    posted.sort(key=lambda m: (order.get(m.kind, len(order)), m.unit, m.number))
    said = [_shown(master, m) for m in posted] or ["还没有发过邮件。"]
    if posted:
        said.append(
            "合计：" + "，".join(f"{w.MAIL_STATES[s]} {n}" for s, n in sorted(states.items()))
        )
    open_ = states[ledger.UNKNOWN]
    return Done(
        said=tuple(said),
        next_step="核实后运行 pdsfz-xl mail resolve 单位 --sent（或 --resend）" if open_ else "",
        more={"mails": [_posted_document(master, m) for m in posted]},
    )


def _owned_up(state: str) -> str:
    """Nobody is sending now: what a run that died left behind is unknown."""
    return ledger.UNKNOWN if state == ledger.SENDING else state


def _shown(master: Master, m: Posted) -> str:
    unit = master.unit.get(m.unit)
    number = f"（第 {m.number} 次）" if m.number > 1 else ""
    when = datetime.fromisoformat(m.at)
    state = f"退信：{m.bounced}" if m.bounced else w.MAIL_STATES[m.state]
    reply = f"（{m.reply}）" if m.reply and m.state != ledger.SENT else ""
    return (
        f"{m.kind}{number}  {unit.name if unit else m.unit}  {when:%m-%d %H:%M}  {state}{reply}"
        f"  → {'、'.join(m.recipients)}"
    )


def resolve(
    ws: Workspace, named: tuple[str, ...], now: datetime, *, sent: bool, kind: str = ""
) -> Done:
    """The clerk says of mails nobody is sure of whether they arrived, or go out once more.

    Raises OperatorError where there is no such mail of a unit.
    """
    ws.require_master()
    master = read_master(ws)
    with ws.locked("mail"), ledger.opened(ws.ledger) as book:
        book.own_up(now)
        codes = _units(master, named) if named else ()
        mails = [m for m in book.mails() if m.unit in codes and kind in ("", m.kind)]
        doubtful = [m for m in mails if _may_be_decided(m, sent)]
        if not doubtful:
            raise OperatorError(
                "这些单位没有要说明的邮件；运行 pdsfz-xl mail show 可看每封邮件的情况。"
                if named
                else "请写明是哪个单位的邮件，如 pdsfz-xl mail resolve 市司法局 --sent。"
            )
        for m in doubtful:
            state = ledger.SENT if sent else ledger.PLANNED
            book.record_mail(m.key, state, now, w.decided(sent))
        _mark_out(book, now)
    done = "记为已送达，不会再发" if sent else "可以再发一次"
    return Done(
        said=tuple(f"{master.unit[m.unit].name}的“{m.kind}”：{done}。" for m in doubtful),
        next_step="" if sent else f"pdsfz-xl mail send {doubtful[0].kind}",
        more={"resolved": [m.key for m in doubtful], "state": "sent" if sent else "planned"},
    )


def _may_be_decided(m: Posted, sent: bool) -> bool:
    """What is unknown; what was refused or came back may be sent again as well."""
    refused = m.state == ledger.FAILED_PERM or bool(m.bounced)
    return m.state == ledger.UNKNOWN or (refused and not sent)


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
        said.append(f"服务器收的邮件最大 {w.megabytes(limit)}（编码后）。")
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
