"""The exported generator is the generator: the same draws from the same seeds."""

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from models.discriminator import Discriminator
from models.export import export_generator
from models.generator import Generator
from models.load import check_export, draw, load_generator
from models.manifest import check_manifest
from models.recurrent import CELLS
from models.state_names import STATE_NAMES
from tests.helpers import set_random_weights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """By the cell: a generator, its export with a discriminator, and that loaded."""

    @functools.cache
    def made(cell):
        generator = Generator(5, 4, 3, 3, cell=cell, end_token=1, blocked_tokens=(0, 2))
        judge = set_random_weights(Discriminator(5, 4, 3, {1: 2, 2: 2}), 2)
        folder = tmp_path_factory.mktemp("export") / "generator"
        export_generator(
            set_random_weights(generator, 1), folder, {"level": "id", "size": 5}, judge
        )
        return generator, folder, tf.saved_model.load(str(folder))

    return made


@pytest.mark.parametrize("temperature", [1.0, 0.5])
@pytest.mark.parametrize("cell", CELLS)
def test_it_draws_what_the_generator_draws(exports, cell, temperature):
    generator, _, loaded = exports(cell)
    drawn = loaded.sample(tf.constant(2000), tf.constant([3, 4]), tf.constant(temperature))
    assert drawn.dtype == tf.int32
    np.testing.assert_array_equal(drawn, generator.sample(2000, (3, 4), temperature))


DRAW = {
    "seed": [3, 4],
    "temperature": 0.7,
    "top_k": 2,
    "top_p": 0.9,
    "candidates": 3,
    "candidate_temperature": 0.5,
    "guidance": 0.0,
}


def given(loaded, name, **values):
    """The values as tensors of the types that a signature names."""
    _, specs = loaded.signatures[name].structured_input_signature
    assert specs.keys() == values.keys()
    return {key: tf.constant(value, specs[key].dtype) for key, value in values.items()}


