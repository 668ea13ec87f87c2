"""Numbers that are not finite: whether a weight is one, and which operation made the first."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from models.graph_function import graph_function

ROOT = Path(__file__).resolve().parents[1]


class Finite:
    """Watches the weights and moments of some objects; cheap enough for every step.

    Args:
        objects: models and optimizers by name; each has `variables`.
    """

    def __init__(self, objects: Mapping[str, Any]):
        self._floats = [
            (name, variable)
            for name, of in objects.items()
            for variable in of.variables
            if variable.dtype.startswith("float")
        ]

    def first_that_is_not(self) -> str | None:
        """Name of the first variable with a NaN or an infinity, None where there is none."""
        if not self._floats or np.all(np.isfinite(self._sums())):
            return None
        for name, variable in self._floats:
            if not np.all(np.isfinite(variable)):
                return f"{variable.path} of {name}"
        return None  # a sum overflowed: huge, and finite

    @graph_function
    def _sums(self):
        # A NaN or an infinity shows in the sum; a third of the time of looking at each number.
        return tf.stack(
            [tf.cast(tf.reduce_sum(variable), tf.float32) for _, variable in self._floats]
        )


def checked(update: Callable[..., Any]) -> Callable[..., Any]:
    """`update`, compiled so that each of its operations fails that makes a NaN or an infinity.

    Not by XLA, which has no kernel for the checks. Sampling is left alone: it means its infinities.
    """

    def traced(*arguments: Any) -> Any:
        tf.debugging.enable_check_numerics(stack_height_limit=1000, path_length_limit=1000)
        try:
            return update(*arguments)
        finally:
            tf.debugging.disable_check_numerics()

    return graph_function(traced)


def first_bad_operation(error: tf.errors.InvalidArgumentError) -> str | None:
    """What `checked` found, in words; None for another error."""
    message = str(error)
    found = re.search(r"!!! Detected .* in output \d+ of graph op \"([^\"]+)\"", message)
    if found is None:
        return None
    frames = [
        (Path(file).relative_to(ROOT), line, function)
        for file, line, function in re.findall(
            r"\+ (\S+) \(L(\d+)\) (\S+)", message[found.start() :]
        )
        if Path(file).is_relative_to(ROOT) and "site-packages" not in file
    ]
    where = " at {}, line {} ({})".format(*frames[-1]) if frames else ""
    return f"the operation {found[1]} made a NaN or an infinity{where}"
