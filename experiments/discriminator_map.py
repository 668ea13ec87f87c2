"""What discriminators know about unseen data, by the generator that they judge: a table of finished runs.

    python -m experiments.discriminator_map runs/map/* --json results/discriminator-map.json \\
        --write docs/discriminator.md --figure results/discriminator-map.png

The runs are those of `experiments/map.sh` with `--rounds 0`, so that the generator is the start.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.map_figure import draw_map
from experiments.tables import (
    Folders,
    Rows,
    check_targets,
    data_in_words,
    publish,
    start_in_words,
    with_earlier,
)
from files.errors import UsageError
from files.reading import read_json
from files.writing import check_folders
from reports.cells import mean_sd, seed_range
from reports.markdown import Table
from training.errors import one_line_errors
from training.flags import read_flags

PARTS = ("validation", "test")
ROW = ("data", "start", "discriminator")
TABLE, MAKER = "discriminator map", "experiments.discriminator_map"
# The columns of a part, and its figure in result.json.
FIGURES = {
    "accuracy": "discriminator_accuracy_{}",
    "gain": "discriminator_gain_{}",
    "error": "discriminator_gain_error_{}",
    "one in 16, resampled": "candidates_resampled_gain_{}",
    "one in 16, best": "candidates_best_gain_{}",
}


@dataclasses.dataclass(frozen=True)
class MapSettings:
    """Prints what the discriminators of finished runs know about unseen data."""

    runs: Folders = ()
    """Folders of runs of --algorithm seqgan."""
    json: Path | None = None
    """File for the figures. Its rows of other runs are kept."""
    write: Path | None = None
    """Markdown file with the marks of the table `discriminator map`."""
    figure: Path | None = None
    """PNG to draw the gains to."""


def read_runs(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The rows of the table: runs that differ in the seed alone together."""
    rows = Rows(ROW)
    for folder in folders:
        result = read_json(folder / "result.json", "expected the folder of a complete run")
        settings, metrics = result["settings"], result["metrics"]
        if FIGURES["gain"].format("validation") not in metrics or settings["rounds"]:
            raise UsageError(
                f"{folder} has no discriminator trained against the start, expected a run with --rounds 0 "
                "and a validation part. Leave it out."
            )
        permuted = settings.get("d_labels", "true") == "permuted"
        judge = settings["discriminator"] + (", permuted labels" if permuted else "")
        key = data_in_words(settings), start_in_words(settings), judge
        figures = {
            name.format(part): metrics[name.format(part)]
            for name in FIGURES.values()
            for part in PARTS
            if name.format(part) in metrics
        }
        rows.add(folder, result, key, figures)
    return rows.sorted()


def map_table(rows: Sequence[dict[str, Any]]) -> Table:
    """One row for each start and discriminator, means and standard deviations over seeds."""

    def cell(row, name, digits):
        values = [seed[name] for seed in row["seeds"].values() if name in seed]
        return mean_sd(values, digits) if values else "–"

    columns = ["data", "start", "D", "seeds"]
    for part in PARTS:
        columns += [f"{column}, {part}" for column in ("accuracy", "gain")]
    columns += ["one in 16, resampled", "one in 16, best"]
    lines = []
    for row in rows:
        line = [row["data"], row["start"], row["discriminator"], seed_range(map(int, row["seeds"]))]
        for part in PARTS:
            line.append(cell(row, FIGURES["accuracy"].format(part), 3))
            name = FIGURES["error"].format(part)
            errors = [seed[name] for seed in row["seeds"].values() if name in seed]
            gain = cell(row, FIGURES["gain"].format(part), 4)
            line.append(f"{gain} (error {sum(errors) / len(errors):.4f})" if errors else gain)
        for name in ("one in 16, resampled", "one in 16, best"):
            line.append(cell(row, FIGURES[name].format("validation"), 4))
        lines.append(line)
    notes = [
        "Gains in nats per token over the generator alone, on sequences without unknown words; ± is the "
        "standard deviation over seeds, and in brackets is the standard error within a run, mean over "
        "seeds. Chance has an accuracy of 0.5 and a gain of 0.",
        "One in 16: the gain on validation data of choosing one of 16 candidates, at random in proportion "
        "to D / (1 - D), or the one with the highest.",
    ]
    return Table(columns, lines, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(MapSettings, MapSettings(), arguments, prog="discriminator_map")
    check_folders(settings.figure)
    check_targets(TABLE, settings.json, settings.write, MAKER, ROW)
    rows = with_earlier(read_runs(settings.runs), settings.json, ROW)
    given = map_table(rows), {"rows": rows}, settings.json, settings.write
    publish(TABLE, *given, maker=MAKER)
    if settings.figure is not None:
        draw_map(rows, settings.figure)


if __name__ == "__main__":
    with one_line_errors():
        main()
