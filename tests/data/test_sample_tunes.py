"""The tunes written for this project."""

import numpy as np
import pytest

from data.samples.tunes import TUNES

SCALES = {
    "major": {0, 2, 4, 5, 7, 9, 11},
    "mixolydian": {0, 2, 4, 5, 7, 9, 10},
    "dorian": {0, 2, 3, 5, 7, 9, 10},
    "minor": {0, 2, 3, 5, 7, 8, 10, 11},  # with the leading note
}
TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@pytest.mark.parametrize("tune", TUNES, ids=lambda tune: tune.title)
def test_a_sample_tune_is_sound_music(tune):
    pitches = np.array(tune.pitches())
    tonic = TONICS[tune.tonic]
    assert all(len(bar) == tune.bar for bar in tune.bars())
    assert len(tune.bars()) % 4 == 0
    assert len(pitches) >= 64
    assert {(pitch - tonic) % 12 for pitch in pitches.tolist()} <= SCALES[tune.mode]
    assert pitches[-1] % 12 == tonic
    assert pitches.min() >= 55 and pitches.max() <= 84
    assert np.abs(np.diff(pitches)).max() <= 12
    assert len(set(pitches.tolist())) >= 6
    beats = {"3/4": (3, 6), "4/4": (4, 8), "6/8": (6,)}[tune.metre]
    assert tune.bar in beats


def test_the_sample_tunes_differ():
    assert len(TUNES) == len({tune.title for tune in TUNES}) == 24
    kinds = {(tune.mode, tune.metre) for tune in TUNES}
    assert len(kinds) == 12
    starts = {tuple(np.diff(tune.pitches()[:16])) for tune in TUNES}
    assert len(starts) == 24


def test_a_sample_tune_by_hand():
    tune = TUNES[0]
    assert (tune.title, tune.tonic, tune.mode) == ("The Lantern Walk", "D", "major")
    # D F A F | G B A2, in D major with F sharp
    assert tune.bars()[:2] == [[62, 66, 69, 66], [67, 71, 69, 69]]
    flat = next(tune for tune in TUNES if tune.title == "The Ferryman's Coat")
    # GBd g2d in G minor with B flat
    assert flat.bars()[0] == [67, 70, 74, 79, 79, 74]
    assert flat.bars()[-1] == [72, 69, 66, 67, 67, 67]


def test_a_tune_written_wrong_is_an_error():
    wrong = type(TUNES[0])("Wrong", "D", "major", "4/4", 4, "D F H A |")
    with pytest.raises(ValueError, match=r"Wrong: 'H A \|' is not in the notation"):
        wrong.pitches()
