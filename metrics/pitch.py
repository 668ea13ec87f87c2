"""How far generated tunes are from real ones, in pitch.

Sequences are int `[M, T]` of piano keys 1 to 88, a semitone apart; id 0 is padding and left out.

The paper reports a mean squared error of pitch and does not say which real sequence a generated one
is compared with. `paired_mse` so gives two readings, and the other two measures need no pairing. A
number here means little alone: compare it with that of held-out real sequences.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NUM_KEYS = 88
MAX_INTERVAL = 24  # semitones; wider steps count as this wide

_CHUNK = 1 << 22  # pairs compared at once: 32 MB for each number kept of them


class PairedMSE(NamedTuple):
    """Mean squared error of pitch in squared semitones, under two pairings.

    Args:
        random: each sample with one reference drawn at random. It falls as samples become more
            alike, and is lowest for the mean melody: report it with a measure of diversity.
        nearest: each sample with the reference that it is closest to. 0 for copies of references.
    """

    random: float
    nearest: float


def paired_mse(samples: np.ndarray, references: np.ndarray, seed: int | Sequence[int]) -> PairedMSE:
    """Mean squared error of pitch between samples and references, step by step, semitones².

    The error of a pair is the mean over the steps at which both have a key, and that of all the
    mean over the samples. References are drawn with replacement, and so the draw for one sample
    does not depend on the others.

    Args:
        samples: int `[M, T]`, ids 0 to 88, padding after the keys.
        references: int `[R, T]`, ids 0 to 88, padding after the keys.
        seed: of the random pairing, as `np.random.default_rng` takes it.
    """
    samples, references = _ids(samples, "samples"), _ids(references, "references")
    if samples.shape[1] != references.shape[1]:
        raise ValueError(
            f"`samples` and `references` have {samples.shape[1]} and {references.shape[1]} steps, "
            "expected as many: cut or pad the longer ones."
        )
    if not (samples[:, 0].all() and references[:, 0].all()):
        raise ValueError(
            "`samples` or `references` hold a sequence that starts with padding, expected the keys "
            "first, so that any two can be compared; move the padding to the end."
        )
    drawn = np.random.default_rng(seed).integers(0, len(references), len(samples))
    partners = references[drawn]
    both = (samples > 0) & (partners > 0)
    at_random = np.sum(both * (samples - partners) ** 2, axis=1) / both.sum(axis=1)

    chunk = max(1, _CHUNK // len(references))
    nearest = [
        _mean_squares(samples[start : start + chunk], references).min(axis=1)
        for start in range(0, len(samples), chunk)
    ]
    return PairedMSE(float(at_random.mean()), float(np.concatenate(nearest).mean()))


def histogram_mse(samples: np.ndarray, references: np.ndarray) -> float:
    """Mean squared difference of the two histograms of keys, squared percentage points.

    A histogram is the percentage of all steps at which each of the 88 keys sounds; the mean is over
    the keys. Lengths may differ.

    Args:
        samples: int `[M, T]`, ids 0 to 88.
        references: int `[R, T']`, ids 0 to 88.
    """
    return _squared_difference(
        _ids(samples, "samples").ravel(), _ids(references, "references").ravel(), 1, NUM_KEYS
    )


def interval_histogram_mse(samples: np.ndarray, references: np.ndarray) -> float:
    """Mean squared difference of the two histograms of intervals, squared percentage points.

    An interval is a key less the one before it, in semitones, cut to -24..24; a histogram is the
    percentage of each of these 49, and the mean is over them.

    Args:
        samples: int `[M, T]`, ids 0 to 88.
        references: int `[R, T']`, ids 0 to 88.
    """
    return _squared_difference(
        _intervals(samples, "samples"),
        _intervals(references, "references"),
        -MAX_INTERVAL,
        MAX_INTERVAL,
    )


def _mean_squares(samples: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Mean squared error of every pair, float64 `[M, R]`.

    Σ (s - r)² = Σ s² - 2 Σ s r + Σ r², each sum over the steps at which both have a key, is three
    matrix products; of whole numbers this small they are exact.
    """
    s, r = samples.astype(np.float64), references.T.astype(np.float64)
    has_s, has_r = np.sign(s), np.sign(r)
    return (s**2 @ has_r - 2 * (s @ r) + has_s @ r**2) / (has_s @ has_r)


def _squared_difference(values: np.ndarray, others: np.ndarray, low: int, high: int) -> float:
    """Mean squared difference of two histograms in percent over low..high; the rest is left out."""
    percent = []
    for data in (values, others):
        counts = np.bincount(data[(data >= low) & (data <= high)] - low, minlength=high - low + 1)
        percent.append(100 * counts / counts.sum())
    return float(np.mean((percent[0] - percent[1]) ** 2))


def _intervals(sequences: np.ndarray, name: str) -> np.ndarray:
    """All intervals, int `[number]`."""
    keys = _ids(sequences, name)
    before, after = keys[:, :-1], keys[:, 1:]
    intervals = (after - before)[(before > 0) & (after > 0)]
    if not len(intervals):
        raise ValueError(
            f"`{name}` hold no two keys in a row, expected at least one interval; give longer "
            "sequences."
        )
    return np.clip(intervals, -MAX_INTERVAL, MAX_INTERVAL)


def _ids(sequences: np.ndarray, name: str) -> np.ndarray:
    """The sequences as int64 `[M, T]`, checked."""
    try:
        keys = np.asarray(sequences)
    except ValueError as error:  # rows of unequal length
        raise ValueError(
            f"`{name}` are not rows of equal length ({error}), expected whole numbers [M, T]; pad "
            "sequences of unequal length with 0."
        ) from error
    if keys.ndim != 2 or not np.issubdtype(keys.dtype, np.integer):
        raise ValueError(
            f"`{name}` have shape {keys.shape} and dtype {keys.dtype}, expected whole numbers "
            "[M, T]; pad sequences of unequal length with 0."
        )
    if not keys.any():
        raise ValueError(f"`{name}` hold no key, expected at least one; give some sequences.")
    if keys.min() < 0 or keys.max() > NUM_KEYS:
        raise ValueError(
            f"`{name}` hold ids from {keys.min()} to {keys.max()}, expected 0 to {NUM_KEYS}, "
            "padding and the keys of a piano; MIDI pitches are larger by 20."
        )
    return keys.astype(np.int64)
