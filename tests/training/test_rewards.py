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
from training.rewards import BleuReward, Rewards, lengths, uniform_of

V, T = 6, 5
SMOKE = ORACLE_PRESETS["smoke"]


def some_tokens(num, seed=0):
    return tf.constant(np.random.default_rng(seed).integers(0, V, [num, T]), tf.int32)


def rewards(**changes) -> Rewards:
    discriminator = set_random_weights(Discriminator(V, T, 3, {1: 4, 2: 4}), 1, 0.5)
    settings = dataclasses.replace(SMOKE, **changes)
    return Rewards(settings, tiny_generator(V, T), discriminator, some_tokens(40, seed=9))


def test_seqgan_is_rewarded_by_the_discriminators_probability_of_real():
    made = rewards()
    assert made.from_discriminator
    tokens = some_tokens(7)
    expected = made.discriminator.probability_real(tokens)
    np.testing.assert_array_equal(made.function((1, 1))(tokens), expected)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("variant", ["method1", "strict"])
def test_the_bleu_reward_is_nltks(order, variant):
    made = rewards(algorithm="pg-bleu", bleu_reward_order=order, bleu_reward_variant=variant)
    assert not made.from_discriminator
    tokens = some_tokens(30, seed=2)
    references = made.bleu.references.tolist()
    smoothing = SmoothingFunction().method1 if variant == "method1" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NLTK warns of an order without overlap
        expected = [
            sentence_bleu(references, row, [1 / order] * order, smoothing_function=smoothing)
            for row in tokens.numpy().tolist()
        ]
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(made.function((1, 1))(tokens), expected, atol=1e-6)


def test_the_bleu_reward_ends_where_the_sequence_does():
    generator = tiny_generator(V, T, end_token=1, pad_token=0, blocked_tokens=(0,))
    real = np.array([[2, 3, 4, 1, 0], [3, 4, 5, 2, 3]], np.int32)
    settings = dataclasses.replace(
        SMOKE, bleu_reward_references=1.0, bleu_reward_order=2, bleu_reward_variant="strict"
    )
    reward = BleuReward(settings, generator, real)
    np.testing.assert_allclose(reward(real), [1.0, 1.0])
    # [2, 3] against [2, 3, 4]: brevity penalty exp(1 - 3 / 2)
    np.testing.assert_allclose(reward(np.array([[2, 3, 1, 0, 0]])), [np.exp(-0.5)], rtol=1e-6)
    np.testing.assert_array_equal(reward(np.array([[1, 0, 0, 0, 0]])), [0.0])


def test_lengths_count_what_stands_before_the_end():
    rows = np.array([[2, 3, 1], [2, 3, 4], [1, 0, 0], [2, 1, 1]])
    np.testing.assert_array_equal(lengths(rows, 1), [2, 3, 0, 1])


def test_the_references_of_bleu_are_a_share_drawn_by_the_seed():
    shares = {
        (share, seed): rewards(
            algorithm="pg-bleu", bleu_reward_references=share, seed=seed
        ).bleu.references.tolist()
        for share in (0.4, 1.0)
        for seed in (1, 2)
    }
    real = some_tokens(40, seed=9).numpy().tolist()
    assert len(shares[0.4, 1]) == 16 and len(shares[1.0, 1]) == 40
    assert shares[0.4, 1] != shares[0.4, 2]
    assert sorted(shares[1.0, 1]) == sorted(real)
    assert all(row in real for row in shares[0.4, 1])


def test_the_constant_reward_makes_every_action_value_one_half():
    made = rewards(reward="constant")
    assert not made.from_discriminator
    assert made.num_rollouts == 1 and rewards(reward="uniform").num_rollouts == SMOKE.num_rollouts
    generator = tiny_generator(V, T)
    values = Rollout(generator).action_values(
        generator.sample(3, (1, 2)), made.function((1, 1)), 4, (3, 4)
    )
    np.testing.assert_array_equal(values, np.full([3, T], 0.5, np.float32))


def test_the_uniform_reward_is_uniform_and_tells_rows_and_seeds_apart():
    every = np.stack(np.meshgrid(*[np.arange(V)] * T), axis=-1).reshape(-1, T)
    first, second = (uniform_of(tf.constant(every), seed).numpy() for seed in ((1, 2), (1, 3)))
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
    whole = rewards(reward="uniform").function((5, 6))(tokens).numpy()
    alone = [rewards(reward="uniform").function((5, 6))(tokens[k : k + 1])[0] for k in range(9)]
    np.testing.assert_array_equal(whole, alone)
