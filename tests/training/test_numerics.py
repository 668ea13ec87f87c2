"""--check-numerics names the operation that made the first NaN, and the line that it stands in."""

import dataclasses
import re

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import REPOSITORY
from tests.training.small_runs import TINY, experiment
from tests.training.test_steps import new_steps, seed_of, some_rewards, some_tokens
from training.errors import TrainingDiverged
from training.numerics import first_bad_operation
from training.run import Run
from training.run_state import RunState

pytestmark = pytest.mark.slow

DIVERGES = {
    **{"optimizer": "sgd", "clip_norm": 1e30, "g_learning_rate": 1e38},
    **{"rounds": 3, "eval_every": 5},  # the second update meets what the first has made
}


def named_line(message):
    """What stands in the line that a message names."""
    file, line = re.search(r"at (\S+), line (\d+) ", message).groups()
    return (REPOSITORY / file).read_text().splitlines()[int(line) - 1]


def test_a_run_that_diverges_names_the_operation_from_its_last_good_checkpoint(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(TrainingDiverged, match=r"finite|is nan|is inf") as error:
        experiment(folder, **DIVERGES, checkpoint_seconds=0.0)
    assert "adversarial, round" in str(error.value)
    assert "--check-numerics" in str(error.value)
    saved = sorted(path.name for path in (folder / "checkpoints").iterdir())

    with pytest.raises(TrainingDiverged, match=r"the operation .* made a NaN or an inf") as error:
        experiment(folder, **DIVERGES, checkpoint_seconds=0.0, resume=True, check_numerics=True)
    message = str(error.value)
    assert "\n" not in message and " in stage adversarial, round " in message
    assert named_line(message).strip()
    assert saved[-1] in message
    assert not (folder / "result.json").exists()


@pytest.mark.parametrize("step", ["mle", "policy", "discriminator"])
def test_a_poisoned_weight_is_found_where_it_is_first_used(step):
    steps = new_steps(check_numerics=True)
    model = steps.discriminator if step == "discriminator" else steps.generator
    model.weights[0].assign(np.full(model.weights[0].shape, np.nan, np.float32))
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        if step == "mle":
            steps.mle_epoch(some_tokens(8), seed_of(1))
        elif step == "policy":
            steps.policy_gradient(some_tokens(), some_rewards(), 0.1)
        else:
            steps.discriminator_epoch(some_tokens(8), some_tokens(8), seed_of(1))
    found = first_bad_operation(error.value)
    assert named_line(found).strip()
    assert re.match(r"the operation \S+ made a NaN or an infinity at (models|training)/", found)


def test_another_error_is_not_taken_for_it(tmp_path):
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        tf.reshape(tf.zeros([2]), [3])
    assert first_bad_operation(error.value) is None
    settings = dataclasses.replace(TINY, check_numerics=True)
    with pytest.raises(tf.errors.InvalidArgumentError), Run(tmp_path / "r", "oracle", settings):
        tf.reshape(tf.zeros([2]), [3])


def test_a_sound_run_is_as_without_but_for_the_last_bits(tmp_path):
    checked = experiment(tmp_path / "checked", check_numerics=True)
    plain = experiment(tmp_path / "plain")
    assert checked["numerics_checked"] is True and "numerics_checked" not in plain
    assert checked["settings"] == plain["settings"]
    for name, value in plain["metrics"].items():
        assert checked["metrics"][name] == pytest.approx(value, rel=0.05), name


def test_nothing_stays_behind():
    steps = new_steps(check_numerics=True)
    results = steps.mle_epoch(some_tokens(8), seed_of(1))
    assert np.isfinite(results["mle_loss"])
    assert np.isneginf(tf.math.log(tf.zeros([])))
    assert np.isneginf(tf.function(tf.math.log)(tf.zeros([])))


def test_a_run_says_that_its_start_was_checked():
    for checked in (True, False):
        finished = RunState(tables={"temperatures": {"final": []}}, numerics_checked=checked)
        assert finished.as_start().numerics_checked is checked
