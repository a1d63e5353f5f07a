"""Windows' bound on a process: a job object that limits its memory (Microsoft, "Job Objects")."""

import ctypes
import sys

_PROCESS_MEMORY = 0x100  # JOB_OBJECT_LIMIT_PROCESS_MEMORY
_NO_CRASH_DIALOG = 0x400  # JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
_EXTENDED = 9  # JobObjectExtendedLimitInformation


class _Basic(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class _Extended(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION; `io` are the six counters of IO_COUNTERS."""

    _fields_ = (
        ("basic", _Basic),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


def bound_memory(limit: int) -> bool:
    """Bound what this process may commit, in bytes; False where Windows refuses.

    An allocation beyond fails as it does under RLIMIT_AS. The handle is never closed: the job
    lives as long as the process that is in it.
    """
    if sys.platform != "win32":
        return False
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    limits = _Extended()
    limits.basic.flags = _PROCESS_MEMORY | _NO_CRASH_DIALOG
    limits.process_memory = limit
    job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
    size = ctypes.c_uint32(ctypes.sizeof(limits))
    return bool(
        job
        and kernel.SetInformationJobObject(job, _EXTENDED, ctypes.byref(limits), size)
        and kernel.AssignProcessToJobObject(job, ctypes.c_void_p(kernel.GetCurrentProcess()))
    )
