"""What comes before the adversarial rounds: lines 2, 4 and 5 of Algorithm 1."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.checks import numpy_random
from models.controls import AtTemperature, Policy
from models.generator import Generator, Seed
from training.best_weights import BestWeights, WeightCopies
from training.distribution import ONE_DEVICE
from training.early_stopping import RATE_CUT, Plateau
from training.journal import Journal, Measurement
from training.scheduled_sampling import true_rate
from training.settings import Settings
from training.steps import Steps
from training.temperature import best_temperature, validation_nll
from training.verdict import measure_verdict

# (policy, number of samples, seed) -> figures and scores
Measure = Callable[[Policy, int, np.ndarray], Measurement]


def pretrain_generator(
    steps: Steps,
    real: tf.Tensor,
    settings: Settings,
    journal: Journal,
    measure: Measure,
    validation: np.ndarray | None = None,
    best: WeightCopies | None = None,
) -> None:
    """Maximum likelihood on real int32 `[M, T]`; then the measures of the start of what follows.

    The algorithm `ss` samples its inputs on a schedule. With `mle_patience` the weights with the
    lowest NLL on `validation`, int32 `[M, T]`, are kept in `best`, and training stops early.
    """
    if settings.mle_patience is not None:
        _train_to_plateau(steps, real, settings, journal, measure, validation, best)
    else:
        for epoch in journal.loop("mle", settings.mle_epochs):
            results = _mle_epoch(steps, real, settings, journal, measure, epoch)
            journal.log("mle", epoch + 1, results, settings.mle_epochs)
    if settings.algorithm not in ("mle", "ss"):
        measure_generator(steps.generator, settings, journal, measure, validation, start=True)


def _mle_epoch(steps, real, settings, journal, measure, epoch, learning_rate=None):
    """One epoch and, where they are due, the measures: figures by name."""
    rate = true_rate(epoch, settings.ss_decay) if settings.algorithm == "ss" else 1.0
    results = steps.mle_epoch(real, journal.seed("mle", epoch), rate, learning_rate)
    if (epoch + 1) % settings.eval_every == 0:
        seed = journal.seed("measure")
        results |= measure(steps.generator, settings.eval_samples, seed).figures
    return results


def _train_to_plateau(steps, real, settings, journal, measure, validation, best):
    """Epochs until the validation NLL no longer falls; the learning rate is cut before the last ones.

    The losses of earlier epochs are read from the journal, so that a resumed run continues the same.
    """
    generator, distribution = steps.generator, steps.distribution
    if validation is None and distribution.is_chief:  # who alone measures
        raise ValueError("`validation` is None, expected sequences with `mle_patience`; give some.")
    best = best or WeightCopies(generator)
    for epoch in journal.loop("mle", settings.mle_epochs):
        plateau = Plateau.after(_validation_losses(journal), settings.mle_patience)
        if plateau.cuts > settings.mle_rate_cuts:
            continue  # stopped: what is left of the epochs is skipped
        if plateau.just_cut:
            best.restore(generator)
        rate = settings.mle_learning_rate / RATE_CUT**plateau.cuts
        results = _mle_epoch(steps, real, settings, journal, measure, epoch, rate)
        loss = math.nan if validation is None else validation_nll(generator, validation)
        loss = distribution.from_chief(loss)
        if loss < plateau.best:
            best.keep(generator)
        results |= {"nll_validation": loss, "mle_learning_rate": rate}
        journal.log("mle", epoch + 1, results, settings.mle_epochs)
    for _ in journal.loop("best weights", 1):
        if _validation_losses(journal):
            best.restore(generator)


def _validation_losses(journal: Journal) -> list[float]:
    """NLL on the validation data after each epoch so far."""
    return [row["nll_validation"] for row in journal.state.rows("mle") if "nll_validation" in row]


def measure_generator(
    generator: Generator,
    settings: Settings,
    journal: Journal,
    measure: Measure,
    validation: np.ndarray | None = None,
    *,
    start: bool,
) -> None:
    """Measures the generator with the final number of samples, then over the temperatures.

    With `tune_temperature` also at the temperature with the lowest NLL on `validation`, whose figures
    are named `..._tuned`. `start`: whether it is the MLE start of what follows, not what the run is for.
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
    for _ in journal.loop(f"best temperature{stage}", 1 if settings.tune_temperature else 0):
        if validation is None:  # not the chief
            continue
        temperature = best_temperature(generator, validation)
        policy = AtTemperature(generator, temperature)
        measured = measure(policy, settings.final_samples, journal.seed("final"))
        journal.keep(measured, suffix="_tuned_mle" if start else "_tuned")
        journal.keep(Measurement({"temperature": temperature}), suffix="_mle" if start else "")


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
        num, by_rows = settings.pretrain_d_samples, steps.distribution.by_rows
        sets = balanced_sets(real, steps.generator, num, seed, by_rows, settings.d_labels)
        for epoch in range(settings.pretrain_d_epochs):
            results = steps.discriminator_epoch(*sets, journal.seed("first D", d_step, epoch))
        given = validation, settings.verdict_samples, journal.seed("verdict")
        results |= measure_verdict(steps.generator, steps.discriminator, *given)
        journal.log("discriminator", d_step + 1, results, settings.pretrain_d_steps)
        if best is not None:
            best.note(journal)
    if best is not None:
        for _ in journal.loop("best discriminator", 1):
            best.restore(journal)


def balanced_sets(
    real: tf.Tensor,
    generator: Generator,
    num: int,
    seed: Seed,
    by_rows: Callable[..., tf.Tensor] = ONE_DEVICE.by_rows,
    labels: str = "true",
) -> tuple[tf.Tensor, tf.Tensor]:
    """`num` real sequences without repeats and as many new generated ones: each int32 `[num, T]`.

    Where there are fewer real ones, all of them and as many generated ones. `by_rows` is that of
    the run's distribution. With `labels` "permuted" both sets are dealt again at random, a control:
    there is nothing to learn.
    """
    random = numpy_random(seed)
    rows = random.permutation(len(real))[:num]
    sets = tf.gather(real, rows), by_rows(generator.sample, len(rows), seed)
    if labels == "true":
        return sets
    both = tf.gather(tf.concat(sets, axis=0), random.permutation(2 * len(rows)))
    return both[: len(rows)], both[len(rows) :]
