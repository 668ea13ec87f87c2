"""How far judges agree beyond chance."""

import numpy as np


def krippendorff_alpha(ratings: np.ndarray) -> float:
    """Krippendorff's alpha for nominal ratings: 1 is full agreement, 0 what chance would give.

    Judges may leave items out. An item with a single rating does not count, since nobody agrees or
    disagrees with it (Krippendorff: "Computing Krippendorff's Alpha-Reliability", 2011).

    Args:
        ratings: `[J, I]`, one row a judge and one column an item; nan for a missing rating.

    Returns:
        alpha; nan where no item has two ratings, or all ratings that count are equal.
    """
    ratings = np.asarray(ratings, np.float64)
    if ratings.ndim != 2:
        raise ValueError(
            f"`ratings` has shape {ratings.shape}, expected [judges, items]; give one row a judge."
        )
    values = np.unique(ratings[~np.isnan(ratings)])
    counts = (ratings[..., None] == values).sum(axis=0).astype(np.float64)  # [I, values]
    per_item = counts.sum(axis=-1)  # ratings of each item
    counts, per_item = counts[per_item > 1], per_item[per_item > 1]
    # Pairs of ratings of the same item, each item weighted by its number of ratings.
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    coincidences = (pairs / (per_item - 1)[:, None, None]).sum(axis=0)
    totals = coincidences.sum(axis=0)
    num = totals.sum()
    expected = num**2 - (totals**2).sum()  # of disagreement, times num
    if expected == 0:
        return float("nan")
    observed = num - np.trace(coincidences)
    return float(1 - (num - 1) * observed / expected)


def agreeing_share(ratings: np.ndarray) -> float:
    """Share of pairs of ratings of the same item that are equal; nan where there is no pair.

    Args:
        ratings: as in `krippendorff_alpha`.
    """
    ratings = np.asarray(ratings, np.float64)
    equal = total = 0
    for first in range(len(ratings)):
        both = ~np.isnan(ratings[first]) & ~np.isnan(ratings[first + 1 :])
        equal += int((both & (ratings[first] == ratings[first + 1 :])).sum())
        total += int(both.sum())
    return equal / total if total else float("nan")
