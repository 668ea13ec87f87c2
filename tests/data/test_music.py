"""MIDI files onto the grid, hostile files, splits, and sequences back into MIDI and sound."""

import hashlib
import io
import json
import os
import random
import struct
import subprocess
import sys
import tracemalloc
import warnings
import wave
import zipfile
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import rfft, rfftfreq

from data import midi_files, music
from data.samples.tunes import TUNES
from files.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
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


def chunk(name, body):
    return name + struct.pack(">L", len(body)) + body


def raw_midi(track, division=480, tracks=1):
    """A MIDI file of one track, from its bytes."""
    return chunk(b"MThd", struct.pack(">HHH", 1, tracks, division)) + chunk(b"MTrk", track)


def melody(pitches):
    return [(pitch, step, step + 1) for step, pitch in enumerate(pitches)]


def tune_bytes(seed, num_steps=96):
    return midi_bytes(melody(np.random.default_rng(seed).integers(50, 80, num_steps).tolist()))


def write_zip(path, members, **kwargs):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **kwargs) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.fixture
def read_one(tmp_path):
    """The tune in a file, or the reason why it is skipped."""

    def read_one(content):
        path = tmp_path / "tune.mid"
        path.write_bytes(content)
        tunes, skipped = music.read_tunes(path)
        if tunes:
            assert not skipped and len(tunes) == 1 and tunes[0].name == "tune.mid"
            return tunes[0]
        ((reason, names),) = skipped.items()
        assert names == ["tune.mid"]
        return reason

    return read_one


def refusal(read, path):
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "expected" in message
    assert message.isprintable() and len(message) < 800
    return message


# What a step holds.


def test_a_step_is_the_key_that_sounds_at_its_beginning(read_one):
    tune = read_one(midi_bytes([(21, 0, 1), (C4, 1, 3), (108, 3, 4)]))
    assert tune.keys.dtype == np.int32
    assert tune.keys.tolist() == [1, 40, 40, 88]
    assert (tune.num_rests, tune.num_chords, tune.num_moved, tune.num_unheard) == (0, 0, 0, 0)
    assert tune.num_notes == 3


def test_a_note_between_grid_points_is_not_heard(read_one):
    tune = read_one(midi_bytes([(C4, 0, 0.5), (D4, 0.5, 0.9), (E4, 0.9, 1.1), (G4, 1.1, 2)]))
    assert tune.keys.tolist() == [40, 44]
    assert (tune.num_unheard, tune.num_notes) == (2, 4)


def test_a_rest_keeps_the_previous_key_sounding(read_one):
    tune = read_one(midi_bytes([(C4, 0, 1), (D4, 1, 1.5), (E4, 4, 5)]))
    assert tune.keys.tolist() == [40, 42, 42, 42, 44]
    assert tune.num_rests == 2


def test_time_starts_with_the_first_note(read_one):
    # Not on the grid of the file, and not with the other track.
    shifted = midi_bytes([(C4, 3.3, 4.3), (D4, 4.3, 4.9)], [(G4, 0, 1)])
    assert read_one(shifted).keys.tolist() == [40, 42]


def test_a_chord_gives_its_highest_key(read_one):
    tune = read_one(midi_bytes([(C4, 0, 3), (G4, 0, 1), (E4, 0, 2)]))
    assert tune.keys.tolist() == [47, 44, 40]
    assert tune.num_chords == 2


@pytest.mark.parametrize(
    "pitch, key", [(20, 12), (9, 1), (8, 12), (0, 4), (21, 1), (108, 88), (109, 77), (127, 83)]
)
def test_a_pitch_beside_the_piano_moves_by_octaves(read_one, pitch, key):
    tune = read_one(midi_bytes([(pitch, 0, 1)]))
    assert tune.keys.tolist() == [key]
    assert (key + 20 - pitch) % 12 == 0
    assert tune.num_moved == (not 21 <= pitch <= 108)


def test_the_melody_is_the_first_instrument_with_notes_that_is_no_drum(read_one):
    drums, bass = [(36, 0, 4)], [(C4, 0, 4)]
    tune = read_one(midi_bytes([], drums, melody([D4, E4]), bass, drums=[1]))
    assert tune.keys.tolist() == [42, 44]


