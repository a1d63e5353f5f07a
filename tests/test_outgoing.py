"""What may have gone out is never planned again, whatever dies in between."""

from datetime import datetime

import pytest

from pdsfz_xl import ledger, outgoing
from pdsfz_xl import wording as w

NOW = datetime(2019, 10, 24, 16, 5)


def posted(kind: str = w.ISSUE, unit: str = "06", number: int = 1, **more) -> outgoing.Posted:
    values = {
        "key": f"F201921/{unit}/{kind}/{number}",
        "unit": unit,
        "kind": kind,
        "number": number,
        "message_id": f"<{unit}{number}@126.com>",
        "path": "out/邮件/a.eml",
        "sha256": "a" * 64,
        "sender": "fzb@126.com",
        "recipients": ("a@example.cn", "b@example.cn"),
        "subject": "主题",
        "about": ("f" * 64,),
        **more,
    }
    return outgoing.Posted(**values)


def test_a_mail_is_kept_as_it_was_planned(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        outgoing.plan(book, w.ISSUE, [posted()], NOW)
        assert outgoing.mails(book) == (posted(at=NOW.isoformat()),)


@pytest.mark.parametrize(
    ("state", "replaced"),
    [
        (outgoing.PLANNED, True),
        (outgoing.FAILED_TEMP, True),
        (outgoing.FAILED_PERM, True),
        (outgoing.SENDING, False),
        (outgoing.UNKNOWN, False),
        (outgoing.SENT, False),
    ],
)
def test_what_may_have_gone_out_is_never_planned_again(tmp_path, state, replaced):
    with ledger.opened(tmp_path / "l") as book:
        outgoing.plan(book, w.ISSUE, [posted()], NOW)
        outgoing.record(book, posted().key, outgoing.SENDING, NOW)
        outgoing.record(book, posted().key, state, NOW, "550")
        outgoing.plan(book, w.ISSUE, [posted(subject="新")], NOW)
        (kept,) = outgoing.mails(book)
        assert (kept.subject == "新") == replaced
        assert kept.state == (outgoing.PLANNED if replaced else state)
        assert kept.attempts == 1 + (state == outgoing.SENDING)


def test_a_plan_that_is_no_more_is_forgotten_and_nothing_else(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        outgoing.plan(book, w.ISSUE, [posted(unit=u) for u in ("01", "02", "03")], NOW)
        outgoing.plan(book, w.REMIND, [posted(w.REMIND, "01")], NOW)
        outgoing.record(book, posted(unit="02").key, outgoing.SENT, NOW)
        outgoing.plan(book, w.ISSUE, [posted(unit="03")], NOW)
        left = [(m.unit, m.kind, m.state) for m in outgoing.mails(book)]
    assert left == [
        ("01", w.REMIND, "planned"),
        ("02", w.ISSUE, "sent"),
        ("03", w.ISSUE, "planned"),
    ]


def test_a_run_that_died_while_sending_leaves_an_unknown_mail(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        outgoing.plan(book, w.ISSUE, [posted(unit="01"), posted(unit="02")], NOW)
        outgoing.record(book, posted(unit="01").key, outgoing.SENDING, NOW)
    with ledger.opened(tmp_path / "l") as book:
        outgoing.own_up(book, NOW)
        assert [m.state for m in outgoing.mails(book)] == [outgoing.UNKNOWN, outgoing.PLANNED]


def test_case_20_a_bounce_finds_its_mail(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        outgoing.plan(book, w.ISSUE, [posted()], NOW)
        outgoing.record(book, posted().key, outgoing.UNKNOWN, NOW)
        assert not outgoing.record_bounce(book, "<other@126.com>", "x")
        assert outgoing.record_bounce(book, posted().message_id, "a@example.cn：550 no such user")
        (kept,) = outgoing.mails(book)
    assert (kept.state, kept.bounced) == (outgoing.SENT, "a@example.cn：550 no such user")
