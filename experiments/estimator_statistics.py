"""How good estimates are, from repetitions of them: errors of action values, noise of gradients."""

import numpy as np


def agreement(values: np.ndarray, reference: np.ndarray, noise: float) -> dict[str, float]:
    """Errors of an estimator against a reference that has noise itself.

    Args:
        values: `[R, M]`, R independent estimates of M action values.
        reference: `[M]`, unbiased.
        noise: variance of the reference, mean over the M.

    Returns:
        `error`, root mean square of an estimate minus the true value; `bias`, that of the mean over all
        estimates; `correlation` of single estimates and the reference over the M (Pearson).
    """
    square = np.mean((values - reference) ** 2) - noise
    variance = mean_variance(values)
    of_mean = np.mean((values.mean(axis=0) - reference) ** 2) - variance / len(values) - noise
    correlations = [np.corrcoef(each, reference)[0, 1] for each in values if each.std() > 0]
    return {
        "error": float(np.sqrt(max(square, 0.0))),
        "bias": float(np.sqrt(max(of_mean, 0.0))),
        "correlation": float(np.mean(correlations)) if correlations else 0.0,
    }


def mean_variance(values: np.ndarray) -> float:
    """Variance over the first axis, unbiased, mean over the others."""
    return float(np.var(values, axis=0, ddof=1).mean())


def gradient_noise(gradients: np.ndarray, unbiased: np.ndarray) -> dict[str, float]:
    """Noise of the policy gradient with an estimator's action values.

    Args:
        gradients: `[K, R, P]`, of K batches of sequences, each with R independent estimates.
        unbiased: the same of an unbiased estimator on the same batches.

    Returns:
        `gradient_variance`, of the gradient of a batch, summed over the P weights;
        `gradient_variance_given_tokens`, the part of it that remains where the sequences are given;
        `gradient_square`, the squared norm of the expected gradient; `gradient_bias_square`, that of
        the expected difference from `unbiased`. The last two are estimated without bias, so that
        they may be below 0.
    """
    given_tokens = np.var(gradients, axis=1, ddof=1).sum(axis=-1).mean()
    single = gradients[:, 0]  # one estimate a batch, as in training
    return {
        "gradient_variance": float(np.var(single, axis=0, ddof=1).sum()),
        "gradient_variance_given_tokens": float(given_tokens),
        "gradient_square": squared_norm(gradients.mean(axis=1)),
        "gradient_bias_square": squared_norm((gradients - unbiased).mean(axis=1)),
    }


def squared_norm(samples: np.ndarray) -> float:
    """Squared norm of the expectation of what `[K, P]` are samples of, without bias."""
    noise = np.var(samples, axis=0, ddof=1).sum() / len(samples)
    return float(np.sum(samples.mean(axis=0) ** 2) - noise)