def test_the_tempo_is_heeded(read_one):
    # Two quarter notes, at 75 beats a minute 0.8 s each.
    track = b"\x00\xff\x51\x03" + (800_000).to_bytes(3, "big")
    track += b"\x00\x90\x3c\x50\x83\x60\x3c\x00\x00\x3e\x50\x83\x60\x3e\x00\x00\xff\x2f\x00"
    assert read_one(raw_midi(track)).keys.tolist() == [40, 40, 42, 42]


def test_a_first_note_without_length_begins_the_tune(read_one):
    # It lasts a hundredth of a microsecond. A quarter, 0.8 s, of rest and one of D follow.
    track = b"\x00\xff\x51\x03" + (5).to_bytes(3, "big") + b"\x00\x90\x3c\x50\x01\x3c\x00"
    track += b"\x00\xff\x51\x03" + (800_000).to_bytes(3, "big")
    track += b"\x83\x60\x90\x3e\x50\x83\x60\x3e\x00\x00\xff\x2f\x00"
    assert read_one(raw_midi(track)).keys.tolist() == [40, 40, 42, 42]


def test_what_the_reader_warns_of_is_read(read_one):
    # A tempo in the second track, as in the Nottingham tunes.
    content = raw_midi(b"\x00\xff\x2f\x00", tracks=2)
    track = b"\x00\xff\x51\x03\x07\xa1\x20\x00\x90\x3c\x50\x83\x60\x3c\x00\x00\xff\x2f\x00"
    assert read_one(content + chunk(b"MTrk", track)).keys.tolist() == [40, 40]


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
    assert music.read_midi(path).tolist() == slow_keys(content)


# Files that cannot be used.

SOUND = midi_bytes(melody([C4, D4, E4, G4]))


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
        (raw_midi(b"\x00\x90\x3c\x50\x83\x60\x3c\x00", division=0xE728), "corrupt"),  # frames
        (raw_midi(b""), "corrupt"),
        (raw_midi(b"\x00\x3c\x3c\x50"), "corrupt"),  # data without a status before it
        (raw_midi(b"\x00\xff\x51\x03\x00\x00\x00\x00\x90\x3c\x50\x60\x3c\x00"), "corrupt"),  # tempo
        (raw_midi(b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x3c\x00"), "corrupt"),  # 268 million ticks
        (midi_bytes([(C4, 0, 9100)], tempo=20.0), "longer than an hour"),
    ],
)
def test_a_file_without_a_melody_is_skipped_by_its_reason(read_one, content, reason):
    assert read_one(content) == reason


def test_every_cut_of_a_file_is_a_tune_or_a_reason(read_one):
    whole = read_one(SOUND)
    for length in range(len(SOUND)):
        cut = read_one(SOUND[:length])
        assert cut in ("empty", "not a MIDI file", "truncated"), length
    assert whole.keys.tolist() == [40, 42, 44, 47]


def test_numbers_without_end_are_not_read(read_one, monkeypatch):
    # One number of a megabyte, which the reader would shift a million times.
    monkeypatch.setattr(mido, "MidiFile", lambda file: pytest.fail("it was read"))
    assert read_one(raw_midi(b"\xff" * ((1 << 20) - 100))) == "corrupt"


def test_a_file_too_large_is_skipped(read_one):
    assert read_one(raw_midi(b"\x00\x90\x3c\x50" * (1 << 18))) == "more than 1 MiB"


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_corrupt_file_is_a_tune_or_a_reason(tmp_path_factory, data):
    content = bytearray(midi_bytes(melody([C4, D4, E4, G4])))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("corrupt") / "tune.mid"
    path.write_bytes(content)
    tunes, skipped = music.read_tunes(path)
    assert len(tunes) + sum(map(len, skipped.values())) == 1
    for tune in tunes:
        assert tune.keys.dtype == np.int32 and len(tune.keys) >= 1
        assert tune.keys.min() >= 1 and tune.keys.max() <= 88


def test_read_midi_says_why_there_is_no_melody(tmp_path):
    path = tmp_path / "drums.mid"
    path.write_bytes(midi_bytes([(36, 0, 4)], drums=[0]))
    assert "no melody (only drums)" in refusal(music.read_midi, path)
    assert "does not exist" in refusal(music.read_midi, tmp_path / "none.mid")
    (tmp_path / "folder").mkdir()
    assert "no melody (no file)" in refusal(music.read_midi, tmp_path / "folder")


