"""A campaign as one zip: all of it, verified, and another machine continues from it."""

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from samples import AFTER, NOW
from test_filing import PHOTO, a_return, drop, prepared, zipped
from test_flow import digests

from pdsfz_xl import campaign, ledger, pack
from pdsfz_xl import wording as w
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import Workspace

__all__ = ["prepared"]

HELD = "out/2-收件/机密.pdf"


@pytest.fixture
def ws(prepared, tmp_path) -> Workspace:
    shutil.copytree(prepared, tmp_path / "任务")
    return Workspace(tmp_path / "任务")


def packed(ws: Workspace, *held: str) -> pack.Packed:
    return pack.pack(ws, ws.root.parent / pack.name("F201921", "20191024"), "F201921", held)


def unpacked(path: Path, folder: Path) -> Workspace:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return Workspace(folder)


def members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_another_machine_continues_from_a_pack(ws, tmp_path):
    """Status and collect say the same there, and collect writes nothing anew."""
    drop(ws, "市审计局/表.xlsx", a_return(ws, "市审计局"))
    drop(ws, "包.zip", zipped(照片_dot_jpg=PHOTO))
    here = campaign.collect(ws, NOW)
    there = unpacked(packed(ws).path, tmp_path / "另一台")
    assert campaign.status(there, AFTER) == campaign.status(ws, AFTER)
    before = digests(there.root)
    again = campaign.collect(there, NOW)
    assert again.more == here.more
    assert again.arrived == ()
    after = {path: d for path, d in digests(there.root).items() if "/." not in path}
    assert after == before


def test_everything_is_in_it_but_what_only_this_machine_needs(ws):
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    drop(ws, "下载.part", b"half")
    campaign.collect(ws, NOW)
    (ws.out / ".存.0123abcd.99.part").write_bytes(b"ours")
    (ws.dropzone / ".隐藏").write_bytes(b"x")
    done = packed(ws)
    first, *rest = members(done.path)
    there = digests(ws.root)
    machine = {
        p for p in there if p.startswith(("out/.cache/", "out/.lock")) or p.endswith(".part")
    }
    assert first == w.PACK_LIST
    assert rest == sorted(there.keys() - machine)
    assert "out/2-收件/.隐藏" in rest
    assert (done.files, done.size) == (len(rest), sum((ws.root / p).stat().st_size for p in rest))
    assert done.left_out == (pack.LeftOut("out/2-收件/下载.part", w.LEFT_OUT_PART),)


def test_held_files_and_their_twins_stay_here(ws):
    """Under whatever name; and of an archive with something held in it nothing goes."""
    drop(ws, "机密.pdf", b"%PDF secret")
    drop(ws, "包.zip", zipped(a_dot_txt=b"secret"))
    (ws.archive_folder / "旧名.pdf").write_bytes(b"%PDF secret")
    done = packed(ws, HELD, "out/2-收件/包.zip!/a.txt")
    gone = ["out/2-收件/包.zip", HELD, "out/存档/旧名.pdf"]
    assert sorted(left.path for left in done.left_out) == sorted(gone)
    assert {left.why for left in done.left_out} == {w.LEFT_OUT_HELD}
    assert not set(gone) & set(members(done.path))
    with zipfile.ZipFile(done.path) as archive:
        assert "机密.pdf" not in archive.read(w.PACK_LIST).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege on Windows")
def test_links_are_not_followed_but_named(ws, tmp_path):
    (tmp_path / "外面").mkdir()
    (tmp_path / "外面" / "秘密.txt").write_bytes(b"x")
    (ws.dropzone / "链接").symlink_to(tmp_path / "外面", target_is_directory=True)
    done = packed(ws)
    assert done.left_out == (pack.LeftOut("out/2-收件/链接", w.LEFT_OUT_LINK),)
    assert not [m for m in members(done.path) if "秘密" in m]


def test_times_and_names_are_kept(ws):
    drop(ws, "1970.txt", b"x")
    drop(ws, "😀 =名.txt", b"y")
    os.utime(ws.dropzone / "😀 =名.txt", (1_571_904_301, 1_571_904_301))
    with zipfile.ZipFile(packed(ws).path) as archive:
        old, new = (archive.getinfo(f"out/2-收件/{name}") for name in ("1970.txt", "😀 =名.txt"))
    assert old.date_time == (1980, 1, 1, 0, 0, 0)
    assert int.from_bytes(old.extra[5:9], "little") == 1
    assert int.from_bytes(new.extra[5:9], "little") == 1_571_904_301
    assert new.flag_bits & 0x800  # UTF-8


