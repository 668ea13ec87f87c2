"""What differs between Linux, macOS and Windows: locks, syncing, memory, processors and signals.

No other module uses what one of these systems lacks. Each function works, or does nothing, on all.
"""

import ctypes
import errno
import os
import re
import signal
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
try:
    import msvcrt
except ImportError:  # all but Windows
    msvcrt = None  # type: ignore[assignment]
try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

WINDOWS = sys.platform == "win32"

# The byte that msvcrt locks: far behind the content, since no other process may read a locked byte.
_LOCKED_BYTE = 1 << 30

# What a shell reports where a program's reader has gone away; Windows has no such signal.
SIGPIPE = int(getattr(signal, "SIGPIPE", 13))

# Names of mallopt's parameters in glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def lock_file(descriptor: int) -> None:
    """Locks an open file until it is closed, however that happens.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the system or the file system has no locks.
    """
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif msvcrt is not None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EDEADLK):
                raise
            raise BlockingIOError(error.errno, error.strerror) from None
    else:
        raise OSError(errno.ENOTSUP, "there are no locks")


def open_folder(path: Path) -> int | None:
    """A descriptor of a folder, which keeps its inode from being used again.

    None on Windows, where no folder can be opened, nor removed while a file in it is open.
    """
    return None if WINDOWS else os.open(path, os.O_RDONLY)


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk. Raises `OSError` for a file."""
    is_folder = path.is_dir()
    if is_folder and WINDOWS:
        return
    # Windows syncs only what may be written.
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:  # not every file system syncs folders: there it is as safe as it can be
            raise
    finally:
        os.close(descriptor)


def keep_freed_memory() -> None:
    """Lets glibc keep what is freed: every step frees and takes the same large arrays again.

    Memory that is returned to the system has to be zeroed page by page when it is taken again: on a
    busy machine this doubled the time of a step (docs/performance.md). Without glibc it does nothing.
    """
    try:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    except (TypeError, OSError):  # Windows, which has no such library
        return
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)  # or what one thread frees is not there for the others
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory_mb() -> float:
    """Peak memory of this process, MB (10^6 bytes); 0 where the system does not report it."""
    # On Linux not by getrusage, which counts what the parent process had held.
    status = Path("/proc/self/status")
    text = status.read_text(encoding="utf-8") if status.exists() else ""
    held = re.search(r"VmHWM:\s+(\d+) kB", text)
    if held is not None:
        return int(held[1]) * 1024 / 1e6
    if resource is not None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
    return _windows_peak() / 1e6


class _MemoryCounters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of Windows."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("PageFaultCount", ctypes.c_uint32),
        *(
            (name, ctypes.c_size_t)
            for name in (
                *("PeakWorkingSetSize", "WorkingSetSize"),
                *("QuotaPeakPagedPoolUsage", "QuotaPagedPoolUsage"),
                *("QuotaPeakNonPagedPoolUsage", "QuotaNonPagedPoolUsage"),
                *("PagefileUsage", "PeakPagefileUsage"),
            )
        ),
    )


def _windows_peak() -> int:
    """Bytes of the largest working set so far; 0 on other systems."""
    kernel = getattr(getattr(ctypes, "windll", None), "kernel32", None)
    if kernel is None:
        return 0
    counters = _MemoryCounters(cb=ctypes.sizeof(_MemoryCounters))
    process = ctypes.c_void_p(-1)  # this one
    if not kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb):
        return 0
    return counters.PeakWorkingSetSize


def usable_cores() -> int:
    """Processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def available_memory_mb() -> float:
    """Memory that new processes may use, MB (10^6 bytes); 0 where the system does not report it."""
    meminfo, limit = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
    if meminfo.exists():
        found = re.search(r"MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="utf-8"))
        available = int(found[1]) * 1024 / 1e6 if found else 0.0
        most = limit.read_text(encoding="utf-8").strip() if limit.exists() else ""
        return min(available, int(most) / 1e6) if most.isdecimal() else available
    names = getattr(os, "sysconf_names", {})
    if {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(names):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0
