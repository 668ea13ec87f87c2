"""The value network: what each position sees, its units, and many sequences in chunks."""

import numpy as np
import pytest

from models import device
from models.value import ValueNetwork
from tests.helpers import set_random_weights

V, T = 6, 5


@pytest.fixture(scope="module")
def network():
    return set_random_weights(ValueNetwork(V, T, 4, 3), 1, 0.5)


def some_tokens(num, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


def test_a_position_sees_its_own_token_and_none_after_it(network):
    tokens = some_tokens(8)
    values = network(tokens).numpy()
    assert values.shape == (8, T)
    for t in range(T):
        changed = tokens.copy()
        changed[:, t] = (changed[:, t] + 1) % V
        same = network(changed).numpy() == values
        assert np.all(same[:, :t]) and not np.any(same[:, t])


def test_units_by_hand(network):
    tokens = some_tokens(4)
    standardized = network.standardized(tokens).numpy()
    network.set_units(3.0, 0.5)
    np.testing.assert_allclose(network(tokens), 3.0 + 0.5 * standardized, rtol=1e-6)
    np.testing.assert_array_equal(network.standardized(tokens), standardized)


def test_many_sequences_are_read_in_chunks(network):
    tokens = some_tokens(23)
    np.testing.assert_allclose(network.values(tokens), network(tokens), rtol=1e-5)
    layout = device.PROCESSOR.__class__(**{**vars(device.PROCESSOR), "read_tokens": 7 * T})
    with device.use(layout):
        small = ValueNetwork(V, T, 4, 3)
    small.set_weights(network.get_weights())
    np.testing.assert_allclose(small.values(tokens), network(tokens), rtol=1e-5)


def test_a_seed_decides_the_initial_weights():
    first, same, other = (ValueNetwork(V, T, 4, 3, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first.weights, same.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.name in ("bias", "mean", "deviation") or np.all(a.numpy() != c.numpy())
