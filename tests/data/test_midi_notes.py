"""The reader of MIDI events: timing, instruments, and files that other readers reject."""

import itertools
import struct

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.midi_files import Skip
from data.midi_notes import read_melody
from tests.data.tunes import C4, D4, E4, G4, raw_midi, read_one
from tests.fuzz.mutate import chunk

END = b"\x00\xff\x2f\x00"
QUARTER = b"\x00\x90\x3c\x50\x83\x60\x3c\x00"  # C4 for 480 ticks


def tempo(microseconds, delta=b"\x00"):
    """A change of tempo to so many microseconds a quarter note."""
    return delta + b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def meta(kind, data):
    return b"\x00\xff" + bytes([kind, len(data)]) + data


def quarters(pitches, channel=0):
    """Quarter notes one after another, of 480 ticks each."""
    on = bytes([0x90 | channel])
    return b"".join(
        b"\x00" + on + bytes([pitch, 80]) + b"\x83\x60" + on + bytes([pitch, 0])
        for pitch in pitches
    )


def times(content):
    notes = read_melody(content)
    return [
        (round(start, 9), round(end, 9), pitch)
        for start, end, pitch in zip(notes.starts, notes.ends, notes.pitches.tolist(), strict=True)
    ]


def reason(content):
    with pytest.raises(Skip) as caught:
        read_melody(content)
    return str(caught.value)


# Tempo


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_tempo_counts_for_all_tracks_whichever_holds_it(place):
    # Two quarter notes at 75 beats a minute: 0.8 s, two steps, each.
    tracks = [END, quarters([C4, D4]) + END, END]
    tracks[place] = tempo(800_000) + tracks[place]
    assert times(raw_midi(*tracks)) == [(0.0, 0.8, C4), (0.8, 1.6, D4)]
    assert read_one(raw_midi(*tracks)).keys.tolist() == [40, 40, 42, 42]


def test_a_tempo_of_a_later_track_keeps_eighty_notes_eighty_steps():
    # Quarter notes at 150 beats a minute last a step; at the 120 of no tempo they would be 100.
    pitches = np.random.default_rng(0).integers(40, 90, 80).tolist()
    content = raw_midi(END, tempo(400_000) + quarters(pitches) + END)
    assert read_one(content).keys.tolist() == [pitch - 20 for pitch in pitches]


def test_tempos_of_several_tracks_change_one_after_another():
    # 0.5 s for the first quarter; 0.25 from tick 480, by track 2; 1.0 from tick 960, by track 0.
    tracks = [
        tempo(1_000_000, b"\x87\x40") + END,
        quarters([C4, D4, E4, G4]) + END,
        tempo(250_000, b"\x83\x60") + END,
    ]
    expected = [(0.0, 0.5, C4), (0.5, 0.75, D4), (0.75, 1.75, E4), (1.75, 2.75, G4)]
    assert times(raw_midi(*tracks)) == expected


def test_of_two_tempos_at_one_tick_the_last_track_counts():
    tracks = [tempo(200_000) + tempo(300_000) + END, tempo(400_000) + quarters([C4]) + END]
    assert times(raw_midi(*tracks)) == [(0.0, 0.4, C4)]
    assert times(raw_midi(*tracks[::-1])) == [(0.0, 0.3, C4)]


def test_tracks_of_format_2_keep_their_own_tempos():
    tracks = [tempo(200_000) + END, quarters([C4]) + END]
    assert times(raw_midi(*tracks, kind=2)) == [(0.0, 0.5, C4)]
    assert times(raw_midi(END, tempo(200_000) + tracks[1], kind=2)) == [(0.0, 0.2, C4)]


# SMPTE time: (-frames a second) and ticks a frame


