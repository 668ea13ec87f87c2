"""Scores of prefixes that grow token by token, and of each with one more token of several."""

import keras
import tensorflow as tf

from models import checks


class PrefixScores:
    """A prefix discriminator or a value network, read step by step by the weights of the moment.

    Make one before the first step: it projects the embedding of every token once.

    Args:
        embedding: of the network.
        rnn: its LSTM.
        head: its last layer, one number of each state.
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
        inputs = tf.matmul(embedding.embeddings, cell.kernel) + cell.bias
        self._inputs = tf.split(inputs, 4, axis=1)  # [V, H] for each gate
        self._recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        self._weights = tf.squeeze(head.kernel, axis=1) * scale
        self._bias = tf.squeeze(head.bias) * scale

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """States before the first token, two of `[num, H]`."""
        return [tf.zeros([num, self.hidden_dim])] * 2

    def read(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> list[tf.Tensor]:
        """States `[M, H]` after one more token a row, int `[M]`."""
        (tokens,) = checks.check_arrays(tokens=(tokens, "int [M]"))
        hidden, cell = states
        recurrent = tf.split(tf.matmul(hidden, self._recurrent), 4, axis=1)
        return list(self._step(tokens, recurrent, cell))

    def next_scores(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tf.Tensor:
        """Scores of the prefixes with one more token: int `[M, K]`, K of them -> float32 `[M, K]`.

        The product with the recurrent kernel is one for all K tokens of a row.
        """
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
