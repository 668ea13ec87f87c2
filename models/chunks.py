"""Walking through many rows a chunk at a time, so that memory is bounded by the chunk."""

from collections.abc import Callable

import tensorflow as tf


def map_chunks(
    function: Callable[[tf.Tensor], tf.Tensor], rows: tf.Tensor, chunk_rows: int
) -> tf.Tensor:
    """`function(rows)` computed on at most `chunk_rows` rows at a time; call it inside a `tf.function`.

    Args:
        function: maps `[m, ...]` to `[m, ...]` row by row.
        rows: `[M, ...]`, M at least 1 and possibly unknown when traced.
        chunk_rows: the most rows of one call.
    """
    num_rows = tf.shape(rows)[0]
    first = function(rows[:chunk_rows])
    results = tf.TensorArray(first.dtype, size=1, dynamic_size=True, infer_shape=False)
    results = results.write(0, first)

    def one_chunk(start, results):
        return start + chunk_rows, results.write(
            start // chunk_rows, function(rows[start : start + chunk_rows])
        )

    _, results = tf.while_loop(
        lambda start, _: start < num_rows,
        one_chunk,
        (tf.constant(chunk_rows), results),
        parallel_iterations=1,
    )
    return tf.ensure_shape(results.concat(), [None, *first.shape[1:]])
