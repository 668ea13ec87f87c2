"""From runs to rows: which of them repeat one another under other seeds, and in which order."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metrics.significance import SampleStatistics
from reports.paper import PANEL_SETTINGS, PANELS, TABLE_1
from reports.results import ALGORITHMS, Figures, Run

NAMES = {"random": "random", "mle": "MLE", "ss": "SS", "pg-bleu": "PG-BLEU", "seqgan": "SeqGAN"}
CONTROLS = ("bigram", "bigram, smoothed", "copy of the training set", "real data")
RANDOM = ("uniform", "unigram")
# Of the temperatures of a run, those nearest to these stand in the tables.
SHOWN_TEMPERATURES = (0.85, 0.7)
# What settings are called, those of the paper's ablation first.
SHORT = {
    **{"g_steps": "g-steps", "d_steps": "d-steps", "d_epochs": "k", "num_rollouts": "roll-outs"},
    **{"rollout_update_rate": "roll-out rate", "mle_epochs": "MLE epochs"},
}
PRESETS = ("paper", "official", "quick", "smoke")
TASKS = ("oracle", "poems", "speeches", "music", "text")


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
    return ", ".join(f"{SHORT.get(k, k.replace('_', '-'))} {changed[k]}" for k in names)


def panel_of(run: Run) -> str | None:
    """The panel of the paper's ablation that a SeqGAN run belongs to, by its settings.

    What differs from the preset in other settings alone belongs to none.
    """
    if run.algorithm != "seqgan" or run.changed.keys() & {"reward", "reward_baseline"}:
        return None
    if run.changed and not run.changed.keys() & set(PANEL_SETTINGS):
        return None
    values = tuple(run.settings.get(name) for name in PANEL_SETTINGS)
    return next((panel for panel, of_paper in PANELS.items() if of_paper == values), None)


def _variant(run: Run) -> tuple[tuple, str, str]:
    """Place, kind and label of a run among the rows: equal for the runs of one row."""
    name, changed = NAMES[run.algorithm], run.changed
    place = ALGORITHMS.index(run.algorithm)
    if not changed:
        return (0, place), "algorithm", name
    if run.algorithm == "mle" and changed.keys() == {"mle_epochs"}:
        return (2, changed["mle_epochs"]), "control", f"{name}, {changed['mle_epochs']} epochs"
    if changed.keys() <= {"reward", "reward_baseline"}:
        # The discriminator's reward is the plain one, so that "discriminator" never stands here.
        parts = [
            f"{value if value != 'none' else 'no'} {key.removeprefix('reward_')}"
            for key, value in changed.items()
        ]
        order = {"constant": 0, "uniform": 1}.get(str(changed.get("reward")), 2)
        return (1, -place, order, str(changed)), "control", ", ".join([name, *parts])
    label = setting_label(changed)
    panel = panel_of(run)
    if panel:
        label += f" (panel {panel})"
    if run.algorithm != "seqgan":
        label = f"{name}: {label}"
    values = [(k, v if isinstance(v, int | float) else 0, str(v)) for k, v in changed.items()]
    return (3, panel is None, panel or "", place, values), "ablation", label


def _trained(runs: Iterable[Run]) -> tuple[Seed, ...]:
    return _by_seed(
        Seed(run.seed, run.metrics, run.sequences(), run.minutes(), run.memory) for run in runs
    )


def _by_seed(seeds: Iterable[Seed]) -> tuple[Seed, ...]:
    return tuple(sorted(seeds, key=lambda seed: seed.seed))


def _starts(runs: Iterable[Run]) -> tuple[Seed, ...]:
    """The MLE starts of runs that went on from there."""
    seeds = []
    for run in runs:
        figures = {
            name.removesuffix("_mle"): value
            for name, value in run.metrics.items()
            if name.endswith("_mle")
        }
        if figures:
            minutes = run.minutes("mle", "measure mle")
            seeds.append(Seed(run.seed, figures, run.sequences("_mle"), minutes))
    return _by_seed(seeds)


def _random_rows(runs: list[Run]) -> tuple[list[Row], list[Row]]:
    """Rows of random tokens, and rows of the other controls, of runs that trained nothing."""
    found: dict[str, dict[int, Seed]] = defaultdict(dict)
    for run in runs:
        for name, figures in run.controls.items():
            found[name].setdefault(run.seed, Seed(run.seed, figures))
        # The run's own figures come with statistics of its sequences.
        own = str(run.settings.get("random_tokens", "unigram"))
        found[own][run.seed] = Seed(run.seed, run.metrics, run.sequences())

    def row(name: str) -> Row:
        label, kind = (f"random, {name}", "algorithm") if name in RANDOM else (name, "control")
        published = TABLE_1["random"] if name == "unigram" else None
        return Row(label, kind, _by_seed(found[name].values()), published=published)

    others = [*CONTROLS, *sorted(found.keys() - {*CONTROLS, *RANDOM})]
    return [row(name) for name in RANDOM if name in found], [
        row(name) for name in others if name in found
    ]


def _make_rows(runs: list[Run], published: bool) -> tuple[list[Row], list[Row]]:
    """The rows of the table and those of the ablations, of the runs of one section."""
    groups: dict[str, list[Run]] = defaultdict(list)
    variants = {}
    for run in sorted(runs, key=lambda run: run.seed):
        variant = _variant(run)
        groups[variant[2]].append(run)
        variants[variant[2]] = variant
    random, controls = _random_rows(groups.pop("random", []))
    trained = []
    for _, kind, label in sorted(variants.values()):
        if label in groups:
            members = tuple(groups[label])
            number = TABLE_1.get(members[0].algorithm) if kind == "algorithm" else None
            changed = members[0].changed
            trained.append(Row(label, kind, _trained(members), members, changed, number))
    trained = _with_starts(trained)
    rows = random + [row for row in trained if row.kind != "ablation"] + controls
    if not published:
        rows = [replace(row, published=None) for row in rows]
    return rows, [row for row in trained if row.kind == "ablation"]


def _with_starts(trained: list[Row]) -> list[Row]:
    """The rows, with one of MLE for every seed that a run of its own or another run's start gives.

    A run's start is what a run of MLE alone with its seed would be: it stands in where there is none.
    Starts are those of the plain SeqGAN, or else of PG-BLEU or of a control.
    """
    mle = next((row for row in trained if row.label == "MLE"), None)
    started = [
        row
        for algorithm in ("seqgan", "pg-bleu")
        for row in trained
        if row.kind != "ablation" and row.runs[0].algorithm == algorithm and _starts(row.runs)
    ]
    if not started:
        return trained
    starts = _starts(started[0].runs)
    if mle is None:
        label = f"MLE ({started[0].label}'s start)"
        published = TABLE_1["mle"]
        row = Row(label, "algorithm", starts, published=published, start_of=started[0].label)
        return [row, *trained]
    known = {seed.seed for seed in mle.seeds}
    missing = [seed for seed in starts if seed.seed not in known]
    return [
        replace(row, seeds=_by_seed([*row.seeds, *missing])) if row is mle else row
        for row in trained
    ]


def mle_row(section: Section) -> Row | None:
    """The row of MLE: of its own runs, or of other runs' starts."""
    return next((row for row in section.rows if row.label == "MLE" or row.start_of), None)


