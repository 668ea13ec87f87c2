"""Action values by a value network against enumeration: converged, unbiased, exact where they must be."""

import numpy as np
import pytest
import tensorflow as tf

from models.rollout import Rollout
from models.shares import WHOLE
from models.value import ValueNetwork
from tests.helpers import (
    Recorder,
    all_sequences,
    code_of,
    exact_action_values,
    exact_probabilities,
    row_reward,
    set_random_weights,
    tiny_generator,
)
from tests.models.test_rollout import rollout_of, some_tokens
from training.critic import Critic, choose_positions
from training.losses import policy_gradient_loss

pytestmark = pytest.mark.slow

TEXT = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}


def critic_of(generator, hidden_dim=8, scale=None, **options):
    """A critic whose network is new, or has weights from N(0, scale)."""
    size, length = generator.vocab_size, generator.max_length
    network = ValueNetwork(size, length, hidden_dim, hidden_dim, seed=1)
    if scale is not None:
        set_random_weights(network, 2, scale)
    options = {"batch_size": 16, "num_samples": 32, "jit_compile": False, **options}
    return Critic(network, rollout_of(generator), **options)


# Against enumeration


# Of all sequences of V = 3 and T = 4, in [0, 1): a third by the first token, the rest by chance.
REWARDS = np.random.default_rng(3).random(81) / 3 + np.repeat([0, 1 / 3, 2 / 3], 27)


def table_reward(tokens):
    return tf.constant(REWARDS[code_of(tokens, 3)], tf.float32)


def enumerated(generator):
    """All sequences of V = 3 and T = 4, their probabilities, and Q of each of their positions."""
    every = all_sequences(3, 4)
    probabilities = exact_probabilities(generator, every)
    rewards = table_reward(every).numpy().astype(np.float64)
    return every, probabilities, exact_action_values(probabilities, rewards, every, every)[0]


def test_a_converged_network_gives_the_enumerated_action_values():
    generator = tiny_generator(3, 4, scale=0.4)
    every, probabilities, exact = enumerated(generator)
    critic = critic_of(generator, 32, num_samples=4096, batch_size=256, jit_compile=True)
    for step in range(80):
        critic.optimizer.learning_rate = 0.02 * 0.95**step
        figures = critic.learn(table_reward, (5, step))
    values = critic.action_values(every, table_reward, 1, (1, 2)).numpy()
    np.testing.assert_array_equal(values[:, -1], table_reward(every))

    def root_mean_square(errors):
        return np.sqrt(np.sum(probabilities[:, None] * errors**2, axis=0))

    # Stated: 0.01 at each position, in the mean over what the policy writes; 0.001 to 0.007 seen.
    assert np.all(root_mean_square(values - exact)[:-1] < 0.01)
    assert np.all(root_mean_square(exact - table_reward(every).numpy() @ probabilities) > 0.2)
    assert figures["value_explained_variance"] > 0.5


def policy_gradient(generator):
    """A function of tokens and values: Eq. (8) by the head's bias, a mean over the sequences."""

    @tf.function
    def of_bias(tokens, values):
        with tf.GradientTape() as tape:
            loss = policy_gradient_loss(generator(tokens), tokens, values)
        return -tape.gradient(loss, generator.head.bias) * tokens.shape[1]

    return lambda tokens, values: of_bias(tf.constant(tokens), tf.constant(values, tf.float32))


@pytest.mark.parametrize("positions", [1, 2])
def test_the_policy_gradient_of_a_mixture_is_unbiased_whatever_the_network(positions):
    generator = tiny_generator(3, 4)
    every, probabilities, exact = enumerated(generator)
    gradient, weight = policy_gradient(generator), len(every) * probabilities[:, None]
    expected = gradient(every, weight * exact)
    critic = critic_of(generator, scale=1.0, rollout_positions=positions)
    batches = []
    for batch in range(100):
        tokens = generator.sample(256, (7, batch))
        batches.append(gradient(tokens, critic.action_values(tokens, table_reward, 1, (8, batch))))
    errors = np.mean(batches, axis=0) - expected
    standard = np.std(batches, axis=0, ddof=1) / np.sqrt(len(batches))
    assert np.all(np.abs(errors) < 4 * standard)
    # The network alone is wrong by more than that, so that the roll-outs were needed.
    alone = critic_of(generator, scale=1.0).action_values(every, table_reward, 1, (1, 2))
    bias = gradient(every, weight * alone.numpy()) - expected
    assert np.any(np.abs(bias) > 8 * standard)


def test_a_mixture_of_all_positions_is_the_roll_outs():
    generator = tiny_generator(6, 5, **TEXT)
    critic = critic_of(generator, scale=1.0, rollout_positions=9)
    tokens = generator.sample(8, (3, 4))
    values = critic.action_values(tokens, row_reward, 3, (1, 2)).numpy()
    chosen = np.cumsum(tokens == 1, axis=1) == 0
    chosen[:, -1] = False
    given = tokens, chosen, row_reward, 3, (1, 2)
    by_rollouts = critic.rollout.chosen_action_values(*given).numpy()
    np.testing.assert_allclose(values[chosen], by_rollouts[chosen], atol=1e-5)
    assert 5 < chosen.sum() < chosen.size / 1.3


# What is exact, and what it costs


