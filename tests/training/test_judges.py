"""The discriminator of a run: its kind, and which setting is which argument of the model."""

import pytest

from models.discriminator import Discriminator
from models.prefix_discriminator import PrefixDiscriminator
from models.recurrent_discriminator import RecurrentDiscriminator
from models.small_discriminator import SmallDiscriminator
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from training.discriminators import NAMED
from training.judges import make_discriminator, name_of
from training.settings import Settings

V, T = 9, 6
KINDS = {
    "paper": Discriminator,
    "small": SmallDiscriminator,
    "recurrent": RecurrentDiscriminator,
    "prefix": PrefixDiscriminator,
    "small-prefix": SmallPrefixDiscriminator,
}
# Another value for each setting that some discriminator has, by the model's attribute.
OTHERS = {
    "dropout": ("discriminator_dropout", 0.3),
    "embedding_dropout": ("discriminator_embedding_dropout", 0.15),
    "hidden_dim": ("discriminator_hidden_dim", 7),
    "l2": ("discriminator_l2", 0.6),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("given", [False, True])
def test_settings_are_arguments_of_the_model(name, given):
    own = {a: (s, x) for a, (s, x) in OTHERS.items() if s in NAMED[name]}
    changes = dict(own.values()) if given else {}
    settings = Settings(discriminator=name, discriminator_embedding_dim=5, **changes)
    model = make_discriminator(V, T, settings)
    assert type(model) is KINDS[name] and name_of(model) == name
    assert (model.vocab_size, model.max_length, model.embedding_dim) == (V, T, 5)
    assert model.compute_dtype == "float32"
    config = model.get_config()
    for argument, (setting, other) in own.items():
        assert config[argument] == (other if given else NAMED[name][setting])
    assert len(own) == (2 if name in ("paper", "small", "small-prefix") else 3)
