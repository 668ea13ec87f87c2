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

TABLES = ("oracle", "corpus")


def marks(name: str) -> tuple[str, str]:
    """The lines between which a table stands in a Markdown file."""
    return f"<!-- {name} table: made by compare.py -->", f"<!-- end of {name} table -->"


@dataclasses.dataclass(frozen=True)
class CompareSettings:
    """Prints the paper's tables with ours beside them, as Markdown."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional] = (Path("runs"),)
    """Run folders, result files, or folders that hold some."""
    write: Path | None = None
    """A Markdown file, whose text between the marks of the table is replaced."""


def between_marks(text: str, name: str, table: str) -> str:
    """`text` with the table `name` between its marks."""
    start, end = (text.find(mark) for mark in marks(name))
    if not 0 <= start < end:
        raise UsageError(f"--write needs a file with the lines {' and '.join(marks(name))}.")
    return f"{text[: start + len(marks(name)[0])]}\n{table}\n{text[end:]}"


def make_tables(results: list) -> dict[str, str]:
    """Each table that there are results for, with its notes, by name."""
    from reports import tables

    made = {}
    for name in TABLES:
        table = getattr(tables, f"{name}_table")(results)
        if len(table.splitlines()) > 2:
            made[name] = f"{table}\n\n{getattr(tables, f'{name}_notes')(results)}"
    return made


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(CompareSettings, CompareSettings(), arguments, prog="compare.py")

    from reports.results import find_results

    results, left_out = find_results(list(settings.runs))
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    if not results:
        given = ", ".join(map(str, settings.runs))
        raise UsageError(f"no complete run in {given}. Name folders of finished runs.")
    tables = make_tables(results)
    print("\n\n".join(tables.values()))
    if settings.write is not None:
        text = settings.write.read_text(encoding="utf-8")
        for name, table in tables.items():
            text = between_marks(text, name, table)
        settings.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
