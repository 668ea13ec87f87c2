"""Negative log-likelihoods, of the oracle for what the generator writes and the other way round."""

from collections.abc import Callable

import numpy as np

from metrics.rows import row_of_numbers
from metrics.sequences import check_sequences


def sequence_nll(log_prob: Callable, sequences: np.ndarray) -> np.ndarray:
    """-log p of whole sequences, nats per sequence: float64 `[M]`.

    Args:
        log_prob: a model's log-probability of sequences, int `[M, T]` -> `[M]`. With the oracle's and
            generated sequences this is NLL-oracle; with the generator's and held-out real
            sequences, NLL-test.
        sequences: int `[M, T]`.

    Raises:
        ValueError: these are no sequences, or the model gives no number for each.
    """
    ids = check_sequences(sequences)
    log_probs = np.asarray(log_prob(sequences), np.float64)
    if log_probs.shape != (len(ids),):
        raise ValueError(
            f"`log_prob` gave shape {log_probs.shape} for {len(ids)} sequences, expected "
            f"[{len(ids)}]; give the log-probability of whole sequences, not of tokens."
        )
    return -log_probs


def per_token(sequence_nll: np.ndarray, max_length: int) -> float:
    """Mean nats per token, the unit of the paper's tables: the sum over T tokens, divided by T."""
    fix = "give what `sequence_nll` gives"
    nll = row_of_numbers(sequence_nll, "sequence_nll", 1, fix)
    if not isinstance(max_length, int | np.integer) or max_length < 1:
        raise ValueError(
            f"`max_length` is {max_length}, expected at least 1, whole; give T, the tokens of a sequence."
        )
    return float(nll.mean() / max_length)
