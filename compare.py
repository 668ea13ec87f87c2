#!/usr/bin/env python
"""The paper's tables from runs of one's own, beside the published numbers.

python compare.py runs/oracle-seqgan-quick-seed1
python compare.py results                        # the runs that the README quotes
python compare.py results --write README.md      # puts the table between its marks there
"""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from training.config import read_flags
from training.errors import UsageError, one_line_errors

MARKS = ("<!-- oracle table: made by compare.py -->", "<!-- end of oracle table -->")


@dataclasses.dataclass(frozen=True)
class CompareSettings:
    """Prints Table 1 of the paper with ours beside it, as Markdown."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional] = (Path("runs"),)
    """Run folders, result files, or folders that hold some."""
    write: Path | None = None
    """A Markdown file, whose text between the marks of the table is replaced."""


def between_marks(text: str, table: str) -> str:
    """`text` with the table between the marks."""
    start, end = (text.find(mark) for mark in MARKS)
    if not 0 <= start < end:
        raise UsageError(f"--write needs a file with the lines {MARKS[0]!r} and {MARKS[1]!r}.")
    return f"{text[: start + len(MARKS[0])]}\n{table}\n{text[end:]}"


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(CompareSettings, CompareSettings(), arguments, prog="compare.py")

    from reports.results import find_results
    from reports.tables import oracle_notes, oracle_table

    results, left_out = find_results(list(settings.runs))
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    if not results:
        given = ", ".join(map(str, settings.runs))
        raise UsageError(f"no complete run in {given}. Name folders of finished runs.")
    table = f"{oracle_table(results)}\n\n{oracle_notes(results)}"
    print(table)
    if settings.write is not None:
        text = settings.write.read_text(encoding="utf-8")
        settings.write.write_text(between_marks(text, table), encoding="utf-8")


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
