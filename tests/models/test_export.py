"""The exported generator is the generator: the same draws from the same seeds."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.export import export_generator
from models.generator import Generator


@pytest.fixture(params=["lstm", "gru"])
def generator(request):
    made = Generator(5, 4, 3, 3, cell=request.param, end_token=1, blocked_tokens=(0, 2))
    random = np.random.default_rng(1)
    made.set_weights([random.normal(0, 1, w.shape) for w in made.weights])
    return made


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_it_draws_what_the_generator_draws(generator, tmp_path, temperature):
    export_generator(generator, tmp_path / "generator", {"level": "id", "size": 5})
    loaded = tf.saved_model.load(str(tmp_path / "generator"))
    drawn = loaded.sample(tf.constant(2000), tf.constant([3, 4]), tf.constant(temperature))
    assert drawn.dtype == tf.int32
    np.testing.assert_array_equal(drawn, generator.sample(2000, (3, 4), temperature))


def test_the_vocabulary_goes_along_and_an_old_export_is_replaced_whole(generator, tmp_path):
    folder = tmp_path / "generator"
    export_generator(generator, folder, {"size": 1})
    (folder / "left-over").write_text("old")
    vocabulary = {"size": 5, "tokens": ["<pad>", "山", "水"]}
    export_generator(generator, folder, vocabulary)
    assert [path.name for path in tmp_path.iterdir()] == ["generator"]
    assert not (folder / "left-over").exists()
    moved = folder.rename(tmp_path / "moved")  # an export may be copied elsewhere
    asset = tf.saved_model.load(str(moved)).vocabulary.asset_path.numpy().decode()
    assert json.loads(Path(asset).read_text(encoding="utf-8")) == vocabulary
