"""The list of an export's files: damage is found without TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.manifest import PLACE, check_manifest, write_manifest
from tests.helpers import REPOSITORY


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
        ("variables/more", Path.touch, "a file 'variables/more', which does not belong to it"),
        ("saved_model.cpb", Path.touch, "a file 'saved_model.cpb', which does not belong to it"),
        ("pipe", os.mkfifo, "'pipe' is not a regular file"),
        ("endless", lambda path: path.symlink_to("/dev/zero"), "'endless' is not a regular file"),
        (PLACE, damage(b"{"), "is not a list of its files"),
        (PLACE, damage(b"[]"), "is not a list of its files"),
        (PLACE, damage(b'{"saved_model.pb": 3}'), "is not a list of its files"),
        (PLACE, damage(b'{"saved_model.pb": {"bytes": 3}}'), "is not a list of its files"),
        (PLACE, damage(b"[" * 100_000), "is not a list of its files"),
        (PLACE, damage(b" " * (1 << 21)), "is not a list of its files"),
        (PLACE, damage(b"\xff"), "is not a list of its files"),
        (PLACE, damage(b"{}"), "a file 'assets/vocabulary.json', which does not belong to it"),
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
    with pytest.raises(ValueError, match=r"'fingerprint\.pb' is not a regular file"):
        check_manifest(export)


def test_a_folder_of_many_files_is_not_looked_through(export):
    for number in range(1001):
        (export / f".{number}").touch()
    with pytest.raises(ValueError, match="more than 1,000 files"):
        check_manifest(export)


@pytest.mark.parametrize("module", ["models", "models.manifest", "models.load"])
def test_checking_an_export_needs_no_tensorflow(module):
    code = f"import sys, {module}; print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
