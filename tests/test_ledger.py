"""The ledger: a first sight never moves, and nothing is written that is there already."""

from datetime import datetime, timedelta

import pytest

from pdsfz_xl import ledger
from pdsfz_xl.errors import OperatorError

NOW = datetime(2019, 10, 24, 16, 5)


def test_a_first_sight_never_moves(tmp_path):
    path = tmp_path / "台账.sqlite"
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "out/2-收件/甲.xlsx", 10)], NOW)
    with ledger.opened(path) as book:
        seen = book.receive([("a" * 64, "out/2-收件/乙.xlsx", 10)], NOW + timedelta(days=3))
    assert seen == {"a" * 64: ledger.Receipt(NOW, "out/2-收件/甲.xlsx")}


def test_known_files_leave_the_bytes_alone(tmp_path):
    path = tmp_path / "台账.sqlite"
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW)
        book.record_forms({"01": ("1-下发/a.xlsx", "x")}, NOW)
        book.mark_out({"01"}, NOW)
    before = path.read_bytes()
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW + timedelta(days=1))
        book.record_forms({"01": ("1-下发/a.xlsx", "x")}, NOW + timedelta(days=1))
        book.mark_out({"01"}, NOW + timedelta(days=1))
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"台账.sqlite"}


def test_reading_makes_no_file_and_remembers_nothing(tmp_path):
    path = tmp_path / "台账.sqlite"
    with ledger.opened(path, readonly=True) as book:
        assert book.receive([("a" * 64, "甲", 1)], NOW)["a" * 64].first_seen == NOW
    assert not path.exists()


def test_reading_leaves_nothing_beside_the_ledger(tmp_path):
    path = tmp_path / "台账.sqlite"
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW)
    with ledger.opened(path, readonly=True) as book:
        book.receive([("b" * 64, "乙", 1)], NOW)
        assert "b" * 64 not in {row[0] for row in book._db.execute("SELECT sha256 FROM receipts")}
    assert {p.name for p in tmp_path.iterdir()} == {"台账.sqlite"}


def test_a_changed_form_is_out_no_more(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        book.record_forms({"01": ("a", "x"), "02": ("b", "y")}, NOW)
        book.mark_out({"01", "02", "99"}, NOW)
        assert book.out_forms() == {"01", "02"}
        book.record_forms({"01": ("a", "z")}, NOW)
        assert book.out_forms() == set()
        assert book.forms() == {"01": ("a", "z")}


def test_a_damaged_ledger_is_one_sentence_and_stays(tmp_path):
    path = tmp_path / "台账.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    before = path.read_bytes()
    with pytest.raises(OperatorError, match="台账"), ledger.opened(path):
        pass
    assert path.read_bytes() == before


def test_a_newer_ledger_is_not_touched(tmp_path):
    path = tmp_path / "l"
    with ledger.opened(path) as book:
        book._db.execute("PRAGMA user_version=99")
    with pytest.raises(OperatorError, match="更新版本"), ledger.opened(path):
        pass
