"""Convolutions as sums of table rows, against the products they stand for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.folded_convolution import convolve_folded, fold, folded_features


@pytest.mark.parametrize("vocab_size, width, filters", [(7, 1, 4), (7, 3, 2), (4, 5, 1)])
def test_the_table_by_hand(vocab_size, width, filters):
    random = np.random.default_rng(0)
    embeddings = random.standard_normal([vocab_size, 3]).astype(np.float32)
    kernel = random.standard_normal([width, 3, filters]).astype(np.float32)
    table = fold(tf.constant(embeddings), tf.constant(kernel)).numpy()
    assert table.shape == (vocab_size * width, filters)
    for token, place in np.ndindex(vocab_size, width):
        expected = embeddings[token] @ kernel[place]
        np.testing.assert_allclose(table[width * token + place], expected, atol=1e-6)
    tokens = random.integers(0, vocab_size, [20, 5])
    sums = convolve_folded(tf.constant(table), tf.constant(tokens), width)
    expected = tf.nn.conv1d(tf.gather(embeddings, tokens), kernel, 1, "VALID")
    np.testing.assert_allclose(sums, expected, atol=1e-5)


@pytest.mark.parametrize("chunk_rows", [1, 3, 100])
def test_features_are_those_of_the_convolutions(chunk_rows):
    random = np.random.default_rng(1)
    embeddings = random.standard_normal([7, 3]).astype(np.float32)
    convolutions = [
        keras.layers.Conv1D(filters, width, activation="relu", bias_initializer="normal")
        for width, filters in ((1, 4), (3, 2), (5, 1))
    ]
    tokens = random.integers(0, 7, [8, 5]).astype(np.int32)
    embedded = tf.gather(embeddings, tokens)
    expected = tf.concat([tf.reduce_max(one(embedded), axis=1) for one in convolutions], axis=1)
    assert np.any(expected == 0) and np.any(expected > 0)
    features = tf.function(folded_features)(
        tf.constant(embeddings), convolutions, tf.constant(tokens), chunk_rows
    )
    np.testing.assert_allclose(features, expected, atol=1e-6)
