"""Monte Carlo search against the literal reading of Eq. (4), closed forms and exact enumeration."""

import functools
import json
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import reference
from models.generator import Generator
from models.oracle import Oracle
from models.rollout import COMPLETION_ROWS, Rollout
from tests.helpers import (
    Recorder,
    all_sequences,
    code_of,
    constant_generator,
    exact_action_values,
    exact_probabilities,
    greedy_generator,
    row_reward,
    set_random_weights,
    tiny_generator,
)
from tests.pool import Pool

pytestmark = pytest.mark.slow

# By the settings of the policy.
ROLLOUTS = Pool(lambda config: Rollout(Generator.from_config(json.loads(config))))


def rollout_of(generator, chunk_rows=COMPLETION_ROWS):
    """`Rollout(generator, chunk_rows)`, compiled already where one like it has served another test."""
    config = {name: value for name, value in generator.get_config().items() if name != "name"}
    rollout = ROLLOUTS.take(json.dumps(config))
    rollout.chunk_rows = chunk_rows
    rollout.update(generator)
    return rollout


def some_tokens(batch_size, vocab_size, length, seed=0):
    tokens = np.random.default_rng(seed).integers(0, vocab_size, [batch_size, length])
    return tf.constant(tokens, tf.int32)


def clearly_greedy(logits, *_):
    """The likeliest token, which must be the only one of any probability in float32."""
    second, first = np.sort(logits)[-2:]
    assert first - second > 150
    return int(np.argmax(logits))


# Against the literal reading


def greedy_policy(cell, length):
    return greedy_generator(8, length, cell, seed=length, start_token=1)


@functools.cache
def literal_values(cell, batch_size, length, num_rollouts):
    """Action values by the literal reading, which asks for the logits of a prefix once.

    All roll-outs of a greedy policy write the same, and each would ask again.
    """
    policy, compute, known = greedy_policy(cell, length), reference.next_logits, {}

    def next_logits(policy, prefix):
        if tuple(prefix) not in known:
            known[tuple(prefix)] = compute(policy, prefix)
        return known[tuple(prefix)]

    tokens = some_tokens(batch_size, 8, length)
    with mock.patch.object(reference, "next_logits", next_logits):
        return reference.action_values(policy, tokens, row_reward, num_rollouts, clearly_greedy)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(
    "batch_size, length, num_rollouts, chunk_rows",
    [(1, 2, 1, 1), (4, 6, 3, 1024), (4, 6, 3, 12), (5, 4, 2, 7), (3, 7, 5, 20), (2, 3, 4, 1)],
)
def test_equals_the_literal_reading(cell, batch_size, length, num_rollouts, chunk_rows):
    # The policy is deterministic, so both write the same; no two rows have the same reward.
    rollout = rollout_of(greedy_policy(cell, length), chunk_rows)
    tokens = some_tokens(batch_size, 8, length)
    values = rollout.action_values(tokens, row_reward, num_rollouts, (1, 2))
    expected = literal_values(cell, batch_size, length, num_rollouts)
    assert values.dtype == tf.float32 and values.shape == [batch_size, length]
    np.testing.assert_allclose(values, expected, atol=1e-6)
    if batch_size > 1:
        assert len(np.unique(expected)) > batch_size * length / 2  # few ways to be right by chance


def test_the_greedy_policy_writes_what_depends_on_the_prefix():
    # Otherwise a roll-out that started from a wrong state could pass the test above.
    generator = greedy_generator(8, 6, seed=6, start_token=1)
    seen = Recorder()
    rollout_of(generator).action_values(some_tokens(8, 8, 6), seen, 1, (1, 2))
    completed = seen.calls[1].numpy().reshape(5, 8, 6)
    for prefix in range(1, 6):
        assert len(np.unique(completed[prefix - 1, :, prefix:], axis=0)) >= 3


# Closed forms


