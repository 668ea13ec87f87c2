"""A task: what each training script brings, and all that the shared part needs to know of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.pretrain import Measure


@dataclass(frozen=True)
class Task:
    """The data of a task, what its ids mean, and how its samples are measured and shown.

    Args:
        train: int32 `[M, T]`, real sequences.
        vocabulary: for the export; has "size", V.
        measure: figures of a policy.
        figures: names of the figures of `measure`, in order.
        write_samples: writes sequences int32 `[M, T]` for people, into a folder.
        validation: int32 `[M, T]`, real sequences to decide by: neither trained on nor those of the
            test figures.
        test: int32 `[M, T]`, real sequences that decide nothing, those of the test figures.
        real: the same figures of real held-out data.
        generator_options: end and blocked tokens of the generator.
        provenance: of the data, for `result.json`.
        inputs: SHA-256 of what was read, by input; what a resumed run must read again.
        description: lines that describe the data when a run starts.
    """

    train: np.ndarray
    vocabulary: dict[str, Any]
    measure: Measure
    figures: tuple[str, ...]
    write_samples: Callable[[Path, np.ndarray], None]
    real: Callable[[], dict[str, float]]
    validation: np.ndarray | None = None
    test: np.ndarray | None = None
    generator_options: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    description: tuple[str, ...] = ()
