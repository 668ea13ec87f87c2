"""Learning curves, ablations and the frontier of quality and variety, as PNG."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.curves import Curve, other_curves, panel_curves, row_curves
from reports.frontier_figure import frontier_figure
from reports.metric_names import higher_is_better, main_figure
from reports.paper import PANEL_SETTINGS, PANELS, TABLE_1
from reports.plot_style import (
    BLACK,
    BLUE,
    DOTS_PER_INCH,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    PLAIN_TEXT,
    PLOT_STYLE,
    RED,
    SKY,
    LineStyles,
    axis_label,
    legend_below,
    new_figure,
)
from reports.results import TableError
from reports.sections import Section, panel_of, setting_label

# Learning curves


def draw_curve(axes: Axes, curve: Curve, label: str, by: str, look: dict[str, Any]) -> None:
    """One curve by "steps" or "minutes", with a band of one standard deviation."""
    x = getattr(curve, by)
    every = max(1, len(x) // 8)
    axes.plot(x, curve.mean, label=label, markevery=every, **look)
    if curve.num_seeds > 1:
        low, high = curve.mean - curve.sd, curve.mean + curve.sd
        axes.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)


def draw_curves(axes: Axes, section: Section, by: str, curves: dict[str, Curve]) -> None:
    """Learning curves of all rows.

    Args:
        axes: to draw into.
        section: whose curves.
        by: "steps" for epochs and rounds, "minutes" for time.
        curves: of `row_curves`.
    """
    line_styles = LineStyles()
    figure = main_figure(section)
    low, high = _limits(list(curves.values()), higher_is_better(figure))
    for label, curve in curves.items():
        end, name = curve.mean[-1], _with_seeds(label, curve)
        if not low <= end <= high:
            name = f"{name[:-1]}; ends at {end:.2f})"
        draw_curve(axes, curve, name, by, line_styles(label))
    axes.set_ylim(low, high)
    adversarial = {label: c for label, c in curves.items() if c.steps[-1] > c.start[0]}
    if adversarial:
        label = "SeqGAN" if "SeqGAN" in adversarial else list(adversarial)[-1]
        epochs, minutes = adversarial[label].start
        if by == "steps":
            _mark(axes, epochs, "pre-training ends")
        else:
            _mark(axes, minutes, f"pre-training ends ({label})")
    if section.source == "published":
        _level(axes, TABLE_1["seqgan"], f"SeqGAN in the paper: {TABLE_1['seqgan']:.3f}")
    axes.set_xlabel(
        "epochs of pre-training, then adversarial rounds" if by == "steps" else "minutes"
    )
    axes.set_ylabel(axis_label(figure))


def _with_seeds(label: str, curve: Curve) -> str:
    seeds = f"{curve.num_seeds} seed{'s' * (curve.num_seeds > 1)}"
    return f"{label} ({seeds})" if label else seeds


def _limits(curves: Sequence[Curve], higher_is_better: bool) -> tuple[float, float]:
    """Limits of the y axis, which leave out values that would flatten all other curves.

    These are the early epochs of pre-training, and a curve that ends far from all others.
    """
    sign = 1 if higher_is_better else -1  # higher is better from here on
    ends = sorted(sign * float(curve.mean[-1]) for curve in curves)
    starts = [sign * float(curve.mean[0]) for curve in curves if curve.steps[0] >= curve.start[0]]
    low = min(float((sign * curve.mean - curve.sd).min()) for curve in curves)
    high = max(float((sign * curve.mean + curve.sd).max()) for curve in curves)
    if len(ends) > 2 and ends[-1] - ends[-2] > 2 * (ends[-2] - ends[0]):
        ends.pop()
        high = min(high, ends[-1] + max(ends[-1] - ends[0], 0.02))
    shown = ends + starts
    low = max(low, min(shown) - 4 * max(max(shown) - min(shown), 0.02))
    pad = 0.06 * (high - low) or 0.01
    bottom, top = sorted((sign * (low - pad), sign * (high + pad)))
    return bottom, top


def _mark(axes: Axes, x: float, text: str) -> None:
    """A vertical line with its name above it."""
    axes.axvline(x, color=GREY, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    axes.annotate(
        text,
        (x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
        color=GREY,
    )


def _level(axes: Axes, y: float, text: str) -> None:
    """A thin horizontal line with its name at its left end, the limits widened to show it."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, y - 0.03 * (high - low)), max(high, y + 0.03 * (high - low)))
    axes.axhline(y, color=BLACK, linewidth=0.8, linestyle=(0, (6, 2)), zorder=0)
    axes.annotate(
        text,
        (0, y),
        xycoords=("axes fraction", "data"),
        xytext=(4, 2),
        textcoords="offset points",
        fontsize=8,
        va="bottom",
    )


