"""A small roll-out policy: values, divergence and gradients against enumeration, exact where it is a copy."""

import numpy as np
import pytest
import tensorflow as tf

from models.generator import Generator
from models.rollout import Rollout
from models.shares import WHOLE
from tests.helpers import (
    Recorder,
    all_sequences,
    exact_action_values,
    exact_probabilities,
    set_random_weights,
    tiny_generator,
)
from tests.models.test_rollout import rollout_of, some_tokens
from training.distillation import Distillation

pytestmark = pytest.mark.slow

TEXT = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}


def small_policy(generator, dim=2, scale=None):
    """A policy of the same tokens, its weights new or from N(0, scale)."""
    sizes = {"embedding_dim": dim, "hidden_dim": dim, "name": None}
    policy = Generator.from_config({**generator.get_config(), **sizes})
    return policy if scale is None else set_random_weights(policy, 5, scale)


def distillation_of(generator, policy, **options):
    options = {"batch_size": 16, "num_samples": 32, "jit_compile": False, **options}
    return Distillation(generator, Rollout(generator, policy=policy), **options)


def divergences(generator, policy, tokens):
    """KL of the next token by plain NumPy: float64 `[M, T]`, nats."""
    logits = [model(tokens).numpy().astype(np.float64) for model in (generator, policy)]
    target, other = (x - np.log(np.exp(x).sum(axis=-1, keepdims=True)) for x in logits)
    return np.sum(np.exp(target) * (target - other), axis=-1)


# Roll-outs by a small policy


def share_of_zeros(tokens):
    return tf.reduce_mean(tf.cast(tf.convert_to_tensor(tokens) == 0, tf.float32), axis=1)


@pytest.mark.parametrize("chosen", [False, True])
def test_action_values_are_those_of_the_small_policy(chosen):
    generator = tiny_generator(3, 4)
    policy = small_policy(generator, scale=1.0)
    rollout, every, num_rollouts = Rollout(generator, policy=policy), all_sequences(3, 4), 1000
    given = share_of_zeros, num_rollouts, (1, 2)
    if chosen:
        open_ = np.ones(every.shape, bool)
        open_[:, -1] = False
        values = rollout.chosen_action_values(every, open_, *given).numpy()[:, :-1]
    else:
        values = rollout.action_values(every, *given).numpy()[:, :-1]
    rewards = share_of_zeros(every).numpy().astype(np.float64)
    exact, variances = exact_action_values(
        exact_probabilities(policy, every), rewards, every, every
    )
    standard = np.sqrt(variances / num_rollouts)[:, :-1]
    assert np.all(np.abs(values - exact[:, :-1]) < 5 * standard + 1e-6)
    of_generator = exact_probabilities(generator, every)
    other, _ = exact_action_values(of_generator, rewards, every, every)
    assert np.mean(np.abs(values - other[:, :-1]) > 5 * standard) > 0.5  # the test can tell


def test_a_copy_of_the_same_size_is_exact():
    generator = tiny_generator(6, 5, **TEXT)
    policy = small_policy(generator)
    same = Generator.from_config({**generator.get_config(), "name": None})
    same.set_weights(generator.get_weights())
    tokens, by_small, by_copy = generator.sample(7, (3, 4)), Recorder(), Recorder()
    for seen, rollout in (
        (by_small, Rollout(generator, policy=same)),
        (by_copy, rollout_of(generator)),
    ):
        seen.values = rollout.action_values(tokens, seen, 3, (1, 2))
    for small, copy in zip(by_small.calls, by_copy.calls, strict=True):
        np.testing.assert_array_equal(small, copy)
    np.testing.assert_array_equal(by_small.values, by_copy.values)
    assert distillation_of(generator, same).divergence(tokens) == 0
    assert distillation_of(generator, policy).divergence(tokens) > 0.1


def test_a_saved_one_is_no_copy_either():
    generator = tiny_generator(3, 4)
    rollout = Rollout(generator, policy=small_policy(generator))
    again = Rollout.from_config(rollout.get_config())
    assert (again.copies, again.policy.hidden_dim) == (False, 2)
    assert Rollout.from_config(rollout_of(generator).get_config()).copies


# The divergence


@pytest.mark.parametrize("special", [{}, TEXT], ids=["all count", "padding"])
def test_the_divergence_by_hand(special):
    generator = tiny_generator(6, 5, **special)
    policy = small_policy(generator, scale=1.0)
    tokens = generator.sample(300, (1, 2))  # several chunks
    mask = generator.mask(tokens).numpy()
    expected = np.sum(divergences(generator, policy, tokens) * mask) / mask.sum()
    measured = distillation_of(generator, policy).divergence(tokens)
    assert measured == pytest.approx(expected, rel=1e-5) and expected > 0.1
    assert (mask.sum() < mask.size) == bool(special)


