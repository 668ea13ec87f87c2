"""The best temperature, against the one that data were drawn at and against a grid."""

import numpy as np
import pytest

from models.controls import AtTemperature
from tests.helpers import tiny_generator
from training.temperature import apply_temperature, best_temperature, validation_nll


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
def test_it_is_the_temperature_that_the_data_were_drawn_at(temperature):
    generator = tiny_generator(vocab_size=5, max_length=4)
    data = AtTemperature(generator, temperature).sample(4000, (1, 2)).numpy()
    found = best_temperature(generator, data)
    assert found == pytest.approx(temperature, abs=0.06)
    losses = [validation_nll(generator, data, each) for each in np.linspace(0.5, 2, 16)]
    assert validation_nll(generator, data, found) <= min(losses) + 1e-6


def test_validation_nll_counts_only_tokens_that_can_be_written():
    generator = tiny_generator(
        vocab_size=5, max_length=3, end_token=1, pad_token=0, blocked_tokens=(0,)
    )
    data = np.array([[2, 1, 0], [3, 4, 1]], np.int32)
    total = -generator.log_prob(data).numpy().sum()
    assert validation_nll(generator, data) == pytest.approx(total / 5, rel=1e-6)


def test_a_temperature_that_is_applied_becomes_1():
    generator = tiny_generator(vocab_size=5, max_length=4, blocked_tokens=(0,))
    tokens = generator.sample(20, (1, 2), 1.6).numpy()
    before = generator.log_prob(tokens, 1.6).numpy()
    apply_temperature(generator, 1.6)
    np.testing.assert_allclose(generator.log_prob(tokens), before, rtol=1e-5)
    np.testing.assert_array_equal(generator.sample(20, (1, 2)), tokens)
