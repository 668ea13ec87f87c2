"""Draws by the inverse of the cumulative distribution, against literal cases and a literal search."""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from scipy.stats import chisquare

from models.draw import TokenDraw, draw_categorical

LAST = 1 - 2**-24  # the float32 nearest to 1 from below


def mass_of(logits):
    """Probabilities up to a factor, float32."""
    return np.exp(logits - np.max(logits, axis=-1, keepdims=True), dtype=np.float32)


def draw(logits, uniforms):
    """One row of logits `[V]` for all uniforms."""
    mass = np.broadcast_to(mass_of(logits), [len(uniforms), len(logits)])
    return draw_categorical(tf.constant(mass), tf.constant(uniforms, tf.float32)).numpy()


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


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_a_factor_of_the_row_changes_nothing(factor):
    mass = np.float32([[0.5, 0.25, 0.125, 0.125]] * 4)
    uniforms = tf.constant([0.0, 0.51, 0.76, 0.88])
    assert draw_categorical(mass * np.float32(factor), uniforms).numpy().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("vocab_size", [1, 2, 3, 5, 12, 5000])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_equals_a_literal_search(vocab_size, scale):
    random = np.random.default_rng(vocab_size)
    rows = 400
    logits = random.normal(0, scale, [rows, vocab_size]).astype(np.float32)
    uniforms = random.random(rows, dtype=np.float32)
    drawn = draw_categorical(tf.constant(mass_of(logits)), tf.constant(uniforms))
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
    tokens = draw_categorical(tf.tile(mass_of(logits)[None], [draws, 1]), uniforms)
    probabilities = np.exp(np.float64(logits)) / np.exp(np.float64(logits)).sum()
    observed = np.bincount(tokens, minlength=vocab_size)
    assert chisquare(observed, draws * probabilities).pvalue > 1e-3
    # The same counts for a distribution that is a little off would be told apart.
    likeliest = np.arange(vocab_size) == np.argmax(probabilities)
    off = probabilities * np.where(likeliest, 1.1, 1)
    assert chisquare(observed, draws * off / off.sum()).pvalue < 1e-3


def test_rows_do_not_depend_on_each_other():
    random = np.random.default_rng(3)
    mass = tf.constant(random.random([50, 11]), tf.float32)
    uniforms = tf.constant(random.random(50), tf.float32)
    whole = draw_categorical(mass, uniforms).numpy()
    alone = [int(draw_categorical(mass[k : k + 1], uniforms[k : k + 1])[0]) for k in range(50)]
    assert whole.tolist() == alone


# From hidden states


def some_head(vocab_size, hidden_dim=3, scale=1.0, seed=0):
    random = np.random.default_rng(seed)
    kernel = random.normal(0, scale, [hidden_dim, vocab_size]).astype(np.float32)
    return kernel, random.normal(0, scale, vocab_size).astype(np.float32)


def some_hidden(rows, hidden_dim=3, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, [rows, hidden_dim]).astype(np.float32)


@pytest.mark.slow
# Scales on either side of the logits that need no shift; vocabularies that fill their blocks or not.
@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
@pytest.mark.parametrize("vocab_size", [1, 2, 3, 4, 7, 16, 60, 5000])
@pytest.mark.parametrize(
    "scale, temperature", [(1.0, None), (1.0, 0.5), (1.0, 3.0), (30.0, None), (1.0, 0.02)]
)
def test_hidden_states_draw_what_their_logits_draw(wrap, vocab_size, scale, temperature):
    kernel, bias = some_head(vocab_size, scale=scale)
    hidden = some_hidden(300)
    uniforms = np.random.default_rng(2).random(300, dtype=np.float32)
    drawn = wrap(lambda: TokenDraw(kernel, bias)(hidden, uniforms, temperature))().numpy()
    assert drawn.dtype == np.int32
    expected, cumulative = literal((hidden @ kernel + bias) / (temperature or 1.0), uniforms)
    edges = np.abs(cumulative - uniforms[:, None]).min(axis=1) < 1e-4
    np.testing.assert_array_equal(drawn[~edges], expected[~edges])
    assert np.mean(edges) < 0.5 or vocab_size == 5000


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "graph"])
@pytest.mark.parametrize("vocab_size", [1, 2, 7, 60, 5000])
@pytest.mark.parametrize(
    "scale, temperature",
    [(1.0, None), (1.0, 0.5), (1.0, 3.0), (30.0, None), (30.0, 1e-3), (1.0, 0.02), (1e30, None)],
)
def test_log_probabilities_of_tokens(wrap, vocab_size, scale, temperature):
    kernel, bias = some_head(vocab_size, scale=scale)
    hidden = some_hidden(300)
    tokens = np.random.default_rng(2).integers(0, vocab_size, 300)
    given = wrap(lambda: TokenDraw(kernel, bias).log_prob(hidden, tokens, temperature))().numpy()
    assert given.dtype == np.float32
    logits = (np.float64(hidden) @ kernel + bias) / (temperature or 1.0)
    expected = scipy.special.log_softmax(logits, axis=1)[np.arange(300), tokens]
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-5)


