"""The small discriminator of prefixes: against a literal reading, and its counted dropout."""

import numpy as np
import pytest
import tensorflow as tf

from models.shares import Share
from models.small_prefix_discriminator import SmallPrefixDiscriminator, running_maximum
from tests.helpers import set_random_weights

V, T, E = 7, 5, 3


def tiny(**options):
    options = {"dropout": 0.5, "embedding_dropout": 0.5, **options}
    model = SmallPrefixDiscriminator(V, T, E, {1: 2, 2: 3, 4: 2}, **options)
    return set_random_weights(model, 1, 0.5)


def some_tokens(num=20, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


def test_logits_are_those_of_a_literal_reading():
    model, tokens = tiny(), some_tokens(4)
    embeddings = model.embedding.get_weights()[0]
    head, bias_of_head = model.output_layer.get_weights()
    expected = np.zeros(tokens.shape)
    for row, t in np.ndindex(tokens.shape):
        features = []
        for layer in model.convolutions:
            kernel, bias = layer.get_weights()
            width = kernel.shape[0]
            prefix = np.concatenate([np.zeros([width - 1, E]), embeddings[tokens[row, : t + 1]]])
            windows = [prefix[s : s + width] for s in range(t + 1)]
            sums = [np.einsum("we,wef->f", window, kernel) + bias for window in windows]
            features.append(np.maximum(sums, 0).max(axis=0))
        expected[row, t] = (np.concatenate(features) @ head + bias_of_head)[0]
    np.testing.assert_allclose(model.prefix_logits(tokens), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.logits(tokens), expected[:, -1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9])
def test_the_running_maximum_at_any_length(length):
    features = np.random.default_rng(0).random([3, length, 2]).astype(np.float32)
    found = running_maximum(tf.constant(features))
    np.testing.assert_array_equal(found, np.maximum.accumulate(features, axis=1))


@pytest.mark.parametrize("kind", ["dropout", "embedding_dropout"])
def test_each_dropout_is_counted_and_off_where_it_does_not_train(kind):
    model = tiny(**{"dropout": 0.0, "embedding_dropout": 0.0, kind: 0.5})
    tokens = tf.constant(some_tokens())
    first = model.training_logits(tokens, (1, 2)).numpy()
    np.testing.assert_array_equal(model.training_logits(tokens, (1, 2)), first)
    assert np.mean(first != model.prefix_logits(tokens).numpy()) > 0.5
    assert np.mean(model.training_logits(tokens, (1, 3)).numpy() != first) > 0.5
    still = tiny(dropout=0.0, embedding_dropout=0.0)
    np.testing.assert_allclose(
        still.training_logits(tokens, (1, 2)), still.prefix_logits(tokens), rtol=1e-5, atol=1e-6
    )


def test_shares_of_a_batch_have_its_rows_of_the_masks():
    model, tokens = tiny(), tf.constant(some_tokens(8))
    whole = model.training_logits(tokens, (1, 2))
    parts = [
        model.training_logits(share.rows(tokens), (1, 2), share)
        for share in map(Share, (0, 1), (2, 2))
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)
