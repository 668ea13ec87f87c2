"""One thread that writes to a SQLite file and commits the writes of many clients together."""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_MOST_AT_ONCE = 1000


class Writer:
    """Runs functions that write, each in a savepoint, and commits before any of them is reported.

    A commit waits for the disk, some milliseconds: what has arrived meanwhile shares the next one.
    So a reported write survives the end of the process and of the power, at hundreds a second.

    Args:
        connect: opens the file; called in the writer's thread.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]):
        self._connect = connect
        self._jobs: queue.Queue[tuple[Job[Any], Future[Any]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="judgements", daemon=True)
        self._thread.start()

    def do(self, job: Job[T]) -> "Future[T]":
        """Runs `job` with the connection; the result is there once it is on the disk.

        The future raises `sqlite3.Error` where the job failed, or nothing could be written.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # a client that goes away cancels no write
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Waits for what is under way."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (first := self._jobs.get()) is not None:
            batch = [first, *self._waiting()]
            try:
                connection = connection or self._connect()
                outcomes = _write(connection, [job for job, _ in batch])
            except Exception as error:  # a full disk, a file that has gone: for all who wait
                outcomes = [error] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
            if connection is not None and self._jobs.empty():
                # From the write-ahead log into the file itself, so that a copy of it is complete.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint").fetchone()
        if connection is not None:
            connection.close()

    def _waiting(self) -> list[tuple[Job[Any], Future[Any]]]:
        """What has arrived, up to the request to close."""
        found: list[tuple[Job[Any], Future[Any]]] = []
        while len(found) < _MOST_AT_ONCE:
            try:
                entry = self._jobs.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._jobs.put(None)
                break
            found.append(entry)
        return found


def _write(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> list[Any]:
    """Results of the jobs after one commit; in place of one that failed, its `sqlite3.Error`."""
    outcomes: list[Any] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            connection.execute("SAVEPOINT job")
            try:
                outcomes.append(job(connection))
            except sqlite3.IntegrityError as error:
                connection.execute("ROLLBACK TO job")
                outcomes.append(error)
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except Exception:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes
