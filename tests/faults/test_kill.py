"""`kill -9` and signals at a process that trains: whatever the moment, it goes on to the same bits."""

import dataclasses
import os
import signal
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.faults.runs import (
    SETTINGS,
    check_same,
    finish,
    leftovers,
    outcome,
    start,
)
from tests.scripts import run
from tests.training.small_runs import experiment

SEED = 1
MOMENTS = 20
# Within a checkpoint, the export and the result; the rest of the moments is chosen by the clock.
OPERATIONS = [
    "os.mkdir {}/checkpoints/writing-000002",
    "open {}/checkpoints/writing-000005/state.json.tmp",
    "os.rename {}/checkpoints/writing-000006/checksums.json.tmp",
    "os.rename {}/checkpoints/writing-000009 ",
    "os.rename {}/metrics.csv.tmp",
    "open {}/scores/nll_oracle.npy",
    "open {}/writing-generator-assets/vocabulary.json",
    "os.rename {}/writing-generator ",
    "os.rename {}/result.json.tmp",
]
ROWS = SETTINGS.mle_epochs + SETTINGS.pretrain_d_steps + SETTINGS.rounds


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The unbroken run's: of this process, not of a new one."""
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    train(folder)
    return outcome(folder)


def train(folder, **changes):
    """Trains in this process."""
    settings = dataclasses.asdict(SETTINGS) | changes
    experiment(folder, **{name: value for name, value in settings.items() if name != "out"})


def rows(folder: Path) -> int:
    table = folder / "metrics.csv"
    return max(0, table.read_text().count("\n") - 1) if table.exists() else -1


def wait_for(process, condition) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def moved_on(process, folder: Path, before: int) -> bool:
    return rows(folder) != before or process.poll() == 0


def killed_before(folder: Path, operation: str) -> None:
    process = start(folder, operation.format(folder))
    said = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, said
    assert not (folder / "result.json").exists()


@pytest.mark.slow
def test_a_stop_and_a_kill_in_every_stage_change_nothing(tmp_path):
    folder = tmp_path / "run"
    process = start(folder, xla=False)
    wait_for(process, lambda: rows(folder) >= 1)
    process.send_signal(signal.SIGTERM)
    said = process.communicate()[1].splitlines()
    assert process.returncode == 143, said
    assert said[-1].startswith("stopped after stage ")
    assert f"`python train_oracle.py --resume --out {folder}` continues from" in said[-1]
    assert not any("Traceback" in line for line in said) and not leftovers(folder)

    discriminator = SETTINGS.mle_epochs + 1
    for number in (discriminator, discriminator + SETTINGS.pretrain_d_steps):  # then in a round
        process = start(folder)
        wait_for(process, lambda number=number: rows(folder) >= number)
        process.kill()
        process.communicate()
        assert not (folder / "result.json").exists()
    unfinished = run("compare.py", folder)
    assert unfinished.returncode == 2 and "not complete" in unfinished.stderr
    assert run("sample.py", folder).returncode == 2

    killed_before(folder, "os.rename {}/writing-generator ")
    assert leftovers(folder) == ["writing-generator"]
    finish(folder)
    train(tmp_path / "unbroken", xla=False)
    check_same(folder, outcome(tmp_path / "unbroken"))
    assert not leftovers(folder)


@pytest.mark.slow
def test_a_seed_gives_the_same_bits_again_and_in_a_fresh_process(expected, tmp_path):
    train(tmp_path / "again")
    check_same(tmp_path / "again", expected)
    finish(tmp_path / "fresh", env={**os.environ, "PYTHONHASHSEED": "7"})
    check_same(tmp_path / "fresh", expected)
    train(tmp_path / "other", seed=SETTINGS.seed + 1)
    other = outcome(tmp_path / "other")
    for part in ("history", "samples", "scores"):
        assert other[part] != expected[part], part
    differ = [
        name for name, value in other["weights"].items() if value != expected["weights"][name]
    ]
    assert any(name.startswith("generator") for name in differ)


@pytest.mark.faults
@pytest.mark.parametrize("number", range(MOMENTS))
def test_a_kill_at_any_moment_changes_nothing(expected, tmp_path, number):
    folder = tmp_path / "run"
    if number < len(OPERATIONS):
        killed_before(folder, OPERATIONS[number])
    else:
        # Spread over the run by its rows, then by the clock: a step takes less than its compilation.
        random = np.random.default_rng([SEED, number])
        of_all = (number - len(OPERATIONS)) / (MOMENTS - len(OPERATIONS))
        process = start(folder)
        wait_for(process, lambda: rows(folder) >= int(of_all * ROWS) - 1)
        time.sleep(random.uniform(0, 1.5))
        process.kill()
        process.communicate()
    finish(folder)
    check_same(folder, expected)
    assert not leftovers(folder)


@pytest.mark.faults
def test_kills_upon_kills_change_nothing(expected, tmp_path):
    folder, random = tmp_path / "run", np.random.default_rng(SEED)
    kills = 0
    while not (folder / "result.json").exists():
        before = rows(folder)
        process = start(folder)
        # It gets a little further each time, by a row or by what is saved after one.
        wait_for(process, partial(moved_on, process, folder, before))
        time.sleep(random.uniform(0, 3))
        process.kill()
        process.communicate()
        kills += 1
        assert kills < 60
    check_same(folder, expected)
    assert kills > 3


def heeds_signals(process) -> bool:
    """Whether it has got as far as to install its handlers; what comes before takes half a second."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return bool(caught & 1 << signal.SIGTERM - 1)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_step_is_one_line(tmp_path, number):
    random = np.random.default_rng(SEED)
    folder = tmp_path / "run"
    for moment in random.uniform(0, 8, 8):
        process = start(folder)
        wait_for(process, partial(heeds_signals, process))
        time.sleep(moment)
        process.send_signal(number)
        said = process.communicate()[1].splitlines()
        assert process.returncode == 128 + number, (moment, said)
        assert sum(line.startswith("stopped ") for line in said) == 1, (moment, said)
        assert not any("Traceback" in line or "Error" in line for line in said), (moment, said)


@pytest.mark.faults
def test_two_processes_do_not_share_a_folder(expected, tmp_path):
    folder = tmp_path / "run"
    first = start(folder)
    try:
        wait_for(first, lambda: (folder / "config.json").exists())
        second = start(folder)
        said = second.communicate()[1]
        assert second.returncode == 2
        assert said.count("\n") == 1 and f"in use by process {first.pid} " in said
    finally:
        first.kill()
        first.communicate()
    finish(folder)  # a dead one holds nothing
    check_same(folder, expected)
