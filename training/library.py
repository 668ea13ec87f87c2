"""Helpers of `seqgan.SeqGAN`: its settings, what they name, validation loss, and repeated calls."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import numpy as np
import tensorflow as tf

from data.vocabulary import Vocabulary
from files.errors import named_as_arguments
from metrics.nll import sequence_nll
from models.checks import check_same_data, check_tokens
from models.generator import Generator
from models.judge import Judge
from training.callbacks import CallbackJournal
from training.journal import Measurement
from training.judges import name_of
from training.options import options_of
from training.pretrain import Measure
from training.rewards import REWARDS, Reward, user_reward
from training.settings import Settings
from training.steps import Steps
from training.verdict import MIN_SEQUENCES, writable

# Boxes of `--help` whose settings belong to a run folder, not to the algorithm, but for a few.
_OF_SCRIPTS = ("Run", "Evaluation", "Execution")
_OF_LIBRARY = ("xla", "verdict_samples")
# What the scripts alone do, and what the caller has made or gives to a method.
_NOT_HERE = (
    *("start_at_temperature", "ss_decay", "mixed_precision", "mle_epochs", "rounds"),
    *("embedding_dim", "hidden_dim", "cell", "dropout", "discriminator"),
    *("discriminator_embedding_dim", "discriminator_hidden_dim", "discriminator_l2"),
    *("discriminator_dropout", "discriminator_embedding_dropout"),
    *("bleu_reward_order", "bleu_reward_variant", "bleu_reward_references"),
)
_NAMED_REWARDS = tuple(name for name in REWARDS if name != "bleu")

# Stages of the first `fit` alone; the roll-out policy starts anew after each `pretrain`.
ONCE = ("discriminator", "best discriminator", "value network")
ROLLOUT_START = ("target network", "roll-out policy")


def configure(
    generator: Generator, discriminator: Judge, reward: Any, seed: int, given: dict[str, Any]
) -> tuple[Settings, Reward]:
    """Settings of the algorithm for the library, which evaluates after every step, and its reward.

    Args:
        generator: the policy.
        discriminator: the model; what is not given of its learning rate and weight decay is what
            `--discriminator` has for its kind.
        reward: what `seqgan.SeqGAN` takes.
        seed: of every random draw.
        given: fields of `Settings` that the algorithm uses.

    Raises:
        TypeError: a name is not a setting of the library, or a model or a value is of another type.
        UsageError: a value is out of its bounds.
        ValueError: a reward that is none, or that these settings would not use.
    """
    for name, model, kind in (
        ("generator", generator, Generator),
        ("discriminator", discriminator, Judge),
    ):
        if not isinstance(model, kind):
            raise TypeError(
                f"`{name}` is of type {type(model).__name__}, expected a {name}; make one, and pass the "
                "generator first."
            )
    check_same_data(generator, discriminator=discriminator)
    options = options_of(Settings)
    names = [k for k, meant in options.items() if meant.group not in _OF_SCRIPTS]
    names = [name for name in names if name not in _NOT_HERE]
    names += _OF_LIBRARY
    names.remove("reward")  # an argument of its own
    for name in given:
        if name not in names:
            raise TypeError(f"there is no setting {name!r}, expected one of {', '.join(names)}.")
    given, seed = plain_values(**given), plain_values(seed=seed)["seed"]
    check_types({"seed": seed, **given})
    named = isinstance(reward, str)
    if named and reward not in _NAMED_REWARDS:
        raise ValueError(f"`reward` is {reward!r}, expected one of {', '.join(_NAMED_REWARDS)}.")
    of_models: dict[str, Any] = {"discriminator": name_of(discriminator)}
    of_models |= {"reward": reward} if named else {}
    settings = Settings(seed=seed, eval_every=1, temperatures=(), **of_models, **given)
    with named_as_arguments():
        settings.check()
    if reward is not None and settings.policy_update == "guided":
        raise ValueError(
            f"`reward` is {reward!r:.60} with guided updates, expected None: they learn from the "
            "discriminator. Leave one of them out."
        )
    if named:
        return settings, REWARDS[reward].make(settings, generator, np.zeros([0, 0], np.int32))
    return settings, user_reward(reward)


def plain_values(**values: Any) -> dict[str, Any]:
    """The values by name; for NumPy scalars Python's numbers, which JSON can hold."""
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}


def check_types(given: dict[str, Any]) -> None:
    """Raises `TypeError` for a value that is not of its setting's type or among its choices."""
    hints = get_type_hints(Settings)
    words = {int: "a whole number", float: "a number", bool: "True or False", type(None): "None"}
    for name, value in given.items():
        kinds = get_args(hints[name]) or (hints[name],)
        accepted = (*kinds, int) if float in kinds else kinds
        if isinstance(kinds[0], str):
            fits, expected = value in kinds, f"one of {', '.join(kinds)}"
        elif isinstance(value, bool):
            fits, expected = bool in kinds, words[kinds[0]]
        else:
            fits = isinstance(value, accepted)
            expected = " or ".join(words[kind] for kind in kinds)
        if not fits:
            raise TypeError(f"`{name}` is {value!r:.60}, expected {expected}.")


