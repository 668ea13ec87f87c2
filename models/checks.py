"""Checks of arguments: errors say what was given, what was expected, and how to fix it.

All of them check shapes and dtypes, which a `tf.function` knows when it is traced; they check values
only in eager mode.
"""

import re

import keras
import numpy as np
import tensorflow as tf

from models.limits import MAX_TEMPERATURE


def check_positive(**values) -> None:
    """Raises `ValueError` for the first value that is not above zero."""
    for name, value in values.items():
        if tf.is_symbolic_tensor(value):
            continue
        if not np.all(_numbers(name, value) > 0):
            raise ValueError(f"`{name}` is {value}, expected a number above 0; give a larger one.")


def check_not_negative(**values) -> None:
    """Raises `ValueError` for the first value that is below zero or not a number."""
    for name, value in values.items():
        if tf.is_symbolic_tensor(value):
            continue
        if not np.all(_numbers(name, value) >= 0):
            raise ValueError(
                f"`{name}` is {value}, expected a number of at least 0; give 0 or more."
            )


def _numbers(name: str, value) -> np.ndarray:
    numbers = np.asarray(value)
    if not np.issubdtype(numbers.dtype, np.number):
        raise ValueError(f"`{name}` is {value!r:.60}, expected a number; give one, as 1.0.")
    return numbers


def check_at_most(most: float, **values) -> None:
    """Raises `ValueError` for the first value that is above `most`."""
    for name, value in values.items():
        if not tf.is_symbolic_tensor(value) and np.any(np.asarray(value) > most):
            raise ValueError(f"`{name}` is {value}, expected at most {most:g}; give a smaller one.")


def check_temperature(temperature) -> None:
    """Raises `ValueError` for what cannot divide logits: see `models.limits`."""
    check_positive(temperature=temperature)
    check_at_most(MAX_TEMPERATURE, temperature=temperature)


def check_counts(**values) -> None:
    """Raises `ValueError` for the first value that is not a whole number above zero."""
    for name, value in values.items():
        if tf.is_symbolic_tensor(value):
            continue
        count = np.asarray(value)
        whole = count.ndim == 0 and np.issubdtype(count.dtype, np.integer)
        if not whole or count < 1:
            raise ValueError(
                f"`{name}` is {value!r:.60}, expected a whole number above 0; give 1 or more."
            )


def counts(**values) -> list[int]:
    """`check_counts`, and the values as Python's numbers, which Keras's layers and JSON take."""
    check_counts(**values)
    return [int(value) for value in values.values()]


def check_float32(model: keras.Model) -> None:
    """Raises `ValueError` where a model, or layers made now, would compute in another precision."""
    for name in (model.dtype_policy.name, keras.config.dtype_policy().name):
        if name != "float32":
            raise ValueError(
                f"the dtype policy is {name}, expected float32 for a generator; call "
                "keras.config.set_dtype_policy('float32') first, and give no `dtype`."
            )


def check_rate(**values) -> None:
    """Raises `ValueError` for the first value that is not a dropout rate."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"`{name}` is {value}, expected a share in [0, 1); 0 drops none.")


def check_seed(seed) -> tf.Tensor:
    """Returns `seed` as an int32 pair, or raises `ValueError`."""
    pair = _tensor("seed", seed, "int [2]")
    if not pair.dtype.is_integer or not pair.shape.is_compatible_with([2]):
        raise ValueError(
            f"`seed` has shape {pair.shape} and dtype {pair.dtype.name}, expected a pair of whole "
            "numbers; give two, as (1, 0)."
        )
    return tf.cast(pair, tf.int32)


def numpy_random(seed) -> np.random.Generator:
    """NumPy's generator for a seed, an int32 pair: for draws that TensorFlow does not make."""
    return np.random.default_rng(check_seed(seed).numpy().view(np.uint32))


def check_tokens(tokens, vocab_size: int, max_length: int, name: str = "tokens") -> tf.Tensor:
    """Returns `tokens` as an int32 tensor `[M, T]`, or raises `ValueError`.

    Ids are checked where their values are known, which is outside a `tf.function`. An error calls
    the tokens by `name`.
    """
    tokens = _tensor(name, tokens, f"integer ids [M, {max_length}]")
    if not tokens.dtype.is_integer:
        raise ValueError(
            f"`{name}` have dtype {tokens.dtype.name}, expected integer token ids; give the ids, "
            "not their tokens or probabilities."
        )
    if not tokens.shape.is_compatible_with([None, max_length]):
        raise ValueError(
            f"`{name}` have shape {tokens.shape}, expected [M, {max_length}]: one row a sequence; "
            "put a single sequence in a list, and cut or pad longer and shorter ones."
        )
    if tokens.shape[0] == 0:
        raise ValueError(f"`{name}` hold no sequence, expected at least one; give some.")
    check_ids(tokens, vocab_size, name)
    return tf.cast(tokens, tf.int32)


def check_ids(ids: tf.Tensor, vocab_size: int, name: str) -> None:
    """Raises `ValueError` for an id outside `[0, vocab_size)`, where values are known."""
    if tf.is_symbolic_tensor(ids):
        return
    values = np.asarray(ids)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= vocab_size:
        raise ValueError(
            f"`{name}` hold ids from {low} to {high}, expected ids in [0, {vocab_size}); give those "
            "of the same vocabulary."
        )


