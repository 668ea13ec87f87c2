"""Dropout with counted randomness: the mask is a function of a seed, and each replica has its rows of it."""

import tensorflow as tf

from models.shares import WHOLE, Share


def dropout(inputs: tf.Tensor, rate: float, seed: tf.Tensor, share: Share = WHOLE) -> tf.Tensor:
    """Sets a share `rate` of the features to 0 and scales the others to keep the mean.

    Args:
        inputs: float `[B, F]`; or `[B, T, F]`, whose features are dropped at the same time for all T positions
            (Gal and Ghahramani, 2016).
        rate: in [0, 1).
        seed: int32 pair, decides which.
        share: of the batch that `inputs` are: its rows of the batch's mask.
    """
    shape = tf.shape(inputs)
    if share != WHOLE:
        shape = [share.num * inputs.shape[0], *inputs.shape[1:]]
    if inputs.shape.rank == 3:
        shape = [shape[0], 1, shape[2]]
    uniforms = tf.random.stateless_uniform(shape, tf.cast(seed, tf.int32), alg="philox")
    return tf.where(share.rows(uniforms) >= rate, inputs / (1 - rate), tf.zeros([], inputs.dtype))


def drop_dimensions(
    embedded: tf.Tensor, rate: float, seed: tf.Tensor, share: Share = WHOLE
) -> tf.Tensor:
    """`dropout` of embeddings `[B, T, E]`, with another mask than that of features for the same seed."""
    own = tf.random.experimental.stateless_fold_in(tf.cast(seed, tf.int32), 1)
    return dropout(embedded, rate, own, share)