# Folders and zips.


def members(number=4, folder=""):
    return [(f"{folder}tune{k}.mid", tune_bytes(k, 40)) for k in range(number)]


def names_and_keys(path):
    tunes, skipped = music.read_tunes(path)
    assert not skipped
    return [(tune.name, tune.keys.tolist()) for tune in tunes]


def test_a_zip_and_a_folder_hold_the_same_tunes_in_order_of_names(tmp_path):
    folder = tmp_path / "tunes"
    (folder / "below").mkdir(parents=True)
    files = [*members(), ("below/UPPER.MIDI", tune_bytes(9))]
    for name, content in files:
        (folder / name).write_bytes(content)
    (folder / "loop").symlink_to(folder)
    (folder / "notes.txt").write_text("no tune")
    (folder / "._tune0.mid").write_bytes(b"hidden")
    files += [("notes.txt", b""), ("__MACOSX/._tune0.mid", b"hidden"), ("nested.zip", b"PK")]
    random.Random(0).shuffle(files)
    archive = write_zip(tmp_path / "tunes.zip", files)

    read = names_and_keys(folder)
    assert [name for name, _ in read] == ["below/UPPER.MIDI", *(f"tune{k}.mid" for k in range(4))]
    assert names_and_keys(archive) == read
    assert names_and_keys(folder / "tune2.mid") == [read[3]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tunes", "tunes.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../climbs.mid",
        "a/../../climbs.mid",
        "/etc/climbs.mid",
        "..\\climbs.mid",
        "C:\\climbs.mid",
        "C:climbs.mid",
        "\\\\server\\share\\climbs.mid",
        "../climbs.txt",
    ],
)
def test_a_zip_that_climbs_out_of_its_folder_is_refused(tmp_path, name):
    path = write_zip(tmp_path / "tunes.zip", [*members(), (name, SOUND)])
    message = refusal(music.read_tunes, path)
    assert "climbs" in message and "get the zip from its origin again" in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["tunes.zip"]


def test_a_member_without_a_name_is_no_tune(tmp_path):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("placeholder")
        member.filename = ""
        archive.writestr(member, SOUND)
        archive.writestr("tune.mid", SOUND)
    tunes, skipped = music.read_tunes(path)
    assert [tune.name for tune in tunes] == ["tune.mid"] and not skipped


def test_a_bomb_is_skipped_without_unpacking_it(tmp_path):
    bomb = b"MThd" + bytes(64 << 20)
    path = write_zip(tmp_path / "tunes.zip", [*members(2), ("bomb.mid", bomb)])
    assert path.stat().st_size < 1 << 20
    del bomb
    tracemalloc.start()
    try:
        tunes, skipped = music.read_tunes(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tunes) == 2 and skipped == {"more than 1 MiB": ["bomb.mid"]}
    assert peak < 16 << 20


def test_many_bombs_are_refused_before_all_are_unpacked(tmp_path, monkeypatch):
    unpacked = []
    original = zipfile.ZipExtFile.read

    def read(self, size=-1):
        unpacked.append(size)
        return original(self, size)

    monkeypatch.setattr(midi_files, "_MAX_VAIN_BYTES", 4 << 20)
    monkeypatch.setattr(zipfile.ZipExtFile, "read", read)
    bomb = b"MThd" + bytes(1 << 20)
    path = write_zip(tmp_path / "tunes.zip", [(f"{k}.mid", bomb) for k in range(100)])
    assert "files that are too large or corrupt" in refusal(music.read_tunes, path)
    assert len(unpacked) == 4
    # So are those whose checksum, found at their end, is wrong.
    bomb = b"MThd" + bytes((1 << 20) - 5)
    path = write_zip(tmp_path / "tunes.zip", [(f"{k}.mid", bomb) for k in range(100)])
    path.write_bytes(altered(path.read_bytes(), b"PK\x01\x02", 16, 12345))
    unpacked.clear()
    assert "files that are too large or corrupt" in refusal(music.read_tunes, path)
    assert len(unpacked) == 5


def ticking(ticks):
    """A file of 30 bytes whose one note lasts for so many ticks."""
    vlq = bytes(
        [ticks >> 21 | 0x80, ticks >> 14 & 127 | 0x80, ticks >> 7 & 127 | 0x80, ticks & 127]
    )
    return raw_midi(b"\x00\x90\x3c\x50" + vlq + b"\x3c\x00", division=32767)


