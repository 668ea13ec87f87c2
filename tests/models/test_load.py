"""Finding an export, and the one line where there is none; damage is in tests/fuzz."""

import subprocess
from pathlib import Path

import pytest

from files.errors import UsageError
from models.export import export_generator
from models.generator import Generator
from models.load import find_export
from tests.helpers import REPOSITORY, set_random_weights
from tests.scripts import command, run


def test_the_export_of_a_run_and_the_export_itself(tmp_path):
    export = tmp_path / "generator"
    export.mkdir()
    (export / "saved_model.pb").touch()
    assert find_export(tmp_path) == find_export(export) == export


@pytest.mark.parametrize(
    "made, said",
    [
        (None, "the folder does not exist. Name the folder of a complete run."),
        ("notes.txt", "expected the folder of a complete run. Name one."),
        ("config.json", "its run is not complete. Continue it with --resume."),
    ],
)
def test_why_there_is_no_export(tmp_path, made, said):
    folder = tmp_path / "run"
    if made:
        folder.mkdir()
        (folder / made).touch()
    with pytest.raises(UsageError) as caught:
        find_export(folder)
    assert str(caught.value) == f"there is no exported generator in {folder}: {said}"


def test_no_run_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no RUN is named, expected the folder of a complete run"):
        find_export(Path())


@pytest.fixture(scope="module")
def poems(tmp_path_factory):
    """An export of quatrains in a folder whose name TensorFlow would take as a pattern."""
    tokens = ["<pad>", "<end>", "<unk>", *"春雨山水"]
    folder = tmp_path_factory.mktemp("poems") / "a[1]" / "generator"
    generator = set_random_weights(Generator(7, 20, 3, 3, pad_token=0, blocked_tokens=(0, 1, 2)), 1)
    vocabulary = {"task": "poems", "level": "char", "size": 7, "tokens": tokens}
    export_generator(generator, folder, vocabulary)
    drawn = generator.sample(2, (1, 0)).numpy()
    lines = ["".join(tokens[token] for token in row) for row in drawn]
    text = "".join(
        "".join(
            f"{line[k : k + 5]}{mark}\n" for k, mark in zip((0, 5, 10, 15), "，。，。", strict=True)
        )
        + "\n"
        for line in lines
    )
    return folder.parent, text


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_poems_are_printed_in_any_encoding(poems, encoding, monkeypatch):
    folder, text = poems
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    arguments = command("sample.py", folder, "--num", 2)
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == text.encode(encoding, "backslashreplace")
    assert done.stderr.startswith(b"warning: ") and done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("closed, code", [(">&-", 2), ("2>&-", 0)])
def test_samples_where_streams_are_closed(poems, closed, code):
    folder, text = poems
    arguments = ["sh", "-c", f'exec "$@" {closed}', "sh", *command("sample.py", folder, "--num", 2)]
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True)
    assert done.returncode == code
    assert done.stdout == (b"" if code else text.encode("utf-8"))
    expected = b"error: cannot use 'standard output': Bad file descriptor. "
    assert done.stderr.startswith(expected if closed == ">&-" else b"")
    assert done.stderr.count(b"\n") == (closed == ">&-")


@pytest.mark.parametrize(
    "flags, said",
    [
        (("--num", 0), "--num is 0, expected a number from 1 to 2^31 - 1"),
        (("--temperature", "nan"), "--temperature is nan, expected a number from 1e-30 to 1e+30"),
        (("--temperature", "1e-50"), "--temperature is 1e-50, expected"),
        (("--temperature", "1e40"), "--temperature is 1e+40, expected"),
        (("--seed", 2**32), "--seed is 4294967296, expected a number from 0 to 2^31 - 1"),
    ],
)
def test_flags_that_cannot_work(tmp_path, flags, said):
    done = run("sample.py", tmp_path, *flags)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {said}")
    assert len(done.stderr.splitlines()) == 1
