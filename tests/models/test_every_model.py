"""What every model must do: count its weights, keep its settings, save, load and learn."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.discriminator import Discriminator
from models.generator import Generator
from models.highway import Highway
from models.oracle import Oracle
from models.prefix_discriminator import PrefixDiscriminator
from models.recurrent_discriminator import RecurrentDiscriminator
from models.rollout import Rollout
from models.small_discriminator import SmallDiscriminator
from models.small_prefix_discriminator import SmallPrefixDiscriminator
from models.value import ValueNetwork
from tests.helpers import REPOSITORY, check_gradients, set_random_weights

V, T, E, H = 6, 5, 4, 3


def recurrent_weights(cell, vocab_size, embedding_dim, hidden_dim):
    square = embedding_dim * hidden_dim + hidden_dim**2
    gates = {"lstm": 4 * (square + hidden_dim), "gru": 3 * (square + 2 * hidden_dim)}[cell]
    return vocab_size * embedding_dim + gates + hidden_dim * vocab_size + vocab_size


def discriminator_weights(vocab_size, embedding_dim, kernels):
    features = sum(kernels.values())
    convolutions = sum(width * embedding_dim * n + n for width, n in kernels.items())
    highway = 2 * (features**2 + features)
    return vocab_size * embedding_dim + convolutions + highway + features + 1


def small_weights(vocab_size, embedding_dim, kernels):
    convolutions = sum(width * embedding_dim * n + n for width, n in kernels.items())
    return vocab_size * embedding_dim + convolutions + sum(kernels.values()) + 1


def make_models():
    """By name: the model, the length of its input and its number of trainable weights."""
    kernels = {1: 3, 2: 2, 4: 2}
    highway = keras.Sequential([keras.Input([7]), Highway()])
    return {
        "generator_lstm": (
            Generator(V, T, E, H, "lstm", start_token=2),
            T,
            recurrent_weights("lstm", V, E, H),
        ),
        "generator_gru": (Generator(V, T, E, H, "gru"), T, recurrent_weights("gru", V, E, H)),
        "generator_attention": (
            Generator(V, T, E, H, "lstm-attention"),
            T,
            recurrent_weights("lstm", V, E, H) + 2 * H * H,
        ),
        "oracle": (Oracle.from_seed(3, V, T, embedding_dim=E, hidden_dim=H), T, 0),
        "rollout": (
            Rollout(Generator(V, T, E, H), chunk_rows=9),
            T,
            recurrent_weights("lstm", V, E, H),
        ),
        "discriminator": (
            Discriminator(V, T, E, kernels, dropout=0.4, l2=0.3),
            T,
            discriminator_weights(V, E, kernels),
        ),
        # The paper's tables: sum of filters * width is 12,500 and 13,300; 1,720 features.
        "discriminator_20": (Discriminator(V, 20), 20, V * 64 + 801_720 + 5_920_240 + 1721),
        "discriminator_32": (Discriminator(V, 32), 32, V * 64 + 852_920 + 5_920_240 + 1721),
        "discriminator_small": (
            SmallDiscriminator(V, T, E, kernels, dropout=0.4, embedding_dropout=0.1),
            T,
            small_weights(V, E, kernels),
        ),
        # Sum of filters * width is 1,216; 448 features.
        "discriminator_small_20": (SmallDiscriminator(V, 20), 20, V * 64 + 77_824 + 448 + 449),
        "discriminator_recurrent": (
            RecurrentDiscriminator(V, T, E, H, dropout=0.4, embedding_dropout=0.1),
            T,
            V * E + 2 * 4 * (E * H + H**2 + H) + 2 * H + 1,
        ),
        "discriminator_prefix": (
            PrefixDiscriminator(V, T, E, H, dropout=0.4, embedding_dropout=0.1),
            T,
            V * E + 4 * (E * H + H**2 + H) + H + 1,
        ),
        "discriminator_small_prefix": (
            SmallPrefixDiscriminator(V, T, E, kernels, dropout=0.4, embedding_dropout=0.1),
            T,
            small_weights(V, E, kernels),
        ),
        "highway": (highway, None, 2 * (7 * 7 + 7)),
        "value": (
            ValueNetwork(V, T, E, H, seed=4),
            T,
            V * E + 4 * (E * H + H**2 + H) + H + 1,
        ),
    }


NAMES = [
    *("generator_lstm", "generator_gru", "generator_attention", "oracle", "rollout", "highway"),
    *("discriminator", "discriminator_20", "discriminator_32"),
    *("discriminator_small", "discriminator_small_20", "value"),
    *("discriminator_recurrent", "discriminator_prefix", "discriminator_small_prefix"),
]


def input_of(length):
    random = np.random.default_rng(5)
    if length is None:
        return tf.constant(random.standard_normal([9, 7]), tf.float32)
    return tf.constant(random.integers(0, V, [9, length]), tf.int32)


@pytest.fixture(scope="module")
def models():
    made = make_models()
    for seed, (model, *_) in enumerate(made.values()):
        # Small enough for every sigmoid to keep a slope, and different from any initial weights.
        set_random_weights(model, seed, 0.3 if model.count_params() < 1000 else 0.05)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_number_of_trainable_weights(models, name):
    model, _, expected = models[name]
    assert sum(int(np.prod(w.shape)) for w in model.trainable_variables) == expected


def test_the_oracle_has_the_weights_of_a_generator(models):
    assert models["oracle"][0].count_params() == recurrent_weights("lstm", V, E, H)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "highway"])
def test_config_round_trip(models, name):
    model, length, _ = models[name]
    config = json.loads(json.dumps(model.get_config()))  # what a file keeps of it
    copy = type(model).from_config(config)
    assert json.loads(json.dumps(copy.get_config())) == config
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
    copy.set_weights(model.get_weights())
    tokens = input_of(length)
    np.testing.assert_array_equal(copy(tokens), model(tokens))


def test_config_holds_every_argument(models):
    generator = models["generator_lstm"][0].get_config()
    expected = {"vocab_size": V, "max_length": T, "embedding_dim": E, "hidden_dim": H}
    expected |= {"cell": "lstm", "start_token": 2, "initializer_stddev": 0.1}
    assert {name: generator[name] for name in expected} == expected
    discriminator = models["discriminator"][0].get_config()
    expected = {"vocab_size": V, "max_length": T, "embedding_dim": E}
    expected |= {"kernels": {1: 3, 2: 2, 4: 2}, "dropout": 0.4, "l2": 0.3}
    assert {name: discriminator[name] for name in expected} == expected
    small = models["discriminator_small"][0].get_config()
    expected = {"vocab_size": V, "max_length": T, "embedding_dim": E}
    expected |= {"kernels": {1: 3, 2: 2, 4: 2}, "dropout": 0.4, "embedding_dropout": 0.1}
    assert {name: small[name] for name in expected} == expected
    assert models["rollout"][0].get_config()["chunk_rows"] == 9


LOAD_AND_CALL = """
import sys
from pathlib import Path

