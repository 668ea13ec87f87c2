"""Timing: medians of alternating repeats, the speed of a matrix product, new processes."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Case:
    """Something to time."""

    call: Callable[[], Any]
    units: float = 1.0
    """How many of the stage's units a call does: 20 steps of an epoch, or a share of a batch."""
    repeats: int | None = None
    """Fewer measurements than the others', for what takes long."""


def repeated(call: Callable[[], Any], times: int) -> Case:
    """A case of so many calls at once: one of a few milliseconds would measure what ran before it."""

    def calls() -> Any:
        for _ in range(times):
            result = call()
        return result

    return Case(calls, times)


@dataclass(frozen=True)
class Timing:
    """Medians of one unit, milliseconds."""

    wall_ms: float
    cpu_ms: float
    """Of all threads together: other jobs on the machine change it less."""
    shortest_ms: float = 0.0
    """No median: the shortest wall time, nearest to a quiet machine's on a busy one."""


def side_by_side(cases: Mapping[str, Case], repeats: int, warm_up: int = 2) -> dict[str, Timing]:
    """Medians over alternating repeats, so that a slow minute of the machine affects all equally."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for repeat in range(-warm_up, repeats):
        for name, case in cases.items():
            if case.repeats is not None and not 0 <= repeat < case.repeats:
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            wait_for(case.call())
            passed = time.perf_counter() - wall, time.process_time() - cpu
            if repeat >= 0:
                taken[name].append(passed)
    medians = {}
    for name, times in taken.items():
        wall, cpu = (statistics.median(kind) for kind in zip(*times, strict=True))
        units = cases[name].units
        shortest = min(wall for wall, _ in times)
        medians[name] = Timing(*(1000 * each / units for each in (wall, cpu, shortest)))
    return medians


def wait_for(value: Any) -> None:
    """Fetches what a call gave: until then it may not be done."""
    for leaf in value.values() if isinstance(value, dict) else [value]:
        if hasattr(leaf, "numpy"):
            leaf.numpy()


def product_gflops(size: int = 2048, repeats: int = 9) -> float:
    """Speed of a float32 matrix product of about the highway layer's size, 10^9 operations a second."""
    import tensorflow as tf

    a, b = tf.random.normal([size, 1720]), tf.random.normal([1720, 3440])
    product = tf.function(lambda: tf.matmul(a, b))
    timing = side_by_side({"": Case(product)}, repeats)[""]
    return 2 * size * 1720 * 3440 / timing.wall_ms / 1e6


def in_child(module: str, *arguments: Any) -> dict[str, Any]:
    """Runs `python -m module` in a new process and reads the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {arguments} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def processor() -> str:
    """Name of the processor, as far as the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("model name")).split(":", 1)[1]
        return name.strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine(load_before: float | None) -> dict[str, Any]:
    """The machine of a measurement: `load_average` before the run, processor, versions."""
    from training.provenance import provenance

    return {"processor": processor(), "load_average_before": load_before, **provenance()}


def load_average() -> float | None:
    """Processes that wanted a core in the last minute, this one among them; None where unknown."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
