"""The recurrent and the prefix discriminator: what they read, and their counted dropout."""

import numpy as np
import pytest
import tensorflow as tf

from models.dropout import drop_dimensions, dropout
from models.prefix_discriminator import PrefixDiscriminator
from models.recurrent_discriminator import RecurrentDiscriminator
from models.shares import Share
from tests.helpers import set_random_weights

V, T, E, H = 7, 5, 3, 4
KINDS = (RecurrentDiscriminator, PrefixDiscriminator)


def tiny(kind, **options):
    options = {"dropout": 0.5, "embedding_dropout": 0.5, **options}
    return set_random_weights(kind(V, T, E, H, **options), 1, 0.7)


def some_tokens(num=20, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


def lstm(layer, inputs):
    """Hidden states `[B, T, H]` of a Keras LSTM, written out."""
    kernel, recurrent, bias = layer.get_weights()
    h = c = np.zeros([len(inputs), H])
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    states = []
    for t in range(inputs.shape[1]):
        i, f, g, o = np.split(inputs[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1)


def test_the_recurrent_one_is_a_literal_reading_in_both_directions():
    model, tokens = tiny(RecurrentDiscriminator), some_tokens(4)
    embedded = model.embedding.get_weights()[0][tokens]
    ahead = lstm(model.rnn.forward_layer, embedded)
    back = lstm(model.rnn.backward_layer, embedded[:, ::-1])
    features = np.concatenate([ahead.max(axis=1), back.max(axis=1)], axis=1)
    kernel, bias = model.output_layer.get_weights()
    np.testing.assert_allclose(model.logits(tokens), (features @ kernel + bias)[:, 0], atol=1e-5)


def test_the_prefix_one_judges_every_prefix_and_the_last_is_the_sequence():
    model, tokens = tiny(PrefixDiscriminator), some_tokens(4)
    embedded = model.embedding.get_weights()[0][tokens]
    kernel, bias = model.output_layer.get_weights()
    expected = (lstm(model.rnn, embedded) @ kernel + bias)[:, :, 0]
    np.testing.assert_allclose(model.prefix_logits(tokens), expected, atol=1e-5)
    np.testing.assert_allclose(model.logits(tokens), expected[:, -1], atol=1e-5)
    np.testing.assert_allclose(model(tf.constant(tokens)), expected[:, -1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["dropout", "embedding_dropout"])
def test_each_dropout_is_counted_and_off_where_it_does_not_train(kind, which):
    model = tiny(kind, **{"dropout": 0.0, "embedding_dropout": 0.0, which: 0.5})
    tokens = tf.constant(some_tokens())
    still = model(tokens).numpy()
    first = model(tokens, training=True, seed=(1, 2)).numpy()
    np.testing.assert_array_equal(model(tokens, training=True, seed=(1, 2)), first)
    assert np.mean(first != still) > 0.4
    assert np.mean(model(tokens, training=True, seed=(1, 3)).numpy() != first) > 0.4
    np.testing.assert_array_equal(model.logits(tokens), still)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replica_has_its_rows_of_the_masks(kind):
    model, tokens = tiny(kind), tf.constant(some_tokens(6))
    whole = model.training_logits(tokens, (3, 4)).numpy()
    shares = [Share(k, 2) for k in range(2)]
    parts = [model.training_logits(each.rows(tokens), (3, 4), each) for each in shares]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


def test_the_masks_of_embedding_and_features_differ():
    ones = tf.ones([8, 3, 16])
    embedding, features = drop_dimensions(ones, 0.5, (1, 2)), dropout(ones, 0.5, (1, 2))
    assert np.mean(embedding.numpy() != features.numpy()) > 0.2


def test_what_is_trained_on():
    tokens = tf.constant(some_tokens(3))
    assert tiny(RecurrentDiscriminator).training_logits(tokens, (1, 2)).shape == (3, 1)
    assert tiny(PrefixDiscriminator).training_logits(tokens, (1, 2)).shape == (3, T)
