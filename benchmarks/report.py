"""Tables of the measured figures, for the terminal and for docs/performance.md.

    python -m benchmarks.report results/speed.json --write docs/performance.md

No number of those tables is typed by hand: the text between a table's two marks is replaced.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import tyro

from benchmarks.growth import SYMBOLS
from benchmarks.quality import PUBLISHED_ROUNDS, published_schedule_hours
from benchmarks.stages import ELSEWHERE_GFLOPS
from benchmarks.start_up import HELP_BOUND, SAMPLE_BOUND
from benchmarks.words import duration, machine_note, times_ours
from files.errors import UsageError
from files.writing import write_text
from reports.markdown import Table, insert, read_page
from training.errors import one_line_errors
from training.flags import read_flags


@dataclasses.dataclass(frozen=True)
class ReportSettings:
    """Prints the tables of a benchmark's JSON, or writes them into a document."""

    figures: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="JSON")] = Path(
        "results/speed.json"
    )
    """JSON of `python -m benchmarks.speed --json`."""
    write: Path | None = None
    """Markdown file with the marks `<!-- NAME table: made by benchmarks.report -->` and `<!-- end of NAME table -->`."""


# What the time of plain PyTorch is to be, relative to ours.
PYTORCH_AIMS = {
    **{"sample 64 sequences": 15.0, "MLE step": 2.0, "policy-gradient step": 2.0},
    **{"discriminator step": 1.5, "score 19456 sequences": 2.0, "rewards of one batch": 10.0},
}


# One table a part


def stage_table(figures: dict[str, Any]) -> Table:
    """Ours next to a naive implementation and plain Keras, and how far from the machine's limit."""
    values, rows = figures["stages"], []
    others = {"bfloat16": "bfloat16", "literal": "naive", "keras": "plain Keras"}
    for record in values["records"]:
        least, memory = record.get("least_ms"), record.get("peak_memory_mb")
        rows.append(
            [
                record["stage"],
                duration(record["ours"]),
                *(times_ours(record, way) for way in others),
                "–" if least is None else f"{record['operations'] / 1e9:,.1f}",
                "–" if least is None else f"{record['ours'] / least:.1f}",
                "–" if memory is None else f"{memory / 1000:.2f} GB",
            ]
        )
    columns = ["stage", "ours", *others.values(), "GFLOP", "ours / limit", "memory"]
    notes = [
        "Medians after warm-up; the implementations of a stage are timed alternately. In brackets: "
        "time relative to ours. Naive roll-outs and samples are timed on one sequence and multiplied. "
        "The round is the sum of its parts. bfloat16: ours with `--mixed-precision bfloat16`.",
        "GFLOP: floating-point operations by the paper's definition, 10^9. Limit: their time at the "
        f"{values['product_gflops']:.0f} GFLOP/s of a float32 matrix product in the same run; ours / "
        "limit can be below 1 where lookup tables save operations. Memory: peak of a new process, "
        "TensorFlow included.",
        machine_note(values),
    ]
    return Table(columns, rows, notes)


def pytorch_table(figures: dict[str, Any]) -> Table:
    """Ours next to plain PyTorch, and what is aimed at."""
    values = figures["pytorch"]
    rows = [
        [
            record["stage"],
            duration(record["ours"]),
            times_ours(record, "pytorch"),
            f"{PYTORCH_AIMS[record['stage']]:g} x" if record["stage"] in PYTORCH_AIMS else "–",
        ]
        for record in values["records"]
    ]
    notes = [
        "Medians after warm-up, timed alternately, PyTorch in a process of its own, stages of milliseconds 20 times at once. In brackets: time "
        "relative to ours. Aim: what that ratio is to be. A float32 matrix product runs at "
        f"{values['product_gflops']:.0f} GFLOP/s in the same run.",
        machine_note(values),
    ]
    return Table(["stage", "ours", "plain PyTorch", "aim"], rows, notes)


def elsewhere_table(figures: dict[str, Any]) -> Table:
    """Ours next to other implementations."""
    ways = ("authors", "textgan", "goal")
    rows = [
        [record["stage"], duration(record["ours"])]
        + [times_ours({**record, **record["elsewhere"]}, way) for way in ways]
        for record in figures["stages"]["records"]
        if record["elsewhere"]
    ]
    speed = figures["stages"]["product_gflops"]
    note = (
        f"The other columns were measured earlier, on two cores with {ELSEWHERE_GFLOPS} GFLOP/s of a "
        f"float32 matrix product; this run had {speed:.0f}. In brackets: time relative to ours. The "
        f"faster cores favour ours by a factor of up to {speed / ELSEWHERE_GFLOPS:.1f} where matrix "
        "products dominate. The goal was set for the earlier machine."
    )
    columns = ["stage", "ours", "authors' code, TensorFlow 1", "TextGAN-PyTorch", "goal"]
    return Table(columns, rows, [note, machine_note(figures["stages"])])


