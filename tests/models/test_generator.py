"""The policy: one distribution, whether read by teacher forcing, written step by step or summed up."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chisquare, kstest

import models.generator
from models import device
from models.chunks import map_chunks
from models.generator import Generator
from tests.helpers import (
    all_sequences,
    code_of,
    exact_probabilities,
    set_random_weights,
    tiny_generator,
)
from training.losses import mle_loss

CELLS = ["lstm", "gru", "lstm-attention"]


def stepped_logits(generator, tokens):
    """Logits `[M, T, V]` by feeding the start token and then one token at a time."""
    states = generator.initial_states(len(tokens))
    inputs = np.full(len(tokens), generator.start_token, np.int32)
    logits = []
    for t in range(tokens.shape[1]):
        hidden, states = generator.step(tf.constant(inputs), states)
        logits.append(generator.head(hidden))
        inputs = tokens[:, t]
    return np.stack(logits, axis=1)


@pytest.mark.parametrize("cell", CELLS)
def test_teacher_forcing_equals_stepping(cell):
    generator = tiny_generator(7, 6, cell, start_token=3)
    tokens = np.random.default_rng(0).integers(0, 7, [5, 6]).astype(np.int32)
    logits = generator(tf.constant(tokens))
    assert logits.shape == [5, 6, 7]
    np.testing.assert_allclose(logits, stepped_logits(generator, tokens), atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_position_sees_the_tokens_before_it_only(cell):
    generator = tiny_generator(7, 6, cell)
    tokens = np.random.default_rng(1).integers(0, 7, [1, 6]).astype(np.int32)
    logits = generator(tf.constant(tokens)).numpy()
    for t in range(6):
        changed = tokens.copy()
        changed[0, t] = (changed[0, t] + 1) % 7
        after = generator(tf.constant(changed)).numpy()
        np.testing.assert_array_equal(after[:, : t + 1], logits[:, : t + 1])
        for later in range(t + 1, 6):
            assert np.abs(after[:, later] - logits[:, later]).max() > 1e-4


def test_the_first_position_sees_the_start_token():
    generator = tiny_generator(5, 3, start_token=2)
    tokens = tf.constant([[0, 1, 3], [4, 4, 1]])
    logits = generator(tokens).numpy()
    np.testing.assert_allclose(logits[0, 0], logits[1, 0], atol=1e-6)
    # The start token's embedding moves them all; that of a token that was not read moves nothing.
    embedding = generator.embedding.embeddings
    embedding.assign(embedding + tf.one_hot([2], 5, axis=0))
    assert np.all(np.abs(generator(tokens).numpy() - logits).max(axis=-1) > 1e-4)
    embedding.assign(embedding - tf.one_hot([2], 5, axis=0) + tf.one_hot([3], 5, axis=0))
    np.testing.assert_allclose(generator(tokens), logits, atol=1e-6)  # 3 stands last


def test_two_start_tokens_are_two_policies_of_the_same_weights():
    weights = tiny_generator(5, 3).get_weights()
    generators = [tiny_generator(5, 3, start_token=start) for start in (0, 4)]
    first = [g(tf.constant([[1, 2, 3]])).numpy()[0, 0] for g in generators]
    assert np.abs(first[0] - first[1]).max() > 1e-3
    for mine, theirs in zip(generators[1].get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_start_token_may_be_written_too():
    for start in (0, 1):
        tokens = tiny_generator(2, 3, start_token=start, scale=0.1).sample(50, (1, 2)).numpy()
        assert np.any(tokens == start) and np.any(tokens != start)


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_and_biases_are_normal(cell):
    keras.utils.set_random_seed(4)
    generator = Generator(300, 5, 30, 40, cell)
    for weight in generator.weights:
        values = weight.numpy().ravel()
        assert kstest(values / 0.1, "norm").pvalue > 1e-3, weight.path
    again = Generator(300, 5, 30, 40, cell, initializer_stddev=0.5)
    for weight in again.weights:
        assert kstest(weight.numpy().ravel() / 0.5, "norm").pvalue > 1e-3, weight.path


def test_the_forget_gate_has_no_bias_of_one():
    keras.utils.set_random_seed(4)
    biases = Generator(5, 5, 30, 500).rnn.cell.bias.numpy().reshape(4, 500)
    np.testing.assert_allclose(biases.mean(axis=1), 0, atol=0.02)  # i, f, c, o: 4 errors of 0.0045
    np.testing.assert_allclose(biases.std(axis=1), 0.1, atol=0.02)


# Samples


@pytest.mark.parametrize("cell", CELLS)
def test_samples_have_their_shape_and_their_seed(cell):
    generator = tiny_generator(9, 4, cell, scale=0.3)
    samples = generator.sample(12, (1, 2))
    assert samples.dtype == tf.int32 and samples.shape == [12, 4]
    assert samples.numpy().min() >= 0 and samples.numpy().max() < 9
    np.testing.assert_array_equal(generator.sample(12, (1, 2)), samples)
    np.testing.assert_array_equal(generator.sample(12, np.array([1, 2], np.int32)), samples)
    for other in ((1, 3), (2, 2), (2, 1), (-1, 2)):
        assert np.any(generator.sample(12, other) != samples)


def test_samples_follow_the_weights_of_the_moment():
    generator = tiny_generator(9, 4)
    before = generator.sample(20, (1, 2)).numpy()
    weights = generator.get_weights()
    set_random_weights(generator, 1)
    assert np.any(generator.sample(20, (1, 2)) != before)
    generator.set_weights(weights)
    np.testing.assert_array_equal(generator.sample(20, (1, 2)), before)


@pytest.mark.slow
def test_chunks_change_no_sample_and_no_probability():
    whole = tiny_generator(9, 4)
    samples = whole.sample(23, (3, 4)).numpy()
    log_prob = whole.log_prob(samples).numpy()
    for rows in (1, 7, 23):
        with device.use(dataclasses.replace(device.PROCESSOR, max_logit_rows=rows)):
            chunked = tiny_generator(9, 4)
        np.testing.assert_array_equal(chunked.sample(23, (3, 4)), samples)
        np.testing.assert_allclose(chunked.log_prob(samples), log_prob, atol=1e-5)


@pytest.mark.parametrize("length", [4, 500])
def test_chunks_of_log_probabilities_are_bounded_in_tokens(monkeypatch, length):
    # Hidden states of 1,000 sequences, whatever their length, once took gigabytes.
    sizes = []

    def chunks(function, rows, chunk_rows, *more, **named):
        sizes.append(chunk_rows)
        return map_chunks(function, rows, chunk_rows, *more, **named)

    monkeypatch.setattr(models.generator, "map_chunks", chunks)
    Generator(9, length, 4, 5).log_prob(np.zeros([2, length], np.int32))  # compiled here and now
    assert sizes[0] * length <= device.layout().read_tokens  # sequences of T tokens
    assert sizes[1:] == [device.layout().logit_rows(9)]  # rows of logits


@pytest.mark.slow
def test_more_samples_than_fit_in_one_chunk():
    generator = tiny_generator(100, 8, scale=0.1)
    num = 2 * device.PROCESSOR.max_logit_rows + 3
    samples = generator.sample(num, (5, 6)).numpy()
    assert samples.shape == (num, 8)
    assert len(np.unique(samples, axis=0)) == num  # of 100 ** 8 almost equally likely ones
    assert generator.log_prob(samples).shape == [num]


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_samples_are_as_frequent_as_they_are_probable(cell, temperature):
    generator = tiny_generator(cell=cell, scale=0.3 if cell == "lstm-attention" else 0.6)
    every = all_sequences(3, 3)
    expected = exact_probabilities(generator, every, temperature)
    assert expected.sum() == pytest.approx(1, abs=1e-6)
    expected /= expected.sum()  # equal prefixes in two rows may differ in the last bit
    draws = 60_000
    samples = generator.sample(draws, (7, 8), temperature).numpy()
    observed = np.bincount(code_of(samples, 3), minlength=27)
    assert expected.min() * draws > 5
    assert chisquare(observed, draws * expected).pvalue > 1e-3
    others = [other for other in (1.0, 0.5, 2.0) if other != temperature]
    for other in others:  # the test tells temperatures apart
        wrong = exact_probabilities(generator, every, other)
        assert chisquare(observed, draws * wrong / wrong.sum()).pvalue < 1e-9


def test_temperature_is_of_each_step_not_of_the_sequence():
    # p(Y) ** (1 / temperature), renormalized, is another distribution: ours is not it.
    generator = tiny_generator(scale=1.0)
    every = all_sequences(3, 3)
    of_steps = exact_probabilities(generator, every, 0.5)
    of_sequences = exact_probabilities(generator, every) ** 2
    of_sequences /= of_sequences.sum()
    observed = np.bincount(code_of(generator.sample(60_000, (7, 8), 0.5), 3), minlength=27)
    assert np.abs(observed / 60_000 - of_steps).sum() / 2 < 0.01
    assert np.abs(observed / 60_000 - of_sequences).sum() / 2 > 0.05


# Log-probabilities


@pytest.mark.parametrize("cell", CELLS)
def test_probabilities_of_all_sequences_sum_to_one(cell):
    generator = tiny_generator(cell=cell, start_token=1)
    every = all_sequences(3, 3)
    log_prob = generator.log_prob(every)
    assert log_prob.dtype == tf.float32 and log_prob.shape == [27]
    assert np.exp(np.float64(log_prob)).sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(np.exp(log_prob), exact_probabilities(generator, every), rtol=1e-5)


def test_log_prob_is_the_negative_sum_of_the_token_losses():
    generator = tiny_generator(6, 4)
    tokens = np.random.default_rng(2).integers(0, 6, [5, 4])
    for row, log_prob in zip(tokens, generator.log_prob(tokens), strict=True):
        loss = mle_loss(generator(tf.constant(row[None])), tf.constant(row[None]))
        assert float(log_prob) == pytest.approx(-4 * float(loss), rel=1e-6)


def test_log_prob_by_hand():
    # Without weights only the head's bias speaks: every step has the probabilities 1/2, 1/4, 1/4.
    generator = tiny_generator(scale=0.0)
    generator.head.bias.assign(np.log([2.0, 1.0, 1.0]) + 3)
    expected = np.log([1 / 8, 1 / 32, 1 / 64])
    np.testing.assert_allclose(
        generator.log_prob([[0, 0, 0], [1, 0, 2], [2, 2, 1]]), expected, rtol=1e-6
    )


def test_token_zero_is_a_token_like_any_other():
    # A padding id that embeddings or losses leave out would show here.
    generator = tiny_generator(4, 3, start_token=3)
    tokens = tf.zeros([2, 3], tf.int32)
    with tf.GradientTape() as tape:
        loss = mle_loss(generator(tokens), tokens)
    gradient = tf.convert_to_tensor(tape.gradient(loss, generator.embedding.embeddings)).numpy()
    assert np.abs(gradient[0]).max() > 0 and np.abs(gradient[3]).max() > 0
    np.testing.assert_array_equal(gradient[1:3], 0)


# Errors


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"vocab_size": 0}, r"`vocab_size` is 0, expected a whole number above 0"),
        ({"max_length": -1}, r"`max_length` is -1, expected a whole number above 0"),
        ({"embedding_dim": 0}, r"`embedding_dim` is 0, expected"),
        ({"hidden_dim": 0}, r"`hidden_dim` is 0, expected"),
        ({"cell": "rnn"}, r"`cell` is 'rnn', expected one of \['gru', 'lstm', 'lstm-attention'\]"),
        ({"start_token": 5}, r"`start_token` is 5, expected an id in \[0, 5\)"),
        ({"start_token": -1}, r"`start_token` is -1, expected an id in \[0, 5\)"),
    ],
)
def test_wrong_arguments(changed, message):
    with pytest.raises(ValueError, match=message):
        Generator(**{"vocab_size": 5, "max_length": 3, **changed})


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"num": 0}, r"`num` is 0, expected a whole number above 0"),
        ({"num": -2}, r"`num` is -2, expected a whole number above 0"),
        ({"temperature": 0.0}, r"`temperature` is 0.0, expected a number above 0"),
        ({"temperature": -1.0}, r"`temperature` is -1.0, expected a number above 0"),
        ({"temperature": float("nan")}, r"`temperature` is nan, expected a number above 0"),
        (
            {"temperature": float("inf")},
            r"`temperature` is inf, expected at most 1e\+30; give a smaller",
        ),
        ({"temperature": 1e36}, r"`temperature` is 1e\+36, expected at most 1e\+30"),
    ],
)
def test_wrong_requests_for_samples(changed, message):
    with pytest.raises(ValueError, match=message):
        tiny_generator().sample(**{"num": 2, "seed": (1, 2), **changed})


@pytest.mark.parametrize(
    "tokens, message",
    [
        ([[0, 1, 3]], r"ids from 0 to 3, expected ids in \[0, 3\)"),
        ([[-1, 1, 2]], r"ids from -1 to 2, expected ids in \[0, 3\)"),
        ([[0, 1]], r"shape \(1, 2\), expected \[M, 3\]"),
        ([0, 1, 2], r"shape \(3,\), expected \[M, 3\]"),
        ([[0.0, 1.0, 2.0]], r"dtype float32, expected integer token ids"),
        (np.zeros([0, 3], np.int32), r"hold no sequence, expected at least one"),
    ],
)
def test_wrong_tokens(tokens, message):
    with pytest.raises(ValueError, match=message):
        tiny_generator().log_prob(tokens)


def test_a_vanishing_temperature_draws_the_likeliest_tokens():
    generator = Generator(7, 4, 3, 3)
    random = np.random.default_rng(1)
    generator.set_weights([random.normal(0, 1, w.shape) for w in generator.weights])
    samples = generator.sample(5, (1, 2), temperature=1e-45).numpy()
    likeliest = np.argmax(generator(samples).numpy(), axis=-1)
    np.testing.assert_array_equal(samples, likeliest)
    assert samples.any()
