"""Getting TensorFlow ready, quietly. Call `start` or `quiet` before anything that imports it."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from files.platform import keep_freed_memory
from training.cluster import Cluster
from training.settings import Settings
from training.stops import by_default

if TYPE_CHECKING:
    from training.distribution import Distribution


def quiet(first: Callable[[], Any] | None = None) -> Any:
    """Imports TensorFlow without its start-up notes on the terminal; errors are still raised.

    It takes the memory of GPUs as it needs it, not all of it.

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

        from training.gpus import grow_memory

        grow_memory()
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


def repeat_bits() -> None:
    """Makes every operation give the same bits for the same input, also on a GPU; slower there.

    What XLA compiles is deterministic then too. An operation without a deterministic implementation
    raises an error. Products of matrices are no longer rounded to TensorFloat-32.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)


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

        if settings.deterministic:
            repeat_bits()

        return make_distribution(settings.distribute, cluster, settings.batch_size)

    others = 0 if cluster is None or cluster.number else len(cluster.tasks) - 1
    if others:
        print(f"waiting for {others} other worker{'s' * (others != 1)}", file=sys.stderr)
    with contextlib.nullcontext() if cluster is None else by_default():
        distribution = quiet(first)
    start(settings.seed)
    return distribution
