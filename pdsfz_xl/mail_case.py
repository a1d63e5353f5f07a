"""The mails of one command: what somebody asks for and what is known in, one by one out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import compose, giveback, issued, ledger, mail, mailbox, marked, outgoing
from pdsfz_xl import wording as w
from pdsfz_xl.compose import Attachment
from pdsfz_xl.look import Look
from pdsfz_xl.mail import Carried, Held, Letter
from pdsfz_xl.model import Finding, Unit
from pdsfz_xl.states import URGENT, NoticeKind
from pdsfz_xl.units import named
from pdsfz_xl.workspace import Workspace, bytes_of


class Asked(NamedTuple):
    """Which mails a command is about. `units` is a list as `units.named` takes it; "" means all."""

    kind: NoticeKind
    units: str = ""
    force: bool = False
    until: date | None = None
    style: str = compose.DUAL


def returns(look: Look, asked: Asked, now: datetime) -> tuple[giveback.Return, ...]:
    """The marked workbooks that go with a 退回修改."""
    if asked.kind != w.SENT_BACK:
        return ()
    wanted = named(look.batch.master, asked.units)
    return giveback.returns(look.batch, look.findings, asked.until, now, wanted)


def planned(
    ws: Workspace,
    book: ledger.Ledger,
    look: Look,
    asked: Asked,
    returned: tuple[giveback.Return, ...],
) -> Iterator[Letter | Held]:
    """What the mails of this kind would be now, one unit after the other."""
    master = look.batch.master
    wanted = {unit.code for unit in named(master, asked.units) or master.units}
    issued.settle(book, look.batch.now)
    forms, outdated = book.forms(), book.outdated()
    case = mail.Case(
        kind=asked.kind,
        batch=look.batch,
        findings=_for_units(look),
        posted=outgoing.mails(book),
        out=book.out_forms(),
        outdated=outdated,
        handed=book.handed(),
        sender=mailbox.sender(master.settings),
        carried=_returns(ws, returned) if asked.kind == w.SENT_BACK else _forms(ws, forms),
        changes=lambda unit, form: issued.changes(
            ws, outdated[unit.code], forms[unit.code].path, form.attachment.data
        ),
        deadline=asked.until,
        force=asked.force,
    )
    return (result for result in mail.plan(case) if result.unit.code in wanted)


def _for_units(look: Look) -> tuple[Finding, ...]:
    """What a unit itself can put right and somebody wants it to; blanks are listed apart."""
    return tuple(
        f
        for f in look.findings
        if giveback.is_asked(f) and f.rule not in ("G02", "G03") and f.grade in URGENT
    )


def _forms(ws: Workspace, forms: Mapping[str, ledger.Form]) -> Callable[[Unit], Carried | None]:
    """The present form of a unit, unless there is none or it is not as it was made."""

    @lru_cache(maxsize=1)  # it is asked for several times in a row
    def carried(code: str) -> Carried | None:
        form = forms.get(code)
        data = bytes_of(ws.out / form.path) if form else b""
        if form is None or sha256(data).hexdigest() != form.sha256:
            return None
        return Carried(Attachment(Path(form.path).name, data), form.sha256)

    return lambda unit: carried(unit.code)


def _returns(ws: Workspace, made: tuple[giveback.Return, ...]) -> Callable[[Unit], Carried | None]:
    found = {one.unit.code: one for one in made}

    @lru_cache(maxsize=1)  # likewise
    def carried(code: str) -> Carried | None:
        if code not in found:
            return None
        name, data = found[code].name, found[code].data
        same = marked.same(ws, code, data)
        return Carried(Attachment(f"{name}.xlsx", data), sha256(data).hexdigest(), same)

    return lambda unit: carried(unit.code)
