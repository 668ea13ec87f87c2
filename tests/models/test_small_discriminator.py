"""The small discriminator: against a literal reading, and its two kinds of counted dropout."""

import numpy as np
import pytest
import tensorflow as tf

from models.dropout import dropout
from models.shares import Share
from models.small_discriminator import SmallDiscriminator, small_kernels
from tests.helpers import set_random_weights

V, T, E = 7, 5, 3


def tiny(**options):
    options = {"dropout": 0.5, "embedding_dropout": 0.5, **options}
    return set_random_weights(SmallDiscriminator(V, T, E, {1: 2, 2: 3, 4: 2}, **options), 1, 0.5)


def some_tokens(num=20, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


def test_no_kernel_is_wider_than_the_sequence():
    assert small_kernels(20) == {1: 64, 2: 128, 3: 128, 4: 128}
    assert small_kernels(3) == {1: 64, 2: 128, 3: 128}


def test_logits_are_those_of_a_literal_reading():
    model, tokens = tiny(), some_tokens(4)
    embedded = model.embedding.get_weights()[0][tokens]
    features = []
    for layer in model.convolutions:
        kernel, bias = layer.get_weights()
        width = kernel.shape[0]
        before = (width - 1) // 2  # "same": the longer side of the padding is the right one
        padded = np.pad(embedded, [[0, 0], [before, width - 1 - before], [0, 0]])
        windows = [padded[:, t : t + width] for t in range(T)]
        sums = np.stack([np.einsum("bwe,wef->bf", each, kernel) for each in windows], axis=1)
        features.append(np.maximum(sums + bias, 0).max(axis=1))
    kernel, bias = model.output_layer.get_weights()
    expected = (np.concatenate(features, axis=1) @ kernel + bias)[:, 0]
    np.testing.assert_allclose(model(tf.constant(tokens)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.logits(tokens), expected, rtol=1e-4, atol=1e-5)
    probabilities = model.probability_real(tokens)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-expected)), rtol=1e-4)


@pytest.mark.parametrize("kind", ["dropout", "embedding_dropout"])
def test_each_dropout_is_counted_and_off_where_it_does_not_train(kind):
    model = tiny(**{"dropout": 0.0, "embedding_dropout": 0.0, kind: 0.5})
    tokens = tf.constant(some_tokens())
    still = model(tokens).numpy()
    first = model(tokens, training=True, seed=(1, 2)).numpy()
    np.testing.assert_array_equal(model(tokens, training=True, seed=(1, 2)), first)
    assert np.mean(first != still) > 0.5
    assert np.mean(model(tokens, training=True, seed=(1, 3)).numpy() != first) > 0.5
    drawn = [model(tokens, training=True).numpy() for _ in range(2)]  # seeds of its own
    assert np.mean(drawn[0] != drawn[1]) > 0.5


def test_without_dropout_training_changes_nothing():
    model, tokens = tiny(dropout=0.0, embedding_dropout=0.0), tf.constant(some_tokens())
    np.testing.assert_array_equal(model(tokens, training=True, seed=(1, 2)), model(tokens))


def test_shares_of_a_batch_have_its_rows_of_the_masks():
    model, tokens = tiny(), tf.constant(some_tokens(8))
    whole = model(tokens, training=True, seed=(1, 2)).numpy()
    shares = [Share(number, 2) for number in range(2)]
    parts = [model(s.rows(tokens), training=True, seed=(1, 2), share=s) for s in shares]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_dimensions_are_dropped_for_whole_sequences():
    dropped = dropout(tf.ones([50, 6, 40]), 0.25, (1, 2)).numpy()
    assert np.all(dropped == dropped[:, :1]) and len(np.unique(dropped)) == 2
    assert dropped.min() == 0 and dropped.max() == pytest.approx(4 / 3)
    kept = dropped[:, 0] > 0
    assert abs(kept.mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / kept.size)
    assert len(np.unique(kept, axis=0)) == 50  # each sequence has a mask of its own


def test_mixed_precision_keeps_weights_and_logits_in_float32():
    tokens = some_tokens()
    mixed = tiny(dtype="mixed_bfloat16")
    assert {w.dtype for w in mixed.trainable_variables} == {"float32"}
    logits = mixed(tf.constant(tokens), training=True, seed=(1, 2))
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(mixed.logits(tokens), tiny().logits(tokens), atol=0.1)
