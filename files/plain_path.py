"""Paths that TensorFlow reads as they are: some of its functions take a path as a pattern of names."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from files.errors import UsageError

# TensorFlow's file systems match these as a shell does. Reading a checkpoint or a SavedModel of
# `a[1]` looks for `a1`, and of `a*` finds `ab` as well.
_PATTERN = frozenset("*?[]\\")


def is_plain(text: str) -> bool:
    """Whether TensorFlow reads a path as it is: no characters of patterns, and valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # bytes of a name that is not UTF-8, which TensorFlow refuses
        return False
    return not _PATTERN & set(text.replace(os.sep, "/"))  # a backslash separates on Windows


@contextmanager
def plain_path(path: Path) -> Iterator[Path]:
    """Yields a path to the same place without the characters that TensorFlow takes as a pattern.

    That is `path` itself where it has none, and else a path through a temporary symbolic link, for
    reading and for writing. The link lasts as long as the context: read all that is needed inside.

    Args:
        path: a file, a folder, or the prefix of a checkpoint. Its folder must exist; the file or
            folder itself may be created later if its own name is plain.

    Raises:
        UsageError: the temporary folder has such characters too, or allows no links.
    """
    if is_plain(str(path)):
        yield path
        return
    path = path.absolute()
    with tempfile.TemporaryDirectory(prefix="seqgan-") as temporary:
        if not is_plain(temporary):
            raise UsageError(
                f"the temporary folder is {temporary}, expected a path in UTF-8 without * ? [ ] and "
                "backslash. Set TMPDIR to another folder."
            )
        link = Path(temporary) / "link"
        by_folder = is_plain(path.name)
        try:
            link.symlink_to(path.parent if by_folder else path)
        except OSError as error:
            raise UsageError(
                f"{path} has characters that TensorFlow takes as a pattern, and {temporary} allows "
                f"no link to it ({error.strerror}). Rename the folder, or set TMPDIR to another one."
            ) from error
        yield link / path.name if by_folder else link
