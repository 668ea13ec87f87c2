"""Dropout with one mask a sequence: same over time, counted, cut by shares; off where it must be."""

import numpy as np
import pytest
import tensorflow as tf

from models.dropout import dropout
from models.shares import Share
from tests.helpers import tiny_generator

TOKENS = tf.constant(np.random.default_rng(0).integers(0, 5, [6, 4]), tf.int32)


def test_the_mask_is_one_for_all_steps_and_keeps_the_mean():
    values = tf.ones([2000, 3, 5])
    dropped = dropout(values, 0.4, (1, 2)).numpy()
    np.testing.assert_array_equal(dropped, dropped[:, :1].repeat(3, axis=1))
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / (1 - np.float32(0.4)))}
    assert np.mean(dropped == 0) == pytest.approx(0.4, abs=0.02)
    np.testing.assert_array_equal(dropped, dropout(values, 0.4, (1, 2)))
    assert np.any(dropped != dropout(values, 0.4, (1, 3)))


def test_shares_have_the_rows_of_the_whole():
    values = tf.random.stateless_normal([6, 3, 5], (1, 1))
    whole = dropout(values, 0.5, (1, 2))
    parts = [
        dropout(share.rows(values), 0.5, (1, 2), share)
        for share in (Share(0, 3), Share(1, 3), Share(2, 3))
    ]
    np.testing.assert_array_equal(tf.concat(parts, 0), whole)


def test_only_training_drops():
    plain = tiny_generator(vocab_size=5, max_length=4)
    generator = tiny_generator(vocab_size=5, max_length=4, dropout=0.5)
    generator.set_weights(plain.get_weights())
    np.testing.assert_array_equal(generator(TOKENS), plain(TOKENS))
    np.testing.assert_array_equal(generator.log_prob(TOKENS), plain.log_prob(TOKENS))
    np.testing.assert_array_equal(generator.sample(9, (1, 2)), plain.sample(9, (1, 2)))
    trained = generator(TOKENS, training=True, seed=(1, 2))
    np.testing.assert_array_equal(trained, generator(TOKENS, training=True, seed=(1, 2)))
    assert np.any(trained != plain(TOKENS)) and np.any(
        trained != generator(TOKENS, training=True, seed=(1, 3))
    )
    np.testing.assert_array_equal(plain(TOKENS, training=True), plain(TOKENS))


def test_inputs_and_outputs_are_dropped():
    generator = tiny_generator(vocab_size=5, max_length=4, dropout=0.5)
    seeds = tf.unstack(tf.random.experimental.stateless_split((3, 4), 2))
    before = np.pad(np.asarray(TOKENS)[:, :-1], [[0, 0], [1, 0]])  # the start token is 0
    inputs = dropout(generator.embedding(before), 0.5, seeds[0])
    hidden = dropout(generator.rnn(inputs), 0.5, seeds[1])
    expected = generator.logits(hidden)
    np.testing.assert_array_equal(generator(TOKENS, training=True, seed=(3, 4)), expected)


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="`dropout` is"):
        tiny_generator(dropout=rate)


def test_training_with_dropout_needs_a_seed():
    with pytest.raises(ValueError, match="seed"):
        tiny_generator(vocab_size=5, max_length=4, dropout=0.5)(TOKENS, training=True)
