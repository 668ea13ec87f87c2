"""Numbers as the cells of a table show them, and tables in Markdown."""

from collections.abc import Iterable, Sequence

import numpy as np

from reports.comparisons import Comparison
from reports.sections import Seed

# Where there is no number.
NONE = "–"


def mean_sd(values: Sequence[float], digits: int = 3) -> str:
    """`mean ± standard deviation` over seeds; the bare number where there is one seed."""
    if not values:
        return NONE
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def seed_range(seeds: Iterable[int]) -> str:
    """Seeds, runs of three or more of them shortened: `[1, 2, 3, 7]` -> "1–3, 7"."""
    ranges: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1].append(seed)
        else:
            ranges.append([seed])
    return ", ".join(
        f"{one[0]}{NONE}{one[-1]}" if len(one) > 2 else ", ".join(map(str, one)) for one in ranges
    )


def p_value(p: float) -> str:
    """A p-value to one digit; a dash where there is none."""
    return NONE if np.isnan(p) else "< 1e-99" if p < 1e-99 else f"{p:.1g}"


def cell(seeds: Sequence[Seed], figure: str) -> str:
    """A figure over seeds, shares in percent; with the number of seeds where some lack it."""
    values = [seed.figures[figure] for seed in seeds if figure in seed.figures]
    some = f" ({len(values)} of {len(seeds)})" if 0 < len(values) < len(seeds) else ""
    return _number(values, figure) + some


def _number(values: Sequence[float], figure: str) -> str:
    if figure != "copied_share" or not values:
        return mean_sd(values)
    return f"{mean_sd([100 * value for value in values], 1)}%" if any(values) else "0%"


def mean_minutes(seeds: Sequence[Seed]) -> str:
    minutes = [seed.minutes for seed in seeds if seed.minutes]
    return f"{np.mean(minutes):.1f}" if minutes else NONE


def peak_memory(seeds: Sequence[Seed]) -> str:
    memory = [seed.memory for seed in seeds if seed.memory is not None]
    return f"{max(memory):.2f}" if memory else NONE


def seed_counts(tested: Comparison) -> str:
    """Seeds of the two rows of a comparison: "3", or "3 and 2"."""
    ours, theirs = tested.num_seeds
    return str(ours) if ours == theirs else f"{ours} and {theirs}"
