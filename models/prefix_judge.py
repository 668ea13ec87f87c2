"""Base class of the discriminators that judge every prefix of a sequence."""

import abc

import tensorflow as tf

from models.checks import check_tokens
from models.chunks import map_chunks
from models.generator import Seed
from models.graph_function import graph_function
from models.judge import Judge
from models.prefix_scores import PrefixScores
from models.shares import WHOLE, Share


class PrefixJudge(Judge):
    """A discriminator with a logit at each position, which rewards every token without roll-outs.

    The logit f_t estimates the log-ratio log p(Y_{1:t}) / G(Y_{1:t}) of the prefix. It is trained on all T of
    them, those after the end too, so that a finished sequence counts once for each padding token.
    The verdict on the sequence is f_T. What a token adds, f_t - f_{t-1} with f_0 = 0, are
    rewards that sum to that verdict.
    """

    def call(self, tokens, training=False, seed=None, share=WHOLE):
        return self._judge_prefixes(tokens, training, seed, share)[:, -1]

    def training_logits(self, tokens: tf.Tensor, seed: Seed, share: Share = WHOLE) -> tf.Tensor:
        """Logits of every prefix, `[B, T]`, with dropout."""
        return self._judge_prefixes(tokens, True, seed, share)

    def prefix_logits(self, tokens: tf.Tensor) -> tf.Tensor:
        """f_t, logits of *real* of every prefix, dropout off: int `[M, T]` -> float32 `[M, T]`."""
        return self._prefix_logits(check_tokens(tokens, self.vocab_size, self.max_length))

    @abc.abstractmethod
    def prefix_scores(self) -> PrefixScores:
        """f_t token by token."""

    @graph_function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def _prefix_logits(self, tokens):
        tokens = tf.cast(tf.ensure_shape(tokens, [None, self.max_length]), self.layout.ids)
        result = tf.TensorSpec([None, self.max_length])
        rows = self.layout.read_rows(self.max_length)
        return map_chunks(self._judge_prefixes, tokens, rows, result)

    def _judge_prefixes(self, tokens, training=False, seed=None, share=WHOLE):
        seed = self._mask_seed(training, seed)
        features = self._prefix_features(self._embed(tokens, training, seed, share))  # [B, T, F]
        return self._output(features, training, seed, share)

    @abc.abstractmethod
    def _prefix_features(self, embedded):
        """Features of every prefix: embeddings `[B, T, E]` -> `[B, T, F]`."""
