"""Sequences without what follows their end."""

import numpy as np
import pytest

from metrics.sequences import before_end


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((1,), [[2, 3], [2, 3, 4], [], [2]]),
        ((0, 1), [[2, 3], [2, 3, 4], [], [2]]),
        ((0,), [[2, 3, 1], [2, 3, 4], [1], [2, 1, 1]]),
        ((), [[2, 3, 1], [2, 3, 4], [1, 0, 0], [2, 1, 1]]),
    ],
)
def test_sequences_stop_before_the_first_end(ends, expected):
    rows = np.array([[2, 3, 1], [2, 3, 4], [1, 0, 0], [2, 1, 1]])
    assert [row.tolist() for row in before_end(rows, ends)] == expected
