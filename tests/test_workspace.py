"""The workspace: files are whole or untouched, one run at a time, and nothing is overwritten."""

import errno
import os
import random
import re
import subprocess
import sys
import time
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest
from counts import examples

from pdsfz_xl import workspace
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import Workspace, is_clutter, root_above

NOW = datetime(2019, 10, 24, 16, 5)
OLD = 1_500_000_000 * 10**9


@pytest.fixture
def ws(tmp_path) -> Workspace:
    return Workspace(tmp_path)


def drop(ws: Workspace, name: str, data: bytes = b"x") -> Path:
    path = ws.dropzone / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def parts(ws: Workspace) -> list[Path]:
    return list(ws.root.rglob("*.part"))


# --- where things are ----------------------------------------------------------------------


def test_the_folders_are_those_out_explains(ws):
    """What out/README.md tells the clerk is where things really lie."""
    readme = Path(__file__).parents[1] / "out" / "README.md"
    told = set(re.findall(r"^\| `([^`]+)`", readme.read_text("utf-8"), re.MULTILINE))
    places = {*ws.folders, ws.ledger}
    assert {path.relative_to(ws.out).as_posix() for path in places} == told


def test_a_run_makes_every_folder_and_says_which_one_cannot_be(ws):
    with ws.locked("collect"):
        assert all(folder.is_dir() for folder in ws.folders)
    ws.evidence.rmdir()
    ws.evidence.write_bytes(b"")
    with pytest.raises(OperatorError, match="6-材料：这里已有同名"), ws.locked("collect"):
        pass


@pytest.mark.parametrize(
    ("name", "nearly"),
    [
        ("2收件", True), ("2－收件", True), ("２-收件", True), ("2-收件 (1)", True), ("收件", True),
        ("2_收 件", True), ("2-收件 - 副本", True), ("收件夹", True),
        ("2-收件", False), ("收件登记", False), ("12-收发文件", False), ("3-汇总", False),
    ],
)  # fmt: skip
def test_a_folder_with_nearly_the_name_of_the_drop_zone_is_seen(ws, name, nearly):
    """By what lies in it, not by what programs leave there; as long as that is so."""
    folder = ws.out / name
    (folder / "教育局").mkdir(parents=True)
    (folder / "Thumbs.db").write_bytes(b"x")
    assert ws.misplaced() == {}
    (folder / "教育局" / "填报表.xlsx").write_bytes(b"x")
    assert ws.misplaced() == ({folder: 1} if nearly else {})


def test_the_workspace_above_is_found_unless_there_is_one_here(tmp_path):
    outer, inner = Workspace(tmp_path / "2019"), Workspace(tmp_path / "2019/县区/甲县")
    for ws in (outer, inner):
        ws.write(ws.master, b"x")
    assert root_above(outer.dropzone / "司法局") == outer.root
    assert root_above(inner.root.parent) == outer.root
    assert root_above(inner.master.parent) == inner.root
    assert root_above(tmp_path) == tmp_path


def test_without_a_master_the_next_step_is_said(ws):
    with pytest.raises(OperatorError, match="pdsfz-xl init"):
        ws.require_master()
    ws.write(ws.master, b"x")
    ws.require_master()


@pytest.mark.parametrize(
    "name",
    [
        "~$汇总表.xlsx", "~$a\nb.xlsx", ".~汇总表.xlsx", "._教育局.xlsx", ".~lock.汇总表.xlsx#",
        "Thumbs.db", "THUMBS.DB", "desktop.ini", ".DS_Store",
        "教育局.xlsx.part", "教育局.tmp", "教育局.XLSX.crdownload",
    ],
)  # fmt: skip
def test_what_programs_leave_is_clutter(name):
    assert is_clutter(name)


@pytest.mark.parametrize(
    "name",
    [
        "教育局.xlsx", "~教育局.xlsx", "$教育局.xlsx", ".教育局.xlsx", "part.xlsx", "a.tmp.xlsx",
        "副本 教育局(1).xlsx", "Thumbs.db.xlsx", "~", "快捷方式.lnk", "无后缀",
    ],
)  # fmt: skip
def test_what_people_send_is_no_clutter(name):
    assert not is_clutter(name)


