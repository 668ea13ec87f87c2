"""Base class of discriminators: sizes, and logits and probabilities of many sequences."""

import keras
import tensorflow as tf

from models import device
from models.checks import check_rate, check_tokens, counts
from models.chunks import map_chunks
from models.dropout import drop_dimensions, dropout
from models.generator import Seed
from models.graph_function import graph_function
from models.shares import WHOLE, Share


class Judge(keras.Model):
    """A discriminator: `call(tokens [B, T], training, seed, share)` gives logits of *real* `[B]`.

    The probability that a sequence is real is `sigmoid(logit)`, taken in `probability_real` alone.
    A subclass makes the layers `embedding` and `output_layer`.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        dropout: share of the features dropped in training.
        embedding_dropout: share of the embedding's dimensions dropped in training, each for a whole
            sequence (spatial dropout).
    """

    embedding: keras.layers.Embedding
    output_layer: keras.layers.Dense

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int,
        dropout: float,
        embedding_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        sizes = {"max_length": max_length, "embedding_dim": embedding_dim}
        vocab_size, max_length, embedding_dim = counts(vocab_size=vocab_size, **sizes)
        check_rate(dropout=dropout, embedding_dropout=embedding_dropout)
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.embedding_dim = embedding_dim
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
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
            "embedding_dropout": self.embedding_dropout,
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

    def _embed(self, tokens, training, seed, share):
        """Embeddings `[B, T, E]` of checked ids, some dimensions dropped in training."""
        if not tf.is_symbolic_tensor(tokens):  # Keras saves a model by tracing it on floats
            tokens = check_tokens(tokens, self.vocab_size, self.max_length)
        embedded = self.embedding(tokens)
        if training and self.embedding_dropout:
            embedded = drop_dimensions(embedded, self.embedding_dropout, seed, share)
        return embedded

    def _output(self, features, training, seed, share):
        """Logits `[B]` of features `[B, F]`, or `[B, T]` of `[B, T, F]`, some dropped in training."""
        if training and self.dropout:
            features = dropout(features, self.dropout, seed, share)
        return self.output_layer(features)[..., 0]

    def _mask_seed(self, training, seed):
        """The seed of the dropout masks: the caller's, else the next of the model's own."""
        return self.mask_seeds.next() if training and seed is None else seed
