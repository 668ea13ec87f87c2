"""The discriminators that `--discriminator` names, and the settings that each comes with."""

import dataclasses
from typing import Any

from files.errors import UsageError
from training.options import flag

_SMALL = {
    "discriminator_learning_rate": 1e-3,
    "discriminator_weight_decay": 0.1,
    "discriminator_dropout": 0.7,
    "discriminator_embedding_dropout": 0.2,
}
_RECURRENT = {
    "discriminator_learning_rate": 1e-3,
    "discriminator_weight_decay": 0.1,
    "discriminator_dropout": 0.5,
    "discriminator_embedding_dropout": 0.2,
    "discriminator_hidden_dim": 64,
}
# Settings that are None unless given: then those of the named discriminator. One that lacks a setting
# has no use for it.
NAMED: dict[str, dict[str, Any]] = {
    "paper": {
        "discriminator_learning_rate": 1e-4,
        "discriminator_weight_decay": 0.0,
        "discriminator_dropout": 0.25,
        "discriminator_l2": 0.2,
    },
    "small": _SMALL,
    "recurrent": _RECURRENT,
    "prefix": _RECURRENT,
    "small-prefix": _SMALL,
}
OF_PREFIXES = ("prefix", "small-prefix")  # those that judge every prefix
_NAMES = tuple(dict.fromkeys(name for defaults in NAMED.values() for name in defaults))


def defaults_in_words(name: str) -> str:
    """The values of a setting by discriminator, for `--help`."""
    values = [f"{kind} {of[name]:g}" for kind, of in NAMED.items() if name in of]
    return f"Default: {', '.join(values)}."


def with_defaults(settings: Any) -> Any:
    """The settings, of the same type, with the named discriminator's values where none is given."""
    named = NAMED[settings.discriminator]
    missing = {name: value for name, value in named.items() if getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing)


def with_discriminator(settings: Any, name: str) -> Any:
    """The settings, of the same type, with the discriminator of this name and its own values."""
    own = dict.fromkeys(_NAMES) | {"discriminator": name}
    return with_defaults(dataclasses.replace(settings, **own))


def check_discriminator(settings: Any) -> None:
    """Raises `UsageError` for a setting that the named discriminator does not use."""
    if settings.discriminator not in ("paper", "small") and settings.mixed_precision != "none":
        raise UsageError(
            f"--mixed-precision is for --discriminator paper or small, and --discriminator is "
            f"{settings.discriminator}. Leave it out."
        )
    for name in _NAMES:
        if name not in NAMED[settings.discriminator] and getattr(settings, name) is not None:
            kinds = " or ".join(kind for kind, defaults in NAMED.items() if name in defaults)
            raise UsageError(
                f"{flag(name)} is for --discriminator {kinds}, and --discriminator is "
                f"{settings.discriminator}. Leave it out."
            )
