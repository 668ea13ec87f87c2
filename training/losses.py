"""Losses as pure functions. Shapes: B batch, T length, V vocabulary. Log-probabilities in nats.

The updates compute those of the generator by `models.weighted_nll`, without the logits of a whole batch,
with the weights of the tokens that are here.
"""

import tensorflow as tf

from models.checks import check_arrays, check_ids

BASELINES = ("none", "batch", "position", "leave-one-out")


def mle_loss(logits: tf.Tensor, tokens: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Maximum likelihood: mean nats per token.

    Args:
        logits: `[B, T, V]`.
        tokens: int `[B, T]`.
        mask: `[B, T]`, 1 for a token that counts and 0 for padding; None: all count.

    Returns:
        scalar.
    """
    logits, tokens, mask = _checked(logits, tokens, mask)
    return tf.reduce_sum(mle_weights(mask) * token_nll(logits, tokens))


def mle_weights(mask: tf.Tensor) -> tf.Tensor:
    """What the loss of each token counts in that of maximum likelihood: `[B, T]`, sum 1 or 0."""
    mask = tf.cast(mask, tf.float32)
    return tf.math.divide_no_nan(mask, tf.reduce_sum(mask))


def policy_gradient_loss(
    logits: tf.Tensor, tokens: tf.Tensor, rewards: tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    """REINFORCE: the loss whose negative gradient estimates Eq. (8) of Yu et al. (2017).

    Args:
        logits: `[B, T, V]` of the policy for its own tokens.
        tokens: int `[B, T]`, drawn from the policy.
        rewards: float `[B, T]`, the action values Q(Y_{1:t-1}, y_t); no gradient flows into them.
        mask: `[B, T]`, 1 for a token that counts and 0 for padding; None: all count.

    Returns:
        scalar, mean over tokens of Q times -log-probability, in nats.
    """
    given = {"rewards": (rewards, "float [B, T]")}
    logits, tokens, mask, rewards = _checked(logits, tokens, mask, **given)
    return tf.reduce_sum(policy_gradient_weights(rewards, mask) * token_nll(logits, tokens))


def policy_gradient_weights(rewards: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """What the loss of each token counts in `policy_gradient_loss`: `[B, T]`, no gradient flows through."""
    return tf.stop_gradient(tf.cast(rewards, tf.float32)) * mle_weights(mask)


def _checked(logits, tokens, mask, **others) -> tuple[tf.Tensor, ...]:
    """The arguments of a loss as tensors; the mask is 1 everywhere where none is given."""
    given = {"logits": (logits, "float [B, T, V]"), "tokens": (tokens, "int [B, T]"), **others}
    if mask is not None:
        given["mask"] = (mask, "number [B, T]")
    logits, tokens, *rest = check_arrays(**given)
    check_ids(tokens, logits.shape[-1], "tokens")
    mask = tf.ones_like(tokens) if mask is None else rest.pop()
    return logits, tokens, mask, *rest


def token_nll(logits: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """-log G(y_t | Y_{1:t-1}): logits `[B, T, V]`, tokens int `[B, T]` -> float32 `[B, T]`, nats."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(tokens, tf.int32), logits)


def token_divergence(target_logits: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """KL(target, policy) of next-token distributions from their logits, in nats; 0 for equal logits.

    Args:
        target_logits: `[..., V]`, of the policy to follow; no gradient flows into them.
        logits: `[..., V]`, of the policy that follows.

    Returns:
        `[...]`.
    """
    target_logits, logits = check_arrays(
        target_logits=(target_logits, "float [..., V]"), logits=(logits, "float [..., V]")
    )
    target = tf.stop_gradient(tf.nn.log_softmax(target_logits))
    return tf.reduce_sum(tf.exp(target) * (target - tf.nn.log_softmax(logits)), axis=-1)


def subtract_baseline(rewards: tf.Tensor, mask: tf.Tensor, baseline: str = "none") -> tf.Tensor:
    """Rewards less a baseline that does not depend on the tokens of a position, float32 `[B, T]`.

    Args:
        rewards: float `[B, T]`.
        mask: float `[B, T]`, 1 for a token that counts.
        baseline: `"none"` (the paper), `"batch"` (the mean over all tokens), `"position"` (the mean
            over the sequences of the batch at each position) or `"leave-one-out"` (the mean over all
            tokens of the other sequences: RLOO where a sequence has one reward, unlike `"batch"` not
            biased by the sequence's own; 0 where there is no other).
    """
    if baseline not in BASELINES:
        raise ValueError(
            f"`baseline` is {baseline!r}, expected one of {', '.join(BASELINES)}; none is the paper's."
        )
    if baseline == "none":
        return rewards
    if baseline == "leave-one-out":
        own, counts = (
            tf.reduce_sum(each, axis=1, keepdims=True) for each in (rewards * mask, mask)
        )
        others, other_counts = (tf.reduce_sum(each) - each for each in (own, counts))
        return rewards - tf.math.divide_no_nan(others, other_counts)
    axes = [0, 1] if baseline == "batch" else [0]
    total = tf.reduce_sum(rewards * mask, axes, keepdims=True)
    return rewards - tf.math.divide_no_nan(total, tf.reduce_sum(mask, axes, keepdims=True))


def discriminator_loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of Eq. (5): logits of *real* `[B]`, labels `[B]` (1 real, 0 generated) -> scalar."""
    logits, labels = check_arrays(logits=(logits, "float [B]"), labels=(labels, "number [B]"))
    return tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, logits.dtype), logits)
    )
