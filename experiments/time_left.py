"""How long trainings will take, by the times of complete ones and of the stored results."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.jobs import Job
from reports.results import START_STAGES

# Importing TensorFlow and reading the data, which no stage of a run counts.
START_UP_SECONDS = 10.0


class Times:
    """Measured times by row: of complete runs, else of the results in a folder.

    Args:
        jobs: those of a table.
        results: folder of `NAME.json` files; names of the preset quick may leave it out.
    """

    def __init__(self, jobs: Iterable[Job], results: Path):
        self._measured: dict[str, list[dict[str, float]]] = defaultdict(list)
        for job in jobs:
            if job.complete:
                self._measured[job.row].append(_seconds(job.out / "result.json"))
        stored: dict[str, list[dict[str, float]]] = defaultdict(list)
        for path in sorted(results.glob("*-seed*.json")):
            stored[_without_preset(re.sub(r"-seed\d+$", "", path.stem))].append(_seconds(path))
        self._stored = stored

    def seconds_left(self, job: Job) -> float | None:
        """Of a job that is not complete; None where nothing like it was measured."""
        runs = self._measured.get(job.row)
        if not runs:
            runs = self._stored.get(_without_preset(job.row))
        if not runs:
            return None
        if job.begun:
            total = sum(sum(run.values()) for run in runs) / len(runs)
            return START_UP_SECONDS + max(0.0, total - _seconds_done(job.out))
        # A run with --pretrained also names the time of the run that it starts from.
        taken_over = job.pretrained is not None
        own = [
            seconds
            for run in runs
            for stage, seconds in run.items()
            if not (taken_over and stage in START_STAGES)
        ]
        return START_UP_SECONDS + sum(own) / len(runs)


def in_words(jobs: Iterable[Job], times: Times, at_a_time: int) -> str:
    """The time that is left for jobs: `"about 25 min left"`; empty where there are none."""
    left = [times.seconds_left(job) for job in jobs if not job.complete]
    known = [seconds for seconds in left if seconds is not None]
    unknown = len(left) - len(known)
    if not left:
        return ""
    if not known:
        return "time left: not known before one run of each row is complete"
    minutes = sum(known) / 60 / min(at_a_time, len(known))
    text = f"about {minutes:.0f} min" if minutes >= 1 else "about 1 min"
    if minutes >= 90:
        text = f"about {minutes / 60:.1f} h"
    runs = "1 run" if unknown == 1 else f"{unknown} runs"
    more = f", and {runs} of a length not known yet" if unknown else ""
    return f"{text} left{more}"


def _without_preset(row: str) -> str:
    """The files of results/ do not all name the preset."""
    return row.replace("-quick", "")


def _seconds(path: Path) -> dict[str, float]:
    """Seconds of each stage of a result; none where it cannot be read."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))["seconds"]
        return {stage: float(seconds) for stage, seconds in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _seconds_done(folder: Path) -> float:
    """What a run has spent until its last row of metrics.csv, pre-training included."""
    try:
        with (folder / "metrics.csv").open(newline="", encoding="utf-8") as table:
            return max((float(row["seconds"]) for row in csv.DictReader(table)), default=0.0)
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
