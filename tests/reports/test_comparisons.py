"""Welch's tests of the report: against SciPy, and silent where nothing differs."""

import numpy as np
import pytest
from scipy import stats

from reports.comparisons import compare, compare_rows
from reports.grouping import make_sections
from reports.sections import Row, Seed
from tests.reports.fakes import mle, poems, result, runs


def statistics(mean, num=1000, variance=250.0):
    return {"nll_oracle": {"num": num, "mean": mean, "variance": variance}}


def only(comparisons, row, against, figure="nll_oracle"):
    (one,) = [c for c in comparisons if (c.row, c.against, c.figure) == (row, against, figure)]
    return one


def test_over_seeds_equals_scipy_with_unequal_numbers_of_seeds():
    ours, theirs = [8.6, 8.8, 8.7], [9.0, 9.1, 9.05, 8.95, 9.2]
    (section,) = make_sections(
        runs(
            *(result(seed=k, nll=nll) for k, nll in enumerate(ours)),
            *(mle(seed=k, nll=nll) for k, nll in enumerate(theirs)),
        )
    )
    tested = only(compare_rows(section), "SeqGAN", "MLE")
    expected = stats.ttest_ind(ours, theirs, equal_var=False)
    assert tested.over_seeds.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert tested.over_seeds.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert tested.num_seeds == (3, 5)
    assert tested.difference == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert tested.over_sequences == {}


def test_over_sequences_equals_scipy_for_equal_seeds_alone():
    (section,) = make_sections(
        runs(
            result(seed=1, sequences=statistics(174.0)),
            result(seed=2, sequences=statistics(175.0, num=50)),
            mle(seed=2, sequences=statistics(180.0, variance=90.0)),
            mle(seed=3, sequences=statistics(181.0)),
        )
    )
    tested = only(compare_rows(section), "SeqGAN", "MLE")
    assert list(tested.over_sequences) == [2]
    expected = stats.ttest_ind_from_stats(
        *(175.0, np.sqrt(250.0), 50), *(180.0, np.sqrt(90.0), 1000), equal_var=False
    )
    assert tested.over_sequences[2].p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_start_is_compared_by_its_own_sequences():
    sequences = {**statistics(174.0), "nll_oracle_mle": statistics(180.0)["nll_oracle"]}
    (section,) = make_sections(runs(result(seed=1, sequences=sequences)))
    tested = only(compare_rows(section), "SeqGAN", "MLE (SeqGAN's start)")
    assert tested.over_seeds is None
    assert tested.over_sequences[1].mean_difference == -6.0


def test_which_rows_are_compared():
    random = result("random", start=None, nll=10.3, controls={"bigram": {"nll_oracle": 8.3}})
    (section,) = make_sections(
        runs(random, mle(), result(), result("ss"), result(changed={"reward": "constant"}))
    )
    pairs = [(one.row, one.against) for one in compare_rows(section) if one.figure == "nll_oracle"]
    assert pairs == [
        ("random, unigram", "MLE"), ("SS", "MLE"), ("SeqGAN", "MLE"),
        ("SeqGAN, constant reward", "MLE"), ("SeqGAN", "SeqGAN, constant reward"),
    ]  # fmt: skip
    figures = [one.figure for one in compare_rows(section) if one.row == "SS"]
    assert figures == ["nll_oracle", "nll_test", "self_bleu_2", "self_bleu_3"]


def test_figures_on_a_corpus():
    (section,) = make_sections(runs(poems(), poems("mle", start=None)))
    assert [one.figure for one in compare_rows(section)] == ["bleu_2", "nll_test", "self_bleu_2"]


def test_nothing_is_compared_without_mle_or_without_the_figure():
    (section,) = make_sections(runs(result(start=None)))
    assert compare_rows(section) == []
    rows = [Row(name, "algorithm", (Seed(1, {name: 1.0}),)) for name in ("a", "b")]
    assert compare(*rows, "a") is None


@pytest.mark.parametrize("num_seeds", [(3, 3), (2, 5)])
def test_p_values_over_seeds_are_uniform_where_nothing_differs(num_seeds):
    random = np.random.default_rng(5)

    def row(num, scale):
        drawn = random.normal(9.0, scale, num)
        return Row("", "algorithm", tuple(Seed(k, {"x": v}) for k, v in enumerate(drawn)))

    # Of so few seeds Welch's p is uniform up to its approximate degrees of freedom.
    tested = [compare(row(num_seeds[0], 0.1), row(num_seeds[1], 0.1), "x") for _ in range(400)]
    p_values = [one.over_seeds.p_value for one in tested]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_p_values_over_sequences_are_uniform_where_nothing_differs():
    random = np.random.default_rng(6)

    def drawn():
        scores = random.normal(180.0, 15.0, 200)
        return statistics(scores.mean(), 200, scores.var(ddof=1))

    def p_value():
        (section,) = make_sections(runs(result(sequences=drawn()), mle(sequences=drawn())))
        return only(compare_rows(section), "SeqGAN", "MLE").over_sequences[1].p_value

    assert stats.kstest([p_value() for _ in range(300)], "uniform").pvalue > 0.05
