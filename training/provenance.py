"""Versions, commit and hardware: what results depend on in addition to the settings."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

from files.platform import usable_cores
from training.gpus import gpu_names

VERSIONS_OF = ("tensorflow", "keras", "numpy", "nltk", "pretty_midi", "scipy")


def provenance() -> dict[str, Any]:
    """Versions, commit, hardware and threads, for `config.json` and `result.json`."""
    versions = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = getattr(sys.modules.get(name), "__version__", "unknown")
    return {
        "versions": versions,
        "commit": commit(),
        "hardware": hardware(),
        "threads": intra_op_threads(),
    }


def hardware() -> str:
    """Processors and accelerators in words."""
    gpus = gpu_names()
    named = f" ({', '.join(dict.fromkeys(gpus))})" if gpus else ""
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), {len(gpus)} GPU{named}"


def intra_op_threads() -> int:
    """Threads that share one operation: another number adds in another order."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    asked = tf.config.threading.get_intra_op_parallelism_threads()
    asked = asked or (int(given) if given.isdecimal() else 0)
    return asked or usable_cores()


def commit() -> str:
    """The commit of this code, with `-dirty` for changes on top; `unknown` outside a repository."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
