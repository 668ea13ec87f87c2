"""The value network V: the expected reward of a sequence after each of its prefixes, in one pass."""

import keras
import tensorflow as tf

from models import device
from models.checks import check_positive, check_tokens, counts
from models.chunks import map_chunks
from models.graph_function import graph_function
from models.prefix_scores import PrefixScores, RecurrentScores


@keras.saving.register_keras_serializable(package="seqgan")
class ValueNetwork(keras.Model):
    """V(Y_{1:t}), the expected reward of the sequences that begin with Y_{1:t}.

    A token follows from the state and the action alone, so V(Y_{1:t}) is the action value
    Q(Y_{1:t-1}, y_t) of Eq. (4). Embedding, LSTM, and one number a position.

    Args:
        vocab_size: V.
        max_length: T.
        embedding_dim: dimension of the network's own embedding.
        hidden_dim: of its LSTM.
        seed: decides the initial weights.

    Call arguments:
        tokens: int `[B, T]`. Position t sees its own token and those before it.

    Returns:
        values, float32 `[B, T]`, in units of the reward.
    """

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        embedding_dim: int = 32,
        hidden_dim: int = 32,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        vocab_size, max_length, embedding_dim, hidden_dim = counts(
            vocab_size=vocab_size,
            max_length=max_length,
            embedding_dim=embedding_dim,
            hidden_dim=hidden_dim,
        )
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.seed = seed
        self.layout = device.layout()
        initializers = keras.initializers
        self.embedding = keras.layers.Embedding(
            vocab_size,
            embedding_dim,
            embeddings_initializer=initializers.RandomUniform(seed=seed),
            name="embedding",
        )
        self.rnn = keras.layers.LSTM(
            hidden_dim,
            return_sequences=True,
            use_cudnn=False,  # the updates are compiled by XLA, which has no cuDNN kernel
            kernel_initializer=initializers.GlorotUniform(seed=seed + 1),
            recurrent_initializer=initializers.Orthogonal(seed=seed + 2),
            name="rnn",
        )
        self.head = keras.layers.Dense(
            1, kernel_initializer=initializers.GlorotUniform(seed=seed + 3), name="head"
        )
        self.build((None, max_length))

    def build(self, input_shape):
        """Creates all weights, so that tracing and restoring never depend on a first call."""
        self.embedding.build((None, self.max_length))
        self.rnn.build((None, self.max_length, self.embedding_dim))
        self.head.build((None, self.hidden_dim))
        self.mean = self.add_weight(name="mean", initializer="zeros", trainable=False)
        self.deviation = self.add_weight(name="deviation", initializer="ones", trainable=False)
        self.built = True

    def call(self, tokens):
        return self.mean + self.deviation * self.standardized(tokens)

    def standardized(self, tokens: tf.Tensor) -> tf.Tensor:
        """Values `[B, T]` in standard deviations of the reward from its mean: what is learned."""
        if not tf.is_symbolic_tensor(tokens):  # Keras saves a model by tracing it on floats
            tokens = check_tokens(tokens, self.vocab_size, self.max_length)
        return self.head(self.rnn(self.embedding(tokens)))[..., 0]

    def set_units(self, mean: float, deviation: float) -> None:
        """Sets mean and standard deviation of the reward, so that rewards of every scale are learned alike."""
        check_positive(deviation=deviation)
        self.mean.assign(mean)
        self.deviation.assign(deviation)

    def values(self, tokens: tf.Tensor) -> tf.Tensor:
        """`call` for many sequences in bounded memory: int `[M, T]` -> float32 `[M, T]`."""
        return self._values(check_tokens(tokens, self.vocab_size, self.max_length))

    def prefix_scores(self) -> PrefixScores:
        """Values less their mean, token by token."""
        return RecurrentScores(self.embedding, self.rnn, self.head, self.deviation)

    @graph_function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _values(self, tokens):
        tokens = tf.cast(tf.ensure_shape(tokens, [None, self.max_length]), self.layout.ids)
        result = tf.TensorSpec([None, self.max_length])
        return map_chunks(self.call, tokens, self.layout.read_rows(self.max_length), result)

    def get_config(self):
        names = ("vocab_size", "max_length", "embedding_dim", "hidden_dim", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
