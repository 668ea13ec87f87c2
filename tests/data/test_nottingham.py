"""The Nottingham tunes: read, split and verified as they are known."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from data import music
from tests.data.tunes import SOUND, assert_round_trip, refusal, rows, slow_keys, write_zip
from tests.helpers import data_file


@pytest.fixture(scope="module")
def nottingham_file():
    return data_file(music.NOTTINGHAM.filename, *music.NOTTINGHAM.other_names)


@pytest.fixture(scope="module")
def nottingham(nottingham_file):
    """The corpus and its tunes, read once: it takes seconds."""
    kept = []
    original = music.to_tunes

    def keep(*arguments):
        kept.append(original(*arguments))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(music, "to_tunes", keep)
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


@pytest.mark.slow
def test_nottingham_counts(nottingham):
    corpus, tunes = nottingham
    assert len(tunes) == 1034
    assert corpus.name == "nottingham"
    provenance = corpus.provenance
    assert provenance["files"] == 1034 and provenance["tunes"] == 1033
    (names,) = provenance["skipped_files"].values()
    assert [Path(name).name for name in names] == ["xmas7.mid"]
    assert provenance["skipped"] == {"shorter than 32 steps": 1}
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
