"""Helpers of `seqgan.SeqGAN`: its settings, what they name, validation loss, and repeated calls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from metrics.nll import sequence_nll
from models.checks import check_tokens
from models.generator import Generator
from models.judge import Judge
from training.callbacks import CallbackJournal
from training.journal import Measurement
from training.judges import name_of
from training.options import options_of
from training.pretrain import Measure
from training.rewards import Reward, user_reward
from training.settings import Settings

# Boxes of `--help` whose settings belong to a run folder, not to the algorithm, but for a few.
_OF_SCRIPTS = ("Run", "Evaluation", "Execution")
_OF_LIBRARY = ("xla", "verdict_samples")
# What the scripts alone do: the best temperature.
_NOT_HERE = ("start_at_temperature",)

# Stages of the first `fit` alone.
ONCE = (
    *("target network", "discriminator", "best discriminator"),
    *("value network", "roll-out policy"),
)


def hyperparameters(discriminator: Judge, seed: int, **given: Any) -> Settings:
    """Settings of the algorithm for the library, which evaluates after every step.

    Args:
        discriminator: the model; what is not given of its learning rate and weight decay is what
            `--discriminator` has for its kind.
        seed: of every random draw.
        **given: fields of `Settings` that the algorithm uses.

    Raises:
        TypeError: a name is not a setting.
        UsageError: a value is out of its bounds.
    """
    options = options_of(Settings)
    names = [k for k, meant in options.items() if meant.group not in _OF_SCRIPTS]
    names = [name for name in names if name not in _NOT_HERE]
    names += _OF_LIBRARY
    names.remove("discriminator")  # the caller has made it
    for name in given:
        if name not in names:
            raise TypeError(f"there is no setting {name!r}, expected one of {', '.join(names)}.")
    given["discriminator"] = name_of(discriminator)
    settings = Settings(seed=seed, eval_every=1, temperatures=(), **given)
    settings.check()
    return settings


def checked_reward(reward: Any, settings: Settings) -> Reward:
    """`training.rewards.user_reward`. Raises `ValueError` for one that these settings would not use."""
    guided = settings.policy_update == "guided"
    if reward is not None and (guided or settings.action_values == "prefix"):
        given = "guided updates" if guided else "action values of prefixes"
        raise ValueError(
            f"`reward` is {reward!r:.60} with {given}, expected None: they learn from the "
            "discriminator. Leave one of them out."
        )
    return user_reward(reward)


def training_ids(real: Any, generator: Generator, settings: Settings) -> tf.Tensor:
    """Training sequences int32 `[M, T]`. Raises `ValueError` for what they cannot be."""
    tokens = check_tokens(real, generator.vocab_size, generator.max_length, "real")
    settings.check_fits(len(tokens))
    return tokens


def journal_of_call(
    seed: int, call: int, generator: Generator, callbacks: Sequence, stage: str, steps: int
) -> CallbackJournal:
    """The journal of a method's call, the first (1) or a later one."""
    journal = CallbackJournal(seed_of_call(seed, call), generator, callbacks, stage, steps)
    if call > 1:  # lines 3 to 5 of Algorithm 1 are done once
        journal.skip(*ONCE)
    return journal


def validation_measure(generator: Generator, validation_data: Any) -> Measure:
    """Measures `val_loss`, mean nats per token of int `[M, T]`; nothing without validation data."""
    if validation_data is None:
        return lambda policy, num, seed: Measurement({})
    size, length = generator.vocab_size, generator.max_length
    tokens = check_tokens(validation_data, size, length, "validation_data")
    counted = float(generator.mask(tokens).numpy().sum())

    def measure(policy, num, seed):
        return Measurement(
            {"val_loss": float(sequence_nll(policy.log_prob, tokens).sum() / counted)}
        )

    return measure


def seed_of_call(seed: int, call: int) -> int:
    """The seed of a repeated call: of the first (1) the seed itself, of later calls another one each."""
    if call == 1:
        return seed
    return int(np.random.SeedSequence([seed, call - 1]).generate_state(1)[0])
