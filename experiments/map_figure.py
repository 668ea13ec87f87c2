"""The map of what discriminators know about unseen data, as a figure."""

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

    with drawn_to(path, 9.5, 1.4 + 0.5 * len(rows)) as figure:
        axes = figure.subplots()
        for (part, label), color, shift in zip(
            PARTS.items(), (BLUE, RED), (-0.14, 0.14), strict=True
        ):
            for place, row in enumerate(rows):
                names = [f"discriminator_{name}_{part}" for name in ("gain", "gain_error")]
                seeds = [seed for seed in row["seeds"].values() if names[1] in seed]
                if not seeds:
                    continue
                gains, errors = (np.array([seed[name] for seed in seeds]) for name in names)
                at = place + shift
                axes.plot(gains, [at] * len(gains), ".", color=color, markersize=4, alpha=0.5)
                axes.errorbar(
                    gains.mean(), at, xerr=errors.mean(), fmt="o", color=color, capsize=3,
                    label=None if place else f"{label}: seeds, their mean, error within a run",
                )  # fmt: skip
        axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        labels = [f"{row['data']}: {row['discriminator']}\n{row['start']}" for row in rows]
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("gain over the generator, nats per token")
        figure.legend(loc="outside upper center", ncols=2)
