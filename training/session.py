"""Getting TensorFlow ready, quietly. Call `start` or `quiet` before anything that imports it."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from training.cluster import Cluster
from training.config import Settings
from training.stops import by_default

if TYPE_CHECKING:
    from training.distribution import Distribution

# Parameters of `mallopt` in glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> None:
    """Lets glibc keep what is freed: every step frees and takes the same large arrays again.

    Memory given back to the system returns page by page, each zeroed by the kernel: on a busy
    machine this doubled the time of a step (docs/performance.md). Without glibc it does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)  # or what one thread frees is not there for the others
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def quiet(first: Callable[[], Any] | None = None) -> Any:
    """Imports TensorFlow without its start-up notes on the terminal; errors are still raised.

    Args:
        first: called as the first use of TensorFlow, where that matters.

    Returns:
        what `first` returns.
    """
    keep_freed_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    prefer_tensorflow()
    import models  # noqa: F401  # raises an error of one line where Keras runs on another backend

    with _stderr_nowhere():
        import tensorflow as tf

        return tf.constant(0) if first is None else first()


def prefer_tensorflow() -> None:
    """Makes TensorFlow the backend of Keras, unless `KERAS_BACKEND` names another one.

    So a script runs whatever the user's keras.json says. Call it before anything imports Keras.
    """
    if not os.environ.get("KERAS_BACKEND"):
        os.environ["KERAS_BACKEND"] = "tensorflow"


@contextlib.contextmanager
def _stderr_nowhere() -> Iterator[None]:
    """Drops what C++ writes to standard error before it reads its log level."""
    try:
        terminal = os.dup(2)
    except OSError:  # it is closed: there is nothing to keep quiet
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def start(seed: int) -> None:
    """Imports TensorFlow and fixes the seed of the initial weights."""
    quiet()
    import keras

    keras.utils.set_random_seed(seed)


def join(settings: Settings, cluster: Cluster | None) -> "Distribution":
    """`start`, and what the training runs on; waits for the other workers of a cluster.

    Meanwhile a signal ends the process without a message: the wait is TensorFlow's.
    """

    def first():
        from training.distribution import make_distribution

        return make_distribution(settings.distribute, cluster, settings.batch_size)

    others = 0 if cluster is None or cluster.number else len(cluster.tasks) - 1
    if others:
        print(f"waiting for {others} other worker{'s' * (others != 1)}", file=sys.stderr)
    with contextlib.nullcontext() if cluster is None else by_default():
        distribution = quiet(first)
    start(settings.seed)
    return distribution
