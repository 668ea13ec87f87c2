"""Action values without roll-outs: by hand, and their policy gradient against exact sums."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from models.prefix_discriminator import PrefixDiscriminator
from models.shares import WHOLE, Share
from tests.helpers import all_sequences, exact_probabilities, set_random_weights, tiny_generator
from training.action_values import PrefixRewards, SequenceReward, make_action_values
from training.losses import token_nll
from training.presets import TEXT_PRESETS

V, T = 3, 3
EVERY = all_sequences(V, T)
CLIP = 5.0


def judge():
    return set_random_weights(PrefixDiscriminator(V, T, 4, 4), 3, 0.8)


def given(values, tokens=EVERY, reward=None, share=WHOLE):
    return values.action_values(tf.constant(tokens), reward, 4, (1, 2), share).numpy()


def test_the_reward_of_the_sequence_is_the_value_of_every_token():
    found = given(SequenceReward(), EVERY[:2], lambda tokens: np.array([0.25, -1.0]))
    np.testing.assert_array_equal(found, [[0.25] * T, [-1.0] * T])


def test_what_is_left_of_the_verdict_after_the_tokens_before():
    model = judge()
    logits = model.prefix_logits(EVERY).numpy()
    expected = logits[:, -1:] - np.concatenate([np.zeros([len(EVERY), 1]), logits[:, :-1]], axis=1)
    np.testing.assert_allclose(given(PrefixRewards(model, 50.0)), expected, atol=1e-6)
    steps = np.diff(logits, axis=1, prepend=0)  # the rewards of the tokens, which add up
    np.testing.assert_allclose(expected[:, 0], steps.sum(axis=1), atol=1e-6)


def test_verdicts_are_clipped():
    found = given(PrefixRewards(judge(), 0.01))
    assert np.abs(found).max() <= 0.02 + 1e-7


@pytest.mark.parametrize("kind", ["sequence", "prefix"])
def test_a_replica_values_its_rows(kind):
    model = judge()
    values = SequenceReward() if kind == "sequence" else PrefixRewards(model, CLIP)
    parts = [given(values, EVERY[:26], model.logits, Share(k, 2)) for k in range(2)]
    whole = given(values, EVERY[:26], model.logits)
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def exact_gradient(generator, action_values):
    """Sum over all sequences of G(Y) sum_t Q_t grad log G(y_t | Y_{1:t-1})."""
    probabilities = exact_probabilities(generator, EVERY)
    weights = tf.constant(probabilities[:, None] * action_values, tf.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * -token_nll(generator(tf.constant(EVERY)), EVERY))
    gradients = tape.gradient(loss, generator.trainable_variables)
    return np.concatenate([tf.reshape(tf.convert_to_tensor(g), [-1]) for g in gradients])


@pytest.mark.slow
def test_both_have_the_exact_policy_gradient_of_the_verdict_on_the_sequence():
    generator, model = tiny_generator(V, T), judge()
    logits = model.logits(EVERY).numpy()
    probabilities = exact_probabilities(generator, EVERY)
    weights = tf.constant(probabilities * logits, tf.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * generator.log_prob(EVERY))
    expected = tape.gradient(loss, generator.trainable_variables)
    expected = np.concatenate([tf.reshape(tf.convert_to_tensor(g), [-1]) for g in expected])
    assert np.abs(expected).max() > 1e-3
    for values in (SequenceReward(), PrefixRewards(model, 50.0)):
        found = exact_gradient(generator, given(values, EVERY, model.logits))
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_run_names_them():
    settings = TEXT_PRESETS["quick"]
    assert make_action_values(settings, None) is None
    sequence = dataclasses.replace(settings, action_values="sequence")
    assert isinstance(make_action_values(sequence, None), SequenceReward)
    prefix = dataclasses.replace(settings, action_values="prefix", reward_clip=3.0)
    made = make_action_values(prefix, judge())
    assert isinstance(made, PrefixRewards) and made.clip == 3.0
