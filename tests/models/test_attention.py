"""Attention over the policy's own states: by plain NumPy, by differences, against enumeration, in bounded memory."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import reference
from models.attention import AttentionLSTM
from models.device import PROCESSOR
from tests.helpers import (
    all_sequences,
    exact_probabilities,
    greedy_generator,
    row_reward,
    tiny_generator,
)
from tests.models.test_rollout import clearly_greedy, rollout_of, some_tokens
from training.losses import mle_loss

pytestmark = pytest.mark.slow

CELL = "lstm-attention"


def layer_of(generator) -> AttentionLSTM:
    assert isinstance(generator.rnn, AttentionLSTM)
    return generator.rnn


def test_the_output_by_hand():
    layer = layer_of(tiny_generator(5, 6, CELL))
    inputs = np.random.default_rng(1).standard_normal([3, 6, 4]).astype(np.float32)
    hidden = layer.lstm(inputs).numpy().astype(np.float64)
    kernel = layer.combine.kernel.numpy().astype(np.float64)
    output = layer(inputs).numpy()
    for b in range(3):
        for t in range(6):
            past = hidden[b, : t + 1]
            weights = np.exp(past @ hidden[b, t])
            context = weights @ past / weights.sum()
            expected = np.tanh(np.concatenate([hidden[b, t], context]) @ kernel)
            np.testing.assert_allclose(output[b, t], expected, atol=1e-5)


def test_entries_that_were_not_read_have_no_effect():
    """Roll-outs step from a memory that holds a whole sequence."""
    generator = tiny_generator(5, 6, CELL)
    states = generator.initial_states(2)
    for token in (1, 3):
        _, states = generator.step(tf.constant([token, 0]), states)
    np.testing.assert_array_equal(states[3], [[1, 1, 0, 0, 0, 0]] * 2)
    assert not np.any(states[2][:, 2:]) and np.all(np.any(states[2][:, :2] != 0, axis=2))
    other = [*states[:2], states[2] + 7 * (1 - states[3])[:, :, None], states[3]]
    for _ in range(4):
        hidden, states = generator.step(tf.constant([2, 4]), states)
        same, other = generator.step(tf.constant([2, 4]), other)
        np.testing.assert_array_equal(same, hidden)
    np.testing.assert_array_equal(other[2], states[2])


def test_probabilities_sum_to_one_and_are_those_of_log_prob():
    generator, every = tiny_generator(3, 4, CELL), all_sequences(3, 4)
    probabilities = exact_probabilities(generator, every)
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(np.exp(generator.log_prob(every)), probabilities, rtol=1e-4)


def test_gradients_by_differences():
    generator = tiny_generator(5, 4, CELL, scale=0.5)
    tokens = some_tokens(16, 5, 4)
    with tf.GradientTape() as tape:
        loss = mle_loss(generator(tokens), tokens)
    weights = generator.get_weights()
    gradients = tape.gradient(loss, generator.trainable_variables)
    random = np.random.default_rng(1)
    for place, gradient in enumerate(map(tf.convert_to_tensor, gradients)):
        direction = random.normal(size=gradient.shape).astype(np.float32)
        sides = []
        for step in (0.01, -0.01):
            moved = weights[place] + step * direction
            generator.set_weights([*weights[:place], moved, *weights[place + 1 :]])
            sides.append(float(mle_loss(generator(tokens), tokens)))
        slope = np.sum(gradient.numpy() * direction)
        assert (sides[0] - sides[1]) / 0.02 == pytest.approx(slope, rel=0.02, abs=2e-4)
    generator.set_weights(weights)


def test_roll_outs_equal_the_literal_reading_and_keep_one_memory():
    policy = greedy_generator(8, 6, CELL, seed=6, start_token=1)
    tokens = some_tokens(2, 8, 6)
    rollout = rollout_of(policy, 12)
    values = rollout.action_values(tokens, row_reward, 1, (1, 2))
    expected = reference.action_values(policy, tokens, row_reward, 1, clearly_greedy)
    np.testing.assert_allclose(values, expected, atol=1e-6)
    shapes = [state.shape for state in rollout._states_after_prefixes(tokens)]
    assert shapes == [[5, 2, 5], [5, 2, 5], [5, 2, 5], [1, 2, 6, 5], [5, 2, 6]]


def test_the_memory_bounds_the_rows_written_at_a_time():
    assert PROCESSOR.rollout_rows(20_480, 5000, 2 * 32) == 20_480
    assert PROCESSOR.rollout_rows(20_480, 5000, 64 * 128) == 4096
    assert PROCESSOR.rollout_rows(20_480, 5000, 1 << 30) == 1