def test_many_empty_tunes_of_many_ticks_are_not_all_read(tmp_path, monkeypatch):
    # The reader keeps the time of every tick: a megabyte of such files would take ten minutes.
    path = write_zip(tmp_path / "tunes.zip", [(f"{k}.mid", ticking(9_000_000)) for k in range(40)])
    read = []
    original = pretty_midi.PrettyMIDI

    def count(**arguments):
        read.append(arguments)
        return original(**arguments)

    monkeypatch.setattr(pretty_midi, "PrettyMIDI", count)
    tunes, skipped = music.read_tunes(path)
    assert len(tunes) == len(read) == 11
    assert [(reason, len(names)) for reason, names in skipped.items()] == [
        ("too many ticks for its size", 29)
    ]
    # One beside long tunes is read: each byte of theirs allows for some.
    path = write_zip(tmp_path / "more.zip", [*members(30), ("z.mid", ticking(9_000_000))])
    assert len(music.read_tunes(path)[0]) == 31


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_cannot_be_bounded_is_skipped(tmp_path, method):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tune.mid", SOUND, compress_type=method)
    assert music.read_tunes(path) == ([], {"packed by another method than deflate": ["tune.mid"]})


def altered(content, signature, offset, value, form="<L"):
    """A zip with a number changed in every header of a kind."""
    content, place = bytearray(content), 0
    while (place := content.find(signature, place)) >= 0:
        struct.pack_into(form, content, place + offset, value)
        place += 4
    return bytes(content)


@pytest.mark.parametrize("size", [10, 1 << 30])
def test_a_member_that_lies_about_its_size_is_skipped(tmp_path, size):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND)])
    path.write_bytes(altered(path.read_bytes(), b"PK\x01\x02", 24, size))
    tunes, skipped = music.read_tunes(path)
    # A size too large is of no effect: what is there is read and its checksum is right.
    assert skipped == ({"corrupt in the zip": ["tune.mid"]} if size == 10 else {})
    assert len(tunes) == (size != 10)


def test_many_small_files_are_too_many_together(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "tunes.zip", members(6))
    monkeypatch.setattr(midi_files, "_MAX_TOTAL_BYTES", 5 * len(tune_bytes(0, 40)))
    assert "of MIDI files, expected less" in refusal(music.read_tunes, path)
    monkeypatch.setattr(midi_files, "_MAX_FILES", 5)
    assert "more than 5 MIDI files" in refusal(music.read_tunes, path)
    monkeypatch.setattr(midi_files, "_MAX_ENTRIES", 5)
    assert "more than 5 members" in refusal(music.read_tunes, path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for k in range(6):
        (folder / f"{k}.txt").touch()
    assert "more than 5 files and folders" in refusal(music.read_tunes, folder)
    monkeypatch.setattr(midi_files, "_MAX_ZIP_BYTES", 100)
    assert "expected a smaller zip" in refusal(music.read_tunes, path)


def test_a_directory_of_too_many_members_is_not_read(tmp_path):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[20] * 2, *[0] * 14) + b""
    directory = entry * 100_000
    ending = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(directory), 0, 0)
    path = tmp_path / "tunes.zip"
    path.write_bytes(directory + ending)
    tracemalloc.start()
    try:
        message = refusal(music.read_tunes, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "neither a MIDI file nor a sound zip" in message
    assert peak < 1 << 20


def test_an_encrypted_member_is_skipped(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND)])
    content = altered(path.read_bytes(), b"PK\x01\x02", 8, 1, "<H")
    path.write_bytes(altered(content, b"PK\x03\x04", 6, 1, "<H"))
    assert music.read_tunes(path) == ([], {"encrypted": ["tune.mid"]})


def test_a_member_that_was_altered_is_skipped(tmp_path):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("tune.mid", SOUND)
        archive.writestr("whole.mid", SOUND)
    content = path.read_bytes()
    place = content.index(SOUND) + len(SOUND) // 2
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    tunes, skipped = music.read_tunes(path)
    assert [tune.name for tune in tunes] == ["whole.mid"]
    assert skipped == {"corrupt in the zip": ["tune.mid"]}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_first_is_read(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND), ("tune.mid", tune_bytes(1))])
    tunes, skipped = music.read_tunes(path)
    assert [tune.keys.tolist() for tune in tunes] == [[40, 42, 44, 47]]
    assert skipped == {"a second file of that name": ["tune.mid"]}


