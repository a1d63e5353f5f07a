"""The one seam for work in child processes: tasks in, their results or failures out, in order.

An abort, a hang or a memory blow-up costs one task, never the run.
"""

import math
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager, suppress
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from pebble import ProcessExpired, ProcessPool

from pdsfz_xl import job
from pdsfz_xl.states import Reason

T = TypeVar("T")
R = TypeVar("R")


class Failure(NamedTuple):
    """Why a task has no result: TIME, MEMORY, DIED or ERROR."""

    kind: Reason
    detail: str


def run(
    function: Callable[[T], R],
    tasks: Iterable[T],
    *,
    seconds: float = 30,
    memory: int = 1 << 30,
    workers: int = 0,
) -> Iterator[tuple[T, R | Failure]]:
    """Call a module-level function on every task in spawned processes, results in task order.

    `seconds` of wall time for each task, not counting the start of its worker, and `memory`
    bytes of address space. `workers` defaults to the processors there are.
    """
    waiting = deque(tasks)
    if not waiting:
        return
    with ProcessPool(
        max_workers=min(workers or os.cpu_count() or 1, len(waiting)),
        context=_Context(),
        initializer=_limit,
        initargs=[memory],
    ) as pool:
        with _interrupts_held():
            futures = deque(
                pool.schedule(
                    _call, args=[pickle.dumps((function, task)), seconds], timeout=seconds
                )
                for task in waiting
            )
        try:
            while futures:
                # Both are let go at once: what travels is small, but there may be many.
                yield waiting.popleft(), _result(futures.popleft())
        except BaseException:  # Ctrl-C, or nobody wants the rest
            pool.stop()
            raise


class _Worker(SpawnProcess):
    """A worker that leaves alone the script we were called from.

    It takes nothing from there, and to import a script without `if __name__ == "__main__"` is to
    run it again.
    """

    def start(self) -> None:
        with _START:
            prepare = spawn.get_preparation_data
            spawn.get_preparation_data = lambda name: {
                key: said for key, said in prepare(name).items() if not key.startswith("init_main")
            }
            try:
                super().start()
            finally:
                spawn.get_preparation_data = prepare


_START = Lock()
"""The first worker is started by the caller, one in place of a dead one by a thread of the pool."""


class _Context(SpawnContext):
    Process = _Worker


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Workers started in here never hear Ctrl-C: it goes to the parent, and that ends them.

    They ignore it once they run, but a worker that is still importing would print a traceback.
    A signal mask is inherited by the threads and processes that are started under it.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it would be started by the first worker, and lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _result(future: "Future[Any]") -> Any:
    """The error is asked for, not raised: a SystemExit of the child is no exit of ours."""
    match future.exception():
        case None:
            return future.result()
        case Late():
            return Failure(Reason.TIME, "")
        case MemoryError():
            return Failure(Reason.MEMORY, "")
        case ProcessExpired() as expired:
            return Failure(Reason.DIED, str(expired.exitcode))
        case error:  # a bug of ours met one foreign file: it is named, not hidden
            return Failure(Reason.ERROR, f"{type(error).__name__}: {error}")


# --- in the worker -------------------------------------------------------------------------


def _limit(memory: int) -> None:
    """Bound the worker's memory, and leave no core file of a foreign document behind.

    Windows has no `resource` but job objects, which bound memory; processor time is bounded by
    the wall time there.
    """
    if sys.platform == "win32":
        job.bound_memory(memory)
    else:
        import resource

        # macOS knows the limit but may refuse to set it.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _call(packed: bytes, seconds: float) -> object:
    """The task, with as much processor time: it ends even when nobody is left to end it.

    It is unpacked in here because a worker that fails while it takes a task from the pool loses
    the task, and the parent would wait for ever.
    """
    if sys.platform != "win32":
        import resource

        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds) + 1, most))
    function, task = pickle.loads(packed)
    return function(task)
