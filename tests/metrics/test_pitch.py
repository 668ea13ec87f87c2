"""Pitch errors and histograms against numbers counted by hand and loops that read them literally."""

import numpy as np
import pytest

from metrics.pitch import PairedMSE, histogram_mse, interval_histogram_mse, paired_mse


def slow_pair(sample, reference):
    both = [(s, r) for s, r in zip(sample, reference, strict=True) if s and r]
    return sum((s - r) ** 2 for s, r in both) / len(both)


def sequences(seed, number, steps=8, padded=False):
    random = np.random.default_rng(seed)
    keys = random.integers(1, 89, [number, steps])
    if padded:
        lengths = random.integers(1, steps + 1, number)
        keys[np.arange(steps) >= lengths[:, None]] = 0
    return keys


# Squared error of pairs.


def test_paired_mse_by_hand():
    # One reference: nothing to draw and nothing to choose. (1 + 4) / 2 and (9 + 0) / 2.
    assert paired_mse([[41, 42], [43, 40]], [[40, 40]], 0) == PairedMSE(3.5, 3.5)


def test_nearest_is_the_closest_of_all_references():
    references = [[40, 40], [50, 50], [60, 60]]
    # 41, 44 is 8.5 from the first; 55, 57 is 17 from the third; 50, 50 is the second.
    result = paired_mse([[41, 44], [55, 57], [50, 50]], references, 0)
    assert result.nearest == pytest.approx((8.5 + 17 + 0) / 3, abs=1e-12)


def test_padding_is_left_out():
    # Of the first pair one step counts, of the second two: each pair has the same weight.
    assert paired_mse([[42, 0, 0], [44, 40, 0]], [[40, 40, 40]], 0).random == (4 + 8) / 2
    assert paired_mse([[40, 40, 40]], [[42, 0, 0]], 0) == PairedMSE(4, 4)


@pytest.mark.parametrize("padded", [False, True])
def test_paired_mse_equals_a_loop(padded):
    samples, references = sequences(1, 30, padded=padded), sequences(2, 7, padded=padded)
    errors = np.array([[slow_pair(s, r) for r in references] for s in samples])
    result = paired_mse(samples, references, 5)
    drawn = np.random.default_rng(5).integers(0, 7, 30)
    assert result.nearest == pytest.approx(errors.min(axis=1).mean(), rel=1e-12)
    assert result.random == pytest.approx(errors[np.arange(30), drawn].mean(), rel=1e-12)


def test_the_pairing_is_drawn_by_its_seed():
    samples, references = sequences(1, 50), sequences(2, 40)
    first = paired_mse(samples, references, (3, 1))
    assert paired_mse(samples, references, (3, 1)) == first
    other = paired_mse(samples, references, (3, 2))
    assert other.random != first.random and other.nearest == first.nearest


def test_random_pairs_average_to_that_of_all_pairs():
    samples, references = sequences(1, 20), sequences(2, 5)
    all_pairs = np.mean([slow_pair(s, r) for s in samples for r in references])
    mean = np.mean([paired_mse(samples, references, seed).random for seed in range(400)])
    assert mean == pytest.approx(all_pairs, rel=0.02)


def test_copies_have_a_nearest_error_of_zero():
    references = sequences(1, 40)
    result = paired_mse(references[::-1], references, 0)
    assert result.nearest == 0 and result.random > 100


def test_chunks_change_nothing(monkeypatch):
    samples, references = sequences(1, 23), sequences(2, 5)
    whole = paired_mse(samples, references, 0)
    for pairs in (1, 10, 24):
        monkeypatch.setattr("metrics.pitch._CHUNK", pairs)
        assert paired_mse(samples, references, 0) == whole


def test_small_integer_types_do_not_overflow():
    samples, references = np.array([[88, 1]], np.uint8), np.array([[1, 88]], np.int8)
    assert paired_mse(samples, references, 0) == PairedMSE(87**2, 87**2)
    assert interval_histogram_mse(np.array([[88, 1]], np.uint8), [[1, 88]]) > 0