@pytest.mark.parametrize("chunk_rows", [1, 5, 1024])
def test_a_constant_reward_is_the_value_everywhere(chunk_rows):
    rollout = rollout_of(tiny_generator(5, 4), chunk_rows)
    values = rollout.action_values(
        some_tokens(6, 5, 4), lambda tokens: tf.fill([len(tokens)], 0.25), 3, (1, 2)
    )
    np.testing.assert_array_equal(values, np.full([6, 4], 0.25))


def test_the_last_column_is_the_reward_of_the_sequence_itself():
    tokens = some_tokens(6, 5, 4)
    values = rollout_of(tiny_generator(5, 4)).action_values(tokens, row_reward, 3, (1, 2))
    np.testing.assert_array_equal(values[:, -1], row_reward(tokens))


def test_the_share_of_sevens_of_a_policy_that_writes_sevens():
    # After t tokens with s sevens among them, T - t more will come.
    tokens = np.array([[7, 0, 7, 1], [0, 1, 2, 3], [7, 7, 7, 7], [3, 7, 7, 7]], np.int32)
    rollout = rollout_of(constant_generator(7, 8, 4))
    values = rollout.action_values(
        tokens, lambda rows: tf.reduce_mean(tf.cast(rows == 7, tf.float32), axis=1), 2, (1, 2)
    )
    expected = [[1, 0.75, 0.75, 0.5], [0.75, 0.5, 0.25, 0], [1, 1, 1, 1], [0.75, 0.75, 0.75, 0.75]]
    np.testing.assert_allclose(values, expected, atol=1e-6)


@pytest.mark.parametrize("place", range(4))
def test_a_reward_of_one_place_is_known_from_there_on(place):
    # Whatever is written after it: Q is the token's reward for every prefix that holds it.
    tokens = some_tokens(6, 5, 4)
    rollout = rollout_of(tiny_generator(5, 4), chunk_rows=7)
    values = rollout.action_values(
        tokens, lambda rows: tf.cast(rows[:, place], tf.float32), 8, (1, 2)
    ).numpy()
    expected = np.repeat(tokens.numpy()[:, place : place + 1], 4 - place, axis=1)
    np.testing.assert_array_equal(values[:, place:], expected)
    if place:  # and not before it, where several tokens are drawn
        assert np.any(values[:, :place] != expected[:, :1])


# Exact enumeration


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-attention"])
def test_many_rollouts_near_the_exact_value(cell):
    generator = tiny_generator(cell=cell, scale=0.8, start_token=2)
    every = all_sequences(3, 3)
    rewards = np.random.default_rng(3).random(27)
    table = tf.constant(rewards, tf.float32)

    def reward_fn(tokens):
        return tf.gather(table, tf.tensordot(tokens, tf.constant([9, 3, 1]), 1))

    np.testing.assert_allclose(reward_fn(tf.constant(every)), rewards, rtol=1e-6)
    num_rollouts = 3000
    values = rollout_of(generator, chunk_rows=20_000).action_values(
        every, reward_fn, num_rollouts, (1, 2)
    )
    probabilities = exact_probabilities(generator, every)
    exact, variances = exact_action_values(probabilities, rewards, every, every)
    errors = np.abs(values - exact)
    assert np.all(errors <= 5 * np.sqrt(variances / num_rollouts) + 1e-6)
    assert np.all(variances[:, :2] > 0) and np.all(variances[:, 2] == 0)
    # The value depends on the action: a state's value in its place would be told apart.
    by_action = exact[:, 1].reshape(3, 3, 3)[:, :, 0]
    assert np.abs(by_action - by_action.mean(axis=1, keepdims=True)).max() > 0.1