def test_a_zip_in_a_zip_stays_shut(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", members()).read_bytes()
    path = write_zip(tmp_path / "tunes.zip", [("inner.zip", inner), ("inner.mid", inner)])
    assert music.read_tunes(path) == ([], {"not a MIDI file": ["inner.mid"]})


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06", b"words " * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "tunes.zip"
    path.write_bytes(content)
    assert "neither a MIDI file nor a sound zip" in refusal(music.read_tunes, path)


def test_every_cut_of_a_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND)])
    content = path.read_bytes()
    for length in range(0, len(content), 3):
        path.write_bytes(content[:length])
        refusal(music.read_tunes, path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_pipes_do_not_block(tmp_path):
    pipe = tmp_path / "tunes" / "pipe.mid"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    assert "is not a regular file" in refusal(music.read_tunes, pipe)
    assert music.read_tunes(pipe.parent) == ([], {"not a regular file": ["pipe.mid"]})


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_names_need_not_be_text(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff\n.mid", "wb") as file:
        file.write(SOUND)
    (tune,) = music.read_tunes(tmp_path)[0]
    assert json.loads(json.dumps(tune.name)) == tune.name
    assert "holds 1 MIDI files" in refusal(music.verify_nottingham, tmp_path)
    assert "shorter than 32 steps" in refusal(music.music_corpus, tmp_path)


def test_a_link_to_nowhere_is_skipped(tmp_path):
    (tmp_path / "tune.mid").symlink_to(tmp_path / "nowhere")
    (reason,) = music.read_tunes(tmp_path)[1]
    assert reason.startswith("cannot be read")


# Sequences and their parts.


@pytest.fixture(scope="module")
def tunes_zip(tmp_path_factory):
    """40 tunes of 100 steps."""
    files = [(f"tune{k:02}.mid", tune_bytes(k, 100)) for k in range(40)]
    return write_zip(tmp_path_factory.mktemp("corpus") / "tunes.zip", files)


def rows(part):
    return {tuple(row) for row in part.tolist()}


def test_a_tune_becomes_consecutive_windows(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.mid").write_bytes(tune_bytes(k, 32 * (k + 1) + 31 * (k < 2)))
    corpus = music.music_corpus(tmp_path)
    expected = []
    for k in range(3):
        keys = music.read_midi(tmp_path / f"{k}.mid")
        expected += [keys[start : start + 32] for start in range(0, len(keys) - 31, 32)]
    assert len(expected) == 6
    found = np.concatenate([corpus.train, corpus.validation, corpus.test])
    assert rows(found) == {tuple(window.tolist()) for window in expected}
    assert len(found) == corpus.provenance["windows"] == 6
    assert found.dtype == np.int32 and found.shape == (6, 32)
    assert corpus.vocab_size == 89 and corpus.max_length == 32
    assert corpus.name == tmp_path.name


def test_short_and_unusable_files_are_counted_and_named(tmp_path):
    files = [*members(3), ("short.mid", tune_bytes(7, 31)), ("empty.mid", b"")]
    files += [("drums.mid", midi_bytes([(36, 0, 90)], drums=[0])), ("cut.mid", SOUND[:-9])]
    corpus = music.music_corpus(write_zip(tmp_path / "tunes.zip", files))
    provenance = corpus.provenance
    assert provenance["files"] == 7 and provenance["tunes"] == 3
    assert provenance["skipped"] == {
        "empty": ["empty.mid"],
        "only drums": ["drums.mid"],
        "truncated": ["cut.mid"],
        "shorter than 32 steps": ["short.mid"],
    }
    assert provenance["steps"] == 120 and provenance["notes"] == 120
    assert json.loads(json.dumps(provenance)) == provenance


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_tunes_cannot_be_split(tmp_path, number):
    files = [*members(number), ("empty.mid", b"")]
    if number:
        files.append(("copy.mid", files[0][1]))
    message = refusal(music.music_corpus, write_zip(tmp_path / "tunes.zip", files))
    assert f"holds {number} different tune(s) of at least 32 steps" in message
    assert "1 empty, as empty.mid" in message and "--corpus sample" in message


def test_the_split_is_by_tune(tunes_zip):
    tunes, _ = music.read_tunes(tunes_zip)
    corpus = music.music_corpus(tunes_zip)
    owner = {
        tuple(tune.keys[start : start + 32].tolist()): tune.name
        for tune in tunes
        for start in (0, 32, 64)
    }
    assert len(owner) == 120
    parts = [corpus.train, corpus.validation, corpus.test]
    assert [part.shape for part in parts] == [(96, 32), (12, 32), (12, 32)]
    owners = [{owner[row] for row in rows(part)} for part in parts]
    assert [len(names) for names in owners] == [32, 4, 4]
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]
    assert corpus.provenance["split_tunes"] == {"train": 32, "validation": 4, "test": 4}
    assert [corpus.provenance[part] for part in ("train", "validation", "test")] == [96, 12, 12]
    # Within a part the tunes and their windows stay in order.
    in_order = [owner[tuple(row)] for row in corpus.train.tolist()]
    assert in_order == sorted(in_order)


def test_repeats_are_removed_before_the_split(tmp_path):
    chorus = np.random.default_rng(99).integers(50, 80, 32).tolist()
    files = []
    for k in range(20):
        verse = np.random.default_rng(k).integers(50, 80, 32).tolist()
        files.append((f"tune{k:02}.mid", midi_bytes(melody(verse + chorus + verse + chorus))))
    files.append(("tune00 again.mid", files[0][1]))
    corpus = music.music_corpus(write_zip(tmp_path / "tunes.zip", files))
    parts = [corpus.train, corpus.validation, corpus.test]
    assert corpus.provenance["windows"] == 84
    assert corpus.provenance["repeats_removed"] == 84 - 21
    assert sum(map(len, parts)) == len(set.union(*map(rows, parts))) == 21
    # The tune that is all repeats takes no place in a part.
    assert sum(corpus.provenance["split_tunes"].values()) == 20
    # The first in order of names keeps the chorus: "tune00 again.mid", whose verse is tune00's.
    part = next(part for part in parts if tuple(np.array(chorus) - 20) in rows(part))
    verse = np.random.default_rng(0).integers(50, 80, 32) - 20
    assert tuple(verse) in rows(part)


def test_the_split_hangs_on_the_seed_alone(tunes_zip, tmp_path):
    first, again = music.music_corpus(tunes_zip), music.music_corpus(tunes_zip)
    other = music.music_corpus(tunes_zip, split_seed=1)
    with zipfile.ZipFile(tunes_zip) as archive:
        archive.extractall(tmp_path)  # written by the test itself
    folder = music.music_corpus(tmp_path)
    for same in (again, folder):
        np.testing.assert_array_equal(first.train, same.train)
        np.testing.assert_array_equal(first.validation, same.validation)
        np.testing.assert_array_equal(first.test, same.test)
        assert first.provenance["split_hash"] == same.provenance["split_hash"]
    assert first.provenance["split_hash"] != other.provenance["split_hash"]
    assert rows(first.test) != rows(other.test)
    assert other.provenance["split_seed"] == 1


def test_the_split_hash_is_that_of_the_parts(tunes_zip):
    corpus = music.music_corpus(tunes_zip)
    digest = hashlib.sha256()
    for part in (corpus.train, corpus.validation, corpus.test):
        for row in part.tolist():
            digest.update(struct.pack("<32i", *row))
    assert corpus.provenance["split_hash"] == digest.hexdigest()


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_a_fresh_process_splits_alike(tunes_zip, hash_seed):
    code = (
        "import sys; from pathlib import Path; from data import music; "
        "print(music.music_corpus(Path(sys.argv[1])).provenance['split_hash'], "
        "music.sample_corpus().provenance['split_hash'], 'tensorflow' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tunes_zip)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [
        music.music_corpus(tunes_zip).provenance["split_hash"],
        music.sample_corpus().provenance["split_hash"],
        "False",
    ]
    assert result.stdout.split() == expected


def test_sequences_may_have_another_length(tunes_zip):
    corpus = music.music_corpus(tunes_zip, max_length=50, name="mine")
    assert corpus.train.shape == (64, 50) and corpus.max_length == 50 and corpus.name == "mine"
    with pytest.raises(ValueError, match="`max_length` is 0"):
        music.music_corpus(tunes_zip, max_length=0)


# The tunes written for this project.

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


def test_the_sample_corpus():
    corpus = music.sample_corpus()
    assert corpus.name == "sample"
    assert [len(part) for part in (corpus.train, corpus.validation, corpus.test)] == [40, 4, 4]
    assert corpus.provenance["tunes"] == 24 and corpus.provenance["skipped"] == {}
    everything = np.concatenate([corpus.train, corpus.validation, corpus.test])
    assert tuple(np.array(TUNES[0].pitches()[:32]) - 20) in rows(everything)


# Sequences into files.


def assert_round_trip(keys, folder):
    path = folder / "written.mid"
    music.write_midi(keys, path)
    read = music.read_midi(path)
    assert read.dtype == np.int32
    assert read.tolist() == list(keys)


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


def test_what_is_written_is_a_piano_at_150_beats_a_minute(tmp_path):
    path = tmp_path / "written.mid"
    music.write_midi(np.array([40, 40, 42, 88], np.int32), path)
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
        ([[40], [40, 41]], "is none"),
        (["a"], "dtype <U1"),
    ],
)
@pytest.mark.parametrize("write", [music.write_midi, music.write_audio])
def test_only_keys_of_a_piano_are_written(tmp_path, write, sequence, part):
    path = tmp_path / "written"
    with pytest.raises(ValueError, match=part):
        write(sequence, path)
    assert not path.exists()


