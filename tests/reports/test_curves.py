"""Learning curves: the arrays that are drawn, by hand."""

import numpy as np
import pytest

from reports.curves import learning_curve, other_curves, panel_curves, row_curves
from reports.grouping import make_sections
from reports.results import TableError
from tests.reports.fakes import mle, poems, result, runs, steps, write


def test_pretraining_and_rounds_of_two_seeds_by_hand(tmp_path):
    both = [
        write(tmp_path, "a", result(seed=1), steps([9.6, 9.0], [8.8, 8.7])),
        write(tmp_path, "b", result(seed=2), steps([9.8, 9.1], [8.6, 8.5])),
    ]
    before = learning_curve(both, "nll_oracle", adversarial=False)
    np.testing.assert_array_equal(before.steps, [5, 10])
    np.testing.assert_allclose(before.minutes, [5 / 60, 10 / 60])
    np.testing.assert_allclose(before.mean, [9.7, 9.05])
    np.testing.assert_allclose(before.sd, [0.2 / 2**0.5, 0.1 / 2**0.5])
    after = learning_curve(both, "nll_oracle", adversarial=True)
    # It starts where pre-training ends: after 10 epochs and, with the discriminator, 11 s.
    np.testing.assert_array_equal(after.steps, [10, 15, 20])
    np.testing.assert_allclose(after.minutes, [11 / 60, 16 / 60, 21 / 60])
    np.testing.assert_allclose(after.mean, [9.05, 8.7, 8.6])
    assert after.start == (10, pytest.approx(11 / 60)) and after.num_seeds == 2
    since = after.since_start()
    np.testing.assert_array_equal(since.steps, [0, 5, 10])
    np.testing.assert_allclose(since.minutes, [0, 5 / 60, 10 / 60])


@pytest.mark.parametrize("stage", ["discriminator", "value network", "roll-out policy"])
def test_only_epochs_of_maximum_likelihood_count_before_the_rounds(tmp_path, stage):
    rows = steps([9.6, 9.0], [8.8], discriminator=False)
    between = [{"stage": stage, "step": step, "seconds": 10.5} for step in range(1, 101)]
    run = write(tmp_path, "a", result(), [*rows[:10], *between, *rows[10:]])
    after = learning_curve([run], "nll_oracle", adversarial=True)
    np.testing.assert_array_equal(after.steps, [10, 15])
    np.testing.assert_allclose(after.mean, [9.0, 8.8])
    assert after.start == (10, 10.5 / 60)


def test_one_seed_has_no_spread(tmp_path):
    run = write(tmp_path, "a", result(), steps([9.0], [8.8]))
    np.testing.assert_array_equal(learning_curve([run], "nll_oracle", True).sd, [0, 0])


def test_only_steps_that_all_seeds_measured(tmp_path):
    both = [
        write(tmp_path, "a", result(seed=1), steps([9.0], [8.8, 8.7, 8.6, 8.5])),
        write(tmp_path, "b", result(seed=2), steps([9.0, 9.0, 9.0, 9.0, 9.0], [8.4], every=1)),
    ]
    curve = learning_curve(both, "nll_oracle", adversarial=False)
    np.testing.assert_array_equal(curve.steps, [5])
    np.testing.assert_array_equal(learning_curve(both[::-1], "nll_oracle", False).steps, [5])
    assert learning_curve(both[:1], "nll_oracle", True).num_seeds == 1


def test_the_start_comes_from_the_result_where_the_last_epoch_was_not_measured(tmp_path):
    rows = [row for row in steps([9.4], [8.8]) if row.get("nll_oracle") != 9.4]
    run = write(tmp_path, "a", result(start=9.3), rows)
    np.testing.assert_allclose(learning_curve([run], "nll_oracle", True).mean, [9.3, 8.8])


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"mle_patience": 2}, 9.3),
        ({"start_at_temperature": True}, 9.1),
        ({"mle_patience": None}, 9.4),
    ],
)
def test_the_rounds_start_from_the_generator_that_they_were_given(tmp_path, settings, start):
    """Not from the last epoch's where its weights or its temperature were replaced."""
    one = result(start=9.3)
    one["metrics"]["nll_oracle_tuned_mle"] = 9.1
    one["settings"] |= settings
    run = write(tmp_path, "a", one, steps([9.4], [8.8]))
    np.testing.assert_allclose(learning_curve([run], "nll_oracle", True).mean, [start, 8.8])
    np.testing.assert_allclose(learning_curve([run], "nll_oracle", False).mean, [9.4])


