"""What became of the mails that came in."""

from datetime import datetime

from pdsfz_xl import incoming, ledger

PLACE = incoming.Place("office@example.cn", "INBOX", "7", "3")
LETTER = incoming.Letter(PLACE, "mark", "<1@b.cn>", "taken", "a@b.cn", "01", "报送",
                         "2019-10-24T10:00:00", "out/2-收件/邮件/x", "")  # fmt: skip


def test_how_far_a_mailbox_was_looked_at(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        assert incoming.mailbox(book, "a", "INBOX") == ("", 0)
        incoming.record_mailbox(book, "a", "INBOX", "7", 12)
        incoming.record_mailbox(book, "a", "INBOX", "8", 3)
        assert incoming.mailbox(book, "a", "INBOX") == ("8", 3)
        assert incoming.mailbox(book, "b", "INBOX") == ("", 0)


def test_what_became_of_a_mail(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        begun = LETTER._replace(kind="taking")
        incoming.record_letter(book, begun)
        assert incoming.letters(book) == (begun,)
        incoming.record_letter(book, LETTER, ["a" * 64])
        assert incoming.letters(book) == (LETTER,)
        assert incoming.enclosed(book, LETTER.identity) == {"a" * 64}
        assert incoming.enclosed(book, "other") == set()


def test_a_mail_left_open_is_not_open_twice_when_its_number_changes(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        incoming.record_letter(book, LETTER._replace(kind="other"))
        moved = LETTER._replace(place=PLACE._replace(validity="8"))
        incoming.record_letter(book, moved)
        assert incoming.letters(book) == (moved,)


def test_bytes_arrived_when_the_first_mail_with_them_did(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        incoming.record_letter(book, LETTER, ["a" * 64])
        earlier = LETTER._replace(message_id="<2@b.cn>", arrived="2019-10-23T10:00:00")
        incoming.record_letter(book, earlier._replace(place=PLACE._replace(uid="4")), ["a" * 64])
        assert incoming.arrivals(book) == {"a" * 64: datetime(2019, 10, 23, 10)}


def test_an_address_that_is_not_reached_is_kept_once(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        incoming.record_unreached(book, incoming.Bounced("01", "a@b.cn", "已满", "2019-10-24"))
        last = incoming.Bounced("01", "a@b.cn", "不存在", "2019-10-25")
        incoming.record_unreached(book, last)
        assert incoming.unreached(book) == (last,)
