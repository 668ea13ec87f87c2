"""The folder of a run, locked by one process: tables, scores and, once complete, the result."""

import contextlib
import csv
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from files.errors import UsageError
from files.reading import read_json
from files.writing import write_json
from training.checkpoints import checkpoints, clear_half_written
from training.errors import RunFailed
from training.events import Events
from training.lock import NAME as LOCK
from training.lock import FolderLock
from training.verdict import FIGURES as VERDICT

# Columns of metrics.csv before those of the task's measure; docs/metrics.md explains each.
COLUMNS = (
    "stage", "step", "seconds",
    "mle_loss", "policy_loss", "policy_gradient_norm", "mean_reward",
    "discriminator_loss", "discriminator_accuracy", *VERDICT,
)  # fmt: skip
# What a run leaves that was stopped before its config.json was written: the folder counts as empty.
NOTHING_YET = {LOCK, "config.json.tmp"}


class RunFolder:
    """Files of a run. No other process can use the folder between `claim` and `release`.

    Args:
        path: of the folder.
        task: name of the task, as in `train_TASK.py`.
        resume: whether the folder must hold a run, or none.
        resume_flags: flags that the command to continue needs in addition to `--resume --out`.
    """

    def __init__(self, path: Path, task: str, resume: bool = False, resume_flags: str = ""):
        self.path = path
        self.at = "before the first step"  # stage and step under way, for messages
        self._task = task
        self._resume = resume
        self._resume_flags = resume_flags
        self._lock: FolderLock | None = None
        self._made = False  # by this process
        self._columns: tuple[str, ...] = COLUMNS
        self._events: Events | None = None

    # Claiming

    def claim(self) -> bool:
        """Takes the folder for this process. False where the file system has no locks.

        Raises:
            UsageError: it holds a run, or none where `resume` needs one; or it is in use.
        """
        self._check()
        if self.complete:
            return True
        self._made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.path)
        except OSError as error:
            raise UsageError(
                f"cannot write the run to {self.path} ({error.strerror}). Give another --out."
            ) from None
        try:
            self._check()  # again: a run that has just ended may have used it
        except UsageError:
            self._lock.release()
            raise
        return self._lock.works

    def _check(self) -> None:
        holds_run = (self.path / "config.json").exists()
        if self._resume:
            if not holds_run:
                raise UsageError(
                    f"there is no run in {self.path}. Leave out --resume to start one."
                )
            return
        try:
            os.fsencode(self.path).decode("utf-8")
        except UnicodeDecodeError:  # TensorFlow takes paths in UTF-8 only
            raise UsageError(
                f"--out is {self.path}, whose name is not UTF-8. Give a folder whose name is."
            ) from None
        if self.path.exists() and (
            not self.path.is_dir() or set(os.listdir(self.path)) - NOTHING_YET
        ):
            what = "already holds a run" if holds_run else "already holds other files"
            what = what if self.path.is_dir() else "is a file, expected a folder"
            fix = "Continue it with --resume, or give" if holds_run else "Give"
            raise UsageError(f"{self.path} {what}. {fix} another --out.")

    def release(self) -> None:
        """Lets other processes use the folder."""
        if self._events is not None:
            with contextlib.suppress(OSError, tf.errors.OpError):  # what counts was flushed
                self._events.close()
            self._events = None
        if self._lock is not None:
            self._lock.release()
        if self._made:
            with contextlib.suppress(OSError):  # not empty; else an early error leaves nothing
                self.path.rmdir()

    @property
    def complete(self) -> bool:
        """Whether the run has come to its end."""
        return (self.path / "result.json").is_file()

    # Messages

    def go_on(self) -> str:
        """How to continue the run, and from where."""
        if self.complete:
            return "The run is complete: its figures are in result.json."
        if not (self.path / "config.json").exists():
            return "Nothing was saved: give the same command again."
        saved = checkpoints(self.path)
        where = f"continues from checkpoint {saved[-1].name}" if saved else "starts from scratch"
        return f"`{self.resume_command}` {where}."

    @property
    def resume_command(self) -> str:
        """The command that continues the run."""
        return (
            f"python train_{self._task}.py --resume --out {shlex.quote(self.path.as_posix())}"
            f"{self._resume_flags}"
        )

    def last_good(self, check_numerics: bool) -> str:
        """What to do after a run has diverged; `check_numerics`: it already looked for the cause."""
        saved = checkpoints(self.path)
        kept = (
            f"The last good checkpoint is {saved[-1]}" if saved else "No checkpoint was saved yet"
        )
        fix = "Start a new run with lower learning rates"
        if check_numerics:
            return f"{kept}. {fix}."
        return (
            f"{kept}. {fix}, or find the operation with `{self.resume_command} --check-numerics`."
        )

    # Writing

    @contextlib.contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Raises `RunFailed`, one line, where `path` in the folder cannot be written."""
        try:
            if self._lock is not None and not self._lock.folder_is_here:
                raise RunFailed(
                    f"{self.path} was removed or replaced during the run: nothing more is written "
                    "there. Start again, or put the folder back and continue with --resume."
                )
            yield
        except (OSError, tf.errors.OpError) as error:
            clear_half_written(self.path)  # which may be what fills the disk
            raise RunFailed(
                f"cannot write {path} ({_reason(error)}) {self.at}. Fix that. {self.go_on()}"
            ) from None

    def read_config(self) -> dict[str, Any]:
        """What `config.json` holds."""
        return read_json(self.path / "config.json", "expected that of a run")

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Writes `config.json`, which makes the folder one of a run."""
        with self.writing(self.path / "config.json"):
            write_json(self.path / "config.json", config)

    def start_tables(self, history: list[dict[str, Any]], more_columns: tuple[str, ...]) -> None:
        """Writes metrics.csv and events anew: a resumed run may have lost the last rows."""
        self._columns = (*COLUMNS, *more_columns)
        path = self.path / "metrics.csv"
        with self.writing(path):
            temporary = path.with_suffix(".csv.tmp")
            with temporary.open("w", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, self._columns)
                table.writeheader()
                table.writerows(history)
            temporary.replace(path)
        with self.writing(self.path / "events.out.tfevents"):
            self._events = Events(self.path, history)

    def add_row(self, row: dict[str, Any]) -> None:
        """Adds a row to metrics.csv and to the events."""
        path = self.path / "metrics.csv"
        with self.writing(path), path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns).writerow(row)
        with self.events() as events:
            events.add_rows([row])

    @contextlib.contextmanager
    def events(self) -> Iterator[Events]:
        """What TensorBoard shows of the run, to add to."""
        if self._events is None:
            raise RuntimeError("no tables yet; call `start_tables` first.")
        with self.writing(self.path / "events.out.tfevents"):
            yield self._events

    # Scores of single sequences

    def keep_scores(self, scores: Mapping[str, np.ndarray], suffix: str = "") -> None:
        """Writes scores `[M]` under their names with `suffix`."""
        folder = self.path / "scores"
        with self.writing(folder):
            folder.mkdir(exist_ok=True)
            for name, values in scores.items():
                np.save(folder / f"{name}{suffix}.npy", values.astype(np.float32))

    def copy_scores(self, source: Path) -> None:
        """Copies the final scores of an MLE run as those of this run's start."""
        folder = self.path / "scores"
        with self.writing(folder):
            folder.mkdir(exist_ok=True)
            for path in (source / "scores").glob("*.npy"):
                shutil.copyfile(path, folder / f"{path.stem}_mle.npy")

    def scores(self, name: str) -> np.ndarray:
        """Scores that `keep_scores` wrote: float32 `[M]`."""
        return np.load(self.path / "scores" / f"{name}.npy", allow_pickle=False)

    def score_names(self) -> list[str]:
        """Names of all scores."""
        return sorted(path.stem for path in (self.path / "scores").glob("*.npy"))

    def score_statistics(self) -> dict[str, dict[str, float]]:
        """Number, mean and variance of each score, what Welch's test needs of the sequences."""
        statistics = {}
        for name in self.score_names():
            values = self.scores(name).astype(np.float64)
            statistics[name] = {
                "num": len(values),
                "mean": float(values.mean()),
                "variance": float(values.var(ddof=1)),
            }
        return statistics

    def write_result(self, result: Mapping[str, Any]) -> Path:
        """Writes `result.json`, which only a complete run has."""
        path = self.path / "result.json"
        with self.writing(path):
            write_json(path, result)
        return path


def _reason(error: Exception) -> str:
    """Why the system refused, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    # TensorFlow: operation, file; reason [operation]
    reason = re.search(r"; ([^;\n\[]+)", str(error))
    return reason[1].strip() if reason else type(error).__name__
