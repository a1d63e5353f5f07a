"""The ledger: a first sight never moves, and nothing is written that is there already."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, datetime, timedelta

import pytest
from counts import examples

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
        book.record_forms({"01": ledger.Form("1-下发/a.xlsx", "x")}, NOW)
        book.mark_out({"01"}, NOW)
    before = path.read_bytes()
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW + timedelta(days=1))
        book.record_forms({"01": ledger.Form("1-下发/a.xlsx", "x")}, NOW + timedelta(days=1))
        book.mark_out({"01"}, NOW + timedelta(days=1))
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"台账.sqlite"}


def test_reading_makes_no_file_and_remembers_nothing(tmp_path):
    path = tmp_path / "台账.sqlite"
    for _ in range(2):
        with ledger.opened(path, readonly=True) as book:
            assert book.receive([("a" * 64, "甲", 1)], NOW)["a" * 64].new
    assert not path.exists()


@pytest.mark.parametrize("made", [True, False], ids=["a ledger", "a file killed while made"])
def test_reading_changes_no_byte_and_leaves_nothing_behind(tmp_path, made):
    path = tmp_path / "台账.sqlite"
    path.touch()
    if made:
        with ledger.opened(path) as book:
            book.receive([("a" * 64, "甲", 1)], NOW)
    before = path.read_bytes()
    with ledger.opened(path, readonly=True) as book:
        seen = book.receive([("a" * 64, "乙", 1), ("b" * 64, "乙", 1)], NOW)
        assert [r.new for r in seen.values()] == [not made, True]
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"台账.sqlite"}


def test_a_changed_form_is_out_no_more(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        book.record_forms({"01": ledger.Form("a", "x"), "02": ledger.Form("b", "y")}, NOW)
        book.mark_out({"01", "02", "99"}, NOW)
        assert book.out_forms() == {"01", "02"}
        book.record_forms({"01": ledger.Form("a", "z")}, NOW)
        assert book.out_forms() == set()
        assert book.forms() == {"01": ledger.Form("a", "z")}


def test_who_has_an_older_form_is_known_until_the_new_one_is_out(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        book.record_forms({"01": ledger.Form("a", "x"), "02": ledger.Form("b", "y")}, NOW)
        book.mark_out({"01"}, NOW)
        book.record_forms({"01": ledger.Form("a", "x2"), "02": ledger.Form("b", "y2")}, NOW)
        book.record_forms({"01": ledger.Form("a", "x3"), "02": ledger.Form("b", "y2")}, NOW)
        assert book.outdated() == {"01": "x"}
        book.mark_out({"01", "02"}, NOW)
        assert book.outdated() == {}


def test_what_was_given_is_kept_by_day_and_once(tmp_path):
    first = ledger.Handed("01", "下发", date(2019, 10, 8), "张三", "微信/QQ", "", "x")
    call = ledger.Handed("01", "催报", date(2019, 10, 24), "张三", "电话", "说周五报")
    late = ledger.Handed("02", "下发", date(2019, 10, 9), "李四")
    with ledger.opened(tmp_path / "l") as book:
        assert book.record_handed([call, first], NOW) == 2
        assert book.record_handed([late, call, late], NOW) == 1
    with ledger.opened(tmp_path / "l", readonly=True) as book:
        assert book.handed() == (first, late, call)


def test_a_ledger_without_a_register_keeps_its_forms(tmp_path):
    path = tmp_path / "l"
    with closing(sqlite3.connect(path)) as old:
        for step in ledger._STEPS[: ledger._STEPS.index(ledger._HANDED)]:
            old.executescript(step)
        old.execute("INSERT INTO forms VALUES ('01', 'a', 'x', '', '2019-10-08')")
        old.execute(f"PRAGMA user_version={ledger._STEPS.index(ledger._HANDED)}")
        old.commit()
    with ledger.opened(path) as book:
        assert (book.out_forms(), book.outdated(), book.handed()) == ({"01"}, {}, ())
        book.record_forms({"01": ledger.Form("a", "z")}, NOW)
        assert book.outdated() == {"01": "x"}


def test_the_last_run_of_a_command_says_which_merged_workbook_it_went_by(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        assert book.last_merged("print") == ""
        book.record_run("print", ["5-打印/汇总表.pdf"], NOW, "x")
        book.record_run("print", ["5-打印/汇总表.pdf"], NOW, "y")
        book.record_run("collect", [], NOW)
        assert book.last_merged("print") == "y"


def test_a_ledger_of_the_first_version_knows_no_print(tmp_path):
    path = tmp_path / "l"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{ledger._STEPS[0]} PRAGMA user_version=1;")
        old.execute("INSERT INTO runs (command, at, outputs) VALUES ('print', '', '[]')")
        old.commit()
    with ledger.opened(path) as book:
        assert book.last_merged("print") == ""


def test_a_mark_is_made_with_the_ledger_and_never_changes(tmp_path):
    with ledger.opened(tmp_path / "a", readonly=True) as book:
        assert book.mark() == ""
    with ledger.opened(tmp_path / "a") as one, ledger.opened(tmp_path / "b") as other:
        assert len(one.mark()) == 16
        assert one.mark() != other.mark()
    with ledger.opened(tmp_path / "c", mark="demo") as book:
        assert book.mark() == "demo"
    with ledger.opened(tmp_path / "c", mark="else") as book:
        assert book.mark() == "demo"


def test_what_a_merged_workbook_said_is_known_by_its_digest(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        assert (book.last_written(), book.next_run(), book.words("d")) == (None, 1, None)
        book.record_words("d", {"cell": "said"})
        book.record_words("d", {"another": "never"})
        made = ledger.Written(1, NOW, "sha", "d")
        book.record_merged(made, "out/3-汇总/汇总表.xlsx")
        book.record_run("print", [], NOW, "sha")
        assert (book.last_written(), book.next_run()) == (made, 3)
        assert book.words("d") == {"cell": "said"}


def test_a_merged_workbook_from_before_marks_is_known_to_have_been_written(tmp_path):
    path = tmp_path / "l"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{ledger._STEPS[0]} PRAGMA user_version=1;")
        old.execute(f"INSERT INTO runs (command, at, outputs) VALUES ('collect', '{NOW}', '[]')")
        old.commit()
    with ledger.opened(path) as book:
        assert book.last_written() == ledger.Written(1, NOW, "", "")


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
        book.db.execute("PRAGMA user_version=99")
    with pytest.raises(OperatorError, match="更新版本"), ledger.opened(path):
        pass


def test_a_ledger_damaged_inside_is_one_sentence_and_stays(tmp_path):
    """The head is whole, so only reading its tables shows the damage."""
    path = tmp_path / "台账.sqlite"
    with ledger.opened(path) as book:
        book.receive([(f"{i:064x}", f"{i}.xlsx", i) for i in range(500)], NOW)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(OperatorError, match="不要删除"), ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW)
    assert path.read_bytes() == data


def test_without_wal_it_works_the_old_way(tmp_path, monkeypatch):
    """What a network drive without shared memory answers to WAL."""

    class OnNetworkDrive(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql.endswith("=WAL"):
                raise sqlite3.OperationalError("locking protocol")
            return super().execute(sql, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=OnNetworkDrive)
    )
    with ledger.opened(tmp_path / "l") as book:
        book.receive([("a" * 64, "甲", 1)], NOW)
        assert book.db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with ledger.opened(tmp_path / "l") as book:
        assert not book.receive([("a" * 64, "甲", 1)], NOW)["a" * 64].new


@pytest.mark.parametrize("readonly", [False, True])
def test_an_older_ledger_is_brought_up_and_keeps_what_it_knows(tmp_path, monkeypatch, readonly):
    path = tmp_path / "l"
    with ledger.opened(path) as book:
        book.receive([("a" * 64, "甲", 1)], NOW)
    before = path.read_bytes()
    monkeypatch.setattr(ledger, "_STEPS", (*ledger._STEPS, "CREATE TABLE later (x);"))
    monkeypatch.setattr(ledger, "VERSION", ledger.VERSION + 1)
    with ledger.opened(path, readonly=readonly) as book:
        assert book.db.execute("SELECT * FROM later").fetchall() == []
        assert not book.receive([("a" * 64, "甲", 1)], NOW)["a" * 64].new
    assert (path.read_bytes() == before) is readonly


def test_the_first_run_of_a_command(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        assert book.first_run("generate") is None
        for later in (NOW, NOW + timedelta(days=2)):
            book.record_run("generate", [], later)
        assert book.first_run("generate") == NOW


WRITER = """
import sys
from datetime import datetime
from pathlib import Path
from pdsfz_xl import ledger
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    with ledger.opened(Path(sys.argv[1])) as book:
        number += 1
        batch = [(f"{number:05}-{i}", "x" * 500, 1) for i in range(50)]
        book.receive(batch, datetime(2019, 10, 24))
"""


def test_killed_at_any_moment_a_batch_is_recorded_whole_or_not_at_all(tmp_path):
    path = tmp_path / "台账.sqlite"
    moments = random.Random(20191021)
    count = 0
    for run in range(examples(20, least=5)):
        words = [sys.executable, "-c", WRITER, str(path), str(run * 1000)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.06))
            process.kill()
        with ledger.opened(path) as book:
            assert book.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = book.db.execute(
                "SELECT substr(sha256, 1, 5), count(*) FROM receipts GROUP BY 1"
            ).fetchall()
        assert {size for _, size in rows} <= {50}
        assert len(rows) >= count
        count = len(rows)
    assert count


def test_every_commit_is_on_the_disk(tmp_path):
    with ledger.opened(tmp_path / "l") as book:
        assert book.db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
