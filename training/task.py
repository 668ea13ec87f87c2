"""A task: what each training script brings, and all that the shared part needs to know of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.pretrain import Measure


@dataclass(frozen=True)
class Task:
    """What a task brings: its data, what its ids mean and how its samples are judged and shown."""

    train: np.ndarray  # int32 [M, T], real sequences
    vocabulary: dict[str, Any]  # for the export; has "size", V
    measure: Measure
    measured: tuple[str, ...]  # names of the figures of `measure`, in order
    write_samples: Callable[[Path, np.ndarray], None]
    real: Callable[[], dict[str, float]]  # the same figures of real held-out data
    generator_options: dict[str, Any] = field(default_factory=dict)  # end and blocked tokens
    provenance: dict[str, Any] = field(default_factory=dict)  # of the data, for result.json
