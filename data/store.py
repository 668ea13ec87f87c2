"""Sequences of tokens kept in a few bytes a token: repeats found, tokens counted, ids given."""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from data.vocabulary import END, PAD, UNKNOWN, Vocabulary
from files.errors import DataError

_CHUNK = 1 << 14  # sequences handled at once


class Store:
    """Sequences of tokens one after another, as numbers given in the order in which tokens are met.

    Each token takes as few bytes as the largest number needs, each sequence 20 bytes more: 4 for
    its length and 16 for a digest, by which repeats are found.
    """

    def __init__(self, name: str, max_length: int, too_long: str, fixed_length: bool):
        self.name = name
        self.max_length = max_length
        self.truncate = too_long == "truncate"
        self.fixed_length = fixed_length
        self.number_of: dict[str, int] = {}
        self.numbers = array("B")
        self.room = 1 << 8  # how many different numbers fit
        self.lengths = array("I")
        self.digests = bytearray()
        self.seen = 0
        self.truncated = 0
        self.skipped: Counter[str] = Counter()
        self.given: Counter[int] = Counter()  # sequences by their length before any cut

    def add_all(self, sequences: Iterable[Sequence[str]]) -> None:
        number_of = self.number_of
        for tokens in sequences:
            if isinstance(tokens, str):  # its characters would pass for tokens
                raise ValueError(
                    f"{self.name} has as sequence {self.seen + 1} the text {tokens!r:.60}, expected "
                    "a list of tokens: split it first."
                )
            if not self._takes(len(tokens)):
                continue
            numbers = [
                number_of.setdefault(token, len(number_of)) for token in tokens[: self.max_length]
            ]
            if len(number_of) > self.room:
                code = "H" if len(number_of) <= 1 << 16 else "I"
                self.numbers = array(code, self.numbers)
                self.room = 1 << 8 * self.numbers.itemsize
            self.numbers.extend(numbers)
            self.lengths.append(len(numbers))
            packed = array("I", numbers).tobytes()
            self.digests += hashlib.blake2b(packed, digest_size=16).digest()

    def _takes(self, length: int) -> bool:
        """Whether a sequence of that length is kept, which is counted."""
        self.seen += 1
        if self.fixed_length and length != self.max_length:
            raise DataError(
                f"{self.name} has as sequence {self.seen} one of {length} tokens, expected "
                f"{self.max_length} in each: fix or remove it."
            )
        if not length:
            self.skipped["empty"] += 1
            return False
        self.given[length] += 1
        if length > self.max_length:
            if not self.truncate:
                self.skipped["too long"] += 1
                return False
            self.truncated += 1
        return True

    def length_of_share(self, share: float) -> int:
        """The least length that at least that share of the sequences does not exceed; 0 for none."""
        so_far = 0
        for length, num in sorted(self.given.items()):
            so_far += num
            if so_far >= share * self.given.total():
                return length
        return 0

    def one_token_share(self, rows: np.ndarray) -> float:
        """Share of some sequences that are one token."""
        lengths = np.frombuffer(self.lengths, np.uint32)[rows]
        return float(np.mean(lengths == 1)) if len(rows) else 0.0

    def first_occurrences(self) -> np.ndarray:
        """Places of the sequences that are not repeats of one before, ascending: int64 `[M]`."""
        if not self.lengths:
            return np.zeros(0, np.int64)
        halves = np.frombuffer(self.digests, np.uint64).reshape(-1, 2)
        order = np.lexsort((halves[:, 1], halves[:, 0]))  # keeps the order of equal ones
        halves = halves[order]
        new = np.ones(len(order), bool)
        new[1:] = (halves[1:] != halves[:-1]).any(axis=1)
        self.digests = bytearray()  # not needed again
        return np.sort(order[new])

    def _chunks(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of some sequences on end and their lengths, a chunk of sequences at a time."""
        numbers = np.frombuffer(self.numbers, self.numbers.typecode)
        lengths = np.frombuffer(self.lengths, np.uint32)
        starts = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        for start in range(0, len(rows), _CHUNK):
            these = rows[start : start + _CHUNK]
            sizes = lengths[these].astype(np.int64)
            shift = starts[these] - (np.cumsum(sizes) - sizes)
            yield numbers[np.arange(sizes.sum()) + np.repeat(shift, sizes)], sizes

    def token_counts(self, rows: np.ndarray) -> dict[str, int]:
        """How often each token occurs in some sequences."""
        counts = np.zeros(len(self.number_of), np.int64)
        for numbers, _ in self._chunks(rows):
            counts += np.bincount(numbers, minlength=len(counts))
        return {
            token: count
            for token, count in zip(self.number_of, counts.tolist(), strict=True)
            if count
        }

    def encode(self, rows: np.ndarray, vocabulary: Vocabulary, dtype: Any) -> np.ndarray:
        """Some sequences as `vocabulary.encode_all` gives them: `[M, T]`."""
        ids = vocabulary.ids(self.number_of).astype(dtype)
        encoded = np.full([len(rows), self.max_length], PAD, dtype)
        places = np.arange(self.max_length)
        for chunk, (numbers, sizes) in enumerate(self._chunks(rows)):
            part = encoded[chunk * _CHUNK : chunk * _CHUNK + len(sizes)]
            part[places < sizes[:, None]] = ids[numbers]
            part[places == sizes[:, None]] = END
        return encoded

    def unknown_share(self, rows: np.ndarray, encoded: np.ndarray) -> float:
        """Share of the tokens of some sequences that are `UNKNOWN`."""
        tokens = np.frombuffer(self.lengths, np.uint32)[rows].sum(dtype=np.int64)
        return float((encoded == UNKNOWN).sum() / max(tokens, 1))

    def hash_of(self, parts: Iterable[np.ndarray]) -> str:
        """The `split_hash` of `build_corpus`."""
        quoted = list(map(json.dumps, self.number_of))
        digest = hashlib.sha256()
        for place, rows in enumerate(parts):
            if place:
                digest.update(b"\n")
            for numbers, sizes in self._chunks(rows):
                flat = [quoted[number] for number in numbers.tolist()]
                ends = np.cumsum(sizes).tolist()
                for start, end in zip([0, *ends], ends, strict=False):
                    digest.update(f"[{', '.join(flat[start:end])}]\n".encode())
        return digest.hexdigest()
