"""The trainings behind a table: their commands, and how far each of them is."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from files.errors import UsageError
from training.flags import parse
from training.presets import (
    MUSIC_PRESETS,
    ORACLE_PRESETS,
    POEM_PRESETS,
    SPEECH_PRESETS,
    TEXT_PRESETS,
)

# What `run` and `start` of common.sh put before a command; no flag looks like that.
RUN, START = "::run", "::start"
PRESETS: dict[str, Mapping[str, Any]] = {
    "train_oracle.py": ORACLE_PRESETS,
    "train_poems.py": POEM_PRESETS,
    "train_speeches.py": SPEECH_PRESETS,
    "train_music.py": MUSIC_PRESETS,
    "train_text.py": TEXT_PRESETS,
}


@dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        script: such as `train_poems.py`.
        flags: of its command line, `--out` among them.
        out: its folder.
        pretrained: the folder of the MLE run that it starts from, which must be complete before.
        in_table: whether it is a row of the table, not only what others start from.
    """

    script: str
    flags: tuple[str, ...]
    out: Path
    pretrained: Path | None
    in_table: bool

    @property
    def name(self) -> str:
        return self.out.name

    @property
    def row(self) -> str:
        """The name without the seed: the same for all runs of a row."""
        return re.sub(r"-seed\d+$", "", self.name)

    @property
    def complete(self) -> bool:
        return (self.out / "result.json").is_file()

    @property
    def begun(self) -> bool:
        """Whether there is something to resume."""
        return not self.complete and (self.out / "config.json").is_file()

    @property
    def ready(self) -> bool:
        """Whether what it starts from is there."""
        return self.pretrained is None or (self.pretrained / "result.json").is_file()

    @property
    def command(self) -> list[str]:
        """Script and flags of a process that starts it or resumes it."""
        return [self.script, *self.flags, *(["--resume"] if self.begun else [])]

    def check(self) -> None:
        """Raises `UsageError` for wrong flags, and for a folder that holds a run of other settings."""
        if self.script not in PRESETS:
            raise UsageError(
                f"{self.script:.60} is not a training script, expected one of {', '.join(PRESETS)}."
            )
        stored = self.begun or self.complete
        try:
            parse(PRESETS[self.script], [*self.flags, *(["--resume"] if stored else [])])
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None

    def recorded_threads(self) -> int | None:
        """The number of threads that it began with; None where it has not begun."""
        try:
            threads = json.loads((self.out / "config.json").read_text(encoding="utf-8"))["threads"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return threads if isinstance(threads, int) else None


def read_jobs(arguments: Sequence[str]) -> list[Job]:
    """The jobs of a command line `::run SCRIPT FLAG... ::start SCRIPT FLAG...`, each once.

    Raises:
        UsageError: one has no `--out`, two share one, or nothing trains what `--pretrained` names.
    """
    jobs: dict[Path, Job] = {}
    commands: list[list[str]] = []
    for argument in arguments:
        if argument in (RUN, START):
            commands.append([])
        commands[-1].append(argument)
    for mark, script, *flags in commands:
        job = _job(script, flags, in_table=mark == RUN)
        same = jobs.setdefault(job.out, job)
        if (same.script, same.flags) != (job.script, job.flags):
            raise UsageError(f"two different runs have --out {job.out}. Give each its own.")
        jobs[job.out] = replace(job, in_table=job.in_table or same.in_table)
    for job in jobs.values():
        if job.pretrained not in jobs and not job.ready:
            raise UsageError(
                f"{job.name} starts from {job.pretrained}, which no command here trains. Add `start` "
                "with that --out."
            )
    return list(jobs.values())


def _job(script: str, flags: list[str], in_table: bool) -> Job:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pretrained", type=Path)
    known, _ = parser.parse_known_args(flags)
    if known.out is None:
        raise UsageError(f"`{script} {' '.join(flags)}` has no --out. Give it a folder.")
    return Job(script, tuple(flags), known.out, known.pretrained, in_table)
