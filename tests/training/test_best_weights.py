"""Early stopping of the discriminator: when it stops, what it keeps, and what a checkpoint holds of it."""

import numpy as np
import pytest
import tensorflow as tf

from models.generator import Generator
from models.small_discriminator import SmallDiscriminator
from tests.helpers import set_random_weights
from training import pretrain
from training.best_weights import BestWeights, cannot_stop, validation_losses
from training.distribution import ONE_DEVICE
from training.journal import MemoryJournal
from training.settings import Settings
from training.verdict import VALIDATION_LOSS


def discriminator(seed=1):
    return set_random_weights(SmallDiscriminator(6, 4, 3, {1: 2, 2: 3}), seed)


def journal_of(*losses):
    """A journal of a pre-training with these losses, among rows of other stages."""
    journal = MemoryJournal(1)
    journal.log("mle", 1, {"mle_loss": 1.0}, 1)
    for step, loss in enumerate(losses, start=1):
        journal.log("discriminator", step, {VALIDATION_LOSS: loss}, len(losses))
    journal.log("adversarial", 1, {VALIDATION_LOSS: 0.0}, 1)
    return journal


@pytest.mark.parametrize(
    ("losses", "stops", "lowest"),
    [
        ((), False, False),
        ((0.7,), False, True),
        ((0.7, 0.6), False, True),
        ((0.7, 0.6, 0.65), False, False),
        ((0.7, 0.6, 0.65, 0.62), True, False),
        ((0.7, 0.6, 0.65, 0.6), True, False),  # as low is not lower
        ((0.7, 0.6, 0.65, 0.5), False, True),
    ],
)
def test_when_it_stops_and_what_it_keeps(losses, stops, lowest):
    model = discriminator()
    best, journal = BestWeights(model, 2, ONE_DEVICE), journal_of(*losses)
    assert validation_losses(journal) == list(losses)
    assert best.stops(journal) == stops
    before = model.get_weights()
    set_random_weights(model, 2)
    after = model.get_weights()
    best.note(journal)
    set_random_weights(model, 3)
    trained = model.get_weights()
    best.restore(journal)
    kept = after if lowest else before if losses else trained
    for weight, value in zip(model.trainable_variables, kept, strict=False):
        np.testing.assert_array_equal(weight, value)


class Sets:
    """In place of `Steps`: a training set adds 1 to all weights of the discriminator."""

    distribution = ONE_DEVICE

    def __init__(self):
        self.generator, self.discriminator = None, discriminator()
        self.discriminator.set_weights([0 * w for w in self.discriminator.get_weights()])

    def discriminator_epoch(self, real, generated, seed):
        self.discriminator.set_weights([w + 1 for w in self.discriminator.get_weights()])
        return {"discriminator_loss": 1.0}


@pytest.mark.parametrize(
    ("losses", "sets", "kept"),
    [
        ([0.7, 0.6, 0.65, 0.62, 0.1], 4, 2),  # after two sets without a lower loss it stops
        ([0.7, 0.8, 0.6, 0.5, 0.4], 5, 5),
        ([0.7, 0.6, 0.65, 0.5, 0.55], 5, 4),
    ],
)
def test_pre_training_ends_with_the_weights_of_the_lowest_loss(monkeypatch, losses, sets, kept):
    left, steps, journal = list(losses), Sets(), MemoryJournal(1)
    monkeypatch.setattr(pretrain, "balanced_sets", lambda *_: (None, None))
    monkeypatch.setattr(pretrain, "measure_verdict", lambda *_: {VALIDATION_LOSS: left.pop(0)})
    settings = Settings(pretrain_d_steps=5, pretrain_d_epochs=1, d_patience=2)
    best = BestWeights(steps.discriminator, 2, ONE_DEVICE)
    pretrain.pretrain_discriminator(steps, None, settings, journal, None, best)
    assert len(validation_losses(journal)) == sets
    for weight in steps.discriminator.trainable_variables:
        np.testing.assert_array_equal(weight, np.full(weight.shape, kept))


def test_a_checkpoint_holds_every_weight_that_was_kept(tmp_path):
    model = discriminator()
    best = BestWeights(model, 2, ONE_DEVICE)
    expected = [np.array(weight) for weight in model.trainable_variables]
    tf.train.Checkpoint(best=best.kept).write(str(tmp_path / "variables"))
    other_model = discriminator(2)
    other = BestWeights(other_model, 2, ONE_DEVICE)
    tf.train.Checkpoint(best=other.kept).read(str(tmp_path / "variables")).assert_consumed()
    other.restore(journal_of(0.7))
    for weight, value in zip(other_model.trainable_variables, expected, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize(("known", "patience"), [(0, 2), (1, 2), (2, 2), (0, None)])
def test_validation_data_that_nothing_can_be_decided_by_are_told(known, patience):
    generator = Generator(6, 4, 3, 3, blocked_tokens=(1,))
    validation = np.ones([5, 4], np.int32)
    validation[:known] = 2
    warning = cannot_stop(generator, validation, patience)
    assert (warning is not None) == (known < 2 and patience is not None)
    assert warning is None or f"{known} of 5 validation sequences" in warning
    assert cannot_stop(generator, None, patience) is None
