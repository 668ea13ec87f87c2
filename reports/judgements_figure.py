"""The scores of a blind test as a figure."""

from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.judgements import REAL, Judged, Judgements
from reports.plot_style import BLACK, DOTS_PER_INCH, GREY, PLAIN_TEXT, PLOT_STYLE, LineStyles
from reports.sections import NAMES


def judgements_figure(judgements: Judgements) -> Figure:
    """Score of each source with its interval, one small point a judge, and the paper's score."""
    with matplotlib.style.context(["default", PLOT_STYLE, PLAIN_TEXT]):
        sources = judgements.sources
        figure = Figure(
            figsize=(max(4.8, 1.6 * len(sources) + 1.2), 4.4),
            dpi=DOTS_PER_INCH,
            layout="constrained",
        )
        FigureCanvasAgg(figure)
        num_judges = len(judgements.all_answers)
        judges = f"{num_judges} judge{'s' * (num_judges != 1)}"
        figure.suptitle(f"Human or machine? {judgements.task.capitalize()}, {judges}")
        axes = figure.subplots()
        styles = LineStyles()
        random = np.random.default_rng(0)  # sets points of equal scores apart
        first: dict[str, Any] = {
            "points": "one judge",
            "score": "all answers, 95% interval",
            "paper": "paper, 70 judges",
        }
        for place, source in enumerate(sources):
            look = _look(source, styles)
            score, published = source.score, judgements.published(source)
            if score is not None:
                of_judges = np.nanmean(
                    source.answers[~np.isnan(source.answers).all(axis=1)], axis=1
                )
                axes.plot(
                    place + random.uniform(-0.2, -0.08, len(of_judges)),
                    of_judges,
                    linestyle="",
                    marker="o",
                    markersize=3,
                    markeredgewidth=0,
                    color=GREY,
                    alpha=0.55,
                    label=first.pop("points", None),
                )
                axes.errorbar(
                    place,
                    score.mean,
                    yerr=[[score.mean - score.low], [score.high - score.mean]],
                    capsize=5,
                    markersize=8,
                    label=first.pop("score", None),
                    **look,
                )
                axes.annotate(
                    f"{score.mean:.2f}",
                    (place, score.mean),
                    xytext=(11, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=9,
                )
            if published is not None:
                axes.plot(
                    place - 0.32,
                    published,
                    linestyle="",
                    marker="D",
                    markersize=6,
                    markerfacecolor="white",
                    color=look["color"],
                    label=first.pop("paper", None),
                )
        axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        axes.set_xticks(range(len(sources)), [fill(source.label, 18) for source in sources])
        axes.set_xlim(-0.55, len(sources) - 0.45)
        axes.set_ylim(-0.03, 1.03)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel('share of answers "human"')
        figure.legend(loc="outside lower center", ncols=3)
        return figure


def write_figure(judgements: Judgements, path: Path) -> None:
    """Draws the scores as PNG, replacing what is there."""
    figure = judgements_figure(judgements)
    with matplotlib.style.context(["default", PLOT_STYLE, PLAIN_TEXT]):
        figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})


def _look(source: Judged, styles: LineStyles) -> dict[str, Any]:
    """Colour and marker of a source; no line."""
    if source.kind == REAL:
        return {"color": BLACK, "linestyle": "", "marker": "*"}
    return {**styles(NAMES.get(source.kind, source.kind)), "linestyle": ""}
