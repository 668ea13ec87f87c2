"""Options: every field of the settings has help and a group, every number has bounds."""

import dataclasses
import math
from typing import get_args, get_type_hints

import keras
import numpy as np
import pytest
import tensorflow as tf

from data.vocabulary import RESERVED, Vocabulary
from files.errors import DataError, UsageError
from metrics.diversity import self_bleu
from training.bounds import MEASURED_SEQUENCES, SEED
from training.flags import parse
from training.options import Bounds, check_bounds, flag, options_of
from training.presets import ALL_PRESETS, ORACLE_PRESETS, TEXT_PRESETS
from training.settings import GROUPS, Settings
from training.task_settings import VOCABULARY

KINDS = {type(presets["quick"]): presets for presets in ALL_PRESETS}


def numeric_type(hint):
    """int or float, the type of the field's numbers; None where it has none."""
    parts = {hint, *get_args(hint)} - {type(None), Ellipsis}
    return next((kind for kind in (int, float) if kind in parts), None)


# Each numeric field once, with a kind that has it: fields of all tasks share their option.
NUMBERS = {
    id(meant): (kind, name)
    for kind in KINDS
    for name, meant in options_of(kind).items()
    if numeric_type(get_type_hints(kind)[name])
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_is_and_where_it_belongs(kind):
    options = options_of(kind)
    assert list(options) == [field.name for field in dataclasses.fields(kind)]
    for name, meant in options.items():
        assert meant.group in GROUPS, name
        assert meant.help.endswith(".") and meant.help.isascii(), name  # any terminal can show it


@pytest.mark.parametrize(
    "kind, name", NUMBERS.values(), ids=lambda value: getattr(value, "__name__", value)
)
def test_every_number_has_a_lower_and_an_upper_bound(kind, name):
    presets, number = KINDS[kind], numeric_type(get_type_hints(kind)[name])
    bounds = options_of(kind)[name].bounds
    assert bounds is not None and math.isfinite(bounds.least) and math.isfinite(bounds.most)
    if number is int:
        outside = [bounds.least - 1, bounds.most + 1, -(10**30), 10**30]
    else:
        below = bounds.least if bounds.above else math.nextafter(bounds.least, -math.inf)
        outside = [below, math.nextafter(bounds.most, math.inf), math.inf, -math.inf, math.nan]
    for value in outside:
        with pytest.raises(
            UsageError, match=rf"^{flag(name)} (is|has) .*, expected (a number|numbers) "
        ) as error:
            parse(presets, [f"{flag(name)}={value}"])
        assert str(bounds) in str(error.value)
    for value in (
        number(bounds.most),
        number(math.nextafter(bounds.least, 1) if bounds.above else bounds.least),
    ):
        many = isinstance(getattr(presets["quick"], name), tuple)
        check_bounds(dataclasses.replace(presets["quick"], **{name: (value,) if many else value}))


def test_none_is_within_the_bounds_of_a_number_that_may_be_left_out():
    assert parse(ORACLE_PRESETS, ["--g-learning-rate-final", "None"]).g_learning_rate_final is None
    assert parse(TEXT_PRESETS, ["--max-vocab", "None"]).max_vocab is None


@pytest.mark.parametrize(
    "bounds, inside, outside, words",
    [
        (Bounds(0, 1), (0, 0.5, 1), (-0.1, 1.1, math.nan), "from 0 to 1"),
        (Bounds(0, 1, above=True), (1e-9, 1), (0, 1.1, math.nan), "above 0 and at most 1"),
    ],
)
def test_bounds_by_hand(bounds, inside, outside, words):
    assert all(value in bounds for value in inside)
    assert not any(value in bounds for value in outside)
    assert str(bounds) == words


def test_the_largest_seed_is_the_last_that_keras_takes():
    keras.utils.set_random_seed(SEED.most)
    with pytest.raises(ValueError):
        keras.utils.set_random_seed(SEED.most + 1)


@pytest.mark.parametrize("end", ["least", "most"])
def test_a_gradient_of_zero_stays_zero_at_the_ends_of_the_clip_norm(end):
    clip_norm = getattr(options_of(Settings)["clip_norm"].bounds, end)
    clipped, _ = tf.clip_by_global_norm([tf.zeros([3])], clip_norm)
    np.testing.assert_array_equal(clipped[0], np.zeros(3))


def test_the_fewest_measured_sequences_are_the_fewest_of_self_bleu():
    rows = np.arange(12).reshape(4, 3)
    self_bleu(rows[: MEASURED_SEQUENCES.least])
    with pytest.raises(ValueError, match="expected at least 2"):
        self_bleu(rows[: MEASURED_SEQUENCES.least - 1])


def test_the_smallest_vocabulary_is_the_smallest_that_can_be_made():
    counts = {"a": 3, "b": 2, "c": 1}
    assert VOCABULARY.least == len(RESERVED) + 2
    assert Vocabulary.from_counts(counts, max_size=VOCABULARY.least).size == VOCABULARY.least
    with pytest.raises(DataError):
        Vocabulary.from_counts(counts, max_size=VOCABULARY.least - 1)


@pytest.mark.parametrize("seed, fits", [(0, True), (2**32 - 1, True), (2**32, False)])
def test_the_oracle_has_a_largest_seed(seed, fits):
    given = ["--oracle", f"seed:{seed}"]
    if fits:
        assert parse(ORACLE_PRESETS, given).oracle == f"seed:{seed}"
        return
    with pytest.raises(UsageError, match=r"expected published or seed:N, .* from 0 to 4294967295"):
        parse(ORACLE_PRESETS, given)


def test_digits_of_other_scripts_are_no_seed_of_an_oracle():
    with pytest.raises(UsageError, match="--oracle"):
        parse(ORACLE_PRESETS, ["--oracle", "seed:\uff11"])


def test_paths_whose_content_counts():
    names = {
        kind.__name__: tuple(k for k, meant in options_of(kind).items() if meant.by_content)
        for kind in KINDS
    }
    assert names.pop("OracleSettings") == ("pretrained", "oracle_file")
    assert set(names.values()) == {("pretrained", "corpus")} and len(names) == 4
