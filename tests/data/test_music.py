"""Sequences of tunes and their parts."""

import hashlib
import json
import os
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from data import music
from data.melody import Tune, read_midi, read_tunes
from data.midi_files import digest
from data.samples.tunes import TUNES
from files.hashing import sha256
from files.reading import read_json
from files.writing import write_json
from tests.data.tunes import (
    SOUND,
    melody,
    members,
    midi_bytes,
    refusal,
    rows,
    tune_bytes,
    write_zip,
)
from tests.helpers import REPOSITORY


@pytest.fixture(scope="module")
def tunes_zip(tmp_path_factory):
    """40 tunes of 100 steps."""
    files = [(f"tune{k:02}.mid", tune_bytes(k, 100)) for k in range(40)]
    return write_zip(tmp_path_factory.mktemp("corpus") / "tunes.zip", files)


def test_a_tune_becomes_consecutive_windows(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.mid").write_bytes(tune_bytes(k, 32 * (k + 2) + 31 * (k < 2)))
    corpus = music.music_corpus(tmp_path)
    expected = []
    for k in range(3):
        keys = read_midi(tmp_path / f"{k}.mid")
        expected += [keys[start : start + 32] for start in range(0, len(keys) - 31, 32)]
    assert len(expected) == 9
    found = np.concatenate([corpus.train, corpus.validation, corpus.test])
    assert rows(found) == {tuple(window.tolist()) for window in expected}
    assert len(found) == corpus.provenance["windows"] == 9
    assert found.dtype == np.int32 and found.shape == (9, 32)
    assert corpus.vocab_size == 89 and corpus.max_length == 32
    assert corpus.name == tmp_path.name


def test_short_and_unusable_files_are_counted_and_named(tmp_path):
    files = [*members(6), ("short.mid", tune_bytes(7, 31)), ("empty.mid", b"")]
    files += [("drums.mid", midi_bytes([(36, 0, 90)], drums=[0])), ("cut.mid", SOUND[:-9])]
    corpus = music.music_corpus(write_zip(tmp_path / "tunes.zip", files))
    provenance = corpus.provenance
    assert provenance["files"] == 10 and provenance["tunes"] == 6
    assert provenance["skipped_files"] == {
        "empty": ["empty.mid"],
        "only drums": ["drums.mid"],
        "truncated": ["cut.mid"],
        "shorter than 32 steps": ["short.mid"],
    }
    assert provenance["skipped"] == dict.fromkeys(provenance["skipped_files"], 1)
    assert provenance["steps"] == 240 and provenance["notes"] == 240
    assert json.loads(json.dumps(provenance)) == provenance


def test_each_count_is_a_sum_over_the_tunes_that_are_long_enough():
    numbers = {"num_rests": 1, "num_chords": 2, "num_moved": 3, "num_unheard": 4, "num_notes": 5}
    random = np.random.default_rng(1)
    long = [Tune(f"{k}", random.integers(1, 89, 40), **numbers) for k in range(6)]
    short = Tune("short", random.integers(1, 89, 31), **dict.fromkeys(numbers, 100))
    provenance = music._corpus("mine", "mine", [*long, short], {}, 32, 0).provenance
    names = ("steps_resting", "steps_with_chords", "notes_moved", "notes_unheard", "notes")
    assert [provenance[name] for name in names] == [6, 12, 18, 24, 30]
    assert (provenance["steps"], provenance["tunes"], provenance["files"]) == (240, 6, 7)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_too_few_tunes_cannot_be_split(tmp_path, number):
    files = [*members(number), ("empty.mid", b""), ("empty2.mid", b"")]
    if number:
        files.append(("tune0 again.mid", files[0][1]))
    message = refusal(music.music_corpus, write_zip(tmp_path / "tunes.zip", files))
    assert f"holds {number} different tune(s) of at least 32 steps with {number} seq" in message
    repeating = "; 1 repeating others" if number else ""
    assert f"(left out: 2 empty, as empty.mid{repeating})" in message
    assert "which 6 different tunes always give" in message
    assert "of at least 12.8 s, or use --corpus sample" in message


def test_a_folder_without_midi_files_is_said_to_have_none(tmp_path):
    (tmp_path / "tune.mp3").write_bytes(b"ID3")
    message = refusal(music.music_corpus, tmp_path)
    assert f"{tmp_path} holds no MIDI file (.mid, .midi, .kar, .rmi), expected" in message


def sizes(corpus):
    return [len(part) for part in (corpus.train, corpus.validation, corpus.test)]


def corpus_of(steps, folder, **options):
    """The corpus of tunes of so many steps."""
    files = [(f"tune{k}.mid", tune_bytes(k, number)) for k, number in enumerate(steps)]
    return music.music_corpus(write_zip(folder / "tunes.zip", files), **options)


@pytest.mark.parametrize("seed", range(5))
def test_six_tunes_of_one_sequence_are_always_enough(tmp_path, seed):
    corpus = corpus_of([32] * 6, tmp_path, split_seed=seed)
    assert sizes(corpus) == [2, 2, 2]
    assert corpus.provenance["split_tunes"] == {"train": 2, "validation": 2, "test": 2}
    with pytest.raises(music.DataError, match=r"5 different tune.* with 5 sequence"):
        corpus_of([32] * 5, tmp_path, split_seed=seed)


def test_three_tunes_of_two_sequences_are_enough(tmp_path):
    corpus = corpus_of([64] * 3, tmp_path)
    assert sizes(corpus) == [2, 2, 2]
    assert corpus.provenance["split_tunes"] == {"train": 1, "validation": 1, "test": 1}


@pytest.mark.parametrize("seed", range(5))
def test_a_held_out_part_of_one_sequence_takes_another_tune(tmp_path, seed):
    corpus = corpus_of([32] * 10, tmp_path, split_seed=seed)  # a tenth of ten tunes is one
    assert sizes(corpus) == [6, 2, 2]


def test_shares_of_enough_tunes_stay_as_drawn():
    # The 20 tunes of one seed, by the definition: a permutation, of which the last tenths are kept.
    order = np.random.default_rng(7).permutation(20).tolist()
    train, validation, test = music._split([3] * 20, 7)
    assert (train, validation, test) == (order[:16], order[16:18], order[18:])


@pytest.mark.parametrize(("tunes", "held_out"), [(14, 1), (16, 2), (24, 2), (26, 3)])
def test_shares_are_rounded_to_whole_tunes(tunes, held_out):
    train, validation, test = music._split([3] * tunes, 7)
    assert len(validation) == len(test) == held_out and len(train) == tunes - 2 * held_out


def test_a_held_out_part_takes_as_many_tunes_as_two_sequences_need():
    taken = []
    for seed in range(20):
        sizes_of_tunes = [1, 3, 1, 1, 4, 1, 1, 1, 3, 1]
        for part in music._split(sizes_of_tunes, seed)[1:]:
            held = [sizes_of_tunes[tune] for tune in part]
            assert sum(held) >= 2 and sum(held[1:]) < 2  # the first one is drawn last
            taken.append(len(held))
    assert set(taken) == {1, 2}


def test_the_split_is_by_tune(tunes_zip):
    tunes, _ = read_tunes(tunes_zip)
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


def test_the_sample_corpus():
    corpus = music.sample_corpus()
    assert corpus.name == "sample"
    assert [len(part) for part in (corpus.train, corpus.validation, corpus.test)] == [40, 4, 4]
    assert corpus.provenance["tunes"] == 24 and corpus.provenance["skipped"] == {}
    everything = np.concatenate([corpus.train, corpus.validation, corpus.test])
    assert tuple(np.array(TUNES[0].pitches()[:32]) - 20) in rows(everything)


# Where a corpus came from.


def test_a_folder_is_identified_by_its_contents_wherever_it_is(tmp_path):
    files = dict(members(6))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
    one, two = (music.load_music(tmp_path / name).provenance for name in ("one", "two"))
    assert one["sha256"] == two["sha256"] == digest(files)
    (tmp_path / "two" / "tune9.mid").write_bytes(tune_bytes(9))
    assert music.load_music(tmp_path / "two").provenance["sha256"] != one["sha256"]
    archive = write_zip(tmp_path / "tunes.zip", files.items())
    assert music.load_music(archive).provenance["sha256"] == sha256(archive)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_names_need_not_be_utf8(tmp_path):
    folder = os.fsencode(tmp_path / "tunes")
    for place in (folder, folder + b"/\xfe"):
        os.mkdir(place)
        for number in range(3):
            with open(place + b"/t\xff%d.mid" % number, "wb") as file:
                file.write(tune_bytes(number + 3 * (place == folder)))
        with open(place + b"/e\xff\n.mid", "wb"):
            pass
    path = tmp_path / "tunes"
    tunes, _ = read_tunes(path)
    assert [os.fsencode(tune.name) for tune in tunes] == [
        *(b"t\xff%d.mid" % number for number in range(3)),
        *(b"\xfe/t\xff%d.mid" % number for number in range(3)),
    ]
    provenance = music.load_music(path).provenance
    assert provenance["skipped_files"] == {"empty": ["e\udcff\n.mid", "\udcfe/e\udcff\n.mid"]}
    assert provenance["skipped"] == {"empty": 2}
    write_json(tmp_path / "result.json", provenance)
    assert read_json(tmp_path / "result.json", "expected JSON") == provenance
    with open(folder + b"/more.mid", "wb") as file:
        file.write(SOUND)
    with pytest.raises(music.DataError) as caught:
        music.nottingham_corpus(path)
    assert "holds 5 MIDI files" in str(caught.value)  # those at the top
    message = refusal(lambda path: music.music_corpus(path, max_length=1000), path)
    assert "2 empty, as e\\udcff\\n.mid" in message
