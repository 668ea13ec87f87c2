"""The generator guided by a discriminator of prefixes, token by token, with exact log-probabilities."""

import tensorflow as tf

from models import checks
from models.chunks import map_chunks
from models.continuation import continue_prefixes
from models.draw import draw_categorical
from models.generator import BLOCKED_LOGIT, Generator, Seed
from models.graph_function import graph_function
from models.limits import MAX_GUIDANCE
from models.scored_steps import Critic, ScoredSteps
from models.shares import WHOLE, Share
from models.token_loop import loop_positions
from models.truncation import truncate

NUM_TOKENS = 256  # likeliest tokens that are scored at each step; see docs/discriminator.md


class GuidedPolicy:
    """The distribution proportional to G(y_t | Y_{1:t-1}) exp(w f(Y_{1:t})), normalised at each token.

    f is the logit of a prefix discriminator, which estimates log p(Y_{1:t}) / G(Y_{1:t}): with the exact
    ratio and the guidance w = 1 it is the distribution p of the data. f may also be the action value of a
    value network. One token at a time, as in FUDGE (Yang and Klein, 2021), so that log-probabilities
    are exact and a sequence is drawn in one pass.

    The `num_tokens` likeliest tokens are reweighed; the others keep the probability that they have.

    Args:
        generator: the policy G.
        critic: gives f.
        num_tokens: how many tokens are scored at each step, at most V.
        jit_compile: whether XLA compiles the scoring, which is faster; not for an export.
    """

    def __init__(
        self,
        generator: Generator,
        critic: Critic,
        num_tokens: int = NUM_TOKENS,
        jit_compile: bool = False,
    ):
        checks.check_counts(num_tokens=num_tokens)
        checks.check_same_data(generator, critic=critic)
        self.generator = generator
        self.critic = critic
        self.num_tokens = min(num_tokens, generator.vocab_size)
        self.jit_compile = jit_compile

    def sample(
        self, num: int, seed: Seed, temperature: float = 1.0, guidance: float = 1.0
    ) -> tf.Tensor:
        """Draws sequences: int32 `[num, T]`.

        Args:
            num: number of sequences, at least 1.
            seed: int32 pair. The same pair gives the same sequences.
            temperature: divides the generator's logits, above 0.
            guidance: w, at least 0; 0 is the generator alone.
        """
        checks.check_counts(num=num)
        given = tf.cast(num, tf.int32), checks.check_seed(seed)
        return self._sample(*given, *_checked(temperature, guidance))

    def log_prob(
        self, tokens: tf.Tensor, temperature: float = 1.0, guidance: float = 1.0
    ) -> tf.Tensor:
        """Log-probability of whole sequences, nats per sequence: int `[M, T]` -> float32 `[M]`.

        Arguments as for `sample`; as in `Generator.log_prob`, tokens that are never written do not count.
        """
        tokens = checks.check_tokens(tokens, self.generator.vocab_size, self.generator.max_length)
        return self._log_prob(tf.cast(tokens, tf.int32), *_checked(temperature, guidance))

    def sample_with_targets(
        self,
        num: int,
        seed: Seed,
        temperature: float = 1.0,
        guidance: float = 1.0,
        share: Share = WHOLE,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Sequences, and the distributions that their tokens were drawn from.

        Returns:
            int32 `[num, T]`, and log-probabilities of each next token, float32 `[num, T, V]`, at least
            `BLOCKED_LOGIT`; or those of the share.
        """
        checks.check_counts(num=num)
        rows = share.of(num)
        given = tf.cast(num, tf.int32), checks.check_seed(seed), rows.start, rows.stop
        return self._with_targets(*given, *_checked(temperature, guidance))

    @graph_function(reduce_retracing=True)
    def _with_targets(self, num, seed, first, last, temperature, guidance):
        length, walk = self.generator.max_length, _Walk(self, temperature, guidance)
        uniforms = tf.random.stateless_uniform([num, length], seed, alg="philox")[first:last]
        rows = tf.shape(uniforms)[0]

        def write_token(t, token, ended, states):
            state, states = walk.step(token, states)
            log_probs = walk.log_probs(state)
            token = draw_categorical(tf.exp(log_probs), uniforms[:, t], walk.layout.ids)
            token, ended = walk.end(token, ended)
            return [token, tf.maximum(log_probs, BLOCKED_LOGIT)], token, ended, states

        start = walk.start_tokens(rows), tf.fill([rows], False), walk.initial_states(rows)
        vocab_size = self.generator.vocab_size
        kept = [tf.TensorSpec([None], walk.layout.ids), tf.TensorSpec([None, vocab_size])]
        with walk.weights_read_once():
            (written, targets), _ = loop_positions(write_token, start, (0, length), kept)
        return tf.cast(tf.transpose(written), tf.int32), tf.transpose(targets, [1, 0, 2])

    @graph_function(reduce_retracing=True)
    def _sample(self, num, seed, temperature, guidance):
        shape = [num, self.generator.max_length]
        uniforms = tf.random.stateless_uniform(shape, seed, alg="philox")
        nothing = tf.zeros(shape, tf.int32), tf.zeros([num], tf.int32)
        return self.complete(*nothing, uniforms, temperature, guidance)

    def complete(
        self, prefixes, lengths, uniforms, temperature, guidance, top_k=None, top_p=1.0
    ) -> tf.Tensor:
        """Whole sequences with given first tokens, see `models.continuation`; within a `tf.function`.

        Args:
            prefixes: int32 `[M, T]`; what follows a row's prefix is not read.
            lengths: int32 `[M]`, tokens of each prefix, from 0 to T.
            uniforms: float32 `[M, T]` in `[0, 1)`.
            temperature: see `sample`.
            guidance: see `sample`.
            top_k: of the guided distribution, see `models.truncation`; None: neither this nor `top_p`.
            top_p: likewise.
        """
        walk = _Walk(self, temperature, guidance)
        if top_k is not None:  # here, not at each token: a GPU has it in its own memory
            top_k = tf.cast(top_k, tf.int64)

        def next_token(state, uniforms):
            mass = tf.exp(walk.log_probs(state))
            if top_k is not None:
                mass = truncate(mass, top_k, top_p)
            return draw_categorical(mass, uniforms, self.generator.layout.ids)

        return continue_prefixes(walk, prefixes, lengths, uniforms, next_token, walk.write_rows)

    @graph_function(reduce_retracing=True)
    def _log_prob(self, tokens, temperature, guidance):
        walk = _Walk(self, temperature, guidance)

        def score(tokens):
            rows, counted = tf.shape(tokens)[0], self.generator.mask(tokens)

            def score_token(t, token, states, total):
                state, states = walk.step(token, states)
                token = tokens[:, t]
                log_prob = tf.gather(walk.log_probs(state), token, batch_dims=1)
                return [], token, states, total + tf.where(counted[:, t] > 0, log_prob, 0.0)

            start = walk.start_tokens(rows), walk.initial_states(rows), tf.zeros([rows])
            positions = 0, self.generator.max_length
            _, (*_, total) = loop_positions(score_token, start, positions, [])
            return total

        tokens = tf.cast(tokens, self.generator.layout.ids)
        with walk.weights_read_once():
            return map_chunks(score, tokens, walk.write_rows)


def _checked(temperature, guidance) -> tuple[tf.Tensor, tf.Tensor]:
    """Both as float32; raises `ValueError` for what they cannot be."""
    checks.check_temperature(temperature)
    checks.check_not_negative(guidance=guidance)
    checks.check_at_most(MAX_GUIDANCE, guidance=guidance)
    return tf.cast(temperature, tf.float32), tf.cast(guidance, tf.float32)


class _Walk(ScoredSteps):
    """A guided policy step by step."""

    def __init__(self, policy: GuidedPolicy, temperature, guidance):
        models = policy.generator, policy.critic
        super().__init__(*models, policy.num_tokens, temperature, policy.jit_compile)
        self.guidance = guidance

    def log_probs(self, state):
        """Log-probabilities of the next token, float32 `[M, V]`."""
        plain = super().log_probs(state)
        likeliest, ids, scores = self.likeliest(plain, state)
        guided = likeliest + self.guidance * scores
        # The tokens that are scored have the same probability together as before.
        guided += tf.reduce_logsumexp(likeliest, axis=1, keepdims=True) - tf.reduce_logsumexp(
            guided, axis=1, keepdims=True
        )
        ids = tf.cast(ids, tf.int64)  # which a GPU has in its own memory
        rows = tf.cumsum(tf.ones_like(ids), axis=0, exclusive=True)
        return tf.tensor_scatter_nd_update(plain, tf.stack([rows, ids], axis=-1), guided)
