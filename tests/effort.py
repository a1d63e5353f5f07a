"""How work grows with what there is to do, whatever else the machine does."""

import time
from collections.abc import Callable


def growth(work: Callable[[int], Callable[[], object]], size: int) -> float:
    """How much longer ten times the size takes; ten where it is linear, a hundred if quadratic.

    `work` makes a job of a size, and only the job is measured, the best of three times.
    """
    return _took(work(10 * size)) / _took(work(size))


def _took(job: Callable[[], object]) -> float:
    return min(_once(job) for _ in range(3))


def _once(job: Callable[[], object]) -> float:
    before = time.thread_time()
    job()
    return time.thread_time() - before
