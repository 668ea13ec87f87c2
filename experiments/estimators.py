"""How near each estimator of action values comes to roll-outs with N = 1,024, and in what time.

    python -m experiments.estimators runs/experiments/{oracle-published,text-coco,text-news}-mle-quick-seed1 \\
        --json results/estimators.json --write docs/value-network.md

Generators are those of finished MLE runs. Against each a discriminator is pre-trained; then a value network and a
small roll-out policy learn as often as in a run of its settings, while generator and discriminator stay.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import load_average, machine
from benchmarks.words import duration, machine_note
from experiments.estimator_models import Compared, read_settings
from experiments.estimator_statistics import agreement, gradient_noise, mean_variance
from experiments.tables import Folders, check_targets, publish
from files.errors import UsageError
from reports.cells import mean_sd, seed_range
from reports.markdown import Table
from training.errors import one_line_errors
from training.flags import read_flags

REFERENCE = "roll-outs, N = 16"  # what variances are relative to
TABLE, MAKER = "estimators", "experiments.estimators"


@dataclasses.dataclass(frozen=True)
class EstimatorSettings:
    """Compares estimators of the action values at the generators of finished MLE runs."""

    runs: Folders = ()
    """Folders of complete runs of train_oracle.py or train_text.py with --algorithm mle."""
    sequences: int = 16
    """Sequences whose action values are compared."""
    reference_rollouts: int = 1024
    """Roll-outs of every prefix that the estimates are compared with."""
    repeats: int = 8
    """Independent estimates of each action value."""
    batches: int = 6
    """Batches whose policy gradients are computed, each with two independent estimates."""
    value_samples: int | None = None
    """New sequences that the value network learns from each time; None: as many as the settings of the run say."""
    json: Path | None = None
    """File for the figures."""
    write: Path | None = None
    """Markdown file with the marks of the table `estimators`."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if not self.runs:
            raise UsageError("no runs are given, expected folders of complete runs. Name some.")
        given = self.sequences, self.reference_rollouts, self.repeats, self.batches
        if min(given) < 2:
            raise UsageError(
                "--sequences, --reference-rollouts, --repeats and --batches are "
                f"{', '.join(map(str, given))}, expected at least 2 of each. Give more."
            )
        check_targets(TABLE, self.json, self.write, MAKER)
        for folder in self.runs:  # before the first of them is measured, which takes minutes
            batch_size = read_settings(folder).batch_size
            if self.value_samples is not None and self.value_samples < batch_size:
                raise UsageError(
                    f"--value-samples is {self.value_samples}, expected at least one batch of {folder}: "
                    f"give {batch_size} or more."
                )


def measure(folder: Path, settings: EstimatorSettings) -> dict[str, Any]:
    """Figures of each estimator at the generator of a run."""
    compared = Compared(folder, settings.value_samples)
    seed, estimators = compared.journal.seed, compared.estimators()
    tokens = compared.generator.sample(settings.sequences, seed("compared sequences"))
    open_ = ~compared.critic.complete(tokens.numpy())
    reference = compared.rollout.action_values(
        tokens, compared.reward, settings.reference_rollouts, seed("reference")
    ).numpy()[open_]

    batch_size = compared.settings.batch_size
    batches = [
        compared.generator.sample(batch_size, seed("batch", batch))
        for batch in range(settings.batches)
    ]
    figures: dict[str, dict[str, float]] = {}
    one_rollout = 0.0  # variance of its reward
    unbiased = None
    for name, estimate in estimators.items():
        values, times = [], []
        for repeat in range(settings.repeats):
            values.append(estimate(tokens, seed(name, repeat)).numpy()[open_])
        by_batch = []
        for batch, sequences in enumerate(batches):
            of_batch = []
            for repeat in range(2):
                started = time.process_time()
                action_values = estimate(sequences, seed(name, batch, repeat)).numpy()
                times.append(1000 * (time.process_time() - started))
                of_batch.append(compared.gradient(sequences, action_values))
            by_batch.append(of_batch)
        if unbiased is None:
            unbiased = np.array(by_batch)
            one_rollout = 16 * mean_variance(np.array(values))
        figures[name] = {
            "cpu_ms": statistics.median(times),
            **agreement(np.array(values), reference, one_rollout / settings.reference_rollouts),
            **gradient_noise(np.array(by_batch), unbiased),
        }
    return {
        "data": compared.data,
        "seed": compared.settings.seed,
        "deviation": float(reference.std()),
        "one_rollout_variance": one_rollout,
        "value_samples": compared.critic.num_samples,
        "learned": compared.learned,
        "estimators": figures,
    }


