"""Hostile and damaged files: each is read as what it holds, or refused in one line.

Each reader runs in a process of its own, so that a hang or a crash of native code is told by the
number of the file, and memory is that of the reader alone. Within it an alarm of processor time
ends what takes too long; what blocks is ended from here. A share of the files is always read, all of
them by `make faults`.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHARE, ALL = 300, 2000  # files of each reader
FEW = 40  # SavedModels, each of which TensorFlow takes a sixth of a second to load
BLOCKED = 120.0  # seconds without a word after which a process is given up, on a busy machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(), reason="reads the memory in use from /proc"
    ),
]


def command(reader, number, first=0):
    return [sys.executable, "-m", "tests.fuzz.child", reader, str(first), str(number)]


def listen(command, blocked=BLOCKED):
    """Runs a child: what it told, line by line, and what became of it in the end, if not its end."""
    child = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines: queue.Queue[str | None] = queue.Queue()
    noise = []

    def hear():
        for line in child.stdout:
            lines.put(line)
        lines.put(None)

    threads = [threading.Thread(target=hear)]
    threads += [threading.Thread(target=lambda: noise.append(child.stderr.read()))]
    for thread in threads:
        thread.start()
    told, end = [], ""
    try:
        while line := lines.get(timeout=blocked):
            told.append(json.loads(line))
    except queue.Empty:
        end = f"it hung for {blocked} s"
        child.kill()
    code = child.wait()
    for thread in threads:
        thread.join()
    child.stdout.close()
    child.stderr.close()
    if not end and (code or noise[0]):
        end = f"it ended with {code} and printed {noise[0][-500:]!r}"
    return told, end


def read_all(command, **options):
    """What was told at the end, and what was wrong by the number of the file."""
    told, end = listen(command, **options)
    wrong = [(line["at"], line["wrong"]) for line in told if "wrong" in line]
    if end:
        wrong.append((next((line["at"] for line in reversed(told) if "at" in line), -1), end))
    return told[-1] if told else {}, wrong


def check(reader, number, first=0):
    last, wrong = read_all(command(reader, number, first))
    assert not wrong, f"python -m tests.fuzz.child {reader} {wrong[0][0]} 1: {wrong[:5]}"
    print(f"{reader}: {last}")
    counts = last["counts"]
    # Neither is everything refused, nor is the damage without effect.
    assert counts["read"] > 0 and counts["refused"] > 0
    assert counts["read"] + counts["refused"] == number


@pytest.mark.parametrize("number", [SHARE, pytest.param(ALL, marks=pytest.mark.faults)])
@pytest.mark.parametrize(
    "reader",
    [
        *("oracle", "vocabulary", "config", "text", "speeches", "poems", "gzip", "csv", "jsonl"),
        *("tune", "zip", "export"),
    ],
)
def test_a_damaged_file_is_read_or_refused(reader, number):
    check(reader, number)


@pytest.mark.parametrize("number", [FEW, pytest.param(ALL, marks=pytest.mark.faults)])
def test_a_damaged_savedmodel_is_read_or_refused(number):
    half = number // 2
    with ThreadPoolExecutor(2) as processes:
        for checked in [processes.submit(check, "savedmodel", half, at) for at in (0, half)]:
            checked.result()


# What finds them is tested itself: on a reader that does what none should do.

DEEDS = {
    "raise KeyError('x')": "KeyError: 'x'",
    "raise SystemExit": "SystemExit",
    "raise readers.DataError('two' * 999)": "the message is 'twotwo",
    "while True: pass": "it took more than 0.2 s",
    "bytearray(1 << 30)": "MemoryError",
    "hidden()": "it asked for more memory than is allowed",
    "open(folder / 'more', 'w').close()": "it did open",
    "os.system('true')": "it did os.system",
    "os.mkdir(folder / 'more')": "it did os.mkdir",
    "pickle.loads(pickle.dumps(os.system))": "it did pickle.find_class",
    "warnings.warn('x')": "UserWarning: x",
    "[bytearray(os.urandom(1 << 20)) for _ in range(70)]": "it took 7",  # the last: not all is given back
}
BAD = """
import os, pickle, sys, time, warnings
from tests.fuzz import child, readers

def hidden():
    try:
        bytearray(1 << 40)
    except MemoryError:
        raise readers.DataError("x") from None

def read(folder, way):
    exec((folder / "file").read_text())

def content(self, seed):
    return DEEDS[int(seed.removeprefix("bad "))].encode(), 0

readers.Reader.content = content
readers.READERS["bad"] = readers.Reader(lambda: [b""], None, "file", read)
child.SECONDS, child.BYTES = 0.2, 50 << 20
child.main("bad", "0", str(len(DEEDS)))
"""


def bad(*deeds):
    return [sys.executable, "-c", f"DEEDS = {list(deeds)!r}\n{BAD}"]


def test_what_no_reader_should_do_is_found():
    last, wrong = read_all(bad("pass", "raise readers.DataError('x')", *DEEDS))
    assert last["counts"] == {"read": 1, "refused": 1, "wrong": len(DEEDS)}
    assert [at for at, _ in wrong] == list(range(2, 2 + len(DEEDS)))
    for (_, what), said in zip(wrong, DEEDS.values(), strict=True):
        assert said in what


def test_a_crash_and_a_hang_name_their_file():
    ((at, what),) = read_all(bad("pass", "os.abort()"))[1]
    assert at == 1 and "it ended with -6" in what
    assert read_all(bad("pass", "time.sleep(1000)"), blocked=10)[1] == [(1, "it hung for 10 s")]


def test_a_file_is_the_same_in_every_process_and_order():
    code = """
import hashlib, sys
from tests.fuzz.readers import READERS
for name, reader in READERS.items():
    if name != "savedmodel":
        numbers = range(100)[:: int(sys.argv[1])]
        files = {k: reader.content(f"{name} {k}") for k in numbers}
        print(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())
"""
    printed = {
        subprocess.run(
            [sys.executable, "-c", code, step],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, step in (("1", "1"), ("2", "-1"))
    }
    assert len(printed) == 1