@pytest.mark.parametrize("write", [music.write_midi, music.write_audio])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, write):
    assert "cannot be written" in refusal(lambda path: write([40], path), tmp_path / "no" / "x")


def samples_of(path):
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == music.SAMPLE_RATE
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def test_audio_lasts_as_long_as_the_sequence(tmp_path):
    path = tmp_path / "sound.wav"
    music.write_audio([40, 42, 44, 44, 47] * 6 + [40, 40], path)
    samples = samples_of(path)
    assert len(samples) == round(32 * STEP * music.SAMPLE_RATE)
    steps = samples.reshape(32, -1)
    assert np.all(np.sqrt(np.mean(steps**2, axis=1)) > 1000)  # every step is heard
    assert 32_000 <= np.abs(samples).max() <= 32_767


@pytest.mark.parametrize("key", [1, 2, 40, 49, 87, 88])
def test_audio_has_the_frequency_of_the_key(tmp_path, key):
    path = tmp_path / "sound.wav"
    num_steps = 8  # 3.2 s tell frequencies 0.3 Hz apart; the lowest keys differ by 1.6 Hz
    other = 30 if key != 30 else 31
    music.write_audio([other] * num_steps + [key] * num_steps, path)
    samples = samples_of(path)[num_steps * round(STEP * music.SAMPLE_RATE) :]
    loudest = rfftfreq(len(samples), 1 / music.SAMPLE_RATE)[np.abs(rfft(samples)).argmax()]
    frequencies = 440 * 2 ** ((np.arange(1, 89) - 49) / 12)
    assert 1 + np.abs(frequencies - loudest).argmin() == key
    assert loudest == pytest.approx(frequencies[key - 1], abs=0.4)


