"""Learning curves over seeds, from the tables next to the results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.metric_names import main_figure
from reports.paper import PANEL_SETTINGS, PANELS
from reports.results import Run, Step
from reports.sections import SHORT, Row, Section, mle_row, panel_of, setting_label


@dataclass(frozen=True)
class Curve:
    """A figure along the training, mean over seeds; all arrays `[n]`.

    Attributes:
        steps: epochs of pre-training, and rounds counted on from there.
        minutes: since the start of the run, mean over seeds.
        mean: of the figure.
        sd: its standard deviation over seeds; zeros where there is one seed.
        num_seeds: how many runs the curve is made of.
        start: (steps, minutes) where pre-training ends.
    """

    steps: np.ndarray
    minutes: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    num_seeds: int
    start: tuple[float, float]

    def since_start(self) -> "Curve":
        """The same curve with its rounds counted from the end of pre-training."""
        origin = np.array(self.start)
        return replace(
            self,
            steps=self.steps - origin[0],
            minutes=self.minutes - origin[1],
            start=(0.0, 0.0),
        )


# {(adversarial or not, step): (seconds, value)}
Points = dict[tuple[bool, int], tuple[float, float]]


def _points(run: Run, rows: list[Step], figure: str) -> tuple[Points, int, float]:
    """What one run measured, and the epochs and seconds of its pre-training.

    The end of pre-training is the round 0 of adversarial training.
    """
    # Other stages, such as the discriminator's pre-training, count their own steps.
    before = [row for row in rows if row.stage == "mle"]
    pretraining = [row for row in rows if row.stage != "adversarial"]
    epochs = max((row.step for row in before), default=0)
    ended = max((row.seconds for row in pretraining), default=0.0)
    points = {
        (row.stage == "adversarial", row.step): (row.seconds, row.figures[figure])
        for row in rows
        if row.stage in ("mle", "adversarial") and figure in row.figures
    }
    start = run.start(figure)
    # The last epoch's weights may have given way to those of the best one, or of its best temperature.
    replaced = run.settings.get("mle_patience") or run.settings.get("start_at_temperature")
    if (False, epochs) in points and not replaced:
        start = points[False, epochs][1]
    if start is not None and any(row.stage == "adversarial" for row in rows):
        points[True, 0] = (ended, start)
    return points, epochs, ended


def learning_curve(runs: Sequence[Run], figure: str, adversarial: bool) -> Curve | None:
    """The curve of the runs of one row, or None where no step was measured in all of them.

    Args:
        runs: equal but for their seeds.
        figure: name of the figure.
        adversarial: the rounds, from the end of pre-training on; or pre-training alone.

    Raises `TableError` for a table that cannot be read.
    """
    all_rows = [(run, run.curve()) for run in runs]
    each = [_points(run, rows, figure) for run, rows in all_rows if rows]
    if not each:
        return None
    epochs, ended = each[0][1], float(np.mean([one[2] for one in each]))
    common = set.intersection(*(set(points) for points, *_ in each))
    wanted = sorted(key for key in common if key[0] == adversarial)
    if not wanted:
        return None
    seconds, values = np.array([[points[key] for key in wanted] for points, *_ in each]).T  # [n, M]
    return Curve(
        steps=np.array([epochs * is_adversarial + step for is_adversarial, step in wanted]),
        minutes=seconds.mean(axis=1) / 60,
        mean=values.mean(axis=1),
        sd=values.std(axis=1, ddof=1) if len(each) > 1 else np.zeros(len(wanted)),
        num_seeds=len(each),
        start=(float(epochs), ended / 60),
    )


def row_curves(section: Section) -> dict[str, Curve]:
    """{label: curve} of what trained: MLE and SS along pre-training, the others from there on.

    Raises `TableError` for a table that cannot be read.
    """
    figure, mle = main_figure(section), mle_row(section)
    curves: dict[str, Curve | None] = {}
    for row in section.rows:
        runs, adversarial = row.runs, bool(row.runs) and row.runs[0].algorithm not in ("mle", "ss")
        if row is mle and not runs:
            runs = next(other.runs for other in section.rows if other.label == row.start_of)
        curves[row.label] = learning_curve(runs, figure, adversarial) if runs else None
    mle_curve = curves[mle.label] if mle is not None else None
    for row in section.rows:
        curve = curves[row.label]
        if row is mle or not row.runs or row.runs[0].algorithm != "mle":
            continue
        if curve is not None and mle_curve is not None and curve.start[0] <= mle_curve.start[0]:
            curves[row.label] = None  # a part of the curve of MLE
    return {label: curve for label, curve in curves.items() if curve is not None}


def panel_curves(section: Section) -> dict[str, dict[str, Curve]]:
    """{panel: {label: curve since the end of pre-training}} of the paper's four panels."""
    panels: dict[str, dict[str, Curve]] = {panel: {} for panel in PANELS}
    for row in (*section.rows, *section.ablations):
        panel = panel_of(row.runs[0]) if row.runs else None
        curve = _since_start(section, row) if panel else None
        if panel is not None and curve is not None:
            more = {k: v for k, v in row.changed.items() if k not in PANEL_SETTINGS}
            panels[panel][setting_label(more)] = curve
    return panels


def other_curves(section: Section) -> dict[str, dict[str, Curve]]:
    """{settings: {label: curve since the end of pre-training}} of SeqGAN's other ablations.

    Each group has the plain SeqGAN too.
    """
    groups: dict[str, dict[str, Curve]] = {}
    plain = section.row("SeqGAN")
    for row in section.ablations:
        if row.runs[0].algorithm != "seqgan" or panel_of(row.runs[0]):
            continue
        curve = _since_start(section, row)
        if curve is None:
            continue
        names = ", ".join(SHORT.get(name, name.replace("_", "-")) for name in row.changed)
        group = groups.setdefault(names, {})
        if plain is not None and not group:
            plain_curve = _since_start(section, plain)
            if plain_curve is not None:
                settings = plain.runs[0].settings
                known = {name: settings[name] for name in row.changed if name in settings}
                label = f"{setting_label(known)}, the preset" if known else "the preset"
                group[label] = plain_curve
        group[row.label] = curve
    return groups


def _since_start(section: Section, row: Row) -> Curve | None:
    curve = learning_curve(row.runs, main_figure(section), adversarial=True)
    return None if curve is None else curve.since_start()