def test_every_file_of_the_drop_zone_is_seen_in_the_order_of_its_path(ws):
    names = ["乙.xlsx", "a/b/c/深.xlsx", "a.xlsx", "a/~$锁.xlsx", ".藏.xlsx", "新建文件夹 (2)/x"]
    for name in reversed(names):
        drop(ws, name)
    assert [ws.relative(p) for p in ws.dropped()] == sorted(f"out/2-收件/{n}" for n in names)


def test_without_a_drop_zone_nothing_was_dropped(ws):
    assert ws.dropped() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege on Windows")
def test_links_are_not_followed_but_can_be_named(ws, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "机密.xlsx").write_bytes(b"x")
    drop(ws, "真.xlsx")
    (ws.dropzone / "文件").symlink_to(outside / "机密.xlsx")
    (ws.dropzone / "目录").symlink_to(outside, target_is_directory=True)
    (ws.dropzone / "断").symlink_to(outside / "没有")
    os.mkfifo(ws.dropzone / "管道")
    assert [p.name for p in ws.dropped()] == ["真.xlsx"]
    assert {p.name for p in ws.links()} == {"文件", "目录", "断"}


def test_a_folder_that_cannot_be_read_is_said(ws, monkeypatch):
    """Permissions do not stop root, so the refusal is played."""
    drop(ws, "锁着/教育局.xlsx")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("锁着"):
            raise PermissionError(errno.EACCES, "denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(OperatorError, match="锁着"):
        ws.dropped()


def test_a_name_that_is_no_text_can_be_shown(ws):
    """`姓名.xlsx` in GBK, as an old archive tool writes it on Linux."""
    ws.dropzone.mkdir(parents=True)
    name = os.fsdecode(ws.dropzone).encode("utf-8") + b"/" + "姓名.xlsx".encode("gbk")
    try:
        Path(os.fsdecode(name)).write_bytes(b"x")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such name")
    (path,) = ws.dropped()
    assert ws.relative(path) == r"out/2-收件/\udcd0\udcd5\udcc3\udcfb.xlsx"


def test_half_a_surrogate_in_a_name_can_be_shown(ws):
    """Windows allows it."""
    assert ws.relative(ws.root / "a\ud800b") == r"a\ud800b"


# --- writing -------------------------------------------------------------------------------


def test_the_same_bytes_are_not_written_again(ws):
    assert ws.write(ws.merged, b"one")
    os.utime(ws.merged, ns=(OLD, OLD))
    assert not ws.write(ws.merged, b"one")
    assert ws.merged.stat().st_mtime_ns == OLD
    assert ws.write(ws.merged, b"two")
    assert ws.merged.read_bytes() == b"two"
    assert parts(ws) == []


def test_several_files_say_which_changed(ws):
    files = {ws.forms / name: name.encode() for name in ("甲", "乙", "丙")}
    assert set(ws.write_all(files)) == set(files)
    assert ws.write_all({**files, ws.forms / "乙": b"new"}) == (ws.forms / "乙",)


def test_long_names_that_begin_alike_keep_their_own_bytes(ws):
    files = {ws.forms / f"{'长' * 60}{end}.xlsx": end.encode() for end in ("甲", "乙")}
    ws.write_all(files)
    assert {path: path.read_bytes() for path in files} == files


def fail(monkeypatch, owner: object, name: str, error: OSError, skip: int = 0) -> None:
    """Let a call fail, after `skip` that go well."""
    real, calls = getattr(owner, name), iter(range(1000))

    def failing(*args, **kwargs):
        if next(calls) >= skip:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, failing)