def test_the_same_sequence_gives_the_same_bytes(tmp_path):
    for write in (music.write_midi, music.write_audio):
        write([40, 42, 42], tmp_path / "one")
        write([40, 42, 42], tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


# The Nottingham tunes.


@pytest.fixture(scope="module")
def nottingham_file():
    folder = Path(os.environ.get("SEQGAN_DATA") or REPOSITORY.parent / "shared" / "data")
    names = [music.NOTTINGHAM.filename, *music.NOTTINGHAM.other_names]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"there is no {' or '.join(names)} in {folder}: set SEQGAN_DATA to its folder")


@pytest.fixture(scope="module")
def nottingham(nottingham_file):
    """The corpus and its tunes, read once: it takes seconds."""
    kept = []
    original = music._tunes

    def keep(*arguments):
        kept.append(original(*arguments))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(music, "_tunes", keep)
        corpus = music.nottingham_corpus(nottingham_file)
    ((tunes, _),) = kept
    return corpus, tunes


@pytest.fixture(scope="module")
def nottingham_members(nottingham_file):
    with zipfile.ZipFile(nottingham_file) as archive:
        return [
            (Path(name).name, archive.read(name))
            for name in archive.namelist()
            if name.endswith(".mid") and Path(name).parent.name in ("", "MIDI")
        ]


