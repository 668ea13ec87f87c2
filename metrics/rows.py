"""Rows of numbers, checked: what the measures of single sequences and of seeds begin with."""

from typing import Any

import numpy as np


def row_of_numbers(numbers: Any, name: str, fewest: int, fix: str) -> np.ndarray:
    """`numbers` as float64 `[n]`.

    Args:
        numbers: what a caller gave.
        name: of the argument, for the error.
        fewest: the least n.
        fix: what to give, for the error.

    Raises:
        ValueError: they are not numbers, or too few.
    """
    expected = f"expected [n] with n at least {fewest}; {fix}."
    try:
        values = np.asarray(numbers, np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"`{name}` is not a 1-D array of numbers ({error}), {expected}") from error
    if values.ndim != 1 or len(values) < fewest:
        raise ValueError(f"`{name}` has shape {values.shape}, {expected}")
    return values


def row_of_finite_numbers(numbers: Any, name: str, fewest: int, fix: str) -> np.ndarray:
    """`row_of_numbers`, all of them finite; `ValueError` where one is not."""
    values = row_of_numbers(numbers, name, fewest, fix)
    if not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` has {np.sum(~np.isfinite(values))} values that are not finite, expected none; "
            f"{fix}."
        )
    return values
