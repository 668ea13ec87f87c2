"""What a person can mend, told in one line."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from files.errors import UserError
from training.stops import Stopped


class TrainingDiverged(RuntimeError):
    """A loss, reward or weight is no longer a finite number."""


class RunFailed(RuntimeError):
    """The machine lets the run go no further: no room, no permission, a folder that went away."""


@contextmanager
def said_by(worker: str) -> Iterator[None]:
    """Puts the worker's name before what a person is told, where there are several."""
    try:
        yield
    except (ValueError, RuntimeError, Stopped) as error:
        if worker and error.args and str(error):
            error.args = (f"{worker}: {error}", *error.args[1:])
        raise


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the program with one line on stderr for what a person can mend.

    The exit code is 2, but 1 where the machine failed, and 128 + n after signal n, of which a pipe
    that is no longer read is one.
    """
    try:
        yield
        sys.stdout.flush()  # here, and not when Python ends
    except (UserError, TrainingDiverged) as error:
        sys.exit(_fail(str(error)))
    except RunFailed as error:
        sys.exit(_fail(str(error), code=1))
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        print(_one_line(str(stop)) or f"stopped by {signal.Signals(number).name}", file=sys.stderr)
        sys.exit(128 + number)
    except BrokenPipeError:  # nobody reads on, as in `compare.py | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left has somewhere to go
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:  # no room, no permission, a folder that went away
        where = f" {os.fspath(error.filename)!r}" if error.filename else ""
        sys.exit(
            _fail(f"cannot use{where}: {error.strerror or error}. Check the path and its room.")
        )


def _fail(message: str, code: int = 2) -> int:
    print(f"error: {_one_line(message)}", file=sys.stderr)
    return code


def _one_line(message: str) -> str:
    return " ".join(message.split())
