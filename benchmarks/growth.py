"""How the rewards of one batch grow with T, V, N and the batch: time, peak memory, and a figure.

    python -m benchmarks.growth --length 64     # one point, in this process

Each point is measured in a new process, so that its peak memory is that of the point.
"""

import dataclasses
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.log_plots import log_plots, mark_sizes
from benchmarks.measure import in_child, wait_for
from training.errors import one_line_errors
from training.flags import read_flags
from training.options import flag

MEMORY_BOUND_MB = 2500.0


@dataclasses.dataclass(frozen=True)
class Point:
    """Times the rewards of one batch, and prints time and peak memory as JSON."""

    length: int = 20
    """T."""
    vocab_size: int = 5000
    """V."""
    num_rollouts: int = 16
    """N."""
    batch_size: int = 64
    """B."""
    repeats: int = 3
    """Measurements, after one that is not counted."""


# What is varied, the others as above: the paper's synthetic task lies on every line.
AXES: dict[str, tuple[int, ...]] = {
    "length": (10, 20, 32, 64),
    "vocab_size": (88, 5000, 20000),
    "num_rollouts": (1, 4, 16, 64),
    "batch_size": (16, 64, 256),
}
SYMBOLS = {"length": "T", "vocab_size": "V", "num_rollouts": "N", "batch_size": "B"}

QUICK = Point(length=4, vocab_size=20, num_rollouts=2, batch_size=2, repeats=1)
QUICK_AXES = {"length": (3, 4)}


def measure_point(point: Point) -> dict[str, float]:
    """Median seconds, and megabytes before and at the peak. Random weights, the paper's kernels."""
    from files.platform import peak_memory_mb
    from models.discriminator import Discriminator
    from models.generator import Generator
    from models.rollout import Rollout

    generator = Generator(point.vocab_size, point.length)
    discriminator = Discriminator(point.vocab_size, point.length)
    rollout = Rollout(generator)
    tokens = generator.sample(point.batch_size, (1, 2))
    before, times = peak_memory_mb(), []
    for repeat in range(-1, point.repeats):
        start = time.perf_counter()
        wait_for(
            rollout.action_values(
                tokens, discriminator.probability_real, point.num_rollouts, (3, repeat)
            )
        )
        if repeat >= 0:
            times.append(time.perf_counter() - start)
    return {
        "seconds": float(np.median(times)),
        "memory_before_mb": round(before, 1),
        # Linux counts pages a processor at a time: a peak may read a few of them lower later on.
        "peak_memory_mb": round(max(before, peak_memory_mb()), 1),
    }


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the straight line through the logarithms: how `values` grow with `sizes`."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def measure_growth(repeats: int, quick: bool = False) -> dict[str, Any]:
    """`{"axes": {name: {"sizes", "seconds", "peak_memory_mb", exponents}}, "largest_memory_mb"}`."""
    center = QUICK if quick else Point(repeats=repeats)
    measured: dict[Point, dict[str, float]] = {}
    axes = {}
    for axis, sizes in (QUICK_AXES if quick else AXES).items():
        points = [dataclasses.replace(center, **{axis: size}) for size in sizes]
        for point in points:
            if point not in measured:
                flags = [
                    part
                    for name, value in dataclasses.asdict(point).items()
                    for part in (flag(name), value)
                ]
                measured[point] = in_child("benchmarks.growth", *flags)
        seconds = [measured[point]["seconds"] for point in points]
        memory = [measured[point]["peak_memory_mb"] for point in points]
        axes[axis] = {
            "sizes": list(sizes),
            "seconds": seconds,
            "peak_memory_mb": memory,
            "exponent_of_time": exponent(sizes, seconds),
            "exponent_of_memory": exponent(sizes, memory),
        }
    return {
        "center": dataclasses.asdict(center),
        "axes": axes,
        "largest_memory_mb": max(m["peak_memory_mb"] for m in measured.values()),
        "memory_bound_mb": MEMORY_BOUND_MB,
    }


def draw_growth(growth: dict[str, Any], path: Path) -> None:
    """Time above, memory below, a column for each of T, V, N and B. PNG."""
    from reports.plot_style import BLUE, GREY, RED

    center, axes_of = growth["center"], growth["axes"]
    at = ", ".join(f"{SYMBOLS[name]} = {center[name]:,}" for name in SYMBOLS)
    title, size = f"Rewards of one batch; where not varied, {at}", (3 * len(axes_of) + 1, 5.6)
    with log_plots(path, size, title, 2, len(axes_of), sharey="row") as grid:
        for (axis, line), (times, memory) in zip(axes_of.items(), grid.T, strict=True):
            symbol, sizes = SYMBOLS[axis], line["sizes"]
            label = f"time ∝ {symbol}$^{{{line['exponent_of_time']:.2f}}}$"
            times.plot(sizes, line["seconds"], "o-", color=BLUE, label=label)
            label = f"memory ∝ {symbol}$^{{{line['exponent_of_memory']:.2f}}}$"
            used = np.array(line["peak_memory_mb"]) / 1000
            memory.plot(sizes, used, "s-", color=RED, label=label)
            bound = growth["memory_bound_mb"] / 1000
            memory.axhline(bound, color=GREY, linestyle="--", label=f"bound, {bound:g} GB")
            for axes in (times, memory):
                mark_sizes(axes, sizes)
                axes.legend()
            memory.set_xlabel(symbol)
        grid[0, 0].set_ylabel("seconds")
        grid[1, 0].set_ylabel("peak memory of the process, GB")
        top = 10 ** math.ceil(math.log10(growth["memory_bound_mb"] / 1000))
        grid[1, 0].set_ylim(0.1, top)


def main(arguments: list[str] | None = None) -> None:
    """Measures one point and prints it as JSON."""
    point = read_flags(Point, Point(), arguments, prog="benchmarks.growth")
    from training.session import start

    start(0)
    print(json.dumps(measure_point(point)))


if __name__ == "__main__":
    with one_line_errors():
        main()
