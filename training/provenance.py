"""Versions, commit, hardware and memory: what a number depends on besides the settings."""

import importlib.metadata
import os
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

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
    gpus = len(tf.config.list_physical_devices("GPU"))
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), {gpus} GPU"


def intra_op_threads() -> int:
    """Threads that share one operation: another number adds in another order."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    asked = tf.config.threading.get_intra_op_parallelism_threads()
    asked = asked or (int(given) if given.isdecimal() else 0)
    usable = getattr(os, "sched_getaffinity", None)  # not on every system
    return asked or (len(usable(0)) if usable else os.cpu_count() or 1)


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


def peak_memory_mb() -> float:
    """Peak memory of this process, MB (10^6 bytes)."""
    # On Linux not by getrusage, which counts what the parent process had held.
    status = Path("/proc/self/status")
    held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if held is not None:
        return int(held[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
