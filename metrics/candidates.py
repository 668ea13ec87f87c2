"""How likely real data are when sequences are chosen among candidates by a discriminator's ratio."""

from typing import Any

import numpy as np
from scipy.special import logsumexp

from metrics.rows import row_of_finite_numbers

_ROWS = 256  # real sequences at a time: bounds memory
_FIX = "give a finite one for each sequence"


def resampling_log_ratios(real_logits: Any, sample_logits: Any, num: int) -> np.ndarray:
    """log q(Y) / G(Y) of real sequences, q one of `num` candidates drawn with probabilities ~ r.

    Candidates are samples of G and r = D / (1 - D); this is importance resampling:

        q(Y) = G(Y) E[num r(Y) / (r(Y) + sum of the ratios of num - 1 samples)]

    The expectation is a mean over groups of the samples given. As `num` grows q tends to G r / Z.

    Args:
        real_logits: log r, `[M]`.
        sample_logits: log r of samples of G, `[K]`, K at least num - 1.
        num: candidates, at least 2.

    Returns:
        float64 `[M]`, nats.
    """
    real, samples, others = _checked(real_logits, sample_logits, num)
    groups = samples[: len(samples) // others * others].reshape(-1, others)
    log_sums = logsumexp(groups, axis=1)
    results = []
    for start in range(0, len(real), _ROWS):
        own = real[start : start + _ROWS, None]
        log_shares = -np.logaddexp(0, log_sums - own)
        results.append(logsumexp(log_shares, axis=1) + np.log(num / len(log_sums)))
    return np.concatenate(results)


def best_log_ratios(real_logits: Any, sample_logits: Any, num: int) -> np.ndarray:
    """log q(Y) / G(Y) of real sequences, q the candidate of `num` with the highest logit.

    q(Y) = G(Y) num F^(num - 1), F the share of samples with a lower ratio; where samples have the same
    ratio, with a share E of them, G(Y) ((F + E)^num - F^num) / E, for the first of equals is chosen. F
    is estimated as (1 + those among the K samples) / (1 + K), so that it is never 0.

    Args, returns: as for `resampling_log_ratios`.
    """
    real, samples, others = _checked(real_logits, sample_logits, num)
    samples = np.sort(samples)
    below = np.searchsorted(samples, real, side="left")
    equal = np.searchsorted(samples, real, side="right") - below
    lower, share = np.log((1 + below) / (1 + len(samples))), equal / (1 + len(samples))
    with np.errstate(divide="ignore", invalid="ignore"):  # where none is equal, which is not used
        upper = np.log((1 + below + equal) / (1 + len(samples)))
        tied = num * upper + np.log(-np.expm1(num * (lower - upper)) / share)
    return np.where(equal > 0, tied, np.log(num) + others * lower)


def _checked(real_logits: Any, sample_logits: Any, num: int) -> tuple[np.ndarray, np.ndarray, int]:
    if type(num) is not int or num < 2:
        raise ValueError(f"`num` is {num!r}, expected a whole number; give 2 candidates or more.")
    real = row_of_finite_numbers(real_logits, "real_logits", 1, _FIX)
    return real, row_of_finite_numbers(sample_logits, "sample_logits", num - 1, _FIX), num - 1
