"""Hostile and damaged files: each is read as what it holds, or refused in one line.

Each reader runs in a process of its own, so that a hang or a crash of native code is told by the
number of the file, and memory is that of the reader alone. Within it an alarm of processor time
ends what takes too long; what blocks is ended from here. By default a share of the files is read;
`FAULTS=2000` in the environment says how many of each reader.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NUMBER = int(os.environ.get("FAULTS", "300"))
FULL = 2000
BLOCKED = 120.0  # seconds without a word after which a process is given up, on a busy machine
LOADING = 60.0  # seconds for loading SavedModels

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the memory in use from /proc"
)


def command(reader, number, seconds=float("inf")):
    return [sys.executable, "-m", "tests.fuzz.child", reader, "0", str(number), str(seconds)]


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


def check(reader, *arguments):
    last, wrong = read_all(command(reader, *arguments))
    assert not wrong, f"python -m tests.fuzz.child {reader} {wrong[0][0]} 1: {wrong[:5]}"
    print(f"{reader}: {last}")
    counts = last["counts"]
    # Neither is everything refused, nor is the damage without effect.
    assert counts["read"] > 0 and counts["refused"] > 0
    return counts


@pytest.mark.parametrize(
    "reader",
    ["oracle", "vocabulary", "config", "text", "speeches", "poems", "tune", "zip", "export"],
)
def test_a_damaged_file_is_read_or_refused(reader):
    counts = check(reader, NUMBER)
    assert counts["read"] + counts["refused"] == NUMBER


@pytest.mark.skipif(NUMBER < FULL, reason=f"TensorFlow takes a minute: FAULTS={FULL} for it")
def test_a_damaged_savedmodel_is_read_or_refused():
    check("savedmodel", NUMBER, LOADING)


# What finds them is tested itself: on readers that do what none should do.

BAD = """
import os, sys, time
from tests.fuzz import child, readers
def read(folder, way):
    content = (folder / "file").read_bytes()
    if content != b"sound":
        {deed}
readers.READERS["bad"] = readers.Reader(lambda: [b"sound"], lambda *_: b"damaged", "file", read)
child.SECONDS, child.BYTES = 0.2, 50 << 20
child.main("bad", "7", "2")
"""


def bad(deed):
    return [sys.executable, "-c", BAD.format(deed=deed)]


@pytest.mark.parametrize(
    "deed, said",
    [
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("raise SystemExit", "SystemExit"),
        ("raise readers.DataError('two' * 999)", "the message is 'twotwo"),
        ("while True: pass", "it took more than 0.2 s"),
        ("bytearray(1 << 30)", "MemoryError"),
        ("hoard = [bytearray(os.urandom(1 << 20)) for _ in range(70)]", "it took 7"),
        ("open(folder / 'more', 'w').close()", "it did open"),
        ("os.system('true')", "it did os.system"),
        ("os.mkdir(folder / 'more')", "it did os.mkdir"),
        ("import pickle; pickle.loads(pickle.dumps(os.system))", "it did pickle.find_class"),
        ("import warnings; warnings.warn('x')", "UserWarning: x"),
    ],
)
def test_what_no_reader_should_do_is_found(deed, said):
    last, wrong = read_all(bad(deed))
    assert [at for at, _ in wrong] == [7, 8] and last["counts"] == {"wrong": 2}
    assert all(said in what for _, what in wrong), wrong


def test_memory_that_was_not_given_is_found_behind_our_errors():
    deed = """try:
            bytearray(1 << 40)
        except MemoryError:
            raise readers.DataError('x') from None"""
    assert "it asked for more memory" in read_all(bad(deed))[1][0][1]


def test_a_crash_and_a_hang_name_their_file():
    ((at, what),) = read_all(bad("os.abort()"))[1]
    assert at == 7 and "it ended with -6" in what
    assert read_all(bad("time.sleep(1000)"), blocked=15)[1] == [(7, "it hung for 15 s")]


@pytest.mark.parametrize("reader", ["zip", "oracle", "config"])
def test_a_file_is_the_same_in_every_process(reader):
    code = (
        "import hashlib; from tests.fuzz.readers import READERS;"
        f"files = [READERS[{reader!r}].content(f'{reader} {{k}}') for k in range(50)];"
        "print(hashlib.sha256(repr(files).encode()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