def test_completions_are_as_frequent_as_they_are_probable():
    # And independent: the mean of N of them has a variance of 1/N of one's.
    generator = tiny_generator(scale=0.8)
    every = all_sequences(3, 3)
    tokens = tf.zeros([400, 3], tf.int32)
    seen = Recorder()
    values = rollout_of(generator).action_values(tokens, seen, 25, (1, 2)).numpy()
    completed = np.concatenate([call.numpy() for call in seen.calls[1:]])
    assert completed.shape == (400 * 25 * 2, 3)
    probabilities = exact_probabilities(generator, every)
    rewards = row_reward(tf.constant(every)).numpy()
    exact, variances = exact_action_values(probabilities, rewards, every, every[:1])
    for t in range(2):
        error = np.sqrt(variances[0, t] / 25)
        assert abs(values[:, t].mean() - exact[0, t]) < 5 * error / np.sqrt(400)
        assert values[:, t].std() == pytest.approx(error, rel=0.15)


# Chunks and seeds


def test_chunks_change_no_bit():
    generator = tiny_generator(6, 5)
    tokens = some_tokens(7, 6, 5)
    whole = Rollout(generator).action_values(tokens, row_reward, 3, (1, 2)).numpy()
    rollout = rollout_of(generator)  # another: `whole` was compiled for its one shape
    for chunk_rows in (1, 4, 5, 13, 40, 84):
        rollout.chunk_rows = chunk_rows
        chunked = rollout.action_values(tokens, row_reward, 3, (1, 2))
        np.testing.assert_array_equal(chunked, whole)


@pytest.mark.parametrize("chunk_rows", [1, 4, 13, 1024])
def test_chunks_bound_the_rows_written_at_a_time(chunk_rows):
    seen = Recorder()
    rollout_of(tiny_generator(6, 5), chunk_rows).action_values(
        some_tokens(7, 6, 5), seen, 3, (1, 2)
    )
    rows = [len(call) for call in seen.calls[1:]]
    assert sum(rows) == 7 * 3 * 4
    assert max(rows) <= max(4, chunk_rows)  # a pair's 4 prefixes stay together


def test_a_seed_is_a_set_of_completions():
    rollout, tokens = rollout_of(tiny_generator(6, 5)), some_tokens(7, 6, 5)
    values = rollout.action_values(tokens, row_reward, 3, (1, 2)).numpy()
    np.testing.assert_array_equal(rollout.action_values(tokens, row_reward, 3, (1, 2)), values)
    for seed in ((1, 3), (2, 2), np.array([-5, 2], np.int32)):
        other = rollout.action_values(tokens, row_reward, 3, seed).numpy()
        assert np.mean(other[:, :-1] != values[:, :-1]) > 0.5
        np.testing.assert_array_equal(other[:, -1], values[:, -1])


def test_rollouts_and_sequences_have_randomness_of_their_own():
    seen = Recorder()
    tokens = tf.zeros([6, 8], tf.int32)  # the same sequence over and over
    rollout_of(tiny_generator(50, 8, scale=0.1)).action_values(tokens, seen, 4, (1, 2))
    after_one = seen.calls[1].numpy()[: 6 * 4]
    assert len(np.unique(after_one, axis=0)) == 24


# What is rewarded


@pytest.mark.parametrize("chunk_rows", [5, 1024])
def test_completions_keep_their_prefix(chunk_rows):
    batch_size, length, num_rollouts = 6, 5, 3
    tokens = some_tokens(batch_size, 9, length).numpy()
    seen = Recorder()
    rollout = rollout_of(tiny_generator(9, length, scale=0.2), chunk_rows)
    rollout.action_values(tokens, seen, num_rollouts, (1, 2))
    np.testing.assert_array_equal(seen.calls[0], tokens)
    kept = np.zeros([batch_size, length], int)
    changed = 0
    for call in seen.calls[1:]:
        # First the completions of the prefixes of one token, then those of two, and so on.
        by_prefix = call.numpy().reshape(length - 1, -1, length)
        for prefix, rows in enumerate(by_prefix, start=1):
            for row in rows:
                (same,) = np.nonzero(np.all(tokens[:, :prefix] == row[:prefix], axis=1))
                assert len(same) > 0
                kept[same[0], prefix] += 1
                changed += np.any(tokens[same, prefix:] != row[prefix:])
    assert kept.sum() == batch_size * num_rollouts * (length - 1)
    assert changed > 0.9 * kept.sum()  # the rest is written anew


