"""What decides a draw from an exported generator: the options, their defaults, and functions that take them."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from models.graph_function import graph_function


class DrawOptions(NamedTuple):
    """The options of a draw, scalar tensors; see `models.endpoints.Endpoints`."""

    temperature: Any = 1.0
    top_k: Any = 0
    top_p: Any = 1.0
    candidates: Any = 1
    candidate_temperature: Any = 0.0
    guidance: Any = 0.0

    @property
    def truncates(self) -> tf.Tensor:
        """Whether draws are from the likeliest tokens only: bool scalar."""
        return (self.top_k > 0) | (self.top_p < 1)


SEED = tf.TensorSpec([2], tf.int32, "seed")
_OPTIONS = [
    tf.TensorSpec([], tf.int32 if type(default) is int else tf.float32, name)
    for name, default in DrawOptions._field_defaults.items()
]


def draw_function(function: Callable[..., Any], *inputs: tf.TensorSpec) -> Any:
    """A compiled function of some inputs, then the seed and the options of a draw, which have defaults.

    The defaults are tensors, so that a signature of a SavedModel has them too.

    Args:
        function: takes the inputs, the seed and the options by their place.
        *inputs: what comes before the seed.
    """
    given = [*inputs, SEED]
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(spec.name, either) for spec in given]
    parameters += [
        inspect.Parameter(spec.name, either, default=tf.constant(default, spec.dtype))
        for spec, default in zip(_OPTIONS, DrawOptions(), strict=True)
    ]

    def draw(*arguments):
        return function(*arguments)

    draw.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    draw.__name__, draw.__doc__ = function.__name__.strip("_"), function.__doc__
    return graph_function(input_signature=[*given, *_OPTIONS])(draw)
