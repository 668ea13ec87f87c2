"""Freed memory is kept: taking it again costs no new pages; and a start that prints no notes."""

import ctypes
import subprocess
import sys

import pytest

from tests.helpers import REPOSITORY

NEW_PAGES = """
import ctypes, resource, sys
from files.platform import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
size = 32 << 20
def touch():
    block = ctypes.create_string_buffer(size)  # zeroed by calloc: every page is touched
    ctypes.memset(block, 1, size)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def new_pages(how: str) -> int:
    """Page faults of ten times taking and freeing 32 MiB, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", NEW_PAGES, how],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs glibc's malloc")
def test_freed_memory_is_taken_again():
    pages = 10 * (32 << 20) // 4096
    assert new_pages("hand back") > 0.9 * pages
    assert new_pages("keep") < 0.1 * pages


QUIETLY = """
import os, sys
from training import session
if sys.argv[1] == "closed":
    os.close(2)
with session._stderr_nowhere():
    print("before")
    if sys.argv[1] == "open":
        os.write(2, b"a note of C++")
if sys.argv[1] == "open":
    os.write(2, b"an error")
"""


@pytest.mark.parametrize("stderr, printed", [("open", "an error"), ("closed", "")])
def test_notes_are_dropped_and_what_follows_is_not(stderr, printed):
    done = subprocess.run(
        [sys.executable, "-c", QUIETLY, stderr], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\n", printed)
