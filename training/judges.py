"""The discriminators' classes by the names of `--discriminator`, and how a run makes its own."""

from typing import Any

from models.discriminator import Discriminator
from models.judge import Judge
from models.prefix_discriminator import PrefixDiscriminator
from models.recurrent_discriminator import RecurrentDiscriminator
from models.small_discriminator import SmallDiscriminator
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from training.discriminators import NAMED, with_defaults
from training.settings import Settings

CLASSES: dict[str, type[Judge]] = {
    "paper": Discriminator,
    "small": SmallDiscriminator,
    "recurrent": RecurrentDiscriminator,
    "prefix": PrefixDiscriminator,
    "small-prefix": SmallPrefixDiscriminator,
}
# Settings that are arguments of the model, by the argument's name.
_ARGUMENTS = {
    "dropout": "discriminator_dropout",
    "embedding_dropout": "discriminator_embedding_dropout",
    "hidden_dim": "discriminator_hidden_dim",
    "l2": "discriminator_l2",
}


def make_discriminator(vocab_size: int, max_length: int, settings: Settings) -> Judge:
    """The discriminator that `--discriminator` names."""
    known, name = with_defaults(settings), settings.discriminator
    options: dict[str, Any] = {
        argument: getattr(known, setting)
        for argument, setting in _ARGUMENTS.items()
        if setting in NAMED[name]
    }
    options["embedding_dim"] = settings.discriminator_embedding_dim
    options["dtype"] = "float32" if settings.mixed_precision == "none" else "mixed_bfloat16"
    return CLASSES[name](vocab_size, max_length, **options)


def name_of(discriminator: Judge) -> str:
    """The name of a discriminator's kind; of a subclass, that of the class it extends."""
    names = {kind: name for name, kind in CLASSES.items()}
    return next((names[kind] for kind in type(discriminator).__mro__ if kind in names), "paper")
