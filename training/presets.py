"""Presets: a named set of settings for each task, from seconds to the paper's protocol."""

import dataclasses
from typing import Any, TypeVar

from data.python_docs import MAX_LENGTH as PYTHON_LENGTH
from training.settings import Settings
from training.task_settings import (
    MusicSettings,
    OracleSettings,
    PoemSettings,
    SpeechSettings,
    TextSettings,
)

S = TypeVar("S", bound=Settings)

# What a preset is for, in `--help`.
PURPOSES = {
    "smoke": "seconds, for tests",
    "quick": "minutes on two cores",
    "demo": "four minutes on two cores, no download: the corpus python",
    "best": "maximum likelihood with the lowest NLL on held-out data; minutes on two cores",
    "guided": "SeqGAN from best on, a still lower NLL on held-out data; half an hour on two cores",
    "paper": "the paper's protocol, days on two cores",
    "official": "hyperparameters of the authors' published repository",
}

# Values of the paper-era code; docs/differences.md says how they were found and what differs.
_PAPER = OracleSettings(
    preset="paper",
    oracle="published",
    mle_epochs=240,
    mle_learning_rate=1e-3,
    pretrain_d_steps=50,
    pretrain_d_epochs=3,
    pretrain_d_samples=10000,
    rounds=800,
    g_learning_rate=1e-3,
    g_learning_rate_final=None,
    d_steps=5,
    d_epochs=3,
    d_samples=10000,
    eval_every=5,
    eval_samples=10000,
    final_samples=100000,
    checkpoint_seconds=300.0,
)

# Chosen on the validation data of the captions; docs/discriminator.md has what was tried.
_BEST: dict[str, Any] = {
    "preset": "best",
    "algorithm": "mle",
    "embedding_dim": 64,
    "hidden_dim": 64,
    "dropout": 0.4,
    "mle_epochs": 60,
    "mle_learning_rate": 3e-3,
    "mle_patience": 2,
    "mle_rate_cuts": 2,
    "tune_temperature": True,
}
# From there on: guided updates by a new discriminator in each round, which stops early.
_GUIDED: dict[str, Any] = {
    **_BEST,
    "preset": "guided",
    "algorithm": "seqgan",
    "start_at_temperature": True,
    "discriminator": "small-prefix",
    "pretrain_d_steps": 40,
    "pretrain_d_epochs": 1,
    "pretrain_d_samples": 10000,
    "d_patience": 4,
    "d_update": "restart",
    "policy_update": "guided",
    "rounds": 4,
    "g_steps": 800,
    "g_learning_rate": 3e-3,
    "g_learning_rate_final": 3e-5,
}

ORACLE_PRESETS: dict[str, OracleSettings] = {
    "quick": OracleSettings(),
    "best": OracleSettings(**_BEST),
    "guided": OracleSettings(**_GUIDED),
    "smoke": OracleSettings(
        preset="smoke",
        vocab_size=50,
        max_length=8,
        train_size=256,
        test_size=256,
        mle_epochs=2,
        pretrain_d_samples=64,
        pretrain_d_epochs=1,
        rounds=2,
        d_samples=64,
        num_rollouts=2,
        eval_every=1,
        eval_samples=128,
        final_samples=256,
        self_bleu_samples=64,
        normalizer_samples=256,
        temperatures=(0.7, 1.0),
    ),
    "paper": _PAPER,
    "official": dataclasses.replace(
        _PAPER,
        preset="official",
        mle_epochs=120,
        mle_learning_rate=0.01,
        rounds=200,
        g_learning_rate=0.01,
    ),
}

# For every corpus: a smoke test on the project's own samples, minutes on the published corpus, and
# the paper's protocol, as far as it is public (docs/differences.md).
_CORPUS_SMOKE: dict[str, Any] = {
    "preset": "smoke",
    "corpus": "sample",
    "mle_epochs": 2,
    "rounds": 2,
    "batch_size": 16,
    "pretrain_d_samples": 32,
    "pretrain_d_epochs": 1,
    "d_samples": 16,
    "num_rollouts": 2,
    "eval_every": 1,
    "eval_samples": 64,
    "final_samples": 64,
    "self_bleu_samples": 32,
    "normalizer_samples": 64,
    "temperatures": (0.7, 1.0),
}
_CORPUS_QUICK: dict[str, Any] = {"mle_epochs": 25, "g_learning_rate": 0.012, "d_samples": 960}
# fmt: off
_OF_THE_PAPER = (
    "preset", "mle_epochs", "mle_learning_rate", "pretrain_d_steps", "pretrain_d_epochs",
    "pretrain_d_samples", "rounds", "g_learning_rate", "g_learning_rate_final", "d_steps",
    "d_epochs", "d_samples", "eval_samples", "checkpoint_seconds",
)
# fmt: on
_CORPUS_PAPER: dict[str, Any] = {name: getattr(_PAPER, name) for name in _OF_THE_PAPER}


def _corpus_presets(kind: type[S], corpus: str, **quick: Any) -> dict[str, S]:
    return {
        "quick": kind(**{**_CORPUS_QUICK, **quick}, corpus=corpus),  # type: ignore[call-arg]
        "best": kind(**_BEST, corpus=corpus),  # type: ignore[call-arg]
        "guided": kind(**_GUIDED, corpus=corpus),  # type: ignore[call-arg]
        "smoke": kind(**_CORPUS_SMOKE),
        "paper": kind(**_CORPUS_PAPER, corpus=corpus),  # type: ignore[call-arg]
    }


POEM_PRESETS = _corpus_presets(PoemSettings, "poems")
SPEECH_PRESETS = _corpus_presets(SpeechSettings, "speeches")
# On the tunes D soon tells samples from tunes: few rounds, small steps and few samples for D.
MUSIC_PRESETS = _corpus_presets(
    MusicSettings, "nottingham", mle_epochs=50, rounds=8, g_learning_rate=0.006, d_samples=240
)
# `make demo`: the generator of "best", then a few careful rounds, so that its text stays readable.
_DEMO = TextSettings(
    **{
        **_BEST,
        "preset": "demo",
        "algorithm": "seqgan",
        "tune_temperature": False,
        "embedding_dim": 128,
        "hidden_dim": 128,
        "mle_epochs": 40,
    },
    corpus="python",
    max_length=PYTHON_LENGTH,
    lowercase=True,
    pretrain_d_samples=1280,
    rounds=5,
    g_learning_rate=0.001,
    num_rollouts=4,
    d_samples=320,
    eval_every=10,
    eval_samples=500,
    final_samples=1000,
)
# Other people's text has no table to compare with: first, and so the default, is the best generator.
_TEXT = _corpus_presets(TextSettings, "sample")
TEXT_PRESETS = {"best": _TEXT["best"], **_TEXT, "demo": _DEMO}
# fmt: off
ALL_PRESETS: list[dict[str, Any]] = [
    ORACLE_PRESETS, POEM_PRESETS, SPEECH_PRESETS, MUSIC_PRESETS, TEXT_PRESETS,
]
# fmt: on
