"""Shares of a batch: together they are the batch, and what is drawn for it is cut like its rows."""

import numpy as np
import pytest
import tensorflow as tf

from models.discriminator import Discriminator
from models.rollout import Rollout
from models.shares import WHOLE, Share
from tests.helpers import row_reward, set_random_weights, tiny_generator

V, T = 6, 5


def shares(num):
    return [Share(number, num) for number in range(num)]


@pytest.mark.parametrize("num_rows", [1, 4, 7, 12])
@pytest.mark.parametrize("num", [1, 2, 3, 4])
def test_every_row_is_in_one_share_and_sizes_differ_by_one_at_most(num, num_rows):
    rows = [list(range(num_rows))[share.of(num_rows)] for share in shares(num)]
    assert [row for share in rows for row in share] == list(range(num_rows))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_the_whole_is_the_batch_itself():
    batch = tf.zeros([4, 2])
    assert WHOLE.rows(batch) is batch


@pytest.mark.parametrize("num", [2, 3, 4])
def test_shares_of_samples_are_the_samples(num):
    generator = tiny_generator(V, T)
    whole = generator.sample(10, (1, 2), 0.8)
    parts = [generator.sample(10, (1, 2), 0.8, share) for share in shares(num)]
    np.testing.assert_array_equal(tf.concat(parts, axis=0), whole)


@pytest.mark.slow
@pytest.mark.parametrize("num", [2, 3])
@pytest.mark.parametrize("chunk_rows", [9, 20_000])
def test_shares_of_action_values_are_the_action_values(num, chunk_rows):
    rollout = Rollout(tiny_generator(V, T), chunk_rows)
    tokens = tf.constant(np.random.default_rng(0).integers(0, V, [7, T]), tf.int32)
    whole = rollout.action_values(tokens, row_reward, 3, (1, 2))
    parts = [rollout.action_values(tokens, row_reward, 3, (1, 2), share) for share in shares(num)]
    np.testing.assert_array_equal(tf.concat(parts, axis=0), whole)


def test_a_share_is_judged_with_its_rows_of_the_mask():
    discriminator = set_random_weights(Discriminator(V, T, 3, {1: 40, 2: 40}, dropout=0.5), 1)
    tokens = tf.constant(np.random.default_rng(0).integers(0, V, [8, T]), tf.int32)
    whole = discriminator(tokens, training=True, seed=(1, 2))
    parts = [
        discriminator(share.rows(tokens), training=True, seed=(1, 2), share=share)
        for share in shares(4)
    ]
    np.testing.assert_allclose(tf.concat(parts, axis=0), whole, rtol=1e-5, atol=1e-5)
    without = discriminator(tokens[4:6], training=True, seed=(1, 2))
    assert not np.allclose(without, whole[4:6], atol=1e-2)
