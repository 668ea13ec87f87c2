"""The thread that writes: a fault is reported to those who wait, and the next write is tried again."""

import contextlib
import shutil
import sqlite3
import time

import pytest

from judging.writer import Writer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.sqlite"


def connect(path):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY)")
    return connection


def insert(number):
    return lambda connection: (
        connection.execute("INSERT INTO numbers VALUES (?)", [number]).rowcount
    )


def copied(path):
    """What a copy has; None where it was made in the middle of a write."""
    with contextlib.suppress(sqlite3.Error):
        return numbers(path)


def numbers(path):
    connection = sqlite3.connect(path)
    found = [number for (number,) in connection.execute("SELECT number FROM numbers")]
    connection.close()
    return found


def test_what_is_reported_can_be_read_by_others(path):
    writer = Writer(lambda: connect(path))
    for number in range(5):
        assert writer.do(insert(number)).result() == 1
        assert numbers(path) == list(range(number + 1))
    writer.close()


def test_a_copy_of_the_file_has_what_was_written(path, tmp_path):
    """Not only its write-ahead log, which a copy of the file leaves behind."""

    def with_log():
        connection = connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    writer = Writer(with_log)
    for number in range(3):
        writer.do(insert(number)).result()
    deadline = time.monotonic() + 60
    copy = tmp_path / "copy.sqlite"
    while shutil.copy(path, copy) and copied(copy) != [0, 1, 2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    writer.close()


def test_what_waits_is_written_before_the_end(path):
    writer = Writer(lambda: connect(path))
    futures = [writer.do(insert(number)) for number in range(3000)]
    writer.close()
    assert all(future.done() for future in futures)
    assert numbers(path) == list(range(3000))


def test_a_job_that_breaks_a_rule_leaves_the_others_of_its_commit(path):
    writer = Writer(lambda: connect(path))
    futures = [writer.do(insert(number)) for number in (1, 2, 1, 3)]
    with pytest.raises(sqlite3.IntegrityError):
        futures[2].result()
    writer.close()
    assert numbers(path) == [1, 2, 3]


def test_a_file_that_cannot_be_opened_is_tried_again(path):
    reasons = [sqlite3.OperationalError("unable to open database file")]

    def connect_later():
        if reasons:
            raise reasons.pop()
        return connect(path)

    writer = Writer(connect_later)
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        writer.do(insert(1)).result()
    assert writer.do(insert(2)).result() == 1
    writer.close()
    assert numbers(path) == [2]


def test_a_full_disk_is_reported_and_the_file_stays_whole(path):
    def connect_small():
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 3")
        return connection

    writer = Writer(connect_small)
    many = writer.do(lambda c: [insert(number)(c) for number in range(10_000)])
    with pytest.raises(sqlite3.OperationalError, match="full"):
        many.result()
    assert writer.do(insert(1)).result() == 1
    writer.close()
    assert numbers(path) == [1]


def test_a_job_that_is_wrong_does_not_end_the_thread(path):
    writer = Writer(lambda: connect(path))
    with pytest.raises(ZeroDivisionError):
        writer.do(lambda connection: 1 / 0).result()
    assert writer.do(insert(1)).result() == 1
    writer.close()


def test_who_goes_away_cancels_no_write(path):
    writer = Writer(lambda: connect(path))
    assert not writer.do(insert(1)).cancel()
    writer.close()
    assert numbers(path) == [1]
