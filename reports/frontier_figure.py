"""The picture of the frontier of quality and variety."""

import itertools
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from reports.frontier import Frontier, make_frontier
from reports.metric_names import figure_name
from reports.plot_style import BLACK, PINK, POINTS, LineStyles, axis_label, legend_below, new_figure
from reports.sections import Section


def draw_frontier(axes: Axes, section: Section, frontier: Frontier) -> None:
    """Quality against variety: a curve over temperatures for each row, a point for each control."""
    line_styles = LineStyles()
    for label, curve in frontier.curves.items():
        look = line_styles(label)
        ones = np.flatnonzero(np.isclose(curve.temperatures, 1))
        axes.plot(curve.x, curve.y, label=label, markevery=list(ones), **look, markersize=8)
        axes.plot(curve.x, curve.y, ".", color=look["color"], markersize=5)
    for label, (x, y) in frontier.points.items():
        _draw_control(axes, label, x, y, label)
    for label, y in frontier.without_x.items():
        # At the right end of the axes, for its value is infinite.
        edge = axes.get_yaxis_transform()
        named = f"{label} ({figure_name(frontier.x)} infinite)"
        _draw_control(axes, label, 1, y, named, transform=edge, clip_on=False)
    axes.set(xlim=frontier.x_limits, ylim=frontier.y_limits)
    axes.set_xlabel(axis_label(frontier.x))
    axes.set_ylabel(axis_label(frontier.y))
    caption = "Each line varies the temperature: large markers are 1, the numbers are others."
    if frontier.cut or frontier.outside:
        caption += f" Not shown: {'; '.join(outside_in_words(frontier))}."
    axes.set_title(textwrap.fill(caption, 115, break_on_hyphens=False), fontsize=8, loc="left")


def _draw_control(axes: Axes, label: str, x: float, y: float, name: str, **more: Any) -> None:
    marker, color = POINTS.get(label, ("h", PINK))
    edge = color if marker in "x+" else BLACK
    style: dict[str, Any] = {"color": color, "markeredgecolor": edge, "markersize": 8}
    axes.plot([x], [y], marker, label=name, **style, **more)


def outside_in_words(frontier: Frontier) -> list[str]:
    """What the limits cut off: ends of curves, and points with where they are."""
    words = []
    if frontier.cut:
        temperatures = {t for left_out in frontier.cut.values() for t in left_out}
        span = " to ".join(f"{t:g}" for t in sorted({min(temperatures), max(temperatures)}))
        words.append(f"ends of curves, at temperatures {span}")
    for label, point in frontier.outside.items():
        figures = zip((frontier.x, frontier.y), point, strict=True)
        where = (f"{figure_name(f)} {v:.2f}" for f, v in figures if not np.isnan(v))
        words.append(f"{label} ({', '.join(where)})")
    return words


# Where a temperature's label may stand, in points from its point; the first free place is taken.
OFFSETS = ((7, 3), (-7, 3), (7, -9), (-7, -9), (0, 8), (0, -14))


def label_temperatures(axes: Axes, frontier: Frontier) -> list[Annotation]:
    """Writes temperatures next to the curves where there is room: all of MLE, the ends of others."""
    figure = axes.get_figure(root=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    line_styles, taken, made = LineStyles(), _occupied(axes, frontier), []
    for label, curve in frontier.curves.items():
        ends = {0, len(curve.x) - 1}
        for k in range(len(curve.x)):
            if np.isclose(curve.temperatures[k], 1):
                continue
            if k not in ends and not label.startswith("MLE"):
                continue
            for dx, dy in OFFSETS:
                text = axes.annotate(
                    f"{curve.temperatures[k]:g}",
                    (curve.x[k], curve.y[k]),
                    xytext=(dx, dy),
                    textcoords="offset points",
                    fontsize=8,
                    ha="left" if dx > 0 else "right" if dx < 0 else "center",
                    color=line_styles(label)["color"],
                )
                text.set_in_layout(False)
                box = text.get_window_extent(canvas.get_renderer())
                inside = axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1)
                if inside and not any(box.overlaps(other) for other in taken):
                    taken.append(box)
                    made.append(text)
                    break
                text.remove()
    return made


def _occupied(axes: Axes, frontier: Frontier) -> list[Bbox]:
    """Boxes, in pixels, around all that a label must not cover: lines, and large markers."""

    def around(point: np.ndarray, reach: float) -> Bbox:
        x, y = point
        return Bbox.from_extents(x - reach, y - reach, x + reach, y + reach)

    boxes = [around(axes.transData.transform(point), 9) for point in frontier.points.values()]
    for curve in frontier.curves.values():
        pixels = axes.transData.transform(np.stack([curve.x, curve.y], axis=1))
        boxes += [around(point, 9) for point in pixels[np.isclose(curve.temperatures, 1)]]
        for start, end in itertools.pairwise(pixels):
            shares = np.linspace(0, 1, 2 + int(np.hypot(*(end - start)) / 3))
            boxes += [around(start + share * (end - start), 2) for share in shares]
    return boxes


def frontier_figure(section: Section) -> Figure | None:
    """The frontier; None where no run was measured at several temperatures."""
    frontier = make_frontier(section)
    if not frontier.curves:
        return None
    figure = new_figure(7.6, 6.4, section, "quality against variety by sampling temperature")
    axes = figure.subplots()
    draw_frontier(axes, section, frontier)
    legend_below(figure)
    label_temperatures(axes, frontier)
    return figure
