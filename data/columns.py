"""Tables taken as text: one column of CSV or of JSON lines, and files that look like such tables."""

import csv
import itertools
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from data.lines import MAX_LINE_BYTES, composed, read_lines
from files.errors import DataError

CSV, TSV, JSON_LINES = "CSV", "TSV", "JSON lines"
# By the ending of a file's name, before .gz.
_FORMATS = {".csv": CSV, ".tsv": TSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}
_FORMATS[".json"] = JSON_LINES
_DELIMITERS = ",\t;|"
_MARKUP = (
    ("{\\rtf", "RTF"),
    ("<!doctype html", "HTML"),
    ("<html", "HTML"),
    ("<?xml", "XML"),
    ("<svg", "SVG"),
)
_HEAD_LINES = 50  # that are looked at
_COLUMN_NAME = re.compile(r"[A-Za-z_]([\w .-]{0,38}\w)?")  # in a file not named as a table
_SHOWN_COLUMNS = 10
# The module's own bound is an eighth of what a line may have, and the process has one for all readers.
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))


def read_column(path: Path, column: str) -> Iterator[tuple[int, str]]:
    """The number of the line where each record ends, and the record's text in one column.

    Line ends within the text become spaces; where a record has none in that column it is "". Quotes of
    tab-separated values that enclose no whole field are part of the text.

    Args:
        path: of a table with the names of its columns in the first line (.csv, .tsv), or with a JSON
            object in each line (.jsonl, .json), perhaps gzipped. The content decides where the name
            does not.
        column: its name.

    Raises:
        DataError: the table, the column or its text does not exist.
    """
    path, column = Path(path), composed(column).strip()
    lines = read_lines(path)
    first = next(((number, line) for number, line in lines if line.strip()), None)
    if first is None:
        return
    form = _named_format(path) or (JSON_LINES if first[1].lstrip().startswith("{") else CSV)
    lines = itertools.chain([first], lines)
    records = _of_json(path, lines, column) if form == JSON_LINES else _of_csv(path, lines, column)
    for number, text in records:
        yield number, re.sub(r"[\r\n]+", " ", text)


def looks_like(path: Path) -> dict[str, Any] | None:
    """The "format" of a file that seems to be a table or marked up, and its first "columns".

    None for plain text. Names of files count, and so do the first lines.
    """
    head = [line for _, line in itertools.islice(read_lines(Path(path)), _HEAD_LINES)]
    lines = [line for line in head if line.strip()]
    if not lines:
        return None
    start = lines[0].strip().lower()
    named = _named_format(path)
    form = next((name for sign, name in _MARKUP if start.startswith(sign)), None)
    columns: list[str] = []
    if form is None and (start[0] in "{[" or named == JSON_LINES):
        form, columns = _json_columns(lines, named)
    if form is None and named in (CSV, TSV):
        form, columns = named, _header(lines[0], named)
    if form is None and named is None:
        form, columns = _csv_columns(head)
    if form is None:
        return None
    return {"format": form, "columns": [f"{name:.40}" for name in columns[:_SHOWN_COLUMNS]]}


def _named_format(path: Path) -> str | None:
    name = Path(path).name.lower().removesuffix(".gz")
    return _FORMATS.get(Path(name).suffix)


# CSV.


def _delimiter(header: str, form: str | None = None) -> str:
    """What parts the columns: the candidate that the header has most of outside quotes, else a comma."""
    unquoted = re.sub(r'"[^"]*"', "", header)
    return "\t" if form == TSV else max(_DELIMITERS, key=unquoted.count)


def _header(line: str, form: str | None) -> list[str]:
    try:
        names = next(csv.reader([line], delimiter=_delimiter(line, form)), [])
    except csv.Error:
        return []
    return [name.strip() for name in names]


def _of_csv(path: Path, lines: Iterator[tuple[int, str]], column: str) -> Iterator[tuple[int, str]]:
    _, header = next(lines)
    names = _header(header, _named_format(path))
    if column not in names:
        raise _no_column(path, column, names)
    place = names.index(column)
    delimiter = _delimiter(header, _named_format(path))
    for at, record in _records(path, lines, delimiter, len(names)):
        if any(record[len(names) :]):
            raise DataError(
                f"{path} has a record of {len(record)} fields in line {at}, expected {len(names)} as its first "
                "line: put fields with the separator in them in double quotes, with no space before."
            )
        if record:
            yield at, record[place] if place < len(record) else ""


