"""Whole runs in this process at a size that takes seconds, and what they leave."""

import contextlib
import csv
import dataclasses
import json
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import pooled_runs
from train_oracle import make_task
from training.experiment import run_experiment
from training.presets import ORACLE_PRESETS
from training.run import Run

TINY = dataclasses.replace(
    ORACLE_PRESETS["smoke"],
    **{"vocab_size": 12, "max_length": 4, "train_size": 64, "test_size": 32, "batch_size": 16},
    **{"embedding_dim": 4, "hidden_dim": 4, "discriminator_embedding_dim": 4},
    **{"eval_samples": 32, "final_samples": 48, "self_bleu_samples": 16},
    xla=False,  # takes longer to compile; the other scripts' runs and tests/faults have it
)


def experiment(folder: Path, exported: bool = False, **changes) -> dict:
    """A run's result; without `exported` it writes no SavedModel, which takes a quarter of its time."""
    settings = dataclasses.replace(TINY, out=folder, **changes)
    settings.check()
    keras.utils.set_random_seed(settings.seed)
    export = mock.patch("training.experiment.export_generator")
    with pooled_runs.shared(), contextlib.nullcontext() if exported else export:
        run_experiment(lambda: make_task(settings), "oracle", settings)
    return json.loads((folder / "result.json").read_text())


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def weights(folder: Path) -> dict[str, bytes]:
    newest = sorted((folder / "checkpoints").glob("[0-9]*"))[-1] / "variables"
    reader = tf.train.load_checkpoint(str(newest))
    names = (n for n in reader.get_variable_to_shape_map() if n != "_CHECKPOINTABLE_OBJECT_GRAPH")
    return {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names}


def resumed(folder: Path, stops: list[tuple[str, int]], **changes) -> dict:
    """`experiment`, stopped before each of these steps of a stage is logged, and resumed."""
    log = Run.log
    for number, stop in enumerate(stops):

        def stopped(run, stage, step, *more, stop=stop):
            if (stage, step) == stop:
                raise KeyboardInterrupt
            log(run, stage, step, *more)

        with mock.patch.object(Run, "log", stopped), pytest.raises(KeyboardInterrupt):
            experiment(folder, **changes, resume=number > 0)
    return experiment(folder, **changes, resume=True)
