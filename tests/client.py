"""LibreOffice as a bureau's client: skipped with a reason where it is missing, never hangs."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
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


def session(folder: Path, *steps: list[Any]) -> list[Any]:
    """What each step of `office.Person` gave, in one sitting at LibreOffice in a folder."""
    (folder / "steps.json").write_text(json.dumps(steps), "utf-8")
    # A group of its own, because LibreOffice would outlive the script that started it.
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(SCRIPT), "steps.json"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        said, complaint = process.communicate(timeout=PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == 0, complaint.decode()
    return json.loads(said)
