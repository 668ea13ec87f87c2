"""BLEU of many sequences against one set of references, equal to NLTK's `sentence_bleu`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

# A list of lists of ids or strings, or an int array [M, T]; `token_lists` says what else is taken.
Sequences = Iterable[Any]

VARIANTS = ("strict", "method1", "legacy")

# Above every n-gram key: a search that runs off the end finds it, and finds it different.
_NO_KEY = np.iinfo(np.int64).max


class BleuScorer:
    """Sentence BLEU against the whole of one reference set, whose n-grams are counted once.

    BLEU-n is the brevity penalty times the geometric mean of the clipped precisions of orders
    1..n, each of weight 1/n (Papineni et al., 2002). The variants differ only in what replaces
    the precision of an order without overlap. In all of them a hypothesis without a single known
    token, and so an empty one, scores 0.

    - `method1`: 0.1 matches instead of none, `SmoothingFunction().method1` of NLTK.
    - `strict`: the smallest normal float, so BLEU-n is 0 to any printed precision; unsmoothed
      `sentence_bleu` of NLTK 3.3 and later.
    - `legacy`: the order is left out and the weights stay 1/n, as if its precision were 1;
      unsmoothed `sentence_bleu` of NLTK 3.2.2 to 3.2.5. It is not monotone in quality: less
      overlap can score more. Weights are not adapted to short hypotheses (`auto_reweigh` was off
      by default). NLTK 3.2.1 agrees but fails on hypotheses shorter than n; 3.2 also returns 0
      where every order with overlap has precision 1.

    An order longer than the hypothesis counts as an order without overlap, of one n-gram, as in
    NLTK. Every token counts, padding too: cut padded sequences first.

    Args:
        references: R sequences of hashable tokens, ids or strings: a list of lists, tuples or
            1-D arrays, of any lengths, or a 2-D array.
        max_order: the largest n.
        variant: `"method1"`, `"strict"` or `"legacy"`.
    """

    def __init__(self, references: Sequences, max_order: int = 5, variant: str = "method1"):
        whole = isinstance(max_order, int | np.integer) and not isinstance(max_order, bool)
        if not whole or max_order < 1:
            raise ValueError(
                f"`max_order` is {max_order!r}, expected a whole number of at least 1; "
                "BLEU-4 needs 4."
            )
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` is {variant!r}, expected one of {', '.join(VARIANTS)}; "
                "take method1 to compare models."
            )
        rows = token_lists(references, "references")
        if not rows:
            raise ValueError(
                "`references` hold no sequence, expected at least one; "
                "give the sequences to compare with."
            )
        self.max_order = int(max_order)
        self.variant = variant
        self.num_references = len(rows)

        self._vocabulary: dict[Any, int] = {}
        with tokens_expected("references"):
            for row in rows:
                for token in row:
                    self._vocabulary.setdefault(token, len(self._vocabulary))
        self._tokens, self._lengths = self._encode(rows)
        self._sorted_lengths = np.sort(self._lengths)
        # Per order: sorted keys of all n-grams; the two largest counts of each in one reference.
        self._keys: list[np.ndarray] = []
        self._largest_counts = [
            _two_largest(ngrams, counts)
            for _, ngrams, counts in self._count_ngrams(self._tokens, self._lengths, learn=True)
        ]

    def sentence_scores(self, hypotheses: Sequences) -> np.ndarray:
        """Scores each hypothesis against all references.

        Args:
            hypotheses: M sequences, of any form that `references` can have.

        Returns:
            float64 `[M, max_order]`; column n - 1 is BLEU-n.
        """
        rows = token_lists(hypotheses, "hypotheses")
        if not rows:
            raise ValueError(
                "`hypotheses` hold no sequence, expected at least one; give the sequences to score."
            )
        with tokens_expected("hypotheses"):
            encoded = self._encode(rows)
        return self._scores(*encoded)

    def leave_one_out_scores(self) -> np.ndarray:
        """Scores each reference against all the others.

        A second copy of a sequence is one of the others.

        Returns:
            float64 `[R, max_order]`; column n - 1 is BLEU-n.
        """
        if self.num_references < 2:
            raise ValueError(
                "`references` hold 1 sequence, expected at least 2 to leave one out; "
                "give more sequences."
            )
        return self._scores(self._tokens, self._lengths, leave_one_out=True)

    def _encode(self, rows: list[Sequence[Any]]) -> tuple[np.ndarray, np.ndarray]:
        """All tokens on end, int64 `[sum of lengths]`, and the lengths, int64 `[M]`.

        A token that no reference holds becomes the size of the vocabulary.
        """
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        number_of, unknown = self._vocabulary.get, len(self._vocabulary)
        numbers = (number_of(token, unknown) for row in rows for token in row)
        return np.fromiter(numbers, np.int64, int(lengths.sum())), lengths

    def _count_ngrams(
        self, tokens: np.ndarray, lengths: np.ndarray, learn: bool = False
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yields for n = 1..max_order which n-grams of the references each row holds, how often.

        An n-gram is its place among the sorted keys of its order, and its key is made of the place
        of its first n - 1 tokens and its last token. Equal n-grams so have equal numbers, exactly,
        and numbers stay below the count of n-grams, whatever n is.

        Args:
            tokens: from `_encode`.
            lengths: from `_encode`.
            learn: whether the n-grams found are the ones to know.

        Yields:
            int64 rows, n-grams and counts, one of each for every pair of a row and an n-gram in it.
        """
        row_of = np.repeat(np.arange(len(lengths)), lengths)
        tokens_left = np.cumsum(lengths)[row_of] - np.arange(len(tokens))
        starts = np.arange(len(tokens))
        ngrams = np.zeros(len(tokens), np.int64)
        for order in range(1, self.max_order + 1):
            fits = tokens_left[starts] >= order
            starts, ngrams = starts[fits], ngrams[fits]
            keys = ngrams * (len(self._vocabulary) + 1) + tokens[starts + order - 1]
            if learn:
                self._keys.append(np.append(np.unique(keys), _NO_KEY))
            known_keys = self._keys[order - 1]
            ngrams = np.searchsorted(known_keys, keys)
            # No longer n-gram that begins like an unknown one is known either.
            known = known_keys[ngrams] == keys
            starts, ngrams = starts[known], ngrams[known]
            pairs, counts = np.unique(row_of[starts] * len(known_keys) + ngrams, return_counts=True)
            rows, ngrams_of_rows = np.divmod(pairs, len(known_keys))
            yield rows, ngrams_of_rows, counts

    def _scores(
        self, tokens: np.ndarray, lengths: np.ndarray, leave_one_out: bool = False
    ) -> np.ndarray:
        """BLEU `[M, max_order]` of encoded rows; `leave_one_out` if they are the references."""
        matches = np.zeros([len(lengths), self.max_order])
        for column, (rows, ngrams, counts) in enumerate(self._count_ngrams(tokens, lengths)):
            # The second largest count clips a reference as the others would: if it holds the
            # largest alone, the others' largest is the second; if not, neither of the two clips.
            limits = self._largest_counts[column][1 if leave_one_out else 0]
            clipped = np.minimum(counts, limits[ngrams])
            matches[:, column] = np.bincount(rows, clipped, minlength=len(lengths))

        orders = np.arange(1, self.max_order + 1)
        totals = np.maximum(1, lengths[:, None] - orders + 1)
        without_overlap: dict[str, Any] = {
            "strict": np.finfo(np.float64).tiny,
            "method1": 0.1 / totals,
            "legacy": 1.0,
        }
        precisions = np.where(matches > 0, matches / totals, without_overlap[self.variant])
        means = np.exp(np.cumsum(np.log(precisions), axis=1) / orders)
        closest = self._closest_lengths(lengths, leave_one_out)
        penalties = np.exp(np.minimum(0.0, 1.0 - closest / np.maximum(lengths, 1)))
        return np.where(matches[:, :1] > 0, penalties[:, None] * means, 0.0)

    def _closest_lengths(self, lengths: np.ndarray, leave_one_out: bool) -> np.ndarray:
        """Length of the reference closest to each of `lengths`, the shorter one on a tie."""
        padded = np.concatenate([[-np.inf], self._sorted_lengths, [np.inf]])
        place = np.searchsorted(self._sorted_lengths, lengths)
        shorter = padded[place]
        # The first reference that is not shorter; a reference finds itself there and steps over.
        longer = padded[place + (2 if leave_one_out else 1)]
        return np.where(lengths - shorter <= longer - lengths, shorter, longer)


