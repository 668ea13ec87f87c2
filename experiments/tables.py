"""Where the tables of this folder go: the terminal, a file of figures, a page of docs/."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from files.errors import UsageError
from files.reading import read_json
from files.writing import check_folders, write_json, write_text
from reports.markdown import Table, check_page, insert, markdown, read_page

# Flag: folders of runs.
Folders = Annotated[
    tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(help_behavior_hint="(default: none)")
]

# As `start_in_words` has it: preset best.
STRONGEST_START = "MLE, H = 64, dropout 0.4, early stopping, at its best temperature"


def data_in_words(settings: dict[str, Any]) -> str:
    """The corpus, or the oracle and how many sequences it drew."""
    if "corpus" in settings:
        return Path(settings["corpus"]).name
    return f"oracle {settings['oracle']}, {settings['train_size']:,} sequences"


def start_in_words(settings: dict[str, Any]) -> str:
    """The generator that the discriminator was first trained against."""
    how = "early stopping" if settings["mle_patience"] else f"{settings['mle_epochs']} epochs"
    if settings["dropout"]:
        how = f"dropout {settings['dropout']:g}, {how}"
    cell = settings.get("cell", "lstm")
    size = (
        f"H = {settings['hidden_dim']}"
        if cell == "lstm"
        else f"{cell}, H = {settings['hidden_dim']}"
    )
    at = ", at its best temperature" if settings["start_at_temperature"] else ""
    return f"MLE, {size}, {how}{at}"


class Rows:
    """The rows of a table of finished runs: those that differ in the seed alone together.

    Args:
        names: of the entries by which rows differ.
    """

    def __init__(self, names: Sequence[str]):
        self._names = names
        self._rows: dict[tuple[str, ...], dict[str, Any]] = {}
        self._runs: dict[tuple[str, ...], dict[str, tuple[Path, Any]]] = {}

    def add(self, folder: Path, result: dict[str, Any], key: tuple[str, ...], figures: Any) -> None:
        """Adds a run with its `figures`.

        Raises:
            UsageError: another run of the row has the same seed or other data.
        """
        seed, data = str(result["seed"]), result.get("data", {}).get("split_hash")
        for other_seed, (other, other_data) in self._runs.setdefault(key, {}).items():
            same = f"the same seed, {seed}" if other_seed == seed else ""
            differ = "different data" if other_data != data else ""
            if same or differ:
                raise UsageError(
                    f"{other} and {folder} are of one row ({'; '.join(key)}) and have {same or differ}. "
                    "Leave one out."
                )
        self._runs[key][seed] = folder, data
        named = dict(zip(self._names, key, strict=True))
        self._rows.setdefault(key, {**named, "seeds": {}})["seeds"][seed] = figures

    def sorted(self) -> list[dict[str, Any]]:
        """The rows, in the order of their entries."""
        return [self._rows[key] for key in sorted(self._rows)]


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
    check_page(page, [name], maker)


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
