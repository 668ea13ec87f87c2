"""train_oracle.py from start to end: files, resume after a kill, export, errors of use."""

import csv
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests import smoke_record
from tests.helpers import REPOSITORY
from tests.scripts import run, run_process
from training.verdict import FIGURES


def result(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


def final_weights(folder: Path) -> dict[str, bytes]:
    """The variables of the newest checkpoint, as bytes by name."""
    newest = sorted((folder / "checkpoints").glob("[0-9]*"))[-1] / "variables"
    reader = tf.train.load_checkpoint(str(newest))
    return {
        name: np.asarray(reader.get_tensor(name)).tobytes()
        for name in reader.get_variable_to_shape_map()
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    }


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> Path:
    """A finished smoke run; its commands are run from another folder, as a person might."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in smoke_record.ENVIRONMENT.items():
            patch.setenv(variable, value)
        arguments = ("train_oracle.py", "--preset", "smoke", "--out", folder)
        done = run_process(*arguments, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_smoke_run_leaves_what_the_design_says(whole_run):
    names = {path.name.split(".")[0] for path in whole_run.iterdir()}
    assert names >= {
        *("config", "metrics", "checkpoints", "generator", "samples", "result", "events"),
        "scores",
    }
    written = result(whole_run)
    assert written["complete"] is True
    assert written["task"] == "oracle"
    assert (written["algorithm"], written["preset"], written["seed"]) == ("seqgan", "smoke", 1)
    names = ["nll_oracle", "nll_test", "copied_share", *(f"self_bleu_{n}" for n in range(2, 6))]
    for name in names:
        assert np.isfinite(written["metrics"][name])
        assert np.isfinite(written["metrics"][f"{name}_mle"])
    assert written["versions"]["tensorflow"] == tf.__version__
    assert 0 < written["peak_memory_mb"] < 2500
    assert written["seconds"]["adversarial"] > 0

    with (whole_run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    steps = [(row["stage"], row["step"]) for row in rows]
    assert steps == [
        *(("mle", "1"), ("mle", "2"), ("discriminator", "1")),
        *(("adversarial", "1"), ("adversarial", "2")),
    ]
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds) and seconds[0] > 0
    assert 0 < float(rows[-1]["mean_reward"]) < 1
    assert 0 <= float(rows[-1]["discriminator_accuracy"]) <= 1
    verdicts = [[float(row[name]) for name in FIGURES] for row in rows[2:]]
    assert verdicts[0] != verdicts[1] != verdicts[2] and np.isfinite(verdicts).all()
    for name in ("mean_reward", "discriminator_accuracy", "discriminator_loss", *FIGURES):
        assert written["metrics"][name] == float(rows[-1][name])

    samples = np.loadtxt(whole_run / "samples.txt", dtype=int)
    assert samples.shape == (100, 8)
    assert samples.min() >= 0 and samples.max() < 50


@pytest.mark.slow
def test_it_gives_the_recorded_results(whole_run):
    smoke_record.check("oracle-seqgan", whole_run)


@pytest.mark.slow
def test_scores_of_sequences_are_those_of_the_figures(whole_run):
    metrics = result(whole_run)["metrics"]
    for name in ("nll_oracle", "nll_test", "nll_oracle_mle", "nll_test_mle"):
        scores = np.load(whole_run / "scores" / f"{name}.npy")
        assert scores.shape == (256,)
        np.testing.assert_allclose(scores.mean() / 8, metrics[name], rtol=1e-6)


@pytest.mark.slow
def test_events_hold_the_figures_of_the_table(whole_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(whole_run), size_guidance={"tensors": 0}).Reload()
    with (whole_run / "metrics.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    for name in ("nll_oracle", "nll_test", "self_bleu_2", "mean_reward", "discriminator_accuracy"):
        event = events.Tensors(f"adversarial/{name}")[-1]
        assert event.step == 2
        np.testing.assert_allclose(
            tf.make_ndarray(event.tensor_proto), float(last[name]), rtol=1e-6
        )


@pytest.mark.slow
def test_another_seed_gives_another_run(whole_run, tmp_path):
    done = run(
        *("train_oracle.py", "--preset", "smoke", "--seed", 2, "--rounds", 1, "--cell", "gru"),
        *("--optimizer", "rmsprop", "--rollout-update-rate", 0.8, "--no-xla"),
        *("--out", tmp_path / "other"),
    )
    assert done.returncode == 0, done.stderr
    assert result(tmp_path / "other")["metrics"] != result(whole_run)["metrics"]


@pytest.mark.slow
def test_a_deterministic_run_without_xla_finishes_and_says_so(tmp_path):
    done = run_process(
        *("train_oracle.py", "--preset", "smoke", "--deterministic", "--no-xla", "--rounds", 1),
        *("--mle-epochs", 1, "--out", "run"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"on (the CPU \(\d+ cores?\)|\d+ GPUs? \(.+\))\n", done.stderr)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
    assert stored["deterministic"] is True and stored["xla"] is False
    assert {"deterministic": True, "xla": False}.items() <= result(tmp_path / "run")[
        "changed"
    ].items()


@pytest.mark.slow
def test_mle_alone_stops_before_the_discriminator(tmp_path):
    done = run(
        *("train_oracle.py", "--preset", "smoke", "--algorithm", "mle", "--optimizer", "sgd"),
        *("--no-xla", "--out", tmp_path / "mle"),
    )
    assert done.returncode == 0, done.stderr
    metrics = result(tmp_path / "mle")["metrics"]
    assert np.isfinite(metrics["nll_oracle"]) and "nll_oracle_mle" not in metrics
    assert "adversarial" not in (tmp_path / "mle" / "metrics.csv").read_text()


@pytest.mark.slow
def test_the_export_needs_none_of_our_code_and_repeats(whole_run, tmp_path):
    script = f"""
import sys, tensorflow as tf
generator = tf.saved_model.load({str(whole_run / "generator")!r})
draw = lambda seed, t: generator.sample(tf.constant(5), tf.constant([seed, 0]), tf.constant(t))
assert (draw(1, 1.0).numpy() == draw(1, 1.0).numpy()).all()
assert (draw(1, 1.0).numpy() != draw(2, 1.0).numpy()).any()
signed = generator.signatures["sample"](
    num=tf.constant(5), seed=tf.constant([1, 0]), temperature=tf.constant(1.0),
    top_k=tf.constant(0), top_p=tf.constant(1.0), candidates=tf.constant(1), candidate_temperature=tf.constant(0.0),
    guidance=tf.constant(0.0))
assert (signed["tokens"].numpy() == draw(1, 1.0).numpy()).all()
assert not [name for name in sys.modules if name.split(".")[0] in ("models", "training")]
print(draw(1, 0.8).numpy().tolist())
"""
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert loaded.returncode == 0, loaded.stderr
    printed = run("sample.py", whole_run, "--num", 5, "--seed", 1, "--temperature", 0.8)
    lines = [[int(token) for token in line.split()] for line in printed.stdout.splitlines()]
    assert lines == json.loads(loaded.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--preset", "fast"], "expected one of quick, best, guided, smoke, paper, official."),
        (["--rond", 3], "Did you mean --rounds"),
        (["--rounds", "many"], "--rounds"),
        (["--rounds", -1], "--rounds is -1"),
        (["--vocab-size", 0], "--vocab-size is 0"),
        (["--max-length", 0], "--max-length is 0"),
        (["--num-rollouts", 0], "--num-rollouts is 0"),
        (["--mle-learning-rate", "nan"], "--mle-learning-rate is nan"),
        (["--batch-size", 257], "256 training sequences"),
        (["--d-samples", 8], "fewer than one batch"),
        (["--oracle", "best"], "expected published or seed:N"),
        (["--oracle-file", "x.pkl"], "--oracle published only"),
        (["--oracle", "published", "--oracle-file", "/no/such/file.pkl"], "/no/such/file.pkl"),
        (["--resume"], "--resume needs --out"),
        (["--resume", "--out", "/no/such/run"], "there is no run in"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, expected, tmp_path):
    out = [] if "--out" in arguments or "--resume" in arguments else ["--out", tmp_path / "run"]
    preset = [] if "--preset" in arguments or "--resume" in arguments else ["--preset", "smoke"]
    if "--vocab-size" in arguments or "--oracle" in arguments:
        preset = []
    done = run("train_oracle.py", *preset, *arguments, *out, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("error: ") and expected in done.stderr
    assert not (tmp_path / "run").exists()  # nothing is left of it


class Hostile:
    """A pickle that would make a folder when read."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["truncated", "wrong shapes", "hostile"])
def test_a_bad_oracle_file_is_one_line_and_runs_nothing(kind, tmp_path):
    file, marker = tmp_path / "oracle.pkl", tmp_path / "marker"
    gates = [np.zeros(shape, np.float32) for _ in range(4) for shape in ((3, 4), (4, 4), (4,))]
    good = [np.zeros([9, 3], np.float32), *gates, np.zeros([4, 9], np.float32)]
    content = {
        "truncated": pickle.dumps([*good, np.zeros(9, np.float32)])[:-40],
        "wrong shapes": pickle.dumps([*good, np.zeros(8, np.float32)]),
        "hostile": pickle.dumps(Hostile(marker)),
    }
    file.write_bytes(content[kind])
    done = run(
        *("train_oracle.py", "--oracle", "published", "--oracle-file", file),
        *("--out", tmp_path / "run"),
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert str(file) in done.stderr and not marker.exists()


@pytest.mark.slow
def test_a_folder_that_holds_a_run_is_left_alone(whole_run):
    before = {path: path.stat().st_mtime_ns for path in whole_run.rglob("*")}
    for arguments, expected in [
        (["--preset", "smoke", "--out", whole_run], "--resume"),
        (["--resume", "--out", whole_run, "--rounds", 7], "--rounds is 7"),
        (["--resume", "--out", whole_run, "--preset", "quick"], "--preset is quick"),
    ]:
        done = run("train_oracle.py", *arguments)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
        assert expected in done.stderr
    assert {path: path.stat().st_mtime_ns for path in whole_run.rglob("*")} == before


@pytest.mark.slow
def test_resuming_a_complete_run_changes_nothing(whole_run):
    before = {path: path.stat().st_mtime_ns for path in whole_run.rglob("*")}
    done = run("train_oracle.py", "--resume", "--out", whole_run)
    assert done.returncode == 0 and "is complete" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in whole_run.rglob("*")} == before


@pytest.mark.slow
def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    done = run("train_oracle.py", "--preset", "smoke", "--out", tmp_path)
    assert done.returncode == 2 and "other files" in done.stderr
    done = run("train_oracle.py", "--preset", "smoke", "--out", tmp_path / "thesis.tex")
    assert done.returncode == 2 and "thesis.tex is a file, expected a folder. Give" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    done = run("train_oracle.py", "--preset", "smoke", "--out", tmp_path / "file" / "run")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "another --out" in done.stderr


@pytest.mark.slow
def test_divergence_names_stage_and_step_and_keeps_the_last_good_checkpoint(tmp_path):
    folder = tmp_path / "diverged"
    arguments = ("--preset", "smoke", "--out", folder, "--checkpoint-seconds", 0)
    rates = ("--optimizer", "sgd", "--clip-norm", 1e30, "--g-learning-rate", 1e38)
    done = run("train_oracle.py", *arguments, *rates, "--no-xla")
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "adversarial" in last
    saved = sorted((folder / "checkpoints").glob("[0-9]*"))
    assert str(saved[-1]) in last
    weights = final_weights(folder)
    floats = [np.frombuffer(value, np.float32) for value in weights.values() if len(value) % 4 == 0]
    assert all(np.isfinite(values).all() for values in floats if values.size > 100)
    assert not (folder / "result.json").exists()


def test_help_names_every_flag_and_needs_no_tensorflow():
    done = run_process("train_oracle.py", "--help")
    assert done.returncode == 0
    for flag in ("--preset", "--algorithm", "--seed", "--out", "--resume", "--num-rollouts"):
        assert flag in done.stdout
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", str(REPOSITORY / "train_oracle.py"), "--help"],
        capture_output=True,
        text=True,
    )
    assert "tensorflow" not in imported.stderr and "scipy" not in imported.stderr
