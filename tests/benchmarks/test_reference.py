"""The literal reading of the updates against the compiled ones: values, and gradients by one step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import reference
from models.discriminator import Discriminator
from tests.helpers import greedy_generator, set_random_weights, tiny_generator
from training.steps import make_steps
from training.task_settings import OracleSettings

pytestmark = pytest.mark.slow

SETTINGS = OracleSettings(batch_size=6, optimizer="sgd", mle_learning_rate=0.5, clip_norm=0.7)


def some_tokens(num, vocab_size, length):
    tokens = np.random.default_rng(0).integers(0, vocab_size, [num, length])
    return tf.constant(tokens, tf.int32)


def pair_of_generators():
    return tiny_generator(7, 5, scale=0.8), tiny_generator(7, 5, scale=0.8)


def check_same_weights(one, other, before):
    for a, b, old in zip(one.get_weights(), other.get_weights(), before, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs(a - old).max() > 1e-5


def test_samples_of_a_deterministic_policy():
    generator = greedy_generator(8, 6, seed=6, start_token=1)
    written = reference.sample(generator, 2, reference.greedy)
    np.testing.assert_array_equal(written, generator.sample(2, (1, 2)))
    assert len(np.unique(written)) > 1


@pytest.mark.parametrize("clip_norm", [0.01, 100.0])
def test_the_policy_gradient(clip_norm):
    ours, literal = pair_of_generators()
    before = ours.get_weights()
    tokens = some_tokens(6, 7, 5)
    rewards = tf.constant(np.random.default_rng(1).random([6, 5]), tf.float32)
    rate = 0.5 if clip_norm < 1 else 0.01
    settings = OracleSettings(batch_size=6, optimizer="sgd", clip_norm=clip_norm)
    make_steps(ours, Discriminator(7, 5, 3, {2: 3}), settings).policy_gradient(
        tokens, rewards, rate
    )
    reference.generator_step(literal, tokens, rewards, keras.optimizers.SGD(rate), clip_norm)
    check_same_weights(ours, literal, before)


def test_maximum_likelihood():
    ours, literal = pair_of_generators()
    before = ours.get_weights()
    tokens = some_tokens(6, 7, 5)
    steps = make_steps(ours, Discriminator(7, 5, 3, {2: 3}), SETTINGS)
    steps.mle_epoch(tokens, np.array([1, 2], np.int32))  # one batch: in any order the same
    mean = tf.fill([6, 5], 1 / 30)
    reference.generator_step(literal, tokens, mean, keras.optimizers.SGD(0.5), 0.7)
    check_same_weights(ours, literal, before)


def test_the_discriminator():
    settings = OracleSettings(batch_size=6, optimizer="sgd", discriminator_learning_rate=0.1)
    ours, literal = (
        set_random_weights(Discriminator(7, 5, 3, {1: 2, 3: 4}, dropout=0.0), 3) for _ in range(2)
    )
    before = ours.get_weights()
    tokens, labels = some_tokens(6, 7, 5), tf.constant([1.0, 1, 1, 0, 0, 0])
    steps = make_steps(tiny_generator(7, 5), ours, settings)
    steps.discriminator_epoch(tokens[:3], tokens[3:], np.array([1, 2], np.int32))
    reference.discriminator_step(literal, tokens, labels, keras.optimizers.SGD(0.1))
    check_same_weights(ours, literal, before)
