"""A convolution as one matrix product equals Keras's, with its gradients, at every width."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.unfolded_convolution import unfolded_convolution

B, T, E, F = 3, 7, 4, 5
INPUTS = tf.constant(np.random.default_rng(1).normal(size=[B, T, E]), tf.float32)


def made(width, **options):
    convolution = keras.layers.Conv1D(F, width, bias_initializer="uniform", **options)
    convolution.build((None, T, E))
    return convolution


def outputs_and_gradients(convolve, convolution):
    random = np.random.default_rng(2)
    with tf.GradientTape() as tape:
        tape.watch(INPUTS)
        outputs = convolve(convolution, INPUTS)
        loss = tf.reduce_sum(outputs * random.normal(size=outputs.shape))
    return outputs, *tape.gradient(loss, [INPUTS, *convolution.trainable_variables])


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True], ids=["graph", "XLA"])
@pytest.mark.parametrize("width", range(1, T + 1))
def test_it_equals_the_layer(width, xla):
    convolution = made(width, activation="relu" if width % 2 else None)
    expected = outputs_and_gradients(lambda layer, inputs: layer(inputs), convolution)
    compiled = tf.function(outputs_and_gradients, jit_compile=xla)
    computed = compiled(unfolded_convolution, convolution)
    assert computed[0].shape == (B, T - width + 1, F)
    for ours, layers in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, layers, rtol=1e-5, atol=1e-5)
        assert np.any(np.abs(layers) > 0.1)


def test_it_computes_in_the_precision_of_its_inputs():
    convolution = made(3, dtype="mixed_bfloat16")
    inputs = tf.cast(INPUTS, tf.bfloat16)
    computed = unfolded_convolution(convolution, inputs)
    assert computed.dtype == tf.bfloat16
    exact = unfolded_convolution(convolution, tf.cast(inputs, tf.float32))
    np.testing.assert_allclose(tf.cast(computed, tf.float32), exact, atol=0.05)
