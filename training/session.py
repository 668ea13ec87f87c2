"""Getting TensorFlow ready, quietly. Call `start` or `quiet` before anything that imports it."""

import ctypes
import os

# mallopt's names for what follows, in glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> None:
    """Lets glibc keep what is freed: every step frees and takes the same large arrays again.

    Memory handed back comes anew page by page, each zeroed by the kernel: on a busy machine this
    doubled the time of a step (docs/performance.md). Elsewhere than on glibc it does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)  # or what one thread frees is not there for the others
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def quiet() -> None:
    """Imports TensorFlow without its start-up notes on the terminal; errors are still raised."""
    keep_freed_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # Some notes are written by C++ before it reads the log level: nothing but the descriptor stops them.
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf

        tf.constant(0)
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def start(seed: int) -> None:
    """Imports TensorFlow and fixes the seed of the initial weights."""
    quiet()
    import keras

    keras.utils.set_random_seed(seed)
