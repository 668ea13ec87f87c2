"""From a task and its settings to a run folder: the part that all training scripts share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from metrics.significance import welch
from models.discriminator import Discriminator
from models.export import export_generator
from models.generator import Generator
from training.config import Settings
from training.pretrain import Measure
from training.run import Run, default_folder
from training.seqgan import train_seqgan


@dataclass(frozen=True)
class Task:
    """What a task brings: its data, what its ids mean and how its samples are judged and shown."""

    name: str
    train: np.ndarray  # int32 [M, T], real sequences
    vocabulary: dict[str, Any]  # for the export; has "size", V
    measure: Measure
    write_samples: Callable[[Path, np.ndarray], None]


def run_experiment(make_task: Callable[[], Task], name: str, settings: Settings) -> Path:
    """Trains, measures, exports; the run's folder. Raises `UsageError` where that cannot work.

    `make_task` is called once the folder is known to be ours, so that a wrong flag costs nothing.
    """
    run = Run(default_folder(name, settings), name, settings)
    task = make_task()
    vocab_size, max_length = task.vocabulary["size"], task.train.shape[1]
    generator = Generator(
        vocab_size, max_length, settings.embedding_dim, settings.hidden_dim, settings.cell
    )
    discriminator = Discriminator(
        vocab_size,
        max_length,
        settings.discriminator_embedding_dim,
        dropout=settings.discriminator_dropout,
        l2=settings.discriminator_l2,
    )
    train_seqgan(generator, discriminator, tf.constant(task.train), run, task.measure)

    for _ in run.loop("measure", 1):
        run.keep(task.measure(generator, settings.final_samples, run.seed("final")))
    for _ in run.loop("export", 1):
        export_generator(generator, run.folder / "generator", task.vocabulary)
        samples = generator.sample(100, run.seed("samples")).numpy()
        task.write_samples(run.folder, samples)
    path = run.finish(tests=significance(run))
    run.display.say(f"{summary(run.results)}\nresult in {path}")
    return run.folder


def significance(run: Run) -> dict[str, Any]:
    """Welch's t-test between the final generator and its MLE start, over sequences."""
    if run.settings.algorithm == "mle":
        return {}
    test = welch(run.scores("nll_oracle"), run.scores("nll_oracle_mle"))
    return {
        "welch_nll_oracle_over_sequences": {
            "p_value": test.p_value,
            "statistic": test.statistic,
            "note": "per-sequence sums of one run: ignores the variance between trainings",
        }
    }


def summary(results: dict[str, float]) -> str:
    """The figures to look at first, final beside MLE start."""
    rows = []
    for name in ("nll_oracle", "nll_test", "self_bleu_2", "copied_share"):
        if name in results:
            rows.append(f"{name} {results[name]:.4f} (MLE start {results[name + '_mle']:.4f})")
    return "\n".join(rows)
