"""The stages in plain PyTorch, where torch is installed, and the process that times them."""

import json
import subprocess
import sys
import types

import pytest

from benchmarks import pytorch_worker, stages
from benchmarks.measure import Case, side_by_side
from benchmarks.operations import operations

ANSWERS = """
import json, sys
print(json.dumps({"one": 1, "two": 2}), flush=True)
for line in sys.stdin:
    print(json.dumps(float(len(line))), flush=True)
"""


def test_the_process_gets_the_names_of_stages_and_gives_their_times(monkeypatch):
    real = subprocess.Popen

    def popen(command, **options):
        assert command[1:] == ["-m", "benchmarks.pytorch_worker", "--quick"]
        return real([sys.executable, "-c", ANSWERS], **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    worker = pytorch_worker.Worker(quick=True)
    cases = worker.cases()
    assert {stage: case.units for stage, case in cases.items()} == {"one": 1, "two": 2}
    assert cases["two"].call() == worker.run("two") == 4.0  # a line has an end
    assert set(side_by_side(cases, 1)) == {"one", "two"}
    worker.close()


def test_a_process_that_ends_is_an_error(monkeypatch):
    real = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **options: real([sys.executable, "-c", ""], **options)
    )
    with pytest.raises(RuntimeError, match="ended; run it alone to see why"):
        pytorch_worker.Worker()


def test_ours_and_the_process_are_timed_stage_by_stage(monkeypatch):
    names = list(operations(stages.sizes(quick=True)[0]))
    case = Case(lambda: 1)
    worker = types.SimpleNamespace(cases=lambda: dict.fromkeys(names, case), close=lambda: None)
    monkeypatch.setattr(pytorch_worker, "Worker", lambda quick: worker)
    ours = types.SimpleNamespace(ours=lambda: dict.fromkeys(names, case))
    monkeypatch.setattr(stages, "Stages", lambda *_: ours)
    records = stages.measure_pytorch(1, quick=True)
    assert [record["stage"] for record in records] == names
    assert all(record["ours"] >= 0 and record["pytorch"] >= 0 for record in records)


def test_every_stage_of_ours_is_there_in_pytorch():
    torch = pytest.importorskip("torch")
    from benchmarks.plain_pytorch import Stages

    settings, batches = stages.sizes(quick=True)
    made = Stages(settings, batches)
    assert set(made.cases()) == set(operations(settings))
    for call, _ in made.cases().values():
        call()
    shape = (settings.batch_size, settings.max_length)
    rewards = made.rewards()
    assert rewards.shape == shape and bool(((rewards > 0) & (rewards < 1)).all())
    prefixes = made.epoch[:3, :2]
    assert torch.equal(made.generator.complete(prefixes)[:, :2], prefixes)
    assert json.loads(json.dumps({k: units for k, (_, units) in made.cases().items()}))
