"""The packages that this code needs, and what is said where one is missing. It imports none of them."""

import importlib.util
import sys

# As in requirements.txt.
PACKAGES = (
    "tensorflow", "keras", "numpy", "nltk", "pretty_midi",
    "scipy", "matplotlib", "rich", "tyro", "tensorboard",
)  # fmt: skip


def missing(module):
    """What to do where Python does not find a module of `PACKAGES`; None: it is none of those."""
    package = module.split(".")[0]
    if package not in PACKAGES:
        return None
    return (
        f"the package {package} is not installed for {sys.executable}. Activate the virtual "
        "environment (`. .venv/bin/activate`), or run `pip install -r requirements.txt`."
    )


def check():
    """Ends the process with one line and exit code 2 where a script could not read its flags."""
    if importlib.util.find_spec("tyro") is None:
        sys.stderr.write(f"error: {missing('tyro')}\n")
        sys.exit(2)
