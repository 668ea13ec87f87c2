"""The exported generator is the generator: the same draws from the same seeds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.export import export_generator
from models.generator import Generator
from models.manifest import PLACE, check_manifest, write_manifest


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


# The manifest, which needs no TensorFlow: the files may be any.


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    for name in ("saved_model.pb", "variables/variables.index", "assets/vocabulary.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"content of {name}".encode())
    write_manifest(folder)
    return folder


def test_a_manifest_lists_the_files_by_size_and_digest(export):
    files = json.loads((export / PLACE).read_text())
    assert list(files) == ["assets/vocabulary.json", "saved_model.pb", "variables/variables.index"]
    assert files["saved_model.pb"] == {
        "bytes": 25,
        "sha256": "1eb991f752b3b8ff353afccbf85d2bfd4ae9f98b66a6edea9bf15023771805d3",
    }
    assert check_manifest(export)
    (export / ".hidden").write_text("what a system notes of a folder")
    assert check_manifest(export)


def damage(text):
    return lambda path: path.write_bytes(text)


@pytest.mark.parametrize(
    "name, change, said",
    [
        ("saved_model.pb", damage(b"content of saved_model.pB"), "'saved_model.pb' was altered"),
        ("saved_model.pb", damage(b""), "'saved_model.pb' was altered"),
        ("saved_model.pb", Path.unlink, "no file 'saved_model.pb'"),
        ("variables/more", Path.touch, "a file 'variables/more', which is no part of it"),
        ("saved_model.cpb", Path.touch, "a file 'saved_model.cpb', which is no part of it"),
        ("pipe", os.mkfifo, "'pipe' is no regular file"),
        ("endless", lambda path: path.symlink_to("/dev/zero"), "'endless' is no regular file"),
        (PLACE, damage(b"{"), "is no list of its files"),
        (PLACE, damage(b"[]"), "is no list of its files"),
        (PLACE, damage(b'{"saved_model.pb": 3}'), "is no list of its files"),
        (PLACE, damage(b'{"saved_model.pb": {"bytes": 3}}'), "is no list of its files"),
        (PLACE, damage(b"[" * 100_000), "is no list of its files"),
        (PLACE, damage(b" " * (1 << 21)), "is no list of its files"),
        (PLACE, damage(b"\xff"), "is no list of its files"),
        (PLACE, damage(b"{}"), "a file 'assets/vocabulary.json', which is no part of it"),
        (PLACE, damage(b'{"../more": {"bytes": 0, "sha256": ""}}'), "no file '../more'"),
    ],
)
def test_damage_is_named(export, name, change, said):
    change(export / name)
    with pytest.raises(ValueError, match=said):
        check_manifest(export)


def test_an_export_of_an_older_version_has_none(export):
    (export / PLACE).unlink()
    assert not check_manifest(export)
    os.mkfifo(export / "fingerprint.pb")  # TensorFlow would wait for it
    with pytest.raises(ValueError, match=r"'fingerprint\.pb' is no regular file"):
        check_manifest(export)


def test_a_folder_of_many_files_is_not_looked_through(export):
    for number in range(1001):
        (export / f".{number}").touch()
    with pytest.raises(ValueError, match="more than 1,000 files"):
        check_manifest(export)


def test_a_manifest_needs_no_tensorflow():
    code = "import sys, models.manifest; print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
