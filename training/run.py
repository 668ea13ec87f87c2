"""The run folder: settings, history, checkpoints and, when all is done, the result."""

import contextlib
import csv
import importlib.metadata
import os
import platform
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tensorflow as tf

from files.errors import UsageError
from files.reading import read_json
from files.writing import write_json
from training.checkpoints import (
    checkpoints,
    clear_half_written,
    drop_old,
    newest_whole,
    read_state,
    write_checkpoint,
)
from training.distribution import LOST, ONE_DEVICE, Distribution
from training.errors import RunFailed, TrainingDiverged
from training.lock import NAME as LOCK
from training.lock import FolderLock
from training.numerics import Finite, first_bad_operation
from training.progress import Display
from training.seeds import counted_seed
from training.settings import Settings
from training.stops import Stopped, after_step
from training.stored_settings import (
    changed_settings,
    check_same_start,
    load_settings,
    run_name,
    settings_to_json,
)

# Columns of metrics.csv beside what the task measures; docs/metrics.md says what each is.
COLUMNS = (
    *("stage", "step", "seconds"),
    *("mle_loss", "policy_loss", "policy_gradient_norm", "mean_reward"),
    *("discriminator_loss", "discriminator_accuracy"),
)
VERSIONS_OF = ("tensorflow", "keras", "numpy", "nltk", "pretty_midi", "scipy")
# What a run leaves that was stopped before its config.json was there: the folder is as good as empty.
NOTHING_YET = {LOCK, "config.json.tmp"}


@dataclass(frozen=True)
class Measurement:
    """Figures of a generator, and the scores of single sequences that tests of significance need."""

    figures: dict[str, float]
    scores: dict[str, np.ndarray] = field(default_factory=dict)


