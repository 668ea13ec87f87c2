"""What rewards the policy: BLEU equal to NLTK's, and the controls."""

import dataclasses
import warnings

import numpy as np
import pytest
import tensorflow as tf
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from scipy import stats

from models.discriminator import Discriminator
from models.rollout import Rollout
from tests.helpers import set_random_weights, tiny_generator
from training.presets import ORACLE_PRESETS
from training.reward_functions import BleuReward, uniform
from training.rewards import REWARDS, Reward, make_reward, user_reward

V, T = 6, 5
SMOKE = ORACLE_PRESETS["smoke"]


def some_tokens(num, seed=0):
    return tf.constant(np.random.default_rng(seed).integers(0, V, [num, T]), tf.int32)


REAL = some_tokens(40, seed=9).numpy()


def some_discriminator():
    return set_random_weights(Discriminator(V, T, 3, {1: 4, 2: 4}), 1, 0.5)


def reward(**changes) -> Reward:
    return make_reward(dataclasses.replace(SMOKE, **changes), tiny_generator(V, T), REAL)


def function(seed=(1, 1), **changes):
    return reward(**changes).bind(some_discriminator(), seed)


def bleu_reward(references=0.4, seed=1, order=3, variant="method1", end_token=None, real=REAL):
    return BleuReward(real, order, variant, references, seed, end_token)


def test_seqgan_is_rewarded_by_the_discriminators_probability_of_real():
    assert reward().needs_discriminator
    tokens = some_tokens(7)
    np.testing.assert_array_equal(function()(tokens), some_discriminator().probability_real(tokens))


@pytest.mark.slow
def test_every_reward_of_the_registry_gives_a_number_for_each_sequence():
    tokens = some_tokens(7)
    for name, entry in REWARDS.items():
        values = entry.make(SMOKE, tiny_generator(V, T), REAL).bind(some_discriminator(), (1, 1))(
            tokens
        )
        assert np.shape(values) == (7,) and np.all(np.isfinite(values)), name
        if name not in ("log-ratio", "density-ratio"):
            assert np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1)), name


@pytest.mark.slow
def test_rewards_of_the_log_ratio_are_clipped():
    tokens = some_tokens(30)
    logits = some_discriminator().logits(tokens).numpy()
    assert np.abs(logits).min() < 1.0 < np.abs(logits).max()
    log_ratio = function(reward="log-ratio", reward_clip=1.0)(tokens)
    np.testing.assert_allclose(log_ratio, np.clip(logits, -1.0, 1.0))
    probability = some_discriminator().probability_real(tokens).numpy()
    ratio = function(reward="density-ratio", reward_clip=50.0)(tokens)
    np.testing.assert_allclose(ratio, probability / (1 - probability), rtol=1e-4)
    clipped = function(reward="density-ratio", reward_clip=1.0)(tokens)
    np.testing.assert_allclose(clipped, np.clip(ratio, np.exp(-1.0), np.exp(1.0)), rtol=1e-5)


def test_the_density_ratio_is_weighed_over_the_batch_as_in_maligan():
    """Without roll-outs the weight of a sequence is B r / sum of r (Che et al., 2017, Section 3)."""
    ratios = np.array([0.5, 2.0, 1.5], np.float32)
    values = tf.constant(np.repeat(ratios[:, None], T, axis=1))
    weights = reward(reward="density-ratio").over_batch(values, (1, 2)).numpy()
    np.testing.assert_allclose(weights, np.repeat((3 * ratios / 4)[:, None], T, axis=1))


def test_the_density_ratios_of_prefixes_are_divided_by_the_mean_of_whole_sequences():
    values = np.array([[8.0, 1.0, 0.5], [2.0, 4.0, 1.5]], np.float32)  # mean of the last column: 1
    for factor in (1, 3):
        weights = reward(reward="density-ratio").over_batch(tf.constant(factor * values), (1, 2))
        np.testing.assert_allclose(weights, values)


def test_permuted_verdicts_are_those_of_the_batch_in_another_order():
    permuted = reward(reward="permuted")
    assert permuted.needs_discriminator and permuted.num_rollouts(4) == 4
    tokens = some_tokens(7)
    np.testing.assert_array_equal(function(reward="permuted")(tokens), function()(tokens))
    values = np.random.default_rng(3).random([50, T]).astype(np.float32)
    first, again, other = (
        permuted.over_batch(tf.constant(values), seed).numpy() for seed in ((1, 2), (1, 2), (1, 3))
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other) and np.any(first != values)
    assert sorted(map(tuple, first)) == sorted(map(tuple, values))


def test_permuted_density_ratios_are_those_weights_in_another_order():
    ratios = np.exp(np.random.default_rng(3).standard_normal(50)).astype(np.float32)
    values = tf.constant(np.repeat(ratios[:, None], T, axis=1))
    weights = reward(reward="density-ratio").over_batch(values, (1, 2)).numpy()[:, 0]
    control = reward(reward="permuted-density-ratio")
    tokens = some_tokens(7)
    np.testing.assert_array_equal(
        function(reward="permuted-density-ratio")(tokens), function(reward="density-ratio")(tokens)
    )
    found = control.over_batch(values, (1, 2)).numpy()[:, 0]
    assert np.any(found != weights)
    np.testing.assert_allclose(sorted(found), sorted(weights), rtol=1e-6)


def test_other_rewards_leave_the_action_values_of_a_batch_as_they_are():
    values = tf.constant(np.random.default_rng(3).random([4, T]), tf.float32)
    for name in REWARDS.keys() - {"permuted", "density-ratio", "permuted-density-ratio"}:
        assert reward(reward=name).over_batch(values, (1, 2)) is values, name


