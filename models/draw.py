"""Drawing tokens from logits by the inverse of their cumulative distribution."""

import math

import tensorflow as tf

# Two steps of float32 below 1: a product with it is below the other factor however it rounds.
_BELOW_ONE = 1.0 - 2.0**-23


def _first_above(cumulative: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Index of the first entry of `cumulative` [M, K] above `threshold` [M], int32 [M]."""
    # A threshold at the total, which rounding can reach, must still find a token of some mass.
    threshold = tf.minimum(threshold, cumulative[:, -1] * _BELOW_ONE)
    return tf.math.count_nonzero(cumulative <= threshold[:, None], axis=1, dtype=tf.int32)


def draw_categorical(logits: tf.Tensor, uniforms: tf.Tensor) -> tf.Tensor:
    """Draws one token a row: the smallest id whose cumulative probability exceeds the uniform.

    The draw is a plain function of its inputs, so whoever owns the uniforms owns the randomness:
    the same uniforms give the same tokens in any chunk size and on any number of devices.
    The search has two levels, blocks of about sqrt(V) tokens and then tokens within one block,
    which touches each probability once instead of building a cumulative sum of V entries.

    Args:
        logits: float32 `[M, V]`; `-inf` marks a token that is never drawn.
        uniforms: float32 `[M]` in `[0, 1)`.

    Returns:
        int32 `[M]`, ids in `[0, V)`.
    """
    vocab_size = logits.shape[-1]
    block_size = math.isqrt(vocab_size - 1) + 1
    num_blocks = -(-vocab_size // block_size)
    mass = tf.exp(logits - tf.reduce_max(logits, axis=1, keepdims=True))
    mass = tf.pad(mass, [[0, 0], [0, num_blocks * block_size - vocab_size]])
    mass = tf.reshape(mass, [-1, num_blocks, block_size])

    blocks = tf.cumsum(tf.reduce_sum(mass, axis=2), axis=1)  # [M, num_blocks]
    threshold = uniforms * blocks[:, -1]
    block = _first_above(blocks, threshold)
    before = tf.gather(tf.pad(blocks, [[0, 0], [1, 0]]), block, batch_dims=1)
    within = tf.cumsum(tf.gather(mass, block, batch_dims=1), axis=1)  # [M, block_size]
    return block * block_size + _first_above(within, threshold - before)
