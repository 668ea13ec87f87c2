"""Welch's t-tests between the rows of a section: over seeds, and over the sequences of single runs."""

from dataclasses import dataclass

import numpy as np

from metrics.significance import WelchResult, welch, welch_from_statistics
from reports.metric_names import companion_figures, paper_figures
from reports.sections import Row, Section, mle_row

BASE_REWARD = "SeqGAN, constant reward"


@dataclass(frozen=True)
class Comparison:
    """One figure of one row against another's.

    Attributes:
        row: label of the row.
        against: label of the row that it is compared with.
        figure: name of the figure.
        difference: of the means over seeds, `row` less `against`.
        num_seeds: seeds of the two rows.
        over_seeds: the test over seeds; None where a row has one seed.
        over_sequences: {seed: the test over the sequences of its two runs}, of the seeds that both
            rows have. Such a test ignores the variance between trainings.
    """

    row: str
    against: str
    figure: str
    difference: float
    num_seeds: tuple[int, int]
    over_seeds: WelchResult | None
    over_sequences: dict[int, WelchResult]


def compare(row: Row, against: Row, figure: str) -> Comparison | None:
    """The tests of a figure that both rows have, or None."""
    ours, theirs = row.values(figure), against.values(figure)
    if not ours or not theirs:
        return None
    scores = [
        {s.seed: s.sequences[figure] for s in r.seeds if figure in s.sequences}
        for r in (row, against)
    ]
    enough = min(len(ours), len(theirs)) > 1
    return Comparison(
        row=row.label,
        against=against.label,
        figure=figure,
        difference=float(np.mean(ours) - np.mean(theirs)),
        num_seeds=(len(ours), len(theirs)),
        over_seeds=welch(ours, theirs) if enough else None,
        over_sequences={
            seed: welch_from_statistics(scores[0][seed], scores[1][seed])
            for seed in sorted(scores[0].keys() & scores[1].keys())
        },
    )


def compare_rows(section: Section) -> list[Comparison]:
    """Each algorithm against MLE, and SeqGAN against the reward that is the same for everything."""
    figures = [
        *paper_figures(section),
        *(f for f in companion_figures(section) if f != "copied_share"),
    ]
    pairs = []
    mle, seqgan, constant = mle_row(section), section.row("SeqGAN"), section.row(BASE_REWARD)
    for row in section.rows:
        trained = row.runs or row.kind == "algorithm"
        if mle is not None and row is not mle and trained:
            pairs.append((row, mle))
    if seqgan is not None and constant is not None:
        pairs.append((seqgan, constant))
    made = [compare(row, against, figure) for row, against in pairs for figure in figures]
    return [one for one in made if one is not None]
