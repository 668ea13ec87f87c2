"""What comes before the adversarial rounds: lines 2, 4 and 5 of Algorithm 1."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.controls import AtTemperature, Policy
from models.generator import Generator
from training.distribution import ONE_DEVICE
from training.run import Measurement, Run
from training.scheduled_sampling import true_rate
from training.steps import Steps

# (policy, number of samples, seed) -> figures and scores
Measure = Callable[[Policy, int, np.ndarray], Measurement]


def pretrain_generator(steps: Steps, real: tf.Tensor, run: Run, measure: Measure) -> None:
    """Maximum likelihood on real int32 `[M, T]`; then the measures of the start of what follows.

    The algorithm `ss` samples its inputs on a schedule.
    """
    settings = run.settings
    for epoch in run.loop("mle", settings.mle_epochs):
        rate = true_rate(epoch, settings.ss_decay) if settings.algorithm == "ss" else 1.0
        results = steps.mle_epoch(real, run.seed("mle", epoch), rate)
        if (epoch + 1) % settings.eval_every == 0:
            seed = run.seed("measure")
            results |= measure(steps.generator, settings.eval_samples, seed).figures
        run.log("mle", epoch + 1, results, settings.mle_epochs)
    if settings.algorithm not in ("mle", "ss"):
        measure_generator(steps.generator, run, measure, start=True)


def measure_generator(generator: Generator, run: Run, measure: Measure, start: bool) -> None:
    """Measures the generator with the final number of samples, then over the temperatures.

    `start`: whether it is the MLE start of what follows, not what the run is for.
    """
    settings, stage = run.settings, " mle" if start else ""
    for _ in run.loop(f"measure{stage}", 1):
        measured = measure(generator, settings.final_samples, run.seed("final"))
        run.keep(measured, suffix="_mle" if start else "")
    for _ in run.loop(f"temperatures{stage}", 1):
        rows = []
        for temperature in settings.temperatures:
            policy = AtTemperature(generator, temperature)
            measured = measure(policy, settings.eval_samples, run.seed("measure"))
            rows.append({"temperature": temperature, **measured.figures})
        run.tables["temperatures"]["mle" if start else "final"] = rows


def pretrain_discriminator(steps: Steps, real: tf.Tensor, run: Run) -> None:
    """Trains D on real sequences and samples of the MLE generator."""
    settings = run.settings
    for d_step in run.loop("discriminator", settings.pretrain_d_steps):
        sets = balanced_sets(
            *(real, steps.generator, settings.pretrain_d_samples, run.seed("first sets", d_step)),
            run.distribution.by_rows,
        )
        for epoch in range(settings.pretrain_d_epochs):
            results = steps.discriminator_epoch(*sets, run.seed("first D", d_step, epoch))
        run.log("discriminator", d_step + 1, results, settings.pretrain_d_steps)


def balanced_sets(
    real: tf.Tensor,
    generator: Generator,
    num: int,
    seed: np.ndarray,
    by_rows: Callable[..., tf.Tensor] = ONE_DEVICE.by_rows,
) -> tuple[tf.Tensor, tf.Tensor]:
    """`num` real sequences without repeats and as many new generated ones: each int32 `[num, T]`.

    Where there are fewer real ones, all of them and as many generated ones. `by_rows` is that of
    the run's distribution.
    """
    rows = np.random.default_rng(seed.view(np.uint32)).permutation(len(real))[:num]
    return tf.gather(real, rows), by_rows(generator.sample, len(rows), seed)
