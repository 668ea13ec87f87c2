"""Tunes as sequences of piano keys: MIDI files read, cut and split; samples written as MIDI and WAV.

As in the paper's music generation a tune is one key every 0.4 s, and a sequence is 32 of them. The
88 keys of a piano, MIDI pitches 21 to 108, are the ids 1 to 88; id 0 is the start token and never
drawn. What the paper leaves open is decided here:

- The melody is the first instrument, in the order of the tracks, that has notes and is no drum.
- Time starts with its first note. A step holds what sounds at its beginning, so a note between two
  grid points is not heard; at the common 120 beats a minute an eighth note lasts 0.25 s.
- A pitch that a piano does not have moves by octaves until it does.
- A chord gives its highest key. A rest keeps the previous key sounding.
- A tune becomes consecutive windows of 32 steps that do not overlap; what is left at its end is
  dropped. A tune without a whole window, or longer than an hour, is skipped.
- Exact repeats of a window are removed, the first one in order of names is kept. What remains is
  split by tune, so that no tune and no window stands in two parts.

Files are not trusted (`data.midi_files`): one that is no sound MIDI file is skipped, named and counted.
"""

import hashlib
import io
import itertools
import re
import warnings
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi

from data.corpora import CORPORA, corpus_file, in_nottingham, origin
from data.midi_files import Skip, manifest, read_midi_files, shown
from data.samples.tunes import TUNES
from files.errors import DataError

STEP_SECONDS = 0.4
MAX_LENGTH = 32
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
VOCAB_SIZE = 1 + HIGHEST_PITCH - LOWEST_PITCH + 1
SHARES = (0.8, 0.1, 0.1)  # of the tunes: training, validation, test
SAMPLE_RATE = 22_050  # Hz; the highest key sounds at 4,186 Hz

_MAX_SECONDS = 3600.0

# The reader keeps the time of every tick, whatever happens there. It takes files of at most so many,
# which can be 30 bytes long; all Nottingham tunes together have 143 million, 45 a byte.
_MAX_TICKS = 10_000_000
_MAX_TICKS_TOGETHER = 100_000_000  # and in addition
_MAX_TICKS_A_BYTE = 1000

# Numbers in a MIDI file are at most four such bytes long. Unbounded ones, which the reader would
# take, cost it time that grows with the square of their length; text does not have so many in a row.
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{256}")

NOTTINGHAM = CORPORA["nottingham"]


@dataclass(frozen=True)
class Tune:
    """A tune on the grid.

    Args:
        name: of its file, with the folders above it.
        keys: int32 `[steps]`, ids 1 to 88.
        num_rests: steps at which nothing sounds.
        num_chords: steps at which several keys sound.
        num_moved: notes that moved by octaves to be on the piano.
        num_unheard: notes that sound at no grid point.
        num_notes: notes of the melody.
    """

    name: str
    keys: np.ndarray
    num_rests: int = 0
    num_chords: int = 0
    num_moved: int = 0
    num_unheard: int = 0
    num_notes: int = 0


