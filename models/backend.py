"""Checks the backend of Keras before Keras is imported: the models need TensorFlow."""

import json
import os
import sys
from pathlib import Path

from files.errors import UserError


class WrongBackend(UserError, ImportError):
    """Keras runs on JAX, PyTorch or another backend than TensorFlow."""


def check_backend() -> None:
    """Raises `WrongBackend` unless Keras runs, or will run once it is imported, on TensorFlow."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        given, backend = "the backend of Keras", keras.config.backend()
        fix = "import it with KERAS_BACKEND=tensorflow, in a new process"
    elif backend := os.environ.get("KERAS_BACKEND", ""):
        given, fix = "KERAS_BACKEND", "set it to tensorflow, or unset it"
    else:
        path = _configuration()
        given, backend = f'"backend" in {path}', _stored_backend(path)
        fix = 'write "tensorflow" there, or set KERAS_BACKEND=tensorflow'
    if backend != "tensorflow":
        raise WrongBackend(f"{given} is {backend!r:.60}, expected 'tensorflow': {fix}.")


def _configuration() -> Path:
    """The file that Keras reads its backend from."""
    home = os.path.expanduser("~")
    base = home if os.access(home, os.W_OK) else "/tmp"  # as Keras does
    folder = os.environ.get("KERAS_HOME", os.path.join(base, ".keras"))
    return Path(os.path.expanduser(folder)) / "keras.json"


def _stored_backend(path: Path) -> str:
    """The backend in Keras's configuration file; TensorFlow where Keras would not find any."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return str(stored.get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError, RecursionError):
        return "tensorflow"
