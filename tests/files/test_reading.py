"""Small files read whole: how large they may be, and what is no JSON."""

import json
import os

import pytest

from files.errors import DataError
from files.reading import MAX_JSON_BYTES, read_json, read_small

EXPECTED = "expected a file of the test: give one"


def refusal(call):
    with pytest.raises(DataError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and message.endswith(f"{EXPECTED}.")
    return message


def test_a_file_of_at_most_so_many_bytes_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_small(path, 5, EXPECTED) == b"12345"
    assert f"{path} has more than 4 bytes" in refusal(lambda: read_small(path, 4, EXPECTED))
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    assert "more than 1,000 bytes" in refusal(lambda: read_small(path, 1000, EXPECTED))


def test_only_regular_files_are_read(tmp_path):
    for path, said in [
        (tmp_path / "missing", "does not exist"),
        (tmp_path, "is not a regular file"),
        (tmp_path / ("x" * 5000), "cannot be read (File name too long)"),
    ]:
        assert said in refusal(lambda path=path: read_small(path, 5, EXPECTED))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refusal(lambda: read_json(tmp_path / "pipe", EXPECTED))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_a_file_without_permission(tmp_path):
    (tmp_path / "file").touch(0)
    message = refusal(lambda: read_json(tmp_path / "file", EXPECTED))
    assert "cannot be read (Permission denied)" in message


@pytest.mark.parametrize("value", [None, [], {"a": [1, 2.5, "山", True]}, "\n"])
def test_json_is_read(tmp_path, value):
    (tmp_path / "file").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    assert read_json(tmp_path / "file", EXPECTED) == value


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "is not valid JSON (Expecting value"),
        (b"{", "is not valid JSON"),
        (b"[1] 2", "is not valid JSON (Extra data"),
        (b"\xff", "is not valid JSON ('utf-8' codec"),
        ('"a"'.encode("utf-16"), "is not valid JSON"),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"1" * 5000, "is not valid JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b" " * (MAX_JSON_BYTES + 1), "has more than 16,777,216 bytes"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, content, said):
    (tmp_path / "file").write_bytes(content)
    assert said in refusal(lambda: read_json(tmp_path / "file", EXPECTED))
