"""What an exported generator can do with ids: functions and signatures. Text: `models.text_endpoints`."""

from typing import Any

import keras
import tensorflow as tf

from models.chunks import map_chunks
from models.continuation import all_tokens, continue_prefixes, likeliest_tokens
from models.draw_options import DrawOptions, draw_function
from models.generator import Generator
from models.graph_checks import (
    check_candidates,
    check_draw,
    check_guidance,
    check_ids,
    check_prefixes,
    require,
)
from models.graph_function import graph_function
from models.guidance import GuidedPolicy
from models.judge import Judge
from models.prefix_judge import PrefixJudge
from models.scored_steps import Critic
from models.state_names import STATE_NAMES

SAMPLE_INPUTS = [tf.TensorSpec([], tf.int32, "num")]
COMPLETE_INPUTS = [
    tf.TensorSpec([None, None], tf.int32, "prefixes"),
    tf.TensorSpec([None], tf.int32, "lengths"),
]
LOG_PROB_INPUTS = [tf.TensorSpec([None, None], tf.int32, "tokens")]
COUNTED = ("log_prob", "num_tokens")  # what scores are called in signatures


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
        guidance: float32; above 0, tokens are drawn from the guided policy of `models.guidance`, and
            `top_k` and `top_p` cut that. It needs a critic.

    Args:
        generator: the policy.
        discriminator: which chooses among candidates; None: only one candidate can be drawn.
        critic: a value network; it guides draws where the discriminator does not judge prefixes.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Judge | None = None,
        critic: Critic | None = None,
    ):
        self.generator = generator
        self.discriminator = discriminator
        self.critic = discriminator if isinstance(discriminator, PrefixJudge) else critic
        self.guided = None if self.critic is None else GuidedPolicy(generator, self.critic)
        self._rows = generator.layout.logit_rows(generator.vocab_size)
        self.sample = draw_function(self._sample, *SAMPLE_INPUTS)
        self.complete = draw_function(self._complete, *COMPLETE_INPUTS)
        named = zip(generator.state_shapes, STATE_NAMES, strict=False)
        states = [tf.TensorSpec([None, *shape], tf.float32, name) for shape, name in named]
        self.step = graph_function(
            input_signature=[tf.TensorSpec([None], tf.int32, "token"), *states]
        )(self._step)

    def _sample(self, num, seed, *options):
        """Draws sequences: num int32 -> int32 `[num, T]`.

        With the default options they are those of `Generator.sample`, for any number of candidates.
        """
        draw = DrawOptions(*options)
        checks = [
            require(num >= 1, "`num` is", num, "a whole number of at least 1; give 1 or more"),
            *self._checks(draw),
            require(
                tf.cast(num, tf.int64) * tf.cast(draw.candidates, tf.int64) < 2**31,
                "`num` and `candidates` are",
                tf.stack([num, draw.candidates]),
                "a product below 2^31; draw fewer at a time",
            ),
        ]
        with tf.control_dependencies(checks):  # or other operations would fail first
            rows = num * draw.candidates
            draw = draw._replace(temperature=tf.identity(draw.temperature))

        def written(write, *more):
            shape = [rows, self.generator.max_length]
            uniforms = tf.random.stateless_uniform(shape, seed, alg="philox")
            return write(tf.zeros(shape, tf.int32), tf.zeros([rows], tf.int32), uniforms, *more)

        def plain():
            return tf.cond(
                draw.truncates,
                lambda: written(self._write, self._likeliest(draw)),
                lambda: self.generator.sample_graph(rows, seed, draw.temperature),
            )

        return self._choose(self._guide(draw, written, plain), draw, seed)

    def _complete(self, prefixes, lengths, seed, *options):
        """Whole sequences that begin with given tokens, drawn from the exact conditional distribution.

        Args:
            prefixes: int32 `[M, P]`, ids that the generator can write, other than the end token; what
                follows a row's prefix is not read.
            lengths: int32 `[M]`, tokens of each prefix, from 1 to T - 1 and at most P.
            seed: see above, as for the options.

        Returns:
            int32 `[M, T]`, each with its prefix.
        """
        draw, length = DrawOptions(*options), self.generator.max_length
        never = cannot_be_continued(self.generator)
        checks = [
            *check_prefixes(prefixes, lengths, length, self.generator.vocab_size, never),
            *self._checks(draw),
        ]
        with tf.control_dependencies(checks):
            prefixes = tf.identity(prefixes)
            draw = draw._replace(temperature=tf.identity(draw.temperature))
        prefixes = tf.pad(prefixes, [[0, 0], [0, length]])[:, :length]
        prefixes, lengths = (
            tf.repeat(rows, draw.candidates, axis=0) for rows in (prefixes, lengths)
        )
        uniforms = tf.random.stateless_uniform(tf.shape(prefixes), seed, alg="philox")

        def written(write, *more):
            return write(prefixes, lengths, uniforms, *more)

        def plain():
            return tf.cond(  # here, not at each token, where a GPU would wait for the answer
                draw.truncates,
                lambda: written(self._write, self._likeliest(draw)),
                lambda: written(self._write, all_tokens(self.generator, draw.temperature)),
            )

        return self._choose(self._guide(draw, written, plain), draw, seed)

    def _checks(self, draw):
        """Checks of the options."""
        return [
            *check_draw(draw.temperature, draw.top_k, draw.top_p),
            *check_candidates(
                draw.candidates, draw.candidate_temperature, self.discriminator is not None
            ),
            check_guidance(draw.guidance, self.guided is not None),
        ]

    def _write(self, prefixes, lengths, uniforms, next_token):
        given = prefixes, lengths, uniforms, next_token
        return continue_prefixes(self.generator, *given, self._rows)

    def _likeliest(self, draw):
        return likeliest_tokens(self.generator, draw.temperature, draw.top_k, draw.top_p)

    def _guide(self, draw, written, plain):
        """Sequences of the guided policy where there is guidance, else those of `plain`."""
        guided = self.guided
        if guided is None:
            return plain()

        def write(*more):
            return written(guided.complete, draw.temperature, draw.guidance, *more)

        return tf.case(
            [
                (draw.guidance <= 0, plain),
                (draw.truncates, lambda: write(draw.top_k, draw.top_p)),
            ],
            write,
        )

    @graph_function(input_signature=LOG_PROB_INPUTS)
    def log_prob(self, tokens):
        """How likely whole sequences are: tokens int32 `[M, T]` -> a pair, each `[M]`.

        Returns:
            nats per sequence, float32, and how many tokens count in them, int32. Padding and unknown
            tokens, which the generator cannot write, do not count; the end token does.
        """
        tokens = self.checked(tokens)
        return self.generator.log_prob(tokens), self.count(tokens)

    def checked(self, tokens, more=()):
        """Ids `[M, T]` of whole sequences, after these checks and others."""
        length = self.generator.max_length
        shape = tf.shape(tokens)
        checks = [
            *more,
            require(
                (shape[0] >= 1) & (shape[1] == length),
                "`tokens` have the shape",
                shape,
                f"[M, {length}], one row for each sequence; cut or pad longer and shorter ones",
            ),
            *check_ids(tokens, self.generator.vocab_size, "tokens"),
        ]
        with tf.control_dependencies(checks):
            return tf.ensure_shape(tf.identity(tokens), [None, length])

    def count(self, tokens):
        """How many tokens of each sequence count, int32 `[M]`."""
        return tf.cast(tf.reduce_sum(self.generator.mask(tokens), axis=1), tf.int32)

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
        models = dict.fromkeys((self.generator, self.discriminator, self.critic))
        return [weight for model in models if model is not None for weight in model.weights]

    def functions(self) -> dict[str, Any]:
        """The functions by name, for callers in Python."""
        return {name: getattr(self, name) for name in ("sample", "complete", "log_prob", "step")}

    def signatures(self) -> dict[str, Any]:
        """The functions with named outputs, for TensorFlow Serving and `saved_model_cli`.

        What has a default in Python has it here too, for callers that read the defaults of a signature.
        """

        def tokens(function, inputs):
            return draw_function(lambda *given: {"tokens": function(*given)}, *inputs)

        sample = tokens(self.sample, SAMPLE_INPUTS)

        @graph_function(input_signature=LOG_PROB_INPUTS)
        def log_prob(tokens):
            return dict(zip(COUNTED, self.log_prob(tokens), strict=True))

        @graph_function(input_signature=self.step.input_signature)
        def step(token, h, *c):
            return dict(zip(("logits", *STATE_NAMES), self.step(token, h, *c), strict=False))

        return {
            "serving_default": sample,
            "sample": sample,
            "complete": tokens(self.complete, COMPLETE_INPUTS),
            "log_prob": log_prob,
            "step": step,
        }

    def _choose(self, tokens, draw, seed):
        """One candidate of each group of consecutive rows, by the discriminator's logits."""
        candidates, temperature = draw.candidates, draw.candidate_temperature
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


def cannot_be_continued(generator: Generator) -> list[int]:
    """Ids that no prefix may hold: those that are never written, and the end token."""
    ends = [] if generator.end_token is None else [generator.end_token]
    return sorted({*generator.blocked_tokens, *ends})
