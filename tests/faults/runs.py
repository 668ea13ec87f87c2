"""Tiny runs of train_oracle.py as processes of their own, and what two of them must have in common."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.helpers import REPOSITORY
from tests.training.small_runs import TINY, history, weights
from training.options import flag
from training.presets import ORACLE_PRESETS

# Enough steps for a kill to come between them, and a checkpoint after each.
SETTINGS = dataclasses.replace(
    TINY,
    **{"mle_epochs": 3, "pretrain_d_steps": 3, "rounds": 4, "eval_every": 2},
    checkpoint_seconds=0.0,
    xla=True,
)


def flags(xla: bool) -> list[str]:
    """The command line that gives `SETTINGS`, with XLA or, to start faster, without."""
    preset = ORACLE_PRESETS["smoke"]
    changed = [
        (flag(field.name), str(getattr(SETTINGS, field.name)))
        for field in dataclasses.fields(SETTINGS)
        if getattr(SETTINGS, field.name) != getattr(preset, field.name)
    ]
    given = [part for pair in changed for part in pair]
    return ["--preset", "smoke", *given, *([] if xla else ["--no-xla"])]


def arguments(folder: Path, xla: bool = True) -> list[str]:
    """What begins the run in `folder`, or goes on with it."""
    resume = ["--resume"] if (folder / "config.json").exists() else flags(xla)
    return [*resume, "--out", str(folder)]


def command(folder: Path, end_before: str = "", xla: bool = True) -> list[str]:
    """A process that trains there; `kill -9` ends it before the first such operation on its files."""
    if not end_before:
        return [sys.executable, str(REPOSITORY / "train_oracle.py"), *arguments(folder, xla)]
    child = [sys.executable, "-m", "tests.faults.child", str(folder), end_before]
    return [*child, *arguments(folder, xla)]


def start(folder: Path, end_before: str = "", xla: bool = True, **more: Any) -> subprocess.Popen:
    """`command`, started."""
    return subprocess.Popen(
        command(folder, end_before, xla),
        **{"cwd": REPOSITORY, "stderr": subprocess.PIPE, "text": True, **more},
    )


def finish(folder: Path, **more: Any) -> str:
    """Trains to the end; what was said."""
    process = start(folder, **more)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    return said


def outcome(folder: Path) -> dict[str, Any]:
    """All that a run leaves, but for what the clock and the machine have to do with."""
    result = json.loads((folder / "result.json").read_text())
    stages = sorted(result.pop("seconds"))
    for name in ("peak_memory_mb", "commit"):
        result.pop(name)
    scores = sorted((folder / "scores").glob("*.npy"))
    return {
        "result": result,
        "stages": stages,
        "history": history(folder),
        "weights": weights(folder),
        "scores": {path.name: path.read_bytes() for path in scores},
        "samples": (folder / "samples.txt").read_text(),
        "checkpoints": sorted(path.name for path in (folder / "checkpoints").iterdir()),
    }


def check_same(folder: Path, expected: dict[str, Any]) -> None:
    """Part by part, so that a difference has a name."""
    found = outcome(folder)
    assert set(found) == set(expected)
    for part, value in expected.items():
        assert found[part] == value, part


def leftovers(folder: Path) -> list[str]:
    """What a run that ended well would have taken away."""
    return [path.name for path in folder.rglob("*") if path.name.startswith("writing-")]
