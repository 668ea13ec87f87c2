"""What a discriminator knows: by hand, and against exact sums over all sequences."""

import numpy as np
import pytest

from metrics.verdict import Verdict, verdict
from tests.helpers import all_sequences

V, T = 3, 2
EVERY = all_sequences(V, T)


def two_distributions():
    """Probabilities of every sequence under the data p and under the generator G."""
    random = np.random.default_rng(3)
    p, g = random.dirichlet(np.ones(len(EVERY)), 2)
    return p, g


def test_by_hand():
    real, samples = np.log([3.0, 1 / 3, 2.0, 1.0]), np.log([0.5, 1.5])
    found = verdict(real, samples, [2, 1, 3, 2])
    assert isinstance(found, Verdict)
    # Judged rightly: real 3 and 2, a logit of 0 counts as generated; sample 0.5.
    assert found.accuracy == pytest.approx((2 / 4 + 1 / 2) / 2)
    of_real = [np.log(4 / 3), np.log(4), np.log(3 / 2), np.log(2)]  # -log r / (1 + r)
    of_samples = [np.log(1.5), np.log(2.5)]
    assert found.loss == pytest.approx((np.mean(of_real) + np.mean(of_samples)) / 2)
    # Z = (0.5 + 1.5) / 2 = 1; sum of the log-ratios = log 2; 8 tokens.
    assert found.gain == pytest.approx(np.log(2) / 8)
    rest = real - np.log(2) / 8 * np.array([2, 1, 3, 2])
    squared = rest.var(ddof=1) / 4 + np.var([0.5, 1.5], ddof=1) / 2
    assert found.gain_error == pytest.approx(np.sqrt(squared) / 2)


def test_who_knows_nothing():
    found = verdict(np.zeros(7), np.zeros(5), np.full(7, 4))
    assert found == pytest.approx((0.5, np.log(2), 0.0, 0.0, 0.0))


def test_the_exact_ratio_gains_the_divergence():
    """With log p / G as logits: KL(p || G) per token, over so many draws that chance is small."""
    p, g = two_distributions()
    random = np.random.default_rng(5)
    log_ratio = np.log(p / g)
    real, samples = (random.choice(len(EVERY), 100_000, p=each) for each in (p, g))
    found = verdict(log_ratio[real], log_ratio[samples], np.full(len(real), T))
    divergence = np.sum(p * log_ratio) / T
    assert divergence > 0.1
    assert found.gain == pytest.approx(divergence, abs=4 * found.gain_error)
    assert found.gain_error < 0.01
    assert found.calibration_error < 0.006  # p / (p + G) is the share of real ones


def test_the_gain_is_what_the_reweighted_generator_gains_in_likelihood():
    """G r / Z as a distribution over all sequences, on held-out data; Z is exact."""
    _, g = two_distributions()
    random = np.random.default_rng(6)
    logits = random.normal(0, 1, len(EVERY))  # of any discriminator
    held_out = random.integers(0, len(EVERY), 50)
    counts = 1 + random.integers(0, 4, 50)
    z = np.sum(g * np.exp(logits))
    reweighted = g * np.exp(logits) / z
    assert reweighted.sum() == pytest.approx(1)
    improvement = (np.log(reweighted[held_out]) - np.log(g[held_out])).sum() / counts.sum()
    # Samples that are G but for rounding: each sequence as often as G has it, of 200,000.
    often = np.round(2e5 * g).astype(int)
    found = verdict(logits[held_out], np.repeat(logits, often), counts)
    assert found.gain == pytest.approx(improvement, abs=1e-4)


def test_a_constant_added_to_all_logits_changes_no_gain_and_nothing_overflows():
    random = np.random.default_rng(7)
    real, samples = random.normal(size=(2, 30))
    tokens = np.full(30, 3)
    expected = verdict(real, samples, tokens)
    for shift in (-2000.0, 2000.0):
        found = verdict(real + shift, samples + shift, tokens)
        assert found.gain == pytest.approx(expected.gain)
        assert found.gain_error == pytest.approx(expected.gain_error)
        assert np.isfinite(found).all()


def test_the_error_is_the_spread_over_repeated_draws():
    p, g = two_distributions()
    logits = 0.5 * np.log(p / g)
    lengths = 1 + np.arange(len(EVERY)) % 3  # a sequence's tokens that count
    random = np.random.default_rng(8)
    drawn = []
    for _ in range(500):
        real, samples = random.choice(len(EVERY), 800, p=p), random.choice(len(EVERY), 400, p=g)
        drawn.append(verdict(logits[real], logits[samples], lengths[real]))
    errors = np.array([each.gain_error for each in drawn])
    spread = np.std([each.gain for each in drawn])  # known to 3%
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(spread, rel=0.1)


def test_calibration_by_hand():
    # Two values of D, in bins of their own: at 0.8 half are real, at 0.2 all are generated.
    high, low = np.log(4.0), -np.log(4.0)
    real, samples = np.full(4, high), np.array([low] * 2 + [high] * 2)
    found = verdict(real, samples, np.ones(4))
    # Weights of 1/8 each. At 0.8: 4 real, 2 generated; at 0.2: 2 generated.
    expected = abs(4 * (1 - 0.8) - 2 * 0.8) / 8 + abs(2 * -0.2) / 8
    assert found.calibration_error == pytest.approx(expected)


def test_bins_of_the_calibration_hold_equally_many():
    """Twenty different logits make ten bins of two; here one of each is real."""
    logits = np.linspace(-3, 3, 20)
    real, samples = logits[::2], logits[1::2]
    differences = 1 - 1 / (1 + np.exp(-real)) - 1 / (1 + np.exp(-samples))
    found = verdict(real, samples, np.ones(10))
    assert found.calibration_error == pytest.approx(np.abs(differences).sum() / 20)


def test_real_and_generated_weigh_one_half_each_whatever_their_numbers():
    random = np.random.default_rng(9)
    real, samples = random.normal(1, 1, 40), random.normal(-1, 1, 40)
    once = verdict(real, samples, np.ones(40))
    thrice = verdict(real, np.tile(samples, 3), np.ones(40))
    assert thrice.accuracy == pytest.approx(once.accuracy)
    assert thrice.loss == pytest.approx(once.loss)
    assert thrice.gain == pytest.approx(once.gain)


def test_certainty_is_miscalibrated_where_it_errs():
    sure = np.full(50, 1000.0)
    assert verdict(sure, -sure, np.ones(50)).calibration_error == pytest.approx(0)
    assert verdict(-sure, sure, np.ones(50)).calibration_error == pytest.approx(1)
    assert verdict(sure, sure, np.ones(50)).calibration_error == pytest.approx(0.5)
