#!/usr/bin/env python
"""Samples from an exported generator: new sequences, or continuations of a prefix.

python sample.py runs/demo --num 10
python sample.py runs/demo --num 10 --seed 2 --temperature 0.8 --top-p 0.95
python sample.py runs/text --prefix "the river" --top-k 40 --json --out lines.jsonl
python sample.py runs/text --beam 5       # the likeliest sequences that a beam search finds
python sample.py runs/music --prefix tune.mid --prefix-length 16 --midi new
"""

import files  # noqa: F401  # first, since it checks the version of Python

# isort: split
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import tyro

from files.errors import UsageError
from training.errors import one_line_errors
from training.flags import read_flags

if TYPE_CHECKING:
    import numpy as np

    from data.line_codec import LineCodec
    from models.exported import Exported

# Control characters that tokens may hold: a terminal would execute them.
_HIDDEN_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")

# Lower ones draw as the lowest; above the highest, blocked tokens would be drawn (models/graph_checks.py).
_MIN_TEMPERATURE, _MAX_TEMPERATURE = 1e-30, 1e30


@dataclasses.dataclass(frozen=True)
class SampleSettings:
    """Prints sequences drawn from an exported generator, one per line."""

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = Path()
    """Folder of a run, or of its exported generator."""
    num: int = 10
    """Number of sequences."""
    seed: int = 1
    """Random seed; the same seed gives the same sequences."""
    temperature: float | None = None
    """Divides the logits: below 1 sharper, above 1 flatter. Default: 1, or the temperature that --tune-temperature found in training."""
    top_k: int = 0
    """Draw each token from the k likeliest ones; 0: from all."""
    top_p: float = 1.0
    """Nucleus sampling: draw each token from the smallest set of likeliest ones with at least this probability; 1: from all."""
    candidates: int = 1
    """Draw this many candidates for each sequence and keep the one that the discriminator scores highest."""
    candidate_temperature: float = 0.0
    """Keep instead a candidate drawn with probabilities in proportion to (D / (1 - D))^(1 / this); 1: importance resampling, which keeps variety."""

    guidance: float = 0.0
    """Reweigh each token by the prefix discriminator's logit times this; 1: the distribution that the discriminator estimates. For runs with --discriminator prefix."""

    prefix: str | None = None
    """Beginning of every sequence: text, ids separated by spaces for the oracle, or a MIDI file."""
    prefix_length: int = 0
    """Use only this many first tokens of the prefix; 0: all."""

    greedy: bool = False
    """Greedy decoding: always take the likeliest token, instead of drawing."""
    beam: int = 0
    """Beam search of this width for the likeliest sequences, instead of drawing; 0: none."""

    json: bool = False
    """Print one JSON object per line: token ids, text, log-probability in nats, number of tokens that count."""
    out: Path | None = None
    """New file to write to, instead of printing."""
    midi: Path | None = None
    """For tunes: new folder to write them to as MIDI files, instead of printing keys."""

    def check(self) -> None:
        """Raises `UsageError` for a value that cannot work."""
        if not 1 <= self.num < 2**31:
            raise UsageError(
                f"--num is {self.num}, expected a number from 1 to 2^31 - 1. Give one, such as 10."
            )
        temperature = 1.0 if self.temperature is None else self.temperature
        if not _MIN_TEMPERATURE <= temperature <= _MAX_TEMPERATURE:
            raise UsageError(
                f"--temperature is {self.temperature}, expected a number from {_MIN_TEMPERATURE:g} "
                f"to {_MAX_TEMPERATURE:g}. Give 1 for the distribution learned."
            )
        if not 0 <= self.seed < 2**31:
            raise UsageError(
                f"--seed is {self.seed}, expected a number from 0 to 2^31 - 1. Give one, such as 1."
            )
        if not 0 <= self.top_k < 2**31:
            raise UsageError(
                f"--top-k is {self.top_k}, expected a number from 0 to 2^31 - 1. Give 0 for all tokens."
            )
        if not 0 < self.top_p <= 1:
            raise UsageError(
                f"--top-p is {self.top_p}, expected a number above 0 and at most 1. Give 1 for all "
                "tokens."
            )
        self._check_discriminator()
        if not 0 <= self.beam <= 100_000:
            raise UsageError(
                f"--beam is {self.beam}, expected a number from 0 to 100,000. Give a width, such as 5."
            )
        if self.width and (
            self.drawn != {} or self.temperature is not None or (self.greedy and self.beam)
        ):
            raise UsageError(
                "--greedy and --beam search and draw nothing, expected one of them alone. Leave out "
                "the other, --temperature, --top-k, --top-p, --candidates and --guidance."
            )
        if self.prefix_length < 0 or (self.prefix_length and self.prefix is None):
            raise UsageError(
                f"--prefix-length is {self.prefix_length}, expected a number of tokens of a --prefix. "
                "Leave it out, or give both."
            )
        if self.midi is not None and (self.json or self.out is not None):
            raise UsageError("--midi writes MIDI files instead. Leave out --json and --out.")
        for name, path in (("midi", self.midi), ("out", self.out)):
            if path is not None and os.path.lexists(path):
                kind = "folder" if name == "midi" else "file"
                raise UsageError(f"--{name} is {path}, which exists already. Give a new {kind}.")

    def _check_discriminator(self) -> None:
        """Raises `UsageError` for a use of the discriminator that cannot work."""
        if not 1 <= self.candidates <= 10_000:
            raise UsageError(
                f"--candidates is {self.candidates}, expected a number from 1 to 10,000. Give 1 to keep "
                "what is drawn."
            )
        if not 0 <= self.candidate_temperature <= _MAX_TEMPERATURE:
            raise UsageError(
                f"--candidate-temperature is {self.candidate_temperature}, expected a number from 0 to "
                f"{_MAX_TEMPERATURE:g}. Give 0 for the highest score, 1 to resample."
            )
        if self.candidate_temperature and self.candidates == 1:
            raise UsageError(
                f"--candidate-temperature is {self.candidate_temperature} with one candidate, expected "
                "several to choose from. Give --candidates, such as 16."
            )
        if not 0 <= self.guidance <= 1e6:
            raise UsageError(
                f"--guidance is {self.guidance}, expected a number from 0 to 1e6. Give 0 for none, 1 for the "
                "distribution that the discriminator estimates."
            )

    @property
    def drawn(self) -> dict[str, Any]:
        """Restrictions of the draws that differ from the default; older exports have none of them."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        names = ("top_k", "top_p", "candidates", "candidate_temperature", "guidance")
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value != defaults[name]}

    @property
    def width(self) -> int:
        """Of the beam; 0 where sequences are drawn."""
        return 1 if self.greedy else self.beam


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(SampleSettings, SampleSettings(), arguments, prog="sample.py")
    settings.check()

    from training.session import prefer_tensorflow, quiet

    prefer_tensorflow()  # before the models are imported, which need it
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
                print(line.translate(_HIDDEN_CONTROLS) if on_terminal else line, file=file)


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
        num = min(size, settings.num - start)
        yield exported.sample(
            num,
            settings.seed,
            temperature,
            stream=stream,
            prefix=prefix,
            **settings.drawn,
        )


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there only once all is written."""
    if path is None:
        yield sys.stdout
        return
    temporary = path.with_name(f"writing-{path.name}")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            yield file
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
        yield json.dumps(value, ensure_ascii=False)


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
