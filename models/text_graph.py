"""Text to ids and back inside a graph, by rules that are data: `data.text_rules` makes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from models.graph_checks import require

_RESERVED = 3  # ids of padding, end and unknown words come first
_UNKNOWN = 2
_SEPARATOR = "\x1f"  # white space, so that no word has it

Rules = Sequence[tuple[str, str]]  # patterns of RE2, and what their matches become


class TextGraph(tf.Module):
    """Tokenizes and writes text by TensorFlow's own string operations; call it in a `tf.function`.

    Args:
        tokens: V strings, by id.
        lowercase: whether text is lower-cased first.
        first: rules for the whole text.
        poems: whether sequences are poems of four lines, written with punctuation.
        words: how text is cut into words and written again; None: a token is a character.
    """

    def __init__(
        self,
        tokens: Sequence[str],
        lowercase: bool,
        first: Rules = (),
        poems: bool = False,
        words: dict[str, Any] | None = None,
    ):
        super().__init__()
        self._lowercase, self._first, self._poems = lowercase, first, poems
        self._tokens = [token.encode() for token in tokens]
        self._words = None if words is None else _Words(words, first, self._tokens)
        numbers = np.arange(_RESERVED, len(tokens), dtype=np.int32)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(self._tokens[_RESERVED:], numbers), _UNKNOWN
        )

    def tokens(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The tokens of each text: string `[M]` -> string `[M, None]`."""
        sound = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        checks = [
            require(
                tf.reduce_all(sound == text),
                "`text` or `prefixes` hold",
                tf.boolean_mask(sound, sound != text),
                "UTF-8; encode them so",
            )
        ]
        with tf.control_dependencies(checks):
            text = tf.identity(text)
        text = tf.strings.lower(text, encoding="utf-8") if self._lowercase else text
        if self._words is None:
            return tf.strings.unicode_split(_replaced(text, self._first), "UTF-8")
        return self._words.split(text)

    def ids(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """The id of each token, that of unknown words for those that have none: int32 `[M, None]`."""
        return tokens.with_flat_values(self.table.lookup(tokens.flat_values))

    def text(self, ids: tf.Tensor) -> tf.Tensor:
        """Text of sequences int32 `[M, T]` up to their end: string `[M]`."""
        written = tf.math.cumprod(tf.cast(ids >= _UNKNOWN, tf.int32), axis=1) > 0
        if self._words is not None:
            return self._words.join(ids, written)
        tokens = tf.where(written, tf.gather(tf.constant(self._tokens), ids), "")
        if self._poems:
            line = ids.shape[1] // 4
            marks = [b""] * ids.shape[1]
            for k in range(4):
                marks[(k + 1) * line - 1] = ("，\n", "。\n", "，\n", "。")[k].encode()
            tokens = tokens + tf.constant(marks)
        return tf.strings.reduce_join(tokens, axis=1)


class _Words:
    """Words as `data.text.words` cuts them, and text as `data.text.detokenize` writes it."""

    def __init__(self, rules: dict[str, Any], first: Rules, tokens: list[bytes]):
        self._rules = rules
        self._first = first
        self._tokens = tokens

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The words of texts, string `[M]` -> string `[M, None]`."""
        parts = tf.strings.split(_replaced(text, self._first))
        different, places = tf.unique(parts.flat_values, tf.int64)
        words = tf.gather(self._words_of_parts(different), places)
        return parts.with_flat_values(words).merge_dims(1, 2)

    def _words_of_parts(self, parts: tf.Tensor) -> tf.RaggedTensor:
        """Cuts parts and their parts until none changes: string `[U]` -> `[U, None]`."""

        def cut_once(words, owners, done):
            pieces = tf.strings.split(tf.where(done, words, self._cut(words)))
            num = tf.cast(pieces.row_lengths(), tf.int32)
            # What is one piece after a cut is a word.
            return pieces.flat_values, tf.repeat(owners, num), tf.repeat(done | (num == 1), num)

        shapes = tf.TensorShape([None])
        start = (
            parts,
            tf.range(tf.size(parts, tf.int64)),
            tf.strings.length(parts, "UTF8_CHAR") > self._rules["longest"],
        )
        words, owners, _ = tf.while_loop(
            lambda words, owners, done: ~tf.reduce_all(done), cut_once, start, (shapes,) * 3
        )
        return tf.RaggedTensor.from_value_rowids(words, owners, tf.size(parts, tf.int64))

    def _cut(self, parts: tf.Tensor) -> tf.Tensor:
        """What one step makes of parts without spaces: pieces with spaces between, string `[N]`."""
        rules = self._rules
        word = tf.strings.regex_replace(parts, r"\.$", "")
        bare = tf.strings.regex_replace(
            tf.strings.lower(word, encoding="utf-8"), rules["opening"], ""
        )
        keeps = tf.strings.regex_full_match(bare, rules["keeps_period"])
        keeps &= ~tf.strings.regex_full_match(bare, rules["loses_period"])
        ends = tf.strings.regex_full_match(parts, rules["ends_sentence"]) & ~keeps
        # The period that follows keeps NLTK from cutting off one that ends an abbreviation.
        pieces = _replaced(parts + " .", rules["cut"])
        pieces = tf.strings.regex_replace(pieces, r"\s*\S+\s*$", "")
        return tf.where(ends, word + " .", pieces)

    def join(self, ids: tf.Tensor, written: tf.Tensor) -> tf.Tensor:
        """Text of the tokens that are written, bool `[M, T]`."""
        rules = self._rules
        before = tf.pad(ids[:, :-1], [[0, 0], [1, 0]])
        glued = tf.gather(tf.constant(rules["no_space_before"]), ids)
        glued |= tf.gather(tf.constant(rules["no_space_after"]), before)
        first = tf.gather(tf.constant(rules["first_parts"]), before)
        glued |= tf.reduce_any(first & tf.gather(tf.constant(rules["second_parts"]), ids), axis=2)
        begins = tf.range(ids.shape[1]) == 0
        plain = tf.gather(tf.constant(self._tokens), ids)

        def joined(tokens, spaces):
            return tf.strings.reduce_join(tf.where(written, spaces + tokens, ""), axis=1)

        pretty = tf.gather(tf.constant(rules["written"]), ids)
        pretty = joined(pretty, tf.where(glued | begins, "", " "))
        spaced = joined(plain, tf.where(begins, "", " "))
        expected = joined(plain, tf.where(begins, "", _SEPARATOR))
        words = self.split(tf.concat([pretty, spaced], axis=0))
        read = tf.strings.reduce_join(words, axis=1, separator=_SEPARATOR)
        of_pretty, of_spaced = tf.split(read, 2)
        return tf.where((of_pretty != expected) & (of_spaced == expected), spaced, pretty)


def _replaced(text: tf.Tensor, rules: Rules) -> tf.Tensor:
    for pattern, replacement in rules:
        text = tf.strings.regex_replace(text, pattern, replacement)
    return text
