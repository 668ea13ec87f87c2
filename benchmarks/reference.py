"""A naive implementation of Algorithm 1: slow and obvious, to test and to time against."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator

# (logits [V], sequence, roll-out, prefix length, position) -> token
Draw = Callable[[np.ndarray, int, int, int, int], int]


def sample(policy: Generator, num: int, draw: Draw) -> np.ndarray:
    """Line 8: int `[num, T]`, each sequence written alone and read from the start for every token."""
    sequences: list[list[int]] = [[] for _ in range(num)]
    for b, sequence in enumerate(sequences):
        for position in range(policy.max_length):
            sequence.append(draw(next_logits(policy, sequence), b, 0, 0, position))
    return np.array(sequences)


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


def generator_step(
    policy: Generator,
    tokens: tf.Tensor,
    rewards: tf.Tensor,
    optimizer: keras.optimizers.Optimizer,
    clip_norm: float,
) -> None:
    """Eq. (8), token by token: tokens int32 `[B, T]`, rewards float32 `[B, T]`.

    With rewards of 1 / (B T) it is a step of maximum likelihood.
    """
    with tf.GradientTape() as tape:
        loss = tf.constant(0.0)
        states = policy.initial_states(len(tokens))
        hidden, states = policy.step(tf.fill([len(tokens)], policy.start_token), states)
        for t in range(policy.max_length):
            log_probs = tf.nn.log_softmax(policy.logits(hidden))
            of_token = tf.gather(log_probs, tokens[:, t], batch_dims=1)
            loss -= tf.reduce_sum(rewards[:, t] * of_token)
            hidden, states = policy.step(tokens[:, t], states)
    weights = policy.trainable_variables
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, weights)]
    gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
    optimizer.apply(gradients, weights)


def discriminator_step(
    discriminator: Discriminator,
    tokens: tf.Tensor,
    labels: tf.Tensor,
    optimizer: keras.optimizers.Optimizer,
) -> None:
    """Eq. (5) with the penalty of the output layer, on one batch: tokens int32 `[B, T]`, labels `[B]`."""
    with tf.GradientTape() as tape:
        real = tf.sigmoid(discriminator(tokens, training=True))
        of_label = tf.where(labels > 0.5, real, 1.0 - real)
        loss = -tf.reduce_mean(tf.math.log(of_label)) + sum(discriminator.losses)
    weights = discriminator.trainable_variables
    optimizer.apply(tape.gradient(loss, weights), weights)
