"""Scheduled sampling (Bengio et al., 2015): maximum likelihood on partly sampled inputs."""

import tensorflow as tf

from models.checks import check_tokens
from models.generator import Generator
from models.token_loop import loop_positions


def true_rate(epoch: int, decay: float) -> float:
    """Probability of a true token as input in an epoch, counted from 0: falls by `decay` from 1.

    The first epoch has 1 - decay, as in the published code.
    """
    return max(0.0, 1.0 - decay * (epoch + 1))


def mixed_inputs(
    generator: Generator, tokens: tf.Tensor, rate: tf.Tensor | float, seed: tf.Tensor
) -> tf.Tensor:
    """True tokens, each replaced with probability 1 - `rate` by the generator's own draw in its place.

    The draw at t is made given the inputs before t, mixed themselves; true and drawn tokens are
    chosen for every position of every sequence anew. The loss is taken on the true tokens, and no
    gradient flows through a draw.

    Args:
        generator: the policy.
        tokens: int32 `[B, T]`, real sequences.
        rate: probability of a true token.
        seed: int32 pair.

    Returns:
        int `[B, T]`, of the dtype of ids in compiled functions.
    """
    tokens = check_tokens(tokens, generator.vocab_size, generator.max_length)
    tokens = tf.cast(tokens, generator.layout.ids)
    batch_size, length = tf.shape(tokens)[0], generator.max_length
    uniforms = tf.random.stateless_uniform([2, length, batch_size], seed, alg="philox")
    draw = generator.token_draw()

    def mix(t, token, states):
        hidden, states = generator.step(token, states)
        drawn = draw(hidden, uniforms[0, t])
        token = tf.where(uniforms[1, t] < rate, tokens[:, t], drawn)
        return [token], token, states

    start = generator.start_tokens(batch_size), generator.initial_states(batch_size)
    kept = [tf.TensorSpec(tokens.shape[:1], tokens.dtype)]
    with generator.weights_read_once():
        (inputs,), _ = loop_positions(mix, start, (0, length), kept)
    return tf.stop_gradient(tf.transpose(inputs))
