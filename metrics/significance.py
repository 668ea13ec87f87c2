"""Whether two samples of a score differ in their means by more than chance."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


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


def _values(sample, name: str) -> np.ndarray:
    values = np.asarray(sample, np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"`{name}` has shape {values.shape}, expected [n] with n at least 2: a variance needs "
            "two values; run more seeds or draw more samples."
        )
    return values
