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

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if not 1 <= self.num < 2**31:
            raise UsageError(f"--num is {self.num}, expected at least 1.")
        if not 0 < self.temperature < float("inf"):
            raise UsageError(f"--temperature is {self.temperature}, expected a number above 0.")
        if not 0 <= self.seed < 2**31:
            raise UsageError(f"--seed is {self.seed}, expected a number from 0 to 2^31 - 1.")


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
        vocabulary = json.loads(Path(generator.vocabulary.asset_path.numpy().decode()).read_text())
    except Exception as error:  # whatever a damaged SavedModel makes TensorFlow raise
        raise UsageError(f"{export} is damaged and cannot be loaded ({error}).") from None
    tokens = generator.sample(
        tf.constant(settings.num),
        tf.constant([settings.seed, 0]),
        tf.constant(settings.temperature),
    )
    words = vocabulary.get("tokens")
    for sequence in tokens.numpy():
        print(" ".join(str(words[token] if words else token) for token in sequence))


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
