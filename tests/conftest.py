"""What all tests start from."""

import signal

import pytest

from tests.pool import POOLS

# Those that take longest: mostly of processes that train.
LONGEST = ("test_kill.py", "test_distribution.py", "test_train_oracle.py", "test_workers.py")
LONGEST += ("test_hostile_files.py", "test_examples.py", "test_corpus_scripts.py")


def pytest_collection_modifyitems(items):
    """The longest files come first, then others with slow tests: no long one runs alone at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path not in slow))


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heeded():
    """A shell's background jobs ignore SIGINT, and `nohup` SIGHUP; here both are raised on purpose."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def compiled_models_are_used_again():
    """What a test took from a pool goes back for the next one; what a wider fixture took stays there."""
    for pool in POOLS:
        pool.keep_taken()
    yield
    for pool in POOLS:
        pool.give_back()
