"""Reads damaged files one after another in a process of its own, and tells what came of each.

python -m tests.fuzz.child READER FIRST NUMBER

File number k of a reader is always the same: what happened at k is seen again by
`python -m tests.fuzz.child READER k 1`. Each line printed is JSON: `{"at": k}` before a file is
read, so that whoever started this knows what it hung on or died of; `{"wrong": ..., "at": k}` for
what must not be; and last the counts. Wrong is another error than ours or one of several lines, a
file written, a program run or an address asked for, more than 5 s of processor time, and 1 GB more
memory than reading sound files took.
"""

import collections
import contextlib
import json
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from files.errors import printable
from tests.fuzz.readers import READERS, REFUSALS, Reader

SECONDS = 5.0
BYTES = 10**9

# What no reader has a reason to do, by the names that Python gives to the auditor.
_DEEDS = re.compile(
    r"os\.(system|exec|fork|posix_spawn|mkdir|rename|remove|rmdir|link|symlink|chmod|putenv)"
    r"|subprocess\.|shutil\.|socket\.connect|urllib\.|ctypes\.|pickle\.find_class"
)


class Slow(BaseException):
    """A file took too long."""


class Deed(BaseException):
    """A reader did what no reader should do."""


class Watch:
    """While it is on, files are being read: nothing may be written, run or asked for."""

    def __init__(self, strict: bool):
        self.strict = strict  # not for TensorFlow, which uses files of its own
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self.hear)
        signal.signal(signal.SIGVTALRM, self.alarm)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or not self.strict:
            return
        writes = event == "open" and set(str(arguments[1])) & set("wax+")
        if writes or _DEEDS.match(event):
            self.seen.append(f"{event}{arguments}"[:200])

    def alarm(self, *_: Any) -> None:
        raise Slow


def peak() -> int:
    """Most memory that this process has held, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):  # of this program alone, unlike what getrusage says
            return int(line.split()[1]) * 1024
    return 0


def forget_peak() -> None:
    """Makes the peak what is held now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def bound_memory(more: int) -> None:
    """Makes a larger allocation fail, before it takes the machine's memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSize:"):
            now = int(line.split()[1]) * 1024
            resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.RLIM_INFINITY))


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and what it came from."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def outcome(reader: Reader, folder: Path, content: bytes, way: int, watch: Watch) -> str:
    """`read`, `refused`, or what is wrong."""
    watch.seen.clear()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        path = folder / reader.place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        watch.on = True
        reader.read(folder, way)
        result = "read"
    except REFUSALS as error:
        message = str(error)
        result = "refused"
        if message != printable(message):  # it could not be written anywhere
            result = f"the message is {message!a:.300}"
        if len(message.splitlines()) != 1 or len(message) > 1200:
            result = f"the message is {message!r:.300}"
        if any(isinstance(cause, MemoryError) for cause in causes(error)):
            result = "it asked for more memory than is allowed"
    except Slow:
        result = f"it took more than {SECONDS} s"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        result = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"[:500]
    finally:
        watch.on = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if watch.seen:
        result = f"it did {watch.seen[0]}"
    return result


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def main(name: str, first: str, number: str) -> None:
    reader = READERS[name]
    native = name == "savedmodel"
    watch = Watch(strict=name not in ("tune", "export", "savedmodel"))
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "folder"

        def attempt(content: bytes, way: int) -> str:
            folder.mkdir()
            try:
                return outcome(reader, folder, content, way, watch)
            finally:
                shutil.rmtree(folder)

        for way in range(60):  # imports what is imported late, and fills what is kept
            result = attempt(reader.sound()[way % len(reader.sound())], way)
            if result != "read":
                tell(wrong=f"a sound file is {result}", at=-1)
            if native:
                break
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)
        forget_peak()
        before, most, started = peak(), 0, time.process_time()
        if not native:  # TensorFlow reserves far more than it uses
            bound_memory(BYTES + (256 << 20))
        for at in range(int(first), int(first) + int(number)):
            tell(at=at)
            content, way = reader.content(f"{name} {at}")
            forget_peak()
            result = attempt(content, way)
            more = peak() - before
            most = max(most, more)
            if more > BYTES:
                result = f"it took {more / 1e6:.0f} MB"
            counts[result if result in ("read", "refused") else "wrong"] += 1
            if result not in ("read", "refused"):
                tell(wrong=result, at=at)
    seconds = round(time.process_time() - started, 1)
    tell(counts=counts, megabytes=round(most / 1e6), seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
