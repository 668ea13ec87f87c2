"""Welch's t-test by hand, against SciPy, and by the p-values it gives where nothing differs."""

import math

import numpy as np
import pytest
from scipy import stats

from metrics.significance import SampleStatistics, paired, welch, welch_from_statistics


def test_by_hand():
    # Means 1 and 4, variances 2 and 2: t = -3 / sqrt(2/2 + 2/2), with (1 + 1)^2 / (1 + 1) = 2
    # degrees of freedom, where the two-sided p-value is 1 - |t| / sqrt(2 + t^2).
    result = welch([0.0, 2.0], [3.0, 5.0])
    assert result.mean_difference == -3.0
    assert result.statistic == pytest.approx(-3 / math.sqrt(2), rel=1e-12)
    assert result.degrees_of_freedom == pytest.approx(2.0, rel=1e-12)
    assert result.p_value == pytest.approx(1 - 3 / math.sqrt(13), rel=1e-12)


def test_unequal_sizes_and_variances_by_hand():
    # Variances 1 of three and 20/3 of four values: 1/3 + 5/3 = 2, so t = -3 / sqrt(2), with
    # 2^2 / ((1/3)^2 / 2 + (5/3)^2 / 3) = 216/53 degrees of freedom; Student's would have 5.
    result = welch([1, 2, 3], [2, 4, 6, 8])
    assert result.statistic == pytest.approx(-3 / math.sqrt(2), rel=1e-12)
    assert result.degrees_of_freedom == pytest.approx(216 / 53, rel=1e-12)
    # Twice the integral of the density of t from 3 / sqrt(2) on.
    assert result.p_value == pytest.approx(0.0999128643, abs=1e-9)


def test_equals_scipy():
    random = np.random.default_rng(3)
    for size_a, size_b in [(2, 2), (5, 40), (100, 7)]:
        a, b = random.normal(0, 1, size_a), random.normal(0.3, 5, size_b)
        result, expected = welch(a, list(b)), stats.ttest_ind(a, b, equal_var=False)
        assert result.statistic == pytest.approx(expected.statistic, rel=1e-12)
        assert result.p_value == pytest.approx(expected.pvalue, rel=1e-12)
        assert result.degrees_of_freedom == pytest.approx(expected.df, rel=1e-12)
        assert result.mean_difference == pytest.approx(a.mean() - b.mean(), rel=1e-12)


def test_swapping_the_samples_turns_the_sign_only():
    a, b = [1.0, 2.5, 3.0], [4.0, 4.5, 9.0, 1.0]
    one, other = welch(a, b), welch(b, a)
    assert one.statistic < 0
    assert one.statistic == -other.statistic
    assert one.mean_difference == -other.mean_difference
    assert one.p_value == other.p_value


@pytest.mark.parametrize("size_b, scale_b", [(40, 1.0), (10, 6.0)], ids=["same", "same mean"])
def test_p_values_are_uniform_where_the_means_are_equal(size_b, scale_b):
    # The second case is where Student's test, which pools the variances, calls far too much
    # significant: the smaller sample has the larger variance.
    random = np.random.default_rng(11)
    p_values = [
        welch(random.normal(2.0, 1.0, 40), random.normal(2.0, scale_b, size_b)).p_value
        for _ in range(1000)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.05


def test_a_clear_difference_is_significant():
    random = np.random.default_rng(12)
    result = welch(random.normal(1.0, 1.0, 50), random.normal(0.0, 2.0, 50))
    assert result.p_value < 0.01
    assert result.mean_difference > 0.5


def test_constant_samples_have_a_difference_and_no_p_value():
    result = welch([1.0, 1.0], [3.0, 3.0, 3.0])
    assert result.mean_difference == -2.0
    assert math.isnan(result.p_value)
    assert math.isnan(result.statistic)
    # One that varies is enough: t = (1 - 4) / sqrt(2/2).
    assert welch([1.0, 1.0], [3.0, 5.0]).statistic == pytest.approx(-3.0, rel=1e-12)


@pytest.mark.parametrize(
    "a, b, message",
    [
        ([1.0], [1.0, 2.0], r"`a` has shape \(1,\), expected \[n\] with n at least 2"),
        ([1.0, 2.0], [], r"`b` has shape \(0,\), expected \[n\] with n at least 2"),
        ([[1.0, 2.0]], [1.0, 2.0], r"`a` has shape \(1, 2\), expected \[n\]"),
    ],
)
def test_errors(a, b, message):
    with pytest.raises(ValueError, match=message):
        welch(a, b)


def of(sample):
    return SampleStatistics(len(sample), float(np.mean(sample)), float(np.var(sample, ddof=1)))


def test_from_statistics_equals_the_test_of_the_samples_and_scipy():
    random = np.random.default_rng(4)
    for size_a, size_b in [(2, 2), (5, 40), (1000, 70)]:
        a, b = random.normal(0, 1, size_a), random.normal(0.3, 5, size_b)
        result, expected = welch_from_statistics(of(a), of(b)), welch(a, b)
        assert result == pytest.approx(expected, rel=1e-9)
        by_scipy = stats.ttest_ind_from_stats(
            *(a.mean(), a.std(ddof=1), size_a), *(b.mean(), b.std(ddof=1), size_b), equal_var=False
        )
        assert result.p_value == pytest.approx(by_scipy.pvalue, rel=1e-9)


def test_from_statistics_of_constants_and_errors():
    constant = SampleStatistics(3, 1.0, 0.0)
    result = welch_from_statistics(constant, SampleStatistics(2, 4.0, 0.0))
    assert result.mean_difference == -3.0 and math.isnan(result.p_value)
    assert welch_from_statistics(constant, SampleStatistics(2, 4.0, 2.0)).statistic == -3.0
    with pytest.raises(ValueError, match="`b` has 1 values"):
        welch_from_statistics(constant, SampleStatistics(1, 4.0, 2.0))
    with pytest.raises(ValueError, match=r"`a` has 3 values of variance -1\.0"):
        welch_from_statistics(SampleStatistics(3, 4.0, -1.0), constant)


def test_pairs_by_hand_and_by_scipy():
    result = paired([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])  # differences 1, 2, 3: mean 2, deviation 1
    assert result.mean_difference == 2.0
    assert result.statistic == pytest.approx(2 * math.sqrt(3))
    random = np.random.default_rng(5)
    a = random.normal(0, 5, 60)
    b = a + random.normal(0.2, 0.3, 60)
    assert paired(a, b).p_value == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert paired(a, b).p_value < 1e-3 < welch(a, b).p_value  # which takes them to be independent


def test_a_constant_difference_has_no_test():
    result = paired([1.0, 2.0], [0.0, 1.0])
    assert result.mean_difference == 1.0 and math.isnan(result.p_value)
    with pytest.raises(ValueError, match="`b` has 3 values, expected 2 as `a`"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0])
