"""Early stopping of maximum likelihood: cuts, stops and best weights on given losses; resumed too."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers import set_random_weights, tiny_generator
from training import pretrain
from training.best_weights import WeightCopies
from training.distribution import ONE_DEVICE
from training.early_stopping import Plateau
from training.journal import Measurement, MemoryJournal
from training.result import early_stop, summary
from training.run_state import RunState
from training.settings import Settings

SETTINGS = Settings(algorithm="mle", mle_epochs=12, mle_learning_rate=0.9, temperatures=())
REAL = np.zeros([4, 3], np.int32)


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([], 2, Plateau()),
        ([3.0], 2, Plateau(3.0, improved=True)),
        ([3.0, 4.0], 2, Plateau(3.0, epochs=1)),
        ([3.0, 4.0, 3.5], 2, Plateau(3.0, cuts=1, just_cut=True)),
        ([3.0, 4.0, 3.5, 3.1], 2, Plateau(3.0, epochs=1, cuts=1)),
        ([3.0, 4.0, 3.5, 3.1, 3.0], 2, Plateau(3.0, cuts=2, just_cut=True)),  # equal is not lower
        ([3.0, 4.0, 2.0], 2, Plateau(2.0, improved=True)),
        ([3.0, math.nan], 1, Plateau(3.0, cuts=1, just_cut=True)),
        ([math.inf, 3.0], 2, Plateau(3.0, improved=True)),
    ],
)
def test_plateau_by_hand(losses, patience, expected):
    assert Plateau.after(losses, patience) == expected


def test_best_weights_are_a_copy():
    generator = tiny_generator()
    before = generator.get_weights()
    best = WeightCopies(generator)
    set_random_weights(generator, seed=5)
    best.restore(generator)
    for old, new in zip(before, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


class Epochs:
    """In place of `Steps`: an epoch sets all weights to its number, and keeps its learning rate."""

    distribution = ONE_DEVICE

    def __init__(self):
        self.generator = tiny_generator()
        self.rates = []

    def mle_epoch(self, real, seed, true_rate, learning_rate):
        self.rates.append(learning_rate)
        number = self.generator.head.bias.numpy()[0] + 1
        self.generator.set_weights([0 * w + number for w in self.generator.get_weights()])
        return {"mle_loss": 1.0}


def train(monkeypatch, losses, journal=None, epochs=None, **settings):
    """Epochs with these validation losses: what `Epochs` kept, and the journal."""
    left = list(losses)
    monkeypatch.setattr(pretrain, "validation_nll", lambda *_: left.pop(0))
    epochs = epochs or Epochs()
    epochs.generator.set_weights([0 * w for w in epochs.generator.get_weights()])
    journal = journal or MemoryJournal(1)
    given = dataclasses.replace(SETTINGS, **settings)
    pretrain.pretrain_generator(
        epochs, REAL, given, journal, lambda *_: Measurement({}), validation=REAL
    )
    return epochs, journal


def test_without_improvement_it_stops_with_the_weights_of_the_best_epoch(monkeypatch):
    epochs, journal = train(monkeypatch, [3.0, 2.0, 2.5, 2.2], mle_patience=2)
    assert epochs.rates == [0.9] * 4
    assert len(journal.state.rows("mle")) == 4 and journal.state.done["mle"] == 12
    assert epochs.generator.head.bias.numpy()[0] == 2


def test_the_rate_is_cut_from_the_best_weights_before_it_stops(monkeypatch):
    losses = [3.0, 2.0, 2.5, 2.2, 1.5, 1.6, 1.7]
    epochs, _ = train(monkeypatch, losses, mle_patience=2, mle_rate_cuts=1)
    np.testing.assert_allclose(epochs.rates, [0.9] * 4 + [0.3] * 3)
    # The weights of epoch 2, and one epoch from there.
    assert epochs.generator.head.bias.numpy()[0] == 3


def test_a_run_that_takes_it_over_does_no_part_of_it_again(monkeypatch):
    """Else it would restore the best weights that it has, which are those of a new generator."""
    changes = {"mle_patience": 1, "mle_epochs": 4, "temperatures": (0.5,), "tune_temperature": True}
    monkeypatch.setattr(pretrain, "best_temperature", lambda *_: 1.3)
    epochs, journal = train(monkeypatch, [3.0, 2.0, 2.5], **changes)
    settings, figures = dataclasses.replace(SETTINGS, **changes), Measurement({"nll": 2.0})
    given = epochs.generator, settings, journal, lambda *_: figures, REAL
    pretrain.measure_generator(*given, start=False)
    own = MemoryJournal(1)
    own.state = journal.state.as_start()
    left = SimpleNamespace(generator=epochs.generator, distribution=ONE_DEVICE)
    new = WeightCopies(tiny_generator(seed=7))
    settings = dataclasses.replace(settings, algorithm="seqgan")
    measure = lambda *_: pytest.fail("measured again")  # noqa: E731
    pretrain.pretrain_generator(left, REAL, settings, own, measure, REAL, new)
    assert all(np.all(weight == 2) for weight in epochs.generator.get_weights())
    assert own.state.results == {"nll_mle": 2.0, "nll_tuned_mle": 2.0, "temperature_mle": 1.3}
    assert own.state.tables["temperatures"] == {"mle": [{"temperature": 0.5, "nll": 2.0}]}


def test_all_epochs_are_used_while_it_improves(monkeypatch):
    epochs, journal = train(monkeypatch, np.linspace(3, 2, 12), mle_patience=1)
    assert len(epochs.rates) == 12
    assert epochs.generator.head.bias.numpy()[0] == 12
    assert journal.state.rows("mle")[-1]["nll_validation"] == 2.0


def test_what_decides_is_the_likelihood_of_the_validation_data(monkeypatch):
    seen, validation = [], np.ones([2, 3], np.int32)
    epochs, given = Epochs(), dataclasses.replace(SETTINGS, mle_epochs=2, mle_patience=1)
    monkeypatch.setattr(pretrain, "validation_nll", lambda *given: seen.append(given) or 1.0)
    pretrain.pretrain_generator(
        epochs, REAL, given, MemoryJournal(1), lambda *_: Measurement({}), validation
    )
    assert len(seen) == 2
    assert all(models is epochs.generator and data is validation for models, data in seen)


def test_without_validation_data_patience_is_refused():
    with pytest.raises(ValueError, match="`validation` is None"):
        pretrain.pretrain_generator(
            Epochs(),
            REAL,
            dataclasses.replace(SETTINGS, mle_patience=1),
            MemoryJournal(1),
            lambda *_: Measurement({}),
        )


def test_an_early_stop_is_told_with_the_epoch_that_was_kept():
    state = RunState()
    for epoch, loss in enumerate((3.0, 2.0, 4.0), start=1):
        state.add_row("mle", epoch, {"nll_validation": loss})
    assert (
        "after 3 of 5 epochs; the generator has the weights of epoch 2, NLL-validation 2.000"
        in (early_stop(state, 5) or "")
    )
    assert early_stop(state, 3) is None and early_stop(RunState(), 3) is None


def test_the_final_figures_of_maximum_likelihood_and_of_what_follows_it():
    alone = {"nll_test": 3.0, "bleu_2": 0.5, "nll_test_tuned": 2.9, "temperature": 1.1}
    assert summary(alone).splitlines() == [
        "nll_test 3.0000 (at the best temperature 2.9000)",
        "bleu_2 0.5000",
        "temperature 1.1000",
    ]
    assert (
        summary({"nll_test": 3.0, "nll_test_mle": 3.5, "x": 1.0})
        == "nll_test 3.0000 (MLE start 3.5000)"
    )


def test_the_start_of_the_rounds_is_at_the_temperature_that_they_began_with():
    results = {"nll_test": 3.0, "nll_test_tuned": 2.8, "temperature": 1.1}
    results |= {"nll_test_mle": 3.5, "nll_test_tuned_mle": 3.1, "temperature_mle": 1.3}
    others = [
        "nll_test_tuned 2.8000 (MLE start 3.1000)",
        "temperature 1.1000 (MLE start 1.3000)",
    ]
    assert summary(results).splitlines() == ["nll_test 3.0000 (MLE start 3.5000)", *others]
    assert summary(results, at_temperature=True).splitlines() == [
        "nll_test 3.0000 (MLE start at its best temperature 3.1000)",
        *others,
    ]
