"""The discriminator against a literal reading of the paper's appendix, and its reward's direction."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import models.discriminator
from models import device
from models.discriminator import Discriminator, paper_kernels
from tests.helpers import set_random_weights

V, T = 7, 5
KERNELS = {1: 2, 3: 4, 5: 2}


def tiny_discriminator(seed=0, **kwargs):
    return set_random_weights(Discriminator(V, T, 3, KERNELS, **kwargs), seed)


def some_tokens(num=20, seed=0):
    return np.random.default_rng(seed).integers(0, V, [num, T]).astype(np.int32)


# The paper's kernels


def test_kernels_of_the_paper():
    assert paper_kernels(20) == {
        **{1: 100, 2: 200, 3: 200, 4: 200, 5: 200, 6: 100, 7: 100, 8: 100, 9: 100, 10: 100},
        **{15: 160, 20: 160},
    }
    assert paper_kernels(32) == {
        **{1: 100, 2: 200, 3: 200, 4: 200, 5: 200, 6: 100, 7: 100, 8: 100, 9: 100, 10: 100},
        **{16: 160, 24: 160},
    }
    assert Discriminator(V, 20).num_features == Discriminator(V, 32).num_features == 1720


@pytest.mark.slow
@pytest.mark.parametrize(
    "length, widths",
    [
        (1, [1]),
        (4, [1, 2, 3, 4]),
        (15, [*range(1, 11), 15]),
        (19, [*range(1, 11), 15]),
        (31, [*range(1, 11), 15, 20]),
        (33, [*range(1, 11), 16, 24]),
        (100, [*range(1, 11), 16, 24]),
    ],
)
def test_kernels_of_other_lengths(length, widths):
    assert sorted(paper_kernels(length)) == widths
    discriminator = Discriminator(V, length, 2)
    assert discriminator.probability_real(np.zeros([1, length], np.int32)).shape == [1]


def test_defaults_are_those_of_the_paper():
    discriminator = Discriminator(V, 20)
    assert discriminator.kernels == paper_kernels(20)
    assert (discriminator.embedding_dim, discriminator.dropout, discriminator.l2) == (64, 0.25, 0.2)


def test_initial_weights_are_those_of_the_published_code():
    keras.utils.set_random_seed(1)
    discriminator = Discriminator(300, T, 20, {2: 100})
    embedding = discriminator.embedding.embeddings.numpy()
    assert -1 <= embedding.min() < -0.99 and 0.99 < embedding.max() <= 1
    assert abs(embedding.std() - 1 / np.sqrt(3)) < 0.02
    (convolution,) = discriminator.convolutions
    for kernel in (convolution.kernel.numpy(), discriminator.output_layer.kernel.numpy()):
        assert 0.07 < kernel.std() < 0.11 and np.abs(kernel).max() <= 0.2
    np.testing.assert_allclose(convolution.bias, 0.1)
    np.testing.assert_array_equal(discriminator.output_layer.bias, 0)


# One reading against another


def literal_logit(discriminator, sequence):
    """The logit of one sequence, by loops; also the features before ReLU."""
    embedded = discriminator.embedding.embeddings.numpy().astype(np.float64)[sequence]
    features = []
    for layer in discriminator.convolutions:
        kernel, bias = layer.kernel.numpy().astype(np.float64), layer.bias.numpy()
        width, _, filters = kernel.shape
        for n in range(filters):
            places = range(len(sequence) - width + 1)
            at = [np.sum(embedded[p : p + width] * kernel[:, :, n]) + bias[n] for p in places]
            features.append(max(at))
    x = np.maximum(features, 0)
    gate, transform = discriminator.highway.gate, discriminator.highway.transform
    g = 1 / (1 + np.exp(-(x @ gate.kernel.numpy() + gate.bias.numpy())))
    t = np.maximum(x @ transform.kernel.numpy() + transform.bias.numpy(), 0)
    y = g * t + (1 - g) * x
    output = discriminator.output_layer
    return float((y @ output.kernel.numpy())[0] + output.bias.numpy()[0]), features


@pytest.mark.parametrize("seed", [0, 1])
def test_equals_a_literal_reading(seed):
    discriminator = tiny_discriminator(seed)
    tokens = some_tokens()
    read = [literal_logit(discriminator, sequence) for sequence in tokens]
    logits = discriminator(tf.constant(tokens))
    assert logits.shape == [20] and logits.dtype == tf.float32
    np.testing.assert_allclose(logits, [logit for logit, _ in read], rtol=1e-4, atol=1e-5)
    assert np.min([features for _, features in read]) < -1  # ReLU had something to cut


def test_a_negative_convolution_gives_zero():
    # Without weights but the bias of the convolutions, the feature is relu(bias) itself.
    discriminator = tiny_discriminator()
    for layer in discriminator.convolutions:
        layer.kernel.assign(tf.zeros_like(layer.kernel))

    def logit_at(bias):
        for layer in discriminator.convolutions:
            layer.bias.assign(tf.fill(layer.bias.shape, bias))
        return float(discriminator(tf.constant(some_tokens(1)))[0])

    # All features are 0 from a bias of 0 downwards.
    assert logit_at(-1.0) == pytest.approx(logit_at(-5.0), abs=1e-6)
    assert logit_at(-1.0) == pytest.approx(logit_at(0.0), abs=1e-6)
    assert abs(logit_at(1.0) - logit_at(0.0)) > 0.1


@pytest.mark.parametrize("part", ["gate", "transform"])
@pytest.mark.parametrize("training", [False, True])
def test_the_highway_is_used(part, training):
    discriminator = tiny_discriminator()
    tokens = tf.constant(some_tokens())
    before = discriminator(tokens, training=training, seed=(1, 2)).numpy()
    kernel = getattr(discriminator.highway, part).kernel
    kernel.assign(kernel + 1.0)
    after = discriminator(tokens, training=training, seed=(1, 2)).numpy()
    assert np.abs(after - before).max() > 0.05


# Dropout


def test_no_dropout_where_it_rewards():
    discriminator = tiny_discriminator(dropout=0.75)
    tokens = some_tokens()
    before = discriminator.probability_real(tokens).numpy()
    for seed in range(3):
        discriminator(tf.constant(tokens), training=True, seed=(seed, 1))
        discriminator(tf.constant(tokens), training=True)
    np.testing.assert_array_equal(discriminator.probability_real(tokens), before)
    np.testing.assert_allclose(
        before, tf.sigmoid(discriminator(tf.constant(tokens), training=False)), atol=1e-6
    )
    np.testing.assert_array_equal(
        discriminator(tf.constant(tokens)), discriminator(tf.constant(tokens), training=False)
    )


def test_dropout_where_it_trains():
    discriminator = tiny_discriminator(dropout=0.5)
    tokens = tf.constant(some_tokens())
    still = discriminator(tokens).numpy()
    first = discriminator(tokens, training=True, seed=(1, 2)).numpy()
    np.testing.assert_array_equal(discriminator(tokens, training=True, seed=(1, 2)), first)
    assert np.mean(discriminator(tokens, training=True, seed=(1, 3)) != first) > 0.9
    assert np.mean(first != still) > 0.9
    drawn = [discriminator(tokens, training=True).numpy() for _ in range(2)]  # seeds of its own
    assert np.mean(drawn[0] != drawn[1]) > 0.9


@pytest.mark.parametrize("dropout", [0.0, 0.25, 0.6])
def test_the_share_dropped_and_the_scale_kept(dropout):
    # Features 1 by their bias, a shut highway, an output that counts: the logit is the kept share.
    discriminator = Discriminator(V, T, 3, {1: 400}, dropout=dropout)
    (layer,) = discriminator.convolutions
    layer.kernel.assign(tf.zeros_like(layer.kernel))
    layer.bias.assign(tf.ones([400]))
    highway = discriminator.highway
    highway.gate.kernel.assign(tf.zeros([400, 400]))
    highway.gate.bias.assign(tf.fill([400], -100.0))
    discriminator.output_layer.kernel.assign(tf.fill([400, 1], 1 / 400))
    logits = discriminator(tf.constant(some_tokens(50)), training=True, seed=(1, 2)).numpy()
    kept = logits * (1 - dropout)
    error = np.sqrt(dropout * (1 - dropout) / (50 * 400))
    assert abs(kept.mean() - (1 - dropout)) < 4 * error + 1e-6
    assert (len(np.unique(kept.round(4))) > 5) == (dropout > 0)  # each row has its own mask


# Rewards


def test_the_reward_is_a_probability():
    discriminator = tiny_discriminator()
    tokens = some_tokens()
    logits = discriminator(tf.constant(tokens)).numpy()
    reward = discriminator.probability_real(tokens)
    assert reward.shape == [20] and reward.dtype == tf.float32
    np.testing.assert_allclose(reward, 1 / (1 + np.exp(-np.float64(logits))), rtol=1e-5)
    assert logits.min() < 0 < logits.max()
    for kernel in discriminator.output_layer.weights:
        kernel.assign(1e4 * kernel)
    extreme = discriminator.probability_real(tokens).numpy()
    assert extreme.min() == 0 and extreme.max() == 1
    # The logits keep what the probabilities lose.
    kept = discriminator.logits(tokens)
    assert kept.shape == [20] and kept.dtype == tf.float32
    np.testing.assert_allclose(kept, discriminator(tf.constant(tokens)), rtol=1e-4)
    assert np.abs(kept).max() > 100


def test_probabilities_by_hand():
    discriminator = tiny_discriminator()
    discriminator.output_layer.kernel.assign(tf.zeros_like(discriminator.output_layer.kernel))
    for bias, expected in ((0.0, 0.5), (np.log(3), 0.75), (-np.log(3), 0.25)):
        discriminator.output_layer.bias.assign([bias])
        np.testing.assert_allclose(discriminator.probability_real(some_tokens(3)), expected)


@pytest.mark.slow
def test_the_reward_nears_one_on_what_it_is_taught_to_call_real():
    discriminator = tiny_discriminator()
    real, generated = some_tokens(32, 1) % 3, 3 + some_tokens(32, 2) % 4
    tokens = tf.constant(np.concatenate([real, generated]))
    is_real = tf.constant([1.0] * 32 + [0.0] * 32)
    optimizer = keras.optimizers.Adam(0.02)
    for _ in range(60):
        with tf.GradientTape() as tape:
            logits = discriminator(tokens, training=True)
            loss = keras.losses.binary_crossentropy(is_real, logits, from_logits=True)
        weights = discriminator.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
    assert np.min(discriminator.probability_real(real)) > 0.9
    assert np.max(discriminator.probability_real(generated)) < 0.1


def test_the_reward_follows_the_weights_of_the_moment():
    discriminator = tiny_discriminator()
    before = discriminator.probability_real(some_tokens()).numpy()
    set_random_weights(discriminator, 1)
    assert np.abs(discriminator.probability_real(some_tokens()) - before).max() > 0.01


def count_calls(monkeypatch, owner, name):
    """Notes the shapes that a function of an object or module gets, which is once a trace."""
    function, shapes = getattr(owner, name), []

    def counted(tensor, *args, **kwargs):
        shapes.append(tensor.shape)
        return function(tensor, *args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return shapes


@pytest.mark.slow
@pytest.mark.parametrize("score_rows, table_rows", [(1, 4), (7, 20), (20, 9), (23, 400)])
def test_chunks_change_no_reward(monkeypatch, score_rows, table_rows):
    rows = {"scored_tokens": 20 * score_rows, "tabled_tokens": 20 * table_rows}
    with device.use(dataclasses.replace(device.PROCESSOR, **rows)):
        discriminator = tiny_discriminator()
    calls = count_calls(monkeypatch, discriminator, "call")
    for num in (1, 6, 7, 20, 23):
        tokens = some_tokens(num)
        expected = tf.sigmoid(discriminator(tf.constant(tokens)))
        calls.clear()
        np.testing.assert_allclose(discriminator.probability_real(tokens), expected, atol=1e-6)
        assert len(calls) == (num == 1)  # traced once


# Scoring by tables


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 9, 20, 33])
def test_both_ways_to_score_agree(monkeypatch, length):
    discriminator = set_random_weights(Discriminator(V, length, 4), 1)
    features = count_calls(monkeypatch, models.discriminator, "folded_features")
    tokens = np.random.default_rng(1).integers(0, V, [3 * V, length])
    # Fewer sequences than tokens in the vocabulary: by convolution.
    few = np.concatenate([discriminator.probability_real(tokens[k : k + 3]) for k in (0, 3)])
    many = discriminator.probability_real(tokens).numpy()
    assert len(features) == 1
    np.testing.assert_allclose(many[:6], few, atol=1e-5)
    np.testing.assert_allclose(many, tf.sigmoid(discriminator(tf.constant(tokens))), atol=1e-5)


@pytest.mark.slow
def test_both_ways_to_score_agree_at_the_paper_size():
    keras.utils.set_random_seed(1)
    discriminator = Discriminator(300, 20)
    tokens = np.random.default_rng(1).integers(0, 300, [300, 20])
    by_table = discriminator.probability_real(tokens).numpy()
    by_convolution = discriminator.probability_real(tokens[:299]).numpy()
    np.testing.assert_allclose(by_table[:299], by_convolution, atol=1e-5)
    assert by_table.std() > 0.01


def test_tables_follow_the_weights_of_the_moment():
    discriminator = tiny_discriminator()
    tokens = some_tokens(2 * V)
    for weight in discriminator.trainable_variables:
        before = discriminator.probability_real(tokens).numpy()
        weight.assign(0.9 * weight + 0.3)
        after = discriminator.probability_real(tokens).numpy()
        assert np.abs(after - before).max() > 1e-4, weight.path
        expected = tf.sigmoid(discriminator(tf.constant(tokens)))
        np.testing.assert_allclose(after, expected, atol=1e-5)


# Mixed precision


@pytest.mark.slow
@pytest.mark.parametrize("num", [3, 2 * V])  # fewer and more sequences than tokens
def test_bfloat16_is_near_float32(num):
    exact, mixed = tiny_discriminator(), tiny_discriminator(dtype="mixed_bfloat16")
    tokens = tf.constant(some_tokens(num))
    assert {weight.dtype for weight in mixed.weights if "seed" not in weight.path} == {"float32"}
    logits = mixed(tokens)
    assert logits.dtype == tf.float32
    # How products are rounded to the 8 bits of a bfloat16 depends on the processor: eight roundings.
    expected = exact(tokens).numpy()
    assert 0 < np.abs(logits - expected).max() < 8 * 2**-8 * np.abs(expected).max()
    rewards = mixed.probability_real(tokens)
    assert rewards.dtype == tf.float32
    np.testing.assert_allclose(rewards, exact.probability_real(tokens), atol=0.02)


def test_gradients_in_bfloat16_are_near_those_in_float32():
    exact, mixed = tiny_discriminator(), tiny_discriminator(dtype="mixed_bfloat16")
    tokens = tf.constant(some_tokens())
    gradients = []
    for discriminator in (exact, mixed):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(discriminator(tokens, training=True, seed=(1, 2)) ** 2)
        of_loss = tape.gradient(loss, discriminator.trainable_variables)
        gradients.append([tf.convert_to_tensor(g).numpy() for g in of_loss])
    for one, other in zip(*gradients, strict=True):
        assert other.dtype == np.float32
        assert np.linalg.norm(one - other) < 0.1 * np.linalg.norm(one)


# The penalty


def test_penalty_by_hand():
    discriminator = Discriminator(V, T, 3, {1: 2}, l2=0.2)
    discriminator.output_layer.kernel.assign([[3.0], [-1.0]])
    discriminator.output_layer.bias.assign([2.0])
    # 0.2 / 4 * (9 + 1 + 4)
    assert float(sum(discriminator.losses)) == pytest.approx(0.7)


def test_the_penalty_is_the_least_of_two_columns_of_that_difference():
    # 0.2 * l2_loss(W, b) of the published two columns, least over all W[:, 1] - W[:, 0] = w.
    w = np.array([3.0, -1.0, 2.0])
    shifts = np.linspace(-2, 2, 41)
    of_two = [0.2 * 0.5 * (np.sum((s * w) ** 2) + np.sum((s * w + w) ** 2)) for s in shifts]
    discriminator = Discriminator(V, T, 3, {1: 2}, l2=0.2)
    discriminator.output_layer.kernel.assign(w[:2, None])
    discriminator.output_layer.bias.assign(w[2:])
    assert float(sum(discriminator.losses)) == pytest.approx(min(of_two))


def test_nothing_but_the_output_layer_is_penalized():
    discriminator = tiny_discriminator(l2=1.0)
    for weight in discriminator.output_layer.weights:
        weight.assign(tf.zeros_like(weight))
    assert float(sum(discriminator.losses)) == 0


# Errors


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"vocab_size": 0}, "`vocab_size` is 0, expected a whole number above 0"),
        ({"max_length": 0}, "`max_length` is 0, expected a whole number above 0"),
        ({"embedding_dim": -1}, "`embedding_dim` is -1, expected a whole number above 0"),
        ({"dropout": 1.0}, r"`dropout` is 1.0, expected a share in \[0, 1\)"),
        ({"dropout": -0.1}, r"`dropout` is -0.1, expected a share in \[0, 1\)"),
        ({"kernels": {6: 2}}, r"widths \[6\], expected some in \[1, 5\]"),
        ({"kernels": {0: 2}}, r"widths \[0\], expected some in \[1, 5\]"),
        ({"kernels": {}}, r"widths \[\], expected some in \[1, 5\]"),
    ],
)
def test_wrong_arguments(changed, message):
    with pytest.raises(ValueError, match=message):
        Discriminator(**{"vocab_size": V, "max_length": T, **changed})


@pytest.mark.parametrize(
    "tokens, message",
    [
        ([[0, 1, 2, 3, 7]], r"ids from 0 to 7, expected ids in \[0, 7\)"),
        ([[0, 1, 2, 3]], r"shape \(1, 4\), expected \[M, 5\]"),
        ([[0.0, 1.0, 2.0, 3.0, 4.0]], "dtype float32, expected integer token ids"),
    ],
)
def test_wrong_tokens(tokens, message):
    with pytest.raises(ValueError, match=message):
        tiny_discriminator().probability_real(tokens)
