"""Checks at the library's boundary: what was given, what was expected, how to mend it."""

import numpy as np
import tensorflow as tf


def check_positive(**values) -> None:
    """Raises `ValueError` for the first value that is not above zero."""
    for name, value in values.items():
        if tf.is_symbolic_tensor(value):
            continue
        if not np.all(np.asarray(value) > 0):
            raise ValueError(f"`{name}` is {value}, expected a number above 0.")


def check_tokens(tokens, vocab_size: int, max_length: int) -> tf.Tensor:
    """Returns `tokens` as an int32 tensor `[M, T]`, or raises `ValueError`.

    Ids are checked where their values are known, which is outside a `tf.function`.
    """
    tokens = tf.convert_to_tensor(tokens)
    if not tokens.dtype.is_integer:
        raise ValueError(f"`tokens` have dtype {tokens.dtype.name}, expected integer token ids.")
    if tokens.shape.rank != 2 or tokens.shape[1] not in (None, max_length):
        raise ValueError(
            f"`tokens` have shape {tokens.shape}, expected [M, {max_length}]: one row a sequence."
        )
    if tokens.shape[0] == 0:
        raise ValueError("`tokens` hold no sequence, expected at least one.")
    if not tf.is_symbolic_tensor(tokens):
        low, high = int(tf.reduce_min(tokens)), int(tf.reduce_max(tokens))
        if low < 0 or high >= vocab_size:
            raise ValueError(
                f"`tokens` hold ids from {low} to {high}, expected ids in [0, {vocab_size})."
            )
    return tf.cast(tokens, tf.int32)
