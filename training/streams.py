"""Standard input, output and error that take every text and exist, however a script was started."""

import codecs
import functools
import os
import sys

# The name of our handler of characters that an encoding lacks, see `codecs.register_error`.
_ESCAPE = "seqgan.escape"


def prepare_streams() -> None:
    """Makes standard output take every text, and opens the streams that the caller had closed.

    A character that the encoding of standard output lacks is written as an escape (`\\u6c34`), and
    a warning says once how to see it. An error handler chosen by `PYTHONIOENCODING` stays.
    Where a stream was closed (`>&-`), input is empty, output fails with "Bad file descriptor" when
    something is written to it, and what goes to standard error is dropped.
    """
    _fill_descriptors()
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    codecs.register_error(_ESCAPE, _escape)
    # "surrogateescape" is Python's choice in the C locale, not the user's. Standard error escapes
    # without our help. What replaces the streams in a test has no encoding.
    if getattr(sys.stdout, "errors", None) in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors=_ESCAPE)  # type: ignore[union-attr]


def discard_output() -> None:
    """Drops what standard output holds and cannot write, on which Python would fail at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fill_descriptors() -> None:
    """Opens descriptors 0 to 2 where they are closed.

    Otherwise the next files opened would get these numbers, and what libraries print would end up
    in them.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_WRONLY if descriptor == 2 else os.O_RDONLY)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    _warn(sys.stdout.encoding)
    return codecs.backslashreplace_errors(error)


@functools.cache
def _warn(encoding: str) -> None:
    """Says once why characters are escaped; in UTF-8 they are bytes of a name that no setting shows."""
    if not encoding.lower().startswith("utf"):
        print(
            f"warning: standard output is encoded as {encoding}, which lacks some of the characters: "
            "they are printed as escapes. Set PYTHONIOENCODING=utf-8 to print them as they are.",
            file=sys.stderr,
        )
