"""What all tests start from."""

import gc
import signal
import sys
from unittest import mock

import pytest

from tests.pool import POOLS

# Those that take longest: mostly of processes that train.
LONGEST = ("test_kill.py", "test_distribution.py", "test_train_oracle.py", "test_workers.py")
LONGEST += ("test_hostile_files.py", "test_examples.py", "test_corpus_scripts.py")


# Tracing leaves many objects that live on, which the garbage collector would look through again and
# again: with these thresholds runs take a tenth less time.
gc.set_threshold(50_000, 20, 100)


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


@pytest.fixture(autouse=True, scope="session")
def a_seed_leaves_functions_compiled():
    """`tf.random.set_seed` has TensorFlow optimize every graph again, for operations that hold a seed.

    Ours hold none, and runs that share compiled models each set one: it would take a third of their time.
    """
    if "tensorflow" not in sys.modules:  # which the tests at hand do not need
        yield
        return
    from tensorflow.python import pywrap_tfe

    with mock.patch.object(pywrap_tfe, "TFE_ContextClearCaches", lambda context: None):
        yield


@pytest.fixture(autouse=True)
def compiled_models_are_used_again():
    """What a test took from a pool goes back for the next one; what a wider fixture took stays there."""
    for pool in POOLS:
        pool.keep_taken()
    yield
    for pool in POOLS:
        pool.give_back()
