"""What an exported generator can do with ids: functions and signatures. Text: `models.text_endpoints`."""

import functools
from typing import Any

import keras
import tensorflow as tf

from models.chunks import map_chunks
from models.continuation import all_tokens, continue_prefixes, likeliest_tokens
from models.generator import Generator
from models.graph_checks import check_candidates, check_draw, check_ids, check_prefixes, require
from models.graph_function import graph_function
from models.judge import Judge
from models.state_names import STATE_NAMES

# What decides a draw, in the order of the arguments.
DRAW_INPUTS = (
    tf.TensorSpec([2], tf.int32, "seed"),
    tf.TensorSpec([], tf.float32, "temperature"),
    tf.TensorSpec([], tf.int32, "top_k"),
    tf.TensorSpec([], tf.float32, "top_p"),
    tf.TensorSpec([], tf.int32, "candidates"),
    tf.TensorSpec([], tf.float32, "candidate_temperature"),
)
DRAW_DEFAULTS = (1.0, 0, 1.0, 1, 0.0)  # of all but the seed
SAMPLE_INPUTS = [tf.TensorSpec([], tf.int32, "num"), *DRAW_INPUTS]
COMPLETE_INPUTS = [
    tf.TensorSpec([None, None], tf.int32, "prefixes"),
    tf.TensorSpec([None], tf.int32, "lengths"),
    *DRAW_INPUTS,
]
LOG_PROB_INPUTS = [tf.TensorSpec([None, None], tf.int32, "tokens")]


