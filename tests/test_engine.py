"""Work in child processes: order kept, and whatever a task does costs that task alone."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from pdsfz_xl import engine, job

pytestmark = pytest.mark.usefixtures("children")


def act(task):
    """What a foreign file may make its reader do; everything else is doubled."""
    match task:
        case "abort":
            os.abort()
        case "hang":
            time.sleep(600)
        case "spin":
            while True:
                pass
        case "exhaust":
            return len(bytearray(64 << 30))
        case "raise":
            raise ValueError("no such sheet")
        case "exit":
            raise SystemExit(3)
    return task * 2


def wait(seconds):
    time.sleep(seconds)
    return os.getpid()


class Unreadable:
    """A task that a worker cannot even unpack."""

    def __reduce__(self):
        return int, ("no number",)


def test_results_come_in_task_order_whoever_is_first():
    delays = [0.5, 0.0, 0.2, 0.1]
    assert [task for task, _ in engine.run(wait, delays, workers=4)] == delays


def test_any_iterable_of_tasks_is_taken():
    assert list(engine.run(act, (n for n in (1, 2)), workers=1)) == [(1, 2), (2, 4)]


def test_a_bad_task_costs_itself_alone():
    """Abort, hang, memory, exception: each is named, and every neighbour has its result."""
    bad = ["abort", "hang", "spin", "raise", "exit"]
    bad += ["exhaust"] if sys.platform == "linux" else []
    tasks = [100]
    for task in bad:
        tasks += [task, 100 + len(tasks)]
    results = dict(engine.run(act, tasks, seconds=4, memory=2 << 30, workers=2))
    assert list(results) == tasks
    assert {n: r for n, r in results.items() if isinstance(n, int)} == {
        n: 2 * n for n in tasks if isinstance(n, int)
    }
    kinds = {"abort": "died", "hang": "time", "spin": "time", "raise": "error", "exit": "error"}
    assert {task: results[task].kind for task in bad} == {
        task: kinds.get(task, "memory") for task in bad
    }
    assert results["raise"].detail == "ValueError: no such sheet"


def test_a_task_that_cannot_be_unpacked_is_an_error_and_no_deadlock():
    [(_, failure), (_, result)] = engine.run(act, [Unreadable(), 1], workers=1)
    assert failure.kind == "error"
    assert result == 2


def test_no_task_starts_no_process(monkeypatch):
    monkeypatch.setattr(engine, "ProcessPool", None)
    assert list(engine.run(act, [])) == []


def test_never_more_workers_than_tasks(monkeypatch):
    asked = []

    class Pool(engine.ProcessPool):
        def __init__(self, **options):
            asked.append(options["max_workers"])
            super().__init__(**options)

    monkeypatch.setattr(engine, "ProcessPool", Pool)
    assert list(engine.run(act, [7], workers=8)) == [(7, 14)]
    assert asked == [1]


def test_who_wants_no_more_results_leaves_no_process_behind():
    results = engine.run(act, [1, "hang", "hang"], workers=2)
    assert next(results) == (1, 2)
    results.close()
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX")
def test_ctrl_c_ends_at_once_and_without_noise():
    """Also the workers that are still starting: a terminal sends the signal to all of them."""
    script = (
        "import signal, time; from pdsfz_xl import engine\n"
        # A test run in the background was told to ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    print('started', flush=True)\n"
        "    list(engine.run(time.sleep, [600] * 4))\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "started\n"
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"


def test_a_script_without_a_guard_is_run_once(tmp_path):
    """Neither the first worker nor the one in place of a dead one runs it again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os; from pdsfz_xl import engine\n"
        "print('once')\n"
        "print([str(r.kind) for _, r in engine.run(os._exit, [3, 4], workers=1)])\n"
        "print(dict(engine.run(abs, [-1])))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["once", "['died', 'died']", "{-1: 1}"]


def test_the_bound_of_windows_is_as_large_as_windows_says():
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION takes 144 bytes on 64 bits (winnt.h)."""
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(job._Extended) == 144
    assert job.bound_memory(1 << 40) == (sys.platform == "win32")
