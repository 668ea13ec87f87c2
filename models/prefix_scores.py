"""Scores of prefixes that grow token by token, and of each with one more token of several."""

from collections.abc import Sequence
from typing import Protocol

import keras
import tensorflow as tf

from models import checks


class PrefixScores(Protocol):
    """A prefix discriminator or a value network, read step by step by the weights of the moment.

    Make one before the first step: what depends on the weights alone is computed once.
    """

    numbers: int  # of a token that is scored, at least this many are in memory

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """Zeros, two of `[num, ...]`: the states before the first token."""

    def read(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """States after one more token a row, int `[M]`."""

    def next_scores(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tf.Tensor:
        """Scores of the prefixes with one more token: int `[M, K]`, K of them -> float32 `[M, K]`."""


class RecurrentScores:
    """Scores of an LSTM, one number of each state.

    Args:
        embedding: of the network.
        rnn: its LSTM.
        head: its last layer.
        scale: multiplies the scores.
    """

    def __init__(
        self,
        embedding: keras.layers.Embedding,
        rnn: keras.layers.LSTM,
        head: keras.layers.Dense,
        scale: tf.Tensor | float = 1.0,
    ):
        cell = rnn.cell
        self.hidden_dim: int = cell.units
        self.numbers = 4 * self.hidden_dim
        inputs = tf.matmul(embedding.embeddings, cell.kernel) + cell.bias
        self._inputs = tf.split(inputs, 4, axis=1)  # [V, H] for each gate
        self._recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        self._weights = tf.squeeze(head.kernel, axis=1) * scale
        self._bias = tf.squeeze(head.bias) * scale

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """Hidden and cell state `[num, H]`."""
        return [tf.zeros([num, self.hidden_dim])] * 2

    def read(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """See `PrefixScores`."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M]"))
        hidden, cell = states
        recurrent = tf.split(tf.matmul(hidden, self._recurrent), 4, axis=1)
        return list(self._step(tokens, recurrent, cell))

    def next_scores(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tf.Tensor:
        """See `PrefixScores`. The product with the recurrent kernel is one for all K tokens of a row."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M, K]"))
        hidden, cell = states
        recurrent = tf.split(tf.matmul(hidden, self._recurrent)[:, None], 4, axis=2)
        hidden, _ = self._step(tokens, recurrent, cell[:, None])
        return tf.linalg.matvec(hidden, self._weights) + self._bias

    def _step(self, tokens, recurrent, cell):
        """Hidden and cell state `[..., H]`, the gates in Keras's order."""
        keep_input, keep_state, candidate, output = (
            tf.gather(inputs, tokens) + more
            for inputs, more in zip(self._inputs, recurrent, strict=True)
        )
        cell = tf.sigmoid(keep_state) * cell + tf.sigmoid(keep_input) * tf.tanh(candidate)
        return tf.sigmoid(output) * tf.tanh(cell), cell


class ConvolutionalScores:
    """Scores of the maxima so far of causal convolutions with ReLU.

    Args:
        embedding: of the network.
        convolutions: its layers.
        head: its last layer.
    """

    def __init__(
        self,
        embedding: keras.layers.Embedding,
        convolutions: Sequence[keras.layers.Conv1D],
        head: keras.layers.Dense,
    ):
        self._embeddings = tf.convert_to_tensor(embedding.embeddings)
        # Earlier tokens that count; one at least, so that no state is empty, which no scatter takes.
        self._earlier = max(1, *(layer.kernel.shape[0] - 1 for layer in convolutions))
        own, kernels = [], []
        for layer in convolutions:
            kernel = tf.convert_to_tensor(layer.kernel)  # [width, E, F], the last for its own token
            own.append(tf.matmul(self._embeddings, kernel[-1]) + layer.bias)
            before = self._earlier + 1 - kernel.shape[0]
            kernels.append(tf.pad(kernel[:-1], [[before, 0], [0, 0], [0, 0]]))
        self._own = tf.concat(own, axis=1)  # [V, F]
        self.num_features: int = self._own.shape[1]
        self.numbers = 2 * self.num_features
        self._width = self._earlier * self._embeddings.shape[1]
        self._kernel = tf.reshape(tf.concat(kernels, axis=2), [self._width, self.num_features])
        self._weights, self._bias = tf.squeeze(head.kernel, axis=1), tf.squeeze(head.bias)

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """Embeddings of the tokens that the next one's filters see, and the maxima so far."""
        return [tf.zeros([num, self._width]), tf.zeros([num, self.num_features])]

    def read(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """See `PrefixScores`."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M]"))
        recent, highest = states
        features = tf.nn.relu(tf.gather(self._own, tokens) + tf.matmul(recent, self._kernel))
        seen = tf.concat([recent, tf.gather(self._embeddings, tokens)], axis=1)
        return [seen[:, self._embeddings.shape[1] :], tf.maximum(highest, features)]

    def next_scores(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tf.Tensor:
        """See `PrefixScores`. What the tokens before add to the filters is one product for all K."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M, K]"))
        recent, highest = states
        added = tf.matmul(recent, self._kernel)[:, None]
        # The maxima are at least 0, so that ReLU has nothing left to cut.
        features = tf.maximum(tf.gather(self._own, tokens) + added, highest[:, None])
        return tf.linalg.matvec(features, self._weights) + self._bias
