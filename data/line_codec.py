"""Lines to the ids of an exported generator and back, as the generator's task reads and writes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from data.lines import composed
from data.poems import characters_without_punctuation, format_poem
from data.text import to_text, words
from data.vocabulary import UNKNOWN, Vocabulary
from files.errors import DataError

WITHOUT_TOKENS = (
    "id",
    "key",
)  # levels whose ids have no tokens: the oracle's, and piano keys


class LineCodec:
    """Text, poems, or ids separated by spaces where there are no tokens.

    Args:
        saved: the vocabulary of an export, from `models.load.check_export`. Text is lower-cased where
            its "lowercase" says so; where it says nothing, as in older exports, if no token has a
            capital letter.

    Raises:
        DataError: its tokens cannot be used.
    """

    def __init__(self, saved: dict[str, Any]):
        self._size = saved["size"]
        self.vocabulary = None if saved["level"] in WITHOUT_TOKENS else Vocabulary.from_json(saved)
        self.lowercase = False
        if self.vocabulary is not None:
            tokens = self.vocabulary.tokens
            unsaid = all(token == token.lower() for token in tokens)
            self.lowercase = saved.get("lowercase", unsaid) is True

    def tokens(self, line: str) -> list[str]:
        """The tokens of a line; words for text of words, and so on."""
        if self.vocabulary is None:
            return line.split()
        line = composed(line)
        if self.vocabulary.task == "poems":
            return characters_without_punctuation(line)
        line = line.lower() if self.lowercase else line
        return words(line) if self.vocabulary.level == "word" else list(line)

    def ids(self, tokens: Sequence[str]) -> np.ndarray:
        """The id of each token, int32 `[n]`; that of unknown words for those that have none.

        Raises:
            DataError: the tokens should be ids and are not.
        """
        if self.vocabulary is not None:
            return self.vocabulary.ids(tokens)
        digits = [token.lstrip("0") or token[:1] for token in tokens]
        for token, number in zip(tokens, digits, strict=True):
            # The first twelve say enough, and `int` refuses thousands.
            if not (number.isascii() and number.isdecimal() and int(number[:12]) < self._size):
                raise DataError(
                    f"There is no id {token!r:.60}, expected ids from 0 to {self._size - 1}, "
                    "separated by spaces: give such, as 3 17 25."
                )
        return np.array([int(number) for number in digits], np.int32)

    def unknown(self, tokens: Sequence[str]) -> list[str]:
        """Those of the tokens that have no id."""
        pairs = zip(tokens, self.ids(tokens), strict=True)
        return [token for token, number in pairs if self.vocabulary and number == UNKNOWN]

    def text(self, ids: np.ndarray) -> str:
        """A sequence int `[T]` for people: text, a poem of four lines, or ids.

        Raises:
            DataError: these are no ids of the vocabulary.
        """
        if self.vocabulary is None:
            return " ".join(map(str, ids))
        tokens = self.vocabulary.decode(ids)
        if self.vocabulary.task == "poems":
            return format_poem(tokens) + "\n"
        return to_text(tokens, self.vocabulary.level)
