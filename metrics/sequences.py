"""Sequences of ids: checked, and without what follows their end."""

from collections.abc import Collection
from typing import Any

import numpy as np


def check_sequences(sequences: Any) -> np.ndarray:
    """Returns `sequences` as an array of ids, int `[M, T]`, or raises `ValueError`."""
    try:
        ids = np.asarray(sequences)
    except ValueError as error:  # rows of unequal length
        raise ValueError(
            f"`sequences` are not rows of equal length ({error}), expected ids [M, T]; pad them."
        ) from error
    if ids.ndim != 2 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"`sequences` have shape {ids.shape} and dtype {ids.dtype}, expected ids [M, T], M and "
            "T at least 1; give whole sequences of whole numbers."
        )
    return ids


def before_end(sequences: np.ndarray, end_tokens: Collection[int]) -> list[np.ndarray]:
    """The tokens of each row before the first of `end_tokens`, or all of them.

    Args:
        sequences: int `[M, T]`.
        end_tokens: ids that no sequence holds: end and padding.

    Raises:
        ValueError: these are no sequences.
    """
    ids = check_sequences(sequences)
    ends = np.isin(ids, list(end_tokens))
    lengths = np.where(ends.any(axis=1), ends.argmax(axis=1), ids.shape[1])
    return [row[:length] for row, length in zip(ids, lengths, strict=True)]
