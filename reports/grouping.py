"""Groups runs into sections of the same data and measures, and each section into rows over seeds."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reports.paper import TABLE_1
from reports.results import ALGORITHMS, PROTOCOL, START_STAGES, Run
from reports.sections import NAMES, Row, Section, Seed, panel_of, setting_label

CONTROLS = ("bigram", "bigram, smoothed", "copy of the training set", "real data")
RANDOM = ("uniform", "unigram")
PRESETS = ("paper", "official", "quick", "smoke")
TASKS = ("oracle", "poems", "speeches", "music", "text")


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
            minutes = run.minutes(*START_STAGES)
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


def _with_changes_of_presets(runs: Iterable[Run]) -> list[Run]:
    """The runs; of those that would be seeds of one row, what differs from most of them is changed.

    A result lists as changed what differs from the preset of its time, and presets do change.
    """
    rows: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        rows[run.algorithm, json.dumps(run.changed)].append(run)
    made = []
    for members in rows.values():
        usual: dict[str, Any] = {}
        for name in {name for run in members for name in run.learning}:
            values = [run.learning[name] for run in members if name in run.learning]
            usual[name] = max(values, key=values.count)  # the first of equally frequent ones
        for run in members:
            unlisted = {name: v for name, v in run.learning.items() if v != usual[name]}
            changed = {**run.changed_data, **run.changed, **unlisted}
            made.append(Run(run.file, {**run.result, "changed": changed}) if unlisted else run)
    return made


def _make_rows(runs: list[Run], published: bool) -> tuple[list[Row], list[Row]]:
    """The rows of the table and those of the ablations, of the runs of one section."""
    groups: dict[str, list[Run]] = defaultdict(list)
    variants = {}
    for run in sorted(_with_changes_of_presets(runs), key=lambda run: run.seed):
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
    """The rows, with one of MLE for every seed that has an MLE run or another run's MLE start.

    A run's start equals a run of MLE alone with its seed, and replaces it where that is missing.
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


def _protocol(run: Run) -> tuple[str, int, int]:
    """What two numbers must share to compare: BLEU's variant, and the numbers of samples."""
    variant, *samples = (run.settings.get(name) for name in PROTOCOL)
    first, second = (number if isinstance(number, int) else 0 for number in samples)
    return str(variant or "method1"), first, second


def _title(run: Run) -> str:
    if run.task != "oracle":
        corpus = run.source_name
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
        published = (run.source != "published", run.source_name)
        key = (*task, *published, *preset, _title(run), _protocol(run), run.trained_on)
        groups[key].append(run)
    sections = []
    for key in sorted(groups):
        members, first = groups[key], groups[key][0]
        title, protocol = key[-3:-1]
        alike = [other[-2:] for other in groups if other[-3] == title]
        if len({others for others, _ in alike}) > 1:
            variant, samples, self_bleu_samples = protocol
            title += f", {samples:,} and {self_bleu_samples:,} samples, {variant}"
        if len({others for _, others in alike}) > 1:
            known = f"split_hash {first.split_hash[:8]}"
            title += f", {known if first.split_hash else first.source}"
        rows, ablations = _make_rows(
            members, first.task == "oracle" and first.source == "published"
        )
        sections.append(
            Section(
                task=first.task,
                source=first.source,
                preset=first.preset,
                title=title,
                runs=tuple(members),
                rows=tuple(rows),
                ablations=tuple(ablations),
                at_temperatures=_temperatures(rows),
                real=next((run.real for run in members if run.real), {}),
            )
        )
    return sections
