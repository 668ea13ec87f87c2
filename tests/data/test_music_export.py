"""Sequences back into MIDI and sound."""

import wave

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import rfft, rfftfreq

from data.music_export import SAMPLE_RATE, piano_roll, write_audio, write_midi
from tests.data.tunes import STEP, assert_round_trip, refusal


@given(st.lists(st.integers(1, 88), min_size=1, max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_sequence_comes_back_from_midi(tmp_path_factory, keys):
    assert_round_trip(keys, tmp_path_factory.mktemp("written"))


@given(st.lists(st.sampled_from([40, 41]), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_repeated_keys_come_back_from_midi(tmp_path_factory, keys):
    assert_round_trip(keys, tmp_path_factory.mktemp("written"))


def test_a_long_sequence_comes_back_from_midi(tmp_path):
    assert_round_trip(np.random.default_rng(0).integers(1, 89, 8000).tolist(), tmp_path)


@given(st.lists(st.integers(1, 88), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_piano_roll_is_that_of_pretty_midi(tmp_path_factory, keys):
    path = tmp_path_factory.mktemp("written") / "written.mid"
    write_midi(keys, path)
    # A frame in the middle of each step, all 128 pitches from the lowest; ours: keys, highest first.
    expected = pretty_midi.PrettyMIDI(str(path)).get_piano_roll(fs=100)[21:109, 20::40][::-1]
    roll = piano_roll(keys)
    assert roll.shape == (88, len(keys)) and roll.dtype == np.float32
    np.testing.assert_array_equal(roll, expected > 0)


def test_what_is_written_is_a_piano_at_150_beats_a_minute(tmp_path):
    path = tmp_path / "written.mid"
    write_midi(np.array([40, 40, 42, 88], np.int32), path)
    midi = pretty_midi.PrettyMIDI(str(path))
    assert midi.get_tempo_changes()[1].tolist() == [150.0]
    (piano,) = midi.instruments
    assert (piano.program, piano.is_drum) == (0, False)
    notes = [(note.pitch, round(note.start, 6), round(note.end, 6)) for note in piano.notes]
    assert notes == [(60, 0.0, 0.8), (62, 0.8, 1.2), (108, 1.2, 1.6)]  # neighbours are held
    assert path.read_bytes()[:4] == b"MThd"


@pytest.mark.parametrize(
    "sequence, part",
    [
        ([], "shape"),
        ([0, 40], "ids from 0 to 40"),
        ([40, 89], "ids from 40 to 89"),
        ([[40]], "shape"),
        ([40.0], "dtype float64"),
        (40, "shape"),
        ([[40], [40, 41]], "is not an array"),
        (["a"], "dtype <U1"),
    ],
)
@pytest.mark.parametrize("write", [write_midi, write_audio])
def test_only_keys_of_a_piano_are_written(tmp_path, write, sequence, part):
    path = tmp_path / "written"
    with pytest.raises(ValueError, match=part):
        write(sequence, path)
    assert not path.exists()


@pytest.mark.parametrize("write", [write_midi, write_audio])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, write):
    assert "cannot be written" in refusal(lambda path: write([40], path), tmp_path / "no" / "x")


def samples_of(path):
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == SAMPLE_RATE
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def test_audio_lasts_as_long_as_the_sequence(tmp_path):
    path = tmp_path / "sound.wav"
    write_audio([40, 42, 44, 44, 47] * 6 + [40, 40], path)
    samples = samples_of(path)
    assert len(samples) == round(32 * STEP * SAMPLE_RATE)
    steps = samples.reshape(32, -1)
    assert np.all(np.sqrt(np.mean(steps**2, axis=1)) > 1000)  # every step is heard
    assert 32_000 <= np.abs(samples).max() <= 32_767


@pytest.mark.parametrize("key", [1, 2, 40, 49, 87, 88])
def test_audio_has_the_frequency_of_the_key(tmp_path, key):
    path = tmp_path / "sound.wav"
    num_steps = 8  # 3.2 s tell frequencies 0.3 Hz apart; the lowest keys differ by 1.6 Hz
    other = 30 if key != 30 else 31
    write_audio([other] * num_steps + [key] * num_steps, path)
    samples = samples_of(path)[num_steps * round(STEP * SAMPLE_RATE) :]
    loudest = rfftfreq(len(samples), 1 / SAMPLE_RATE)[np.abs(rfft(samples)).argmax()]
    frequencies = 440 * 2 ** ((np.arange(1, 89) - 49) / 12)
    assert 1 + np.abs(frequencies - loudest).argmin() == key
    assert loudest == pytest.approx(frequencies[key - 1], abs=0.4)


def test_the_same_sequence_gives_the_same_bytes(tmp_path):
    for write in (write_midi, write_audio):
        write([40, 42, 42], tmp_path / "one")
        write([40, 42, 42], tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
