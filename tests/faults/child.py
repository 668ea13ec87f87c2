"""Trains like train_oracle.py, and ends by `kill -9` before a chosen operation on the run's files.

python -m tests.faults.child FOLDER "os.rename FOLDER/writing-generator" --preset smoke --out FOLDER
"""

import os
import signal
import sys
from pathlib import Path

from tests.faults import crash
from train_oracle import make_task
from training.presets import ORACLE_PRESETS
from training.script import run_script

if __name__ == "__main__":
    folder, operation, *arguments = sys.argv[1:]
    crash.before(
        Path(folder),
        lambda number, what: what.startswith(operation),
        lambda: os.kill(os.getpid(), signal.SIGKILL),
    )
    run_script("oracle", ORACLE_PRESETS, make_task, arguments)
    crash.never()
    sys.exit(3)  # it ended well: there was no such operation
