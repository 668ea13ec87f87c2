"""What every discriminator shares: logits and probabilities of many sequences."""

import keras
import tensorflow as tf

from models import device
from models.checks import check_tokens
from models.chunks import map_chunks


class Judge(keras.Model):
    """A discriminator: `call(tokens [B, T], training, seed, share)` gives logits of *real* `[B]`.

    The probability that a sequence is real is `sigmoid(logit)`, taken in `probability_real` alone. A
    subclass has the attributes `vocab_size` and `max_length`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layout = device.layout()

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
        tokens = tf.ensure_shape(tokens, [None, self.max_length])
        return self._score(tf.cast(tokens, self.layout.ids))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _probability_real(self, tokens):
        return tf.sigmoid(self._logits(tokens))

    def _score(self, tokens):
        """Logits of ids `[M, T]` in bounded memory, within a compiled function."""
        chunk_rows = self.layout.scored_rows(self.max_length)
        return map_chunks(lambda rows: self(rows, training=False), tokens, chunk_rows)


def check_kernels(kernels: dict, max_length: int) -> dict[int, int]:
    """Kernels `{width: filters}`, the widths whole numbers; `ValueError` where one does not fit."""
    kernels = {int(width): filters for width, filters in kernels.items()}  # JSON keys are text
    if not kernels or max(kernels) > max_length or min(kernels) < 1:
        raise ValueError(
            f"`kernels` have widths {sorted(kernels)}, expected some in [1, {max_length}]; "
            "leave them out for the default ones."
        )
    return kernels