def test_log_probabilities_leave_blocked_tokens_out():
    kernel, bias = some_head(11)
    bias[2] = 50  # would leave no mass for the others
    hidden = np.repeat(some_hidden(1), 11, axis=0)
    draw = TokenDraw(kernel, bias, blocked_tokens=(0, 2, 10))
    given = draw.log_prob(hidden, np.arange(11)).numpy()
    allowed = [1, *range(3, 10)]
    expected = scipy.special.log_softmax((np.float64(hidden[0]) @ kernel + bias)[allowed])
    np.testing.assert_allclose(given[allowed], expected, atol=1e-5)
    assert (given[[0, 2, 10]] < -1e30).all()


def test_whether_a_shift_is_needed_depends_on_no_row():
    # Else a draw would depend on what it shares a chunk with.
    kernel, bias = some_head(50, scale=30.0)
    hidden, uniforms = some_hidden(40), np.random.default_rng(2).random(40, dtype=np.float32)
    hidden[::2] /= 1000  # the rows' own logits are small
    draw = TokenDraw(kernel, bias)
    whole = draw(hidden, uniforms).numpy()
    alone = [int(draw(hidden[k : k + 1], uniforms[k : k + 1])[0]) for k in range(40)]
    assert whole.tolist() == alone


@pytest.mark.parametrize("size", [1.0, 60.0, 69.9, 70.1, 200.0, 1e30])
def test_no_logits_are_too_large(size):
    # Two tokens far above and one far below the rest; the likeliest two share the draws.
    bias = np.zeros(5000, np.float32)
    bias[[10, 4999]], bias[20] = size, -size
    uniforms = np.linspace(0.01, LAST, 50, dtype=np.float32)
    draw = TokenDraw(np.zeros([1, 5000], np.float32), bias)
    drawn = draw(np.zeros([50, 1], np.float32), uniforms).numpy()
    if size > 20:
        assert drawn.tolist() == [10] * 25 + [4999] * 25
    assert drawn.min() >= 0 and drawn.max() == 4999


@pytest.mark.parametrize("size", [10.0, 1000.0])
def test_logits_far_below_zero(size):
    bias = np.full(60, -size, np.float32)
    bias[7] += 5.0
    uniforms = np.linspace(0, LAST, 99, dtype=np.float32)
    draw = TokenDraw(np.zeros([1, 60], np.float32), bias)
    drawn = draw(np.zeros([99, 1], np.float32), uniforms).numpy()
    expected, _ = literal(np.broadcast_to(bias, [99, 60]), uniforms)
    assert np.mean(drawn == expected) > 0.95 and np.mean(drawn == 7) > 0.6


@pytest.mark.parametrize("temperature", [None, 1e-30, 0.5, 1e30])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_blocked_tokens_are_never_drawn(temperature, scale):
    # At a high temperature all others are equally likely: a logit of -1e9 would not keep one out.
    kernel, bias = some_head(11, scale=scale)
    bias[[2, 10]] = 50 * scale
    uniforms = np.concatenate([[0.0, LAST], np.random.default_rng(2).random(1998)])
    draw = TokenDraw(kernel, bias, blocked_tokens=(0, 2, 10))
    drawn = draw(some_hidden(2000), np.float32(uniforms), temperature).numpy()
    allowed = {1, *range(3, 10)}
    assert set(drawn) <= allowed
    if temperature == 1e30:
        assert set(drawn) == allowed


def test_nothing_on_the_way_is_infinite():
    # So that a search for the first infinity finds none here.
    kernel, bias = some_head(11)
    tf.debugging.enable_check_numerics()
    try:
        draw = TokenDraw(kernel, bias, blocked_tokens=(0, 2, 10))
        for temperature in (None, 0.01, 1.0, 100.0):
            draw(some_hidden(20), tf.fill([20], 0.5), temperature)
            draw.log_prob(some_hidden(20), tf.fill([20], 2), temperature)
    finally:
        tf.debugging.disable_check_numerics()
