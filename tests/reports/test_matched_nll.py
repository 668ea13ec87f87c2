"""What else reaches SeqGAN's quality at SeqGAN's NLL-test, from results worked out by hand."""

import pytest

from reports.grouping import make_sections
from reports.matched_nll import at_equal_cost, equal_cost_note, quality_at, training_path
from tests.reports.fakes import mle, result, write


def test_quality_is_read_off_a_straight_line_between_two_points():
    path = [(1.0, 10.0), (2.0, 8.0), (3.0, 0.0)]
    assert quality_at(path, 1.25) == pytest.approx(9.5)
    assert quality_at(path, 3.0) == 0.0
    assert quality_at(path, 0.5) is None and quality_at(path, 3.5) is None
    assert quality_at(path[:1], 1.0) is None


def test_the_first_crossing_counts():
    assert quality_at([(1.0, 9.0), (3.0, 7.0), (1.0, 5.0)], 2.0) == 8.0


def at(temperature, nll_test, nll_oracle):
    return {"temperature": temperature, "nll_test": nll_test, "nll_oracle": nll_oracle}


@pytest.fixture
def section(tmp_path):
    """SeqGAN ends at NLL-test 8.5 in both seeds."""
    runs = []
    for seed in (1, 2):
        seqgan = result(seed=seed, nll=8.7)
        seqgan["metrics"]["nll_test"] = 8.5
        runs.append(write(tmp_path, f"seqgan{seed}", seqgan))
        # 8.5 lies half way between temperatures 1 and 0.8; 1.2 must not be met on the way.
        rows = [at(0.8, 9.0, 8.4 + seed), at(1.0, 8.0, 8.6 + seed), at(1.2, 9.0, 9.9)]
        runs.append(write(tmp_path, f"mle{seed}", mle(seed, temperatures={"final": rows})))
    constant = result(seed=1, nll=8.6, start=9.0, changed={"reward": "constant"})
    constant["metrics"]["nll_test_mle"] = 8.0
    steps = [
        {"stage": "mle", "step": 5, "seconds": 1.0, "nll_test": 8.5, "nll_oracle": 1.0},
        {"stage": "adversarial", "step": 5, "seconds": 2.0, "nll_test": 9.0, "nll_oracle": 8.0},
    ]
    runs.append(write(tmp_path, "constant1", constant, steps))
    (only,) = make_sections(runs)
    return only


def test_each_seed_is_held_against_its_own_start_and_its_own_constant_reward(section):
    assert at_equal_cost(section) == {
        "MLE at a lower temperature": pytest.approx([9.5, 10.5]),
        "a constant reward": pytest.approx([8.5]),  # half way from the start to round 5
    }


def test_each_seed_is_matched_at_its_own_cost(tmp_path):
    """Two starts that cool alike, along y = 17 - x; seed 1 costs 8.5 and seed 2 costs 8.25."""
    runs = []
    for seed, cost in ((1, 8.5), (2, 8.25)):
        seqgan = result(seed=seed, nll=8.7)
        seqgan["metrics"]["nll_test"] = cost
        runs.append(write(tmp_path, f"seqgan{seed}", seqgan))
        cooled = {"final": [at(1.0, 8.0, 9.0), at(0.8, 9.0, 8.0)]}
        runs.append(write(tmp_path, f"mle{seed}", mle(seed, temperatures=cooled)))
    (section,) = make_sections(runs)
    assert at_equal_cost(section) == {"MLE at a lower temperature": pytest.approx([8.5, 8.75])}


def test_a_path_of_rounds_starts_at_the_temperature_that_they_started_at(tmp_path):
    one = result(start=9.0)
    one["metrics"] |= {"nll_test_mle": 8.0, "nll_test_tuned_mle": 7.9, "nll_oracle_tuned_mle": 9.2}
    one["settings"]["start_at_temperature"] = True
    assert training_path(write(tmp_path, "a", one), "nll_oracle") == [(7.9, 9.2)]


def test_the_note_has_the_means(section):
    assert equal_cost_note(section) == (
        "NLL-oracle at SeqGAN's NLL-test (8.500): SeqGAN 8.700, MLE at a lower temperature 10.000, "
        "a constant reward 8.500 (1 of 2 seeds)."
    )


def test_a_constant_reward_that_ends_before_is_cooled_from_there(tmp_path):
    seqgan = result(nll=8.7)
    seqgan["metrics"]["nll_test"] = 8.5
    end = [at(1.0, 8.2, 8.8), at(0.8, 8.8, 8.2)]  # 8.5 half way between the two
    constant = result(changed={"reward": "constant"}, temperatures={"final": end})
    constant["metrics"]["nll_test_mle"] = 8.0
    steps = [
        {"stage": "adversarial", "step": 5, "seconds": 2.0, "nll_test": 8.2, "nll_oracle": 8.8}
    ]
    runs = [write(tmp_path, "a", seqgan), write(tmp_path, "b", constant, steps)]
    (section,) = make_sections(runs)
    assert at_equal_cost(section) == {"a constant reward": pytest.approx([8.5])}


def test_starts_stand_in_where_mle_has_no_runs(tmp_path):
    seqgan = result(
        nll=8.7, temperatures={"mle": [at(1.0, 0.4, 9.0), at(0.7, 0.6, 8.0)], "final": []}
    )
    (section,) = make_sections([write(tmp_path, "one", seqgan)])
    assert at_equal_cost(section) == {"MLE at a lower temperature": pytest.approx([8.5])}


def test_without_anything_to_compare_there_is_no_note(tmp_path):
    for one in (result(), mle()):
        (section,) = make_sections([write(tmp_path, "one", one)])
        assert equal_cost_note(section) == ""


def test_a_table_that_cannot_be_read_leaves_the_start_alone(tmp_path):
    constant = result(changed={"reward": "constant"})
    run = write(tmp_path, "constant", constant, [{"stage": "adversarial", "step": "x"}])
    (section,) = make_sections([write(tmp_path, "seqgan", result()), run])
    assert at_equal_cost(section) == {}
