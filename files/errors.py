"""Errors that a person can fix. Each message is one line: what was given, what was expected, how to fix it."""

import contextlib
import re
from collections.abc import Iterator


class UserError(ValueError):
    """Base class: the scripts print the message as one line and exit with code 2.

    Line breaks that come from elsewhere (a file name, the reason of another error) become spaces;
    see `printable`.
    """

    def __init__(self, message: str):
        super().__init__(printable(" ".join(message.splitlines())))


class UsageError(UserError):
    """A wrong flag, or a folder or run that cannot be used."""


class DataError(UserError):
    """A file or corpus that cannot be used."""


@contextlib.contextmanager
def named_as_arguments() -> Iterator[None]:
    """In messages `num_rollouts` in place of --num-rollouts, as a caller of the library gives it."""
    try:
        yield
    except UserError as error:
        said = re.sub(r"--([a-z][a-z0-9-]*)", lambda m: f"`{m[1].replace('-', '_')}`", str(error))
        raise type(error)(said) from None


def shown(text: str) -> str:
    """Text of a file, or its name, as a message may print it: short, ASCII, and no control characters."""
    text = ascii(text)[1:-1]
    return text if len(text) <= 60 else f"{text[:57]}..."


def printable(text: str) -> str:
    """The text with escapes for what no UTF-8 file can hold, as the bytes of a file's odd name."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