def test_the_divergence_of_new_samples_is_the_enumerated_one():
    """Nats per token: KL of whole sequences divided by their length."""
    generator = tiny_generator(3, 4)
    policy = small_policy(generator, scale=1.0)
    every, num = all_sequences(3, 4), 3000
    p, q = (exact_probabilities(model, every) for model in (generator, policy))
    by_sequence = divergences(generator, policy, every).mean(axis=1)
    expected = np.sum(p * np.log(p / q)) / 4
    assert np.sum(p * by_sequence) == pytest.approx(expected, rel=1e-6)
    standard = np.sqrt(np.sum(p * (by_sequence - expected) ** 2) / num)
    distillation = distillation_of(generator, policy, num_samples=num, batch_size=num)
    figures = distillation.update((1, 2))
    assert set(figures) == {"rollout_divergence"}
    assert abs(figures["rollout_divergence"] - expected) < 4 * standard < 0.2 * expected


# Learning


def test_gradients_are_those_of_the_enumerated_divergence():
    generator = tiny_generator(3, 4)
    policy = small_policy(generator, scale=1.0)
    distillation, every = distillation_of(generator, policy), all_sequences(3, 4)
    p = tf.constant(exact_probabilities(generator, every), tf.float32)
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(p * policy.log_prob(every)) / 4
    expected = tape.gradient(loss, policy.head.bias).numpy()
    place = [w is policy.head.bias for w in policy.trainable_variables].index(True)
    found = []
    for batch in range(40):
        gradients, _ = distillation._gradients(WHOLE, generator.sample(64, (7, batch)))
        found.append(gradients[place].numpy())
    standard = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert np.all(np.abs(np.mean(found, axis=0) - expected) < 4 * standard)
    assert np.all(standard < 0.2 * np.abs(expected).max())


def test_gradients_of_every_weight_by_differences():
    generator = tiny_generator(6, 5, **TEXT)
    policy = small_policy(generator, scale=0.5)
    distillation, tokens = distillation_of(generator, policy), generator.sample(64, (1, 2))
    gradients, loss = distillation._gradients(WHOLE, tokens)
    assert float(loss) == pytest.approx(distillation.divergence(tokens), rel=1e-5)
    random, weights = np.random.default_rng(1), policy.get_weights()
    for place, gradient in enumerate(gradients):
        direction = random.normal(size=gradient.shape).astype(np.float32)
        sides = []
        for step in (0.02, -0.02):
            moved = weights[place] + step * direction
            policy.set_weights([*weights[:place], moved, *weights[place + 1 :]])
            sides.append(distillation.divergence(tokens))
        slope = (sides[0] - sides[1]) / 0.04
        assert slope == pytest.approx(np.sum(gradient * direction), rel=0.02, abs=1e-4)
    policy.set_weights(weights)


def test_distillation_lowers_the_divergence():
    generator = tiny_generator(5, 4, scale=0.8)
    policy = small_policy(generator, dim=5)
    distillation = distillation_of(generator, policy, num_samples=128, learning_rate=0.03)
    kept = [weight.numpy() for weight in generator.weights]
    figures = [distillation.update((5, step))["rollout_divergence"] for step in range(40)]
    assert figures[0] > 0.1 and figures[-1] < 0.1 * figures[0]
    assert int(distillation.optimizer.iterations) == 40 * 8
    for before, after in zip(kept, generator.weights, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_seed_decides_what_is_learned():
    def learned(seed):
        generator = tiny_generator(5, 4)
        policy = small_policy(generator, scale=0.5)
        distillation_of(generator, policy).update(seed)
        return np.concatenate([weight.ravel() for weight in policy.get_weights()])

    first = learned((1, 2))
    np.testing.assert_array_equal(learned((1, 2)), first)
    assert np.any(learned((1, 3)) != first)


def test_a_policy_of_other_tokens_is_refused():
    generator = tiny_generator(6, 5, **TEXT)
    other = tiny_generator(6, 5)
    with pytest.raises(ValueError, match="`policy` has end_token None, expected 1 as `generator`"):
        Rollout(generator, policy=other)
    rollout = Rollout(generator, policy=small_policy(generator))
    with pytest.raises(ValueError, match="expected a roll-out policy made without `policy`"):
        rollout.update(generator)
    assert rollout(some_tokens(2, 6, 5)).shape == [2, 5, 6]
