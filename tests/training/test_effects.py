"""Settings that have no effect under the others: which they are, and that they are refused when given."""

import dataclasses
import json

import pytest

from files.errors import UsageError
from tests.helpers import tiny_generator
from tests.training.small_runs import experiment, history, weights
from training.effects import NEEDS, WITHOUT_DISCRIMINATOR, unmet
from training.flags import parse
from training.options import options_of
from training.presets import ALL_PRESETS, ORACLE_PRESETS
from training.rewards import REWARDS, make_reward
from training.stored_settings import settings_to_json

GUIDED = "--policy-update guided --discriminator prefix"
RESTART = "--d-update restart"
PREFIX = "--action-values prefix --discriminator prefix --reward log-ratio"


def parsed(flags: str, presets=ORACLE_PRESETS):
    return parse(presets, flags.split(), prog="train_x.py")


@pytest.mark.parametrize(
    ("switch", "given", "because"),
    [
        (GUIDED, "--num-rollouts 64", "--policy-update guided, only with --policy-update reinforce"),
        (GUIDED, "--reward-baseline batch", "--policy-update guided"),
        (GUIDED, "--reward-clip 2.0", "--reward discriminator, only with --reward log-ratio, "),
        ("", "--guidance 2.0", "--policy-update reinforce, only with --policy-update guided"),
        (RESTART, "--d-steps 3", "--d-update restart, only with --d-update continue"),
        (RESTART, "--d-epochs 3", "--d-update restart"),
        (RESTART, "--d-samples 800", "--d-update restart"),
        (RESTART, "--g-learning-rate-final 0.001", "--g-steps 1, only with --g-steps 2 or more"),
        ("--rounds 1", "--g-learning-rate-final 0.001", "--rounds 1, only with --rounds 2 or more"),
        ("--d-steps 0", "--d-samples 800", "--d-steps 0, only with --d-steps 1 or more"),
        ("--pretrain-d-steps 0", "--d-patience 2", "--pretrain-d-steps 0"),
        ("--pretrain-d-steps 1", "--d-patience 2", "--pretrain-d-steps 1, only with"),
        ("--action-values sequence", "--num-rollouts 4", "--action-values sequence, only with"),
        (PREFIX, "--num-rollouts 4", "--action-values prefix, only with"),
        ("--action-values sequence", "--rollout-update-rate 0.5", "--action-values sequence"),
        ("--reward constant", "--num-rollouts 4", "--reward constant, only with another --reward"),
        ("--reward constant", "--discriminator small", "--reward constant, only with a --reward of the discriminator"),
        ("--reward uniform", "--d-steps 5", "--reward uniform"),
        ("--reward bleu", "--d-labels permuted", "--reward bleu"),
        ("--algorithm pg-bleu", "--d-patience 2", "--algorithm pg-bleu, only with --algorithm seqgan"),
        ("--algorithm mle", "--rounds 5", "--algorithm mle, only with --algorithm pg-bleu or seqgan"),
        ("--algorithm ss", "--data-weight 0.5", "--algorithm ss"),
        ("--algorithm mle", "--policy-samples target", "--algorithm mle"),
        ("--algorithm mle", "--mixed-precision bfloat16", "--algorithm mle"),
        ("--algorithm mle", "--ss-decay 0.1", "--algorithm mle, only with --algorithm ss"),
        ("--algorithm random", "--mle-epochs 5", "--algorithm random, only with --algorithm mle, ss,"),
        ("--algorithm random", "--dropout 0.5", "--algorithm random"),
        ("", "--random-tokens uniform", "--algorithm seqgan, only with --algorithm random"),
        ("--mle-epochs 0", "--mle-patience 2", "--mle-epochs 0, only with --mle-epochs 1 or more"),
        ("--rounds 0", "--g-steps 4", "--rounds 0, only with --rounds 1 or more"),
        ("--g-steps 0", "--num-rollouts 4", "--g-steps 0"),
        ("", "--reward-clip 2.0", "--reward discriminator"),
        ("", "--bleu-reward-order 2", "--reward discriminator, only with --reward bleu or --algorithm"),
        ("", "--rollout-positions 2", "--action-values rollouts, only with --action-values mixed"),
        ("", "--value-samples 800", "--action-values rollouts, only with --action-values value or mi"),
        ("", "--rollout-hidden-dim 8", "--rollout-policy copy, only with --rollout-policy small"),
    ],
)  # fmt: skip
def test_a_setting_without_an_effect_is_refused(switch, given, because):
    flag, value = given.split()
    with pytest.raises(UsageError) as error:
        parsed(f"{switch} {given}")
    text = str(error.value)
    assert text.startswith(f"{flag} is {value}, but it has no effect with {because}"), text
    assert text.endswith(". Give that, or leave it out.") and "\n" not in text


def test_a_switch_without_an_effect_is_named_as_it_was_given():
    given = "--algorithm mle --tune-temperature --start-at-temperature"
    with pytest.raises(UsageError, match=r"^--start-at-temperature is given, but it has no effect"):
        parsed(given)


@pytest.mark.parametrize(
    "flags",
    [
        "--action-values sequence --policy-samples target --rollout-update-rate 0.5",
        f"{GUIDED} --rollout-update-rate 0 --d-steps 0",
        f"{RESTART} --g-steps 2 --g-learning-rate-final 0.001",
        f"{RESTART} --reward constant --g-steps 2",  # the rate falls within each round
        "--reward uniform --num-rollouts 4",  # the mean of 4 random numbers
        "--action-values value --num-rollouts 1",  # as in experiments/action_values.sh
        "--rounds 0 --action-values value --value-samples 800 --d-patience 2 --pretrain-d-steps 2",
        "--reward bleu --bleu-reward-order 2",
        "--algorithm pg-bleu --bleu-reward-order 2 --rollout-policy small --rollout-hidden-dim 8",
        "--algorithm random --eval-samples 50",  # how all rows of a table are measured
    ],
)
def test_a_setting_with_an_effect_is_accepted(flags):
    parsed(flags)


