"""Means and tests of judgements, by hand and on answers whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

import metrics.judgements
from metrics.judgements import difference, mean_score


def simulated(random, judges, texts, logit, judge_sd=0.5, text_sd=0.5):
    """Answers of judges who differ in readiness about texts that differ in quality."""
    logits = logit + random.normal(0, judge_sd, [judges, 1]) + random.normal(0, text_sd, [1, texts])
    return (random.random([judges, texts]) < 1 / (1 + np.exp(-logits))).astype(float)


def true_mean(logit, sd):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float((weights / (1 + np.exp(-(logit + sd * nodes)))).sum() / weights.sum())


def test_independent_answers_have_wilsons_interval():
    """One answer a judge and a text: no cluster, so Wilson's interval with Student's quantile."""
    answers = np.full([20, 20], np.nan)
    np.fill_diagonal(answers, [1] * 8 + [0] * 12)
    score = mean_score(answers)
    assert (score.mean, score.num) == (0.4, 20)
    t = stats.t.ppf(0.975, 38)
    num = 20 / (2 * 20 / 19 - 1)  # by judge and by text, each with 20 / 19, less what is in both
    centre = (0.4 + t**2 / 2 / num) / (1 + t**2 / num)
    half = t / (1 + t**2 / num) * math.sqrt(0.24 / num + t**2 / 4 / num**2)
    np.testing.assert_allclose([score.low, score.high], [centre - half, centre + half])


def test_judges_who_all_say_the_same_of_everything_count_once():
    """Ten judges, five of whom always say human: ten answers, however many texts there are."""
    opinion = np.repeat([[1.0], [0.0]], 5, axis=0)
    few, many = (mean_score(np.tile(opinion, texts)) for texts in (4, 40))
    assert few.mean == many.mean == 0.5
    np.testing.assert_allclose([few.low, few.high], [many.low, many.high])
    assert many.high - many.low > 0.5  # 400 independent answers would have 0.1


def test_answers_more_even_than_chance_are_no_more_than_there_are():
    """Every judge and every text has two of four, but for one answer: 16 answers count as 16."""
    answers = np.indices([4, 4]).sum(axis=0) % 2.0
    answers[0, 0] = 1.0
    score = mean_score(answers)
    mean, t = 9 / 16, stats.t.ppf(0.975, 6)  # the deviations by judge and by text are equal
    centre = (mean + t**2 / 32) / (1 + t**2 / 16)
    half = t / (1 + t**2 / 16) * math.sqrt(mean * (1 - mean) / 16 + t**2 / 4 / 16**2)
    np.testing.assert_allclose([score.low, score.high], [centre - half, centre + half])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_answers_have_an_interval_with_room(value):
    score = mean_score(np.full([2, 20], value))
    assert score.mean == value
    assert 0 <= score.low <= value <= score.high <= 1
    assert 0.1 < score.high - score.low < 0.3


def test_answers_left_out_do_not_count():
    answers = np.array([[1.0, 0.0, np.nan, 1.0], [np.nan] * 4])
    assert mean_score(answers) == mean_score(np.array([[1.0, 0.0, 1.0]]))


@pytest.mark.parametrize(("judges", "logit"), [(3, 0.0), (10, -2.5), (70, 0.0)])
def test_the_interval_holds_the_true_mean_in_nearly_95_percent(judges, logit):
    random = np.random.default_rng(0)
    truth = true_mean(logit, math.hypot(0.5, 0.5))
    scores = [mean_score(simulated(random, judges, 20, logit)) for _ in range(300)]
    assert 0.92 <= np.mean([score.low <= truth <= score.high for score in scores])


def test_permutations_are_those_that_can_be_counted_by_hand():
    """Two texts each, told apart by all three judges: 2 of 6 arrangements, and 2 of 8."""
    found = difference(np.ones([3, 2]), np.zeros([3, 2]))
    assert found.mean_difference == 1
    assert found.p_texts == pytest.approx(2 / 6)
    assert found.p_judges == pytest.approx(2 / 8)
    assert found.num_judges == 3


def test_p_values_are_uniform_where_there_is_no_difference(monkeypatch):
    """Though judges differ and so do texts, and each test looks at one of the two only."""
    monkeypatch.setattr(metrics.judgements, "_RESAMPLES", 199)  # enough for p < 0.05
    random = np.random.default_rng(1)
    values = []
    for _ in range(200):
        answers = simulated(random, 6, 12, 0.0, judge_sd=2.0, text_sd=1.5)
        values.append(difference(answers[:, :6], answers[:, 6:]).p_texts)
    assert np.mean(np.array(values) < 0.05) <= 0.09
    assert 0.4 < np.mean(values) < 0.62

    values = [
        difference(answers[:, :6], answers[:, 6:]).p_judges
        for answers in (simulated(random, 8, 12, 0.0, 2.0, 0.0) for _ in range(200))
    ]
    assert np.mean(np.array(values) < 0.05) <= 0.09


def test_a_difference_is_found_though_judges_differ_far_more():
    random = np.random.default_rng(2)
    bias = random.normal(0, 2, [20, 1])
    a, b = (
        (random.random([20, 20]) < 1 / (1 + np.exp(-(logit + bias)))).astype(float)
        for logit in (1.0, -1.0)
    )
    found = difference(a, b)
    assert found.p_texts < 0.001 and found.p_judges < 0.001


def test_a_ready_judge_who_saw_more_texts_of_one_source_is_no_evidence_that_texts_differ():
    """One says human of everything and the other of nothing: their texts differ in who saw them."""
    none = np.nan
    a = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, none, none, none]])
    b = np.array([[1.0, none, none, none], [0.0, 0.0, 0.0, 0.0]])
    found = difference(a, b)
    assert found.mean_difference == pytest.approx(0.6)
    assert found.p_texts == 1 and found.p_judges == 1


def test_arrangements_that_are_drawn_are_those_of_the_seed(monkeypatch):
    monkeypatch.setattr(metrics.judgements, "_RESAMPLES", 99)  # of 924
    answers = simulated(np.random.default_rng(3), 3, 12, 0.0)
    p_values = [difference(answers[:, :6], answers[:, 6:], seed).p_texts for seed in range(8)]
    assert len(set(p_values)) > 1
    assert difference(answers[:, :6], answers[:, 6:], 3).p_texts == p_values[3]


def test_a_text_counts_once_however_many_judges_there_are():
    """100 judges who agree on every text make 2 texts a source no better evidence."""
    opinion = np.array([[1.0, 1.0, 0.0, 1.0]])
    a, b = np.repeat(opinion[:, :2], 100, axis=0), np.repeat(opinion[:, 2:], 100, axis=0)
    assert difference(a, b).p_texts == 1


def test_one_judge_gives_a_test_of_texts_alone():
    found = difference(np.ones([1, 5]), np.zeros([1, 5]))
    assert math.isnan(found.p_judges) and found.p_texts == pytest.approx(2 / 252)


@pytest.mark.parametrize("others", [1, 4])
def test_one_text_of_a_source_gives_a_test_of_judges_alone(others):
    a, b = np.full([3, 2], np.nan), np.zeros([3, others])
    a[:, 1] = 1  # the other text has no answer yet
    for found in (difference(a, b), difference(b, a)):
        assert math.isnan(found.p_texts) and found.p_judges == pytest.approx(2 / 8)
        assert abs(found.mean_difference) == 1


def test_equal_answers_are_no_difference():
    found = difference(np.ones([3, 4]), np.ones([3, 4]))
    assert found[:3] == (0, 1, 1)


def test_a_judge_of_one_source_alone_is_no_evidence_of_a_difference():
    a = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    b = np.array([[0.0, 1.0], [0.0, 0.0], [np.nan, np.nan]])
    with_all = difference(a, b)
    assert with_all.num_judges == 2
    assert with_all[1:] == difference(a[:2], b[:2])[1:]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_score(np.full([2, 2], np.nan)), "no answer"),
        (lambda: mean_score(np.array([[0.5]])), "values other than"),
        (lambda: mean_score(np.zeros(3)), "judges, texts"),
        (lambda: difference(np.ones([2, 1]), np.ones([3, 1])), "the same ones"),
        (lambda: difference(np.array([[1, np.nan]]), np.array([[np.nan]])), "no judge"),
    ],
)
def test_what_cannot_be_used_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_answers_that_balance_have_an_interval_that_no_rounding_decides():
    """Every judge calls one text human, and every text is called so once."""
    for num in (3, 4, 5, 6, 7):
        found = mean_score(np.eye(num))
        by_hand = 1 / num
        assert found.mean == pytest.approx(by_hand)
        # As for equal answers: a text for each of the independent answers, and one degree less.
        p, n, t = by_hand, num, float(stats.t.ppf(0.975, num - 1))
        middle, half = (p + t * t / (2 * n)) / (1 + t * t / n), t / (1 + t * t / n)
        half *= np.sqrt(p * (1 - p) / n + t * t / (4 * n * n))
        assert (found.low, found.high) == pytest.approx((middle - half, middle + half))
