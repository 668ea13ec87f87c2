"""Draws by the inverse of the cumulative distribution, against literal cases and a literal search."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chisquare

from models.draw import draw_categorical

LAST = 1 - 2**-24  # the float32 nearest to 1 from below


def draw(logits, uniforms):
    """One row of logits `[V]` for all uniforms."""
    logits = np.broadcast_to(np.float32(logits), [len(uniforms), len(logits)])
    return draw_categorical(tf.constant(logits), tf.constant(uniforms, tf.float32)).numpy()


def literal(logits, uniforms):
    """The smallest id whose cumulative probability exceeds the uniform, in float64."""
    mass = np.exp(np.float64(logits) - np.max(logits, axis=1, keepdims=True))
    cumulative = np.cumsum(mass, axis=1)
    cumulative /= cumulative[:, -1:]
    tokens = [
        np.searchsorted(c, u, side="right") for c, u in zip(cumulative, uniforms, strict=True)
    ]
    return np.array(tokens), cumulative


# Powers of two: every cumulative sum is exact in float32.
@pytest.mark.parametrize("shift", [0.0, 7.0])
def test_by_hand(shift):
    logits = np.log([0.5, 0.25, 0.125, 0.125]) + shift
    uniforms = [0, 0.25, 0.49, 0.51, 0.74, 0.76, 0.86, 0.88, LAST]
    assert draw(logits, uniforms).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]


def test_a_uniform_at_a_boundary_draws_the_next_token():
    # All masses are exp(0) = 1, so the boundaries k / V are exact.
    for vocab_size in (1, 2, 4, 8, 16):
        uniforms = np.arange(vocab_size) / vocab_size
        logits = np.zeros(vocab_size)
        assert draw(logits, uniforms).tolist() == list(range(vocab_size))
        below = np.nextafter(np.float32(uniforms[1:]), np.float32(0))
        if vocab_size > 1:
            assert draw(logits, below).tolist() == list(range(vocab_size - 1))


@pytest.mark.parametrize("vocab_size", [1, 2, 3, 5, 5000])
def test_the_edges_of_the_uniform(vocab_size):
    logits = np.random.default_rng(vocab_size).standard_normal(vocab_size)
    assert draw(logits, [0.0, LAST]).tolist() == [0, vocab_size - 1]


@pytest.mark.parametrize("vocab_size", [2, 3, 5, 17, 5000])
def test_a_token_of_no_mass_is_never_drawn(vocab_size):
    random = np.random.default_rng(vocab_size)
    uniforms = np.concatenate([[0.0, LAST], random.random(500, dtype=np.float32)])
    for allowed in (0, vocab_size // 2, vocab_size - 1):
        logits = np.full(vocab_size, -np.inf)
        logits[allowed] = -3.0
        assert np.all(draw(logits, uniforms) == allowed)
    logits = random.standard_normal(vocab_size)
    logits[::2] = -np.inf
    if vocab_size > 3:
        assert np.all(draw(logits, uniforms) % 2 == 1)
        assert draw(logits, [0.0]).tolist() == [1]
        assert draw(logits, [LAST]).tolist() == [vocab_size - 1 - vocab_size % 2]


def test_the_last_tokens_may_have_no_mass():
    # The largest uniform must stop at the last token that has any.
    for vocab_size in (3, 10, 5000):
        logits = np.where(np.arange(vocab_size) == 0, 0.0, -np.inf)
        assert draw(logits, [LAST]).tolist() == [0]
        logits[1] = -20.0
        assert np.all(draw(logits, np.linspace(0, LAST, 99)) <= 1)


def test_huge_and_tiny_logits_stay_finite():
    assert draw([1e30, 0.0, -1e30], [0.0, 0.5, LAST]).tolist() == [0, 0, 0]
    assert draw([-1e30, -1e30], [0.25, 0.75]).tolist() == [0, 1]


@pytest.mark.parametrize("vocab_size", [1, 2, 3, 5, 12, 5000])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_equals_a_literal_search(vocab_size, scale):
    random = np.random.default_rng(vocab_size)
    rows = 400
    logits = random.normal(0, scale, [rows, vocab_size]).astype(np.float32)
    uniforms = random.random(rows, dtype=np.float32)
    drawn = draw_categorical(tf.constant(logits), tf.constant(uniforms))
    assert drawn.dtype == tf.int32 and drawn.shape == [rows]
    expected, cumulative = literal(logits, uniforms)
    edges = np.abs(cumulative - uniforms[:, None]).min(axis=1) < 1e-6
    np.testing.assert_array_equal(drawn[~edges], expected[~edges])
    # At an edge the two may take neighbours (with tokens of less mass than rounding between).
    below = np.take_along_axis(cumulative, np.array(drawn)[:, None], axis=1)[:, 0]
    assert np.all(below > uniforms - 1e-6)
    assert np.mean(edges) < 0.05


@pytest.mark.parametrize("vocab_size", [3, 5, 40])
def test_frequencies(vocab_size):
    random = np.random.default_rng(7)
    logits = random.standard_normal(vocab_size).astype(np.float32)
    draws = 60_000
    uniforms = tf.random.stateless_uniform([draws], [1, 2])
    tokens = draw_categorical(tf.tile(logits[None], [draws, 1]), uniforms)
    probabilities = np.exp(np.float64(logits)) / np.exp(np.float64(logits)).sum()
    observed = np.bincount(tokens, minlength=vocab_size)
    assert chisquare(observed, draws * probabilities).pvalue > 1e-3
    # The same counts for a distribution that is a little off would be told apart.
    likeliest = np.arange(vocab_size) == np.argmax(probabilities)
    off = probabilities * np.where(likeliest, 1.1, 1)
    assert chisquare(observed, draws * off / off.sum()).pvalue < 1e-3


def test_rows_do_not_depend_on_each_other():
    random = np.random.default_rng(3)
    logits = tf.constant(random.standard_normal([50, 11]), tf.float32)
    uniforms = tf.constant(random.random(50), tf.float32)
    whole = draw_categorical(logits, uniforms).numpy()
    alone = [int(draw_categorical(logits[k : k + 1], uniforms[k : k + 1])[0]) for k in range(50)]
    assert whole.tolist() == alone
