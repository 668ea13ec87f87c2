"""Where the tables of this folder go: the terminal, a file of figures, a page of docs/."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from files.errors import UsageError
from files.reading import read_json
from files.writing import check_folders, write_json, write_text
from reports.markdown import Table, insert, markdown, read_page

# Flag: folders of runs.
Folders = Annotated[
    tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(help_behavior_hint="(default: none)")
]


def data_in_words(settings: dict[str, Any]) -> str:
    """The corpus, or the oracle and how many sequences it drew."""
    if "corpus" in settings:
        return Path(settings["corpus"]).name
    return f"oracle {settings['oracle']}, {settings['train_size']:,} sequences"


def with_earlier(
    rows: Sequence[dict[str, Any]], json: Path | None, names: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows, and those that the file has of other runs: a seed that both have is the new one.

    Args:
        rows: each with `seeds`, figures by seed.
        json: file that an earlier call wrote, `{"rows": [...]}`; None, or not there yet: no more rows.
        names: of the entries by which rows differ; they decide the order.

    Raises:
        UsageError: there is no row at all, or the file has something else.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for key, seeds, row in (*_earlier(json, names), *_keyed(rows, names)):
        same = found.setdefault(key, {**row, "seeds": {}})
        both = same["seeds"] | seeds
        same["seeds"] = {seed: both[seed] for seed in sorted(both, key=int)}
    if not found:
        raise UsageError("no runs are given, expected folders of complete runs. Name some.")
    return [found[key] for key in sorted(found)]


def _keyed(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[tuple[Any, ...]]:
    return [(tuple(row[name] for name in names), row["seeds"], row) for row in rows]


def _earlier(json: Path | None, names: Sequence[str]) -> list[tuple[Any, ...]]:
    if json is None or not json.exists():
        return []
    try:
        return _keyed(read_json(json, "expected the figures of a table")["rows"], names)
    except (KeyError, TypeError):
        raise UsageError(
            f"--json is {json}, which has no rows of this table. Give another file."
        ) from None


def check_targets(
    name: str, json: Path | None, page: Path | None, maker: str, rows_by: Sequence[str] = ()
) -> None:
    """Raises `UsageError` for files that `publish` could not write. Call it before what takes long.

    Args:
        name, json, page, maker: see `publish`.
        rows_by: `names` of `with_earlier`, where the file's rows are kept.
    """
    check_folders(json)
    if rows_by:
        _earlier(json, rows_by)
    if page is None:
        return
    insert(read_page(page), {name: Table([], [], [])}, maker=maker)


def publish(
    name: str, table: Table, figures: Any, json: Path | None, page: Path | None, maker: str
) -> None:
    """Prints a table; writes its figures and the part of a page between its marks, where asked for.

    Args:
        name: of the table, in the marks of the page.
        table: the table.
        figures: what it was made from, any value of JSON.
        json: file for the figures.
        page: Markdown file with the marks.
        maker: the module that makes the table, in the marks.
    """
    print(markdown(table))
    if json is not None:
        write_json(json, figures)
    if page is not None:
        write_text(page, insert(read_page(page), {name: table}, maker=maker))