FAILURES = {
    "full while flushing": (os, "fsync", OSError(errno.ENOSPC, "full"), "磁盘已满"),
    "over the quota": (os, "fsync", OSError(errno.EDQUOT, "quota"), "磁盘已满"),
    "read-only disk": (os, "fsync", OSError(errno.EROFS, "read-only"), "只读"),
    "open in Excel": (Path, "replace", PermissionError(errno.EACCES, "held"), "Excel、WPS"),
    "no right to the folder": (Path, "mkdir", PermissionError(errno.EACCES, "no"), "只读"),
    "disk error": (os, "fsync", OSError(errno.EIO, "Input/output error"), "检查磁盘"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_write_that_fails_is_one_sentence_and_leaves_the_old_file(ws, monkeypatch, case):
    owner, name, error, said = FAILURES[case]
    ws.write(ws.merged, b"old")
    fail(monkeypatch, owner, name, error)
    with pytest.raises(OperatorError, match=said) as raised:
        ws.write(ws.merged, b"new")
    assert str(ws.merged) in str(raised.value)
    assert "重新运行" in str(raised.value)
    assert ws.merged.read_bytes() == b"old"
    assert parts(ws) == []


def test_a_disk_that_fills_up_at_the_second_file_changes_none(ws, monkeypatch):
    old = {ws.forms / name: b"old" for name in ("甲", "乙", "丙")}
    ws.write_all(old)
    fail(monkeypatch, os, "fsync", OSError(errno.ENOSPC, "full"), skip=1)
    with pytest.raises(OperatorError, match="磁盘已满"):
        ws.write_all(dict.fromkeys(old, b"new"))
    assert {path: path.read_bytes() for path in old} == old
    assert parts(ws) == []


@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="a folder's mode binds neither root nor Windows",
)
def test_a_folder_that_is_read_only_is_said(ws):
    ws.write(ws.merged, b"old")
    ws.merged_dir.chmod(0o555)
    try:
        with pytest.raises(OperatorError, match="只读"):
            ws.write(ws.merged, b"new")
    finally:
        ws.merged_dir.chmod(0o755)
    assert ws.merged.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows calls it no permission")
@pytest.mark.parametrize("blocked", ["master", "out"])
def test_a_place_that_is_taken_is_said(ws, blocked):
    """A folder where a file should be, a file where a folder should be."""
    if blocked == "master":
        ws.master.mkdir(parents=True)
    else:
        ws.out.write_bytes(b"")
    with pytest.raises(OperatorError, match="占着位置"):
        ws.write(ws.master if blocked == "master" else ws.merged, b"x")


@pytest.mark.parametrize(("held", "written"), [(3, True), (4, False)])
def test_windows_gets_a_few_tries(ws, monkeypatch, held, written):
    """A virus scanner lets go after a moment, Excel does not."""
    real, refusals = Path.replace, iter(range(held))

    def replace(self, target):
        if next(refusals, None) is not None:
            raise PermissionError(errno.EACCES, "held")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    if written:
        assert ws.write(ws.merged, b"x")
    else:
        with pytest.raises(OperatorError, match="关闭"):
            ws.write(ws.merged, b"x")
    assert ws.merged.exists() is written


WRITER = """
import sys
from pathlib import Path
from pdsfz_xl.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for byte in b"ab":
        ws.write(ws.merged, bytes([byte]) * 2_000_000)
"""


def test_killed_at_any_moment_the_file_is_old_or_new(ws):
    """Kills at seeded moments; the next run sweeps what they left and writes as ever."""
    whole = {bytes([byte]) * 2_000_000 for byte in b"ab"}
    moments = random.Random(20191021)
    left = 0
    for kill in range(20):
        if left and kill >= examples(20, least=5):
            break
        words = [sys.executable, "-c", WRITER, str(ws.root)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.05))
            process.kill()
        assert not ws.merged.exists() or ws.merged.read_bytes() in whole
        left += len(parts(ws))
    assert left, "no kill fell into a write: the test proves nothing"
    with ws.locked("collect"):
        assert parts(ws) == []
        assert ws.write(ws.merged, b"next")


def test_only_our_own_leftovers_are_swept_and_never_in_the_drop_zone(ws):
    ours = workspace._part_of(ws.evidence / "03" / "a.pdf")
    theirs = [
        drop(ws, ours.name),
        ws.evidence / "03" / ".mine.7.part",
        ws.evidence / "03" / "下载.part",
    ]
    for path in (ours, *theirs):
        path.write_bytes(b"x")
    with ws.locked("collect"):
        assert [path.exists() for path in (ours, *theirs)] == [False, True, True, True]


