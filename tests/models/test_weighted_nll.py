"""`weighted_nll` and its gradients equal the plain form, whatever the blocks."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from models import device
from models.weighted_nll import MOST_UNROLLED, weighted_nll
from tests.helpers import tiny_generator
from training.losses import token_nll

B, T, V, H = 4, 5, 11, 5
BLOCKED = (0, 3)
RANDOM = np.random.default_rng(1)
TOKENS = tf.constant(RANDOM.integers(0, V, [B, T]), tf.int32)
HIDDEN = tf.constant(RANDOM.uniform(-1, 1, [B, T, H]), tf.float32)
# Some tokens of the batch are blocked: those do not count.
WEIGHTS = tf.constant(RANDOM.normal(size=[B, T]) * ~np.isin(TOKENS, BLOCKED), tf.float32)


def generator(rows, layout=device.PROCESSOR):
    """Its loss is computed from this many rows of logits at a time."""
    with device.use(dataclasses.replace(layout, loss_logits=rows * V)):
        return tiny_generator(vocab_size=V, max_length=T, blocked_tokens=BLOCKED)


def plain(policy, hidden, tokens, weights):
    return tf.reduce_sum(weights * token_nll(policy.logits(hidden), tokens))


def value_and_gradients(loss, policy, hidden=HIDDEN, scale=1.0):
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        value = loss(policy, hidden, TOKENS, WEIGHTS) * scale
    gradients = tape.gradient(value, [hidden, *policy.head.trainable_variables])
    return [value, *gradients]


MODES = {
    "eager": lambda f: f,
    "graph": tf.function,
    "XLA": lambda f: tf.function(f, jit_compile=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 19, 20, 1000])
def test_value_and_gradients_equal_the_plain_form(mode, rows):
    blocks = -(-B * T // rows)
    assert (blocks <= MOST_UNROLLED) == (rows > 2)  # both ways are tested
    policy = generator(rows)
    computed = MODES[mode](lambda: value_and_gradients(weighted_nll, policy, scale=3.0))()
    expected = value_and_gradients(plain, policy, scale=3.0)
    for ours, theirs in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert np.abs(expected[1]).max() > 0.1 and np.abs(expected[2]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["graph", "XLA"])
@pytest.mark.parametrize("rows", [2, 1000])
def test_the_number_of_sequences_may_be_unknown_when_traced(mode, rows):
    policy = generator(rows)
    signature = [
        tf.TensorSpec([None, T, H]),
        tf.TensorSpec([None, T], tf.int32),
        tf.TensorSpec([None, T]),
    ]

    @tf.function(input_signature=signature, jit_compile=mode == "XLA")
    def computed(hidden, tokens, weights):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            value = weighted_nll(policy, hidden, tokens, weights)
        return [value, *tape.gradient(value, [hidden, *policy.head.trainable_variables])]

    expected = value_and_gradients(plain, policy)
    for ours, theirs in zip(computed(HIDDEN, TOKENS, WEIGHTS), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rows", [2, 7])
def test_logits_of_any_size_give_finite_losses(rows):
    policy = generator(rows)
    for weight in policy.head.trainable_variables:
        weight.assign(weight * 1000.0)
    ours, theirs = (value_and_gradients(loss, policy) for loss in (weighted_nll, plain))
    for computed, expected in zip(ours, theirs, strict=True):
        assert np.isfinite(computed).all()
        np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("rows", [2, 7])
def test_tokens_without_weight_change_nothing(rows):
    policy = generator(rows)
    others = tf.where(WEIGHTS == 0, (TOKENS + 1) % V, TOKENS)
    assert np.any(others != TOKENS)
    value = weighted_nll(policy, HIDDEN, TOKENS, WEIGHTS)
    np.testing.assert_array_equal(value, weighted_nll(policy, HIDDEN, others, WEIGHTS))


def test_no_gradient_flows_into_the_weights_of_tokens():
    with tf.GradientTape() as tape:
        tape.watch(WEIGHTS)
        value = weighted_nll(generator(7), HIDDEN, TOKENS, WEIGHTS)
    assert tape.gradient(value, WEIGHTS) is None


@pytest.mark.parametrize(
    ("hidden", "tokens", "weights", "message"),
    [
        (HIDDEN[..., 1:], TOKENS, WEIGHTS, r"`hidden` has shape \(4, 5, 4\), expected"),
        (HIDDEN, WEIGHTS, WEIGHTS, r"`tokens`"),
        (HIDDEN, TOKENS, WEIGHTS[0], r"`weights` has shape \(5,\), expected 2"),
    ],
)
def test_bad_arguments_are_told(hidden, tokens, weights, message):
    with pytest.raises((ValueError, TypeError), match=message):
        weighted_nll(generator(7), hidden, tokens, weights)


def test_no_operation_of_the_update_holds_all_logits():
    """Neither forward nor backward: numbers in the largest tensor of the graph."""
    policy = generator(2)
    function = tf.function(lambda: value_and_gradients(weighted_nll, policy))
    graph = function.get_concrete_function().graph
    graphs = [graph, *(graph._get_function(name).graph for name in graph._functions)]
    shapes = [
        output.shape
        for each in graphs
        for operation in each.get_operations()
        for output in operation.outputs
    ]
    sizes = [shape.num_elements() or 0 for shape in shapes if shape.rank is not None]
    assert max(sizes) <= 4 * (H + 1) * V < B * T * V * 2 and len(sizes) > 50
