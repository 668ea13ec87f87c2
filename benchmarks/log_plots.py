"""Figures with two logarithmic axes, in the style of those of `reports`."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def log_plots(
    path: Path, size: tuple[float, float], title: str, rows: int, columns: int, **options: Any
) -> Iterator[Any]:
    """Axes `[rows, columns]` to draw in; then they are written to `path`, a PNG.

    Args:
        path: of the file.
        size: width and height in inches.
        title: of the figure.
        rows: of axes.
        columns: of axes.
        options: of `Figure.subplots`.
    """
    from reports.plot_style import drawn_to

    with drawn_to(path, *size) as figure:
        figure.suptitle(title)
        axes = figure.subplots(rows, columns, squeeze=False, **options)
        for each in axes.flat:
            each.loglog()
        yield axes


def mark_sizes(axes: Any, sizes: Sequence[int]) -> None:
    """Marks these numbers, and no others, on the x-axis."""
    from matplotlib.ticker import NullLocator

    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
