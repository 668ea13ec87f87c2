"""What an exported generator can do with text: strings in and out, tokenized in the graph."""

from typing import Any

import tensorflow as tf

from models.draw_options import draw_function
from models.endpoints import SAMPLE_INPUTS, Endpoints
from models.graph_checks import require
from models.graph_function import graph_function
from models.text_graph import TextGraph

_UNKNOWN = 2
_COMPLETE_INPUTS = [tf.TensorSpec([None], tf.string, "prefixes")]
_LOG_PROB_INPUTS = [tf.TensorSpec([None], tf.string, "text")]


class TextEndpoints:
    """Functions of a generator on strings in UTF-8, with accents composed (NFC).

    Text is cut as in the generator's task; see `data.text_rules`. The arguments that decide a draw are
    those of `Endpoints`, and so are the errors.

    Args:
        endpoints: of the generator, on ids.
        text: its tokenizer and vocabulary.
    """

    def __init__(self, endpoints: Endpoints, text: TextGraph):
        self.endpoints = endpoints
        self.text = text
        self.sample_text = draw_function(self._sample_text, *SAMPLE_INPUTS)
        self.complete_text = draw_function(self._complete_text, *_COMPLETE_INPUTS)

    def _sample_text(self, num, seed, *options):
        """Draws sequences: num int32 -> string `[num]`."""
        return self.text.text(self.endpoints.sample(num, seed, *options))

    def _complete_text(self, prefixes, seed, *options):
        """Text that begins with given tokens: string `[M]`, 1 to T - 1 known tokens each -> `[M]`."""
        tokens = self.text.tokens(prefixes)
        ids = self.text.ids(tokens)
        unknown = ids.flat_values == _UNKNOWN
        check = require(
            ~tf.reduce_any(unknown),
            "`prefixes` hold",
            tf.boolean_mask(tokens.flat_values, unknown),
            "tokens of the vocabulary only; leave it out",
        )
        with tf.control_dependencies([check]):
            lengths = tf.cast(tf.identity(ids.row_lengths()), tf.int32)
        return self.text.text(self.endpoints.complete(ids.to_tensor(), lengths, seed, *options))

    @graph_function(input_signature=_LOG_PROB_INPUTS)
    def log_prob_text(self, text):
        """How likely texts are: string `[M]` -> three of `[M]`.

        Returns:
            nats per text, float32; how many tokens count in them, int32, of which the end of a text is
            one; and how many tokens are unknown, which do not count, int32.
        """
        generator = self.endpoints.generator
        ids = self.text.ids(self.text.tokens(text))
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        length, end = generator.max_length, generator.end_token
        fewest = length if end is None else 1
        wrong = (lengths < fewest) | (lengths > length)
        check = require(
            ~tf.reduce_any(wrong),
            "`text` has",
            tf.reduce_max(tf.where(wrong, lengths, 0)),
            f"{'' if end is None else '1 to '}{length} tokens in each text; cut it, or leave it out",
        )
        with tf.control_dependencies([check]):
            tokens = ids.to_tensor(generator.pad_token, shape=[None, length])
        if end is not None:
            tokens = tf.where(tf.range(length) == lengths[:, None], end, tokens)
        unknown = tf.reduce_sum(tf.cast(tokens == _UNKNOWN, tf.int32), axis=1)
        return *self.endpoints.log_prob(tokens), unknown

    def functions(self) -> dict[str, Any]:
        """The functions by name, for callers in Python."""
        names = ("sample_text", "complete_text", "log_prob_text")
        return {name: getattr(self, name) for name in names}

    def signatures(self) -> dict[str, Any]:
        """The functions with named outputs."""

        def text(function, inputs):
            return draw_function(lambda *given: {"text": function(*given)}, *inputs)

        @graph_function(input_signature=_LOG_PROB_INPUTS)
        def log_prob_text(text):
            names = ("log_prob", "num_tokens", "num_unknown")
            return dict(zip(names, self.log_prob_text(text), strict=True))

        return {
            "sample_text": text(self.sample_text, SAMPLE_INPUTS),
            "complete_text": text(self.complete_text, _COMPLETE_INPUTS),
            "log_prob_text": log_prob_text,
        }
