"""The scripts of experiments/ and the commands in them."""

import os
import subprocess
from functools import cache
from pathlib import Path

from experiments.jobs import Job, read_jobs
from tests.helpers import REPOSITORY

FOLDER = REPOSITORY / "experiments"
SCRIPTS = tuple(sorted(path.stem for path in FOLDER.glob("*.sh") if path.stem != "common"))
OUT = "runs/experiments"  # the default


@cache
def jobs_of(script: str, **settings: str) -> tuple[Job, ...]:
    """The jobs that a script hands to the runner, with SEEDS, PRESET and so on."""
    environment = {k: v for k, v in os.environ.items() if k not in ("SEEDS", "PRESET", "OUT")}
    # In place of Python: prints what it is given, a line each.
    printing = Path(__file__).with_name("print_arguments.sh")
    called = subprocess.run(
        ["bash", FOLDER / f"{script}.sh"],
        env={**environment, **settings, "PYTHON": str(printing)},
        capture_output=True,
        text=True,
    )
    assert called.returncode == 0 and not called.stderr, called.stderr
    module, runner, name, out, *commands = called.stdout.splitlines()
    assert (module, runner, name) == ("-m", "experiments.runner", script)
    assert out == settings.get("OUT", OUT)
    return tuple(read_jobs(commands))


def options(job: Job) -> dict[str, tuple[str, ...]]:
    """The flags of a job with their values, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for part in job.flags:
        if part.startswith("--"):
            found[part] = ()
        else:
            last = next(reversed(found))
            found[last] = (*found[last], part)
    return found
