"""Losses by hand, and the policy gradient against the gradient of the exactly enumerated objective."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import all_sequences, exact_action_values, exact_probabilities, tiny_generator
from training.losses import (
    discriminator_loss,
    mle_loss,
    policy_gradient_loss,
    subtract_baseline,
    token_divergence,
    token_nll,
)

every_mode = pytest.mark.parametrize(
    "mode",
    [lambda f: f, tf.function, lambda f: tf.function(f, jit_compile=True)],
    ids=["eager", "graph", "xla"],
)

# Two rows of two steps over three tokens, as probabilities.
PROBABILITIES = np.array(
    [[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], [[0.2, 0.4, 0.4], [0.6, 0.3, 0.1]]], np.float32
)
TOKENS = np.array([[0, 2], [1, 0]], np.int32)
NLL = [[0.693147, 0.356675], [0.916291, 0.510826]]  # -log of 0.5, 0.7, 0.4, 0.6


@every_mode
def test_losses_of_equal_logits(mode):
    logits, tokens = tf.zeros([1, 2, 4]), tf.constant([[3, 0]])
    assert float(mode(mle_loss)(logits, tokens)) == pytest.approx(np.log(4), rel=1e-6)
    loss = mode(policy_gradient_loss)(logits, tokens, tf.constant([[0.5, 1.0]]))
    assert float(loss) == pytest.approx(np.log(4) * 0.75, rel=1e-6)


@every_mode
def test_losses_by_hand(mode):
    logits = tf.constant(np.log(PROBABILITIES)) + tf.constant([[[3.0], [-1.0]], [[0.0], [9.0]]])
    np.testing.assert_allclose(mode(token_nll)(logits, tf.constant(TOKENS)), NLL, atol=1e-5)
    assert float(mode(mle_loss)(logits, TOKENS)) == pytest.approx(0.619235, abs=1e-5)
    # (0.693147 * 1 + 0.356675 * 0 + 0.916291 * 0.5 + 0.510826 * -2) / 4
    rewards = tf.constant([[1.0, 0.0], [0.5, -2.0]])
    loss = mode(policy_gradient_loss)(logits, tf.constant(TOKENS), rewards)
    assert float(loss) == pytest.approx(0.032410, abs=1e-5)


@every_mode
def test_token_divergence_by_hand(mode):
    target, other = (tf.constant(np.log(p)) for p in (PROBABILITIES[0], PROBABILITIES[1]))
    # 0.5 log(0.5 / 0.2) + 2 * 0.25 log(0.25 / 0.4); 0.1 log(0.1 / 0.6) + 0.2 log(0.2 / 0.3) + 0.7 log 7
    values = mode(token_divergence)(target, other + tf.constant([[3.0], [-1.0]]))
    np.testing.assert_allclose(values, [0.223144, 1.101867], atol=1e-5)
    np.testing.assert_array_equal(mode(token_divergence)(target, target), [0, 0])
    # A token that neither writes counts nothing, however its logits round.
    blocked = tf.constant([[0.0, 1.0, -1e9], [1.0, 0.0, -1e9 + 64]])
    values = mode(token_divergence)(blocked, blocked[::-1])
    np.testing.assert_allclose(values, [0.462117, 0.462117], atol=1e-5)


@every_mode
def test_discriminator_loss_by_hand(mode):
    logits, labels = tf.constant([0.0, np.log(3.0), np.log(3.0)]), tf.constant([1.0, 1.0, 0.0])
    # -log of 1/2, 3/4 and 1/4
    expected = (np.log(2) + np.log(4 / 3) + np.log(4)) / 3
    assert float(mode(discriminator_loss)(logits, labels)) == pytest.approx(expected, rel=1e-6)
    of_integers = mode(discriminator_loss)(logits, tf.constant([1, 1, 0]))
    assert float(of_integers) == pytest.approx(expected, rel=1e-6)


@every_mode
def test_losses_of_extreme_logits_are_finite(mode):
    logits = tf.constant([[[1e4, -1e4], [-1e4, 1e4]]])
    assert float(mode(mle_loss)(logits, tf.constant([[0, 1]]))) == 0
    assert float(mode(mle_loss)(logits, tf.constant([[1, 0]]))) == pytest.approx(2e4)
    of_real = mode(discriminator_loss)(tf.constant([1e4, -1e4]), tf.constant([1.0, 0.0]))
    assert float(of_real) == 0
    wrong = mode(discriminator_loss)(tf.constant([1e4, -1e4]), tf.constant([0.0, 1.0]))
    assert float(wrong) == pytest.approx(1e4)


@every_mode
def test_gradients_by_hand(mode):
    # Of a token's loss: probabilities minus one-hot, times its reward, over the four tokens.
    logits = tf.Variable(np.log(PROBABILITIES))
    rewards = np.array([[1.0, 0.0], [0.5, -2.0]], np.float32)
    one_hot = np.eye(3)[TOKENS]

    def gradient(loss_fn, *arguments):
        with tf.GradientTape() as tape:
            loss = mode(loss_fn)(logits, *arguments)
        return tape.gradient(loss, logits)

    expected = (PROBABILITIES - one_hot) / 4
    np.testing.assert_allclose(gradient(mle_loss, TOKENS), expected, atol=1e-6)
    of_policy = gradient(policy_gradient_loss, TOKENS, tf.constant(rewards))
    np.testing.assert_allclose(of_policy, expected * rewards[..., None], atol=1e-6)


@every_mode
def test_a_good_token_gets_likelier_and_a_bad_one_less_likely(mode):
    logits = tf.Variable(tf.zeros([2, 1, 3]))
    with tf.GradientTape() as tape:
        rewards = tf.constant([[1.0], [-1.0]])
        loss = mode(policy_gradient_loss)(logits, tf.constant([[0], [0]]), rewards)
    after = tf.nn.softmax(logits - tape.gradient(loss, logits)).numpy()
    assert after[0, 0, 0] > 1 / 3 > after[1, 0, 0]


def test_discriminator_gradient_by_hand():
    logits = tf.Variable([0.0, np.log(3.0)])
    with tf.GradientTape() as tape:
        loss = discriminator_loss(logits, tf.constant([1.0, 0.0]))
    # (sigmoid - label) / 2: the logit of a real sequence rises, of a generated one falls
    np.testing.assert_allclose(tape.gradient(loss, logits), [-0.25, 0.375], atol=1e-6)


@every_mode
def test_no_gradient_flows_into_rewards(mode):
    logits, rewards = tf.Variable(tf.zeros([1, 2, 4])), tf.Variable([[0.5, 1.0]])
    with tf.GradientTape() as tape:
        loss = mode(policy_gradient_loss)(logits, tf.constant([[3, 0]]), rewards * 2)
    of_logits, of_rewards = tape.gradient(loss, [logits, rewards])
    assert np.abs(of_logits).max() > 0.1
    assert of_rewards is None or not np.any(of_rewards)


@every_mode
def test_no_gradient_flows_into_the_policy_to_follow(mode):
    target, own = tf.Variable([[1.0, 0.0, 2.0]]), tf.Variable([[0.0, 1.0, 0.5]])
    with tf.GradientTape() as tape:
        divergence = mode(token_divergence)(target * 2, own * 2)
    of_target, of_own = tape.gradient(divergence, [target, own])
    assert np.abs(of_own).max() > 0.1
    assert of_target is None or not np.any(of_target)


@every_mode
@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ("none", [[1, 2, 3], [5, 7, 90]]),
        ("batch", [[-2.6, -1.6, -0.6], [1.4, 3.4, 86.4]]),  # 18 / 5
        ("position", [[-2, -2.5, 0], [2, 2.5, 87]]),  # 3, 4.5 and 3
    ],
)
def test_baselines_are_means_over_what_counts_by_hand(mode, baseline, expected):
    rewards = tf.constant([[1.0, 2, 3], [5, 7, 90]])
    mask = tf.constant([[1.0, 1, 1], [1, 1, 0]])
    found = mode(lambda r, m: subtract_baseline(r, m, baseline))(rewards, mask)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "loss_fn, shapes, message",
    [
        (mle_loss, ([2, 3], [2, 3]), r"`logits` has shape \(2, 3\), expected 3 dimensions"),
        (mle_loss, ([2, 3, 4], [2]), r"`tokens` has shape \(2,\), expected 2 dimensions"),
        (mle_loss, ([2, 3, 4], [2, 3, 4]), r"`tokens` has shape \(2, 3, 4\), expected 2"),
        (policy_gradient_loss, ([2, 3, 4], [2, 3], [2]), r"`rewards` has shape \(2,\), expected 2"),
        (policy_gradient_loss, ([2, 3], [2, 3], [2, 3]), r"`logits` has shape \(2, 3\), expected"),
        (discriminator_loss, ([2, 1], [2]), r"`logits` has shape \(2, 1\), expected 1 dimensions"),
        (discriminator_loss, ([2], [2, 1]), r"`labels` has shape \(2, 1\), expected 1 dimensions"),
    ],
)
def test_wrong_ranks(loss_fn, shapes, message):
    logits, *others = shapes
    kinds = [tf.float32] if loss_fn is discriminator_loss else [tf.int32, tf.float32]
    values = [tf.zeros(logits), *map(tf.zeros, others, kinds)]
    with pytest.raises(ValueError, match=message):
        loss_fn(*values)


@every_mode
def test_leave_one_out_read_literally(mode):
    """Each sequence's rewards less the mean over all tokens of the other sequences."""
    random = np.random.default_rng(4)
    rewards = random.normal(size=[5, 3]).astype(np.float32)
    lengths = [3, 1, 2, 3, 2]
    mask = (np.arange(3) < np.array(lengths)[:, None]).astype(np.float32)
    found = mode(lambda r, m: subtract_baseline(r, m, "leave-one-out"))(
        tf.constant(rewards), tf.constant(mask)
    )
    for b in range(5):
        others = [rewards[j, t] for j in range(5) if j != b for t in range(lengths[j])]
        np.testing.assert_allclose(found[b], rewards[b] - np.mean(others), atol=1e-6)


