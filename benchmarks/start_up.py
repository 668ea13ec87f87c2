"""How long a person waits: `--help` of every script, and samples from an exported generator."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import REPOSITORY

HELP_BOUND, SAMPLE_BOUND = 1.5, 8.0  # seconds


def seconds_of(command: list[str], repeats: int) -> float:
    """Median wall time of a command, from the start of the process to its end."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def scripts() -> list[str]:
    """Names of the scripts, which begin with `#!`; `seqgan.py` is a library."""
    files = sorted(REPOSITORY.glob("*.py"))
    return [path.name for path in files if path.read_bytes().startswith(b"#!")]


def measure_start_up(repeats: int) -> dict[str, float]:
    """Seconds of each command."""
    from models.export import export_generator
    from models.generator import Generator

    seconds = {
        f"{script} --help": seconds_of([sys.executable, script, "--help"], repeats)
        for script in scripts()
    }
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder, "generator")
        vocabulary = {"task": "oracle", "level": "id", "size": 5000}
        export_generator(Generator(5000, 20), export, vocabulary)
        command = [sys.executable, "sample.py", folder, "--num", "10"]
        seconds["sample.py RUN --num 10"] = seconds_of(command, repeats)
    return seconds
