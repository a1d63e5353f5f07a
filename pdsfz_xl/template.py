"""The office's letters: a text of 通知模板 and what is known of a unit in, the words out."""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from pdsfz_xl import master_wording as ms
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w
from pdsfz_xl.model import Batch, Master, Template, Unit

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in, in one go: what is put in is never filled again.

    A placeholder nobody knows stays as it is; `lint` has said so.
    """
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def body(text: str, values: Mapping[str, str]) -> str:
    """The text filled in, without the lines that held nothing but placeholders of empty lists."""
    lines = [(line, fill(line, values)) for line in text.split("\n")]
    return "\n".join(filled for line, filled in lines if filled.strip() or not line.strip())


def of(master: Master, kind: str) -> Template:
    """The text of one kind, or the one every master begins with where the clerk has deleted it."""
    ours = (Template(kind=k, subject=s, body=b) for k, s, b in ms.TEMPLATES)
    return next(t for t in (*master.templates, *ours) if t.kind == kind)


def values(
    batch: Batch,
    unit: Unit,
    today: date,
    deadline: date | None = None,
    problems: str = "",
    received: str = "",
) -> dict[str, str]:
    """What each placeholder stands for in a letter to one unit.

    `deadline` is the letter's own, else the unit's; `problems` is the list it is about, `received`
    the list of what came.
    """
    master, settings = batch.master, batch.master.settings
    until = deadline or master.deadline(unit)
    standing = next(s for s in batch.standings if s.unit == unit.code)
    missing = (master.requirement[key] for key in standing.missing)
    return {
        "单位": unit.name,
        "任务": settings.name,
        "文号": settings.document_number,
        "截止日期": w.day(until) if until else w.NO_DAY,
        "期限": w.before(until if until and until >= today else None),
        "剩余天数": str(max(0, (until - today).days)) if until else "",
        "离截止": w.days_left((until - today).days if until else None),
        "应报项数": str(standing.assigned),
        "已报项数": str(standing.answered),
        "未报项数": str(standing.assigned - standing.answered),
        "未报清单": numbered(
            f"{w.item(r.numbers, r.key)}{texts.brief(r.text, 60)}" for r in missing
        ),
        "问题清单": problems,
        "收到清单": received,
        "联系人": settings.contact,
        "联系电话": settings.phone,
        "邮箱": settings.email,
        "地址": settings.address,
        "发文单位": settings.issuer,
    }


def with_changes(text: str, changes: str, issuer: str) -> str:
    """A letter that also says what is different in a form that comes in place of another one.

    Where the office's own words do not, a line says so above the name of who sends it.
    """
    if not changes or changes in text:
        return text
    note = w.amended(changes)
    lines = text.rstrip().split("\n")
    signed = bool(issuer) and lines[-1].strip() == issuer
    return "\n".join([*lines[:-1], note, lines[-1]] if signed else [*lines, note])


def numbered(lines: Iterable[str]) -> str:
    """One line each, with its number."""
    return "\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))
