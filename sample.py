#!/usr/bin/env python
"""Samples from an exported generator.

python sample.py runs/demo --num 10
python sample.py runs/demo --num 10 --seed 2 --temperature 0.8
"""

import dataclasses
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from files.errors import DataError, UsageError
from training.errors import one_line_errors
from training.flags import read_flags

# Control characters that tokens may hold: a terminal would obey them.
_NO_COMMANDS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")


@dataclasses.dataclass(frozen=True)
class SampleSettings:
    """Prints sequences drawn from an exported generator, one a line."""

    run: Annotated[Path, tyro.conf.Positional] = Path()
    """Folder of a run, or of its exported generator."""
    num: int = 10
    """Sequences to draw."""
    seed: int = 1
    """The same seed gives the same sequences."""
    temperature: float = 1.0
    """Divides the logits: below 1 sharper, above 1 flatter."""

    midi: Path | None = None
    """For tunes: a new folder to write them to as MIDI files, instead of printing keys."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if not 1 <= self.num < 2**31:
            raise UsageError(f"--num is {self.num}, expected at least 1.")
        if not 0 < self.temperature < float("inf"):
            raise UsageError(f"--temperature is {self.temperature}, expected a number above 0.")
        if not 0 <= self.seed < 2**31:
            raise UsageError(f"--seed is {self.seed}, expected a number from 0 to 2^31 - 1.")
        if self.midi is not None and self.midi.exists():
            raise UsageError(f"--midi is {self.midi}, which is there already. Give a new folder.")


def find_export(folder: Path) -> Path:
    """The SavedModel in a run's folder, or that folder itself."""
    for candidate in (folder / "generator", folder):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    unfinished = (folder / "config.json").is_file()
    why = "its run is not complete: go on with it by --resume" if unfinished else "it holds no run"
    raise UsageError(f"there is no exported generator in {folder}: {why}.")


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SampleSettings, SampleSettings(), arguments, prog="sample.py")
    settings.check()
    export = find_export(settings.run)
    vocabulary = check_export(export)
    if settings.midi is not None and vocabulary["task"] != "music":
        raise UsageError(
            f"--midi needs a generator of tunes, and this is one of {vocabulary['task']!r:.60}."
        )
    generator = load_generator(export)
    sequences = draw(generator, export, vocabulary["size"], settings)
    if settings.midi is not None:
        write_tunes(sequences, settings.midi)
        return
    on_terminal = sys.stdout.isatty()
    for line in as_text(vocabulary, sequences):
        print(line.translate(_NO_COMMANDS) if on_terminal else line)


def check_export(export: Path) -> dict[str, Any]:
    """The vocabulary of an exported generator, of which TensorFlow has seen nothing yet.

    Raises:
        UsageError: a file is missing, damaged or no part of it.
        DataError: the vocabulary is none.
    """
    from models.manifest import check_manifest

    try:
        listed = check_manifest(export)
    except ValueError as error:
        raise UsageError(f"{export} is damaged: {error}. Export or copy it again.") from None
    if not listed:
        print(
            f"warning: {export} is of an older version and has no list of its files: "
            "damage to it may go unnoticed.",
            file=sys.stderr,
        )
    return read_vocabulary(export)


def read_vocabulary(export: Path) -> dict[str, Any]:
    """What the ids of an exported generator mean: task, level, size (V) and, of text, tokens.

    Raises:
        DataError: the file among its assets is no vocabulary.
    """
    from data.vocabulary import Vocabulary
    from files.reading import read_json

    path = export / "assets" / "vocabulary.json"
    expected = "expected the vocabulary of an exported generator: export or copy it again"
    vocabulary = read_json(path, expected)
    if not isinstance(vocabulary, dict) or vocabulary.get("level") not in ("id", "key"):
        return Vocabulary.from_json(vocabulary).to_json()
    size, task = vocabulary.get("size"), vocabulary.get("task")
    if type(size) is not int or not 0 < size < 2**31 or type(task) is not str:
        raise DataError(f"{path} has no size or task, {expected}.")
    return {"task": task, "level": vocabulary["level"], "size": size}


def load_generator(export: Path) -> Any:
    """The SavedModel, loaded.

    Raises:
        UsageError: TensorFlow cannot load it.
    """
    from training.session import quiet

    quiet()
    import tensorflow as tf

    logging.getLogger("absl").setLevel(logging.CRITICAL)  # a traceback for a small damage
    try:
        return tf.saved_model.load(str(export))
    except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
        raise _damaged(export, "cannot be loaded", error) from None


def draw(generator: Any, export: Path, vocab_size: int, settings: SampleSettings) -> Any:
    """Sequences of the generator, int32 `[num, T]`.

    Args:
        generator: from `load_generator`.
        export: where it came from, for messages.
        vocab_size: V; ids are below.
        settings: how many, from which seed, at which temperature.

    Raises:
        UsageError: it gives no such sequences.
    """
    import tensorflow as tf

    try:
        sequences = generator.sample(
            tf.constant(settings.num),
            tf.constant([settings.seed, 0]),
            tf.constant(settings.temperature),
        ).numpy()
        fits = sequences.ndim == 2 and len(sequences) == settings.num and sequences.dtype == "int32"
    except (tf.errors.ResourceExhaustedError, MemoryError):
        raise UsageError(
            f"--num is {settings.num}, and there is no memory for so many. Give a smaller --num."
        ) from None
    except Exception as error:  # likewise
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


def write_tunes(sequences, folder: Path) -> None:
    """Writes tunes, int `[M, T]`, as MIDI files."""
    from data.melody import VOCAB_SIZE
    from data.music_export import write_midi

    if (sequences < 1).any() or (sequences >= VOCAB_SIZE).any():
        raise UsageError(
            f"the tunes have keys from {sequences.min()} to {sequences.max()}, expected 1 to "
            f"{VOCAB_SIZE - 1}, those of a piano: the generator is damaged. Export it again."
        )
    folder.mkdir(parents=True)
    for number, sequence in enumerate(sequences, start=1):
        write_midi(sequence, folder / f"{number:03d}.mid")


def as_text(vocabulary: dict, sequences) -> list[str]:
    """Sequences int `[M, T]` as people read them: text, poems of four lines, or ids."""
    if vocabulary["level"] in ("id", "key"):
        return [" ".join(map(str, sequence)) for sequence in sequences]

    from data.poems import format_poem
    from data.text import to_text
    from data.vocabulary import Vocabulary

    words = Vocabulary.from_json(vocabulary)
    decoded = [words.decode(sequence) for sequence in sequences]
    if words.task == "poems":
        return [format_poem(characters) + "\n" for characters in decoded]
    return [to_text(tokens, words.level) for tokens in decoded]


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
