#!/usr/bin/env python
"""Samples from an exported generator.

python sample.py runs/demo --num 10
python sample.py runs/demo --num 10 --seed 2 --temperature 0.8
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import tyro

from data.errors import DataError
from training.config import read_flags
from training.errors import UsageError, one_line_errors


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

    from training.session import quiet

    quiet()
    import tensorflow as tf

    try:
        generator = tf.saved_model.load(str(export))
        vocabulary = json.loads(
            Path(generator.vocabulary.asset_path.numpy().decode()).read_text(encoding="utf-8")
        )
    except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
        raise UsageError(f"{export} is damaged and cannot be loaded ({error}).") from None
    tokens = generator.sample(
        tf.constant(settings.num),
        tf.constant([settings.seed, 0]),
        tf.constant(settings.temperature),
    )
    if settings.midi is not None:
        write_tunes(vocabulary, tokens.numpy(), settings.midi)
        return
    for line in as_text(vocabulary, tokens.numpy()):
        print(line)


def write_tunes(vocabulary: dict, sequences, folder: Path) -> None:
    """Writes tunes, int `[M, T]`, as MIDI files."""
    if vocabulary["task"] != "music":
        raise UsageError(
            f"--midi needs a generator of tunes, and this is one of {vocabulary['task']}."
        )

    from data.music import write_midi

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
    with one_line_errors(DataError):
        main(sys.argv[1:])
