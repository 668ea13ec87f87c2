"""An end of the process before a chosen operation on the files of a folder, by Python's audit events."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Crash(BaseException):
    """What stands for the end of the process within one that goes on."""


class _Armed:
    folder: str | None = None
    at: Callable[[int, str], bool]
    stop: Callable[[], None]
    seen = 0


_armed = _Armed()
_hooked: list[bool] = []  # an audit hook stays for good, so there is one


def before(folder: Path, at: Callable[[int, str], bool], stop: Callable[[], None]) -> None:
    """From now on calls `stop` before each change in `folder` from the first on that `at` names.

    Args:
        folder: whose changes count, from 1.
        at: says of a number and of `operation path` whether the end comes before it.
        stop: ends the process, or raises.
    """
    _armed.folder, _armed.at, _armed.stop, _armed.seen = str(folder), at, stop, 0
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)


def never() -> int:
    """Lets all operations pass again; how many were seen."""
    _armed.folder = None
    return _armed.seen


def crash() -> None:
    """Raises `Crash`, at every further operation too: a dead process changes nothing."""
    _armed.at = lambda number, what: True
    raise Crash


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _armed.folder is None or (event != "open" and event not in CHANGES):
        return
    if event == "open" and not arguments[2] & WRITES:
        return
    paths = [os.fspath(a) for a in arguments[:2] if isinstance(a, str | os.PathLike)]
    # `shutil.rmtree` names what it removes within folders that it has opened.
    inside = event in ("os.remove", "os.rmdir") and arguments[-1] != -1
    if not inside and not any(path.startswith(_armed.folder) for path in paths):
        return
    _armed.seen += 1
    if _armed.at(_armed.seen, " ".join([event, *paths])):
        _armed.stop()
