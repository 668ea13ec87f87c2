"""Statistics of judgements: judges answer yes or no about texts, each judge about many.

Answers of one judge are not independent, since some judges say "human" more readily, and neither
are those about one text. All that is here respects both. Answers are float `[J, I]`, one row a
judge and one column a text: 1 for "human", 0 for "machine", nan for none.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

_RESAMPLES = 9_999  # above as many arrangements, they are drawn; p is then at least 1e-4
_LEVEL = 0.95
_ROUNDING = 1e-12  # of a variance


class MeanScore(NamedTuple):
    """Share of answers "human" and an interval that holds the true share in 95 % of such studies.

    Attributes:
        mean: over all answers.
        low: end of the interval.
        high: end of the interval.
        num: number of answers.
    """

    mean: float
    low: float
    high: float
    num: int


class Difference(NamedTuple):
    """Two sources compared.

    Attributes:
        mean_difference: mean score of a less that of b.
        p_texts: whether the texts differ, to these judges: two-sided permutation of the texts
            between the sources, all answers about a text together; nan where a source has answers
            about fewer than two texts.
        p_judges: whether judges tell the sources apart, on these texts: two-sided permutation
            of the sources within each judge; nan for fewer than two judges.
        num_judges: judges with answers about both sources.
    """

    mean_difference: float
    p_texts: float
    p_judges: float
    num_judges: int


def mean_score(answers: np.ndarray) -> MeanScore:
    """Mean of the answers about one source, with Wilson's interval.

    The interval takes the effective number of answers: that number of independent ones would have
    the standard error of these, clustered both by judge and by text (Cameron, Gelbach, Miller:
    "Robust Inference With Multiway Clustering", 2011; the larger of the three variances counts).
    The quantile is Student's with the degrees of freedom of Satterthwaite. With one judge the
    interval is for other texts, not for other judges.

    Args:
        answers: `[J, I]` about the texts of one source.

    Raises:
        ValueError: there is no answer.
    """
    answers, given = _checked(answers)
    num = int(given.sum())
    if not num:
        raise ValueError("`answers` holds no answer, expected at least one; leave the source out.")
    mean = float(np.nansum(answers) / num)
    rest = np.where(given, answers - mean, 0.0)
    judges, texts = int(given.any(axis=1).sum()), int(given.any(axis=0).sum())
    by_judge = _clustered(rest.sum(axis=1), judges, num)
    by_text = _clustered(rest.sum(axis=0), texts, num)
    # Sums that cancel may leave a rounding error, which would decide the degrees of freedom.
    by_judge, by_text = (0.0 if part < _ROUNDING else part for part in (by_judge, by_text))
    variance = max(by_judge, by_text, by_judge + by_text - float((rest**2).sum()) / num**2)
    if variance > _ROUNDING:
        effective = min(num, mean * (1 - mean) / variance)
    else:  # no judge and no text differs: how much the answers about one text differ cannot be seen
        effective = max(judges, texts)
    parts = [(by_judge, judges - 1), (by_text, texts - 1)]
    squares = sum(part**2 / degrees for part, degrees in parts if degrees > 0)
    degrees = (by_judge + by_text) ** 2 / squares if squares > 0 else max(effective - 1, 1)
    low, high = _wilson(mean, effective, float(stats.t.ppf(0.5 + _LEVEL / 2, degrees)))
    return MeanScore(mean, low, high, num)


def difference(a: np.ndarray, b: np.ndarray, seed: int = 0) -> Difference:
    """Compares the answers of the same judges about the texts of two sources.

    A judge's readiness to say "human" cancels: it is subtracted before texts are compared, and
    within a judge it is the same for both sources. Up to 9,999 arrangements are enumerated, of more
    as many are drawn.

    Args:
        a: `[J, I_a]` about the texts of the first source.
        b: `[J, I_b]` about those of the second.
        seed: of the arrangements that are drawn.

    Raises:
        ValueError: no judge has answers about both.
    """
    (a, in_a), (b, in_b) = _checked(a), _checked(b)
    if len(a) != len(b):
        raise ValueError(
            f"`a` has {len(a)} judges and `b` {len(b)}, expected the same ones; give a row to each."
        )
    both = in_a.any(axis=1) & in_b.any(axis=1)
    if not both.any():
        raise ValueError("no judge has answers about both sources; collect more answers.")
    mean_difference = float(np.nanmean(a) - np.nanmean(b))
    a, b = a[both], b[both]
    readiness = np.nanmean(np.concatenate([a, b], axis=1), axis=1, keepdims=True)
    texts = [_text_means(answers - readiness) for answers in (a, b)]
    of_judges = np.nanmean(a, axis=1) - np.nanmean(b, axis=1)
    return Difference(
        mean_difference,
        _p_value(texts, "independent", seed) if min(map(len, texts)) > 1 else math.nan,
        _p_value([of_judges], "samples", seed) if len(of_judges) > 1 else math.nan,
        len(of_judges),
    )


def _text_means(answers: np.ndarray) -> np.ndarray:
    """Mean answer about each text that has one."""
    return np.nanmean(answers[:, ~np.isnan(answers).all(axis=0)], axis=0)


def _p_value(samples: list[np.ndarray], kind: str, seed: int) -> float:
    def statistic(*parts: np.ndarray, axis: int = -1) -> np.ndarray:
        means = [part.mean(axis=axis) for part in parts]
        return means[0] - means[1] if len(means) > 1 else means[0]

    if all(np.ptp(sample) == 0 for sample in samples) and len({s[0] for s in samples}) == 1:
        # Every arrangement of equal texts is the same; of equal judges the signs still differ.
        if kind == "independent" or samples[0][0] == 0:
            return 1.0
    test = stats.permutation_test(
        samples,
        statistic,
        permutation_type=kind,
        vectorized=True,
        n_resamples=_RESAMPLES,
        random_state=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def _clustered(sums: np.ndarray, clusters: int, num: int) -> float:
    """Variance of a mean of `num` answers in clusters, from the clusters' sums of deviations."""
    if clusters < 2:
        return 0.0
    return float(clusters / (clusters - 1) * (sums**2).sum() / num**2)


def _wilson(mean: float, num: float, quantile: float) -> tuple[float, float]:
    square = quantile**2 / num
    centre = (mean + square / 2) / (1 + square)
    half = math.sqrt(square * (mean * (1 - mean) + square / 4)) / (1 + square)
    return max(0.0, centre - half), min(1.0, centre + half)


def _checked(answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The answers as float64, and where there are some."""
    answers = np.asarray(answers, np.float64)
    given = ~np.isnan(answers)
    if answers.ndim != 2 or not np.isin(answers[given], (0, 1)).all():
        raise ValueError(
            f"`answers` has shape {answers.shape} and values other than 0, 1 and nan, or another "
            "rank than 2; give [judges, texts]."
        )
    return answers, given