def test_nottingham_counts(nottingham):
    corpus, tunes = nottingham
    assert len(tunes) == 1034
    assert corpus.name == "nottingham"
    provenance = corpus.provenance
    assert provenance["files"] == 1034 and provenance["tunes"] == 1033
    (names,) = provenance["skipped"].values()
    assert [Path(name).name for name in names] == ["xmas7.mid"]
    assert provenance["skipped"].keys() == {"shorter than 32 steps"}
    assert provenance["windows"] == 4926 and provenance["repeats_removed"] == 217
    assert provenance["notes"] == 196_950 and provenance["notes_unheard"] == 51_103
    assert provenance["notes_moved"] == 0
    assert provenance["steps"] == 171_312 and provenance["steps_resting"] == 215
    assert provenance["steps_with_chords"] == 1177
    assert provenance["split_tunes"] == {"train": 820, "validation": 103, "test": 103}
    assert [provenance[part] for part in ("train", "validation", "test")] == [3799, 456, 454]


def test_nottingham_split_is_known(nottingham):
    split_hash = nottingham[0].provenance["split_hash"]
    assert split_hash == "241cf3b49c6cb49793686424bc59e6fcf2cb998fa29df0c0041c2b8d485246b6"


def test_nottingham_parts_share_no_tune_and_no_sequence(nottingham):
    corpus, tunes = nottingham
    first_owner = {}
    for tune in tunes:
        for start in range(0, len(tune.keys) - 31, 32):
            first_owner.setdefault(tuple(tune.keys[start : start + 32].tolist()), tune.name)
    parts = [rows(part) for part in (corpus.train, corpus.validation, corpus.test)]
    owners = [{first_owner[row] for row in part} for part in parts]
    for sets in (parts, owners):
        assert sum(map(len, sets)) == len(set.union(*sets))
    assert set.union(*parts) == set(first_owner)
    assert [len(names) for names in owners] == [820, 103, 103]


def test_nottingham_melodies_equal_the_grid_read_literally(nottingham, nottingham_members):
    by_name = {Path(tune.name).name: tune.keys.tolist() for tune in nottingham[1]}
    for name, content in nottingham_members[::100]:
        assert by_name[name] == slow_keys(content), name


def test_nottingham_tunes_come_back_from_midi(nottingham, tmp_path):
    for tune in nottingham[1][::50]:
        assert_round_trip(tune.keys.tolist(), tmp_path)


def archive_like_github(members):
    top = "nottingham-dataset-0992bb6/"
    files = [(f"{top}MIDI/{name}", content) for name, content in members]
    files += [(f"{top}MIDI/melody/{name}", content) for name, content in members[:20]]
    files += [(f"{top}MIDI/chords/chord{name}", content) for name, content in members[:20]]
    return [*files, (f"{top}README.md", b"words")]


def test_nottingham_is_known_by_the_content_of_its_members(nottingham_members, tmp_path):
    github = write_zip(tmp_path / "github.zip", archive_like_github(nottingham_members))
    top = write_zip(tmp_path / "top.zip", nottingham_members[::-1])
    folder = tmp_path / "MIDI"
    folder.mkdir()
    (folder / "melody").mkdir()
    (folder / "melody" / "one.mid").write_bytes(SOUND)
    for name, content in nottingham_members:
        (folder / name).write_bytes(content)
    for path in (github, top, folder, tmp_path):
        music.verify_nottingham(path)
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(nottingham_members)
    ]
    assert music.NOTTINGHAM.digest == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_other_tunes_are_not_nottingham(nottingham_members, tmp_path):
    (name, content), *others = nottingham_members
    changed = content[:-1] + bytes([content[-1] ^ 1])
    for number, files in enumerate(
        [
            others,
            [(name, changed), *others],
            [*nottingham_members, ("more.mid", content)],
            [("other name.mid", content), *others],
            [(f"melody/{name}", content) for name, content in nottingham_members],
        ]
    ):
        path = write_zip(tmp_path / f"{number}.zip", files)
        message = refusal(music.verify_nottingham, path)
        assert music.NOTTINGHAM.digest in message and music.NOTTINGHAM.url in message
        assert refusal(music.nottingham_corpus, path) == message
