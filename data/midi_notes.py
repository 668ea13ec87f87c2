"""The melody of a MIDI file, its notes in seconds.

Standard MIDI Files 1.0 are read here instead of by mido and pretty_midi, which write our files:
they take the tempo from the first track alone, cannot read SMPTE time, and reject a whole file for
an event that has nothing to do with notes, such as a key signature that does not exist. This reader
looks at notes, programs and tempos, and steps over everything else by its length.

Files are not trusted: the time to read one grows with its size alone, whatever lengths it states.
"""

import struct
from dataclasses import dataclass

import numpy as np

from data.midi_files import Skip

_DRUMS = 9  # this channel has no pitches

_NOTE_OFF, _NOTE_ON, _PROGRAM = 0x80, 0x90, 0xC0  # plus the channel
_META, _SYSTEM_EXCLUSIVE = 0xFF, (0xF0, 0xF7)
_END_OF_TRACK, _TEMPO = 0x2F, 0x51  # kinds of meta events

_DEFAULT_TEMPO = 500_000  # microseconds a quarter note

# Frames a second by the first byte of a SMPTE time division; 29 is the 29.97 of NTSC television.
_FRAME_RATES = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}

# Bytes after the status of messages that belong to no channel. The four others are undefined.
_SYSTEM_SIZES = {
    0xF1: 1,
    0xF2: 2,
    0xF3: 1,
    **dict.fromkeys((0xF6, 0xF8, 0xFA, 0xFB, 0xFC, 0xFE), 0),
}


@dataclass(frozen=True)
class Notes:
    """Notes of one instrument, in the order in which they end.

    Args:
        starts: float64 `[N]`, seconds since the beginning of the file.
        ends: the same of their ends.
        pitches: int64 `[N]`, 0 to 127; 60 is middle C.
    """

    starts: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray


class _Track:
    """What a track holds; times in ticks.

    Attributes:
        notes: (start, end, pitch) of each note by its instrument, (channel, program); instruments
            and notes are in the order in which (first) notes end.
        tempos: (tick, microseconds a quarter note) of each change.

    Raises:
        Skip: an event is invalid.
        IndexError: an event is longer than the track.
    """

    def __init__(self, body: bytes) -> None:
        self.notes: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        self.tempos: list[tuple[int, int]] = []
        self._sounding: dict[tuple[int, int], list[int]] = {}  # (channel, pitch) -> starts
        self._programs = [0] * 16
        self._read(body)

    def _read(self, body: bytes) -> None:
        place = tick = running = 0
        while place < len(body):
            delta, place = _number(body, place)
            tick += delta
            status = body[place]
            if status >= 0x80:
                place += 1
            elif running:  # a status that is not repeated
                status = running
            else:
                raise Skip("corrupt")

            if status < 0xF0:
                running = status
                size = 1 if 0xC0 <= status < 0xE0 else 2
                self._message(tick, status, body[place], body[place + size - 1])
                place += size
            elif status in _SYSTEM_SIZES:
                place += _SYSTEM_SIZES[status]
            elif status in (_META, *_SYSTEM_EXCLUSIVE):
                kind = body[place] if status == _META else None
                size, place = _number(body, place + (status == _META))
                if kind == _END_OF_TRACK:
                    break
                if kind == _TEMPO:
                    self._tempo(tick, body[place : place + size])
                place += size
            else:
                raise Skip("corrupt")
        if place > len(body):
            raise IndexError

    def _message(self, tick: int, status: int, first: int, last: int) -> None:
        """A message of a channel with its first and last data byte."""
        kind, channel = status & 0xF0, status & 0x0F
        first, last = min(first, 127), min(last, 127)
        if kind == _NOTE_ON and last:
            self._sounding.setdefault((channel, first), []).append(tick)
        elif kind in (_NOTE_ON, _NOTE_OFF):
            # It ends all notes of the key, except one that begins at that moment.
            started = self._sounding.pop((channel, first), [])
            ended = [(start, tick, first) for start in started if start != tick]
            if ended:
                self.notes.setdefault((channel, self._programs[channel]), []).extend(ended)
                if len(ended) < len(started):
                    self._sounding[channel, first] = started[len(ended) :]
        elif kind == _PROGRAM:
            self._programs[channel] = first

    def _tempo(self, tick: int, data: bytes) -> None:
        tempo = data[0] << 16 | data[1] << 8 | data[2]
        if not tempo:
            raise Skip("corrupt")
        self.tempos.append((tick, tempo))


