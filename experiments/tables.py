"""Where the tables of this folder go: the terminal, a file of figures, a page of docs/."""

from pathlib import Path
from typing import Any

from benchmarks.report import Table, insert, markdown
from files.writing import write_json, write_text


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
        text = page.read_text(encoding="utf-8")
        write_text(page, insert(text, {name: table}, maker=maker))
