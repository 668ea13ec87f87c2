"""Self-BLEU, and copies of the training set."""

import warnings

import numpy as np
import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from metrics.diversity import copied_share, self_bleu


def test_self_bleu_equals_a_loop_over_nltk():
    random = np.random.default_rng(1)
    samples = random.integers(0, 6, [25, 7]).tolist()
    samples += samples[:5]  # duplicates
    method1 = SmoothingFunction().method1
    expected = [
        np.mean(
            [
                sentence_bleu(samples[:i] + samples[i + 1 :], sample, [1 / n] * n, method1)
                for i, sample in enumerate(samples)
            ]
        )
        for n in range(1, 6)
    ]
    np.testing.assert_allclose(self_bleu(samples), expected, rtol=1e-12)


def test_self_bleu_by_hand():
    # The two copies find each other; the third sample shares nothing, and not even itself.
    np.testing.assert_allclose(
        self_bleu([[1, 2], [1, 2], [3, 4]], max_order=2), [2 / 3, 2 / 3], rtol=1e-12
    )


def test_self_bleu_is_zero_without_anything_shared_and_one_for_copies():
    np.testing.assert_array_equal(self_bleu([[1, 2, 3], [4, 5, 6]], max_order=3), 0.0)
    np.testing.assert_allclose(self_bleu([["a", "b", "c"]] * 4, max_order=3), 1.0, rtol=1e-12)


def test_self_bleu_is_of_the_samples_given():
    varied, alike = np.arange(12).reshape(4, 3), np.ones([4, 3], int)
    np.testing.assert_array_equal(self_bleu(varied, 2), 0.0)
    np.testing.assert_allclose(self_bleu(alike, 2), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(self_bleu(varied, 2), 0.0)
    varied[:] = 1  # the same array, other samples
    np.testing.assert_allclose(self_bleu(varied, 2), 1.0, rtol=1e-12)


def test_self_bleu_passes_the_variant_on():
    samples = [[1, 2, 3], [3, 2, 1]]
    np.testing.assert_allclose(self_bleu(samples, 2, "legacy"), [1.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(self_bleu(samples, 2), [1.0, np.sqrt(0.05)], rtol=1e-12)
    np.testing.assert_allclose(self_bleu(samples, 2, "strict"), [1.0, 0.0], atol=1e-150)


def test_self_bleu_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        self_bleu([[], [1], [1, 2]], 4, "strict")


def test_copied_share_by_hand():
    training = [[1, 2, 3], [4, 5], [7, 8, 9]]
    # A copy, the same copy again, a beginning of a training sequence, one that goes on after it.
    samples = [[1, 2, 3], [1, 2, 3], [7, 8], [4, 5, 6]]
    assert copied_share(samples, training) == 0.5
    assert copied_share(training, training) == 1.0
    assert copied_share([[3, 2, 1]], training) == 0.0


def test_lists_tuples_and_arrays_are_alike():
    assert copied_share(np.array([[1, 2], [3, 4]]), [(1, 2), [5, 6]]) == 0.5
    assert copied_share([("a", "b")], np.array([["a", "b"]])) == 1.0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: self_bleu([[1, 2]]), r"`samples` hold 1 sequence\(s\), expected at least 2"),
        (lambda: self_bleu([]), r"`samples` hold 0 sequence\(s\), expected at least 2"),
        (lambda: self_bleu([[1], [1]], 0), "`max_order` is 0"),
        (lambda: self_bleu([[1], [1]], variant="none"), "`variant` is 'none'"),
        (lambda: copied_share([], [[1]]), "`samples` hold no sequence, expected at least one"),
        (lambda: copied_share([[1]], []), "`training` hold no sequence, expected at least one"),
        (lambda: copied_share(["a b", "c"], [[1]]), "`samples` hold 'a b', expected sequences"),
        (lambda: copied_share([[[1]]], [[1]]), "`samples` hold an invalid token"),
        (lambda: copied_share([[1]], [[[1]]]), "`training` hold an invalid token"),
        (lambda: self_bleu([[[1]], [[2]]]), "`references` hold an invalid token"),
        (
            lambda: copied_share(np.zeros([2, 3]), [[1]]),
            "`samples` have dtype float64, expected ids",
        ),
        (lambda: copied_share(None, [[1]]), "`samples` are None, expected sequences"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
