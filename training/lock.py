"""A folder for one process at a time. The lock goes with its process, however that ends."""

import contextlib
import fcntl
import os
import platform
import weakref
from pathlib import Path

from files.errors import UsageError

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
        directory = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._file = self._locked_file()
        except BaseException:
            os.close(directory)
            raise
        self._folder = os.fstat(directory)
        with contextlib.suppress(OSError):  # it names the holder, no more: a full disk is no matter
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"process {os.getpid()} on {platform.node()}".encode(), 0)
        self._close = weakref.finalize(self, _close, self._file, directory)

    def _locked_file(self) -> int:
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(file, 200, 0).decode(errors="replace") or "another process"
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
        if self._close.alive:
            with contextlib.suppress(OSError):
                if _is(self._path, os.fstat(self._file)):
                    self._path.unlink()
            self._close()


def _is(path: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), known)
    except OSError:
        return False


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
