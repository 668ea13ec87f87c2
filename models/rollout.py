"""The target network G_beta and Monte Carlo search: a reward for every token."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models import checks
from models.chunks import map_chunks
from models.device import COMPLETION_ROWS
from models.generator import Generator, Seed
from models.graph_function import graph_function
from models.recurrent import after_each, stack_states, state_after
from models.shares import WHOLE, Share
from models.token_loop import loop_positions

RewardFunction = Callable[[tf.Tensor], tf.Tensor]


def _rewards(reward_fn: RewardFunction, tokens: tf.Tensor) -> tf.Tensor:
    """The rewards float32 `[M]`, or `ValueError` for another shape."""
    (rewards,) = checks.check_arrays(reward_fn=(reward_fn(tokens), f"number [{len(tokens)}]"))
    return tf.cast(rewards, tf.float32)


@keras.saving.register_keras_serializable(package="seqgan")
class Rollout(keras.Model):
    """The roll-out policy G_beta of Yu et al. (2017): a copy of the generator, or a smaller policy.

    Args:
        generator: the policy G_theta to copy.
        chunk_rows: the most completions written and rewarded at a time; bounds memory, changes no
            completion.
        policy: G_beta itself, of the same tokens and length, which `training.distillation` trains.
            None: a copy of the generator with separate weights.
    """

    def __init__(
        self,
        generator: Generator,
        chunk_rows: int = COMPLETION_ROWS,
        policy: Generator | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        checks.check_counts(chunk_rows=chunk_rows)
        self.chunk_rows = chunk_rows
        self.copies = policy is None
        if policy is None:
            self.policy = type(generator).from_config(generator.get_config())
            self.update(generator)
        else:
            checks.check_same_tokens(policy=policy, generator=generator)
            self.policy = policy
        self.built = True

    def call(self, tokens):
        """Logits `[B, T, V]` of the target network under teacher forcing."""
        return self.policy(tokens)

    def update(self, generator: Generator, rate: float = 1.0) -> None:
        """`beta <- rate * theta + (1 - rate) * beta`; the paper's is a plain copy, rate 1."""
        if not 0 <= rate <= 1:
            raise ValueError(f"`rate` is {rate}, expected a share in [0, 1]; 1 copies.")
        if not self.copies:
            raise ValueError(
                "`copies` is False, expected a roll-out policy made without `policy`; train this one "
                "by `training.distillation.Distillation`."
            )
        for beta, theta in zip(self.policy.weights, generator.weights, strict=True):
            beta.assign(theta if rate == 1.0 else rate * theta + (1.0 - rate) * beta)

    def action_values(
        self,
        tokens: tf.Tensor,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """Action values Q(Y_{1:t-1}, y_t) of Eq. (4), estimated by Monte Carlo search.

        For t < T the value is the mean reward of `num_rollouts` completions of Y_{1:t} by the target
        network; for t = T it is the reward of the sequence itself. All prefixes are completed
        together: the target network reads the sequences once, keeping its state after every prefix,
        and a row starts writing where its prefix ends.

        Args:
            tokens: int `[B, T]`, sequences of the generator.
            reward_fn: maps int32 `[M, T]` to rewards `[M]`: a discriminator, a BLEU score, a constant.
            num_rollouts: N, completions of each prefix.
            seed: int32 pair; the same pair gives the same completions in any chunk size and shares.
            share: of the sequences that is valued.

        Returns:
            float32 `[B, T]`, or the rows of the share.
        """
        checks.check_counts(num_rollouts=num_rollouts)
        tokens = checks.check_tokens(tokens, self.policy.vocab_size, self.policy.max_length)
        batch_rows = len(tokens)
        tokens = share.rows(tokens)
        batch_size, length = tokens.shape
        whole_rewards = _rewards(reward_fn, tokens)
        if length == 1:
            return whole_rewards[:, None]

        # A pair: one sequence in one roll-out, with a row for each of its T - 1 prefixes.
        num_pairs, draws = num_rollouts * batch_size, length * (length - 1) // 2
        uniforms = tf.random.stateless_uniform(
            [num_rollouts * batch_rows, draws], checks.check_seed(seed), alg="philox"
        )
        if share != WHOLE:
            shared = tf.reshape(uniforms, [num_rollouts, batch_rows, draws])[
                :, share.of(batch_rows)
            ]
            uniforms = tf.reshape(shared, [num_pairs, draws])
        states = self._states_after_prefixes(tokens)
        pairs = np.arange(num_pairs, dtype=np.int32)
        chunk = max(1, self.policy.rollout_rows(self.chunk_rows) // (length - 1))
        rewards = []
        for start in range(0, num_pairs, chunk):
            part = slice(start, start + chunk)
            completed = self._complete(tokens, states, pairs[part] % batch_size, uniforms[part])
            row_rewards = _rewards(reward_fn, completed)
            rewards.append(tf.reshape(row_rewards, [length - 1, -1]))
        by_rollout = tf.reshape(tf.concat(rewards, axis=1), [length - 1, num_rollouts, batch_size])
        prefix_values = tf.reduce_mean(by_rollout, axis=1)  # [T - 1, B]
        return tf.transpose(tf.concat([prefix_values, whole_rewards[None]], axis=0))

    def chosen_action_values(
        self,
        tokens: tf.Tensor,
        chosen: np.ndarray,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """`action_values` of some prefixes alone, at their share of the cost.

        Args:
            tokens: int `[B, T]`, sequences of the generator.
            chosen: bool `[B, T]`, true at t where Y_{1:t} is completed; the last column is false.
            reward_fn: maps int32 `[M, T]` to rewards `[M]`.
            num_rollouts: N, completions of each chosen prefix.
            seed: int32 pair; the same pair gives the same completions in any chunk size and shares.
            share: of the sequences that is valued.

        Returns:
            float32 `[B, T]`, or the rows of the share; 0 where nothing is chosen.
        """
        checks.check_counts(num_rollouts=num_rollouts)
        tokens = checks.check_tokens(tokens, self.policy.vocab_size, self.policy.max_length)
        chosen = checks.check_chosen(chosen, tokens)
        seed, own = checks.check_seed(seed), share.of(len(tokens))
        everywhere, _ = np.nonzero(chosen)  # sequence by sequence: those of a share are together
        first, last = np.searchsorted(everywhere, [own.start, own.stop])
        chosen, tokens = chosen[own], share.rows(tokens)
        if first == last:
            return tf.zeros(tokens.shape)
        # A row is one chosen prefix in one roll-out; the draws are those of the whole batch.
        draws = [num_rollouts, len(everywhere), self.policy.max_length - 1]
        uniforms = tf.random.stateless_uniform(draws, seed, alg="philox")[:, first:last]
        uniforms = tf.reshape(uniforms, [-1, draws[2]])
        sequences, places = np.nonzero(chosen)
        rows = np.tile(np.stack([sequences, places + 1]), num_rollouts).astype(np.int32)
        by_length = np.argsort(rows[1], kind="stable")  # a row is written from its prefix's end on
        states = self._states_after_prefixes(tokens)
        chunk = self.policy.rollout_rows(self.chunk_rows)
        rewards = np.zeros(len(by_length), np.float32)
        for start in range(0, len(by_length), chunk):
            part = by_length[start : start + chunk]
            started = np.searchsorted(rows[1, part], np.arange(draws[2] + 1), "right")
            completed = self._complete_chosen(
                tokens,
                states,
                tf.constant(rows[0, part]),
                tf.constant(started, tf.int32),
                tf.gather(uniforms, part),
            )
            rewards[part] = _rewards(reward_fn, completed)
        values = np.zeros(chosen.shape, np.float32)
        values[chosen] = rewards.reshape(num_rollouts, -1).mean(axis=0)
        return tf.constant(values)

    @graph_function(reduce_retracing=True)
    def _states_after_prefixes(self, tokens):
        """Hidden state and states after Y_{1:t} for t = 1..T-1, by `stack_states`."""
        policy, length, batch_size = self.policy, self.policy.max_length, tf.shape(tokens)[0]
        tokens = tf.cast(tokens, policy.layout.ids)

        def read(t, _, states):
            hidden, states = policy.step(tokens[:, t], states)
            return after_each([hidden, *states]), hidden, states

        with policy.weights_read_once():
            start = policy.step(policy.start_tokens(batch_size), policy.initial_states(batch_size))
            shapes = after_each([start[0], *start[1]])
            kept = [tf.TensorSpec(state.shape) for state in shapes]
            after, (hidden, states) = loop_positions(read, start, (0, length - 1), kept)
        return stack_states(after, [hidden, *states])

    def _prefix_ended(self, tokens):
        """Whether Y_{1:t} holds the end token: ids `[M, T]` -> bool `[M, T]`."""
        end = -1 if self.policy.end_token is None else self.policy.end_token
        return tf.math.cumsum(tf.cast(tf.equal(tokens, end), tokens.dtype), axis=1) > 0

    @graph_function(reduce_retracing=True)
    def _complete(self, tokens, states, sequences, uniforms):
        """Completes every prefix of some sequences once.

        Args:
            tokens: int32 `[B, T]`.
            states: from `_states_after_prefixes`.
            sequences: int32 `[C]`, rows of `tokens`.
            uniforms: float32 `[C, T (T - 1) / 2]`, one for each token to write.

        Returns:
            int32 `[(T - 1) C, T]`: first the completions of the prefixes of length 1, and so on.
        """
        length, count = self.policy.max_length, tf.shape(sequences)[0]

        def draws(t):  # t for each sequence, after those of the positions before
            used = t * (t - 1) // 2
            return tf.reshape(tf.transpose(uniforms[:, used : used + t]), [t * count])

        started = count * tf.range(length)
        return self._write(tokens, states, tf.tile(sequences, [length - 1]), started, draws)

    @graph_function(reduce_retracing=True)
    def _complete_chosen(self, tokens, states, sequences, started, uniforms):
        """Completes prefixes of any lengths, one a row, in the order of their lengths.

        Args:
            tokens: int32 `[B, T]`.
            states: from `_states_after_prefixes`.
            sequences: int32 `[R]`, the row of `tokens` that each prefix is of.
            started: int32 `[T]`, at t how many prefixes have at most t tokens.
            uniforms: float32 `[R, T - 1]`, one for each token after the first.

        Returns:
            int32 `[R, T]`.
        """
        return self._write(
            tokens, states, sequences, started, lambda t: uniforms[: started[t], t - 1]
        )

    def _write(self, tokens, states, sequences, started, draws):
        """As `_complete_chosen`; `draws(t)` gives the uniforms of the first `started[t]` rows."""
        policy, length, layout = self.policy, self.policy.max_length, self.policy.layout
        draw, ids = policy.token_draw(), tf.TensorSpec([None], layout.ids)
        tokens, sequences = tf.cast(tokens, layout.ids), tf.cast(sequences, layout.ids)
        prefix_ended = self._prefix_ended(tokens)  # [B, T]

        def write(t, hidden, ended, current):
            # The prefixes of t tokens join, each with its own state; then position t is written.
            joining = sequences[started[t - 1] : started[t]]
            hidden, *current = [
                tf.concat([old, tf.gather(state_after(kind, t - 1), joining)], axis=0)
                for old, kind in zip([hidden, *current], states, strict=True)
            ]
            ended = tf.concat([ended, tf.gather(prefix_ended[:, t - 1], joining)], axis=0)
            rows = layout.draw_rows(policy.vocab_size)
            written = map_chunks(draw, (hidden, draws(t)), rows, ids)
            written, ended = policy.end(written, ended)
            given = tf.gather(tokens[:, t], sequences[started[t] :])
            hidden, current = policy.step(written, current)
            return [tf.concat([written, given], axis=0)], hidden, ended, current

        hidden, *current = [tf.zeros([0, *kind.shape[2:]]) for kind in states]
        start = hidden, tf.zeros([0], tf.bool), current
        shapes = tf.nest.map_structure(lambda rows: tf.TensorShape([None, *rows.shape[1:]]), start)
        with policy.weights_read_once():
            (columns,), _ = loop_positions(write, start, (1, length), [ids], shapes)
        first = tf.gather(tokens[:, 0], sequences)
        completed = tf.concat([first[:, None], tf.transpose(columns)], axis=1)
        return tf.ensure_shape(tf.cast(completed, tf.int32), [None, length])

    def get_config(self):
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.policy),
            "chunk_rows": self.chunk_rows,
            "copies": self.copies,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        generator = keras.saving.deserialize_keras_object(config.pop("generator"))
        policy = None if config.pop("copies", True) else generator
        return cls(generator, policy=policy, **config)
