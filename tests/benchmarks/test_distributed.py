"""The cost model of several devices, against figures worked out by hand."""

import dataclasses
import re

import pytest

from benchmarks import action_values, distributed
from benchmarks.distributed import (
    DistributedSettings,
    Network,
    cost_table,
    loopback,
    paper_hours,
)
from files.errors import UsageError
from training.presets import ORACLE_PRESETS

STAGES = (
    *("MLE step", "discriminator step", "policy step"),
    *("sample a batch", "sample D's set", "rewards of one batch"),
)
SIZES = {"generator": 1_000_000, "discriminator": 30_000_000}


def test_a_ring():
    network = Network(hop_ms=0.5, bytes_per_ms=1000.0)
    assert network.all_reduce(1, 1e9) == 0
    assert network.all_reduce(2, 4000) == pytest.approx(2 * (0.5 + 2))
    assert network.all_reduce(8, 4000) == pytest.approx(14 * (0.5 + 0.5))
    assert network.gather(8, 4000) == pytest.approx(7)
    # Two that took 1 ms for next to nothing, and 31 ms for 30 MB.
    here = loopback({"number": 1.0, "discriminator": 31.0}, SIZES)
    assert (here.hop_ms, here.bytes_per_ms) == (0.5, 1e6)


def test_the_hours_of_the_preset():
    paper = ORACLE_PRESETS["paper"]
    counts = {
        "MLE step": 240 * 156,
        "discriminator step": 50 * 3 * 312 + 800 * 5 * 3 * 312,
        "sample D's set": 50 + 800 * 5,
        **{"policy step": 800, "sample a batch": 800, "rewards of one batch": 800},
    }
    alone = Network(0.0, float("inf"))
    for name in STAGES:
        work = {stage: 36.0 * (stage == name) for stage in STAGES}
        assert paper_hours(paper, work, SIZES, 1, alone) == pytest.approx(counts[name] / 1e5)
    nothing = dict.fromkeys(STAGES, 0.0)
    # Two replicas, a hop of 1 ms and no bytes: 2 hops a sum, one a gather.
    steps = counts["MLE step"] + counts["discriminator step"] + counts["policy step"]
    hops = 2 * steps + counts["sample D's set"] + 2 * 800
    hours = paper_hours(paper, nothing, SIZES, 2, Network(1.0, float("inf")))
    assert hours == pytest.approx(hops / 3.6e6)
    once = dataclasses.replace(paper, rounds=0, pretrain_d_steps=0, mle_epochs=1)
    hours = paper_hours(once, nothing, SIZES, 4, Network(0.0, 1000.0))
    assert hours == pytest.approx(156 * 6 * 250 / 3.6e6)


def test_the_table_has_a_column_for_each_number():
    work = {str(n): dict.fromkeys(STAGES, 80.0 / n) for n in (1, 2)}
    machine = {
        **{"processor": "CPU", "hardware": "2 cores", "commit": "abc"},
        **{"versions": {"tensorflow": "2", "keras": "3"}, "load_average_before": 0.5},
    }
    figures = {
        **{"work_ms": work, "gradient_bytes": SIZES, "machine": machine},
        "all_reduce_ms": {"number": 1.0, "generator": 2.0, "discriminator": 31.0},
    }
    table = cost_table(figures, DistributedSettings())
    assert table.columns == ["", "MB summed", "1 devices", "2 devices"]
    assert table.rows[0] == ["MLE step", "1.0", "80.0 ms", "40.0 ms"]
    assert table.rows[1] == ["discriminator step", "30.0", "80.0 ms", "40.0 ms"]
    assert len(table.rows) == len(STAGES) + 3
    assert "1.00 GB/s" in table.notes[0]


def test_a_network_without_speed_is_told():
    with pytest.raises(UsageError, match="expected above 0"):
        DistributedSettings(gigabits=0).check()


@pytest.mark.parametrize("module", [distributed, action_values], ids=lambda module: module.__name__)
def test_files_that_cannot_be_written_are_refused_before_anything_is_measured(
    module, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "measure", lambda settings: pytest.fail("it measures"))
    page = tmp_path / "page.md"
    page.write_text("no marks")
    nowhere = tmp_path / "none" / "figures.json"
    for said, *flags in (
        ("--write needs a file with the lines", "--write", page),
        ("for figures.json. Make it first", "--json", nowhere),
        ("which does not exist", "--write", tmp_path / "none.md"),
    ):
        with pytest.raises(UsageError, match=re.escape(said)):
            module.main(list(map(str, flags)))
