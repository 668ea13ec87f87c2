"""The melody of a MIDI file as a sequence of piano keys, one key every 0.4 s as in the paper.

The 88 keys of a piano, MIDI pitches 21 to 108, are the ids 1 to 88; id 0 is the start token and never
drawn. What the paper leaves open is decided here:

- The melody is the first instrument, in the order of the tracks, that has notes and is no drum.
- Time starts with its first note. A step holds what sounds at its beginning, so a note between two
  grid points is not heard; at the common 120 beats a minute an eighth note lasts 0.25 s.
- A pitch that a piano does not have moves by octaves until it does.
- A chord gives its highest key. A rest keeps the previous key sounding.
- A tune longer than an hour is skipped.

Files are not trusted (`data.midi_files`): one that is no valid MIDI file is skipped, with its reason.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.midi_files import Skip, read_midi_files
from data.midi_notes import read_melody
from files.errors import DataError

STEP_SECONDS = 0.4
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
VOCAB_SIZE = 1 + HIGHEST_PITCH - LOWEST_PITCH + 1

_MAX_SECONDS = 3600.0


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


def read_tunes(path: Path) -> tuple[list[Tune], dict[str, list[str]]]:
    """Reads MIDI files onto the grid.

    Args:
        path: a folder, searched with those below it, a zip or one MIDI file; see `read_midi_files`.

    Returns:
        The tunes in order of their names, and the names of what was skipped by the reason.

    Raises:
        DataError: the path cannot be read, or a zip is hostile.
    """
    return to_tunes(*read_midi_files(path, lambda name: True))


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


def to_tunes(
    contents: dict[str, bytes], skipped: dict[str, list[str]]
) -> tuple[list[Tune], dict[str, list[str]]]:
    """Puts the melodies of MIDI files onto the grid.

    Args:
        contents: of the files by their names.
        skipped: names of the files already left out by the reason.

    Returns:
        The tunes in the order of `contents`, and the names of all that was left out by the reason.
    """
    tunes = []
    skipped = {reason: list(names) for reason, names in skipped.items()}
    for name, content in contents.items():
        try:
            tunes.append(_tune(name, content))
        except Skip as reason:
            skipped.setdefault(str(reason), []).append(name)
    return tunes, skipped


def _tune(name: str, content: bytes) -> Tune:
    notes = read_melody(content)
    beginning = notes.starts.min()
    if notes.ends.max() - beginning > _MAX_SECONDS:
        raise Skip("longer than an hour")
    on_piano = _on_piano(notes.pitches)

    # Place of the first grid point at or after a time. A written time may miss its point by
    # rounding, by far less than a millionth of a step.
    first, last = (
        np.ceil((times - beginning) / STEP_SECONDS - 1e-6).astype(int)
        for times in (notes.starts, notes.ends)
    )
    last = np.maximum(last, first == 0)  # the first note begins the tune, however short it is
    pitches, rows = np.unique(on_piano, return_inverse=True)  # so that a small file takes little
    changes = np.zeros([len(pitches), max(last) + 1], int)
    np.add.at(changes, (rows, first), 1)
    np.add.at(changes, (rows, last), -1)
    sounding = changes[:, :-1].cumsum(axis=1) > 0  # [pitches, steps]
    num_keys = sounding.sum(axis=0)
    sounds = num_keys > 0  # at the first step at least
    highest = pitches[::-1][sounding[::-1].argmax(axis=0)] - LOWEST_PITCH + 1
    latest = np.maximum.accumulate(np.where(sounds, np.arange(len(sounds)), 0))
    return Tune(
        name,
        highest[latest].astype(np.int32),
        num_rests=int((~sounds).sum()),
        num_chords=int((num_keys > 1).sum()),
        num_moved=int((on_piano != notes.pitches).sum()),
        num_unheard=int((first == last).sum()),
        num_notes=len(notes.pitches),
    )


def _on_piano(pitches: np.ndarray) -> np.ndarray:
    """Pitches moved by as few octaves as bring them onto the piano."""
    octaves_up = np.maximum(0, -((pitches - LOWEST_PITCH) // 12))
    octaves_down = np.maximum(0, -((HIGHEST_PITCH - pitches) // 12))
    return pitches + 12 * (octaves_up - octaves_down)
