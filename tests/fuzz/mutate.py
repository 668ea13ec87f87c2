"""Damaged and hostile files, made from valid ones: the same for the same random numbers.

`mutated` knows nothing of what a file holds. The others know a format, and change what its reader
trusts: lengths, counts, names, types, instructions.
"""

import copy
import io
import json
import os
import pickle
import pickletools
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

SWOLLEN = 1 << 16  # bytes that a repeated piece may grow to
_ODD_NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 1 << 24, 0x7FFFFFFF)
_ODD_NUMBERS += (0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, 1 << 63)


# Bytes.


def mutated(draw: random.Random, content: bytes, others: Sequence[bytes] = (b"",)) -> bytes:
    """The content after one to four changes that need no knowledge of it."""
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        content = draw.choice(_CHANGES)(draw, content, others)
    return content


def _place(draw: random.Random, content: bytes) -> int:
    """A place in the content; mostly any, sometimes near an end, where headers are."""
    size = len(content)
    if draw.random() < 0.3:
        near = min(draw.randrange(32), size)
        return near if draw.random() < 0.5 else size - near
    return draw.randint(0, size)


def _piece(draw: random.Random, content: bytes) -> bytes:
    start = _place(draw, content)
    return content[start : start + draw.choice((1, 1, 2, 3, 4, 8, 16, 64, 256))]


