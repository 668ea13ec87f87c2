"""Action values by a value network, alone or together with a few roll-outs; how the network learns."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from models.checks import check_counts, check_seed, check_tokens, numpy_random
from models.generator import Seed
from models.graph_function import graph_function
from models.judge import Judge
from models.rollout import RewardFunction, Rollout
from models.shares import WHOLE, Share
from models.value import ValueNetwork
from training.batches import shuffled_batches
from training.distribution import ONE_DEVICE, Distribution
from training.journal import Journal
from training.numerics import checked
from training.optimizers import dense_gradients, make_optimizer
from training.rewards import Reward
from training.seeds import counted_seed
from training.settings import Settings

# The figures of `learn`; columns of metrics.csv where there is a value network.
FIGURES = ("value_rmse", "value_explained_variance")


class Critic:
    """Takes the place of `Rollout.action_values`; owns the value network's optimizer and its updates.

    The network learns from whole sequences of the roll-out policy: each prefix Y_{1:t} of a sequence
    has the reward R(Y) as its target, whose expectation is the action value of Eq. (4). docs/value-network.md
    says what is exact, unbiased or biased.

    Args:
        network: the value network.
        rollout: the target network, whose values are learned.
        rollout_positions: k, the prefixes of a sequence that are valued by roll-outs; 0: none.
        num_samples: sequences that one call of `learn` learns from, at least `batch_size`.
        batch_size: B, sequences in an update.
        optimizer: a name of `training.optimizers.OPTIMIZERS`.
        learning_rate: of the network.
        jit_compile: whether XLA compiles the update.
        check_numerics: whether to fail in the operation that makes the first NaN; slower, no XLA.
        distribution: what the updates run on.
    """

    def __init__(
        self,
        network: ValueNetwork,
        rollout: Rollout,
        *,
        rollout_positions: int = 0,
        num_samples: int = 2560,
        batch_size: int = 64,
        optimizer: str = "adam",
        learning_rate: float = 0.005,
        jit_compile: bool = True,
        check_numerics: bool = False,
        distribution: Distribution = ONE_DEVICE,
    ):
        self.network = network
        self.rollout = rollout
        self.rollout_positions = rollout_positions
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.distribution = distribution
        with distribution.scope():
            self.optimizer = make_optimizer(optimizer, network, learning_rate, distribution)
        by_default = partial(graph_function, jit_compile=jit_compile)
        compiled: Callable[..., Any] = checked if check_numerics else by_default
        self._step = distribution.step(self._gradients, self._apply, compiled)

    @property
    def objects(self) -> dict[str, Any]:
        """By name, for the checkpoint."""
        return {"value": self.network, "value_optimizer": self.optimizer}

    # Action values

    def action_values(
        self,
        tokens: tf.Tensor,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """Action values Q(Y_{1:t-1}, y_t); arguments and result are those of `Rollout.action_values`.

        Where nothing is left to write the value is the reward of the sequence itself. Elsewhere it
        is V_t, and with `rollout_positions` V_t + (Q_t - V_t) / p_t at the prefixes chosen for
        roll-outs, each with the probability p_t. The choice is random and independent of V and of
        the roll-outs, so that the expectation is that of the roll-outs, whatever V is.
        """
        vocab_size, max_length = self.network.vocab_size, self.network.max_length
        tokens = check_tokens(tokens, vocab_size, max_length)
        open_ = ~self.complete(tokens.numpy())
        own, rows = share.of(len(tokens)), share.rows(tokens)
        whole = tf.cast(reward_fn(rows), tf.float32)[:, None]
        values = self.network.values(rows)
        if self.rollout_positions:
            choice = tf.random.experimental.stateless_fold_in(check_seed(seed), 1)
            chosen, probability = choose_positions(open_, self.rollout_positions, choice)
            by_rollouts = self.rollout.chosen_action_values(
                tokens, chosen, reward_fn, num_rollouts, seed, share
            )
            weight = np.where(chosen, 1 / probability, 0)[own].astype(np.float32)
            values += weight * (by_rollouts - values)
        return tf.where(open_[own], values, whole)

    def complete(self, tokens):
        """Where Y_{1:t} is the whole sequence, its end token included: int `[B, T]` -> bool `[B, T]`."""
        end = self.rollout.policy.end_token
        complete = np.cumsum(tokens == (-1 if end is None else end), axis=1) > 0
        complete[:, -1] = True
        return complete

    # Learning

    def pretrain(self, reward: Reward, discriminator: Judge, journal: Journal, num: int) -> None:
        """Learns `num` times before the first round, with the figures of each time in the journal."""
        for step in journal.loop("value network", num):
            reward_fn = reward.bind(discriminator, journal.seed("first value rewards", step))
            figures = self.learn(reward_fn, journal.seed("first value samples", step))
            journal.log("value network", step + 1, figures, num)

    def learn(self, reward_fn: RewardFunction, seed: Seed) -> dict[str, float]:
        """One epoch on new sequences of the roll-out policy; the error on them before that.

        Args:
            reward_fn: maps int32 `[M, T]` to rewards `[M]`.
            seed: int32 pair; decides the sequences and the order of the batches.

        Returns:
            `value_rmse`: root mean square of V(Y_{1:t}) - R(Y), in units of the reward;
            `value_explained_variance`: 1 - mean square / variance of R(Y), 0 where all are equal. Both
            over the positions at which something is left to write.
        """
        by_rows, seed = self.distribution.by_rows, check_seed(seed)
        tokens = by_rows(self.rollout.policy.sample, self.num_samples, seed)
        rewards = by_rows(_rewards, tokens, reward_fn).numpy().astype(np.float64)
        figures = self._errors(tokens, rewards)
        deviation = max(float(rewards.std()), 1e-6)  # all may be equal
        self.network.set_units(float(rewards.mean()), deviation)
        targets = tf.constant((rewards - rewards.mean()) / deviation, tf.float32)
        self._epoch(tokens, targets, tf.random.experimental.stateless_fold_in(seed, 1))
        return figures

    def _errors(self, tokens, rewards):
        open_ = ~self.complete(tokens.numpy())
        values = self.network.values(tokens).numpy().astype(np.float64)
        targets = np.broadcast_to(rewards[:, None], open_.shape)[open_]
        if not len(targets):  # sequences of one token
            return dict.fromkeys(FIGURES, 0.0)
        square = float(np.mean((values[open_] - targets) ** 2))
        variance = float(targets.var())
        explained = 1 - square / variance if variance > 0 else 0.0
        return dict(zip(FIGURES, (square**0.5, explained), strict=True))

    @tf.function(reduce_retracing=True)
    def _epoch(self, tokens, targets, seed):
        tokens = tf.cast(tokens, self.network.layout.ids)
        num_rows, ids = tf.shape(tokens)[0], self.network.layout.ids
        order = shuffled_batches(num_rows, self.batch_size, seed, ids)
        for batch in tf.range(tf.shape(order)[0]):
            rows = order[batch]
            self._step(tf.gather(tokens, rows), tf.gather(targets, rows))

    def _gradients(self, share, tokens, targets):
        counted = self.rollout.policy.mask(tokens)
        weight = share.rows(counted) / tf.reduce_sum(counted)
        with tf.GradientTape() as tape:
            errors = self.network.standardized(share.rows(tokens)) - share.rows(targets)[:, None]
            loss = tf.reduce_sum(weight * errors**2)
        return dense_gradients(tape, loss, self.network), loss

    def _apply(self, gradients, loss):
        self.optimizer.apply(gradients, self.network.trainable_variables)
        return loss


def choose_positions(open_: np.ndarray, num: int, seed: Seed) -> tuple[np.ndarray, np.ndarray]:
    """Chooses `num` of the open positions of each sequence, all with the same probability.

    Args:
        open_: bool `[B, T]`, the positions to choose from.
        num: positions a sequence; all where it has no more.
        seed: int32 pair.

    Returns:
        what is chosen, bool `[B, T]`, and the probability of being chosen, float `[B, 1]`.
    """
    check_counts(num=num)
    keys = np.where(open_, numpy_random(seed).random(open_.shape), 2.0)
    ranks = keys.argsort(axis=1).argsort(axis=1)
    available = open_.sum(axis=1, keepdims=True)
    return open_ & (ranks < num), np.minimum(1.0, num / np.maximum(available, 1))


def _rewards(tokens, reward_fn, share=WHOLE):
    """Rewards of int32 `[M, T]`, or of the share's rows: float32 `[M]`."""
    return tf.cast(reward_fn(share.rows(tokens)), tf.float32)


def make_critic(
    rollout: Rollout, settings: Settings, distribution: Distribution = ONE_DEVICE
) -> Critic | None:
    """The critic of a run of these settings; None where the action values are those of roll-outs."""
    by_network = settings.action_values in ("value", "mixed")
    if not by_network or settings.algorithm in ("random", "mle", "ss"):
        return None
    policy, dim = rollout.policy, settings.value_hidden_dim
    seed = int(counted_seed(settings.seed, "value network")[0]) >> 2  # and three more below 2^31
    with distribution.scope():
        network = ValueNetwork(policy.vocab_size, policy.max_length, dim, dim, abs(seed))
    return Critic(
        network,
        rollout,
        rollout_positions=settings.rollout_positions if settings.action_values == "mixed" else 0,
        num_samples=settings.value_samples,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        learning_rate=settings.value_learning_rate,
        jit_compile=settings.xla,
        check_numerics=settings.check_numerics,
        distribution=distribution,
    )
