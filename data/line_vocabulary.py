"""Lines of text to ids and back, for the library: a vocabulary that tokenizes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from data.lines import composed
from data.text import to_text, words
from data.vocabulary import END, LEVELS, PAD, UNKNOWN, Vocabulary
from files.errors import DataError, named_as_arguments


class LineVocabulary(Vocabulary):
    """A `Vocabulary` whose sequences are lines of text.

    Example:

        vocabulary = LineVocabulary.from_lines(lines, level="word")
        real = vocabulary.encode_lines(lines, max_length=20)    # int32 [M, T]
        vocabulary.decode_lines(real)                            # the lines again
    """

    @classmethod
    def from_lines(
        cls,
        lines: Iterable[str],
        level: str = "word",
        min_count: int = 1,
        max_size: int | None = None,
    ) -> "LineVocabulary":
        """The tokens of some lines, the most frequent first.

        Args:
            lines: text, a sequence each.
            level: "word" or "char", what a token is.
            min_count: how often a token must occur to get an id; rarer ones are unknown.
            max_size: the largest V, the three reserved ids included; None: no limit.
        """
        sequences = (_tokens(line, level) for line in _lines(lines))
        with named_as_arguments():
            made = cls.from_sequences(sequences, min_count, max_size, level=level)
        return cls(made.tokens, level)

    @property
    def generator_options(self) -> dict[str, Any]:
        """Keyword arguments of a `Generator` of such lines: its end, padding and unknown ids."""
        return {"end_token": END, "pad_token": PAD, "blocked_tokens": (PAD, UNKNOWN)}

    def encode_lines(
        self, lines: Sequence[str], max_length: int, truncate: bool = False
    ) -> np.ndarray:
        """Lines as ids, then the end token where there is room, then padding: int32 `[M, T]`.

        Args:
            lines: M lines of text, none blank.
            max_length: T.
            truncate: whether to cut a longer line to its first T tokens instead of refusing it.

        Raises:
            DataError: a line is blank, is not text or has more than T tokens.
        """
        if not isinstance(max_length, int | np.integer) or max_length < 1:
            raise DataError(
                f"`max_length` is {max_length!r:.60}, expected a whole number above 0: give that of the "
                "generator."
            )
        sequences = [_tokens(line, self.level) for line in _lines(lines)]
        for number, tokens in enumerate(sequences, start=1):
            if not tokens:
                raise DataError(f"Line {number} is blank, expected text: leave such lines out.")
            if len(tokens) > max_length and not truncate:
                longest = max(map(len, sequences))
                raise DataError(
                    f"Line {number} has {len(tokens)} tokens, expected at most {max_length}: pass "
                    f"max_length={longest}, or truncate=True."
                )
        return self.encode_all([tokens[:max_length] for tokens in sequences], max_length)

    def decode_lines(self, sequences: np.ndarray) -> list[str]:
        """Text of each sequence of int `[M, T]`, up to its end. Raises `DataError` for other shapes."""
        if np.ndim(sequences) == 1 and len(sequences):
            raise DataError(
                "`sequences` have one dimension, expected ids [M, T]: put a single sequence in a list."
            )
        return [to_text(self.decode(row), self.level) for row in np.asarray(sequences)]


def _lines(lines: Iterable[str]) -> Iterable[str]:
    if isinstance(lines, str):
        raise DataError("`lines` is one string, expected a list of lines: pass lines.splitlines().")
    return lines


def _tokens(line: str, level: str) -> list[str]:
    if level not in LEVELS:
        raise DataError(f"`level` is {level!r}, expected one of {', '.join(LEVELS)}.")
    if not isinstance(line, str):
        raise DataError(
            f"A line is {line!r:.60}, expected text: decode bytes, and leave out what is missing."
        )
    line = composed(line)  # as the scripts read it
    return words(line) if level == "word" else list(line)
