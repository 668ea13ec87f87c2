"""The map of what discriminators know about unseen data, as a figure."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PARTS = {"validation": "validation part", "test": "test part"}


def draw_map(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Gain of each discriminator on both parts: a small point a seed, the mean, and the error within a run.

    Args:
        rows: of `experiments.discriminator_map`.
        path: of the PNG.
    """
    from reports.plot_style import BLUE, GREY, RED, drawn_to

    colors = dict(zip(PARTS, (BLUE, RED), strict=True))
    groups = [(data, list(of)) for data, of in itertools.groupby(rows, key=_generator)]
    num_lines = len(rows) + len(groups)  # a line a row, and one for each generator above its rows
    with drawn_to(path, 9, 1.4 + 0.3 * num_lines) as figure:
        axes = figure.subplots()
        labels, places = [], itertools.count()
        for generator, of in groups:
            axes.text(
                0.01, next(places), generator, transform=axes.get_yaxis_transform(),
                fontsize=8, fontweight="bold", verticalalignment="center",
            )  # fmt: skip
            for row in of:
                labels.append((place := next(places), row["discriminator"]))
                _draw_gains(axes, place, row, colors)
        axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        axes.set_yticks(*zip(*labels, strict=True), fontsize=8)
        axes.set_ylim(num_lines - 0.5, -0.7)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("gain over the generator, nats per token")
        for part, color in colors.items():
            told = f"{PARTS[part]}: seeds, their mean, error within a run"
            axes.errorbar([], [], xerr=[], fmt="o", color=color, capsize=3, label=told)
        figure.legend(loc="outside upper center", ncols=2)


def _generator(row: dict[str, Any]) -> str:
    return f"{row['data']}: {row['start']}"


def _draw_gains(axes: Any, place: int, row: dict[str, Any], colors: dict[str, str]) -> None:
    """The gains of a row on the parts on which it has any."""
    for (part, color), shift in zip(colors.items(), (-0.14, 0.14), strict=True):
        names = [f"discriminator_{name}_{part}" for name in ("gain", "gain_error")]
        seeds = [seed for seed in row["seeds"].values() if names[1] in seed]
        if not seeds:
            continue
        gains, errors = (np.array([seed[name] for seed in seeds]) for name in names)
        at = place + shift
        axes.plot(gains, [at] * len(gains), ".", color=color, markersize=4, alpha=0.5)
        axes.errorbar(gains.mean(), at, xerr=errors.mean(), fmt="o", color=color, capsize=3)