# Histograms.


def test_histogram_mse_by_hand():
    # 75 and 25 percent of keys 40 and 42, against 50 and 50: two differences of 25.
    assert histogram_mse([[40, 40], [40, 42]], [[40, 42]]) == pytest.approx(2 * 625 / 88)
    # All of one key against all of another.
    assert histogram_mse([[1]], [[88, 88, 88]]) == pytest.approx(2 * 100**2 / 88)


def test_histogram_mse_leaves_padding_out():
    assert histogram_mse([[40, 0, 0], [42, 0, 0]], [[40, 42], [42, 40]]) == 0


def test_interval_histogram_mse_by_hand():
    # Steps +2, -2 against +2, +2: half of two of the 49 intervals.
    assert interval_histogram_mse([[40, 42, 40]], [[40, 42, 44]]) == pytest.approx(2 * 50**2 / 49)
    # Not the keys count but what lies between.
    assert interval_histogram_mse([[40, 42, 40]], [[50, 52, 50], [1, 3, 1]]) == 0


def test_wide_intervals_count_as_two_octaves():
    assert interval_histogram_mse([[1, 88, 1]], [[30, 54, 30]]) == 0
    assert interval_histogram_mse([[30, 53, 30]], [[30, 54, 30]]) == pytest.approx(4 * 50**2 / 49)


def test_there_is_no_interval_to_or_from_padding():
    assert interval_histogram_mse([[40, 42, 0, 0]], [[40, 42, 44, 46]]) == 0
    assert interval_histogram_mse([[0, 40, 42]], [[40, 42, 44, 46]]) == 0
    # Nor from the end of one sequence to the beginning of the next.
    assert interval_histogram_mse([[40, 42], [80, 82]], [[40, 42, 44]]) == 0


def test_histograms_are_symmetric_and_zero_for_the_same():
    samples, references = sequences(1, 9), sequences(2, 14, steps=5)
    for measure in (histogram_mse, interval_histogram_mse):
        assert measure(samples, references) == measure(references, samples) > 0
        assert measure(samples, samples[::-1]) == 0


# Errors of use.


MEASURES = {
    "paired": lambda samples, references: paired_mse(samples, references, 0),
    "keys": histogram_mse,
    "intervals": interval_histogram_mse,
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
@pytest.mark.parametrize(
    "bad, said",
    [
        ([40, 41], "have shape"),
        ([[40.0, 41.0]], "dtype float64"),
        (np.zeros([0, 2], int), "hold no key"),
        ([[0, 0]], "hold no key"),
        ([[40, 89]], "ids from 40 to 89"),
        ([[-1, 40]], "ids from -1 to 40"),
        ([[40], [40, 41]], "are not rows of equal length"),
        ("keys", "have shape"),
        ([["a"]], "dtype <U1"),
        ([[True]], "dtype bool"),
    ],
)
def test_other_input_is_named(measure, bad, said):
    good = [[40, 41]]
    for name, arguments in [("samples", (bad, good)), ("references", (good, bad))]:
        with pytest.raises(ValueError, match=f"^`{name}` .*{said}.*expected") as caught:
            measure(*arguments)
        assert "\n" not in str(caught.value)


def test_unequal_lengths_cannot_be_paired():
    with pytest.raises(ValueError, match="have 2 and 3 steps"):
        paired_mse([[40, 41]], [[40, 41, 42]], 0)


def test_padding_before_the_keys_cannot_be_paired():
    for samples, references in [([[0, 40]], [[40, 41]]), ([[40, 41]], [[0, 40]])]:
        with pytest.raises(ValueError, match="starts with padding"):
            paired_mse(samples, references, 0)


def test_single_keys_have_no_interval():
    with pytest.raises(ValueError, match="`references` hold no two keys in a row"):
        interval_histogram_mse([[40, 41]], [[40, 0], [41, 0]])