def curves_figure(section: Section, by: str) -> Figure | None:
    """Learning curves by "steps" or "minutes"; None if no run has a metrics.csv."""
    curves = row_curves(section)
    if not curves:
        return None
    several = any(curve.num_seeds > 1 for curve in curves.values())
    band = ", mean ± standard deviation over seeds" if several else ""
    figure = new_figure(7.6, 5.4, section, f"learning curves{band}")
    axes = figure.subplots()
    draw_curves(axes, section, by, curves)
    legend_below(figure)
    return figure


# Ablations


def _draw_group(axes: Axes, title: str, curves: dict[str, Curve], first: str | None) -> None:
    """The curves of one panel of an ablation; `first` names the curve of the plain setting."""
    others = (RED, BLUE, GREEN, ORANGE, PINK, SKY)
    marks = ("o", "s", "^", "v", "X", "<")
    k = 0
    for label, curve in curves.items():
        look = {"color": GREY, "linestyle": "--", "marker": "D"}
        if label != first:
            look = {
                "color": others[k % len(others)],
                "linestyle": ("-", "-.", ":")[k % 3],
                "marker": marks[k % len(marks)],
            }
            k += 1
        draw_curve(
            axes, curve, fill(_with_seeds(label, curve), 40, break_on_hyphens=False), "steps", look
        )
    axes.set_title(title)
    axes.set_xlabel("rounds of adversarial training")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if curves:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))


def panels_figure(section: Section) -> Figure | None:
    """The paper's four ablations, 2 x 2; None if none was run."""
    if not any(panel_of(row.runs[0]) for row in section.ablations):
        return None
    panels = panel_curves(section)
    figure = new_figure(8, 6.6, section, "SeqGAN with other g-steps, d-steps and k")
    grid = figure.subplots(2, 2, sharey=True)
    for axes, (panel, curves) in zip(grid.flat, panels.items(), strict=True):
        steps = dict(zip(PANEL_SETTINGS, PANELS[panel], strict=True))
        _draw_group(axes, f"({panel}) {setting_label(steps)}", curves, None)
        if not curves:
            axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color=GREY)
    for axes in grid[:, 0]:
        axes.set_ylabel(_short_axis_label(section))
    return figure


def others_figure(section: Section) -> Figure | None:
    """SeqGAN's other ablations, a panel for each setting; None if none was run."""
    groups = other_curves(section)
    if not groups:
        return None
    columns = 2 if len(groups) == 4 else min(len(groups), 3)
    lines = -(-len(groups) // columns)
    figure = new_figure(max(6, 3.9 * columns), 4.3 * lines, section, "SeqGAN with other settings")
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes, (names, curves) in zip(grid.flat, groups.items(), strict=False):
        first = next((label for label in curves if label.endswith("the preset")), None)
        num = len(names.split(", "))
        # The legend has the names too, beside their values.
        _draw_group(axes, names if num < 4 else f"{num} settings", curves, first)
    for axes in list(grid.flat)[len(groups) :]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel(_short_axis_label(section))
    return figure


def _short_axis_label(section: Section) -> str:
    return axis_label(main_figure(section)).split(" (")[0]


# Files


_LONGEST_NAME = 100  # characters of a corpus's name: most systems allow 255 bytes in that of a file

KINDS = {
    "curves-rounds": lambda section: curves_figure(section, "steps"),
    "curves-minutes": lambda section: curves_figure(section, "minutes"),
    "frontier": frontier_figure,
    "ablation-panels": panels_figure,
    "ablation-others": others_figure,
}


def section_stem(section: Section) -> str:
    """The start of the names of a section's files: "oracle-published", "poems-paper"."""
    source = Path(section.source).stem if section.task != "oracle" else section.source
    name = source if source.startswith(section.task) else f"{section.task}-{source}"
    preset = "" if section.preset == "quick" else f"-{section.preset}"
    return re.sub(r"[^a-z0-9]+", "-", f"{name[:_LONGEST_NAME]}{preset}".lower()).strip("-")


def write_figures(sections: Iterable[Section], folder: Path) -> tuple[list[Path], list[str]]:
    """Draws what there are results for; the files, and what could not be drawn, in words."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    left_out: list[str] = []
    stems: set[str] = set()
    with matplotlib.style.context(["default", PLOT_STYLE, PLAIN_TEXT]):
        for section in sections:
            stem = section_stem(section)
            while stem in stems:
                stem += "-more"
            stems.add(stem)
            for kind, draw in KINDS.items():
                try:
                    figure = draw(section)
                except (OSError, TableError) as error:
                    left_out.append(f"{kind} of {section.title}: {error}")
                    continue
                if figure is not None:
                    path = folder / f"{stem}-{kind}.png"
                    # Without the version of the library the same data give the same file.
                    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
                    written.append(path)
    return written, left_out
