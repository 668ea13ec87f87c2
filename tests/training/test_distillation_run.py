"""Runs whose roll-outs are written by a small policy: stages, columns, stops, and what is refused."""

import dataclasses
import types

import pytest

from files.errors import UsageError
from tests.training.small_runs import TINY, experiment, history, resumed, weights
from training import experiment as module
from training.distillation import FIGURES, make_distillation, small_rollout

pytestmark = pytest.mark.slow

SMALL = {
    **{"rollout_policy": "small", "rollout_samples": 32, "rollout_pretrain_steps": 2},
    **{"rollout_hidden_dim": 2, "algorithm": "pg-bleu", "num_rollouts": 2, "mle_epochs": 1},
    **{"value_samples": 16, "value_pretrain_steps": 0, "value_hidden_dim": 2},
    **{"action_values": "mixed", "rollout_positions": 1, "temperatures": (), "xla": False},
    "checkpoint_seconds": 0.0,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and result of an unbroken run, with each step in a checkpoint."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    return folder, experiment(folder, **SMALL)


def test_a_small_policy_has_a_stage_and_a_figure(whole):
    folder, written = whole
    rows = history(folder)
    assert [row["stage"] for row in rows] == ["mle", *2 * ["roll-out policy"], *2 * ["adversarial"]]
    divergences = {bool(row[name]) for row in rows[1:] for name in FIGURES}
    assert divergences == {True} and not rows[0]["rollout_divergence"]
    assert all(float(row["rollout_divergence"]) > 0 for row in rows[1:])
    assert written["changed"]["rollout_policy"] == "small"
    saved = weights(folder)
    # The weights of the policy, which the optimizer refers to, and its moments.
    assert any(name.startswith("rollout_optimizer/_trainable_variables/") for name in saved)
    assert any(name.startswith("rollout_optimizer/_variables/") for name in saved)


def test_it_resumes_bit_for_bit(tmp_path, whole):
    """After a stop in its pre-training, and after one in the second round."""
    resumed(tmp_path / "parted", [("roll-out policy", 2), ("adversarial", 2)], **SMALL)
    assert history(tmp_path / "parted") == history(whole[0])
    assert weights(tmp_path / "parted") == weights(whole[0])


def test_a_copy_needs_none_of_it():
    assert small_rollout(None, TINY) is None and make_distillation(None, None, TINY) is None
    task = types.SimpleNamespace(figures=())
    small = dataclasses.replace(TINY, rollout_policy="small")
    assert module.figures_of(task, small) == FIGURES and not module.figures_of(task, TINY)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"algorithm": "mle"}, "--rollout-policy small is for --algorithm pg-bleu and seqgan, and"),
        ({"action_values": "value"}, "for roll-outs, of which --action-values value has none. Giv"),
        ({"rollout_update_rate": 0.8}, "--rollout-update-rate is 0.8, expected 1 with --rollout-p"),
        ({"rollout_samples": 15}, "--rollout-samples is 15, expected at least one batch: .*16"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, message):
    settings = dataclasses.replace(TINY, rollout_policy="small", **changes)
    with pytest.raises(UsageError, match=message):
        settings.check()
