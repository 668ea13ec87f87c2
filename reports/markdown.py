"""Markdown tables, and their places between two marks of a document."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from files.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text under column names, and notes that explain them."""

    columns: list[str]
    rows: list[list[str]]
    notes: list[str]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The lines of a table. A `|` in a cell, as in the name of a folder, is escaped."""

    def line(cells: Sequence[str]) -> str:
        escaped = [cell.replace("|", r"\|") for cell in cells]
        return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in escaped)}|"

    return "\n".join([line(header), f"|{'---|' * len(header)}", *map(line, rows)])


def markdown(table: Table) -> str:
    """The table, and its notes as a list below it."""
    body = markdown_table(table.columns, table.rows)
    return f"{body}\n\n" + "\n".join(f"- {note}" for note in table.notes)


def marks(name: str, maker: str) -> tuple[str, str]:
    """The lines around a table in a document: the table's name, and the program that writes it."""
    return f"<!-- {name} table: made by {maker} -->", f"<!-- end of {name} table -->"


def read_page(path: Path) -> str:
    """The document of --write, with its own ends of lines. Raises `UsageError` where it is none."""
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise UsageError(f"--write is {path}, which {what}. Name a Markdown file with the marks.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"--write is {path}, which is not UTF-8 text. Name a Markdown file."
        ) from None


def between_marks(text: str, name: str, table: str, maker: str) -> str:
    """The document with a table, as Markdown, between its marks; its ends of lines are kept.

    Raises:
        UsageError: a mark is missing.
    """
    before, after = marks(name, maker)
    start, end = text.find(before), text.find(after)
    if not 0 <= start < end:
        raise UsageError(f"--write needs a file with the lines {before} and {after}.")
    start += len(before)
    newline = "\r\n" if text.startswith("\r\n", start) else "\n"  # on Windows
    return newline.join([text[:start], *table.split("\n"), text[end:]])


def insert(text: str, tables: dict[str, Table], maker: str) -> str:
    """The document with each table, by its name, between its marks; see `between_marks`."""
    for name, table in tables.items():
        text = between_marks(text, name, markdown(table), maker)
    return text


def check_page(path: Path | None, names: Iterable[str], maker: str) -> None:
    """Raises `UsageError` where --write is given and cannot take the tables. Call it before what takes long."""
    if path is not None:
        insert(read_page(path), {name: Table([], [], []) for name in names}, maker)
