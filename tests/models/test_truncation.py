"""Top-k and top-p against a NumPy reading in float64, and draws of what they leave."""

import numpy as np
import pytest
import tensorflow as tf

from models.truncation import draw_truncated, truncate
from tests.helpers import check_frequencies


def literal(mass, top_k, top_p):
    """Which tokens are kept, one row at a time."""
    kept = np.zeros(mass.shape, bool)
    for row, probabilities in zip(kept, np.float64(mass), strict=True):
        order = np.argsort(-probabilities, kind="stable")
        order = order[: top_k or len(order)]
        shares = probabilities[order] / probabilities[order].sum()
        num = len(order) if top_p == 1 else 1 + int(np.sum(np.cumsum(shares) < top_p))
        row[order[:num]] = True
    return kept


def random_mass(vocab_size, seed):
    logits = np.random.default_rng(seed).normal(0, 2, [50, vocab_size])
    return np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("vocab_size", [1, 2, 7, 100])
@pytest.mark.parametrize(
    ("top_k", "top_p"),
    [
        (0, 1.0),
        (1, 1.0),
        (2, 1.0),
        (5, 1.0),
        (1000, 1.0),
        (0, 1e-9),
        (0, 1e-44),
        (0, 0.5),
        (0, 0.9),
        (5, 0.7),
    ],
)
def test_they_keep_what_numpy_keeps(vocab_size, top_k, top_p):
    mass = random_mass(vocab_size, vocab_size)
    left = truncate(tf.constant(mass), top_k, top_p).numpy()
    kept = literal(mass, top_k, top_p)
    np.testing.assert_array_equal(left, np.where(kept, mass, 0))
    assert kept.any(axis=1).all()


# Powers of two: every sum is exact in float32.
@pytest.mark.parametrize(
    ("top_k", "top_p", "kept"),
    [
        (0, 0.5, [0, 1, 0, 0]),
        (0, 0.51, [1, 1, 0, 0]),
        (0, 0.75, [1, 1, 0, 0]),
        (0, 0.76, [1, 1, 1, 0]),  # of the two equally likely, the lower id
        (3, 1.0, [1, 1, 1, 0]),
        (2, 0.6, [0, 1, 0, 0]),  # 0.5 is two thirds of what top-k leaves
        (2, 0.7, [1, 1, 0, 0]),
    ],
)
def test_by_hand(top_k, top_p, kept):
    mass = np.array([[0.25, 0.5, 0.125, 0.125]], np.float32)
    left = truncate(tf.constant(mass), top_k, top_p)
    np.testing.assert_array_equal(left, mass * kept)


def test_all_is_kept_however_long_the_tail():
    mass = np.full([1, 3000], 1e-9, np.float32)
    mass[0, 7] = 1
    np.testing.assert_array_equal(truncate(tf.constant(mass), 0, 1.0), mass)


def test_draws_are_as_frequent_as_the_kept_tokens_are_likely():
    logits = np.array([1.0, 3.0, 2.0, 0.0, 2.5], np.float32)
    temperature, num = 2.0, 20_000
    uniforms = np.random.default_rng(3).random(num, np.float32)
    rows = tf.constant(np.broadcast_to(logits, [num, 5]))
    drawn = draw_truncated(rows, tf.constant(uniforms), temperature, 4, 0.8, (2,)).numpy()
    mass = np.exp(logits / temperature)
    mass[2] = 0
    mass *= literal(mass[None], 4, 0.8)[0]
    assert (mass > 0).sum() == 3  # of the four that can be drawn
    check_frequencies(np.bincount(drawn, minlength=5), mass)


@pytest.mark.parametrize("temperature", [1e-45, 1e-30, 1e30])
def test_blocked_tokens_are_never_drawn_at_any_temperature(temperature):
    logits = tf.constant(np.tile(np.float32([-1e9, 3.0, 1.0]), [300, 1]))
    uniforms = tf.constant(np.random.default_rng(1).random(300, np.float32))
    drawn = draw_truncated(logits, uniforms, temperature, 0, 1.0, (0,)).numpy()
    assert set(drawn) == ({1} if temperature < 1 else {1, 2})
