"""User-facing errors, one line each."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from files.errors import UserError
from files.packages import missing
from files.platform import SIGPIPE
from training.stops import Stopped
from training.streams import discard_output, prepare_streams


class TrainingDiverged(RuntimeError):
    """A loss, reward or weight is no longer a finite number."""


class RunFailed(RuntimeError):
    """The run cannot continue on this machine: disk full, no permission, a folder that was removed."""


@contextmanager
def said_by(worker: str) -> Iterator[None]:
    """Puts the worker's name before the message of an error, where there are several workers."""
    try:
        yield
    except (ValueError, RuntimeError, Stopped) as error:
        if worker and error.args and str(error):
            error.args = (f"{worker}: {error}", *error.args[1:])
        raise


@contextmanager
def one_line_errors() -> Iterator[None]:
    """The context of every script: a user-facing error ends it with one line on stderr.

    The exit code is 2, but 1 where the machine failed, and 128 + n after signal n, of which a pipe
    that is no longer read is one. The standard streams are prepared first: see
    `training.streams.prepare_streams`. Output that cannot be written is an error too.
    """
    prepare_streams()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # by `files.script_start`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            yield
        except SystemExit:  # after --help
            _flush_output()
            raise
        _flush_output()  # here, and not when Python ends
    except (UserError, TrainingDiverged) as error:
        sys.exit(_fail(str(error)))
    except RunFailed as error:
        sys.exit(_fail(str(error), code=1))
    except ModuleNotFoundError as error:
        if (message := missing(error.name or "")) is None:
            raise
        sys.exit(_fail(message))
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        _print_error(str(stop) or f"stopped by {signal.Signals(number).name}")
        sys.exit(128 + number)
    except BrokenPipeError:  # nobody reads on, as in `compare.py | head`
        discard_output()
        sys.exit(128 + SIGPIPE)
    except OSError as error:  # disk full, no permission, a folder that was removed
        reason = error.strerror or error
        what = repr(os.fspath(error.filename)) if error.filename else "a file or standard output"
        sys.exit(_fail(f"cannot use {what}: {reason}. Check the path and the free disk space."))


def _flush_output() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:  # which does not name what could not be written
        raise OSError(error.errno, error.strerror, "standard output") from error


def _fail(message: str, code: int = 2) -> int:
    _print_error(f"error: {message}")
    try:
        sys.stdout.flush()
    except OSError:  # or Python would fail on it once more at its end
        discard_output()
    return code


def _print_error(message: str) -> None:
    with contextlib.suppress(OSError):  # a closed or full log: the exit code still tells
        print(" ".join(message.split()), file=sys.stderr)