def _temperatures(rows: list[Row]) -> dict[str, dict[float, tuple[Seed, ...]]]:
    """{label of a row: {temperature: its seeds}} of all rows that were measured at several."""

    def collect(runs: Iterable[Run], which: str) -> dict[float, tuple[Seed, ...]]:
        found: dict[float, list[Seed]] = defaultdict(list)
        for run in runs:
            for temperature, figures in run.at_temperatures(which).items():
                found[temperature].append(Seed(run.seed, figures))
        return {t: _by_seed(found[t]) for t in sorted(found)}

    curves = {}
    for row in rows:
        runs = next((other.runs for other in rows if other.label == row.start_of), row.runs)
        curves[row.label] = collect(runs, "mle" if row.start_of else "final")
    return {label: curve for label, curve in curves.items() if curve}


def shown_temperatures(curve: dict[float, Any]) -> list[float]:
    """The temperatures below 1 that stand in the tables, the highest first."""
    below = [temperature for temperature in curve if temperature < 1]
    nearest = {min(below, key=lambda t: abs(t - wanted)) for wanted in SHOWN_TEMPERATURES if below}
    return sorted(nearest, reverse=True)


def _protocol(run: Run) -> tuple[str, int, int]:
    """What two numbers must share to compare: BLEU's variant, and the numbers of samples."""
    variant = str(run.settings.get("bleu_variant", "method1"))
    samples = (run.settings.get(name) for name in ("final_samples", "self_bleu_samples"))
    first, second = (number if isinstance(number, int) else 0 for number in samples)
    return variant, first, second


def _title(run: Run) -> str:
    if run.task != "oracle":
        corpus = Path(run.source).name
        name = corpus if corpus.startswith(run.task) else f"{run.task}: {corpus}"
    elif run.source == "published":
        name = "published oracle"
    else:
        name = f"oracle of {run.source.replace(':', ' ')}"
    parts = [name, f"preset {run.preset}", setting_label(run.changed_data)]
    title = ", ".join(part for part in parts if part)
    return title[0].upper() + title[1:]


def _place(name: str, order: tuple[str, ...]) -> tuple[int, str]:
    """Sorts the names that are known as they stand in `order`, and others after them."""
    return order.index(name) if name in order else len(order), name


def make_sections(runs: list[Run]) -> list[Section]:
    """All runs, grouped into what compares, the synthetic data first."""
    groups: dict[tuple, list[Run]] = defaultdict(list)
    for run in runs:
        task, preset = _place(run.task, TASKS), _place(run.preset, PRESETS)
        published = (run.source != "published", run.source)
        groups[(*task, *published, *preset, _title(run), _protocol(run))].append(run)
    titles = [title for *_, title, _ in groups]
    sections = []
    for key in sorted(groups):
        members = groups[key]
        title, (variant, samples, of_self_bleu) = key[-2:]
        if titles.count(title) > 1:
            title += f", {samples:,} and {of_self_bleu:,} samples, {variant}"
        first = members[0]
        rows, ablations = _make_rows(
            members, first.task == "oracle" and first.source == "published"
        )
        sections.append(
            Section(
                *(first.task, first.source, first.preset, title, tuple(members)),
                *(tuple(rows), tuple(ablations), _temperatures(rows)),
                next((run.real for run in members if run.real), {}),
            )
        )
    return sections
