#!/usr/bin/env python
"""The paper's tables and figures from your own runs, next to the published numbers.

python compare.py runs/oracle-seqgan-quick-seed1
python compare.py results                        # the runs that the README and docs/results.md quote
python compare.py results --write README.md      # puts the tables between their marks there
python compare.py results --json all.json --figures figures
"""

import files.script_start  # noqa: F401  # first, since it checks Python and its packages

# isort: split
import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import tyro

from files.errors import DataError, UsageError
from files.reading import read_json
from files.writing import check_folders, write_json, write_text
from reports.markdown import between_marks, marks, read_page
from training.errors import one_line_errors
from training.flags import read_flags

MAKER = "compare.py"
"""What the marks in a document name."""


@dataclasses.dataclass(frozen=True)
class CompareSettings:
    """Prints the paper's tables with those of your runs next to them, as Markdown."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RUN ...]")] = (
        Path("runs"),
    )
    """Run folders, result files, or folders that contain some."""
    write: Path | None = None
    """Markdown file to update: the text between the marks of each table is replaced."""
    json: Path | None = None
    """JSON file to write all figures of the tables to, seed by seed."""
    figures: Path | None = None
    """Folder to draw learning curves, ablations, and quality against variety to, as PNG."""


def with_tables(text: str, tables: dict[str, str]) -> tuple[str, list[str]]:
    """`text` with each table between its marks, and the names of the tables without marks in it.

    Raises `UsageError` where no table has its marks, or a table has only one of the two.
    """
    without = [name for name in tables if not any(mark in text for mark in marks(name, MAKER))]
    if len(without) == len(tables):
        without = without[1:]  # so that the first one's marks are asked for
    for name, table in tables.items():
        if name not in without:
            text = between_marks(text, name, table, MAKER)
    return text, without


def check_report(path: Path | None) -> None:
    """Raises `UsageError` where the file of --json holds something else than an earlier report."""
    if path is None or not path.is_file() or path.stat().st_size == 0:
        return
    found = None
    with contextlib.suppress(DataError):
        found = read_json(path, "expected a report")
    if not isinstance(found, list) or not all(isinstance(s, dict) and "title" in s for s in found):
        raise UsageError(
            f"--json is {path}, which holds something else than a report of compare.py. Give another file."
        )


def main(arguments: list[str] | None = None) -> None:
    settings = read_flags(CompareSettings, CompareSettings(), arguments, prog="compare.py")

    from reports.grouping import make_sections
    from reports.headline import headline_table
    from reports.json_report import json_report
    from reports.results import find_runs
    from reports.tables import make_tables

    runs, left_out = find_runs(list(settings.runs))
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    if not runs:
        given = ", ".join(map(str, settings.runs))
        raise UsageError(f"no complete run in {given}. Name folders of finished runs.")
    check_folders(settings.json)
    check_report(settings.json)
    if settings.figures is not None and settings.figures.exists() and not settings.figures.is_dir():
        raise UsageError(f"--figures is {settings.figures}, which is a file. Name a folder.")
    sections = make_sections(runs)
    tables = make_tables(sections)
    text, without = "", list[str]()
    if settings.write is not None:
        headline = headline_table(sections)  # a part of the first table, so it is not printed
        more = {"headline": headline} if headline else {}
        text, without = with_tables(read_page(settings.write), tables | more)
    if settings.json is not None:
        write_json(settings.json, json_report(sections), allow_nan=False)
    if settings.write is not None:
        write_text(settings.write, text)
        for name in without:
            print(
                f"not written: {settings.write} has no marks of the {name} table", file=sys.stderr
            )
    if settings.figures is not None:
        from reports.figures import write_figures

        drawn, left_out = write_figures(sections, settings.figures)
        if not drawn and not left_out:
            left_out = [
                "no run has a metrics.csv next to its result, or figures at several temperatures"
            ]
        for line in left_out:
            print(f"not drawn: {line}", file=sys.stderr)
    # Last, since whoever reads it may stop early, as `head` does.
    print("\n\n".join(tables.values()))


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
