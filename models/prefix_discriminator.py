"""A discriminator that judges every prefix of a sequence, and so rewards every token without roll-outs."""

import keras
import tensorflow as tf

from models.checks import check_counts, check_rate, check_tokens
from models.chunks import map_chunks
from models.dropout import drop_dimensions, dropout
from models.generator import Seed
from models.graph_function import graph_function
from models.judge import Judge
from models.shares import WHOLE, Share


@keras.saving.register_keras_serializable(package="seqgan")
class PrefixDiscriminator(Judge):
    """Embedding, an LSTM, a logit at each position; dropout before and after.

    The logit f_t estimates the log-ratio log p(Y_{1:t}) / G(Y_{1:t}) of the prefix; it is trained on all
    of them. The verdict on the sequence is f_T. What a token adds, f_t - f_{t-1} with f_0 = 0, are
    rewards that sum to that verdict.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the discriminator's own embedding.
        hidden_dim: of the LSTM.
        dropout: share of the features dropped in training, the same ones at all positions.
        embedding_dropout: share of the embedding's dimensions dropped in training, each for a whole
            sequence.

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
        self.rnn = keras.layers.LSTM(hidden_dim, return_sequences=True, use_cudnn=False, name="rnn")
        self.output_layer = keras.layers.Dense(1, name="output")
        self.build((None, max_length))

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        self.rnn.build((None, self.max_length, self.embedding_dim))
        self.output_layer.build((None, self.hidden_dim))
        self.built = True

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        return self._judge_prefixes(tokens, training, seed, share)[:, -1]

    def training_logits(self, tokens: tf.Tensor, seed: Seed, share: Share = WHOLE) -> tf.Tensor:
        """Logits of every prefix, `[B, T]`, with dropout."""
        return self._judge_prefixes(tokens, True, seed, share)

    def prefix_logits(self, tokens: tf.Tensor) -> tf.Tensor:
        """f_t, logits of *real* of every prefix, dropout off: int `[M, T]` -> float32 `[M, T]`."""
        return self._prefix_logits(check_tokens(tokens, self.vocab_size, self.max_length))

    @graph_function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _prefix_logits(self, tokens):
        tokens = tf.cast(tf.ensure_shape(tokens, [None, self.max_length]), self.layout.ids)
        result = tf.TensorSpec([None, self.max_length])
        rows = self.layout.read_rows(self.max_length)
        return map_chunks(self._judge_prefixes, tokens, rows, result)

    def _judge_prefixes(self, tokens, training=False, seed=None, share=WHOLE):
        if not tf.is_symbolic_tensor(tokens):  # Keras saves a model by tracing it on floats
            tokens = check_tokens(tokens, self.vocab_size, self.max_length)
        seed = self.mask_seeds.next() if training and seed is None else seed
        embedded = self.embedding(tokens)  # [B, T, E]
        if training and self.embedding_dropout:
            embedded = drop_dimensions(embedded, self.embedding_dropout, seed, share)
        features = self.rnn(embedded)  # [B, T, H]
        if training and self.dropout:
            features = dropout(features, self.dropout, seed, share)
        return self.output_layer(features)[:, :, 0]

    def get_config(self):
        names = ("hidden_dim", "embedding_dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