def _records(
    path: Path, lines: Iterator[tuple[int, str]], delimiter: str, columns: int
) -> Iterator[tuple[int, list[str]]]:
    """The number of the line where each record ends, and its fields.

    A quote that opens a field and is not closed takes in the lines that follow. In CSV that is an
    error. Tab-separated values are often written without quoting: there such a quote is text.
    """
    again: deque[tuple[int, str]] = deque()  # lines that the record before took in wrongly
    taken: list[tuple[int, str]] = []  # of the record that is read
    ended = False  # whether the record wanted more lines than there are

    def text() -> Iterator[str]:
        nonlocal ended
        while numbered := again.popleft() if again else next(lines, None):
            taken.append(numbered)
            yield f"{numbered[1]}\n"
        ended = True

    while True:
        taken.clear()
        record: list[str] | None = None
        fault: csv.Error | None = None
        try:
            record = next(csv.reader(text(), delimiter=delimiter), None)
        except csv.Error as error:  # a field that is too long
            fault = error
        if not taken:
            return
        start, at = taken[0][0], taken[-1][0]
        if record is not None and (len(taken) > 1 or ended or delimiter == "\t"):
            fault = _fault(record, [line for _, line in taken], delimiter, columns)
        if record is not None and fault is None:
            yield at, record
        elif delimiter == "\t":
            yield start, taken[0][1].split(delimiter)
            again.extendleft(reversed(taken[1:]))
        else:
            raise DataError(
                f"{path} has by line {at} a record that is not valid CSV ({fault}), expected columns as in "
                f"its first line: fix the quotes from line {start} on."
            )


def _fault(record: list[str], lines: list[str], delimiter: str, columns: int) -> csv.Error | None:
    """Why lines are not the one record that they were read as; None if they are."""
    if '"' not in "".join(lines):
        return None
    whole = columns > 1 and {line.count("\t") + 1 for line in lines} == {columns}
    if whole and (len(lines) > 1 or len(record) != columns):
        return csv.Error("each line is a record")
    try:
        list(csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return error
    return None


def _csv_columns(head: list[str]) -> tuple[str | None, list[str]]:
    """The format and the columns of lines that have one number of columns, named in the first."""
    for delimiter in _DELIMITERS:
        if delimiter not in head[0]:
            continue
        try:
            rows = list(csv.reader([f"{line}\n" for line in head], delimiter=delimiter))
        except csv.Error:
            continue
        rows = [row for row in rows[: -1 if len(head) == _HEAD_LINES else None] if row]
        if len(rows) < 3 or any(len(row) != len(rows[0]) for row in rows):
            continue
        names = rows[0]
        if len(set(names)) == len(names) and all(map(_COLUMN_NAME.fullmatch, names)):
            return TSV if delimiter == "\t" else CSV, names
    return None, []


# JSON.


def _of_json(
    path: Path, lines: Iterable[tuple[int, str]], column: str
) -> Iterator[tuple[int, str]]:
    names: list[str] = []
    found = known = False  # whether a line has the column with text, or at all
    for number, line in lines:
        if not line.strip():
            continue
        record = _parsed(line)
        if not isinstance(record, dict):
            raise DataError(
                f"{path} has in line {number} no JSON object, expected one in each line: make such "
                f"lines of a JSON list (jq -c '.[]')."
            )
        record = {composed(key).strip(): value for key, value in record.items()}
        names = names or list(record)
        value = record.get(column)
        known = known or column in record
        if isinstance(value, str):
            found = True
            yield number, _sound(path, number, value)
        elif value is None:
            yield number, ""
        else:
            raise DataError(
                f"{path} has in line {number} as {column!r:.60} a value of type "
                f"{type(value).__name__}, expected text: give another --column, of {_listed(names)}."
            )
    if not found and known:
        raise DataError(
            f"--column is {column!r:.60}, which has no text in {path}, only null: give another "
            f"--column, of {_listed(names)}."
        )
    if not found:
        raise _no_column(path, column, names)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _sound(path: Path, number: int, text: str) -> str:
    """The text. Raises `DataError` for characters that UTF-8 cannot encode but JSON escapes can."""
    wrong = re.search("[\0\ud800-\udfff]", text)
    if wrong:
        raise DataError(
            f"{path} has in line {number} the character U+{ord(wrong[0]):04X}, which cannot "
            "occur in text: remove it."
        )
    return composed(text)


def _json_columns(lines: list[str], named: str | None) -> tuple[str | None, list[str]]:
    record = _parsed(lines[0])
    if isinstance(record, dict):
        return JSON_LINES, list(record)
    if isinstance(record, list) and (named or any(isinstance(each, dict) for each in record)):
        return "JSON", []
    printed = lines[0].strip() in ("{", "[", "[{")  # over several lines
    return ("JSON", []) if printed or named == JSON_LINES else (None, [])


# Messages.


def _no_column(path: Path, column: str, names: Sequence[str]) -> DataError:
    if _named_format(path) is None and not all(map(_COLUMN_NAME.fullmatch, names)):
        return DataError(
            f"--column is {column!r:.60}, but {path} is a text without columns, expected CSV or JSON lines: "
            "leave --column out."
        )
    return DataError(f"--column is {column!r:.60}, expected a column of {path}: {_listed(names)}.")


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _SHOWN_COLUMNS else ""
    cut = [name if len(name) <= 36 else f"{name[:33]}..." for name in names[:_SHOWN_COLUMNS]]
    return ", ".join(map(repr, cut)) + more or "it has none"