def count_of(name: str, value: Any) -> int:
    """A number of epochs or rounds. Raises `ValueError` for what is none."""
    value = plain_values(value=value)["value"]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(
            f"`{name}` is {value!r:.60}, expected a whole number of at least 0; give 1 or more to train."
        )
    return value


def check_vocabulary(vocabulary: Any, generator: Generator) -> None:
    """Raises `ValueError` for what is not the vocabulary of the generator."""
    if not isinstance(vocabulary, Vocabulary):
        raise ValueError(
            f"`vocabulary` is of type {type(vocabulary).__name__}, expected a Vocabulary; give the one that "
            "encoded the training data."
        )
    if vocabulary.size != generator.vocab_size:
        raise ValueError(
            f"`vocabulary` has the size {vocabulary.size}, expected that of the generator, "
            f"{generator.vocab_size}; give the one that encoded the training data."
        )


def check_reward_of(folder: Any, reward: Any, own: bool) -> None:
    """Raises `ValueError` unless a reward function is given where the folder was saved with one."""
    if own and reward is None:
        raise ValueError(
            f"`reward` is None, but {folder} was saved with a reward function, expected the same one: pass "
            "it to `load`."
        )
    if reward is not None and not own:
        raise ValueError(
            f"`reward` is {reward!r:.60}, but {folder} was saved without a reward function, expected None: "
            "leave it out."
        )


def of_pretrain(settings: Settings, epochs: int, validation_data: Any) -> Settings:
    """The settings of a call of `pretrain`. Raises `ValueError` where it cannot stop early."""
    if settings.mle_patience is not None and validation_data is None:
        raise ValueError(
            f"`mle_patience` is {settings.mle_patience} without validation data, expected some to stop by; "
            "give `validation_data`."
        )
    return replace(settings, algorithm="mle", mle_epochs=count_of("epochs", epochs))


def of_fit(settings: Settings, rounds: int, reward: Reward, calls: dict[str, int]) -> Settings:
    """The settings of a call of `fit`, which trains no maximum likelihood."""
    rounds = count_of("rounds", rounds)
    stops = reward.needs_discriminator and (not calls["fit"] or settings.d_update == "restart")
    patience = settings.d_patience if stops else None  # else no discriminator is pre-trained
    settings = replace(settings, d_patience=patience, rounds=rounds)
    return replace(settings, mle_epochs=0, mle_patience=None, mle_rate_cuts=0)


def training_ids(real: Any, generator: Generator, settings: Settings) -> tf.Tensor:
    """Training sequences int32 `[M, T]`. Raises `ValueError` for what they cannot be."""
    tokens = check_tokens(real, generator.vocab_size, generator.max_length, "real")
    with named_as_arguments():
        settings.check_fits(len(tokens))
    return tokens


def journal_of_call(
    settings: Settings,
    calls: dict[str, int],
    method: str,
    steps: Steps,
    callbacks: Sequence,
    stage: str,
    num: int,
    verbose: int,
) -> CallbackJournal:
    """The journal of a method's call, which has `num` steps of its stage.

    `calls` counts the calls of each method, this one from the end of its first step: one that is refused, or
    interrupted before that, is done again. Its "followed" is how many calls of `pretrain` the roll-out policy
    has followed.
    """
    call = calls[method] + 1

    def count() -> None:
        calls[method] = call
        if method == "fit":
            calls["followed"] = calls["pretrain"]

    scheduled = stage != "mle" or settings.mle_patience is not None
    optimizer = None if scheduled else steps.mle_optimizer
    given = steps.generator, callbacks, stage, num, bool(verbose), optimizer, count
    journal = CallbackJournal(seed_of_call(settings.seed, call), *given)
    if call > 1:  # lines 4 and 5 of Algorithm 1 are done once
        journal.skip(*ONCE)
        if calls.get("followed", calls["pretrain"]) == calls["pretrain"]:
            # Line 3 likewise, but for a plain copy, which costs nothing: callbacks may have set weights.
            copies = settings.rollout_policy == "copy" and settings.rollout_update_rate == 1
            journal.skip(*(ROLLOUT_START[1:] if copies else ROLLOUT_START))
    return journal


def validation_measure(
    generator: Generator, validation_data: Any, d_patience: int | None = None
) -> Measure:
    """Measures `val_loss`, mean nats per token of int `[M, T]`; nothing without validation data.

    Raises:
        ValueError: the data have no tokens that count, or with `d_patience` fewer than two sequences
            without unknown tokens, on which the discriminator's validation loss is measured.
    """
    if validation_data is None:
        return lambda policy, num, seed: Measurement({})
    size, length = generator.vocab_size, generator.max_length
    tokens = check_tokens(validation_data, size, length, "validation_data")
    counted = float(generator.mask(tokens).numpy().sum())
    if not counted:
        raise ValueError(
            "`validation_data` has no tokens but padding and unknown ones, expected some that the "
            "generator can write. Give other sequences, or None."
        )
    if d_patience is not None:
        usable = len(writable(generator, tokens.numpy()))
        if usable < MIN_SEQUENCES:
            raise ValueError(
                f"`validation_data` has {usable} sequences without unknown tokens, expected at least "
                f"{MIN_SEQUENCES} with `d_patience`. Give more, or leave `d_patience` out."
            )

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
