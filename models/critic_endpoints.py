"""What an exported generator can do with a critic: guided log-probabilities, and tree search."""

from typing import Any

import tensorflow as tf

from models.draw_options import SEED
from models.endpoints import (
    COMPLETE_INPUTS,
    COUNTED,
    LOG_PROB_INPUTS,
    Endpoints,
    cannot_be_continued,
)
from models.graph_checks import check_guidance, check_prefixes, check_search, check_temperature
from models.graph_function import graph_function
from models.guidance import GuidedPolicy
from models.tree_search import EXPLORATION, SIMULATIONS, TreeSearch

_TEMPERATURE = tf.TensorSpec([], tf.float32, "temperature")
_GUIDED_INPUTS = [*LOG_PROB_INPUTS, _TEMPERATURE, tf.TensorSpec([], tf.float32, "guidance")]
_SEARCH_INPUTS = [
    *COMPLETE_INPUTS,
    SEED,
    tf.TensorSpec([], tf.int32, "simulations"),
    _TEMPERATURE,
    tf.TensorSpec([], tf.float32, "exploration"),
]


class CriticEndpoints:
    """Functions of a generator and its critic on ids; errors are those of `Endpoints`.

    Args:
        endpoints: of the generator.
        guided: their guided policy, which has the critic.
    """

    def __init__(self, endpoints: Endpoints, guided: GuidedPolicy):
        self.endpoints = endpoints
        self.generator = endpoints.generator
        self.guided = guided
        self.search = TreeSearch(self.generator, guided.critic)

    @graph_function(input_signature=_GUIDED_INPUTS)
    def log_prob_guided(self, tokens, temperature=1.0, guidance=1.0):
        """`log_prob` of the guided policy: what `sample` draws with these options and no others."""
        checks = [check_temperature(temperature), check_guidance(guidance, True)]
        tokens = self.endpoints.checked(tokens, checks)
        nats = self.guided.log_prob(tokens, temperature, guidance)
        return nats, self.endpoints.count(tokens)

    @graph_function(input_signature=_SEARCH_INPUTS)
    def tree_search(
        self,
        prefixes,
        lengths,
        seed,
        simulations=SIMULATIONS,
        temperature=1.0,
        exploration=EXPLORATION,
    ):
        """Whole sequences by the tree search of `models.tree_search`.

        Args:
            prefixes: int32 `[M, P]`, what they begin with, as for `Endpoints.complete`.
            lengths: int32 `[M]`, tokens of each prefix, from 0 to T - 1 and at most P.
            seed: int32 `[2]`; the same seed gives the same sequences.
            simulations: int32, for every token, from 1 to 10,000.
            temperature: float32; divides the logits.
            exploration: float32, at least 0; a larger one trusts the generator more.

        Returns:
            int32 `[M, T]`, each with its prefix.
        """
        length, vocab_size = self.generator.max_length, self.generator.vocab_size
        never = cannot_be_continued(self.generator)
        checks = [
            *check_prefixes(prefixes, lengths, length, vocab_size, never, shortest=0),
            check_temperature(temperature),
            *check_search(simulations, exploration),
        ]
        with tf.control_dependencies(checks):
            prefixes = tf.identity(prefixes)
        prefixes = tf.pad(prefixes, [[0, 0], [0, length]])[:, :length]
        uniforms = tf.random.stateless_uniform(tf.shape(prefixes), seed, alg="philox")
        options = simulations, temperature, exploration
        return self.search.complete(prefixes, lengths, uniforms, *options)

    def functions(self) -> dict[str, Any]:
        """The functions by name, for callers in Python."""
        return {"log_prob_guided": self.log_prob_guided, "tree_search": self.tree_search}

    def signatures(self) -> dict[str, Any]:
        """The functions with named outputs, see `Endpoints.signatures`."""

        @graph_function(input_signature=_GUIDED_INPUTS)
        def log_prob_guided(tokens, temperature, guidance):
            found = self.log_prob_guided(tokens, temperature, guidance)
            return dict(zip(COUNTED, found, strict=True))

        @graph_function(input_signature=_SEARCH_INPUTS)
        def tree_search(prefixes, lengths, seed, simulations, temperature, exploration):
            options = simulations, temperature, exploration
            return {"tokens": self.tree_search(prefixes, lengths, seed, *options)}

        return {"log_prob_guided": log_prob_guided, "tree_search": tree_search}
