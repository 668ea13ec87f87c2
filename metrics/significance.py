"""Whether two samples of a score differ in their means by more than chance."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from metrics.rows import row_of_numbers


class WelchResult(NamedTuple):
    """Welch's t-test of two samples a and b; nan but for the difference where both are constant.

    Attributes:
        statistic: t, above 0 where the mean of a is the larger.
        p_value: two-sided.
        degrees_of_freedom: of Welch and Satterthwaite.
        mean_difference: mean of a less mean of b.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: float
    mean_difference: float


def welch(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> WelchResult:
    """Welch's two-sided t-test: are the means of `a` and `b` equal, whatever their variances?

    Say with the result what one value is, a seed or a sample: samples of one run are not
    independent evidence on the algorithm.

    Args:
        a: scores, at least two.
        b: scores, at least two; the number may differ.
    """
    a, b = _values(a, "a"), _values(b, "b")
    mean_difference = float(a.mean() - b.mean())
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        # t would be infinite or 0 / 0: without spread there is no yardstick for the difference.
        return WelchResult(np.nan, np.nan, np.nan, mean_difference)
    with warnings.catch_warnings():
        # SciPy suspects cancellation wherever one sample is constant; its variance 0 is exact.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        test = stats.ttest_ind(a, b, equal_var=False)
    return WelchResult(float(test.statistic), float(test.pvalue), float(test.df), mean_difference)


class PairedResult(NamedTuple):
    """Paired t-test of two scores a and b of each item; nan but for the difference where it is constant.

    Attributes:
        statistic: t, above 0 where the mean of a is the larger.
        p_value: two-sided.
        mean_difference: mean of a - b.
    """

    statistic: float
    p_value: float
    mean_difference: float


def paired(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> PairedResult:
    """Paired two-sided t-test: is the mean of `a - b` 0, where both score the same items?

    Args:
        a: scores, at least two.
        b: scores of the same items in the same order.
    """
    a, b = _values(a, "a"), _values(b, "b")
    if len(a) != len(b):
        raise ValueError(
            f"`b` has {len(b)} values, expected {len(a)} as `a`: give the scores of the same items."
        )
    mean_difference = float(np.mean(a - b))
    if np.ptp(a - b) == 0:
        return PairedResult(np.nan, np.nan, mean_difference)
    test = stats.ttest_rel(a, b)
    return PairedResult(float(test.statistic), float(test.pvalue), mean_difference)


class SampleStatistics(NamedTuple):
    """What a t-test needs to know of a sample.

    Attributes:
        num: number of values.
        mean: of the values.
        variance: of the values, with the divisor num - 1.
    """

    num: int
    mean: float
    variance: float


def welch_from_statistics(a: SampleStatistics, b: SampleStatistics) -> WelchResult:
    """`welch` of two samples of which only the statistics are known."""
    for sample, name in ((a, "a"), (b, "b")):
        if sample.num < 2 or not sample.variance >= 0:
            raise ValueError(
                f"`{name}` has {sample.num} values of variance {sample.variance}, expected at least "
                "2 and a variance of at least 0; run more seeds or draw more samples."
            )
    mean_difference = float(a.mean - b.mean)
    if a.variance == 0 and b.variance == 0:
        return WelchResult(np.nan, np.nan, np.nan, mean_difference)
    errors = a.variance / a.num, b.variance / b.num  # squared standard errors of the means
    statistic = mean_difference / math.sqrt(sum(errors))
    degrees = sum(errors) ** 2 / (errors[0] ** 2 / (a.num - 1) + errors[1] ** 2 / (b.num - 1))
    p_value = float(2 * stats.t.sf(abs(statistic), degrees))
    return WelchResult(statistic, p_value, degrees, mean_difference)


def _values(sample, name: str) -> np.ndarray:
    fix = "a variance needs two values: run more seeds or draw more samples"
    return row_of_numbers(sample, name, 2, fix)
