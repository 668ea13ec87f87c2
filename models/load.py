"""Exported generators: finding, checking, loading and drawing from them.

TensorFlow is imported only to load: what is damaged is reported before. All errors are
`files.errors.UserError`s of one line.
"""

import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np

from files.errors import DataError, UsageError
from files.plain_path import plain_path
from files.reading import read_json
from models.manifest import check_manifest


def find_export(folder: Path) -> Path:
    """The SavedModel in a run's folder, or that folder itself. Raises `UsageError`."""
    for candidate in (folder / "generator", folder):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    if (folder / "config.json").is_file():
        why = "its run is not complete. Continue it with --resume"
    elif folder.is_dir():
        why = "expected the folder of a complete run. Name one"
    else:
        why = "there is no such folder. Name the folder of a complete run"
    raise UsageError(f"there is no exported generator in {folder}: {why}.")


def check_export(export: Path) -> dict[str, Any]:
    """The vocabulary of an exported generator whose files are as they were written.

    Args:
        export: the folder of a SavedModel, from `find_export`.

    Returns:
        task, level, size (V) and, for text, tokens, which `data.vocabulary.Vocabulary.from_json`
        still has to check.

    Raises:
        UsageError: a file is missing, altered or does not belong to it.
        DataError: the file among its assets is not a vocabulary.
    """
    try:
        listed = check_manifest(export)
    except ValueError as error:
        raise UsageError(f"{export} is damaged: {error}. Export or copy it again.") from None
    if not listed:
        print(
            f"warning: {export} is from an older version and has no list of its files: "
            "damage to it may go unnoticed. Export it again to have one.",
            file=sys.stderr,
        )
    return read_vocabulary(export)


def read_vocabulary(export: Path) -> dict[str, Any]:
    """As `check_export`, without a look at other files. Raises `DataError`."""
    path = export / "assets" / "vocabulary.json"
    expected = "expected the vocabulary of an exported generator: export or copy it again"
    vocabulary = read_json(path, expected)
    if not isinstance(vocabulary, dict):
        raise DataError(f"{path} is not a JSON object, {expected}.")
    size, texts = vocabulary.get("size"), [vocabulary.get(name) for name in ("task", "level")]
    if type(size) is not int or not 0 < size < 2**31 or not all(type(t) is str for t in texts):
        raise DataError(f"{path} has no valid size, task or level, {expected}.")
    return vocabulary


def load_generator(export: Path) -> Any:
    """The SavedModel, loaded: `sample(num, seed, temperature)`, see `models.export`.

    Raises:
        UsageError: TensorFlow cannot load it.
    """
    import tensorflow as tf

    log = logging.getLogger("absl")  # which prints a traceback before TensorFlow raises the error
    level = log.level
    with plain_path(export) as plain:
        try:
            log.setLevel(logging.CRITICAL)
            return tf.saved_model.load(str(plain))
        except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
            raise _damaged(export, "cannot be loaded", error) from None
        finally:
            log.setLevel(level)


def draw(
    generator: Any, export: Path, vocab_size: int, num: int, seed: int, temperature: float
) -> np.ndarray:
    """Sequences of a loaded generator, int32 `[num, T]`.

    Args:
        generator: from `load_generator`.
        export: where it came from, for messages.
        vocab_size: V; ids are below.
        num: of sequences, at least 1.
        seed: the same seed gives the same sequences.
        temperature: divides the logits.

    Raises:
        UsageError: it gives no such sequences, or there is no memory for so many.
    """
    import tensorflow as tf

    try:
        sequences = generator.sample(
            tf.constant(num), tf.constant([seed, 0]), tf.constant(temperature)
        ).numpy()
        fits = sequences.ndim == 2 and len(sequences) == num and sequences.dtype == "int32"
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise UsageError(
            f"there is no memory for {num:,} sequences at once. Draw fewer at a time (--num)."
        ) from None
    except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
        raise _damaged(export, "cannot be drawn from", error) from None
    if not fits or (sequences < 0).any() or (sequences >= vocab_size).any():
        raise UsageError(
            f"{export} is damaged: it gives no ids below {vocab_size}. Export or copy it again."
        )
    return sequences


def _damaged(export: Path, what: str, error: Exception) -> UsageError:
    reason = " ".join(str(error).split())
    return UsageError(
        f"{export} is damaged and {what} ({type(error).__name__}: {reason:.300}). "
        "Export or copy it again."
    )
