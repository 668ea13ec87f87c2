"""Top-k and top-p: draws from the likeliest tokens only."""

import numpy as np
import tensorflow as tf

from models.checks import check_arrays
from models.draw import draw_categorical
from models.limits import MIN_TEMPERATURE


def truncate(mass: tf.Tensor, top_k: tf.Tensor | int, top_p: tf.Tensor | float) -> tf.Tensor:
    """The mass of the likeliest tokens of each row; 0 for the others.

    Top-k comes first: k tokens are kept, of equally likely ones those of lower ids. Of these, top-p
    (nucleus sampling, Holtzman et al., 2020) keeps the fewest likeliest tokens that together have at
    least the share `top_p` of what top-k has left, at least one.

    Args:
        mass: float32 `[M, V]`, probabilities up to a factor for each row.
        top_k: tokens to keep; 0 keeps all.
        top_p: share to keep, in (0, 1]; 1 keeps all.

    Returns:
        float32 `[M, V]`.
    """
    (mass,) = check_arrays(mass=(mass, "float [M, V]"))
    vocab_size = mass.shape[-1]
    ordered, ids = tf.math.top_k(mass, vocab_size)  # equal ones by their ids
    # Whole numbers in int64, which a GPU has in its own memory.
    top_k, top_p = tf.cast(top_k, tf.int64), tf.cast(top_p, tf.float32)
    kept = (top_k == 0) | (np.arange(vocab_size) < top_k)  # [V], by rank
    ordered = tf.where(kept, ordered, 0.0)
    before = tf.cumsum(ordered, axis=1, exclusive=True)
    total = tf.reduce_sum(ordered, axis=1, keepdims=True)
    # The sums are rounded, which must not cut off the last tokens where all are to be kept; and a tiny
    # share may be flushed to 0, which must not cut off the first.
    kept = (before < top_p * total) | (top_p >= 1) | (np.arange(vocab_size) == 0)
    ordered = tf.where(kept, ordered, 0.0)
    ids = tf.cast(ids, tf.int64)
    rows = tf.cumsum(tf.ones_like(ids), axis=0, exclusive=True)
    return tf.scatter_nd(tf.stack([rows, ids], axis=-1), ordered, tf.shape(mass, tf.int64))


def draw_truncated(
    logits: tf.Tensor,
    uniforms: tf.Tensor,
    temperature: tf.Tensor | float,
    top_k: tf.Tensor | int,
    top_p: tf.Tensor | float,
    blocked_tokens: tuple[int, ...] = (),
    ids: tf.DType = tf.int32,
) -> tf.Tensor:
    """Draws next tokens, int `[M]`, from the likeliest ones; see `truncate`.

    Args:
        logits: float32 `[M, V]`.
        uniforms: float32 `[M]` in `[0, 1)`.
        temperature: divides the logits before the truncation, above 0.
        top_k: see `truncate`.
        top_p: see `truncate`.
        blocked_tokens: ids that are never drawn, whatever the temperature.
        ids: dtype of the tokens.
    """
    logits, uniforms = check_arrays(
        logits=(logits, "float [M, V]"), uniforms=(uniforms, "float [M]")
    )
    temperature = tf.maximum(temperature, MIN_TEMPERATURE)
    mass = tf.exp((logits - tf.reduce_max(logits, axis=1, keepdims=True)) / temperature)
    allowed = np.ones(mass.shape[-1], np.float32)
    allowed[list(blocked_tokens)] = 0
    return draw_categorical(truncate(mass * allowed, top_k, top_p), uniforms, ids)
