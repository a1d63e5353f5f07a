"""Everything a unit was mailed, given or told: both tables of the ledger in, lines to read out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from pdsfz_xl import handing_wording as hw
from pdsfz_xl import mail_wording as mw
from pdsfz_xl import outgoing
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.ledger import Handed
from pdsfz_xl.outgoing import Posted


def made(handed: Iterable[Handed], mails: Iterable[Posted]) -> Mapping[str, list[str]]:
    """One line for each hand-over, call and mail, by unit code, in the order of the days.

    Of a day the mails come first: when the rest was done, nobody wrote down.
    """
    found: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for mail in sorted(map(outgoing.owned_up, mails), key=lambda mail: mail.at):
        if mail.state not in outgoing.UNSENT:
            day = datetime.fromisoformat(mail.at).date()
            line = hw.contact_made(mail.kind, day, w.BY_MAIL, "", _fate(mail))
            found[mail.unit].append((day, line))
    for one in handed:
        line = hw.contact_made(one.kind, one.day, one.via, one.who, one.note)
        found[one.unit].append((one.day, line))
    return {
        unit: [texts.visible(line) for _, line in sorted(lines, key=lambda one: one[0])]
        for unit, lines in found.items()
    }


def _fate(mail: Posted) -> str:
    """What is to be said of a mail that did not simply arrive."""
    if mail.bounced:
        return mw.came_back(mail.bounced)
    return "" if mail.state == outgoing.SENT else mw.MAIL_STATES[mail.state]
