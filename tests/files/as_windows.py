"""Runs a script as if on Windows, as far as our code can tell: `python -m tests.files.as_windows SCRIPT ...`.

What Windows lacks is missing, for our own modules alone where libraries need it here; folders cannot
be opened, open files not removed, and `msvcrt` locks.
"""

import builtins
import ctypes
import errno
import fcntl
import os
import runpy
import signal
import sys
import types
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "pty")
FUNCTIONS = ("pread", "pwrite", "O_CLOEXEC", "O_DIRECTORY", "sched_getaffinity", "getloadavg")


def is_ours(names):
    """Whether a module of these globals is one of this repository, and none of its tests."""
    file = Path(names.get("__file__") or os.devnull)
    inside = file.is_relative_to(REPOSITORY) and "site-packages" not in file.parts
    return inside and not file.is_relative_to(REPOSITORY / "tests")


def import_(name, globals=None, *more, **named):
    if name in MODULES and is_ours(globals or {}):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return real_import(name, globals, *more, **named)


def open_(path, flags, *more, **named):
    if is_ours(sys._getframe(1).f_globals) and os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return real_open(path, flags, *more, **named)


def unlink(path, **named):
    folder = Path("/proc/self/fd")
    opened = {os.path.realpath(folder / number) for number in os.listdir(folder)}
    if os.path.realpath(path) in opened:
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))
    return real_unlink(path, **named)


class Library(ctypes.CDLL):
    def __init__(self, name, *more, **named):
        if name is None:
            raise TypeError("LoadLibrary() argument 1 must be str, not None")
        super().__init__(name, *more, **named)


def locking(descriptor, mode, num_bytes):
    """Of msvcrt, by a lock of the whole file."""
    assert (mode, num_bytes) == (2, 1) and os.lseek(descriptor, 0, os.SEEK_CUR) > 1 << 20
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EACCES, "Permission denied") from None


real_import, real_open, real_unlink = builtins.__import__, os.open, os.unlink
builtins.__import__, os.open, os.unlink, ctypes.CDLL = import_, open_, unlink, Library
for name in FUNCTIONS:
    delattr(os, name)
del signal.SIGPIPE

msvcrt = types.ModuleType("msvcrt")
msvcrt.locking, msvcrt.LK_NBLCK = locking, 2
sys.modules["msvcrt"], here, sys.platform = msvcrt, sys.platform, "win32"
import files.platform  # noqa: E402

del sys.modules["msvcrt"]  # or libraries would call the rest of it
sys.platform = here
assert files.platform.WINDOWS and files.platform.fcntl is files.platform.resource is None

_, *sys.argv = sys.argv
if sys.argv[0].endswith(".py"):
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    exec(sys.argv[0], {"__name__": "__main__", "__file__": str(REPOSITORY / "of_test.py")})