@dataclass(frozen=True)
class MusicCorpus:
    """Sequences of piano keys in three parts that share no tune and no sequence.

    Args:
        name: of the corpus.
        train: int32 `[M, T]`, ids 1 to 88.
        validation: the same of other tunes.
        test: the same of yet others.
        vocab_size: 89, with the start token 0.
        max_length: T, steps of 0.4 s.
        provenance: what was read, skipped, removed and how it was split, as JSON can hold it.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    vocab_size: int
    max_length: int
    provenance: dict[str, Any]


def load_music(corpus: str | Path = "nottingham", *, split_seed: int = 0) -> MusicCorpus:
    """The corpus of tunes, windows of 32 steps.

    Args:
        corpus: "nottingham", fetched where it must be; "sample"; or the path of a folder or a zip.
        split_seed: which tunes go into which part.
    """
    path = corpus_file(corpus, "music")
    if corpus == "sample":
        loaded = sample_corpus(split_seed=split_seed)
    elif corpus == "nottingham":
        loaded = nottingham_corpus(path, split_seed=split_seed)
    else:
        loaded = music_corpus(path, split_seed=split_seed)
    return replace(loaded, provenance={**origin(corpus, path), **loaded.provenance})


def music_corpus(
    path: Path, *, max_length: int = MAX_LENGTH, split_seed: int = 0, name: str = ""
) -> MusicCorpus:
    """Sequences of a person's own MIDI files.

    Args:
        path: a folder, searched with those below it, or a zip of MIDI files.
        max_length: steps of a sequence.
        split_seed: which tunes go into which part; the same tunes and seed give the same parts.
        name: of the corpus; that of the file or folder if empty.

    Raises:
        DataError: it cannot be read, is hostile, or holds fewer than three tunes long enough.
    """
    tunes, skipped = read_tunes(path)
    return _corpus(
        name or Path(path).resolve().name, str(path), tunes, skipped, max_length, split_seed
    )


def nottingham_corpus(
    path: Path, *, max_length: int = MAX_LENGTH, split_seed: int = 0
) -> MusicCorpus:
    """Sequences of the Nottingham tunes, the paper's corpus; `path` as in `verify_nottingham`.

    Raises:
        DataError: these are not the Nottingham tunes.
    """
    contents, skipped = read_midi_files(Path(path), in_nottingham)
    _verify(Path(path), contents)
    tunes, skipped = _tunes(contents, skipped)
    return _corpus("nottingham", str(path), tunes, skipped, max_length, split_seed)


def sample_corpus(*, max_length: int = MAX_LENGTH, split_seed: int = 0) -> MusicCorpus:
    """Sequences of the 24 tunes written for this project, which are not the paper's data."""
    tunes = [
        Tune(tune.title, np.array(tune.pitches(), np.int32) - LOWEST_PITCH + 1) for tune in TUNES
    ]
    return _corpus("sample", "the sample corpus", tunes, {}, max_length, split_seed)


def verify_nottingham(path: Path) -> None:
    """Checks that a file holds the Nottingham tunes, whole and unaltered.

    Args:
        path: the archive of `NOTTINGHAM.url`, a zip of its folder `MIDI`, or a folder with either.

    Raises:
        DataError: it does not.
    """
    _verify(Path(path), read_midi_files(Path(path), in_nottingham)[0])


def read_tunes(path: Path) -> tuple[list[Tune], dict[str, list[str]]]:
    """Reads MIDI files onto the grid.

    Args:
        path: a folder, searched with those below it, a zip or one MIDI file. Files are taken by
            their endings, .mid or .midi; hidden ones are not.

    Returns:
        The tunes in order of their names, and the names of what was skipped by the reason.

    Raises:
        DataError: the path cannot be read, or a zip is hostile.
    """
    return _tunes(*read_midi_files(Path(path), lambda name: True))


def read_midi(path: Path) -> np.ndarray:
    """Reads one MIDI file: int32 `[steps]`, ids 1 to 88.

    Raises:
        DataError: it cannot be read, or holds no melody.
    """
    tunes, skipped = read_tunes(path)
    if len(tunes) != 1:
        held = f"{len(tunes)} tunes" if tunes else f"no melody ({', '.join(skipped) or 'no file'})"
        raise DataError(f"{path} holds {held}, expected one MIDI file with a melody: give another.")
    return tunes[0].keys


def write_midi(sequence: Sequence[int] | np.ndarray, path: Path) -> None:
    """Writes a sequence as a MIDI file of one piano track, which `read_midi` reads back exactly.

    Every step is a quarter note at 150 beats a minute, 0.4 s. Equal neighbours become one held
    note: ids cannot tell it from a repeated one, and in the Nottingham tunes half are either.

    Args:
        sequence: int `[T]`, ids 1 to 88.
        path: where to, replacing what is there.

    Raises:
        ValueError: the sequence is empty or holds other ids.
        DataError: the file cannot be written.
    """
    content = io.BytesIO()
    _pretty(sequence).write(content)
    _write(Path(path), content.getvalue())


def write_audio(sequence: Sequence[int] | np.ndarray, path: Path) -> None:
    """Writes a sequence as a WAV file: 16 bit, mono, 22,050 Hz, 0.4 s a step, plain sine tones.

    Args:
        sequence: int `[T]`, ids 1 to 88.
        path: where to, replacing what is there.

    Raises:
        ValueError: the sequence is empty or holds other ids.
        DataError: the file cannot be written.
    """
    samples = _pretty(sequence).synthesize(fs=SAMPLE_RATE)
    samples = samples[
        : round(len(sequence) * STEP_SECONDS * SAMPLE_RATE)
    ]  # a second more is silent
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.round(samples * np.iinfo(np.int16).max).astype("<i2").tobytes())
    _write(Path(path), content.getvalue())


