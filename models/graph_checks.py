"""Checks of values inside a graph: what was given, what was expected, how to fix it, in one line."""

import tensorflow as tf

from models.limits import MAX_EXPLORATION, MAX_GUIDANCE, MAX_SIMULATIONS, MAX_TEMPERATURE


def require(condition: tf.Tensor, given: str, value: tf.Tensor, expected: str) -> tf.Operation:
    """An operation that raises `tf.errors.InvalidArgumentError` unless the condition holds.

    Args:
        condition: bool `[]`.
        given: the beginning of the message, such as "`num` is".
        value: follows `given`; of strings, the first.
        expected: what was expected and how to fix it.
    """
    if value.dtype == tf.string:
        first = tf.strings.reduce_join(tf.reshape(value, [-1])[:1])
        message = tf.strings.join([f"{given} ", first, f", expected {expected}."])
    else:
        message = tf.strings.format(f"{given} {{}}, expected {expected}.", value)
    return tf.debugging.Assert(condition, [message])


def check_temperature(temperature) -> tf.Operation:
    """A check of the number that divides the logits."""
    return require(
        (temperature > 0) & (temperature <= MAX_TEMPERATURE),  # false for NaN
        "`temperature` is",
        temperature,
        f"a number above 0 and at most {MAX_TEMPERATURE:g}; 1 draws from what was learned",
    )


def check_draw(temperature, top_k, top_p) -> list[tf.Operation]:
    """Checks of what decides a draw; see `models.endpoints.Endpoints`."""
    return [
        check_temperature(temperature),
        require(
            top_k >= 0, "`top_k` is", top_k, "a whole number of at least 0; 0 draws from all tokens"
        ),
        require(
            (top_p > 0) & (top_p <= 1),
            "`top_p` is",
            top_p,
            "a number above 0 and at most 1; 1 draws from all tokens",
        ),
    ]


def check_candidates(candidates, temperature, discriminator: bool) -> list[tf.Operation]:
    """Checks of what decides the choice among candidates; see `models.endpoints.Endpoints`."""
    return [
        require(
            candidates >= 1, "`candidates` is", candidates, "a whole number of at least 1; give 1"
        ),
        require(
            (candidates <= 1) | discriminator,
            "`candidates` is",
            candidates,
            "1, since this export has no discriminator to choose with; export a run of SeqGAN",
        ),
        require(
            (temperature >= 0) & (temperature <= MAX_TEMPERATURE),  # false for NaN
            "`candidate_temperature` is",
            temperature,
            f"a number from 0 to {MAX_TEMPERATURE:g}; 0 takes the highest logit, 1 resamples",
        ),
    ]


def check_guidance(guidance, can_guide: bool) -> tf.Operation:
    """A check of the weight of the guidance; see `models.endpoints.Endpoints`."""
    expected = f"a number from 0 to {MAX_GUIDANCE:g}; 0 draws without guidance"
    if not can_guide:
        expected = (
            "0, since this export has no critic; export a run with a discriminator of prefixes "
        )
        expected += "or a value network"
    most = MAX_GUIDANCE if can_guide else 0.0
    return require((guidance >= 0) & (guidance <= most), "`guidance` is", guidance, expected)


def check_search(simulations, exploration) -> list[tf.Operation]:
    """Checks of what decides a tree search; see `models.tree_search`."""
    return [
        require(
            (simulations >= 1) & (simulations <= MAX_SIMULATIONS),
            "`simulations` is",
            simulations,
            f"a whole number from 1 to {MAX_SIMULATIONS:,}; give one, such as 16",
        ),
        require(
            (exploration >= 0) & (exploration <= MAX_EXPLORATION),
            "`exploration` is",
            exploration,
            f"a number from 0 to {MAX_EXPLORATION:g}; give one, such as 1",
        ),
    ]


def check_prefixes(
    prefixes: tf.Tensor,
    lengths: tf.Tensor,
    max_length: int,
    vocab_size: int,
    never: list[int],
    shortest: int = 1,
) -> list[tf.Operation]:
    """Checks of prefixes int32 `[M, P]` and their lengths `[M]`, from `shortest` to T - 1.

    They may not hold the ids `never`.
    """
    num_rows, width = tf.unstack(tf.shape(prefixes))
    each = tf.pad(lengths, [[0, num_rows]])[:num_rows]  # or a wrong number would fail here
    ids = tf.boolean_mask(prefixes, tf.sequence_mask(each, width))
    fits = tf.ones_like(ids, tf.bool)
    for token in never:
        fits &= ids != token
    return [
        require(
            (num_rows >= 1) & (tf.shape(lengths)[0] == num_rows),
            "`prefixes` and `lengths` have",
            tf.stack([num_rows, tf.shape(lengths)[0]]),
            "rows, as many of each and at least one; give a length for each prefix",
        ),
        require(
            tf.reduce_all(lengths >= shortest),
            "`lengths` have",
            tf.reduce_min(lengths),
            "at least 1 token in each prefix; draw from nothing with `sample`"
            if shortest
            else "no number below 0; give 0 for sequences from nothing",
        ),
        require(
            tf.reduce_all(lengths < max_length),
            "`lengths` have",
            tf.reduce_max(lengths),
            f"at most {max_length - 1} tokens, one less than a sequence has; give fewer",
        ),
        require(
            tf.reduce_all(lengths <= width),
            "`lengths` and the rows of `prefixes` have",
            tf.stack([tf.reduce_max(lengths), width]),
            "no length above that of the rows; give the tokens, or smaller lengths",
        ),
        *check_ids(ids, vocab_size, "prefixes"),
        require(
            tf.reduce_all(fits),
            "`prefixes` hold the id",
            _one_of(ids, ~fits),
            f"ids that can be followed by others, not {never} (padding, unknown words, end of "
            "a sequence); leave them out",
        ),
    ]


def check_ids(ids: tf.Tensor, vocab_size: int, name: str) -> list[tf.Operation]:
    """Checks that all ids are in `[0, V)`."""
    wrong = (ids < 0) | (ids >= vocab_size)
    return [
        require(
            ~tf.reduce_any(wrong),
            f"`{name}` hold the id",
            _one_of(ids, wrong),
            f"ids in [0, {vocab_size}); give those of its vocabulary",
        )
    ]


def _one_of(ids: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """The largest of the chosen ids, int32 `[]`."""
    return tf.reduce_max(tf.where(chosen, ids, ids.dtype.min))
