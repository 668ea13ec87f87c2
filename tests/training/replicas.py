"""Some of every step on any number of replicas, and what they leave: a process of its own.

python -m tests.training.replicas FILE DEVICES REWARD    # TF_CONFIG makes it one of several workers

Twenty steps of MLE, twenty of the discriminator and three policy-gradient rounds, in which a value network
and a small roll-out policy learn too, and the generator from a prefix discriminator. FILE, an npz, gets
each variable on each of this process's replicas, and what was drawn and rewarded.
"""

import dataclasses
import gc
import sys
from pathlib import Path

import numpy as np

from training.cluster import read_cluster
from training.session import join
from training.task_settings import OracleSettings

SETTINGS = OracleSettings(
    **{"vocab_size": 30, "max_length": 6, "batch_size": 8, "embedding_dim": 5, "hidden_dim": 7},
    **{"mle_learning_rate": 0.01, "num_rollouts": 2},
    **{"discriminator_learning_rate": 1e-3, "clip_norm": 0.02},
    **{
        "action_values": "mixed",
        "rollout_positions": 2,
        "value_hidden_dim": 4,
        "value_samples": 16,
    },
    **{"rollout_policy": "small", "rollout_hidden_dim": 3, "rollout_samples": 16},
)


def devices(num: int) -> None:
    """Makes the processor look like several devices; before TensorFlow has done anything."""
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(processor, [one] * num)


def train(distribution, reward: str) -> dict[str, np.ndarray]:
    """The steps; every variable on every local replica, and what was drawn on the way."""
    import tensorflow as tf

    from models.discriminator import Discriminator
    from models.generator import Generator
    from models.guidance import GuidedPolicy
    from models.prefix_discriminator import PrefixDiscriminator
    from models.rollout import Rollout
    from training.critic import make_critic
    from training.distillation import make_distillation, small_rollout
    from training.guided_updates import GuidedUpdates
    from training.pretrain import balanced_sets
    from training.restarts import reset_optimizer, set_new_weights
    from training.rewards import make_reward
    from training.seeds import counted_seed
    from training.steps import make_steps

    settings = SETTINGS
    if reward == "bleu":  # by SGD, to which, as not to Adam, the scale of a gradient matters
        settings = dataclasses.replace(
            settings,
            **{"algorithm": "pg-bleu", "reward_baseline": "position", "optimizer": "sgd"},
            **{"mle_learning_rate": 1.0, "discriminator_learning_rate": 0.1},
            xla=False,  # which compiles each update for each replica
        )
    size, length = settings.vocab_size, settings.max_length
    with distribution.scope():
        # Sequences end early, so that the shares of a batch differ in what counts.
        generator = Generator(
            *(size, length, settings.embedding_dim, settings.hidden_dim),
            **{"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)},
        )
        discriminator = Discriminator(size, length, 4, kernels={1: 4, 2: 3})
        rollout, small = Rollout(generator), small_rollout(generator, settings)
        prefix_discriminator = PrefixDiscriminator(size, length, 4, 3)
    steps = make_steps(generator, discriminator, settings, distribution)
    critic = make_critic(rollout, settings, distribution)
    distillation = make_distillation(generator, small, settings, distribution)
    teacher = GuidedPolicy(rollout.policy, prefix_discriminator)
    guided = GuidedUpdates(steps, teacher, jit_compile=False)
    random = np.random.default_rng(1)
    tokens = random.integers(1, size, [20 * settings.batch_size, length])
    ended = np.cumsum(tokens == 1, axis=1) - (tokens == 1) > 0
    real = tf.constant(np.where(ended, 0, tokens), tf.int32)
    reward = make_reward(settings, generator, real.numpy())
    drawn = {}
    steps.mle_epoch(real, counted_seed(1, "mle"))
    sets = balanced_sets(
        real, generator, 10 * settings.batch_size, counted_seed(1, "sets"), distribution.by_rows
    )
    drawn["generated"] = sets[1].numpy()
    steps.discriminator_epoch(*sets, counted_seed(1, "D"))
    with distribution.scope():
        set_new_weights(discriminator, counted_seed(1, "new D"))  # as --d-update restart
    reset_optimizer(steps.discriminator_optimizer)
    steps.discriminator_epoch(*sets, counted_seed(1, "D again"))
    for round_ in range(3):
        sample = distribution.by_rows(
            generator.sample, settings.batch_size, counted_seed(1, "policy", round_)
        )
        given = (
            *(sample, reward.bind(discriminator, counted_seed(1, "r", round_))),
            *(reward.num_rollouts(settings.num_rollouts), counted_seed(1, "roll-outs", round_)),
        )
        values = distribution.by_rows(rollout.action_values, *given)
        learned = critic.learn(given[1], counted_seed(1, "value", round_))
        mixed = distribution.by_rows(critic.action_values, *given)
        rate = 0.01 if settings.optimizer == "adam" else 1.0
        results = steps.policy_gradient(sample, values, rate)
        rollout.update(generator, 0.8)
        for name, value in guided.update(counted_seed(1, "guided", round_), rate).items():
            results[f"guided {name}"] = value
        learned |= distillation.update(counted_seed(1, "roll-out policy", round_))
        by_small = distribution.by_rows(small.action_values, *given)
        drawn[f"small policy's values {round_}"] = by_small.numpy()
        drawn |= {f"sample {round_}": sample.numpy(), f"values {round_}": values.numpy()}
        drawn |= {f"mixed values {round_}": mixed.numpy()}
        drawn |= {
            f"{name} {round_}": np.asarray(value) for name, value in (results | learned).items()
        }
    models = {"G": generator, "D": discriminator, "B": rollout, "S": small}
    models |= critic.objects | distillation.objects
    for name, of in {**steps.optimizers, **models}.items():
        for place, variable in enumerate(of.variables):
            locals_ = [variable.value]
            if distribution.strategy:
                locals_ = distribution.strategy.experimental_local_results(variable.value)
            for replica, value in enumerate(locals_):
                drawn[f"{name}/{place}/{variable.path}@{replica}"] = value.numpy()
    return drawn


if __name__ == "__main__":
    file, num, reward = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if num > 1:
        devices(num)
    cluster = read_cluster("auto")
    settings = dataclasses.replace(SETTINGS, distribute="mirrored" if num > 1 else "auto")
    distribution = join(settings, cluster)
    # Every replica has graphs of its own, which are used a few times: a third of the time was spent on
    # optimizing them, and on looking for garbage.
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    gc.set_threshold(50_000, 20, 100)
    np.savez(file, replicas=distribution.num_replicas, **train(distribution, reward))
