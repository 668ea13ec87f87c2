"""Which settings have an effect under the others: flags that change nothing but the run's name are refused."""

from collections.abc import Callable
from typing import Any, NamedTuple

from files.errors import UsageError
from training.options import flag, options_of


class Need(NamedTuple):
    """What a setting needs to have an effect: a setting that it depends on, and which values."""

    name: str
    expected: str
    holds: Callable[[Any], bool]


def _one_of(name: str, *values: str) -> Need:
    *others, last = values
    listed = f"{', '.join(others)} or {last}" if others else last
    return Need(name, f"{flag(name)} {listed}", lambda s: getattr(s, name) in values)


def _at_least(name: str, least: int) -> Need:
    return Need(name, f"{flag(name)} {least} or more", lambda s: getattr(s, name) >= least)


def _uses_target(settings: Any) -> bool:
    """Whether a round uses the roll-out policy, a copy of the generator."""
    return (
        settings.action_values not in ("sequence", "prefix")
        or settings.policy_update == "guided"
        or settings.policy_samples == "target"
    )


_TRAINED = (_one_of("algorithm", "mle", "ss", "pg-bleu", "seqgan"),)
_MLE = (*_TRAINED, _at_least("mle_epochs", 1))
_AFTER_MLE = (_one_of("algorithm", "pg-bleu", "seqgan"),)
_ROUNDS = (*_AFTER_MLE, _at_least("rounds", 1))
_UPDATES = (*_ROUNDS, _at_least("g_steps", 1))
_POLICY_GRADIENT = (*_UPDATES, _one_of("policy_update", "reinforce"))

# With these no discriminator is trained.
WITHOUT_DISCRIMINATOR = ("constant", "uniform", "bleu")
_DISCRIMINATOR = (
    _one_of("algorithm", "seqgan"),
    Need(
        "reward",
        "a --reward of the discriminator",
        lambda s: s.reward not in WITHOUT_DISCRIMINATOR,
    ),
)
_FIRST_SETS = (*_DISCRIMINATOR, _at_least("pretrain_d_steps", 1))
_SETS = (*_DISCRIMINATOR, _at_least("rounds", 1), _one_of("d_update", "continue"))

_BLEU = Need(
    "reward",
    "--reward bleu or --algorithm pg-bleu",
    lambda s: s.reward == "bleu" or s.algorithm == "pg-bleu",
)
_VALUE_NETWORK = _one_of("action_values", "value", "mixed")
_SMALL_POLICY = _one_of("rollout_policy", "small")

# What each setting needs. One without an entry always has an effect, or a separate check, or says how a
# run is measured: rows that are compared have those in common, also where one of them has no use for it.
NEEDS: dict[str, tuple[Need, ...]] = {
    "random_tokens": (_one_of("algorithm", "random"),),
    **dict.fromkeys(("dropout", "optimizer", "clip_norm"), _TRAINED),
    "mle_epochs": _TRAINED,
    **dict.fromkeys(("mle_learning_rate", "mle_patience", "mle_rate_cuts"), _MLE),
    "ss_decay": (_one_of("algorithm", "ss"), _at_least("mle_epochs", 1)),
    "discriminator": _DISCRIMINATOR,
    "discriminator_learning_rate": _DISCRIMINATOR,
    "discriminator_weight_decay": _DISCRIMINATOR,
    "discriminator_embedding_dim": _DISCRIMINATOR,
    "discriminator_dropout": _DISCRIMINATOR,
    "discriminator_embedding_dropout": _DISCRIMINATOR,
    "discriminator_hidden_dim": _DISCRIMINATOR,
    "discriminator_l2": _DISCRIMINATOR,
    "mixed_precision": _DISCRIMINATOR,
    "d_labels": _DISCRIMINATOR,
    "pretrain_d_steps": _DISCRIMINATOR,
    **dict.fromkeys(("pretrain_d_epochs", "pretrain_d_samples"), _FIRST_SETS),
    "d_patience": (*_DISCRIMINATOR, _at_least("pretrain_d_steps", 2)),
    # With any reward: it decides how the generator's learning rate falls, too.
    "d_update": _ROUNDS,
    "d_steps": _SETS,
    **dict.fromkeys(("d_epochs", "d_samples"), (*_SETS, _at_least("d_steps", 1))),
    "rounds": _AFTER_MLE,
    "start_at_temperature": _AFTER_MLE,
    "g_steps": _ROUNDS,
    "g_learning_rate": _UPDATES,
    "g_learning_rate_final": (
        *_UPDATES,
        Need(
            "g_steps",
            "--g-steps 2 or more, or --d-update continue",
            lambda s: s.g_steps > 1 or s.d_update == "continue",
        ),
        Need("rounds", "--rounds 2 or more", lambda s: s.rounds > 1 or s.d_update == "restart"),
    ),
    "policy_update": _UPDATES,
    "guidance": (*_UPDATES, _one_of("policy_update", "guided")),
    "policy_samples": _UPDATES,
    "data_weight": _UPDATES,
    "reward_baseline": _POLICY_GRADIENT,
    "reward_clip": (_one_of("reward", "log-ratio", "density-ratio", "permuted-density-ratio"),),
    **dict.fromkeys(
        ("bleu_reward_order", "bleu_reward_variant", "bleu_reward_references"), (_BLEU,)
    ),
    "num_rollouts": (
        *_POLICY_GRADIENT,
        # It has no effect with `value` either, but rows that are compared give the same N to all ways.
        _one_of("action_values", "rollouts", "value", "mixed"),
        Need("reward", "another --reward", lambda s: s.reward != "constant"),
    ),
    "rollout_update_rate": (
        *_ROUNDS,
        Need(
            "action_values",
            "--action-values rollouts, value or mixed, or --policy-samples target",
            _uses_target,
        ),
    ),
    "rollout_positions": (*_UPDATES, _one_of("action_values", "mixed")),
    "value_hidden_dim": (_VALUE_NETWORK,),
    "value_learning_rate": (_VALUE_NETWORK,),
    "value_samples": (_VALUE_NETWORK,),
    "value_pretrain_steps": (_VALUE_NETWORK,),
    "rollout_hidden_dim": (_SMALL_POLICY,),
    "rollout_learning_rate": (_SMALL_POLICY,),
    "rollout_samples": (_SMALL_POLICY,),
    "rollout_pretrain_steps": (_SMALL_POLICY,),
}


def unmet(settings: Any, name: str) -> Need | None:
    """The first thing that the setting of that name lacks to have an effect; None: it has one."""
    return next((need for need in NEEDS.get(name, ()) if not need.holds(settings)), None)


def check_effects(settings: Any, preset: Any) -> None:
    """Raises `UsageError` for a setting that was changed from the preset's value and has no effect.

    A change back to the flag's default is accepted: it switches something off that the preset has on,
    which other settings may ask for.
    """
    options = options_of(settings)
    for name in NEEDS:
        value = getattr(settings, name)
        if value in (getattr(preset, name), options[name].default):
            continue
        need = unmet(settings, name)
        if need is not None:
            raise UsageError(
                f"{_given(name, value)}, but it has no effect with "
                f"{flag(need.name)} {getattr(settings, need.name)}, only with {need.expected}. "
                "Give that, or leave it out."
            )


def _given(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{flag(name if value else f'no_{name}')} is given"
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
    return f"{flag(name)} is {shown!s:.60}"
