"""What every discriminator shares: logits and probabilities of many sequences, and counted dropout."""

import keras
import tensorflow as tf

from models.checks import check_counts, check_tokens
from models.chunks import map_chunks
from models.shares import WHOLE, Share

# Sequences scored at a time, per 20 tokens of length: bounds the memory of the feature maps.
SCORE_ROWS = 1024


def rows_at_once(rows: int, max_length: int) -> int:
    """Sequences of `max_length` tokens that take the memory of `rows` sequences of 20."""
    check_counts(max_length=max_length)
    return max(1, rows * 20 // max(20, max_length))


class Judge(keras.Model):
    """A discriminator: `call(tokens [B, T], training, seed, share)` gives logits of *real* `[B]`.

    The probability that a sequence is real is `sigmoid(logit)`, taken in `probability_real` alone. A
    subclass has the attributes `vocab_size` and `max_length`.
    """

    def logits(self, tokens: tf.Tensor) -> tf.Tensor:
        """Logits of *real*, log D(Y) / (1 - D(Y)), dropout off. int `[M, T]` -> float32 `[M]`.

        They keep what `probability_real` rounds to 0 or 1.
        """
        return self._logits(check_tokens(tokens, self.vocab_size, self.max_length))

    def probability_real(self, tokens: tf.Tensor) -> tf.Tensor:
        """D(Y): probability that each sequence is real, dropout off. int `[M, T]` -> float32 `[M]`."""
        return self._probability_real(check_tokens(tokens, self.vocab_size, self.max_length))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _logits(self, tokens):
        return self._score(tf.ensure_shape(tokens, [None, self.max_length]))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _probability_real(self, tokens):
        return tf.sigmoid(self._logits(tokens))

    def _score(self, tokens):
        """Logits of int32 `[M, T]` in bounded memory, within a compiled function."""
        chunk_rows = rows_at_once(SCORE_ROWS, self.max_length)
        return map_chunks(lambda rows: self(rows, training=False), tokens, chunk_rows)


def dropout(inputs: tf.Tensor, rate: float, seed: tf.Tensor, share: Share = WHOLE) -> tf.Tensor:
    """Sets a share `rate` of the features to 0 and scales the others to keep the mean.

    Args:
        inputs: float `[B, F]`; or `[B, T, F]`, whose features are dropped for all T positions alike.
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


def check_rates(**rates: float) -> None:
    """Raises `ValueError` for the first dropout rate that is no share below 1."""
    for name, rate in rates.items():
        if not 0 <= rate < 1:
            raise ValueError(f"`{name}` is {rate}, expected a share in [0, 1); 0 drops none.")


def check_kernels(kernels: dict, max_length: int) -> dict[int, int]:
    """Kernels `{width: filters}`, the widths whole numbers; `ValueError` where one does not fit."""
    kernels = {int(width): filters for width, filters in kernels.items()}  # JSON keys are text
    if not kernels or max(kernels) > max_length or min(kernels) < 1:
        raise ValueError(
            f"`kernels` have widths {sorted(kernels)}, expected some in [1, {max_length}]; "
            "leave them out for the default ones."
        )
    return kernels
