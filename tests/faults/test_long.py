"""Long runs: what they hold and write does not grow with the rounds, but for a row a round."""

import json
import subprocess
import sys

import pytest

from tests.faults.long import train
from tests.helpers import REPOSITORY

pytestmark = pytest.mark.slow


def test_nothing_is_traced_after_the_first_round(tmp_path):
    seen = train(tmp_path / "run", 4, look_at=(1, 4))
    functions, traces = seen[1]["traces"]
    assert seen[4]["traces"] == (functions, traces)
    assert traces > 5
    assert seen[4]["event_files"] == 1 and seen[4]["checkpoints"] <= 2


@pytest.mark.faults
def test_a_thousand_rounds_take_the_memory_of_a_hundred(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.long", str(tmp_path / "run"), "1000"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = {int(step): what for step, what in json.loads(done.stdout).items()}
    print(json.dumps(seen, indent=1))
    assert seen[1000]["memory_mb"] < 1.05 * seen[100]["memory_mb"]
    assert seen[1000]["traces"] == seen[100]["traces"] == seen[1]["traces"]
    assert seen[1000]["checkpoints"] <= 2 and seen[1000]["event_files"] == 1
    # But for a row: its figures in the checkpoint, and with ten samples and histograms in TensorBoard.
    for name, row in (("event_bytes", 7000), ("checkpoint_bytes", 1000)):
        assert seen[1000][name] - seen[100][name] < row * (1000 - 100), name
