"""A new discriminator in each round: `--d-update restart`."""

import random

import numpy as np
import tensorflow as tf

from models.judge import Judge
from training.best_weights import BestWeights
from training.journal import Journal, MemoryJournal
from training.pretrain import pretrain_discriminator
from training.settings import Settings
from training.steps import Steps

FIGURES = ("discriminator_loss", "discriminator_accuracy")


def restart_discriminator(
    steps: Steps,
    real: tf.Tensor,
    settings: Settings,
    journal: Journal,
    round_: int,
    validation: np.ndarray | None = None,
    best: BestWeights | None = None,
) -> dict[str, float]:
    """Trains D from new weights against the generator of this round, as lines 4 and 5 of Algorithm 1.

    A discriminator that keeps training sees the same real sequences in every round and overfits
    to them; a new one that stops early judges unseen sequences (docs/discriminator.md).

    Args:
        steps: whose discriminator and optimizer start anew.
        real: training sequences, int32 `[M, T]`.
        settings: of its pre-training.
        journal: of the run; the restart is a part of its round, not a stage.
        round_: number of the round, from 0; decides the random draws.
        validation: see `pretrain_discriminator`.
        best: see `pretrain_discriminator`.

    Returns:
        loss and accuracy on its last training set.
    """
    own = MemoryJournal(abs(int(journal.seed("new discriminator", round_)[0])))
    with steps.distribution.scope():
        set_new_weights(steps.discriminator, own.seed("weights"))
    reset_optimizer(steps.discriminator_optimizer)
    pretrain_discriminator(steps, real, settings, own, validation, best)
    rows = own.state.rows("discriminator")
    return {name: rows[-1][name] for name in FIGURES} if rows else {}


def set_new_weights(discriminator: Judge, seed: np.ndarray) -> None:
    """Gives the model initial weights that the seed, an int32 pair, decides."""
    before = random.getstate()  # of Python, from which Keras takes the seeds of its initializers
    random.seed(seed.tobytes())
    try:
        new = type(discriminator).from_config(discriminator.get_config())
    finally:
        random.setstate(before)
    for weight, value in zip(discriminator.weights, new.weights, strict=True):
        weight.assign(value)


def reset_optimizer(optimizer) -> None:
    """Forgets moments and number of steps; the learning rate stays."""
    rate = float(tf.convert_to_tensor(optimizer.learning_rate))  # also of several replicas
    for variable in optimizer.variables:
        variable.assign(tf.zeros(variable.shape, variable.dtype))
    optimizer.learning_rate = rate
