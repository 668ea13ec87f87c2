"""What ids mean: tokens by id, the same whatever the order of the lines and the hash seed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from files.errors import DataError

PAD, END, UNKNOWN = 0, 1, 2
RESERVED = ("<pad>", "<end>", "<unk>")
LEVELS = ("word", "char")


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id; the first three ids are reserved.

    An id is reserved by its place, not by its spelling: a text that holds the word `<end>` gets an
    separate id for it.

    Args:
        tokens: V strings; `RESERVED` first, then the real ones, all different.
        level: "word" or "char", what a token is.
        task: what the tokens belong to, which says how a sequence becomes text.

    Raises:
        DataError: the tokens are invalid, or fewer than two are real.
    """

    tokens: tuple[str, ...]
    level: str = "word"
    task: str = "text"
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise DataError(
                f"The level is {self.level!r:.60}, expected one of {', '.join(LEVELS)}."
            )
        if not isinstance(self.tokens, tuple) or not all(
            isinstance(token, str) for token in self.tokens
        ):
            raise DataError("The tokens of a vocabulary are not a tuple of strings: give one.")
        real = self.tokens[len(RESERVED) :]
        if self.tokens[: len(RESERVED)] != RESERVED:
            raise DataError(
                f"A vocabulary starts with {list(self.tokens[: len(RESERVED)])!r:.60}, expected "
                f"{list(RESERVED)}: put the reserved tokens first."
            )
        if len(real) < 2:
            raise DataError(
                f"A vocabulary has {f'the one token {real[0]!r:.60}' if real else 'no token'}, expected "
                "at least 2 different ones: give more text."
            )
        ids = {token: number for number, token in enumerate(real, start=len(RESERVED))}
        if len(ids) < len(real):
            twice, _ = Counter(real).most_common(1)[0]
            raise DataError(f"A vocabulary holds {twice!r:.60} twice, expected each token once.")
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def from_sequences(
        cls,
        sequences: Iterable[Sequence[str]],
        min_count: int = 1,
        max_size: int | None = None,
        *,
        level: str = "word",
        task: str = "text",
    ) -> "Vocabulary":
        """The tokens of some sequences, the most frequent first, then by code points.

        Args:
            sequences: lists of tokens.
            min_count: how often a token must occur to get an id; rarer ones become unknown.
            max_size: the largest V, the three reserved ids included; None is no limit.
            level: see the class.
            task: see the class.
        """
        counts: Counter[str] = Counter()
        for sequence in sequences:
            counts.update(_tokens(sequence))
        return cls.from_counts(counts, min_count, max_size, level=level, task=task)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        min_count: int = 1,
        max_size: int | None = None,
        *,
        level: str = "word",
        task: str = "text",
    ) -> "Vocabulary":
        """As `from_sequences`, from how often each token occurs."""
        if min_count < 1:
            raise DataError(f"--min-count is {min_count}, expected at least 1.")
        smallest = len(RESERVED) + 2
        if max_size is not None and max_size < smallest:
            raise DataError(
                f"The vocabulary may have {max_size} ids, expected at least {smallest}: "
                f"{len(RESERVED)} are reserved."
            )
        frequent = sorted((-count, token) for token, count in counts.items() if count >= min_count)
        if len(frequent) < 2 <= len(counts):
            _, lower = sorted(counts.values(), reverse=True)[:2]
            raise DataError(
                f"--min-count {min_count} leaves {len(frequent) or 'no'} token of {len(counts):,}, "
                f"expected at least 2 for a vocabulary: give at most --min-count {lower}."
            )
        return cls((*RESERVED, *(token for _, token in frequent))[:max_size], level, task)

    @property
    def size(self) -> int:
        """V, the three reserved ids included."""
        return len(self.tokens)

    def ids(self, tokens: Iterable[str]) -> np.ndarray:
        """The id of each token, `UNKNOWN` for those that have none: int32 `[n]`."""
        number_of = self._ids.get
        return np.fromiter((number_of(token, UNKNOWN) for token in tokens), np.int32)

    def encode(self, sequence: Sequence[str], max_length: int) -> np.ndarray:
        """A sequence as ids, then `END` if there is room for it, then `PAD`: int32 `[T]`.

        Raises:
            DataError: the sequence is longer than `max_length`, or is a text.
        """
        if max_length < 1:
            raise DataError(f"--max-length is {max_length}, expected at least 1.")
        if len(_tokens(sequence)) > max_length:
            raise DataError(
                f"A sequence has {len(sequence)} tokens, expected at most {max_length}: "
                "cut it, or give a larger --max-length."
            )
        row = np.full(max_length, PAD, np.int32)
        row[: len(sequence)] = self.ids(sequence)
        row[len(sequence) : len(sequence) + 1] = END
        return row

    def encode_all(self, sequences: Sequence[Sequence[str]], max_length: int) -> np.ndarray:
        """`encode` for each of M sequences: int32 `[M, T]`."""
        rows = np.empty([len(sequences), max_length], np.int32)
        for row, sequence in enumerate(sequences):
            rows[row] = self.encode(sequence, max_length)
        return rows

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens up to the first `END` or `PAD`; `<unk>` for `UNKNOWN`.

        Args:
            ids: int `[T]`.

        Raises:
            DataError: these are no ids of this vocabulary.
        """
        numbers = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        if numbers.ndim != 1 or (numbers.size and not np.issubdtype(numbers.dtype, np.integer)):
            raise DataError(
                f"A sequence has shape {numbers.shape} and dtype {numbers.dtype}, expected ids [T]: "
                "decode one sequence of whole numbers at a time."
            )
        tokens = []
        for number in numbers.tolist():
            if number in (PAD, END):
                break
            if not 0 <= number < self.size:
                raise DataError(
                    f"There is no id {number}, expected 0 to {self.size - 1}: decode with the "
                    "vocabulary that it was encoded with."
                )
            tokens.append(self.tokens[number])
        return tokens

    def to_json(self) -> dict[str, Any]:
        """What an exported generator carries: level, size (V), tokens by id, task."""
        return {
            "task": self.task,
            "level": self.level,
            "size": self.size,
            "tokens": list(self.tokens),
        }

    @classmethod
    def from_json(cls, saved: Any) -> "Vocabulary":
        """The vocabulary that `to_json` was called on.

        Raises:
            DataError: it is not a dictionary made by `to_json`.
        """
        expected = "expected what Vocabulary.to_json gives: export the generator again"
        if not isinstance(saved, dict):
            raise DataError(f"A vocabulary is a value of type {type(saved).__name__}, {expected}.")
        for key, kind in (("task", str), ("level", str), ("size", int), ("tokens", list)):
            value = saved.get(key)
            if type(value) is not kind:
                nested = isinstance(value, dict | list)  # perhaps too deeply to be shown
                given = type(value).__name__ if nested else f"{value!r:.60}"
                raise DataError(f"A vocabulary has {given} as {key!r}, {expected}.")
        tokens = saved["tokens"]
        if not all(isinstance(token, str) and token for token in tokens):
            raise DataError(f"A vocabulary has tokens that are not text, {expected}.")
        try:
            "".join(tokens).encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can tell
            raise DataError(
                f"A vocabulary has tokens that cannot be written as UTF-8, {expected}."
            ) from error
        if len(tokens) != saved["size"]:
            raise DataError(
                f"A vocabulary has {len(tokens)} tokens and the size {saved['size']}, {expected}."
            )
        return cls(tuple(tokens), saved["level"], saved["task"])


def _tokens(sequence: Sequence[str]) -> Sequence[str]:
    """The sequence itself, unless it is a text: its characters would pass for tokens."""
    if isinstance(sequence, str | bytes):
        raise DataError(
            f"A sequence is the text {sequence!r:.60}, expected a list of tokens: split it first."
        )
    return sequence
