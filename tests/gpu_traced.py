"""Training and roll-outs of small models, traced: concrete functions for tests/training/test_gpu_kernels.py."""

import tensorflow as tf

from models.guidance import GuidedPolicy
from models.prefix_discriminator import PrefixDiscriminator
from models.rollout import Rollout
from models.value import ValueNetwork
from training.critic import Critic
from training.distillation import Distillation
from training.guided_updates import GuidedUpdates
from training.steps import Steps

V, T, B = 6, 3, 4
SEED = tf.TensorSpec([2], tf.int32)
COUNT, NUMBER = tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)
TEXT = {"end_token": 1, "blocked_tokens": (0, 2)}


def ids(*shape):
    return tf.TensorSpec(shape, tf.int32)


def floats(*shape):
    return tf.TensorSpec(shape, tf.float32)


def states_of(generator, length):
    """What `_states_after_prefixes` gives: the hidden state and the states, a memory once for all prefixes."""
    shapes = [(generator.hidden_dim,), *generator.state_shapes]
    return [floats(1 if len(shape) == 2 else length - 1, B, *shape) for shape in shapes]


def traced_rollout(generator, length):
    """`_states_after_prefixes` and `_complete` of the roll-outs of one batch."""
    rollout = Rollout(generator)
    states = states_of(generator, length)
    draws = floats(2 * B, length * (length - 1) // 2)
    return (
        rollout._states_after_prefixes.get_concrete_function(ids(B, length)),
        rollout._complete.get_concrete_function(ids(B, length), states, ids(2 * B), draws),
    )


def traced_chosen(generator, length):
    """`_complete_chosen` of the roll-outs of some prefixes."""
    states = states_of(generator, length)
    given = ids(B, length), states, ids(2 * B), ids(length), floats(2 * B, length - 1)
    rollout = Rollout(generator)
    return rollout._complete_chosen.get_concrete_function(*given)


def traced_updates(generator, discriminator, **options):
    """The updates by name: an epoch each of the models, and a step of the policy gradient."""
    steps = Steps(generator, discriminator, batch_size=B, **options)
    data = ids(3 * B, T)
    critic = Critic(ValueNetwork(V, T, 4, 5), Rollout(generator), batch_size=B, num_samples=3 * B)
    small = Rollout(generator, policy=generator)
    distillation = Distillation(generator, small, batch_size=B, num_samples=3 * B)
    guided = GuidedUpdates(steps, GuidedPolicy(generator, PrefixDiscriminator(V, T, 4, 5)))
    return {
        "guided update": guided._step.get_concrete_function(ids(B, T), floats(B, T, V)),
        "roll-out policy": distillation._epoch.get_concrete_function(data, SEED),
        "divergence": distillation._divergences.get_concrete_function(data),
        "value network": critic._epoch.get_concrete_function(data, floats(3 * B), SEED),
        "MLE": steps._mle_epoch.get_concrete_function(data, SEED, None),
        "scheduled sampling": steps._mle_epoch.get_concrete_function(data, SEED, NUMBER),
        "policy gradient": steps._policy_step.get_concrete_function(ids(B, T), floats(B, T)),
        "discriminator": steps._discriminator_epoch.get_concrete_function(data, data, SEED),
    }