def _verify(path: Path, contents: dict[str, bytes]) -> None:
    found = manifest(contents)
    if found != NOTTINGHAM.manifest:
        raise DataError(
            f"{path} holds {len(contents):,} MIDI files with manifest {found}, expected "
            f"{NOTTINGHAM.name} with {NOTTINGHAM.manifest}: get "
            f"{NOTTINGHAM.url} again, or use --corpus sample."
        )


# MIDI onto the grid.


def _tunes(
    contents: dict[str, bytes], skipped: dict[str, list[str]]
) -> tuple[list[Tune], dict[str, list[str]]]:
    tunes = []
    ticks_left = _MAX_TICKS_TOGETHER
    for name, content in contents.items():
        ticks_left += _MAX_TICKS_A_BYTE * len(content)
        try:
            parsed = _parsed(content)
            ticks = max((sum(event.time for event in track) for track in parsed.tracks), default=0)
            if ticks > _MAX_TICKS:
                raise Skip("corrupt")
            if ticks > ticks_left:
                raise Skip("too many ticks for its size")
            ticks_left -= ticks
            tunes.append(_tune(name, parsed))
        except Skip as reason:
            skipped.setdefault(str(reason), []).append(name)
    return tunes, skipped


def _tune(name: str, parsed: mido.MidiFile) -> Tune:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            midi = pretty_midi.PrettyMIDI(mido_object=parsed)
    except Exception as error:  # the reader may raise anything on a corrupt file
        raise Skip("corrupt") from error
    melody = next((i.notes for i in midi.instruments if i.notes and not i.is_drum), None)
    if melody is None:
        raise Skip("only drums" if any(i.notes for i in midi.instruments) else "no notes")
    starts = np.array([note.start for note in melody])
    ends = np.array([note.end for note in melody])
    if ends.max() - starts.min() > _MAX_SECONDS:
        raise Skip("longer than an hour")
    pitches = np.array([note.pitch for note in melody])
    on_piano = _on_piano(pitches)

    # Place of the first grid point at or after a time. A written time may miss its point by
    # rounding, by far less than a millionth of a step.
    first, last = (
        np.ceil((times - starts.min()) / STEP_SECONDS - 1e-6).astype(int)
        for times in (starts, ends)
    )
    last = np.maximum(last, first == 0)  # the first note begins the tune, however short it is
    changes = np.zeros([VOCAB_SIZE, max(last) + 1], int)
    np.add.at(changes, (on_piano - LOWEST_PITCH + 1, first), 1)
    np.add.at(changes, (on_piano - LOWEST_PITCH + 1, last), -1)
    sounding = changes[:, :-1].cumsum(axis=1) > 0  # [V, steps]
    num_keys = sounding.sum(axis=0)
    sounds = num_keys > 0  # at the first step at least
    highest = VOCAB_SIZE - 1 - sounding[::-1].argmax(axis=0)
    latest = np.maximum.accumulate(np.where(sounds, np.arange(len(sounds)), 0))
    return Tune(
        name,
        highest[latest].astype(np.int32),
        num_rests=int((~sounds).sum()),
        num_chords=int((num_keys > 1).sum()),
        num_moved=int((on_piano != pitches).sum()),
        num_unheard=int((first == last).sum()),
        num_notes=len(melody),
    )


def _parsed(content: bytes) -> mido.MidiFile:
    if not content.startswith(b"MThd"):
        raise Skip("not a MIDI file" if content else "empty")
    if _ENDLESS_NUMBER.search(content):
        raise Skip("corrupt")
    try:
        return mido.MidiFile(file=io.BytesIO(content))
    except EOFError as error:
        raise Skip("truncated") from error
    except Exception as error:  # likewise
        raise Skip("corrupt") from error


