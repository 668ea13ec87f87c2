"""Computing a function on many rows a chunk at a time, so that the chunk bounds the memory."""

from collections.abc import Callable

import tensorflow as tf


def map_chunks(
    function: Callable[..., tf.Tensor],
    rows: tf.Tensor | tuple[tf.Tensor, ...],
    chunk_rows: tf.Tensor | int | None,
    result: tf.TensorSpec | None = None,
    at_once: int = 1,
) -> tf.Tensor:
    """`function(rows)` computed on at most `chunk_rows` rows at a time; call it inside a `tf.function`.

    Args:
        function: maps `[m, ...]` to `[m, ...]` row by row; of several tensors, an argument each.
        rows: `[M, ...]`, or a tuple of such; M at least 1 and possibly unknown when traced.
        chunk_rows: the most rows of one call; None: all, without a loop.
        result: what all rows give; default float32 `[M]`.
        at_once: chunks that may be computed in parallel, each on some of the cores. `function` must read no
            variables in a loop then, see `models.token_loop`.
    """
    result = tf.TensorSpec([None], tf.float32) if result is None else result
    parts = rows if isinstance(rows, tuple) else (rows,)
    if chunk_rows is None:
        return tf.ensure_shape(function(*parts), result.shape)
    num_rows = tf.shape(parts[0])[0]
    results = tf.TensorArray(
        result.dtype,
        size=-(-num_rows // chunk_rows),
        element_shape=[None, *result.shape[1:]],
        infer_shape=False,
    )

    def one_chunk(start, results):
        chunk = [part[start : start + chunk_rows] for part in parts]
        return start + chunk_rows, results.write(start // chunk_rows, function(*chunk))

    _, results = tf.while_loop(
        lambda start, _: start < num_rows,
        one_chunk,
        (tf.constant(0), results),
        parallel_iterations=at_once,
    )
    return tf.ensure_shape(results.concat(), result.shape)
