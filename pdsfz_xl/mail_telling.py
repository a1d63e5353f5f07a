"""What people and machines are told of mails: planned ones, held ones and posted ones."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from pdsfz_xl import mail_wording as mw
from pdsfz_xl import outgoing
from pdsfz_xl import wording as w
from pdsfz_xl.mail import Held, Letter
from pdsfz_xl.model import Master, Unit
from pdsfz_xl.outgoing import Posted
from pdsfz_xl.states import MailState, NoticeKind


def letter(planned: Letter) -> Iterator[str]:
    sent = planned.mail
    copies = f"，抄送 {'、'.join(sent.sender.cc)}" if sent.sender.cc else ""
    again = f"（第 {planned.number} 次）" if planned.number > 1 else ""
    yield f"  {planned.unit.name}{again} → {'、'.join(sent.to)}{copies}"
    files = "、".join(attachment.name for attachment in sent.attachments)
    yield f"      {sent.subject}{f'　附件：{files}' if files else ''}"


def held(kind: NoticeKind, units: list[Held]) -> Iterator[str]:
    """Those mail does not reach first, each with whom to ask for; the others by reason."""
    calls = [one for one in units if one.call]
    if calls:
        other = "" if kind == w.RECEIPT else f"用 pdsfz-xl handout {kind}，或"
        yield f"邮件发不了的 {len(calls)} 家（请{other}打电话）："
        yield from (f"  {one.unit.name}（{_phone(one.unit)}）：{one.why}" for one in calls)
    reasons: dict[str, list[str]] = {}
    for one in units:
        if not one.call:
            reasons.setdefault(one.why, []).append(one.unit.name)
    if reasons:
        yield f"不发 {len(units) - len(calls)} 家："
        yield from (
            f"  {why}：{len(names)} 家（{'、'.join(names)}）" for why, names in reasons.items()
        )


def _phone(unit: Unit) -> str:
    return " ".join(part for part in (unit.contact, unit.phone) if part) or "没有写联系人和电话"


def letter_document(letter: Letter) -> dict[str, object]:
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


def held_document(held: Held) -> dict[str, object]:
    unit = held.unit
    return {
        "unit": unit.name,
        "why": held.why,
        "call": held.call,
        "contact": unit.contact,
        "phone": unit.phone,
    }


def posted(master: Master, m: Posted) -> str:
    unit = master.unit.get(m.unit)
    number = f"（第 {m.number} 次）" if m.number > 1 else ""
    when = datetime.fromisoformat(m.at)
    state = mw.came_back(m.bounced) if m.bounced else mw.MAIL_STATES[m.state]
    reply = f"（{m.reply}）" if m.reply and m.state != outgoing.SENT else ""
    return (
        f"{m.kind}{number}  {unit.name if unit else m.unit}  {when:%m-%d %H:%M}  {state}{reply}"
        f"  → {'、'.join(m.recipients)}"
    )


def posted_document(master: Master, posted: Posted) -> dict[str, object]:
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


def next_step(kind: NoticeKind, states: Counter[MailState]) -> str:
    """What is to be done about mails that went wrong; empty where none did."""
    if states[outgoing.UNKNOWN]:
        return "打电话或到网页邮箱的“已发送”里核实，再用 pdsfz-xl mail resolve 说明"
    if states[outgoing.FAILED_PERM]:
        return "核对被拒收的邮箱（任务分解表的“责任单位”），改正后再运行一次"
    if states[outgoing.FAILED_TEMP]:
        return f"过一会儿再运行 pdsfz-xl mail send {kind}"
    return ""
