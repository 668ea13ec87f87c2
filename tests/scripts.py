"""The scripts as a person calls them, in a process of their own or in this one.

In this one they cost no import of TensorFlow, which takes seconds; what they say, their exit code
and the files they leave are the same.
"""

import contextlib
import io
import os
import runpy
import subprocess
import sys
from pathlib import Path
from unittest import mock

from tests.helpers import REPOSITORY


def command(script: str, *arguments: object) -> list[str]:
    return [sys.executable, str(REPOSITORY / script), *map(str, arguments)]


def run_process(
    script: str, *arguments: object, cwd: Path = REPOSITORY
) -> subprocess.CompletedProcess:
    """A script in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run(
        command(script, *arguments), cwd=cwd, env=environment, capture_output=True, text=True
    )


def run(script: str, *arguments: object, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess:
    """A script in this process; an error that it does not tell itself is raised.

    Trainings share their compiled models.
    """
    shared = contextlib.nullcontext()
    if script.startswith("train_"):
        from tests import pooled_runs  # imports TensorFlow

        shared = pooled_runs.shared()
    printed, said = io.StringIO(), io.StringIO()
    _, *argv = command(script, *arguments)
    code = 0
    with (
        shared,
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
        mock.patch.object(sys, "argv", argv),
    ):
        try:
            runpy.run_path(argv[0], run_name="__main__")
        except SystemExit as end:
            assert end.code is None or isinstance(end.code, int), end.code
            code = end.code or 0
    return subprocess.CompletedProcess(argv, code, printed.getvalue(), said.getvalue())
