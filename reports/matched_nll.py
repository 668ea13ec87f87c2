"""Quality at matched NLL-test: what baselines reach where their NLL-test equals that of SeqGAN."""

import itertools
from collections.abc import Sequence

import numpy as np

from reports.comparisons import BASE_REWARD
from reports.metric_names import figure_name, main_figure
from reports.results import Run, TableError
from reports.sections import Row, Section, mle_row

COST = "nll_test"

Path = list[tuple[float, float]]  # (NLL-test, quality), in the order in which they are reached


def quality_at(path: Path, cost: float) -> float | None:
    """Quality where a path first reaches a cost, on a straight line between its points.

    None where it never does.
    """
    for (x0, y0), (x1, y1) in itertools.pairwise(path):
        if min(x0, x1) <= cost <= max(x0, x1) and x0 != x1:
            return y0 + (y1 - y0) * (cost - x0) / (x1 - x0)
    return None


def cooling_path(run: Run, which: str, figure: str) -> Path:
    """The generator at temperature 1, then at ever lower ones: `which` is "mle" or "final"."""
    found = run.at_temperatures(which)
    return [
        (found[t][COST], found[t][figure])
        for t in sorted(found, reverse=True)
        if t <= 1 and COST in found[t] and figure in found[t]
    ]


def training_path(run: Run, figure: str) -> Path:
    """The start of the rounds, then those that were measured."""
    start = [run.start(name) for name in (COST, figure)]
    path: Path = [] if None in start else [(float(start[0]), float(start[1]))]  # type: ignore[arg-type]
    try:
        steps = run.curve()
    except TableError:  # the figures say so; the table of results does without
        steps = []
    return path + [
        (step.figures[COST], step.figures[figure])
        for step in steps
        if step.stage == "adversarial" and COST in step.figures and figure in step.figures
    ]


def at_equal_cost(section: Section) -> dict[str, list[float]]:
    """{baseline: quality, a value for each seed} where NLL-test equals that of SeqGAN of that seed.

    The baselines: its MLE start at a lower temperature, and the constant reward in the round
    that costs as much or, where none does, its last one at a lower temperature. A seed whose path
    does not reach the cost is left out.
    """
    figure, seqgan = main_figure(section), section.row("SeqGAN")
    if seqgan is None:
        return {}
    found: dict[str, list[float]] = {}

    def add(name: str, seed: int, path: Path) -> None:
        cost = next(s.figures.get(COST) for s in seqgan.seeds if s.seed == seed)
        quality = None if cost is None else quality_at(path, cost)
        if quality is not None:
            found.setdefault(name, []).append(quality)

    for run, mle in _of_same_seed(seqgan, mle_row(section)):
        source, which = (run, "mle") if mle is None else (mle, "final")
        add("MLE at a lower temperature", run.seed, cooling_path(source, which, figure))
    for run, constant in _of_same_seed(seqgan, section.row(BASE_REWARD)):
        if constant is not None:
            cooled = cooling_path(constant, "final", figure)
            add("a constant reward", run.seed, training_path(constant, figure) + cooled)
    return found


def _of_same_seed(row: Row, other: Row | None) -> Sequence[tuple[Run, Run | None]]:
    others = {run.seed: run for run in other.runs} if other is not None else {}
    return [(run, others.get(run.seed)) for run in row.runs]


def equal_cost_note(section: Section) -> str:
    """The comparison in words; empty where there is nothing to compare."""
    found, seqgan = at_equal_cost(section), section.row("SeqGAN")
    if not found or seqgan is None:
        return ""
    words = []
    for name, values in found.items():
        some = f" ({len(values)} of {len(seqgan.seeds)} seeds)" * (len(values) < len(seqgan.seeds))
        words.append(f"{name} {np.mean(values):.3f}{some}")
    cost, quality = np.mean(seqgan.values(COST)), np.mean(seqgan.values(main_figure(section)))
    name = figure_name(main_figure(section))
    return f"{name} at SeqGAN's NLL-test ({cost:.3f}): SeqGAN {quality:.3f}, {', '.join(words)}."
