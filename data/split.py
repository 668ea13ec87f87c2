"""What a corpus is after its split, whatever its sequences are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# Each part has at least so many sequences: self-BLEU compares each of them with the others.
MIN_SEQUENCES = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitCorpus:
    """Real sequences in three parts that share none.

    Args:
        name: what messages call it.
        train: ids, int `[M, T]`.
        validation: as `train`.
        test: as `train`.
        max_length: T.
        provenance: where it came from, what was left out and how it was split, as JSON can hold it.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    max_length: int
    provenance: dict[str, Any]
