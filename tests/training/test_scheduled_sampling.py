"""Scheduled sampling: at rate 1 it is maximum likelihood, at rate 0 it reads its own draws alone."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.helpers import check_frequencies, greedy_generator, tiny_generator
from tests.training.test_steps import B, Moved, T, V, make_steps, seed_of, some_tokens
from training.losses import mle_loss
from training.scheduled_sampling import mixed_inputs, true_rate

pytestmark = pytest.mark.slow


def test_the_rate_falls_by_its_decay_before_each_epoch():
    """The published code's first epoch has 0.998, its 300th 0.4."""
    assert true_rate(0, 0.002) == pytest.approx(0.998)
    assert true_rate(299, 0.002) == pytest.approx(0.4)
    assert true_rate(5000, 0.002) == 0.0


def test_at_rate_1_the_inputs_are_the_true_tokens():
    tokens = some_tokens(50)
    mixed = mixed_inputs(tiny_generator(V, T), tokens, 1.0, seed_of(1))
    np.testing.assert_array_equal(mixed, tokens)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_at_rate_1_the_step_is_that_of_mle(cell):
    tokens = some_tokens(3 * B)
    moves = []
    for rate in (1.0, 1.0 - 1e-12):  # the second takes the way of scheduled sampling
        steps = make_steps(cell)
        moved = Moved(steps.generator)
        loss = steps.mle_epoch(tokens, seed_of(1), rate)["mle_loss"]
        moves.append([*moved(), loss.numpy()])
    for of_mle, of_sampling in zip(*moves, strict=True):
        np.testing.assert_allclose(of_sampling, of_mle, atol=1e-6)


def test_at_rate_0_the_inputs_do_not_depend_on_the_true_tokens():
    generator = tiny_generator(V, T)
    first, second = some_tokens(50, seed=1), some_tokens(50, seed=2)
    assert np.any(first != second)
    np.testing.assert_array_equal(
        mixed_inputs(generator, first, 0.0, seed_of(1)),
        mixed_inputs(generator, second, 0.0, seed_of(1)),
    )


def test_at_rate_0_the_inputs_are_what_the_policy_writes():
    generator = greedy_generator(V, T)
    mixed = mixed_inputs(generator, some_tokens(4), 0.0, seed_of(1))
    np.testing.assert_array_equal(mixed, generator.sample(4, (1, 1)))


def test_which_tokens_are_replaced_does_not_depend_on_what_is_drawn():
    """The first token is the true one, 2, or a draw of the policy, each as often as the rate says."""
    generator = tiny_generator(V, T)
    tokens = np.full([20_000, T], 2, np.int32)
    mixed = mixed_inputs(generator, tokens, 0.4, seed_of(1)).numpy()
    first = np.exp(generator(tokens[:1])[0, 0].numpy().astype(np.float64))
    expected = 0.6 * first / first.sum() + 0.4 * (np.arange(V) == 2)
    check_frequencies(np.bincount(mixed[:, 0], minlength=V), expected)


def test_a_draw_is_made_given_the_mixed_inputs_before_it():
    """A greedy policy's only possible draw at t follows from what was fed before t."""
    generator = greedy_generator(V, T, seed=4)
    tokens = some_tokens(200, seed=5)
    mixed = mixed_inputs(generator, tokens, 0.5, seed_of(3)).numpy()
    drawn = np.argmax(generator(tf.constant(mixed)), axis=-1)
    true = mixed == tokens.numpy()
    np.testing.assert_array_equal(mixed[~true], drawn[~true])
    assert 0.4 < np.mean(true) < 0.75


def test_the_share_of_true_tokens_is_the_rate_at_every_position_and_in_every_row():
    """The policy of the test writes token 0 alone, and the true tokens are never 0."""
    generator = greedy_generator(V, T)
    generator.head.kernel.assign(tf.zeros_like(generator.head.kernel))
    generator.head.bias.assign(tf.one_hot(0, V) * 1e4)
    tokens = tf.constant(np.random.default_rng(1).integers(1, V, [4000, T]), tf.int32)
    true = mixed_inputs(generator, tokens, 0.3, seed_of(2)).numpy() == tokens.numpy()
    for position in range(T):
        assert stats.binomtest(int(true[:, position].sum()), len(true), 0.3).pvalue > 1e-4
    # Independent choices: the number of true tokens in a row is binomial.
    counts = np.bincount(true.sum(axis=1), minlength=T + 1)
    expected = stats.binom(T, 0.3).pmf(np.arange(T + 1)) * len(true)
    assert stats.chisquare(counts, expected).pvalue > 1e-4


def test_the_loss_is_on_the_true_tokens_and_no_gradient_flows_through_a_draw():
    steps = make_steps(clip_norm=1e9, mle_learning_rate=1.0)
    tokens = some_tokens(B)
    seed = seed_of(1)
    # The epoch's one batch, in its own order and with its own draws.
    order = tf.random.experimental.stateless_shuffle(tf.range(B), seed)
    tokens_in_order = tf.gather(tokens, order)
    draws = tf.random.experimental.stateless_fold_in(tf.constant(seed), 0)
    mixed = mixed_inputs(steps.generator, tokens_in_order, 0.5, draws)
    assert np.any(mixed != tokens_in_order)
    with tf.GradientTape() as tape:
        loss = mle_loss(steps.generator(tf.constant(mixed.numpy())), tokens_in_order)
    gradients = tape.gradient(loss, steps.generator.trainable_variables)
    moved = Moved(steps.generator)
    steps.mle_epoch(tokens, seed, 0.5)
    for change, gradient in zip(moved(), gradients, strict=True):
        np.testing.assert_allclose(change, -tf.convert_to_tensor(gradient), atol=1e-5)
