"""The run folder: steps are counted, checkpoints are whole, what is there is never overwritten."""

import csv
import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.config import ORACLE_PRESETS
from training.errors import TrainingDiverged, UsageError
from training.run import Measurement, Run, checkpoints
from training.seeds import counted_seed


def opened(folder, resume=False, seconds_between_checkpoints=0.0):
    settings = dataclasses.replace(
        ORACLE_PRESETS["smoke"], resume=resume, checkpoint_seconds=seconds_between_checkpoints
    )
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    layer.build((None, 2))
    run = Run(folder, "oracle", settings)
    run.attach(layer=layer)
    return run, layer


def count(run, layer, stage, total, stop_at=None):
    """A stage that adds 1 to every weight at every step."""
    for index in run.loop(stage, total):
        layer.kernel.assign_add(tf.ones([2, 1]))
        run.log(stage, index + 1, {"mle_loss": float(index)}, total)
        if index == stop_at:
            raise KeyboardInterrupt


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return [(row["stage"], int(row["step"])) for row in csv.DictReader(file)]


def test_a_stopped_stage_goes_on_where_its_last_checkpoint_was(folder):
    run, layer = opened(folder)
    with pytest.raises(KeyboardInterrupt):
        count(run, layer, "mle", 5, stop_at=2)  # the third step is done, not saved
    assert rows(folder) == [("mle", 1), ("mle", 2), ("mle", 3)]
    run, layer = opened(folder, resume=True)
    np.testing.assert_array_equal(layer.kernel, np.full([2, 1], 2.0))
    assert rows(folder) == [("mle", 1), ("mle", 2)]  # what was not saved is taken back
    count(run, layer, "mle", 5)
    np.testing.assert_array_equal(layer.kernel, np.full([2, 1], 5.0))
    assert rows(folder) == [("mle", step) for step in range(1, 6)]


def test_a_finished_stage_is_not_done_again(folder):
    run, layer = opened(folder)
    count(run, layer, "mle", 2)
    count(run, layer, "mle", 2)
    run, layer = opened(folder, resume=True)
    count(run, layer, "mle", 2)
    np.testing.assert_array_equal(layer.kernel, np.full([2, 1], 2.0))


def test_a_half_written_checkpoint_is_not_read(folder):
    run, layer = opened(folder)
    count(run, layer, "mle", 3)
    half = folder / "checkpoints" / "writing-000004"
    half.mkdir()
    (half / "variables.index").write_bytes(b"half")
    run, layer = opened(folder, resume=True)
    np.testing.assert_array_equal(layer.kernel, np.full([2, 1], 3.0))
    count(run, layer, "adversarial", 1)  # writes over the half one
    assert [path.name for path in checkpoints(folder)] == ["000003", "000004"]


def test_the_newest_two_checkpoints_are_kept(folder):
    run, layer = opened(folder)
    count(run, layer, "mle", 5)
    assert sorted(p.name for p in (folder / "checkpoints").iterdir()) == ["000004", "000005"]


def test_checkpoints_wait_for_their_time_but_not_at_the_end_of_a_stage(folder):
    run, layer = opened(folder, seconds_between_checkpoints=1e9)
    count(run, layer, "mle", 5)
    count(run, layer, "adversarial", 5)
    assert [p.name for p in checkpoints(folder)] == ["000001", "000002"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_not_finite_stops_the_run(folder, value):
    run, layer = opened(folder)
    count(run, layer, "mle", 2)
    with pytest.raises(
        TrainingDiverged, match=r"policy_loss is .* in stage adversarial, step 3.*000002"
    ):
        run.log("adversarial", 3, {"policy_loss": value}, 9)


def test_a_weight_that_is_not_finite_is_never_saved(folder):
    run, layer = opened(folder)
    with pytest.raises(TrainingDiverged, match=r"stage adversarial, step 2.*000001"):
        for index in run.loop("adversarial", 5):
            if index == 1:
                layer.kernel.assign([[np.nan], [0.0]])
    _, layer = opened(folder, resume=True)
    assert np.isfinite(layer.kernel.numpy()).all()


def test_a_folder_with_a_run_is_refused_and_without_one_cannot_be_resumed(folder):
    opened(folder)
    with pytest.raises(UsageError, match=r"--resume.*another --out"):
        opened(folder)
    with pytest.raises(UsageError, match="there is no run"):
        opened(folder / "elsewhere", resume=True)


def test_the_result_has_what_was_kept_and_no_run_is_complete_before(folder):
    run, _ = opened(folder)
    run.keep(Measurement({"nll_oracle": 2.0}, {"nll_oracle": np.arange(3.0)}), suffix="_mle")
    run.keep(Measurement({"nll_oracle": 1.5}, {"nll_oracle": np.arange(4.0)}))
    assert not (folder / "result.json").exists()
    run.finish(tests={"p_value": 0.5})
    result = json.loads((folder / "result.json").read_text())
    assert result["metrics"] == {"nll_oracle_mle": 2.0, "nll_oracle": 1.5}
    assert result["complete"] is True and result["tests"] == {"p_value": 0.5}
    assert run.score_names() == ["nll_oracle"]
    np.testing.assert_array_equal(run.scores("nll_oracle"), np.arange(4.0))


def test_counted_seeds_depend_on_everything_and_on_nothing_else():
    seeds = [
        tuple(counted_seed(seed, stage, *steps))
        for seed in (0, 1)
        for stage in ("mle", "policy")
        for steps in ((0,), (1,), (0, 0), (0, 1), (1, 0))
    ]
    assert len(set(seeds)) == len(seeds)
    # A literal value: the same in every process, whatever PYTHONHASHSEED is.
    assert counted_seed(1, "mle", 0).tolist() == [-1022286016, -459738759]
    assert counted_seed(1, "mle", 0).dtype == np.int32
