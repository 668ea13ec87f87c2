"""What is compiled computes what is written: every compiled function, once more operation by operation."""

import numpy as np
import pytest
import tensorflow as tf

from models.rollout import Rollout
from tests.helpers import row_reward, tiny_generator
from tests.training.test_steps import make_steps, seed_of, some_rewards, some_tokens

pytestmark = pytest.mark.slow


@pytest.fixture
def eagerly():
    """Calls a function with nothing compiled; `tf.function` runs the Python that it was given."""

    def call(function):
        tf.config.run_functions_eagerly(True)
        try:
            return function()
        finally:
            tf.config.run_functions_eagerly(False)

    return call


@pytest.mark.parametrize("options", [{}, {"end_token": 1, "blocked_tokens": (0, 2)}])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_generator_and_its_rollouts(eagerly, cell, options):
    generator = tiny_generator(6, 5, cell, **options)
    rollout = Rollout(generator, chunk_rows=9)
    tokens = generator.sample(7, (1, 2), 0.8)
    calls = [
        lambda: generator.sample(7, (1, 2), 0.8),
        lambda: generator.log_prob(tokens, 0.8),
        lambda: rollout.action_values(tokens, row_reward, 3, (1, 2)),
    ]
    for call in calls:
        np.testing.assert_allclose(eagerly(call), call(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num", [3, 20])  # fewer sequences than tokens, and more: by a table
def test_the_discriminator(eagerly, num):
    discriminator = make_steps().discriminator
    found = eagerly(lambda: discriminator.probability_real(some_tokens(num)))
    np.testing.assert_allclose(found, discriminator.probability_real(some_tokens(num)), rtol=1e-5)
    assert np.ptp(found) > 0.01


def policy_gradient(steps):
    return steps.policy_gradient(some_tokens(), some_rewards(), 0.1)


def train_discriminator(steps):
    return steps.discriminator_epoch(some_tokens(8), some_tokens(8, 1), seed_of(1))


@pytest.mark.parametrize(
    ("update", "baseline"),  # which the policy gradient alone subtracts
    [
        (lambda steps: steps.mle_epoch(some_tokens(11), seed_of(1)), "none"),
        (lambda steps: steps.mle_epoch(some_tokens(11), seed_of(1), 0.5), "none"),
        *((policy_gradient, baseline) for baseline in ("none", "position", "leave-one-out")),
        (train_discriminator, "none"),
    ],
    ids=["MLE", "scheduled sampling", *["policy gradient"] * 3, "discriminator"],
)
def test_the_updates(eagerly, update, baseline):
    # XLA draws other dropout masks from a seed, so there is no dropout.
    steps, others = (make_steps(dropout=0.0, reward_baseline=baseline) for _ in range(2))
    found, expected = eagerly(lambda: update(steps)), update(others)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    for one, other in (
        (steps.generator, others.generator),
        (steps.discriminator, others.discriminator),
    ):
        for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)
