"""The mails of one command: what somebody asks for and what is known in, one by one out."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdsfz_xl import compose, giveback, issued, ledger, mail, mailbox, outgoing, rules
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.compose import Attachment
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.look import Look
from pdsfz_xl.mail import Carried, Held, Letter
from pdsfz_xl.model import Finding, Master, Unit
from pdsfz_xl.states import URGENT
from pdsfz_xl.workspace import Workspace, bytes_of


class Asked(NamedTuple):
    """Which mails a command is about. `units` are names, aliases or codes; none means all."""

    kind: str
    units: tuple[str, ...] = ()
    force: bool = False
    until: date | None = None
    style: str = compose.DUAL


def returns(look: Look, asked: Asked, now: datetime) -> tuple[giveback.Return, ...]:
    """The marked workbooks that go with a 退回修改."""
    if asked.kind != w.SENT_BACK:
        return ()
    return giveback.returns(look.batch, look.findings, asked.until, now)


def planned(
    ws: Workspace,
    book: ledger.Ledger,
    look: Look,
    asked: Asked,
    returned: tuple[giveback.Return, ...],
) -> Iterator[Letter | Held]:
    """What the mails of this kind would be now, one unit after the other."""
    master = look.batch.master
    wanted = units(master, asked.units)
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
        carried=_returns(returned) if asked.kind == w.SENT_BACK else _forms(ws, forms),
        changes=lambda unit, form: issued.changes(
            ws, outdated[unit.code], forms[unit.code].path, form.attachment.data
        ),
        deadline=asked.until,
        force=asked.force,
    )
    return (result for result in mail.plan(case) if result.unit.code in wanted)


def units(master: Master, named: tuple[str, ...]) -> Collection[str]:
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


def _returns(made: tuple[giveback.Return, ...]) -> Callable[[Unit], Carried | None]:
    found = {
        one.unit.code: Carried(
            Attachment(f"{one.name}.xlsx", one.data), sha256(one.data).hexdigest()
        )
        for one in made
    }
    return lambda unit: found.get(unit.code)
