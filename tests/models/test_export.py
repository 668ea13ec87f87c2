"""The exported generator is the generator: the same draws from the same seeds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.export import export_generator
from models.generator import Generator
from models.load import check_export, draw, load_generator
from models.manifest import check_manifest
from tests.helpers import set_random_weights

pytestmark = pytest.mark.slow


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
    assert check_manifest(folder)
    moved = folder.rename(tmp_path / "moved")  # an export may be copied elsewhere
    assert check_manifest(moved)
    asset = tf.saved_model.load(str(moved)).vocabulary.asset_path.numpy().decode()
    assert json.loads(Path(asset).read_text(encoding="utf-8")) == vocabulary


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "generator"
    generator = set_random_weights(Generator(5, 4, 3, 3, end_token=1, blocked_tokens=(0, 2)), 1)
    export_generator(generator, folder, {"level": "id", "size": 5})
    return tf.saved_model.load(str(folder))


NO_NUM = r"`num` is %s, expected a whole number of at least 1; give 1 or more\."
NO_TEMPERATURE = r"`temperature` is %s, expected a number above 0 and at most 1e\+30; 1 draws "


@pytest.mark.parametrize(
    "num, temperature, said",
    [
        (0, 1.0, NO_NUM % 0),
        (-1, 1.0, NO_NUM % -1),
        (2, 0.0, NO_TEMPERATURE % 0),
        (2, -0.5, NO_TEMPERATURE % r"-0\.5"),
        (2, float("nan"), NO_TEMPERATURE % "nan"),
        (2, float("inf"), NO_TEMPERATURE % "inf"),
        (2, 1e31, NO_TEMPERATURE % r"1e\+31"),
    ],
)
def test_the_graph_refuses_what_it_cannot_draw(exported, num, temperature, said):
    given = {
        "num": tf.constant(num),
        "seed": tf.constant([1, 2]),
        "temperature": tf.constant(temperature),
    }
    for sample in (exported.sample, exported.signatures["sample"]):
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            sample(**given)


@pytest.mark.parametrize("temperature", [1e-30, 1e30])
def test_the_outermost_temperatures_draw_no_blocked_token(exported, temperature):
    drawn = exported.sample(tf.constant(200), tf.constant([1, 2]), tf.constant(temperature)).numpy()
    assert drawn.shape == (200, 4)
    assert not (drawn == 2).any() and set(drawn[:, 0]) <= {1, 3, 4}
    assert len(np.unique(drawn, axis=0)) == 1 if temperature < 1 else set(drawn[:, 0]) == {1, 3, 4}


@pytest.mark.parametrize("name", ["a[1]", "a*b?", "a\\b", "a b'\"山", "a\udcff"], ids=ascii)
def test_an_export_is_written_and_loaded_in_any_folder(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("any") / name
    generator = set_random_weights(Generator(5, 4, 3, 3), 1)
    export_generator(generator, folder, {"task": "oracle", "level": "id", "size": 5})
    assert list(folder.parent.iterdir()) == [folder]
    for export in (folder, shutil.copytree(folder, folder.parent / f"more{name}" / "generator")):
        assert check_export(export)["size"] == 5
        drawn = draw(load_generator(export), export, 5, 20, 3, 0.5)
        np.testing.assert_array_equal(drawn, generator.sample(20, (3, 0), 0.5))
