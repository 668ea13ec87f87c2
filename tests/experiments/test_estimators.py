"""The comparison of estimators of action values: its statistics by hand, and all of it at a tiny size."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from experiments import estimators as module
from experiments.estimator_statistics import agreement, gradient_noise, mean_variance
from files.errors import UsageError
from tests.training.small_runs import TINY, experiment
from training.stored_settings import settings_to_json

RANDOM = np.random.default_rng(1)


def test_errors_of_an_estimator_of_known_bias_and_noise():
    true = RANDOM.normal(size=4000)
    noise, bias = 0.3, 0.5
    reference = true + 0.1 * RANDOM.normal(size=true.shape)
    values = true + bias + noise * RANDOM.normal(size=(6, *true.shape))
    found = agreement(values, reference, 0.1**2)
    assert found["error"] == pytest.approx(np.hypot(noise, bias), rel=0.02)
    assert found["bias"] == pytest.approx(bias, rel=0.02)
    assert found["correlation"] == pytest.approx(1 / np.sqrt(1.01 * 1.09), abs=0.01)
    assert mean_variance(values) == pytest.approx(noise**2, rel=0.03)


def test_an_estimator_without_bias_has_none_and_a_constant_one_no_correlation():
    true = RANDOM.normal(size=4000)
    values = true + RANDOM.normal(size=(4, *true.shape))
    assert agreement(values, true, 0.0)["bias"] < 0.05
    assert agreement(np.zeros((3, 4000)), true, 0.0)["correlation"] == 0


def test_the_noise_of_the_reference_is_no_bias():
    """Estimates that are right, of 1 and -1 of which the reference has 2 and -2."""
    values = np.array([[1.0, -1.0]] * 2)
    found = agreement(values, np.array([2.0, -2.0]), noise=1.0)
    assert found["error"] == found["bias"] == 0
    assert agreement(values, np.array([2.0, -2.0]), noise=0.75)["bias"] == 0.5


def test_noise_of_gradients_by_hand():
    """Two weights: the first differs between batches, the second within one."""
    unbiased = np.array([[[1.0, 4.0], [1.0, 6.0]], [[3.0, 4.0], [3.0, 6.0]]])
    found = gradient_noise(unbiased + np.array([0.0, 1.0]), unbiased)
    assert found["gradient_variance"] == 2.0  # of 1 and 3; the second weight has 5 and 5
    assert found["gradient_variance_given_tokens"] == 2.0  # of 5 and 7, in each batch
    assert found["gradient_square"] == pytest.approx(2**2 + 6**2 - 2 / 2)
    assert found["gradient_bias_square"] == 1.0
    # Of a batch as in training, with one estimate: the means of two vary less.
    different = np.array([[[1.0], [3.0]], [[5.0], [3.0]]])
    assert gradient_noise(different, different)["gradient_variance"] == 8.0  # of 1 and 5


def test_estimates_are_independent_and_compared_where_prefixes_are_open(monkeypatch, tmp_path):
    """Estimators that give random numbers, against what their statistics say of these."""
    open_, reference = np.array([[1, 0], [1, 1]], bool), np.array([[1.0, 50.0], [2.0, 4.0]])
    random, seeds, given = np.random.default_rng(2), [], []

    def estimate(tokens, seed):
        seeds.append(seed)
        given.append(random.normal(size=(2, 2)) * (1 + 100 * ~open_))
        return tf.constant(given[-1])

    compared = SimpleNamespace(
        journal=SimpleNamespace(seed=lambda *names: names),
        generator=SimpleNamespace(sample=lambda num, seed: tf.zeros([2, 2], tf.int32)),
        critic=SimpleNamespace(complete=lambda tokens: ~open_, num_samples=640),
        rollout=SimpleNamespace(action_values=lambda *_: tf.constant(reference)),
        estimators=lambda: {module.REFERENCE: estimate, "value": estimate},
        gradient=lambda sequences, values: values.ravel(),
        settings=SimpleNamespace(batch_size=2, seed=1),
        **{"reward": None, "learned": {}, "data": "coco"},
    )
    monkeypatch.setattr(module, "Compared", lambda folder, value_samples: compared)
    times = iter(np.array([0, 1, 1, 4, 4, 6, 6, 16] * 2) / 1000)  # 1, 3, 2 and 10 ms
    monkeypatch.setattr(module, "time", SimpleNamespace(process_time=times.__next__))
    found = module.measure(tmp_path, module.EstimatorSettings((), 2, 40, 3, 2))

    assert len(seeds) == len(set(seeds)) == 2 * (3 + 4)
    values = [np.array(given[start : start + 3])[:, open_] for start in (0, 7)]
    batches = [
        np.reshape(given[start + 3 : start + 7], [2, 2, 4]) for start in (0, 7)
    ]  # two estimates of each
    one_rollout = 16 * np.var(values[0], axis=0, ddof=1).mean()
    assert found["one_rollout_variance"] == pytest.approx(one_rollout)
    assert found["deviation"] == pytest.approx(np.std([1.0, 2.0, 4.0]))
    for name, of, gradients in zip((module.REFERENCE, "value"), values, batches, strict=True):
        expected = agreement(of, reference[open_], one_rollout / 40)
        expected |= gradient_noise(gradients, batches[0])
        assert found["estimators"][name] == pytest.approx({"cpu_ms": 2.5, **expected})


def test_the_table_by_hand():
    """Two seeds, the errors and deviations of the second twice as large."""
    names = ("cpu_ms", "error", "bias", "correlation")
    gradients = ("gradient_variance", "gradient_variance_given_tokens")
    of_unit = dict(zip((*names, *gradients), (100.0, 1.0, 0.4, 0.9, 4.0, 1.0), strict=True))
    of_value = dict(zip((*names, *gradients), (25.0, 0.5, 0.3, 0.5, 2.0, 0.5), strict=True))
    runs = [
        {
            **{"data": "coco", "seed": seed},
            **{"deviation": 2.0 * seed, "one_rollout_variance": 8.0 * seed**2},
            "estimators": {
                name: {**of, "error": seed * of["error"], "bias": seed * of["bias"]}
                for name, of in ((module.REFERENCE, of_unit), ("value", of_value))
            },
        }
        for seed in (1, 2)
    ]
    table = module.estimator_table(runs, [])
    assert table.columns[:4] == ["data", "seeds", "estimator", "time of a batch"]
    value = dict(zip(table.columns, table.rows[1], strict=True))
    assert table.rows[1][:4] == ["coco", "1, 2", "value", "25.0 ms"]
    assert value["time as N ="] == "4.00 ± 0.00"  # a quarter of that of 16
    assert value["error as N ="] == "32.00 ± 0.00"  # 8 / 0.5 ** 2
    assert value["error"] == "0.25 ± 0.00" and value["of it bias"] == "0.15 ± 0.00"
    assert value["correlation"] == "0.50 ± 0.00"
    assert value["gradient variance"] == "0.500 ± 0.000"
    assert value["given the tokens"] == "0.125 ± 0.000"
    assert dict(zip(table.columns, table.rows[0], strict=True))["time as N ="] == "16.00 ± 0.00"


@pytest.mark.slow
def test_all_of_it_at_a_tiny_size(tmp_path, capsys):
    # Not by the script, which refuses settings of estimators with --algorithm mle.
    sizes = {"value_pretrain_steps": 2, "rollout_pretrain_steps": 2}
    experiment(tmp_path / "mle", algorithm="mle", value_samples=24, rollout_samples=32, **sizes)
    page, out = tmp_path / "page.md", tmp_path / "figures.json"
    mark = "estimators table"
    page.write_text(f"<!-- {mark}: made by experiments.estimators -->\n<!-- end of {mark} -->\n")
    flags = [
        "--sequences=4",
        "--reference-rollouts=200",
        "--repeats=3",
        "--batches=2",
        "--value-samples=32",
    ]
    module.main([str(tmp_path / "mle"), *flags, "--json", str(out), "--write", str(page)])
    printed = capsys.readouterr().out
    rows = [line.split("|")[3].strip() for line in printed.splitlines() if "oracle seed:1" in line]
    run = json.loads(out.read_text())["runs"][0]
    figures = run["estimators"]
    assert run["value_samples"] == 32
    assert rows == list(figures) and len(rows) == 7
    assert all(name in page.read_text() for name in rows)
    assert figures["roll-outs, N = 16"]["error"] < figures["roll-outs, N = 1"]["error"]
    assert figures["roll-outs, N = 16"]["correlation"] > 0.5
    assert figures["roll-outs, N = 16"]["gradient_bias_square"] == 0
    assert figures["value"]["gradient_variance_given_tokens"] == 0  # nothing is drawn


def test_what_it_cannot_use_is_told(tmp_path):
    with pytest.raises(UsageError, match="no runs are given"):
        module.main([])
    with pytest.raises(UsageError, match="expected at least 2 of each"):
        module.main([str(tmp_path), "--repeats", "1"])
    (tmp_path / "config.json").write_text(json.dumps({"task": "music"}))
    with pytest.raises(UsageError, match="not a run of train_oracle"):
        module.measure(tmp_path, module.EstimatorSettings())
    (tmp_path / "config.json").write_text(
        json.dumps({"task": "oracle", "settings": settings_to_json(TINY)})
    )
    few = str(TINY.batch_size - 1)
    with pytest.raises(UsageError, match=f"--value-samples is {few}, expected at least one batch"):
        module.main([str(tmp_path), "--value-samples", few])
    with pytest.raises(UsageError, match="--pretrained needs a run of --algorithm mle"):
        module.measure(tmp_path, module.EstimatorSettings())