import keras
import numpy as np

import models.discriminator, models.highway, models.oracle, models.rollout
import models.prefix_discriminator, models.recurrent_discriminator
import models.small_discriminator, models.small_prefix_discriminator, models.value

folder = Path(sys.argv[1])
for path in folder.glob("*.keras"):
    model = keras.models.load_model(path)
    output = model(np.load(path.with_suffix(".input.npy")))
    np.save(path.with_suffix(".output.npy"), output)
    print(path.stem, type(model).__name__, model.trainable)
"""


@pytest.fixture(scope="module")
def loaded(models, tmp_path_factory):
    """All models saved here and loaded in one fresh process: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("saved")
    for name, (model, length, _) in models.items():
        model.save(folder / f"{name}.keras")
        np.save(folder / f"{name}.input.npy", input_of(length))
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_CALL, str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder, sorted(done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_process_loads_the_same_model(models, loaded, name):
    model, length, _ = models[name]
    output = np.load(loaded[0] / f"{name}.output.npy")
    np.testing.assert_allclose(output, model(input_of(length)), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_fresh_process_loads_the_same_classes(loaded):
    assert loaded[1] == [
        "discriminator Discriminator True",
        "discriminator_20 Discriminator True",
        "discriminator_32 Discriminator True",
        "discriminator_prefix PrefixDiscriminator True",
        "discriminator_recurrent RecurrentDiscriminator True",
        "discriminator_small SmallDiscriminator True",
        "discriminator_small_20 SmallDiscriminator True",
        "discriminator_small_prefix SmallPrefixDiscriminator True",
        "generator_attention Generator True",
        "generator_gru Generator True",
        "generator_lstm Generator True",
        "highway Sequential True",
        "oracle Oracle False",
        "rollout Rollout True",
        "value ValueNetwork True",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("generator_lstm", "generator_gru", "discriminator", "discriminator_small"),
        *("highway", "value", "discriminator_recurrent", "discriminator_prefix"),
    ],
)
def test_every_weight_gets_a_gradient(name):
    model, length, _ = make_models()[name]
    check_gradients(set_random_weights(model, 1, 0.5), input_of(length))


def test_nothing_is_learnt_by_the_oracle():
    oracle = Oracle.from_seed(3, V, T)
    assert oracle.trainable_variables == []
    assert len(oracle.weights) == 6


def test_weights_are_there_before_the_first_call():
    assert len(Generator(V, T, E, H).weights) == 6
    assert len(Discriminator(V, T, E, {1: 2}).weights) == 9
