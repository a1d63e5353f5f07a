"""The one seam for work in child processes: tasks in, their results or failures out, in order.

An abort, a hang or a memory blow-up costs one task, never the run.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as Late
from typing import NamedTuple, TypeVar

from pebble import ProcessExpired, ProcessPool

T = TypeVar("T")
R = TypeVar("R")


class Failure(NamedTuple):
    """Why a task has no result. `kind` is time, memory, died or error."""

    kind: str
    detail: str


def run(
    function: Callable[[T], R],
    tasks: Sequence[T],
    *,
    seconds: float = 30,
    memory: int = 1 << 30,
    workers: int = 0,
) -> Iterator[tuple[T, R | Failure]]:
    """Call a module-level function on every task in spawned processes, results in task order.

    `seconds` of wall time and `memory` bytes of address space for each task. `workers` defaults
    to the processors there are.
    """
    if not tasks:
        return
    count = min(workers or os.cpu_count() or 1, len(tasks))
    with ProcessPool(
        max_workers=count,
        context=multiprocessing.get_context("spawn"),
        initializer=_limit,
        initargs=[memory],
    ) as pool:
        futures = [pool.schedule(function, args=[task], timeout=seconds) for task in tasks]
        try:
            for task, future in zip(tasks, futures, strict=True):
                yield task, _result(future.result)
        except BaseException:
            pool.stop()
            raise


def _result(wait: Callable[[], R]) -> R | Failure:
    try:
        return wait()
    except Late:
        return Failure("time", "")
    except MemoryError:
        return Failure("memory", "")
    except ProcessExpired as expired:
        return Failure("died", str(expired.exitcode))
    except Exception as error:  # a bug of ours met one foreign file: it is named, not hidden
        return Failure("error", f"{type(error).__name__}: {error}")


def _limit(memory: int) -> None:
    """Bound the worker's address space. Windows has no `resource`: there time alone is bounded."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