# --- one at a time -------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from pdsfz_xl.workspace import Workspace
with Workspace(Path(sys.argv[1])).locked("generate"):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def holding(ws: Workspace) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ws.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline().strip() == b"ready"
    return process


def test_who_holds_the_workspace_is_said(ws):
    with holding(ws) as process:
        with pytest.raises(OperatorError) as raised, ws.locked("collect", seconds=0.1):
            pytest.fail("two at a time")
        process.stdin.close()
    said = str(raised.value)
    assert f"generate，进程 {process.pid}，" in said
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 开始", said)
    assert "等了 0.1 秒" in said
    assert not ws.lock_file.with_name(".lock.holder").exists()


def test_a_killed_holder_blocks_nobody(ws):
    with holding(ws) as process:
        process.kill()
    with ws.locked("collect", seconds=1):
        holder = ws.lock_file.with_name(".lock.holder").read_text("utf-8")
    assert holder == f"collect，进程 {os.getpid()}"


def test_a_run_that_fails_gives_the_lock_back(ws):
    with pytest.raises(ZeroDivisionError), ws.locked("collect"):
        raise ZeroDivisionError
    with ws.locked("collect", seconds=0):
        pass


@pytest.mark.parametrize("owner", ["~$汇总表.xlsx", ".~汇总表.xlsx", ".~lock.汇总表.xlsx#"])
def test_a_workbook_open_elsewhere_is_said_with_what_to_delete(ws, owner):
    """Excel, WPS, LibreOffice; and what their crash leaves."""
    ws.write(ws.merged, b"x")
    ws.require_closed(ws.merged)
    ws.merged.with_name(owner).write_bytes(b"")
    with pytest.raises(OperatorError, match=re.escape(owner)):
        ws.require_closed(ws.merged)
    ws.merged.with_name(owner).unlink()
    ws.require_closed(ws.merged)


def test_a_workbook_that_cannot_be_opened_for_writing_is_open_elsewhere(ws, monkeypatch):
    """How Windows says it, without any file beside it."""
    ws.write(ws.merged, b"x")
    fail(monkeypatch, Path, "open", PermissionError(errno.EACCES, "sharing violation"))
    with pytest.raises(OperatorError, match="关闭"):
        ws.require_closed(ws.merged)


def test_no_workbook_is_not_open(ws):
    ws.require_closed(ws.merged)


# --- the archive ---------------------------------------------------------------------------


def kept(ws: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in ws.archive_folder.iterdir()}


def test_an_original_is_kept_under_a_readable_name(ws):
    path = ws.archive(b"x", "市审计局", NOW, "审计 (1).xlsx")
    assert path.name == f"市审计局_20191024_审计 (1)_{sha256(b'x').hexdigest()[:8]}.xlsx"
    assert path.read_bytes() == b"x"


def test_the_same_bytes_are_kept_once_whatever_they_are_called(ws):
    first = ws.archive(b"x", "未识别", NOW, "a.xlsx")
    os.utime(first, ns=(OLD, OLD))
    for label, when, name in (
        ("未识别", NOW, "a.xlsx"),
        ("市审计局", NOW, "a.xlsx"),
        ("未识别", datetime(2020, 1, 1), "b.XLS"),
    ):
        assert ws.archive(b"x", label, when, name) == first
        source = drop(ws, name)
        assert ws.archive_file(source, label, when, sha256(b"x").hexdigest()) == first
    assert first.stat().st_mtime_ns == OLD
    assert list(kept(ws)) == [first.name]