def test_the_same_campaign_gives_the_same_bytes(ws):
    drop(ws, "表.xlsx", a_return(ws, "市审计局"))
    campaign.collect(ws, NOW)
    first = packed(ws).path.read_bytes()
    assert packed(ws).path.read_bytes() == first


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_sha256sum_reads_the_list(ws, tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    drop(ws, "换\n行\\.txt", b"x")
    done = packed(ws)
    unpacked(done.path, tmp_path / "解开")
    words = ["sha256sum", "--strict", "--quiet", "-c", w.PACK_LIST]
    subprocess.run(words, cwd=tmp_path / "解开", check=True, capture_output=True)
    assert pack.check(done.path).files == done.files


def test_a_ledger_that_was_not_closed_is_whole_in_the_pack(ws, tmp_path):
    """A killed run leaves what it wrote in the log beside the file."""
    with ledger.opened(ws.ledger) as book:
        book.receive([("a" * 64, "out/2-收件/a", 1)], NOW)
    open_ = sqlite3.connect(ws.ledger)
    open_.execute("INSERT INTO runs (command, at, outputs) VALUES ('x', 'y', '[]')")
    open_.commit()
    assert ws.ledger.with_name("台账.sqlite-wal").stat().st_size
    there = unpacked(packed(ws).path, tmp_path / "另一台")
    open_.close()
    with ledger.opened(there.ledger, readonly=True) as book:
        receipts = book.receive([("a" * 64, "b", 1)], AFTER)
        assert receipts["a" * 64].first_seen == NOW
    copy = sqlite3.connect(there.ledger)
    assert copy.execute("SELECT count(*) FROM runs WHERE command = 'x'").fetchone() == (1,)
    copy.close()


# --- when something is wrong ---------------------------------------------------------------


def rewritten(path: Path, change) -> Path:
    """A pack with other members, as a valid zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(data, "w") as new:
        for name, content in change([(n, old.read(n)) for n in old.namelist()]):
            new.writestr(name, content)
    path.write_bytes(data.getvalue())
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda all_: all_[:-1],
        lambda all_: [*all_, ("多.txt", b"x")],
        lambda all_: [*all_[:-1], (all_[-1][0], b"other")],
        lambda all_: all_[1:],
        lambda _: [],
        lambda all_: [(all_[0][0], b"\xff"), *all_[1:]],
    ],
)
def test_a_pack_that_is_not_what_its_list_says_is_refused(ws, change):
    path = rewritten(packed(ws).path, change)
    with pytest.raises(OperatorError):
        pack.check(path)


def test_a_flipped_bit_or_a_cut_is_found(ws):
    path = packed(ws).path
    data = path.read_bytes()
    for damaged in (
        data[: len(data) // 2],
        data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
        b"",
    ):
        path.write_bytes(damaged)
        with pytest.raises(OperatorError):
            pack.check(path)


def test_a_file_that_changes_meanwhile_leaves_no_pack(ws, monkeypatch):
    drop(ws, "长.txt", b"x")
    list_ = pack._list

    def and_changed(*words):
        listed = list_(*words)
        (ws.dropzone / "长.txt").write_bytes(b"xy")
        return listed

    monkeypatch.setattr(pack, "_list", and_changed)
    with pytest.raises(OperatorError, match=r"长\.txt"):
        packed(ws)
    assert [p.name for p in ws.root.parent.iterdir()] == [ws.root.name]


def test_the_older_pack_stays_when_the_new_one_fails(ws, monkeypatch):
    before = packed(ws).path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OperatorError, match="没有打包"):
        packed(ws)
    files = [p for p in ws.root.parent.iterdir() if p.is_file()]
    assert [p.read_bytes() for p in files] == [before]


def test_a_pack_replaces_a_pack_but_nothing_else(ws, tmp_path):
    target = tmp_path / "报告.zip"
    target.write_bytes(b"my report")
    with pytest.raises(OperatorError, match="已经存在"):
        pack.pack(ws, target, "F201921")
    assert target.read_bytes() == b"my report"


def test_a_pack_is_not_put_into_what_it_packs(ws):
    with pytest.raises(OperatorError, match="换一个位置"):
        pack.pack(ws, ws.out / "a.zip", "F201921")


def test_what_is_not_there_is_said():
    with pytest.raises(OperatorError, match="找不到"):
        pack.check(Path("没有.zip"))


def test_a_name_is_safe():
    assert pack.name("F201921", "20191024") == "F201921_20191024.zip"
