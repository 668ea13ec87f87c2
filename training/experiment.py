"""From a task and its settings to a run folder: the part that all training scripts share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from metrics.significance import welch
from models.discriminator import Discriminator
from models.export import export_generator
from models.generator import Generator
from training.controls import measure_controls
from training.distribution import ONE_DEVICE, Distribution
from training.helper import Helper
from training.pretrain import measure_generator
from training.run import Measurement, Run, default_folder
from training.seqgan import train_seqgan
from training.settings import Settings
from training.stored_settings import settings_to_json
from training.task import Task


def run_experiment(
    make_task: Callable[[], Task],
    name: str,
    settings: Settings,
    distribution: Distribution = ONE_DEVICE,
) -> Path:
    """Trains, measures, exports; the run's folder. Raises `UsageError` where that cannot work.

    `make_task` is called once the folder is known to be ours, so that a wrong flag costs nothing. Of
    several workers all train, and the chief alone does the rest.
    """
    kind = Run if distribution.is_chief else Helper
    with kind(default_folder(name, settings), name, settings, distribution) as run:
        distribution.check_same({"task": name, **settings_to_json(settings)})
        if run.complete:
            run.display.say(f"{run.folder} is complete: its figures are in result.json")
        elif distribution.is_chief:
            carry_out(run, make_task())
        else:
            nothing = Measurement({})
            carry_out(run, replace(make_task(), measure=lambda *_: nothing, real=lambda: {}))
        return run.folder


def carry_out(run: Run, task: Task) -> None:
    """What is still to be done of a run."""
    settings = run.settings
    settings.check_fits(len(task.train))
    vocab_size, max_length = task.vocabulary["size"], task.train.shape[1]
    with run.distribution.scope():
        generator = Generator(
            vocab_size,
            max_length,
            settings.embedding_dim,
            settings.hidden_dim,
            settings.cell,
            **task.generator_options,
        )
        discriminator = Discriminator(
            vocab_size,
            max_length,
            settings.discriminator_embedding_dim,
            dropout=settings.discriminator_dropout,
            l2=settings.discriminator_l2,
            dtype="float32" if settings.mixed_precision == "none" else "mixed_bfloat16",
        )
    run.measured = task.measured
    if settings.algorithm == "random":
        measure_controls(generator, task, run)
    else:
        real = tf.constant(task.train, tf.int32)
        train_seqgan(generator, discriminator, real, run, task.measure)
        measure_generator(generator, run, task.measure, start=False)
    for _ in run.loop("export", 1):
        if run.distribution.is_chief:
            export(generator, task, run)
    if run.distribution.is_chief:
        path = run.finish(tests=significance(run), data=task.provenance)
        run.display.say(f"{summary(run.results)}\nresult in {path}")


def export(generator: Generator, task: Task, run: Run) -> None:
    """Writes the SavedModel and a hundred samples."""
    with run.writing(run.folder / "generator"):
        export_generator(generator, run.folder / "generator", task.vocabulary)
    samples = generator.sample(100, run.seed("samples")).numpy()
    with run.writing(run.folder / "samples"):
        task.write_samples(run.folder, samples)


def significance(run: Run) -> dict[str, Any]:
    """Welch's t-tests between the final generator and its MLE start, over single sequences."""
    if not run.score_names():
        return {}
    tests: dict[str, Any] = {
        "note": "over the sequences of one run: ignores the variance between trainings"
    }
    for name in run.score_names():
        test = welch(run.scores(name), run.scores(f"{name}_mle"))
        tests[f"welch_{name}"] = {"statistic": test.statistic, "p_value": test.p_value}
    return tests


def summary(results: dict[str, float]) -> str:
    """The final figures beside those of the MLE start."""
    return "\n".join(
        f"{name} {value:.4f} (MLE start {results[name + '_mle']:.4f})"
        for name, value in results.items()
        if f"{name}_mle" in results
    )
