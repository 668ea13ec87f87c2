"""Which versions of Python run this code. Older ones read this file too: it uses nothing newer."""

import importlib.util
import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def unsupported(version):
    """Why this code cannot run on a version of Python, `(major, minor)`; None: it can.

    A newer one than TensorFlow had a wheel for is supported once TensorFlow is installed there.
    """
    too_new = version > NEWEST
    if version >= OLDEST and not (too_new and importlib.util.find_spec("tensorflow") is None):
        return None
    why = "TensorFlow has no wheel for it" if too_new else "it is too old"
    given, oldest, newest = (".".join(map(str, each)) for each in (version, OLDEST, NEWEST))
    return (
        f"this is Python {given}, expected {oldest} to {newest}: {why}. Make the virtual environment "
        "with one of these."
    )


def check():
    """Ends the process with one line and exit code 2 where this Python cannot run the code."""
    reason = unsupported(sys.version_info[:2])
    if reason is not None:
        sys.stderr.write("error: " + reason + "\n")
        sys.exit(2)
