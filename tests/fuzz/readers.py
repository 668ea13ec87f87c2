"""Every reader of files: valid files for it, how they are damaged, and what it may give.

A reader takes what lies in a folder. It raises one of `REFUSALS` where that cannot be used, and
`AssertionError` here for a result that is none.
"""

import contextlib
import csv
import gzip
import io
import json
import os
import pickle
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pretty_midi

from data import melody, music, oracle, poems, speeches, text
from data.corpora import SAMPLES_FOLDER
from data.corpus import Corpus
from data.line_codec import LineCodec
from data.nottingham import nottingham_manifest
from data.summary import summarize
from data.vocabulary import RESERVED, Vocabulary
from files.errors import DataError, UsageError
from models import load
from models.manifest import PLACE, write_manifest
from tests.fuzz import mutate
from training.flags import parse
from training.presets import ALL_PRESETS
from training.stored_settings import changed_settings, load_settings, settings_to_json

REFUSALS = (DataError, UsageError)


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    Args:
        sound: gives valid files.
        damage: makes a damaged file of one of them and of pieces of the others.
        place: where the file belongs in the folder that is read.
        read: reads a folder, in one of several ways, by a number.
    """

    sound: Callable[[], Sequence[bytes]]
    damage: Callable[[random.Random, bytes, Sequence[bytes]], bytes]
    place: str
    read: Callable[[Path, int], None]

    def content(self, seed: str) -> tuple[bytes, int]:
        """The damaged file that belongs to a seed, and in which way to read it."""
        draw = random.Random(seed)
        way = draw.randrange(60)  # a multiple of how many valid files and ways there are
        sound = self.sound()
        return self.damage(draw, sound[way % len(sound)], sound), way


# The published oracle.

# A hostile pickle would make this folder.
MARKER = os.path.join(tempfile.gettempdir(), "seqgan-was-run")


@cache
def oracles() -> list[bytes]:
    numbers = np.random.default_rng(0)
    shapes = [(7, 3), *[(3, 2), (2, 2), (2,)] * 4, (2, 7), (7,)]
    arrays = [numbers.standard_normal(shape).astype(np.float32) for shape in shapes]
    doubles = [np.asfortranarray(array.astype(">f8")) for array in arrays]
    return [
        *(pickle.dumps(arrays, protocol) for protocol in (3, 4, 5)),
        *(pickle.dumps(tuple(doubles), protocol) for protocol in (3, 5)),
    ]


def damage_oracle(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.1:  # the protocols of Python 2, which are not admitted
        content = pickle.dumps(pickle.loads(content), draw.randrange(3))
    return mutate.mutated_pickle(draw, content, MARKER, others)


def read_oracle(folder: Path, way: int) -> None:
    try:
        arrays = oracle.read_oracle_parameters(folder / "oracle.pkl")
    finally:
        assert not Path(MARKER).exists(), "the file was run"
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays)
    (vocab_size, embedding), (hidden,) = arrays[0].shape, arrays[3].shape
    gate = [(embedding, hidden), (hidden, hidden), (hidden,)]
    assert [a.shape for a in arrays[1:]] == [*gate * 4, (hidden, vocab_size), (vocab_size,)]


# The vocabulary of an exported generator.


@cache
def vocabularies() -> list[bytes]:
    values = (
        {"task": "text", "level": "word", "size": 7, "tokens": [*RESERVED, "a", "'s", "山", "b"]},
        {"task": "poems", "level": "char", "size": 5, "tokens": [*RESERVED, "春", "雨"]},
        {"task": "oracle", "level": "id", "size": 5000},
        {"task": "music", "level": "key", "size": 89},
    )
    return [json.dumps(value, ensure_ascii=False).encode() for value in values]


def read_vocabulary(folder: Path, way: int) -> None:
    vocabulary = load.read_vocabulary(folder)
    codec = LineCodec(vocabulary)
    sequence = np.resize(np.arange(3, min(max(vocabulary["size"], 4), 23)), 20)
    codec.text(sequence).encode("utf-8")


# The settings of a run.


@cache
def configs() -> list[bytes]:
    return [
        json.dumps(
            {"task": "a", "settings": settings_to_json(presets["quick"]), "commit": "0"}
        ).encode()
        for presets in ALL_PRESETS
    ]


def read_config(folder: Path, way: int) -> None:
    presets = ALL_PRESETS[way % len(ALL_PRESETS)]
    settings = load_settings(folder / "config.json", type(presets["quick"]))
    again = parse(presets, ["--resume", "--out", str(folder)])
    assert settings_to_json(again) == settings_to_json(settings)
    json.dumps(changed_settings(settings), allow_nan=False)


# Corpora.


@cache
def corpora() -> list[bytes]:
    speech = (SAMPLES_FOLDER / "speech.txt").read_bytes()[:3000].rpartition(b"\n")[0]
    quatrains = (SAMPLES_FOLDER / "quatrains.txt").read_bytes().splitlines()[:30]
    lines = "\n".join(f"Line {k} of it, isn't it? No. {k % 7}…" for k in range(20))
    return [speech, b"\n".join(quatrains), lines.encode()]


def check_corpus(corpus: Corpus) -> None:
    for part in (corpus.train, corpus.validation, corpus.test):
        assert part.shape == (len(part), corpus.max_length) and len(part) >= 1
        assert part.min() >= 0 and part.max() < corpus.vocabulary.size
        for row in part[:20]:
            tokens = corpus.vocabulary.decode(row)
            text.to_text(tokens, corpus.vocabulary.level).encode("utf-8")
    json.dumps(corpus.provenance, allow_nan=False)
    for line in summarize(corpus.provenance):
        assert line.isprintable() and len(line) < 2000
    assert Vocabulary.from_json(corpus.vocabulary.to_json()) == corpus.vocabulary


def read_text(folder: Path, way: int) -> None:
    check_corpus(
        text.load_text(
            folder / "corpus.txt",
            level=("word", "char")[way % 2],
            truncate=way % 4 > 1,
            lowercase=way % 4 > 1,
            max_length=50,
        )
    )


def read_speeches(folder: Path, way: int, name: str = "corpus.txt") -> None:
    path, unit = folder / name, speeches.UNITS[way % 2]
    check_corpus(speeches.load_speeches(path, unit=unit, lowercase=way % 4 > 1, max_vocab=500))


def read_poems(folder: Path, way: int) -> None:
    corpus = poems.load_poems(folder / "corpus.txt", skip_malformed=way % 4 > 0)
    check_corpus(corpus)
    for row in corpus.train:
        poems.format_poem(corpus.vocabulary.decode(row)).encode("utf-8")


# Corpora in other forms: gzip files, with a name that is not UTF-8, and columns of tables.

GZIP_NAME = os.fsdecode(b"caf\xe9.gz")


@cache
def gzips() -> list[bytes]:
    return [gzip.compress(content, mtime=0) for content in corpora()]


def damage_gzip(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.4:
        return mutate.mutated(draw, content, others)
    inner = mutate.mutated_text(draw, gzip.decompress(content), corpora())
    return gzip.compress(inner, mtime=0)


def read_gzip(folder: Path, way: int) -> None:
    read_speeches(folder, way, GZIP_NAME)


COLUMN = "text"


@cache
def csvs() -> list[bytes]:
    tables = []
    for content in corpora():
        table = io.StringIO()
        rows = ((k, line, "") for k, line in enumerate(content.decode().splitlines()))
        csv.writer(table).writerows([("id", COLUMN, "note"), *rows])
        tables.append(table.getvalue().encode())
    return tables


@cache
def json_lines() -> list[bytes]:
    return [
        "\n".join(
            json.dumps({"id": k, COLUMN: line, "note": None}, ensure_ascii=k % 2 == 0)
            for k, line in enumerate(content.decode().splitlines())
        ).encode()
        for content in corpora()
    ]


def damage_json_lines(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.5:
        return mutate.mutated_text(draw, content, others)
    lines = content.split(b"\n")
    place = draw.randrange(len(lines))
    lines[place] = mutate.mutated_json(draw, lines[place], others)
    return b"\n".join(lines)


def read_table(folder: Path, way: int, name: str) -> None:
    level, column = ("word", "char")[way % 2], None if way % 10 == 9 else COLUMN
    check_corpus(
        text.load_text(folder / name, level=level, column=column, truncate=True, max_length=50)
    )


# Tunes.


@cache
def tunes() -> list[bytes]:
    """Three tunes of two sequences as the library writes them, and some of other instructions."""
    contents = []
    for seed in range(3):
        midi = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=120 + seed)
        instrument = pretty_midi.Instrument(0, name="melody")
        pitches = np.random.default_rng(seed).integers(40, 90, 70)
        for step, pitch in enumerate(pitches.tolist()):
            note = pretty_midi.Note(90, pitch, step * 0.4, step * 0.4 + 0.39)
            instrument.notes.append(note)
        midi.instruments.append(instrument)
        midi.lyrics.append(pretty_midi.Lyric("la", 0.5))
        content = io.BytesIO()
        midi.write(content)
        contents.append(content.getvalue())
    note, tempo = b"\x00\x90\x3c\x50\x83\x60\x3c\x00", b"\x00\xff\x51\x03\x0c\x35\x00"
    odd = b"\x00\xff\x59\x02\xee\x00\x00\x90\x3e\x80"  # 18 flats, a byte above 127
    return [
        *contents,
        mutate.midi_file([tempo + note * 30]),
        mutate.midi_file([odd + note * 30, tempo, tempo * 9]),
        mutate.riff(mutate.midi_file([note * 30], 0xE728)),  # in milliseconds
    ]


def check_tunes(path: Path) -> None:
    found, skipped = melody.read_tunes(path)
    for tune in found:
        assert tune.keys.dtype == np.int32 and 1 <= len(tune.keys) <= 9001
        assert tune.keys.min() >= 1 and tune.keys.max() <= 88
    json.dumps(skipped)
    corpus = music.music_corpus(path)
    for part in (corpus.train, corpus.validation, corpus.test):
        assert part.shape == (len(part), 32) and len(part) >= 1
        assert part.min() >= 1 and part.max() <= 88
    json.dumps(corpus.provenance, allow_nan=False)


def read_tune(folder: Path, way: int) -> None:
    melody.read_midi(folder / "tune.mid")
    if way % 4 == 0:  # beside sound ones
        for number, tune in enumerate(tunes()[:3]):
            (folder / f"sound{number}.mid").write_bytes(tune)
        check_tunes(folder)


@cache
def zips() -> list[bytes]:
    members = [(f"a/tune{number}.mid", tune) for number, tune in enumerate(tunes())]
    return [mutate.packed(members), mutate.packed(members[:3], method=0)]


def damage_zip(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.3:
        return mutate.mutated(draw, content, others)
    return mutate.mutated_zip(draw, tunes())


def read_zip(folder: Path, way: int) -> None:
    try:
        nottingham_manifest(folder / "tunes.zip")
        check_tunes(folder / "tunes.zip")
    finally:
        names = [path.name for path in folder.iterdir()]
        assert names == ["tunes.zip"], f"something was unpacked: {names}"


# Exported generators. A damaged one is told by a line: the name of a file and how it is damaged,
# and what the file holds then.

_WAYS = (b"altered", b"missing", b"added", b"folder", b"pipe", b"endless")


def damage_export(
    draw: random.Random, content: bytes, others: Sequence[bytes], export: Callable[[], Path]
) -> bytes:
    folder = export()
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    name = draw.choice(names)
    way = b"altered" if draw.random() < 0.9 else draw.choice(_WAYS)
    old = (folder / name).read_bytes()
    pieces = [(folder / other).read_bytes() for other in names]
    change = mutate.mutated_json if name.endswith(".json") else mutate.mutated
    return b"%s %s\n%s" % (way, name.encode(), change(draw, old, pieces))


def copy_damaged(export: Path, folder: Path) -> Path:
    """A copy of an export, damaged as `damage_export` says."""
    line, _, content = (folder / "damage").read_bytes().partition(b"\n")
    how, name = line.decode().split(" ")
    copy = folder / "generator"
    for path in export.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(export)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    if how == "sound":
        return copy
    target = copy / (f"{name}.more" if how == "added" else name)
    target.unlink(missing_ok=True)
    if how == "folder":
        target.mkdir()
    elif how == "pipe":
        os.mkfifo(target)
    elif how == "endless":
        target.symlink_to("/dev/zero")
    elif how != "missing":
        target.write_bytes(content)
    return copy


@cache
def imitation() -> Path:
    """Files as those of an export, which need no TensorFlow to be made."""
    folder = Path(tempfile.mkdtemp())
    random_bytes = random.Random(0).randbytes
    for name, size in (("saved_model.pb", 3000), ("fingerprint.pb", 98)):
        (folder / name).write_bytes(random_bytes(size))
    for name in ("variables", "assets"):
        (folder / name).mkdir()
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(random_bytes(900))
    (folder / "variables" / "variables.index").write_bytes(random_bytes(300))
    (folder / "assets" / "vocabulary.json").write_bytes(vocabularies()[0])
    write_manifest(folder)
    return folder


def read_export(folder: Path, way: int) -> None:
    """Checks an export before TensorFlow has seen anything of it."""
    copy, whole = copy_damaged(imitation(), folder), imitation()
    with contextlib.redirect_stderr(io.StringIO()):  # the warning of one without a manifest
        load.check_export(load.find_export(copy))
    if (copy / PLACE).exists():
        for path in whole.rglob("*"):
            name = path.relative_to(whole)
            if path.is_file() and name != PLACE:
                assert path.read_bytes() == (copy / name).read_bytes(), "damage was not found"


@cache
def real_export() -> Path:
    """A tiny exported generator, without the manifest that would tell its damage."""
    from training.session import quiet

    quiet()
    from models.export import export_generator
    from models.generator import Generator

    folder = Path(tempfile.mkdtemp()) / "generator"
    generator = Generator(7, 4, 2, 3, end_token=1, blocked_tokens=(0, 2))
    export_generator(generator, folder, json.loads(vocabularies()[0]))
    (folder / PLACE).unlink()
    return folder


def load_export(folder: Path, way: int) -> None:
    """Loads an export without a manifest, and draws from it."""
    copy = copy_damaged(real_export(), folder)
    with contextlib.redirect_stderr(io.StringIO()):
        vocabulary = load.check_export(load.find_export(copy))
    generator = load.load_generator(copy)
    sequences = load.draw(generator, copy, vocabulary["size"], 3, 1, 1.0)
    assert sequences.shape[0] == 3
    codec = LineCodec(vocabulary)
    assert len([codec.text(sequence) for sequence in sequences]) == 3


def undamaged(export: Callable[[], Path]) -> list[bytes]:
    export()  # before anything is timed
    return [b"sound saved_model.pb\n"]


READERS = {
    "oracle": Reader(oracles, damage_oracle, "oracle.pkl", read_oracle),
    "vocabulary": Reader(
        vocabularies, mutate.mutated_json, "assets/vocabulary.json", read_vocabulary
    ),
    "config": Reader(configs, mutate.mutated_json, "config.json", read_config),
    "text": Reader(corpora, mutate.mutated_text, "corpus.txt", read_text),
    "speeches": Reader(corpora, mutate.mutated_text, "corpus.txt", read_speeches),
    "poems": Reader(lambda: corpora()[1:2], mutate.mutated_text, "corpus.txt", read_poems),
    "gzip": Reader(gzips, damage_gzip, GZIP_NAME, read_gzip),
    "csv": Reader(csvs, mutate.mutated_text, "corpus.csv", partial(read_table, name="corpus.csv")),
    "jsonl": Reader(
        json_lines, damage_json_lines, "corpus.jsonl", partial(read_table, name="corpus.jsonl")
    ),
    "tune": Reader(tunes, mutate.mutated_midi, "tune.mid", read_tune),
    "zip": Reader(zips, damage_zip, "tunes.zip", read_zip),
    "export": Reader(
        partial(undamaged, imitation),
        partial(damage_export, export=imitation),
        "damage",
        read_export,
    ),
    # TensorFlow takes a sixth of a second for each.
    "savedmodel": Reader(
        partial(undamaged, real_export),
        partial(damage_export, export=real_export),
        "damage",
        load_export,
    ),
}
