"""LibreOffice as a bureau's client: skipped with a reason where it is missing, never hangs.

It is started when it is wanted first, serves all sittings and conversions after that, and is
started anew when a sitting ended it.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("office.py")
PATIENCE = 180
"""Seconds; the longest of these sittings takes thirty."""


@cache
def _has_uno() -> bool:
    try:
        return not subprocess.run(
            [SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False
        ).returncode
    except OSError:
        return False


needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None or not _has_uno(),
    reason="LibreOffice with python3-uno is not installed",
)


class _Office:
    """`office.py` and the LibreOffice it has started."""

    def __init__(self, environment: dict[str, str]) -> None:
        # A group of its own, because LibreOffice would outlive the script that started it.
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(SCRIPT)], env={**os.environ, **environment}, text=True,
            encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def sit(self, folder: Path, steps: tuple[list[Any], ...]) -> list[Any]:
        """What each of the steps gave; with one that fails the office is closed."""
        hung = threading.Timer(PATIENCE, self._kill)
        hung.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps([str(folder), steps]) + "\n")
                self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            hung.cancel()
        assert answer, self.close() or "LibreOffice has ended"
        return json.loads(answer)

    def close(self) -> str:
        """What was complained about."""
        hung = threading.Timer(20, self._kill)
        hung.start()
        try:
            return self._process.communicate()[1]
        finally:
            hung.cancel()
            self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


_running: list[_Office] = []


def session(folder: Path, *steps: list[Any]) -> list[Any]:
    """What each step of `office.Person` gave, in one sitting at LibreOffice in a folder."""
    office = _running.pop() if _running else _Office({})
    gave = office.sit(folder, steps)
    _running.append(office)
    return gave


def convert(path: Path, suffix: str, **environment: str) -> Path:
    """A file as LibreOffice saves it in the folder `saved` beside; not calculated anew.

    With variables of its own, it is another LibreOffice.
    """
    saved = path.parent / "saved" / f"{path.stem}{suffix}"
    saved.parent.mkdir(exist_ok=True)
    step = ["convert", str(path), str(saved)]
    if environment:
        office = _Office(environment)
        office.sit(path.parent, (step,))
        office.close()
    else:
        session(path.parent, step)
    return saved


def close() -> None:
    while _running:
        _running.pop().close()
