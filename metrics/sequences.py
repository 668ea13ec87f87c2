"""Sequences of ids without what follows their end."""

from collections.abc import Collection

import numpy as np


def before_end(sequences: np.ndarray, end_tokens: Collection[int]) -> list[np.ndarray]:
    """The tokens of each row before the first of `end_tokens`, or all of them.

    Args:
        sequences: int `[M, T]`.
        end_tokens: ids that no sequence holds: end and padding.
    """
    ends = np.isin(sequences, list(end_tokens))
    lengths = np.where(ends.any(axis=1), ends.argmax(axis=1), sequences.shape[1])
    return [row[:length] for row, length in zip(sequences, lengths, strict=True)]
