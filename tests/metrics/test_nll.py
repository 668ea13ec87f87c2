"""Negative log-likelihoods of sequences and of their tokens."""

import numpy as np
import pytest

from metrics.nll import per_token, sequence_nll

SEQUENCES = np.array([[1, 2], [3, 4], [5, 6]], np.int32)


def test_sequence_nll_is_what_the_model_says_turned_round():
    asked = []

    def log_prob(sequences):
        asked.append(sequences)
        return np.array([-1.5, -0.25, 0.0], np.float32)

    nll = sequence_nll(log_prob, SEQUENCES)
    assert asked[0] is SEQUENCES
    assert nll.dtype == np.float64
    np.testing.assert_array_equal(nll, [1.5, 0.25, 0.0])


def test_per_token_by_hand():
    assert per_token(np.array([4.0, 8.0]), 3) == 2.0


@pytest.mark.parametrize(
    "sequences, said",
    [
        ([1, 2], r"shape \(2,\)"),
        (np.zeros([0, 4], int), r"shape \(0, 4\)"),
        (np.zeros([4, 0], int), r"shape \(4, 0\)"),
        (np.zeros([2, 2, 2], int), r"shape \(2, 2, 2\)"),
        (np.zeros([2, 2]), "dtype float64"),
    ],
)
def test_other_sequences_are_refused_before_the_model_is_asked(sequences, said):
    with pytest.raises(ValueError, match=f"`sequences` have .*{said}.* expected ids"):
        sequence_nll(lambda _: pytest.fail("the model was asked"), sequences)


@pytest.mark.parametrize("answer", [np.zeros([3, 2]), np.zeros(2), np.float64(0)])
def test_one_number_for_each_sequence(answer):
    with pytest.raises(ValueError, match=r"for 3 sequences, expected \[3\]"):
        sequence_nll(lambda _: answer, SEQUENCES)


@pytest.mark.parametrize("nll", [np.zeros(0), np.zeros([2, 2]), 1.0])
def test_per_token_needs_sequences(nll):
    with pytest.raises(ValueError, match=r"`sequence_nll` has shape .*, expected \[n\]"):
        per_token(nll, 3)


@pytest.mark.parametrize("length", [0, -1])
def test_per_token_needs_a_length(length):
    with pytest.raises(ValueError, match=f"`max_length` is {length}, expected at least 1"):
        per_token(np.ones(2), length)
