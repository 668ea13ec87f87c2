"""MIDI files of folders and zips: which are read, which are left out, what identifies them."""

import hashlib
import os
import random
import struct

import pytest

from data import midi_files
from data.melody import read_tunes
from data.midi_files import digest, read_midi_files
from tests.data.tunes import SOUND, members, raw_midi, refusal, tune_bytes, write_zip


def names_and_keys(path):
    tunes, skipped = read_tunes(path)
    assert not skipped
    return [(tune.name, tune.keys.tolist()) for tune in tunes]


def test_a_file_too_large_is_skipped(tmp_path):
    (tmp_path / "tune.mid").write_bytes(raw_midi(b"\x00\x90\x3c\x50" * (1 << 18)))
    assert read_tunes(tmp_path) == ([], {"more than 1 MiB": ["tune.mid"]})


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


def test_many_small_files_are_too_many_together(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "tunes.zip", members(6))
    monkeypatch.setattr(midi_files, "_MAX_TOTAL_BYTES", 5 * len(tune_bytes(0, 40)))
    assert "of MIDI files, expected less" in refusal(read_tunes, path)
    monkeypatch.setattr(midi_files, "_MAX_FILES", 5)
    assert "more than 5 MIDI files" in refusal(read_tunes, path)
    monkeypatch.setattr(midi_files, "_MAX_ENTRIES", 5)
    assert "more than 5 members" in refusal(read_tunes, path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for k in range(6):
        (folder / f"{k}.txt").touch()
    assert "more than 5 files and folders" in refusal(read_tunes, folder)
    monkeypatch.setattr(midi_files, "_MAX_ZIP_BYTES", 100)
    assert "expected a smaller zip" in refusal(read_tunes, path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_pipes_do_not_block(tmp_path):
    pipe = tmp_path / "tunes" / "pipe.mid"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    assert "is not a regular file" in refusal(read_tunes, pipe)
    assert read_tunes(pipe.parent) == ([], {"not a regular file": ["pipe.mid"]})


def test_a_link_to_nowhere_is_skipped(tmp_path):
    (tmp_path / "tune.mid").symlink_to(tmp_path / "nowhere")
    (reason,) = read_tunes(tmp_path)[1]
    assert reason.startswith("cannot be read")


def test_karaoke_and_riff_files_are_read(tmp_path):
    riff = b"RIFF" + struct.pack("<L", len(SOUND) + 12) + b"RMIDdata"
    riff += struct.pack("<L", len(SOUND)) + SOUND
    files = [("a.kar", SOUND), ("b.KAR", SOUND), ("c.rmi", riff), ("d.mid", riff), ("e.txt", SOUND)]
    folder = tmp_path / "tunes"
    folder.mkdir()
    for name, content in files:
        (folder / name).write_bytes(content)
    read = names_and_keys(folder)
    assert read == [(name, [40, 42, 44, 47]) for name in ("a.kar", "b.KAR", "c.rmi", "d.mid")]
    assert names_and_keys(write_zip(tmp_path / "tunes.zip", files)) == read
    assert names_and_keys(folder / "a.kar") == read[:1]


def test_a_folder_that_cannot_be_read_is_counted(tmp_path, monkeypatch):
    (tmp_path / "shut").mkdir()
    (tmp_path / "tune.mid").write_bytes(SOUND)
    scan = os.scandir

    def scandir(path):
        if os.path.basename(path) == shut:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    shut = "shut"
    tunes, skipped = read_tunes(tmp_path)
    assert [tune.name for tune in tunes] == ["tune.mid"]
    assert skipped == {"a folder that cannot be read (Permission denied)": ["shut"]}
    shut = tmp_path.name
    assert "cannot be read (Permission denied)" in refusal(read_tunes, tmp_path)


# What identifies the files of a folder.


def test_the_digest_is_that_of_the_contents_in_order_of_names():
    one, two = (hashlib.sha256(content).digest() for content in (b"1", b"2"))
    expected = hashlib.sha256(one + two).hexdigest()
    assert digest({"a": b"1", "b": b"2"}) == digest({"z": b"2", "x/y": b"1"}) == expected


def test_the_digest_changes_with_every_file_that_is_read(tmp_path):
    def digest_of(files):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return digest(read_midi_files(folder, lambda name: True)[0])

    files = dict(members(3, folder="a/"))
    known = digest_of(files)
    assert digest_of(files) == digest_of({**files, "words.txt": b"words"}) == known
    others = [
        {**files, "a/tune1.mid": files["a/tune1.mid"][:-1] + b"\1"},
        {**files, "a/tune9.mid": SOUND},
        {**files, "empty.mid": b""},
        dict(members(2, folder="a/")),
        {**files, "a/tune0.mid": files["a/tune1.mid"], "a/tune1.mid": files["a/tune0.mid"]},
    ]
    assert len({known, *map(digest_of, others)}) == 1 + len(others)
