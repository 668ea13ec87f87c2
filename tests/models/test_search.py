"""Beam search against all sequences there are."""

import numpy as np
import pytest

from models.endpoints import Endpoints
from models.search import beam_search
from tests.helpers import all_sequences, exact_probabilities, tiny_generator

T = 3


@pytest.fixture(scope="module")
def plain():
    return Endpoints(tiny_generator(3, T, seed=5))


@pytest.fixture(scope="module")
def ending():
    return Endpoints(tiny_generator(5, T, "gru", seed=6, end_token=1, blocked_tokens=(0, 2)))


def search(endpoints, width, prefix=()):
    generator = endpoints.generator
    return beam_search(
        endpoints.step,
        [state.numpy() for state in generator.initial_states(1)],
        width,
        *(generator.max_length, generator.start_token, generator.end_token, generator.pad_token),
        generator.blocked_tokens,
        prefix,
    )


@pytest.mark.parametrize("prefix", [(), (2,), (1, 0)])
def test_a_wide_beam_finds_the_likeliest_sequences_in_order(plain, prefix):
    every = all_sequences(3, T)
    every = every[(every[:, : len(prefix)] == prefix).all(axis=1)]
    probabilities = exact_probabilities(plain.generator, every)
    order = np.argsort(-probabilities)
    found, nats = search(plain, 3**T, prefix)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, every[order])
    np.testing.assert_allclose(nats, np.log(probabilities[order]), atol=1e-5)


def test_greedy_takes_the_likeliest_token_each_time(plain):
    found, nats = search(plain, 1)
    assert found.shape == (1, T) and nats.shape == (1,)
    logits = plain.generator(found).numpy()
    np.testing.assert_array_equal(found, logits.argmax(axis=-1))


def test_a_beam_keeps_the_likeliest_beginnings(plain):
    """By hand: of the beginnings of each length two are kept."""
    kept = [()]
    for t in range(1, T + 1):
        longer = np.array([(*beginning, token) for beginning in kept for token in range(3)])
        rows = np.pad(longer, [[0, 0], [0, T - t]])
        logits = plain.generator(rows).numpy()[:, :t]
        nats = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        totals = np.take_along_axis(nats, longer[..., None], axis=-1).sum(axis=(1, 2))
        kept = [tuple(row) for row in longer[np.argsort(-totals)[:2]]]
    assert [tuple(row) for row in search(plain, 2)[0]] == kept


def test_sequences_may_end_and_no_blocked_token_is_written(ending):
    found, nats = search(ending, 100)
    words = [(), (3,), (4,), (3, 3), (3, 4), (4, 3), (4, 4)]
    written = {(*word, 1, *[0] * (T - len(word) - 1)) for word in words}
    written |= {(*word, last) for word in words[3:] for last in (3, 4)}
    assert {tuple(row) for row in found.tolist()} == written and len(found) == len(written)
    np.testing.assert_allclose(nats, ending.generator.log_prob(found), atol=1e-5)
    assert (np.diff(nats) <= 0).all()
