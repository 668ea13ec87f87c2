"""Roll-outs of chosen prefixes: the values that all prefixes would have, at the cost of those chosen."""

import numpy as np
import pytest
import tensorflow as tf

from models.shares import Share
from tests.helpers import (
    Recorder,
    all_sequences,
    exact_action_values,
    exact_probabilities,
    greedy_generator,
    row_reward,
    tiny_generator,
)
from tests.models.test_rollout import rollout_of, some_tokens

pytestmark = pytest.mark.slow

TEXT = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}


def some_choice(batch_size, length, seed=0, share=0.4):
    chosen = np.random.default_rng(seed).random([batch_size, length]) < share
    chosen[:, -1] = False
    return chosen


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-attention"])
@pytest.mark.parametrize("chunk_rows", [1, 5, 1024])
def test_a_greedy_policy_gives_the_values_of_all_roll_outs(cell, chunk_rows):
    # It writes the same in every roll-out; `test_rollout.py` holds those values to the literal reading.
    rollout = rollout_of(greedy_generator(8, 6, cell, seed=6, start_token=1), chunk_rows)
    tokens = some_tokens(7, 8, 6)
    every = rollout.action_values(tokens, row_reward, 1, (1, 2)).numpy()
    for seed in range(3):
        chosen = some_choice(7, 6, seed)
        values = rollout.chosen_action_values(tokens, chosen, row_reward, 3, (1, 2)).numpy()
        assert values.dtype == np.float32 and 0 < chosen.sum() < 20
        np.testing.assert_allclose(values, np.where(chosen, every, 0), atol=1e-6)
    assert len(np.unique(every)) > 15


@pytest.mark.parametrize("only", [1, 3, 4])
def test_prefixes_of_one_length(only):
    # The first positions have no row to write, or the last ones no row to join.
    rollout, tokens = rollout_of(greedy_generator(8, 5, seed=5)), some_tokens(4, 8, 5)
    chosen = np.zeros([4, 5], bool)
    chosen[1:3, only - 1] = True
    values = rollout.chosen_action_values(tokens, chosen, row_reward, 2, (1, 2)).numpy()
    every = rollout.action_values(tokens, row_reward, 1, (1, 2)).numpy()
    np.testing.assert_allclose(values, np.where(chosen, every, 0), atol=1e-6)
    assert np.all(values[1:3, only - 1] > 0)


def test_nothing_chosen_costs_nothing():
    seen = Recorder()
    given = some_tokens(4, 5, 4), np.zeros([4, 4], bool), seen, 2, (1, 2)
    values = rollout_of(tiny_generator(5, 4)).chosen_action_values(*given)
    np.testing.assert_array_equal(values, np.zeros([4, 4]))
    assert not seen.calls


def test_only_what_is_chosen_is_written_and_it_keeps_its_prefix():
    tokens, chosen = some_tokens(6, 9, 5), some_choice(6, 5)
    seen = Recorder()
    rollout_of(tiny_generator(9, 5, scale=0.2)).chosen_action_values(
        tokens, chosen, seen, 3, (1, 2)
    )
    (completed,) = [call.numpy() for call in seen.calls]
    assert completed.shape == (3 * chosen.sum(), 5)
    # By length, and within a length roll-out by roll-out.
    lengths = np.nonzero(chosen)[1] + 1
    sequences = np.nonzero(chosen)[0]
    rows = [(b, n) for n in range(1, 5) for _ in range(3) for b in sequences[lengths == n]]
    changed = 0
    for row, (b, n) in zip(completed, rows, strict=True):
        np.testing.assert_array_equal(row[:n], tokens[b, :n])
        changed += np.any(row[n:] != tokens[b, n:])
    assert changed > 0.7 * len(rows)


def test_expectations_are_those_of_enumeration():
    generator = tiny_generator(3, 3)
    every = all_sequences(3, 3)
    probabilities = exact_probabilities(generator, every)
    rewards = row_reward(tf.constant(every)).numpy()
    exact, variances = exact_action_values(probabilities, rewards, every, every)
    num, chosen = 3000, some_choice(27, 3, share=0.5)
    rollout = rollout_of(generator, chunk_rows=20_000)
    values = rollout.chosen_action_values(every, chosen, row_reward, num, (1, 2)).numpy()
    assert np.all(np.abs(values - exact)[chosen] <= 5 * np.sqrt(variances[chosen] / num) + 1e-6)
    assert np.all(variances[chosen] > 0) and chosen.sum() > 20


def test_sequences_that_end_early():
    # What follows the end is padding, in a roll-out too; before it a roll-out may end sooner or later.
    generator = tiny_generator(6, 5, **TEXT)
    rollout, tokens = rollout_of(generator), generator.sample(12, (3, 4))
    chosen = some_choice(12, 5, share=0.9)
    seen = Recorder()
    values = rollout.chosen_action_values(tokens, chosen, seen, 4, (1, 2)).numpy()
    completed = np.concatenate([call.numpy() for call in seen.calls])
    after = np.cumsum(completed == 1, axis=1) - (completed == 1) > 0
    assert np.all(completed[after] == 0) and np.all(completed[~after] > 0)
    ended = np.cumsum(tokens == 1, axis=1) > 0
    whole = np.broadcast_to(row_reward(tokens).numpy()[:, None], values.shape)
    assert np.sum(chosen & ended) > 5
    np.testing.assert_allclose(values[chosen & ended], whole[chosen & ended], rtol=1e-6)


def test_chunks_and_shares_change_no_bit():
    generator = tiny_generator(6, 5)
    rollout, tokens, chosen = rollout_of(generator), some_tokens(8, 6, 5), some_choice(8, 5)
    chosen[2:4] = False  # a share of four has nothing
    given = tokens, chosen, row_reward, 3, (1, 2)
    whole = rollout.chosen_action_values(*given).numpy()
    for chunk_rows in (1, 4, 13):
        rollout.chunk_rows = chunk_rows
        np.testing.assert_array_equal(rollout.chosen_action_values(*given), whole)
    for num in (2, 4):
        shares = [rollout.chosen_action_values(*given, Share(k, num)) for k in range(num)]
        np.testing.assert_array_equal(np.concatenate(shares), whole)
    other = rollout.chosen_action_values(*given[:-1], (1, 3)).numpy()
    assert np.mean((other != whole)[chosen]) > 0.5
