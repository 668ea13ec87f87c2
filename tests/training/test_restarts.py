"""A new discriminator in each round: what it starts from, what it learns, and that runs resume."""

import random

import numpy as np
import pytest

from files.errors import UsageError
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from tests.training.small_runs import experiment, history, resumed, weights
from tests.training.test_seqgan import settings, trained
from training import seqgan
from training.restarts import reset_optimizer, set_new_weights
from training.seqgan import learning_rate

pytestmark = pytest.mark.slow

RESTART = {"d_update": "restart", "pretrain_d_steps": 2, "pretrain_d_epochs": 1}


def judge():
    return SmallPrefixDiscriminator(12, 4, embedding_dim=4)


def values(model):
    return [weight.numpy() for weight in model.trainable_variables]


def test_new_weights_depend_on_the_seed_alone():
    first, second = judge(), judge()
    seed = np.array([3, 4], np.int32)
    state = random.getstate()
    for model in (first, second):
        set_new_weights(model, seed)
    assert random.getstate() == state
    for one, other in zip(values(first), values(second), strict=True):
        np.testing.assert_array_equal(one, other)
    set_new_weights(second, seed + 1)
    kernels = [n for n, value in enumerate(values(first)) if value.any()]
    assert len(kernels) > 3
    for n in kernels:
        assert np.mean(values(first)[n] == values(second)[n]) < 0.1


def test_the_optimizer_forgets_all_but_its_rate():
    journal, *_ = trained(rounds=1)
    optimizer = journal.objects["discriminator_optimizer"]
    rate = float(optimizer.learning_rate)
    assert int(optimizer.iterations) > 0
    reset_optimizer(optimizer)
    assert float(optimizer.learning_rate) == rate > 0
    others = [v for v in optimizer.variables if v is not optimizer._learning_rate]
    assert len(others) > 3
    assert not any(np.any(variable.numpy()) for variable in others)


def test_each_round_ends_with_a_discriminator_of_its_own(monkeypatch):
    seen = []
    set_weights = set_new_weights

    def record(discriminator, seed):
        seen.append(tuple(seed))
        set_weights(discriminator, seed)

    monkeypatch.setattr("training.restarts.set_new_weights", record)
    journal, *_, measured = trained(rounds=3, eval_every=5, **RESTART)
    assert len(set(seen)) == 3
    batches_of_a_set = 2
    assert int(journal.objects["discriminator_optimizer"].iterations) == 2 * batches_of_a_set
    rows = journal.state.rows("adversarial")
    assert all(0 <= row["discriminator_accuracy"] <= 1 for row in rows)
    after_pretraining = 1
    assert len(measured) == after_pretraining + 3


def test_a_reward_without_a_discriminator_restarts_none(monkeypatch):
    monkeypatch.setattr(seqgan, "restart_discriminator", lambda *_: pytest.fail("restarted"))
    trained(rounds=1, reward="constant", **RESTART)


def test_the_rate_falls_within_each_round():
    falling = settings(
        rounds=3, g_steps=5, g_learning_rate=1.0, g_learning_rate_final=0.2, **RESTART
    )
    for round_ in range(3):
        rates = [learning_rate(falling, round_, g_step) for g_step in range(5)]
        np.testing.assert_allclose(rates, [1.0, 0.8, 0.6, 0.4, 0.2])


def test_a_run_stops_each_discriminator_early_and_resumes_bit_for_bit(tmp_path):
    changes = RESTART | {"pretrain_d_steps": 4, "d_patience": 1, "checkpoint_seconds": 0.0}
    changes |= {"policy_update": "guided", "discriminator": "small-prefix", "temperatures": ()}
    experiment(tmp_path / "whole", **changes)
    rows = history(tmp_path / "whole")
    adversarial = [row for row in rows if row["stage"] == "adversarial"]
    assert all(row["discriminator_gain"] for row in adversarial)
    resumed(tmp_path / "parted", [("adversarial", 2)], **changes)
    assert history(tmp_path / "parted") == rows
    assert weights(tmp_path / "parted") == weights(tmp_path / "whole")


def test_it_is_for_seqgan_alone(tmp_path):
    with pytest.raises(UsageError, match="--d-update restart is for --algorithm seqgan, and"):
        experiment(tmp_path / "run", algorithm="pg-bleu", d_update="restart")