def read_melody(content: bytes) -> Notes:
    """The first instrument of a MIDI file, in the order of its tracks, that has notes and is no drum.

    An instrument is a program on a channel of a track. A change of tempo counts from its tick on for
    all tracks, whichever of them holds it; of several at one tick the last track's counts. Tracks
    of a file of format 2 are independent of each other, with their own tempos. A data byte above
    127 counts as 127. A note that has no end is no note.

    Args:
        content: of the file, also if wrapped in RIFF (`.rmi`).

    Raises:
        Skip: it is damaged, or has no such instrument.
    """
    if content.startswith(b"RIFF") and content[8:16] == b"RMIDdata":
        content = content[20:]
    if not content.startswith(b"MThd"):
        raise Skip("not a MIDI file" if content else "empty")
    independent, division, bodies = _chunks(content)
    try:
        tracks = [_Track(body) for body in bodies]
    except IndexError as error:  # an event is longer than its track
        raise Skip("corrupt") from error
    for track in tracks:
        for (channel, _), notes in track.notes.items():
            if channel != _DRUMS:
                starts, ends, pitches = np.array(notes, np.int64).T
                tempos = [tempo for other in tracks for tempo in other.tempos]
                clock = _Clock(division, track.tempos if independent else tempos)
                return Notes(clock.seconds(starts), clock.seconds(ends), pitches)
    raise Skip("only drums" if any(track.notes for track in tracks) else "no notes")


def _chunks(content: bytes) -> tuple[bool, int, list[bytes]]:
    """Whether the tracks are independent, the time division, and the bytes of each track."""
    if len(content) < 14:
        raise Skip("truncated")
    size, kind, num_tracks, division = struct.unpack(">LHHh", content[4:14])
    if size < 6:
        raise Skip("corrupt")
    place = 8 + size
    bodies: list[bytes] = []
    while len(bodies) < num_tracks:
        header = content[place : place + 8]
        if len(header) < 8:
            raise Skip("truncated")
        name, size = struct.unpack(">4sL", header)
        if place + 8 + size > len(content):
            raise Skip("truncated")
        if name == b"MTrk":  # the standard allows other chunks, which are to be ignored
            bodies.append(content[place + 8 : place + 8 + size])
        place += 8 + size
    return kind == 2, division, bodies


def _number(body: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, at most four bytes, and the place after it."""
    value = 0
    for at in range(place, place + 4):
        value = value << 7 | body[at] & 0x7F
        if body[at] < 0x80:
            return value, at + 1
    raise Skip("corrupt")


class _Clock:
    """Turns ticks into seconds.

    Args:
        division: of the header: ticks a quarter note; or, if negative, SMPTE time, in which a tick
            always lasts the same: the frames a second and the ticks a frame.
        tempos: (tick, microseconds a quarter note) of each change, in the order of the tracks.
    """

    def __init__(self, division: int, tempos: list[tuple[int, int]]):
        if division > 0:
            changes = np.array([(0, _DEFAULT_TEMPO), *tempos], np.int64)
            changes = changes[np.argsort(changes[:, 0], kind="stable")]
            self.ticks = changes[:, 0]
            self.seconds_a_tick = changes[:, 1] / (1e6 * division)
        else:
            frame_rate, ticks_a_frame = _FRAME_RATES.get(-(division >> 8)), division & 0xFF
            if not frame_rate or not ticks_a_frame:
                raise Skip("corrupt")
            self.ticks = np.zeros(1, np.int64)
            self.seconds_a_tick = np.array([1 / (frame_rate * ticks_a_frame)])
        lengths = np.diff(self.ticks) * self.seconds_a_tick[:-1]
        self.begins = np.concatenate([[0.0], np.cumsum(lengths)])  # seconds at each change

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        """Seconds since the beginning: float64, of the shape of `ticks`."""
        change = np.searchsorted(self.ticks, ticks, side="right") - 1
        return self.begins[change] + (ticks - self.ticks[change]) * self.seconds_a_tick[change]
