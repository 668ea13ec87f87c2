"""A generator and a critic that read the same sequence, token by token."""

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from models.generator import Generator
from models.graph_function import graph_function
from models.limits import MIN_TEMPERATURE
from models.prefix_judge import PrefixJudge
from models.value import ValueNetwork

Critic: TypeAlias = PrefixJudge | ValueNetwork


class ScoredSteps:
    """The steps of a generator, with scores of the likeliest next tokens: a `models.continuation.Policy`.

    Make one before the first step, since what depends on the weights alone is computed once. What a
    step gives is the hidden state of the generator and the states of the critic. `write_rows` is how
    many rows to write at a time.

    Args:
        generator: the policy G.
        critic: scores prefixes.
        num_tokens: how many tokens are scored at each step, at most V.
        temperature: divides the generator's logits.
        jit_compile: whether XLA compiles the scoring of next tokens. It keeps no numbers in memory
            for each of them, and takes a quarter of the time.
    """

    def __init__(
        self,
        generator: Generator,
        critic: Critic,
        num_tokens: int,
        temperature,
        jit_compile: bool = False,
    ):
        self.generator = generator
        self.scores = critic.prefix_scores()
        self._next_scores = self.scores.next_scores
        if jit_compile:
            self._next_scores = graph_function(self.scores.next_scores, jit_compile=True)
        self.num_tokens = num_tokens
        self.temperature = tf.maximum(temperature, MIN_TEMPERATURE)
        self.layout, self.max_length = generator.layout, generator.max_length
        self.start_tokens, self.end = generator.start_tokens, generator.end
        self.weights_read_once = (
            generator.weights_read_once
        )  # `scores` has read those of the critic
        self.blocked = np.isin(np.arange(generator.vocab_size), generator.blocked_tokens)
        numbers = num_tokens * self.scores.numbers
        self.write_rows = self.layout.critic_rows(generator.vocab_size, numbers)

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]:
        """The states of both, and how many tokens have been read: zeros `[num, ...]`."""
        both = [*self.generator.initial_states(num), *self.scores.initial_states(num)]
        return [*both, tf.zeros([num, 1])]

    def step(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tuple[Any, list[tf.Tensor]]:
        """Reads one token a row, `[M]`. The critic does not read the first one, the start token."""
        *states, first, second, count = states
        hidden, states = self.generator.step(tokens, states)
        begun = tf.minimum(count, 1.0)
        read = [state * begun for state in self.scores.read(tokens, [first, second])]
        return (hidden, read), [*states, *read, count + 1.0]

    def log_probs(self, state: Any) -> tf.Tensor:
        """Log-probabilities of the next token by the generator, float32 `[M, V]`."""
        logits = self.generator.logits(state[0])
        logits = (logits - tf.reduce_max(logits, axis=1, keepdims=True)) / self.temperature
        return tf.nn.log_softmax(tf.where(self.blocked, -np.inf, logits))

    def likeliest(self, log_probs: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The K likeliest next tokens, the likeliest first, each `[M, K]`.

        Returns:
            log-probabilities, ids (int32), and scores of the prefixes that they make.
        """
        likeliest, ids = tf.math.top_k(log_probs, self.num_tokens)
        return likeliest, ids, self._next_scores(ids, state[1])
