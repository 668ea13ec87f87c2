"""Base class of discriminators: sizes, and logits and probabilities of many sequences."""

import keras
import tensorflow as tf

from models import device
from models.checks import check_counts, check_rate, check_tokens
from models.chunks import map_chunks
from models.graph_function import graph_function


class Judge(keras.Model):
    """A discriminator: `call(tokens [B, T], training, seed, share)` gives logits of *real* `[B]`.

    The probability that a sequence is real is `sigmoid(logit)`, taken in `probability_real` alone. A
    subclass makes the layers `embedding`, `convolutions`, one for each kernel, and `output_layer`, and
    then calls `build`.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        kernels: `{width: filters}`.
        dropout: share of the features dropped in training.
    """

    embedding: keras.layers.Embedding
    convolutions: list[keras.layers.Conv1D]
    output_layer: keras.layers.Dense

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int,
        kernels: dict[int, int],
        dropout: float,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_counts(vocab_size=vocab_size, max_length=max_length, embedding_dim=embedding_dim)
        check_rate(dropout=dropout)
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.embedding_dim = embedding_dim
        self.kernels = check_kernels(kernels, max_length)
        self.dropout = dropout
        self.layout = device.layout()
        self.mask_seeds = keras.random.SeedGenerator(0)

    @property
    def num_features(self) -> int:
        """Filters over all kernels."""
        return sum(self.kernels.values())

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        for convolution in self.convolutions:
            convolution.build((None, self.max_length, self.embedding_dim))
        self.output_layer.build((None, self.num_features))
        self.built = True

    def _features(self, embedded: tf.Tensor) -> tf.Tensor:
        """Each filter's maximum over time: embeddings `[B, T, E]` -> `[B, F]`."""
        return tf.concat(
            [tf.reduce_max(convolve(embedded), axis=1) for convolve in self.convolutions], axis=1
        )

    def get_config(self):
        return {
            **super().get_config(),
            "vocab_size": self.vocab_size,
            "max_length": self.max_length,
            "embedding_dim": self.embedding_dim,
            "kernels": self.kernels,
            "dropout": self.dropout,
        }

    def logits(self, tokens: tf.Tensor) -> tf.Tensor:
        """Logits of *real*, log D(Y) / (1 - D(Y)), dropout off. int `[M, T]` -> float32 `[M]`.

        They keep what `probability_real` rounds to 0 or 1.
        """
        return self._logits(check_tokens(tokens, self.vocab_size, self.max_length))

    def probability_real(self, tokens: tf.Tensor) -> tf.Tensor:
        """D(Y): probability that each sequence is real, dropout off. int `[M, T]` -> float32 `[M]`."""
        return self._probability_real(check_tokens(tokens, self.vocab_size, self.max_length))

    @graph_function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _logits(self, tokens):
        tokens = tf.ensure_shape(tokens, [None, self.max_length])
        return self._score(tf.cast(tokens, self.layout.ids))

    @graph_function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
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
