"""What every script imports first: it ends with one line where Python or its packages do not suit."""

import os
import signal
import sys

from files import packages  # whose package checks the version of Python

packages.check()


def _is_the_program():
    """Whether a script is run, and not imported."""
    program = getattr(sys.modules["__main__"], "__file__", None) or ""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.dirname(os.path.abspath(program)) == root


# While modules are imported, Ctrl-C ends a script as it ends most programs, without a traceback.
if _is_the_program() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
