"""Soft attention over a policy's own past states: the recurrent layer of `--cell lstm-attention`."""

import keras
import numpy as np
import tensorflow as tf

# Added to the scores of states that were not read yet: their weight is 0 in float32.
_UNREAD = -1e9


@keras.saving.register_keras_serializable(package="seqgan")
class AttentionLSTM(keras.layers.Layer):
    """An LSTM whose output sees all of its states so far, each by a weight that depends on both.

    Luong et al. (2015), "Effective Approaches to Attention-based Neural Machine Translation", the
    score `dot` of Section 3.1, on the policy's own past as in Cheng et al. (2016), "Long Short-Term
    Memory-Networks for Machine Reading": with the LSTM's states h_1 .. h_t the weights are
    a = softmax(h_t . h_s) over s = 1 .. t, the context is sum_s a_s h_s, and the output
    tanh(W [h_t; context]), within (-1, 1) as the state of an LSTM.

    The states of `cell` are those of the LSTM, the memory of its outputs and which of it counts:
    `h`, `c` `[M, H]`, `memory` `[M, T, H]`, `read` `[M, T]`, 1 for what was read. All have static
    shapes. Entries of the memory that do not count have no effect and may hold anything finite.

    Args:
        lstm: the layer whose states are attended, with `return_sequences`.
        max_length: T.
        kernel_initializer: of W, `[2 H, H]`.

    Call arguments:
        inputs: float `[B, T, E]`. Position t sees the inputs up to its own.

    Returns:
        float `[B, T, H]`.
    """

    def __init__(
        self,
        lstm: keras.layers.LSTM,
        max_length: int,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.lstm = lstm
        self.max_length = max_length
        self.combine = keras.layers.Dense(
            lstm.units,
            activation="tanh",
            use_bias=False,
            kernel_initializer=kernel_initializer,
            name="combine",
        )

    def build(self, input_shape):
        """Creates the weights of both layers."""
        self.lstm.build(input_shape)
        self.combine.build((None, 2 * self.lstm.units))
        self.built = True

    def call(self, inputs):
        hidden = self.lstm(inputs)
        later = np.triu(np.full([self.max_length] * 2, _UNREAD, np.float32), 1)
        weights = tf.nn.softmax(tf.matmul(hidden, hidden, transpose_b=True) + later)
        return self.combine(tf.concat([hidden, tf.matmul(weights, hidden)], axis=-1))

    def cell(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """One step as that of a Keras cell: float `[M, E]` and states -> output `[M, H]` and states."""
        hidden, carry, memory, read = states
        _, (hidden, carry) = self.lstm.cell(inputs, [hidden, carry])
        read_now = tf.concat([tf.ones_like(read[:, :1]), read[:, :-1]], axis=1)
        memory = tf.where((read_now > read)[:, :, None], hidden[:, None], memory)
        scores = tf.linalg.matvec(memory, hidden) + _UNREAD * (1.0 - read_now)
        context = tf.linalg.matvec(memory, tf.nn.softmax(scores), transpose_a=True)
        output = self.combine(tf.concat([hidden, context], axis=-1))
        return output, [hidden, carry, memory, read_now]

    def get_config(self):
        return {
            **super().get_config(),
            "lstm": keras.saving.serialize_keras_object(self.lstm),
            "max_length": self.max_length,
            "kernel_initializer": keras.saving.serialize_keras_object(
                self.combine.kernel_initializer
            ),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "lstm": keras.saving.deserialize_keras_object(config["lstm"])})