# Columns of the table after the time: name, digits, and the cell from figures of an estimator, those of the
# reference estimator, and those of the run.
COLUMNS: tuple[tuple[str, int, Callable[[dict, dict, dict], float]], ...] = (
    ("time as N =", 2, lambda of, unit, run: 16 * of["cpu_ms"] / unit["cpu_ms"]),
    ("error as N =", 2, lambda of, unit, run: run["one_rollout_variance"] / of["error"] ** 2),
    ("error", 2, lambda of, unit, run: of["error"] / run["deviation"]),
    ("of it bias", 2, lambda of, unit, run: of["bias"] / run["deviation"]),
    ("correlation", 2, lambda of, unit, run: of["correlation"]),
    (
        "gradient variance",
        3,
        lambda of, unit, run: of["gradient_variance"] / unit["gradient_variance"],
    ),
    (
        "given the tokens",
        3,
        lambda of, unit, run: of["gradient_variance_given_tokens"] / unit["gradient_variance"],
    ),
)


def estimator_table(runs: list[dict[str, Any]], notes: list[str]) -> Table:
    """A row for each data set and estimator, means and standard deviations over seeds."""
    rows = []
    for data in dict.fromkeys(run["data"] for run in runs):
        seeds = [run for run in runs if run["data"] == data]
        for name in seeds[0]["estimators"]:
            found = [(run["estimators"][name], run["estimators"][REFERENCE], run) for run in seeds]
            row = [data, seed_range(run["seed"] for run in seeds), name]
            row.append(duration(statistics.mean(of["cpu_ms"] for of, *_ in found)))
            row += [mean_sd([cell(*each) for each in found], n) for _, n, cell in COLUMNS]
            rows.append(row)
    columns = ["data", "seeds", "estimator", "time of a batch", *(name for name, *_ in COLUMNS)]
    return Table(columns, rows, notes)


def table_notes(settings: dict[str, Any], figures: dict[str, Any]) -> list[str]:
    """What the columns mean."""
    return [
        f"Compared with roll-outs of N = {settings['reference_rollouts']:,} at the open prefixes of "
        f"{settings['sequences']} sequences, {settings['repeats']} independent estimates each, at the generator of "
        "preset `quick` after MLE and the discriminator pre-trained against it. Value network and "
        "small policy have learned as often as in a run of the preset.",
        "Error: root mean square of a single estimate minus the true value, relative to the standard deviation of the "
        "true values; the noise of the comparison itself is subtracted. Bias: that of the mean of many estimates. "
        "`error as N =`: with so many roll-outs the error is the same; `time as N =`: these take the same time.",
        f"Gradient variance: of the policy gradient of a batch, over {settings['batches']} batches of 64 sequences, relative to roll-outs "
        "with N = 16; and the part of it that comes from the estimator, not from which sequences were drawn.",
        machine_note(figures),
    ]


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(EstimatorSettings, EstimatorSettings(), arguments, prog="estimators")
    settings.check()
    busy = load_average()
    from training.session import quiet

    quiet()
    runs = [measure(folder, settings) for folder in settings.runs]
    sizes = {
        name: getattr(settings, name)
        for name in ("sequences", "reference_rollouts", "repeats", "batches")
    }
    figures = {"runs": runs, "settings": sizes, "machine": machine(busy)}
    given = estimator_table(runs, table_notes(sizes, figures)), figures
    publish(TABLE, *given, settings.json, settings.write, maker=MAKER)


if __name__ == "__main__":
    with one_line_errors():
        main()
