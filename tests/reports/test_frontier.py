"""The frontier: its points by hand, and what the picture leaves out."""

import numpy as np
import pytest

from reports.frontier import make_frontier
from reports.grouping import make_sections
from tests.reports.fakes import mle, poems, result, runs


def at(*rows, x="nll_test", y="nll_oracle"):
    return [dict(zip(("temperature", x, y), row, strict=True)) for row in rows]


def frontier(*results):
    (section,) = make_sections(runs(*results))
    return make_frontier(section)


def test_curves_are_means_over_seeds():
    tables = [at((0.7, 9.0, 8.4), (1.0, 8.5, 9.0)), at((0.7, 9.2, 8.6), (1.0, 8.7, 9.2))]
    made = frontier(
        *(mle(seed=k, temperatures={"final": table}) for k, table in enumerate(tables)),
        result(temperatures={"final": at((1.0, 8.6, 8.7)), "mle": at((1.0, 0.0, 0.0))}),
    )
    assert (made.x, made.y) == ("nll_test", "nll_oracle")
    assert list(made.curves) == ["MLE", "SeqGAN"]
    np.testing.assert_array_equal(made.curves["MLE"].temperatures, [0.7, 1.0])
    np.testing.assert_allclose(made.curves["MLE"].x, [9.1, 8.6])
    np.testing.assert_allclose(made.curves["MLE"].y, [8.5, 9.1])
    np.testing.assert_allclose(made.curves["SeqGAN"].x, [8.6])


def test_what_was_measured_at_temperature_1_alone_is_a_point():
    curve = at((0.7, 9.0, 8.4), (1.0, 8.5, 9.0))
    seqgan = result(nll=8.7)
    seqgan["metrics"]["nll_test"] = 8.6
    made = frontier(mle(temperatures={"final": curve}), seqgan)
    assert made.points == {"SeqGAN": (8.6, 8.7)}


CONTROLS = {
    "bigram, smoothed": {"nll_oracle": 9.3, "nll_test": 8.3},
    "bigram": {"nll_oracle": 8.5},
    "uniform": {"nll_oracle": 11.4, "nll_test": 8.52},
    "copy of the training set": {"nll_oracle": 5.8},
}


def test_controls_near_and_far():
    random = result("random", nll=10.3, start=None, controls=CONTROLS)
    random["metrics"]["nll_test"] = 7.7
    curve = at((0.5, 9.5, 8.0), (1.0, 8.5, 9.0))
    made = frontier(random, mle(temperatures={"final": curve}))
    # The curve reaches from 8.5 to 9.5 and from 8 to 9; half as much again on each side is near.
    assert made.points == {"bigram, smoothed": (8.3, 9.3)}
    assert made.without_x == {"bigram": 8.5}
    assert made.outside.keys() == {
        "random, uniform", "random, unigram", "copy of the training set",
    }  # fmt: skip
    assert made.outside["random, uniform"] == (8.52, 11.4)
    assert np.isnan(made.outside["copy of the training set"][0])
    # All that is shown lies within the axes, and what is not does not stretch them.
    assert made.x_limits[0] < 8.3 and made.x_limits[1] > 9.5
    assert 7.8 < made.y_limits[0] < 8.0 and 9.3 < made.y_limits[1] < 9.5


def test_a_curve_is_not_followed_without_end():
    made = frontier(
        mle(temperatures={"final": at((0.1, 30.0, 7.5), (0.7, 9.0, 8.4), (1.0, 8.5, 9.0))})
    )
    np.testing.assert_array_equal(made.curves["MLE"].temperatures, [0.7, 1.0])
    assert made.cut == {"MLE": (0.1,)} and not made.outside
    assert made.x_limits[1] < 10


def test_real_data_on_a_corpus():
    table = at((0.7, 0.6, 0.8), (1.0, 0.4, 0.7), x="self_bleu_2", y="bleu_2")
    made = frontier(poems(temperatures={"final": table}))
    assert (made.x, made.y) == ("self_bleu_2", "bleu_2")
    assert made.points == {"real data": (0.372, 0.748)}


@pytest.mark.parametrize("temperatures", [{}, {"final": at((1.0, 8.5, 9.0))[:0]}])
def test_without_temperatures_there_is_no_curve(temperatures):
    assert frontier(result(temperatures=temperatures)).curves == {}


def test_a_temperature_that_lacks_a_figure_is_no_point():
    table = [{"temperature": 0.5, "nll_oracle": 8.0}, *at((1.0, 8.5, 9.0))]
    np.testing.assert_array_equal(
        frontier(mle(temperatures={"final": table})).curves["MLE"].temperatures, [1.0]
    )
