"""A folder for one process at a time. The lock goes with its process, however that ends."""

import contextlib
import os
import platform
import weakref
from pathlib import Path

from files.errors import UsageError
from files.platform import WINDOWS, lock_file, open_folder

NAME = ".lock"


class FolderLock:
    """Holds a folder until `release`, or until the object or the process is gone.

    Args:
        folder: must exist.

    Raises:
        UsageError: another run holds the folder.
        OSError: nothing can be written there.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.works = True  # False where the file system knows no locks
        self._path = folder / NAME
        # Kept open, so that the number of its inode goes to no other folder.
        directory = open_folder(folder)
        try:
            self._file = self._locked_file()
        except BaseException:
            _close(directory)
            raise
        self._folder = os.stat(folder if directory is None else directory)
        with contextlib.suppress(OSError):  # it names the holder, no more: a full disk is no matter
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, f"process {os.getpid()} on {platform.node()}".encode())
        self._close = weakref.finalize(self, _close, self._file, directory)

    def _locked_file(self) -> int:
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                lock_file(file)
            except BlockingIOError:
                os.lseek(file, 0, os.SEEK_SET)
                holder = os.read(file, 200).decode(errors="replace") or "another process"
                os.close(file)
                raise UsageError(
                    f"{self.folder} is in use by {holder}. Wait for its end, or give another --out."
                ) from None
            except OSError:
                self.works = False
            if _is(self._path, os.fstat(file)):  # and no file that its holder has just taken away
                return file
            os.close(file)

    @property
    def folder_is_here(self) -> bool:
        """Whether the folder is still the one that was locked: neither removed nor another."""
        return _is(self.folder, self._folder)

    def release(self) -> None:
        """Takes the file away and lets go of the folder."""
        if not self._close.alive:
            return
        if WINDOWS:  # which removes no open file, so that another run's stays
            self._close()
            with contextlib.suppress(OSError):
                self._path.unlink()
            return
        with contextlib.suppress(OSError):
            if _is(self._path, os.fstat(self._file)):
                self._path.unlink()
        self._close()


def _is(path: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), known)
    except OSError:
        return False


def _close(*descriptors: int | None) -> None:
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)
