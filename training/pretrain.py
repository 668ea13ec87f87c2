"""What comes before the adversarial rounds: lines 2, 4 and 5 of Algorithm 1."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.checks import numpy_random
from models.controls import AtTemperature, Policy
from models.generator import Generator, Seed
from training.best_weights import BestWeights
from training.distribution import ONE_DEVICE
from training.journal import Journal, Measurement
from training.scheduled_sampling import true_rate
from training.settings import Settings
from training.steps import Steps
from training.verdict import measure_verdict

# (policy, number of samples, seed) -> figures and scores
Measure = Callable[[Policy, int, np.ndarray], Measurement]


def pretrain_generator(
    steps: Steps, real: tf.Tensor, settings: Settings, journal: Journal, measure: Measure
) -> None:
    """Maximum likelihood on real int32 `[M, T]`; then the measures of the start of what follows.

    The algorithm `ss` samples its inputs on a schedule.
    """
    for epoch in journal.loop("mle", settings.mle_epochs):
        rate = true_rate(epoch, settings.ss_decay) if settings.algorithm == "ss" else 1.0
        results = steps.mle_epoch(real, journal.seed("mle", epoch), rate)
        if (epoch + 1) % settings.eval_every == 0:
            seed = journal.seed("measure")
            results |= measure(steps.generator, settings.eval_samples, seed).figures
        journal.log("mle", epoch + 1, results, settings.mle_epochs)
    if settings.algorithm not in ("mle", "ss"):
        measure_generator(steps.generator, settings, journal, measure, start=True)


def measure_generator(
    generator: Generator, settings: Settings, journal: Journal, measure: Measure, start: bool
) -> None:
    """Measures the generator with the final number of samples, then over the temperatures.

    `start`: whether it is the MLE start of what follows, not what the run is for.
    """
    stage = " mle" if start else ""
    for _ in journal.loop(f"measure{stage}", 1):
        measured = measure(generator, settings.final_samples, journal.seed("final"))
        journal.keep(measured, suffix="_mle" if start else "")
    for _ in journal.loop(f"temperatures{stage}", 1):
        rows = []
        for temperature in settings.temperatures:
            policy = AtTemperature(generator, temperature)
            measured = measure(policy, settings.eval_samples, journal.seed("measure"))
            rows.append({"temperature": temperature, **measured.figures})
        journal.state.tables["temperatures"]["mle" if start else "final"] = rows


def pretrain_discriminator(
    steps: Steps,
    real: tf.Tensor,
    settings: Settings,
    journal: Journal,
    validation: np.ndarray | None = None,
    best: BestWeights | None = None,
) -> None:
    """Trains D on real sequences and samples of the MLE generator.

    After each training set it is measured on `validation`, int `[M, T]`, where that is given. With
    `best` it stops early, and ends with the weights that were best.
    """
    for d_step in journal.loop("discriminator", settings.pretrain_d_steps):
        if best is not None and best.stops(journal):
            continue
        seed = journal.seed("first sets", d_step)
        sets = balanced_sets(
            real, steps.generator, settings.pretrain_d_samples, seed, steps.distribution.by_rows
        )
        for epoch in range(settings.pretrain_d_epochs):
            results = steps.discriminator_epoch(*sets, journal.seed("first D", d_step, epoch))
        given = validation, settings.verdict_samples, journal.seed("verdict")
        results |= measure_verdict(steps.generator, steps.discriminator, *given)
        journal.log("discriminator", d_step + 1, results, settings.pretrain_d_steps)
        if best is not None:
            best.note(journal)
    if best is not None:
        for _ in journal.loop("best discriminator", 1):
            best.restore()


def balanced_sets(
    real: tf.Tensor,
    generator: Generator,
    num: int,
    seed: Seed,
    by_rows: Callable[..., tf.Tensor] = ONE_DEVICE.by_rows,
) -> tuple[tf.Tensor, tf.Tensor]:
    """`num` real sequences without repeats and as many new generated ones: each int32 `[num, T]`.

    Where there are fewer real ones, all of them and as many generated ones. `by_rows` is that of
    the run's distribution.
    """
    rows = numpy_random(seed).permutation(len(real))[:num]
    return tf.gather(real, rows), by_rows(generator.sample, len(rows), seed)