def growth_table(figures: dict[str, Any]) -> Table:
    """Time and memory at every point."""
    values, rows = figures["growth"], []
    for axis, line in values["axes"].items():
        points = zip(line["sizes"], line["seconds"], line["peak_memory_mb"], strict=True)
        at = [f"{size:,}: {seconds:.2f} s, {mb / 1000:.2f} GB" for size, seconds, mb in points]
        slopes = [f"{line[f'exponent_of_{what}']:.2f}" for what in ("time", "memory")]
        rows.append([SYMBOLS[axis], "; ".join(at), *slopes])
    largest, bound = values["largest_memory_mb"], values["memory_bound_mb"]
    kept = "within" if largest <= bound else "beyond"
    notes = [
        "Rewards of one batch; "
        + ", ".join(f"{SYMBOLS[name]} = {values['center'][name]:,}" for name in SYMBOLS)
        + " where not varied. Exponent: slope of the straight line through the logarithms.",
        f"Peak memory {largest / 1000:.2f} GB, {kept} the bound of {bound / 1000:g} GB.",
        machine_note(values),
    ]
    columns = ["varied", "time and peak memory", "exponent of time", "exponent of memory"]
    return Table(columns, rows, notes)


def start_up_table(figures: dict[str, Any]) -> Table:
    """Seconds of each command next to its bound."""
    values, rows = figures["start-up"], []
    for command, seconds in values["seconds"].items():
        bound = HELP_BOUND if command.endswith("--help") else SAMPLE_BOUND
        rows.append([f"`{command}`", f"{seconds:.2f} s", f"{bound:g} s"])
    return Table(["command", "time", "bound"], rows, [machine_note(values)])


def quality_table(figures: dict[str, Any]) -> Table:
    """Minutes to the paper's NLL-oracle by seed, and what the published schedule would need."""
    values, rows = figures["quality"], []
    for seed, run in values["by_seed"].items():
        minutes, lowest = run["minutes"], run["nll_oracle"]
        when = "not reached" if minutes is None else f"{minutes:.1f}"
        what = "–" if lowest is None else f"{lowest:.3f}"
        rows.append([f"`quick`, seed {seed}", when, what])
    if "stages" in figures:
        records = figures["stages"]["records"]
        ours = {record["stage"]: record["ours"] for record in records}
        theirs = {record["stage"]: record["elsewhere"].get("authors") for record in records}
        by_seed = [run["minutes"] for run in values["by_seed"].values()]
        slowest = None if None in by_seed else max(by_seed, default=None)
        for whose, times in (("our", ours), ("the authors'", theirs)):
            minutes = 60 * published_schedule_hours(times)
            name = f"published schedule to round {PUBLISHED_ROUNDS}, {whose} step times"
            ratio = "" if slowest is None else f" ({minutes / slowest:,.0f} x)"
            rows.append([name, f"{minutes:,.0f}{ratio}", "–"])
    notes = [
        "Minutes from the start of the process, evaluations included, until NLL-oracle of "
        f"{values['samples']:,} samples is at most {values['target']}; if it never is, the lowest "
        "NLL-oracle. Published schedule: the sum of its parts, to the round in which the authors' log "
        "reaches that value. In brackets: time relative to the slowest seed.",
        machine_note(values),
    ]
    return Table(["run", "minutes", "NLL-oracle"], rows, notes)


MAKER = "benchmarks.report"
"""What the marks in the document name."""

# {table: (the part that it needs, what makes it)}
TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], Table]]] = {
    "stages": ("stages", stage_table),
    "elsewhere": ("stages", elsewhere_table),
    "plain PyTorch": ("pytorch", pytorch_table),
    "growth": ("growth", growth_table),
    "start-up": ("start-up", start_up_table),
    "quality": ("quality", quality_table),
}


def tables(figures: dict[str, Any]) -> dict[str, Table]:
    """The tables of the parts that were measured."""
    return {name: make(figures) for name, (part, make) in TABLES.items() if part in figures}


# Out


def show(figures: dict[str, Any]) -> None:
    """Prints the tables: on a terminal as wide as that, in a file as wide as they are."""
    from rich.console import Console
    from rich.table import Column
    from rich.table import Table as RichTable

    console = Console()
    if not console.is_terminal:
        console.width = 200
    for name, table in tables(figures).items():
        columns = (Column(column, overflow="fold") for column in table.columns)
        shown = RichTable(*columns, title=name)
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(f"- {note}")


def read_figures(path: Path) -> dict[str, Any]:
    """JSON of a benchmark, or `UsageError`."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as figures of a benchmark ({error}).") from None
    if not isinstance(figures, dict) or not figures.keys() & TABLES.keys():
        raise UsageError(
            f"{path} has no figures of a table, expected some of {', '.join(TABLES)}. "
            "Measure them first."
        )
    return figures


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(ReportSettings, ReportSettings(), arguments, prog="benchmarks.report")
    figures = read_figures(settings.figures)
    if settings.write is None:
        show(figures)
        return
    text = insert(read_page(settings.write), tables(figures), MAKER)
    write_text(settings.write, text)


if __name__ == "__main__":
    with one_line_errors():
        main()
