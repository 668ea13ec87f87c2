"""Workers over the loopback, one of which is lost, told to stop, or told something else."""

import functools
import os
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.distributed import tf_configs
from tests.faults.runs import SETTINGS, check_same, command, finish, outcome, start
from tests.faults.test_kill import wait_for
from tests.helpers import REPOSITORY
from tests.training.small_runs import experiment, history
from training.checkpoints import checkpoints

# In which a worker that is left must have noticed.
NOTICE_SECONDS = 120
# With this checkpoint, one a step, the first round is under way, which compiles for a second and more.
STEPS_BEFORE = SETTINGS.mle_epochs + SETTINGS.pretrain_d_steps + 3  # measures, target network


def start_workers(folder: Path, num: int = 2) -> list[subprocess.Popen]:
    """The chief and the others."""
    environments = [{**os.environ, "TF_CONFIG": config} for config in tf_configs(num)]
    return [start(folder, env=environment) for environment in environments]


def wait_for_step(process: subprocess.Popen, folder: Path, number: int) -> None:
    """Until step `number` of the run is done and saved."""
    wait_for(process, lambda: any(int(path.name) >= number for path in checkpoints(folder)))


def last_line(process: subprocess.Popen) -> str:
    """What a process that is to end soon says in the end, and that it says nothing worse."""
    said = process.communicate(timeout=NOTICE_SECONDS)[1]
    assert "Traceback" not in said, said
    return said.splitlines()[-1]


def finish_workers(folder: Path, num: int = 2) -> None:
    """Trains to the end; all but the chief have nothing to say."""
    processes = start_workers(folder, num)
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * num, said
    assert said[1:] == [""] * (num - 1)


def variables(folder: Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(str(checkpoints(folder)[-1] / "variables"))
    names = (n for n in reader.get_variable_to_shape_map() if n != "_CHECKPOINTABLE_OBJECT_GRAPH")
    return {name: reader.get_tensor(name) for name in names}


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The unbroken run of this process."""
    folder = tmp_path_factory.mktemp("runs") / "alone"
    experiment(
        folder, **{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__ if f != "out"}
    )
    return folder


@pytest.mark.slow
def test_a_lost_worker_is_told_and_the_run_goes_on_without_it(alone, tmp_path):
    folder = tmp_path / "run"
    chief, other = start_workers(folder)
    wait_for_step(chief, folder, STEPS_BEFORE)
    other.kill()
    other.communicate()
    line = last_line(chief)
    assert chief.returncode == 1, line
    assert line.startswith("error: worker 0 (127.0.0.1:") and ": worker 1 (127.0.0.1:" in line
    # The workers meet once more behind the last step of a stage, where the loss may be noticed too.
    assert re.search(r" was lost in stage (discriminator, step 3|adversarial, round 1)\. ", line)
    saved = checkpoints(folder)[-1].name
    command = f"`python train_oracle.py --resume --out {folder}`"
    assert line.endswith(f"on every worker: {command} continues from checkpoint {saved}.")

    finish(folder)  # on one, what two began
    found, expected = history(folder), history(alone)
    assert [row["stage"] + row["step"] for row in found] == [
        row["stage"] + row["step"] for row in expected
    ]
    of_alone = variables(alone)
    assert variables(folder).keys() == of_alone.keys()
    for name, value in variables(folder).items():
        expected = of_alone[name].astype(np.float64)
        assert np.linalg.norm(value - expected) <= 1e-3 * np.linalg.norm(expected), name


@pytest.mark.slow
@pytest.mark.faults
def test_workers_go_on_to_the_same_bits(tmp_path):
    unbroken, folder = tmp_path / "unbroken", tmp_path / "run"
    finish_workers(unbroken)

    chief, other = start_workers(folder)
    wait_for_step(chief, folder, STEPS_BEFORE)
    chief.kill()
    chief.communicate()
    assert ": worker 0 (127.0.0.1:" in (line := last_line(other)), line
    assert other.returncode == 1

    processes = start_workers(folder)
    wait_for_step(processes[0], folder, STEPS_BEFORE + 1)
    processes[1].send_signal(signal.SIGTERM)
    lines = [last_line(process) for process in processes]
    assert [process.returncode for process in processes] == [143, 143], lines
    places = [line.partition("stopped after ")[2] for line in lines]
    assert places[0] == places[1] and places[0].startswith("stage adversarial, round "), lines

    finish_workers(folder)
    check_same(folder, outcome(unbroken))


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("number", [0, 1, 2])
def test_of_three_workers_the_lost_one_is_named(tmp_path, number):
    folder = tmp_path / "run"
    # A batch of 16 does not divide by three.
    processes = [
        subprocess.Popen(
            [*command(folder), "--batch-size", "12"],
            env={**os.environ, "TF_CONFIG": config},
            **{"cwd": REPOSITORY, "stderr": subprocess.PIPE, "text": True},
        )
        for config in tf_configs(3)
    ]
    wait_for_step(processes[0], folder, STEPS_BEFORE)
    lost = processes.pop(number)
    lost.kill()
    lost.communicate()
    for process in processes:
        line = last_line(process)
        assert process.returncode == 1 and f": worker {number} (127.0.0.1:" in line, line


@pytest.mark.slow
@pytest.mark.faults
def test_workers_that_were_told_different_things_do_not_start(tmp_path):
    folder = tmp_path / "run"
    run = functools.partial(subprocess.Popen, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    processes = [
        run([*command(folder), "--seed", str(seed)], env={**os.environ, "TF_CONFIG": config})
        for seed, config in enumerate(tf_configs(2), start=1)
    ]
    for process in processes:
        line = last_line(process)
        assert process.returncode == 2, line
        assert ": worker 1 (127.0.0.1:" in line and " has other flags, other data" in line
