"""The generator of a run: which setting is which argument of the model."""

from training.generators import make_generator
from training.settings import Settings


def test_settings_are_arguments_of_the_model():
    sizes = {"embedding_dim": 3, "hidden_dim": 5, "cell": "gru", "dropout": 0.4}
    special = {"end_token": 1, "pad_token": 0, "blocked_tokens": (0, 2)}
    config = make_generator(9, 6, Settings(**sizes), special).get_config()
    expected = {"vocab_size": 9, "max_length": 6, **sizes, **special}
    assert {name: config[name] for name in expected} == expected
