"""Batches of shuffled sequences: what an epoch goes through."""

import tensorflow as tf


def shuffled_batches(num_rows: tf.Tensor, batch_size: int, seed: tf.Tensor, ids: tf.DType):
    """Row numbers of whole batches in a counted order, `[M // B, B]`; call it in a `tf.function`.

    Args:
        num_rows: M, int32; the rows that fill no batch are left out.
        batch_size: B.
        seed: int32 pair, decides the order.
        ids: dtype of the row numbers.
    """
    order = tf.random.experimental.stateless_shuffle(tf.range(num_rows), seed)
    batches = num_rows // batch_size
    return tf.reshape(tf.cast(order, ids)[: batches * batch_size], [batches, batch_size])
