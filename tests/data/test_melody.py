"""Melodies on the grid of piano keys, and files without one."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.melody import read_midi, read_tunes, to_tunes
from tests.data.tunes import (
    C4,
    D4,
    E4,
    G4,
    SOUND,
    melody,
    midi_bytes,
    raw_midi,
    read_one,
    refusal,
    slow_keys,
)

# What a step holds.


def test_a_step_is_the_key_that_sounds_at_its_beginning():
    tune = read_one(midi_bytes([(21, 0, 1), (C4, 1, 3), (108, 3, 4)]))
    assert tune.keys.dtype == np.int32
    assert tune.keys.tolist() == [1, 40, 40, 88]
    assert (tune.num_rests, tune.num_chords, tune.num_moved, tune.num_unheard) == (0, 0, 0, 0)
    assert tune.num_notes == 3


def test_a_note_between_grid_points_is_not_heard():
    tune = read_one(midi_bytes([(C4, 0, 0.5), (D4, 0.5, 0.9), (E4, 0.9, 1.1), (G4, 1.1, 2)]))
    assert tune.keys.tolist() == [40, 44]
    assert (tune.num_unheard, tune.num_notes) == (2, 4)


def test_a_rest_keeps_the_previous_key_sounding():
    tune = read_one(midi_bytes([(C4, 0, 1), (D4, 1, 1.5), (E4, 4, 5)]))
    assert tune.keys.tolist() == [40, 42, 42, 42, 44]
    assert tune.num_rests == 2


def test_time_starts_with_the_first_note():
    # Not on the grid of the file, and not with the other track.
    shifted = midi_bytes([(C4, 3.3, 4.3), (D4, 4.3, 4.9)], [(G4, 0, 1)])
    assert read_one(shifted).keys.tolist() == [40, 42]


def test_a_chord_gives_its_highest_key():
    tune = read_one(midi_bytes([(C4, 0, 3), (G4, 0, 1), (E4, 0, 2)]))
    assert tune.keys.tolist() == [47, 44, 40]
    assert tune.num_chords == 2


@pytest.mark.parametrize(
    "pitch, key", [(20, 12), (9, 1), (8, 12), (0, 4), (21, 1), (108, 88), (109, 77), (127, 83)]
)
def test_a_pitch_beside_the_piano_moves_by_octaves(pitch, key):
    tune = read_one(midi_bytes([(pitch, 0, 1)]))
    assert tune.keys.tolist() == [key]
    assert (key + 20 - pitch) % 12 == 0
    assert tune.num_moved == (not 21 <= pitch <= 108)


def test_the_melody_is_the_first_instrument_with_notes_that_is_no_drum():
    drums, bass = [(36, 0, 4)], [(C4, 0, 4)]
    tune = read_one(midi_bytes([], drums, melody([D4, E4]), bass, drums=[1]))
    assert tune.keys.tolist() == [42, 44]


def test_a_first_note_without_length_begins_the_tune():
    # It lasts a hundredth of a microsecond. A quarter, 0.8 s, of rest and one of D follow.
    track = b"\x00\xff\x51\x03" + (5).to_bytes(3, "big") + b"\x00\x90\x3c\x50\x01\x3c\x00"
    track += b"\x00\xff\x51\x03" + (800_000).to_bytes(3, "big")
    track += b"\x83\x60\x90\x3e\x50\x83\x60\x3e\x00\x00\xff\x2f\x00"
    assert read_one(raw_midi(track)).keys.tolist() == [40, 40, 42, 42]


@given(
    st.lists(
        st.tuples(st.integers(21, 108), st.integers(0, 40), st.integers(1, 12)),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=60, deadline=None)
def test_any_notes_equal_the_grid_read_literally(tmp_path_factory, notes):
    # Quarters of a step, so that notes overlap, rest, and start on grid points and beside them.
    content = midi_bytes([(p, start / 4, (start + length) / 4) for p, start, length in notes])
    path = tmp_path_factory.mktemp("notes") / "tune.mid"
    path.write_bytes(content)
    assert read_midi(path).tolist() == slow_keys(content)


# Files that cannot be used.


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "empty"),
        (b"Not music, but words.", "not a MIDI file"),
        (b"RIFF" + SOUND, "not a MIDI file"),
        (b"MThd", "truncated"),
        (SOUND[:20], "truncated"),
        (SOUND[: len(SOUND) // 2], "truncated"),
        (SOUND[:-1], "truncated"),
        (midi_bytes(), "no notes"),
        (midi_bytes([]), "no notes"),
        (midi_bytes([(36, 0, 40)], drums=[0]), "only drums"),
        (raw_midi(b"\x00\x90\x3c\x50\x00\xff\x2f\x00"), "no notes"),  # it never ends
        (raw_midi(b"\x00\x90\x3c\x50\x83\x60\x3c\x00", division=0), "corrupt"),
        (raw_midi(), "no notes"),
        (raw_midi(b""), "no notes"),
        (raw_midi(b"\x00\x3c\x3c\x50"), "corrupt"),  # data without a status before it
        (raw_midi(b"\x00\xff\x51\x03\x00\x00\x00\x00\x90\x3c\x50\x60\x3c\x00"), "corrupt"),  # tempo
        (raw_midi(b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x3c\x00"), "longer than an hour"),
        (midi_bytes([(C4, 0, 9100)], tempo=20.0), "longer than an hour"),
    ],
)
def test_a_file_without_a_melody_is_skipped_by_its_reason(content, reason):
    assert read_one(content) == reason


def test_every_cut_of_a_file_is_a_tune_or_a_reason():
    whole = read_one(SOUND)
    for length in range(len(SOUND)):
        cut = read_one(SOUND[:length])
        assert cut in ("empty", "not a MIDI file", "truncated"), length
    assert whole.keys.tolist() == [40, 42, 44, 47]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_corrupt_file_is_a_tune_or_a_reason(tmp_path_factory, data):
    content = bytearray(midi_bytes(melody([C4, D4, E4, G4])))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("corrupt") / "tune.mid"
    path.write_bytes(content)
    tunes, skipped = read_tunes(path)
    assert len(tunes) + sum(map(len, skipped.values())) == 1
    for tune in tunes:
        assert tune.keys.dtype == np.int32 and len(tune.keys) >= 1
        assert tune.keys.min() >= 1 and tune.keys.max() <= 88


def test_many_files_of_an_hour_take_memory_by_what_they_hold():
    # Each has one note of 7,199 half seconds, in 30 bytes.
    content = raw_midi(b"\x00\x90\x3c\x50\xb8\x1f\x3c\x00", division=1)
    assert len(content) == 30
    tracemalloc.start()
    try:
        tunes, skipped = to_tunes({f"{k}.mid": content for k in range(20)}, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not skipped and [len(tune.keys) for tune in tunes] == [8999] * 20
    assert peak < 2e6


def test_read_midi_says_why_there_is_no_melody(tmp_path):
    path = tmp_path / "drums.mid"
    path.write_bytes(midi_bytes([(36, 0, 4)], drums=[0]))
    assert "no melody (only drums)" in refusal(read_midi, path)
    assert "does not exist" in refusal(read_midi, tmp_path / "none.mid")
    (tmp_path / "folder").mkdir()
    assert "no melody (no file)" in refusal(read_midi, tmp_path / "folder")