class Endpoints:
    """Functions of a generator on tensors, which raise `tf.errors.InvalidArgumentError` for bad values.

    Arguments that several have:

        seed: int32 `[2]`; the same seed gives the same sequences.
        temperature: float32; divides the logits. Above 0 and at most 1e30.
        top_k: int32; draws from the k likeliest tokens, 0 from all.
        top_p: float32 in (0, 1]; draws from the fewest likeliest tokens of this probability.
        candidates: int32; draws so many sequences for each one that is returned, which is the one
            with the discriminator's highest logit. More than 1 needs a discriminator.
        candidate_temperature: float32; above 0, the candidate is drawn instead, with probabilities in
            proportion to exp(logit / candidate_temperature). 1 is importance resampling: as candidates
            grow in number, the sequences have the distribution G D / (1 - D), normalised.

    Args:
        generator: the policy.
        discriminator: which chooses among candidates; None: only one candidate can be drawn.
    """

    def __init__(self, generator: Generator, discriminator: Judge | None = None):
        self.generator = generator
        self.discriminator = discriminator
        self._rows = generator.layout.logit_rows(generator.vocab_size)
        named = zip(generator.state_shapes, STATE_NAMES, strict=False)
        states = [tf.TensorSpec([None, *shape], tf.float32, name) for shape, name in named]
        self.step = graph_function(
            input_signature=[tf.TensorSpec([None], tf.int32, "token"), *states]
        )(self._step)

    @graph_function(input_signature=SAMPLE_INPUTS)
    def sample(
        self,
        num,
        seed,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        candidates=1,
        candidate_temperature=0.0,
    ):
        """Draws sequences: num int32 -> int32 `[num, T]`.

        With the default `top_k`, `top_p` and `candidates` they are those of `Generator.sample`.
        """
        checks = [
            require(num >= 1, "`num` is", num, "a whole number of at least 1; give 1 or more"),
            *check_draw(temperature, top_k, top_p),
            *check_candidates(candidates, candidate_temperature, self.discriminator is not None),
            require(
                tf.cast(num, tf.int64) * tf.cast(candidates, tf.int64) < 2**31,
                "`num` and `candidates` are",
                tf.stack([num, candidates]),
                "a product below 2^31; draw fewer at a time",
            ),
        ]
        with tf.control_dependencies(checks):  # or other operations would fail first
            rows, temperature = num * candidates, tf.identity(temperature)

        def truncated():
            shape = [rows, self.generator.max_length]
            uniforms = tf.random.stateless_uniform(shape, seed, alg="philox")
            nothing = tf.zeros(shape, tf.int32), tf.zeros([rows], tf.int32)
            likeliest = likeliest_tokens(self.generator, temperature, top_k, top_p)
            return continue_prefixes(self.generator, *nothing, uniforms, likeliest, self._rows)

        tokens = tf.cond(
            truncates(top_k, top_p),
            truncated,
            lambda: self.generator.sample_graph(rows, seed, temperature),
        )
        return self._choose(tokens, candidates, candidate_temperature, seed)

    @graph_function(input_signature=COMPLETE_INPUTS)
    def complete(
        self,
        prefixes,
        lengths,
        seed,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        candidates=1,
        candidate_temperature=0.0,
    ):
        """Whole sequences that begin with given tokens, drawn from the exact conditional distribution.

        Args:
            prefixes: int32 `[M, P]`, ids that the generator can write, other than the end token; what
                follows a row's prefix is not read.
            lengths: int32 `[M]`, tokens of each prefix, from 1 to T - 1 and at most P.

        Returns:
            int32 `[M, T]`, each with its prefix.
        """
        length = self.generator.max_length
        checks = [
            *check_prefixes(
                prefixes,
                lengths,
                length,
                self.generator.vocab_size,
                cannot_be_continued(self.generator),
            ),
            *check_draw(temperature, top_k, top_p),
            *check_candidates(candidates, candidate_temperature, self.discriminator is not None),
        ]
        with tf.control_dependencies(checks):
            prefixes, temperature = tf.identity(prefixes), tf.identity(temperature)
        prefixes = tf.pad(prefixes, [[0, 0], [0, length]])[:, :length]
        prefixes, lengths = (tf.repeat(rows, candidates, axis=0) for rows in (prefixes, lengths))
        uniforms = tf.random.stateless_uniform(tf.shape(prefixes), seed, alg="philox")
        given = self.generator, prefixes, lengths, uniforms
        likeliest = functools.partial(likeliest_tokens, self.generator, temperature, top_k, top_p)
        tokens = tf.cond(  # here, not at each token, where a GPU would wait for the answer
            truncates(top_k, top_p),
            lambda: continue_prefixes(*given, likeliest(), self._rows),
            lambda: continue_prefixes(*given, all_tokens(self.generator, temperature), self._rows),
        )
        return self._choose(tokens, candidates, candidate_temperature, seed)

    @graph_function(input_signature=LOG_PROB_INPUTS)
    def log_prob(self, tokens):
        """How likely whole sequences are: tokens int32 `[M, T]` -> a pair, each `[M]`.

        Returns:
            nats per sequence, float32, and how many tokens count in them, int32. Padding and unknown
            tokens, which the generator cannot write, do not count; the end token does.
        """
        length = self.generator.max_length
        shape = tf.shape(tokens)
        checks = [
            require(
                (shape[0] >= 1) & (shape[1] == length),
                "`tokens` have the shape",
                shape,
                f"[M, {length}], one row for each sequence; cut or pad longer and shorter ones",
            ),
            *check_ids(tokens, self.generator.vocab_size, "tokens"),
        ]
        with tf.control_dependencies(checks):
            tokens = tf.ensure_shape(tf.identity(tokens), [None, length])
        counted = tf.reduce_sum(self.generator.mask(tokens), axis=1)
        return self.generator.log_prob(tokens), tf.cast(counted, tf.int32)

    def _step(self, token, *states):
        """Reads one token a row: int32 `[M]` and states `[M, ...]` -> logits of the next token and states.

        The first token is the start token, and the first states are zeros: `h` and `c` of an LSTM, `h`
        of a GRU, with attention `memory` and `read` too (`models.attention`). The logits of tokens that are never written are about -1e9.
        """
        hidden, after = self.generator.step(token, list(states))
        return self.generator.logits(hidden), *after

    @property
    def variables(self) -> list[keras.Variable]:
        """The weights that the functions read."""
        judge = self.discriminator
        return [*self.generator.variables, *(judge.trainable_variables if judge else ())]

    def functions(self) -> dict[str, Any]:
        """The functions by name, for callers in Python."""
        names = ("sample", "complete", "log_prob", "step")
        return {name: getattr(self, name) for name in names}

    def signatures(self) -> dict[str, Any]:
        """The functions with named outputs, for TensorFlow Serving and `saved_model_cli`.

        What has a default in Python has it here too, for callers that read the defaults of a signature.
        """
        temperature, top_k, top_p, candidates, candidate_temperature = map(
            tf.constant, DRAW_DEFAULTS
        )

        @graph_function(input_signature=SAMPLE_INPUTS)
        def sample(
            num,
            seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            candidates=candidates,
            candidate_temperature=candidate_temperature,
        ):
            given = (temperature, top_k, top_p, candidates, candidate_temperature)
            return {"tokens": self.sample(num, seed, *given)}

        @graph_function(input_signature=COMPLETE_INPUTS)
        def complete(
            prefixes,
            lengths,
            seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            candidates=candidates,
            candidate_temperature=candidate_temperature,
        ):
            given = (temperature, top_k, top_p, candidates, candidate_temperature)
            return {"tokens": self.complete(prefixes, lengths, seed, *given)}

        @graph_function(input_signature=LOG_PROB_INPUTS)
        def log_prob(tokens):
            return dict(zip(("log_prob", "num_tokens"), self.log_prob(tokens), strict=True))

        @graph_function(input_signature=self.step.input_signature)
        def step(token, h, *c):
            return dict(zip(("logits", *STATE_NAMES), self.step(token, h, *c), strict=False))

        return {
            "serving_default": sample,
            "sample": sample,
            "complete": complete,
            "log_prob": log_prob,
            "step": step,
        }

    def _choose(self, tokens, candidates, temperature, seed):
        """One candidate of each group of consecutive rows, by the discriminator's logits."""
        discriminator, length = self.discriminator, self.generator.max_length
        if discriminator is None:
            return tokens

        def chosen():
            rows = discriminator.layout.scored_rows(length)
            logits = map_chunks(lambda rows: discriminator(rows, training=False), tokens, rows)
            own = tf.random.experimental.stateless_fold_in(seed, 1)
            uniforms = tf.random.stateless_uniform(tf.shape(logits), own, alg="philox")
            noise = -tf.math.log(-tf.math.log(uniforms))  # Gumbel's: the largest sum is the draw
            drawn = tf.math.divide_no_nan(logits, temperature) + noise
            scores = tf.reshape(tf.where(temperature > 0, drawn, logits), [-1, candidates])
            best = tf.argmax(scores, axis=1, output_type=tf.int32)
            groups = tf.reshape(tokens, [-1, candidates, length])
            return tf.gather(groups, best, batch_dims=1)

        return tf.cond(candidates > 1, chosen, lambda: tokens)


def truncates(top_k: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Whether draws are from the likeliest tokens only: bool scalar."""
    return (top_k > 0) | (top_p < 1)


def cannot_be_continued(generator: Generator) -> list[int]:
    """Ids that no prefix may hold: those that are never written, and the end token."""
    ends = [] if generator.end_token is None else [generator.end_token]
    return sorted({*generator.blocked_tokens, *ends})