@contextmanager
def tokens_expected(name: str) -> Iterator[None]:
    """Makes of the error of a token that cannot be looked up one that says what a token is.

    Args:
        name: what the error calls the sequences.
    """
    try:
        yield
    except TypeError as error:
        raise ValueError(
            f"`{name}` hold an invalid token ({error}), expected ids or strings; give sequences "
            "of tokens, not sequences of sequences of them."
        ) from error


def token_lists(sequences: Sequences, name: str) -> list[Sequence[Any]]:
    """Returns sequences of tokens as Python lists or tuples, or raises `ValueError`.

    Args:
        sequences: lists, tuples or 1-D arrays of tokens, or a 2-D array.
        name: what an error calls them.
    """
    if hasattr(sequences, "__array__"):
        array = np.asarray(sequences)
        if array.ndim != 2 and array.dtype != object:
            raise ValueError(
                f"`{name}` have shape {array.shape}, expected 2-D: one row a sequence, one column "
                "a token; add or merge an axis."
            )
        if array.dtype.kind in "fc":
            raise ValueError(
                f"`{name}` have dtype {array.dtype}, expected ids or strings; give the tokens, not "
                "their logits."
            )
        sequences = array.tolist()
    if isinstance(sequences, str | bytes) or not isinstance(sequences, Iterable):
        raise ValueError(
            f"`{name}` are {sequences!r:.60}, expected sequences of tokens; put a single sequence "
            "in a list."
        )
    rows: list[Sequence[Any]] = []
    for row in sequences:
        if isinstance(row, str | bytes) or not isinstance(row, Iterable):
            raise ValueError(
                f"`{name}` hold {row!r:.60}, expected sequences of tokens; split a text first "
                "(`list(text)` for characters) and put a single sequence in a list."
            )
        if hasattr(row, "__array__"):
            array = np.asarray(row)
            if array.ndim != 1:
                raise ValueError(
                    f"`{name}` hold a row of shape {array.shape}, expected 1-D: its tokens; "
                    "give each sequence as a row."
                )
            if array.dtype.kind in "fc":
                raise ValueError(
                    f"`{name}` hold a row of dtype {array.dtype}, expected ids or strings; give the "
                    "tokens, not their logits."
                )
            row = array.tolist()
        rows.append(row if isinstance(row, list | tuple) else list(row))
    return rows


def _two_largest(groups: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest and second largest value of groups 0..G-1, none empty: two `[G]`.

    Of two equal largest values the second is the other one; of a single value it is 0.
    """
    values = values[np.lexsort((values, groups))]
    sizes = np.bincount(groups)
    last = np.cumsum(sizes) - 1
    return values[last], np.where(sizes > 1, values[last - 1], 0)
