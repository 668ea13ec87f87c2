"""Controls: their samples and their probabilities agree, with enumeration as the judge."""

import itertools

import numpy as np
import pytest
from scipy import stats

from models.controls import (
    AtTemperature,
    Bigram,
    Copy,
    set_token_probabilities,
    token_frequencies,
)
from tests.helpers import all_sequences, exact_probabilities, tiny_generator

V, T = 3, 3
REAL = np.array([[0, 1, 2], [0, 1, 1], [2, 1, 2], [0, 2, 2], [0, 1, 2]], np.int32)


def agree(samples, probabilities, every) -> float:
    """p-value of samples against the probabilities of all sequences; no impossible one is met."""
    places = {tuple(row): k for k, row in enumerate(every)}
    counts = np.bincount([places[tuple(row)] for row in samples], minlength=len(every))
    assert np.all(counts[probabilities == 0] == 0)
    possible = probabilities > 0
    expected = probabilities[possible] / probabilities[possible].sum() * len(samples)
    return stats.chisquare(counts[possible], expected).pvalue


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_temperature_sharpens_samples_and_probabilities_alike(temperature):
    generator = tiny_generator(V, T)
    policy = AtTemperature(generator, temperature)
    every = all_sequences(V, T)
    exact = exact_probabilities(generator, every, temperature)
    np.testing.assert_allclose(np.exp(policy.log_prob(every)), exact, atol=1e-6)
    np.testing.assert_allclose(np.exp(policy.log_prob(every)).sum(), 1.0, atol=1e-5)
    assert agree(policy.sample(20_000, (1, 2)).numpy(), exact, every) > 1e-3


def test_token_probabilities_are_those_of_every_position():
    generator = tiny_generator(V, T)
    wanted = np.array([0.5, 0.3, 0.2])
    set_token_probabilities(generator, wanted)
    every = all_sequences(V, T)
    expected = wanted[every].prod(axis=1)
    np.testing.assert_allclose(np.exp(generator.log_prob(every)), expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"expected \(3,\)"):
        set_token_probabilities(generator, np.ones(4))


def test_token_frequencies_count_what_counts_and_leave_nothing_impossible():
    generator = tiny_generator(5, 3, end_token=1, pad_token=0, blocked_tokens=(0, 2))
    sequences = np.array([[3, 1, 0], [3, 2, 3]], np.int32)
    # Counted: 3, 1 and 3, 3; of what may be written (1, 3, 4) each has one more in a hundred.
    expected = np.array([0, 1.01, 0, 3.01, 0.01]) / 4.03
    np.testing.assert_allclose(token_frequencies(generator, sequences, 0.01), expected)


def test_bigram_probabilities_by_hand():
    chain = Bigram(tiny_generator(V, T), REAL)
    # After 0, the start or a word: 0 x 4 and 2 x 1 at the start, 1 x 3 and 2 x 1 later: nine in all.
    # After 1: 2 x 3 and 1 x 1. 0 never follows 2.
    given = chain.log_prob(np.array([[0, 1, 2], [0, 1, 1], [2, 0, 0]]))
    expected = np.log([4 / 9 * 3 / 9 * 3 / 4, 4 / 9 * 3 / 9 * 1 / 4])
    np.testing.assert_allclose(given[:2], expected)
    assert given[2] == -np.inf


def test_smoothed_bigram_probabilities_by_hand():
    generator = tiny_generator(V, T)
    chain = Bigram(generator, REAL, smoothed=True)
    unigram = token_frequencies(generator, REAL, 0.01)
    # After 2: 1 x 1 and 2 x 1; two kinds. After 0: 0, 1, 2; three kinds among nine.
    p_2 = (2 + 3 * unigram[2]) / (9 + 3)  # once as the first token, once after a word
    p_0_after_2 = 2 * unigram[0] / (2 + 2)
    p_1_after_0 = (3 + 3 * unigram[1]) / (9 + 3)
    given = chain.log_prob(np.array([[2, 0, 1]]))
    np.testing.assert_allclose(given, [np.log(p_2 * p_0_after_2 * p_1_after_0)])


@pytest.mark.parametrize("smoothed", [False, True])
def test_bigram_samples_are_as_likely_as_it_says(smoothed):
    chain = Bigram(tiny_generator(V, T), REAL, smoothed)
    every = all_sequences(V, T)
    probabilities = np.exp(chain.log_prob(every))
    # The unsmoothed chain cannot stop at a token that nothing followed: here every one was followed.
    np.testing.assert_allclose(probabilities.sum(), 1.0, atol=1e-9)
    assert agree(chain.sample(20_000, (3, 4)).numpy(), probabilities, every) > 1e-3


@pytest.mark.parametrize("smoothed", [False, True])
def test_bigrams_of_sequences_that_end(smoothed):
    pad, end, unknown, a, b = range(5)
    generator = tiny_generator(5, T, end_token=end, pad_token=pad, blocked_tokens=(pad, unknown))
    real = np.array([[a, end, pad], [a, b, end], [b, unknown, a], [b, b, a]], np.int32)
    chain = Bigram(generator, real, smoothed)
    well_formed = [
        (*words, end, *[pad] * (T - length - 1))
        for length in range(T)
        for words in itertools.product((a, b), repeat=length)
    ]
    every = np.array(well_formed + list(itertools.product((a, b), repeat=T)), np.int32)
    probabilities = np.exp(chain.log_prob(every))
    np.testing.assert_allclose(probabilities.sum(), 1.0, atol=1e-9)
    assert agree(chain.sample(20_000, (5, 6)).numpy(), probabilities, every) > 1e-3


def test_a_chain_repeats_for_a_seed_and_differs_between_seeds():
    chain = Bigram(tiny_generator(V, T), REAL)
    first, again, other = (chain.sample(50, seed).numpy() for seed in ((1, 2), (1, 2), (1, 3)))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_copies_are_training_sequences_without_repeats_while_they_last():
    real = all_sequences(V, T)[:20]
    copy = Copy(tiny_generator(V, T), real)
    drawn = copy.sample(20, (1, 2)).numpy()
    np.testing.assert_array_equal(np.unique(drawn, axis=0), real)
    assert len(copy.sample(50, (1, 2))) == 50
    np.testing.assert_allclose(
        copy.log_prob(np.array([real[3], [2, 2, 2]])), [np.log(1 / 20), -np.inf]
    )


def test_a_training_sequence_that_repeats_is_copied_as_often():
    copy = Copy(tiny_generator(V, T), REAL)
    given = copy.log_prob(np.array([[0, 1, 2], [2, 1, 2], [1, 1, 1]]))
    np.testing.assert_allclose(given, [np.log(2 / 5), np.log(1 / 5), -np.inf])
