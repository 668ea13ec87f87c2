"""Early stopping on validation data: when to cut the learning rate, and when to stop."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

RATE_CUT = 3.0  # what a learning rate is divided by


@dataclass(frozen=True)
class Plateau:
    """What a series of validation losses says, after each epoch.

    Attributes:
        best: lowest loss so far.
        epochs: epochs since then, or since the learning rate was last cut.
        cuts: times that `patience` epochs passed without a lower loss.
        improved: whether the last loss is the lowest.
        just_cut: whether `patience` ran out in the last epoch.
    """

    best: float = math.inf
    epochs: int = 0
    cuts: int = 0
    improved: bool = False
    just_cut: bool = False

    @classmethod
    def after(cls, losses: Iterable[float], patience: int) -> "Plateau":
        """The state after these losses, one an epoch; a loss that is NaN is no improvement."""
        state = cls()
        for loss in losses:
            state = state._next(loss, patience)
        return state

    def _next(self, loss: float, patience: int) -> "Plateau":
        if loss < self.best:
            return Plateau(loss, 0, self.cuts, improved=True)
        if self.epochs + 1 < patience:
            return Plateau(self.best, self.epochs + 1, self.cuts)
        return Plateau(self.best, 0, self.cuts + 1, just_cut=True)
