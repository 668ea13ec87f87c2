"""Zips of MIDI files, also hostile ones."""

import struct
import tracemalloc
import zipfile

import pytest

from data import midi_files
from data.melody import read_tunes
from tests.data.tunes import SOUND, members, refusal, tune_bytes, write_zip


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
    message = refusal(read_tunes, path)
    assert "climbs" in message and "get the zip from its origin again" in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["tunes.zip"]


def test_a_member_without_a_name_is_no_tune(tmp_path):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("placeholder")
        member.filename = ""
        archive.writestr(member, SOUND)
        archive.writestr("tune.mid", SOUND)
    tunes, skipped = read_tunes(path)
    assert [tune.name for tune in tunes] == ["tune.mid"] and not skipped


def test_a_bomb_is_skipped_without_unpacking_it(tmp_path):
    bomb = b"MThd" + bytes(64 << 20)
    path = write_zip(tmp_path / "tunes.zip", [*members(2), ("bomb.mid", bomb)])
    assert path.stat().st_size < 1 << 20
    del bomb
    tracemalloc.start()
    try:
        tunes, skipped = read_tunes(path)
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
    assert "files that are too large or corrupt" in refusal(read_tunes, path)
    assert len(unpacked) == 4
    # So are those whose checksum, found at their end, is wrong.
    bomb = b"MThd" + bytes((1 << 20) - 5)
    path = write_zip(tmp_path / "tunes.zip", [(f"{k}.mid", bomb) for k in range(100)])
    path.write_bytes(altered(path.read_bytes(), b"PK\x01\x02", 16, 12345))
    unpacked.clear()
    assert "files that are too large or corrupt" in refusal(read_tunes, path)
    assert len(unpacked) == 5


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_cannot_be_bounded_is_skipped(tmp_path, method):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tune.mid", SOUND, compress_type=method)
    assert read_tunes(path) == ([], {"packed by another method than deflate": ["tune.mid"]})


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
    tunes, skipped = read_tunes(path)
    # A size too large is of no effect: what is there is read and its checksum is right.
    assert skipped == ({"corrupt in the zip": ["tune.mid"]} if size == 10 else {})
    assert len(tunes) == (size != 10)


def test_a_directory_of_too_many_members_is_not_read(tmp_path):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[20] * 2, *[0] * 14) + b""
    directory = entry * 100_000
    ending = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(directory), 0, 0)
    path = tmp_path / "tunes.zip"
    path.write_bytes(directory + ending)
    tracemalloc.start()
    try:
        message = refusal(read_tunes, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "neither a MIDI file nor a sound zip" in message
    assert peak < 1 << 20


def test_an_encrypted_member_is_skipped(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND)])
    content = altered(path.read_bytes(), b"PK\x01\x02", 8, 1, "<H")
    path.write_bytes(altered(content, b"PK\x03\x04", 6, 1, "<H"))
    assert read_tunes(path) == ([], {"encrypted": ["tune.mid"]})


def test_a_member_that_was_altered_is_skipped(tmp_path):
    path = tmp_path / "tunes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("tune.mid", SOUND)
        archive.writestr("whole.mid", SOUND)
    content = path.read_bytes()
    place = content.index(SOUND) + len(SOUND) // 2
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    tunes, skipped = read_tunes(path)
    assert [tune.name for tune in tunes] == ["whole.mid"]
    assert skipped == {"corrupt in the zip": ["tune.mid"]}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_first_is_read(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND), ("tune.mid", tune_bytes(1))])
    tunes, skipped = read_tunes(path)
    assert [tune.keys.tolist() for tune in tunes] == [[40, 42, 44, 47]]
    assert skipped == {"a second file of that name": ["tune.mid"]}


def test_a_zip_in_a_zip_stays_shut(tmp_path):
    inner = write_zip(tmp_path / "inner.zip", members()).read_bytes()
    path = write_zip(tmp_path / "tunes.zip", [("inner.zip", inner), ("inner.mid", inner)])
    assert read_tunes(path) == ([], {"not a MIDI file": ["inner.mid"]})


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06", b"words " * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "tunes.zip"
    path.write_bytes(content)
    assert "neither a MIDI file nor a sound zip" in refusal(read_tunes, path)


def test_every_cut_of_a_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("tune.mid", SOUND)])
    content = path.read_bytes()
    for length in range(0, len(content), 3):
        path.write_bytes(content[:length])
        refusal(read_tunes, path)


def test_a_zip_with_a_name_that_is_not_the_utf8_it_claims_is_refused(tmp_path):
    path = write_zip(tmp_path / "tunes.zip", [("t\u00e9.mid", SOUND)])
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xfe"))
    assert "name marked as UTF-8 that is not" in refusal(read_tunes, path)
