"""Getting TensorFlow ready, quietly. Call `start` or `quiet` before anything that imports it."""

import os


def quiet() -> None:
    """Imports TensorFlow without its start-up notes on the terminal; errors are still raised."""
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
