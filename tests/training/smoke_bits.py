"""Fixed-seed smoke runs and what they ended with, so that a refactoring which moves a bit is noticed.

python -m tests.training.smoke_bits        # records them anew, after a change that is meant to
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.helpers import REPOSITORY

RECORD = Path(__file__).with_suffix(".json")
TASKS = ("oracle", "poems", "speeches", "music", "text")


def machine() -> dict[str, str]:
    """What the last bits depend on besides the code."""
    info = Path("/proc/cpuinfo")
    models = {
        line.partition(":")[2].strip()
        for line in (info.read_text() if info.exists() else "").splitlines()
        if line.startswith(("model name", "flags"))
    }
    digest = hashlib.sha256("\n".join(sorted(models)).encode()).hexdigest()
    versions = {"tensorflow": tf.__version__, "numpy": np.__version__}
    return {"processor": f"{platform.machine()} {digest[:16]}", **versions}


def smoke(task: str, folder: Path) -> dict[str, Any]:
    """The end of a smoke run of SeqGAN with one thread: digests of weights and samples, figures."""
    command = [sys.executable, f"train_{task}.py", "--preset", "smoke", "--out", str(folder)]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1"}
    environment.pop("SEQGAN_DATA", None)
    subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, check=True)
    newest = sorted((folder / "checkpoints").glob("[0-9]*"))[-1] / "variables"
    reader = tf.train.load_checkpoint(str(newest))
    weights = hashlib.sha256()
    for name in sorted(reader.get_variable_to_shape_map()):
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH":
            weights.update(name.encode() + np.asarray(reader.get_tensor(name)).tobytes())
    samples = hashlib.sha256()
    for path in sorted([*folder.glob("samples.txt"), *folder.glob("samples/*.mid")]):
        samples.update(path.read_bytes())
    metrics = json.loads((folder / "result.json").read_text())["metrics"]
    return {"weights": weights.hexdigest(), "samples": samples.hexdigest(), "metrics": metrics}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        runs = {task: smoke(task, Path(temporary) / task) for task in TASKS}
    RECORD.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n")
