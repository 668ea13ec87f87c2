"""MIDI files, zips and helpers that the tests of music share."""

import io
import warnings
import zipfile

import numpy as np
import pretty_midi
import pytest

from data.melody import read_midi, to_tunes
from data.music_export import write_midi
from files.errors import DataError
from tests.fuzz.mutate import midi_file

STEP = 0.4
C4, D4, E4, G4 = 60, 62, 64, 67  # ids 40, 42, 44 and 47


def midi_bytes(*tracks, drums=(), tempo=120.0):
    """A MIDI file; a track is a list of (pitch, start, end) in steps."""
    midi = pretty_midi.PrettyMIDI(resolution=960, initial_tempo=tempo)
    for number, track in enumerate(tracks):
        instrument = pretty_midi.Instrument(0, is_drum=number in drums)
        for pitch, start, end in track:
            instrument.notes.append(pretty_midi.Note(90, pitch, start * STEP, end * STEP))
        midi.instruments.append(instrument)
    content = io.BytesIO()
    midi.write(content)
    return content.getvalue()


def raw_midi(*tracks, division=480, kind=1):
    """A MIDI file of tracks, from their bytes."""
    return midi_file(tracks, division, kind)


def melody(pitches):
    return [(pitch, step, step + 1) for step, pitch in enumerate(pitches)]


def tune_bytes(seed, num_steps=96):
    return midi_bytes(melody(np.random.default_rng(seed).integers(50, 80, num_steps).tolist()))


def write_zip(path, members, **kwargs):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **kwargs) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def read_one(content):
    """The tune in a file, or the reason why it is skipped."""
    tunes, skipped = to_tunes({"tune.mid": content}, {})
    if tunes:
        assert not skipped and len(tunes) == 1 and tunes[0].name == "tune.mid"
        return tunes[0]
    ((reason, names),) = skipped.items()
    assert names == ["tune.mid"]
    return reason


def refusal(read, path):
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "expected" in message
    assert message.isprintable() and len(message) < 800
    return message


def rows(part):
    return {tuple(row) for row in part.tolist()}


def members(number=4, folder=""):
    return [(f"{folder}tune{k}.mid", tune_bytes(k, 40)) for k in range(number)]


def slow_keys(content):
    """The grid read literally."""
    with warnings.catch_warnings(action="ignore"):
        midi = pretty_midi.PrettyMIDI(io.BytesIO(content))
    notes = next(i.notes for i in midi.instruments if i.notes and not i.is_drum)
    start, end = min(n.start for n in notes), max(n.end for n in notes)
    keys, step = [], 0
    while start + step * STEP < end - 1e-6:
        now = start + step * STEP + 1e-7
        sounding = [n.pitch for n in notes if n.start <= now < n.end]
        keys.append(max(sounding) - 20 if sounding else keys[-1])
        step += 1
    return keys


def assert_round_trip(keys, folder):
    path = folder / "written.mid"
    write_midi(keys, path)
    read = read_midi(path)
    assert read.dtype == np.int32
    assert read.tolist() == list(keys)


SOUND = midi_bytes(melody([C4, D4, E4, G4]))
