"""The recurrent layers that `cell` of a generator names, and the states that each keeps of a row."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from models.attention import AttentionLSTM

CELLS = ("gru", "lstm", "lstm-attention")


def make_recurrent(
    cell: str,
    hidden_dim: int,
    max_length: int,
    initializer: Callable[[], keras.initializers.Initializer],
) -> keras.layers.Layer:
    """A layer from `[B, T, E]` to `[B, T, H]` with a `cell` that makes one step.

    Args:
        cell: of `CELLS`.
        hidden_dim: H.
        max_length: T.
        initializer: makes one for each weight and bias.
    """
    if cell not in CELLS:
        raise ValueError(f"`cell` is {cell!r}, expected one of {list(CELLS)}.")
    options = {
        "return_sequences": True,
        "use_cudnn": False,  # the steps are compiled by XLA, which has no cuDNN kernel
        "kernel_initializer": initializer(),
        "recurrent_initializer": initializer(),
        "bias_initializer": initializer(),
        "name": "rnn",
    }
    if cell == "gru":
        return keras.layers.GRU(hidden_dim, **options)
    lstm = keras.layers.LSTM(hidden_dim, unit_forget_bias=False, **options)
    if cell == "lstm":
        return lstm
    return AttentionLSTM(lstm, max_length, initializer(), name="attention")


def state_shapes(cell: str, hidden_dim: int, max_length: int) -> list[tuple[int, ...]]:
    """Shapes of the states of one row, named by `STATE_NAMES` of `models.state_names`; all start as zeros."""
    shapes: list[tuple[int, ...]] = [(hidden_dim,)]
    if cell != "gru":
        shapes += [(hidden_dim,)]
    if cell == "lstm-attention":
        shapes += [(max_length, hidden_dim), (max_length,)]
    return shapes


def after_each(states: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Those of the states that are kept after every prefix: all but a memory `[B, T, H]`.

    The last memory has the entries of all before it: `prefixes` copies would grow with the square of T.
    """
    return [state for state in states if state.shape.rank != 3]


def stack_states(after: Sequence[tf.Tensor], last: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """The states after each of several prefixes of the same rows, for `state_after`.

    Args:
        after: `[prefixes, B, ...]`, those of `after_each`.
        last: all states `[B, ...]`, after the last prefix.

    Returns:
        `[prefixes, B, ...]` for each; of a memory `[1, B, T, H]`.
    """
    stacked = iter(after)
    return [state[None] if state.shape.rank == 3 else next(stacked) for state in last]


def state_after(states: tf.Tensor, place: tf.Tensor | int) -> tf.Tensor:
    """`[B, ...]` after prefix number `place`. Entries of a memory that it has not read do not count."""
    return states[0 if states.shape.rank == 4 else place]
