"""The likelihood of what is chosen among candidates: by hand, and against exact sums over all draws."""

import itertools

import numpy as np
import pytest

from metrics.candidates import best_log_ratios, resampling_log_ratios

NUM = 3


def distribution():
    """Probabilities and distinct logits of five sequences."""
    random = np.random.default_rng(2)
    return random.dirichlet(np.ones(5)), random.permutation([-1.2, -0.3, 0.1, 0.8, 1.7])


def chosen(logits, probabilities, choose):
    """Exact probability that each sequence is the one chosen of `NUM` independent draws."""
    result = np.zeros(len(logits))
    for draw in itertools.product(range(len(logits)), repeat=NUM):
        weights = choose(np.array([logits[k] for k in draw]))
        for k, weight in zip(draw, weights, strict=True):
            result[k] += np.prod(probabilities[list(draw)]) * weight
    return result


def test_resampling_by_hand():
    found = resampling_log_ratios(np.log([1.0, 3.0]), np.log([1.0, 2.0]), 2)
    of_one = (2 * 1 / (1 + 1) + 2 * 1 / (1 + 2)) / 2
    of_three = (2 * 3 / (3 + 1) + 2 * 3 / (3 + 2)) / 2
    np.testing.assert_allclose(found, np.log([of_one, of_three]))


def test_resampling_is_what_choosing_in_proportion_to_the_ratio_does():
    probabilities, logits = distribution()
    exact = chosen(logits, probabilities, lambda own: np.exp(own) / np.exp(own).sum())
    assert exact.sum() == pytest.approx(1)
    samples = np.random.default_rng(4).choice(logits, 400_000, p=probabilities)
    found = probabilities * np.exp(resampling_log_ratios(logits, samples, NUM))
    np.testing.assert_allclose(found, exact, rtol=0.01)


def test_the_best_of_several_has_the_likelihood_of_a_maximum():
    samples = np.random.default_rng(4).standard_normal(200_000)
    logits = np.array([-0.5, 0.0, 1.0])
    found = np.exp(best_log_ratios(logits, samples, 4))
    below = np.array([0.308538, 0.5, 0.841345])  # the normal distribution's
    np.testing.assert_allclose(found, 4 * below**3, rtol=0.03)


def test_the_best_of_several_is_any_of_those_that_share_the_highest_logit():
    probabilities = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    logits = np.array([0.3, 0.3, -1.0, 0.3, 1.0])
    exact = chosen(logits, probabilities, lambda own: np.eye(len(own))[np.argmax(own)])
    samples = np.repeat(logits, np.round(100_000 * probabilities).astype(int))
    found = probabilities * np.exp(best_log_ratios(logits, samples, NUM))
    np.testing.assert_allclose(found, exact, rtol=1e-3)
    assert found.sum() == pytest.approx(1, abs=1e-3)


def test_the_best_of_several_never_has_the_probability_0():
    found = best_log_ratios([-9.0], [0.0, 1.0, 2.0], 2)
    np.testing.assert_allclose(found, np.log(2 * 1 / 4))


def test_many_candidates_tend_to_the_ratio_over_its_mean():
    random = np.random.default_rng(6)
    samples, real = random.standard_normal(60_000) / 2, np.array([-1.0, 0.0, 2.0])
    found = resampling_log_ratios(real, samples, 600)
    np.testing.assert_allclose(found, real - np.log(np.exp(samples).mean()), atol=0.03)


def test_a_discriminator_that_knows_nothing_changes_nothing():
    np.testing.assert_allclose(resampling_log_ratios(np.zeros(3), np.zeros(64), 16), 0, atol=1e-12)
    np.testing.assert_allclose(best_log_ratios(np.zeros(3), np.zeros(6400), 16), 0, atol=1e-3)


def test_ratios_beyond_float_range_do_not_overflow():
    found = resampling_log_ratios([900.0, -900.0], [899.0, 901.0, 900.0], 2)
    assert np.isfinite(found[0]) and found[0] < np.log(2)