@pytest.mark.parametrize(
    "frames, ticks, seconds",
    [
        (25, 40, 0.480),  # milliseconds
        (24, 100, 0.200),
        (30, 80, 0.200),
        (29, 80, 0.2002),  # 29.97 frames
    ],
)
def test_smpte_time_does_not_depend_on_tempos(frames, ticks, seconds):
    division = (-frames & 0xFF) << 8 | ticks
    for track in (QUARTER, tempo(800_000) + QUARTER):
        assert times(raw_midi(track + END, division=division)) == [(0.0, seconds, C4)]
    assert read_one(raw_midi(QUARTER, division=0xE728)).keys.tolist() == [40, 40]


@pytest.mark.parametrize("division", [0, 0x8000, 0xE700, 0xE628, 0xFF28])
def test_a_time_division_that_does_not_exist_is_corrupt(division):
    assert reason(raw_midi(QUARTER + END, division=division)) == "corrupt"


# What any player plays


def test_a_data_byte_above_127_counts_as_127():
    loud = b"\x00\x90\x3c\x80\x83\x60\x80\x3c\xff\x00\x90\xc8\x50\x83\x60\x80\x90\x40"
    assert times(raw_midi(loud + END)) == [(0.0, 0.5, C4), (0.5, 1.0, 127)]


@pytest.mark.parametrize(
    "event",
    [
        meta(0x59, b"\xee\x00"),  # a key of 18 flats
        meta(0x59, b"\x00\x07"),  # neither major nor minor
        meta(0x59, b""),
        meta(0x58, b"\x00\x02\x18\x08"),  # a time signature of no beats
        meta(0x58, b"\x04"),
        meta(0x54, b"\xff\x00\x00\x00\x00"),  # an unknown frame rate
        meta(0x54, b""),
        meta(0x00, b"\x01"),
        meta(0x20, b""),
        meta(0x21, b""),
        meta(0x01, b"\xff\xfe\x80"),  # text in no encoding
        meta(0x7E, b"what"),
        b"\x00\xf0\x03\x7e\xff\xf7",
        b"\x00\xf7\x02\x01\x02",
        b"\x00\xf1\x00",
        b"\x00\xf2\x00\x00",
        b"\x00\xf8",
        b"\x00\xb0\x40\x7f",
        b"\x00\xe0\x00\x40",
        b"\x00\xd0\x40",
    ],
    ids=bytes.hex,
)
def test_an_event_that_is_no_note_rejects_no_file(event):
    expected = [(0.0, 0.5, C4), (0.5, 1.0, D4)]
    assert times(raw_midi(event + quarters([C4, D4]) + END)) == expected
    assert times(raw_midi(quarters([C4]) + event + quarters([D4]) + END)) == expected
    assert times(raw_midi(quarters([C4, D4]) + END, event + END)) == expected


def test_other_chunks_and_a_longer_header_are_stepped_over():
    header = struct.pack(">HHH", 1, 1, 480)
    track = chunk(b"MTrk", QUARTER + END)
    for content in (
        chunk(b"MThd", header + b"more") + track,
        chunk(b"MThd", header) + chunk(b"XFIH", b"words") + track,
        chunk(b"MThd", header) + track + chunk(b"MTrk", b"\xff"),  # more than the header says
    ):
        assert times(content) == [(0.0, 0.5, C4)]


def test_what_follows_the_end_of_a_track_is_not_read():
    assert times(raw_midi(QUARTER + END + b"\x00\x00\x00")) == [(0.0, 0.5, C4)]


# Instruments and notes


def test_an_instrument_is_a_program_on_a_channel_of_a_track():
    other = b"\x00\xc0\x05" + quarters([G4])
    first = [(0.0, 0.5, C4), (0.5, 1.0, D4)]
    assert times(raw_midi(quarters([C4, D4]) + other + END)) == first
    assert times(raw_midi(quarters([C4, D4]) + quarters([G4], channel=1) + END)) == first
    assert times(raw_midi(quarters([C4, D4]) + END, quarters([G4]) + END)) == first
    assert times(raw_midi(quarters([36], channel=9) + END, quarters([C4, D4]) + END)) == first
    again = other + b"\x00\xc0\x00" + quarters([E4])
    assert times(raw_midi(quarters([C4]) + again + END)) == [(0.0, 0.5, C4), (1.0, 1.5, E4)]


