"""What a generator gains by learning from its discriminator: a table of finished runs.

    python -m experiments.guided runs/experiments/text-coco-iid-guided-* --json results/guided.json \\
        --write docs/discriminator.md

The runs are those of `experiments/guided.sh`: guided updates, weighted likelihood and policy gradients. Each
compares its generator with its own start, both at their best sampling temperatures.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy import stats

from experiments.tables import (
    STRONGEST_START,
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
from reports.cells import mean_sd, p_value, seed_range
from reports.markdown import Table
from training.errors import one_line_errors
from training.flags import read_flags

PARTS = ("validation", "test")
FIGURES = (
    *("nll_validation", "nll_test", "nll_oracle"),
    *("bleu_2", "self_bleu_2", "bleu_3", "self_bleu_3"),
)
# Of the generator at the end, by its last discriminator.
CANDIDATES = "candidates_resampled_gain_test"
ROW = ("data", "update", "discriminator")
TABLE, MAKER = "guided updates", "experiments.guided"


@dataclasses.dataclass(frozen=True)
class GuidedSettings:
    """Prints what generators gain by their discriminators, over their own starts."""

    runs: Folders = ()
    """Folders of complete runs of --algorithm seqgan with --tune-temperature."""
    json: Path | None = None
    """File for the figures. Its rows of other runs are kept."""
    write: Path | None = None
    """Markdown file with the marks of the table `guided updates`."""


def read_runs(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The rows of the table: runs that differ in the seed alone together."""
    rows = Rows(ROW)
    for folder in folders:
        result = read_json(folder / "result.json", "expected the folder of a complete run")
        settings, metrics = result["settings"], result["metrics"]
        if "nll_test_tuned_mle" not in metrics:
            raise UsageError(
                f"{folder} has no generator next to its start at their best temperatures, expected a run "
                "of --algorithm seqgan with --tune-temperature. Leave it out."
            )
        permuted = settings.get("d_labels", "true") == "permuted"
        labels = ", permuted labels" if permuted else ""
        if settings.get("d_update") == "restart":
            labels += f", a new one in each of {settings['rounds']} rounds"
        elif settings["d_steps"]:
            labels += ", trained in every round"
        judge = settings.get("discriminator", "paper") + labels
        data, start = data_in_words(settings), start_in_words(settings)
        if start != STRONGEST_START:
            data = f"{data}, start: {start}"
        figures = {
            when: {
                name: metrics[f"{name}_tuned{end}"]
                for name in FIGURES
                if f"{name}_tuned{end}" in metrics
            }
            for when, end in (("start", "_mle"), ("end", ""))
        }
        if CANDIDATES in metrics:
            figures["end"][CANDIDATES] = metrics[CANDIDATES]
        rows.add(folder, result, (data, update_of(settings), judge), figures)
    return rows.sorted()


def update_of(settings: dict[str, Any]) -> str:
    """By which a run's generator learns."""
    if settings.get("policy_update") == "guided":
        return "guided"
    if settings["reward"] == "density-ratio" and settings.get("policy_samples") == "target":
        return "weighted likelihood"
    return f"policy gradient, {settings['reward']}"


def gains(row: dict[str, Any], figure: str) -> list[float]:
    """By how much the figure is lower at the end, for each seed that has it."""
    seeds = [seed for seed in row["seeds"].values() if figure in seed["start"]]
    return [seed["start"][figure] - seed["end"][figure] for seed in seeds]


def guided_table(rows: Sequence[dict[str, Any]]) -> Table:
    """One row for each discriminator, means and standard deviations over seeds."""
    columns = ["data", "update", "D", "seeds"]
    for part in PARTS:
        columns += [f"NLL-{part}, start", f"NLL-{part}, end", f"gain, {part}"]
    columns += [
        "p",
        "one in 16, test",
        "BLEU-2, start",
        "BLEU-2, end",
        "self-BLEU-2, start",
        "self-BLEU-2, end",
    ]
    columns += ["NLL-oracle, start", "NLL-oracle, end"]
    lines = []
    for row in rows:

        def over_seeds(when, figure, digits, row=row):
            values = [seed[when][figure] for seed in row["seeds"].values() if figure in seed[when]]
            return mean_sd(values, digits) if values else "–"

        line = [*(row[name] for name in ROW), seed_range(map(int, row["seeds"]))]
        for part in PARTS:
            line += [over_seeds(when, f"nll_{part}", 4) for when in ("start", "end")]
            gained = gains(row, f"nll_{part}")
            line.append(mean_sd(gained, 4) if gained else "–")
        on_test = gains(row, "nll_test")
        several = len(on_test) > 1
        line.append(p_value(stats.ttest_1samp(on_test, 0).pvalue if several else float("nan")))
        line.append(over_seeds("end", CANDIDATES, 4))
        for figure in ("bleu_2", "self_bleu_2", "nll_oracle"):
            line += [over_seeds(when, figure, 3) for when in ("start", "end")]
        lines.append(line)
    notes = [
        "Start: the generator of preset `best` at its best sampling temperature, unless the row has another; end: after the updates "
        "by its discriminator, at its own. NLL in nats per token on held-out sequences, which are a random part of the "
        "same file; ± is the standard deviation over seeds. p: two-sided paired t-test over seeds that "
        "the gain on the test part is 0.",
        "One in 16: what choosing one of 16 candidates in proportion to D / (1 - D) of the last discriminator gains "
        "besides, over the generator at the end, at temperature 1.",
    ]
    return Table(columns, lines, notes)


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(GuidedSettings, GuidedSettings(), arguments, prog="guided")
    check_targets(TABLE, settings.json, settings.write, MAKER, ROW)
    rows = with_earlier(read_runs(settings.runs), settings.json, ROW)
    given = guided_table(rows), {"rows": rows}, settings.json, settings.write
    publish(TABLE, *given, maker=MAKER)


if __name__ == "__main__":
    with one_line_errors():
        main()
