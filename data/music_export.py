"""Sequences of piano keys as MIDI files and as WAV files."""

import io
import itertools
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pretty_midi

from data.melody import LOWEST_PITCH, STEP_SECONDS, VOCAB_SIZE
from files.errors import DataError

SAMPLE_RATE = 22_050  # Hz; the highest key sounds at 4,186 Hz


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
    _write(Path(path), wav(sequence))


def wav(sequence: Sequence[int] | np.ndarray) -> bytes:
    """The content of the file that `write_audio` writes. Raises `ValueError` as that does."""
    samples = waveform(sequence)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.round(samples * np.iinfo(np.int16).max).astype("<i2").tobytes())
    return content.getvalue()


def waveform(sequence: Sequence[int] | np.ndarray) -> np.ndarray:
    """A sequence int `[T]` as sound, float `[frames]` from -1 to 1, at `SAMPLE_RATE`.

    Raises:
        ValueError: the sequence is empty or holds other ids than 1 to 88.
    """
    samples = _pretty(sequence).synthesize(fs=SAMPLE_RATE)
    num_samples = round(len(sequence) * STEP_SECONDS * SAMPLE_RATE)
    return samples[:num_samples]  # the second after it is silent


def piano_roll(sequence: Sequence[int] | np.ndarray) -> np.ndarray:
    """A sequence int `[T]` as a picture, float `[88, T]`: 1 where a key sounds, the highest on top.

    Raises:
        ValueError: the sequence is empty or holds other ids than 1 to 88.
    """
    rows = np.arange(VOCAB_SIZE - 1, 0, -1)[:, None]
    return (rows == _checked(sequence)).astype(np.float32)


def _checked(sequence: Sequence[int] | np.ndarray) -> np.ndarray:
    try:
        keys = np.asarray(sequence)
    except ValueError as error:  # rows of unequal length
        raise ValueError(
            f"`sequence` is not an array ({error}), expected whole numbers [T]; give one sequence at a time."
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
    return keys


def _pretty(sequence: Sequence[int] | np.ndarray) -> pretty_midi.PrettyMIDI:
    keys = _checked(sequence)
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
            f"{path} cannot be written ({error.strerror}), expected a writable folder: "
            "give another path."
        ) from error
