"""What a run's settings make of the value network, the distillation and the guided updates."""

import pytest

from models.rollout import Rollout
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from tests.helpers import tiny_generator
from training.action_values import PrefixRewards, SequenceReward
from training.distillation import small_rollout
from training.estimators import make_estimators
from training.settings import Settings
from training.steps import make_steps

V, T = 6, 4
COMMON = {"batch_size": 3, "optimizer": "sgd"}


def estimators(**changes):
    """The estimators of these settings, and what they were made of."""
    settings = Settings(**COMMON, **changes)
    generator = tiny_generator(V, T)
    steps = make_steps(generator, SmallPrefixDiscriminator(V, T, 2, {1: 2}), settings)
    rollout = small_rollout(generator, settings) or Rollout(generator)
    return make_estimators(steps, rollout, settings), steps, rollout


def test_the_paper_needs_none():
    made, *_ = estimators()
    assert made == (None, None, None, None) and made.objects == {} and not made.value_network


@pytest.mark.parametrize(("action_values", "positions"), [("value", 0), ("mixed", 2)])
def test_the_value_network_has_its_settings(action_values, positions):
    changes = {"value_hidden_dim": 7, "value_samples": 11, "value_learning_rate": 0.25}
    changes |= {"action_values": action_values, "rollout_positions": 2}
    (critic, *others), _, rollout = estimators(**changes)
    assert others == [None] * 3
    network = critic.network
    assert (network.vocab_size, network.max_length) == (V, T)
    assert (network.embedding_dim, network.hidden_dim) == (7, 7)
    assert critic.rollout is rollout and critic.rollout_positions == positions
    assert (critic.num_samples, critic.batch_size) == (11, 3)
    assert type(critic.optimizer).__name__ == "SGD"
    assert float(critic.optimizer.learning_rate) == 0.25


def test_the_small_policy_has_its_settings():
    changes = {"rollout_policy": "small", "rollout_hidden_dim": 2, "rollout_samples": 11}
    changes |= {"rollout_pretrain_steps": 4, "rollout_learning_rate": 0.25}
    (_, distillation, *others), steps, rollout = estimators(**changes)
    assert others == [None] * 2
    assert distillation.generator is steps.generator and distillation.policy is rollout.policy
    assert (rollout.policy.embedding_dim, rollout.policy.hidden_dim) == (2, 2)
    assert (distillation.num_samples, distillation.batch_size) == (11, 3)
    assert distillation.pretrain_steps == 4
    assert type(distillation.optimizer).__name__ == "SGD"
    assert float(distillation.optimizer.learning_rate) == 0.25


def test_guided_updates_are_taught_by_the_target_network_with_their_guidance():
    (*others, guided), steps, rollout = estimators(policy_update="guided", guidance=0.7)
    assert others == [None] * 3
    assert guided.guidance == 0.7 and guided.steps is steps
    assert guided.teacher.generator is rollout.policy is not steps.generator
    assert guided.teacher.critic is steps.discriminator


def test_action_values_without_roll_outs_are_named():
    made, *_ = estimators(action_values="sequence")
    assert isinstance(made.without_rollouts, SequenceReward) and made.critic is None
    made, steps, _ = estimators(action_values="prefix", reward_clip=0.3)
    assert isinstance(made.without_rollouts, PrefixRewards)
    assert made.without_rollouts.discriminator is steps.discriminator
    assert made.without_rollouts.clip == 0.3