def check_special_tokens(
    vocab_size: int,
    start_token: int,
    end_token: int | None,
    pad_token: int,
    blocked_tokens: tuple[int, ...],
) -> None:
    """Raises `ValueError` for special ids of a policy that are out of range or block every token."""
    ids = {"start_token": start_token, "pad_token": pad_token, "end_token": end_token or 0}
    ids |= {f"blocked_tokens[{k}]": token for k, token in enumerate(blocked_tokens)}
    for name, token in ids.items():
        if not 0 <= token < vocab_size:
            raise ValueError(f"`{name}` is {token}, expected an id in [0, {vocab_size}).")
    blocked = tuple(sorted(set(blocked_tokens)))
    if end_token in blocked or len(blocked) == vocab_size:
        raise ValueError(
            f"`blocked_tokens` are {blocked}, expected to leave the end token "
            f"({end_token}) and at least one other of {vocab_size} ids to write."
        )
    if end_token is not None and pad_token not in blocked:
        raise ValueError(
            f"`pad_token` {pad_token} must be among `blocked_tokens` {blocked} where "
            "sequences end early: else padding would count as text."
        )


def check_same_tokens(**policies) -> None:
    """Raises `ValueError` where the first of two policies has other tokens or lengths than the second."""
    (name, policy), (other, expected) = policies.items()
    fields = ("vocab_size", "max_length", "start_token", "end_token", "pad_token", "blocked_tokens")
    for field in fields:
        given, wanted = getattr(policy, field), getattr(expected, field)
        if given != wanted:
            raise ValueError(
                f"`{name}` has {field} {given}, expected {wanted} as `{other}`; make it with that."
            )


def check_same_data(generator, **judges) -> None:
    """Raises `ValueError` for what judges sequences of another size or of another vocabulary than the generator's."""
    for name, judge in judges.items():
        for size in ("vocab_size", "max_length"):
            expected, given = getattr(generator, size), getattr(judge, size)
            if given != expected:
                raise ValueError(
                    f"`{name}` has the {size} {given}, expected that of the generator, {expected}; "
                    "make both for the same data."
                )


def check_chosen(chosen: np.ndarray, tokens: tf.Tensor) -> np.ndarray:
    """Which prefixes of int `[B, T]` are chosen, bool `[B, T]`, or `ValueError`."""
    chosen = np.asarray(chosen)
    if chosen.dtype != bool or chosen.shape != tuple(tokens.shape) or chosen[:, -1].any():
        raise ValueError(
            f"`chosen` has dtype {chosen.dtype} and shape {chosen.shape}, expected bool "
            f"{tuple(tokens.shape)} with a last column of False: a whole sequence is not completed; "
            "give an entry for each token."
        )
    return chosen


def check_arrays(**arrays) -> tuple[tf.Tensor, ...]:
    """Returns arrays as tensors, or raises `ValueError` for one of another kind or shape.

    Each is given with what it should be: `tokens=(tokens, "int [B, T]")`. `float` and `int` admit
    every width, and `number` both. A letter is one size of at least 1, the same in all of them; a
    number is that size; a form that begins with `...` admits more axes before those named.
    """
    sizes: dict[str, int] = {}
    tensors = []
    for name, (value, expected) in arrays.items():
        tensor = _tensor(name, value, expected)
        tensors.append(tensor)
        _check_kind(name, tensor, expected)
        letters, shape = re.findall(r"\w+", expected.split("[")[1]), tensor.shape
        if "..." in expected and shape.rank is not None and shape.rank > len(letters):
            shape = shape[-len(letters) :]
        wanted = [int(x) if x.isdecimal() else sizes.get(x) for x in letters]
        if not shape.is_compatible_with(wanted):
            known = [f"{x} = {sizes[x]}" for x in letters if x in sizes]
            given = f" with {', '.join(known)}" if known else ""
            fix = "cut, pad or transpose it" if shape.rank == len(letters) else "add or merge axes"
            raise ValueError(
                f"`{name}` has shape {tensor.shape}, expected {len(letters)} dimensions, "
                f"{expected}{given}; {fix}."
            )
        if shape.rank is not None:
            sizes |= {x: n for x, n in zip(letters, shape, strict=True) if n is not None}
        if tensor.shape.num_elements() == 0:
            raise ValueError(
                f"`{name}` has shape {tensor.shape}, expected sizes of at least 1; give some."
            )
    return tuple(tensors)


def _check_kind(name: str, tensor: tf.Tensor, expected: str) -> None:
    kind, dtype = expected.split()[0], tensor.dtype
    fits = (dtype.is_integer and kind != "float") or (dtype.is_floating and kind != "int")
    if not fits:
        fix = "give ids" if kind == "int" else "cast it to float32"
        raise ValueError(f"`{name}` has dtype {tensor.dtype.name}, expected {expected}; {fix}.")


def _tensor(name: str, value, expected: str) -> tf.Tensor:
    try:
        return tf.convert_to_tensor(value)
    except (ValueError, TypeError) as error:  # rows of unequal length, None, objects
        raise ValueError(
            f"`{name}` is of type {type(value).__name__}, not an array, expected {expected}; give "
            "an array, or lists of equal length."
        ) from error
