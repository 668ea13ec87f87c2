"""Action values without roll-outs and without a value network: straight from the rewards of whole sequences."""

from typing import Protocol

import tensorflow as tf

from models.generator import Seed
from models.prefix_judge import PrefixJudge
from models.rollout import RewardFunction
from models.shares import WHOLE, Share
from training.settings import Settings


class ActionValues(Protocol):
    """What gives the action values of Algorithm 1, lines 9 to 11."""

    def action_values(
        self,
        tokens: tf.Tensor,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """See `models.rollout.Rollout.action_values`."""


class SequenceReward:
    """Every token's value is the reward of its sequence: REINFORCE without roll-outs.

    One sample of what roll-outs estimate: unbiased, with more variance, at no cost.
    """

    def action_values(
        self,
        tokens: tf.Tensor,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """float32 `[B, T]`, or the rows of the share; roll-outs and seed have no effect."""
        tokens = share.rows(tokens)
        rewards = tf.cast(reward_fn(tokens), tf.float32)
        return tf.repeat(rewards[:, None], tokens.shape[1], axis=1)


class PrefixRewards:
    """The value of a token is what the verdict on the sequence gains from it on: f_T - f_{t-1}.

    The rewards f_t - f_{t-1} of a discriminator of prefixes add up to its verdict f_T on the whole
    sequence, and f_0 = 0. f_{t-1} depends on the tokens before t only, so that it is a baseline, and
    the policy gradient is that of the reward f_T.

    Args:
        discriminator: judges prefixes.
        clip: f is clipped to at most this absolute value, in nats.
    """

    def __init__(self, discriminator: PrefixJudge, clip: float):
        self.discriminator = discriminator
        self.clip = clip

    def action_values(
        self,
        tokens: tf.Tensor,
        reward_fn: RewardFunction,
        num_rollouts: int,
        seed: Seed,
        share: Share = WHOLE,
    ) -> tf.Tensor:
        """float32 `[B, T]`, or the rows of the share; roll-outs, reward function and seed have no effect."""
        logits = self.discriminator.prefix_logits(share.rows(tokens))
        logits = tf.clip_by_value(logits, -self.clip, self.clip)
        before = tf.pad(logits[:, :-1], [[0, 0], [1, 0]])
        return logits[:, -1:] - before


def make_action_values(settings: Settings, discriminator) -> ActionValues | None:
    """What `--action-values sequence` and `prefix` name; None for roll-outs and a value network."""
    if settings.action_values == "sequence":
        return SequenceReward()
    if settings.action_values == "prefix":
        return PrefixRewards(discriminator, settings.reward_clip)
    return None
