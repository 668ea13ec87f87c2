"""Base class of the recurrent discriminators: an LSTM reads the sequence."""

import keras

from models.checks import counts
from models.judge import Judge


class RecurrentJudge(Judge):
    """A discriminator with an embedding, an LSTM and one logit; dropout before and after.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        hidden_dim: of the LSTM, in each direction.
        dropout: share of the features dropped in training, the same ones at all positions.
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
        super().__init__(
            vocab_size, max_length, embedding_dim, dropout, embedding_dropout, **kwargs
        )
        (self.hidden_dim,) = counts(hidden_dim=hidden_dim)
        sizes = self.vocab_size, self.embedding_dim
        self.embedding = keras.layers.Embedding(*sizes, name="embedding")
        self.rnn = self._make_rnn()
        self.output_layer = keras.layers.Dense(1, name="output")
        self.build((None, self.max_length))

    def _make_rnn(self) -> keras.layers.Layer:
        """The recurrent layer: embeddings `[B, T, E]` -> features `[B, T, F]`."""
        return keras.layers.LSTM(
            self.hidden_dim, return_sequences=True, use_cudnn=False, name="rnn"
        )

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        embedded = (None, self.max_length, self.embedding_dim)
        self.embedding.build((None, self.max_length))
        self.rnn.build(embedded)
        self.output_layer.build(self.rnn.compute_output_shape(embedded))
        self.built = True

    def get_config(self):
        return {**super().get_config(), "hidden_dim": self.hidden_dim}
