"""Quality against variety: curves over sampling temperatures, and points of the controls."""

from dataclasses import dataclass, field

import numpy as np

from reports.metric_names import main_figure
from reports.sections import Section

# How far a curve is followed from the generators at temperature 1, in nats per token: the likelihood
# figures have no upper end.
FAR = 2.0
# How far beyond the curves the picture reaches for the sake of a control, in their width and height.
MARGIN = 0.5

Point = tuple[float, float]


@dataclass(frozen=True)
class TemperatureCurve:
    """Two figures of one row over temperatures, means over seeds; arrays `[n]`."""

    temperatures: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Frontier:
    """What the picture shows.

    Attributes:
        x: name of the figure of variety (or, on synthetic data, of coverage).
        y: name of the figure of quality.
        curves: {label of a row: its curve}, the parts within the limits.
        points: {label of a control: (x, y)}, those within the limits.
        without_x: {label: y} of controls that have no x: an infinite NLL-test.
        outside: {label of a control: (x, y)} beyond the limits.
        cut: {label of a row: temperatures at which its curve is beyond them}.
        x_limits: of the axis.
        y_limits: of the axis.
    """

    x: str
    y: str
    curves: dict[str, TemperatureCurve]
    points: dict[str, Point]
    without_x: dict[str, float] = field(default_factory=dict)
    outside: dict[str, Point] = field(default_factory=dict)
    cut: dict[str, tuple[float, ...]] = field(default_factory=dict)
    x_limits: Point = (0.0, 1.0)
    y_limits: Point = (0.0, 1.0)


def frontier_figures(section: Section) -> tuple[str, str]:
    """The figures on the axes: NLL-test and NLL-oracle, or self-BLEU and BLEU of the same order."""
    main = main_figure(section)
    return ("nll_test" if main == "nll_oracle" else f"self_{main}"), main


def _curves(section: Section, x: str, y: str) -> dict[str, TemperatureCurve]:
    curves = {}
    for label, by_temperature in section.at_temperatures.items():
        found = []
        for temperature, seeds in by_temperature.items():
            both = [s.figures for s in seeds if x in s.figures and y in s.figures]
            if both:
                means = [float(np.mean([figures[name] for figures in both])) for name in (x, y)]
                found.append((temperature, *means))
        if found:
            curves[label] = TemperatureCurve(*np.array(found).T)
    return curves


def _limits(values: np.ndarray) -> Point:
    """Ends of an axis that shows all values, with a margin."""
    pad = 0.06 * float(np.ptp(values)) or 0.05
    return float(values.min()) - pad, float(values.max()) + pad


def make_frontier(section: Section) -> Frontier:
    """The curves and points of a section, and what the axes leave out."""
    x, y = frontier_figures(section)
    curves = _curves(section, x, y)
    points: dict[str, Point] = {}
    without_x: dict[str, float] = {}
    for row in section.rows:
        if row.label in curves:
            continue
        xs, ys = row.values(x), row.values(y)
        if ys and xs:
            points[row.label] = float(np.mean(xs)), float(np.mean(ys))
        elif ys:
            without_x[row.label] = float(np.mean(ys))
    if x in section.real and y in section.real:
        points["real data"] = section.real[x], section.real[y]
    if not curves:
        return Frontier(x, y, curves, points, without_x)
    return _within_limits(x, y, curves, points, without_x)


def _within_limits(
    x: str,
    y: str,
    curves: dict[str, TemperatureCurve],
    points: dict[str, Point],
    without_x: dict[str, float],
) -> Frontier:
    """The picture, cut to what lies near the generators at temperature 1."""
    all_ones = [
        (curve.x[k], curve.y[k])
        for curve in curves.values()
        for k in [int(np.abs(curve.temperatures - 1).argmin())]
    ]
    far = FAR if x == "nll_test" else 1.0  # BLEU lies between 0 and 1
    low, high = np.min(all_ones, axis=0) - far, np.max(all_ones, axis=0) + far
    shown: dict[str, TemperatureCurve] = {}
    cut: dict[str, tuple[float, ...]] = {}
    for label, curve in curves.items():
        both = np.stack([curve.x, curve.y], axis=1)
        near = np.all((both >= low) & (both <= high), axis=1)
        shown[label] = TemperatureCurve(curve.temperatures[near], curve.x[near], curve.y[near])
        if not near.all():
            cut[label] = tuple(curve.temperatures[~near].tolist())
    on_curves = np.concatenate([np.stack([curve.x, curve.y], 1) for curve in shown.values()])
    low, high = on_curves.min(axis=0), on_curves.max(axis=0)
    margin = np.maximum(MARGIN * (high - low), 0.01)
    low, high = low - margin, high + margin

    def near_curves(point: Point) -> bool:
        # A control without x is near where its y is: comparisons with nan are false.
        return not np.any((np.array(point) < low) | (np.array(point) > high))

    everything = {**points, **{label: (float("nan"), value) for label, value in without_x.items()}}
    outside = {label: point for label, point in everything.items() if not near_curves(point)}
    points = {label: point for label, point in points.items() if label not in outside}
    without_x = {label: value for label, value in without_x.items() if label not in outside}
    xs = [*on_curves[:, 0], *(point[0] for point in points.values())]
    ys = [*on_curves[:, 1], *(point[1] for point in points.values()), *without_x.values()]
    return Frontier(
        x=x,
        y=y,
        curves=shown,
        points=points,
        without_x=without_x,
        outside=outside,
        cut=cut,
        x_limits=_limits(np.array(xs)),
        y_limits=_limits(np.array(ys)),
    )
