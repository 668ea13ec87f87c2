"""Runs whose action values come from a value network: stages, columns, stops, and what they cost to refuse."""

import dataclasses
import json

import numpy as np
import pytest

from files.errors import UsageError
from models.exported import Exported
from tests.scripts import run_process
from tests.training.small_runs import TINY, experiment, history, resumed, weights
from training.critic import FIGURES

pytestmark = pytest.mark.slow

SMALL = {"value_samples": 32, "value_pretrain_steps": 2, "value_hidden_dim": 4}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Folder and result of an unbroken run, with each step in a checkpoint."""
    folder = tmp_path_factory.mktemp("runs") / "mixed"
    changes = {"action_values": "mixed", "rollout_positions": 1, "checkpoint_seconds": 0.0}
    return folder, experiment(folder, exported=True, **SMALL, **changes), changes


def test_a_value_network_has_a_stage_and_figures(mixed):
    folder, written, _ = mixed
    rows = history(folder)
    by_stage = {
        row["stage"]: [each for each in rows if each["stage"] == row["stage"]] for row in rows
    }
    assert list(by_stage) == ["mle", "discriminator", "value network", "adversarial"]
    assert len(by_stage["value network"]) == 2 and len(by_stage["adversarial"]) == 2
    for stage, of_stage in by_stage.items():
        known = stage in ("value network", "adversarial")
        assert all(bool(row[name]) == known for row in of_stage for name in FIGURES)
    assert all(np.isfinite(float(row[name])) for row in by_stage["adversarial"] for name in FIGURES)
    assert written["changed"]["action_values"] == "mixed"
    saved = weights(folder)
    assert any(name.startswith("value/") for name in saved)
    assert any(name.startswith("value_optimizer/") for name in saved)


@pytest.mark.parametrize("at", [("value network", 2), ("adversarial", 2)])
def test_it_resumes_bit_for_bit(tmp_path, mixed, at):
    whole, _, changes = mixed
    resumed(tmp_path / "parted", [at], exported=True, **SMALL, **changes)
    assert history(tmp_path / "parted") == history(whole)
    assert weights(tmp_path / "parted") == weights(whole)
    scored = [guided_log_prob(folder) for folder in (tmp_path / "parted", whole)]
    np.testing.assert_array_equal(*scored)


def guided_log_prob(folder):
    """Of two sequences by a run's export, guided by its value network."""
    exported = Exported(folder).loaded
    nats, _ = exported.log_prob_guided([[1, 2, 3, 4], [5, 6, 7, 8]], 1.0, 5.0)
    assert np.abs(nats - exported.log_prob([[1, 2, 3, 4], [5, 6, 7, 8]])[0]).max() > 1e-3
    return nats.numpy()


def test_the_value_network_alone_trains_with_a_reward_in_python(tmp_path):
    changes = {"algorithm": "pg-bleu", "action_values": "value", "reward_baseline": "position"}
    experiment(tmp_path / "run", **SMALL, **changes)
    rows = history(tmp_path / "run")
    assert {row["stage"] for row in rows} == {"mle", "value network", "adversarial"}
    assert all(np.isfinite(float(rows[-1][name])) for name in FIGURES)


@pytest.mark.faults  # a whole script; that its flags are read is tested with all others
def test_the_scripts_have_the_flags(tmp_path):
    flags = ["--action-values", "value", "--value-samples", "64", "--value-pretrain-steps", "1"]
    flags += ["--rounds", "1", "--no-xla", "--temperatures", "1"]
    folder = tmp_path / "run"
    done = run_process("train_oracle.py", "--preset", "smoke", *flags, "--out", folder)
    assert done.returncode == 0, done.stderr
    written = json.loads((folder / "result.json").read_text())
    assert written["changed"]["value_samples"] == 64
    assert {"value network", "adversarial"} <= set(written["seconds"])
    assert set(FIGURES) <= set(history(folder)[-1])


def test_other_runs_know_nothing_of_it(tmp_path):
    experiment(tmp_path / "run", rounds=1)
    assert not set(FIGURES) & set(history(tmp_path / "run")[0])
    assert not any(name.startswith("value") for name in weights(tmp_path / "run"))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"algorithm": "mle"}, "--action-values value is for --algorithm pg-bleu and seqgan, and"),
        ({"value_samples": 15}, "--value-samples is 15, expected at least one batch: give .*16"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, message):
    settings = dataclasses.replace(TINY, action_values="value", **changes)
    with pytest.raises(UsageError, match=message):
        settings.check()