def test_rewarded_rows_have_the_form_of_samples():
    generator = tiny_generator(9, 5)
    samples = generator.sample(6, (1, 2))
    seen = Recorder()
    rollout_of(generator, chunk_rows=9).action_values(samples, seen, 3, (1, 2))
    assert len(seen.calls) > 2
    for rows in seen.calls:
        assert rows.dtype == samples.dtype == tf.int32
        assert rows.shape[1:] == samples.shape[1:] == [5]
        assert np.min(rows) >= 0 and np.max(rows) < 9


# The target network


def test_the_target_network_has_weights_of_its_own():
    generator = tiny_generator(6, 5)
    rollout = Rollout(generator)
    tokens = some_tokens(7, 6, 5)
    before = rollout.action_values(tokens, row_reward, 3, (1, 2)).numpy()
    logits = rollout(tokens).numpy()
    np.testing.assert_array_equal(logits, generator(tokens))

    set_random_weights(generator, 1)
    np.testing.assert_array_equal(
        rollout.action_values(tokens, row_reward, 3, (1, 2)).numpy(), before
    )
    np.testing.assert_array_equal(rollout(tokens), logits)
    assert not {id(w) for w in rollout.weights} & {id(w) for w in generator.weights}

    rollout.update(generator)
    for beta, theta in zip(rollout.policy.weights, generator.weights, strict=True):
        np.testing.assert_array_equal(beta, theta)
    after = rollout.action_values(tokens, row_reward, 3, (1, 2)).numpy()
    assert np.mean(after[:, :-1] != before[:, :-1]) > 0.5
    np.testing.assert_array_equal(
        after, Rollout(generator).action_values(tokens, row_reward, 3, (1, 2))
    )


def test_a_softer_update_by_hand():
    generator = tiny_generator()
    rollout = Rollout(generator)
    for weight in generator.weights:
        weight.assign(tf.ones_like(weight))
    for weight in rollout.weights:
        weight.assign(tf.fill(weight.shape, 6.0))
    rollout.update(generator, rate=0.8)
    for weight in rollout.weights:  # 0.8 * 1 + 0.2 * 6
        np.testing.assert_allclose(weight, 2.0, rtol=1e-6)
    rollout.update(generator, rate=0.8)
    for weight in rollout.weights:  # 0.8 * 1 + 0.2 * 2
        np.testing.assert_allclose(weight, 1.2, rtol=1e-6)
    for weight in generator.weights:
        np.testing.assert_array_equal(weight, tf.ones_like(weight))


def test_it_copies_the_whole_generator():
    generator = Generator(9, 4, 2, 3, "gru", start_token=5)
    policy = Rollout(generator).policy
    assert isinstance(policy, Generator) and policy is not generator
    assert (policy.cell, policy.start_token, policy.hidden_dim) == ("gru", 5, 3)
    oracle = Oracle.from_seed(1, 9, 4)
    tokens = some_tokens(3, 9, 4)
    values = Rollout(oracle).action_values(tokens, row_reward, 2, (1, 2))
    assert values.shape == [3, 4]


# Edges


def test_sequences_of_one_token():
    tokens = tf.constant([[2], [0], [1]])
    values = rollout_of(tiny_generator(3, 1)).action_values(tokens, row_reward, 4, (1, 2))
    assert values.shape == [3, 1] and values.dtype == tf.float32
    np.testing.assert_array_equal(values[:, 0], row_reward(tokens))


