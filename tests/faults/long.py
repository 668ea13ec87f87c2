"""Trains over many rounds and prints what that took: memory, compiled functions, files.

python -m tests.faults.long FOLDER ROUNDS
"""

import dataclasses
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

from training.session import start


def memory_mb() -> float:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def functions() -> list[Any]:
    """All `tf.function`s there are."""
    import tensorflow as tf

    kind = tf.types.experimental.PolymorphicFunction
    return [each for each in gc.get_objects() if isinstance(each, kind)]


def traces(others: list[Any]) -> tuple[int, int]:
    """Number of `tf.function`s beside some others, and how often they were traced in all."""
    known = set(map(id, others))
    ours = [each for each in functions() if id(each) not in known]
    return len(ours), sum(each.experimental_get_tracing_count() for each in ours)


def train(folder: Path, rounds: int, look_at: tuple[int, ...]) -> dict[int, dict[str, Any]]:
    """What there is after the rounds that are looked at."""
    from tests.faults.runs import SETTINGS
    from train_oracle import make_task
    from training import run
    from training.experiment import run_experiment

    settings = dataclasses.replace(
        SETTINGS, out=folder, rounds=rounds, eval_every=1, checkpoint_seconds=5.0
    )
    others = functions()  # of what ran in this process before, kept so that none goes away
    seen: dict[int, dict[str, Any]] = {}
    log = run.Run.log

    def logged(self, stage, step, values, total):
        log(self, stage, step, values, total)
        if stage == "adversarial" and step in look_at:
            gc.collect()
            seen[step] = {
                "memory_mb": memory_mb(),
                "traces": traces(others),
                "checkpoints": len(list((folder / "checkpoints").iterdir())),
                "checkpoint_bytes": size(max((folder / "checkpoints").glob("0*"))),
                "event_files": len(list(folder.glob("events*"))),
                "event_bytes": sum(path.stat().st_size for path in folder.glob("events*")),
            }

    run.Run.log = logged
    try:
        run_experiment(lambda: make_task(settings), "oracle", settings)
    finally:
        run.Run.log = log
    return seen


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


if __name__ == "__main__":
    start(1)
    rounds = int(sys.argv[2])
    look_at = (1, rounds // 10, rounds // 2, rounds)
    print(json.dumps(train(Path(sys.argv[1]), rounds, look_at)))
