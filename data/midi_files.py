"""Untrusted MIDI files, read from folders and zips into memory; and digests that identify them.

Nothing is extracted from a zip: its members are read into memory, few enough and small enough to
stay there. A zip that was made to do harm is refused; a file that cannot be used is skipped and named.
Names are those of the file system: one that is not UTF-8 has surrogates (`os.fsdecode`), and messages
show it by `files.errors.shown`.
"""

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from files.errors import DataError, shown

ENDINGS = (".mid", ".midi", ".kar", ".rmi")  # .kar has lyrics, .rmi is wrapped in RIFF

_MAX_FILE_BYTES = 1 << 20  # the largest Nottingham tune has 34 kB
_TOO_LARGE = f"more than {_MAX_FILE_BYTES >> 20} MiB"
_MAX_TOTAL_BYTES = 64 << 20  # all Nottingham tunes together have 3.2 MB
_MAX_ZIP_BYTES = 256 << 20
_MAX_DIRECTORY_BYTES = 4 << 20
_MAX_ENTRIES = 20_000  # the Nottingham archive has 3,100
_MAX_FILES = 10_000
_MAX_VAIN_BYTES = 1 << 30  # unpacked of members that are skipped after that; takes seconds

Contents = tuple[dict[str, bytes], dict[str, list[str]]]


class Skip(Exception):
    """Why a file is left out, as the reports name it, and how many bytes were read for nothing."""

    def __init__(self, reason: str, num_bytes: int = 0):
        super().__init__(reason)
        self.num_bytes = num_bytes


def read_midi_files(path: Path, wanted: Callable[[PurePosixPath], bool]) -> Contents:
    """Reads the MIDI files of a folder and those below it, of a zip, or one alone.

    Args:
        path: files in it are taken by their names, which end in one of `ENDINGS`; hidden ones are
            not.
        wanted: of a file's name, with the folders above it.

    Returns:
        The content of each by its name, in order of names, and the names of the skipped by the reason.

    Raises:
        DataError: the path cannot be read, holds too much, or is a zip that was made to do harm.
    """
    try:
        if path.is_dir():
            return _read_all(path, _in_folder(path, wanted))
        if not path.exists():
            raise DataError(
                f"{path} does not exist, expected a zip or a folder of MIDI files: check the path."
            )
        if not path.is_file():  # a pipe or a device could block or never end
            raise DataError(
                f"{path} is not a regular file, expected a zip or a folder of MIDI files: "
                "give one of these."
            )
        with open(path, "rb") as beginning:
            starts_as_midi = beginning.read(4) == b"MThd"
        if starts_as_midi or _ends_as_midi(path.name):
            return _read_all(path, [(path.name, partial(_read_file, path))])
        if path.stat().st_size > _MAX_ZIP_BYTES:
            raise DataError(
                f"{path} has more than {_MAX_ZIP_BYTES >> 20} MiB, expected a smaller zip of MIDI "
                "files: split it."
            )
        with _BoundedReads(path) as file, _open_zip(path, file) as archive:
            return _read_all(path, _in_zip(path, archive, wanted))
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}), expected a zip or a folder of "
            "MIDI files: check its permissions."
        ) from error


_Files = Iterable[tuple[str, Callable[[], bytes]]]


def _read_all(path: Path, files: _Files) -> Contents:
    contents: dict[str, bytes] = {}
    skipped: dict[str, list[str]] = {}
    total = in_vain = 0
    for count, (name, read) in enumerate(files, start=1):
        if count > _MAX_FILES:
            raise DataError(
                f"{path} holds more than {_MAX_FILES:,} MIDI files, expected fewer: split it."
            )
        try:
            if name in contents:
                raise Skip("a second file of that name")
            contents[name] = read()
        except Skip as reason:
            skipped.setdefault(str(reason), []).append(name)
            in_vain += reason.num_bytes
            if in_vain > _MAX_VAIN_BYTES:
                raise DataError(
                    f"{path} holds more than {_MAX_VAIN_BYTES >> 20} MiB of files that are too "
                    "large or corrupt, expected MIDI files: leave those out."
                ) from reason
            continue
        total += len(contents[name])
        if total > _MAX_TOTAL_BYTES:
            raise DataError(
                f"{path} holds more than {_MAX_TOTAL_BYTES >> 20} MiB of MIDI files, expected "
                "less: split it."
            )
    return contents, skipped