@pytest.mark.parametrize("cell", CELLS)
def test_signatures_are_the_functions_with_named_outputs(exports, cell):
    generator, _, loaded = exports(cell)
    assert set(loaded.signatures) == {"serving_default", "sample", "complete", "log_prob", "step"}
    for name in ("sample", "serving_default"):
        drawn = loaded.signatures[name](**given(loaded, name, num=6, **DRAW))
        assert drawn.keys() == {"tokens"}
        np.testing.assert_array_equal(drawn["tokens"], loaded.sample(6, *DRAW.values()))
    prefixes = {"prefixes": [[3, 4], [4, 0]], "lengths": [2, 1]}
    drawn = loaded.signatures["complete"](**given(loaded, "complete", **prefixes, **DRAW))
    assert drawn["tokens"].numpy()[:, 0].tolist() == [3, 4] and drawn["tokens"][0, 1] == 4
    expected = loaded.complete(*prefixes.values(), *DRAW.values())
    np.testing.assert_array_equal(drawn["tokens"], expected)

    tokens = [[3, 4, 1, 0], [4, 2, 3, 3]]
    scored = loaded.signatures["log_prob"](**given(loaded, "log_prob", tokens=tokens))
    np.testing.assert_allclose(scored["log_prob"], generator.log_prob(tokens), atol=1e-6)
    assert scored["num_tokens"].numpy().tolist() == [3, 3]

    states = dict(zip(STATE_NAMES, generator.initial_states(2), strict=False))
    stepped = loaded.signatures["step"](token=tf.constant([0, 3]), **states)
    assert stepped.keys() == {"logits", *states}
    logits, *after = loaded.step(tf.constant([0, 3]), *states.values())
    for one, other in zip(after, (stepped[name] for name in states), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(stepped["logits"], logits)


def test_the_signature_names_its_defaults(exports):
    _, folder, _ = exports("lstm")
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    signatures = model.meta_graphs[0].signature_def
    for name in ("serving_default", "sample", "complete"):
        defaults = {k: tf.make_ndarray(v).item() for k, v in signatures[name].defaults.items()}
        assert defaults == {
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
            "candidates": 1,
            "candidate_temperature": 0.0,
            "guidance": 0.0,
        }


def test_a_keras_layer_of_the_export(exports):
    _, folder, loaded = exports("lstm")
    layer = keras.layers.TFSMLayer(folder, call_endpoint="log_prob")
    scored, counted = layer(tf.constant([[3, 4, 1, 0]]))
    expected = loaded.log_prob([[3, 4, 1, 0]])
    assert (scored, counted) == (expected[0], expected[1])


# TensorFlow's own interpreter, so that the tests need no other package.
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_a_step_converts_to_litert_with_builtin_operations(exports):
    for cell in CELLS:
        generator, _, loaded = exports(cell)
        step, weights = loaded.signatures["step"], tf.Module()
        weights.of_step = step.variables
        converter = tf.lite.TFLiteConverter.from_concrete_functions([step], weights)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        interpreter = tf.lite.Interpreter(model_content=converter.convert())
        step = interpreter.get_signature_runner()
        tokens = generator.sample(1, (1, 2)).numpy()
        states = dict(zip(STATE_NAMES, generator.initial_states(1), strict=False))
        read, logits = np.int32([generator.start_token]), []
        for t in range(4):
            states = step(token=read, **states)
            logits.append(states.pop("logits")[0])
            read = tokens[:, t]
        np.testing.assert_allclose(logits, generator(tokens)[0], atol=1e-5)


def test_saved_model_cli_runs_it(exports, tmp_path):
    _, folder, loaded = exports("lstm")
    values = "num=5;seed=[3,4];temperature=0.7;top_k=2;top_p=0.9;candidates=3;"
    values += "candidate_temperature=0.5;guidance=0.0"
    command = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run"]
    command += ["--dir", str(folder), "--tag_set", "serve", "--signature_def", "sample"]
    command += ["--input_exprs", values, "--outdir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    drawn = np.load(tmp_path / "tokens.npy")
    np.testing.assert_array_equal(drawn, loaded.sample(5, *DRAW.values()))


def test_the_vocabulary_goes_along_and_an_old_export_is_replaced_whole(exports, tmp_path):
    generator, *_ = exports("lstm")
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
    facts = {"max_length": 4, "start_token": 0, "end_token": 1, "pad_token": 0}
    facts |= {"blocked_tokens": [0, 2]}
    written = json.loads(Path(asset).read_text(encoding="utf-8"))
    assert written == {**vocabulary, "generator": facts}


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
def test_the_graph_refuses_what_it_cannot_draw(exports, num, temperature, said):
    *_, exported = exports("lstm")
    given = {
        "num": tf.constant(num),
        "seed": tf.constant([1, 2]),
        "temperature": tf.constant(temperature),
    }
    defaults = {
        "top_k": tf.constant(0),
        "top_p": tf.constant(1.0),
        "candidates": tf.constant(1),
        "candidate_temperature": tf.constant(0.0),
        "guidance": tf.constant(0.0),
    }
    for sample in (exported.sample, exported.signatures["sample"]):
        given |= defaults if sample is not exported.sample else {}
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            sample(**given)


@pytest.mark.parametrize("temperature", [1e-30, 1e30])
def test_the_outermost_temperatures_draw_no_blocked_token(exports, temperature):
    *_, exported = exports("lstm")
    drawn = exported.sample(tf.constant(200), tf.constant([1, 2]), tf.constant(temperature)).numpy()
    assert drawn.shape == (200, 4)
    assert not (drawn == 2).any() and set(drawn[:, 0]) <= {1, 3, 4}
    assert len(np.unique(drawn, axis=0)) == 1 if temperature < 1 else set(drawn[:, 0]) == {1, 3, 4}


@pytest.fixture(scope="module")
def without_reserved_tokens():
    return set_random_weights(Generator(5, 4, 3, 3), 1)


@pytest.mark.parametrize("name", ["a[1]", "a*b?\\c '\"山", "a\udcff"], ids=ascii)
def test_an_export_is_written_and_loaded_in_any_folder(
    without_reserved_tokens, tmp_path_factory, name
):
    folder = tmp_path_factory.mktemp("any") / name
    generator = without_reserved_tokens
    export_generator(generator, folder, {"task": "oracle", "level": "id", "size": 5})
    assert list(folder.parent.iterdir()) == [folder]
    for export in (folder, shutil.copytree(folder, folder.parent / f"more{name}" / "generator")):
        assert check_export(export)["size"] == 5
        drawn = draw(load_generator(export), export, 5, 20, 3, 0.5)
        np.testing.assert_array_equal(drawn, generator.sample(20, (3, 0), 0.5))
