"""Sections of comparable runs and the rows of their tables, with the names that people read."""

from dataclasses import dataclass, field
from typing import Any

from metrics.significance import SampleStatistics
from reports.paper import PANEL_SETTINGS, PANELS
from reports.results import Figures, Run

NAMES = {"random": "random", "mle": "MLE", "ss": "SS", "pg-bleu": "PG-BLEU", "seqgan": "SeqGAN"}
# Of the temperatures of a run, those nearest to these stand in the tables.
SHOWN_TEMPERATURES = (0.85, 0.7)
# What settings are called, those of the paper's ablation first.
SHORT = {
    "g_steps": "g-steps",
    "d_steps": "d-steps",
    "d_epochs": "k",
    "num_rollouts": "roll-outs",
    "rollout_update_rate": "roll-out update rate",
    "mle_epochs": "MLE epochs",
}
# What it means that a setting has no value, where "no" and its name would not say it.
NOT_SET = {"g_learning_rate_final": "constant learning rate"}


@dataclass(frozen=True)
class Seed:
    """What the run of one seed says of a row."""

    seed: int
    figures: Figures
    sequences: dict[str, SampleStatistics] = field(default_factory=dict)
    minutes: float | None = None
    memory: float | None = None  # GB


@dataclass(frozen=True)
class Row:
    """One algorithm under one setting, or one control, over its seeds.

    Attributes:
        label: what people call it.
        kind: "algorithm", "control" (learns nothing new) or "ablation".
        seeds: in the order of the seeds.
        runs: those that trained it: none where it is another run's start or a control.
        changed: settings that differ from the preset.
        published: the paper's NLL-oracle on the published oracle, where it has this row.
        start_of: label of the row whose runs started from here, where this row has no runs.
    """

    label: str
    kind: str
    seeds: tuple[Seed, ...]
    runs: tuple[Run, ...] = ()
    changed: dict[str, Any] = field(default_factory=dict)
    published: float | None = None
    start_of: str | None = None

    def values(self, figure: str) -> list[float]:
        """A figure of each seed that has it."""
        return [seed.figures[figure] for seed in self.seeds if figure in seed.figures]


@dataclass(frozen=True)
class Section:
    """Runs that compare: the same data, preset and measures.

    Attributes:
        task: "oracle", "poems" and so on.
        source: the oracle or the corpus.
        preset: name of the preset.
        title: what people call it.
        runs: all runs of the section.
        rows: algorithms and controls, in the order of the table.
        ablations: the runs with other settings.
        at_temperatures: {row's label: {temperature: figures of each seed}}.
        real: figures of real held-out data, on real corpora.
    """

    task: str
    source: str
    preset: str
    title: str
    runs: tuple[Run, ...]
    rows: tuple[Row, ...]
    ablations: tuple[Row, ...]
    at_temperatures: dict[str, dict[float, tuple[Seed, ...]]]
    real: Figures

    def row(self, label: str) -> Row | None:
        """The row of that label, if there is one."""
        return next((row for row in (*self.rows, *self.ablations) if row.label == label), None)


def setting_label(changed: dict[str, Any]) -> str:
    """Changed settings in words: `{"d_epochs": 10, "g_steps": 100}` -> "g-steps 100, k 10"."""
    names = [*(name for name in SHORT if name in changed), *sorted(changed.keys() - SHORT.keys())]
    return ", ".join(_in_words(name, changed[name]) for name in names)


def _in_words(name: str, value: Any) -> str:
    called = SHORT.get(name, name.replace("_", "-"))
    if value is None or value is False or value == "none":
        return NOT_SET.get(name, f"no {called}")
    return called if value is True else f"{called} {value}"


def panel_of(run: Run) -> str | None:
    """The panel of the paper's ablation that a SeqGAN run belongs to, by its settings.

    What differs from the preset in other settings alone belongs to none.
    """
    if run.algorithm != "seqgan" or run.changed.keys() & {"reward", "reward_baseline"}:
        return None
    if run.changed and not run.changed.keys() & set(PANEL_SETTINGS):
        return None
    values = tuple(run.settings.get(name) for name in PANEL_SETTINGS)
    return next((panel for panel, published in PANELS.items() if published == values), None)


def mle_row(section: Section) -> Row | None:
    """The row of MLE: of its own runs, or of other runs' starts."""
    return next((row for row in section.rows if row.label == "MLE" or row.start_of), None)


def shown_temperatures(curve: dict[float, Any]) -> list[float]:
    """The temperatures below 1 that stand in the tables, the highest first."""
    below = [temperature for temperature in curve if temperature < 1]
    nearest = {min(below, key=lambda t: abs(t - wanted)) for wanted in SHOWN_TEMPERATURES if below}
    return sorted(nearest, reverse=True)