@pytest.mark.parametrize("presets", ALL_PRESETS, ids=lambda p: type(p["quick"]).__name__)
def test_values_of_a_preset_are_never_refused(presets):
    others = ("--reward constant", "--rounds 0", "--mle-epochs 0", "--action-values sequence")
    for name in presets:
        # Those of `guided` are for SeqGAN alone; back to the defaults they are for every algorithm.
        back = "--policy-update reinforce --d-update continue" if name == "guided" else ""
        for algorithm in ("random", "mle", "ss", "pg-bleu", "seqgan"):
            parsed(f"--preset {name} --algorithm {algorithm} {back}", presets)
        for other in others:
            parsed(f"--preset {name} --algorithm seqgan {other} {back}", presets)


def test_a_stored_run_with_a_setting_without_an_effect_still_resumes(tmp_path):
    changes = {"algorithm": "mle", "rounds": 3, "preset": "smoke", "num_rollouts": 64}
    stored = settings_to_json(dataclasses.replace(ORACLE_PRESETS["smoke"], **changes))
    (tmp_path / "config.json").write_text(json.dumps({"settings": stored}))
    assert parsed(f"--resume --out {tmp_path} --num-rollouts 64").num_rollouts == 64


def test_a_large_batch_needs_no_samples_for_a_discriminator_that_is_not_trained():
    """`--d-samples` would be refused, so nothing may ask for it."""
    parsed("--algorithm mle --batch-size 2000").check_fits(10_000)
    with pytest.raises(UsageError, match="--d-samples is 640 real"):
        parsed("--batch-size 2000").check_fits(10_000)


def test_the_table_names_settings_that_exist():
    options = options_of(ORACLE_PRESETS["quick"])
    assert NEEDS.keys() < options.keys()
    assert {need.name for needs in NEEDS.values() for need in needs} < options.keys()


@pytest.mark.parametrize("name", REWARDS)
def test_the_table_knows_which_rewards_are_the_discriminators(name):
    settings = dataclasses.replace(ORACLE_PRESETS["smoke"], reward=name)
    reward = make_reward(settings, tiny_generator(), tiny_generator().sample(8, (1, 1)).numpy())
    assert reward.needs_discriminator == (name not in WITHOUT_DISCRIMINATOR)


# Another value for each setting that can be changed alone.
OTHERS = {
    **{"random_tokens": "uniform", "dropout": 0.5, "optimizer": "sgd", "clip_norm": 0.01},
    **{"mle_epochs": 1, "mle_learning_rate": 0.1, "mle_patience": 1, "mle_rate_cuts": 1},
    **{"ss_decay": 0.5, "discriminator": "small", "discriminator_learning_rate": 0.1},
    **{"discriminator_weight_decay": 0.5, "discriminator_embedding_dim": 5},
    **{"discriminator_dropout": 0.1, "discriminator_embedding_dropout": 0.5},
    **{"mixed_precision": "bfloat16", "d_labels": "permuted", "pretrain_d_steps": 2},
    **{"pretrain_d_epochs": 2, "pretrain_d_samples": 20, "d_patience": 1, "d_steps": 2},
    **{"d_epochs": 2, "d_samples": 20, "rounds": 1, "start_at_temperature": True},
    **{"g_steps": 2, "g_learning_rate": 0.3, "g_learning_rate_final": 0.2, "guidance": 3.0},
    **{"policy_samples": "target", "data_weight": 2.0, "reward_baseline": "batch"},
    **{"reward_clip": 0.01, "bleu_reward_order": 1, "bleu_reward_variant": "legacy"},
    **{"bleu_reward_references": 0.1, "num_rollouts": 1, "rollout_update_rate": 0.1},
    **{"rollout_positions": 1, "value_hidden_dim": 3, "value_learning_rate": 0.5},
    **{"value_samples": 20, "value_pretrain_steps": 1, "rollout_hidden_dim": 3},
    **{"rollout_learning_rate": 0.5, "rollout_samples": 20, "rollout_pretrain_steps": 1},
}
SMALL = {"discriminator": "small-prefix", "tune_temperature": True, "temperatures": (1.0,)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "base",
    [
        {"algorithm": "mle"},
        {"reward": "constant", "mle_epochs": 0},
        {"policy_update": "guided", "d_update": "restart", "g_steps": 1},
        {"action_values": "sequence", "reward": "density-ratio"},
    ],
    ids=lambda base: "-".join(map(str, base.values())),
)
def test_settings_without_an_effect_change_no_figure_and_no_weight(tmp_path, base):
    base = {**SMALL, **base}
    settings = dataclasses.replace(ORACLE_PRESETS["smoke"], **base)
    changes = {name: other for name, other in OTHERS.items() if unmet(settings, name)}
    assert changes
    before, after = [], []
    for given, found in ((base, before), (base | changes, after)):
        folder = tmp_path / ("before" if found is before else "after")
        figures = experiment(folder, **given)["metrics"]
        rows = [{k: v for k, v in row.items() if v} for row in history(folder)]
        generator = {k: v for k, v in weights(folder).items() if k.startswith("generator/")}
        assert generator
        found += [figures, rows, generator]
    assert before == after
