"""24 tunes written for this project, so that music can be trained on with no download.

Each is a melody of two or three phrases in one of four modes and three metres, in a subset of ABC:
`C` is the C of MIDI pitch 60 and `c` the one above it, `'` and `,` move a note up and down by an
octave, the key signature sharpens or flattens every note of its letters, `^` and `_` one note only,
a digit is a length in steps and `|` ends a bar. They are not the paper's data.
"""

import re
from dataclasses import dataclass

_NOTE = re.compile(r"([_^]?)([A-Ga-g])([,']*)(\d?)|\|| ")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS = "FCGDAEB"  # the order in which key signatures sharpen; flats come from the other end
_FLATTER = {"major": 0, "mixolydian": 1, "dorian": 2, "minor": 3}


@dataclass(frozen=True)
class SampleTune:
    """A tune as it is written.

    Args:
        title: what it is called.
        tonic: letter of the key, on which the tune ends.
        mode: `"major"`, `"minor"`, `"dorian"` or `"mixolydian"`.
        metre: `"3/4"`, `"4/4"` or `"6/8"`.
        bar: steps in a bar.
        notes: the melody, in the notation above.
    """

    title: str
    tonic: str
    mode: str
    metre: str
    bar: int
    notes: str

    def bars(self) -> list[list[int]]:
        """MIDI pitch of every step, bar by bar."""
        signature = _FIFTHS.index(self.tonic) - 1 - _FLATTER[self.mode]
        if signature >= 0:
            shifts = dict.fromkeys(_FIFTHS[:signature], 1)
        else:
            shifts = dict.fromkeys(_FIFTHS[signature:], -1)
        bars: list[list[int]] = [[]]
        place = 0
        while place < len(self.notes):
            match = _NOTE.match(self.notes, place)
            if match is None:
                raise ValueError(f"{self.title}: {self.notes[place:]!r} is not in the notation.")
            place = match.end()
            accidental, letter, octaves, length = match.groups()
            if match[0] == "|":
                bars.append([])
            elif letter:
                shift = {"^": 1, "_": -1, "": shifts.get(letter.upper(), 0)}[accidental]
                octave = letter.islower() + octaves.count("'") - octaves.count(",")
                pitch = 60 + 12 * octave + _SEMITONES[letter.upper()] + shift
                bars[-1] += [pitch] * int(length or 1)
        return bars[:-1] if not bars[-1] else bars

    def pitches(self) -> list[int]:
        """MIDI pitch of every step of 0.4 s."""
        return [pitch for bar in self.bars() for pitch in bar]


