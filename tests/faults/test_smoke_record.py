"""Every script and algorithm gives the recorded results; train_oracle.py is in tests/test_train_oracle.py."""

import pytest

from tests import smoke_record
from tests.scripts import run_process


@pytest.mark.faults
@pytest.mark.parametrize("name", smoke_record.RUNS)
def test_a_smoke_run_gives_the_recorded_results(name, tmp_path, monkeypatch):
    for variable, value in smoke_record.ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    script, *flags = smoke_record.RUNS[name]
    done = run_process(script, "--preset", "smoke", *flags, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    smoke_record.check(name, tmp_path / "run")
