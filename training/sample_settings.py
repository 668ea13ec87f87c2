"""The flags of sample.py and what they may be."""

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Any

import tyro

from files.errors import UsageError


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
    """Reweigh each token by exp(this times the logit of the discriminator of prefixes, or times the action value); 1 with a discriminator: the distribution that it estimates. For runs with --discriminator prefix or small-prefix, or --action-values value or mixed."""
    simulations: int = 0
    """Draw each token by a PUCT tree search with this many simulations; 0: no search. For the same runs."""
    exploration: float | None = None
    """Exploration constant c of the search: a larger one trusts the generator more. Default: 1."""

    prefix: Annotated[str | None, tyro.conf.arg(metavar="STR")] = None
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
        from models import limits  # not before: it looks for the backend of Keras

        if not 1 <= self.num < 2**31:
            raise UsageError(
                f"--num is {self.num}, expected a number from 1 to 2^31 - 1. Give one, such as 10."
            )
        temperature = 1.0 if self.temperature is None else self.temperature
        if not limits.MIN_TEMPERATURE <= temperature <= limits.MAX_TEMPERATURE:
            raise UsageError(
                f"--temperature is {self.temperature}, expected a number from {limits.MIN_TEMPERATURE:g} "
                f"to {limits.MAX_TEMPERATURE:g}. Give 1 for the distribution learned."
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
            self.drawn != {}
            or self.simulations
            or self.temperature is not None
            or (self.greedy and self.beam)
            or (self.num, self.seed) != (SampleSettings.num, SampleSettings.seed)
        ):
            raise UsageError(
                "--greedy and --beam search and draw nothing: --greedy finds 1 sequence, --beam N at most "
                "N. Expected one of them alone. Leave out the other, --num, --seed, --temperature, --top-k, "
                "--top-p, --candidates, --guidance and --simulations."
            )
        if self.prefix_length < 0 or (self.prefix_length and self.prefix is None):
            raise UsageError(
                f"--prefix-length is {self.prefix_length}, expected a number of tokens of a --prefix. "
                "Leave it out, or give both."
            )
        if self.midi is not None and (self.json or self.out is not None):
            raise UsageError("--midi writes MIDI files instead. Leave out --json and --out.")
        self.check_new()

    def check_new(self) -> None:
        """Raises `UsageError` for a file or folder to write that exists."""
        for name, path in (("midi", self.midi), ("out", self.out)):
            if path is not None and os.path.lexists(path):
                kind = "folder" if name == "midi" else "file"
                raise UsageError(f"--{name} is {path}, which exists already. Give a new {kind}.")

    def _check_discriminator(self) -> None:
        """Raises `UsageError` for a use of the discriminator that cannot work."""
        from models import limits

        if not 1 <= self.candidates <= limits.MAX_CANDIDATES:
            raise UsageError(
                f"--candidates is {self.candidates}, expected a number from 1 to 10,000. Give 1 to keep "
                "what is drawn."
            )
        if not 0 <= self.candidate_temperature <= limits.MAX_TEMPERATURE:
            raise UsageError(
                f"--candidate-temperature is {self.candidate_temperature}, expected a number from 0 to "
                f"{limits.MAX_TEMPERATURE:g}. Give 0 for the highest score, 1 to resample."
            )
        if self.candidate_temperature and self.candidates == 1:
            raise UsageError(
                f"--candidate-temperature is {self.candidate_temperature} with one candidate, expected "
                "several to choose from. Give --candidates, such as 16."
            )
        if not 0 <= self.guidance <= limits.MAX_GUIDANCE:
            raise UsageError(
                f"--guidance is {self.guidance}, expected a number from 0 to 1e6. Give 0 for none, 1 for the "
                "distribution that the discriminator estimates."
            )

        if not 0 <= self.simulations <= limits.MAX_SIMULATIONS:
            raise UsageError(
                f"--simulations is {self.simulations}, expected a number from 0 to 10,000. Give 16, or 0 for "
                "no search."
            )
        if self.simulations and self.drawn != {}:
            raise UsageError(
                "--simulations draws each token by how often a search chose it, expected it without other "
                "restrictions. Leave out --top-k, --top-p, --candidates and --guidance."
            )
        if self.exploration is not None and not self.simulations:
            raise UsageError(
                f"--exploration is {self.exploration} without a search, expected --simulations too. Give "
                "it, such as 16."
            )
        if self.exploration is not None and not 0 <= self.exploration <= limits.MAX_EXPLORATION:
            raise UsageError(
                f"--exploration is {self.exploration}, expected a number from 0 to 1e6. Give one, such as 1."
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