def _flip(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    if not content:
        return content
    place = min(_place(draw, content), len(content) - 1)
    value = content[place] ^ (
        1 << draw.randrange(8) if draw.random() < 0.5 else draw.randint(1, 255)
    )
    return content[:place] + bytes([value]) + content[place + 1 :]


def _cut_off(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    return content[: _place(draw, content)]


def _remove(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    place = _place(draw, content)
    return content[:place] + content[place + len(_piece(draw, content)) :]


def _insert(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    place = _place(draw, content)
    piece = draw.choice((draw.randbytes(draw.randint(1, 8)), _piece(draw, draw.choice(others))))
    return content[:place] + piece + content[place:]


def _repeat(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    piece = _piece(draw, content) or b"\0"
    times = draw.choice((2, 3, 10, 100)) if draw.random() < 0.9 else SWOLLEN // len(piece)
    place = _place(draw, content)
    return content[:place] + piece * times + content[place:]


def _swap(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    a, b, c, d = sorted(_place(draw, content) for _ in range(4))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _splice(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    other = draw.choice(others)
    return content[: _place(draw, content)] + other[_place(draw, other) :]


def _number(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    size = draw.choice((1, 2, 4, 8))
    value = (draw.choice(_ODD_NUMBERS) + draw.choice((0, 0, 1, -1))) & ((1 << 8 * size) - 1)
    number = value.to_bytes(size, draw.choice(("little", "big")))
    place = _place(draw, content)
    return content[:place] + number + content[place + size :]


_Change = Callable[[random.Random, bytes, Sequence[bytes]], bytes]
_CHANGES: tuple[_Change, ...] = (
    *(_flip, _flip, _flip, _cut_off, _remove, _insert, _repeat),
    *(_swap, _splice, _number, _number),
)


# Text.

_ODD_TEXT = (
    *("\0", "\r", "\r\n", "\n", "\n\n", "\x0b", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ufeff"),
    *("\u00ad\u00ad", "\u0301", "\u200f", "\u3000", "\uffff", "\U0010ffff", "𠀀", "，", "。", "ﷺ"),
    *"'s n't can't cannot ' \" `` '' ... . ! $ ( -- <end>".split(),
    *("\u0301\u0316", "İ", "ß", "e\u0301", " ", "\t", "<unk>", "1,", "a-", "U.S."),
)


def mutated_text(draw: random.Random, content: bytes, others: Sequence[bytes] = (b"",)) -> bytes:
    """A text with odd characters in odd numbers, in odd encodings, or with its bytes changed."""
    kind = draw.random()
    if kind < 0.4:
        return mutated(draw, content, others)
    text = content.decode()
    for _ in range(draw.randint(1, 3)):
        place = draw.randint(0, len(text))
        odd = draw.choice(_ODD_TEXT)
        times = draw.choice((1, 1, 1, 2, 9, 300)) if draw.random() < 0.95 else SWOLLEN // len(odd)
        text = text[:place] + odd * times + text[place:]
    if kind < 0.9:
        return text.encode()
    encoding = draw.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "gb18030"))
    return text.encode(encoding)


# JSON.

_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 10**18, 10**30, -(10**400), 0.5, -0.0, 1e308, "", " ", "x"),
    *([], {}, [[]], [None], {"": 0}, ["<pad>"], "\ud800", "\0", "a\nb", "\x1b[31m", "9" * 5000),
    *(float("nan"), float("inf"), "id", "key", "char", "word", "music", "poems", "seqgan", "paper"),
)
_ODD_JSON = (
    *(b"", b"{}", b"[]", b"null", b"NaN", b"1e999", b'"', b"{", b"\xef\xbb\xbf{}", b"\xff\xfe{\0"),
    *(b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900, b"1" * 10_000, b"\0" * 1000),
    *(b'{"settings": {}}', b'{"settings": []}', b'{"settings": null}', b"[[],[]]" * 9),
)


def mutated_json(draw: random.Random, content: bytes, others: Sequence[bytes] = (b"",)) -> bytes:
    """JSON with values of other types, keys gone or new, odd numbers, deep nests; or broken JSON."""
    kind = draw.random()
    if kind < 0.05:
        return draw.choice(_ODD_JSON)
    value = json.loads(content)
    try:
        for _ in range(draw.choice((1, 1, 1, 2, 3)) if kind < 0.9 else 0):
            value = _change_json(draw, value)
        # `ensure_ascii` writes half surrogates as escapes, as a file can hold them.
        content = json.dumps(value, ensure_ascii=True, indent=draw.choice((None, 1))).encode()
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        return draw.choice(_ODD_JSON)
    if draw.random() < 0.05:  # the same key twice
        content = content.replace(b"{", b'{"size": 7, "seed": null, ', 1)
    return content if kind < 0.75 else mutated(draw, content, others)


def _change_json(draw: random.Random, value: Any) -> Any:
    if isinstance(value, dict | list) and value and draw.random() < 0.8:
        key = draw.choice(list(value) if isinstance(value, dict) else range(len(value)))
        change = draw.random()
        if change < 0.1:
            del value[key]
        elif change < 0.2 and isinstance(value, dict):
            value[draw.choice(("size", "x", "", "out", "resume", "__class__"))] = value.pop(key)
        elif change < 0.25 and isinstance(value, list):
            value.extend(value[: draw.choice((1, 3, 1000))])
        else:
            value[key] = _change_json(draw, value[key])
        return value
    if draw.random() < 0.1:
        for _ in range(draw.choice((1, 5, 900))):
            value = [value] if draw.random() < 0.5 else {"a": value}
        return value
    if type(value) in (int, float) and abs(value) < 1e18 and draw.random() < 0.3:
        return draw.choice((-value, value * 10**9, value + 1, str(value), float(value), [value]))
    return copy.deepcopy(draw.choice(_ODD_VALUES))  # it may be changed in its turn


# MIDI.


def chunk(name: bytes, body: bytes) -> bytes:
    """A piece of a MIDI file."""
    return name + struct.pack(">L", len(body)) + body


def midi_file(tracks: Sequence[bytes], resolution: int = 480, kind: int = 1) -> bytes:
    """A MIDI file of some tracks."""
    header = struct.pack(">HHH", kind, min(len(tracks), 0xFFFF), resolution & 0xFFFF)
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track) for track in tracks)


def riff(content: bytes) -> bytes:
    """A MIDI file wrapped in RIFF."""
    sizes = (struct.pack("<L", len(content) + more) for more in (12, 0))
    return b"RIFF%sRMIDdata%s" % tuple(sizes) + content


def _ticks(draw: random.Random) -> bytes:
    """A number of variable length, which may be huge, padded or without end."""
    odd = (b"\x81\x00", b"\x83\x60", b"\x87\x40", b"\x84\xe2\xac\x00", b"\xff\xff\xff\x7f")
    rare = (b"\x80\x80\x80\x00", b"\xff" * 9 + b"\x7f", b"\xff" * 255 + b"\x01", b"\xff" * 300)
    if draw.random() < 0.8:
        return bytes([draw.randrange(128)])
    return draw.choice(odd if draw.random() < 0.8 else rare)


def _event(draw: random.Random) -> bytes:
    key, velocity = draw.randrange(128), draw.choice((0, 1, 80, 127, 128, 255))
    channel = draw.choice((0, 0, 0, 9, draw.randrange(16)))
    data = draw.randbytes(draw.choice((0, 1, 2, 3, 4, 5, 200)))
    tempo = draw.choice((b"\0\0\0", b"\0\0\1", b"\xff\xff\xff", b"\x07\xa1\x20"))
    meta = draw.choice((0, 1, 3, 5, 0x20, 0x21, 0x54, 0x58, 0x59, 0x7F, draw.randrange(128)))
    events = (
        bytes([0x90 | channel, key, velocity]),  # a note begins
        bytes([0x80 | channel, key, velocity & 127]),  # and ends
        bytes([key, velocity]),  # whatever came before, again
        bytes([0xC0 | channel, key]),  # another instrument
        bytes([0xE0 | channel, key, 0]),  # a bend
        bytes([0xB0 | channel, key, velocity]),  # a control
        bytes([0xF0, len(data)]) + data,
        b"\xff\x51\x03" + tempo,
        bytes([0xFF, meta, len(data) & 127]) + data,
        bytes([0xFF, meta]) + _ticks(draw) + data,  # a length that lies
        b"\xff\x2f\x00",  # the end of the track
        bytes([draw.randrange(128, 256)]) + data,
    )
    return draw.choice(events)


def odd_midi(draw: random.Random) -> bytes:
    """A MIDI file of random events: it may last for years, have no resolution or lie of its length."""
    tracks = []
    for _ in range(draw.choice((0, 1, 1, 2, 3, 40))):
        track = b"".join(_ticks(draw) + _event(draw) for _ in range(draw.choice((0, 1, 4, 30))))
        note = b"\x00\x90\x3c\x50" + _ticks(draw) + b"\x3c\x00"
        tracks.append(draw.choice((track, note + track, note * draw.randint(1, 40), track + note)))
    ticks = (480, 480, 1024, 0, 1, 32767, 24)
    smpte = (0xE728, 0xE764, 0xE850, 0xE350, 0xE250, 0xE700, 0x8000, 0xFFFF)
    resolution = draw.choice(ticks if draw.random() < 0.7 else smpte)
    content = midi_file(tracks, resolution, draw.choice((0, 1, 1, 2, 3, 0xFFFF)))
    if draw.random() < 0.2:
        # The length of the header, the number of tracks, the length of a track.
        place, size = draw.choice(((4, 4), (10, 2), (18, 4)))
        lie = (draw.choice(_ODD_NUMBERS) & ((1 << 8 * size) - 1)).to_bytes(size, "big")
        content = content[:place] + lie + content[place + size :]
    return riff(content) if draw.random() < 0.05 else content


def mutated_midi(draw: random.Random, content: bytes, others: Sequence[bytes] = (b"",)) -> bytes:
    """A tune that was damaged, or one that nobody would write."""
    if draw.random() < 0.4:
        return odd_midi(draw)
    return mutated(draw, content, others)


# Zips.

_NAMES = (
    *("tune.mid", "a/b/tune.mid", "tune.MIDI", "MIDI/x.mid", ".mid", "folder.mid/", "tune.txt", ""),
    *("tune.kar", "a/TUNE.KAR", "tune.rmi", ".kar"),
    *(
        "../climbs.mid",
        "/etc/climbs.mid",
        "a\\..\\..\\climbs.mid",
        "C:climbs.mid",
        "\\\\host\\share\\x.mid",
    ),
    *("nul\0.mid", "\x1b[2J.mid", ".", "./tune.mid", "诗.mid", "a//b.mid", "x" * 5000 + ".mid"),
)
_LINK = b"../../etc/passwd"
# Where the numbers of a header lie, by its signature: (offset, bytes).
_HEADERS = {
    b"PK\x03\x04": ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\x01\x02": (
        *((8, 2), (10, 2), (16, 4), (20, 4), (24, 4)),
        *((28, 2), (30, 2), (38, 4), (42, 4)),
    ),
    b"PK\x05\x06": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}


def packed(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of some members; names may be odd and stand twice."""
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w") as archive:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, body in members:
            member = zipfile.ZipInfo("placeholder", (1980, 1, 1, 0, 0, 0))
            member.filename = name  # past the cleaning of the constructor
            member.compress_type = method
            if body == _LINK:
                member.external_attr = 0o120777 << 16
            archive.writestr(member, body)
    return content.getvalue()


@cache
def _bomb() -> bytes:
    """60 kB that unpack to 64 MB."""
    return packed([(f"bomb{k}.mid", b"MThd" + bytes(8 << 20)) for k in range(8)])


def mutated_zip(draw: random.Random, tunes: Sequence[bytes]) -> bytes:
    """A zip of some tunes with odd names, damaged tunes, and numbers in its headers that lie."""
    kind = draw.random()
    if kind < 0.02:
        return _bomb()
    members = [(f"tune{k}.mid", tune) for k, tune in enumerate(tunes)]
    for _ in range(draw.choice((0, 1, 2, 3))):
        tune = draw.choice(tunes)
        body = draw.choice((tune, mutated_midi(draw, tune, tunes), b"", _LINK))
        members.append((draw.choice(_NAMES), body))
    if draw.random() < 0.02:
        members += [(f"{k}.mid", b"") for k in range(draw.choice((300, 3000)))]
    draw.shuffle(members)
    methods = (zipfile.ZIP_DEFLATED,) * 4 + (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)
    content = bytearray(packed(members, draw.choice(methods)))
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        signature, numbers = draw.choice(list(_HEADERS.items()))
        starts = [k for k in range(len(content) - 46) if content[k : k + 4] == signature] or [0]
        start = draw.choice(starts)
        offset, size = draw.choice(numbers)
        value = draw.choice((*_ODD_NUMBERS, start, 8, 99)) & ((1 << 8 * size) - 1)
        content[start + offset : start + offset + size] = value.to_bytes(size, "little")
    return bytes(content) if kind < 0.7 else mutated(draw, bytes(content), tunes)


# Pickles.


class _Call:
    def __init__(self, function: Any, *arguments: Any):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def _instructions(content: bytes) -> list[bytes]:
    """The instructions of a pickle, each with its argument."""
    places = [place for _, _, place in pickletools.genops(content)]
    ends = (*places[1:], len(content))
    return [content[a:b] for a, b in zip(places, ends, strict=True)]


@cache
def _hostile_instructions(marker: str) -> tuple[bytes, ...]:
    """Instructions that would leave a marker, fill the memory, or recur without end."""
    name, text = marker.encode(), b"X" + struct.pack("<I", len(marker)) + marker.encode()
    calls = [pickle.dumps(_Call(os.mkdir, marker), protocol)[:-1] for protocol in range(6)]
    calls += [pickle.dumps(_Call(os.system, f"touch '{marker}'"), 4)[:-1]]
    calls += [pickle.dumps(_Call(eval, f"__import__('os').mkdir({marker!r})"), 2)[:-1]]
    calls += [b"cos\nmkdir\n(" + text + b"tR", b"(S'" + name + b"'\nios\nmkdir\n"]
    calls += [b"(cos\nmkdir\n" + text + b"o", b"cos\nmkdir\n" + text + b"\x85\x81"]
    calls += [b"\x8c\x02os\x8c\x05mkdir\x93" + text + b"\x85R"]
    long = b"\xff" * 7 + b"\x7f"
    lengths = (
        b"B\xff\xff\xff\xff",
        b"X\xff\xff\xff\xff",
        b"\x8e" + long,
        b"\x96" + long,
        b"\x95" + long,
    )
    integers = (b"\x8b\xff\xff\xff\x7f", b"I" + b"9" * 5000 + b"\n", b"L1" + b"0" * 5000 + b"L\n")
    memo = (b"r\xff\xff\xff\x7f", b"p2147483647\n", b"h\0", b"q\0h\0", b"j\0\0\0\0", b"\x94")
    nests = (b"]q\0h\0a", b"(" * 5000, b")" + b"\x85" * 5000, b")" + b"q\0h\0\x86" * 60)
    shapes = (b"J\xff\xff\xff\x7f" * 2 + b"\x86", b"J\xff\xff\xff\xff", b"K\0", b"\x88", b"N")
    names = (b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cnumpy\nload\n", b"\x82\x01")
    single = tuple(bytes([code]) for code in b"Rbtea02}Q.\x8f\x97\x98")
    return (*calls, *lengths, *integers, *memo, *nests, *shapes, *names, *single, b"\x80\x06")


def mutated_pickle(
    draw: random.Random, content: bytes, marker: str, others: Sequence[bytes] = (b"",)
) -> bytes:
    """A pickle with instructions gone, doubled, swapped, or put in that would make a folder `marker`."""
    if draw.random() < 0.4:
        return mutated(draw, content, others)
    instructions = _instructions(content)
    hostile = _hostile_instructions(marker)
    for _ in range(draw.choice((1, 1, 2, 3, 6))):
        place = draw.randrange(len(instructions))
        change = draw.random()
        if change < 0.2:
            instructions.pop(place if len(instructions) > 1 else 0)
            instructions = instructions or [b"."]
        elif change < 0.4:
            instructions.insert(place, draw.choice(instructions))
        elif change < 0.5:
            other = draw.randrange(len(instructions))
            instructions[place], instructions[other] = instructions[other], instructions[place]
        elif change < 0.8:
            instructions.insert(place, draw.choice(hostile))
        else:
            instructions[place] = mutated(draw, instructions[place])
    return b"".join(instructions)