def _on_piano(pitches: np.ndarray) -> np.ndarray:
    """Pitches moved by as few octaves as bring them onto the piano."""
    octaves_up = np.maximum(0, -((pitches - LOWEST_PITCH) // 12))
    octaves_down = np.maximum(0, -((HIGHEST_PITCH - pitches) // 12))
    return pitches + 12 * (octaves_up - octaves_down)


# Tunes into sequences.


def _corpus(
    name: str,
    given: str,
    tunes: list[Tune],
    skipped: dict[str, list[str]],
    max_length: int,
    split_seed: int,
) -> MusicCorpus:
    if max_length < 1:
        raise ValueError(f"`max_length` is {max_length}, expected at least 1; the paper has 32.")
    num_read = len(tunes) + sum(map(len, skipped.values()))
    skipped = {reason: list(names) for reason, names in skipped.items()}
    long_enough = [tune for tune in tunes if len(tune.keys) >= max_length]
    if len(long_enough) < len(tunes):
        skipped[f"shorter than {max_length} steps"] = [
            tune.name for tune in tunes if len(tune.keys) < max_length
        ]

    seen: set[bytes] = set()
    of_tunes: list[np.ndarray] = []  # those of a tune: [M, T]
    num_windows = 0
    for tune in long_enough:
        windows = tune.keys[: len(tune.keys) // max_length * max_length].reshape(-1, max_length)
        num_windows += len(windows)
        first_time = []
        for window in windows:
            first_time.append(window.tobytes() not in seen)
            seen.add(window.tobytes())
        if any(first_time):
            of_tunes.append(windows[first_time])
    if len(of_tunes) < 3:
        raise DataError(
            f"{given} holds {len(of_tunes)} different tune(s) of at least {max_length} steps of "
            f"{STEP_SECONDS} s{_summary(skipped)}, expected 3 or more, one each for training, "
            "validation and test: add MIDI files, or use --corpus sample."
        )

    held_out = [max(1, round(share * len(of_tunes))) for share in SHARES[1:]]
    order = np.random.default_rng(split_seed).permutation(len(of_tunes))
    places = np.split(order, [len(order) - sum(held_out), len(order) - held_out[1]])
    parts = [np.concatenate([of_tunes[k] for k in sorted(part)]) for part in places]
    train, validation, test = parts
    labels = ("train", "validation", "test")
    digest = hashlib.sha256(b"".join(part.astype("<i4").tobytes() for part in parts))
    return MusicCorpus(
        name,
        train,
        validation,
        test,
        vocab_size=VOCAB_SIZE,
        max_length=max_length,
        provenance={
            "files": num_read,
            "skipped": skipped,
            "tunes": len(long_enough),
            "notes": sum(tune.num_notes for tune in long_enough),
            "notes_unheard": sum(tune.num_unheard for tune in long_enough),
            "notes_moved": sum(tune.num_moved for tune in long_enough),
            "steps": sum(len(tune.keys) for tune in long_enough),
            "steps_resting": sum(tune.num_rests for tune in long_enough),
            "steps_with_chords": sum(tune.num_chords for tune in long_enough),
            "windows": num_windows,
            "repeats_removed": num_windows - len(seen),
            "split_by": "tune",
            "split_shares": list(SHARES),
            "split_seed": split_seed,
            "split_tunes": dict(zip(labels, map(len, places), strict=True)),
            **dict(zip(labels, map(len, parts), strict=True)),  # sequences
            "split_hash": digest.hexdigest(),
        },
    )


def _summary(skipped: dict[str, list[str]]) -> str:
    """What was skipped, short enough for a message: each reason, how often, the first name."""
    reasons = [f"{len(names)} {reason}, as {shown(names[0])}" for reason, names in skipped.items()]
    return f" (skipped: {'; '.join(reasons)})" if reasons else ""


# Sequences into files.


def _pretty(sequence: Sequence[int] | np.ndarray) -> pretty_midi.PrettyMIDI:
    try:
        keys = np.asarray(sequence)
    except ValueError as error:  # rows of unequal length
        raise ValueError(
            f"`sequence` is none ({error}), expected whole numbers [T]; give one sequence at a time."
        ) from error
    if keys.ndim != 1 or not len(keys) or not np.issubdtype(keys.dtype, np.integer):
        raise ValueError(
            f"`sequence` has shape {keys.shape} and dtype {keys.dtype}, expected whole numbers "
            "[T], T at least 1; give one sequence at a time."
        )
    if keys.min() < 1 or keys.max() >= VOCAB_SIZE:
        raise ValueError(
            f"`sequence` holds ids from {keys.min()} to {keys.max()}, expected 1 to "
            f"{VOCAB_SIZE - 1}, the keys of a piano; cut padding off first."
        )
    midi = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=60 / STEP_SECONDS)
    piano = pretty_midi.Instrument(program=0, name="melody")
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1), len(keys)]
    for start, end in itertools.pairwise(edges):
        pitch = int(keys[start]) + LOWEST_PITCH - 1
        piano.notes.append(
            pretty_midi.Note(80, pitch, float(start * STEP_SECONDS), float(end * STEP_SECONDS))
        )
    midi.instruments.append(piano)
    return midi


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}), expected a folder that can be: "
            "give another path."
        ) from error
