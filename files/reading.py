"""Small files, read whole: regular ones of a bounded size, so that none blocks or fills the memory."""

import json
import os
from pathlib import Path
from typing import Any

from files.errors import DataError

# Parsed JSON takes up to 25 bytes of memory for one of the file.
MAX_JSON_BYTES = 16 << 20


def read_small(path: Path, most: int, expected: str) -> bytes:
    """Content of a regular file of at most `most` bytes.

    Args:
        path: of the file.
        most: bytes that it may have.
        expected: what the file should be and how to fix it; ends the message.

    Raises:
        DataError: the file does not exist, is not regular, or is larger.
    """
    try:
        if not path.is_file():  # a pipe or a device could block or never end
            what = "is not a regular file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}, {expected}.")
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}), {expected}.") from error
    if len(content) > most:
        raise DataError(f"{path} has more than {most:,} bytes, {expected}.")
    return content


def read_json(path: Path, expected: str, most: int = MAX_JSON_BYTES) -> Any:
    """The value that a JSON file in UTF-8 holds.

    Args:
        path: of the file.
        expected: what the file should be and how to fix it; ends the message.
        most: bytes that it may have.

    Raises:
        DataError: the file cannot be read, or is not JSON.
    """
    content = read_small(path, most, expected)
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except RecursionError as error:
        raise DataError(f"{path} is nested too deeply, {expected}.") from error
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}), {expected}.") from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def paths_below(folder: Path) -> list[Path]:
    """All files and folders below a folder, in order; also in folders that are links, each of them once."""
    found, seen = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder above it, or met already
            folders.clear()
            continue
        seen.add(real)
        found += [Path(place, name) for name in (*names, *folders)]
    return sorted(found)
