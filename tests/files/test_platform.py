"""The code uses nothing that Windows or macOS lacks, outside of the one module that knows the difference."""

import ast
import errno
import json
import os
import signal
import subprocess
import sys
import types

import pytest

from files import plain_path, platform, python_version
from tests.helpers import REPOSITORY

# Of the standard library, by its documentation not available on Windows; macOS lacks some of them too.
ABSENT = {
    "os": """
        pread preadv pwrite pwritev readv writev sendfile O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_SYNC
        O_NONBLOCK O_PATH O_NOATIME O_DSYNC O_TMPFILE sched_getaffinity sched_setaffinity
        sched_yield getloadavg sysconf statvfs fstatvfs fdatasync fchdir fchmod fchown chown lchown
        chroot mkfifo mknod fork forkpty posix_fadvise posix_fallocate lockf setsid setpgid getpgid
        getpgrp killpg getuid geteuid getgid getegid getgroups uname nice getpriority wait wait3
        wait4 ttyname openpty memfd_create splice eventfd getxattr setxattr
    """,
    "signal": """
        SIGPIPE SIGHUP SIGKILL SIGUSR1 SIGUSR2 SIGALRM SIGVTALRM SIGCHLD SIGCONT SIGSTOP SIGTSTP
        SIGQUIT SIGWINCH alarm setitimer getitimer pause pthread_kill pthread_sigmask sigwait
        siginterrupt
    """,
    "time": "tzset clock_settime pthread_getcpuclockid CLOCK_PROCESS_CPUTIME_ID",
}
NO_MODULES = {
    *("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline"),
    *("curses", "msvcrt", "winreg", "winsound", "_winapi"),
}
SOURCES = sorted(
    path
    for folder in (".", "files", "training", "models", "data", "metrics", "reports", "benchmarks")
    for path in (REPOSITORY / folder).glob("*.py")
    if path != REPOSITORY / "files" / "platform.py"
)


def asked_for(tree, module):
    """Names that a file asks for by `hasattr(module, "name")` before it uses them."""
    return {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hasattr"
        if getattr(node.args[0], "id", "") == module and isinstance(node.args[1], ast.Constant)
    }


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_other_module_uses_what_a_system_lacks(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names} & NO_MODULES
        elif isinstance(node, ast.ImportFrom):
            used |= {node.module} & NO_MODULES
            absent = ABSENT.get(node.module or "", "").split()
            used |= {alias.name for alias in node.names} & set(absent)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in ABSENT.get(node.value.id, "").split():
                used |= {node.attr} - asked_for(tree, node.value.id)
    assert not used


def test_all_sources_are_looked_at():
    assert {"training", "files", "benchmarks"} <= {path.parent.name for path in SOURCES}
    assert REPOSITORY / "sample.py" in SOURCES and len(SOURCES) > 80


