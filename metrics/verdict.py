"""What a discriminator knows about sequences that it was not trained on."""

from typing import Any, NamedTuple

import numpy as np

from metrics.rows import row_of_finite_numbers

CALIBRATION_BINS = 10


class Verdict(NamedTuple):
    """What the logits of a discriminator say on held-out real data and on fresh samples.

    Real and generated sequences weigh one half each in accuracy, loss and calibration error,
    whatever their numbers, as in the discriminator's training.

    Attributes:
        accuracy: share judged rightly; a logit above 0 says *real*. 0.5 is chance.
        loss: cross-entropy in nats; log 2 = 0.693 for one who knows nothing.
        gain: in nats per token, see `verdict`. Above 0, the discriminator knows something that the
            generator does not.
        gain_error: standard error of the gain.
        calibration_error: expected calibration error of the probability of *real*: the distance
            between its mean and the share of real sequences, averaged over bins of equal count.
    """

    accuracy: float
    loss: float
    gain: float
    gain_error: float
    calibration_error: float


def verdict(real_logits: Any, sample_logits: Any, num_tokens: Any) -> Verdict:
    """Judges a discriminator by its logits, log D / (1 - D), which are its log-ratios of p to G.

    The generator G times the discriminator's ratio r = D / (1 - D), divided by Z = E_G[r], is a
    distribution. The *gain* is by how much it predicts real data better than G does, in nats per
    token:

        gain = (sum of log r over the real sequences - M log Z) / (their number of tokens)

    with Z the mean of r over the samples. With the exact ratio p / G it is KL(p || G) per token,
    the most that can be gained; a constant added to all logits changes nothing.

    Its standard error is by the delta method: of the real sequences that of a ratio of two sums,
    of the samples that of log Z, independent of each other. Where few samples carry most of Z, the
    gain is too high and its error too low.

    Args:
        real_logits: `[M]`, of real sequences that neither model was trained on; M at least 2.
        sample_logits: `[K]`, of fresh samples of the generator; K at least 2.
        num_tokens: `[M]`, how many tokens of each real sequence count, at least one in all.

    Raises:
        ValueError: an argument has another shape, or numbers that are not finite.
    """
    given = {"real_logits": real_logits, "sample_logits": sample_logits, "num_tokens": num_tokens}
    fix = "give a finite one for each sequence"
    real, samples, tokens = (
        row_of_finite_numbers(numbers, name, 2, fix) for name, numbers in given.items()
    )
    if len(tokens) != len(real) or tokens.min() < 0 or tokens.sum() == 0:
        raise ValueError(
            f"`num_tokens` has {len(tokens)} numbers from {tokens.min():g} to {tokens.max():g}, expected "
            f"{len(real)} counts with a sum above 0; give one for each of `real_logits`."
        )
    gain, error = _gain(real, samples, tokens)
    right = ((real > 0).mean() + (samples <= 0).mean()) / 2
    loss = (np.logaddexp(0, -real).mean() + np.logaddexp(0, samples).mean()) / 2
    return Verdict(float(right), float(loss), gain, error, _calibration_error(real, samples))


def _gain(real: np.ndarray, samples: np.ndarray, tokens: np.ndarray) -> tuple[float, float]:
    """The gain and its standard error."""
    highest = samples.max()
    ratios = np.exp(samples - highest)  # of which no one overflows
    log_z = highest + np.log(ratios.mean())
    gain = (real - log_z).sum() / tokens.sum()
    of_real = (real - log_z - gain * tokens).var(ddof=1) / len(real)
    of_samples = ratios.var(ddof=1) / ratios.mean() ** 2 / len(samples)
    return float(gain), float(np.sqrt(of_real + of_samples) / tokens.mean())


def _calibration_error(real: np.ndarray, samples: np.ndarray) -> float:
    """Over bins of about equal count; equal logits are never parted."""
    logits = np.concatenate([real, samples])
    shares = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    edges = np.unique(np.quantile(logits, shares, method="higher"))
    bins = np.searchsorted(edges, logits, side="right")
    labels = np.repeat([1.0, 0.0], [len(real), len(samples)])
    weights = np.repeat([0.5 / len(real), 0.5 / len(samples)], [len(real), len(samples)])
    probabilities = np.exp(-np.logaddexp(0, -logits))
    differences = np.bincount(bins, weights * (labels - probabilities))
    return float(np.abs(differences).sum())
