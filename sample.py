#!/usr/bin/env python
"""Samples from an exported generator.

python sample.py runs/demo --num 10
python sample.py runs/demo --num 10 --seed 2 --temperature 0.8
"""

import files  # noqa: F401  # first, since it checks the version of Python

# isort: split
import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from files.errors import UsageError
from training.errors import one_line_errors
from training.flags import read_flags

if TYPE_CHECKING:
    import numpy as np

    from data.vocabulary import Vocabulary

# Control characters that tokens may hold: a terminal would execute them.
_HIDDEN_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")

# Lower ones draw as the lowest; above the highest, blocked tokens would be drawn (models/export.py).
_MIN_TEMPERATURE, _MAX_TEMPERATURE = 1e-30, 1e30


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
            raise UsageError(
                f"--num is {self.num}, expected a number from 1 to 2^31 - 1. Give one, such as 10."
            )
        if not _MIN_TEMPERATURE <= self.temperature <= _MAX_TEMPERATURE:
            raise UsageError(
                f"--temperature is {self.temperature}, expected a number from {_MIN_TEMPERATURE:g} "
                f"to {_MAX_TEMPERATURE:g}. Give 1 for the distribution learned."
            )
        if not 0 <= self.seed < 2**31:
            raise UsageError(
                f"--seed is {self.seed}, expected a number from 0 to 2^31 - 1. Give one, such as 1."
            )
        if self.midi is not None and os.path.lexists(self.midi):
            raise UsageError(f"--midi is {self.midi}, which exists already. Give a new folder.")


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SampleSettings, SampleSettings(), arguments, prog="sample.py")
    settings.check()

    from training.session import prefer_tensorflow, quiet

    prefer_tensorflow()  # before the models are imported, which need it
    from models import load

    export = load.find_export(settings.run)
    vocabulary = load.check_export(export)
    text_vocabulary = read_text_vocabulary(vocabulary)
    if settings.midi is not None and vocabulary["task"] != "music":
        raise UsageError(
            f"--midi needs a generator of tunes, and this is one of {vocabulary['task']!r:.60}. "
            "Leave --midi out, or name a run of train_music.py."
        )
    quiet()  # TensorFlow is imported here, after all that could be wrong without it
    generator = load.load_generator(export)
    sequences = load.draw(
        generator,
        export,
        vocabulary["size"],
        num=settings.num,
        seed=settings.seed,
        temperature=settings.temperature,
    )
    if settings.midi is not None:
        write_tunes(sequences, settings.midi)
        return
    on_terminal = sys.stdout.isatty()
    for line in as_text(sequences, text_vocabulary):
        print(line.translate(_HIDDEN_CONTROLS) if on_terminal else line)


def read_text_vocabulary(vocabulary: dict[str, Any]) -> "Vocabulary | None":
    """The tokens of a generator of text; None where ids are printed: the oracle's, and piano keys.

    Args:
        vocabulary: of the export, from `models.load.check_export`.

    Raises:
        DataError: its tokens cannot be used.
    """
    from data.vocabulary import Vocabulary

    return None if vocabulary["level"] in ("id", "key") else Vocabulary.from_json(vocabulary)


def write_tunes(sequences: "np.ndarray", folder: Path) -> None:
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


def as_text(sequences: "np.ndarray", vocabulary: "Vocabulary | None") -> list[str]:
    """Sequences int `[M, T]` for people: text, poems of four lines, or ids where there are no tokens."""
    if vocabulary is None:
        return [" ".join(map(str, sequence)) for sequence in sequences]

    from data.poems import format_poem
    from data.text import to_text

    decoded = [vocabulary.decode(sequence) for sequence in sequences]
    if vocabulary.task == "poems":
        return [format_poem(characters) + "\n" for characters in decoded]
    return [to_text(tokens, vocabulary.level) for tokens in decoded]


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
