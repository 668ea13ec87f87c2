"""The highway layer by hand: two layers of weights, one for the gate and one for what it lets in."""

import keras
import numpy as np
import tensorflow as tf

from models.highway import Highway
from tests.helpers import set_random_weights


def make_highway(units):
    highway = Highway()
    highway.build((None, units))
    return highway


def test_by_hand():
    highway = make_highway(2)
    highway.transform.kernel.assign([[1.0, 0.0], [0.0, -1.0]])
    highway.transform.bias.assign([0.5, 1.0])
    highway.gate.kernel.assign([[0.0, 0.0], [0.0, 1.0]])
    highway.gate.bias.assign([np.log(3.0), 0.0])
    # x = (2, 3): transform relu(2.5), relu(-2) = 2.5, 0; gate 3/4, sigmoid(3) = 0.952574
    # y = 0.75 * 2.5 + 0.25 * 2, 0 + 0.047426 * 3
    np.testing.assert_allclose(highway(tf.constant([[2.0, 3.0]])), [[2.375, 0.142278]], atol=1e-5)
    # x = (-4, 0): transform relu(-3.5), relu(1) = 0, 1; gate 3/4, 1/2; y = 0.25 * -4, 0.5 * 1
    np.testing.assert_allclose(highway(tf.constant([[-4.0, 0.0]])), [[-1.0, 0.5]], atol=1e-5)


def test_a_shut_gate_carries_and_an_open_one_transforms():
    highway = set_random_weights(make_highway(3), 1)
    x = tf.constant(np.random.default_rng(0).standard_normal([4, 3]), tf.float32)
    highway.gate.kernel.assign(tf.zeros([3, 3]))
    highway.gate.bias.assign([-100.0] * 3)
    np.testing.assert_allclose(highway(x), x, atol=1e-6)
    highway.gate.bias.assign([100.0] * 3)
    np.testing.assert_allclose(highway(x), highway.transform(x), atol=1e-6)
    assert np.abs(highway.transform(x) - x).max() > 0.1


def test_gate_and_transform_have_weights_of_their_own():
    keras.utils.set_random_seed(1)
    highway = make_highway(60)
    assert sum(int(np.prod(w.shape)) for w in highway.trainable_weights) == 2 * (60 * 60 + 60)
    assert len({id(w) for w in highway.trainable_weights}) == 4
    gate, transform = highway.gate.kernel.numpy(), highway.transform.kernel.numpy()
    assert abs(np.corrcoef(gate.ravel(), transform.ravel())[0, 1]) < 0.1
    for weight in (gate, transform):  # truncated at two of 0.1
        assert 0.08 < weight.std() < 0.1 and np.abs(weight).max() <= 0.2
    np.testing.assert_array_equal(highway.gate.bias, 0)  # no shift towards carrying
    np.testing.assert_array_equal(highway.transform.bias, 0)


def test_both_learn():
    highway = set_random_weights(make_highway(3), 1)
    x = tf.constant([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(highway(x) ** 2)
    for gradient in tape.gradient(loss, highway.trainable_weights):
        assert np.abs(gradient).max() > 1e-3
