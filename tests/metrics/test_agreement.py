"""Agreement between judges, against published examples."""

import math

import numpy as np
import pytest

from metrics.agreement import agreeing_share, krippendorff_alpha

_ = math.nan


def test_alpha_of_krippendorffs_example_of_two_observers():
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section A: 0.095."""
    meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha([meg, owen]) == pytest.approx(0.095, abs=5e-4)
    assert agreeing_share([meg, owen]) == 0.6


def test_alpha_of_krippendorffs_example_with_answers_left_out():
    """As before, section C: four observers, twelve units, nominal data: 0.743."""
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=5e-4)


def test_alpha_by_hand():
    # Coincidences: 1-1 twice, 0-0 twice, 0-1 and 1-0 once each; 1 - 5 * 2 / (36 - 18).
    assert krippendorff_alpha([[1, 0, 1], [1, 0, 0]]) == pytest.approx(1 - 5 * 2 / 18)


def test_alpha_is_one_for_judges_who_agree_and_below_zero_for_those_who_never_do():
    assert krippendorff_alpha([[1, 0, 1, 0]] * 3) == 1
    assert krippendorff_alpha([[1, 0, 1, 0], [0, 1, 0, 1]]) < 0


@pytest.mark.parametrize("ratings", [[[1, 1], [1, 1]], [[1, _], [_, 0]], [[1, 0, 1]], [[_, _]]])
def test_alpha_is_no_number_where_nothing_can_be_said(ratings):
    assert math.isnan(krippendorff_alpha(ratings))


def test_judges_who_answer_at_random_have_no_agreement():
    ratings = np.random.default_rng(0).integers(0, 2, [10, 2000]).astype(float)
    assert abs(krippendorff_alpha(ratings)) < 0.01
    assert agreeing_share(ratings) == pytest.approx(0.5, abs=0.01)


def test_another_rank_is_refused():
    with pytest.raises(ValueError, match="one row a judge"):
        krippendorff_alpha([1, 0])
