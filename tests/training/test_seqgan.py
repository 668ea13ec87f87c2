"""Algorithm 1 as a whole, at a size that takes seconds: who is moved when, and by what."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator
from tests import pooled_runs
from training.journal import Measurement, MemoryJournal
from training.presets import ORACLE_PRESETS
from training.rewards import make_reward
from training.seqgan import learning_rate, train_seqgan

pytestmark = pytest.mark.slow

VOCAB, LENGTH = 6, 4


def settings(**changes):
    small = {
        **{"mle_epochs": 1, "rounds": 2, "batch_size": 8, "num_rollouts": 2, "final_samples": 4},
        **{"pretrain_d_samples": 8, "d_samples": 8, "eval_every": 1, "eval_samples": 4},
        **{"temperatures": (), "xla": False},  # what an update computes is not looked at here
    }
    return dataclasses.replace(ORACLE_PRESETS["smoke"], **{**small, **changes})


MODELS = pooled_runs.Models(
    lambda: (Generator(VOCAB, LENGTH, 4, 4), Discriminator(VOCAB, LENGTH, 4, kernels={2: 5}))
)


def trained(**changes):
    """Algorithm 1 on random data: its models, objects of the checkpoint, and measures."""
    keras.utils.set_random_seed(1)
    given = settings(**changes)
    journal = MemoryJournal(given.seed)
    generator, discriminator = MODELS.take()
    measured = []

    def measure(generator, num_samples, seed):
        measured.append((num_samples, [w.numpy() for w in generator.weights]))
        return Measurement({}, {})

    real = np.random.default_rng(1).integers(0, VOCAB, [32, LENGTH]).astype(np.int32)
    steps = pooled_runs.pooled_steps(generator, discriminator, given)
    reward = make_reward(given, generator, real)
    rollout = pooled_runs.pooled_rollout(generator)
    train_seqgan(steps, rollout, reward, tf.constant(real), given, journal, measure)
    return journal, generator, discriminator, measured


def same(weights, others):
    return [np.array_equal(a, b) for a, b in zip(weights, others, strict=True)]


def test_the_target_network_is_the_generator_after_each_round():
    journal, generator, _, _ = trained()
    assert all(same(journal.objects["rollout"].policy.weights, generator.weights))


def test_a_lagging_target_network_is_between_where_it_was_and_the_generator():
    journal, generator, _, measured = trained(rounds=1, rollout_update_rate=0.8)
    _, start = measured[1]  # measured after the last epoch of MLE and as the MLE start
    beta = [w.numpy() for w in journal.objects["rollout"].policy.weights]
    for at_start, lagging, theta in zip(start, beta, generator.weights, strict=True):
        np.testing.assert_allclose(lagging, 0.2 * at_start + 0.8 * theta.numpy(), atol=1e-6)


def test_measures_are_taken_when_they_are_due():
    _, _, _, measured = trained(mle_epochs=3, rounds=5, eval_every=2)
    # MLE epoch 2, the MLE start, rounds 2, 4 and the last one
    assert [num for num, _ in measured] == [4, 4, 4, 4, 4]


@pytest.mark.parametrize(
    ("changes", "moments"),
    [
        ({"rounds": 3, "g_steps": 2}, (4, 6)),
        ({"rounds": 0}, (4, 0)),
        ({"mle_epochs": 0, "rounds": 1}, (0, 1)),
        ({"algorithm": "mle"}, (4, 0)),
    ],
)
def test_each_optimizer_takes_its_own_steps(changes, moments):
    journal, _, _, _ = trained(**changes)
    taken = [int(journal.objects[f"{name}_optimizer"].iterations) for name in ("mle", "policy")]
    assert tuple(taken) == moments  # an epoch of 32 sequences has 4 batches of 8


def test_the_discriminator_takes_d_steps_times_epochs_times_batches():
    journal, _, _, _ = trained(
        rounds=2, d_steps=3, d_epochs=2, pretrain_d_steps=2, pretrain_d_epochs=1
    )
    batches = 2 * 8 // 8
    expected = batches * (2 * 1 + 2 * 3 * 2)
    assert int(journal.objects["discriminator_optimizer"].iterations) == expected


def test_mle_alone_leaves_the_discriminator_as_it_was():
    journal, _, _, _ = trained(algorithm="mle")
    assert int(journal.objects["discriminator_optimizer"].iterations) == 0


def test_the_rate_falls_in_a_straight_line():
    falling = settings(rounds=5, g_learning_rate=1.0, g_learning_rate_final=0.2)
    np.testing.assert_allclose(
        [learning_rate(falling, round_, 0) for round_ in range(5)], [1.0, 0.8, 0.6, 0.4, 0.2]
    )
    constant = settings(rounds=5, g_learning_rate=1.0, g_learning_rate_final=None)
    assert {learning_rate(constant, round_, 0) for round_ in range(5)} == {1.0}
    assert learning_rate(dataclasses.replace(falling, rounds=1), 0, 0) == 1.0


@pytest.mark.parametrize("source", ["generator", "target"])
def test_whose_sequences_the_policy_gradient_learns_from(monkeypatch, source):
    """With two updates a round the generator has moved at the second one, the target network has not."""
    drawn = []
    sample = Generator.sample

    def noted(generator, num, *given):
        drawn.append(generator)
        return sample(generator, num, *given)

    monkeypatch.setattr(Generator, "sample", noted)
    changes = {"policy_samples": source, "reward": "constant", "rounds": 1, "g_steps": 2}
    journal, generator, *_ = trained(**changes)
    policies = {"generator": generator, "target": journal.objects["rollout"].policy}
    assert [each is policies[source] for each in drawn] == [True, True]
