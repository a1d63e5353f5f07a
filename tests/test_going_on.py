"""A campaign of an earlier revision goes on: nothing is lost, nothing is done twice.

`campaigns/README.md` says where they come from.
"""

import json
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import desks
import pytest

from pdsfz_xl import campaign, entry_notes, handing, ledger, mailing, printing, review
from pdsfz_xl import entry_wording as ew
from pdsfz_xl import wording as w
from pdsfz_xl.done import Done
from pdsfz_xl.mail_case import Asked
from pdsfz_xl.model import ClerkCells
from pdsfz_xl.workspace import Workspace

PACKS = sorted(Path(__file__).with_name("campaigns").glob("*.zip"))
NOW = datetime(2019, 11, 1, 9)
UNTIL = date(2019, 11, 8)
LATE = "农业农村局"
"""It has its form, and fills it in only now."""

Files = dict[str, bytes]


def files(folder: Path) -> Files:
    """Every file but what only the running machine needs."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if not (path.name.startswith(("台账", ".lock")) or ".cache" in path.parts)
    }


class Went(NamedTuple):
    """What was known of a campaign, and what became of it."""

    ws: Workspace
    known: dict[str, Any]
    before: Files
    clerk: ClerkCells
    collected: Files
    again: Files
    done: dict[str, Done]


@pytest.fixture(scope="module", params=PACKS, ids=lambda path: path.stem)
def went(request, tmp_path_factory) -> Went:
    """Every command of today, on the campaign."""
    folder = tmp_path_factory.mktemp("going-on")
    with zipfile.ZipFile(request.param) as pack:
        pack.extractall(folder)
    ws = Workspace(folder)
    before, said = files(folder), review.read(ws.merged)
    done = {"status": campaign.status(ws, NOW), "collect": campaign.collect(ws, NOW)}
    collected = files(folder)
    done["again"] = campaign.collect(ws, NOW)
    again = files(folder)
    for kind in (w.ISSUE, w.SENT_BACK):
        done[f"mail {kind}"] = mailing.plan(ws, Asked(kind, until=UNTIL), NOW)
        done[f"handout {kind}"] = handing.hand(ws, NOW, kind, "", handing.Note("李四"))
    done["return"] = campaign.give_back(ws, NOW, UNTIL)
    done["print"] = printing.print_out(ws, NOW, printing.Order(submit=True, since=3, anyway=True))
    done["export"] = campaign.export(ws, NOW)
    done["generate"] = campaign.generate(ws, NOW)
    known = json.loads(request.param.with_suffix(".json").read_text("utf-8"))
    return Went(ws, known, before, said, collected, again, done)


def test_no_answer_and_no_verdict_is_another(went):
    said = went.done["collect"].more
    answers = [[a[k] for k in ("unit", "requirement", "text", "status")] for a in said["answers"]]
    assert answers == went.known["answers"]
    assert [[f["path"], f["verdict"]] for f in said["files"]] == went.known["files"]
    assert said["answers"] == went.done["again"].more["answers"]


def test_no_word_of_the_clerk_is_lost(went):
    there = {
        (sheet, caption, text)
        for sheet, rows in review.read(went.ws.merged).items()
        for row in rows.values()
        for caption, text in row.items()
    }
    assert {tuple(word) for word in went.known["words"]} <= there
    assert review.read(went.ws.merged) == went.clerk
    ticked = entry_notes.read(went.ws.uploads / "录入清单.xlsx")[ew.ENTRY_SHEET]["02.2"]
    assert (ticked[ew.ENTERED], ticked["录入人"]) == (w.YES, "李四")


def test_no_file_is_lost(went):
    """What is replaced is in the archive; what came and what is archived stays as it is."""
    after = files(went.ws.root)
    kept = {sha256(data).digest() for data in after.values()}
    ours = re.compile(r"out/(2-收件|存档|邮件|转交)/|master/")
    gone = [
        path
        for path, data in went.before.items()
        if sha256(data).digest() not in kept and (ours.match(path) or path.endswith("汇总表.xlsx"))
    ]
    assert gone == []
    moved = [p for p, data in went.before.items() if ours.match(p) and after.get(p) != data]
    assert moved == []


def test_a_second_collect_writes_nothing(went):
    assert went.again == went.collected
    assert went.done["again"].said[-1].endswith("（没有变化，没有重写）")


def test_nothing_is_mailed_or_handed_out_twice(went):
    for kind in (w.ISSUE, w.SENT_BACK):
        assert went.done[f"mail {kind}"].more["mails"] == []
        assert went.done[f"handout {kind}"].more["units"] == []
    assert campaign.status(went.ws, NOW).more["handed"] == went.known["handed"]
    assert mailing.show(went.ws, NOW).more["mails"] == went.known["mails"]


def test_a_print_gets_the_next_number(went):
    """And is compared with what the last one said."""
    assert went.done["print"].more["draft"] == max(went.known["prints"]) + 1
    with ledger.opened(went.ws.ledger, readonly=True) as book:
        assert [*book.prints()] == [*went.known["prints"], went.done["print"].more["draft"]]


def test_forms_that_are_out_are_not_changed_without_a_word(went):
    """A form that must be made anew asks nothing new: nobody is owed a correction."""
    assert went.done["generate"].more["reissue"] == []
    with ledger.opened(went.ws.ledger, readonly=True) as book:
        assert book.outdated() == {}


def test_the_ledger_is_of_today(went):
    """Every step of its schema so far adds tables or columns and changes no row: it is taken
    without a word. One that changes a row has to say so and to keep a copy.
    """
    with closing(sqlite3.connect(went.ws.ledger)) as book:
        assert book.execute("PRAGMA user_version").fetchone() == (ledger.VERSION,)


def test_a_form_that_is_out_is_accepted(went):
    """As it was handed out, whatever the forms of today look like."""
    path = next(p for p in went.before if p.startswith("out/1-下发/") and LATE in p)
    book = desks.opened(went.before[path])
    asked = desks.slots(book)
    for slot in asked:
        desks.put(book, slot.row, w.ANSWER, f"补报的 {slot.requirement}。")
    (went.ws.dropzone / "补报.xlsx").write_bytes(desks.saved(book, NOW))
    collected = campaign.collect(went.ws, NOW).more
    said = {(a["unit"], a["requirement"]): a["text"] for a in collected["answers"]}
    expected = {(unit, key): text for unit, key, text, _ in went.known["answers"]}
    filled = {(LATE, slot.requirement): f"补报的 {slot.requirement}。" for slot in asked}
    assert filled
    assert said == expected | filled