def as_windows(*arguments, cwd=REPOSITORY):
    """A script, or a text of Python, in a process without what Windows lacks."""
    return subprocess.run(
        [sys.executable, "-m", "tests.files.as_windows", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to know what is open")
@pytest.mark.slow
def test_training_and_sampling_need_nothing_of_posix(tmp_path):
    script = REPOSITORY / "train_oracle.py"
    flags = ("--preset", "smoke", "--algorithm", "mle", "--mle-epochs", 1, "--no-xla")
    done = as_windows(script, *flags, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["complete"] and result["settings"]["xla"] is False and result["threads"] >= 1
    assert not (tmp_path / "run" / ".lock").exists()
    done = as_windows(REPOSITORY / "sample.py", "run", "--num", 3, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3


LOCKED = """
from pathlib import Path
from training.lock import FolderLock
lock = FolderLock(Path("."))
assert lock.works and lock.folder_is_here
try:
    FolderLock(Path("."))
except ValueError as error:
    print(error)
lock.release()
assert not Path(".lock").exists()
FolderLock(Path(".")).release()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to know what is open")
def test_msvcrt_locks_a_folder(tmp_path):
    done = as_windows(LOCKED, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " is in use by process " in done.stdout


def test_without_any_locks_there_is_an_error_of_the_system(monkeypatch):
    monkeypatch.setattr(platform, "fcntl", None)
    monkeypatch.setattr(platform, "msvcrt", None)
    with pytest.raises(OSError, match="no locks") as error:
        platform.lock_file(0)
    assert not isinstance(error.value, BlockingIOError)


def test_an_error_of_msvcrt_that_is_no_lock_of_another_is_raised(monkeypatch, tmp_path):
    def locking(*_):
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(platform, "fcntl", None)
    fake = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
    monkeypatch.setattr(platform, "msvcrt", fake)
    with (tmp_path / "file").open("w") as file, pytest.raises(OSError) as error:
        platform.lock_file(file.fileno())
    assert error.value.errno == errno.EBADF


def test_files_are_synced_by_a_descriptor_that_may_write_on_windows(monkeypatch, tmp_path):
    opened = []
    file = tmp_path / "file"
    file.touch()
    real = os.open

    def spy(path, flags, *more):
        opened.append(flags)
        return real(path, flags, *more)

    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setattr(os, "open", spy)
    platform.sync(file)
    platform.sync(tmp_path)  # a folder, which cannot be opened there
    assert opened == [os.O_RDWR] and platform.open_folder(tmp_path) is None


def test_a_file_that_cannot_be_synced_is_an_error_and_a_folder_is_none(monkeypatch, tmp_path):
    def fsync(descriptor):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    platform.sync(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Invalid"):
        platform.sync(tmp_path / "file")


def test_peak_memory_on_each_system(monkeypatch, tmp_path):
    here = platform.peak_memory_mb()
    assert here > 50
    monkeypatch.setattr(platform, "Path", lambda name: tmp_path / "missing")
    if platform.resource is not None:
        assert platform.peak_memory_mb() >= 0.9 * here  # by getrusage
        monkeypatch.setattr(platform.sys, "platform", "darwin")  # whose unit is bytes
        assert platform.peak_memory_mb() < here / 100
    monkeypatch.setattr(platform, "resource", None)
    monkeypatch.setattr(platform.ctypes, "windll", None, raising=False)
    assert platform.peak_memory_mb() == 0

    def counters_of(process, counters, size):
        assert process.value == 2**64 - 1 and size == 72  # as Windows has them in 64 bits
        counters._obj.PeakWorkingSetSize = 5_000_000
        return works

    kernel = types.SimpleNamespace(K32GetProcessMemoryInfo=counters_of)
    windll = types.SimpleNamespace(kernel32=kernel)
    monkeypatch.setattr(platform.ctypes, "windll", windll)
    works = 1
    assert platform.peak_memory_mb() == 5.0
    works = 0
    assert platform.peak_memory_mb() == 0


def test_cores_where_the_system_does_not_say_which_may_be_used(monkeypatch):
    assert 1 <= platform.usable_cores() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert platform.usable_cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert platform.usable_cores() == 1


def test_the_code_after_a_closed_pipe_is_the_same_everywhere():
    assert platform.SIGPIPE == getattr(signal, "SIGPIPE", 13) == 13


def test_a_backslash_is_plain_where_it_separates_folders(monkeypatch):
    assert not plain_path.is_plain(r"C:\runs\one")
    monkeypatch.setattr(os, "sep", "\\")
    assert plain_path.is_plain(r"C:\runs\one")
    assert not plain_path.is_plain(r"C:\runs\one[1]")


# Versions of Python


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_versions_that_tensorflow_has_wheels_for(version):
    assert python_version.unsupported(version) is None


@pytest.mark.parametrize(
    ("version", "reason"), [((3, 10), "is too old"), ((3, 14), "has no wheel for it")]
)
def test_other_versions_of_python_are_one_line_and_exit_code_2(
    version, reason, monkeypatch, capsys
):
    monkeypatch.setattr(python_version.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(python_version.sys, "version_info", (*version, 1))
    with pytest.raises(SystemExit) as end:
        python_version.check()
    said = capsys.readouterr().err
    assert end.value.code == 2 and reason in said and said.count("\n") == 1
    assert f"Python {version[0]}.{version[1]}, expected 3.11 to 3.13" in said


def test_a_newer_python_runs_once_it_has_tensorflow():
    assert python_version.unsupported((3, 14)) is None


@pytest.mark.parametrize(
    ("limit", "expected"), [("max\n", 8192.0), ("4000000000\n", 4000.0), (None, 8192.0)]
)
def test_available_memory_is_that_of_the_machine_or_of_its_container(
    tmp_path, monkeypatch, limit, expected
):
    (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n")
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(platform, "Path", lambda path: tmp_path / path.rpartition("/")[2])
    assert platform.available_memory_mb() == expected


def test_available_memory_without_proc_is_the_physical_one(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "Path", lambda path: tmp_path / "none")
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    assert platform.available_memory_mb() == pages * size / 1e6
    monkeypatch.setattr(os, "sysconf_names", {})
    assert platform.available_memory_mb() == 0
