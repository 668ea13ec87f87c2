"""Trains what a table needs and is not complete, then writes the table. The scripts here call it.

python -m experiments.runner NAME OUT [--list] ::run train_poems.py --seed 1 --out OUT/x ...
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.jobs import RUN, START, Job, read_jobs
from experiments.schedule import Schedule, runs_at_a_time
from experiments.time_left import Times, in_words
from files.errors import UsageError
from files.writing import write_text
from training.errors import RunFailed, one_line_errors
from training.stops import Stopped, at_once

RESULTS = Path("results")


def say(line: str) -> None:
    """Prints a line at once, also into a pipe."""
    print(line, flush=True)


def state_in_words(jobs: Sequence[Job], at_a_time: int) -> str:
    """How many runs are complete, what is left, and how long that will take."""
    complete, begun = sum(job.complete for job in jobs), sum(job.begun for job in jobs)
    left = len(jobs) - complete - begun
    parts = [f"{complete} of {len(jobs)} runs are complete"]
    parts += [f"{begun} to resume"] if begun else []
    parts += [f"{left} to start"] if left else []
    time_left = in_words(jobs, Times(jobs, RESULTS), at_a_time)
    return "; ".join([", ".join(parts), *([time_left] if time_left else [])])


def write_table(name: str, out: Path, jobs: Sequence[Job]) -> None:
    """Writes `NAME.md`, `NAME.json` and the figures in `NAME-figures/` of the complete runs."""
    folders = [str(job.out) for job in jobs if job.in_table and job.complete]
    if not folders:
        return
    table, figures = out / f"{name}.md", out / f"{name}-figures"
    files = ["--json", str(out / f"{name}.json"), "--figures", str(figures)]
    made = subprocess.run(
        [sys.executable, "compare.py", *folders, *files],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    if made.returncode:
        raise RunFailed(f"{name}: compare.py ended with exit code {made.returncode}. See above.")
    write_text(table, made.stdout)
    say(f"{made.stdout}\n{name}: table in {table}, figures in {figures}")


def carry_out(name: str, out: Path, jobs: Sequence[Job], at_a_time: int) -> None:
    """Trains and writes the table. Raises `Stopped` after a signal, `RunFailed` where a run is not complete."""
    how = f"{at_a_time} at a time" if at_a_time > 1 else "one at a time"
    say(f"{name}: {state_in_words(jobs, at_a_time)} ({how})")
    schedule = Schedule(jobs, at_a_time, out / "logs", say)
    number = schedule.run()
    if number:
        state = state_in_words(jobs, at_a_time)
        raise Stopped(number, f"{name}: {state}. The same command continues.")
    write_table(name, out, jobs)
    state = f"{name}: {state_in_words(jobs, at_a_time)}"
    if schedule.failed:
        failed = ", ".join(job.name for job in schedule.failed)
        raise RunFailed(
            f"{state}. Failed: {failed}. Fix what the logs in {out / 'logs'} name; the same command "
            "continues."
        )
    if schedule.stopped:  # by a signal from elsewhere
        stopped = ", ".join(job.name for job in schedule.stopped)
        raise RunFailed(f"{state}. Stopped: {stopped}. The same command continues.")
    say(state)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) < 2:
        raise UsageError(
            f"{len(arguments)} arguments are given, expected NAME and OUT, then the runs. Run a script of "
            "experiments/, as experiments/table1.sh, which gives them."
        )
    name, folder, *rest = arguments
    first = next((k for k, each in enumerate(rest) if each in (RUN, START)), len(rest))
    options, commands = rest[:first], rest[first:]
    if options not in ([], ["--list"]):
        given = shlex.join(options)
        raise UsageError(f"{name} was given {given:.60}, expected nothing or --list.")
    jobs = read_jobs(commands)
    for job in jobs:
        job.check()
    at_a_time = runs_at_a_time(os.environ.get("JOBS", ""))
    if options:
        for job in jobs:
            say(f"python {shlex.join(job.command)}{'  # complete' if job.complete else ''}")
        say(f"# {name}: {state_in_words(jobs, at_a_time)}")
        return
    carry_out(name, Path(folder), jobs, at_a_time)


if __name__ == "__main__":
    with one_line_errors(), at_once():
        main(sys.argv[1:])
