"""Text files line by line: UTF-8, plain or gzipped, in bounded memory, with accents composed."""

import functools
import gzip
import os
import re
import unicodedata
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from files.errors import DataError

EXPECTED = "expected a text file in UTF-8, one sequence a line"
GZIP = b"\x1f\x8b"
MAX_LINE_BYTES = 1 << 20  # a longer line is no sequence, and reading it all could fill the memory
_CHUNK_BYTES = 1 << 16
_HEAD_BYTES = 512  # by which a file of another format is known
# Bytes that a gzip file may unpack to: text packs to a third of its size, a bomb to a thousandth.
_UNPACKED_ALLOWANCE = 1 << 20
_UNPACKED_TIMES = 100
_LONGEST_RUN = 256  # accents on end; composing sorts them in time that grows with the square

# What other files begin with, and how to make text of them.
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive (.docx, .xlsx and .epub are such)", "save its text as UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.doc, .xls)", "save its text as UTF-8"),
    (b"%PDF-", "a PDF", "save its text as UTF-8 (pdftotext)"),
    (GZIP, "a gzip file within one", "unpack it (gunzip)"),
    (b"BZh", "a bzip2 file", "unpack it (bunzip2)"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it (unxz)"),
    (b"(\xb5/\xfd", "a Zstandard file", "unpack it (unzstd)"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"PAR1", "a Parquet file", "save its text as UTF-8"),
    (b"SQLite format 3\0", "a SQLite database", "save its text as UTF-8"),
    (b"\x7fELF", "a program", "give another file"),
    (b"\xff\xfe\0\0", "UTF-32", "save it as UTF-8 (iconv -f UTF-32 -t UTF-8)"),
    (b"\0\0\xfe\xff", "UTF-32", "save it as UTF-8 (iconv -f UTF-32 -t UTF-8)"),
    (b"\xff\xfe", "UTF-16", "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "UTF-16", "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line's number, from 1, and its text without the line's end, `composed`.

    A line ends with a line feed, a carriage return (old Mac files) or both (Windows). A gzip file
    is known by its first bytes, and unpacked on the way. Holds a piece of the file at a time.

    Raises:
        DataError: the file does not exist, or is not UTF-8 text in lines.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise DataError(f"{path} does not exist, {EXPECTED}: fix the path.")
        if not path.is_file():  # a pipe or a device could block or never end
            what = "is a folder" if path.is_dir() else "is not a regular file"
            raise DataError(f"{path} {what}, {EXPECTED}: give such a file.")
        with open(path, "rb") as file:
            offset, head = 0, b""
            for number, raw in enumerate(_raw_lines(path, file), start=1):
                if len(head) < _HEAD_BYTES:
                    head += raw[:_HEAD_BYTES]
                yield number, composed(_decoded(raw, path, number, offset, head))
                offset += len(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path} is a damaged gzip file ({error}), {EXPECTED}: get it again, or give the "
            "unpacked file."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}), {EXPECTED}.") from error


def _raw_lines(path: Path, file: BufferedReader) -> Iterator[bytes]:
    """The lines with their ends."""
    packed = file.peek(len(GZIP))[: len(GZIP)] == GZIP
    source = gzip.GzipFile(fileobj=file) if packed else file
    most = _UNPACKED_ALLOWANCE + _UNPACKED_TIMES * os.fstat(file.fileno()).st_size
    rest, number, size = b"", 0, 0
    while chunk := source.read(_CHUNK_BYTES):
        size += len(chunk)
        if packed and size > most:
            raise DataError(
                f"{path} is a gzip file of more than {_UNPACKED_TIMES} times its size, {EXPECTED}: "
                "where that is meant, give the unpacked file."
            )
        lines = (rest + chunk).splitlines(keepends=True)
        # A carriage return at the end of the chunk may be half of a line's end.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        for line in lines:
            number += 1
            _check_length(line, path, number)
            yield line
        _check_length(rest, path, number + 1)
    if rest:
        yield rest


def _check_length(line: bytes, path: Path, number: int) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise DataError(
            f"{path} has in line {number} more than {MAX_LINE_BYTES >> 20} MiB, {EXPECTED}: "
            "break it into lines."
        )


def _decoded(raw: bytes, path: Path, number: int, offset: int, head: bytes) -> str:
    try:
        line = raw.decode("utf-8")
        wrong = raw.find(b"\0")  # without these, UTF-16 of plain English would pass
    except UnicodeDecodeError as error:
        wrong = error.start
    if wrong >= 0:
        what, fix = _other_file(head)
        raise DataError(
            f"{path} is not UTF-8 text{what}: byte 0x{raw[wrong]:02x} at offset {offset + wrong}, "
            f"in line {number}; {fix}."
        )
    if offset == 0:
        line = line.removeprefix("\ufeff")  # the byte order mark some editors write
    return line.removesuffix("\n").removesuffix("\r")


def _other_file(head: bytes) -> tuple[str, str]:
    """What a file that is no UTF-8 seems to be, and how to make UTF-8 of it."""
    for start, what, fix in _OTHER_FILES:
        if head.startswith(start):
            return f" but {what}", fix
    if head[257:262] == b"ustar":
        return " but a tar archive", "unpack it (tar -x)"
    if head[1:2] == b"\0" and head[:1] != b"\0":  # a Latin letter
        return " but perhaps UTF-16", "save it as UTF-8 (iconv -f UTF-16LE -t UTF-8)"
    return "", "save it as UTF-8 (iconv -f THE_ENCODING -t UTF-8)"


def composed(text: str) -> str:
    """The text in Unicode's form NFC, so that a letter with its accent is one character.

    Runs of more than 256 accents, which no language has, are left as they are.
    """
    if text.isascii():
        return text
    if len(text) <= _LONGEST_RUN:
        return unicodedata.normalize("NFC", text)
    parts = _accents().split(text)  # every other one a run that is too long
    parts[::2] = (unicodedata.normalize("NFC", part) for part in parts[::2])
    return "".join(parts)


@functools.cache
def _accents() -> re.Pattern[str]:
    """Runs of more characters that combine with the one before than are sorted."""
    planes = range(0x300, 0x20000)  # beyond are ideographs only
    found = [character for character in map(chr, planes) if unicodedata.combining(character)]
    return re.compile(f"([{''.join(found)}]{{{_LONGEST_RUN + 1},}})")
