"""Files of runs and exports that were once read wrongly: a traceback, a hang, a value of no sense."""

import json
import os
import shutil
import sys

import numpy as np
import pytest

import sample
from data.line_codec import LineCodec
from data.vocabulary import RESERVED
from files.errors import DataError, UsageError
from models import load
from models.manifest import PLACE, write_manifest
from tests.fuzz.readers import imitation
from training.discriminators import with_defaults
from training.flags import parse
from training.presets import ORACLE_PRESETS
from training.stored_settings import load_settings, settings_to_json
from training.task_settings import OracleSettings

# config.json


def refused_settings(folder, **changes):
    """The message for stored settings with some changed."""
    settings = settings_to_json(ORACLE_PRESETS["quick"]) | changes
    (folder / "config.json").write_text(json.dumps({"settings": settings}))
    with pytest.raises(UsageError) as caught:
        parse(ORACLE_PRESETS, ["--resume", "--out", str(folder)])
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and len(message) < 800
    return message


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"seed": "1"}, "--seed is '1'"),
        ({"seed": 1.5}, "--seed is 1.5"),
        ({"seed": True}, "--seed is True"),
        ({"seed": None}, "--seed is NoneType"),
        ({"rounds": [5]}, "--rounds is list"),
        ({"algorithm": "magic"}, "--algorithm is 'magic'"),
        ({"algorithm": ["mle"]}, "--algorithm is list"),
        ({"oracle": 5}, "--oracle is 5"),
        ({"oracle_file": 5}, "--oracle_file is 5"),
        ({"oracle": "9" * 5000}, "--oracle is '999"),
        ({"temperatures": ["1"]}, "--temperatures is '1'"),
        ({"temperatures": 1.0}, "--temperatures is 1.0"),
        ({"clip_norm": 10**400}, "int too large"),
        ({"batch_size": -64}, "--batch-size is -64, expected a number from 1 to"),
        ({"preset": "hasty"}, "there is no preset 'hasty'"),
        ({"__class__": 3}, "there is no setting '__class__'"),
        ({"more": None}, "there is no setting 'more'"),
    ],
)
def test_stored_settings_of_another_type_are_refused(tmp_path, changes, said):
    message = refused_settings(tmp_path, **changes)
    assert said.replace("_file", "-file") in message and "cannot be read as" in message


@pytest.mark.parametrize(
    "content, said",
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"settings": {"clip_norm": 1e999}}', "--clip-norm is inf"),
        (b'{"settings": {"clip_norm": NaN}}', "NaN is not a JSON number"),
        (b'{"settings": {"seed": ' + b"1" * 5000 + b"}}", "is not valid JSON"),
        (b'{"settings": ' + b"[" * 400 + b"]" * 400 + b"}", "cannot be read as"),
        (b'{"settings": {"seed": ' + b"[" * 900 + b"]" * 900 + b"}}", "--seed is list"),
        (b" " * (2 << 20), "has more than 1,048,576 bytes"),
    ],
)
def test_a_hostile_config_is_refused(tmp_path, content, said):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        load_settings(tmp_path / "config.json", OracleSettings)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_config_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(UsageError, match="is not a regular file"):
        load_settings(tmp_path / "config.json", OracleSettings)


def test_what_does_not_belong_to_a_run_is_left_out(tmp_path):
    settings = settings_to_json(ORACLE_PRESETS["quick"]) | {"out": 3, "resume": "x"}
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings}))
    loaded = load_settings(tmp_path / "config.json", OracleSettings)
    assert loaded == with_defaults(ORACLE_PRESETS["quick"])


def test_a_whole_number_stands_for_a_rate(tmp_path):
    settings = settings_to_json(ORACLE_PRESETS["quick"]) | {"clip_norm": 5}
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings}))
    loaded = load_settings(tmp_path / "config.json", OracleSettings)
    assert loaded == with_defaults(ORACLE_PRESETS["quick"]) and type(loaded.clip_norm) is float


# Exported generators


@pytest.fixture
def export(tmp_path):
    return shutil.copytree(imitation(), tmp_path / "run" / "generator")


def write_vocabulary(export, content):
    path = export / "assets" / "vocabulary.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    write_manifest(export)


def refusal(call):
    with pytest.raises((DataError, UsageError)) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and len(message) < 800
    return message


