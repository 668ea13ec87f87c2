"""A folder with the models of a `seqgan.SeqGAN` and all that continuing their training needs."""

import os
import shutil
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from files.errors import DataError
from files.plain_path import plain_path
from files.reading import read_json
from files.writing import write_json
from models.export import temporary_folders

_CONFIG = "seqgan.json"
_MODELS = ("generator", "discriminator")
_EXPECTED = "expected the folder that SeqGAN.save has written"

# Patterns of the files that a folder of `save`, or an export, holds; the first marks a complete one.
_SAVED = (_CONFIG, "variables.*")
EXPORTED = (
    *("assets/vocabulary.json", "assets.extra/manifest.json"),
    *("saved_model.pb", "fingerprint.pb", "variables/*"),
)


def save(folder: Path, models: dict[str, keras.Model], others: dict[str, Any], more: dict) -> None:
    """Writes models and optimizers; replaces what an earlier call has written there.

    Args:
        folder: where to.
        models: by name; `load_models` makes them from their configuration.
        others: further objects with variables, as optimizers, by name.
        more: any value of JSON that `load_models` gives back.

    Raises:
        FileExistsError: the folder holds something else.
    """
    folder = check_replaceable(folder, _SAVED)
    temporary, _ = temporary_folders(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    with plain_path(temporary) as place:
        tf.train.Checkpoint(**models, **others).write(str(place / "variables"))
    configs = {name: keras.saving.serialize_keras_object(model) for name, model in models.items()}
    write_json(temporary / _CONFIG, {"models": configs, "frozen_now": frozen(models), **more})
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def frozen(models: dict[str, keras.Model]) -> dict[str, list[str]]:
    """The paths of variables that a layer's `trainable = False` keeps from being trained, by model."""
    trained = {id(v) for model in models.values() for v in model.trainable_variables}
    return {
        name: [v.path for v in model.weights if id(v) not in trained]
        for name, model in models.items()
    }


def _freeze(models: dict[str, keras.Model], paths: dict[str, list[str]]) -> None:
    """Freezes the variables of `frozen`; in folders of before there are none."""
    for name, model in models.items():
        for variable in model.weights:
            if variable.path in paths.get(name, ()):
                variable.trainable = False


def check_replaceable(folder: Path, patterns: Sequence[str]) -> Path:
    """The folder without links, which may be replaced: what is there has only files of the patterns.

    The same goes for the folders next to it that hold what is being written.

    Args:
        folder: where to write. It need not exist, and may be empty.
        patterns: of names of files below it; the first is that of a file that a complete one has.

    Raises:
        FileExistsError: there is something else.
    """
    folder = folder.resolve()
    if folder == Path.cwd():
        raise FileExistsError(f"{folder} is the working folder. Give another folder.")
    temporary, assets = temporary_folders(folder)
    for place in (folder, temporary, assets):
        if os.path.lexists(place) and not place.is_dir():
            raise FileExistsError(f"{place} is a file, expected a folder. Give another name.")
        expected = ("vocabulary.json*",) if place == assets else patterns
        held = sorted(
            path.relative_to(place).as_posix()
            for path in place.rglob("*")
            if path.is_symlink() or not path.is_dir()
        )
        others = [name for name in held if not any(fnmatch(name, each) for each in expected)]
        if place == folder and held and patterns[0] not in held:  # those of another program
            others = others or held
        if others:
            raise FileExistsError(
                f"{place} already holds other files, as {others[0]!r:.80}. Move them, or give another "
                "folder."
            )
    return folder


def load_models(folder: Path, like: dict[str, Any]) -> tuple[dict[str, keras.Model], list[Any]]:
    """New models of the saved configurations, and the other values that were saved.

    The models' weights are not those saved: `load_variables`.

    Args:
        folder: that `save` has written.
        like: an example of each other value; those saved must have its type, and the keys of a dict.

    Returns:
        the models by name, and the values in the order of `like`.

    Raises:
        DataError: the folder does not hold such models.
    """
    saved = read_json(folder / _CONFIG, _EXPECTED)
    try:
        configs = saved["models"]
        models = {name: keras.saving.deserialize_keras_object(configs[name]) for name in _MODELS}
        for name, model in models.items():
            if not isinstance(model, keras.Model):
                raise ValueError(f"{name!r} is no model")
        _freeze(models, saved.get("frozen", {}))  # before the optimizers are made for the others
        for name, example in like.items():
            _check_alike(name, saved[name], example)
        return models, [saved[name] for name in like]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{folder / _CONFIG} cannot be used ({reason:.200}), {_EXPECTED}."
        ) from error


def _check_alike(name: str, value: Any, example: Any) -> None:
    if type(value) is not type(example):
        raise ValueError(f"{name!r} is {value!r:.60}, expected a value like {example!r}")
    if isinstance(example, dict):
        for key, each in example.items():
            _check_alike(key, value[key], each)


def load_variables(folder: Path, models: dict[str, keras.Model], others: dict[str, Any]) -> None:
    """Restores the variables of models and other objects, named as in `save`.

    Raises:
        DataError: their file is missing, damaged or of other models.
    """
    try:
        with plain_path(folder) as place:
            tf.train.Checkpoint(**models, **others).read(str(place / "variables")).assert_consumed()
        _freeze(models, read_json(folder / _CONFIG, _EXPECTED).get("frozen_now", {}))
    except (tf.errors.OpError, AssertionError, IndexError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"the variables in {folder} cannot be read ({reason:.200}), {_EXPECTED}: copy it again."
        ) from error
