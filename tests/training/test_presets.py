"""Presets: published values, and the names and values that `config.json` holds."""

import json

import pytest

from files.errors import UsageError
from training.discriminators import with_defaults
from training.presets import ALL_PRESETS, ORACLE_PRESETS, PURPOSES
from training.stored_settings import settings_to_json

# What config.json held of the preset `quick` before settings were grouped in `--help`.
# fmt: off
_SHARED = {
    "preset": "quick", "algorithm": "seqgan", "seed": 1, "random_tokens": "unigram",
    "embedding_dim": 32, "hidden_dim": 32, "cell": "lstm", "dropout": 0.0, "batch_size": 64, "optimizer": "adam",
    "clip_norm": 5.0, "mle_epochs": 35, "mle_learning_rate": 0.01,
    "mle_patience": None, "mle_rate_cuts": 0, "ss_decay": 0.002,
    "discriminator": "paper", "discriminator_learning_rate": 0.0001,
    "discriminator_weight_decay": 0.0, "discriminator_embedding_dim": 64,
    "discriminator_dropout": 0.25, "discriminator_embedding_dropout": None,
    "discriminator_hidden_dim": None, "discriminator_l2": 0.2, "mixed_precision": "none",
    "pretrain_d_steps": 1, "pretrain_d_epochs": 3, "pretrain_d_samples": 5000,
    "d_patience": None, "d_update": "continue", "d_steps": 1, "d_epochs": 1, "d_samples": 640, "d_labels": "true",
    "rounds": 30, "g_steps": 1, "g_learning_rate": 0.02,
    "g_learning_rate_final": 0.0001, "num_rollouts": 16, "rollout_update_rate": 1.0,
    "policy_update": "reinforce", "guidance": 1.0,
    "reward": "discriminator", "reward_clip": 5.0, "reward_baseline": "none",
    "policy_samples": "generator", "data_weight": 0.0, "start_at_temperature": False,
    "bleu_reward_order": 3, "bleu_reward_variant": "method1", "bleu_reward_references": 0.4,
    "action_values": "rollouts", "rollout_positions": 4, "value_hidden_dim": 32,
    "value_learning_rate": 0.005, "value_samples": 2560, "value_pretrain_steps": 20,
    "rollout_policy": "copy", "rollout_hidden_dim": 16, "rollout_learning_rate": 0.01,
    "rollout_samples": 640, "rollout_pretrain_steps": 100, "eval_every": 5,
    "eval_samples": 2000, "final_samples": 10000, "self_bleu_samples": 1000,
    "verdict_samples": 1000, "normalizer_samples": 50000,
    "temperatures": [0.5, 0.6, 0.7, 0.85, 1.0, 1.2], "tune_temperature": False, "checkpoint_seconds": 60.0,
    "deterministic": False, "xla": True,
}
_CORPUS = {**_SHARED, "mle_epochs": 25, "g_learning_rate": 0.012, "d_samples": 960}
_TUNES = {"mle_epochs": 50, "rounds": 8, "g_learning_rate": 0.006, "d_samples": 240}
_HELD_OUT = {"split_seed": 0, "bleu_variant": "strict"}
STORED = {
    "OracleSettings": {
        **_SHARED, "oracle": "seed:1", "oracle_file": None, "vocab_size": 5000, "max_length": 20,
        "train_size": 10000, "test_size": 10000, "validation_size": 2000,
    },
    "PoemSettings": {**_CORPUS, "corpus": "poems", **_HELD_OUT, "skip_malformed": False},
    "SpeechSettings": {
        **_CORPUS, "corpus": "speeches", **_HELD_OUT, "max_length": 20, "min_count": 1,
        "max_vocab": 5000, "lowercase": True, "unit": "sentences",
    },
    "MusicSettings": {**_CORPUS, **_TUNES, "corpus": "nottingham", **_HELD_OUT, "audio": False},
    "TextSettings": {
        **_CORPUS, "corpus": "sample", **_HELD_OUT, "level": "word", "max_length": 20,
        "min_count": 1, "max_vocab": None, "lowercase": False, "truncate": False,
        "column": None,
    },
}
# fmt: on

ALL = [(presets, name) for presets in ALL_PRESETS for name in presets]


@pytest.mark.parametrize("presets", ALL_PRESETS, ids=lambda p: type(p["quick"]).__name__)
def test_stored_settings_have_the_same_names_order_and_values_as_before(presets):
    stored = STORED[type(presets["quick"]).__name__]
    assert json.dumps(settings_to_json(presets["quick"])) == json.dumps(stored)


@pytest.mark.parametrize(
    "presets, name", ALL, ids=lambda value: value if isinstance(value, str) else ""
)
def test_presets_pass_their_own_checks(presets, name):
    assert presets[name].preset == name and name in PURPOSES
    presets[name].check()


@pytest.mark.parametrize("preset", ORACLE_PRESETS)
def test_presets_of_the_oracle_have_sequences_for_a_batch(preset):
    settings = ORACLE_PRESETS[preset]
    settings.check_fits(settings.train_size)


def test_paper_and_official_hold_the_published_values():
    """docs/differences.md: the code of the paper's time, and the published repository."""
    paper, official = ORACLE_PRESETS["paper"], ORACLE_PRESETS["official"]
    for settings in (paper, official):
        assert (settings.oracle, settings.vocab_size, settings.max_length) == (
            "published",
            5000,
            20,
        )
        assert (settings.embedding_dim, settings.hidden_dim, settings.batch_size) == (32, 32, 64)
        assert (settings.pretrain_d_steps, settings.pretrain_d_epochs) == (50, 3)
        assert (settings.g_steps, settings.d_steps, settings.d_epochs) == (1, 5, 3)
        assert (settings.num_rollouts, settings.rollout_update_rate) == (16, 1.0)
        judge = with_defaults(settings)
        assert (judge.discriminator_learning_rate, judge.discriminator_dropout) == (1e-4, 0.25)
        assert (judge.discriminator_l2, settings.clip_norm) == (0.2, 5.0)
        assert settings.g_learning_rate_final is None
        assert settings.final_samples == 100_000
    assert (paper.mle_epochs, paper.mle_learning_rate) == (240, 1e-3)
    assert (paper.rounds, paper.g_learning_rate) == (800, 1e-3)
    assert (official.mle_epochs, official.mle_learning_rate) == (120, 0.01)
    assert (official.rounds, official.g_learning_rate) == (200, 0.01)


def test_fewer_sequences_than_a_batch_are_refused():
    with pytest.raises(UsageError, match="there are 63 training sequences"):
        ORACLE_PRESETS["smoke"].check_fits(63)
