#!/usr/bin/env python
"""Samples from an exported generator: new sequences, or continuations of a prefix.

python sample.py runs/demo --num 10
python sample.py runs/demo --num 10 --seed 2 --temperature 0.8 --top-p 0.95
python sample.py runs/text --prefix "the river" --top-k 40 --json --out lines.jsonl
python sample.py runs/text --beam 5       # the likeliest sequences that a beam search finds
python sample.py runs/text --simulations 16      # each token by a tree search, with a critic
python sample.py runs/music --prefix tune.mid --prefix-length 16 --midi new
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from files.errors import UsageError
from files.terminal import json_line, without_controls
from files.writing import check_folders
from training.errors import one_line_errors
from training.flags import read_flags
from training.sample_settings import SampleSettings

if TYPE_CHECKING:
    import numpy as np

    from data.line_codec import LineCodec
    from models.exported import Exported


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SampleSettings, SampleSettings(), arguments, prog="sample.py")
    from training.session import prefer_tensorflow, quiet

    prefer_tensorflow()  # before the models are imported, which need it
    settings.check()
    from data.line_codec import LineCodec
    from models.exported import Exported

    exported = Exported(settings.run)
    codec = LineCodec(exported.vocabulary)
    if settings.midi is not None and exported.vocabulary["task"] != "music":
        raise UsageError(
            f"--midi needs a generator of tunes, and this is one of "
            f"{exported.vocabulary['task']!r:.60}. Leave --midi out, or name a run of train_music.py."
        )
    prefix = None
    if settings.prefix is not None:
        from training.prefixes import read_prefix

        prefix = read_prefix(settings.prefix, settings.prefix_length, exported, codec)
    quiet()  # TensorFlow is imported here, after all that could be wrong without it
    chunks = sequences_of(settings, exported, prefix)
    if settings.midi is not None:
        write_tunes(chunks, settings.midi)
        return
    with output(settings.out) as file:
        on_terminal = file.isatty()
        for chunk in chunks:
            for line in lines_of(chunk, codec, exported if settings.json else None):
                print(without_controls(line) if on_terminal else line, file=file)


def sequences_of(
    settings: SampleSettings, exported: "Exported", prefix: "np.ndarray | None"
) -> "Iterator[np.ndarray]":
    """The sequences, int32 `[m, T]` at a time.

    The first chunk has the seed (seed, 0), as `Generator.sample` of the library, the next (seed, 1)
    and so on; so fewer sequences of a seed are the first of more.
    """
    from models.exported import CHUNK

    if settings.width:
        import numpy as np

        nothing = np.zeros(0, np.int32)
        yield exported.likeliest(settings.width, nothing if prefix is None else prefix)
        return
    temperature = settings.temperature
    if temperature is None:
        temperature = exported.temperature
        if temperature != 1:
            print(f"temperature {temperature:g}, tuned in training", file=sys.stderr)
    size = max(1, CHUNK // settings.candidates)
    for stream, start in enumerate(range(0, settings.num, size)):
        given = min(size, settings.num - start), settings.seed, temperature
        if settings.simulations:
            search = settings.simulations, settings.exploration
            yield exported.tree_search(*given, *search, stream=stream, prefix=prefix)
        else:
            yield exported.sample(*given, stream=stream, prefix=prefix, **settings.drawn)


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there only once all is written."""
    if path is None:
        yield sys.stdout
        return
    check_folders(path)
    temporary = path.with_name(f"writing-{os.getpid()}-{path.name[:40]}")
    with open(temporary, "x", encoding="utf-8", newline="\n") as file:  # of no one else
        try:
            yield file
            file.close()
            SampleSettings(out=path).check_new()  # drawing many takes a while
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def lines_of(
    sequences: "np.ndarray", codec: "LineCodec", scorer: "Exported | None"
) -> Iterator[str]:
    """Sequences int `[M, T]` as text; as JSON with their likelihood where there is a scorer."""
    if scorer is None:
        yield from map(codec.text, sequences)
        return
    scores = scorer.log_prob(sequences)
    for sequence, nats, counted in zip(sequences, *scores, strict=True):
        value = {
            "tokens": sequence.tolist(),
            "text": codec.text(sequence).removesuffix("\n"),
            "log_prob": float(nats),
            "num_tokens": int(counted),
        }
        yield json_line(value)


def write_tunes(chunks: "Iterator[np.ndarray]", folder: Path) -> None:
    """Writes tunes, int `[m, T]` at a time, as MIDI files."""
    from data.melody import VOCAB_SIZE
    from data.music_export import write_midi

    written = 0
    for sequences in chunks:
        if (sequences < 1).any() or (sequences >= VOCAB_SIZE).any():
            raise UsageError(
                f"the tunes have keys from {sequences.min()} to {sequences.max()}, expected 1 to "
                f"{VOCAB_SIZE - 1}, those of a piano: the generator is damaged. Export it again."
            )
        folder.mkdir(parents=True, exist_ok=True)
        for sequence in sequences:
            written += 1
            write_midi(sequence, folder / f"{written:03d}.mid")


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
