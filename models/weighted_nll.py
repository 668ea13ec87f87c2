"""Cross-entropy over a vocabulary in blocks of tokens: the logits of a batch never exist as a whole.

The weight of each token is known before its loss. So a block's gradient is computed along with its value,
from the same logits, while they are in cache. Cut Cross-Entropy (Wijmans et al., 2025) avoids the same
matrix by computing it again in the backward pass.
"""

import tensorflow as tf

from models.checks import check_arrays, check_ids
from models.generator import Generator

# A compiled loop takes longer than the same blocks one after the other, whose number is bounded by the
# time that they take to compile.
MOST_UNROLLED = 8


def weighted_nll(
    generator: Generator, hidden: tf.Tensor, tokens: tf.Tensor, weights: tf.Tensor
) -> tf.Tensor:
    """Sum over all tokens of weight times -log G(y_t | Y_{1:t-1}), nats.

    Equal to `reduce_sum(weights * token_nll(generator.logits(hidden), tokens))` up to rounding, as are
    its gradients by the hidden states and the weights of the output layer.

    Args:
        generator: the policy, whose output layer is read.
        hidden: float `[B, T, H]`, see `Generator.hidden`.
        tokens: int `[B, T]`.
        weights: float `[B, T]`, 0 for a token that does not count; no gradient flows into them.

    Returns:
        float32 scalar.
    """
    hidden, tokens, weights = check_arrays(
        hidden=(hidden, f"float [B, T, {generator.hidden_dim}]"),
        tokens=(tokens, "int [B, T]"),
        weights=(weights, "float [B, T]"),
    )
    check_ids(tokens, generator.vocab_size, "tokens")
    flat = tf.reshape(tokens, [-1]), tf.stop_gradient(tf.reshape(weights, [-1]))
    rows = generator.layout.loss_rows(generator.vocab_size)

    @tf.custom_gradient
    def summed(inputs, table):
        loss, *gradients = _by_blocks(inputs, table, *flat, rows)
        return loss, lambda upstream: [upstream * gradient for gradient in gradients]

    inputs = tf.reshape(hidden, [-1, generator.hidden_dim])
    ones = tf.ones([tf.shape(inputs)[0], 1])  # the biases are one more row of the kernel
    biases = generator.head.bias + generator.blocked_logits()
    table = tf.concat([generator.head.kernel, biases[None]], axis=0)
    return summed(tf.concat([inputs, ones], axis=1), table)


def _by_blocks(inputs, table, tokens, weights, rows):
    """The loss and its gradients by `inputs`, `[M, H + 1]`, and `table`, `[H + 1, V]`."""
    num = inputs.shape[0] or tf.shape(inputs)[0]
    blocks = -(-num // rows)
    per_block = -(-num // blocks)
    missing = blocks * per_block - num  # rows of weight 0, so that all blocks are equal

    def cut(values):
        zeros = tf.zeros([missing, *values.shape[1:]], values.dtype)
        return tf.reshape(tf.concat([values, zeros], 0), [blocks, per_block, *values.shape[1:]])

    cuts = cut(inputs), cut(tokens), cut(weights)
    if isinstance(blocks, int) and blocks <= MOST_UNROLLED:
        losses, of_inputs, of_table = zip(
            *(_one_block(table, *(each[block] for each in cuts)) for block in range(blocks)),
            strict=True,
        )
        return tf.add_n(losses), tf.concat(of_inputs, axis=0)[:num], tf.add_n(of_table)

    def one_block(block, loss, of_inputs, of_table):
        more, of_block, of_shared = _one_block(table, *(each[block] for each in cuts))
        return block + 1, loss + more, of_inputs.write(block, of_block), of_table + of_shared

    written = tf.TensorArray(tf.float32, size=blocks, element_shape=[None, inputs.shape[1]])
    _, loss, of_inputs, of_table = tf.while_loop(
        lambda block, *_: block < blocks,
        one_block,
        (tf.constant(0), tf.zeros([]), written, tf.zeros_like(table)),
    )
    return loss, of_inputs.concat()[:num], of_table


def _one_block(table, inputs, tokens, weights):
    """The same for one block, whose logits are here."""
    logits = inputs @ table
    largest = tf.reduce_max(logits, axis=1, keepdims=True)
    exponentials = tf.exp(logits - largest)
    sums = tf.reduce_sum(exponentials, axis=1, keepdims=True)
    chosen = tf.gather(logits, tokens, batch_dims=1)
    loss = tf.reduce_sum(weights * (tf.squeeze(largest + tf.math.log(sums), 1) - chosen))
    weights = weights[:, None]
    of_logits = exponentials * (weights / sums) - tf.one_hot(tokens, table.shape[1]) * weights
    return (
        loss,
        tf.matmul(of_logits, table, transpose_b=True),
        tf.matmul(inputs, of_logits, transpose_a=True),
    )