def _ends_as_midi(name: str) -> bool:
    """Whether a file's name is that of a MIDI file; hidden files are those that an operating system adds."""
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _in_folder(path: Path, wanted: Callable[[PurePosixPath], bool]) -> _Files:
    """MIDI files of a folder and those below it, in order of names; links to folders are not followed."""
    found: list[tuple[str, Callable[[], bytes]]] = []
    entries = 0

    def unreadable(error: OSError) -> None:
        if Path(error.filename) == path:
            raise error
        name = Path(error.filename).relative_to(path).as_posix()
        found.append((name, partial(_skip, f"a folder that cannot be read ({error.strerror})")))

    for folder, folders, names in os.walk(path, onerror=unreadable):
        entries += len(folders) + len(names)
        if entries > _MAX_ENTRIES:
            raise DataError(
                f"{path} holds more than {_MAX_ENTRIES:,} files and folders, expected a folder of "
                "MIDI files: give one further down."
            )
        for file in (Path(folder, name) for name in names if _ends_as_midi(name)):
            name = file.relative_to(path).as_posix()
            if wanted(PurePosixPath(name)):
                found.append((name, partial(_read_file, file)))
    yield from sorted(found, key=lambda file: file[0])


def _skip(reason: str) -> bytes:
    raise Skip(reason)


def _read_file(path: Path) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Skip("not a regular file")
        if about.st_size > _MAX_FILE_BYTES:
            raise Skip(_TOO_LARGE)
        with open(path, "rb") as file:
            return _bounded(file.read(_MAX_FILE_BYTES + 1))
    except OSError as error:
        raise Skip(f"cannot be read ({error.strerror})") from error


def _bounded(content: bytes) -> bytes:
    if len(content) > _MAX_FILE_BYTES:
        raise Skip(_TOO_LARGE, len(content))
    return content


class _BoundedReads(io.FileIO):
    """A file that limits the size of one read: zipfile reads a zip's whole directory before counting it."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(size) or b""


def _open_zip(path: Path, file: io.FileIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is a zip with a name marked as UTF-8 that is not, expected a zip or a folder of "
            "MIDI files: unpack it and give the folder."
        ) from error
    except Exception as error:  # a corrupt directory may raise anything
        raise DataError(
            f"{path} is neither a MIDI file nor a sound zip, expected a zip or a folder of MIDI "
            "files: give one."
        ) from error


def _in_zip(
    path: Path, archive: zipfile.ZipFile, wanted: Callable[[PurePosixPath], bool]
) -> _Files:
    """MIDI files of a zip, in order of names. Refuses a zip that was made to do harm."""
    members = archive.infolist()
    if len(members) > _MAX_ENTRIES:
        raise DataError(
            f"{path} holds more than {_MAX_ENTRIES:,} members, expected a zip of MIDI files: "
            "split it."
        )
    for member in members:
        # Nothing is extracted, but whoever writes such names does not mean well.
        as_path = PureWindowsPath(member.filename)
        if as_path.anchor or ".." in as_path.parts:
            raise DataError(
                f"{path} holds the member {shown(member.filename)}, which climbs out of its "
                "folder, expected names below it: get the zip from its origin again."
            )
    for member in sorted(members, key=lambda member: member.filename):
        name = PurePosixPath(member.filename)
        folder = member.filename.endswith("/")
        if not folder and _ends_as_midi(name.name) and wanted(name):
            yield member.filename, partial(_read_member, archive, member)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 1:
        raise Skip("encrypted")
    # The other methods are unpacked without a limit on what comes out.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Skip("packed by another method than deflate")
    try:
        with archive.open(member) as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except Exception as error:  # unpacking a corrupt member may raise anything
        unpacked = min(member.file_size, _MAX_FILE_BYTES)
        raise Skip("corrupt in the zip", unpacked) from error
    return _bounded(content)


def digest(contents: dict[str, bytes]) -> str:
    """SHA-256 of the SHA-256 digests of files in order of names: what decides a corpus.

    It depends neither on the folder's name or place nor on the files' names beyond their order.
    """
    digests = [hashlib.sha256(content).digest() for _, content in sorted(contents.items())]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def manifest(contents: dict[str, bytes]) -> str:
    """SHA-256 of the lines `<SHA-256 of the content>  <name>` of files in order of names.

    It is what `LC_ALL=C sha256sum *.mid | sha256sum` prints in a folder with nothing else in it.
    """
    lines = sorted(
        (PurePosixPath(name).name, hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    )
    text = "".join(f"{sha}  {name}\n" for name, sha in lines)
    # A file's name need not be text.
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