def test_sequences_and_rewards_of_other_types():
    rollout, tokens = rollout_of(tiny_generator(6, 5)), some_tokens(4, 6, 5)
    expected = rollout.action_values(tokens, row_reward, 2, (1, 2)).numpy()
    for given in (tokens.numpy().tolist(), tokens.numpy().astype(np.int64)):
        np.testing.assert_array_equal(rollout.action_values(given, row_reward, 2, (1, 2)), expected)
    numpy_reward = rollout.action_values(
        tokens, lambda rows: row_reward(rows).numpy().astype(np.float64), 2, (1, 2)
    )
    assert numpy_reward.dtype == tf.float32
    np.testing.assert_allclose(numpy_reward, expected, atol=1e-7)


def test_batches_of_other_sizes():
    rollout = rollout_of(tiny_generator(6, 5), chunk_rows=9)
    for batch_size in (1, 4, 3):
        values = rollout.action_values(some_tokens(batch_size, 6, 5), row_reward, 2, (1, 2))
        assert values.shape == [batch_size, 5]


@pytest.mark.parametrize(
    "tokens, message",
    [
        ([[0, 1, 3]], r"ids from 0 to 3, expected ids in \[0, 3\)"),
        ([[-1, 1, 2]], r"ids from -1 to 2, expected ids in \[0, 3\)"),
        ([[0, 1]], r"shape \(1, 2\), expected \[M, 3\]"),
        ([0, 1, 2], r"shape \(3,\), expected \[M, 3\]"),
        ([[0.0, 1.0, 2.0]], "dtype float32, expected integer token ids"),
        (np.zeros([0, 3], np.int32), "hold no sequence, expected at least one"),
    ],
)
def test_wrong_tokens(tokens, message):
    with pytest.raises(ValueError, match=message):
        rollout_of(tiny_generator()).action_values(tokens, row_reward, 2, (1, 2))


def test_wrong_numbers():
    generator = tiny_generator()
    rollout = rollout_of(generator)
    for num_rollouts in (0, -1):
        with pytest.raises(ValueError, match=f"`num_rollouts` is {num_rollouts}, expected a whol"):
            rollout.action_values([[0, 1, 2]], row_reward, num_rollouts, (1, 2))
    for rate in (-0.2, 1.01):
        with pytest.raises(ValueError, match=rf"`rate` is {rate}, expected a share in \[0, 1\]"):
            rollout.update(generator, rate)
    before = rollout.policy.get_weights()
    rollout.update(tiny_generator(seed=5), 0.0)  # stays as it is
    for weights, same in zip(rollout.policy.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, same)
    with pytest.raises(ValueError, match="`chunk_rows` is 0, expected a whole number above 0"):
        Rollout(generator, chunk_rows=0)


def test_the_literal_reading_is_exact_on_a_deterministic_table():
    # The yardstick itself: a policy that writes 1s has known completions.
    policy = constant_generator(1, 3, 3)
    every = all_sequences(3, 3)
    values = reference.action_values(
        policy, every[[5, 21]], lambda rows: code_of(rows, 3).astype(float), 2, clearly_greedy
    )
    # 5 = 012: 011, 011, 012; 21 = 210: 211, 211, 210
    np.testing.assert_array_equal(values, [[4, 4, 5], [22, 22, 21]])


@pytest.mark.parametrize("wrong", [lambda t: 0.5, lambda t: tf.zeros([len(t), 1]), lambda t: [0.5]])
def test_rewards_of_another_shape_are_refused(wrong):
    rollout = Rollout(tiny_generator())
    tokens = rollout.policy.sample(3, (1, 0))
    chosen = np.zeros(tokens.shape, bool)
    chosen[:, 0] = True
    with pytest.raises(ValueError, match=r"`reward_fn` has shape .*expected .*\[3\]"):
        rollout.action_values(tokens, wrong, 2, (1, 0))
    with pytest.raises(ValueError, match=r"`reward_fn` has shape .*expected .*\[6\]"):
        rollout.chosen_action_values(tokens, chosen, wrong, 2, (1, 0))
