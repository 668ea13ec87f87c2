"""A loop over the positions of sequences: a graph of one position, whatever their length.

Enter `Generator.weights_read_once` before it, or before `map_chunks` around it. A loop that reads
variables has side effects to TensorFlow, which then computes no two chunks at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def loop_positions(
    step: Callable[..., tuple[Any, ...]],
    carried: Sequence[Any],
    positions: tuple[int, tf.Tensor | int],
    kept: Sequence[tf.TensorSpec],
    shapes: Sequence[Any] | None = None,
) -> tuple[list[tf.Tensor], Sequence[Any]]:
    """`step(t, *carried)` at each position in turn; call it inside a `tf.function`.

    Args:
        step: returns a list of tensors to keep, and then each of what it carries to the next position.
        carried: what it gets at the first position.
        positions: the first t, and the one after the last; a number where steps keep something.
        kept: shape and dtype of each tensor that a step keeps.
        shapes: of what is carried where that changes, as `shape_invariants` of `tf.while_loop`.

    Returns:
        what the steps kept, `[positions, ...]` each, and what the last one carried.
    """
    first, end = positions
    arrays = [
        tf.TensorArray(spec.dtype, end - first, element_shape=spec.shape, infer_shape=False)
        for spec in kept
    ]

    def body(t, arrays, *carried):
        values, *after = step(t, *carried)
        pairs = zip(arrays, values, strict=True)
        return t + 1, [array.write(t - first, value) for array, value in pairs], *after

    start = (tf.constant(first), arrays, *carried)
    if shapes is not None:
        shapes = (tf.TensorShape([]), [tf.TensorShape(None)] * len(arrays), *shapes)
    _, arrays, *carried = tf.while_loop(lambda t, *_: t < end, body, start, shape_invariants=shapes)
    return [array.stack() for array in arrays], carried
