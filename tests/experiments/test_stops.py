"""A table that is stopped by Ctrl-C and started again ends as one that was not stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers import REPOSITORY


def start(repository, out, **settings):
    """table2.sh as a terminal starts it: in a process group of its own."""
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("PRESET", "SEEDS")},
        **{"PYTHONPATH": str(REPOSITORY), "PYTHON": sys.executable, "OUT": str(out)},
        **{"PRESET": "smoke", "SEEDS": "1", "JOBS": "2"},
    }
    return subprocess.Popen(
        [repository / "experiments" / "table2.sh"],
        env={**environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process):
    """Exit code, and what was printed."""
    printed, said = process.communicate()
    return process.returncode, printed, said


def wait_for(process, *conditions):
    while not all(condition() for condition in conditions):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def ctrl_c(process):
    os.killpg(process.pid, signal.SIGINT)


@pytest.fixture
def stubs(tmp_path):
    """A copy of experiments/ beside trainings that take no time."""
    repository = tmp_path / "repository"
    shutil.copytree(REPOSITORY / "experiments", repository / "experiments")
    here = Path(__file__).parent
    shutil.copy(here / "stub.py", repository / "train_poems.py")
    shutil.copy(here / "stub_table.py", repository / "compare.py")
    return repository


def steps(folder):
    path = folder / "steps.txt"
    return path.read_text().split() if path.exists() else []


@pytest.mark.slow
def test_a_stopped_table_ends_as_one_that_was_not_stopped(stubs, tmp_path):
    out = tmp_path / "out"
    stopped = [out / f"poems-{name}-smoke-seed1" for name in ("seqgan", "seqgan-constant")]
    (stubs / "wait").touch()
    process = start(stubs, out)
    wait_for(process, *(lambda folder=folder: len(steps(folder)) == 2 for folder in stopped))
    ctrl_c(process)
    code, printed, said = finish(process)
    assert code == 128 + signal.SIGINT
    assert said.startswith("table2: 2 of 4 runs are complete, 2 to resume; ")
    assert said.endswith("The same command continues.\n") and said.count("\n") == 1
    assert printed.count("complete after") == printed.count(": stopped after") == 2
    assert not (out / "table2.md").exists()
    assert [steps(folder) for folder in stopped] == [["0", "1"]] * 2

    (stubs / "wait").unlink()
    code, printed, said = finish(start(stubs, out))
    assert (code, said) == (0, "")
    assert printed.count(": resumed, output in") == 2 and ": started" not in printed
    assert printed.splitlines()[-1] == "table2: 4 of 4 runs are complete"
    assert (out / "table2.md").read_text().splitlines() == [
        f"poems-{name}-smoke-seed1 {algorithm} 0 1 2 3 4"
        for name, algorithm in {
            **{"random": "random", "mle": "mle", "seqgan": "seqgan"},
            "seqgan-constant": "seqgan",
        }.items()
    ]


@pytest.mark.faults
@pytest.mark.slow
def test_a_stopped_table_of_trainings_ends_as_one_that_was_not_stopped(tmp_path):
    """The same with the trainings and compare.py themselves; some minutes."""
    out, whole = tmp_path / "stopped", tmp_path / "whole"
    process = start(REPOSITORY, out)
    seqgan = out / "poems-seqgan-smoke-seed1"
    # After the target network (2) and the discriminator (3): in the midst of the policy gradient.
    wait_for(process, lambda: any(seqgan.glob("checkpoints/*3")))
    ctrl_c(process)
    code, printed, said = finish(process)
    assert code == 128 + signal.SIGINT, said
    assert ": stopped after" in printed and "to resume" in said
    assert not (seqgan / "result.json").exists()
    for folder in (out, whole):
        code, _, said = finish(start(REPOSITORY, folder))
        assert code == 0, said
    for path in sorted(whole.glob("*/result.json")):
        ours, theirs = (
            json.loads((folder / path.relative_to(whole)).read_text()) for folder in (out, whole)
        )
        for part in ("metrics", "temperatures", "sequences", "settings", "threads"):
            assert ours.get(part) == theirs.get(part), (path, part)
    assert without_times(out) == without_times(whole)
    assert any((out / "table2-figures").glob("*.png"))


def without_times(folder):
    """The table, but for what the clock and the machine have to do with."""
    lines = (folder / "table2.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 20
    return [line for line in lines if not line.startswith(("| minutes |", "| peak GB |"))]