def looks(tmp_path, monkeypatch, number: int) -> tuple[int, int]:
    """How often so many files, some kept before, make us list a folder and hash a file."""
    ws = Workspace(tmp_path / f"{number}")
    files = [f"{i}".encode() for i in range(number)]
    calls = {"glob": 0, "iterdir": 0, "digest_of": 0}

    def counted(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def counting(*args):
            calls[name] += 1
            return real(*args)

        monkeypatch.setattr(owner, name, counting)

    with ws.locked("collect"):
        for data in files[: number // 2]:
            ws.archive(data, "未识别", NOW, "a.xlsx")
    with ws.locked("collect"):
        for owner, name in ((Path, "glob"), (Path, "iterdir"), (workspace, "digest_of")):
            counted(owner, name)
        for data in files:
            ws.archive(data, "市审计局", NOW, "a.xlsx")
    monkeypatch.undo()
    assert len(kept(ws)) == number
    return calls["glob"] + calls["iterdir"], calls["digest_of"]


def test_twice_the_files_are_twice_the_work(tmp_path, monkeypatch):
    listed, hashed = looks(tmp_path, monkeypatch, 50)
    assert listed == 1
    assert looks(tmp_path, monkeypatch, 100) == (listed, 2 * hashed)


def test_what_others_archived_meanwhile_is_found(ws):
    with ws.locked("collect"):
        ws.archive(b"x", "甲", NOW, "a.xlsx")
    other = Workspace(ws.root)
    with other.locked("collect"):
        first = other.archive(b"y", "甲", NOW, "a.xlsx")
    with ws.locked("collect"):
        assert ws.archive(b"y", "乙", NOW, "b.xlsx") == first


@pytest.mark.parametrize("name", ["审计.xlsx", f"{'名' * 80}.{'后' * 10}"])
def test_a_name_taken_by_other_bytes_gets_a_longer_digest(ws, name):
    """Played by writing over the kept file: eight digits that collide cannot be made."""
    first = ws.archive(b"x", "甲", NOW, name)
    first.write_bytes(b"other")
    second = ws.archive(b"x", "甲", NOW, name)
    assert ws.archive(b"x", "甲", NOW, name) == second
    assert ws.archive(b"x", "乙", NOW, name) == second
    assert kept(ws) == {first.name: b"other", second.name: b"x"}


@pytest.mark.parametrize(
    "name",
    [
        "市" * 81 + ".xlsx",  # 248 bytes
        "x" * 250 + ".xlsx",
        "𠮷" * 60 + ".xlsx",
        "甲\u202excod.xlsx",
        "甲\x07\x1b[2J\n乙.xlsx",
        'a<b>:"|?*\\c.xlsx',
        "../../逃.xlsx",
        "CON.xlsx",
        " . ",
        "",
        "无后缀",
        "\udcca\udcd0.xlsx",
        "a.x\u202es",
    ],
)
def test_whatever_it_was_called_the_kept_name_is_safe(ws, name):
    path = ws.archive(b"x", "市审计局", NOW, name)
    assert path.parent == ws.archive_folder
    assert len(path.name.encode("utf-8")) <= 255
    assert path.name.isprintable()
    assert not set(path.name) & set('<>:"/\\|?*')
    assert kept(ws) == {path.name: b"x"}


def test_a_file_that_changed_since_it_was_hashed_is_kept_as_what_it_is(ws):
    source = drop(ws, "a.xlsx", b"new")
    path = ws.archive_file(source, "甲", NOW, sha256(b"old").hexdigest())
    assert sha256(b"new").hexdigest()[:8] in path.name
    os.utime(path, ns=(OLD, OLD))
    assert ws.archive_file(source, "甲", NOW, sha256(b"old").hexdigest()) == path
    assert kept(ws) == {path.name: b"new"}
    assert path.stat().st_mtime_ns == OLD


def test_an_original_that_went_away_is_said(ws):
    with pytest.raises(OperatorError, match="读不了"):
        ws.archive_file(ws.dropzone / "a.xlsx", "甲", NOW, "0" * 64)
    assert kept(ws) == {}


# --- the cache -----------------------------------------------------------------------------


def test_what_was_read_is_remembered_by_version_until_forgotten(ws):
    ws.remember("d1", "1", b"one")
    ws.remember("d1", "2", b"two")
    ws.remember("d2", "1", b"other")
    assert ws.cached("d1", "1") == b"one"
    assert ws.cached("d1", "3") is None
    ws.forget({"d1", "d3"})
    assert [ws.cached(*key) for key in (("d1", "1"), ("d1", "2"))] == [None, None]
    assert ws.cached("d2", "1") == b"other"


def test_a_damaged_cache_is_mended(ws):
    ws.remember("d", "1", b"good")
    (path,) = ws.cache.iterdir()
    path.write_bytes(b"bad")
    ws.remember("d", "1", b"good")
    assert ws.cached("d", "1") == b"good"