def test_one_end_is_that_of_all_notes_of_a_key_but_one_that_begins_then():
    on, off, quarter = b"\x90\x3c\x50", b"\x80\x3c\x00", b"\x83\x60"
    twice = b"\x00" + on + quarter + on + quarter + on + b"\x00" + off + quarter + off
    expected = [(0.0, 1.0, C4), (0.5, 1.0, C4), (1.0, 1.5, C4)]
    assert times(raw_midi(twice + END)) == expected
    # A note that ends as it begins is none, nor is one without an end.
    nothing = b"\x00" + on + b"\x00" + off + quarter + off + quarter + on
    assert reason(raw_midi(nothing + END)) == "no notes"


@pytest.mark.parametrize(
    "track",
    [
        b"\x00\xf4",  # undefined
        b"\x00\xfd\x00",
        b"\x00\x3c\x50",  # data without a status before it
        b"\x00\x90\x3c",  # the track ends within an event
        b"\x00\xff\x51",
        b"\x00\xff\x01\x09\x00",
        b"\x00\xff\x51\x02\x00\x00",  # a tempo of two bytes
        b"\x81\x80\x80\x80\x00" + QUARTER,  # a number of five bytes
        b"\xff" * 100_000,
    ],
)
def test_an_event_that_cannot_be_read_is_corrupt(track):
    assert reason(raw_midi(track)) == "corrupt"
    assert reason(raw_midi(QUARTER + END, track)) == "corrupt"


def test_a_header_that_is_too_short_is_corrupt():
    assert reason(chunk(b"MThd", b"\0\0\0\1") + chunk(b"MTrk", QUARTER)) == "corrupt"


MESSAGES = st.one_of(
    st.builds(
        lambda key, velocity, channel, time: mido.Message(
            "note_on", note=key, velocity=velocity, channel=channel, time=time
        ),
        st.integers(60, 63),
        st.sampled_from([0, 0, 1, 127]),
        st.sampled_from([0, 1, 9]),
        st.sampled_from([0, 0, 1, 200, 5000]),
    ),
    st.builds(
        lambda microseconds, time: mido.MetaMessage("set_tempo", tempo=microseconds, time=time),
        st.integers(1, 2**24 - 1),
        st.sampled_from([0, 1, 300]),
    ),
    st.builds(
        lambda channel, time: mido.Message("pitchwheel", pitch=5, channel=channel, time=time),
        st.sampled_from([0, 9]),
        st.sampled_from([0, 7]),
    ),
)


@given(st.lists(st.lists(MESSAGES, max_size=30), min_size=1, max_size=3), st.integers(1, 1000))
@settings(max_examples=150, deadline=None)
def test_any_events_are_timed_as_mido_plays_them(tmp_path_factory, tracks, division):
    path = tmp_path_factory.mktemp("midi") / "tune.mid"
    mido.MidiFile(ticks_per_beat=division, tracks=[mido.MidiTrack(t) for t in tracks]).save(path)
    # When mido would play each start of a note.
    now = itertools.accumulate(message.time for message in mido.MidiFile(path))
    played = {
        (message.note, round(time, 6))
        for message, time in zip(mido.MidiFile(path), now, strict=True)
        if message.type == "note_on" and message.velocity and message.channel != 9
    }
    try:
        notes = read_melody(path.read_bytes())
    except Skip as skip:
        assert str(skip) in ("no notes", "only drums")
        return
    assert np.all(notes.ends > notes.starts)
    for pitch, start in zip(notes.pitches.tolist(), notes.starts, strict=True):
        assert min(abs(start - time) for key, time in played if key == pitch) < 1e-5