def test_leave_one_out_of_one_reward_a_sequence_is_rloo():
    scores = np.array([1.0, 2.0, 6.0], np.float32)
    rewards = tf.constant(np.repeat(scores[:, None], 4, axis=1))
    found = subtract_baseline(rewards, tf.ones([3, 4]), "leave-one-out").numpy()
    # R_b less the mean of the others: 1 - 4, 2 - 3.5, 6 - 1.5
    np.testing.assert_allclose(found, np.repeat([[-3.0], [-1.5], [4.5]], 4, axis=1), atol=1e-6)


# The policy gradient theorem, exactly


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_policy_gradient_is_that_of_the_expected_reward(cell):
    """Eq. (8) summed over all sequences equals the gradient of J = sum of p(Y) R(Y)."""
    generator = tiny_generator(cell=cell, scale=0.7)
    weights = generator.trainable_variables
    every = all_sequences(3, 3)
    tokens = tf.constant(every)
    rewards = np.random.default_rng(5).random(27)
    probabilities = exact_probabilities(generator, every)
    values, _ = exact_action_values(probabilities, rewards, every, every)

    with tf.GradientTape() as tape:
        log_prob = -tf.reduce_sum(token_nll(generator(tokens), tokens), axis=1)
        objective = tf.reduce_sum(tf.exp(log_prob) * tf.constant(rewards, tf.float32))
    expected = [tf.convert_to_tensor(g) for g in tape.gradient(objective, weights)]

    with tf.GradientTape() as tape:
        logits = generator(tokens)
        losses = [
            policy_gradient_loss(
                logits[k : k + 1], tokens[k : k + 1], tf.constant(values[k : k + 1], tf.float32)
            )
            for k in range(27)
        ]
        summed = tf.reduce_sum(3 * tf.stack(losses) * tf.constant(probabilities, tf.float32))
    found = [tf.convert_to_tensor(g) for g in tape.gradient(summed, weights)]

    size = float(tf.linalg.global_norm(expected))
    assert size > 0.01
    difference = [f + e for f, e in zip(found, expected, strict=True)]
    assert float(tf.linalg.global_norm(difference)) < 2e-6 * size
    assert max(float(tf.reduce_max(tf.abs(d))) for d in difference) < 1e-6 * size
    # The reward of the whole sequence in place of the action values is unbiased too; the value of
    # the state in place of the action's is not, and would be told apart.
    of_states = np.concatenate([np.full([27, 1], probabilities @ rewards), values[:, :2]], axis=1)
    with tf.GradientTape() as tape:
        nll = token_nll(generator(tokens), tokens) * tf.constant(of_states, tf.float32)
        wrong = tf.reduce_sum(tf.reduce_sum(nll, axis=1) * tf.constant(probabilities, tf.float32))
    wrong = [tf.convert_to_tensor(g) for g in tape.gradient(wrong, weights)]
    off = [w + e for w, e in zip(wrong, expected, strict=True)]
    assert float(tf.linalg.global_norm(off)) > 0.5 * size
