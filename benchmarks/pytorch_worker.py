"""A process that times the stages of `benchmarks.plain_pytorch`, so that PyTorch and TensorFlow share no thread.

python -m benchmarks.pytorch_worker      # reads names of stages, answers with milliseconds
"""

import dataclasses
import functools
import importlib.util
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.measure import REPOSITORY, Case
from training.errors import one_line_errors
from training.flags import read_flags


@dataclasses.dataclass(frozen=True)
class WorkerSettings:
    """Runs the stages whose names are read from standard input, and prints the milliseconds of each."""

    quick: bool = False
    """Tiny sizes, to test the program; the figures are meaningless."""


def available() -> bool:
    """Whether torch is installed."""
    return importlib.util.find_spec("torch") is not None


class Worker:
    """The process that computes with PyTorch: TensorFlow's threads and PyTorch's never share one."""

    def __init__(self, quick: bool = False):
        command = [
            sys.executable,
            "-m",
            "benchmarks.pytorch_worker",
            *(["--quick"] if quick else []),
        ]
        self._process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.stages: dict[str, float] = self._answer()

    def cases(self) -> dict[str, Case]:
        """The stages to time."""
        return {
            stage: Case(functools.partial(self.run, stage), units)
            for stage, units in self.stages.items()
        }

    def run(self, stage: str) -> float:
        """Runs a stage once; its milliseconds."""
        assert self._process.stdin is not None  # noqa: S101  # a pipe
        self._process.stdin.write(stage + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # a pipe
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError("benchmarks.pytorch_worker ended; run it alone to see why.")
        return json.loads(line)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(WorkerSettings, WorkerSettings(), arguments, prog="pytorch_worker")
    from benchmarks.plain_pytorch import Stages
    from benchmarks.stages import sizes

    stages = Stages(*sizes(settings.quick)).cases()
    print(json.dumps({stage: units for stage, (_, units) in stages.items()}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        stages[line.rstrip("\n")][0]()
        print(json.dumps(1000 * (time.perf_counter() - start)), flush=True)


if __name__ == "__main__":
    with one_line_errors():
        main()
