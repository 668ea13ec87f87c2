"""A corpus as ids: repeats removed, then split, then numbered by what the train part holds."""

import hashlib
import json
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.split import SplitCorpus
from data.vocabulary import END, PAD, UNKNOWN, Vocabulary
from files.errors import DataError

_LARGE = 3 << 29  # bytes of int32 above which a corpus is kept in the smallest dtype that holds it
_CHUNK = 1 << 14  # sequences handled at once
_SPLIT_TAG = 0x5B117  # sets the draw of the split apart from others with the same seed


@dataclass(frozen=True, eq=False, kw_only=True)
class Corpus(SplitCorpus):
    """Real sequences of text as ids, in three parts that share none.

    Args:
        name: what messages call it.
        train: `[M, T]`; every sequence is followed by `END` where there is room, then by `PAD`.
            int32; where all parts together would take more than 1.5 GiB so, uint8 or uint16 if
            these hold V ids: cast a batch, not the whole.
        validation: as `train`.
        test: as `train`.
        vocabulary: what the ids mean; made from the train part.
        max_length: T.
        fixed_length: whether every sequence has T tokens, so that `END` and `PAD` do not occur.
        provenance: where it came from and what was left out, for result files; see `build_corpus`.
    """

    vocabulary: Vocabulary
    fixed_length: bool


def build_corpus(
    name: str,
    sequences: Iterable[Sequence[str]],
    *,
    max_length: int,
    split_seed: int = 0,
    validation_share: float = 0.05,
    test_share: float = 0.1,
    min_count: int = 1,
    max_vocab: int | None = None,
    fixed_length: bool = False,
    too_long: str = "drop",
    level: str = "word",
    task: str = "text",
    test_sequences: Iterable[Sequence[str]] | None = None,
    counts: Counter[str] | None = None,
    test_counts: Counter[str] | None = None,
    about: dict[str, Any] | None = None,
) -> Corpus:
    """Makes a corpus of tokenized sequences, read once and kept small: a few bytes a token.

    Exact repeats are removed first, so that no part holds a sequence of another. Of the M left,
    drawn in random order, floor((validation_share + test_share) M) are held out:
    floor(validation_share M) for validation, the others for the test, at least one for each. The
    draw depends on the order of the lines and on `split_seed` alone: runs of different seeds have
    the same split.

    The poems, with 5% and 5%: 16,394 lines, 401 repeats, 15,993 poems, of which 14,394 are for
    training and 1,599 held out, 799 for validation and 800 for the test.

    Args:
        name: what messages call it.
        sequences: lists of tokens.
        max_length: T.
        split_seed: another one gives another split, of which numbers are not comparable.
        validation_share: see above.
        test_share: see above; not used with `test_sequences`.
        min_count: how often a token must occur in the train part to get an id.
        max_vocab: the largest V, the three reserved ids included; None is no limit.
        fixed_length: whether a sequence of another length than T is an error.
        too_long: "drop" leaves out what is longer than T, counted; "truncate" keeps T tokens of it.
        level: see `Vocabulary`.
        task: see `Vocabulary`.
        test_sequences: the whole test part, where it is published. A sequence that it shares with
            `sequences` is a repeat, and is kept in the test part.
        counts: what the reader of `sequences` has counted by then: "lines", and why it has skipped
            some.
        test_counts: likewise for `test_sequences`.
        about: goes into the provenance first.

    Returns:
        The corpus. Its provenance, which JSON can hold, has first what `about` has; then T, level
        and what else was asked for; the "lines" read, the "sequences" in them, what was "skipped"
        by reason, "truncated" and "repeats"; the sizes of the parts and of the vocabulary; the
        "unknown_share" of the tokens of each part; and
        "split_hash". That is the SHA-256 of `json.dumps(tokens)` of each sequence of train,
        validation and test in order, each followed by a line feed, with an empty line between two
        parts: it depends neither on ids nor on `min_count`.

    Raises:
        DataError: there are too few sequences to split, or too few tokens.
    """
    if max_length < 1:
        raise DataError(f"--max-length is {max_length}, expected at least 1.")
    if too_long not in ("drop", "truncate"):
        raise ValueError(f"`too_long` is {too_long!r}, expected drop or truncate.")
    shares = (validation_share, 0.0 if test_sequences is not None else test_share)
    if min(shares) < 0 or sum(shares) >= 1:
        raise ValueError(
            f"The shares held out are {shares}, expected two from 0, together below 1."
        )

    store = _Store(name, max_length, too_long, fixed_length)
    # The test part comes first: of two equal sequences the first is kept.
    store.add_all(test_sequences or ())
    given_for_test = len(store.lengths)
    store.add_all(sequences)
    store.check_not_empty()
    distinct = store.first_occurrences()
    repeats = len(store.lengths) - len(distinct)

    drawn = distinct[np.searchsorted(distinct, given_for_test) :]
    drawn = np.random.default_rng([split_seed, _SPLIT_TAG]).permutation(drawn)
    validation_size, test_size = _held_out(name, len(drawn), *shares)
    parts = {
        "train": drawn[validation_size + test_size :],
        "validation": drawn[:validation_size],
        "test": drawn[validation_size : validation_size + test_size],
    }
    if test_sequences is not None:
        parts["test"] = distinct[: np.searchsorted(distinct, given_for_test)]

    token_counts = store.token_counts(parts["train"])
    try:
        vocabulary = Vocabulary.from_counts(
            token_counts, min_count, max_vocab, level=level, task=task
        )
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    dtype = np.dtype(np.int32)
    if 4 * len(distinct) * max_length > _LARGE:
        dtype = min(dtype, np.min_scalar_type(vocabulary.size - 1), key=lambda kind: kind.itemsize)
    arrays = {part: store.encode(rows, vocabulary, dtype) for part, rows in parts.items()}

    skipped = (counts or Counter()) + (test_counts or Counter())
    lines = skipped.pop("lines", 0)
    skipped.update(store.skipped)
    provenance = {
        **(about or {}),
        "level": level,
        "max_length": max_length,
        "min_count": min_count,
        "max_vocab": max_vocab,
        "too_long": too_long,
        "split_seed": split_seed,
        "lines": lines or store.seen,
        "sequences": store.seen,
        "skipped": dict(sorted(skipped.items())),
        "truncated": store.truncated,
        "repeats": repeats,
        **{part: len(rows) for part, rows in parts.items()},
        "vocabulary": vocabulary.size,
        "unknown_share": {
            part: store.unknown_share(rows, arrays[part]) for part, rows in parts.items()
        },
        "split_hash": store.hash_of(parts.values()),
    }
    return Corpus(
        name=name,
        **arrays,
        vocabulary=vocabulary,
        max_length=max_length,
        fixed_length=fixed_length,
        provenance=provenance,
    )


