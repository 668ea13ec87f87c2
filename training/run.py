"""A training run in a folder: steps are counted, saved, and resumed bit for bit on the same CPU."""

import contextlib
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tensorflow as tf

from training.checkpoints import drop_old, write_checkpoint
from training.distribution import LOST, ONE_DEVICE, Distribution
from training.errors import RunFailed, TrainingDiverged
from training.journal import Measurement
from training.numerics import Finite, first_bad_operation
from training.progress import Display
from training.provenance import provenance
from training.result import make_result
from training.resume import (
    PRETRAINED,
    check_pretrained,
    check_resumed,
    check_same_data,
    newest_for_all,
    recorded_start,
    restore,
    restore_generator,
    warn_of_other_threads,
)
from training.run_folder import RunFolder
from training.run_state import RunState, not_finite, place
from training.seeds import counted_seed
from training.settings import Settings
from training.stops import Request, Stopped, after_step
from training.stored_settings import settings_to_json


class Run:
    """The journal of a training run (`training.journal.Journal`) that keeps a folder.

    Every step is counted (`loop`) and every draw is a function of the count (`seed`), so a run that
    continues from a checkpoint retraces an unbroken one. As a context manager it ends in one line
    for a stop by a signal, and releases the folder.

    Of several workers each has a `Run`. The chief's writes the folder; the others' only read it.
    TensorFlow's guide lets all workers save, for variables that are summed over the workers when
    they are saved. There are no such variables here: each worker has the full value of every one.

    Args:
        folder: where the run lives. Must hold no run, unless `settings.resume`.
        task: name of the task, for `result.json`.
        settings: of the run.
        distribution: what the training runs on.

    Raises:
        UsageError: the folder or the run of `settings.pretrained` cannot be used.
    """

    def __init__(
        self, folder: Path, task: str, settings: Settings, distribution: Distribution = ONE_DEVICE
    ):
        how = settings.distribute
        flags = "" if how == "auto" else f" --distribute {how}"
        self.folder = RunFolder(folder, task, settings.resume, flags)
        self.task = task
        self.settings = settings
        self.distribution = distribution
        self.display = Display(quiet=not distribution.is_chief)
        self.state = RunState(numerics_checked=settings.check_numerics)
        self._figures: tuple[str, ...] = ()  # of the task's measure
        self._inputs: dict[str, str] = {}
        self._objects: dict[str, Any] = {}
        self._checkpoint = tf.train.Checkpoint()
        self._finite = Finite({})
        self._last_saved = self._step_started = time.monotonic()
        self._number = 0  # of the newest checkpoint
        self._open = contextlib.ExitStack()  # of the stage under way
        self._start: Path | None = None  # the checkpoint of --pretrained
        if settings.pretrained is not None and not settings.resume:
            self._start = check_pretrained(settings.pretrained, settings, self.display.say)
        if distribution.is_chief and not self.folder.claim():
            self.display.say(
                f"warning: the file system of {folder} has no locks: start no other run there."
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()  # the bar of the stage, before any message
        self.close()
        at, cluster = self.folder.at, self.distribution.cluster
        if cluster is not None and isinstance(error, LOST):
            raise RunFailed(
                f"{cluster.lost(str(error))} was lost {at}. See its log for the reason. Then, on every "
                f"worker: {self.folder.go_on()}"
            ) from None
        if isinstance(error, KeyboardInterrupt) and not str(error):  # at once, not by `loop`
            number = error.number if isinstance(error, Stopped) else int(signal.SIGINT)
            raise Stopped(number, f"stopped {at}. {self.folder.go_on()}") from None
        if self.settings.check_numerics and isinstance(error, tf.errors.InvalidArgumentError):
            bad = first_bad_operation(error)
            if bad is not None:
                raise TrainingDiverged(
                    f"{bad} {at}. {self.folder.last_good(self.settings.check_numerics)}"
                ) from None

    def close(self) -> None:
        """Releases the folder."""
        self._open.close()
        self.folder.release()

    # Start and resume

    def prepare(self, inputs: Mapping[str, str], figures: tuple[str, ...]) -> None:
        """Checks that the data are those that the run began with. Call it before `attach`.

        Args:
            inputs: SHA-256 of what the task has read, by input, as `{"corpus": ...}`. The content
                decides, not the path.
            figures: names of the figures of the task's measure.

        Raises:
            UsageError: an input has changed, or a resumed run did not start from `--pretrained`.
        """
        self._figures, self._inputs = figures, dict(inputs)
        if self._start is not None:
            self._inputs[PRETRAINED] = check_same_data(self._start, self._inputs)
        if self.settings.resume:
            given = self._inputs, self.settings.pretrained, self.display.say
            self._inputs = check_resumed(self.folder.path, *given)

    def attach(self, **objects: Any) -> None:
        """Names the models and optimizers that a checkpoint holds; restores them on `--resume`."""
        self._objects = objects
        self._finite = Finite(objects)
        self._checkpoint = tf.train.Checkpoint(**objects)
        if self.settings.resume:
            newest = newest_for_all(self.folder.path, self.distribution, self.display.say)
            warn_of_other_threads(self.folder.read_config(), self.display.say)
            if newest is not None:
                self._restore(newest)
            elif start := recorded_start(self.folder.path, self.settings, self.display.say):
                self._take_over(start)
        else:
            if self.distribution.is_chief:
                self.folder.write_config(self._config())
            if self._start is not None:
                self._take_over(self._start)
        if self.distribution.is_chief:
            self.folder.start_tables(self.state.history, self._figures)

    def _config(self) -> dict[str, Any]:
        config = {
            "task": self.task,
            "settings": settings_to_json(self.settings),
            "inputs": self._inputs,
            **self._provenance(),
        }
        if self.settings.pretrained is not None:  # for --resume before the first checkpoint
            config["pretrained"] = str(self.settings.pretrained.absolute())
        return config

    def _restore(self, newest: Path) -> None:
        self._set_state(restore(newest, self._checkpoint))
        self._number = int(newest.name)
        if self.distribution.is_chief:
            drop_old(self.folder.path)  # which the end of a process may have left
        self.display.say(f"resuming {self.folder.path} from checkpoint {newest.name}")

    def _take_over(self, start: Path) -> None:
        """Starts where another run's maximum likelihood ended, as if this run had done it."""
        self._set_state(restore_generator(start, self._objects["generator"]))
        source = start.parents[1]
        if self.distribution.is_chief:
            self.folder.copy_scores(source)
        self.save()
        self.display.say(f"starting from the pre-training of {source}")

    def _set_state(self, state: RunState) -> None:
        state.numerics_checked |= self.state.numerics_checked
        self.state = state

    # Steps

    def seed(self, stage: str, *steps: int) -> np.ndarray:
        """int32 pair for the random draws of a step."""
        return counted_seed(self.settings.seed, stage, *steps)

    def loop(self, stage: str, total: int) -> Iterator[int]:
        """Yields the steps of a stage that are not finished yet, and saves as they are finished."""
        done = self.state.done.get(stage, 0)
        if done >= total:
            return
        with contextlib.ExitStack() as self._open:
            self._open.enter_context(self.display.stage(stage, total, done))
            request = self._open.enter_context(after_step())
            for index in range(done, total):
                where = place(stage, index + 1)
                self.folder.at = f"in {where}"
                self._step_started = time.monotonic()
                yield index
                bad = self._finite.first_that_is_not()
                if bad is not None:
                    raise TrainingDiverged(
                        f"{bad} is not finite {self.folder.at}. {self.folder.last_good(self.settings.check_numerics)}"
                    )
                self.state.finish_step(stage, index, time.monotonic() - self._step_started)
                self.display.done(index + 1)
                number = self._requested(request)
                due = time.monotonic() - self._last_saved >= self.settings.checkpoint_seconds
                if due or index + 1 == total or number:
                    self.save()
                if number:
                    self._stop(number, where)
        # A signal during the last save. From here on another one stops at once.
        if number := self._requested(request):
            self._stop(number, where)
        self.folder.at = f"after stage {stage}"

    def _requested(self, request: Request) -> int:
        """The signal that asked any of the workers to stop, or 0."""
        return int(self.distribution.all_workers(request.number or 0).max())

    def _stop(self, number: int, where: str) -> None:
        self.distribution.all_workers(0)  # so that all name the checkpoint just written
        raise Stopped(number, f"stopped after {where}. {self.folder.go_on()}")

    def log(self, stage: str, step: int, values: Mapping[str, Any], total: int) -> None:
        """Records the figures of step number `step` (from 1) and stops a run that diverged."""
        figures = {name: float(value) for name, value in values.items()}
        if bad := not_finite(figures):
            raise TrainingDiverged(
                f"{bad} in {place(stage, step)}. {self.folder.last_good(self.settings.check_numerics)}"
            )
        row = self.state.add_row(stage, step, figures, time.monotonic() - self._step_started)
        if self.distribution.is_chief:
            self.folder.add_row(row)
        self.display.step(stage, step, total, figures)

    def log_action_values(self, action_values: tf.Tensor, counts: tf.Tensor) -> None:
        """Adds histograms of a batch's action values by position to what TensorBoard shows."""
        if self.distribution.is_chief:
            with self.folder.events() as events:
                events.add_rewards(np.asarray(action_values), np.asarray(counts) > 0)

    def keep(self, measurement: Measurement, suffix: str = "") -> None:
        """Keeps a measurement for `result.json`, and its scores; the chief's alone."""
        if self.distribution.is_chief:
            self.state.keep(measurement.figures, suffix)
            self.folder.keep_scores(measurement.scores, suffix)

    def save(self) -> None:
        """Writes a checkpoint and keeps the newest two; the chief's alone."""
        if not self.distribution.is_chief:
            return
        self.state.note_memory()
        with self.folder.writing(self.folder.path / "checkpoints"):
            write_checkpoint(
                self.folder.path, self._number + 1, self._checkpoint, self.state.to_json()
            )
        self._number += 1
        self._last_saved = time.monotonic()

    def _provenance(self) -> dict[str, Any]:
        more = provenance()
        return {**more, "hardware": f"{self.distribution}{more['hardware']}"}

    def finish(self, **more: Any) -> Path:
        """Writes `result.json`, with `more` in it; its path."""
        self.state.note_memory()
        more = {"sequences": self.folder.score_statistics(), **self.state.tables, **more}
        result = make_result(self.task, self.settings, self.state, more, self._provenance())
        with self.folder.events() as events:
            events.add_result(result["settings"], result["metrics"])
        return self.folder.write_result(result)
