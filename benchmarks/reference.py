"""Monte Carlo search of Algorithm 1 read literally: slow and obvious, to test and to time against."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.generator import Generator

# (logits [V], sequence, roll-out, prefix length, position) -> token
Draw = Callable[[np.ndarray, int, int, int, int], int]


def action_values(
    policy: Generator, tokens: np.ndarray, reward_fn: Callable, num_rollouts: int, draw: Draw
) -> np.ndarray:
    """Eq. (4) with B x (T - 1) x N completions, each written alone and read from the start.

    Args:
        policy: the roll-out policy G_beta.
        tokens: int `[B, T]`.
        reward_fn: rewards `[M]` of sequences int32 `[M, T]`.
        num_rollouts: N.
        draw: chooses the next token.

    Returns:
        float64 `[B, T]`.
    """
    tokens = np.asarray(tokens)
    batch_size, length = tokens.shape
    values = np.zeros([batch_size, length])
    for b in range(batch_size):
        for t in range(1, length):
            for n in range(num_rollouts):
                completion = list(tokens[b, :t])
                for position in range(t, length):
                    logits = next_logits(policy, completion)
                    completion.append(draw(logits, b, n, t, position))
                values[b, t - 1] += float(reward_fn(tf.constant([completion], tf.int32))[0])
            values[b, t - 1] /= num_rollouts
        values[b, length - 1] = float(reward_fn(tf.constant(tokens[b : b + 1], tf.int32))[0])
    return values


def next_logits(policy: Generator, prefix: list[int]) -> np.ndarray:
    """Logits `[V]` of the token after a prefix, read from the start token on."""
    states = policy.initial_states(1)
    hidden, states = policy.step(tf.constant([policy.start_token]), states)
    for token in prefix:
        hidden, states = policy.step(tf.constant([token]), states)
    return policy.head(hidden).numpy()[0]


def greedy(logits: np.ndarray, *_: int) -> int:
    """The likeliest token: makes the policy deterministic."""
    return int(np.argmax(logits))
