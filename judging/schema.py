"""The SQLite file of a study: its tables, and opening it with every fault as one line."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

from files.errors import UsageError
from files.platform import sync
from judging.study import NOUNS, Item, Source, Study

APPLICATION_ID = 0x5EC6A17  # in the header of the file: tells it from those of other programs
VERSION = 1

_TABLES = """
CREATE TABLE study (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE item (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, content TEXT NOT NULL);
CREATE TABLE judge (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, token TEXT NOT NULL UNIQUE, began TEXT NOT NULL);
CREATE TABLE answer (
    judge INTEGER NOT NULL REFERENCES judge, item INTEGER NOT NULL REFERENCES item,
    human INTEGER NOT NULL CHECK (human IN (0, 1)), at TEXT NOT NULL,
    PRIMARY KEY (judge, item)
) WITHOUT ROWID;
"""


def now() -> str:
    """The time, as the tables hold it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def connect(path: Path) -> sqlite3.Connection:
    """An open connection that may be passed between threads; commits wait for the disk."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def create(path: Path, study: Study) -> None:
    """Writes a new file with a study, complete or not at all; only its owner may read it.

    Raises:
        UsageError: there is such a file, or it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{token_hex(4)}")
    values = {
        "id": token_hex(4),
        "key": token_urlsafe(12),
        "created": now(),
        "task": study.task,
        "num": study.num,
        "seed": study.seed,
    }
    try:
        with one_line(path):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(temporary, isolation_level=None)
            with contextlib.closing(connection):
                connection.executescript(f"BEGIN;{_TABLES}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.executemany(
                    "INSERT INTO study VALUES (?, ?)",
                    [(name, json.dumps(value)) for name, value in values.items()],
                )
                connection.executemany(
                    "INSERT INTO source VALUES (?, ?, ?, ?)",
                    [
                        (number, source.name, source.kind, json.dumps(source.details))
                        for number, source in enumerate(study.sources)
                    ],
                )
                connection.executemany(
                    "INSERT INTO item VALUES (?, ?, ?)",
                    [(k, item.source, item.content) for k, item in enumerate(study.items, start=1)],
                )
                connection.execute("COMMIT")
            if os.path.lexists(path):
                raise UsageError(f"--db is {path}, which exists already. Give another --db.")
            temporary.replace(path)
            sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def open_checked(path: Path) -> sqlite3.Connection:
    """A connection to a file that `create` made.

    Raises:
        UsageError: it is another file, or of another version, or cannot be used.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise UsageError(f"{path} {what}, expected the database of a blind test. Give --db.")
    with one_line(path):
        connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        with contextlib.closing(connection):  # before anything changes the file
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise UsageError(
                f"{path} is not a database of judge.py. Give a new file, or one that judge.py made, as --db."
            )
        if version != VERSION:
            raise UsageError(
                f"{path} is a database of version {version}, expected {VERSION}. Use the version of "
                "this project that made it, or give another --db."
            )
        return connect(path)


def read_study(connection: sqlite3.Connection) -> tuple[Study, dict[str, Any]]:
    """The study that a file holds, and its other values: "id", "key" and "created"."""
    values = {
        name: json.loads(value)
        for name, value in connection.execute("SELECT name, value FROM study")
    }
    sources = connection.execute("SELECT name, kind, details FROM source ORDER BY id")
    items = connection.execute("SELECT source, content FROM item ORDER BY id")
    task, num, seed = (values.pop(name) for name in ("task", "num", "seed"))
    if task not in NOUNS:
        raise ValueError(f"its task is {task!r:.40}")
    study = Study(
        task,
        num,
        seed,
        tuple(Source(name, kind, json.loads(details)) for name, kind, details in sources),
        tuple(Item(source, content) for source, content in items),
    )
    return study, values


@contextlib.contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Errors of SQLite and of what a file holds as `UsageError`s of one line."""
    try:
        yield
    except UsageError:
        raise
    except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UsageError(
            f"{path} cannot be used as the database of a blind test ({reason:.200}). Check the "
            "path, its permissions and the free disk space, or give another --db."
        ) from None
