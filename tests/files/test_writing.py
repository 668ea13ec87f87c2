"""Files are written whole or not at all; links and devices stay what they are."""

import json
import os

import pytest

from files.errors import UsageError
from files.reading import read_json
from files.writing import check_folders, write_json, write_text


def test_files_that_cannot_be_written_are_refused_before_they_are(tmp_path):
    check_folders(None, tmp_path / "new.json")
    with pytest.raises(UsageError, match=r"there is no folder .*none for a\.json"):
        check_folders(tmp_path / "none" / "a.json")
    with pytest.raises(UsageError, match="is a folder, expected a file to write"):
        check_folders(tmp_path)


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "first\n")
    write_text(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "private.md"
    path.write_text("old")
    path.chmod(0o600)
    write_text(path, "new")
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink() and path.read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(path, "text")
        assert os.read(reader, 99) == b"text"
    finally:
        os.close(reader)
    assert path.is_fifo()


def test_numbers_that_are_not_finite_are_refused_where_asked(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"name": os.fsdecode(b"\xff")})
    assert read_json(path, "a file of JSON") == {"name": os.fsdecode(b"\xff")}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, [float("nan")], allow_nan=False)
    assert json.loads(path.read_bytes()) == {"name": "\udcff"}
