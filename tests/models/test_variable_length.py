"""Sequences that end before T: padding is never written as a token, never counted, never judged oddly."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from models.generator import Generator
from models.rollout import Rollout
from training.losses import mle_loss, policy_gradient_loss

PAD, END, UNKNOWN, A, B = range(5)
LENGTH = 3


@pytest.fixture
def generator() -> Generator:
    made = Generator(
        *(5, LENGTH, 4, 4), end_token=END, pad_token=PAD, blocked_tokens=(PAD, UNKNOWN)
    )
    random = np.random.default_rng(3)
    made.set_weights([random.normal(0, 1.0, w.shape).astype(np.float32) for w in made.weights])
    return made


def well_formed() -> list[tuple[int, ...]]:
    """Every sequence that can be written: words, then the end and padding, or words up to T."""
    sequences = [
        (*words, END, *[PAD] * (LENGTH - length - 1))
        for length in range(LENGTH)
        for words in itertools.product((A, B), repeat=length)
    ]
    return sequences + list(itertools.product((A, B), repeat=LENGTH))


def test_probabilities_of_all_well_formed_sequences_sum_to_one(generator):
    total = np.exp(generator.log_prob(np.array(well_formed(), np.int32))).sum()
    np.testing.assert_allclose(total, 1.0, atol=1e-5)


@pytest.mark.slow
def test_samples_are_well_formed_and_as_likely_as_the_policy_says(generator):
    sequences = well_formed()
    probabilities = np.exp(generator.log_prob(np.array(sequences, np.int32))).astype(np.float64)
    samples = [tuple(row) for row in generator.sample(20_000, (7, 7)).numpy()]
    assert set(samples) <= set(sequences)
    counts = np.array([samples.count(sequence) for sequence in sequences])
    expected = probabilities / probabilities.sum() * len(samples)
    often = expected > 5
    observed = [*counts[often], counts[~often].sum()]
    wanted = [*expected[often], expected[~often].sum()]
    if wanted[-1] == 0:
        observed, wanted = observed[:-1], wanted[:-1]
    assert stats.chisquare(observed, wanted).pvalue > 1e-3


def test_mask_counts_the_end_and_leaves_out_padding_and_unknown(generator):
    tokens = tf.constant([[A, END, PAD], [A, UNKNOWN, B], [END, PAD, PAD]])
    np.testing.assert_array_equal(generator.mask(tokens), [[1, 1, 0], [1, 0, 1], [1, 0, 0]])


def test_log_prob_leaves_out_what_the_mask_leaves_out(generator):
    tokens = tf.constant([[A, UNKNOWN, B]])
    log_probs = tf.nn.log_softmax(generator(tokens))[0].numpy()
    expected = log_probs[0, A] + log_probs[2, B]
    np.testing.assert_allclose(generator.log_prob(tokens)[0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "wrap", [lambda f: f, tf.function, tf.function(jit_compile=True)], ids=["eager", "graph", "xla"]
)
def test_masked_losses_by_hand(wrap):
    logits = tf.zeros([2, 2, 4])  # log 4 nats for every token
    tokens = tf.constant([[3, 1], [1, 0]])
    mask = tf.constant([[1.0, 1.0], [1.0, 0.0]])
    rewards = tf.constant([[0.5, 1.0], [0.25, 77.0]])
    np.testing.assert_allclose(wrap(mle_loss)(logits, tokens, mask), np.log(4), rtol=1e-6)
    loss = wrap(policy_gradient_loss)(logits, tokens, rewards, mask)
    np.testing.assert_allclose(loss, np.log(4) * (0.5 + 1.0 + 0.25) / 3, rtol=1e-6)


def test_masked_losses_of_nothing_are_zero_and_not_nan():
    nothing = tf.zeros([1, 2])
    assert float(mle_loss(tf.zeros([1, 2, 4]), tf.constant([[0, 0]]), nothing)) == 0.0


def rewards_table() -> dict[tuple[int, ...], float]:
    random = np.random.default_rng(5)
    return {sequence: float(random.uniform()) for sequence in well_formed()}


@pytest.mark.slow
def test_action_values_converge_to_enumeration_and_judge_well_formed_rows_only(generator):
    table = rewards_table()
    probabilities = dict(
        zip(table, np.exp(generator.log_prob(np.array(list(table), np.int32))), strict=True)
    )

    def reward(tokens):
        return tf.constant([table[tuple(row)] for row in tokens.numpy()], tf.float32)

    tokens = np.array([(A, B, A), (A, END, PAD), (END, PAD, PAD), (B, B, END)], np.int32)
    num_rollouts = 4000
    values = Rollout(generator).action_values(tokens, reward, num_rollouts, (1, 1)).numpy()
    for row, given in enumerate(tokens):
        for t in range(1, LENGTH + 1):
            of_prefix = [s for s in table if s[:t] == tuple(given[:t])]
            weights = np.array([probabilities[s] for s in of_prefix], np.float64)
            weights /= weights.sum()
            scores = np.array([table[s] for s in of_prefix])
            exact = weights @ scores
            error = np.sqrt(weights @ (scores - exact) ** 2 / num_rollouts)
            assert abs(values[row, t - 1] - exact) <= 5 * error + 1e-4, (given, t)


def test_the_policy_gradient_is_exact_for_sequences_that_end(generator):
    table = rewards_table()
    sequences = np.array(list(table), np.int32)
    of_all = np.array(list(table.values()))
    weights = generator.trainable_variables

    def probabilities():
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(sequences, generator(sequences))
        return tf.exp(-tf.reduce_sum(nll * generator.mask(sequences), axis=1))

    with tf.GradientTape() as tape:
        objective = tf.reduce_sum(probabilities() * tf.constant(of_all, tf.float32))
    exact = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(objective, weights)]

    p = probabilities().numpy().astype(np.float64)
    q = np.zeros(sequences.shape)
    for row, t in np.ndindex(q.shape):
        same = (sequences[:, : t + 1] == sequences[row, : t + 1]).all(axis=1)
        q[row, t] = p[same] @ of_all[same] / p[same].sum()
    total = [np.zeros_like(g) for g in exact]
    for row in range(len(sequences)):
        one = sequences[row : row + 1]
        mask = generator.mask(one)
        with tf.GradientTape() as tape:
            loss = policy_gradient_loss(generator(one), one, q[row : row + 1], mask)
            loss *= tf.reduce_sum(mask)
        for k, gradient in enumerate(tape.gradient(loss, weights)):
            total[k] -= p[row] * tf.convert_to_tensor(gradient).numpy()
    for estimated, wanted in zip(total, exact, strict=True):
        np.testing.assert_allclose(estimated, wanted, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"end_token": 9},
        {"blocked_tokens": (7,)},
        {"end_token": END, "blocked_tokens": (END,)},
        {"end_token": END, "blocked_tokens": ()},
        {"blocked_tokens": tuple(range(5))},
    ],
)
def test_reserved_tokens_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"expected|must be"):
        Generator(5, LENGTH, **wrong)
