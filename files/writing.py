"""Files written so that no half-written one is ever seen, even after a power failure."""

import json
import shutil
from pathlib import Path
from typing import Any

from files.errors import UsageError
from files.platform import sync


def check_folders(*files: Path | None) -> None:
    """Raises `UsageError` for a file to be written, where one is given, that is or lacks a folder."""
    for path in files:
        if path is not None and path.is_dir():
            raise UsageError(f"{path} is a folder, expected a file to write. Name one in it.")
        if path is not None and not path.resolve().parent.is_dir():
            raise UsageError(f"there is no folder {path.parent} for {path.name}. Make it first.")


def write_json(path: Path, value: Any, *, allow_nan: bool = True) -> None:
    """Writes JSON by `write_text`.

    Characters that UTF-8 cannot encode, as bytes of a file name that is not UTF-8 (`os.fsdecode`),
    become JSON escapes: `read_json` gives back the same text.

    Raises:
        ValueError: a number is not finite, and `allow_nan` is false.
        OSError: the file cannot be written.
    """
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=allow_nan) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text to a temporary file, syncs it and renames it to `path`.

    A link stays a link to the file written, and a file keeps its permissions. What is no regular file, as `/dev/stdout`, is written to.
    Characters that UTF-8 cannot encode become escapes with a backslash.
    """
    content = text.encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path = path.resolve()
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    if path.exists():
        shutil.copymode(path, temporary)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)
