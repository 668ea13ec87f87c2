"""Early stopping on validation data: when to cut the learning rate, when to stop, which weights to keep."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import keras

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


class BestWeights(keras.Layer):
    """A copy of a model's weights, which a checkpoint can hold."""

    def __init__(self, model: keras.Model):
        super().__init__(name="best_weights")
        for number, weight in enumerate(model.weights):
            copy = self.add_weight(weight.shape, "zeros", weight.dtype, trainable=False)
            setattr(self, f"copy_{number}", copy)  # a checkpoint finds attributes, not lists
        self.keep(model)
        self.built = True

    def keep(self, model: keras.Model) -> None:
        """Copies the weights of the model."""
        for copy, weight in zip(self.variables, model.weights, strict=True):
            copy.assign(weight)

    def restore(self, model: keras.Model) -> None:
        """Gives the model the weights kept."""
        for copy, weight in zip(self.variables, model.weights, strict=True):
            weight.assign(copy)