class Run:
    """One training run and its folder, which no other run can use until `close`.

    Every step is counted (`loop`) and every draw is a function of the count (`seed`), so a run that
    goes on from a checkpoint retraces an unbroken one. As a context manager it ends in one line for
    a stop by a signal, and lets go of the folder.

    Args:
        folder: where the run lives. Must hold no run, unless `settings.resume`.
        task: name of the task, for `result.json`.
        settings: what was asked for.
        distribution: what the training runs on; every worker has a `Run`, the chief's is this one.
    """

    def __init__(
        self, folder: Path, task: str, settings: Settings, distribution: Distribution = ONE_DEVICE
    ):
        self.folder = folder
        self.task = task
        self.settings = settings
        self.distribution = distribution
        self.measured: tuple[str, ...] = ()  # figures of the task's measure, more columns
        self.display = Display(quiet=not distribution.is_chief)
        self._done: dict[str, int] = {}  # steps finished, by stage
        self._results: dict[str, float] = {}
        self.tables: dict[str, dict[str, Any]] = {"temperatures": {}}  # more for result.json
        self._history: list[dict[str, Any]] = []
        self._seconds: dict[str, float] = {}
        self._peak_memory_mb = 0.0
        self._numerics_checked = settings.check_numerics
        self._checkpoint = tf.train.Checkpoint()
        self._objects: dict[str, Any] = {}
        self._finite = Finite({})
        self._last_saved = self._step_started = time.monotonic()
        self._number = 0
        self._at = "before the first step"  # stage and step under way, for messages
        self._open = contextlib.ExitStack()  # of the stage under way
        self._events: Any = None
        self._lock: FolderLock | None = None
        self._start: Path | None = None  # the checkpoint to take over
        if settings.pretrained is not None and not settings.resume:
            self._start = self._check_pretrained(settings.pretrained)
        self._claim_folder()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()  # the bar of the stage, before anything is said
        self.close()
        cluster = self.distribution.cluster
        if cluster is not None and isinstance(error, LOST):
            raise RunFailed(
                f"{cluster.lost(str(error))} was lost {self._at}. See there why; then, on every worker: "
                f"{self._go_on()}"
            ) from None
        if isinstance(error, KeyboardInterrupt) and not str(error):  # at once, not by `loop`
            number = error.number if isinstance(error, Stopped) else int(signal.SIGINT)
            raise Stopped(number, f"stopped {self._at}. {self._go_on()}") from None
        if self.settings.check_numerics and isinstance(error, tf.errors.InvalidArgumentError):
            bad = first_bad_operation(error)
            if bad is not None:
                raise TrainingDiverged(f"{bad} {self._at}. {self._last_good()}") from None

    def close(self) -> None:
        """Lets go of the folder."""
        self._open.close()
        if self._events is not None:
            with contextlib.suppress(OSError, tf.errors.OpError):  # what counts was flushed
                self._events.close()
            self._events = None
        if self._lock is not None:
            self._lock.release()

    # The folder

    def _check_pretrained(self, source: Path) -> Path:
        """The checkpoint of another run where its pre-training ended.

        Raises `UsageError` unless this run can begin there.
        """
        check_same_start(self.settings, load_settings(source / "config.json", type(self.settings)))
        if not (source / "result.json").is_file():
            raise UsageError(
                f"--pretrained is {source}, whose run is not complete. Go on with it by --resume."
            )
        newest = newest_whole(source, self.display.say, set_aside=False)
        if newest is None or "final" not in read_state(newest)["tables"]["temperatures"]:
            raise UsageError(
                f"--pretrained is {source}, which has no whole checkpoint of its end. Name another."
            )
        return newest

    def _claim_folder(self) -> None:
        """Makes sure that the folder is there for this run alone, which has written nothing yet."""
        self._check_folder()
        if self.complete:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self.folder)
        except OSError as error:
            raise UsageError(
                f"cannot write the run to {self.folder} ({error.strerror}). Give another --out."
            ) from None
        try:
            self._check_folder()  # once more: a run that has just ended may have used it
        except UsageError:
            self._lock.release()
            raise
        if not self._lock.works:
            self.display.say(
                f"warning: the file system of {self.folder} has no locks: start no other run there."
            )

    def _check_folder(self) -> None:
        folder, holds_run = self.folder, (self.folder / "config.json").exists()
        if self.settings.resume:
            if not holds_run:
                raise UsageError(f"there is no run in {folder}. Leave --resume out to start one.")
            return
        if folder.exists() and (not folder.is_dir() or set(os.listdir(folder)) - NOTHING_YET):
            what = "a run" if holds_run else "other files"
            mend = "Go on with it by --resume, or give" if holds_run else "Give"
            raise UsageError(f"{folder} holds {what} already. {mend} another --out.")

    @property
    def complete(self) -> bool:
        """Whether the run has come to its end."""
        return (self.folder / "result.json").is_file()

    @contextlib.contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Raises `RunFailed`, in one line, where `path` in the folder cannot be written."""
        try:
            if self._lock is not None and not self._lock.folder_is_here:
                raise RunFailed(
                    f"{self.folder} was removed or replaced while the run was on: nothing more is "
                    "written there. Start anew, or put the folder back and go on by --resume."
                )
            yield
        except (OSError, tf.errors.OpError) as error:
            clear_half_written(self.folder)  # which may be what takes the room
            raise RunFailed(
                f"cannot write {path} ({_reason(error)}) {self._at}. Mend that; then "
                f"{self._go_on()}"
            ) from None

    def _go_on(self) -> str:
        """How to go on, and from where."""
        if not (self.folder / "config.json").exists():
            return "nothing was saved: give the same command again."
        saved = checkpoints(self.folder)
        where = f"goes on from checkpoint {saved[-1].name}" if saved else "begins again"
        return f"`{self._resume_command()}` {where}."

    def _resume_command(self) -> str:
        how = self.settings.distribute
        more = "" if how == "auto" else f" --distribute {how}"
        return f"python train_{self.task}.py --resume --out {shlex.quote(str(self.folder))}{more}"

    def _start_tables(self) -> None:
        """metrics.csv and events anew from the history, which may have been taken back by some rows."""
        path = self.folder / "metrics.csv"
        with self.writing(path):
            aside = path.with_suffix(".csv.tmp")
            with aside.open("w", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, (*COLUMNS, *self.measured))
                table.writeheader()
                table.writerows(self._history)
            aside.replace(path)
        old = list(self.folder.glob("events.out.tfevents.*"))
        with self.writing(self.folder / "events.out.tfevents"):
            self._events = tf.summary.create_file_writer(str(self.folder))
            self._write_events(self._history)
            for path in old:  # so that there is one file, however often a run is resumed
                path.unlink()

    def _write_events(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            with self._events.as_default(row["step"]):
                for name, value in row.items():
                    if name not in ("stage", "step", "seconds"):
                        tf.summary.scalar(f"{row['stage']}/{name}", value)
        self._events.flush()

    # State

    def attach(self, **objects) -> None:
        """Names the models and optimizers that a checkpoint holds; restores them on `--resume`."""
        self._objects = objects
        self._finite = Finite(objects)
        self._checkpoint = tf.train.Checkpoint(**objects)
        if self.settings.resume:
            newest = self._newest()
            self._compare_threads()
            if newest is not None:
                self._restore(newest)
            elif (source := self._noted_start()) is not None:
                self._take_over(source, self._check_pretrained(source))
        else:
            self._write_config()
            if self._start is not None and self.settings.pretrained is not None:
                self._take_over(self.settings.pretrained, self._start)
        self._start_tables()

    def _newest(self) -> Path | None:
        """The checkpoint to go on from, for all workers."""
        clear_half_written(self.folder)
        newest = newest_whole(self.folder, self.display.say, set_aside=True)
        self.distribution.of_workers(int(newest.name) if newest else 0)
        return newest

    def _write_config(self) -> None:
        with self.writing(self.folder / "config.json"):
            write_json(self.folder / "config.json", self._config())

    def _config(self) -> dict[str, Any]:
        what = {
            "task": self.task,
            "settings": settings_to_json(self.settings),
            **self._provenance(),
        }
        if (
            self.settings.pretrained is not None
        ):  # for --resume, should this end before a checkpoint
            what["pretrained"] = str(self.settings.pretrained.absolute())
        return what

    def _noted_start(self) -> Path | None:
        """The run whose pre-training this one was told to take over."""
        if self.settings.pretrained is not None:
            return self.settings.pretrained
        noted = read_json(self.folder / "config.json", "expected that of a run").get("pretrained")
        return Path(noted) if isinstance(noted, str) else None

    def _compare_threads(self) -> None:
        before = read_json(self.folder / "config.json", "expected that of a run").get("threads")
        if isinstance(before, int) and before != intra_op_threads():
            self.display.say(
                f"warning: the run began with {before} threads, and has {intra_op_threads()} now: it "
                f"ends as one of other rounding. For the same bits set TF_NUM_INTRAOP_THREADS={before}."
            )

    def _restore(self, newest: Path) -> None:
        try:
            self._checkpoint.read(str(newest / "variables")).assert_consumed()
            self._set_state(read_state(newest))
        except (AssertionError, ValueError, KeyError) as error:
            raise UsageError(
                f"{newest} is none of this version of the code ({str(error).splitlines()[0]:.200}). "
                "Go on with the version in config.json, or start anew with another --out."
            ) from None
        self._number = int(newest.name)
        self._drop_old()
        self.display.say(f"resuming {self.folder} from checkpoint {newest.name}")

    def _drop_old(self) -> None:
        drop_old(self.folder)  # which an end of the process may have left

    def _set_state(self, state: dict[str, Any]) -> None:
        self._done = state["done"]
        self._results = state["results"]
        self.tables = state["tables"]
        self._history = state["history"]
        self._seconds = state["seconds"]
        self._peak_memory_mb = state["peak_memory_mb"]
        self._numerics_checked |= state.get("numerics_checked", False)

    def _take_over(self, source: Path, newest: Path) -> None:
        """Begins where another run's maximum likelihood ended, as if it had been this run's own."""
        generator = tf.train.Checkpoint(generator=self._objects["generator"])
        generator.read(str(newest / "variables")).expect_partial().assert_existing_objects_matched()
        state = read_state(newest)
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
        self._copy_scores(source)
        self.save()
        self.display.say(f"taking over the pre-training of {source}")

    def _copy_scores(self, source: Path) -> None:
        scores = self.folder / "scores"
        with self.writing(scores):
            scores.mkdir(exist_ok=True)
            for path in (source / "scores").glob("*.npy"):
                shutil.copyfile(path, scores / f"{path.stem}_mle.npy")

    def save(self) -> None:
        """Writes a checkpoint aside and renames it; keeps the newest two."""
        self._peak_memory_mb = max(self._peak_memory_mb, peak_memory_mb())
        state = {
            "done": self._done,
            "results": self._results,
            "tables": self.tables,
            "history": self._history,
            "seconds": self._seconds,
            "peak_memory_mb": self._peak_memory_mb,
            "numerics_checked": self._numerics_checked,
        }
        with self.writing(self.folder / "checkpoints"):
            write_checkpoint(self.folder, self._number + 1, self._checkpoint, state)
        self._number += 1
        self._last_saved = time.monotonic()

    def _last_good(self) -> str:
        saved = checkpoints(self.folder)
        kept = (
            f"The last good checkpoint is {saved[-1]}." if saved else "No checkpoint was saved yet."
        )
        mend = "Start anew with lower learning rates"
        if self.settings.check_numerics:
            return f"{kept} {mend}."
        command = f"{self._resume_command()} --check-numerics"
        return f"{kept} {mend}, or find the operation by `{command}`."

    # Steps

    def seed(self, stage: str, *steps: int) -> np.ndarray:
        """int32 pair for the random draws of a step."""
        return counted_seed(self.settings.seed, stage, *steps)

    def loop(self, stage: str, total: int) -> Iterator[int]:
        """Yields the steps of a stage that are still to be done, and saves as they get done."""
        done = self._done.get(stage, 0)
        if done >= total:
            return
        with contextlib.ExitStack() as self._open:
            self._open.enter_context(self.display.stage(stage, total, done))
            stop = self._open.enter_context(after_step())
            for index in range(done, total):
                place = _place(stage, index + 1)
                self._at = f"in {place}"
                self._step_started = time.monotonic()
                yield index
                bad = self._finite.first_that_is_not()
                if bad is not None:
                    raise TrainingDiverged(f"{bad} is not finite {self._at}. {self._last_good()}")
                spent = time.monotonic() - self._step_started
                self._seconds[stage] = self._seconds.get(stage, 0.0) + spent
                self._done[stage] = index + 1
                self.display.done(index + 1)
                number = int(self.distribution.of_workers(stop.number or 0).max())
                due = time.monotonic() - self._last_saved >= self.settings.checkpoint_seconds
                if due or index + 1 == total or number:
                    self.save()
                if number:  # a signal, to whichever worker
                    self.distribution.of_workers(0)  # so that all name the checkpoint just written
                    raise Stopped(number, f"stopped after {place}: {self._go_on()}")
        self._at = f"after stage {stage}"

    def log(self, stage: str, step: int, values: Mapping[str, Any], total: int) -> None:
        """Records the figures of step number `step` (from 1) and stops a run that diverged."""
        figures = {name: float(value) for name, value in values.items()}
        bad = [f"{name} is {value}" for name, value in figures.items() if not np.isfinite(value)]
        if bad:
            raise TrainingDiverged(
                f"{', '.join(bad)} in {_place(stage, step)}. {self._last_good()}"
            )
        this_step = time.monotonic() - self._step_started
        seconds = round(sum(self._seconds.values()) + this_step, 3)
        row = {"stage": stage, "step": step, "seconds": seconds, **figures}
        self._history.append(row)
        self._write_row(row)
        self.display.step(stage, step, total, figures)

    def _write_row(self, row: dict[str, Any]) -> None:
        path = self.folder / "metrics.csv"
        with self.writing(path), path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, (*COLUMNS, *self.measured)).writerow(row)
        with self.writing(self.folder / "events.out.tfevents"):
            self._write_events([row])

    def keep(self, measurement: "Measurement", suffix: str = "") -> None:
        """Keeps a measurement for `result.json`, under its names with `suffix`, and its scores."""
        folder = self.folder / "scores"
        for name, value in measurement.figures.items():
            self._results[f"{name}{suffix}"] = float(value)
        with self.writing(folder):
            folder.mkdir(exist_ok=True)
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

    def _provenance(self) -> dict[str, Any]:
        more = provenance()
        return {**more, "hardware": f"{self.distribution}{more['hardware']}"}

    def _last_round(self) -> dict[str, float]:
        """What the last adversarial round logged of rewards and of the discriminator."""
        rounds = [row for row in self._history if row["stage"] == "adversarial"]
        names = ("mean_reward", "discriminator_loss", "discriminator_accuracy")
        return {name: rounds[-1][name] for name in names if rounds and name in rounds[-1]}

    def finish(self, **more: Any) -> Path:
        """Writes `result.json`, which only a complete run has."""
        path = self.folder / "result.json"
        result = {
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
            # Without XLA some sums are taken in another order: not bit for bit the run without it.
            **({"numerics_checked": True} if self._numerics_checked else {}),
            **self._provenance(),
            "complete": True,
        }
        with self.writing(path):
            write_json(path, result)
        return path


def _place(stage: str, step: int) -> str:
    """A step in words."""
    counted = {"mle": "epoch", "adversarial": "round"}.get(stage, "step")
    return f"stage {stage}, {counted} {step}"


def _reason(error: Exception) -> str:
    """Why the system refused, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    said = re.search(
        r"; ([^;\n\[]+)", str(error)
    )  # TensorFlow: operation, file; reason [operation]
    return said[1].strip() if said else type(error).__name__


def peak_memory_mb() -> float:
    """Most memory that this process has held, MB (10^6 bytes)."""
    # On Linux not by getrusage, which counts what the process that started this one had held.
    status = Path("/proc/self/status")
    held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if held is not None:
        return int(held[1]) * 1024 / 1e6
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
    """Threads that one operation is shared by: another number adds in another order."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    asked = tf.config.threading.get_intra_op_parallelism_threads()
    asked = asked or (int(given) if given.isdecimal() else 0)
    usable = getattr(os, "sched_getaffinity", None)  # not everywhere
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


def default_folder(task: str, settings: Settings) -> Path:
    """`--out`, or a folder of `runs/` with the name of the run."""
    return settings.out or Path("runs") / run_name(task, settings)