def _held_out(name: str, num: int, validation_share: float, test_share: float) -> tuple[int, int]:
    """Sizes of the validation and the test part of `num` sequences."""
    parts = 1 + (validation_share > 0) + (test_share > 0)
    if num < parts:
        raise DataError(
            f"{name} has {num} different sequence{'s' * (num != 1)} that can be used, expected at "
            f"least {parts} to split: give more lines."
        )

    def share_of(share: float) -> int:
        return math.floor(share * num + 1e-9)  # 0.29 * 100 is below 29

    validation = max(share_of(validation_share), int(validation_share > 0))
    test = max(share_of(validation_share + test_share) - validation, int(test_share > 0))
    return validation, test


class _Store:
    """Sequences of tokens on end, as numbers given in the order in which tokens are met.

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
        self.shortest = self.longest = 0

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
                f"{self.max_length} in each: mend or remove it."
            )
        if not length:
            self.skipped["empty"] += 1
            return False
        self.longest = max(self.longest, length)
        self.shortest = min(self.shortest or length, length)
        if length > self.max_length:
            if not self.truncate:
                self.skipped["too long"] += 1
                return False
            self.truncated += 1
        return True

    def check_not_empty(self) -> None:
        if self.lengths:
            return
        if not self.longest:
            raise DataError(f"{self.name} holds no sequence, expected one a line: give more text.")
        raise DataError(
            f"{self.name} holds sequences of {self.shortest} to {self.longest} tokens, expected "
            f"some of at most {self.max_length}: give --max-length {self.longest}, or --truncate."
        )

    def first_occurrences(self) -> np.ndarray:
        """Places of the sequences that are not repeats of one before, ascending: int64 `[M]`."""
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
