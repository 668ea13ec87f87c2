"""Negative log-likelihoods, of the oracle for what the generator writes and the other way round."""

from collections.abc import Callable

import numpy as np


def sequence_nll(log_prob: Callable, sequences: np.ndarray) -> np.ndarray:
    """-log p of whole sequences, nats per sequence: float64 `[M]`.

    Args:
        log_prob: a model's log-probability of sequences, int `[M, T]` -> `[M]`. With the oracle's and
            generated sequences this is NLL-oracle; with the generator's and held-out real
            sequences, NLL-test.
        sequences: int `[M, T]`.
    """
    return -np.asarray(log_prob(sequences), np.float64)


def per_token(sequence_nll: np.ndarray, max_length: int) -> float:
    """Mean nats per token, the unit of the paper's tables: the sum over T tokens, divided by T."""
    return float(np.mean(sequence_nll) / max_length)
