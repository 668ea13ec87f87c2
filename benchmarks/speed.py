"""Times of the stages of training, side by side in one run on one machine, and how they grow.

    python -m benchmarks.speed --json results/speed.json --figure results/growth.png
    python -m benchmarks.speed --parts quality --json results/quality.json

`python -m benchmarks.report` makes the tables of docs/performance.md from the JSON.
"""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from files.errors import UsageError
from files.writing import check_folders, write_json
from training.errors import one_line_errors
from training.flags import read_flags

Part = Literal["stages", "pytorch", "growth", "start-up", "quality"]


@dataclasses.dataclass(frozen=True)
class SpeedSettings:
    """Times each stage: the median over repeats, after a warm-up. Minutes; an hour with quality."""

    parts: tuple[Part, ...] = ("stages", "pytorch", "growth", "start-up")
    """What to measure: stages (ours, a naive implementation and plain Keras), pytorch (ours and plain PyTorch; left out where torch is not installed), growth (of time and memory with T, V, N and B), start-up (of the scripts), quality (time of complete runs to the paper's NLL-oracle)."""
    json: Path | None = None
    """File for the figures. Its figures of other parts are kept."""
    figure: Path | None = None
    """PNG to draw the growth to."""
    repeats: int = 7
    """Measurements of each stage."""
    seeds: tuple[int, ...] = (1, 2, 3)
    """Seeds of the runs of the part quality."""
    oracle_file: Path | None = None
    """The published oracle's parameters, for the part quality. Default: the file that train_oracle.py uses."""
    quick: bool = False
    """Tiny sizes, to test the program; the figures are meaningless."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if self.repeats < 1:
            raise UsageError(f"--repeats is {self.repeats}, expected at least 1.")
        if self.figure is not None and "growth" not in self.parts:
            raise UsageError("--figure shows the growth: add it to --parts.")
        for flag, given, usual in (
            ("--seeds", self.seeds, SpeedSettings.seeds),
            ("--oracle-file", self.oracle_file, SpeedSettings.oracle_file),
        ):
            if given != usual and "quality" not in self.parts:
                raise UsageError(f"{flag} is of the part quality: add it to --parts.")
        check_folders(self.json, self.figure)


def measure(settings: SpeedSettings) -> dict[str, Any]:
    """Everything asked for, by part, with the machine that it was measured on."""
    from benchmarks.growth import measure_growth
    from benchmarks.measure import load_average, machine, product_gflops
    from benchmarks.pytorch_worker import available
    from benchmarks.quality import measure_quality
    from benchmarks.stages import measure_pytorch, measure_stages
    from benchmarks.start_up import measure_start_up

    repeats = 1 if settings.quick else settings.repeats
    busy = load_average()  # before this run adds to it
    size = 64 if settings.quick else 2048
    figures: dict[str, Any] = {}

    def with_product_speed(measure_records: Callable[..., list[dict[str, Any]]]) -> dict[str, Any]:
        before = product_gflops(size)
        records = measure_records(repeats, settings.quick)
        return {"product_gflops": max(before, product_gflops(size)), "records": records}

    if "stages" in settings.parts:
        figures["stages"] = with_product_speed(measure_stages)
        for record in figures["stages"]["records"]:
            if "operations" in record:
                speed = figures["stages"]["product_gflops"]
                record["least_ms"] = record["operations"] / speed / 1e6
    if "pytorch" in settings.parts and available():
        figures["pytorch"] = with_product_speed(measure_pytorch)
    elif "pytorch" in settings.parts:
        print("plain PyTorch is left out: torch is not installed", file=sys.stderr)
    if "growth" in settings.parts:
        figures["growth"] = measure_growth(max(1, repeats // 2), settings.quick)
    if "start-up" in settings.parts:
        figures["start-up"] = {"seconds": measure_start_up(min(repeats, 3))}
    if "quality" in settings.parts:
        figures["quality"] = measure_quality(settings.seeds, settings.oracle_file)
    here = machine(busy)
    return {part: {**values, "machine": here} for part, values in figures.items()}


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SpeedSettings, SpeedSettings(), arguments, prog="benchmarks.speed")
    settings.check()
    from benchmarks.report import read_figures, show
    from training.session import start

    known = read_figures(settings.json) if settings.json and settings.json.exists() else {}
    start(0)
    figures = measure(settings)
    show(figures)
    if settings.figure is not None:
        from benchmarks.growth import draw_growth

        draw_growth(figures["growth"], settings.figure)
    if settings.json is not None:
        write_json(settings.json, {**known, **figures})


if __name__ == "__main__":
    with one_line_errors():
        main()
