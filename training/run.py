"""The run folder: settings, history, checkpoints and, when all is done, the result."""

import csv
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training.config import (
    Settings,
    changed_settings,
    check_same_start,
    load_settings,
    settings_to_json,
)
from training.errors import TrainingDiverged, UsageError
from training.progress import Display
from training.seeds import counted_seed

# Columns of metrics.csv beside what the task measures; docs/metrics.md says what each is.
COLUMNS = (
    *("stage", "step", "seconds"),
    *("mle_loss", "policy_loss", "policy_gradient_norm", "mean_reward"),
    *("discriminator_loss", "discriminator_accuracy"),
)
VERSIONS_OF = ("tensorflow", "keras", "numpy", "nltk", "pretty_midi", "scipy")
CHECKPOINTS_KEPT = 2


@dataclass(frozen=True)
class Measurement:
    """Figures of a generator, and the scores of single sequences that tests of significance need."""

    figures: dict[str, float]
    scores: dict[str, np.ndarray] = field(default_factory=dict)


class Run:
    """One training run and its folder.

    Every step is counted (`loop`) and every draw is a function of the count (`seed`), so a run that
    goes on from a checkpoint retraces an unbroken one.

    Args:
        folder: where the run lives. Must hold no run, unless `settings.resume`.
        task: name of the task, for `result.json`.
        settings: what was asked for.
    """

    def __init__(self, folder: Path, task: str, settings: Settings):
        self.folder = folder
        self.task = task
        self.settings = settings
        self.measured: tuple[str, ...] = ()  # figures of the task's measure, more columns
        self.display = Display()
        self._done: dict[str, int] = {}  # steps finished, by stage
        self._results: dict[str, float] = {}
        self.tables: dict[str, dict[str, Any]] = {"temperatures": {}}  # more for result.json
        self._history: list[dict[str, Any]] = []
        self._seconds: dict[str, float] = {}
        self._peak_memory_mb = 0.0
        self._checkpoint = tf.train.Checkpoint()
        self._objects: dict[str, Any] = {}
        self._last_saved = self._step_started = time.monotonic()
        self._number = 0
        if settings.pretrained is not None and not settings.resume:
            self._check_pretrained(settings.pretrained)
        self._claim_folder()

    # The folder

    def _check_pretrained(self, source: Path) -> None:
        """Raises `UsageError` unless this run can begin where the other's pre-training ended."""
        check_same_start(self.settings, load_settings(source / "config.json", type(self.settings)))
        if not (source / "result.json").is_file():
            raise UsageError(
                f"--pretrained is {source}, whose run is not complete. Go on with it by --resume."
            )

    def _claim_folder(self) -> None:
        """Makes sure that the folder is there for this run, and writes nothing into it yet."""
        folder, holds_run = self.folder, (self.folder / "config.json").exists()
        if self.settings.resume:
            if not holds_run:
                raise UsageError(f"there is no run in {folder}. Leave --resume out to start one.")
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = "a run" if holds_run else "other files"
            mend = "Go on with it by --resume, or give" if holds_run else "Give"
            raise UsageError(f"{folder} holds {what} already. {mend} another --out.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write the run to {folder} ({error.strerror}). Give another --out."
            ) from None

    @property
    def complete(self) -> bool:
        """Whether the run has come to its end."""
        return (self.folder / "result.json").is_file()

    def _start_tables(self) -> None:
        """metrics.csv anew from the history, which a checkpoint may have taken back by some rows."""
        path = self.folder / "metrics.csv"
        aside = path.with_suffix(".csv.tmp")
        with aside.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, (*COLUMNS, *self.measured))
            table.writeheader()
            table.writerows(self._history)
        aside.replace(path)
        self._events = tf.summary.create_file_writer(str(self.folder))

    # State

    def attach(self, **objects) -> None:
        """Names the models and optimizers that a checkpoint holds; restores them on `--resume`."""
        self._objects = objects
        if not self.settings.resume:
            what = {"task": self.task, "settings": settings_to_json(self.settings), **provenance()}
            write_json(self.folder / "config.json", what)
        self._checkpoint = tf.train.Checkpoint(**objects)
        newest = checkpoints(self.folder)[-1:]
        if self.settings.resume and newest:
            self._checkpoint.read(str(newest[0] / "variables")).assert_consumed()
            self._set_state(_state(newest[0]))
            self._number = int(newest[0].name)
            self.display.say(f"resuming {self.folder} from checkpoint {newest[0].name}")
        elif self.settings.pretrained is not None:
            self._take_over(self.settings.pretrained)
        self._start_tables()

    def _set_state(self, state: dict[str, Any]) -> None:
        self._done = state["done"]
        self._results = state["results"]
        self.tables = state["tables"]
        self._history = state["history"]
        self._seconds = state["seconds"]
        self._peak_memory_mb = state["peak_memory_mb"]

    def _take_over(self, source: Path) -> None:
        """Begins where another run's maximum likelihood ended, as if it had been this run's own."""
        newest = checkpoints(source)[-1]
        generator = tf.train.Checkpoint(generator=self._objects["generator"])
        generator.read(str(newest / "variables")).expect_partial().assert_existing_objects_matched()
        state = _state(newest)
        names = {"mle": "mle", "measure": "measure mle", "temperatures": "temperatures mle"}
        self._set_state(
            {
                "done": {names[k]: v for k, v in state["done"].items() if k in names},
                "results": {f"{k}_mle": v for k, v in state["results"].items()},
                "tables": {"temperatures": {"mle": state["tables"]["temperatures"]["final"]}},
                "history": state["history"],
                "seconds": {names[k]: v for k, v in state["seconds"].items() if k in names},
                "peak_memory_mb": state["peak_memory_mb"],
            }
        )
        (self.folder / "scores").mkdir(exist_ok=True)
        for path in (source / "scores").glob("*.npy"):
            shutil.copyfile(path, self.folder / "scores" / f"{path.stem}_mle.npy")
        self.save()
        self.display.say(f"taking over the pre-training of {source}")

    def save(self) -> None:
        """Writes a checkpoint aside and renames it; keeps the newest two."""
        self._number += 1
        final = self.folder / "checkpoints" / f"{self._number:06d}"
        aside = final.with_name(f"writing-{final.name}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        self._checkpoint.write(str(aside / "variables"))
        self._peak_memory_mb = max(self._peak_memory_mb, peak_memory_mb())
        write_json(
            aside / "state.json",
            {
                "done": self._done,
                "results": self._results,
                "tables": self.tables,
                "history": self._history,
                "seconds": self._seconds,
                "peak_memory_mb": self._peak_memory_mb,
            },
        )
        for path in aside.iterdir():
            _sync(path)
        aside.replace(final)
        for old in checkpoints(self.folder)[:-CHECKPOINTS_KEPT]:
            shutil.rmtree(old)
        self._last_saved = time.monotonic()

    def _check_weights(self, stage: str, step: int) -> None:
        for name, model in self._objects.items():
            for variable in model.variables:
                if variable.dtype.startswith("float") and not np.all(np.isfinite(variable)):
                    raise TrainingDiverged(
                        f"{variable.path} of {name} is no longer finite after stage {stage}, "
                        f"step {step}. {self._last_good()}"
                    )

    def _last_good(self) -> str:
        saved = checkpoints(self.folder)
        kept = (
            f"The last good checkpoint is {saved[-1]}." if saved else "No checkpoint was saved yet."
        )
        return f"{kept} Start anew with lower learning rates."

    # Steps

    def seed(self, stage: str, *steps: int) -> np.ndarray:
        """int32 pair for the random draws of a step."""
        return counted_seed(self.settings.seed, stage, *steps)

    def loop(self, stage: str, total: int) -> Iterator[int]:
        """Yields the steps of a stage that are still to be done, and saves as they get done."""
        done = self._done.get(stage, 0)
        if done >= total:
            return
        with self.display.stage(stage, total, done):
            for index in range(done, total):
                self._step_started = time.monotonic()
                yield index
                spent = time.monotonic() - self._step_started
                self._seconds[stage] = self._seconds.get(stage, 0.0) + spent
                self._done[stage] = index + 1
                self.display.done(index + 1)
                due = time.monotonic() - self._last_saved >= self.settings.checkpoint_seconds
                if due or index + 1 == total:
                    self._check_weights(stage, index + 1)
                    self.save()

    def log(self, stage: str, step: int, values: Mapping[str, Any], total: int) -> None:
        """Records the figures of step number `step` (from 1) and stops a run that diverged."""
        figures = {name: float(value) for name, value in values.items()}
        for name, value in figures.items():
            if not np.isfinite(value):
                raise TrainingDiverged(
                    f"{name} is {value} in stage {stage}, step {step}. {self._last_good()}"
                )
        this_step = time.monotonic() - self._step_started
        seconds = round(sum(self._seconds.values()) + this_step, 3)
        row = {"stage": stage, "step": step, "seconds": seconds, **figures}
        self._history.append(row)
        with (self.folder / "metrics.csv").open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, (*COLUMNS, *self.measured)).writerow(row)
        with self._events.as_default(step):
            for name, value in figures.items():
                tf.summary.scalar(f"{stage}/{name}", value)
        self._events.flush()
        self.display.step(stage, step, total, figures)

    def keep(self, measurement: "Measurement", suffix: str = "") -> None:
        """Keeps a measurement for `result.json`, under its names with `suffix`, and its scores."""
        folder = self.folder / "scores"
        folder.mkdir(exist_ok=True)
        for name, value in measurement.figures.items():
            self._results[f"{name}{suffix}"] = float(value)
        for name, values in measurement.scores.items():
            np.save(folder / f"{name}{suffix}.npy", values.astype(np.float32))

    def scores(self, name: str) -> np.ndarray:
        """Scores of single sequences that `keep` has kept: float32 `[M]`."""
        return np.load(self.folder / "scores" / f"{name}.npy", allow_pickle=False)

    def score_names(self) -> list[str]:
        """Names of the scores that were kept for the final generator and for the MLE start."""
        names = sorted(path.stem for path in (self.folder / "scores").glob("*.npy"))
        return [name for name in names if f"{name}_mle" in names]

    @property
    def results(self) -> dict[str, float]:
        """Figures kept so far."""
        return dict(self._results)

    def _score_statistics(self) -> dict[str, dict[str, float]]:
        """Number, mean and variance of each kept score, what Welch's test needs of the sequences."""
        statistics = {}
        for path in sorted((self.folder / "scores").glob("*.npy")):
            values = self.scores(path.stem).astype(np.float64)
            statistics[path.stem] = {
                "num": len(values),
                "mean": float(values.mean()),
                "variance": float(values.var(ddof=1)),
            }
        return statistics

    def _last_round(self) -> dict[str, float]:
        """What the last adversarial round logged of rewards and of the discriminator."""
        rounds = [row for row in self._history if row["stage"] == "adversarial"]
        names = ("mean_reward", "discriminator_loss", "discriminator_accuracy")
        return {name: rounds[-1][name] for name in names if rounds and name in rounds[-1]}

    def finish(self, **more: Any) -> Path:
        """Writes `result.json`, which only a complete run has."""
        path = self.folder / "result.json"
        write_json(
            path,
            {
                "task": self.task,
                "algorithm": self.settings.algorithm,
                "preset": self.settings.preset,
                "seed": self.settings.seed,
                "metrics": {**self._results, **self._last_round()},
                "sequences": self._score_statistics(),
                **self.tables,
                **more,
                "changed": changed_settings(self.settings),
                "seconds": {name: round(s, 2) for name, s in self._seconds.items()},
                "peak_memory_mb": round(max(self._peak_memory_mb, peak_memory_mb()), 1),
                "settings": settings_to_json(self.settings),
                **provenance(),
                "complete": True,
            },
        )
        return path


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a run's folder, the newest last."""
    folder = folder / "checkpoints"
    return sorted(p for p in folder.glob("*") if p.name.isdecimal()) if folder.is_dir() else []


def _state(checkpoint: Path) -> dict[str, Any]:
    return json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))


def peak_memory_mb() -> float:
    """Most memory that this process has held, MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def provenance() -> dict[str, Any]:
    """Versions, commit and hardware: what a number depends on beside the settings."""
    versions = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = getattr(sys.modules.get(name), "__version__", "unknown")
    return {"versions": versions, "commit": commit(), "hardware": hardware()}


def hardware() -> str:
    """Processors and accelerators in words."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), {gpus} GPU"


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


def write_json(path: Path, value: Any) -> None:
    """Writes JSON aside and renames it, so that no half-written file is ever seen."""
    aside = path.with_name(path.name + ".tmp")
    aside.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _sync(aside)
    aside.replace(path)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def default_folder(task: str, settings: Settings) -> Path:
    """`runs/TASK-ALGORITHM-PRESET-seedN`, or `--out`."""
    name = f"{task}-{settings.algorithm}-{settings.preset}-seed{settings.seed}"
    return settings.out or Path("runs") / name
