"""What the training loops need of their surroundings, and the journal that keeps it in memory.

Algorithm 1 knows a journal, not a folder. `MemoryJournal` serves the library, notebooks and tests;
`training.run.Run` keeps the same in a run folder, with checkpoints.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from training.errors import TrainingDiverged
from training.numerics import Finite
from training.run_state import RunState, not_finite, place
from training.seeds import counted_seed


@dataclass(frozen=True)
class Measurement:
    """Figures of a generator, and the scores of single sequences that tests of significance need."""

    figures: dict[str, float]
    scores: dict[str, np.ndarray] = field(default_factory=dict)


class Journal(Protocol):
    """Counts the steps of training, gives them their random seeds and keeps their figures.

    Attributes:
        state: steps finished, figures and history so far.
    """

    state: RunState

    def attach(self, **objects: Any) -> None:
        """Names the models and optimizers, before the first step; restores what was saved of them."""

    def loop(self, stage: str, total: int) -> Iterator[int]:
        """Yields the steps of a stage that are not finished yet, numbers below `total`."""

    def seed(self, stage: str, *steps: int) -> np.ndarray:
        """int32 pair for the random draws of a step: the same for the same arguments."""

    def log(self, stage: str, step: int, values: Mapping[str, Any], total: int) -> None:
        """Records the figures of step number `step` (from 1) of `total`."""

    def log_action_values(self, action_values: tf.Tensor, counts: tf.Tensor) -> None:
        """Records the action values float `[B, T]` of a batch, of which those with `counts` count."""

    def keep(self, measurement: Measurement, suffix: str = "") -> None:
        """Keeps a final measurement under its names with `suffix`."""


class MemoryJournal:
    """A journal that writes nothing.

    Args:
        seed: decides every random draw.
        on_log: called with a stage, the number of its step (from 1) and the figures of that step.
        should_stop: asked after every step; true ends the stage early.
    """

    def __init__(
        self,
        seed: int,
        on_log: Callable[[str, int, dict[str, float]], None] = lambda *_: None,
        should_stop: Callable[[], bool] = lambda: False,
    ):
        self.state = RunState()
        self.scores: dict[str, np.ndarray] = {}
        self.objects: dict[str, Any] = {}
        self._seed = seed
        self._on_log = on_log
        self._should_stop = should_stop
        self._finite = Finite({})

    def skip(self, *stages: str) -> None:
        """Counts these stages as finished."""
        self.state.done |= dict.fromkeys(stages, sys.maxsize)

    def attach(self, **objects: Any) -> None:
        self.objects = objects
        self._finite = Finite(objects)

    def loop(self, stage: str, total: int) -> Iterator[int]:
        for index in range(self.state.done.get(stage, 0), total):
            started = time.monotonic()
            yield index
            bad = self._finite.first_that_is_not()
            if bad is not None:
                raise TrainingDiverged(f"{bad} is not finite in {place(stage, index + 1)}.")
            self.state.finish_step(stage, index, time.monotonic() - started)
            if self._should_stop():
                return

    def seed(self, stage: str, *steps: int) -> np.ndarray:
        return counted_seed(self._seed, stage, *steps)

    def log(self, stage: str, step: int, values: Mapping[str, Any], total: int) -> None:
        figures = {name: float(value) for name, value in values.items()}
        if bad := not_finite(figures):
            raise TrainingDiverged(f"{bad} in {place(stage, step)}. Lower the learning rates.")
        self.state.add_row(stage, step, figures)
        self._on_log(stage, step, figures)

    def log_action_values(self, action_values: tf.Tensor, counts: tf.Tensor) -> None:
        pass

    def keep(self, measurement: Measurement, suffix: str = "") -> None:
        self.state.keep(measurement.figures, suffix)
        self.scores |= {f"{name}{suffix}": each for name, each in measurement.scores.items()}
