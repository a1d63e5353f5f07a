"""The drop zone watched: what has come to rest is collected, once, and nothing stops it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from samples import NOW
from test_flow import NOTICE

from pdsfz_xl import campaign, intake, watch
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import Workspace


class EnoughError(Exception):
    """The test has seen what it came for."""


@pytest.fixture
def ws(tmp_path) -> Workspace:
    ws = Workspace(tmp_path)
    campaign.init(ws, NOTICE, NOW)
    campaign.generate(ws, NOW)
    ws.dropzone.mkdir(parents=True, exist_ok=True)
    return ws


def drop(ws: Workspace, name: str, data: bytes) -> Path:
    path = ws.dropzone / name
    path.write_bytes(data)
    os.utime(path, (1, 1))
    return path


def watched(ws: Workspace, *events) -> list[tuple[str, ...]]:
    """What each collect said while these events happened, one between two looks."""
    happening = iter(events)
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        event = next(happening, EnoughError)
        if event is EnoughError:
            raise EnoughError
        if event:
            event()

    said = []
    with suppress(EnoughError):
        for done in watch.watch(ws, lambda: NOW, intake.quiet, wait=wait):
            said.append(done.arrived or done.said[:1])
    return said


def test_what_has_come_to_rest_is_collected_once(ws):
    said = watched(ws, None, lambda: drop(ws, "a.pdf", b"%PDF-1.7 a"), None, None, None)
    arrived = [line for lines in said for line in lines if "a.pdf" in line]
    assert len(arrived) == 1
    assert ws.merged.exists()


def test_what_still_grows_is_left_alone(ws):
    def grow(n: int):
        return lambda: drop(ws, "a.pdf", b"%PDF-1.7" + b"x" * n)

    said = watched(ws, None, grow(1), grow(2), grow(3), None, None)
    assert sum("a.pdf" in line for lines in said for line in lines) == 1


def test_an_open_workbook_is_said_once_and_tried_again(ws):
    lock = ws.merged.with_name(f"~${ws.merged.name}")

    def open_it():
        lock.write_bytes(b"")
        drop(ws, "a.pdf", b"%PDF-1.7 a")

    said = watched(ws, None, open_it, None, None, None, lock.unlink, None, None)
    assert sum("打开" in line for lines in said for line in lines) == 1
    assert sum("a.pdf" in line for lines in said for line in lines) == 1


def test_without_a_master_it_does_not_begin(tmp_path):
    with pytest.raises(OperatorError, match="init"):
        next(watch.watch(Workspace(tmp_path), datetime.now, intake.quiet))


def test_a_file_that_goes_while_we_look_stops_nothing(ws):
    path = drop(ws, "a.pdf", b"%PDF-1.7 a")
    said = watched(
        ws, path.unlink, None, None, lambda: drop(ws, "b.pdf", b"%PDF-1.7 b"), None, None
    )
    assert any("b.pdf" in line for lines in said for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent from here")
def test_ctrl_c_ends_it_cleanly(ws):
    script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    script += "from pdsfz_xl.cli import main; main()"
    command = [sys.executable, "-c", script, "-C", str(ws.root), "watch", "--every", "0.5"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment
    ) as process:
        assert "看守" in process.stdout.readline()
        drop(ws, "a.pdf", b"%PDF-1.7 a")
        while "a.pdf" not in (line := process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (0, "")
    assert "已停止" in said
