"""Sequences that complete given prefixes, drawn from the policy's conditional distribution."""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import tensorflow as tf

from models.chunks import map_chunks
from models.device import Layout
from models.generator import Generator
from models.token_loop import loop_positions
from models.truncation import draw_truncated

# Draws tokens `[M]` of `layout.ids` from what a step gives (hidden states `[M, H]`) and uniforms `[M]`.
NextToken = Callable[[Any, tf.Tensor], tf.Tensor]


class Policy(Protocol):
    """What writes token by token; see `Generator` for each."""

    layout: Layout
    max_length: int

    def initial_states(self, num: tf.Tensor | int) -> list[tf.Tensor]: ...

    def start_tokens(self, num: tf.Tensor | int) -> tf.Tensor: ...

    def step(self, tokens: tf.Tensor, states: list[tf.Tensor]) -> tuple[Any, list[tf.Tensor]]: ...

    def end(self, token: tf.Tensor, ended: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]: ...

    def weights_read_once(self) -> keras.StatelessScope: ...


def continue_prefixes(
    policy: Policy,
    prefixes: tf.Tensor,
    lengths: tf.Tensor,
    uniforms: tf.Tensor,
    next_token: NextToken,
    write_rows: tf.Tensor | int,
    skip_known: bool = False,
) -> tf.Tensor:
    """Whole sequences, int32 `[M, T]`, each drawn given its own first tokens.

    The policy writes from left to right, so a draw of each later token given those before it is a
    draw from the exact conditional distribution of whole sequences. Call it inside a `tf.function`.

    Args:
        policy: writes from left to right.
        prefixes: int32 `[M, T]`; what follows a row's prefix is not read.
        lengths: int32 `[M]`, tokens of each prefix, from 0 to T.
        uniforms: float32 `[M, T]` in `[0, 1)`, one for each token, given or drawn.
        next_token: of `all_tokens` or `likeliest_tokens`.
        write_rows: the most sequences to write at a time.
        skip_known: leaves out `next_token` where every row's token is known, given or padding: for
            draws that take much longer than to ask.
    """
    layout, length = policy.layout, policy.max_length

    def write(prefixes, lengths, uniforms):
        rows = tf.shape(lengths)[0]

        def write_token(t, token, ended, states):
            hidden, states = policy.step(token, states)
            given = tf.cast(t, layout.ids) < lengths

            def drawn():
                return next_token(hidden, uniforms[:, t])

            if skip_known:
                token = tf.cond(tf.reduce_all(given | ended), lambda: prefixes[:, t], drawn)
            else:
                token = drawn()
            token, ended = policy.end(tf.where(given, prefixes[:, t], token), ended)
            return [token], token, ended, states

        start = policy.start_tokens(rows), tf.fill([rows], False), policy.initial_states(rows)
        kept = [tf.TensorSpec([None], layout.ids)]
        (written,), _ = loop_positions(write_token, start, (0, length), kept)
        return tf.transpose(written)

    rows = -(-tf.shape(lengths)[0] // layout.chunks_at_once)  # as in `sample`
    rows = tf.minimum(write_rows, rows)
    sequences = tf.TensorSpec([None, length], layout.ids)
    given = (tf.cast(prefixes, layout.ids), tf.cast(lengths, layout.ids), uniforms)
    with policy.weights_read_once():
        return tf.cast(map_chunks(write, given, rows, sequences, layout.chunks_at_once), tf.int32)


def all_tokens(generator: Generator, temperature: tf.Tensor) -> NextToken:
    """Draws from the policy at a temperature."""
    draw = generator.token_draw()
    return lambda hidden, uniforms: draw(hidden, uniforms, temperature)


def likeliest_tokens(
    generator: Generator, temperature: tf.Tensor, top_k: tf.Tensor, top_p: tf.Tensor
) -> NextToken:
    """Draws from the likeliest tokens only, see `models.truncation.truncate`."""
    given = temperature, tf.cast(top_k, tf.int64), top_p, generator.blocked_tokens
    return lambda hidden, uniforms: draw_truncated(
        generator.logits(hidden), uniforms, *given, generator.layout.ids
    )
