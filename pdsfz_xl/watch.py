"""The drop zone watched: whenever something new has come to rest in it, it is collected.

By looking, not by events: network drives send none, and an event comes when a copy begins.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from pdsfz_xl import campaign, intake
from pdsfz_xl.done import Done
from pdsfz_xl.errors import OperatorError
from pdsfz_xl.workspace import Workspace

PAUSE = 10.0
"""Seconds between two looks."""
SETTLE = 2.0
"""Seconds for which nothing may change before it is collected."""

Sight = tuple[tuple[str, int, int], ...]


def watch(
    ws: Workspace,
    clock: Callable[[], datetime],
    tell: intake.Tell,
    passwords: tuple[str, ...] = (),
    *,
    every: float = PAUSE,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Done]:
    """What each collect said, for ever; it ends when its caller does.

    What an operator can put right, as a merged workbook that is open, is said once and tried
    again at the next look. Raises OperatorError where there is no master.
    """
    ws.require_master()
    collected: Sight | None = None
    before: Sight | None = None
    complaint = ""
    while True:
        now = _sight(ws)
        if now != collected and now == before:
            try:
                yield campaign.collect(ws, clock(), tell, passwords)
                collected, complaint = now, ""
            except OperatorError as error:
                if str(error) != complaint:
                    complaint = str(error)
                    yield Done(said=(complaint,))
        wait(every if now in (collected, before) else min(SETTLE, every))
        before = now


def _sight(ws: Workspace) -> Sight:
    """Every file with its size and the time it was written to."""
    return tuple(_look(path, ws.relative(path)) for path in ws.dropped())


def _look(path: Path, name: str) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:  # it went while we looked
        return name, -1, 0
    return name, stat.st_size, stat.st_mtime_ns
