"""Time to quality: minutes from the start of the process to the paper's NLL-oracle."""

import csv
import math
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


def measured(metrics: Path) -> list[float]:
    """NLL-oracle wherever an adversarial round measured it, from a run's metrics.csv."""
    if not metrics.is_file():
        return []
    with metrics.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == "adversarial"]
    return [float(row["nll_oracle"]) for row in rows if row.get("nll_oracle")]


def time_to_quality(flags: list[str], target: float = TARGET) -> dict[str, float | None]:
    """Minutes until a run of train_oracle.py has measured the target, and what it measured there.

    All of it counts: the start of Python, the data, pre-training and the measurements on the way.
    The run is stopped there. Minutes are None where it ends without: then NLL-oracle is its lowest.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        command = [sys.executable, "train_oracle.py", "--out", str(out), *flags]
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as training:
            ended, lowest = False, math.inf
            while lowest > target and not ended:
                time.sleep(0.2)
                ended = training.poll() is not None  # before the last look
                lowest = min(measured(out / "metrics.csv"), default=math.inf)
            minutes = (time.perf_counter() - start) / 60
            if not ended:
                training.terminate()
    if lowest > target:
        return {"minutes": None, "nll_oracle": lowest if math.isfinite(lowest) else None}
    return {"minutes": minutes, "nll_oracle": lowest}


def measure_quality(seeds: tuple[int, ...], oracle_file: Path | None) -> dict[str, Any]:
    """Minutes to the target with the quick preset on the published oracle, by seed."""
    where = [] if oracle_file is None else ["--oracle-file", str(oracle_file.resolve())]
    common = ["--preset", "quick", "--oracle", "published", *where]
    common += ["--eval-samples", str(SAMPLES)]
    by_seed = {str(seed): time_to_quality([*common, "--seed", str(seed)]) for seed in seeds}
    return {"target": TARGET, "samples": SAMPLES, "by_seed": by_seed}


def published_schedule_hours(times: dict[str, float]) -> float:
    """Hours that the published schedule needs to its 75th round, by the milliseconds of its parts.

    120 epochs of maximum likelihood, 156 batches each; 50 times 9,984 sequences and three epochs of
    312 steps of the discriminator; 75 rounds.
    """
    mle = 120 * 156 * times["MLE step"]
    new_batches = 9984 / 64 * times["sample 64 sequences"]
    pretraining = 50 * (new_batches + 3 * 312 * times["discriminator step"])
    rounds = PUBLISHED_ROUNDS * times["a round of the published schedule"]
    return (mle + pretraining + rounds) / 3.6e6
