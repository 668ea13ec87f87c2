"""The discriminator's convolutions of embedded tokens as sums of table rows: faster on many sequences.

A token and its place in a window decide what the token adds to the window's sum. While the weights
do not change, a table of V * w rows holds all that can be added.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from models.checks import check_arrays
from models.chunks import map_chunks


def fold(embeddings: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Embedding `[V, E]` and kernel `[w, E, F]` as one table `[V * w, F]`.

    Row `w * token + k` is what a token adds to a window whose place k it takes.
    """
    embeddings, kernel = check_arrays(
        embeddings=(embeddings, "float [V, E]"), kernel=(kernel, "float [w, E, F]")
    )
    width, _, filters = kernel.shape
    by_token = tf.reshape(tf.transpose(kernel, [1, 0, 2]), [-1, width * filters])
    return tf.reshape(tf.matmul(embeddings, by_token), [-1, filters])


def convolve_folded(table: tf.Tensor, tokens: tf.Tensor, width: int) -> tf.Tensor:
    """The convolution without its bias, `[M, T - w + 1, F]`: each window a sum of w rows of the table."""
    table, tokens = check_arrays(table=(table, "float [Vw, F]"), tokens=(tokens, "int [M, T]"))
    windows = tokens.shape[1] - width + 1
    rows = width * tokens
    return tf.add_n([tf.gather(table, rows[:, k : k + windows] + k) for k in range(width)])


def folded_features(
    embeddings: tf.Tensor,
    convolutions: Sequence[keras.layers.Conv1D],
    tokens: tf.Tensor,
    chunk_rows: int,
) -> tf.Tensor:
    """Features of sequences: the largest value of each filter over time, after ReLU.

    Equals `max(relu(convolution(embedded tokens)))` but for rounding: the largest sum gives the
    largest feature, since ReLU keeps order. Call it inside a `tf.function`.

    Args:
        embeddings: float32 `[V, E]`.
        convolutions: built on `[B, T, E]`; F filters in all.
        tokens: int `[M, T]`.
        chunk_rows: sequences computed at a time, which bounds memory.

    Returns:
        float32 `[M, F]`.
    """
    features: list[tf.Tensor] = []
    for convolution in convolutions:
        with tf.control_dependencies(features[-1:]):  # one table at a time: memory, and cache
            table = fold(embeddings, convolution.kernel)

        def largest(tokens, table=table, convolution=convolution):
            sums = convolve_folded(table, tokens, convolution.kernel_size[0])
            return tf.nn.relu(tf.reduce_max(sums, axis=1) + convolution.bias)

        result = tf.TensorSpec([None, convolution.filters], tf.float32)
        features.append(map_chunks(largest, tokens, chunk_rows, result))
    return tf.concat(features, axis=1)
