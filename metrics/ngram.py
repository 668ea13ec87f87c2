"""A smoothed n-gram language model, the control for what a discriminator adds to a generator."""

from collections.abc import Sequence

import numpy as np
from nltk.lm import NgramCounter
from nltk.util import everygrams

START = -1  # before a sequence; no id


class NgramModel:
    """Probabilities of the next token by Witten-Bell interpolation (Chen and Goodman, 1999, Section 2.4), over given ids.

    Args:
        sequences: of ids, to count n-grams in; each with its end token, where it has one.
        order: the longest n-gram, at least 1.
        num_ids: how many ids can be written; all have a probability above 0.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], order: int, num_ids: int) -> None:
        if type(order) is not int or order < 1:
            raise ValueError(f"`order` is {order!r}, expected a whole number; give 1 or more.")
        if type(num_ids) is not int or num_ids < 1:
            raise ValueError(f"`num_ids` is {num_ids!r}, expected a whole number; give 1 or more.")
        self.order = order
        self._num_ids = num_ids
        padded = (self._padded(sequence) for sequence in sequences)
        grams = (everygrams(tokens, max_len=order) for tokens in padded)
        # Only n-grams that end in a token: the start is never written.
        self._counts = NgramCounter([g for g in each if g[-1] != START] for each in grams)

    def token_log_probs(self, sequence: Sequence[int]) -> np.ndarray:
        """log P(y_t | Y_{1:t-1}) for each token, nats: float64 `[len(sequence)]`."""
        tokens, before = self._padded(sequence), self.order - 1
        scores = [
            self._score(tokens[t], tuple(tokens[t - before : t]))
            for t in range(before, len(tokens))
        ]
        return np.log(scores)

    def _padded(self, sequence: Sequence[int]) -> list[int]:
        return [START] * (self.order - 1) + [int(token) for token in sequence]

    def _score(self, token: int, context: tuple[int, ...]) -> float:
        # The shortest n-grams are interpolated with the same probability for every id.
        counts = self._counts[context] if context else self._counts.unigrams
        shorter = self._score(token, context[1:]) if context else 1 / self._num_ids
        kinds, total = len(counts), counts.N()
        return (counts[token] + kinds * shorter) / (total + kinds) if total else shorter
