"""Every algorithm from its settings to result.json, at a size that takes seconds, in this process."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from files.errors import UsageError
from metrics.significance import paired, welch
from metrics.verdict import Verdict
from models.discriminator import Discriminator
from models.generator import Generator
from tests.training.small_runs import TINY, experiment, history, resumed, weights
from train_oracle import make_task
from training import experiment as module
from training import pretrain
from training.result import significance
from training.temperature import validation_nll

pytestmark = pytest.mark.slow

FIGURES = {"nll_oracle", "nll_test", "copied_share", *(f"self_bleu_{n}" for n in range(2, 6))}


@pytest.fixture(scope="module")
def mle(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "mle"
    experiment(folder, algorithm="mle")
    return folder


@pytest.fixture(scope="module")
def seqgan(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "seqgan"
    experiment(folder)
    return folder


def test_random_measures_every_control(tmp_path):
    written = experiment(tmp_path / "run", algorithm="random")
    controls = written["controls"]
    assert list(controls) == [
        *("uniform", "unigram", "bigram", "bigram, smoothed"),
        *("copy of the training set", "real data"),
    ]
    for name, figures in controls.items():
        cannot_write_all = name in ("bigram", "copy of the training set")
        assert set(figures) in (
            [FIGURES, FIGURES - {"nll_test"}] if cannot_write_all else [FIGURES]
        )
    assert controls["uniform"]["nll_test"] == pytest.approx(np.log(12), abs=1e-5)
    assert controls["copy of the training set"]["copied_share"] == 1.0
    # Closer models of the data in this order, by what the oracle says of their samples.
    nlls = [controls[name]["nll_oracle"] for name in ("uniform", "unigram", "bigram", "real data")]
    assert nlls == sorted(nlls, reverse=True)
    assert {name: written["metrics"][name] for name in FIGURES} == controls["unigram"]
    assert len(np.loadtxt(tmp_path / "run" / "samples.txt")) == 100


def test_random_tokens_names_the_policy_that_is_exported(tmp_path):
    written = experiment(tmp_path / "run", algorithm="random", random_tokens="uniform")
    assert written["metrics"]["nll_test"] == pytest.approx(np.log(12), abs=1e-5)
    assert written["changed"] == {"random_tokens": "uniform"} | {
        k: v for k, v in written["changed"].items() if k != "random_tokens"
    }


@pytest.mark.parametrize("algorithm", ["mle", "ss"])
def test_what_ends_with_pre_training_has_no_start_to_compare_with(tmp_path, algorithm):
    written = experiment(tmp_path / "run", algorithm=algorithm, ss_decay=0.5)
    assert set(written["metrics"]) == FIGURES
    assert list(written["temperatures"]) == ["final"]
    assert written["tests"] == {}
    assert {row["stage"] for row in history(tmp_path / "run")} == {"mle"}


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "pg-bleu"},
        {"reward": "constant"},
        {"reward": "uniform", "reward_baseline": "position"},
    ],
)
def test_without_a_discriminator_none_is_trained(tmp_path, changes):
    folder = tmp_path / "run"
    written = experiment(folder, **changes)
    assert {row["stage"] for row in history(folder)} == {"mle", "adversarial"}
    assert not any(row["discriminator_loss"] for row in history(folder))
    assert "discriminator" not in written["seconds"]
    assert FIGURES | {f"{name}_mle" for name in FIGURES} <= set(written["metrics"])
    expected = {"constant": 0.5}.get(changes.get("reward"))
    if expected is not None:
        assert written["metrics"]["mean_reward"] == expected


def test_the_small_discriminator_stops_early_and_resumes_bit_for_bit(tmp_path, mle):
    changes = {
        **{"pretrained": mle, "discriminator": "small", "discriminator_learning_rate": 0.05},
        **{"pretrain_d_steps": 9, "d_patience": 2, "rounds": 1, "checkpoint_seconds": 0.0},
        "validation_size": 50,
    }
    with pytest.raises(UsageError, match="--validation-size is 50, but the run of --pretrained"):
        experiment(tmp_path / "other", **changes)
    del changes["validation_size"]
    whole = experiment(tmp_path / "whole", **changes)
    rows = [row for row in history(tmp_path / "whole") if row["stage"] == "discriminator"]
    losses = [float(row["discriminator_validation_loss"]) for row in rows]
    assert 3 <= len(losses) < 9 and np.argmin(losses) == len(losses) - 3
    assert whole["changed"]["discriminator"] == "small"
    assert "discriminator_dropout" not in whole["changed"]

    resumed(tmp_path / "parted", [("discriminator", len(losses) - 1)], **changes)
    assert history(tmp_path / "parted") == history(tmp_path / "whole")
    assert weights(tmp_path / "parted") == weights(tmp_path / "whole")


@pytest.mark.parametrize(
    "changes",
    [
        {"reward": "log-ratio", "reward_baseline": "leave-one-out"},
        {"reward": "density-ratio", "reward_baseline": "batch"},
        {"reward": "permuted"},
        {
            **{"reward": "permuted-density-ratio", "action_values": "sequence"},
            **{"policy_samples": "target", "data_weight": 0.3, "discriminator": "recurrent"},
        },
        {"reward": "log-ratio", "action_values": "prefix", "discriminator": "prefix"},
    ],
)
def test_rewards_of_the_discriminator_train_it(tmp_path, mle, changes):
    written = experiment(tmp_path / "run", pretrained=mle, **changes)
    assert {"discriminator_gain", "discriminator_gain_error"} <= set(written["metrics"])
    final = [f"discriminator_{name}" for name in Verdict._fields]
    final += ["candidates_resampled_gain", "candidates_best_gain"]
    assert {f"{f}_{part}" for f in final for part in ("validation", "test")} <= set(
        written["metrics"]
    )


def test_the_final_verdict_is_on_the_held_out_parts_of_the_data(tmp_path, mle, monkeypatch):
    given = []
    monkeypatch.setattr(module, "measure_final_verdict", lambda *a: given.append(a) or {"x": 1.0})
    changes = {"rounds": 0, "normalizer_samples": 20}
    written = experiment(tmp_path / "run", pretrained=mle, **changes)
    (generator, discriminator, parts, num, _) = given[0]
    assert isinstance(generator, Generator) and isinstance(discriminator, Discriminator)
    task = make_task(dataclasses.replace(TINY, **changes))
    assert list(parts) == ["validation", "test"] and num == 20 and written["metrics"]["x"] == 1
    np.testing.assert_array_equal(parts["validation"], task.validation)
    np.testing.assert_array_equal(parts["test"], task.test)


def test_adversarial_training_starts_from_the_generator_at_its_best_temperature(tmp_path):
    """With no round of training the generator is the MLE start at that temperature."""
    run = {"algorithm": "mle", "tune_temperature": True}
    start = experiment(tmp_path / "mle", **run)["metrics"]
    settings = {"tune_temperature": True, "start_at_temperature": True, "rounds": 0}
    with pytest.raises(UsageError, match="--start-at-temperature needs --tune-temperature"):
        experiment(tmp_path / "none", start_at_temperature=True)
    end = experiment(tmp_path / "run", pretrained=tmp_path / "mle", **settings)["metrics"]
    assert abs(start["temperature"] - 1) > 0.02
    assert end["nll_test"] == pytest.approx(start["nll_test_tuned"], rel=1e-5)
    assert end["nll_oracle"] == pytest.approx(start["nll_oracle_tuned"], rel=1e-3)
    assert end["temperature_mle"] == start["temperature"]


def test_mixed_precision_is_for_the_discriminator_alone(tmp_path, mle, monkeypatch):
    made = []
    train = module.train_seqgan

    def trained(steps, *more):
        made.extend([steps.generator, steps.discriminator])
        train(steps, *more)

    monkeypatch.setattr(module, "train_seqgan", trained)
    written = experiment(tmp_path / "run", pretrained=mle, mixed_precision="bfloat16")
    generator, discriminator = made
    assert (generator.compute_dtype, discriminator.compute_dtype) == ("float32", "bfloat16")
    assert written["changed"]["mixed_precision"] == "bfloat16"
    assert 0 < written["metrics"]["mean_reward"] < 1


def test_the_result_says_what_the_tables_need(seqgan):
    written = json.loads((seqgan / "result.json").read_text())
    assert {"vocab_size": 12, "max_length": 4}.items() <= written["changed"].items()
    assert not {"seed", "out", "algorithm"} & set(written["changed"])
    for name, rows in written["temperatures"].items():
        assert [row["temperature"] for row in rows] == list(TINY.temperatures)
        assert set(rows[0]) == FIGURES | {"temperature"}, name
    scores = np.load(seqgan / "scores" / "nll_oracle.npy").astype(np.float64)
    assert written["sequences"]["nll_oracle"] == {
        "num": 48,
        "mean": pytest.approx(scores.mean()),
        "variance": pytest.approx(scores.var(ddof=1)),
    }
    assert written["metrics"]["nll_oracle"] == pytest.approx(scores.mean() / 4, rel=1e-5)
    start = np.load(seqgan / "scores" / "nll_oracle_mle.npy")
    expected = welch(scores, start).p_value
    assert written["tests"]["welch_nll_oracle"]["p_value"] == pytest.approx(expected)
    both = (np.load(seqgan / "scores" / f"nll_test{end}.npy") for end in ("", "_mle"))
    assert written["tests"]["paired_nll_test"]["p_value"] == pytest.approx(paired(*both).p_value)
    assert "paired_nll_oracle" not in written["tests"]  # of two sets of samples


def test_both_score_the_same_held_out_sequences_at_the_best_temperature_too():
    random = np.random.default_rng(1)
    names = [f"{name}{end}" for name in ("nll_test_tuned", "bleu_2_tuned") for end in ("", "_mle")]
    known = {name: random.normal(size=20) for name in names}
    folder = SimpleNamespace(score_names=lambda: set(known), scores=known.__getitem__)
    tests = significance(folder)
    expected = paired(known["nll_test_tuned"], known["nll_test_tuned_mle"])
    assert tests["paired_nll_test_tuned"]["p_value"] == expected.p_value
    assert tests.keys() - {"note", "paired_nll_test_tuned"} == {
        "welch_nll_test_tuned",
        "welch_bleu_2_tuned",
    }


def test_tests_are_against_the_start_at_the_temperature_that_the_rounds_began_with():
    random = np.random.default_rng(1)
    names = ["nll_test", "nll_test_mle", "nll_test_tuned", "nll_test_tuned_mle"]
    known = {name: random.normal(size=20) for name in names}
    folder = SimpleNamespace(score_names=lambda: set(known), scores=known.__getitem__)
    for tempered, start in ((False, "nll_test_mle"), (True, "nll_test_tuned_mle")):
        tests = significance(folder, tempered)
        for kind, test in (("welch", welch), ("paired", paired)):
            expected = test(known["nll_test"], known[start]).p_value
            assert tests[f"{kind}_nll_test"]["p_value"] == expected
            expected = test(known["nll_test_tuned"], known["nll_test_tuned_mle"]).p_value
            assert tests[f"{kind}_nll_test_tuned"]["p_value"] == expected


def test_a_taken_over_start_gives_the_run_that_trained_its_own(tmp_path, mle, seqgan):
    folder = tmp_path / "taken"
    written = experiment(folder, pretrained=mle)
    whole = json.loads((seqgan / "result.json").read_text())
    for key in ("metrics", "sequences", "temperatures", "tests", "changed", "settings"):
        assert written[key] == whole[key], key
    assert set(written["seconds"]) == set(whole["seconds"])
    assert history(folder) == history(seqgan)
    of_taken, of_whole = weights(folder), weights(seqgan)
    # MLE's optimizer has done its work: its moments stay behind.
    differ = {name for name, value in of_whole.items() if of_taken[name] != value}
    assert all(name.startswith("mle_optimizer") for name in differ)
    exported = [(f / "samples.txt").read_text() for f in (folder, seqgan)]
    assert exported[0] == exported[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "--seed is 2, but the run of --pretrained has 1"),
        ({"mle_epochs": 3}, "--mle-epochs is 3"),
        ({"hidden_dim": 5}, "--hidden-dim is 5"),
    ],
)
def test_another_start_cannot_be_taken_over(tmp_path, mle, changes, message):
    with pytest.raises(UsageError, match=message):
        experiment(tmp_path / "run", pretrained=mle, **changes)
    assert not (tmp_path / "run").exists()


def test_only_a_complete_mle_run_is_taken_over(tmp_path, mle, seqgan):
    with pytest.raises(UsageError, match="needs a run of --algorithm mle, and it is one of seqgan"):
        experiment(tmp_path / "one", pretrained=seqgan)
    with pytest.raises(UsageError, match="there is no run in"):
        experiment(tmp_path / "two", pretrained=tmp_path / "nothing")
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    (stopped / "config.json").write_text((mle / "config.json").read_text())
    with pytest.raises(UsageError, match="is not complete"):
        experiment(tmp_path / "three", pretrained=stopped)
    for algorithm in ("mle", "ss", "random"):
        with pytest.raises(UsageError, match="--pretrained is for --algorithm pg-bleu and seqgan"):
            experiment(tmp_path / "four", pretrained=mle, algorithm=algorithm)


def test_early_stopping_goes_on_bit_for_bit(tmp_path, monkeypatch):
    given = {"algorithm": "mle", "dropout": 0.3, "mle_epochs": 7, "mle_learning_rate": 0.3}
    given |= {"mle_patience": 1, "mle_rate_cuts": 1, "tune_temperature": True, "temperatures": ()}
    given |= {"checkpoint_seconds": 0.0, "eval_every": 9}
    whole = experiment(tmp_path / "whole", exported=True, **given)
    calls = []

    def fails(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError("the machine stops")
        return validation_nll(*arguments)

    monkeypatch.setattr(pretrain, "validation_nll", fails)
    with pytest.raises(RuntimeError, match="the machine stops"):
        experiment(tmp_path / "stopped", **given)
    resumed = experiment(tmp_path / "stopped", **given, resume=True)
    assert resumed["metrics"] == whole["metrics"]
    assert history(tmp_path / "stopped") == history(tmp_path / "whole")
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")

    assert whole["metrics"]["nll_test_tuned"] != whole["metrics"]["nll_test"]
    exported = json.loads(
        (tmp_path / "whole" / "generator" / "assets" / "vocabulary.json").read_text()
    )
    assert exported["temperature"] == whole["metrics"]["temperature"]
