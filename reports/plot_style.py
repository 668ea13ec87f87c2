"""The style of the figures: colours, lines, markers, and the labels of the axes."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.metric_names import figure_name, higher_is_better
from reports.sections import Section

DOTS_PER_INCH = 150
# Settings of matplotlib, see its `rcParams`.
PLOT_STYLE: dict[str, Any] = {
    "font.size": 10, "axes.titlesize": 10, "figure.titlesize": 11, "legend.fontsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#dddddd", "grid.linewidth": 0.6,
    "lines.linewidth": 1.6, "lines.markersize": 5,
    "legend.frameon": False, "legend.handlelength": 3.0, "axes.formatter.useoffset": False,
}  # fmt: skip
# For figures with names of files and folders: "$" in them begins no formula.
PLAIN_TEXT: dict[str, Any] = {"text.parse_math": False}
# Okabe and Ito's colours, which colour-blind people tell apart, but for their yellow: too pale for a
# line on white.
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PINK, GREY = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#777777",
)  # fmt: skip
LINES: dict[str, tuple[str, str, str]] = {
    "MLE": (BLUE, "-", "o"),
    "SS": (GREEN, "--", "s"),
    "PG-BLEU": (ORANGE, "-.", "^"),
    "SeqGAN": (RED, "-", "D"),
    "SeqGAN, constant reward": (BLACK, "--", "v"),
    "SeqGAN, uniform reward": (GREY, ":", "P"),
    "SeqGAN, batch baseline": (PINK, "-.", "X"),
    "SeqGAN, position baseline": (SKY, "--", "<"),
}
OTHER_LINES = ((BLUE, ":", "h"), (PINK, "--", ">"), (GREY, "-", "p"), (GREEN, ":", "d"))
POINTS = {
    "random, uniform": ("x", GREY),
    "random, unigram": ("+", GREY),
    "bigram": ("s", BLACK),
    "bigram, smoothed": ("s", "white"),
    "copy of the training set": ("P", BLACK),
    "real data": ("*", BLACK),
}


class LineStyles:
    """A different line for each label of a figure; the usual labels have the same one in all figures."""

    def __init__(self) -> None:
        self._others: dict[str, tuple[str, str, str]] = {}

    def __call__(self, label: str) -> dict[str, Any]:
        """Colour, line and marker of a label, as keywords for `Axes.plot`."""
        plain = "MLE" if label.startswith("MLE (") else label  # the start of another row
        if plain not in LINES and plain not in self._others:
            self._others[plain] = OTHER_LINES[len(self._others) % len(OTHER_LINES)]
        color, line, marker = LINES.get(plain) or self._others[plain]
        return {"color": color, "linestyle": line, "marker": marker}


def axis_label(figure: str) -> str:
    """Name, unit and good direction of a figure."""
    name = figure_name(figure)
    if figure == "nll_oracle":
        return f"{name}, nats per token (lower: likelier samples)"
    if figure == "nll_test":
        return f"{name}, nats per token (lower: better fit to real data)"
    if figure.startswith("self_bleu"):
        return f"{name} (lower: more varied)"
    return f"{name} ({'higher: more n-grams are real' if higher_is_better(figure) else 'lower: better'})"


def new_figure(width: float, height: float, section: Section, what: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{section.title}: {what}")
    return figure


@contextlib.contextmanager
def drawn_to(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure in this style to draw on, inches; then it is written to `path`, a PNG."""
    with matplotlib.style.context(["default", PLOT_STYLE]):
        figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})


def legend_below(figure: Figure) -> None:
    """One legend under all axes, in as many columns as the figure is wide for."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    for columns in (4, 3, 2, 1):
        legend = figure.legend(loc="outside lower center", ncols=columns)
        if columns == 1 or legend.get_window_extent(renderer).width < 0.98 * figure.bbox.width:
            return
        legend.remove()
