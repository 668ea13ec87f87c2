"""The report of a blind test: its numbers are those of the answers, and it says what they mean."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image

from files.errors import UsageError
from metrics.agreement import krippendorff_alpha
from metrics.judgements import difference, mean_score
from reports.judgements import answers_csv, judgements_of, make_report
from reports.judgements_figure import judgements_figure, write_figure
from reports.paper import HUMAN_SCORES

SOURCES = [("real", "real"), ("poems-mle", "mle"), ("poems", "seqgan")]
SOURCE_OF = [0, 1, 2] * 4


def answers(judges=8, seed=0):
    random = np.random.default_rng(seed)
    return (random.random([judges, 12]) < np.tile([0.8, 0.2, 0.5], 4)).astype(float)


def cells(report, start):
    """Cells of the row of a table that starts with a text."""
    (row,) = [line for line in report.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_scores_and_tests_are_those_of_the_answers():
    given = answers()
    given[7, 3:] = np.nan  # one who has stopped early
    report = make_report(judgements_of("poems", SOURCES, SOURCE_OF, given))
    assert "Poems: 8 judges (7 with all 12 answers), 87 answers" in report
    by_source = [given[:, k::3] for k in range(3)]
    for source, name, paper in zip(
        by_source,
        ("real", "poems-mle (MLE)", "poems (SeqGAN)"),
        (".6011", ".4165", ".5356"),
        strict=True,
    ):
        score = mean_score(source)
        assert cells(report, name) == [
            name,
            f"{score.mean:.3f}",
            f"{score.low:.3f} – {score.high:.3f}",
            str(score.num),
            f"0{paper}",
        ]
    found = difference(by_source[0], by_source[1])
    row = cells(report, "real vs poems-mle (MLE)")
    assert row[1] == f"{found.mean_difference:+.3f}"
    assert row[2:4] == [f"{found.p_texts:.1g}", f"{found.p_judges:.1g}"] and row[4] == "8"
    assert f"Krippendorff's alpha (nominal) = {krippendorff_alpha(given):.3f}" in report
    assert "70 experts" in report and "0.0034" in report


def test_the_papers_scores_are_those_of_its_table_2():
    assert HUMAN_SCORES == {"real": 0.6011, "mle": 0.4165, "seqgan": 0.5356}


def test_the_paper_is_no_yardstick_for_other_tasks():
    report = make_report(judgements_of("music", SOURCES, SOURCE_OF, answers()))
    assert "paper |" not in report and "0.6011" not in report
    assert "asked people about poems alone" in report


@pytest.mark.parametrize(
    ("judges", "part"), [(1, "One judge"), (3, "cannot be below 0.25"), (5, "be below 0.062")]
)
def test_few_judges_are_said_to_be_few(judges, part):
    report = make_report(judgements_of("text", SOURCES, SOURCE_OF, answers(judges)))
    assert part in report
    assert ("two judges have no item in common" in report) == (judges == 1)


def test_six_judges_are_enough_for_a_small_p():
    report = make_report(judgements_of("text", SOURCES, SOURCE_OF, answers(6)))
    assert "cannot be below" not in report and "One judge" not in report


def test_a_source_without_answers_has_dashes():
    given = np.full([2, 12], np.nan)
    given[:, 0] = 1
    report = make_report(judgements_of("text", SOURCES, SOURCE_OF, given))
    assert cells(report, "poems (SeqGAN)")[1:] == ["–", "–", "0"]
    assert cells(report, "real vs poems (SeqGAN)")[1:] == ["–", "–", "–", "0"]
    assert "is not defined: all answers are equal" in report


def test_one_answer_about_each_source_makes_a_report():
    given = np.full([1, 12], np.nan)
    given[0, :3] = [1, 0, 1]
    report = make_report(judgements_of("text", SOURCES, SOURCE_OF, given))
    assert "1 judge (0 with all 12 answers), 3 answers" in report
    assert cells(report, "real vs poems-mle (MLE)")[1:] == ["+1.000", "–", "–", "1"]


def test_without_any_answer_there_is_no_report():
    for given in (np.zeros([0, 12]), np.full([1, 12], np.nan)):
        with pytest.raises(UsageError, match="nobody has answered yet"):
            judgements_of("text", SOURCES, SOURCE_OF, given)


def test_the_figure_shows_scores_intervals_judges_and_the_paper(tmp_path):
    judgements = judgements_of("poems", SOURCES, SOURCE_OF, answers())
    axes = judgements_figure(judgements).axes[0]
    lines = [line for line in axes.lines if line.get_linestyle() == "None"]
    shown = [np.ravel(line.get_ydata()).tolist() for line in lines]
    for source in judgements.sources:
        assert [source.score.mean] in shown
        assert [judgements.published(source)] in shown
        assert source.answers.mean(axis=1).tolist() in shown
    bars = [np.array(each.get_segments()[0])[:, 1] for each in axes.collections]
    np.testing.assert_allclose(bars, [(s.score.low, s.score.high) for s in judgements.sources])

    write_figure(judgements, tmp_path / "judge.png")
    with Image.open(tmp_path / "judge.png") as image:
        assert image.width > 500
    before = (tmp_path / "judge.png").read_bytes()
    write_figure(judgements, tmp_path / "judge.png")
    assert (tmp_path / "judge.png").read_bytes() == before


def test_a_run_may_have_any_name(tmp_path):
    """Two dollars would begin and end a formula, which is not one here."""
    sources = [SOURCES[0], ("a$x_{$b|c", "mle"), SOURCES[2]]
    judgements = judgements_of("text", sources, SOURCE_OF, answers())
    write_figure(judgements, tmp_path / "judge.png")
    assert r"| a$x_{$b\|c (MLE) |" in make_report(judgements)


def test_answers_as_csv_have_no_names():
    text = answers_csv([(1, 2, True, "then"), (2, 1, False, "now")], ["real", 'a "b", c'])
    assert list(csv.reader(io.StringIO(text))) == [
        ["judge", "item", "source", "human", "at"],
        ["1", "2", 'a "b", c', "1", "then"],
        ["2", "1", "real", "0", "now"],
    ]
    assert not re.search("name", text)
