"""Time to quality: minutes from the start of the process to the paper's NLL-oracle."""

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import REPOSITORY

TARGET = 8.736  # SeqGAN in Table 1 of Yu et al. (2017)
PUBLISHED_ROUNDS = 75  # after which the published log is below it
SAMPLES = 10_000


def first_below(metrics: Path, target: float) -> float | None:
    """NLL-oracle of the first adversarial round at or below the target, from a run's metrics.csv."""
    if not metrics.is_file():
        return None
    with metrics.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = row.get("nll_oracle")
            if row["stage"] == "adversarial" and value and float(value) <= target:
                return float(value)
    return None


def time_to_quality(flags: list[str], target: float = TARGET) -> dict[str, float | None]:
    """Minutes until a run of train_oracle.py has measured the target; None where it never does.

    All of it counts: the start of Python, the data, pre-training and the measurements on the way.
    The run is stopped there.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        command = [sys.executable, "train_oracle.py", "--out", str(out), *flags]
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as training:
            reached = None
            while reached is None and training.poll() is None:
                time.sleep(0.2)
                reached = first_below(out / "metrics.csv", target)
            minutes = (time.perf_counter() - start) / 60
            if training.poll() is None:
                training.terminate()
        if reached is None:
            reached = first_below(out / "metrics.csv", target)  # it may have been the last row
    if reached is None:
        return {"minutes": None, "nll_oracle": None}
    return {"minutes": minutes, "nll_oracle": reached}


def measure_quality(seeds: tuple[int, ...], oracle_file: Path | None) -> dict[str, Any]:
    """Minutes to the target with the quick preset on the published oracle, by seed."""
    where = [] if oracle_file is None else ["--oracle-file", str(oracle_file.resolve())]
    common = ["--preset", "quick", "--oracle", "published", *where]
    common += ["--eval-samples", str(SAMPLES)]
    by_seed = {str(seed): time_to_quality([*common, "--seed", str(seed)]) for seed in seeds}
    return {"target": TARGET, "samples": SAMPLES, "by_seed": by_seed}


def published_schedule_hours(times: dict[str, float], round_ms: float) -> float:
    """Hours that the published schedule needs to its 75th round, by our times of its parts.

    120 epochs of maximum likelihood, 156 batches each; 50 times 9,984 sequences and three epochs of
    312 steps of the discriminator; 75 rounds.
    """
    mle = 120 * 156 * times["MLE step"]
    new_batches = 9984 / 64 * times["sample 64 sequences"]
    pretraining = 50 * (new_batches + 3 * 312 * times["discriminator step"])
    return (mle + pretraining + PUBLISHED_ROUNDS * round_ms) / 3.6e6
