"""The state of a run besides its weights: steps finished, figures, history. JSON in every checkpoint."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from files.platform import peak_memory_mb
from training.gpus import peak_gpu_memory_mb
from training.verdict import FIGURES as VERDICT

# Stages of an MLE run, and what the run that takes it over calls them.
_MLE_STAGES = {
    "mle": "mle",
    "best weights": "best weights",
    "measure": "measure mle",
    "temperatures": "temperatures mle",
    "best temperature": "best temperature mle",
}


@dataclass
class RunState:
    """The state of a run that a checkpoint holds besides variables."""

    done: dict[str, int] = field(default_factory=dict)
    """Steps finished, by stage."""
    results: dict[str, float] = field(default_factory=dict)
    """Final figures by name."""
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {"temperatures": {}})
    """Further figures for `result.json`."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """Rows of `metrics.csv`."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time spent, by stage."""
    peak_memory_mb: float = 0.0
    peak_gpu_memory_mb: float = 0.0
    """Of the GPU that used most; 0 without one."""
    numerics_checked: bool = False
    """Whether any part ran under `--check-numerics`, whose sums are taken in another order."""

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "RunState":
        """The state that `to_json` was called on. Raises `KeyError` or `TypeError` for another value."""
        needed = ("done", "results", "tables", "history", "seconds", "peak_memory_mb")
        newer = ("peak_gpu_memory_mb", "numerics_checked")  # which older versions did not write
        names = (*needed, *(name for name in newer if name in saved))
        return cls(**{name: saved[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        """A value for JSON."""
        return asdict(self)

    def as_start(self) -> "RunState":
        """This complete MLE run as the pre-training of another run."""
        stages = _MLE_STAGES.items()
        return RunState(
            done={new: self.done[old] for old, new in stages if old in self.done},
            results={f"{name}_mle": value for name, value in self.results.items()},
            tables={"temperatures": {"mle": self.tables["temperatures"]["final"]}},
            history=self.history,
            seconds={new: self.seconds[old] for old, new in stages if old in self.seconds},
            peak_memory_mb=self.peak_memory_mb,
            peak_gpu_memory_mb=self.peak_gpu_memory_mb,
            numerics_checked=self.numerics_checked,
        )

    def finish_step(self, stage: str, index: int, seconds: float) -> None:
        """Counts step number `index` (from 0) of a stage as finished."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self.done[stage] = index + 1

    def note_memory(self) -> None:
        """Keeps the peaks of memory so far, of all processes that carried out the run."""
        self.peak_memory_mb = max(self.peak_memory_mb, peak_memory_mb())
        self.peak_gpu_memory_mb = max(self.peak_gpu_memory_mb, peak_gpu_memory_mb())

    def add_row(
        self, stage: str, step: int, figures: Mapping[str, float], seconds: float = 0.0
    ) -> dict[str, Any]:
        """Adds a row to the history; `seconds` are those of the step under way. Returns the row."""
        spent = round(sum(self.seconds.values()) + seconds, 3)
        row = {"stage": stage, "step": step, "seconds": spent, **figures}
        self.history.append(row)
        return row

    def keep(self, figures: Mapping[str, float], suffix: str = "") -> None:
        """Keeps final figures under their names with `suffix`."""
        self.results |= {f"{name}{suffix}": float(value) for name, value in figures.items()}

    def rows(self, stage: str) -> list[dict[str, Any]]:
        """The rows of a stage, in order."""
        return [row for row in self.history if row["stage"] == stage]

    def last_round(self) -> dict[str, float]:
        """What the last adversarial round logged about rewards and the discriminator."""
        rounds = self.rows("adversarial")
        names = ("mean_reward", "discriminator_loss", "discriminator_accuracy", *VERDICT)
        return {name: rounds[-1][name] for name in names if rounds and name in rounds[-1]}


def not_finite(figures: Mapping[str, float]) -> str:
    """Which figures are not finite, in words; empty where all are."""
    return ", ".join(
        f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)
    )


def place(stage: str, step: int) -> str:
    """A step in words."""
    counted = {"mle": "epoch", "adversarial": "round"}.get(stage, "step")
    return f"stage {stage}, {counted} {step}"
