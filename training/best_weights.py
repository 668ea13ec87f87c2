"""Early stopping of the discriminator: the weights of the lowest validation loss, kept and restored."""

import numpy as np

from models.judge import Judge
from training.distribution import Distribution
from training.journal import Journal
from training.verdict import VALIDATION_LOSS


class BestWeights:
    """Follows the validation losses that a journal has of the discriminator's pre-training.

    It has no count of its own: what a checkpoint holds, the history and `kept`, is all that decides.
    Of several workers the chief alone measures, and decides for all.

    Args:
        discriminator: the model in training.
        patience: training sets without a lower loss after which to stop.
        distribution: what the training runs on.
    """

    def __init__(self, discriminator: Judge, patience: int, distribution: Distribution):
        self.patience = patience
        self._discriminator = discriminator
        self._distribution = distribution
        with distribution.scope():
            self.kept = type(discriminator).from_config(discriminator.get_config())

    def stops(self, journal: Journal) -> bool:
        """Whether the last `patience` training sets brought no lower loss than an earlier one."""
        losses = validation_losses(journal)
        since = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
        return self._as_chief(since >= self.patience)

    def note(self, journal: Journal) -> None:
        """Keeps the weights where the last loss is lower than all before it."""
        losses = validation_losses(journal)
        if self._as_chief(bool(losses) and int(np.argmin(losses)) == len(losses) - 1):
            self.kept.set_weights(self._discriminator.get_weights())

    def restore(self) -> None:
        """Gives the discriminator the weights kept; its optimizer goes on as it is."""
        self._discriminator.set_weights(self.kept.get_weights())

    def _as_chief(self, decision: bool) -> bool:
        return bool(self._distribution.all_workers(int(decision))[0, 0])


def validation_losses(journal: Journal) -> list[float]:
    """The discriminator's validation loss after each training set of its pre-training so far."""
    rows = (row for row in journal.state.history if row["stage"] == "discriminator")
    return [row[VALIDATION_LOSS] for row in rows if VALIDATION_LOSS in row]
