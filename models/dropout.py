"""Dropout with counted randomness: the mask is a function of a seed, and each replica has its rows of it."""

import tensorflow as tf

from models.shares import WHOLE, Share


def variational_dropout(
    values: tf.Tensor, rate: float, seed: tf.Tensor, share: Share = WHOLE
) -> tf.Tensor:
    """Dropout with one mask for all time steps of a sequence (Gal and Ghahramani, 2016).

    Args:
        values: float32 `[B, T, F]`.
        rate: share of the features set to 0, in [0, 1). The others are divided by 1 - rate.
        seed: int32 pair that decides the mask.
        share: of a batch that the values are, with its rows of the batch's mask.

    Returns:
        float32 `[B, T, F]`.
    """
    rows = tf.shape(values)[0] if share == WHOLE else share.num * values.shape[0]
    uniforms = tf.random.stateless_uniform([rows, 1, values.shape[-1]], seed, alg="philox")
    return tf.where(share.rows(uniforms) >= rate, values / (1.0 - rate), 0.0)
