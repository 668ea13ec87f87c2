"""Helpers of `seqgan.SeqGAN`: its settings, validation loss, and seeds of repeated calls."""

from typing import Any

import numpy as np

from metrics.nll import sequence_nll
from models.checks import check_tokens
from models.generator import Generator
from models.judge import Judge
from models.rollout import Rollout
from training.guided_updates import GuidedUpdates, make_guided_updates
from training.journal import Measurement
from training.judges import name_of
from training.options import options_of
from training.pretrain import Measure
from training.settings import Settings
from training.steps import Steps

# Boxes of `--help` whose settings belong to a run folder, not to the algorithm, but for a few.
_OF_SCRIPTS = ("Run", "Evaluation", "Execution")
_OF_LIBRARY = ("xla", "verdict_samples")
# What the scripts alone do: the best temperature, a critic, a distillation.
_NOT_HERE = (
    *("start_at_temperature", "action_values", "rollout_positions", "value_hidden_dim"),
    *("value_learning_rate", "value_samples", "value_pretrain_steps"),
    *("rollout_policy", "rollout_hidden_dim", "rollout_learning_rate"),
    *("rollout_samples", "rollout_pretrain_steps"),
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


def guided_updates(
    steps: Steps, rollout: Rollout, settings: Settings, reward: Any
) -> GuidedUpdates | None:
    """What `policy_update="guided"` needs; None for the policy gradient.

    Raises:
        ValueError: there is a reward of the caller's, which guided updates would not use.
    """
    if settings.policy_update == "guided" and reward is not None:
        raise ValueError(
            f"`reward` is {reward!r:.60} with guided updates, expected None: they learn from the "
            "discriminator. Leave one of them out."
        )
    return make_guided_updates(steps, rollout, settings)


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
    """The seed of a repeated call: of the first (0) the seed itself, of later calls another one each."""
    if call == 0:
        return seed
    return int(np.random.SeedSequence([seed, call]).generate_state(1)[0])
