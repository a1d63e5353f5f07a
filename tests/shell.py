"""The command line: in this process, or as the process it is where that is the point."""

import io
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from pdsfz_xl import cli

NOW = datetime(2019, 10, 24, 16, 5)


class Ran(NamedTuple):
    """Named as `subprocess.run` does."""

    returncode: int
    stdout: str
    stderr: str


def arguments(folder: Path, *words: str, clock: datetime = NOW) -> list[str]:
    """What starts the program in a folder."""
    return [sys.executable, "-m", "pdsfz_xl", "-C", str(folder), "--clock", f"{clock}", *words]


def run(
    folder: Path, *words: str, clock: datetime = NOW, typed: str = "", **environment: str
) -> Ran:
    """One call of the program as its user makes it, without the half second a start takes."""
    given, out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(3))
    given.write(typed)
    given.seek(0)
    argv = arguments(folder, *words, clock=clock)[2:]
    with (
        patch.multiple(sys, argv=argv, stdin=given, stdout=out, stderr=err),
        patch.dict(os.environ, environment),
    ):
        try:
            cli.main()
        except SystemExit as ended:
            status = ended.code
    return Ran(status, *map(_written, (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def run_as_process(folder: Path, *words: str, clock: datetime = NOW) -> Ran:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(arguments(folder, *words, clock=clock), capture_output=True, text=True,
                          encoding="utf-8", env=environment, check=False)  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def ask(folder: Path, *words: str, clock: datetime = NOW) -> dict[str, Any]:
    """The JSON of a call that succeeds."""
    done = run(folder, "--json", *words, clock=clock)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
