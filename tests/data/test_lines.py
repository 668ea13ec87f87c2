"""Lines of text files: their ends, encodings, packing, and what is no text."""

import collections
import gzip
import io
import os
import tarfile
import tracemalloc
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import lines as lines_module
from data.lines import composed, read_lines
from tests.helpers import failure


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "corpus.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content, lines",
    [
        ("a\nb\n", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ("a\r\n\r\nb\r\n", ["a", "", "b"]),
        ("\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]),
        (" a \t\n", [" a \t"]),
        ("a\u2028b\x0bc\x85d\n", ["a\u2028b\x0bc\x85d"]),  # of no line's end
        ("a\rb\r", ["a", "b"]),  # of old Macs
        ("a\r\rb\r\nc", ["a", "", "b", "c"]),
        ("a\r\r\nb", ["a", "", "b"]),
        ("\r", [""]),
        ("cafe\u0301\n\u1112\u1161\u11ab\n", ["café", "한"]),
        ("诗\n", ["诗"]),
        ("", []),
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 3, 1 << 16])
def test_lines(write, content, lines, piece, monkeypatch):
    monkeypatch.setattr(lines_module, "_CHUNK_BYTES", piece)
    assert list(read_lines(write(content))) == list(enumerate(lines, start=1))
    assert list(read_lines(write(gzip.compress(content.encode())))) == list(
        enumerate(lines, start=1)
    )


@pytest.mark.parametrize(
    "content, byte, offset, line",
    [
        (b"caf\xe9\n", "0xe9", 3, 1),
        (b"one\ntwo\nna\xefve\n", "0xef", 10, 3),
        ("ok\n诗".encode()[:-1], "0xe8", 3, 2),  # cut off
        (b"\xef\xbb\xbfab\n\xff\n", "0xff", 6, 2),
        ("text\n".encode("utf-16"), "0xff", 0, 1),
        ("text\n".encode("utf-16-le"), "0x00", 1, 1),
        (b"\x7fELF\x02\x00", "0x00", 5, 1),
        (b"\xed\xa0\x80", "0xed", 0, 1),  # half of a surrogate pair
    ],
)
def test_not_utf8(write, content, byte, offset, line):
    path = write(content)
    message = failure(list, read_lines(path))
    assert f"{path} is not UTF-8 text" in message
    assert f"byte {byte} at offset {offset}, in line {line};" in message


def test_no_file(tmp_path):
    assert "does not exist" in failure(list, read_lines(tmp_path / "missing"))
    assert "is a folder" in failure(list, read_lines(tmp_path))
    assert "cannot be read (File name too long)" in failure(list, read_lines("x" * 5000))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in failure(list, read_lines(tmp_path / "pipe"))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_file_without_permission(write):
    path = write("a\n")
    path.chmod(0)
    assert "cannot be read (Permission denied)" in failure(list, read_lines(path))


def test_endless_line(write, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 1 << 10)
    fits = "a" * ((1 << 10) - 1) + "\n"
    assert len(list(read_lines(write(fits)))) == 1
    path = write(fits + "a" * (1 << 20))
    message = failure(list, read_lines(path))
    assert f"{path} has in line 2 more than" in message and "break it into lines" in message


@pytest.mark.parametrize(
    "content, what",
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "a zip archive (.docx, .xlsx and .epub are such)"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "a PDF: byte"),
        (b"BZh91AY&SY\xff\n", "a bzip2 file"),
        ("text\n".encode("utf-16"), "(iconv -f UTF-16 -t UTF-8)"),
        ("text\n".encode("utf-16-le"), "(iconv -f UTF-16LE -t UTF-8)"),
        ("text\n".encode("utf-32"), "(iconv -f UTF-32 -t UTF-8)"),
        ("café\n".encode("latin-1"), "(iconv -f THE_ENCODING -t UTF-8)"),
        (gzip.compress(gzip.compress(b"text\n", mtime=0), mtime=0), "a gzip file within one"),
    ],
)
def test_a_file_of_another_format_is_named(write, content, what):
    message = failure(list, read_lines(write(content)))
    assert what in message
    assert ("iconv" in message) == ("iconv" in what)


def test_a_tar_archive_is_named(write):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("text.txt"))
    assert "a tar archive" in failure(list, read_lines(write(content.getvalue())))


def test_a_damaged_gzip_file(write):
    whole = gzip.compress(b"text\n" * 99)
    for content in (whole[:-9], whole[:-8] + b"\0" * 8, whole + b"text", whole[:12] + b"\xff" * 9):
        assert "is a damaged gzip file" in failure(list, read_lines(write(content)))


def test_several_gzip_files_in_one(write):
    path = write(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert list(read_lines(path)) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("line", [b"a b\n", b"\r", b"a"], ids=["text", "ends", "endless"])
def test_a_gzip_bomb_is_refused_in_little_memory(write, line, monkeypatch):
    monkeypatch.setattr(lines_module, "_UNPACKED_ALLOWANCE", 1 << 14)
    monkeypatch.setattr(lines_module, "_UNPACKED_TIMES", 10)
    path = write(gzip.compress(line * (16_000_000 // len(line))))
    tracemalloc.start()
    try:
        message = failure(collections.deque, read_lines(path), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    assert "is a gzip file of more than 10 times its size" in message


@pytest.mark.slow
@settings(deadline=None)  # the first call takes longer
@given(st.text(max_size=20))
def test_composed_text_is_nfc(text):
    assert composed(text) == unicodedata.normalize("NFC", text)
    assert composed("x" * 300 + text) == unicodedata.normalize("NFC", "x" * 300 + text)


def test_a_run_of_accents_is_not_sorted():
    # Sorting grows with the square of the run: a megabyte of it would take half an hour.
    run = "a" + "\u0301\u0316" * 300
    assert composed(f"{run} cafe\u0301\u0316") == f"{run} café\u0316"
    paragraph = "か\u3099" * 300  # long, without a space, and no such run
    assert composed(paragraph) == "が" * 300


def test_a_message_with_a_name_that_is_not_utf8_can_be_written(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    assert "caf\\udce9.txt does not exist" in failure(list, read_lines(path))
    failure(list, read_lines(path)).encode()
