"""What a person can mend, told in one line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class UsageError(ValueError):
    """A wrong flag, file or folder: what was given, what was expected, how to mend it."""


class TrainingDiverged(RuntimeError):
    """A loss, reward or weight is no longer a finite number."""


@contextmanager
def one_line_errors(*also: type[BaseException]) -> Iterator[None]:
    """Ends the program with exit code 2 and one line on stderr for an error that a person can mend."""
    try:
        yield
    except (UsageError, TrainingDiverged) as error:
        sys.exit(_fail(str(error)))
    except also as error:
        sys.exit(_fail(str(error)))
    except KeyboardInterrupt:
        sys.exit(_fail("interrupted", code=130))
    except OSError as error:  # no room, no permission, a folder that went away
        where = f" {os.fspath(error.filename)!r}" if error.filename else ""
        sys.exit(
            _fail(f"cannot use{where}: {error.strerror or error}. Check the path and its room.")
        )


def _fail(message: str, code: int = 2) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code
