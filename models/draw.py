"""Drawing tokens by the inverse of their cumulative distribution, and how likely tokens are."""

import math

import numpy as np
import tensorflow as tf

from models import device
from models.checks import check_arrays, check_ids
from models.device import Layout
from models.limits import MIN_TEMPERATURE

# Two steps of float32 below 1: a product with it is below the other factor however it rounds.
_BELOW_ONE = 1.0 - 2.0**-23

# Logits up to here, either way, need no shift: the sum of any vocabulary's exponentials is finite,
# and every term that counts next to the likeliest token's stays above float32's least number.
_SAFE_LOGIT = 70.0

# No mass at any temperature in use; finite, since `--check-numerics` reports infinities.
_NO_MASS = -1e36


def _block_size(vocab_size: int) -> int:
    """Tokens in a block: about as many as there are blocks."""
    return math.isqrt(vocab_size - 1) + 1


def _first_above(cumulative: tf.Tensor, threshold: tf.Tensor, ids: tf.DType) -> tf.Tensor:
    """Index of the first entry of `cumulative` [M, K] above `threshold` [M], int [M]."""
    # A threshold at the total, which rounding can reach, must still find a token of some mass.
    threshold = tf.minimum(threshold, cumulative[:, -1] * _BELOW_ONE)
    return tf.math.count_nonzero(cumulative <= threshold[:, None], axis=1, dtype=ids)


def draw_categorical(mass: tf.Tensor, uniforms: tf.Tensor, ids: tf.DType = tf.int32) -> tf.Tensor:
    """Draws one token a row: the smallest id whose cumulative probability exceeds the uniform.

    The draw is a pure function of its inputs, and the uniforms are its only randomness: the same
    uniforms give the same tokens in any chunk size and on any number of devices.
    The search has two levels, blocks of about sqrt(V) tokens and then tokens within one block,
    which touches each probability once instead of building a cumulative sum of V entries.

    Args:
        mass: float32 `[M, V]`, probabilities up to a factor for each row.
        uniforms: float32 `[M]` in `[0, 1)`.
        ids: dtype of the tokens.

    Returns:
        int `[M]`, ids in `[0, V)`.
    """
    mass, uniforms = check_arrays(mass=(mass, "float [M, V]"), uniforms=(uniforms, "float [M]"))
    vocab_size = mass.shape[-1]
    block_size = _block_size(vocab_size)
    if vocab_size % block_size:
        mass = tf.pad(mass, [[0, 0], [0, -vocab_size % block_size]])
    mass = tf.reshape(mass, [-1, mass.shape[-1] // block_size, block_size])

    blocks = tf.cumsum(tf.reduce_sum(mass, axis=2), axis=1)  # [M, number of blocks]
    threshold = uniforms * blocks[:, -1]
    block = _first_above(blocks, threshold, ids)
    before = tf.gather(tf.pad(blocks, [[0, 0], [1, 0]]), block, batch_dims=1)
    within = tf.cumsum(tf.gather(mass, block, batch_dims=1), axis=1)  # [M, block_size]
    return block * block_size + _first_above(within, threshold - before, ids)


class TokenDraw:
    """Draws next tokens from hidden states: the last layer of a policy, arranged for many draws.

    A pass over `[M, V]` numbers costs about as much as the product that makes them, so there are
    three: the product, in which the bias is one more row of the kernel and tokens without mass fill
    up the last block; the exponential; the sums over blocks. The row's largest logit, which keeps
    the exponential finite, is looked for only if the weights allow a logit that large.

    Args:
        kernel: float32 `[H, V]`.
        bias: float32 `[V]`.
        blocked_tokens: ids that are never drawn.
        layout: for the device; default that of this process.
    """

    def __init__(
        self,
        kernel: tf.Tensor,
        bias: tf.Tensor,
        blocked_tokens: tuple[int, ...] = (),
        layout: Layout | None = None,
    ):
        kernel, bias = check_arrays(kernel=(kernel, "float [H, V]"), bias=(bias, "float [V]"))
        self._layout = layout or device.layout()
        self._vocab_size = vocab_size = bias.shape[0]
        self._hidden = f"float [M, {kernel.shape[0]}]"
        unused = -vocab_size % _block_size(vocab_size)
        blocked = np.zeros(vocab_size, np.float32)
        blocked[list(blocked_tokens)] = _NO_MASS
        last = tf.pad(bias + blocked, [[0, unused]], constant_values=_NO_MASS)
        self._head = tf.concat([tf.pad(kernel, [[0, 0], [0, unused]]), last[None]], axis=0)
        # [0, ..., 0, 1], added after padding: the number that `tf.pad` pads with is read by the host.
        self._times_bias = np.eye(1, kernel.shape[0] + 1, kernel.shape[0], dtype=np.float32)
        # Hidden states lie in [-1, 1], so no logit is further from 0.
        self._largest = tf.reduce_max(tf.reduce_sum(tf.abs(kernel), axis=0) + tf.abs(bias))

    def __call__(self, hidden: tf.Tensor, uniforms: tf.Tensor, temperature=None) -> tf.Tensor:
        """Tokens `[M]` from hidden states `[M, H]` within [-1, 1] and uniforms `[M]` in [0, 1).

        Their dtype is `ids` of the layout. `temperature` divides the logits; default 1.
        """
        hidden, uniforms = check_arrays(
            hidden=(hidden, self._hidden), uniforms=(uniforms, "float [M]")
        )
        mass = tf.exp(self._logits(hidden, temperature))
        return draw_categorical(mass, uniforms, self._layout.ids)

    def log_prob(self, hidden: tf.Tensor, tokens: tf.Tensor, temperature=None) -> tf.Tensor:
        """Log-probability of tokens `[M]` after hidden states `[M, H]`, as above: float32 `[M]`, nats.

        That of a blocked token is very low, or minus infinity.
        """
        hidden, tokens = check_arrays(hidden=(hidden, self._hidden), tokens=(tokens, "int [M]"))
        check_ids(tokens, self._vocab_size, "tokens")
        logits = self._logits(hidden, temperature)
        return tf.gather(logits, tokens, batch_dims=1) - tf.math.log(
            tf.reduce_sum(tf.exp(logits), axis=1)
        )

    def _logits(self, hidden, temperature):
        """Logits `[M, V]` and those of the padding, less a number for each row."""
        temperature = 1.0 if temperature is None else temperature
        temperature = tf.maximum(temperature, MIN_TEMPERATURE)
        hidden = tf.pad(hidden, [[0, 0], [0, 1]]) + self._times_bias
        safe = self._largest < _SAFE_LOGIT * temperature

        def small():
            return tf.matmul(hidden / temperature, self._head)

        def large():  # differences to the largest, so that none overflows upwards
            logits = tf.matmul(hidden, self._head)
            return (logits - tf.reduce_max(logits, axis=1, keepdims=True)) / temperature

        if self._layout.branches:
            return tf.cond(safe, small, large)
        # The same numbers with no choice to make: where safe, less 0 and divided by 1.
        logits = tf.matmul(hidden / tf.where(safe, temperature, 1.0), self._head)
        largest = tf.reduce_max(logits, axis=1, keepdims=True)
        return (logits - tf.where(safe, 0.0, largest)) / tf.where(safe, 1.0, temperature)
