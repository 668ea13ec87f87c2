"""Results of a blind test: scores, tests between sources, and agreement, as Markdown."""

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from files.errors import UsageError
from metrics.agreement import agreeing_share, krippendorff_alpha
from metrics.judgements import MeanScore, difference, mean_score
from reports.cells import NONE, p_value
from reports.markdown import markdown_table
from reports.paper import HUMAN_P_VALUE, HUMAN_SCORES
from reports.sections import NAMES

REAL = "real"  # the kind of the source of held-out data


@dataclass(frozen=True)
class Judged:
    """The answers about one source.

    Args:
        name: of the source.
        kind: "real", or the algorithm of a run.
        answers: float64 `[J, I]`, 1 for human, 0 for machine, nan for none; a row for each judge.
    """

    name: str
    kind: str
    answers: np.ndarray

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        return "real" if self.kind == REAL else f"{self.name} ({NAMES.get(self.kind, self.kind)})"

    @property
    def score(self) -> MeanScore | None:
        """Share of answers "human"; None without any answer."""
        return None if np.isnan(self.answers).all() else mean_score(self.answers)


@dataclass(frozen=True)
class Judgements:
    """The answers of a blind test.

    Args:
        task: of the runs.
        sources: the real one first.
    """

    task: str
    sources: tuple[Judged, ...]

    @property
    def all_answers(self) -> np.ndarray:
        """Answers about all items, `[J, M]`."""
        return np.concatenate([source.answers for source in self.sources], axis=1)

    def published(self, source: Judged) -> float | None:
        """The paper's score of such a source; it asked about poems alone."""
        return HUMAN_SCORES.get(source.kind) if self.task == "poems" else None


def judgements_of(
    task: str, sources: Sequence[tuple[str, str]], source_of: Sequence[int], answers: np.ndarray
) -> Judgements:
    """Sorts answers by source.

    Args:
        task: of the runs.
        sources: name and kind of each.
        source_of: number of the source of each item.
        answers: `[J, M]`, as in `Judged`.

    Raises:
        UsageError: nobody has answered.
    """
    if np.isnan(answers).all():
        raise UsageError(
            "nobody has answered yet. Open the link that judge.py prints without --report."
        )
    return Judgements(
        task,
        tuple(
            Judged(name, kind, answers[:, np.array(source_of) == number])
            for number, (name, kind) in enumerate(sources)
        ),
    )


def make_report(judgements: Judgements) -> str:
    """Tables of scores and tests, and what they mean, as Markdown."""
    answers = judgements.all_answers
    num_judges, num_items = answers.shape
    given = int((~np.isnan(answers)).sum())
    complete = int((~np.isnan(answers).any(axis=1)).sum())
    title = (
        f"**Human or machine? {judgements.task.capitalize()}: {_counted(num_judges, 'judge')} "
        f"({complete} with all {num_items} answers), {_counted(given, 'answer')}**"
    )
    return "\n\n".join([title, _scores(judgements), _tests(judgements), _notes(judgements)])


def _scores(judgements: Judgements) -> str:
    with_paper = any(judgements.published(source) is not None for source in judgements.sources)
    header = ["source", "score", "95% interval", "answers"] + ["paper"] * with_paper
    rows = []
    for source in judgements.sources:
        score = source.score
        cells = [source.label, NONE, NONE, "0"]
        if score is not None:
            interval = f"{score.low:.3f} {NONE} {score.high:.3f}"
            cells[1:] = [f"{score.mean:.3f}", interval, str(score.num)]
        published = judgements.published(source)
        if with_paper:
            cells.append(NONE if published is None else f"{published:.4f}")
        rows.append(cells)
    return markdown_table(header, rows)


def _tests(judgements: Judgements) -> str:
    rows = []
    for a, b in itertools.combinations(judgements.sources, 2):
        cells = [f"{a.label} vs {b.label}", NONE, NONE, NONE, "0"]
        in_both = [~np.isnan(each.answers).all(axis=1) for each in (a, b)]
        if (in_both[0] & in_both[1]).any():
            found = difference(a.answers, b.answers)
            cells[1:] = [
                f"{found.mean_difference:+.3f}",
                p_value(found.p_texts),
                p_value(found.p_judges),
                str(found.num_judges),
            ]
        rows.append(cells)
    header = ["difference", "of scores", "p over texts", "p over judges", "judges"]
    return markdown_table(header, rows)


def _notes(judgements: Judgements) -> str:
    answers = judgements.all_answers
    alpha, share = krippendorff_alpha(answers), agreeing_share(answers)
    agreement = "two judges have no item in common, so their agreement is not known"
    if not np.isnan(share):
        shown = "is not defined: all answers are equal" if np.isnan(alpha) else f"= {alpha:.3f}"
        agreement = (
            f"Krippendorff's alpha (nominal) {shown}; two judges give the same answer about an item "
            f"in {100 * share:.0f}% of cases. 1 is full agreement, 0 what chance would give"
        )
    notes = [
        'Score: share of answers "human". Interval: Wilson\'s, with standard errors clustered by '
        "judge and by text.",
        "p over texts: permutation of the texts between two sources, all answers about a text "
        "together. It asks whether other texts of these generators would differ, to these judges.",
        "p over judges: permutation of the two sources within each judge. It asks whether other "
        "judges would distinguish these texts. Both are two-sided and not corrected for several "
        "comparisons; a claim about a generator needs both to be small.",
        f"Agreement: {agreement}.",
    ]
    num_judges = len(answers)
    if num_judges == 1:
        notes.append("One judge: the intervals are for other texts, and not for other judges.")
    elif num_judges < 6:
        least = 2 / 2**num_judges
        notes.append(f"With {num_judges} judges, p over judges cannot be below {least:.2g}.")
    if judgements.task == "poems":
        notes.append(
            "Paper (Table 2): 70 experts, 20 poems of each source, its own training and poems; p = "
            f"{HUMAN_P_VALUE} between MLE and SeqGAN, by a test that it does not name."
        )
    else:
        notes.append("The paper asked people about poems alone.")
    return "\n".join(f"- {note}" for note in notes)


def answers_csv(answers: Iterable[tuple[int, int, bool, str]], source_of: Sequence[str]) -> str:
    """All answers as CSV, without the names of the judges.

    Args:
        answers: judge, item, whether "human", and time.
        source_of: name of the source of each item; items count from 1.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["judge", "item", "source", "human", "at"])
    writer.writerows(
        [judge, item, source_of[item - 1], int(human), at] for judge, item, human, at in answers
    )
    return text.getvalue()


def _counted(num: int, what: str) -> str:
    return f"{num:,} {what}{'s' * (num != 1)}"
