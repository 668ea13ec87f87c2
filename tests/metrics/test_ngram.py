"""Witten-Bell interpolation: by hand, and as a distribution."""

import numpy as np
import pytest

from metrics.ngram import NgramModel

SEQUENCES = [[1, 2], [1, 3], [1, 2, 2]]
IDS = 4  # 0 to 3


def test_by_hand():
    model = NgramModel(SEQUENCES, 2, IDS)
    # Unigrams: 1 three times, 2 three times, 3 once; three kinds among seven.
    two = (3 + 3 * 1 / 4) / (7 + 3)
    one = (3 + 3 * 1 / 4) / (7 + 3)
    # At the start always 1: one kind of three.
    first = (3 + 1 * one) / (3 + 1)
    # After 1: 2 twice, 3 once; two kinds of three.
    second = (2 + 2 * two) / (3 + 2)
    np.testing.assert_allclose(model.token_log_probs([1, 2]), np.log([first, second]))


def test_a_context_that_was_never_seen_has_the_shorter_one():
    model = NgramModel(SEQUENCES, 3, IDS)
    unseen = model.token_log_probs([3, 0, 2])[2]  # after 3, 0: neither pair nor 0 was seen
    two = (3 + 3 * 1 / 4) / (7 + 3)
    assert unseen == pytest.approx(np.log(two))


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("before", [[], [1], [1, 2], [3, 3, 0]])
def test_the_next_token_has_a_distribution(order, before):
    model = NgramModel(SEQUENCES, order, IDS)
    last = [model.token_log_probs([*before, token])[-1] for token in range(IDS)]
    assert np.exp(last).sum() == pytest.approx(1)
    assert np.all(np.isfinite(last))
