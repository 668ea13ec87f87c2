"""Paths with characters of patterns, given to TensorFlow: it reads and writes the very place."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from files.errors import UsageError
from files.plain_path import is_plain, plain_path

PATTERNS = ["a[1]", "a[!x]", "a[b", "a]", "a*b", "a?b", "a\\b", "ab\\", "山[水]"]
PLAIN = ["a b", "a'b\"c", "山水", "a{b,c}", "~a", "-a", "a%20b", "a:b", "a\nb"]
NOT_UTF8 = os.fsdecode(b"a\xffb")


@pytest.fixture
def base(tmp_path_factory):
    """A plain folder: pytest names others after the test's parameters."""
    return tmp_path_factory.mktemp("base")


def make_folder(base: Path, name: str) -> Path:
    folder = base / name
    try:
        folder.mkdir()
    except OSError:  # some file systems take names in UTF-8 only
        pytest.skip("this file system refuses the name")
    return folder


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_path_stays_what_it_is(base, name):
    with plain_path(base / name) as plain:
        assert plain == base / name


@pytest.mark.parametrize("name", [*PATTERNS, NOT_UTF8], ids=ascii)
def test_another_path_to_the_same_place_while_the_context_lasts(base, name):
    folder = make_folder(base, name)
    (folder / "file").write_text("x")
    with plain_path(folder / "file") as file, plain_path(folder) as other:
        assert is_plain(str(file)) and is_plain(str(other))
        assert file.samefile(folder / "file") and other.samefile(folder)
        (other / "more").write_text("y")
    assert not os.path.lexists(file) and not file.parent.parent.joinpath("link").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["file", "more"]


def test_a_relative_path_and_a_name_that_is_no_file_yet(base, monkeypatch):
    folder = make_folder(base, "a[1]")
    monkeypatch.chdir(folder)
    with plain_path(Path("new")) as plain:
        assert plain == Path("new")  # TensorFlow sees no more than the name
    with plain_path(Path("../a[1]/new")) as plain:
        plain.mkdir()
    assert (folder / "new").is_dir()


@pytest.mark.parametrize("name", [*PATTERNS, *PLAIN, NOT_UTF8], ids=ascii)
def test_a_checkpoint_is_written_and_read(base, name):
    prefix = make_folder(base, name) / "variables"
    with plain_path(prefix) as plain:
        tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(str(plain))
    names = sorted(path.name for path in prefix.parent.iterdir())
    assert names == ["variables.data-00000-of-00001", "variables.index"]
    variable = tf.Variable([0.0, 0.0])
    with plain_path(prefix) as plain:
        tf.train.Checkpoint(v=variable).read(str(plain)).assert_consumed()
        reader = tf.train.load_checkpoint(str(plain))
        stored = reader.get_tensor("v/.ATTRIBUTES/VARIABLE_VALUE")
    assert variable.numpy().tolist() == stored.tolist() == [1.0, 2.0]


def test_the_checkpoint_of_another_folder_that_matches_is_not_read(base):
    for name, value in (("a*", 1.0), ("ab", 2.0), ("a[b]", 3.0)):
        with plain_path(make_folder(base, name) / "variables") as plain:
            tf.train.Checkpoint(v=tf.Variable(value)).write(str(plain))
    for name, value in (("a*", 1.0), ("ab", 2.0), ("a[b]", 3.0)):
        variable = tf.Variable(0.0)
        with plain_path(base / name / "variables") as plain:
            tf.train.Checkpoint(v=variable).read(str(plain)).assert_consumed()
        assert variable.numpy() == value


@pytest.mark.parametrize("name", [*PATTERNS, NOT_UTF8], ids=ascii)
def test_events_of_tensorboard_are_written(base, name):
    folder = make_folder(base, name)
    with plain_path(folder / "events") as plain:
        writer = tf.summary.create_file_writer(str(plain))
        with writer.as_default():
            tf.summary.scalar("loss", 1.0, step=0)
        writer.close()
    assert len(list((folder / "events").iterdir())) == 1


def test_a_temporary_folder_that_does_not_help_is_named(base, monkeypatch):
    temporary = make_folder(base, "tmp[1]")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with (
        pytest.raises(UsageError, match=r"tmp\[1\].*Set TMPDIR"),
        plain_path(base / "a[1]"),
    ):
        pass
    assert not list(temporary.iterdir())
    with plain_path(base / "a") as plain:
        assert plain == base / "a"


def test_links_that_cannot_be_made_are_reported(base, monkeypatch):
    def refuse(self, target):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with (
        pytest.raises(UsageError, match=r"a\[1\] .*Function not implemented.*Rename"),
        plain_path(base / "a[1]"),
    ):
        pass