def test_a_mixture_weighs_the_discriminator_and_the_function():
    tokens = some_tokens(7)
    mixed = user_reward((0.25, lambda ids: (ids == 3).sum(axis=1)))
    assert mixed.needs_discriminator
    expected = 0.25 * some_discriminator().probability_real(tokens).numpy()
    expected += 0.75 * (tokens.numpy() == 3).sum(axis=1)
    np.testing.assert_allclose(
        mixed.bind(some_discriminator(), (1, 1))(tokens), expected, rtol=1e-6
    )


def test_a_users_function_gets_numpy_ids_and_needs_no_discriminator():
    seen = []

    def count(ids):
        seen.append(ids)
        return (ids == 2).mean(axis=1)

    mine = user_reward(count)
    assert not mine.needs_discriminator
    tokens = some_tokens(5)
    values = mine.bind(some_discriminator(), (1, 1))(tokens)
    assert isinstance(seen[0], np.ndarray) and seen[0].dtype == np.int32
    np.testing.assert_allclose(values, (tokens.numpy() == 2).mean(axis=1))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "`reward` is 3, expected None, a function"),
        ((1.5, len), "`discriminator_weight` is 1.5, expected a number from 0 to 1"),
        ((0.5, None), "expected None, a function"),
    ],
)
def test_what_is_no_reward_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        user_reward(given)


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.zeros([4, 2]), r"gave shape \(4, 2\) for 4"), ([np.nan] * 4, "not finite")],
)
def test_what_a_users_function_gives_is_checked(values, message):
    with pytest.raises(ValueError, match=message):
        user_reward(lambda ids: values).bind(some_discriminator(), (1, 1))(some_tokens(4))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("variant", ["method1", "strict"])
def test_the_bleu_reward_is_nltks(order, variant):
    changes = {"bleu_reward_order": order, "bleu_reward_variant": variant}
    assert not reward(algorithm="pg-bleu").needs_discriminator
    tokens = some_tokens(30, seed=2)
    references = bleu_reward(order=order, variant=variant).references.tolist()
    smoothing = SmoothingFunction().method1 if variant == "method1" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NLTK warns of an order without overlap
        expected = [
            sentence_bleu(references, row, [1 / order] * order, smoothing_function=smoothing)
            for row in tokens.numpy().tolist()
        ]
    assert np.ptp(expected) > 0.1
    of_run = function(algorithm="pg-bleu", **changes)(tokens)
    np.testing.assert_allclose(of_run, expected, atol=1e-6)


def test_the_bleu_reward_ends_where_the_sequence_does():
    real = np.array([[2, 3, 4, 1, 0], [3, 4, 5, 2, 3]], np.int32)
    reward = bleu_reward(1.0, order=2, variant="strict", end_token=1, real=real)
    np.testing.assert_allclose(reward(real), [1.0, 1.0])
    # [2, 3] against [2, 3, 4]: brevity penalty exp(1 - 3 / 2)
    np.testing.assert_allclose(reward(np.array([[2, 3, 1, 0, 0]])), [np.exp(-0.5)], rtol=1e-6)
    np.testing.assert_array_equal(reward(np.array([[1, 0, 0, 0, 0]])), [0.0])


def test_the_references_of_bleu_are_a_share_drawn_by_the_seed():
    shares = {
        (share, seed): bleu_reward(share, seed).references.tolist()
        for share in (0.4, 1.0)
        for seed in (1, 2)
    }
    real = some_tokens(40, seed=9).numpy().tolist()
    assert len(shares[0.4, 1]) == 16 and len(shares[1.0, 1]) == 40
    assert shares[0.4, 1] != shares[0.4, 2]
    assert sorted(shares[1.0, 1]) == sorted(real)
    assert all(row in real for row in shares[0.4, 1])


@pytest.mark.slow
def test_the_constant_reward_makes_every_action_value_one_half():
    constant = reward(reward="constant")
    assert not constant.needs_discriminator
    assert constant.num_rollouts(4) == 1 and reward(reward="uniform").num_rollouts(4) == 4
    generator = tiny_generator(V, T)
    values = Rollout(generator).action_values(
        generator.sample(3, (1, 2)), function(reward="constant"), 4, (3, 4)
    )
    np.testing.assert_array_equal(values, np.full([3, T], 0.5, np.float32))


def test_the_uniform_reward_is_uniform_and_tells_rows_and_seeds_apart():
    every = np.stack(np.meshgrid(*[np.arange(V)] * T), axis=-1).reshape(-1, T)
    first, second = (uniform(tf.constant(every), seed).numpy() for seed in ((1, 2), (1, 3)))
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    assert 0 <= first.min() and first.max() < 1
    assert abs(stats.pearsonr(first, second).statistic) < 0.05
    # Neighbours in one token are as different as any two.
    neighbours = first.reshape([V] * T)
    for axis in range(T):
        pairs = np.moveaxis(neighbours, axis, 0)
        assert abs(stats.pearsonr(pairs[0].ravel(), pairs[1].ravel()).statistic) < 0.12


def test_the_uniform_reward_of_a_row_does_not_depend_on_the_rows_beside_it():
    tokens = some_tokens(9)
    whole = function((5, 6), reward="uniform")(tokens).numpy()
    alone = [function((5, 6), reward="uniform")(tokens[k : k + 1])[0] for k in range(9)]
    np.testing.assert_array_equal(whole, alone)