def test_missing_pieces(tmp_path):
    without_table = write(tmp_path, "a", result(seed=1))
    with_table = write(tmp_path, "b", result(seed=2), steps([9.0], [8.8]))
    assert learning_curve([without_table], "nll_oracle", True) is None
    assert learning_curve([without_table, with_table], "nll_oracle", True).num_seeds == 1
    assert learning_curve([with_table], "bleu_2", False) is None
    (tmp_path / "b.csv").write_text("stage,step,seconds\nmle,x,1\n")
    with pytest.raises(TableError):
        learning_curve([with_table], "nll_oracle", True)


def test_rows_that_have_curves(tmp_path):
    constant = result(changed={"reward": "constant"})
    (section,) = make_sections(
        [
            write(tmp_path, "a", mle(), steps([9.4, 9.0])),
            write(tmp_path, "b", result(), steps([9.4, 9.0], [8.8])),
            write(tmp_path, "c", constant, steps([9.4, 9.0], [8.7])),
            write(tmp_path, "d", result("ss", start=None), steps([9.3, 8.9])),
            write(tmp_path, "e", mle(changed={"mle_epochs": 5}), steps([9.4])),
            write(tmp_path, "f", mle(changed={"mle_epochs": 15}), steps([9.4, 9.0, 8.9])),
            write(tmp_path, "g", mle(changed={"mle_epochs": 20}), steps([9.4, 9.0])),
            *runs(result("pg-bleu")),
        ]
    )
    curves = row_curves(section)
    # An MLE that is no longer is a part of the curve of MLE; without a table there is no curve.
    assert list(curves) == ["MLE", "SS", "SeqGAN", "SeqGAN, constant reward", "MLE, 15 epochs"]
    np.testing.assert_array_equal(curves["MLE"].mean, [9.4, 9.0])
    np.testing.assert_array_equal(curves["SeqGAN"].mean, [9.0, 8.8])
    np.testing.assert_array_equal(curves["SeqGAN"].steps, [10, 15])


def test_the_start_of_seqgan_stands_for_mle(tmp_path):
    run = write(tmp_path, "a", poems(), steps([0.6, 0.65], [0.7], figure="bleu_2"))
    curves = row_curves(*make_sections([run]))
    np.testing.assert_array_equal(curves["MLE (SeqGAN's start)"].mean, [0.6, 0.65])
    np.testing.assert_array_equal(curves["SeqGAN"].mean, [0.65, 0.7])


def test_ablations_by_panel_and_by_setting(tmp_path):
    changes = {
        "plain": {},
        "a": {"g_steps": 100, "d_epochs": 10, "rounds": 5},
        "c": {"d_epochs": 10},
        "n1": {"num_rollouts": 1},
        "n4": {"num_rollouts": 4},
        "e": {"mle_epochs": 5},
    }
    rows = steps([9.4, 9.0], [8.8])
    made = [write(tmp_path, name, result(changed=c), rows) for name, c in changes.items()]
    (section,) = make_sections(made)
    panels = panel_curves(section)
    assert {panel: list(curves) for panel, curves in panels.items()} == {
        "a": ["rounds 5"],
        "b": [],
        "c": [""],
        "d": [],
    }
    np.testing.assert_array_equal(panels["c"][""].steps, [0, 5])
    np.testing.assert_array_equal(panels["c"][""].mean, [9.0, 8.8])
    groups = other_curves(section)
    assert {names: list(curves) for names, curves in groups.items()} == {
        "MLE epochs": ["MLE epochs 10, the preset", "MLE epochs 5"],
        "roll-outs": ["roll-outs 16, the preset", "roll-outs 1", "roll-outs 4"],
    }
