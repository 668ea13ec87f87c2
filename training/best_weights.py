"""Early stopping of the discriminator: the weights of the lowest validation loss, kept and restored."""

import keras
import numpy as np
import tensorflow as tf

from models.generator import Generator
from models.judge import Judge
from training.distribution import Distribution
from training.journal import Journal
from training.verdict import MIN_SEQUENCES, VALIDATION_LOSS, writable


class WeightCopies(tf.Module):
    """Copies of a model's trainable weights, for a checkpoint.

    A second model would not do: of the layers that a Keras model holds in a list a checkpoint has
    only what an optimizer trains.
    """

    def __init__(self, model: keras.Model):
        super().__init__()
        self.copies = [tf.Variable(weight, trainable=False) for weight in _values(model)]

    def keep(self, model: keras.Model) -> None:
        """Copies the weights of the model."""
        for copy, value in zip(self.copies, _values(model), strict=True):
            copy.assign(value)

    def restore(self, model: keras.Model) -> None:
        """Restores the weights kept into the model; its optimizer is not changed."""
        for weight, copy in zip(model.trainable_variables, self.copies, strict=True):
            weight.assign(copy.numpy())

    @property
    def variables(self):
        """Empty: these are copies of weights whose numbers were already checked."""
        return ()


class BestWeights:
    """Early stopping by the validation losses of the discriminator's pre-training in a journal.

    It keeps no counter: all that it depends on, the history and `kept`, is in the checkpoint.
    With several workers only the chief evaluates, and decides for all.

    Args:
        discriminator: the model in training.
        patience: training sets without a lower loss after which to stop.
        distribution: what the training runs on.
    """

    def __init__(self, discriminator: Judge, patience: int, distribution: Distribution):
        self.patience = patience
        self._discriminator = discriminator
        self._distribution = distribution
        self.kept = WeightCopies(discriminator)

    def stops(self, journal: Journal) -> bool:
        """Whether the last `patience` training sets brought no lower loss than an earlier one."""
        losses = validation_losses(journal)
        since = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
        return self._as_chief(since >= self.patience)

    def note(self, journal: Journal) -> None:
        """Keeps the weights where the last loss is lower than all before it."""
        losses = validation_losses(journal)
        if self._as_chief(bool(losses) and int(np.argmin(losses)) == len(losses) - 1):
            self.kept.keep(self._discriminator)

    def restore(self, journal: Journal) -> None:
        """Gives the discriminator the weights kept; without any validation loss it stays as it is."""
        if self._as_chief(bool(validation_losses(journal))):
            self.kept.restore(self._discriminator)

    def _as_chief(self, decision: bool) -> bool:
        return bool(self._distribution.all_workers(int(decision))[0, 0])


def cannot_stop(
    generator: Generator, validation: np.ndarray | None, patience: int | None
) -> str | None:
    """A warning where no validation loss can be measured, so that nothing stops the discriminator early."""
    if patience is None or validation is None:
        return None
    usable = len(writable(generator, validation))
    if usable >= MIN_SEQUENCES:
        return None
    return (
        f"warning: --d-patience {patience} has no effect: {usable} of {len(validation)} validation "
        f"sequences have no unknown tokens, and the discriminator's loss needs {MIN_SEQUENCES}. "
        "Give more text, or a lower --min-count."
    )


def validation_losses(journal: Journal) -> list[float]:
    """The discriminator's validation loss after each training set of its pre-training so far."""
    rows = journal.state.rows("discriminator")
    return [row[VALIDATION_LOSS] for row in rows if VALIDATION_LOSS in row]


def _values(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
