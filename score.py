#!/usr/bin/env python
"""Likelihood of lines of text under an exported generator: nats per token and perplexity.

python score.py runs/text lines.txt              # each line, and all
python sample.py runs/text | python score.py runs/text -    # lines of standard input
python score.py runs/music tunes.zip             # windows of tunes, from MIDI files
python score.py runs/a lines.txt --compare runs/b runs/c   # ranks the generators
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import dataclasses
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import tyro

from files.errors import UsageError, UserError
from files.terminal import json_line, without_controls
from training.errors import one_line_errors
from training.flags import read_flags


@dataclasses.dataclass(frozen=True)
class ScoreSettings:
    """Prints the likelihood of the lines of a file under an exported generator."""

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = Path()
    """Folder of a run, or of its exported generator."""
    file: Annotated[
        Path | None,
        tyro.conf.Positional,
        tyro.conf.arg(metavar="FILE", help_behavior_hint="(required)"),
    ] = None
    """What to score: text with one sequence per line, or - for that of standard input; ids for the oracle; MIDI files for tunes."""
    compare: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="(default: none)")] = ()
    """Other runs to compare with: all are ranked by nats per character, on the lines without tokens unknown to any."""
    json: bool = False
    """Print one JSON object per line, the last for all lines; with --compare, one for each run."""


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(ScoreSettings, ScoreSettings(), arguments, prog="score.py")
    if settings.file is None:
        raise UsageError(
            "no FILE is given, expected RUN and FILE. Name both: python score.py runs/text lines.txt"
        )

    if settings.file == Path("-"):
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "standard input"
            given.write_bytes(sys.stdin.buffer.read())
            try:
                score(settings, given)
            except UserError as error:  # which names a file that nobody has given
                raise type(error)(str(error).replace(str(given), "standard input")) from None
        return
    if not settings.file.exists():
        raise UsageError(
            f"{settings.file} does not exist, expected a text file in UTF-8, or a MIDI file for a "
            "generator of tunes. Check the path."
        )
    score(settings, settings.file)


def score(settings: ScoreSettings, file: Path) -> None:
    """Prints the figures of a file that exists."""
    from training.session import prefer_tensorflow, quiet

    prefer_tensorflow()  # before the models are imported, which need it
    from reports.scores import Scorer, compare, comparison_table, score_table

    scorers = [Scorer(run) for run in (settings.run, *settings.compare)]
    if scorers[0].writes == "text":
        warn_of_tables(file, "standard input" if settings.file == Path("-") else file)
    quiet()  # TensorFlow is imported here, after all that could be wrong without it
    if settings.compare:
        ranks = compare(scorers, file)
        lines = map(_json, ranks) if settings.json else comparison_table(ranks)
    else:
        scores = scorers[0].scores(file)
        lines = map(_json, scores) if settings.json else score_table(scores)
    on_terminal = sys.stdout.isatty()
    for line in lines:
        print(without_controls(line) if on_terminal else line)


def warn_of_tables(path: Path, shown: Path | str) -> None:
    """Warns of a file, called `shown`, whose lines are not the text in it."""
    from data.columns import looks_like

    if table := looks_like(path):
        print(
            f"warning: {shown} looks like {table['format']}, but its lines are scored as plain text, "
            "separators and markup included. Save the text alone, one sequence a line.",
            file=sys.stderr,
        )


def _json(value) -> str:
    return json_line(value.to_json())


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
