"""A folder with the models of a `seqgan.SeqGAN` and all that continuing their training needs."""

import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from files.errors import DataError
from files.plain_path import plain_path
from files.reading import read_json
from files.writing import write_json

_CONFIG = "seqgan.json"
_EXPECTED = "expected the folder that SeqGAN.save has written"


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
    check_replaceable(folder, _CONFIG)
    temporary = folder.with_name(f"writing-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    with plain_path(temporary) as place:
        tf.train.Checkpoint(**models, **others).write(str(place / "variables"))
    configs = {name: keras.saving.serialize_keras_object(model) for name, model in models.items()}
    write_json(temporary / _CONFIG, {"models": configs, **more})
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def check_replaceable(folder: Path, mark: str) -> None:
    """Raises `FileExistsError` for a folder with other files than those that come with a file `mark`."""
    if folder.exists() and not (folder / mark).is_file():
        raise FileExistsError(f"{folder} already holds other files. Give another folder.")


def load_models(folder: Path, *names: str) -> tuple[dict[str, keras.Model], list[Any]]:
    """New models of the saved configurations, and the other values `names` in that order.

    The models' weights are not those saved: `load_variables`.

    Raises:
        DataError: the folder does not hold saved models.
    """
    saved = read_json(folder / _CONFIG, _EXPECTED)
    try:
        configs = saved.pop("models").items()
        models = {name: keras.saving.deserialize_keras_object(each) for name, each in configs}
        return models, [saved[name] for name in names]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{folder / _CONFIG} cannot be used ({reason:.200}), {_EXPECTED}."
        ) from error


def load_variables(folder: Path, models: dict[str, keras.Model], others: dict[str, Any]) -> None:
    """Restores the variables of models and other objects, named as in `save`."""
    with plain_path(folder) as place:
        tf.train.Checkpoint(**models, **others).read(str(place / "variables")).assert_consumed()
