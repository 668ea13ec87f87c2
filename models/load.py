"""Exported generators: finding, checking, loading and drawing from them.

TensorFlow is imported only to load: what is damaged is reported before. All errors are
`files.errors.UserError`s of one line.
"""

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from files.errors import DataError, UsageError
from files.plain_path import plain_path
from files.reading import read_json
from models.manifest import check_manifest

# The message of a graph that refuses its inputs.
_REFUSED = re.compile(r"assertion failed: \[(`.*, expected .*\.)\]$", re.MULTILINE)


def find_export(folder: Path) -> Path:
    """The SavedModel in a run's folder, or that folder itself. Raises `UsageError`."""
    for candidate in (folder / "generator", folder):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    if (folder / "config.json").is_file():
        why = "its run is not complete. Continue it with --resume"
    elif folder.is_dir():
        why = "expected the folder of a complete run. Name one"
    elif folder.exists():
        why = "it is a file. Name the folder of a complete run"
    else:
        why = "the folder does not exist. Name the folder of a complete run"
    if folder == Path():  # as without an argument
        raise UsageError("no RUN is named, expected the folder of a complete run. Name one.")
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
    generator: Any,
    export: Path,
    vocab_size: int,
    num: int,
    seed: int,
    temperature: float,
    *,
    stream: int = 0,
    prefix: np.ndarray | None = None,
    **more: float,
) -> np.ndarray:
    """Sequences of a loaded generator, int32 `[num, T]`.

    Args:
        generator: from `load_generator`.
        export: where it came from, for messages.
        vocab_size: V; ids are below.
        num: of sequences, at least 1.
        seed: the same seed gives the same sequences.
        temperature: divides the logits.
        stream: another one gives other sequences of the same seed.
        prefix: ids `[n]` that every sequence begins with.
        **more: `top_k`, `top_p`, `candidates`, `candidate_temperature` and `guidance`, where they are not the defaults.

    Raises:
        UsageError: the generator is damaged, or the memory is too small for so many sequences.
    """
    import tensorflow as tf

    if (more or prefix is not None) and not hasattr(generator, "complete"):
        raise of_older_version(export)
    if more:
        known = generator.signatures["sample"].structured_input_signature[1]
        for option in more:
            if option not in known:
                raise UsageError(
                    f"{export} is from an older version, without `{option}`. Export it again, or leave "
                    "it out."
                )

    def drawn():
        options = {key: tf.constant(value) for key, value in more.items()}
        settings = tf.constant([seed, stream]), tf.constant(temperature)
        if prefix is None:
            return generator.sample(tf.constant(num), *settings, **options)
        rows = tf.constant(np.tile(prefix, [num, 1]))
        return generator.complete(rows, tf.fill([num], len(prefix)), *settings, **options)

    return checked_draw(drawn, export, vocab_size, num)


def checked_draw(
    function: Callable[[], Any], export: Path, vocab_size: int, num: int
) -> np.ndarray:
    """The sequences that a function of a loaded generator draws, int32 `[num, T]`; see `draw`."""

    def drawn():
        sequences = function().numpy()
        shaped = sequences.ndim == 2 and len(sequences) == num and sequences.dtype == "int32"
        return sequences, shaped and not ((sequences < 0).any() or (sequences >= vocab_size).any())

    much = f"{num:,} sequences at once. Draw fewer at a time (--num)"
    sequences, fits = call(drawn, export, much)
    if not fits:
        raise UsageError(
            f"{export} is damaged: it gives no ids below {vocab_size}. Export or copy it again."
        )
    return sequences


def of_older_version(export: Path) -> UsageError:
    """The error for an export that lacks a function."""
    return UsageError(
        f"{export} is from an older version and can only draw sequences from nothing, expected an export "
        "that can complete and score them. Export it again, or use --num, --seed and --temperature alone."
    )


def call(function: Callable[[], Any], export: Path, much: str) -> Any:
    """What a function of a loaded generator returns.

    Args:
        function: calls it.
        export: where it came from, for messages.
        much: what may exceed the memory, and how to need less, for messages.

    Raises:
        UsageError: the generator refuses its inputs, is damaged, or there is no memory.
    """
    import tensorflow as tf

    try:
        return function()
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise UsageError(f"not enough memory for {much}.") from None
    except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
        if refused := _REFUSED.search(str(error)):  # by models/graph_checks.py
            raise UsageError(refused[1]) from None
        raise _damaged(export, "cannot be drawn from", error) from None


def _damaged(export: Path, what: str, error: Exception) -> UsageError:
    reason = " ".join(str(error).split())
    return UsageError(
        f"{export} is damaged and {what} ({type(error).__name__}: {reason:.300}). "
        "Export or copy it again."
    )
