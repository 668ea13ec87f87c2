"""Base class of discriminators: sizes, and logits and probabilities of many sequences."""

import keras
import tensorflow as tf

from models import device
from models.checks import check_counts, check_rate, check_tokens
from models.chunks import map_chunks
from models.generator import Seed
from models.graph_function import graph_function
from models.shares import WHOLE, Share


class Judge(keras.Model):
    """A discriminator: `call(tokens [B, T], training, seed, share)` gives logits of *real* `[B]`.

    The probability that a sequence is real is `sigmoid(logit)`, taken in `probability_real` alone.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        dropout: share of the features dropped in training.
    """

    embedding: keras.layers.Embedding

    def __init__(
        self, vocab_size: int, max_length: int, embedding_dim: int, dropout: float, **kwargs
    ):
        super().__init__(**kwargs)
        check_counts(vocab_size=vocab_size, max_length=max_length, embedding_dim=embedding_dim)
        check_rate(dropout=dropout)
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.layout = device.layout()
        self.mask_seeds = keras.random.SeedGenerator(0)

    def training_logits(self, tokens: tf.Tensor, seed: Seed, share: Share = WHOLE) -> tf.Tensor:
        """What the loss is the mean over: logits `[B, K]`, K judgements of each sequence, dropout on."""
        return self(tokens, training=True, seed=seed, share=share)[:, None]

    def get_config(self):
        return {
            **super().get_config(),
            "vocab_size": self.vocab_size,
            "max_length": self.max_length,
            "embedding_dim": self.embedding_dim,
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