@pytest.mark.parametrize("positions", [0, 2])
def test_a_complete_sequence_has_its_own_reward(positions):
    generator = tiny_generator(6, 5, **TEXT)
    critic = critic_of(generator, scale=1.0, rollout_positions=positions)
    tokens = generator.sample(20, (3, 4))
    values = critic.action_values(tokens, row_reward, 2, (1, 2)).numpy()
    complete = np.cumsum(tokens == 1, axis=1) > 0
    complete[:, -1] = True
    rewards = np.broadcast_to(row_reward(tokens).numpy()[:, None], values.shape)
    np.testing.assert_array_equal(values[complete], rewards[complete])
    assert not np.any(values[~complete] == rewards[~complete])
    if not positions:
        alone = critic.network(tokens).numpy()
        np.testing.assert_allclose(values[~complete], alone[~complete], rtol=1e-5)


def test_only_chosen_positions_are_written_and_rewarded():
    generator = tiny_generator(6, 5)
    tokens = some_tokens(8, 6, 5)
    for positions, completions in ((0, 0), (1, 8 * 3), (3, 3 * 8 * 3), (9, 4 * 8 * 3)):
        seen = Recorder()
        critic = critic_of(generator, rollout_positions=positions)
        critic.action_values(tokens, seen, 3, (1, 2))
        np.testing.assert_array_equal(seen.calls[0], tokens)
        assert sum(len(call) for call in seen.calls[1:]) == completions


def test_a_constant_reward_is_learned_at_once():
    critic = critic_of(tiny_generator(5, 4), rollout_positions=1)

    def constant(tokens):
        return tf.fill([len(tokens)], 0.25)

    figures = critic.learn(constant, (1, 2))
    assert figures["value_explained_variance"] == 0
    values = critic.action_values(some_tokens(6, 5, 4), constant, 2, (1, 2))
    np.testing.assert_allclose(values, np.full([6, 4], 0.25), atol=1e-5)


@pytest.mark.parametrize("unit", [1e-3, 1e4])
def test_rewards_of_every_scale_are_learned_alike(unit):
    generator, figures = tiny_generator(5, 4), {}
    for factor in (1.0, unit):
        critic = critic_of(generator, learning_rate=0.02)
        for step in range(6):
            figures[factor] = critic.learn(lambda x, f=factor: f * (row_reward(x) - 3), (5, step))
    one, other = figures[1.0], figures[unit]
    assert other["value_rmse"] == pytest.approx(unit * one["value_rmse"], rel=1e-2)
    assert other["value_explained_variance"] == pytest.approx(
        one["value_explained_variance"], abs=0.02
    )


# Learning


def test_the_figures_of_learning_by_hand():
    generator = tiny_generator(6, 5, **TEXT)
    critic = critic_of(generator, scale=0.5)
    tokens = generator.sample(32, (1, 2))  # the roll-out policy is a copy
    values, rewards = critic.network(tokens).numpy(), row_reward(tokens).numpy()
    left = [
        (values[b, t] - rewards[b], rewards[b])
        for b in range(32)
        for t in range(4)
        if 1 not in tokens[b, : t + 1].numpy()
    ]
    errors, targets = np.array(left, np.float64).T
    figures = critic.learn(row_reward, (1, 2))
    assert figures["value_rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)
    explained = 1 - np.mean(errors**2) / np.var(targets)
    assert figures["value_explained_variance"] == pytest.approx(explained, rel=1e-4)
    assert int(critic.optimizer.iterations) == 2
    assert float(critic.network.mean) == pytest.approx(rewards.mean(), rel=1e-5)


def test_padding_is_not_learned():
    generator = tiny_generator(6, 5, **TEXT)
    critic = critic_of(generator, scale=0.5, num_samples=16)
    tokens = np.full([16, 5], 0, np.int32)
    tokens[:, 0] = 1
    gradients, _ = critic._gradients(WHOLE, tf.constant(tokens), tf.ones([16]))
    assert np.any(gradients[0][1] != 0) and np.all(gradients[0][0] == 0)


def test_a_seed_decides_what_is_learned():
    def learned(seed):
        critic = critic_of(tiny_generator(5, 4))
        critic.learn(row_reward, seed)
        return critic.network.get_weights()

    first, same, other = learned((1, 2)), learned((1, 2)), learned((1, 3))
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.any(a != b) for a, b in zip(first, other, strict=True))


# The choice


def test_positions_are_chosen_with_their_probability_and_without_regard_to_others():
    open_ = np.zeros([4, 6], bool)
    open_[0, :5], open_[1, :3], open_[2, :1] = True, True, True
    counts, pairs, num = np.zeros(open_.shape), 0, 4000
    for seed in range(num):
        chosen, probability = choose_positions(open_, 2, (9, seed))
        np.testing.assert_array_equal(chosen.sum(axis=1), [2, 2, 1, 0])
        counts += chosen
        pairs += chosen[0, 0] and chosen[1, 0]
    np.testing.assert_allclose(probability[:3, 0], [2 / 5, 2 / 3, 1])
    assert not np.any(counts[~open_])
    for row in range(3):
        p = probability[row, 0]
        error = 4 * np.sqrt(p * (1 - p) / num)
        assert np.all(np.abs(counts[row, open_[row]] / num - p) <= error)
    p = 2 / 5 * 2 / 3
    assert abs(pairs / num - p) < 4 * np.sqrt(p * (1 - p) / num)


def test_the_target_network_is_what_is_learned():
    generator = tiny_generator(5, 4)
    critic = Critic(ValueNetwork(5, 4, 4, 4), Rollout(generator), batch_size=8, num_samples=8)
    written = generator.sample(8, (1, 2)).numpy()
    set_random_weights(generator, 3)
    seen = Recorder()
    critic.learn(seen, (1, 2))
    np.testing.assert_array_equal(seen.calls[0], written)
