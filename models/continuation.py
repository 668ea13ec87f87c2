"""Sequences that go on from given first tokens, drawn from the policy's conditional distribution."""

import tensorflow as tf

from models.chunks import map_chunks
from models.generator import Generator
from models.truncation import draw_truncated


def continue_prefixes(
    generator: Generator,
    prefixes: tf.Tensor,
    lengths: tf.Tensor,
    uniforms: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor,
    top_p: tf.Tensor,
) -> tf.Tensor:
    """Whole sequences, int32 `[M, T]`, each drawn given its own first tokens.

    The policy writes from left to right, so a draw of each later token given those before it is a
    draw from the exact conditional distribution of whole sequences. Call it inside a `tf.function`.

    Args:
        generator: the policy.
        prefixes: int32 `[M, T]`; what follows a row's prefix is not read.
        lengths: int32 `[M]`, tokens of each prefix, from 0 to T.
        uniforms: float32 `[M, T]` in `[0, 1)`, one for each token, given or drawn.
        temperature: divides the logits.
        top_k: see `models.truncation.truncate`.
        top_p: see `models.truncation.truncate`.
    """
    draw, length = generator.token_draw(), generator.max_length
    layout = generator.layout
    truncated = (top_k > 0) | (top_p < 1)

    def next_token(hidden, uniforms):
        return tf.cond(
            truncated,
            lambda: tf.cast(
                draw_truncated(
                    generator.logits(hidden),
                    uniforms,
                    temperature,
                    top_k,
                    top_p,
                    generator.blocked_tokens,
                ),
                layout.ids,
            ),
            lambda: draw(hidden, uniforms, temperature),
        )

    def write(prefixes, lengths, uniforms):
        rows = tf.shape(lengths)[0]

        def write_token(t, token, ended, states, written):
            hidden, states = generator.step(token, states)
            token = next_token(hidden, uniforms[:, t])
            token, ended = generator.end(tf.where(t < lengths, prefixes[:, t], token), ended)
            return t + 1, token, ended, states, written.write(t, token)

        start = (
            tf.constant(0),
            generator.start_tokens(rows),
            tf.fill([rows], False),
            generator.initial_states(rows),
            tf.TensorArray(layout.ids, length, element_shape=[None]),
        )
        *_, written = tf.while_loop(lambda t, *_: t < length, write_token, start)
        return tf.ensure_shape(tf.transpose(written.stack()), [None, length])

    rows = -(-tf.shape(lengths)[0] // layout.chunks_at_once)  # as in `sample`
    rows = tf.minimum(layout.logit_rows(generator.vocab_size), rows)
    sequences = tf.TensorSpec([None, length], layout.ids)
    given = (tf.cast(prefixes, layout.ids), lengths, uniforms)
    return tf.cast(map_chunks(write, given, rows, sequences, layout.chunks_at_once), tf.int32)