def test_an_export_is_checked_before_tensorflow_is_imported(export, monkeypatch):
    monkeypatch.setattr(load, "load_generator", lambda _: pytest.fail("it was loaded"))
    with open(export / "variables" / "variables.index", "ab") as file:
        file.write(b"\0")
    message = refusal(lambda: sample.main([str(export.parent)]))
    assert f"{export} is damaged: its file 'variables/variables.index' was altered" in message


def test_an_export_without_a_manifest_is_warned_of(export, capsys):
    vocabulary = load.check_export(export)
    assert vocabulary["size"] == 7 and capsys.readouterr().err == ""
    (export / PLACE).unlink()
    assert load.check_export(export) == vocabulary
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1 and f"warning: {export} is from an older version" in warning


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"[]", "is not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (17 << 20), "has more than 16,777,216 bytes"),
        ({"level": "id"}, "has no valid size, task or level"),
        ({"level": "id", "task": "oracle", "size": "5"}, "has no valid size, task or level"),
        ({"level": "id", "task": "oracle", "size": True}, "has no valid size, task or level"),
        ({"level": "key", "task": ["music"], "size": 89}, "has no valid size, task or level"),
        ({"level": "key", "task": "music", "size": 2**31}, "has no valid size, task or level"),
        ({"level": ["id"], "task": "oracle", "size": 5}, "has no valid size, task or level"),
        ({"task": "text", "level": "word", "size": 5}, "None as 'tokens'"),
    ],
)
def test_what_is_no_vocabulary_is_refused(export, content, said):
    write_vocabulary(export, content)
    assert said in refusal(lambda: LineCodec(load.check_export(export)))


class Generator:
    """Gives what it was made with."""

    def __init__(self, given):
        self.given = given

    def sample(self, num, seed, temperature):
        if isinstance(self.given, Exception):
            raise self.given
        return self

    def numpy(self):
        return self.given


@pytest.mark.parametrize(
    "given, said",
    [
        (np.array([[0, 7], [1, 2]], np.int32), "no ids below 7"),
        (np.array([[0, -1], [1, 2]], np.int32), "no ids below 7"),
        (np.array([[0, 1]], np.int32), "no ids below 7"),
        (np.array([0, 1], np.int32), "no ids below 7"),
        (np.array([[0, 1], [1, 2]], np.int64), "no ids below 7"),
        (np.array([["a"], ["b"]]), "no ids below 7"),
        (None, "cannot be drawn from (AttributeError"),
        (ValueError("two\nlines"), "cannot be drawn from (ValueError: two lines)"),
        (MemoryError(), "not enough memory for 2 sequences at once"),
    ],
)
def test_what_a_damaged_generator_gives_is_refused(export, given, said):
    assert said in refusal(lambda: load.draw(Generator(given), export, 7, 2, 1, 1.0))


def test_sound_sequences_are_given(export):
    given = np.array([[3, 6], [1, 0]], np.int32)
    assert load.draw(Generator(given), export, 7, 2, 1, 1.0) is given


@pytest.mark.parametrize("keys", [[[0, 40]], [[40, 89]]])
def test_tunes_of_other_keys_are_not_begun(tmp_path, keys):
    message = refusal(lambda: sample.write_tunes(iter([np.array(keys)]), tmp_path / "midi"))
    assert "expected 1 to 88" in message
    assert not (tmp_path / "midi").exists()


def test_midi_of_what_is_no_music_is_refused_before_it_is_loaded(export, tmp_path, monkeypatch):
    monkeypatch.setattr(load, "load_generator", lambda _: pytest.fail("it was loaded"))
    write_vocabulary(export, {"task": "\x1b[2J", "level": "id", "size": 7})
    message = refusal(lambda: sample.main([str(export), "--midi", str(tmp_path / "midi")]))
    assert "this is one of '\\x1b[2J'" in message


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_given_no_commands(export, monkeypatch, capsys, terminal):
    tokens = [*RESERVED, "\x1b[2J", "\x9b", "\t", "a"]
    write_vocabulary(export, {"task": "text", "level": "char", "size": 7, "tokens": tokens})
    given = Generator(np.array([[3, 4, 5, 6]], np.int32))
    monkeypatch.setattr(load, "load_generator", lambda _: given)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    sample.main([str(export), "--num", "1"])
    printed = capsys.readouterr().out
    assert printed == ("\ufffd[2J\ufffd\ta\n" if terminal else "\x1b[2J\x9b\ta\n")


def test_what_tensorflow_cannot_load_is_refused(export):
    message = refusal(lambda: load.load_generator(export))
    assert f"{export} is damaged and cannot be loaded" in message
