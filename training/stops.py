"""Stops by a signal: at once while nothing can be lost, after the step under way while training."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# `timeout` and other wrappers send one signal to the process and once more to its group.
TOGETHER_SECONDS = 0.5


class Stopped(KeyboardInterrupt):
    """A signal ended the work: its number, and in one line what was saved and how to continue."""

    def __init__(self, number: int, message: str = ""):
        super().__init__(message)
        self.number = number


class Request:
    """The signal that asked to stop, if one did."""

    number: int | None = None


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Turns a signal into `Stopped` wherever the program is."""

    def stop(number: int) -> None:
        raise Stopped(number)

    with _handled(stop):
        yield


@contextlib.contextmanager
def after_step() -> Iterator[Request]:
    """Notes the first signal, for the loop to look at after each step; the second is `Stopped`."""
    request = Request()

    def note(number: int) -> None:
        if request.number is not None:
            raise Stopped(number)
        request.number = number
        if os.isatty(2):  # by the descriptor: the signal may have come in the midst of a print
            os.write(2, b"\nstopping after this step; the same again stops at once\n")

    with _handled(note):
        yield request


@contextlib.contextmanager
def by_default() -> Iterator[None]:
    """Lets a signal end the process as the system does: for a wait in which Python hears of none."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextlib.contextmanager
def _handled(handle: Callable[[int], None]) -> Iterator[None]:
    """Calls `handle` on a signal; does without in a thread where no handler can be set."""
    last = -TOGETHER_SECONDS

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TOGETHER_SECONDS:
            last = now
            handle(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        # What is ignored stays so: a shell lets what it starts in the background ignore SIGINT.
        heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, signal.SIG_DFL if old is None else old)
