"""A recurrent discriminator, which reads a sequence in both directions."""

import keras
import tensorflow as tf

from models.checks import check_counts, check_rate, check_tokens
from models.dropout import drop_dimensions, dropout
from models.judge import Judge
from models.shares import WHOLE


@keras.saving.register_keras_serializable(package="seqgan")
class RecurrentDiscriminator(Judge):
    """Embedding, a bidirectional LSTM, max over time, one logit; dropout before and after.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        hidden_dim: of the LSTM in each direction.
        dropout: share of the features dropped in training.
        embedding_dropout: share of the embedding's dimensions dropped in training, each for a whole
            sequence (spatial dropout).

    Call arguments and result: as those of `SmallDiscriminator`.
    """

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int = 64,
        hidden_dim: int = 64,
        dropout: float = 0.5,
        embedding_dropout: float = 0.2,
        **kwargs,
    ):
        super().__init__(vocab_size, max_length, embedding_dim, dropout, **kwargs)
        check_counts(hidden_dim=hidden_dim)
        check_rate(embedding_dropout=embedding_dropout)
        self.hidden_dim = hidden_dim
        self.embedding_dropout = embedding_dropout
        self.embedding = keras.layers.Embedding(vocab_size, embedding_dim, name="embedding")
        self.rnn = keras.layers.Bidirectional(
            keras.layers.LSTM(hidden_dim, return_sequences=True, use_cudnn=False), name="rnn"
        )
        self.output_layer = keras.layers.Dense(1, name="output")
        self.build((None, max_length))

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        self.rnn.build((None, self.max_length, self.embedding_dim))
        self.output_layer.build((None, 2 * self.hidden_dim))
        self.built = True

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        if not tf.is_symbolic_tensor(tokens):  # Keras saves a model by tracing it on floats
            tokens = check_tokens(tokens, self.vocab_size, self.max_length)
        seed = self.mask_seeds.next() if training and seed is None else seed
        embedded = self.embedding(tokens)  # [B, T, E]
        if training and self.embedding_dropout:
            embedded = drop_dimensions(embedded, self.embedding_dropout, seed, share)
        features = tf.reduce_max(self.rnn(embedded), axis=1)
        if training and self.dropout:
            features = dropout(features, self.dropout, seed, share)
        return self.output_layer(features)[:, 0]

    def get_config(self):
        names = ("hidden_dim", "embedding_dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