# fmt: off
TUNES = (
    SampleTune(
        "The Lantern Walk", "D", "major", "4/4", 4,
        "D F A F | G B A2 | F A d c | B2 A2 | D F A F | G B A2 | B A G E | F2 D2 | "
        "d c d e | c B A2 | B A B c | B2 A2 | d c B A | G B A F | E G F E | D4 |",
    ),
    SampleTune(
        "Oak Gate March", "G", "major", "4/4", 8,
        "G2BA G2Bd | e2dB d4 | c2ec B2dB | A2Bc A4 | G2BA G2Bd | e2dB d4 | c2Bc A2dF | G8 |",
    ),
    SampleTune(
        "The Miller's Wheel", "C", "major", "3/4", 3,
        "E G c | B2 A | G A F | E3 | D E F | G2 E | D C E | D3 | E G c | B2 A | G c e | d3 | "
        "e d c | B A G | A B G | c3 | c2 e | d2 B | c A G | E3 | F G A | G2 E | F D B, | C3 |",
    ),
    SampleTune(
        "Orchard Waltz", "F", "major", "3/4", 3,
        "F A c | d2 c | B A G | A3 | F A c | f2 e | d c B | c3 | f2 e | d2 c | B d B | A3 | "
        "G A B | c2 A | G F E | F3 | c2 A | B2 G | A F A | G3 | F A c | d2 B | A G E | F3 |",
    ),
    SampleTune(
        "Hare on the Hill", "G", "major", "6/8", 6,
        "GBd gfe | dBG A2D | GBd edB | cAF G3 | gfg ege | dBG Bcd | ecA dBG | FGA A3 | "
        "GBd gfe | dBG cBA | Bcd ecA | GAF G3 |",
    ),
    SampleTune(
        "Rain on the Barn", "D", "major", "6/8", 6,
        "DFA d2A | BGB AFD | EFG FAd | cBc A3 | dcd fed | cBA B2A | GBG FAF | EDC E3 | "
        "DFA d2A | BGB AFD | GFE A,CE | D6 |",
    ),
    SampleTune(
        "The Long Tide", "A", "minor", "4/4", 4,
        "A c e c | d c B2 | A c e a | g2 e2 | A c e c | d c B2 | c B A ^G | A4 | "
        "c2 d2 | e d c2 | d e f d | e4 | a g e2 | d c B2 | c A B ^G | A4 |",
    ),
    SampleTune(
        "Grey Harbour", "E", "minor", "4/4", 8,
        "E2GA B2AG | F2D2 E4 | E2GB e2dB | A2GF B4 | e2dB A2Bd | B2GE F4 | G2AB A2GF | E2^D2 E4 |",
    ),
    SampleTune(
        "Winter Cradle", "D", "minor", "3/4", 3,
        "D F A | d2 c | B A G | A3 | D F A | c2 A | G F E | F3 | f2 e | d2 c | B c d | A3 | "
        "B2 A | G2 F | E F G | A3 | D F A | d2 c | B A G | A3 | F2 G | A G F | E D ^C | D3 |",
    ),
    SampleTune(
        "Ash Waltz", "B", "minor", "3/4", 3,
        "B, D F | B2 A | F E D | C3 | B, D F | A2 F | E D C | B,3 | F B d | c2 F | G F E | F3 | "
        "d2 e | f2 d | c B A | B3 | F2 B | A2 F | E F D | C3 | B, D F | B2 F | E D C | B,3 |",
    ),
    SampleTune(
        "Three Candles", "A", "minor", "6/8", 6,
        "ABc e2c | dBG B2G | ABc efg | edB A3 | age c2e | dBG Bcd | ede cBA | GAB e3 | "
        "aba gec | dcB GAB | cBA BGE | EAG A3 |",
    ),
    SampleTune(
        "The Ferryman's Coat", "G", "minor", "6/8", 6,
        "GBd g2d | ecA d2B | GAB cBA | BGF D3 | GBd g2f | edc d2B | cBA GA^F | G6 | "
        "gfg d2B | cde d3 | BAB GBd | cA^F G3 |",
    ),
    SampleTune(
        "Blackthorn Lane", "D", "dorian", "4/4", 4,
        "D A A G | A2 D2 | F G A B | A4 | d c B A | G A F2 | E F G E | D4 | "
        "A d d c | d2 A2 | B c d B | A4 | D A A G | F E D2 | E G F E | D4 |",
    ),
    SampleTune(
        "The Salt Road", "E", "dorian", "4/4", 8,
        "E2BA B2E2 | D2AG A4 | E2BA B2dc | B2AF E4 | e2de B2AB | d2cB A4 | G2FG A2Bc | B2AF E4 |",
    ),
    SampleTune(
        "Heron Waltz", "A", "dorian", "3/4", 3,
        "A c e | a2 g | f e d | e3 | A c e | g2 e | d c B | c3 | d2 f | e2 c | d B G | A3 | "
        "e2 a | g2 e | f d f | e3 | c2 A | B2 G | A c e | d3 | A c e | d2 B | c B G | A3 |",
    ),
    SampleTune(
        "Stone Bridge", "G", "dorian", "3/4", 3,
        "G B d | c2 B | A G F | G3 | G B d | g2 f | e d c | d3 | f2 d | e2 c | d B G | A3 | "
        "B2 c | d2 g | f d c | B3 | d2 B | c2 A | B G F | D3 | G A B | c2 d | B A F | G3 |",
    ),
    SampleTune(
        "Fox at the Fair", "E", "dorian", "6/8", 6,
        "EGB e2d | cBA BGE | FAd cBA | GFD E3 | e2f edB | dBA dBA | e2f edc | BcA B3 | "
        "Bcd efd | cBA BAF | DFA dAF | EFD E3 |",
    ),
    SampleTune(
        "Low Water", "D", "dorian", "6/8", 6,
        "DEF A2d | cAG AFD | FGA Bcd | cGE D3 | dfd cAc | BGB A2G | FAc BAG | EFG A3 | "
        "DEF A2d | cAG F2E | DFA GEC | D6 |",
    ),
    SampleTune(
        "The Kiln Song", "D", "mixolydian", "4/4", 4,
        "D F A d | c B A2 | B G A F | E2 C2 | D F A d | c B A2 | G F E C | D4 | "
        "d2 c B | A B c2 | B A G F | E4 | A B c d | c A F2 | G E C E | D4 |",
    ),
    SampleTune(
        "Copper Kettle", "G", "mixolydian", "4/4", 8,
        "G2Bd f2dB | c2AF G4 | G2Bd g2fd | c2AB c4 | g2fd f2dc | B2GB A4 | F2Ac B2AG | F2AF G4 |",
    ),
    SampleTune(
        "Swans at Noon", "A", "mixolydian", "3/4", 3,
        "A c e | a2 g | f e c | e3 | A c e | g2 f | e c B | A3 | c2 e | d2 B | c A G | B3 | "
        "e2 f | g2 e | f e d | e3 | a2 e | g2 d | c B A | G3 | A B c | e2 d | c A G | A3 |",
    ),
    SampleTune(
        "Barley Moon", "D", "mixolydian", "3/4", 3,
        "A F D | E2 F | G A B | A3 | d c A | B2 G | F E C | D3 | D E F | A2 d | c B G | A3 | "
        "d2 e | f2 d | e c B | A3 | A F D | G2 B | A G E | C3 | D F A | c2 A | G E C | D3 |",
    ),
    SampleTune(
        "The Tinker's Ladder", "A", "mixolydian", "6/8", 6,
        "Ace a2e | gfe dBG | Ace efg | edB A3 | ABc ecA | GBd dBG | ABc efg | abg e3 | "
        "a2e fec | dcB G2B | cec dBG | ABG A3 |",
    ),
    SampleTune(
        "Homeward Cart", "G", "mixolydian", "6/8", 6,
        "GAB d2e | fdB cAF | GBd gfd | cAF G3 | dgf dBG | AcA F2A | Bdf edc | BcA d3 | "
        "gfd ecA | BdB cAF | GAB dcA | FAF G3 |",
    ),
)
# fmt: on
